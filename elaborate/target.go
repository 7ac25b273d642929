package elaborate

import (
	"fmt"
	"strings"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// value is a $variable on the way through its accessors: a scalar that is at hand
// (x), fragments that it is put together from, or memory at address + offset.
type value struct {
	typ       debuginfo.Type
	x         Expression // nil for others
	fragments []fragment // nil for others
	bit       int        // of the fragments, where the value begins
	address   Expression
	offset    int64 // bytes
	bits      debuginfo.Member
	user      bool // memory of the current process
}

// inMemory reports whether the value has an address.
func (v value) inMemory() bool { return v.x == nil && v.fragments == nil }

// target translates "$name->member[index]", "@cast(p, "type")->member", "p->member"
// and the like.
func (c *checker) target(t *parse.Target) Expression {
	if c.isOfEntry(t) {
		return c.captured(t)
	}
	if isText(t) {
		return c.pretty(t)
	}
	before := len(c.diagnostics)
	v, ok := c.walk(t)
	if !ok {
		return c.bad(t, before)
	}
	at := lastToken(t)
	// what a cast points to is at the pointer
	if t.AddressOf && (t.Name != "@cast" || len(t.Accessors) > 0) {
		if !v.inMemory() || v.bits.BitSize > 0 {
			c.fail(t.Token, "this has no address: it is no memory")
			return nil
		}
		x := addressOf(v, at)
		c.pointTo(x, debuginfo.PointerTo(v.typ))
		return x
	}
	x, d := load(v, at)
	if d != nil {
		c.add(d)
		return c.bad(t, before)
	}
	c.pointTo(x, v.typ)
	return x
}

// bad is what stands for a target that cannot be resolved: with --skip-badvars 0,
// and a warning in place of the errors.
func (c *checker) bad(t *parse.Target, before int) Expression {
	if !c.options.SkipBadVariables || !strings.HasPrefix(t.Name, "$") || len(c.diagnostics) == before {
		return nil
	}
	c.diagnostics = c.diagnostics[:before]
	c.warn(t.Token, fmt.Sprintf("Bad variable '%s' being substituted with literal 0", t.Name))
	if isText(t) {
		return &Text{"0"}
	}
	return &Number{}
}

func lastToken(t *parse.Target) parse.Token {
	if n := len(t.Accessors); n > 0 {
		return t.Accessors[n-1].Token
	}
	return t.Token
}

// walk finds what a target stands for, from its base through its accessors; false
// after saying what is wrong.
func (c *checker) walk(t *parse.Target) (value, bool) {
	v, ok := c.base(t)
	if !ok {
		return value{}, false
	}
	for _, a := range t.Accessors {
		var d *parse.Diagnostic
		if v, d = c.access(v, a); d != nil {
			c.add(d)
			return value{}, false
		}
	}
	return v, true
}

// base is what a target begins with.
func (c *checker) base(t *parse.Target) (value, bool) {
	switch {
	case t.Base != nil:
		x := c.value(t.Base, parse.Long)
		if x == nil {
			return value{}, false
		}
		pointer := c.pointee(x)
		if pointer == nil {
			d := semanticError(t.Token, "nothing says what this points to")
			d.Hint = "name the type: @cast(pointer, \"struct name\")->member"
			c.add(d)
			return value{}, false
		}
		return value{typ: pointer, x: x}, true
	case t.Name == "@cast":
		return c.cast(t)
	case t.Name == "@kderef" || t.Name == "@uderef":
		return c.rawMemory(t)
	case t.Name == "@var":
		return c.variable(t)
	case t.Name == "@kregister" && (c.options.Guru || t.Position.Source.Library):
		return c.register(t)
	case strings.HasPrefix(t.Name, "@"):
		c.fail(t.Token, t.Name+" needs probes with registers or symbols, which are not in this version")
		return value{}, false
	}
	place, ok := c.place.(contextual)
	if !ok {
		where := "a probe at this point"
		if c.function != nil {
			where = "a function"
		}
		c.fail(t.Token, fmt.Sprintf("%s has no target variables: %s", where, t.Name))
		return value{}, false
	}
	if c.entering && t.Name == "$return" {
		c.fail(t.Token, "there is no $return yet when the function is entered")
		return value{}, false
	}
	v, d := place.target(c.elaborator, t)
	if d != nil {
		c.add(d)
		return value{}, false
	}
	return v, true
}

// rawMemory is @kderef(size, address) or @uderef(size, address).
func (c *checker) rawMemory(t *parse.Target) (value, bool) {
	if t.Name == "@kderef" && !c.options.Guru && !t.Position.Source.Library {
		c.fail(t.Token, "@kderef needs stap -g")
		return value{}, false
	}
	size, ok := c.value(t.Arguments[0], parse.Long).(*Number)
	address := c.value(t.Arguments[1], parse.Long)
	if address == nil {
		return value{}, false
	}
	if !ok || size.Value != 1 && size.Value != 2 && size.Value != 4 && size.Value != 8 {
		c.fail(t.Token, "the size must be 1, 2, 4 or 8")
		return value{}, false
	}
	return value{typ: &debuginfo.Int{Name: "number", Size: int(size.Value)}, address: address, user: t.Name == "@uderef"}, true
}

// register is @kregister(n): a register of the hit by DWARF's number.
func (c *checker) register(t *parse.Target) (value, bool) {
	const most = 32
	n, ok := c.value(t.Arguments[0], parse.Long).(*Number)
	if !ok || n.Value < 0 || n.Value > most {
		c.fail(t.Token, "the number of a register must be a constant, as DWARF counts them")
		return value{}, false
	}
	if _, ok := c.place.(contextual); !ok {
		c.fail(t.Token, "there are no registers here: "+t.Name)
		return value{}, false
	}
	whole := fragment{bits: wordBits, x: &Register{int(n.Value)}, register: int(n.Value)}
	return value{typ: &debuginfo.Int{Name: "number", Size: 8}, fragments: []fragment{whole}}, true
}

// assignTarget is "$name->member = y".
func (c *checker) assignTarget(x *parse.Assign, t *parse.Target, operator string) Expression {
	if place, ok := c.place.(assignable); ok && t.Base == nil && t.Name[0] == '$' {
		return place.assign(c, x, t, operator)
	}
	return c.assignMemory(x, t, operator)
}

// mayAssign reports whether a script may set what belongs to the kernel, or says
// what it needs for that.
func (c *checker) mayAssign(x *parse.Assign, t *parse.Target, operator string) bool {
	if !c.options.Guru && !t.Position.Source.Library {
		d := semanticError(t.Token, "write to target variable not permitted; need stap -g")
		d.Hint = "it changes what the kernel does: -g says that you mean it"
		c.add(d)
		return false
	}
	if operator != "" {
		c.fail(x.Token, "a target variable can be set with '=' only")
		return false
	}
	return true
}

// assignMemory sets memory that a target leads to, in guru mode.
func (c *checker) assignMemory(x *parse.Assign, t *parse.Target, operator string) Expression {
	if !c.mayAssign(x, t, operator) {
		return nil
	}
	if c.isOfEntry(t) {
		c.fail(t.Token, "write to target variable not permitted in .return probes")
		return nil
	}
	v, ok := c.walk(t)
	if !ok {
		return nil
	}
	y := c.value(x.Y, parse.Long)
	if y == nil {
		return nil
	}
	if argument, ok := v.x.(*Argument); ok && argument.Traced {
		c.fail(t.Token, "an argument of a tracepoint cannot be set: memory that it points to can be")
		return nil
	}
	stored, d := store(v, y, lastToken(t))
	if d != nil {
		c.add(d)
		return nil
	}
	return stored
}

// store sets a value to the number y.
func store(v value, y Expression, at parse.Token) (Expression, *parse.Diagnostic) {
	s, why := numberOf(v.typ)
	float, isFloat := v.typ.(*debuginfo.Float)
	switch {
	case why != "":
		return nil, semanticError(at, fmt.Sprintf("a value of type %s cannot be set", typeName(v.typ)))
	case isFloat && float.Size != 8:
		return nil, semanticError(at, "only floating-point numbers of 64 bits can be set, to the bits of one")
	case !v.inMemory():
		return v.store(s, y, at)
	case v.bits.BitSize > 0:
		return &StoreBits{Token: at, Address: v.address, Offset: v.offset, Shift: v.bits.Offset, Bits: v.bits.BitSize, User: v.user, X: y}, nil
	}
	return &StoreMemory{Token: at, Address: v.address, Offset: v.offset, Size: s.size, User: v.user, X: y}, nil
}

// access takes one step: "->member" or "[index]".
func (c *checker) access(v value, a parse.Accessor) (value, *parse.Diagnostic) {
	if pointer, ok := v.typ.(*debuginfo.Pointer); ok {
		elem, err := pointer.Elem()
		if err != nil {
			return value{}, semanticError(a.Token, err.Error())
		}
		if elem == nil {
			return value{}, semanticError(a.Token, "a pointer to void cannot be followed")
		}
		var d *parse.Diagnostic
		if v, d = follow(v, elem, a.Token); d != nil {
			return value{}, d
		}
		if a.Index != nil {
			return c.elementAt(v, elem, a)
		}
	} else if array, ok := v.typ.(*debuginfo.Array); ok && a.Index != nil && v.x == nil {
		elem, err := array.Elem()
		if err != nil || elem == nil {
			return value{}, semanticError(a.Token, "the array has no elements that can be read")
		}
		return c.elementAt(v, elem, a)
	}
	structure, ok := v.typ.(*debuginfo.Struct)
	if opaque, isOpaque := v.typ.(*debuginfo.Opaque); isOpaque && a.Index == nil {
		return value{}, semanticError(a.Token, fmt.Sprintf("nothing at hand says what is in %s", opaque))
	}
	if !ok || a.Index != nil || v.x != nil {
		return value{}, semanticError(a.Token, fmt.Sprintf("invalid access '%s' vs. %s", accessorName(a), typeName(v.typ)))
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
	return v.inside(t, offset, member.BitSize), nil
}

// follow gives what a pointer points to.
func follow(v value, elem debuginfo.Type, at parse.Token) (value, *parse.Diagnostic) {
	if follow := v.pointsNowhere(); follow != nil {
		target, err := follow(elem)
		if err != nil {
			return value{}, semanticError(at, err.Error())
		}
		return target.settled(), nil
	}
	x, d := load(v, at)
	if d != nil {
		return value{}, d
	}
	return value{typ: elem, address: x, user: v.user}, nil
}

// inside gives what is inside of a value, so many bits from its beginning: a
// bit-field of bitSize bits, or with 0 something of type t.
func (v value) inside(t debuginfo.Type, offset, bitSize int) value {
	inside := value{typ: t, user: v.user, bits: debuginfo.Member{BitSize: bitSize}}
	if v.fragments != nil {
		inside.fragments, inside.bit = v.fragments, v.bit+offset
		return inside.settled()
	}
	inside.bits.Offset = offset % 8
	inside.address, inside.offset = v.address, v.offset+int64(offset/8)
	return inside
}

// elementAt is the place of "v[index]", whose elements are of type elem.
func (c *checker) elementAt(v value, elem debuginfo.Type, a parse.Accessor) (value, *parse.Diagnostic) {
	size := debuginfo.SizeOf(elem)
	if size == 0 {
		return value{}, semanticError(a.Token, fmt.Sprintf("elements of type %s have no size", typeName(elem)))
	}
	var index Expression
	if n, ok := a.Index.(*parse.NumberLiteral); ok {
		index = &Number{n.Value}
	} else if index = c.expression(a.Index, parse.Long); index == nil {
		return value{}, semanticError(a.Token, "the index is not a number")
	}
	n, constant := index.(*Number)
	switch {
	case constant && v.fragments != nil:
		const most = 1 << 20
		if n.Value < 0 || n.Value > most {
			return value{}, semanticError(a.Token, "there is no such element: the array is in registers")
		}
		return v.inside(elem, 8*size*int(n.Value), 0), nil
	case constant:
		return value{typ: elem, address: v.address, offset: v.offset + n.Value*int64(size), user: v.user}, nil
	case v.fragments != nil:
		return value{}, semanticError(a.Token, "an array in registers has elements by constant indices only")
	}
	sum := newBinary(a.Token, "+", v.address, newBinary(a.Token, "*", index, &Number{int64(size)}))
	return value{typ: elem, address: sum, offset: v.offset, user: v.user}, nil
}

// numberOf gives the size of a value that is a number to scripts, or says why it
// is none. Floating-point numbers are the bits of one of 64 bits.
func numberOf(t debuginfo.Type) (scalar, string) {
	if float, ok := t.(*debuginfo.Float); ok && (float.Size == 4 || float.Size == 8) {
		return scalar{float.Size, false}, ""
	}
	s, why := registerValue(t)
	if why == "" && s.size != 1 && s.size != 2 && s.size != 4 && s.size != 8 {
		why = "has no size that a number can have"
	}
	return s, why
}

// load gives the number that a value is.
func load(v value, at parse.Token) (Expression, *parse.Diagnostic) {
	if v.x != nil {
		return v.x, nil
	}
	if _, ok := v.typ.(*debuginfo.Array); ok && v.fragments == nil { // an array is its address
		return addressOf(v, at), nil
	}
	s, why := numberOf(v.typ)
	if why != "" {
		d := semanticError(at, fmt.Sprintf("a value of type %s is not a number", typeName(v.typ)))
		if structure, ok := v.typ.(*debuginfo.Struct); ok {
			d.Hint = fmt.Sprintf("name a member of it, such as ->%s", firstMember(structure))
		}
		return nil, d
	}
	x, d := loadNumber(v, s, at)
	if float, ok := v.typ.(*debuginfo.Float); ok && d == nil && float.Size == 4 {
		x = &WidenFloat{x}
	}
	return x, d
}

func loadNumber(v value, s scalar, at parse.Token) (Expression, *parse.Diagnostic) {
	switch {
	case v.fragments != nil:
		return v.loadFragments(s, at)
	case v.bits.BitSize > 0:
		return loadBits(v, s, at), nil
	}
	return &Dereference{Token: at, Address: v.address, Offset: v.offset, Size: s.size, Signed: s.signed, User: v.user}, nil
}

// loadBits reads the bytes that a bit-field lies in, and shifts it to the top of
// the word and down again, which also extends its sign (little-endian). One that
// lies in nine bytes is read in two words.
func loadBits(v value, s scalar, at parse.Token) Expression {
	size := 1
	for size < 8 && size*8 < v.bits.Offset+v.bits.BitSize {
		size *= 2
	}
	var word Expression = &Dereference{Token: at, Address: v.address, Offset: v.offset, Size: size, User: v.user}
	if v.bits.Offset+v.bits.BitSize > wordBits {
		low := newBinary(at, ">>>", word, &Number{int64(v.bits.Offset)})
		last := &Dereference{Token: at, Address: v.address, Offset: v.offset + 8, Size: 1, User: v.user}
		high := newBinary(at, "<<", last, &Number{int64(wordBits - v.bits.Offset)})
		return extended(newBinary(at, "|", low, high), v.bits.BitSize, s.signed, at)
	}
	up := newBinary(at, "<<", word, &Number{int64(wordBits - v.bits.Offset - v.bits.BitSize)})
	down := ">>>"
	if s.signed {
		down = ">>"
	}
	return newBinary(at, down, up, &Number{int64(wordBits - v.bits.BitSize)})
}

func addressOf(v value, at parse.Token) Expression {
	return newBinary(at, "+", v.address, &Number{v.offset})
}

// newBinary computes with what a target leads to; at is where the script has it.
func newBinary(at parse.Token, sign string, x, y Expression) *Binary {
	return &Binary{Token: parse.Token{Position: at.Position, Text: sign}, X: x, Y: y}
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

func typeName(t debuginfo.Type) string {
	if t == nil {
		return "void"
	}
	return t.String()
}

// accessorName gives an accessor as the source has it, in short.
func accessorName(a parse.Accessor) string {
	if a.Index != nil {
		return "[...]"
	}
	return "->" + a.Member
}
