package debuginfo

import (
	"bytes"
	"debug/dwarf"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
)

// This file finds out where a variable is: it joins what the entries of .debug_info
// say with the lists, frames and code of the file.

// Location tells where a variable is at an instruction, for which the zero Address
// stands if it is outside of functions; *OptimizedOutError if it is nowhere. Other
// errors say what it is that cannot be read.
func (o *Object) Location(v *Variable, at Address) (*Location, error) {
	address, ok := o.image.Linear(at)
	if !ok && at != (Address{}) {
		return nil, ErrNoCode
	}
	a := &v.attributes
	if a.unit == nil {
		return nil, &OptimizedOutError{Name: v.Name}
	}
	if a.unit.order != binary.ByteOrder(binary.LittleEndian) || a.unit.addressSize != 8 {
		return nil, errors.New("it is of a machine that is not 64-bit and little-endian")
	}
	address = o.behindRoom(a.function, address)
	m := &moment{
		address:   address,
		atEntry:   o.isEntry(a.function, address),
		frameBase: valueSource{unit: a.unit, list: a.frameBaseList, expression: a.frameBase},
		cfa:       func() (callFrameAddress, error) { return o.callFrameAddress(address) },
		place:     o.dataPlace,
		steps:     maxSteps,
	}
	s := valueSource{unit: a.unit, constant: a.constant, list: a.list, expression: a.expression}
	location, err := m.locate(s, 0)
	switch {
	case errors.Is(err, errNowhere):
		return nil, &OptimizedOutError{Name: v.Name, Available: o.inSection(m.available(s), at.Section), Entry: m.entryOnly}
	case err != nil:
		return nil, err
	}
	return location, o.checkRegisters(location, maxExpressions)
}

// checkRegisters refuses registers that a probe does not have.
func (o *Object) checkRegisters(l *Location, depth int) error {
	last := o.image.machine().lastRegister
	if l == nil || depth == 0 {
		return nil
	}
	for _, p := range l.Pieces {
		numbers := []int{}
		if p.Kind == InRegister {
			numbers = append(numbers, p.Register)
		}
		for _, operation := range p.Operations {
			if operation.Code == OpRegister {
				numbers = append(numbers, operation.Register)
			}
		}
		for _, n := range numbers {
			if n > last {
				return fmt.Errorf("it is in register %d, which a probe does not have", n)
			}
		}
		if err := o.checkRegisters(p.Target, depth-1); err != nil {
			return err
		}
	}
	return nil
}

// dataPlace gives the place of an address that an expression has.
func (o *Object) dataPlace(address uint64) (Address, error) {
	if begin, size, ok := o.image.SectionAddress(PerCPUSection); ok && address >= begin && address-begin < size {
		if o.image.base != nil {
			address -= begin
		}
		return Address{Section: PerCPUSection, Offset: address}, nil
	}
	a, ok := o.image.Place(address)
	if !ok {
		return Address{}, fmt.Errorf("DWARF: address %#x is in no section", address)
	}
	return a, nil
}

// behindRoom gives, for an address in the room for a tracer that a function begins with
// and DWARF does not count as its code, the address behind that; others as they are.
func (o *Object) behindRoom(function position, address uint64) uint64 {
	room := o.image.machine().room
	if room == 0 {
		return address
	}
	e, err := o.entry(function)
	if err != nil || e.tag() != dwarf.TagSubprogram {
		return address
	}
	ranges, err := e.unit.code(nil, e.value(dwarf.AttrLowpc), e.value(dwarf.AttrHighpc), e.value(dwarf.AttrRanges))
	if err == nil && len(ranges) > 0 && address < ranges[0].Low && ranges[0].Low-address <= room {
		return ranges[0].Low
	}
	return address
}

// isEntry reports whether registers at an address have what they had when the
// function was entered.
func (o *Object) isEntry(function position, address uint64) bool {
	e, err := o.entry(function)
	if err != nil || e.tag() != dwarf.TagSubprogram {
		return false
	}
	ranges, err := e.unit.code(nil, e.value(dwarf.AttrLowpc), e.value(dwarf.AttrHighpc), e.value(dwarf.AttrRanges))
	const farthest = 32
	if err != nil || len(ranges) == 0 || address < ranges[0].Low || address-ranges[0].Low > farthest {
		return false
	}
	code, err := o.image.At(ranges[0].Low, int(address-ranges[0].Low))
	return err == nil && o.changesNothing(code)
}

// changesNothing reports whether code consists of what compilers put in front of a
// function for the kernel: the mark of a branch's target, and the call of a tracer,
// which saves what it uses, or the room for one.
func (o *Object) changesNothing(code []byte) bool {
	machine := o.image.machine()
	for len(code) > 0 {
		n := 0
		for _, i := range machine.harmless {
			if bytes.HasPrefix(code, []byte(i)) {
				n = len(i)
			}
		}
		if machine.callSize > 0 && code[0] == machine.call && len(code) >= machine.callSize {
			n = machine.callSize
		}
		if n == 0 {
			return false
		}
		code = code[n:]
	}
	return true
}

// frames holds the file's tables of frames, once one is needed.
type frames struct {
	once   sync.Once
	tables []*frameTable
	err    error
}

// callFrameAddress tells what the CFA is at an instruction.
func (o *Object) callFrameAddress(address uint64) (callFrameAddress, error) {
	f := &o.frames
	f.once.Do(func() {
		for _, name := range []string{".debug_frame", ".eh_frame"} {
			exception := name == ".eh_frame"
			if exception && o.image.base != nil { // its addresses are not relocated
				continue
			}
			data, err := o.image.Section(name)
			if err == nil && len(data) > 0 {
				begin, _, _ := o.image.SectionAddress(name)
				var t *frameTable
				if t, err = newFrameTable(data, o.image.Order, 8, exception, begin); err == nil {
					f.tables = append(f.tables, t)
				}
			}
			f.err = errors.Join(f.err, err)
		}
	})
	for _, t := range f.tables {
		if c, err := t.at(address); !errors.Is(err, errNoFrame) {
			return c, err
		}
	}
	return callFrameAddress{}, errors.Join(errNoFrame, f.err)
}

func (u *unit) format() unitFormat {
	return unitFormat{order: u.order, version: u.version, addressSize: u.addressSize, offsetSize: u.offsetSize}
}

func (u *unit) indexedAddress(index uint64) (uint64, error) {
	a, ok := u.addressAt(index)
	if !ok {
		return 0, errEntry
	}
	return a, nil
}

func (u *unit) baseType(offset uint64) (Type, error) {
	if offset >= uint64(len(u.data))-u.begin {
		return nil, errEntry
	}
	return u.object.typeAt(u.position(u.begin + offset))
}

func (u *unit) sourceAt(offset uint64, inUnit bool) (valueSource, error) {
	p := positionOf(infoSource, offset)
	switch {
	case inUnit:
		p = u.position(u.begin + offset)
	case u.source != typesSource:
		p = u.position(offset)
	}
	e, err := u.object.entry(p)
	if err != nil {
		return valueSource{}, err
	}
	s := valueSource{unit: u, list: -1}
	if v, at, found := e.lookup(dwarf.AttrLocation); found {
		s.unit = at.unit
		if v.isBlock() {
			s.expression = v.block
		} else {
			s.list = at.unit.listAt(v)
		}
	} else if v, at, found := e.lookup(dwarf.AttrConstValue); found {
		var t Type
		if reference, in, found := e.lookup(dwarf.AttrType); found {
			if t, err = in.unit.typeOf(reference); err != nil {
				return valueSource{}, err
			}
		}
		s.unit, s.constant = at.unit, at.constantBytes(v, t)
	}
	return s, nil
}

func (u *unit) locationList(offset uint64) ([]listedExpression, error) {
	l := &listReader{section: u.locations, format: u.format(), base: u.base(), indexedAddress: u.indexedAddress}
	if u.version >= 5 {
		l.section = u.locationLists
	}
	return l.read(offset)
}
