package debuginfo

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// This file decodes DWARF expressions (DWARF 5, 2.5 and 2.6): bytes that are a
// program for a machine with a stack, and say of a value where it is or how to
// compute it. Nothing is executed here. What an expression refers to is put in
// its place, so that an emitter needs nothing else:
//
//	DW_OP_fbreg -24                  RSP + 8 - 24      OpRegister 7, -16
//	DW_OP_entry_value (DW_OP_reg5)   RDI at the entry  OpRegister 5, 0
//	DW_OP_lit3, DW_OP_plus           3, added          OpConstant 3, OpPlus

// locationUnit is what expressions and location lists of one unit of .debug_info
// refer to outside of themselves.
type locationUnit interface {
	format() unitFormat
	// indexedAddress gives an address out of .debug_addr.
	indexedAddress(index uint64) (uint64, error)
	// baseType gives the type at an offset in the unit.
	baseType(offset uint64) (Type, error)
	// sourceAt tells where the value of another entry is: offset counts from the
	// beginning of .debug_info, or with inUnit from that of the unit.
	sourceAt(offset uint64, inUnit bool) (valueSource, error)
	// locationList gives what a list of the unit at an offset of its section says.
	locationList(offset uint64) ([]listedExpression, error)
}

// unitFormat is how numbers of a unit are written.
type unitFormat struct {
	order       binary.ByteOrder
	version     int
	addressSize int // bytes
	offsetSize  int // of offsets in sections: 4, or 8 in 64-bit DWARF
}

// valueSource is what an entry of .debug_info says of where its value is: a
// constant, a list, or an expression, the first of them that there is.
type valueSource struct {
	unit       locationUnit
	constant   []byte
	list       int64 // -1: none
	expression []byte
}

// moment is the instruction that expressions are decoded for.
type moment struct {
	address   uint64
	atEntry   bool        // registers have what they had when the function was entered
	frameBase valueSource // of the function
	cfa       func() (callFrameAddress, error)
	place     func(address uint64) (Address, error)
	steps     int  // operators that may still be decoded
	entryOnly bool // something was found that is known at the function's entry only
}

// The limits of one location: of damaged expressions, which may call each other.
const (
	maxSteps       = 10_000
	maxExpressions = 16 // inside each other
)

var errEntryValue = errors.New("it is known only as it was when the function was entered")

// decoder reads one expression.
type decoder struct {
	*moment
	reader
	unit       locationUnit
	unitFormat unitFormat
	depth      int

	location   Location
	operations []Operation
	closed     *Piece // what can only be followed by the end of a piece
	begin      int    // of the piece: an offset in the expression
	positions  map[int]int
	branches   []branch
	unknown    bool // the piece is made of what is not known at this instruction
}

// branch is one that is yet to be told how far it goes.
type branch struct{ operation, target int }

func (m *moment) decoder(unit locationUnit, expression []byte, depth int) (*decoder, error) {
	if depth > maxExpressions {
		return nil, errors.New("DWARF: expressions refer to each other without end")
	}
	f := unit.format()
	return &decoder{
		moment: m, reader: reader{data: expression, order: f.order}, unit: unit, unitFormat: f, depth: depth,
		positions: map[int]int{},
	}, nil
}

// decode gives the location that an expression describes.
func (m *moment) decode(unit locationUnit, expression []byte, depth int) (*Location, error) {
	d, err := m.decoder(unit, expression, depth)
	if err != nil {
		return nil, err
	}
	if err := d.run(); err != nil {
		return nil, err
	}
	if len(d.location.Pieces) == 0 || d.closed != nil || len(d.operations) > 0 {
		if err := d.endPiece(0, 0); err != nil {
			return nil, err
		}
	}
	return &d.location, nil
}

func (d *decoder) run() error {
	for d.at < len(d.data) {
		if d.steps--; d.steps < 0 {
			return errors.New("DWARF: an expression is too long")
		}
		d.positions[d.at] = len(d.operations)
		code := standard(byte(d.unsigned(1)))
		if d.closed != nil && code != opPiece && code != opBitPiece && code != opNop {
			return fmt.Errorf("DWARF: operator %#x stands behind the end of an expression", code)
		}
		if err := d.operator(code); err != nil {
			return err
		}
		if d.short {
			return errors.New("DWARF: an expression is cut short")
		}
	}
	d.positions[d.at] = len(d.operations)
	return nil
}

// endPiece takes what was read as a piece of that many bits; 0: as the whole.
func (d *decoder) endPiece(bits, offset uint64) error {
	const most = 1 << 20
	if bits > most || offset > most {
		return errors.New("DWARF: a piece of a value is too large")
	}
	p := Piece{Kind: InMemory}
	switch {
	case d.closed != nil:
		p = *d.closed
	case len(d.operations) == 0:
		p.Kind = Unavailable
	}
	if p.Kind == InMemory || p.Kind == IsValue {
		if err := d.settleBranches(); err != nil {
			return err
		}
		p.Operations = d.operations
	}
	if d.unknown {
		p = Piece{Kind: Unavailable}
	}
	p.Bits, p.BitOffset = int(bits), int(offset)
	d.location.Pieces = append(d.location.Pieces, p)
	d.operations, d.closed, d.branches, d.unknown, d.begin = nil, nil, nil, false, d.at
	return nil
}

// settleBranches tells each branch how far it goes, in operations.
func (d *decoder) settleBranches() error {
	for _, b := range d.branches {
		position, ok := d.positions[b.target]
		if !ok || b.target < d.begin {
			return errors.New("DWARF: a branch leads out of its expression")
		}
		d.operations[b.operation].Number = int64(position - b.operation - 1)
	}
	return nil
}

func (d *decoder) emit(o ...Operation) { d.operations = append(d.operations, o...) }

func (d *decoder) constant(n int64) { d.emit(Operation{Code: OpConstant, Number: n}) }

// value gives the operations that leave on the stack what an expression is
// about: the value of a register or of the expression, or an address.
func (d *decoder) value(unit locationUnit, expression []byte) ([]Operation, error) {
	location, err := d.decode(unit, expression, d.depth+1)
	if err != nil {
		return nil, err
	}
	if len(location.Pieces) != 1 {
		return nil, errors.New("DWARF: an expression inside another one has several pieces")
	}
	switch p := location.Pieces[0]; p.Kind {
	case InRegister:
		return []Operation{{Code: OpRegister, Register: p.Register}}, nil
	case InMemory, IsValue:
		return p.Operations, nil
	}
	return nil, errEntryValue
}

// use puts the value of another expression on the stack, or notes that it is not
// known here.
func (d *decoder) use(operations []Operation, err error) error {
	if errors.Is(err, errEntryValue) {
		d.unknown, d.entryOnly = true, true
		d.constant(0)
		return nil
	}
	d.emit(operations...)
	return err
}

// operator decodes one operator that has been read, with its operands.
func (d *decoder) operator(code byte) error {
	switch {
	case code >= opLit0 && code < opReg0:
		d.constant(int64(code - opLit0))
		return nil
	case code >= opReg0 && code < opBreg0:
		d.closed = &Piece{Kind: InRegister, Register: int(code - opReg0)}
		return nil
	case code >= opBreg0 && code < opRegx:
		d.emit(Operation{Code: OpRegister, Register: int(code - opBreg0), Number: d.sleb()})
		return nil
	}
	switch code {
	case opNop:
	case opConst1u, opConst2u, opConst4u, opConst8u, opConst1s, opConst2s, opConst4s, opConst8s, opConstu, opConsts, opConstType, opConstx:
		return d.constantOperator(code)
	case OpDrop, OpSwap, OpRotate, OpAbs, OpAnd, OpDivide, OpMinus, OpModulo, OpMultiply, OpNegate, OpNot, OpOr, OpPlus,
		OpShiftLeft, OpShiftRight, OpShiftRightSigned, OpXor, OpEqual, OpGreaterEqual, OpGreater, OpLessEqual, OpLess, OpNotEqual:
		d.emit(Operation{Code: code})
	case opDup:
		d.emit(Operation{Code: OpPick})
	case opOver:
		d.emit(Operation{Code: OpPick, Number: 1})
	case OpPick:
		d.emit(Operation{Code: OpPick, Number: int64(d.unsigned(1))})
	case opPlusUconst:
		d.add(int64(d.uleb()))
	case OpBranch, OpSkip:
		distance := int(int16(d.unsigned(2)))
		d.branches = append(d.branches, branch{len(d.operations), d.at + distance})
		d.emit(Operation{Code: code})
	case opDeref:
		d.emit(Operation{Code: OpDereference, Number: int64(d.unitFormat.addressSize)})
	case OpDereference, opDerefType:
		return d.dereference(code)
	case OpConvert, opReinterpret:
		return d.convert(d.uleb())
	case OpAddr:
		return d.address(d.unsigned(d.unitFormat.addressSize), nil)
	case opAddrx:
		return d.address(d.unit.indexedAddress(d.uleb()))
	default:
		return d.placeOperator(code)
	}
	return nil
}

// placeOperator decodes the operators about registers, frames, pieces and other
// entries.
func (d *decoder) placeOperator(code byte) error {
	switch code {
	case opRegx:
		register, err := registerNumber(d.uleb())
		d.closed = &Piece{Kind: InRegister, Register: register}
		return err
	case OpRegister:
		register, err := registerNumber(d.uleb())
		d.emit(Operation{Code: OpRegister, Register: register, Number: d.sleb()})
		return err
	case opRegvalType:
		register, err := registerNumber(d.uleb())
		if err != nil {
			return err
		}
		d.emit(Operation{Code: OpRegister, Register: register})
		return d.convert(d.uleb())
	case opFbreg:
		return d.frameOffset(d.sleb())
	case opCallFrameCFA:
		return d.use(d.callFrameAddress())
	case opEntryValue:
		block := d.next(d.uleb())
		if !d.atEntry {
			return d.use(nil, errEntryValue)
		}
		return d.use(d.value(d.unit, block))
	case opStackValue:
		d.closed = &Piece{Kind: IsValue}
	case opImplicitValue:
		d.closed = &Piece{Kind: IsBytes, Bytes: d.next(d.uleb())}
	case opImplicitPointer:
		return d.implicitPointer()
	case opPiece:
		if n := d.uleb(); n > 0 {
			return d.endPiece(min(n, 1<<40)*8, 0)
		}
	case opBitPiece:
		if bits, offset := d.uleb(), d.uleb(); bits > 0 {
			return d.endPiece(bits, offset)
		}
	case opCall2, opCall4, opCallRef:
		return d.call(code)
	case opGNUParameterRef: // what a caller would have passed
		d.unsigned(4)
		d.unknown = true
		d.constant(0)
	default:
		return refusal(code)
	}
	return nil
}

// refusal says why an operator is not decoded.
func refusal(code byte) error {
	switch code {
	case opFormTLSAddress:
		return errors.New("it belongs to a thread, whose own memory cannot be found from a probe")
	case opXderef, opXderefSize, opXderefType:
		return errors.New("it is in another address space")
	case opPushObjectAddress:
		return errors.New("it is a part of an object that nothing names")
	case opGNUVariableValue, opGNUEncodedAddr:
		return errors.New("its description refers to what is known only while the function runs")
	}
	return fmt.Errorf("DWARF: unknown operator %#x in an expression", code)
}

// registerNumber checks the number of a register, so that it fits an int.
func registerNumber(n uint64) (int, error) {
	const most = 1 << 16
	if n > most {
		return 0, fmt.Errorf("DWARF: there is no register %d", n)
	}
	return int(n), nil
}

func (d *decoder) constantOperator(code byte) error {
	switch code {
	case opConst1u:
		d.constant(int64(d.unsigned(1)))
	case opConst2u:
		d.constant(int64(d.unsigned(2)))
	case opConst4u:
		d.constant(int64(d.unsigned(4)))
	case opConst8u, opConst8s:
		d.constant(int64(d.unsigned(8)))
	case opConst1s:
		d.constant(int64(int8(d.unsigned(1))))
	case opConst2s:
		d.constant(int64(int16(d.unsigned(2))))
	case opConst4s:
		d.constant(int64(int32(d.unsigned(4))))
	case opConstu:
		d.constant(int64(d.uleb()))
	case opConsts:
		d.constant(d.sleb())
	case opConstx:
		n, err := d.unit.indexedAddress(d.uleb())
		d.constant(int64(n))
		return err
	case opConstType:
		t := d.uleb()
		n := d.unsigned(1)
		if n == 0 || n > 8 {
			return errors.New("it is made of numbers that do not fit a register")
		}
		d.constant(int64(d.unsigned(int(n))))
		return d.convert(t)
	}
	return nil
}

// add adds a constant to the top of the stack.
func (d *decoder) add(n int64) {
	d.emit(Operation{Code: OpConstant, Number: n}, Operation{Code: OpPlus})
}

// convert makes the top of the stack one of the type at an offset of the unit.
func (d *decoder) convert(t uint64) error {
	if t == 0 {
		d.emit(Operation{Code: OpConvert})
		return nil
	}
	found, err := d.unit.baseType(t)
	if err != nil {
		return err
	}
	o := Operation{Code: OpConvert}
	switch found := found.(type) {
	case *Int:
		o.Number, o.Signed = int64(found.Size), found.Signed
	case *Enum:
		o.Number, o.Signed = int64(found.Size), found.Signed
	case *Float:
		return errors.New("it is computed with floating-point numbers")
	default:
		return errors.New("DWARF: an expression makes a number one of a type that has none")
	}
	if o.Number != 1 && o.Number != 2 && o.Number != 4 && o.Number != 8 {
		return errors.New("it is made of numbers that do not fit a register")
	}
	d.emit(o)
	return nil
}

func (d *decoder) dereference(code byte) error {
	size := d.unsigned(1)
	if size != 1 && size != 2 && size != 4 && size != 8 {
		return fmt.Errorf("DWARF: an expression reads %d bytes of memory", size)
	}
	d.emit(Operation{Code: OpDereference, Number: int64(size)})
	if code == opDerefType {
		return d.convert(d.uleb())
	}
	return nil
}

func (d *decoder) address(address uint64, err error) error {
	if err != nil {
		return err
	}
	a, err := d.place(address)
	if err != nil {
		return err
	}
	d.emit(Operation{Code: OpAddr, Number: int64(a.Offset), Section: a.Section})
	return nil
}

// frameOffset is an address n bytes behind the frame base.
func (d *decoder) frameOffset(n int64) error {
	s := d.frameBase
	if s.unit == nil || s.list < 0 && s.expression == nil {
		return errors.New("DWARF: the function has no frame base")
	}
	expression := s.expression
	if s.list >= 0 {
		listed, err := s.unit.locationList(uint64(s.list))
		if err != nil {
			return err
		}
		if expression = expressionAt(listed, d.moment.address); expression == nil {
			return errors.New("DWARF: the function has no frame base here")
		}
	}
	base, err := d.value(s.unit, expression)
	if err != nil {
		return err
	}
	if len(base) == 1 && base[0].Code == OpRegister {
		d.emit(Operation{Code: OpRegister, Register: base[0].Register, Number: base[0].Number + n})
		return nil
	}
	d.emit(base...)
	d.add(n)
	return nil
}

// callFrameAddress gives the operations that compute the CFA.
func (d *decoder) callFrameAddress() ([]Operation, error) {
	if d.cfa == nil {
		return nil, errors.New("DWARF: nothing says where the frame is")
	}
	c, err := d.cfa()
	switch {
	case err != nil:
		return nil, err
	case c.expression != nil:
		inside := *d.moment
		inside.cfa, inside.frameBase = nil, valueSource{list: -1}
		operations, err := (&decoder{moment: &inside, depth: d.depth}).value(d.unit, c.expression)
		d.steps = inside.steps
		return operations, err
	}
	return []Operation{{Code: OpRegister, Register: c.register, Number: c.offset}}, nil
}

// implicitPointer is a pointer to what has no address: a variable that is known
// nevertheless.
func (d *decoder) implicitPointer() error {
	size := d.unitFormat.offsetSize
	if d.unitFormat.version < 3 {
		size = d.unitFormat.addressSize
	}
	entry, offset := d.unsigned(size), d.sleb()
	target, err := d.unit.sourceAt(entry, false)
	if err != nil {
		return err
	}
	location, err := d.locate(target, d.depth+1)
	if errors.Is(err, errNowhere) {
		location, err = &Location{Pieces: []Piece{{Kind: Unavailable}}}, nil
	}
	d.closed = &Piece{Kind: IsPointer, Target: location, TargetOffset: offset}
	return err
}

// call runs the expression of another entry on the same stack; one that has
// none does nothing.
func (d *decoder) call(code byte) error {
	var source valueSource
	var err error
	switch code {
	case opCall2:
		source, err = d.unit.sourceAt(d.unsigned(2), true)
	case opCall4:
		source, err = d.unit.sourceAt(d.unsigned(4), true)
	default:
		size := d.unitFormat.offsetSize
		if d.unitFormat.version < 3 {
			size = d.unitFormat.addressSize
		}
		source, err = d.unit.sourceAt(d.unsigned(size), false)
	}
	if err != nil {
		return err
	}
	expression := source.expression
	if source.list >= 0 {
		listed, err := source.unit.locationList(uint64(source.list))
		if err != nil {
			return err
		}
		expression = expressionAt(listed, d.moment.address)
	}
	if len(expression) == 0 {
		return nil
	}
	inner, err := d.decoder(source.unit, expression, d.depth+1)
	if err != nil {
		return err
	}
	if err := inner.run(); err != nil {
		return err
	}
	if inner.closed != nil || len(inner.location.Pieces) > 0 {
		return errors.New("DWARF: an expression calls one that ends it")
	}
	if err := inner.settleBranches(); err != nil {
		return err
	}
	d.unknown = d.unknown || inner.unknown
	d.emit(inner.operations...)
	return nil
}
