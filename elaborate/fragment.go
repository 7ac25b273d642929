package elaborate

import (
	"fmt"
	"slices"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// This file makes values of what DWARF says of where they are. A value that is in
// memory as a whole is an address. Any other is a row of fragments, and what is read of
// it is put together from those that it touches:
//
//	struct pair { int a; char b, c; } in the registers 3 and 4, 4 bytes each
//	$pair->c          bits 40 to 47: @kregister(4) >> 8, the lowest 8 bits
//
// Numbers are little-endian: the first byte of a value is the lowest.

// fragment is some bits of a value. One without x, address and follow is one that the
// compiler left out.
type fragment struct {
	begin, bits int        // in the value
	x           Expression // what has the bits, from bit shift on; nil if they are elsewhere
	register    int        // whose value x is; -1: none
	address     Expression // of memory that has them, from bit shift on
	shift       int
	// follow gives what an address that is nowhere would point to.
	follow func(elem debuginfo.Type) (value, error)
}

// locator makes values of locations.
type locator struct {
	at      parse.Token // for errors at run time
	machine *machine
	address func(debuginfo.Address) (Expression, error)
}

// register gives what a register has at the hit.
func (l *locator) register(n int) Expression {
	if i := slices.Index(l.machine.arguments, n); i >= 0 {
		return &Argument{N: i, Size: wordBits / 8}
	}
	return &Register{n}
}

// value makes a value of a type out of its location.
func (l *locator) value(location *debuginfo.Location, t debuginfo.Type) (value, error) {
	v := value{typ: t}
	if len(location.Pieces) == 1 && location.Pieces[0].Kind == debuginfo.InMemory && location.Pieces[0].Bits == 0 {
		address, err := l.run(location.Pieces[0].Operations)
		v.address = address
		return v, err
	}
	begin := 0
	for _, p := range location.Pieces {
		fragments, err := l.fragments(p, begin)
		if err != nil {
			return value{}, err
		}
		v.fragments = append(v.fragments, fragments...)
		if p.Bits == 0 {
			break
		}
		begin += p.Bits
	}
	return v, nil
}

func (l *locator) run(operations []debuginfo.Operation) (Expression, error) {
	m := stackMachine{operations: operations, at: l.at, address: l.address, register: l.register}
	return m.run()
}

// wordBits is how many bits a register has.
const wordBits = 64

// fragments makes one fragment, or several, of a piece that begins at a bit of the value.
func (l *locator) fragments(piece debuginfo.Piece, begin int) ([]fragment, error) {
	p := fragment{begin: begin, bits: piece.Bits, shift: piece.BitOffset, register: -1}
	if p.bits == 0 {
		p.bits = wordBits - p.shift
	}
	var err error
	switch piece.Kind {
	case debuginfo.InMemory:
		p.address, err = l.run(piece.Operations)
	case debuginfo.InRegister:
		p.x, p.register = l.register(piece.Register), piece.Register
	case debuginfo.IsValue:
		p.x, err = l.run(piece.Operations)
	case debuginfo.IsBytes:
		return bytesFragments(piece, begin), nil
	case debuginfo.IsPointer:
		p.follow = func(elem debuginfo.Type) (value, error) {
			v, err := l.value(piece.Target, elem)
			if v.fragments != nil {
				v.bit += 8 * int(piece.TargetOffset)
			} else {
				v.offset += piece.TargetOffset
			}
			return v, err
		}
	}
	return []fragment{p}, err
}

// bytesFragments makes a fragment of each eight bytes.
func bytesFragments(piece debuginfo.Piece, begin int) []fragment {
	all := piece.Bits
	if all == 0 {
		all = max((len(piece.Bytes)+7)/8, 1) * wordBits // what is missing is 0
	}
	var fragments []fragment
	for at := 0; at < all; at += wordBits {
		n := int64(0)
		for i := range 8 {
			if b := (piece.BitOffset+at)/8 + i; b < len(piece.Bytes) {
				n |= int64(piece.Bytes[b]) << (8 * i)
			}
		}
		fragments = append(fragments, fragment{begin: begin + at, bits: min(wordBits, all-at), x: &Number{n}, register: -1, shift: piece.BitOffset % 8})
	}
	return fragments
}

// settled gives a value that lies within a fragment in memory as one in memory.
func (v value) settled() value {
	bits := v.bits.BitSize
	if bits == 0 {
		bits = 8 * debuginfo.SizeOf(v.typ)
	}
	for _, p := range v.fragments {
		if p.address == nil || v.bit < p.begin || v.bit+bits > p.begin+p.bits {
			continue
		}
		at := p.shift + v.bit - p.begin
		if at%8 != 0 && v.bits.BitSize == 0 {
			break
		}
		v.address, v.offset, v.bits.Offset = p.address, int64(at/8), at%8
		v.fragments, v.bit = nil, 0
		break
	}
	return v
}

// pointsNowhere gives what follows a pointer to what has no address; nil for other
// values.
func (v value) pointsNowhere() func(elem debuginfo.Type) (value, error) {
	i := slices.IndexFunc(v.fragments, func(p fragment) bool { return p.begin == v.bit })
	if i < 0 {
		return nil
	}
	return v.fragments[i].follow
}

// loadFragments puts a number of so many bits together.
func (v value) loadFragments(s scalar, at parse.Token) (Expression, *parse.Diagnostic) {
	bits := 8 * s.size
	if v.bits.BitSize > 0 {
		bits = v.bits.BitSize
	}
	var sum Expression
	found := 0
	for _, p := range v.fragments {
		low, high := max(v.bit, p.begin), min(v.bit+bits, p.begin+p.bits)
		if low >= high {
			continue
		}
		x, d := p.read(low, high, at)
		if d != nil {
			return nil, d
		}
		if high-low < bits {
			x = extended(x, high-low, false, at)
		}
		if low > v.bit {
			x = fold(newBinary(at, "<<", x, &Number{int64(low - v.bit)}))
		}
		if found += high - low; sum == nil {
			sum = x
		} else {
			sum = fold(newBinary(at, "|", sum, x))
		}
	}
	if found < bits {
		return nil, semanticError(at, "a part of it is nowhere: the compiler left it out")
	}
	return extended(sum, bits, s.signed, at), nil
}

// read gives the bits from low up to high of the value as the lowest of a number.
func (p fragment) read(low, high int, at parse.Token) (Expression, *parse.Diagnostic) {
	shift := p.shift + low - p.begin
	switch {
	case p.x != nil && shift == 0:
		return p.x, nil
	case p.x != nil:
		return fold(newBinary(at, ">>>", p.x, &Number{int64(shift)})), nil
	case p.follow != nil:
		return nil, semanticError(at, "it points to what has no address, and can only be followed")
	case p.address == nil:
		return nil, semanticError(at, "a part of it is nowhere: the compiler left it out")
	case shift%8 != 0 || (high-low)%8 != 0:
		return nil, semanticError(at, "it is scattered over memory in pieces that are not whole bytes")
	}
	// in words, so that nothing behind the fragment is touched
	var sum Expression
	for done := 0; done < high-low; {
		size := 8
		for 8*size > high-low-done {
			size /= 2
		}
		var x Expression = &Dereference{Token: at, Address: p.address, Offset: int64((shift + done) / 8), Size: size}
		if done > 0 {
			x = newBinary(at, "|", sum, newBinary(at, "<<", x, &Number{int64(done)}))
		}
		sum, done = x, done+8*size
	}
	return sum, nil
}

// extended gives the lowest bits of a number, their sign extended or not.
func extended(x Expression, bits int, signed bool, at parse.Token) Expression {
	switch bits {
	case 64:
		return x
	case 8, 16, 32:
		return fold(&Cast{X: x, Size: bits / 8, Signed: signed})
	}
	down := ">>>"
	if signed {
		down = ">>"
	}
	up := fold(newBinary(at, "<<", x, &Number{int64(64 - bits)}))
	return fold(newBinary(at, down, up, &Number{int64(64 - bits)}))
}

// store sets a value that is not in memory.
func (v value) store(s scalar, x Expression, at parse.Token) (Expression, *parse.Diagnostic) {
	switch number := v.x.(type) {
	case *Argument:
		return &StoreArgument{N: number.N, Size: number.Size, X: x}, nil
	case *ReturnValue:
		return &StoreReturnValue{X: x}, nil
	}
	bits := 8 * s.size
	if v.bits.BitSize > 0 {
		bits = v.bits.BitSize
	}
	for _, p := range v.fragments {
		if p.register >= 0 && v.bit >= p.begin && v.bit+bits <= p.begin+p.bits {
			return &StoreRegister{Number: p.register, Shift: p.shift + v.bit - p.begin, Bits: bits, X: x}, nil
		}
	}
	return nil, semanticError(at, fmt.Sprintf("it cannot be set here: it is %s", v.whereabouts()))
}

// whereabouts says why a value is no place that can be set.
func (v value) whereabouts() string {
	for _, p := range v.fragments {
		_, constant := p.x.(*Number)
		switch {
		case constant:
			return "a constant that the compiler knew"
		case p.x != nil && p.register < 0:
			return "computed from others, which the compiler kept in its place"
		}
	}
	if v.fragments != nil {
		return "in several places"
	}
	return "no variable"
}
