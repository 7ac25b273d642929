package bundle

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
)

// program is what the headers of an ELF program say of it. Unlike debug/elf this
// does with the headers alone, which a file that was cut may still have.
type program struct {
	end    int64 // where the file of the program alone ends
	static bool  // it needs no interpreter, and so no libraries
}

// A file whose headers are not all there.
var (
	errShort = errors.New("the file ends before it says what it is")
	errCut   = errors.New("the program is cut in its headers")
)

// readProgram reads the headers. The error is errShort or errCut, or ErrNone if the
// file is no program of 64 bits.
func readProgram(file io.ReaderAt, size int64) (program, error) {
	ident := make([]byte, min(size, elf.EI_NIDENT))
	if _, err := file.ReadAt(ident, 0); err != nil && !errors.Is(err, io.EOF) {
		return program{}, err
	}
	const headerSize = 64
	magic := []byte(elf.ELFMAG)
	switch {
	case size < headerSize && bytes.HasPrefix(magic, ident[:min(len(ident), len(magic))]):
		return program{}, errShort
	case size < headerSize || !bytes.HasPrefix(ident, magic) || elf.Class(ident[elf.EI_CLASS]) != elf.ELFCLASS64:
		return program{}, ErrNone
	}
	t := tables{file: file, size: uint64(size), order: binary.LittleEndian}
	if elf.Data(ident[elf.EI_DATA]) == elf.ELFDATA2MSB {
		t.order = binary.BigEndian
	}
	var header elf.Header64
	t.read(&header, 0)
	if kind := elf.Type(header.Type); kind != elf.ET_EXEC && kind != elf.ET_DYN {
		return program{}, ErrNone
	}
	segments := make([]elf.Prog64, header.Phnum)
	sections := make([]elf.Section64, header.Shnum)
	t.read(segments, header.Phoff)
	t.read(sections, header.Shoff)
	p := program{static: true}
	for _, segment := range segments {
		t.reach(segment.Off, segment.Filesz)
		p.static = p.static && elf.ProgType(segment.Type) != elf.PT_INTERP
	}
	for _, section := range sections {
		if elf.SectionType(section.Type) != elf.SHT_NOBITS {
			t.reach(section.Off, section.Size)
		}
	}
	p.end = int64(t.end)
	return p, t.err
}

// tables reads tables of a file, keeps the first error, and how far the file is
// known to go.
type tables struct {
	file  io.ReaderAt
	size  uint64
	order binary.ByteOrder
	end   uint64
	err   error
}

// farthest is the end of what no file is as long as.
const farthest = 1 << 62

// reach notes that there is something of that size at an offset.
func (t *tables) reach(offset, size uint64) {
	t.end = max(t.end, min(offset, farthest)+min(size, farthest))
	t.end = min(t.end, farthest)
}

// read fills a table, or a slice of them.
func (t *tables) read(table any, offset uint64) {
	size := uint64(binary.Size(table))
	t.reach(offset, size)
	switch {
	case t.err != nil || size == 0:
	case offset > t.size || size > t.size-offset:
		t.err = errCut
	default:
		t.err = binary.Read(io.NewSectionReader(t.file, int64(offset), int64(size)), t.order, table)
	}
}
