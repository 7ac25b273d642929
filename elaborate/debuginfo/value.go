package debuginfo

import "fmt"

// This file understands the values of attributes: what they refer to in other
// sections, other units and other files.

// text gives the string that a value is.
func (u *unit) text(v value) string { return string(u.textBytes(v)) }

// textBytes is text without a copy.
func (u *unit) textBytes(v value) []byte {
	switch v.form {
	case formString:
		return v.block
	case formStrp:
		return textAt(u.strings, v.number)
	case formLineStrp:
		return textAt(u.lineStrings, v.number)
	case formStrx, formStrx1, formStrx2, formStrx3, formStrx4, formGNUStrIndex:
		if offset, ok := u.stringOffset(v.number); ok {
			return textAt(u.strings, offset)
		}
	case formStrpSup, formGNUStrpAlt:
		if s := u.object.supplementary(); s != nil {
			return textAt(s.strings, v.number)
		}
	}
	return nil
}

// stringOffset gives the offset in .debug_str of the unit's string of that number.
func (u *unit) stringOffset(number uint64) (uint64, bool) {
	return u.indexed(u.stringOffsets, u.root.stringOffsetsBase, number, u.offsetSize)
}

// indexed gives element number of a table of offsets or addresses.
func (u *unit) indexed(section []byte, base, number uint64, size int) (uint64, bool) {
	if number > uint64(len(section)) || base > uint64(len(section)) {
		return 0, false
	}
	at := base + number*uint64(size)
	if at > uint64(len(section)) {
		return 0, false
	}
	r := reader{data: section, at: int(at), order: u.order}
	n := r.unsigned(size)
	return n, !r.short
}

// address gives the address that a value is.
func (u *unit) address(v value) (uint64, bool) {
	switch v.form {
	case formAddr:
		return v.number, true
	case formAddrx, formAddrx1, formAddrx2, formAddrx3, formAddrx4, formGNUAddrIndex:
		return u.addressAt(v.number)
	}
	return 0, false
}

// addressAt gives the unit's address of that number (.debug_addr). Those of a split
// unit are with its skeleton.
func (u *unit) addressAt(number uint64) (uint64, bool) {
	at := u
	if u.root.skeleton != nil {
		at = u.root.skeleton
	}
	return at.indexed(at.addresses, at.root.addressBase, number, at.addressSize)
}

// isConstant reports whether a value is a number of its own.
func (v value) isConstant() bool {
	switch v.form {
	case formData1, formData2, formData4, formData8, formUdata, formSdata, formImplicitConst:
		return true
	}
	return false
}

// signed gives a constant whose sign is not told by its form, as a number of that
// many bytes.
func (v value) signed() int64 {
	switch v.form {
	case formData1:
		return int64(int8(v.number))
	case formData2:
		return int64(int16(v.number))
	case formData4:
		return int64(int32(v.number))
	}
	return int64(v.number)
}

// isBlock reports whether a value is bytes: an expression or a constant.
func (v value) isBlock() bool {
	switch v.form {
	case formBlock, formBlock1, formBlock2, formBlock4, formExprloc, formData16:
		return true
	}
	return false
}

// reference gives the entry that a value refers to.
func (u *unit) reference(v value) (position, error) {
	switch v.form {
	case formRef1, formRef2, formRef4, formRef8, formRefUdata:
		if v.number >= uint64(len(u.data))-u.begin {
			return 0, errEntry
		}
		return u.position(u.begin + v.number), nil
	case formRefAddr:
		source := u.source
		if source == typesSource {
			source = infoSource
		}
		return positionOf(source, v.number), nil
	case formRefSup4, formRefSup8, formGNURefAlt:
		return positionOf(supplementarySource, v.number), nil
	case formRefSig8:
		return u.object.typeUnit(v.number)
	}
	return 0, fmt.Errorf("DWARF: a reference of form %#x", uint16(v.form))
}

// referred gives the entry that a value refers to.
func (u *unit) referred(v value) (entry, error) {
	p, err := u.reference(v)
	if err != nil {
		return entry{}, err
	}
	return u.object.entry(p)
}

// ranges appends the pieces of code that an entry's DW_AT_ranges lists.
func (u *unit) appendRanges(ranges []Range, v value) ([]Range, error) {
	if u.version >= 5 {
		return u.appendRangeList(ranges, v)
	}
	sections := u.dwarfSections
	offset := v.number
	if s := u.root.skeleton; s != nil {
		sections = s.dwarfSections
		offset += s.root.rangesBase
	}
	if offset > uint64(len(sections.ranges)) {
		return ranges, errEntry
	}
	r := reader{data: sections.ranges, at: int(offset), order: u.order}
	base := u.base()
	last := ^uint64(0) >> (64 - 8*u.addressSize)
	for {
		low, high := r.unsigned(u.addressSize), r.unsigned(u.addressSize)
		switch {
		case r.short:
			return ranges, errEntry
		case low == 0 && high == 0:
			return ranges, nil
		case low == last:
			base = high
		default:
			ranges = appendRange(ranges, base+low, base+high)
		}
	}
}

// base is what the addresses of the unit's lists are relative to.
func (u *unit) base() uint64 {
	if u.root.skeleton != nil {
		return u.root.skeleton.root.low
	}
	return u.root.low
}

// appendRange appends a piece of code, if there is one: the linker leaves addresses
// of code that it dropped at 0 or at the end of the address space.
func appendRange(ranges []Range, low, high uint64) []Range {
	if low == 0 || low >= high || low >= ^uint64(1) {
		return ranges
	}
	return append(ranges, Range{low, high})
}

// Kinds of entries in a range list (DW_RLE_*).
const (
	rangeEnd          = 0
	rangeBaseIndex    = 1
	rangeStartEndX    = 2
	rangeStartLengthX = 3
	rangeOffsetPair   = 4
	rangeBase         = 5
	rangeStartEnd     = 6
	rangeStartLength  = 7
)

func (u *unit) appendRangeList(ranges []Range, v value) ([]Range, error) {
	offset := v.number
	if v.form == formRnglistx {
		first, ok := u.indexed(u.rangeLists, u.root.rangeListsBase, v.number, u.offsetSize)
		if !ok {
			return ranges, errEntry
		}
		offset = u.root.rangeListsBase + first
	}
	if offset > uint64(len(u.rangeLists)) {
		return ranges, errEntry
	}
	r := reader{data: u.rangeLists, at: int(offset), order: u.order}
	base := u.base()
	ok := true
	at := func() uint64 {
		a, found := u.addressAt(r.uleb())
		ok = ok && found
		return a
	}
	for !r.short && ok {
		switch r.unsigned(1) {
		case rangeEnd:
			if !r.short {
				return ranges, nil
			}
		case rangeBaseIndex:
			base = at()
		case rangeStartEndX:
			low := at()
			ranges = appendRange(ranges, low, at())
		case rangeStartLengthX:
			low := at()
			ranges = appendRange(ranges, low, low+r.uleb())
		case rangeOffsetPair:
			low := base + r.uleb()
			ranges = appendRange(ranges, low, base+r.uleb())
		case rangeBase:
			base = r.unsigned(u.addressSize)
		case rangeStartEnd:
			low := r.unsigned(u.addressSize)
			ranges = appendRange(ranges, low, r.unsigned(u.addressSize))
		case rangeStartLength:
			low := r.unsigned(u.addressSize)
			ranges = appendRange(ranges, low, low+r.uleb())
		default:
			ok = false
		}
	}
	return ranges, errEntry
}

// code gives the pieces of code that an entry is about, the one with its beginning
// first.
func (u *unit) code(ranges []Range, low, high, list value) ([]Range, error) {
	if list.form != 0 {
		return u.appendRanges(ranges, list)
	}
	begin, ok := u.address(low)
	if !ok {
		return ranges, nil
	}
	end := begin + 1
	if high.isConstant() {
		end = begin + high.number
	} else if a, ok := u.address(high); ok {
		end = a
	}
	return appendRange(ranges, begin, end), nil
}
