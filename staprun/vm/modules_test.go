package vm

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// objectWith makes the smallest ELF object with a .modinfo section.
func objectWith(t *testing.T, modinfo string) []byte {
	t.Helper()
	const names = "\x00.modinfo\x00.shstrtab\x00"
	headers := []elf.Section64{
		{},
		{Name: 1, Type: uint32(elf.SHT_PROGBITS), Off: 64, Size: uint64(len(modinfo))},
		{Name: 10, Type: uint32(elf.SHT_STRTAB), Off: 64 + uint64(len(modinfo)), Size: uint64(len(names))},
	}
	header := elf.Header64{
		Type: uint16(elf.ET_REL), Machine: uint16(elf.EM_X86_64), Version: 1, Ehsize: 64,
		Shoff: 64 + uint64(len(modinfo)+len(names)), Shentsize: 64, Shnum: 3, Shstrndx: 2,
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	header.Ident[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	header.Ident[elf.EI_VERSION] = 1
	var object bytes.Buffer
	for _, part := range []any{header, []byte(modinfo + names), headers} {
		if err := binary.Write(&object, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	return object.Bytes()
}

func packed(t *testing.T, image []byte, writer func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := writer(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(image); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestModuleOrder(t *testing.T) {
	folder := t.TempDir()
	xzWriter := func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) }
	gzipWriter := func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }
	zstdWriter := func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }
	for file, data := range map[string][]byte{
		"kernel/a/virtio.ko":            objectWith(t, "license=GPL\x00depends=\x00"),
		"kernel/a/virtio_ring.ko":       objectWith(t, "depends=virtio\x00"),
		"kernel/b/virtio-console.ko.xz": packed(t, objectWith(t, "depends=virtio_ring,virtio,builtin-one\x00"), xzWriter),
		"kernel/b/zipped.ko.gz":         packed(t, objectWith(t, "name=zipped\x00"), gzipWriter),
		"kernel/c/standard.ko.zst":      packed(t, objectWith(t, "depends=zipped\x00"), zstdWriter),
		"kernel/c/needy.ko":             objectWith(t, "depends=nowhere\x00"),
		"kernel/c/broken.ko":            []byte("not an object"),
		"kernel/c/strange.ko.lzo":       []byte("?"),
		"modules.builtin":               []byte("kernel/d/builtin-one.ko\n"),
	} {
		path := filepath.Join(folder, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	library, err := openModules(folder)
	if err != nil {
		t.Fatal(err)
	}
	modules, err := library.resolve([]string{"virtio_console", "builtin_one", "standard size=8 name=x", "virtio"})
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, m := range modules {
		order = append(order, strings.TrimSpace(m.name+" "+m.parameters))
	}
	want := []string{"virtio", "virtio_ring", "virtio_console", "zipped", "standard size=8 name=x"}
	if !slices.Equal(order, want) {
		t.Errorf("got %q, want %q", order, want)
	}
	for name, says := range map[string]string{
		"needy": "no module nowhere, which needy needs", "none": "no module none",
	} {
		var userError *UserError
		if _, err := library.resolve([]string{name}); !errors.As(err, &userError) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"broken", "strange"} {
		if _, err := library.resolve([]string{name}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var userError *UserError
	if _, err := openModules("/none"); !errors.As(err, &userError) {
		t.Errorf("no folder: %v", err)
	}
}
