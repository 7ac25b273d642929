// Package debuginfo is what a kernel says of itself: its types, its functions, where
// their code is, and where their variables are.
//
// In goes BTF (Documentation/bpf/btf.rst), the compact type information that a
// kernel image carries in its section .BTF; DWARF 2 to 5 (https://dwarfstd.org), which
// says all that a compiler knows, of a vmlinux or a module's debuginfo; and tables of
// symbols. Out comes a model that does not say where it was read: functions with named
// parameters, and the types below; copies of functions, lines, labels, calls and
// variables (code.go).
//
// A BTF of five megabytes is not decoded. One pass over it notes where each
// record begins; another finds a function by name; a type is built when
// somebody asks for it, one level deep, so that `$how->flags` touches a dozen
// of the 120,000 records.
//
// A kernel's DWARF is a forest of 17 million entries, a tree for each source file that
// was compiled (a unit): types, functions with their variables, blocks, calls, and the
// copies of other functions that are inlined in them. It has no order to look things up
// by. So all of it is walked once (scan.go): the units by as many goroutines as there
// are processors, each entry in a few steps that are worked out beforehand for all
// entries of its form (plan.go), past whatever cannot hold code. What is found becomes
// an index (index.go): the functions sorted by file and line, each with its copies, and
// the positions of their entries; variables outside of functions and definitions of
// types by name. It is kept in a file and used as it lies there. Then
//
//	kernel.function("*@net/socket.c")     reads the index alone
//	$file->f_pos in vfs_read              reads the entry of vfs_read and what is below it,
//	                                      follows the type of "file", builds its structure
//	kernel.statement("*@fs/open.c:1320")  reads the line tables of the units with functions
//	                                      of that file
//
// The file of DWARF itself stays where it is: it is mapped, and read where needed.
package debuginfo

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
func (t *Enum) String() string  { return "enum " + orAnonymous(t.Name) }
func (t *Prototype) String() string {
	return "function"
}
func (t *Struct) String() string { return structName(t.Union, t.Name) }
func (t *Opaque) String() string { return structName(t.Union, t.Name) }

func structName(union bool, name string) string {
	if union {
		return "union " + orAnonymous(name)
	}
	return "struct " + orAnonymous(name)
}

func orAnonymous(name string) string {
	if name == "" {
		return "{…}"
	}
	return name
}

func (t *Pointer) String() string { return spell(t) }
func (t *Array) String() string   { return spell(t) }

// spell writes a type with the pointers and arrays around it.
func spell(t Type) string {
	var d declarator
	for range maxModifiers {
		var elem func() (Type, error)
		switch x := t.(type) {
		case nil:
			return d.of("void")
		case *Pointer:
			d.pointer()
			elem = x.elem
		case *Array:
			d.array(x.Count)
			elem = x.elem
		default:
			return d.of(t.String())
		}
		var err error
		if t, err = elem(); err != nil {
			break
		}
	}
	return d.of("?")
}

// Function is a function's name and prototype.
type Function struct {
	Name       string
	Parameters []Parameter
	Result     Type // nil for void
	written    func() string
}

// WrittenResult gives the type of the result as the source has it.
func (f *Function) WrittenResult() string {
	return Parameter{Type: f.Result, written: f.written}.Written()
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

// maxDimensions bounds an array's, for damaged type information.
const maxDimensions = 16

// SizeOf gives the bytes of a value, 0 when it has no size of its own.
func SizeOf(t Type) int {
	count := 1
	for range maxDimensions {
		array, ok := t.(*Array)
		if !ok {
			break
		}
		elem, err := array.Elem()
		if err != nil {
			return 0
		}
		count, t = count*array.Count, elem
	}
	switch t := t.(type) {
	case *Int:
		return count * t.Size
	case *Float:
		return count * t.Size
	case *Enum:
		return count * t.Size
	case *Pointer:
		return count * 8
	case *Struct:
		return count * t.Size
	}
	return 0
}
