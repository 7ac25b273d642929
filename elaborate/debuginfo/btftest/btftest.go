// Package btftest writes BTF for tests: each method adds a record and gives its
// number, by which other records refer to it.
//
//	b := btftest.New()
//	file := b.Struct("file", 8, btftest.Member{Name: "f_flags", Type: b.Int("int", 4, true)})
//	b.Function("f", 0, btftest.Parameter{Name: "file", Type: b.Pointer(file)})
//	data := b.Bytes()
package btftest

import "encoding/binary"

// Builder collects records.
type Builder struct {
	types   []byte
	strings []byte
	count   uint32
	begin   uint32 // where names begin: behind those of the base
}

// Member is a structure's: Offset is in bits, BitSize is of a bit-field.
type Member struct {
	Name            string
	Type            uint32
	Offset, BitSize uint32
}

// Parameter is a function's.
type Parameter struct {
	Name string
	Type uint32
}

// New gives an empty builder; type 0 is void.
func New() *Builder { return &Builder{strings: []byte{0}} }

// NewOn gives a builder of a module's BTF, whose records and names go on where those
// of base end.
func NewOn(base *Builder) *Builder {
	return &Builder{strings: []byte{0}, count: base.count, begin: base.begin + uint32(len(base.strings))}
}

func (b *Builder) name(s string) uint32 {
	if s == "" {
		return 0
	}
	at := len(b.strings)
	b.strings = append(append(b.strings, s...), 0)
	return b.begin + uint32(at)
}

// Record adds a record of any kind.
func (b *Builder) Record(name string, kind, count uint32, flag bool, size uint32, rest ...uint32) uint32 {
	info := kind<<24 | count
	if flag {
		info |= 1 << 31
	}
	for _, word := range append([]uint32{b.name(name), info, size}, rest...) {
		b.types = binary.LittleEndian.AppendUint32(b.types, word)
	}
	b.count++
	return b.count
}

// Int adds an integer of size bytes.
func (b *Builder) Int(name string, size uint32, signed bool) uint32 {
	encoding := size * 8
	if signed {
		encoding |= 1 << 24
	}
	return b.Record(name, 1, 0, false, size, encoding)
}

// Pointer adds a pointer.
func (b *Builder) Pointer(to uint32) uint32 { return b.Record("", 2, 0, false, to) }

// Array adds an array.
func (b *Builder) Array(elem, count uint32) uint32 {
	return b.Record("", 3, 0, false, 0, elem, elem, count)
}

// Typedef adds another name for a type.
func (b *Builder) Typedef(name string, of uint32) uint32 { return b.Record(name, 8, 0, false, of) }

// Const adds a constant.
func (b *Builder) Const(of uint32) uint32 { return b.Record("", 10, 0, false, of) }

// Struct adds a structure; one with bit-fields has them all encoded so.
func (b *Builder) Struct(name string, size uint32, members ...Member) uint32 {
	return b.composite(4, name, size, members)
}

// Union adds a union.
func (b *Builder) Union(name string, size uint32, members ...Member) uint32 {
	return b.composite(5, name, size, members)
}

func (b *Builder) composite(kind uint32, name string, size uint32, members []Member) uint32 {
	bits := false
	for _, m := range members {
		bits = bits || m.BitSize > 0
	}
	var rest []uint32
	for _, m := range members {
		rest = append(rest, b.name(m.Name), m.Type, m.Offset|m.BitSize<<24)
	}
	return b.Record(name, kind, uint32(len(members)), bits, size, rest...)
}

// Enumerator is one name of an enumeration.
type Enumerator struct {
	Name  string
	Value int32
}

// Enum adds an enumeration of four bytes.
func (b *Builder) Enum(name string, values ...Enumerator) uint32 {
	var rest []uint32
	for _, v := range values {
		rest = append(rest, b.name(v.Name), uint32(v.Value))
	}
	return b.Record(name, 6, uint32(len(values)), true, 4, rest...) // signed
}

// Function adds a function and its prototype.
func (b *Builder) Function(name string, result uint32, parameters ...Parameter) uint32 {
	var rest []uint32
	for _, p := range parameters {
		rest = append(rest, b.name(p.Name), p.Type)
	}
	prototype := b.Record("", 13, uint32(len(parameters)), false, result, rest...)
	return b.Record(name, 12, 0, false, prototype)
}

// Bytes gives the section's contents.
func (b *Builder) Bytes() []byte {
	header := []byte{0x9f, 0xeb, 1, 0}
	for _, word := range []uint32{24, 0, uint32(len(b.types)), uint32(len(b.types)), uint32(len(b.strings))} {
		header = binary.LittleEndian.AppendUint32(header, word)
	}
	return append(append(header, b.types...), b.strings...)
}

// Kernel gives a small kernel: do_sys_openat2 as Linux has it, functions for
// what BTF cannot tell, and structures of every shape.
func Kernel() []byte {
	b := New()
	integer, unsigned := b.Int("int", 4, true), b.Int("long long unsigned int", 8, false)
	character := b.Int("char", 1, true)
	text := b.Pointer(character)
	how := b.Struct("open_how", 24, Member{"flags", unsigned, 0, 0}, Member{"mode", unsigned, 64, 0}, Member{"resolve", unsigned, 128, 0})
	inner := b.Union("", 8, Member{"word", unsigned, 0, 0}, Member{"byte", character, 0, 0})
	odd := b.Struct("odd", 64, Member{"low", integer, 0, 3}, Member{"high", integer, 3, 5}, Member{"", inner, 64, 0},
		Member{"list", b.Array(integer, 4), 128, 0}, Member{"next", 0, 256, 0}, Member{"how", how, 320, 0})
	b.Function("do_sys_openat2", integer, Parameter{"dfd", integer}, Parameter{"filename", text}, Parameter{"how", b.Pointer(how)})
	b.Function("odd_one", 0, Parameter{"odd", b.Pointer(odd)}, Parameter{"nothing", b.Pointer(0)})
	b.Function("twice", 0)
	b.Function("twice", 0)
	b.Function("by_value", 0, Parameter{"first", integer}, Parameter{"how", how}, Parameter{"after", integer})
	b.Function("many", 0, Parameter{"a", integer}, Parameter{"b", integer}, Parameter{"c", integer}, Parameter{"d", integer},
		Parameter{"e", integer}, Parameter{"f", integer}, Parameter{"g", integer})
	b.Function("none", 0)
	b.Function("gives_how", how, Parameter{"after", integer})
	color := b.Record("color", 6, 3, false, 4, b.name("RED"), 0, b.name("GREEN"), 1, b.name("BLUE"), 7) // an enumeration
	b.shown(integer, unsigned, character, text, color)
	b.tracepoints(integer, character)
	return b.Bytes()
}

// tracepoints adds tracepoints: the functions that call what is registered with
// them. One passes what BTF does not say the place of.
func (b *Builder) tracepoints(integer, character uint32) {
	data, result := Parameter{"__data", b.Pointer(0)}, integer
	boolean := b.Typedef("bool", b.Int("_Bool", 1, false))
	task := b.Struct("task_struct", 24, Member{"pid", integer, 0, 0}, Member{"comm", b.Array(character, 16), 32, 0})
	b.Function("__traceiter_sched_switch", result, data, Parameter{"preempt", boolean}, Parameter{"prev", b.Pointer(task)},
		Parameter{"next", b.Pointer(task)}, Parameter{"prev_state", b.Int("unsigned int", 4, false)})
	b.Function("__traceiter_sched_wakeup", result, data, Parameter{"p", b.Pointer(task)})
	word := b.Union("word", 8, Member{"all", integer, 0, 0})
	wide := b.Struct("wide", 24)
	b.Function("__traceiter_odd_event", result, data, Parameter{"name", b.Pointer(b.Const(character))}, Parameter{"word", word},
		Parameter{"state", b.Typedef("s8", b.Int("signed char", 1, true))}, Parameter{"wide", wide}, Parameter{"behind", integer})
	many := []Parameter{data}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"} {
		many = append(many, Parameter{name, integer})
	}
	b.Function("__traceiter_many_event", result, many...)
	b.Function("__traceiter_bare_tp", result, data)
}

// shown adds functions whose parameters have members of every kind.
func (b *Builder) shown(integer, unsigned, character, text, color uint32) {
	short := b.Int("short int", 2, true)
	in := b.Struct("", 2, Member{"q", short, 0, 0})
	s := b.Struct("s", 24, Member{"a", integer, 0, 0}, Member{"n", text, 64, 0}, Member{"in", in, 128, 0}, Member{"b", unsigned, 160, 3})
	b.Function("foo", integer, Parameter{"p", b.Pointer(s)}, Parameter{"n", integer}, Parameter{"str", text})
	double := b.Record("double", 16, 0, false, 8)
	prototype := b.Record("", 13, 0, false, 0)
	both := b.Union("", 8, Member{"i", integer, 0, 0}, Member{"c", b.Array(character, 8), 0, 0})
	long := make([]Member, 40)
	for i := range long {
		long[i] = Member{"m", integer, uint32(32 * i), 0}
	}
	all := b.Struct("all", 128, Member{"next", b.Pointer(s), 0, 0}, Member{"name", b.Array(character, 16), 64, 0},
		Member{"uc", b.Int("unsigned char", 1, false), 192, 0}, Member{"c", color, 224, 0}, Member{"d", double, 256, 0},
		Member{"cb", b.Pointer(prototype), 320, 0}, Member{"un", both, 384, 0}, Member{"arr", b.Array(integer, 4), 448, 0},
		Member{"bb", b.Int("_Bool", 1, false), 576, 0})
	b.Function("bar", b.Pointer(s), Parameter{"all", b.Pointer(all)}, Parameter{"kind", color}, Parameter{"ch", character},
		Parameter{"long", b.Pointer(b.Struct("long", 160, long...))}, Parameter{"empty", b.Pointer(b.Struct("empty", 0))})
}
