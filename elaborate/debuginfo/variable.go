package debuginfo

import (
	"debug/dwarf"
	"errors"
	"slices"
)

// variableAttributes is what an entry says of where a variable is, as it is written.
type variableAttributes struct {
	unit          *unit
	expression    []byte // nil if there is none
	list          int64  // offset in .debug_loclists (DWARF 5) or .debug_loc; -1: there is none
	constant      []byte // the value itself, in the byte order of the target; nil if there is none
	frameBase     []byte // of the function around it: an expression,
	frameBaseList int64  // or the offset of a list; -1: there is none
	function      position
}

// Variables gives the variables that the source has at an address of a copy: those
// of the innermost block first, then those of the blocks around it, then the
// function's parameters and other variables. They have the Type nil if it is not
// known.
func (o *Object) Variables(c *Code, at Address) ([]*Variable, error) {
	x, n, err := o.copyOf(c)
	if err != nil {
		return nil, err
	}
	e, err := o.entryOf(c)
	if err != nil {
		return nil, err
	}
	address, ok := o.image.Linear(at)
	if !ok {
		return nil, ErrNoCode
	}
	around := e
	if outer := x.outermost(n); outer != n {
		if around, err = o.entry(x.copy(outer).position); err != nil {
			return nil, o.damaged(err)
		}
	}
	s := scope{object: o, address: address, function: around.position(), left: len(e.unit.data)}
	s.frameBase, s.frameBaseList = around.frameBase()
	if err := s.collect(e, maxBlocks); err != nil {
		return nil, o.damaged(err)
	}
	return s.variables, nil
}

// frameBase gives what the places of a function's variables are relative to.
func (e *entry) frameBase() (expression []byte, list int64) {
	v, at, found := e.lookup(dwarf.AttrFrameBase)
	if !found {
		return nil, -1
	}
	if v.isBlock() {
		return v.block, -1
	}
	return nil, at.unit.listAt(v)
}

// listAt gives the offset of the list of locations that a value refers to; -1
// if it refers to none.
func (u *unit) listAt(v value) int64 {
	offset := v.number
	switch v.form {
	case formSecOffset, formData4, formData8:
		if u.version < 5 {
			offset += u.bases.locations
		}
	case formLoclistx:
		first, ok := u.indexed(u.locationLists, u.root.locationListsBase, v.number, u.offsetSize)
		if !ok {
			return -1
		}
		offset = u.root.locationListsBase + first
	default:
		return -1
	}
	if offset >= 1<<62 {
		return -1
	}
	return int64(offset)
}

// scope collects the variables of a function and its blocks.
type scope struct {
	object        *Object
	address       uint64
	function      position
	frameBase     []byte
	frameBaseList int64
	variables     []*Variable
	left          int // entries that may be read, as in codeWalk
}

// collect adds what can be seen in a function or block: first what is in the blocks
// below that hold the address.
func (s *scope) collect(e entry, depth int) error {
	var own []*Variable
	var problem error
	instances := map[position]bool{} // what the children are instances of
	err := e.children(func(child *entry) bool {
		if s.left--; s.left < 0 || depth == 0 {
			problem = errEntry
			return false
		}
		if origin, ok := child.origin(); ok {
			instances[origin.position()] = true
		}
		switch {
		case child.isVariable():
			if v := s.object.variable(child, s.frameBase, s.frameBaseList, s.function); v != nil {
				own = append(own, v)
			}
		case child.isBlock():
			problem = s.block(child, depth-1)
		}
		return problem == nil
	})
	if err = errors.Join(err, problem); err != nil {
		return err
	}
	if origin, ok := e.origin(); ok {
		missing, err := s.uninstantiated(origin, instances, depth)
		if err != nil {
			return err
		}
		own = append(own, missing...)
		if !e.isBlock() {
			sortParameters(own)
		}
	}
	s.variables = append(s.variables, own...)
	return nil
}

// block adds what can be seen in a block. Of one that no code is left of, that is what
// is static.
func (s *scope) block(e *entry, depth int) error {
	low, list := e.value(dwarf.AttrLowpc), e.value(dwarf.AttrRanges)
	if low.form == 0 && list.form == 0 {
		before := len(s.variables)
		err := s.collect(*e, depth)
		added := slices.DeleteFunc(s.variables[before:], func(v *Variable) bool {
			return len(v.attributes.expression) == 0 || !isFixed(v.attributes.expression[0])
		})
		s.variables = s.variables[:before+len(added)]
		return err
	}
	ranges, err := e.unit.code(nil, low, e.value(dwarf.AttrHighpc), list)
	if err != nil || !inRanges(ranges, s.address) {
		return err
	}
	return s.collect(*e, depth)
}

// uninstantiated gives the variables of what a copy is an instance of that the copy
// has no entries for: the compiler left them out, or they are static. Of blocks that
// the copy is without it gives the static ones.
func (s *scope) uninstantiated(origin entry, instances map[position]bool, depth int) ([]*Variable, error) {
	var missing []*Variable
	var problem error
	err := origin.children(func(child *entry) bool {
		if s.left--; s.left < 0 {
			problem = errEntry
			return false
		}
		if instances[child.position()] {
			return true
		}
		if child.isVariable() {
			if v := s.object.variable(child, s.frameBase, s.frameBaseList, s.function); v != nil {
				missing = append(missing, v)
			}
		} else if child.isBlock() {
			problem = s.block(child, depth-1)
		}
		return problem == nil
	})
	return missing, errors.Join(err, problem)
}

// isVariable reports whether an entry is a variable or a parameter.
func (e *entry) isVariable() bool {
	return e.tag() == dwarf.TagFormalParameter || e.tag() == dwarf.TagVariable
}

// sortParameters puts parameters first, and both in the order of the source as far as
// lines tell it.
func sortParameters(variables []*Variable) {
	slices.SortStableFunc(variables, func(a, b *Variable) int {
		switch {
		case a.Parameter == b.Parameter:
			if a.Parameter {
				return a.order - b.order
			}
			return 0
		case a.Parameter:
			return -1
		}
		return 1
	})
}

// variable reads the entry of a variable; nil if it has no name.
func (o *Object) variable(e *entry, frameBase []byte, frameBaseList int64, function position) *Variable {
	name := e.name()
	if name == "" {
		return nil
	}
	v := &Variable{Name: name, Parameter: e.tag() == dwarf.TagFormalParameter}
	v.File, v.Line = e.declared()
	_, _, v.External = e.lookup(dwarf.AttrExternal)
	outermost := e.outermost()
	v.order = int(outermost.offset)
	if t, at, found := e.lookup(dwarf.AttrType); found {
		if resolved, err := at.unit.typeOf(t); err == nil {
			v.Type = resolved
		}
		v.written = at.unit.laterWritten(t)
	}
	v.attributes = variableAttributes{
		unit: e.unit, list: -1, frameBase: frameBase, frameBaseList: frameBaseList, function: function,
	}
	if location, at, found := e.lookup(dwarf.AttrLocation); found {
		v.attributes.unit = at.unit
		if location.isBlock() {
			v.attributes.expression = location.block
		} else {
			v.attributes.list = at.unit.listAt(location)
		}
	} else if constant, at, found := e.lookup(dwarf.AttrConstValue); found {
		v.attributes.unit = at.unit
		v.attributes.constant = at.constantBytes(constant, v.Type)
	}
	return v
}

// constantBytes gives the bytes of a constant value.
func (e *entry) constantBytes(v value, t Type) []byte {
	switch {
	case v.form == formString:
		return append(slices.Clone(v.block), 0)
	case v.isBlock():
		return v.block
	case !v.isConstant():
		return append([]byte(e.unit.text(v)), 0)
	}
	number := v.number
	size := SizeOf(t)
	if v.form != formSdata && v.form != formImplicitConst && v.form != formUdata && isSigned(t) {
		number = uint64(v.signed())
	}
	b := make([]byte, 8)
	e.unit.order.PutUint64(b, number)
	if size < 1 || size > 8 {
		return b
	}
	if e.unit.order.String() == "BigEndian" {
		return b[8-size:]
	}
	return b[:size]
}

func isSigned(t Type) bool {
	switch t := t.(type) {
	case *Int:
		return t.Signed
	case *Enum:
		return t.Signed
	}
	return false
}

// Global gives the variable of that name that is outside of functions, or static in
// one, and whose file, relative to the source's top, matches; nil matches all.
// ErrNoVariable if there is none.
func (o *Object) Global(name string, file func(string) bool) (*Variable, error) {
	variables, err := o.globals(name, file)
	if err != nil {
		return nil, err
	}
	if len(variables) > 0 {
		return variables[0], nil
	}
	return o.declared(name, file)
}

// External gives the variable of that name that all files can name: one that is not
// static. ErrNoVariable if there is none.
func (o *Object) External(name string) (*Variable, error) {
	variables, err := o.globals(name, nil)
	if err != nil {
		return nil, err
	}
	for _, v := range variables {
		if v.External {
			return v, nil
		}
	}
	return o.declared(name, nil)
}

// declared gives a variable that DWARF only declares: what a symbol is there for was
// defined by the linker or in assembler.
func (o *Object) declared(name string, file func(string) bool) (*Variable, error) {
	x, err := o.ready()
	if err != nil {
		return nil, err
	}
	p, found := x.named(name, dwarf.TagVariable)
	if !found {
		return nil, ErrNoVariable
	}
	e, err := o.entry(p)
	if err != nil {
		return nil, o.damaged(err)
	}
	v := o.variable(&e, nil, -1, 0)
	symbol, found := o.symbol(name)
	if v == nil || !found || file != nil && !file(v.File) {
		return nil, ErrNoVariable
	}
	address := make([]byte, 8)
	e.unit.order.PutUint64(address, symbol)
	if e.unit.order.String() == "BigEndian" {
		address = address[8-e.unit.addressSize:]
	}
	v.attributes.expression = append([]byte{operationAddress}, address[:e.unit.addressSize]...)
	return v, nil
}

// symbol gives the address of the global symbol of that name.
func (o *Object) symbol(name string) (uint64, bool) {
	symbols, err := o.image.Symbols()
	if err != nil {
		return 0, false
	}
	for i := range symbols {
		if s := &symbols[i]; s.Name == name && s.Global {
			return o.image.Linear(s.Address)
		}
	}
	return 0, false
}

// ErrNoVariable says that there is no variable of a name.
var ErrNoVariable = errors.New("no such variable")

// globals gives the variables of a name in files that end in file, those outside of
// functions first.
func (o *Object) globals(name string, file func(string) bool) ([]*Variable, error) {
	x, err := o.ready()
	if err != nil {
		return nil, err
	}
	var variables []*Variable
	first, last := x.search(x.variables, variableSize, name)
	for n := first; n < last; n++ {
		b := x.variables[n*variableSize:]
		if file != nil && !file(x.file(little.Uint32(b[4:]))) {
			continue
		}
		e, err := o.entry(position(little.Uint64(b[8:])))
		if err != nil {
			return nil, o.damaged(err)
		}
		if v := o.variable(&e, nil, -1, 0); v != nil {
			variables = append(variables, v)
		}
	}
	return variables, nil
}
