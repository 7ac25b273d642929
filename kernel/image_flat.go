package kernel

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// This file makes an ELF file of an arm64 kernel's image, which is the kernel's memory
// as it is loaded and nothing else (Linux, Documentation/arm64/booting.rst): "MZ", or two
// instructions, and at 0x38 "ARM\x64". What an ELF file would say is found by itself:
//
//	relocations  rows of {place, 0x403, value} of 8 bytes each (R_AARCH64_RELATIVE): the
//	             kernel is linked to be moved, and the places themselves are zero
//	address      the least that a relocation speaks of, which is _text
//	BTF          by its header
//	build-id     by its note, of those that there are the one that is the kernel's
//
// The ELF file has a section with all of the image at its address, values in their
// places, and sections for BTF and the note.

// isFlatImage tells an arm64 kernel's image by its header.
func isFlatImage(image []byte) bool {
	return len(image) > 0x40 && string(image[0x38:0x3c]) == "ARM\x64"
}

// elfOfFlat makes an ELF file of a flat image, which it writes to.
func elfOfFlat(image []byte) ([]byte, error) {
	if size := sizeOfFlat(image); size > len(image) {
		return nil, fmt.Errorf("cut off: %d bytes of %d are there", len(image), size)
	}
	relocations := findRelocations(image)
	text := uint64(math.MaxUint64)
	for _, r := range relocations {
		for _, address := range []uint64{r.place, r.value} {
			if address>>63 == 1 { // the kernel's half; some values are numbers
				text = min(text, address)
			}
		}
	}
	if text == math.MaxUint64 {
		return nil, errors.New("the kernel's image has no relocations, by which its address is known (CONFIG_RELOCATABLE)")
	}
	text &^= 1<<16 - 1
	for _, r := range relocations {
		if at := r.place - text; at <= uint64(len(image)-8) {
			binary.LittleEndian.PutUint64(image[at:], r.value)
		}
	}
	sections := []flatSection{{name: ".image", kind: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, address: text, size: len(image)}}
	if at, size := findBTF(image); size > 0 {
		sections = append(sections, flatSection{name: ".BTF", kind: elf.SHT_PROGBITS, at: at, size: size})
	}
	if at, size := findBuildID(image); size > 0 {
		sections = append(sections, flatSection{name: ".notes", kind: elf.SHT_NOTE, at: at, size: size})
	}
	return wrapFlat(image, sections), nil
}

// sizeOfFlat gives the size that the image should have, by what it says as a program of
// the firmware's (PE/COFF), which most images are; 0 for others.
func sizeOfFlat(image []byte) (size int) {
	const header, section = 24, 40
	at := uint64(binary.LittleEndian.Uint32(image[0x3c:]))
	if at+header > uint64(len(image)) || string(image[at:at+4]) != "PE\x00\x00" {
		return 0
	}
	sections := image[at+header:]
	sections = sections[min(int(binary.LittleEndian.Uint16(image[at+20:])), len(sections)):]
	for range binary.LittleEndian.Uint16(image[at+6:]) {
		if len(sections) < section {
			break
		}
		end := uint64(binary.LittleEndian.Uint32(sections[16:])) + uint64(binary.LittleEndian.Uint32(sections[20:]))
		size, sections = max(size, int(end)), sections[section:]
	}
	return size
}

type relocation struct{ place, value uint64 }

// findRelocations reads the longest row of them.
func findRelocations(image []byte) (found []relocation) {
	const size, relative = 24, uint64(elf.R_AARCH64_RELATIVE)
	word := func(at int) uint64 { return binary.LittleEndian.Uint64(image[at:]) }
	bestAt, bestEnd := 0, 0
	for at := 0; at+size <= len(image); at += 8 {
		end := at
		for end+size <= len(image) && word(end+8) == relative {
			end += size
		}
		if end-at > bestEnd-bestAt {
			bestAt, bestEnd = at, end
		}
		if end > at {
			at = end - 8
		}
	}
	for at := bestAt; at < bestEnd; at += size {
		found = append(found, relocation{word(at), word(at + 16)})
	}
	return found
}

// findBTF finds BTF by its header (Linux, include/uapi/linux/btf.h, struct btf_header).
func findBTF(image []byte) (at, size int) {
	const header = 24
	magic := []byte{0x9f, 0xeb, 1, 0, header, 0, 0, 0}
	for from := 0; ; {
		next := bytes.Index(image[from:], magic)
		if next < 0 || from+next+header > len(image) {
			return 0, 0
		}
		at = from + next
		word := func(n int) uint64 { return uint64(binary.LittleEndian.Uint32(image[at+n:])) }
		end := uint64(header) + max(word(8)+word(12), word(16)+word(20))
		if word(8) == 0 && word(12) > 0 && word(16) >= word(12) && end <= uint64(len(image)-at) {
			return at, int(end)
		}
		from = at + 4
	}
}

// findBuildID finds the note with the kernel's build-id. The code that it maps into
// processes (vDSO) has its own: each is an ELF file within the image.
func findBuildID(image []byte) (at, size int) {
	const length = 36
	begin := []byte("\x04\x00\x00\x00\x14\x00\x00\x00\x03\x00\x00\x00GNU\x00")
	var inside [][2]int
	for page := 0; page+64 <= len(image); page += 4096 {
		if !bytes.HasPrefix(image[page:], []byte(elf.ELFMAG)) {
			continue
		}
		if file, err := elf.NewFile(bytes.NewReader(image[page:])); err == nil {
			for _, s := range file.Sections {
				if s.Type == elf.SHT_NOBITS {
					continue
				}
				inside = append(inside, [2]int{page + int(s.Offset), page + int(s.Offset+s.FileSize)})
			}
		}
	}
	for from := 0; ; {
		next := bytes.Index(image[from:], begin)
		if next < 0 || from+next+length > len(image) {
			return 0, 0
		}
		at := from + next
		if !slices.ContainsFunc(inside, func(file [2]int) bool { return file[0] <= at && at < file[1] }) {
			return at, length
		}
		from = at + len(begin)
	}
}

type flatSection struct {
	name     string
	kind     elf.SectionType
	flags    elf.SectionFlag
	address  uint64
	at, size int
}

// wrapFlat puts an ELF header before the image, and names and section headers behind it.
func wrapFlat(image []byte, sections []flatSection) []byte {
	const headerSize = 64
	names := []byte{0}
	headers := []elf.Section64{{}}
	sections = append(sections, flatSection{name: ".shstrtab", kind: elf.SHT_STRTAB, at: len(image)})
	for _, s := range sections {
		headers = append(headers, elf.Section64{
			Name: uint32(len(names)), Type: uint32(s.kind), Flags: uint64(s.flags), Addr: s.address,
			Off: uint64(headerSize + s.at), Size: uint64(s.size), Addralign: 1,
		})
		names = append(append(names, s.name...), 0)
	}
	headers[len(headers)-1].Size = uint64(len(names))
	begin := headerSize + len(image) + len(names)
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_AARCH64), Version: uint32(elf.EV_CURRENT),
		Shoff: uint64(begin), Ehsize: headerSize, Shentsize: 64, Shnum: uint16(len(headers)), Shstrndx: uint16(len(headers) - 1),
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS], header.Ident[elf.EI_DATA], header.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	var first, last bytes.Buffer
	_ = binary.Write(&first, binary.LittleEndian, header) // to memory, of fixed size
	_ = binary.Write(&last, binary.LittleEndian, headers)
	return slices.Concat(first.Bytes(), image, names, last.Bytes())
}
