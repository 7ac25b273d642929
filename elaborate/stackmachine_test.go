package elaborate

import (
	"encoding/binary"
	"math"
	"math/rand"
	"testing"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// evaluate computes an expression with registers and memory made of their numbers.
func evaluate(t *testing.T, x Expression) int64 {
	t.Helper()
	switch x := x.(type) {
	case *Number:
		return x.Value
	case *Register:
		return testRegister(x.Number)
	case *Argument:
		return testRegister(100 + x.N)
	case *KernelData:
		return x.At.Offset
	case *Cast:
		return extend(evaluate(t, x.X), 8*x.Size, x.Signed)
	case *Unary:
		return foldUnary(x.Sign, evaluate(t, x.X)).(*Number).Value
	case *Binary:
		value, ok := compute(x.Text, evaluate(t, x.X), evaluate(t, x.Y))
		if !ok {
			t.Fatalf("%s has no value", x.Text)
		}
		return value
	case *Unsigned:
		a, b := uint64(evaluate(t, x.X)), uint64(evaluate(t, x.Y))
		if x.Text == "/" {
			return int64(a / b)
		}
		return int64(a % b)
	case *Conditional:
		if evaluate(t, x.Condition) != 0 {
			return evaluate(t, x.X)
		}
		return evaluate(t, x.Y)
	case *Dereference:
		return extend(int64(testMemory(evaluate(t, x.Address)+x.Offset)), 8*x.Size, x.Signed)
	}
	t.Fatalf("an expression of type %T", x)
	return 0
}

func testRegister(n int) int64 { return int64(n)*0x1234567 - 0x111 }

// testMemory gives the eight bytes at an address.
func testMemory(address int64) uint64 {
	var b [8]byte
	for i := range b {
		b[i] = byte((address+int64(i))*7 + 0x83)
	}
	return binary.LittleEndian.Uint64(b[:])
}

func runMachine(operations []debuginfo.Operation) (Expression, error) {
	l := locator{machine: &machine{}, address: func(a debuginfo.Address) (Expression, error) {
		return &KernelData{At: KernelAddress{Offset: int64(a.Offset)}}, nil
	}}
	return l.run(operations)
}

func constant(n int64) debuginfo.Operation {
	return debuginfo.Operation{Code: debuginfo.OpConstant, Number: n}
}

func operation(code byte) debuginfo.Operation { return debuginfo.Operation{Code: code} }

func truthOf(b bool) int64 { return truth(b) }

// TestStackOperators: each operator on numbers without a type, which are signed but
// for the remainder, on 32-bit numbers of both kinds and on unsigned 64-bit ones;
// constants and what only the hit knows give the same.
func TestStackOperators(t *testing.T) {
	random := rand.New(rand.NewSource(8))
	kinds := []debuginfo.Operation{
		{Code: debuginfo.OpConvert}, {Code: debuginfo.OpConvert, Number: 4, Signed: true},
		{Code: debuginfo.OpConvert, Number: 4}, {Code: debuginfo.OpConvert, Number: 8}, {Code: debuginfo.OpConvert, Number: 8, Signed: true},
	}
	for range 2000 {
		kind := kinds[random.Intn(len(kinds))]
		a, b := int64(random.Uint64())>>random.Intn(60), int64(random.Uint64())>>random.Intn(60)
		bits := 64
		if kind.Number == 4 {
			bits = 32
			a, b = extend(a, 32, kind.Signed), extend(b, 32, kind.Signed)
		}
		unsigned := kind.Number > 0 && !kind.Signed
		if b == 0 {
			b = 3
		}
		shift := int64(random.Intn(70))
		ua, ub := uint64(a), uint64(b)
		less, quotient, remainder := a < b, a/b, int64(ua%ub)
		if unsigned {
			less, quotient = ua < ub, int64(ua/ub)
		} else if kind.Number > 0 {
			remainder = a % b
		}
		logical := ua
		if bits == 32 {
			logical = uint64(uint32(a))
		}
		right, left, signed := int64(logical>>uint(shift)), a<<uint(shift), extend(a, bits, true)>>uint(min(shift, 63))
		if shift >= int64(bits) {
			right, left, signed = 0, 0, extend(a, bits, true)>>63
		}
		for code, want := range map[byte]int64{
			debuginfo.OpAnd: a & b, debuginfo.OpOr: a | b, debuginfo.OpXor: a ^ b, debuginfo.OpPlus: a + b, debuginfo.OpMinus: a - b,
			debuginfo.OpMultiply: a * b, debuginfo.OpDivide: quotient, debuginfo.OpModulo: remainder,
			debuginfo.OpEqual: truthOf(a == b), debuginfo.OpNotEqual: truthOf(a != b), debuginfo.OpLess: truthOf(less), debuginfo.OpGreaterEqual: truthOf(!less),
			debuginfo.OpLessEqual: truthOf(less || a == b), debuginfo.OpGreater: truthOf(!less && a != b),
			debuginfo.OpShiftLeft: left, debuginfo.OpShiftRight: right, debuginfo.OpShiftRightSigned: signed,
		} {
			second := b
			if code >= debuginfo.OpShiftLeft && code <= debuginfo.OpShiftRightSigned {
				second = shift
			}
			if code < debuginfo.OpEqual || code > debuginfo.OpNotEqual { // comparisons have no type
				want = extend(want, bits, kind.Signed || bits == 64)
			}
			known := []debuginfo.Operation{constant(a), kind, constant(second), kind, operation(code)}
			hit := []debuginfo.Operation{
				{Code: debuginfo.OpRegister, Register: 3, Number: a - testRegister(3)}, kind,
				{Code: debuginfo.OpRegister, Register: 4, Number: second - testRegister(4)}, kind, operation(code),
			}
			for _, operations := range [][]debuginfo.Operation{known, hit} {
				x, err := runMachine(operations)
				if err != nil {
					t.Fatal(err)
				}
				if got := evaluate(t, x); got != want {
					t.Fatalf("operator %#x of %+v on %d and %d: %d, want %d", code, kind, a, second, got, want)
				}
			}
		}
	}
}

// TestStackMachine: what moves on the stack, memory, and branches that are decided
// now or at the hit.
func TestStackMachine(t *testing.T) {
	register := debuginfo.Operation{Code: debuginfo.OpRegister, Register: 2, Number: 5}
	absolute := func(x debuginfo.Operation) []debuginfo.Operation {
		return []debuginfo.Operation{x, {Code: debuginfo.OpPick}, constant(0), operation(debuginfo.OpLess), {Code: debuginfo.OpBranch, Number: 1},
			{Code: debuginfo.OpSkip, Number: 1}, operation(debuginfo.OpNegate)}
	}
	for name, test := range map[string]struct {
		operations []debuginfo.Operation
		want       int64
	}{
		"rotate":                {[]debuginfo.Operation{constant(1), constant(2), constant(4), operation(debuginfo.OpRotate), operation(debuginfo.OpMinus), operation(debuginfo.OpMinus)}, 4 - (1 - 2)},
		"swap":                  {[]debuginfo.Operation{constant(1), constant(2), operation(debuginfo.OpSwap), operation(debuginfo.OpMinus)}, 1},
		"pick":                  {[]debuginfo.Operation{constant(1), constant(2), constant(3), {Code: debuginfo.OpPick, Number: 2}}, 1},
		"drop":                  {[]debuginfo.Operation{constant(1), constant(2), operation(debuginfo.OpDrop)}, 1},
		"memory":                {[]debuginfo.Operation{register, {Code: debuginfo.OpDereference, Number: 4}}, int64(uint32(testMemory(testRegister(2) + 5)))},
		"an address":            {[]debuginfo.Operation{{Code: debuginfo.OpAddr, Number: 0x500}, constant(8), operation(debuginfo.OpPlus)}, 0x508},
		"negate":                {[]debuginfo.Operation{register, operation(debuginfo.OpNegate), operation(debuginfo.OpNot)}, testRegister(2) + 5 - 1},
		"abs":                   {[]debuginfo.Operation{constant(math.MinInt64 + 1), operation(debuginfo.OpAbs)}, math.MaxInt64},
		"abs at the hit":        {[]debuginfo.Operation{{Code: debuginfo.OpRegister, Register: 2, Number: -testRegister(2) - 9}, operation(debuginfo.OpAbs)}, 9},
		"a branch":              {absolute(constant(-7)), 7},
		"no branch":             {absolute(constant(7)), 7},
		"a branch at the hit":   {absolute(debuginfo.Operation{Code: debuginfo.OpRegister, Register: 2, Number: -testRegister(2) - 9}), 9},
		"no branch at the hit":  {absolute(debuginfo.Operation{Code: debuginfo.OpRegister, Register: 2, Number: -testRegister(2) + 9}), 9},
		"a byte's sign":         {[]debuginfo.Operation{constant(0x1ff), {Code: debuginfo.OpConvert, Number: 1, Signed: true}}, -1},
		"a word without a sign": {[]debuginfo.Operation{register, {Code: debuginfo.OpConvert, Number: 4}, operation(debuginfo.OpNot)}, int64(^uint32(testRegister(2) + 5))},
	} {
		x, err := runMachine(test.operations)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := evaluate(t, x); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
	endless := []debuginfo.Operation{constant(1), {Code: debuginfo.OpSkip, Number: -2}}
	doubling := []debuginfo.Operation{register}
	for range 40 {
		doubling = append(doubling, debuginfo.Operation{Code: debuginfo.OpPick}, operation(debuginfo.OpMultiply))
	}
	for name, operations := range map[string][]debuginfo.Operation{
		"nothing": nil, "too little": {constant(1), operation(debuginfo.OpPlus)}, "a loop": endless, "a large result": doubling,
		"a deep pick": {constant(1), {Code: debuginfo.OpPick, Number: 1}}, "out of the front": {constant(1), {Code: debuginfo.OpSkip, Number: -9}},
	} {
		if _, err := runMachine(operations); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestFragments: values in registers, constants and memory, whole and in pieces; what
// is read of them, and what can be set.
func TestFragments(t *testing.T) {
	long, word, signedWord, byteType := &debuginfo.Int{Size: 8}, &debuginfo.Int{Size: 4}, &debuginfo.Int{Size: 4, Signed: true}, &debuginfo.Int{Size: 1}
	inRegister := func(n, bits, offset int) debuginfo.Piece {
		return debuginfo.Piece{Kind: debuginfo.InRegister, Register: n, Bits: bits, BitOffset: offset}
	}
	memory := debuginfo.Piece{Kind: debuginfo.InMemory, Operations: []debuginfo.Operation{constant(0x800)}, Bits: 64}
	l := locator{machine: &machine{}}
	r := testRegister
	for name, test := range map[string]struct {
		pieces []debuginfo.Piece
		bit    int
		field  int
		typ    debuginfo.Type
		want   int64
	}{
		"a register":                  {[]debuginfo.Piece{inRegister(3, 0, 0)}, 0, 0, long, r(3)},
		"half of a register":          {[]debuginfo.Piece{inRegister(3, 0, 0)}, 32, 0, word, int64(uint64(r(3)) >> 32)},
		"with its sign":               {[]debuginfo.Piece{inRegister(3, 0, 0)}, 8, 0, signedWord, int64(int32(r(3) >> 8))},
		"two registers":               {[]debuginfo.Piece{inRegister(3, 32, 0), inRegister(4, 32, 0)}, 0, 0, long, int64(uint32(r(3))) | r(4)<<32},
		"across two registers":        {[]debuginfo.Piece{inRegister(3, 64, 0), inRegister(4, 64, 0)}, 48, 0, word, int64(uint32(uint64(r(3))>>48 | uint64(r(4))<<16))},
		"bits of a register":          {[]debuginfo.Piece{inRegister(3, 8, 4), inRegister(4, 24, 0)}, 0, 0, byteType, r(3) >> 4 & 0xff},
		"a bit-field":                 {[]debuginfo.Piece{inRegister(3, 64, 0)}, 5, 7, signedWord, r(3) << 52 >> 57},
		"a constant":                  {[]debuginfo.Piece{{Kind: debuginfo.IsBytes, Bytes: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}}, 56, 0, word, 0x0a0908},
		"a short constant":            {[]debuginfo.Piece{{Kind: debuginfo.IsBytes, Bytes: []byte{0xfe}}}, 0, 0, long, 0xfe},
		"computed":                    {[]debuginfo.Piece{{Kind: debuginfo.IsValue, Operations: []debuginfo.Operation{constant(-2)}}}, 0, 0, word, 0xfffffffe},
		"in a fragment of memory":     {[]debuginfo.Piece{inRegister(3, 64, 0), memory}, 96, 0, word, int64(uint32(testMemory(0x804)))},
		"a bit-field in memory":       {[]debuginfo.Piece{inRegister(3, 64, 0), memory}, 75, 6, word, int64(testMemory(0x800)>>11) & 63},
		"of a register and of memory": {[]debuginfo.Piece{inRegister(3, 64, 0), memory}, 40, 0, long, int64(uint64(r(3))>>40 | testMemory(0x800)<<24)},
	} {
		v, err := l.value(&debuginfo.Location{Pieces: test.pieces}, test.typ)
		if err != nil {
			t.Fatal(err)
		}
		x, d := load(v.inside(test.typ, test.bit, test.field), parse.Token{})
		if d != nil {
			t.Errorf("%s: %s", name, d.Message)
		} else if got := evaluate(t, x); got != test.want {
			t.Errorf("%s: %#x, want %#x", name, got, test.want)
		}
	}
	missing, _ := l.value(&debuginfo.Location{Pieces: []debuginfo.Piece{inRegister(3, 32, 0), {Kind: debuginfo.Unavailable, Bits: 32}}}, long)
	if _, d := load(missing, parse.Token{}); d == nil {
		t.Error("half of it is nowhere: no error")
	}
	if x, d := load(missing.inside(word, 0, 0), parse.Token{}); d != nil || evaluate(t, x) != int64(uint32(r(3))) {
		t.Errorf("the other half: %v", d)
	}
	pointer, _ := l.value(&debuginfo.Location{Pieces: []debuginfo.Piece{{Kind: debuginfo.IsPointer, TargetOffset: 4,
		Target: &debuginfo.Location{Pieces: []debuginfo.Piece{inRegister(3, 0, 0)}}}}}, debuginfo.PointerTo(word))
	if _, d := load(pointer, parse.Token{}); d == nil {
		t.Error("an address that is nowhere: no error")
	}
	target, d := follow(pointer, word, parse.Token{})
	if d != nil {
		t.Fatal(d)
	}
	if x, d := load(target, parse.Token{}); d != nil || evaluate(t, x) != int64(uint64(r(3))>>32) {
		t.Errorf("behind it: %v", d)
	}
	set, _ := l.value(&debuginfo.Location{Pieces: []debuginfo.Piece{inRegister(3, 32, 8), inRegister(4, 32, 0)}}, long)
	x, d := store(set.inside(byteType, 16, 0), &Number{1}, parse.Token{})
	if s, ok := x.(*StoreRegister); d != nil || !ok || s.Number != 3 || s.Shift != 24 || s.Bits != 8 {
		t.Errorf("%+v %v", x, d)
	}
	for name, v := range map[string]value{"in two registers": set, "half of it nowhere": missing, "a constant": {typ: long, fragments: bytesFragments(debuginfo.Piece{}, 0)}} {
		if _, d := store(v, &Number{1}, parse.Token{}); d == nil {
			t.Errorf("%s can be set", name)
		}
	}
}
