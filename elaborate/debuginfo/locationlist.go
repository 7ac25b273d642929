package debuginfo

import (
	"errors"
	"fmt"
)

// This file reads location lists: which expression tells where a value is, by
// the address of the instruction (DWARF 5, 2.6.2, and DWARF 4, 2.6.2).

// listedExpression is an entry of a location list; one that holds wherever no
// other does is otherwise.
type listedExpression struct {
	Range
	otherwise  bool
	expression []byte
}

// listReader reads lists of one section.
type listReader struct {
	section        []byte
	format         unitFormat
	base           uint64                             // of the unit: what offsets count from
	indexedAddress func(index uint64) (uint64, error) // out of .debug_addr
}

// maxListed is how many entries a list may have.
const maxListed = 1 << 16

// The entries of .debug_loclists (DW_LLE_*), and GNU's of views, which number
// what is visible at one address.
const (
	listEnd          = 0
	listBasex        = 1
	listStartxEndx   = 2
	listStartxLength = 3
	listOffsetPair   = 4
	listDefault      = 5
	listBase         = 6
	listStartEnd     = 7
	listStartLength  = 8
	listViewPair     = 9
)

// read gives the list at an offset, without the empty ranges.
func (l *listReader) read(offset uint64) ([]listedExpression, error) {
	if offset >= uint64(len(l.section)) {
		return nil, errors.New("DWARF: a location list is out of its section")
	}
	r := &reader{data: l.section, at: int(offset), order: l.format.order}
	next := l.nextPair
	if l.format.version >= 5 {
		next = l.next
	}
	var list []listedExpression
	base := l.base
	for range maxListed {
		e, end, err := next(r, &base)
		switch {
		case err != nil:
			return nil, err
		case r.short:
			return nil, errors.New("DWARF: a location list is cut short")
		case end:
			return list, nil
		case e.otherwise || e.Low < e.High:
			list = append(list, e)
		}
	}
	return nil, errors.New("DWARF: a location list has no end")
}

// nextPair reads an entry of .debug_loc, of DWARF 2 to 4.
func (l *listReader) nextPair(r *reader, base *uint64) (e listedExpression, end bool, err error) {
	size := l.format.addressSize
	low, high := r.unsigned(size), r.unsigned(size)
	switch {
	case low == 0 && high == 0:
		return e, true, nil
	case low == 1<<(8*size-1)<<1-1: // all ones
		*base = high
		return e, false, nil
	}
	e.Range = Range{low + *base, high + *base}
	e.expression = r.next(r.unsigned(2))
	return e, false, nil
}

// next reads an entry of .debug_loclists, of DWARF 5.
func (l *listReader) next(r *reader, base *uint64) (e listedExpression, end bool, err error) {
	size := l.format.addressSize
	indexed := func() (address uint64) {
		index := r.uleb()
		if err == nil && !r.short {
			address, err = l.indexedAddress(index)
		}
		return address
	}
	switch kind := r.unsigned(1); kind {
	case listEnd:
		return e, true, nil
	case listBasex:
		*base = indexed()
		return e, false, err
	case listBase:
		*base = r.unsigned(size)
		return e, false, nil
	case listViewPair:
		r.uleb()
		r.uleb()
		return e, false, nil
	case listStartxEndx:
		e.Range = Range{indexed(), indexed()}
	case listStartxLength:
		e.Low = indexed()
		e.High = e.Low + r.uleb()
	case listOffsetPair:
		e.Low = *base + r.uleb()
		e.High = *base + r.uleb()
	case listDefault:
		e.otherwise = true
	case listStartEnd:
		e.Range = Range{r.unsigned(size), r.unsigned(size)}
	case listStartLength:
		e.Low = r.unsigned(size)
		e.High = e.Low + r.uleb()
	default:
		return e, false, fmt.Errorf("DWARF: unknown kind of entry %d in a location list", kind)
	}
	e.expression = r.next(r.uleb())
	return e, false, err
}

// expressionAt gives the expression that holds at an address; nil if none does.
func expressionAt(list []listedExpression, address uint64) []byte {
	var otherwise []byte
	for _, e := range list {
		switch {
		case e.otherwise:
			otherwise = e.expression
		case e.Low <= address && address < e.High:
			return e.expression
		}
	}
	return otherwise
}
