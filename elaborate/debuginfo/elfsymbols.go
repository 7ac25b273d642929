package debuginfo

import (
	"debug/elf"
	"errors"
	"fmt"
	"strings"
)

// ErrNoSymbols says that a file's symbols have been stripped.
var ErrNoSymbols = errors.New("it has no symbol table")

// Symbols reads the file's .symtab: what has an address in it, without the names
// of files and sections. ErrNoSymbols if it has none.
func (m *Image) Symbols() ([]Symbol, error) {
	var table *elf.Section
	for _, s := range m.file.Sections {
		if s.Type == elf.SHT_SYMTAB {
			table = s
		}
	}
	if table == nil || table.Type == elf.SHT_NOBITS {
		return nil, fmt.Errorf("%s: %w", m.Path, ErrNoSymbols)
	}
	if int(table.Link) >= len(m.file.Sections) {
		return nil, fmt.Errorf("%s: its symbol table has no names", m.Path)
	}
	data, err := m.raw(table)
	if err != nil {
		return nil, fmt.Errorf("%s: symbol table: %w", m.Path, err)
	}
	text, err := m.raw(m.file.Sections[table.Link])
	if err != nil {
		return nil, fmt.Errorf("%s: symbol table: %w", m.Path, err)
	}
	names := string(text) // all at once: the symbols' names are parts of it
	entry := 24
	if m.file.Class == elf.ELFCLASS32 {
		entry = 16
	}
	symbols := make([]Symbol, 0, len(data)/entry)
	for ; len(data) >= entry; data = data[entry:] {
		if s, ok := m.symbol(data, names); ok {
			symbols = append(symbols, s)
		}
	}
	return symbols, nil
}

// symbol reads one entry of a symbol table.
func (m *Image) symbol(at []byte, names string) (s Symbol, ok bool) {
	name := m.Order.Uint32(at)
	var value, size uint64
	var info byte
	var section elf.SectionIndex
	if m.file.Class == elf.ELFCLASS64 {
		info, section = at[4], elf.SectionIndex(m.Order.Uint16(at[6:]))
		value, size = m.Order.Uint64(at[8:]), m.Order.Uint64(at[16:])
	} else {
		value, size = uint64(m.Order.Uint32(at[4:])), uint64(m.Order.Uint32(at[8:]))
		info, section = at[12], elf.SectionIndex(m.Order.Uint16(at[14:]))
	}
	kind, binding := elf.SymType(info&0xf), elf.SymBind(info>>4)
	if kind == elf.STT_FILE || kind == elf.STT_SECTION || section == elf.SHN_UNDEF || uint64(name) >= uint64(len(names)) {
		return Symbol{}, false
	}
	s = Symbol{
		Address: Address{Offset: value}, Size: size, Weak: binding == elf.STB_WEAK,
		Global: binding == elf.STB_GLOBAL || binding == elf.STB_WEAK, Function: kind == elf.STT_FUNC || kind == elf.STT_GNU_IFUNC,
	}
	s.Name, _, _ = strings.Cut(names[name:], "\x00")
	if s.Name == "" || s.Name[0] == '$' { // of AArch64: where code begins and where data
		return Symbol{}, false
	}
	inFile := int(section) < len(m.file.Sections) && section < elf.SHN_LORESERVE
	if m.base != nil {
		if !inFile || m.base[section] == 0 && m.file.Sections[section].Size != 0 {
			return Symbol{}, false
		}
		s.Address.Section = m.file.Sections[section].Name
	}
	if inFile && kind == elf.STT_NOTYPE { // what assembly does not declare
		s.Function = m.file.Sections[section].Flags&elf.SHF_EXECINSTR != 0
	}
	return s, true
}

// SymbolTable makes the table of the file's symbols, of a kernel's bare image of
// those that it keeps for itself (see Kallsyms).
func (m *Image) SymbolTable() (*SymbolTable, error) {
	symbols, err := m.Symbols()
	if errors.Is(err, ErrNoSymbols) {
		bare, kallsymsError := Kallsyms(m.data)
		if kallsymsError != nil {
			return nil, errors.Join(err, kallsymsError)
		}
		symbols, err = bare, nil
	}
	if err != nil {
		return nil, err
	}
	places, err := m.places(symbols)
	if err != nil {
		return nil, err
	}
	return NewSymbolTable(symbols, places), nil
}

// places reads the lists of addresses that the kernel keeps of its code. A module
// has a section for each, a linked kernel a symbol at the begin and the end.
func (m *Image) places(symbols []Symbol) (places Places, err error) {
	bounds := map[string]uint64{}
	for _, s := range symbols {
		switch s.Name {
		case "__start_mcount_loc", "__stop_mcount_loc", "__start_kprobe_blacklist", "__stop_kprobe_blacklist":
			bounds[s.Name] = s.Address.Offset
		}
	}
	list := func(name string, sections ...string) []Address {
		var data []byte
		begin, end := bounds["__start_"+name], bounds["__stop_"+name]
		switch {
		case m.base == nil && begin < end && end-begin < 1<<30:
			if data, err = m.At(begin, int(end-begin)); err != nil {
				return nil
			}
		case m.base != nil:
			for _, section := range sections {
				if data, err = m.Section(section); err != nil || data != nil {
					break
				}
			}
		}
		var list []Address
		for ; len(data) >= 8; data = data[8:] {
			if a, ok := m.Place(m.Order.Uint64(data)); ok && a.Offset != 0 {
				list = append(list, a)
			}
		}
		return list
	}
	places.FtraceSites = list("mcount_loc", "__mcount_loc", "__patchable_function_entries")
	if err == nil {
		places.Forbidden = list("kprobe_blacklist", "_kprobe_blacklist")
	}
	return places, err
}
