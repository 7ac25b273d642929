package debuginfo

// This file is the part of the model that is about code: where functions are, out
// of line and inlined, and what can be seen at an instruction. It comes from
// DWARF; of functions without it, from a symbol table.
//
// Addresses are those of the file ("link-time"): the kernel's as it was linked, a
// module's as offsets in the section that holds them.

// Address is a place in a file's code or data.
type Address struct {
	Section string // of a relocatable file (a module): ".text"; "" of one that has been linked
	Offset  uint64
}

// Range is the code from Low up to High, without it.
type Range struct{ Low, High uint64 }

// Code is one copy of a function: the one out of line, or one that was inlined
// into another function.
type Code struct {
	Name     string // as the source has it
	File     string // of its declaration, relative to the source's top: "fs/read_write.c"; "" without DWARF
	Line     int    // of its declaration; 0 without DWARF
	Symbol   string // the symbol at Entry: "vfs_read", "vfs_read.isra.0"; "" of inlined code
	Exported bool   // that symbol is global
	Inlined  bool
	Entry    Address
	Ranges   []Range // in Entry.Section; the function's cold part is one of them

	copy int // its number in the object's index, from 1; 0: it is of no object
}

// Label is a label of the source in a function's code.
type Label struct {
	Name    string
	File    string
	Line    int
	Address Address
}

// Call is a call that a function's debuginfo describes: of another function's
// code, or with Inlined the copy that stands in place of it.
type Call struct {
	Name     string // of the callee
	Returns  Address
	Inlined  *Code
	Line     int
	TailCall bool // it does not come back here
}

// LineRecord is a row of the line table that begins a statement.
type LineRecord struct {
	File    string
	Line    int
	Address Address
}

// Variable is one that the source names.
type Variable struct {
	Name      string
	Parameter bool
	File      string
	Line      int
	Type      Type // nil: void or unknown
	External  bool // other files can name it, too

	order      int // of parameters in the source
	written    func() string
	attributes variableAttributes
}

// Written gives the variable's type as the source has it, with its typedefs and
// qualifiers: "bool", "char const*".
func (v *Variable) Written() string { return Parameter{Type: v.Type, written: v.written}.Written() }

// Location tells where a value is at one instruction: in one piece, or in several
// in the order of the value's bytes (DWARF 5, 2.6).
type Location struct{ Pieces []Piece }

// PieceKind says what a Piece is.
type PieceKind int

// The kinds of pieces.
const (
	InMemory    PieceKind = iota // Operations compute its address
	InRegister                   // Register holds it
	IsValue                      // Operations compute it
	IsBytes                      // Bytes are it
	Unavailable                  // the compiler left it out
	IsPointer                    // it is an address that is nowhere; what it would point to is Target
)

// Piece is a part of a value.
type Piece struct {
	Kind         PieceKind
	Register     int // DWARF's number of it
	Operations   []Operation
	Bytes        []byte
	Target       *Location // of IsPointer, TargetOffset bytes into it
	TargetOffset int64
	Bits         int // how long the piece is; 0: the whole value
	BitOffset    int // where it begins in what Kind says
}

// Operation is one step of the stack machine, with what it refers to resolved:
// the frame base and entry values are spelled out.
type Operation struct {
	Code     byte   // OpAddr and so on (operators.go)
	Number   int64  // its operand: an offset, a constant, a size in bytes, how far to branch in operations
	Register int    // of OpRegister: DWARF's number of it
	Section  string // of OpAddr: as in Address, or PerCPUSection
	Signed   bool   // of OpConvert
}

// PerCPUSection is the section of data that each CPU has its own copy of; as the
// Section of an Operation it says so of linked files, too.
const PerCPUSection = ".data..percpu"
