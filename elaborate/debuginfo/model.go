// Package debuginfo is what a kernel says of itself: its types and the
// prototypes of its functions.
//
// In goes BTF (Documentation/bpf/btf.rst), the compact type information that a
// kernel image carries in its section .BTF: a header, a run of type records that
// refer to each other by number, and a run of names. Out comes a model that does
// not say where it was read: functions with named parameters, and the types
// below.
//
// A BTF of five megabytes is not decoded. One pass over it notes where each
// record begins; another finds a function by name; a type is built when
// somebody asks for it, one level deep, so that `$how->flags` touches a dozen
// of the 120,000 records.
package debuginfo

import "fmt"

// Type is one of the types below. A Type that is nil is void.
type Type interface {
	String() string // as C writes it
}

// Int is an integer, a character or a truth value.
type Int struct {
	Name   string
	Size   int // bytes
	Signed bool
}

// Float is a floating-point number.
type Float struct {
	Name string
	Size int // bytes
}

// Enum is an enumeration.
type Enum struct {
	Name   string
	Size   int // bytes
	Signed bool
	Values []EnumValue
}

// EnumValue is one name of an enumeration.
type EnumValue struct {
	Name  string
	Value int64
}

// Pointer is an address; Elem builds what is there, nil for void.
type Pointer struct {
	elem func() (Type, error)
}

// Elem gives the type that the pointer points to.
func (p *Pointer) Elem() (Type, error) { return p.elem() }

// PointerTo gives the type of a pointer to t.
func PointerTo(t Type) *Pointer {
	return &Pointer{elem: func() (Type, error) { return t, nil }}
}

// Array is a number of equal elements.
type Array struct {
	Count int
	elem  func() (Type, error)
}

// Elem gives the type of an element.
func (a *Array) Elem() (Type, error) { return a.elem() }

// Struct is a structure or, when Union is set, a union.
type Struct struct {
	Name    string // "" for an anonymous one
	Union   bool
	Size    int // bytes
	Members []Member
}

// Member is one member of a structure. An anonymous structure inside has no name.
type Member struct {
	Name    string
	Offset  int // bits from the structure's beginning
	BitSize int // of a bit-field; 0 for other members
	typ     func() (Type, error)
}

// Type gives the member's type.
func (m Member) Type() (Type, error) { return m.typ() }

// Prototype is the type of a function that a pointer points to.
type Prototype struct{}

// Opaque is a structure of which only the name is known.
type Opaque struct {
	Name  string
	Union bool
}

func (t *Int) String() string   { return t.Name }
func (t *Float) String() string { return t.Name }
func (t *Enum) String() string  { return "enum " + t.Name }
func (t *Prototype) String() string {
	return "function"
}
func (t *Struct) String() string { return structName(t.Union, t.Name) }
func (t *Opaque) String() string { return structName(t.Union, t.Name) }

func structName(union bool, name string) string {
	if name == "" {
		name = "{…}"
	}
	if union {
		return "union " + name
	}
	return "struct " + name
}

func (t *Pointer) String() string { return spell(t) }
func (t *Array) String() string   { return spell(t) }

// spell writes a type with the pointers and arrays around it.
func spell(t Type) string {
	around := ""
	for range maxModifiers {
		var elem func() (Type, error)
		switch x := t.(type) {
		case nil:
			return "void" + around
		case *Pointer:
			around, elem = "*"+around, x.elem
		case *Array:
			around, elem = fmt.Sprintf("[%d]", x.Count)+around, x.elem
		default:
			return t.String() + around
		}
		var err error
		if t, err = elem(); err != nil {
			break
		}
	}
	return "?" + around
}

// Function is a function's name and prototype.
type Function struct {
	Name       string
	Parameters []Parameter
	Result     Type // nil for void
}

// Parameter is one named parameter of a function.
type Parameter struct {
	Name    string // "" when the source gives none
	Type    Type
	written func() string
}

// Written gives the type as the source has it, with its typedefs and qualifiers:
// "bool", "char const*".
func (p Parameter) Written() string {
	switch {
	case p.written != nil:
		return p.written()
	case p.Type == nil:
		return "void"
	}
	return p.Type.String()
}
