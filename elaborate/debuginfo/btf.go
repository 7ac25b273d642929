package debuginfo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Errors of a look-up.
var (
	ErrNotFound  = errors.New("no such function in the kernel's BTF")
	ErrAmbiguous = errors.New("several functions of that name in the kernel's BTF")
	ErrNoType    = errors.New("no such type in the kernel's BTF")
)

// BTF is type information in the kernel's format: the kernel's own, or a module's,
// whose records go on where those of its base end.
type BTF struct {
	order   binary.ByteOrder
	types   []byte   // the type records
	offsets []uint32 // of record first+n in types; of the kernel's first one, void, there is none
	first   uint32   // the number of the first record: 0, or how many the base has
	strings []byte
	built   map[uint32]Type
	names   nameIndex
	base    *BTF
	whole   *BTF // if this is a module's own base: the kernel's BTF, which has the types in full
}

// Kinds of records (include/uapi/linux/btf.h).
const (
	kindInt       = 1
	kindPointer   = 2
	kindArray     = 3
	kindStruct    = 4
	kindUnion     = 5
	kindEnum      = 6
	kindForward   = 7
	kindTypedef   = 8
	kindVolatile  = 9
	kindConst     = 10
	kindRestrict  = 11
	kindFunction  = 12
	kindPrototype = 13
	kindVariable  = 14
	kindDataSec   = 15
	kindFloat     = 16
	kindDeclTag   = 17
	kindTypeTag   = 18
	kindEnum64    = 19
)

const (
	btfMagic     = 0xeb9f
	recordHeader = 12
	maxModifiers = 64 // of one type, so that a damaged chain ends
)

// record is the part that all records begin with.
type record struct {
	name  uint32
	kind  uint32
	count int  // of what follows
	flag  bool // bit 31
	size  uint32
	rest  []byte
}

// ParseBTF reads the raw contents of a .BTF section. It checks that every
// record lies within data; that types refer to each other sensibly is checked
// when they are built.
func ParseBTF(data []byte) (*BTF, error) { return parseBTF(data, nil) }

// ParseModuleBTF reads a module's .BTF section, which refers to the kernel's BTF
// by number; or if it has a base of its own, a section .BTF.base, to that, which
// has only what it takes to find the types in the kernel's by name.
func ParseModuleBTF(data, ownBase []byte, kernel *BTF) (*BTF, error) {
	base := kernel
	if ownBase != nil {
		var err error
		if base, err = ParseBTF(ownBase); err != nil {
			return nil, err
		}
		base.whole = kernel
	}
	return parseBTF(data, base)
}

func parseBTF(data []byte, base *BTF) (*BTF, error) {
	if len(data) < 24 {
		return nil, errors.New("BTF: too short for its header")
	}
	b := &BTF{order: binary.LittleEndian, built: map[uint32]Type{}, base: base}
	if base != nil {
		b.first = base.end()
	}
	if binary.BigEndian.Uint16(data) == btfMagic {
		b.order = binary.BigEndian
	} else if binary.LittleEndian.Uint16(data) != btfMagic {
		return nil, errors.New("BTF: wrong magic number")
	}
	header := uint64(b.order.Uint32(data[4:]))
	part := func(at int) ([]byte, error) {
		begin := header + uint64(b.order.Uint32(data[at:]))
		end := begin + uint64(b.order.Uint32(data[at+4:]))
		if end > uint64(len(data)) {
			return nil, errors.New("BTF: cut short")
		}
		return data[begin:end], nil
	}
	var err error
	if b.types, err = part(8); err != nil {
		return nil, err
	}
	if b.strings, err = part(16); err != nil {
		return nil, err
	}
	if err := b.index(); err != nil {
		return nil, err
	}
	return b, nil
}

// end is the number behind that of the last record.
func (b *BTF) end() uint32 { return b.first + uint32(len(b.offsets)) }

// index notes where each record begins.
func (b *BTF) index() error {
	b.offsets = make([]uint32, 0, len(b.types)/24+1)
	if b.base == nil {
		b.offsets = append(b.offsets, 0) // void
	}
	for at := 0; at < len(b.types); {
		if at+recordHeader > len(b.types) {
			return errors.New("BTF: a type record is cut short")
		}
		info := b.order.Uint32(b.types[at+4:])
		n, err := bodySize(info>>24&0x1f, int(info&0xffff))
		if err != nil {
			return err
		}
		b.offsets = append(b.offsets, uint32(at))
		at += recordHeader + n
		if at > len(b.types) {
			return errors.New("BTF: a type record is cut short")
		}
	}
	return nil
}

// bodySize is how many bytes follow the header of a record.
func bodySize(kind uint32, count int) (int, error) {
	switch kind {
	case kindInt, kindVariable, kindDeclTag:
		return 4, nil
	case kindArray:
		return 12, nil
	case kindStruct, kindUnion, kindDataSec, kindEnum64:
		return 12 * count, nil
	case kindEnum, kindPrototype:
		return 8 * count, nil
	case kindPointer, kindForward, kindTypedef, kindVolatile, kindConst, kindRestrict, kindFunction, kindFloat, kindTypeTag:
		return 0, nil
	}
	return 0, fmt.Errorf("BTF: unknown kind of type record %d", kind)
}

func (b *BTF) record(id uint32) (record, error) {
	if b.base != nil && id < b.first {
		return b.base.record(id)
	}
	if id == 0 || id >= b.end() {
		return record{}, fmt.Errorf("BTF: type %d is out of range", id)
	}
	at := b.types[b.offsets[id-b.first]:]
	info := b.order.Uint32(at[4:])
	return record{
		name: b.order.Uint32(at), kind: info >> 24 & 0x1f, count: int(info & 0xffff), flag: info>>31 == 1,
		size: b.order.Uint32(at[8:]), rest: at[recordHeader:],
	}, nil
}

func (b *BTF) name(offset uint32) string {
	if b.base != nil {
		size := b.base.stringsEnd()
		if offset < size {
			return b.base.name(offset)
		}
		offset -= size
	}
	if int(offset) >= len(b.strings) {
		return ""
	}
	text := b.strings[offset:]
	for i, c := range text {
		if c == 0 {
			return string(text[:i])
		}
	}
	return ""
}

// stringsEnd is the offset behind the last name.
func (b *BTF) stringsEnd() uint32 {
	if b.base != nil {
		return b.base.stringsEnd() + uint32(len(b.strings))
	}
	return uint32(len(b.strings))
}

// own gives the offsets of the records, without those of the base.
func (b *BTF) own() []uint32 {
	if b.base == nil {
		return b.offsets[1:]
	}
	return b.offsets
}

// FunctionNames lists the functions, in the order of the records.
func (b *BTF) FunctionNames() []string {
	var names []string
	b.functionRecords(func(name, _ uint32) bool {
		names = append(names, b.name(name))
		return true
	})
	return names
}

// Function gives the function of that name: ErrNotFound when there is none,
// ErrAmbiguous when there are several, another error when the BTF is damaged.
func (b *BTF) Function(name string) (*Function, error) {
	prototypes := b.prototypesNamed(name)
	switch len(prototypes) {
	case 0:
		return nil, ErrNotFound
	case 1:
		return b.prototype(name, prototypes[0])
	}
	return nil, ErrAmbiguous
}

// isNamed tells whether the name at offset is that one.
func (b *BTF) isNamed(offset uint32, name string) bool {
	if b.base != nil {
		size := b.base.stringsEnd()
		if offset < size {
			return b.base.isNamed(offset, name)
		}
		offset -= size
	}
	end := uint64(offset) + uint64(len(name))
	return end < uint64(len(b.strings)) && b.strings[end] == 0 && string(b.strings[offset:end]) == name
}

// Functions gives those functions whose names match, but for those that there
// are several of, in the order of the records.
func (b *BTF) Functions(match func(name string) bool) ([]*Function, error) {
	prototypes := map[string][]uint32{}
	var names []string
	b.functionRecords(func(offset, prototype uint32) bool {
		name := b.name(offset)
		if prototypes[name] != nil || match(name) {
			if prototypes[name] == nil {
				names = append(names, name)
			}
			prototypes[name] = append(prototypes[name], prototype)
		}
		return true
	})
	var functions []*Function
	for _, name := range names {
		if len(prototypes[name]) > 1 {
			continue
		}
		f, err := b.prototype(name, prototypes[name][0])
		if err != nil {
			return nil, err
		}
		functions = append(functions, f)
	}
	return functions, nil
}

// TypeByName gives the structure, union, enumeration, integer or typedef of that
// name: "task_struct", "struct task_struct", "int". ErrNoType when there is none.
func (b *BTF) TypeByName(name string) (Type, error) {
	kinds := []uint32{kindTypedef, kindStruct, kindUnion, kindEnum, kindEnum64, kindInt, kindFloat}
	for prefix, only := range map[string][]uint32{
		"struct ": {kindStruct}, "class ": {kindStruct}, "union ": {kindUnion}, "enum ": {kindEnum, kindEnum64},
	} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			name, kinds = strings.TrimSpace(rest), only
		}
	}
	for ; b != nil; b = b.base {
		if id := b.typeNamed(name, kinds); id != 0 {
			return b.Type(id)
		}
	}
	return nil, ErrNoType
}

// Enumerators calls visit for each name of each enumeration until it gives false.
func (b *BTF) Enumerators(visit func(e *Enum, value EnumValue) bool) error {
	first := b.end() - uint32(len(b.own()))
	for i, at := range b.own() {
		id, kind := first+uint32(i), b.order.Uint32(b.types[at+4:])>>24&0x1f
		if kind != kindEnum && kind != kindEnum64 {
			continue
		}
		t, err := b.Type(id)
		if err != nil {
			return err
		}
		if e, ok := t.(*Enum); ok {
			for _, v := range e.Values {
				if !visit(e, v) {
					return nil
				}
			}
		}
	}
	return nil
}

func (b *BTF) prototype(name string, id uint32) (*Function, error) {
	r, err := b.record(id)
	if err != nil {
		return nil, err
	}
	if r.kind != kindPrototype {
		return nil, fmt.Errorf("BTF: %s has no prototype", name)
	}
	f := &Function{Name: name}
	if f.Result, err = b.Type(r.size); err != nil {
		return nil, err
	}
	for i := range r.count {
		id := b.order.Uint32(r.rest[8*i+4:])
		t, err := b.Type(id)
		if err != nil {
			return nil, err
		}
		p := Parameter{Name: b.name(b.order.Uint32(r.rest[8*i:])), Type: t, written: func() string { return b.written(id) }}
		f.Parameters = append(f.Parameters, p)
	}
	return f, nil
}

// Type builds the type of a record. Typedefs and qualifiers are looked through.
func (b *BTF) Type(id uint32) (Type, error) {
	for range maxModifiers {
		if id == 0 {
			return nil, nil
		}
		if b.base != nil && id < b.first {
			return b.base.Type(id)
		}
		if t, ok := b.built[id]; ok {
			return t, nil
		}
		r, err := b.record(id)
		if err != nil {
			return nil, err
		}
		switch r.kind {
		case kindTypedef, kindVolatile, kindConst, kindRestrict, kindTypeTag:
			id = r.size
			continue
		}
		t, err := b.build(r)
		if err == nil {
			b.built[id] = t
		}
		return t, err
	}
	return nil, errors.New("BTF: a type refers to itself")
}

func (b *BTF) later(id uint32) func() (Type, error) {
	return func() (Type, error) { return b.Type(id) }
}

// Complete gives the definition of a structure or union of which t says no more than
// its name, which stands in a module whose own it is; t itself if there is none, or
// t has all to say.
func (b *BTF) Complete(t Type) (Type, error) {
	opaque, ok := t.(*Opaque)
	if !ok || opaque.Name == "" {
		return t, nil
	}
	complete, err := b.TypeByName(opaque.String())
	if errors.Is(err, ErrNoType) {
		return t, nil
	}
	return complete, err
}

// inWhole finds what a module's own base says the name of in the kernel's BTF; nil
// if it is not there.
func (b *BTF) inWhole(r record, name string) (Type, error) {
	keyword := map[uint32]string{kindStruct: "struct ", kindUnion: "union ", kindEnum: "enum ", kindEnum64: "enum "}[r.kind]
	if b.whole == nil || keyword == "" || name == "" || r.count > 0 {
		return nil, nil
	}
	t, err := b.whole.TypeByName(keyword + name)
	if errors.Is(err, ErrNoType) {
		return nil, nil
	}
	return t, err
}

func (b *BTF) build(r record) (Type, error) {
	name := b.name(r.name)
	if t, err := b.inWhole(r, name); t != nil || err != nil {
		return t, err
	}
	switch r.kind {
	case kindInt:
		const signed = 1 << 24
		return &Int{Name: name, Size: int(r.size), Signed: b.order.Uint32(r.rest)&signed != 0}, nil
	case kindFloat:
		return &Float{Name: name, Size: int(r.size)}, nil
	case kindPointer:
		return &Pointer{elem: b.later(r.size)}, nil
	case kindArray:
		return &Array{elem: b.later(b.order.Uint32(r.rest)), Count: int(b.order.Uint32(r.rest[8:]))}, nil
	case kindStruct, kindUnion:
		return b.structure(r, name), nil
	case kindEnum, kindEnum64:
		return b.enum(r, name), nil
	case kindForward:
		return &Opaque{Name: name, Union: r.flag}, nil
	case kindPrototype:
		return &Prototype{}, nil
	}
	return nil, fmt.Errorf("BTF: a record of kind %d stands where a type should", r.kind)
}

func (b *BTF) structure(r record, name string) *Struct {
	s := &Struct{Name: name, Union: r.kind == kindUnion, Size: int(r.size)}
	for i := range r.count {
		at := r.rest[12*i:]
		m := Member{Name: b.name(b.order.Uint32(at)), typ: b.later(b.order.Uint32(at[4:]))}
		m.Offset = int(b.order.Uint32(at[8:]))
		if r.flag { // bit-fields: the size is in the upper byte
			m.BitSize = m.Offset >> 24
			m.Offset &= 1<<24 - 1
		}
		s.Members = append(s.Members, m)
	}
	return s
}

func (b *BTF) enum(r record, name string) *Enum {
	e := &Enum{Name: name, Size: int(r.size), Signed: r.flag}
	for i := range r.count {
		if r.kind == kindEnum {
			value := b.order.Uint32(r.rest[8*i+4:])
			v := int64(value)
			if r.flag {
				v = int64(int32(value))
			}
			e.Values = append(e.Values, EnumValue{b.name(b.order.Uint32(r.rest[8*i:])), v})
			continue
		}
		low, high := b.order.Uint32(r.rest[12*i+4:]), b.order.Uint32(r.rest[12*i+8:])
		e.Values = append(e.Values, EnumValue{b.name(b.order.Uint32(r.rest[12*i:])), int64(uint64(high)<<32 | uint64(low))})
	}
	return e
}
