package debuginfo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-delve/delve/pkg/dwarf/op"
)

// testUnit is a unit made of what a test says.
type testUnit struct {
	unitFormat
	addresses []uint64
	types     map[uint64]Type
	sources   map[uint64]valueSource
	lists     map[uint64][]listedExpression
}

func (u *testUnit) format() unitFormat { return u.unitFormat }

func (u *testUnit) indexedAddress(index uint64) (uint64, error) {
	if index >= uint64(len(u.addresses)) {
		return 0, errors.New("no such address")
	}
	return u.addresses[index], nil
}

func (u *testUnit) baseType(offset uint64) (Type, error) {
	if t, ok := u.types[offset]; ok {
		return t, nil
	}
	return nil, errors.New("no such type")
}

func (u *testUnit) sourceAt(offset uint64, inUnit bool) (valueSource, error) {
	if inUnit {
		offset += 0x1000
	}
	s, ok := u.sources[offset]
	if !ok {
		return valueSource{}, errors.New("no such entry")
	}
	s.unit = u
	return s, nil
}

func (u *testUnit) locationList(offset uint64) ([]listedExpression, error) {
	return u.lists[offset], nil
}

var testFormat = unitFormat{order: binary.LittleEndian, version: 5, addressSize: 8, offsetSize: 4}

func newTestUnit() *testUnit {
	return &testUnit{
		unitFormat: testFormat,
		addresses:  []uint64{0x4000, 0x5000},
		types: map[uint64]Type{
			1: &Int{Size: 4}, 2: &Int{Size: 4, Signed: true}, 3: &Int{Size: 8}, 4: &Int{Size: 1, Signed: true}, 5: &Float{Size: 8}, 6: &Int{Size: 16},
		},
		sources: map[uint64]valueSource{
			0x20:   {list: -1, expression: []byte{0x34}},                // lit4
			0x1020: {list: -1, expression: []byte{0x35}},                // lit5
			0x30:   {list: -1, constant: []byte{1, 2, 3, 4}},            //
			0x40:   {list: -1, expression: []byte{0x9a, 0x40, 0, 0, 0}}, // calls itself
			0x50:   {list: -1},                                          //
			0x60:   {list: -1, expression: []byte{0x30, 0x9f}},          // ends
		},
		lists: map[uint64][]listedExpression{
			7: {{Range: Range{0x100, 0x140}, expression: []byte{0x55}}, {Range: Range{0x140, 0x180}, expression: []byte{0xa3, 1, 0x55, 0x9f}},
				{Range: Range{0x1c0, 0x200}, expression: []byte{0x53}}, {Range: Range{0x200, 0x220}, expression: []byte{0x54}}},
		},
	}
}

func testMoment(u *testUnit) *moment {
	return &moment{
		address: 0x100, atEntry: true, steps: maxSteps,
		frameBase: valueSource{unit: u, list: -1, expression: []byte{opCallFrameCFA}},
		cfa:       func() (callFrameAddress, error) { return callFrameAddress{register: 7, offset: 16}, nil },
		place:     func(a uint64) (Address, error) { return Address{Section: ".data", Offset: a - 0x4000}, nil },
	}
}

// machine runs operations, for comparison.
type computer struct {
	registers func(int) int64
	memory    func(address uint64, size int) uint64
}

type machineValue struct {
	n      int64
	size   int // 0: of an address
	signed bool
}

func (v machineValue) normal() machineValue {
	switch bits := 64 - 8*v.size; {
	case v.size == 0 || v.size == 8:
	case v.signed:
		v.n = v.n << bits >> bits
	default:
		v.n = int64(uint64(v.n) << bits >> bits)
	}
	return v
}

func (m computer) run(t *testing.T, operations []Operation) int64 {
	t.Helper()
	var stack []machineValue
	pop := func() machineValue {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		return v
	}
	push := func(v machineValue) { stack = append(stack, v.normal()) }
	for i := 0; i < len(operations); i++ {
		switch o := operations[i]; o.Code {
		case OpConstant, OpAddr:
			push(machineValue{n: o.Number})
		case OpRegister:
			push(machineValue{n: m.registers(o.Register) + o.Number})
		case OpDereference:
			push(machineValue{n: int64(m.memory(uint64(pop().n), int(o.Number)))})
		case OpConvert:
			v := pop()
			push(machineValue{v.n, int(o.Number), o.Signed})
		case OpPick:
			push(stack[len(stack)-1-int(o.Number)])
		case OpDrop:
			pop()
		case OpSwap:
			b, a := pop(), pop()
			push(b)
			push(a)
		case OpRotate:
			c, b, a := pop(), pop(), pop()
			push(c)
			push(a)
			push(b)
		case OpAbs, OpNegate, OpNot:
			v := pop()
			switch {
			case o.Code == OpNot:
				v.n = ^v.n
			case o.Code == OpNegate || v.n < 0:
				v.n = -v.n
			}
			push(v)
		case OpSkip:
			i += int(o.Number)
		case OpBranch:
			if pop().n != 0 {
				i += int(o.Number)
			}
		default:
			b, a := pop(), pop()
			push(machineValue{binary64(o.Code, a.n, b.n), a.size, a.signed})
		}
	}
	return pop().n
}

func binary64(code byte, a, b int64) int64 {
	truth := func(t bool) int64 {
		if t {
			return 1
		}
		return 0
	}
	switch code {
	case OpAnd:
		return a & b
	case OpOr:
		return a | b
	case OpXor:
		return a ^ b
	case OpPlus:
		return a + b
	case OpMinus:
		return a - b
	case OpMultiply:
		return a * b
	case OpDivide:
		return a / b
	case OpModulo:
		return a % b
	case OpShiftLeft:
		return a << uint64(b)
	case OpShiftRight:
		return int64(uint64(a) >> uint64(b))
	case OpShiftRightSigned:
		return a >> uint64(b)
	case OpEqual:
		return truth(a == b)
	case OpNotEqual:
		return truth(a != b)
	case OpLess:
		return truth(a < b)
	case OpLessEqual:
		return truth(a <= b)
	case OpGreater:
		return truth(a > b)
	case OpGreaterEqual:
		return truth(a >= b)
	}
	panic(fmt.Sprintf("operator %#x", code))
}

func testRegister(n int) int64 { return int64(n)*0x101 + 7 }

func testMemory(address uint64, size int) uint64 {
	var b [8]byte
	for i := range size {
		b[i] = byte(address*7 + uint64(i)*31 + 0x83)
	}
	return binary.LittleEndian.Uint64(b[:])
}

// constantBytes writes constants of eight bytes.
func constantBytes(numbers ...int64) []byte {
	var b []byte
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint64(append(b, opConst8s), uint64(n))
	}
	return b
}

// withDelve runs an expression as the debugger delve does.
func withDelve(t *testing.T, expression []byte) (int64, []op.Piece) {
	t.Helper()
	var registers []*op.DwarfRegister
	for n := range 40 {
		registers = append(registers, op.DwarfRegisterFromUint64(uint64(testRegister(n))))
	}
	r := op.NewDwarfRegisters(0, registers, binary.LittleEndian, 16, 7, 6, 16)
	r.CFA = testRegister(7) + 16
	r.FrameBase = r.CFA
	value, pieces, err := op.ExecuteStackProgram(*r, expression, 8, func(b []byte, address uint64) (int, error) {
		var all [8]byte
		binary.LittleEndian.PutUint64(all[:], testMemory(address, len(b)))
		return copy(b, all[:]), nil
	})
	if err != nil {
		t.Fatalf("delve: % x: %v", expression, err)
	}
	return value, pieces
}

// TestOperatorsAgainstDelve: each operator on the same numbers as in the debugger.
func TestOperatorsAgainstDelve(t *testing.T) {
	u := newTestUnit()
	m := computer{testRegister, testMemory}
	compare := func(expression []byte) {
		t.Helper()
		location, err := testMoment(u).decode(u, expression, 0)
		if err != nil {
			t.Fatalf("% x: %v", expression, err)
		}
		if len(location.Pieces) != 1 || location.Pieces[0].Kind != InMemory {
			t.Fatalf("% x: %+v", expression, location)
		}
		want, _ := withDelve(t, expression)
		if got := m.run(t, location.Pieces[0].Operations); got != want {
			t.Errorf("% x: %d, delve has %d", expression, got, want)
		}
	}
	random := rand.New(rand.NewSource(4))
	number := func() int64 { return random.Int63()>>random.Intn(60) + 1 }
	for range 50 {
		three := constantBytes(number(), number(), number())
		for code := range byte(0x30) {
			switch code {
			case opDup, OpDrop, opOver, OpSwap, OpRotate, OpAbs, OpNegate, OpNot, OpAnd, OpDivide, OpMinus, OpModulo, OpMultiply, OpOr, OpPlus, OpXor,
				OpEqual, OpGreaterEqual, OpGreater, OpLessEqual, OpLess, OpNotEqual, opDeref:
				compare(append(slices.Clone(three), code))
				compare(append(slices.Clone(three), OpNegate, OpSwap, code))
			}
		}
		for _, code := range []byte{OpShiftLeft, OpShiftRight, OpShiftRightSigned} {
			compare(append(constantBytes(-number(), int64(random.Intn(70))), code))
		}
		compare(append(three, OpPick, byte(random.Intn(3))))
		compare(append(three, opPlusUconst, 0x81, 0x02))
		compare(append(constantBytes(number()), OpDereference, byte(2<<random.Intn(3))))
	}
	for n := range byte(32) {
		compare([]byte{opLit0 + n})
		compare([]byte{opBreg0 + n, 0x70})
	}
	for _, expression := range [][]byte{
		{OpAddr, 8, 0x40, 0, 0, 0, 0, 0, 0, OpDrop, opLit0},
		{opConst1u, 0xff}, {opConst1s, 0xff}, {opConst2u, 0xfe, 0xff}, {opConst2s, 0xfe, 0xff},
		{opConst4u, 0xfd, 0xff, 0xff, 0xff}, {opConst4s, 0xfd, 0xff, 0xff, 0xff},
		{opConst8u, 1, 2, 3, 4, 5, 6, 7, 0x88}, {opConst8s, 1, 2, 3, 4, 5, 6, 7, 0x88},
		{opConstu, 0xe5, 0x8e, 0x26}, {opConsts, 0x9b, 0xf1, 0x59},
		{OpRegister, 33, 0x7f}, {opFbreg, 0x68}, {opFbreg, 8}, {opCallFrameCFA}, {opNop, opLit0 + 5, opNop},
		{opLit0, OpBranch, 4, 0, opLit0 + 7, OpSkip, 1, 0, opLit0 + 9},                           // one way
		{opLit0 + 1, OpBranch, 4, 0, opLit0 + 7, OpSkip, 1, 0, opLit0 + 9},                       // the other
		{opLit0 + 3, opDup, OpBranch, 2, 0, OpDrop, opLit0 + 5, opNop, opNop},                    // a default
		{opConst1s, 0xfb, opDup, opLit0, OpLess, OpBranch, 3, 0, OpSkip, 1, 0, OpNegate},         // an absolute value
		{opConst1s, 5, opDup, opLit0, OpLess, OpBranch, 3, 0, OpSkip, 1, 0, OpNegate},            //
		{opFbreg, 0, opDeref, opPlusUconst, 3, opBreg0 + 6, 0, OpXor, OpNot, opConstu, 5, OpAnd}, // several
	} {
		compare(expression)
	}
}

// TestPiecesAgainstDelve: values that are in registers, that are computed, and in parts.
func TestPiecesAgainstDelve(t *testing.T) {
	u := newTestUnit()
	m := computer{testRegister, testMemory}
	var all [][]byte
	for n := range byte(32) {
		all = append(all, []byte{opReg0 + n})
	}
	for _, expression := range append(all, [][]byte{
		{opRegx, 0x21},
		{opLit0 + 4, opStackValue},
		{opBreg0 + 3, 5, opStackValue},
		{opImplicitValue, 3, 1, 2, 3},
		{opReg0 + 1, opPiece, 4, opReg0 + 2, opPiece, 4},
		{opReg0 + 1, opPiece, 8, opFbreg, 0x70, opPiece, 8, opLit0 + 2, opStackValue, opPiece, 2, opImplicitValue, 2, 9, 9, opPiece, 2},
		{opBreg0 + 7, 0, opPiece, 1, opBreg0 + 6, 1, OpDereference, 2, opStackValue, opPiece, 2},
	}...) {
		location, err := testMoment(u).decode(u, expression, 0)
		if err != nil {
			t.Fatalf("% x: %v", expression, err)
		}
		_, want := withDelve(t, expression)
		if len(want) != len(location.Pieces) {
			t.Fatalf("% x: %d pieces, delve has %d", expression, len(location.Pieces), len(want))
		}
		for i, p := range location.Pieces {
			got := op.Piece{Size: p.Bits / 8}
			switch p.Kind {
			case InRegister:
				got.Kind, got.Val = op.RegPiece, uint64(p.Register)
			case IsValue:
				got.Kind, got.Val = op.ImmPiece, uint64(m.run(t, p.Operations))
			case IsBytes:
				got.Kind, got.Bytes = op.ImmPiece, p.Bytes
				if got.Size == 0 {
					got.Size = len(p.Bytes)
				}
				want[i].Size = got.Size
			case InMemory:
				got.Kind, got.Val = op.AddrPiece, uint64(m.run(t, p.Operations))
			}
			if !reflect.DeepEqual(got, want[i]) {
				t.Errorf("% x: piece %d is %+v, delve has %+v", expression, i, got, want[i])
			}
		}
	}
}

// TestOperators: what the debugger has no operators for.
func TestOperators(t *testing.T) {
	number := func(n int64) Operation { return Operation{Code: OpConstant, Number: n} }
	for _, test := range []struct {
		name       string
		expression []byte
		want       []Piece
	}{
		{"addr", []byte{OpAddr, 8, 0x40, 0, 0, 0, 0, 0, 0}, []Piece{{Operations: []Operation{{Code: OpAddr, Number: 8, Section: ".data"}}}}},
		{"addrx", []byte{opAddrx, 1}, []Piece{{Operations: []Operation{{Code: OpAddr, Number: 0x1000, Section: ".data"}}}}},
		{"GNU_addr_index", []byte{opGNUAddrIndex, 0}, []Piece{{Operations: []Operation{{Code: OpAddr, Number: 0, Section: ".data"}}}}},
		{"constx", []byte{opConstx, 1}, []Piece{{Operations: []Operation{number(0x5000)}}}},
		{"GNU_const_index", []byte{opGNUConstIndex, 1}, []Piece{{Operations: []Operation{number(0x5000)}}}},
		{"call2", []byte{opCall2, 0x20, 0}, []Piece{{Operations: []Operation{number(5)}}}},
		{"call4", []byte{opCall4, 0x20, 0, 0, 0, OpNot}, []Piece{{Operations: []Operation{number(5), {Code: OpNot}}}}},
		{"call_ref", []byte{opLit0, opCallRef, 0x20, 0, 0, 0}, []Piece{{Operations: []Operation{number(0), number(4)}}}},
		{"call of what has none", []byte{opLit0, opCallRef, 0x50, 0, 0, 0}, []Piece{{Operations: []Operation{number(0)}}}},
		{"entry_value", []byte{opEntryValue, 1, opReg0 + 5, opStackValue}, []Piece{{Kind: IsValue, Operations: []Operation{{Code: OpRegister, Register: 5}}}}},
		{"GNU_entry_value", []byte{opGNUEntryValue, 2, opBreg0 + 5, 8, opStackValue},
			[]Piece{{Kind: IsValue, Operations: []Operation{{Code: OpRegister, Register: 5, Number: 8}}}}},
		{"const_type", []byte{opConstType, 2, 4, 0xff, 0xff, 0xff, 0xff, opStackValue},
			[]Piece{{Kind: IsValue, Operations: []Operation{number(0xffffffff), {Code: OpConvert, Number: 4, Signed: true}}}}},
		{"regval_type", []byte{opRegvalType, 3, 1, opStackValue}, []Piece{{Kind: IsValue, Operations: []Operation{{Code: OpRegister, Register: 3}, {Code: OpConvert, Number: 4}}}}},
		{"GNU_regval_type", []byte{opGNURegvalType, 3, 4}, []Piece{{Operations: []Operation{{Code: OpRegister, Register: 3}, {Code: OpConvert, Number: 1, Signed: true}}}}},
		{"deref_type", []byte{opLit0, opDerefType, 4, 2}, []Piece{{Operations: []Operation{number(0), {Code: OpDereference, Number: 4}, {Code: OpConvert, Number: 4, Signed: true}}}}},
		{"convert", []byte{opLit0, OpConvert, 3, OpConvert, 0}, []Piece{{Operations: []Operation{number(0), {Code: OpConvert, Number: 8}, {Code: OpConvert}}}}},
		{"GNU_convert", []byte{opLit0, opGNUConvert, 3}, []Piece{{Operations: []Operation{number(0), {Code: OpConvert, Number: 8}}}}},
		{"reinterpret", []byte{opLit0, opReinterpret, 3}, []Piece{{Operations: []Operation{number(0), {Code: OpConvert, Number: 8}}}}},
		{"GNU_uninit", []byte{opReg0 + 3, opGNUUninit}, []Piece{{Kind: InRegister, Register: 3}}},
		{"implicit_pointer", []byte{opImplicitPointer, 0x30, 0, 0, 0, 2},
			[]Piece{{Kind: IsPointer, TargetOffset: 2, Target: &Location{Pieces: []Piece{{Kind: IsBytes, Bytes: []byte{1, 2, 3, 4}}}}}}},
		{"GNU_implicit_pointer", []byte{opGNUImplicitPointer, 0x50, 0, 0, 0, 0x7f},
			[]Piece{{Kind: IsPointer, TargetOffset: -1, Target: &Location{Pieces: []Piece{{Kind: Unavailable}}}}}},
		{"parameter_ref", []byte{opGNUParameterRef, 1, 0, 0, 0, opStackValue}, []Piece{{Kind: Unavailable}}},
		{"bit_piece", []byte{opReg0 + 3, opBitPiece, 5, 2, opLit0 + 1, opStackValue, opBitPiece, 3, 0},
			[]Piece{{Kind: InRegister, Register: 3, Bits: 5, BitOffset: 2}, {Kind: IsValue, Operations: []Operation{number(1)}, Bits: 3}}},
		{"a piece that is nowhere", []byte{opReg0 + 3, opPiece, 4, opPiece, 4}, []Piece{{Kind: InRegister, Register: 3, Bits: 32}, {Kind: Unavailable, Bits: 32}}},
		{"a branch", []byte{opLit0 + 3, opDup, OpBranch, 2, 0, OpDrop, opLit0 + 5, OpNot},
			[]Piece{{Operations: []Operation{number(3), {Code: OpPick}, {Code: OpBranch, Number: 2}, {Code: OpDrop}, number(5), {Code: OpNot}}}}},
	} {
		u := newTestUnit()
		location, err := testMoment(u).decode(u, test.expression, 0)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if !reflect.DeepEqual(location.Pieces, test.want) {
			t.Errorf("%s:\n%+v, want\n%+v", test.name, location.Pieces, test.want)
		}
	}
}

// TestRefusedOperators: what cannot be told is an error that says why.
func TestRefusedOperators(t *testing.T) {
	for name, test := range map[string]struct {
		expression []byte
		want       string
	}{
		"TLS":                      {[]byte{opLit0, opFormTLSAddress}, "thread"},
		"GNU's TLS":                {[]byte{opLit0, opGNUPushTLSAddress}, "thread"},
		"xderef":                   {[]byte{opLit0, opLit0, opXderef}, "address space"},
		"xderef_size":              {[]byte{opXderefSize, 4}, "address space"},
		"xderef_type":              {[]byte{opXderefType, 4, 1}, "address space"},
		"push_object_address":      {[]byte{opPushObjectAddress}, "object"},
		"variable_value":           {[]byte{opGNUVariableValue, 0, 0, 0, 0}, "while the function runs"},
		"a floating-point number":  {[]byte{opRegvalType, 3, 5}, "floating-point"},
		"a wide number":            {[]byte{opRegvalType, 3, 6}, "do not fit"},
		"no operator":              {[]byte{0xff}, "unknown operator"},
		"cut short":                {[]byte{opConst4u, 1}, "cut short"},
		"behind the end":           {[]byte{opReg0, opLit0}, "behind the end"},
		"a branch to nowhere":      {[]byte{opLit0, OpBranch, 100, 0}, "branch"},
		"a branch into an operand": {[]byte{opLit0, OpBranch, 1, 0, opConst4u, 0, 0, 0, 0}, "branch"},
		"a call of itself":         {[]byte{opCallRef, 0x40, 0, 0, 0}, "without end"},
		"a call of what ends":      {[]byte{opCallRef, 0x60, 0, 0, 0}, "ends it"},
		"a large register":         {[]byte{opRegx, 0xff, 0xff, 0xff, 0x7f}, "no register"},
	} {
		u := newTestUnit()
		if _, err := testMoment(u).decode(u, test.expression, 0); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// TestEntryValues: the value of a register at the entry is known there alone.
func TestEntryValues(t *testing.T) {
	u := newTestUnit()
	m := testMoment(u)
	m.atEntry = false
	entry := valueSource{unit: u, list: -1, expression: []byte{opEntryValue, 1, opReg0 + 5, opStackValue}}
	if _, err := m.locate(entry, 0); !errors.Is(err, errNowhere) || !m.entryOnly {
		t.Errorf("%v %v", err, m.entryOnly)
	}
	m.address = 0x150
	listed := valueSource{unit: u, list: 7}
	if _, err := m.locate(listed, 0); !errors.Is(err, errNowhere) {
		t.Error(err)
	}
	if got, want := m.available(listed), []Range{{0x100, 0x140}, {0x1c0, 0x220}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	for address, register := range map[uint64]int{0x100: 5, 0x13f: 5, 0x1c0: 3, 0x21f: 4} {
		m.address = address
		location, err := m.locate(listed, 0)
		if err != nil || location.Pieces[0].Register != register {
			t.Errorf("%#x: %+v, %v", address, location, err)
		}
	}
	// one part of a value that is not known leaves the others
	parts := append([]byte{opReg0 + 1, opPiece, 4}, append(entry.expression, opPiece, 4)...)
	location, err := m.decode(u, parts, 0)
	if want := []Piece{{Kind: InRegister, Register: 1, Bits: 32}, {Kind: Unavailable, Bits: 32}}; err != nil || !reflect.DeepEqual(location.Pieces, want) {
		t.Errorf("%+v, %v", location, err)
	}
}

// FuzzExpression: no expression is a panic, or takes long.
func FuzzExpression(f *testing.F) {
	f.Add([]byte{opLit0, OpBranch, 4, 0, opLit0 + 7, OpSkip, 1, 0, opLit0 + 9})
	f.Add([]byte{opReg0 + 1, opPiece, 8, opFbreg, 0x70, opPiece, 8, opLit0 + 2, opStackValue, opPiece, 2})
	f.Add([]byte{opImplicitPointer, 0x30, 0, 0, 0, 2})
	f.Add([]byte{opCallRef, 0x40, 0, 0, 0})
	f.Fuzz(func(t *testing.T, expression []byte) {
		u := newTestUnit()
		m := testMoment(u)
		m.atEntry = len(expression)%2 == 0
		u.sources[0x20] = valueSource{list: -1, expression: expression}
		_, _ = m.locate(valueSource{unit: u, list: -1, expression: expression}, 0)
	})
}
