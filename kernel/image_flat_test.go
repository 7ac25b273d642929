package kernel

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// flatText is where the kernel of flatImage is linked to.
const flatText = 0xffff800008000000

// flatParts are what flatImage is made of; nil or 0 leaves a part out.
type flatParts struct {
	inside      string // an ELF file that the kernel carries, with a note of its own
	id          string // the kernel's build-id
	btf         []byte
	relocations []relocation
	program     bool // it says itself how large it is
}

// flatImage makes an arm64 kernel's image: its header, the part that is an ELF file at a
// page's beginning, the note, BTF, the relocations.
func flatImage(parts flatParts) []byte {
	image := make([]byte, 4096)
	copy(image, "MZ")
	copy(image[0x38:], "ARM\x64")
	align := func(to int) {
		for len(image)%to != 0 {
			image = append(image, 0)
		}
	}
	image = append(image, parts.inside...)
	align(4096)
	if id, err := hex.DecodeString(parts.id); err == nil && len(id) > 0 {
		image = append(append(image, "\x04\x00\x00\x00\x14\x00\x00\x00\x03\x00\x00\x00GNU\x00"...), id...)
	}
	align(8)
	image = append(image, "\x9f\xeb\x01\x00\x18\x00\x00\x00 is no header of BTF, \x9f\xeb\x01\x00"...)
	align(8)
	image = append(image, parts.btf...)
	align(8)
	for _, r := range parts.relocations {
		for _, word := range []uint64{r.place, uint64(elf.R_AARCH64_RELATIVE), r.value} {
			image = binary.LittleEndian.AppendUint64(image, word)
		}
	}
	image = append(image, "the end of the image"...)
	if parts.program {
		const at, options = 0x40, 160
		binary.LittleEndian.PutUint32(image[0x3c:], at)
		copy(image[at:], "PE\x00\x00")
		binary.LittleEndian.PutUint16(image[at+6:], 2)
		binary.LittleEndian.PutUint16(image[at+20:], options)
		for i, section := range [][2]int{{4096, 0}, {len(image) - 4096, 4096}} {
			header := image[at+24+options+40*i:]
			binary.LittleEndian.PutUint32(header[16:], uint32(section[0]))
			binary.LittleEndian.PutUint32(header[20:], uint32(section[1]))
		}
	}
	return image
}

// flatBTF gives what lies in testdata/vmlinux a header by which it is found.
func flatBTF(data []byte) []byte {
	const types = 4096
	var btf []byte
	for _, word := range []uint32{0x1eb9f, 24, 0, types, types, uint32(len(data) - types)} {
		btf = binary.LittleEndian.AppendUint32(btf, word)
	}
	return append(btf, data...)
}

// wholeFlat are the parts of an image that lacks nothing.
func wholeFlat(t *testing.T) flatParts {
	t.Helper()
	return flatParts{
		inside: elfFile(t, idA, map[string]string{".text": "code"}), id: idB, btf: flatBTF(wantBTF(t)), program: true,
		relocations: []relocation{
			{flatText + 0x100, flatText + 0x1234}, {flatText + 0x108, flatText + 0x40}, {flatText + 0x110, 7},
			{flatText + 1<<40, flatText + 0x1000}, // in what the kernel clears when it begins
		},
	}
}

func TestFlatImage(t *testing.T) {
	m := fakeMachine(t)
	const release = "6.1.0-9-test"
	image := flatImage(wholeFlat(t))
	for name, text := range map[string][]byte{"plain": image, "gzip": gzipped(t, image)} {
		t.Run(name, func(t *testing.T) {
			write(t, filepath.Join(m.root, "boot/vmlinuz-"+release), string(text))
			k := m.kernel(release)
			if got, err := k.BTFData(); err != nil || !bytes.Equal(got, flatBTF(wantBTF(t))) {
				t.Errorf("BTF: %d bytes, %v", len(got), err)
			}
			if id, err := k.BuildID(); err != nil || id != idB {
				t.Errorf("build-id %q, %v", id, err)
			}
			vmlinux, err := k.Vmlinux()
			if err != nil {
				t.Fatal(err)
			}
			file, err := elf.NewFile(bytes.NewReader(vmlinux))
			if err != nil {
				t.Fatal(err)
			}
			section := file.Section(".image")
			if file.Machine != elf.EM_AARCH64 || section == nil || section.Addr != flatText || section.Size != uint64(len(image)) {
				t.Fatalf("%v, %+v", file.FileHeader, section)
			}
			data, err := section.Data()
			if err != nil {
				t.Fatal(err)
			}
			for place, want := range map[int]uint64{0x100: flatText + 0x1234, 0x108: flatText + 0x40, 0x110: 7, 0x118: 0} {
				if got := binary.LittleEndian.Uint64(data[place:]); got != want {
					t.Errorf("at %#x is %#x, want %#x", place, got, want)
				}
			}
			if !bytes.HasSuffix(data, []byte("the end of the image")) {
				t.Error("the end is another")
			}
		})
	}
}

// Without BTF and note there is nothing to find; what is there is.
func TestFlatImageOfLess(t *testing.T) {
	parts := wholeFlat(t)
	parts.inside, parts.id, parts.btf, parts.program = "", "", nil, false
	image := filepath.Join(t.TempDir(), "vmlinuz")
	write(t, image, string(flatImage(parts)))
	_, err := imageBTF(t, image)
	expectUserError(t, "without BTF", err, "carries no BTF", "CONFIG_DEBUG_INFO_BTF")
	if id, err := (&Kernel{Image: image, cache: t.TempDir()}).BuildID(); id != "" || err != nil {
		t.Errorf("build-id %q, %v", id, err)
	}
	parts.inside = wholeFlat(t).inside
	write(t, image, string(flatImage(parts)))
	if id, err := (&Kernel{Image: image, cache: t.TempDir()}).BuildID(); id != "" || err != nil {
		t.Errorf("that of an inner file: %q, %v", id, err)
	}
}

// Space that an inner file takes in memory alone is not its space in the image.
func TestFlatImageInnerFileWithMemory(t *testing.T) {
	parts := wholeFlat(t)
	inner := []byte(parts.inside)
	at := int(binary.LittleEndian.Uint64(inner[0x28:])) + 64*2 // of .text
	binary.LittleEndian.PutUint32(inner[at+4:], uint32(elf.SHT_NOBITS))
	binary.LittleEndian.PutUint64(inner[at+32:], 1<<20)
	parts.inside = string(inner)
	image := filepath.Join(t.TempDir(), "vmlinuz")
	write(t, image, string(flatImage(parts)))
	if id, err := (&Kernel{Image: image, cache: t.TempDir()}).BuildID(); id != idB || err != nil {
		t.Errorf("build-id %q, %v", id, err)
	}
}

func TestBrokenFlatImages(t *testing.T) {
	whole := flatImage(wholeFlat(t))
	none, numbers, unsized := wholeFlat(t), wholeFlat(t), wholeFlat(t)
	none.relocations = nil
	numbers.relocations = []relocation{{1, 2}, {3, 4}}
	unsized.program = false
	packed := gzipped(t, whole)
	for name, test := range map[string]struct {
		image []byte
		want  string
	}{
		"no relocations":       {flatImage(none), "has no relocations"},
		"no address":           {flatImage(numbers), "has no relocations"},
		"header alone":         {flatImage(unsized)[:0x44], "has no relocations"},
		"cut off":              {whole[:len(whole)-100], "cut off: "},
		"cut off, says little": {flatImage(unsized)[:8192], "has no relocations"},
		"gzip cut off":         {packed[:len(packed)/2], "unexpected EOF"},
		"gzip of rubbish":      {gzipped(t, readTestdata(t, "vmlinux")), "not an arm64 kernel"},
	} {
		t.Run(name, func(t *testing.T) {
			image := filepath.Join(t.TempDir(), "vmlinuz")
			write(t, image, string(test.image))
			if _, err := imageBTF(t, image); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), image) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// FuzzFlatImage: whatever an image says, reading it ends, and what is made of it is an
// ELF file whose sections lie inside.
func FuzzFlatImage(f *testing.F) {
	vmlinux, err := os.ReadFile("testdata/vmlinux")
	if err != nil {
		f.Fatal(err)
	}
	file, err := elf.NewFile(bytes.NewReader(vmlinux))
	if err != nil {
		f.Fatal(err)
	}
	btf, err := file.Section(".BTF").Data()
	if err != nil {
		f.Fatal(err)
	}
	relocations := []relocation{{flatText + 0x100, flatText}, {flatText + 0x108, 1 << 63}, {^uint64(0), 1}}
	f.Add(flatImage(flatParts{relocations: relocations}))
	f.Add(flatImage(flatParts{relocations: relocations, id: idB, btf: flatBTF(btf[:4100]), program: true}))
	f.Add(flatImage(flatParts{relocations: relocations, id: idB, inside: string(vmlinux[:64]) + string(vmlinux[len(vmlinux)-256:])}))
	f.Add(flatImage(flatParts{relocations: []relocation{{1, 2}}, btf: flatBTF(btf)})[:8000])
	f.Fuzz(func(t *testing.T, image []byte) {
		if !isFlatImage(image) {
			return
		}
		made, err := elfOfFlat(bytes.Clone(image))
		if err != nil {
			return
		}
		file, err := elf.NewFile(bytes.NewReader(made))
		if err != nil {
			t.Fatal(err)
		}
		for _, section := range file.Sections[1:] {
			if data, err := section.Data(); err != nil || uint64(len(data)) != section.Size {
				t.Errorf("%s: %d bytes, %v", section.Name, len(data), err)
			}
		}
	})
}
