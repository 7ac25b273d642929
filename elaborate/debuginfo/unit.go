package debuginfo

import (
	"debug/dwarf"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// position names an entry of all the DWARF that belongs to one object: which
// section of entries it is in, and how far from that section's beginning.
type position uint64

const sourceShift = 40

func positionOf(source int, offset uint64) position {
	return position(uint64(source)<<sourceShift | offset&(1<<sourceShift-1))
}

func (p position) source() int    { return int(p >> sourceShift) }
func (p position) offset() uint64 { return uint64(p) & (1<<sourceShift - 1) }

// dwarfSections are the sections of one file that hold DWARF.
type dwarfSections struct {
	order                                                   binary.ByteOrder
	info, types, abbreviations, lines                       []byte
	strings, lineStrings, stringOffsets, addresses          []byte
	ranges, rangeLists, locations, locationLists, unitIndex []byte
	typeIndex, macros                                       []byte
}

// readSections takes the sections out of a file; suffix is ".dwo" in a file of
// split DWARF.
func readSections(m *Image, suffix string) (*dwarfSections, error) {
	s := &dwarfSections{order: m.Order}
	for name, data := range map[string]*[]byte{
		"info": &s.info, "types": &s.types, "abbrev": &s.abbreviations, "line": &s.lines,
		"str": &s.strings, "line_str": &s.lineStrings, "str_offsets": &s.stringOffsets, "addr": &s.addresses,
		"ranges": &s.ranges, "rnglists": &s.rangeLists, "loc": &s.locations, "loclists": &s.locationLists,
	} {
		var err error
		if *data, err = m.Section(".debug_" + name + suffix); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// source is a section of entries, and the units that it is made of.
type source struct {
	sections *dwarfSections
	data     []byte
	units    []*unit // in the order of the section
}

// unitKind is what a unit holds (DW_UT_*).
type unitKind uint8

const (
	unitCompile      unitKind = 1
	unitType         unitKind = 2
	unitPartial      unitKind = 3
	unitSkeleton     unitKind = 4
	unitSplitCompile unitKind = 5
	unitSplitType    unitKind = 6
)

// unit is what the compiler made of one source file, or of one type.
type unit struct {
	*dwarfSections
	object      *Object
	source      int
	data        []byte // of the section, up to the unit's end
	begin       uint64 // of the unit's header, in data
	first       uint64 // of its first entry
	version     int
	addressSize int
	offsetSize  int
	kind        unitKind
	tableAt     uint64 // of its abbreviations
	signature   uint64 // of a type unit; of a skeleton or a split unit, the id that pairs them
	typeAt      uint64 // of a type unit: where the type is, from begin
	bases       contribution

	tableOnce sync.Once
	table     *abbreviations
	tableErr  error

	rootOnce sync.Once
	rootErr  error
	root     root

	header atomic.Pointer[lineHeader] // nil until it is needed
}

// root is what a unit's first entry says of the unit.
type root struct {
	name, folder string // DW_AT_name, DW_AT_comp_dir
	low          uint64
	linesAt      uint64
	hasLines     bool
	assembler    bool
	splitName    string // of a skeleton: the file with the rest
	split        *unit  // of a skeleton: the rest
	skeleton     *unit  // of a split unit

	stringOffsetsBase, addressBase, rangesBase, rangeListsBase, locationListsBase uint64
}

// contribution is where, in the sections of a package of split units, that which
// belongs to one unit begins.
type contribution struct {
	stringOffsets, rangeLists, locationLists, lines, locations uint64
}

var errUnit = errors.New("DWARF: a unit is cut short or has a damaged header")

// readUnits finds the units of a section of entries.
func readUnits(o *Object, number int, s *dwarfSections, data []byte, types bool) ([]*unit, error) {
	var units []*unit
	for at := uint64(0); at < uint64(len(data)); {
		u, err := readUnit(o, s, data, at, types)
		if err != nil {
			return nil, err
		}
		u.source = number
		units = append(units, u)
		at = uint64(len(u.data))
	}
	return units, nil
}

// readUnit reads the header of the unit at an offset (DWARF 5, 7.5.1).
func readUnit(o *Object, s *dwarfSections, data []byte, at uint64, types bool) (*unit, error) {
	r := &reader{data: data, at: int(at), order: s.order}
	length, offsetSize := r.length()
	if r.short || length > uint64(len(data)-r.at) {
		return nil, errUnit
	}
	u := &unit{dwarfSections: s, object: o, begin: at, offsetSize: offsetSize, kind: unitCompile}
	u.data = data[: r.at+int(length) : r.at+int(length)]
	r.data = u.data
	u.version = int(r.unsigned(2))
	switch {
	case u.version >= 2 && u.version <= 4:
		u.tableAt = r.unsigned(offsetSize)
		u.addressSize = int(r.unsigned(1))
		if types {
			u.kind = unitType
		}
	case u.version == 5:
		u.kind = unitKind(r.unsigned(1))
		u.addressSize = int(r.unsigned(1))
		u.tableAt = r.unsigned(offsetSize)
	default:
		return nil, fmt.Errorf("DWARF: version %d of a unit is not known here", u.version)
	}
	switch u.kind {
	case unitType, unitSplitType:
		u.signature = r.unsigned(8)
		u.typeAt = r.unsigned(offsetSize)
	case unitSkeleton, unitSplitCompile:
		u.signature = r.unsigned(8)
	}
	if r.short || u.addressSize != 4 && u.addressSize != 8 && u.addressSize != 2 {
		return nil, errUnit
	}
	u.first = uint64(r.at)
	return u, nil
}

// unitAround gives the unit that the bytes at an offset belong to.
func (s *source) unitAround(offset uint64) *unit {
	i, found := slices.BinarySearchFunc(s.units, offset, func(u *unit, offset uint64) int {
		switch {
		case u.begin > offset:
			return 1
		case u.begin < offset:
			return -1
		}
		return 0
	})
	if !found {
		i--
	}
	if i < 0 || offset >= uint64(len(s.units[i].data)) {
		return nil
	}
	return s.units[i]
}

// folder gives the folder that the unit was compiled in.
func (u *unit) folder() string {
	if u.root.folder == "" && u.root.skeleton != nil {
		return u.root.skeleton.root.folder
	}
	return u.root.folder
}

func (u *unit) position(offset uint64) position { return positionOf(u.source, offset) }

// abbreviationTable gives the unit's abbreviations.
func (u *unit) abbreviationTable() (*abbreviations, error) {
	u.tableOnce.Do(func() {
		u.table = &abbreviations{}
		u.tableErr = u.readTable(u.table)
	})
	return u.table, u.tableErr
}

func (u *unit) readTable(t *abbreviations) error {
	if u.tableAt >= uint64(len(u.abbreviations)) {
		return errAbbreviations
	}
	return t.read(&reader{data: u.abbreviations, at: int(u.tableAt), order: u.order})
}

// ready reads the unit's first entry, once.
func (u *unit) ready() error {
	u.rootOnce.Do(func() {
		var t *abbreviations
		if t, u.rootErr = u.abbreviationTable(); u.rootErr == nil {
			u.rootErr = u.readRoot(t)
		}
	})
	return u.rootErr
}

// readRoot reads what the first entry says of the unit; the bases first, since
// others are relative to them.
func (u *unit) readRoot(t *abbreviations) error {
	e, err := u.entryIn(t, u.first)
	if err != nil {
		return err
	}
	if e.abbreviation == nil {
		return errUnit
	}
	r := &u.root
	if u.version >= 5 { // the tables' headers come before what the bases point to
		header := uint64(8)
		if u.offsetSize == 8 {
			header = 16
		}
		r.stringOffsetsBase, r.addressBase = header, header
		r.rangeListsBase, r.locationListsBase = header+4, header+4
	}
	r.stringOffsetsBase += u.bases.stringOffsets
	r.rangeListsBase += u.bases.rangeLists
	r.locationListsBase += u.bases.locationLists
	for name, base := range map[dwarf.Attr]*uint64{
		dwarf.AttrStrOffsetsBase: &r.stringOffsetsBase, dwarf.AttrAddrBase: &r.addressBase,
		dwarf.AttrRnglistsBase: &r.rangeListsBase, dwarf.AttrLoclistsBase: &r.locationListsBase,
		attrGNURangesBase: &r.rangesBase, attrGNUAddrBase: &r.addressBase,
	} {
		if v, found := e.find(name); found {
			*base = v.number
		}
	}
	r.name = u.text(e.value(dwarf.AttrName))
	r.folder = u.text(e.value(dwarf.AttrCompDir))
	r.splitName = u.text(e.value(attrDwoName))
	if r.splitName == "" {
		r.splitName = u.text(e.value(attrGNUDwoName))
	}
	if v, found := e.find(attrGNUDwoID); found && u.version < 5 {
		u.signature = v.number
	}
	r.low, _ = u.address(e.value(dwarf.AttrLowpc))
	if v, found := e.find(dwarf.AttrStmtList); found {
		r.linesAt, r.hasLines = v.number+u.bases.lines, true
	}
	const assembler, gnuAssembler = 0x31, 0x8001
	language := e.value(dwarf.AttrLanguage).number
	r.assembler = language == assembler || language == gnuAssembler
	return nil
}
