package debuginfo_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// testSection is a section of a file that elfFile makes.
type testSection struct {
	name       string
	kind       elf.SectionType
	flags      elf.SectionFlag
	address    uint64
	data       []byte
	size       uint64 // of one without data
	link, info uint32
}

// elfFile makes an ELF file: section n of sections has number n+1.
func elfFile(t testing.TB, kind elf.Type, machine elf.Machine, sections ...testSection) []byte {
	t.Helper()
	names, body := []byte{0}, []byte{}
	headers := []elf.Section64{{}}
	for _, s := range append(sections, testSection{name: ".shstrtab", kind: elf.SHT_STRTAB}) {
		h := elf.Section64{
			Name: uint32(len(names)), Type: uint32(s.kind), Flags: uint64(s.flags), Addr: s.address, Off: uint64(64 + len(body)),
			Size: uint64(len(s.data)), Link: s.link, Info: s.info, Addralign: 8,
		}
		names = append(append(names, s.name...), 0)
		if s.name == ".shstrtab" {
			s.data, h.Size = names, uint64(len(names))
		}
		if s.size > 0 {
			h.Size = s.size
		}
		headers, body = append(headers, h), append(body, s.data...)
	}
	header := elf.Header64{
		Type: uint16(kind), Machine: uint16(machine), Version: 1, Ehsize: 64, Shentsize: 64,
		Shoff: uint64(64 + len(body)), Shnum: uint16(len(headers)), Shstrndx: uint16(len(headers) - 1),
	}
	copy(header.Ident[:], elf.ELFMAG+"\x02\x01\x01")
	return pack(t, header, body, headers)
}

func pack(t testing.TB, parts ...any) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, part := range parts {
		if err := binary.Write(&out, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func symbol(name uint32, kind elf.SymType, bind elf.SymBind, section uint16, value, size uint64) elf.Sym64 {
	return elf.Sym64{Name: name, Info: elf.ST_INFO(bind, kind), Shndx: section, Value: value, Size: size}
}

// testModule is a relocatable file with two sections of code and debuginfo that
// refers to them.
func testModule(t testing.TB) []byte {
	names := "\x00text_function\x00init_function\x00$x\x00outside\x00__func__.1\x00"
	at := func(name string) uint32 { return uint32(strings.Index(names, "\x00"+name+"\x00") + 1) }
	return elfFile(t, elf.ET_REL, elf.EM_X86_64,
		testSection{name: ".text", kind: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, data: make([]byte, 100)},
		testSection{name: ".init.text", kind: elf.SHT_NOBITS, flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, size: 200},
		testSection{name: ".debug_info", kind: elf.SHT_PROGBITS, data: bytes.Repeat([]byte{0xee}, 40)},
		testSection{name: ".rela.debug_info", kind: elf.SHT_RELA, link: 5, info: 3, data: pack(t, []elf.Rela64{
			{Off: 0, Info: elf.R_INFO(1, uint32(elf.R_X86_64_64)), Addend: 16},
			{Off: 8, Info: elf.R_INFO(2, uint32(elf.R_X86_64_64)), Addend: 4},
			{Off: 16, Info: elf.R_INFO(3, uint32(elf.R_X86_64_32)), Addend: 77},
			{Off: 20, Info: elf.R_INFO(4, uint32(elf.R_X86_64_32)), Addend: 3},
			{Off: 24, Info: elf.R_INFO(1, uint32(elf.R_X86_64_PC32)), Addend: 0},
			{Off: 28, Info: elf.R_INFO(0, uint32(elf.R_X86_64_NONE)), Addend: 5},
		})},
		testSection{name: ".symtab", kind: elf.SHT_SYMTAB, link: 6, info: 4, data: pack(t, []elf.Sym64{
			{},
			symbol(0, elf.STT_SECTION, elf.STB_LOCAL, 1, 0, 0),
			symbol(at("init_function"), elf.STT_FUNC, elf.STB_LOCAL, 2, 32, 10),
			symbol(0, elf.STT_SECTION, elf.STB_LOCAL, 3, 0, 0),
			symbol(at("outside"), elf.STT_NOTYPE, elf.STB_GLOBAL, 0, 0, 0),
			symbol(at("text_function"), elf.STT_FUNC, elf.STB_GLOBAL, 1, 16, 20),
			symbol(at("$x"), elf.STT_NOTYPE, elf.STB_LOCAL, 1, 0, 0),
			symbol(at("__func__.1"), elf.STT_OBJECT, elf.STB_WEAK, 7, 8, 14),
		})},
		testSection{name: ".strtab", kind: elf.SHT_STRTAB, data: []byte(names)},
		testSection{name: ".rodata", kind: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, data: make([]byte, 64)},
		testSection{name: "__mcount_loc", kind: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, data: make([]byte, 16)},
		testSection{name: ".rela__mcount_loc", kind: elf.SHT_RELA, link: 5, info: 8, data: pack(t, []elf.Rela64{
			{Off: 0, Info: elf.R_INFO(1, uint32(elf.R_X86_64_64)), Addend: 20},
			{Off: 8, Info: elf.R_INFO(2, uint32(elf.R_X86_64_64)), Addend: 0},
		})},
	)
}

func TestRelocatableImage(t *testing.T) {
	m, err := debuginfo.NewImage("module", testModule(t))
	if err != nil {
		t.Fatal(err)
	}
	info, err := m.Section(".debug_info")
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	for at, want := range map[int]debuginfo.Address{0: {Section: ".text", Offset: 16}, 8: {Section: ".init.text", Offset: 36}} {
		linear := le.Uint64(info[at:])
		if got, ok := m.Place(linear); !ok || got != want {
			t.Errorf("at %d: %#x is %v, want %v", at, linear, got, want)
		}
		if back, ok := m.Linear(want); !ok || back != linear {
			t.Errorf("%v is %#x, want %#x", want, back, linear)
		}
	}
	for at, want := range map[int]uint32{16: 77, 20: 3, 28: 0xeeeeeeee} {
		if got := le.Uint32(info[at:]); got != want {
			t.Errorf("at %d: %#x, want %#x", at, got, want)
		}
	}
	text, _ := m.Linear(debuginfo.Address{Section: ".text"})
	if got := le.Uint32(info[24:]); got != uint32(text-24) {
		t.Errorf("relative: %#x, want %#x", got, uint32(text-24))
	}
	for _, none := range []uint64{0, 1, 1 << 40} {
		if a, ok := m.Place(none); ok {
			t.Errorf("%#x is %v", none, a)
		}
	}
	if end, ok := m.Linear(debuginfo.Address{Section: ".text", Offset: 100}); !ok {
		t.Error("a section has no end")
	} else if a, _ := m.Place(end); a.Section != ".text" {
		t.Errorf("the end of .text is %v", a)
	}
}

func TestRelocationsOfAArch64(t *testing.T) {
	for kind, want := range map[elf.R_AARCH64]uint64{
		elf.R_AARCH64_ABS64: 1<<16 + 16, elf.R_AARCH64_ABS32: 0xeeeeeeee00000000 | (1<<16 + 16), elf.R_AARCH64_PREL64: 1<<16 + 8,
		elf.R_AARCH64_PREL32: 0xeeeeeeee00000000 | (1<<16 + 8), elf.R_AARCH64_ABS16: 0xeeeeeeeeeeee0010,
	} {
		m, err := debuginfo.NewImage("module", elfFile(t, elf.ET_REL, elf.EM_AARCH64,
			testSection{name: ".text", kind: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, data: make([]byte, 100)},
			testSection{name: ".debug_info", kind: elf.SHT_PROGBITS, data: bytes.Repeat([]byte{0xee}, 16)},
			testSection{name: ".rela.debug_info", kind: elf.SHT_RELA, link: 4, info: 2, data: pack(t, elf.Rela64{Off: 8, Info: elf.R_INFO(1, uint32(kind)), Addend: 16})},
			testSection{name: ".symtab", kind: elf.SHT_SYMTAB, link: 5, data: pack(t, []elf.Sym64{{}, symbol(0, elf.STT_SECTION, elf.STB_LOCAL, 1, 0, 0)})},
			testSection{name: ".strtab", kind: elf.SHT_STRTAB, data: []byte{0}},
		))
		if err != nil {
			t.Fatal(err)
		}
		info, err := m.Section(".debug_info")
		if err != nil {
			t.Fatalf("%v: %v", kind, err)
		}
		if got := binary.LittleEndian.Uint64(info[8:]); got != want {
			t.Errorf("%v: %#x, want %#x", kind, got, want)
		}
	}
}

// TestLinkedImageIsNotRelocated: a kernel keeps relocations that have been applied.
func TestLinkedImageIsNotRelocated(t *testing.T) {
	module := testModule(t)
	binary.LittleEndian.PutUint16(module[16:], uint16(elf.ET_EXEC))
	m, err := debuginfo.NewImage("vmlinux", module)
	if err != nil {
		t.Fatal(err)
	}
	info, err := m.Section(".debug_info")
	if err != nil || !bytes.Equal(info, bytes.Repeat([]byte{0xee}, 40)) {
		t.Errorf("%x, %v", info, err)
	}
}

// TestCompressedSections: P380, P382: debuginfo may be compressed.
func TestCompressedSections(t *testing.T) {
	text := bytes.Repeat([]byte("what DWARF says "), 1000)
	var deflated bytes.Buffer
	w := zlib.NewWriter(&deflated)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	header := func(kind elf.CompressionType, size int) []byte {
		return pack(t, elf.Chdr64{Type: uint32(kind), Size: uint64(size), Addralign: 1})
	}
	old := binary.BigEndian.AppendUint64([]byte("ZLIB"), uint64(len(text)))
	for name, test := range map[string]struct {
		section testSection
		want    string // in the error
	}{
		"plain":     {testSection{name: ".debug_line", data: text}, ""},
		"zlib":      {testSection{name: ".debug_line", flags: elf.SHF_COMPRESSED, data: append(header(elf.COMPRESS_ZLIB, len(text)), deflated.Bytes()...)}, ""},
		"zstd":      {testSection{name: ".debug_line", flags: elf.SHF_COMPRESSED, data: encoder.EncodeAll(text, header(elf.COMPRESS_ZSTD, len(text)))}, ""},
		"zdebug":    {testSection{name: ".zdebug_line", data: append(old, deflated.Bytes()...)}, ""},
		"too long":  {testSection{name: ".debug_line", flags: elf.SHF_COMPRESSED, data: append(header(elf.COMPRESS_ZLIB, len(text)-1), deflated.Bytes()...)}, "not 15999"},
		"too short": {testSection{name: ".debug_line", flags: elf.SHF_COMPRESSED, data: append(header(elf.COMPRESS_ZLIB, len(text)+1), deflated.Bytes()...)}, "16000 bytes, not 16001"},
		"huge":      {testSection{name: ".debug_line", flags: elf.SHF_COMPRESSED, data: append(header(elf.COMPRESS_ZLIB, 1<<60), deflated.Bytes()...)}, "is said to have"},
		"cut":       {testSection{name: ".debug_line", flags: elf.SHF_COMPRESSED, data: header(elf.COMPRESS_ZSTD, 1)[:9]}, "EOF"},
		"unknown":   {testSection{name: ".debug_line", flags: elf.SHF_COMPRESSED, data: header(9, 1)}, "not known here"},
		"rubbish":   {testSection{name: ".debug_line", flags: elf.SHF_COMPRESSED, data: append(header(elf.COMPRESS_ZLIB, 100), "rubbish"...)}, ".debug_line"},
	} {
		test.section.kind = elf.SHT_PROGBITS
		m, err := debuginfo.NewImage("file", elfFile(t, elf.ET_DYN, elf.EM_X86_64, test.section))
		var got []byte
		if err == nil {
			got, err = m.Section(".debug_line")
		}
		if test.want != "" {
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %v, want %q", name, err, test.want)
			}
			continue
		}
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

func TestOpenImage(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "module.ko")
	note := []byte("\x04\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00GNU\x00\x12\x34\x00\x00")
	file := elfFile(t, elf.ET_DYN, elf.EM_X86_64,
		testSection{name: ".note.gnu.build-id", kind: elf.SHT_NOTE, data: note},
		testSection{name: ".gnu_debuglink", kind: elf.SHT_PROGBITS, data: []byte("x.debug\x00\x01\x02\x03\x04")},
		testSection{name: ".gnu_debugaltlink", kind: elf.SHT_PROGBITS, data: []byte("../common\x00\xab\xcd")},
		testSection{name: ".data", kind: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, address: 0x1000, data: []byte("contents")},
	)
	if err := os.WriteFile(path, file, 0o644); err != nil {
		t.Fatal(err)
	}
	m, err := debuginfo.OpenImage(path)
	if err != nil {
		t.Fatal(err)
	}
	if id := m.BuildID(); id != "1234" {
		t.Errorf("build-id %q", id)
	}
	if name, sum, ok := m.Link(); name != "x.debug" || sum != 0x04030201 || !ok {
		t.Errorf("link %q %#x %v", name, sum, ok)
	}
	if name, id, ok := m.AlternateLink(); name != "../common" || id != "abcd" || !ok {
		t.Errorf("alternate link %q %s %v", name, id, ok)
	}
	if data, err := m.At(0x1003, 5); string(data) != "tents" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	for _, address := range []uint64{0xfff, 0x1004, 0x1008, 1<<64 - 1} {
		if data, err := m.At(address, 5); err == nil {
			t.Errorf("at %#x: %q", address, data)
		}
	}
	if data, err := m.Section(".none"); data != nil || err != nil {
		t.Errorf("a section that there is not: %q, %v", data, err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{"empty": "", "text": "not ELF", "cut": string(file[:len(file)-10])} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := debuginfo.OpenImage(path); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := debuginfo.OpenImage(folder); err == nil {
		t.Error("a folder is an ELF file")
	}
}

// FuzzImage: a damaged file gives errors and no panic.
func FuzzImage(f *testing.F) {
	f.Add(testModule(f))
	f.Add(elfFile(f, elf.ET_EXEC, elf.EM_AARCH64, testSection{name: ".zdebug_info", kind: elf.SHT_PROGBITS, data: []byte("ZLIB\x00\x00\x00\x00\x00\x00\x00\x10x\x9c")}))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := debuginfo.NewImage("fuzz", data)
		if err != nil {
			return
		}
		for _, name := range []string{".debug_info", ".debug_line", "__mcount_loc", ".text", ".symtab"} {
			_, _ = m.Section(name)
			if address, size, ok := m.SectionAddress(name); ok {
				_, _ = m.At(address, int(size%100))
			}
		}
		m.BuildID()
		m.Link()
		m.AlternateLink()
		if table, err := m.SymbolTable(); err == nil {
			for _, s := range table.Symbols() {
				table.Lookup(s.Name)
				table.At(s.Address)
				table.FtraceSite(s.Address)
			}
		}
	})
}
