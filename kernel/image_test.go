package kernel

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// testdata/vmlinux is an ELF file that has only a .BTF section, with many
// bytes that the x86 filter looks for; .bz2 and .x86.xz are the same, packed
// by bzip2 and by xz as the kernel's build calls it.
func readTestdata(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func wantBTF(t *testing.T) []byte {
	t.Helper()
	file, err := elf.Open("testdata/vmlinux")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	data, err := file.Section(".BTF").Data()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// bzImage makes an image with two setup sectors around a payload.
func bzImage(payload []byte) []byte {
	const setupSectors, offset = 2, 0x30
	image := make([]byte, (setupSectors+1)*512+offset)
	image[0x1f1] = setupSectors
	copy(image[0x202:], "HdrS")
	binary.LittleEndian.PutUint16(image[0x206:], 0x20f)
	binary.LittleEndian.PutUint32(image[0x248:], offset)
	binary.LittleEndian.PutUint32(image[0x24c:], uint32(len(payload)))
	return append(append(image, payload...), "the end of the image"...)
}

func imageBTF(t *testing.T, image string) ([]byte, error) {
	t.Helper()
	return (&Kernel{Image: image, cache: t.TempDir()}).BTFData()
}

func packWith(t *testing.T, text []byte, newWriter func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var packed bytes.Buffer
	writer, err := newWriter(&packed)
	if err == nil {
		_, err = writer.Write(text)
	}
	if err == nil {
		err = writer.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func gzipped(t *testing.T, text []byte) []byte {
	t.Helper()
	return packWith(t, text, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
}

func packLegacyLZ4(t *testing.T, text []byte) []byte {
	t.Helper()
	packed := []byte{0x02, 0x21, 0x4c, 0x18}
	for len(text) > 0 {
		block := text[:min(len(text), 4000)] // more than one
		text = text[len(block):]
		buffer := make([]byte, lz4.CompressBlockBound(len(block)))
		n, err := lz4.CompressBlock(block, buffer, nil)
		if err != nil || n == 0 {
			t.Fatalf("lz4: %d bytes, %v", n, err)
		}
		packed = append(binary.LittleEndian.AppendUint32(packed, uint32(n)), buffer[:n]...)
	}
	return packed
}

func TestImageBTF(t *testing.T) {
	vmlinux := readTestdata(t, "vmlinux")
	sized := func(packed []byte) []byte {
		return binary.LittleEndian.AppendUint32(packed, uint32(len(vmlinux)))
	}
	payloads := map[string][]byte{
		"gzip": gzipped(t, vmlinux),
		"zstd": sized(packWith(t, vmlinux, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) })),
		"xz":   sized(packWith(t, vmlinux, func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) })),
		"lzma": sized(packWith(t, vmlinux, func(w io.Writer) (io.WriteCloser, error) { return lzma.NewWriter(w) })),
		"lz4":  sized(packLegacyLZ4(t, vmlinux)),
		"bz2":  sized(readTestdata(t, "vmlinux.bz2")),
		"x86":  sized(readTestdata(t, "vmlinux.x86.xz")),
		"none": vmlinux,
	}
	for name, payload := range payloads {
		t.Run(name, func(t *testing.T) {
			image := filepath.Join(t.TempDir(), "vmlinuz")
			write(t, image, string(bzImage(payload)))
			got, err := imageBTF(t, image)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, wantBTF(t)) {
				t.Error("another BTF than was packed")
			}
		})
	}
}

func TestImageBTFOfBrokenImages(t *testing.T) {
	good := bzImage(binary.LittleEndian.AppendUint32(packLegacyLZ4(t, readTestdata(t, "vmlinux")), 6280))
	wrongSize := bzImage(binary.LittleEndian.AppendUint32(packLegacyLZ4(t, readTestdata(t, "vmlinux")), 6281))
	old := bytes.Clone(good)
	binary.LittleEndian.PutUint16(old[0x206:], 0x207)
	for name, test := range map[string]struct {
		image []byte
		want  string
	}{
		"empty":     {nil, "not a bzImage"},
		"rubbish":   {bytes.Repeat([]byte("rubbish "), 1000), "not a bzImage"},
		"old":       {old, "boot protocol 0x207"},
		"cut off":   {good[:2000], "cut off"},
		"unknown":   {bzImage([]byte("????????????")), "not known here"},
		"truncated": {bzImage([]byte("\x02\x21\x4c\x18\xff\x00\x00\x00\x00\x00\x00\x00")), "unexpected EOF"},
		"size":      {wrongSize, "6280 bytes, not 6281"},
		"no BTF":    {bzImage(append([]byte(elf.ELFMAG), make([]byte, 100)...)), "the kernel inside"},
	} {
		t.Run(name, func(t *testing.T) {
			image := filepath.Join(t.TempDir(), "vmlinuz")
			write(t, image, string(test.image))
			if _, err := imageBTF(t, image); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestBTFDataIsKept(t *testing.T) {
	m := fakeMachine(t)
	image := bzImage(binary.LittleEndian.AppendUint32(packLegacyLZ4(t, readTestdata(t, "vmlinux")), 6280))
	const system, fetched = "6.1.0-1-test", "6.1.0-2-test"
	write(t, filepath.Join(m.root, "boot/vmlinuz-"+system), string(image))
	write(t, filepath.Join(m.kernels(), fetched, "boot/vmlinuz-"+fetched), string(image))
	for release, folder := range map[string]string{
		system:  filepath.Join(m.cache, "btf"),
		fetched: filepath.Join(m.kernels(), fetched, "boot"),
	} {
		kernel := m.kernel(release)
		if kernel.BTF != "" {
			t.Errorf("%s has BTF in %s before it was asked for", release, kernel.BTF)
		}
		if data, err := kernel.BTFData(); err != nil || !bytes.Equal(data, wantBTF(t)) {
			t.Fatalf("%s: %d bytes, %v", release, len(data), err)
		}
		kept := m.kernel(release).BTF
		if filepath.Dir(kept) != folder {
			t.Errorf("%s is kept in %q, not below %s", release, kept, folder)
		}
		write(t, kept, "from the file")
		if data, err := m.kernel(release).BTFData(); err != nil || string(data) != "from the file" {
			t.Errorf("%s the second time: %q, %v", release, data, err)
		}
		if left, err := filepath.Glob(filepath.Join(folder, ".*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

func TestBTFDataWithoutAny(t *testing.T) {
	m := fakeMachine(t)
	var wrong *UserError
	if _, err := m.kernel("6.1.0-1-test").BTFData(); !errors.As(err, &wrong) || !strings.Contains(wrong.Hint, "stap prep") {
		t.Errorf("%v", err)
	}
}
