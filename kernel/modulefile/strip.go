package modulefile

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Strip gives the module with checksums, those that its own list lacks of
// symbols that it takes from the kernel, and without what neither the kernel's loader nor a
// backtrace reads: the compiler's name, the lists of call sites of a tracer that
// does not trace modules of ours, the checksums of symbols that the module does
// not use, and the names of what is no function and no relocation speaks of.
//
// A file that is built in a way that Strip does not know is given back as it
// is, and is an error if checksums had to be added.
func Strip(module []byte, checksums map[string]uint32) ([]byte, error) {
	file, err := elf.NewFile(bytes.NewReader(module))
	if err != nil {
		return nil, fmt.Errorf("not a kernel module: %w", err)
	}
	s := stripper{order: file.ByteOrder, module: module}
	if file.Class != elf.ELFCLASS64 || file.Type != elf.ET_REL || !s.read(file) {
		if len(checksums) > 0 {
			return nil, fmt.Errorf("the module is built in an unknown way")
		}
		return module, nil
	}
	s.dropSections()
	s.keepSymbols()
	s.setVersions(checksums)
	return s.write()
}

// unread are the sections that nothing reads. A function's patchable entries
// are there for the tracer, which modules are compiled without, and remain where
// a kernel pads its functions for other reasons.
var unread = []string{".comment", ".note.GNU-stack", "__patchable_function_entries"}

const (
	versionsSection = "__versions"
	// struct modversion_info (include/linux/module.h): a checksum and a name.
	versionSize       = 64
	versionNameOffset = 8
)

// paddingPrefix begins the names that objtool gives to the room in front of
// functions, where no code is.
const paddingPrefix = "__pfx_"

type stripper struct {
	order    binary.ByteOrder
	module   []byte
	header   elf.Header64
	sections []stripSection
	symbols  []stripSymbol
	symtab   int // the index of the section
}

type stripSection struct {
	elf.Section64
	name    string
	data    []byte
	dropped bool
}

type stripSymbol struct {
	elf.Sym64
	name string
	kept bool
}

// read takes the file apart, and reports whether Strip knows all that is in it.
func (s *stripper) read(file *elf.File) bool {
	if err := binary.Read(bytes.NewReader(s.module), s.order, &s.header); err != nil || s.header.Phnum != 0 ||
		uint64(s.header.Shoff)+uint64(s.header.Shnum)*64 > uint64(len(s.module)) || int(s.header.Shnum) != len(file.Sections) {
		return false
	}
	headers := bytes.NewReader(s.module[s.header.Shoff:])
	for i, section := range file.Sections {
		t := stripSection{name: section.Name}
		if err := binary.Read(headers, s.order, &t.Section64); err != nil {
			return false
		}
		switch elf.SectionType(t.Type) {
		case elf.SHT_NULL, elf.SHT_NOBITS:
		case elf.SHT_GROUP, elf.SHT_SYMTAB_SHNDX, elf.SHT_REL:
			return false
		default:
			if t.Off+t.Size > uint64(len(s.module)) {
				return false
			}
			t.data = s.module[t.Off : t.Off+t.Size]
		}
		if t.Type == uint32(elf.SHT_SYMTAB) {
			s.symtab = i
		}
		s.sections = append(s.sections, t)
	}
	if s.symtab == 0 || !s.sound() {
		return false
	}
	symbols := bytes.NewReader(s.sections[s.symtab].data)
	names := s.sections[s.sections[s.symtab].Link].data
	for symbols.Len() > 0 {
		var symbol stripSymbol
		if err := binary.Read(symbols, s.order, &symbol.Sym64); err != nil || int(symbol.Name) > len(names) {
			return false
		}
		name, _, _ := bytes.Cut(names[symbol.Name:], []byte{0})
		symbol.name = string(name)
		s.symbols = append(s.symbols, symbol)
	}
	return len(s.symbols) > 0 && s.soundRelocations()
}

// sound reports whether sections refer to sections that are there.
func (s *stripper) sound() bool {
	for _, t := range s.sections {
		if int(t.Link) >= len(s.sections) || t.Type == uint32(elf.SHT_RELA) && int(t.Info) >= len(s.sections) {
			return false
		}
	}
	return int(s.header.Shstrndx) < len(s.sections) && s.sections[s.symtab].Link != uint32(s.header.Shstrndx)
}

// soundRelocations reports whether all refer to symbols that are there.
func (s *stripper) soundRelocations() bool {
	for _, t := range s.sections {
		for n := range t.relocations(s.order) {
			if n >= uint64(len(s.symbols)) {
				return false
			}
		}
	}
	return true
}

// relocations gives the symbol of each relocation, and where in the section's
// data the word with the symbol's number is.
func (t *stripSection) relocations(order binary.ByteOrder) iter.Seq2[uint64, int] {
	return func(yield func(uint64, int) bool) {
		const size, info = 24, 8 // of Elf64_Rela, and where its r_info is
		for at := 0; t.Type == uint32(elf.SHT_RELA) && at+size <= len(t.data); at += size {
			if !yield(order.Uint64(t.data[at+info:])>>32, at+info) {
				return
			}
		}
	}
}

// dropSections marks what nothing reads, and its relocations.
func (s *stripper) dropSections() {
	for i := range s.sections {
		s.sections[i].dropped = slices.Contains(unread, s.sections[i].name)
	}
	for i := range s.sections {
		t := &s.sections[i]
		if t.Type == uint32(elf.SHT_RELA) && s.sections[t.Info].dropped {
			t.dropped = true
		}
	}
}

// keepSymbols marks what is a function's, what others define or see, and what
// a relocation speaks of.
func (s *stripper) keepSymbols() {
	s.symbols[0].kept = true
	for i := range s.symbols[1:] {
		symbol := &s.symbols[i+1]
		inDropped := int(symbol.Shndx) < len(s.sections) && s.sections[symbol.Shndx].dropped
		local := elf.ST_BIND(symbol.Info) == elf.STB_LOCAL
		function := elf.ST_TYPE(symbol.Info) == elf.STT_FUNC
		padding := strings.HasPrefix(symbol.name, paddingPrefix)
		symbol.kept = !inDropped && !padding && (!local || function)
	}
	for _, t := range s.sections {
		if t.dropped {
			continue
		}
		for n := range t.relocations(s.order) {
			s.symbols[n].kept = true
		}
	}
}

// setVersions lists the checksums of the symbols that the module takes from
// others, and that of struct module, which is no symbol.
func (s *stripper) setVersions(checksums map[string]uint32) {
	used := map[string]bool{"module_layout": true}
	for _, symbol := range s.symbols {
		if symbol.Shndx == uint16(elf.SHN_UNDEF) && symbol.kept {
			used[symbol.name] = true
		}
	}
	for i := range s.sections {
		t := &s.sections[i]
		if t.name != versionsSection || len(t.data)%versionSize != 0 {
			continue
		}
		var list []byte
		for entry := range slices.Chunk(t.data, versionSize) {
			name, _, _ := bytes.Cut(entry[versionNameOffset:], []byte{0})
			if used[string(name)] {
				list = append(list, entry...)
				delete(used, string(name))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(checksums)) {
			if used[name] && len(name) < versionSize-versionNameOffset {
				entry := make([]byte, versionSize)
				s.order.PutUint64(entry, uint64(checksums[name]))
				copy(entry[versionNameOffset:], name)
				list = append(list, entry...)
			}
		}
		t.data = list
	}
}

// write puts together what is left.
func (s *stripper) write() ([]byte, error) {
	sections := make([]uint32, len(s.sections)) // new index of each
	var count uint32
	for i, t := range s.sections {
		if !t.dropped {
			sections[i] = count
			count++
		}
	}
	s.writeSymbols(sections)
	names := newNames()
	for i := range s.sections {
		if t := &s.sections[i]; !t.dropped {
			t.Section64.Name = names.add(t.name)
		}
	}
	s.sections[s.header.Shstrndx].data = names.text
	out := bytes.NewBuffer(make([]byte, binary.Size(s.header)))
	var headers []elf.Section64
	for i := range s.sections {
		t := &s.sections[i]
		if t.dropped {
			continue
		}
		align(out, t.Addralign)
		if t.Off = uint64(out.Len()); i == 0 {
			t.Off = 0
		}
		if t.data != nil {
			t.Size = uint64(len(t.data))
			out.Write(t.data)
		}
		if t.Link = sections[t.Link]; t.Type == uint32(elf.SHT_RELA) {
			t.Info = sections[t.Info]
		}
		headers = append(headers, t.Section64)
	}
	align(out, 8)
	s.header.Shoff, s.header.Shnum = uint64(out.Len()), uint16(len(headers))
	s.header.Shstrndx = uint16(sections[s.header.Shstrndx])
	if err := binary.Write(out, s.order, headers); err != nil {
		return nil, err
	}
	var header bytes.Buffer
	if err := binary.Write(&header, s.order, s.header); err != nil {
		return nil, err
	}
	copy(out.Bytes(), header.Bytes())
	return out.Bytes(), nil
}

// writeSymbols makes the symbol table, its names, and the relocations that
// refer to it.
func (s *stripper) writeSymbols(sections []uint32) {
	indices := make([]uint64, len(s.symbols))
	names := newNames()
	var table bytes.Buffer
	var count uint64
	var locals uint32
	for i := range s.symbols {
		symbol := &s.symbols[i]
		if !symbol.kept {
			continue
		}
		indices[i] = count
		count++
		if elf.ST_BIND(symbol.Info) == elf.STB_LOCAL {
			locals++
		}
		symbol.Sym64.Name = names.add(symbol.name)
		if int(symbol.Shndx) < len(sections) {
			symbol.Shndx = uint16(sections[symbol.Shndx])
		}
		// A bytes.Buffer takes all that is written to it.
		_ = binary.Write(&table, s.order, symbol.Sym64)
	}
	symtab := &s.sections[s.symtab]
	symtab.data, symtab.Info = table.Bytes(), locals
	s.sections[symtab.Link].data = names.text
	for i := range s.sections {
		t := &s.sections[i]
		if t.Type != uint32(elf.SHT_RELA) || t.dropped {
			continue
		}
		t.data = bytes.Clone(t.data)
		for n, at := range t.relocations(s.order) {
			kind := s.order.Uint64(t.data[at:]) & 0xffffffff
			s.order.PutUint64(t.data[at:], indices[n]<<32|kind)
		}
	}
}

// align fills up with NULs to a multiple of alignment.
func align(out *bytes.Buffer, alignment uint64) {
	if alignment > 1 {
		out.Write(make([]byte, -uint64(out.Len())&(alignment-1)))
	}
}

// stringTable is a string table: each name once, the empty one first.
type stringTable struct {
	text []byte
	at   map[string]uint32
}

func newNames() *stringTable { return &stringTable{text: []byte{0}, at: map[string]uint32{"": 0}} }

func (n *stringTable) add(name string) uint32 {
	at, known := n.at[name]
	if !known {
		at = uint32(len(n.text))
		n.at[name] = at
		n.text = append(append(n.text, name...), 0)
	}
	return at
}
