package debuginfo

import (
	"debug/dwarf"
	"errors"
)

// Attributes that the standard library has no names for.
const (
	attrDwoName       dwarf.Attr = 0x76
	attrCallAllCalls  dwarf.Attr = 0x7a
	attrCallReturnPC  dwarf.Attr = 0x7d
	attrCallOrigin    dwarf.Attr = 0x7f
	attrCallPC        dwarf.Attr = 0x81
	attrCallTailCall  dwarf.Attr = 0x82
	attrDataBitOffset dwarf.Attr = 0x6b
	attrSignature     dwarf.Attr = 0x69
	attrGNUTailCall   dwarf.Attr = 0x2115
	attrGNUDwoName    dwarf.Attr = 0x2130
	attrGNUDwoID      dwarf.Attr = 0x2131
	attrGNURangesBase dwarf.Attr = 0x2132
	attrGNUAddrBase   dwarf.Attr = 0x2133
	attrGNUVector     dwarf.Attr = 0x2107
)

// Tags that the standard library has no names for.
const (
	tagCallSite    dwarf.Tag = 0x48
	tagGNUCallSite dwarf.Tag = 0x4109
)

// value is what an attribute says, as it is written.
type value struct {
	form   form
	number uint64 // constant, offset, index or reference
	block  []byte // of blocks, expressions and strings
}

// entry is a node of the tree that a unit is (a debugging information entry).
type entry struct {
	unit         *unit
	offset       uint64        // in the unit's section
	abbreviation *abbreviation // nil: the end of a list of children
	values       []value       // of the abbreviation's attributes
	next         uint64        // where what follows in the section begins
}

var errEntry = errors.New("DWARF: an entry is damaged or out of range")

// read reads one value.
func (u *unit) read(r *reader, f form, implicit int64) value {
	v := value{form: f}
	switch f {
	case formAddr:
		v.number = r.unsigned(u.addressSize)
	case formData1, formRef1, formFlag, formStrx1, formAddrx1:
		v.number = r.unsigned(1)
	case formData2, formRef2, formStrx2, formAddrx2:
		v.number = r.unsigned(2)
	case formStrx3, formAddrx3:
		v.number = r.unsigned(3)
	case formData4, formRef4, formStrx4, formAddrx4, formRefSup4:
		v.number = r.unsigned(4)
	case formData8, formRef8, formRefSig8, formRefSup8:
		v.number = r.unsigned(8)
	case formData16:
		v.block = r.next(16)
	case formUdata, formRefUdata, formStrx, formAddrx, formLoclistx, formRnglistx, formGNUAddrIndex, formGNUStrIndex:
		v.number = r.uleb()
	case formSdata:
		v.number = uint64(r.sleb())
	case formImplicitConst:
		v.number = uint64(implicit)
	case formFlagPresent:
		v.number = 1
	case formStrp, formLineStrp, formSecOffset, formStrpSup, formGNUStrpAlt, formGNURefAlt:
		v.number = r.unsigned(u.offsetSize)
	case formRefAddr:
		if u.version <= 2 {
			v.number = r.unsigned(u.addressSize)
		} else {
			v.number = r.unsigned(u.offsetSize)
		}
	case formString:
		v.block = r.text()
	case formBlock1:
		v.block = r.next(r.unsigned(1))
	case formBlock2:
		v.block = r.next(r.unsigned(2))
	case formBlock4:
		v.block = r.next(r.unsigned(4))
	case formBlock, formExprloc:
		v.block = r.next(r.uleb())
	case formIndirect:
		if f = form(r.uleb()); f == formIndirect || f == formImplicitConst {
			r.short = true
			return value{}
		}
		return u.read(r, f, 0)
	default:
		r.short = true // how long it is cannot be known
	}
	return v
}

// entryAt reads the entry at an offset of the unit's section.
func (u *unit) entryAt(offset uint64) (entry, error) {
	t, err := u.abbreviationTable()
	if err != nil {
		return entry{}, err
	}
	if err := u.ready(); err != nil {
		return entry{}, err
	}
	return u.entryIn(t, offset)
}

func (u *unit) entryIn(t *abbreviations, offset uint64) (entry, error) {
	if offset < u.first || offset >= uint64(len(u.data)) {
		return entry{}, errEntry
	}
	r := reader{data: u.data, at: int(offset), order: u.order}
	e := entry{unit: u, offset: offset}
	if code := r.uleb(); code != 0 {
		if e.abbreviation = t.get(code); e.abbreviation == nil {
			return entry{}, errEntry
		}
		e.values = make([]value, len(e.abbreviation.attributes))
		for i, s := range e.abbreviation.attributes {
			e.values[i] = u.read(&r, s.form, s.implicit)
		}
	}
	if r.short {
		return entry{}, errEntry
	}
	e.next = uint64(r.at)
	return e, nil
}

func (e *entry) position() position { return e.unit.position(e.offset) }

func (e *entry) tag() dwarf.Tag {
	if e.abbreviation == nil {
		return 0
	}
	return e.abbreviation.tag
}

// find gives the value of an attribute of the entry itself.
func (e *entry) find(name dwarf.Attr) (value, bool) {
	if e.abbreviation == nil {
		return value{}, false
	}
	for i := range e.abbreviation.attributes {
		if e.abbreviation.attributes[i].name == name {
			return e.values[i], true
		}
	}
	return value{}, false
}

// value gives the value of an attribute, one without a form if there is none.
func (e *entry) value(name dwarf.Attr) value {
	v, _ := e.find(name)
	return v
}

func (e *entry) flag(name dwarf.Attr) bool { return e.value(name).number != 0 }

// maxOrigins is how many entries are followed from one to the other for what the
// first leaves to them.
const maxOrigins = 16

// lookup gives the value of an attribute, of the entry or of that which it is an
// instance of or completes, and the entry that has it.
func (e *entry) lookup(name dwarf.Attr) (v value, at entry, found bool) {
	at = *e
	for range maxOrigins {
		if v, found = at.find(name); found {
			return v, at, true
		}
		next, ok := at.origin()
		if !ok {
			break
		}
		at = next
	}
	return value{}, entry{}, false
}

// origin gives the entry that this is an instance of or completes.
func (e *entry) origin() (entry, bool) {
	for _, name := range []dwarf.Attr{dwarf.AttrAbstractOrigin, dwarf.AttrSpecification} {
		if v, found := e.find(name); found {
			if origin, err := e.unit.referred(v); err == nil {
				return origin, true
			}
		}
	}
	return entry{}, false
}

// outermost follows origins to their end.
func (e *entry) outermost() entry {
	at := *e
	for range maxOrigins {
		next, ok := at.origin()
		if !ok {
			break
		}
		at = next
	}
	return at
}

// name gives the entry's name; "" if it has none.
func (e *entry) name() string {
	v, at, found := e.lookup(dwarf.AttrName)
	if !found {
		return ""
	}
	return at.unit.text(v)
}

// children calls visit for the entry's children until it returns false, with what
// is to be read below them left to visit.
func (e *entry) children(visit func(child *entry) bool) error {
	if e.abbreviation == nil || !e.abbreviation.children {
		return nil
	}
	at := e.next
	for {
		child, err := e.unit.entryAt(at)
		if err != nil {
			return err
		}
		if child.abbreviation == nil || !visit(&child) {
			return nil
		}
		if at, err = child.end(); err != nil {
			return err
		}
	}
}

// end gives the offset behind the entry and all below it.
func (e *entry) end() (uint64, error) {
	if e.abbreviation == nil || !e.abbreviation.children {
		return e.next, nil
	}
	if v, found := e.find(dwarf.AttrSibling); found {
		if p, err := e.unit.reference(v); err == nil && p.source() == e.unit.source &&
			p.offset() > e.next && p.offset() < uint64(len(e.unit.data)) {
			return p.offset(), nil
		}
		return 0, errEntry
	}
	at := e.next
	for depth := 1; depth > 0; {
		inner, err := e.unit.entryAt(at)
		if err != nil {
			return 0, err
		}
		at = inner.next
		switch {
		case inner.abbreviation == nil:
			depth--
		case inner.abbreviation.children:
			if v, found := inner.find(dwarf.AttrSibling); found {
				p, err := inner.unit.reference(v)
				if err != nil || p.offset() < at || p.offset() > uint64(len(e.unit.data)) {
					return 0, errEntry
				}
				at = p.offset()
				continue
			}
			depth++
		}
	}
	return at, nil
}
