package staprun

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// moduleWith makes a module file whose .modinfo has these entries. The other section
// that one must have, with its name in it, is there as well.
func moduleWith(entries ...string) []byte {
	modinfo := strings.Join(entries, "\x00") + "\x00"
	_, structure, _ := strings.Cut(modinfo, "name=")
	names := "\x00.modinfo\x00.shstrtab\x00.gnu.linkonce.this_module\x00"
	header := elf.Header64{Type: uint16(elf.ET_REL), Machine: uint16(elf.EM_X86_64), Version: 1, Ehsize: 64, Shentsize: 64, Shnum: 4, Shstrndx: 2}
	copy(header.Ident[:], "\x7fELF\x02\x01\x01")
	header.Shoff = uint64(64 + len(modinfo) + len(names) + len(structure))
	var file bytes.Buffer
	for _, part := range []any{header, []byte(modinfo + names + structure), []elf.Section64{
		{},
		{Name: 1, Type: uint32(elf.SHT_PROGBITS), Off: 64, Size: uint64(len(modinfo))},
		{Name: 10, Type: uint32(elf.SHT_STRTAB), Off: uint64(64 + len(modinfo)), Size: uint64(len(names))},
		{Name: 20, Type: uint32(elf.SHT_PROGBITS), Off: uint64(64 + len(modinfo) + len(names)), Size: uint64(len(structure))},
	}} {
		_ = binary.Write(&file, binary.LittleEndian, part) // into memory
	}
	return file.Bytes()
}

// TestCheckBuilds: P383: a module for one build of the kernel is refused on others.
func TestCheckBuilds(t *testing.T) {
	sys := t.TempDir()
	note := "\x04\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00GNU\x00\x12\x34\x00\x00"
	for _, path := range []string{"kernel/notes", "module/nfs/notes/.note.gnu.build-id"} {
		path = filepath.Join(sys, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(note), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		entries []string
		want    string
	}{
		"any build":         {[]string{"license=GPL"}, ""},
		"this build":        {[]string{"license=GPL", "stap_build=kernel 1234", "stap_build=nfs 1234"}, ""},
		"another build":     {[]string{"stap_build=kernel 1235"}, "another build of the kernel: build-id 1235, and this is 1234"},
		"another module":    {[]string{"stap_build=kernel 1234", "stap_build=nfs 12"}, "another build of the module nfs: build-id 12, and this is 1234"},
		"one not loaded":    {[]string{"stap_build=ext4 12"}, ""},
		"not a module file": {nil, "not a kernel module"},
	} {
		module := moduleWith(test.entries...)
		if test.entries == nil {
			module = []byte("text")
		}
		err := checkBuilds(module, "x.ko", sys)
		var wrong *UserError
		if (err == nil) != (test.want == "") || err != nil && (!errors.As(err, &wrong) || !strings.Contains(wrong.Message, test.want)) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	if err := checkBuilds(moduleWith("stap_build=kernel 12"), "x.ko", t.TempDir()); err == nil {
		t.Error("a kernel that does not say its build-id will do")
	}
}
