package debuginfo

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// This file makes a section of a file readable: decompresses it, and in a
// relocatable file fills in what the linker would have.

// decompressed gives a section's bytes, which in a file may be compressed in the
// way of the ELF specification or, with a name that begins with ".zdebug_", in
// the one before.
func (m *Image) decompressed(s *elf.Section) ([]byte, error) {
	packed, err := m.raw(s)
	if err != nil || packed == nil {
		return nil, err
	}
	if s.Flags&elf.SHF_COMPRESSED != 0 {
		kind, size, header := uint32(0), uint64(0), 24
		if m.file.Class == elf.ELFCLASS32 {
			header = 12
		}
		if len(packed) < header {
			return nil, errors.New("cut short")
		}
		kind = m.Order.Uint32(packed)
		if size = m.Order.Uint64(packed[8:16]); header == 12 {
			size = uint64(m.Order.Uint32(packed[4:]))
		}
		return unpack(packed[header:], elf.CompressionType(kind), size)
	}
	const header = 12
	if strings.HasPrefix(s.Name, ".zdebug_") && len(packed) >= header && string(packed[:4]) == "ZLIB" {
		size := uint64(0)
		for _, b := range packed[4:header] {
			size = size<<8 | uint64(b)
		}
		return unpack(packed[header:], elf.COMPRESS_ZLIB, size)
	}
	return packed, nil
}

// unpack decompresses what should be size bytes. It takes no memory for them
// before they are there.
func unpack(packed []byte, kind elf.CompressionType, size uint64) ([]byte, error) {
	if size > 1<<34 {
		return nil, fmt.Errorf("it is said to have %d bytes", size)
	}
	var text io.Reader
	switch kind {
	case elf.COMPRESS_ZLIB:
		reader, err := zlib.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, err
		}
		defer reader.Close()
		text = reader
	case elf.COMPRESS_ZSTD:
		reader, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(1<<30))
		if err != nil {
			return nil, err
		}
		defer reader.Close()
		text = reader
	default:
		return nil, fmt.Errorf("compressed in a way that is not known here (%d)", uint32(kind))
	}
	const usualRatio = 16
	unpacked := bytes.NewBuffer(make([]byte, 0, min(size+bytes.MinRead, usualRatio*uint64(len(packed))+bytes.MinRead)))
	if _, err := unpacked.ReadFrom(io.LimitReader(text, int64(size)+1)); err != nil {
		return nil, err
	}
	if uint64(unpacked.Len()) != size {
		return nil, fmt.Errorf("it has %d bytes, not %d", unpacked.Len(), size)
	}
	return unpacked.Bytes(), nil
}

// relocated gives the contents of section i with its relocations applied.
func (m *Image) relocated(i int, data []byte) ([]byte, error) {
	target := m.file.Sections[i]
	if m.base == nil || len(data) == 0 || target.Flags&elf.SHF_EXECINSTR != 0 {
		return data, nil
	}
	for _, s := range m.file.Sections {
		if s.Type != elf.SHT_RELA || int(s.Info) != i {
			continue
		}
		relocations, err := m.decompressed(s)
		if err != nil {
			return nil, err
		}
		symbols, err := m.symbolAddresses(int(s.Link))
		if err != nil {
			return nil, err
		}
		data = bytes.Clone(data)
		if err := m.relocate(data, m.base[i], relocations, symbols); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// symbolAddresses reads the values of a symbol table's symbols: by what is added
// to a relocation, in a relocatable 64-bit file. Symbols that are not in the file
// are 0.
func (m *Image) symbolAddresses(table int) ([]uint64, error) {
	const entry = 24
	if table <= 0 || table >= len(m.file.Sections) || m.file.Class != elf.ELFCLASS64 {
		return nil, errors.New("its relocations have no symbol table")
	}
	data, err := m.raw(m.file.Sections[table])
	if err != nil {
		return nil, err
	}
	values := make([]uint64, len(data)/entry)
	for n := range values {
		at := data[n*entry:]
		section := elf.SectionIndex(m.Order.Uint16(at[6:]))
		switch {
		case section == elf.SHN_ABS:
			values[n] = m.Order.Uint64(at[8:])
		case section != elf.SHN_UNDEF && int(section) < len(m.base):
			values[n] = m.base[section] + m.Order.Uint64(at[8:])
		}
	}
	return values, nil
}

// relocate applies relocations to data, which lies at base.
func (m *Image) relocate(data []byte, base uint64, relocations []byte, symbols []uint64) error {
	const entry = 24
	kinds := m.machine().relocations
	if kinds == nil {
		return fmt.Errorf("relocations of %v are not known here", m.Machine)
	}
	var last relocationKind
	lastType, known := uint32(0), false // nearly all are of one type
	for ; len(relocations) >= entry; relocations = relocations[entry:] {
		offset, info := m.Order.Uint64(relocations), m.Order.Uint64(relocations[8:])
		if kind := uint32(info); kind != lastType || !known {
			if last, known = kinds[kind]; !known {
				return fmt.Errorf("a relocation of type %d, which is not known here", kind)
			}
			lastType = kind
		}
		symbol := info >> 32
		if offset > uint64(len(data)) || uint64(last.size) > uint64(len(data))-offset || symbol >= uint64(len(symbols)) {
			return fmt.Errorf("a relocation at %#x is out of range", offset)
		}
		value := symbols[symbol] + m.Order.Uint64(relocations[16:])
		if last.relative {
			value -= base + offset
		}
		at := data[offset:]
		switch last.size {
		case 8:
			m.Order.PutUint64(at, value)
		case 4:
			m.Order.PutUint32(at, uint32(value))
		case 2:
			m.Order.PutUint16(at, uint16(value))
		case 1:
			at[0] = byte(value)
		}
	}
	return nil
}
