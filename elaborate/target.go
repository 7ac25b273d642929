package elaborate

import (
	"fmt"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// value is a $variable on the way through its accessors: either a scalar that
// is at hand (x), or memory at address + offset.
type value struct {
	typ     debuginfo.Type
	x       Expression // nil for memory
	address Expression
	offset  int64 // bytes
	bits    debuginfo.Member
}

// target translates "$name->member[index]".
func (c *checker) target(t *parse.Target) Expression {
	place, ok := c.place.(contextual)
	if t.Base != nil || t.Name == "" || t.Name[0] != '$' {
		c.fail(t.Token, "this form of target variable is not in this version")
		return nil
	}
	if !ok {
		c.fail(t.Token, fmt.Sprintf("a probe at this point has no target variables: %s", t.Name))
		return nil
	}
	if t.Pretty > 0 || t.AddressOf {
		c.fail(t.Token, "pretty printing and addresses of target variables are not in this version")
		return nil
	}
	v, d := place.target(c.elaborator, t)
	if d != nil {
		c.add(d)
		return nil
	}
	for _, a := range t.Accessors {
		if v, d = c.access(v, a); d != nil {
			c.add(d)
			return nil
		}
	}
	last := t.Token
	if n := len(t.Accessors); n > 0 {
		last = t.Accessors[n-1].Token
	}
	x, d := load(v, last)
	if d != nil {
		c.add(d)
	}
	return x
}

// access takes one step: "->member" or "[index]".
func (c *checker) access(v value, a parse.Accessor) (value, *parse.Diagnostic) {
	if pointer, ok := v.typ.(*debuginfo.Pointer); ok {
		x, d := load(v, a.Token)
		if d != nil {
			return value{}, d
		}
		elem, err := pointer.Elem()
		if err != nil {
			return value{}, semanticError(a.Token, err.Error())
		}
		if elem == nil {
			return value{}, semanticError(a.Token, "a pointer to void cannot be followed")
		}
		v = value{typ: elem, address: x}
		if a.Index != nil {
			return c.element(v, elem, a)
		}
	} else if array, ok := v.typ.(*debuginfo.Array); ok && a.Index != nil && v.x == nil {
		elem, err := array.Elem()
		if err != nil || elem == nil {
			return value{}, semanticError(a.Token, "the array has no elements that can be read")
		}
		return c.element(v, elem, a)
	}
	structure, ok := v.typ.(*debuginfo.Struct)
	if !ok || a.Index != nil {
		return value{}, semanticError(a.Token, fmt.Sprintf("a value of type %s has no %s", typeName(v.typ), accessorName(a)))
	}
	if v.x != nil {
		return value{}, semanticError(a.Token, "a structure in registers has no members that can be read")
	}
	member, offset, found := findMember(structure, a.Member, map[*debuginfo.Struct]bool{})
	if !found {
		d := semanticError(a.Token, fmt.Sprintf("unable to find member '%s' for %s", a.Member, structure))
		d.Similar = parse.Similar(a.Member, memberNames(structure, map[*debuginfo.Struct]bool{}), 5)
		return value{}, d
	}
	t, err := member.Type()
	if err != nil {
		return value{}, semanticError(a.Token, err.Error())
	}
	return value{typ: t, address: v.address, offset: v.offset + int64(offset/8), bits: debuginfo.Member{Offset: offset % 8, BitSize: member.BitSize}}, nil
}

// element is the place of "v[index]", whose elements are of type elem.
func (c *checker) element(v value, elem debuginfo.Type, a parse.Accessor) (value, *parse.Diagnostic) {
	size := sizeOf(elem)
	if size == 0 {
		return value{}, semanticError(a.Token, fmt.Sprintf("elements of type %s have no size", typeName(elem)))
	}
	if n, ok := a.Index.(*parse.NumberLiteral); ok {
		return value{typ: elem, address: v.address, offset: v.offset + n.Value*int64(size)}, nil
	}
	index := c.expression(a.Index, parse.Long)
	if index == nil {
		return value{}, semanticError(a.Token, "the index is not a number")
	}
	scaled := &Binary{Token: parse.Token{Position: a.Position, Text: "*"}, X: index, Y: &Number{int64(size)}}
	sum := &Binary{Token: parse.Token{Position: a.Position, Text: "+"}, X: v.address, Y: scaled}
	return value{typ: elem, address: sum, offset: v.offset}, nil
}

// load gives the number that a value is.
func load(v value, at parse.Token) (Expression, *parse.Diagnostic) {
	if v.x != nil {
		return v.x, nil
	}
	if _, ok := v.typ.(*debuginfo.Array); ok { // an array is its address
		return addressOf(v, at), nil
	}
	s, why := registerValue(v.typ)
	if why != "" {
		d := semanticError(at, fmt.Sprintf("a value of type %s is not a number", typeName(v.typ)))
		if structure, ok := v.typ.(*debuginfo.Struct); ok {
			d.Hint = fmt.Sprintf("name a member of it, such as ->%s", firstMember(structure))
		}
		return nil, d
	}
	if v.bits.BitSize > 0 {
		return loadBits(v, s, at), nil
	}
	return &Dereference{Token: at, Address: v.address, Offset: v.offset, Size: s.size, Signed: s.signed}, nil
}

// loadBits reads the bytes that a bit-field lies in, and shifts it to the top of
// the word and down again, which also extends its sign (little-endian).
func loadBits(v value, s scalar, at parse.Token) Expression {
	size := 1
	for size < 8 && size*8 < v.bits.Offset+v.bits.BitSize {
		size *= 2
	}
	token := func(sign string) parse.Token { return parse.Token{Position: at.Position, Text: sign} }
	word := &Dereference{Token: at, Address: v.address, Offset: v.offset, Size: size}
	up := &Binary{Token: token("<<"), X: word, Y: &Number{int64(64 - v.bits.Offset - v.bits.BitSize)}}
	down := ">>>"
	if s.signed {
		down = ">>"
	}
	return &Binary{Token: token(down), X: up, Y: &Number{int64(64 - v.bits.BitSize)}}
}

func addressOf(v value, at parse.Token) Expression {
	return &Binary{Token: parse.Token{Position: at.Position, Text: "+"}, X: v.address, Y: &Number{v.offset}}
}

// findMember looks a member up, also in anonymous structures inside; the offset
// is in bits.
func findMember(s *debuginfo.Struct, name string, seen map[*debuginfo.Struct]bool) (debuginfo.Member, int, bool) {
	for _, m := range s.Members {
		if m.Name == name {
			return m, m.Offset, true
		}
		if inner := anonymous(m, seen); inner != nil {
			if found, offset, ok := findMember(inner, name, seen); ok {
				return found, m.Offset + offset, true
			}
		}
	}
	return debuginfo.Member{}, 0, false
}

func memberNames(s *debuginfo.Struct, seen map[*debuginfo.Struct]bool) []string {
	var names []string
	for _, m := range s.Members {
		if inner := anonymous(m, seen); inner != nil {
			names = append(names, memberNames(inner, seen)...)
		} else if m.Name != "" {
			names = append(names, m.Name)
		}
	}
	return names
}

// anonymous gives the anonymous structure that a member is, once: in damaged
// BTF it may lie inside itself.
func anonymous(m debuginfo.Member, seen map[*debuginfo.Struct]bool) *debuginfo.Struct {
	if m.Name != "" {
		return nil
	}
	t, err := m.Type()
	if err != nil {
		return nil
	}
	s, _ := t.(*debuginfo.Struct)
	if seen[s] {
		return nil
	}
	seen[s] = true
	return s
}

func firstMember(s *debuginfo.Struct) string {
	if names := memberNames(s, map[*debuginfo.Struct]bool{}); len(names) > 0 {
		return names[0]
	}
	return "member"
}

// maxDimensions bounds an array's, for damaged BTF.
const maxDimensions = 16

// sizeOf gives the bytes of a value, 0 when it has no size.
func sizeOf(t debuginfo.Type) int {
	count := 1
	for range maxDimensions {
		array, ok := t.(*debuginfo.Array)
		if !ok {
			break
		}
		elem, err := array.Elem()
		if err != nil {
			return 0
		}
		count, t = count*array.Count, elem
	}
	return count * sizeOfOne(t)
}

func sizeOfOne(t debuginfo.Type) int {
	switch t := t.(type) {
	case *debuginfo.Int:
		return t.Size
	case *debuginfo.Float:
		return t.Size
	case *debuginfo.Enum:
		return t.Size
	case *debuginfo.Pointer:
		return 8
	case *debuginfo.Struct:
		return t.Size
	}
	return 0
}

func typeName(t debuginfo.Type) string {
	if t == nil {
		return "void"
	}
	return t.String()
}

func accessorName(a parse.Accessor) string {
	if a.Index != nil {
		return "elements"
	}
	return "member '" + a.Member + "'"
}
