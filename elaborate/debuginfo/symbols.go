package debuginfo

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Symbol is a name of a place in a file.
type Symbol struct {
	Name     string
	Address  Address
	Size     uint64 // bytes; 0 if unknown
	Global   bool   // files other than its own may use it
	Function bool   // it is code
	Weak     bool
}

// SymbolTable is a file's symbols by name and by address, with the places in its
// code that the kernel's tracer can patch and those that must not be probed.
//
// It lies in one run of bytes, which can be kept in a file and used as it is read,
// without decoding: numbers in little-endian order,
//
//	"gostap symbols 1"
//	number of: bytes of section names, symbols, ftrace sites, forbidden places, bytes of names; 4 bytes each
//	8 bytes for a number each: padding, section names with a NUL behind each, to a multiple of 8
//	symbols by section and address, symbolSize bytes each
//	ftrace sites, forbidden places: section and address, placeSize bytes each, sorted
//	numbers of symbols sorted by name, 4 bytes each
//	names, with a NUL behind each
type SymbolTable struct {
	data     []byte
	sections []string
	records  []byte
	sites    []byte
	forbids  []byte
	byName   []byte
	names    []byte
	count    int
}

// SymbolFormat names the form in which a SymbolTable is kept: another form has
// another name.
const SymbolFormat = "symbols-1"

const (
	symbolMagic  = "gostap symbols 1"
	symbolHeader = len(symbolMagic) + 5*4 + 4
	symbolSize   = 24 // address 8, name 4, size 4, section 2, flags 2, nothing 4
	placeSize    = 16 // address 8, section 2, nothing 6
)

const (
	flagGlobal = 1 << iota
	flagFunction
	flagWeak
)

var errSymbols = errors.New("the table of symbols is damaged")

// Places is what a SymbolTable knows beside symbols.
type Places struct {
	FtraceSites []Address // instructions that the kernel's function tracer patches
	Forbidden   []Address // of functions that the kernel's source keeps probes from (NOKPROBE_SYMBOL)
}

// NewSymbolTable makes the table of symbols.
func NewSymbolTable(symbols []Symbol, places Places) *SymbolTable {
	symbols = slices.Clone(symbols)
	sections := sectionNumbers{}
	for _, s := range symbols {
		sections.add(s.Address.Section)
	}
	for _, a := range slices.Concat(places.FtraceSites, places.Forbidden) {
		sections.add(a.Section)
	}
	slices.SortStableFunc(symbols, func(a, b Symbol) int {
		return cmp.Or(cmp.Compare(sections.number[a.Address.Section], sections.number[b.Address.Section]), cmp.Compare(a.Address.Offset, b.Address.Offset))
	})
	order := make([]uint32, len(symbols))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortStableFunc(order, func(a, b uint32) int { return cmp.Compare(symbols[a].Name, symbols[b].Name) })

	le := binary.LittleEndian
	var names []byte
	offsets := make([]uint32, len(symbols))
	for i, n := range order {
		if i > 0 && symbols[order[i-1]].Name == symbols[n].Name {
			offsets[n] = offsets[order[i-1]]
			continue
		}
		offsets[n] = uint32(len(names))
		names = append(append(names, symbols[n].Name...), 0)
	}
	out := []byte(symbolMagic)
	sectionNames := []byte(strings.Join(sections.names, "\x00") + "\x00")
	for len(sectionNames)%8 != 0 {
		sectionNames = append(sectionNames, 0)
	}
	for _, n := range []int{len(sectionNames), len(symbols), len(places.FtraceSites), len(places.Forbidden), len(names), 0} {
		out = le.AppendUint32(out, uint32(n))
	}
	out = append(out, sectionNames...)
	for i, s := range symbols {
		out = le.AppendUint64(out, s.Address.Offset)
		out = le.AppendUint32(out, offsets[i])
		out = le.AppendUint32(out, uint32(min(s.Size, 1<<32-1)))
		out = le.AppendUint16(out, uint16(sections.number[s.Address.Section]))
		out = le.AppendUint16(out, s.flags())
		out = le.AppendUint32(out, 0)
	}
	out = sections.appendPlaces(out, places.FtraceSites)
	out = sections.appendPlaces(out, places.Forbidden)
	for _, n := range order {
		out = le.AppendUint32(out, n)
	}
	t, err := ReadSymbolTable(append(out, names...))
	if err != nil {
		panic(err) // it has just been written
	}
	return t
}

func (s Symbol) flags() uint16 {
	flags := uint16(0)
	for flag, set := range map[uint16]bool{flagGlobal: s.Global, flagFunction: s.Function, flagWeak: s.Weak} {
		if set {
			flags |= flag
		}
	}
	return flags
}

// sectionNumbers numbers names of sections.
type sectionNumbers struct {
	names  []string
	number map[string]int
}

func (n *sectionNumbers) add(name string) {
	if n.number == nil {
		n.number = map[string]int{}
	}
	if _, known := n.number[name]; !known {
		n.number[name] = len(n.names)
		n.names = append(n.names, name)
	}
}

func (n *sectionNumbers) appendPlaces(out []byte, places []Address) []byte {
	places = slices.Clone(places)
	slices.SortFunc(places, func(a, b Address) int {
		return cmp.Or(cmp.Compare(n.number[a.Section], n.number[b.Section]), cmp.Compare(a.Offset, b.Offset))
	})
	for _, a := range places {
		out = binary.LittleEndian.AppendUint64(out, a.Offset)
		out = binary.LittleEndian.AppendUint64(out, uint64(n.number[a.Section]))
	}
	return out
}

// ReadSymbolTable uses what Bytes gave.
func ReadSymbolTable(data []byte) (*SymbolTable, error) {
	if len(data) < symbolHeader || string(data[:len(symbolMagic)]) != symbolMagic {
		return nil, errSymbols
	}
	var counts [5]uint64
	for i := range counts {
		counts[i] = uint64(binary.LittleEndian.Uint32(data[len(symbolMagic)+4*i:]))
	}
	t := &SymbolTable{data: data, count: int(counts[1])}
	rest := data[symbolHeader:]
	var sections []byte
	for _, part := range []struct {
		size uint64
		to   *[]byte
	}{
		{counts[0], &sections}, {counts[1] * symbolSize, &t.records}, {counts[2] * placeSize, &t.sites},
		{counts[3] * placeSize, &t.forbids}, {counts[1] * 4, &t.byName}, {counts[4], &t.names},
	} {
		if part.size > uint64(len(rest)) {
			return nil, errSymbols
		}
		*part.to, rest = rest[:part.size], rest[part.size:]
	}
	t.sections = strings.Split(string(sections), "\x00")
	return t, nil
}

// Bytes gives the table in a form to keep, for ReadSymbolTable.
func (t *SymbolTable) Bytes() []byte { return t.data }

// Len tells how many symbols there are.
func (t *SymbolTable) Len() int { return t.count }

// Symbols gives all symbols, by section and address.
func (t *SymbolTable) Symbols() []Symbol {
	symbols := make([]Symbol, t.count)
	names := string(t.names) // all at once: the symbols' names are parts of it
	for i := range symbols {
		begin := t.nameOffset(i)
		symbols[i] = t.described(i, names[begin:begin+len(t.name(i))])
	}
	return symbols
}

// symbol gives symbol i by address.
func (t *SymbolTable) symbol(i int) Symbol { return t.described(i, string(t.name(i))) }

// described gives symbol i, whose name is known.
func (t *SymbolTable) described(i int, name string) Symbol {
	at := t.records[i*symbolSize:]
	flags := binary.LittleEndian.Uint16(at[18:])
	return Symbol{
		Name: name, Address: Address{Section: t.section(int(binary.LittleEndian.Uint16(at[16:]))), Offset: t.offset(i)},
		Size:   uint64(binary.LittleEndian.Uint32(at[12:])),
		Global: flags&flagGlobal != 0, Function: flags&flagFunction != 0, Weak: flags&flagWeak != 0,
	}
}

func (t *SymbolTable) offset(i int) uint64 {
	return binary.LittleEndian.Uint64(t.records[i*symbolSize:])
}

// nameOffset tells where the name of symbol i begins.
func (t *SymbolTable) nameOffset(i int) int {
	return min(int(binary.LittleEndian.Uint32(t.records[i*symbolSize+8:])), len(t.names))
}

func (t *SymbolTable) name(i int) []byte {
	name := t.names[t.nameOffset(i):]
	if end := bytes.IndexByte(name, 0); end >= 0 {
		name = name[:end]
	}
	return name
}

func (t *SymbolTable) section(number int) string {
	if number >= len(t.sections) {
		return ""
	}
	return t.sections[number]
}

func (t *SymbolTable) sectionNumber(name string) int { return slices.Index(t.sections, name) }

// named gives the numbers of the symbols whose names begin with prefix.
func (t *SymbolTable) named(prefix string) func(visit func(i int) bool) {
	at := func(n int) int { return min(int(binary.LittleEndian.Uint32(t.byName[4*n:])), t.count-1) }
	first := sort.Search(t.count, func(n int) bool { return string(t.name(at(n))) >= prefix })
	return func(visit func(i int) bool) {
		for n := first; n < t.count && bytes.HasPrefix(t.name(at(n)), []byte(prefix)); n++ {
			if !visit(at(n)) {
				return
			}
		}
	}
}

// Named gives the symbols of exactly that name, by address; nil if there are
// none.
func (t *SymbolTable) Named(name string) []Symbol {
	var symbols []Symbol
	for i := range t.named(name) {
		if len(t.name(i)) != len(name) {
			break
		}
		symbols = append(symbols, t.symbol(i))
	}
	return symbols
}

// Lookup tells what code a function's name stands for: its symbols, of which
// there is one for each of several static functions with this name; and the
// clones, in which the compiler has left out or changed parameters
// ("name.isra.0", "name.constprop.0", "name.part.0"). Cold parts are not clones.
func (t *SymbolTable) Lookup(name string) (functions, clones []Symbol) {
	for _, s := range t.Named(name) {
		if s.Function {
			functions = append(functions, s)
		}
	}
	for i := range t.named(name + ".") {
		if s := t.symbol(i); s.Function && !IsColdPart(s.Name) {
			clones = append(clones, s)
		}
	}
	return functions, clones
}

// IsColdPart tells whether a symbol is of the part of a function that the compiler
// has moved away because it is hardly ever run.
func IsColdPart(symbol string) bool {
	i := strings.LastIndex(symbol, ".cold")
	return i > 0 && strings.Trim(symbol[i+len(".cold"):], ".0123456789") == ""
}

// At gives the symbols at or before an address that are nearest to it, several if
// one place has several names, and how far behind them it is.
func (t *SymbolTable) At(a Address) (symbols []Symbol, distance uint64) {
	section := t.sectionNumber(a.Section)
	end := sort.Search(t.count, func(i int) bool {
		n := int(binary.LittleEndian.Uint16(t.records[i*symbolSize+16:]))
		return n > section || n == section && t.offset(i) > a.Offset
	})
	for i := end - 1; i >= 0; i-- {
		s := t.symbol(i)
		if s.Address.Section != a.Section || s.Address.Offset != t.offset(end-1) {
			break
		}
		symbols, distance = append(symbols, s), a.Offset-s.Address.Offset
	}
	slices.Reverse(symbols)
	return symbols, distance
}

// FtraceSites gives the instructions that the kernel's function tracer patches.
func (t *SymbolTable) FtraceSites() []Address { return t.places(t.sites) }

// Forbidden gives the functions that the kernel's source keeps probes from.
func (t *SymbolTable) Forbidden() []Address { return t.places(t.forbids) }

func (t *SymbolTable) places(data []byte) []Address {
	var places []Address
	for i := range len(data) / placeSize {
		places = append(places, t.place(data, i))
	}
	return places
}

func (t *SymbolTable) place(data []byte, i int) Address {
	at := data[i*placeSize:]
	return Address{Section: t.section(int(binary.LittleEndian.Uint16(at[8:]))), Offset: binary.LittleEndian.Uint64(at)}
}

// FtraceSite gives the place that the kernel's function tracer patches in a
// function that begins at entry; ok is false if it has none. The site is not
// before the entry, and behind it where the code begins with a landing pad for
// indirect branches.
func (t *SymbolTable) FtraceSite(entry Address) (site Address, ok bool) {
	const longestLanding = 8
	section, n := t.sectionNumber(entry.Section), len(t.sites)/placeSize
	i := sort.Search(n, func(i int) bool {
		at := t.sites[i*placeSize:]
		number := int(binary.LittleEndian.Uint16(at[8:]))
		return number > section || number == section && binary.LittleEndian.Uint64(at) >= entry.Offset
	})
	if i == n {
		return Address{}, false
	}
	site = t.place(t.sites, i)
	return site, site.Section == entry.Section && site.Offset-entry.Offset <= longestLanding
}

// Anchor gives the address of _stext, from which offsets into the kernel count;
// ok is false if the table is not the kernel's.
func (t *SymbolTable) Anchor() (address uint64, ok bool) {
	for _, s := range t.Named("_stext") {
		return s.Address.Offset, true
	}
	return 0, false
}

// ParseKallsyms reads the text of /proc/kallsyms: the symbols of the running
// kernel, or of one of its modules, at the addresses where they are now. An error
// says that the kernel hides the addresses.
func ParseKallsyms(text []byte, module string) ([]Symbol, error) {
	var symbols []Symbol
	suffix := ""
	if module != "" {
		suffix = "[" + module + "]"
	}
	hidden := true
	for line := range bytes.Lines(text) {
		var address uint64
		fields := strings.Fields(string(line))
		if len(fields) < 3 || len(fields[1]) != 1 || (len(fields) > 3) != (suffix != "") || len(fields) > 3 && fields[3] != suffix {
			continue
		}
		if _, err := fmt.Sscanf(fields[0], "%x", &address); err != nil {
			return nil, fmt.Errorf("kallsyms: %q: %w", line, err)
		}
		hidden = hidden && address == 0
		symbols = append(symbols, kallsymsSymbol(fields[1][0], fields[2], address))
	}
	if len(symbols) > 0 && hidden {
		return nil, errors.New("kallsyms: the kernel hides the addresses of its symbols")
	}
	return symbols, nil
}

// kallsymsSymbol makes a symbol of what kallsyms says: the kind is that of nm,
// capital if the symbol is global.
func kallsymsSymbol(kind byte, name string, address uint64) Symbol {
	return Symbol{
		Name: name, Address: Address{Offset: address}, Global: 'A' <= kind && kind <= 'Z',
		Function: kind == 't' || kind == 'T' || kind == 'w' || kind == 'W', Weak: kind|0x20 == 'w' || kind|0x20 == 'v',
	}
}
