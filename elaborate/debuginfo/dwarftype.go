package debuginfo

import (
	"debug/dwarf"
	"errors"
	"strings"
	"sync"
)

// typeCache holds the types that have been built, by the position of their entries.
type typeCache struct {
	mutex sync.Mutex
	built map[position]Type
}

var errCircularType = errors.New("DWARF: a type refers to itself")

// typeOf gives the type that a value of DW_AT_type refers to.
func (u *unit) typeOf(v value) (Type, error) {
	p, err := u.reference(v)
	if err != nil {
		return nil, err
	}
	return u.object.typeAt(p)
}

// typeAt builds the type of an entry. Typedefs and qualifiers are looked through.
func (o *Object) typeAt(p position) (Type, error) {
	o.types.mutex.Lock()
	t, found := o.types.built[p]
	o.types.mutex.Unlock()
	if found {
		return t, nil
	}
	first := p
	for range maxModifiers {
		e, err := o.entry(p)
		if err != nil {
			return nil, err
		}
		inner, found := e.find(dwarf.AttrType)
		if isModifier(e.tag()) {
			if !found {
				return nil, nil // of void
			}
			if p, err = e.unit.reference(inner); err != nil {
				return nil, err
			}
			continue
		}
		t, err := o.buildType(&e)
		if err == nil && t != nil {
			o.types.mutex.Lock()
			defer o.types.mutex.Unlock()
			if o.types.built == nil {
				o.types.built = map[position]Type{}
			}
			if known, found := o.types.built[p]; found {
				t = known
			}
			o.types.built[first], o.types.built[p] = t, t
		}
		return t, err
	}
	return nil, errCircularType
}

const tagAtomicType, tagImmutableType dwarf.Tag = 0x47, 0x4b

// isModifier reports whether entries of a tag give another type a name or a quality.
func isModifier(tag dwarf.Tag) bool {
	switch tag {
	case dwarf.TagTypedef, dwarf.TagConstType, dwarf.TagVolatileType, dwarf.TagRestrictType, dwarf.TagPackedType,
		tagAtomicType, tagImmutableType:
		return true
	}
	return false
}

// later gives what builds the type that an entry refers to, when it is asked for.
func (e *entry) later() func() (Type, error) {
	v, found := e.find(dwarf.AttrType)
	u := e.unit
	if !found {
		return func() (Type, error) { return nil, nil }
	}
	return func() (Type, error) { return u.typeOf(v) }
}

// buildType builds the type of an entry that is not a modifier; what it consists of
// is built later.
func (o *Object) buildType(e *entry) (Type, error) {
	name := e.name()
	size := int(e.value(dwarf.AttrByteSize).number)
	switch e.tag() {
	case dwarf.TagBaseType:
		return baseType(name, size, e.value(dwarf.AttrEncoding).number), nil
	case dwarf.TagPointerType, dwarf.TagReferenceType, dwarf.TagRvalueReferenceType, dwarf.TagPtrToMemberType:
		return &Pointer{elem: e.later()}, nil
	case dwarf.TagArrayType:
		return arrayType(e), nil
	case dwarf.TagSubroutineType:
		return &Prototype{}, nil
	case dwarf.TagEnumerationType:
		if e.flag(dwarf.AttrDeclaration) {
			return o.complete(e, name, &Opaque{Name: name})
		}
		return o.enumType(e, name, size)
	case dwarf.TagStructType, dwarf.TagUnionType, dwarf.TagClassType:
		union := e.tag() == dwarf.TagUnionType
		if e.flag(dwarf.AttrDeclaration) {
			return o.complete(e, name, &Opaque{Name: name, Union: union})
		}
		return structType(e, &Struct{Name: name, Union: union, Size: size})
	case dwarf.TagUnspecifiedType:
		return nil, nil
	}
	return nil, errEntry
}

// Encodings of base types (DW_ATE_*).
const (
	encodingComplexFloat = 3
	encodingFloat        = 4
	encodingSigned       = 5
	encodingSignedChar   = 6
	encodingImaginary    = 9
	encodingSignedFixed  = 13
)

func baseType(name string, size int, encoding uint64) Type {
	switch encoding {
	case encodingFloat:
		return &Float{Name: name, Size: size}
	case encodingComplexFloat, encodingImaginary:
		return &Opaque{Name: name}
	}
	return &Int{Name: name, Size: size, Signed: isSignedEncoding(encoding)}
}

func isSignedEncoding(encoding uint64) bool {
	return encoding == encodingSigned || encoding == encodingSignedChar || encoding == encodingSignedFixed
}

// basic gives the entry of an entry's type, with typedefs and qualifiers looked
// through, without building the type.
func (e *entry) basic() (entry, bool) {
	at := *e
	for range maxModifiers {
		v, found := at.find(dwarf.AttrType)
		if !found {
			return entry{}, false
		}
		next, err := at.unit.referred(v)
		if err != nil {
			return entry{}, false
		}
		if at = next; !isModifier(at.tag()) {
			return at, true
		}
	}
	return entry{}, false
}

// arrayType makes an array of arrays of one with several dimensions.
func arrayType(e *entry) Type {
	counts := e.dimensions()
	elem := e.later()
	for i := len(counts) - 1; i > 0; i-- {
		inner := &Array{Count: counts[i], elem: elem}
		elem = func() (Type, error) { return inner, nil }
	}
	return &Array{Count: counts[0], elem: elem}
}

// dimensions gives the numbers of elements of an array, the outermost first; one at
// least.
func (e *entry) dimensions() []int {
	var counts []int
	_ = e.children(func(child *entry) bool { // of one that is damaged, those in front
		if child.tag() == dwarf.TagSubrangeType {
			counts = append(counts, child.count())
		}
		return true
	})
	if len(counts) == 0 {
		return []int{0}
	}
	return counts
}

// count gives how many elements a subrange has; 0 if it does not say, as of a
// flexible array.
func (e *entry) count() int {
	if v, found := e.find(dwarf.AttrCount); found {
		if v.isConstant() && v.number < 1<<31 {
			return int(v.number)
		}
		return 0
	}
	v, found := e.find(dwarf.AttrUpperBound)
	if !found || !v.isConstant() {
		return 0
	}
	upper := v.number
	if last := ^uint64(0); upper == last || v.form == formData4 && upper == last>>32 || v.form == formData8 && upper == last>>32 {
		return 0 // -1, as the compiler writes an array without elements
	}
	if lower, found := e.find(dwarf.AttrLowerBound); found && lower.isConstant() {
		upper -= lower.number
	}
	if upper >= 1<<31 {
		return 0
	}
	return int(upper) + 1
}

func (o *Object) enumType(e *entry, name string, size int) (Type, error) {
	t := &Enum{Name: name, Size: size}
	if inner, ok := e.basic(); ok {
		t.Signed = isSignedEncoding(inner.value(dwarf.AttrEncoding).number)
	}
	err := e.children(func(child *entry) bool {
		if child.tag() == dwarf.TagEnumerator {
			v := child.value(dwarf.AttrConstValue)
			number := int64(v.number)
			if t.Signed {
				number = v.signed()
			}
			if number < 0 {
				t.Signed = true
			}
			t.Values = append(t.Values, EnumValue{child.name(), number})
		}
		return true
	})
	return t, err
}

// structType fills in the members of a structure.
func structType(e *entry, t *Struct) (Type, error) {
	err := e.children(func(child *entry) bool {
		switch child.tag() {
		case dwarf.TagInheritance:
			t.Members = append(t.Members, Member{Offset: 8 * child.byteOffset(), typ: child.later()})
		case dwarf.TagMember:
			if child.flag(dwarf.AttrExternal) || child.flag(dwarf.AttrDeclaration) {
				break // static
			}
			m := Member{Name: child.name(), typ: child.later()}
			m.Offset, m.BitSize = child.memberBits()
			t.Members = append(t.Members, m)
		}
		return true
	})
	return t, err
}

// byteOffset gives where a member is, in bytes from the structure's beginning. Before
// DWARF 4 that is an expression: DW_OP_plus_uconst.
func (e *entry) byteOffset() int {
	v := e.value(dwarf.AttrDataMemberLoc)
	if v.isBlock() {
		const plusConstant, constant = 0x23, 0x10
		if r := (reader{data: v.block, at: 1, order: e.unit.order}); len(v.block) > 1 && (v.block[0] == plusConstant || v.block[0] == constant) {
			return int(r.uleb() & (1<<31 - 1))
		}
		return 0
	}
	return int(v.number & (1<<31 - 1))
}

// memberBits gives where a member is, in bits, and for a bit-field how many it has.
// DW_AT_bit_offset counts from the storage unit's most significant bit.
func (e *entry) memberBits() (offset, size int) {
	const most = 1 << 31
	offset = 8 * e.byteOffset()
	bits, isField := e.find(dwarf.AttrBitSize)
	if !isField || bits.number > 64 {
		return offset, 0
	}
	size = int(bits.number)
	if v, found := e.find(attrDataBitOffset); found && v.number < most {
		return int(v.number), size
	}
	if v, found := e.find(dwarf.AttrBitOffset); found {
		storage := int(e.value(dwarf.AttrByteSize).number & (1<<16 - 1))
		if storage == 0 {
			if t, ok := e.basic(); ok {
				storage = int(t.value(dwarf.AttrByteSize).number & (1<<16 - 1))
			}
		}
		fromTop := int(int32(v.signed()))
		if v.form == formData1 {
			fromTop = int(v.number)
		}
		if e.unit.order.String() == "BigEndian" {
			return offset + fromTop, size
		}
		offset += 8*storage - fromTop - size
	}
	return max(offset, 0), size
}

// complete looks for the definition of a type that is only declared here.
func (o *Object) complete(e *entry, name string, opaque *Opaque) (Type, error) {
	if v, found := e.find(attrSignature); found {
		if p, err := e.unit.reference(v); err == nil {
			if definition, err := o.entry(p); err == nil && !definition.flag(dwarf.AttrDeclaration) {
				return o.typeAt(p)
			}
		}
	}
	if name == "" {
		return opaque, nil
	}
	x, err := o.ready()
	if err != nil {
		return nil, err
	}
	if p, found := x.named(name, e.tag()); found && p != e.position() {
		if definition, err := o.entry(p); err == nil && !definition.flag(dwarf.AttrDeclaration) && definition.tag() == e.tag() {
			return o.typeAt(p)
		}
	}
	return opaque, nil
}

// named gives the definition of a type, or the declaration of a variable, of that
// name and tag.
func (x *index) named(name string, tag dwarf.Tag) (position, bool) {
	first, last := x.search(x.types, typeSize, name)
	for n := first; n < last; n++ {
		if b := x.types[n*typeSize:]; little.Uint32(b[4:]) == uint32(tag) {
			return position(little.Uint64(b[8:])), true
		}
	}
	return 0, false
}

// TypeByName gives the structure, union, enumeration, typedef or basic type of that
// name: "task_struct", "struct task_struct", "int"; the complete definition if there
// is one. ErrNoType when there is none.
func (o *Object) TypeByName(name string) (Type, error) {
	tags := []dwarf.Tag{
		dwarf.TagTypedef, dwarf.TagStructType, dwarf.TagClassType, dwarf.TagUnionType, dwarf.TagEnumerationType, dwarf.TagBaseType,
	}
	for prefix, only := range map[string][]dwarf.Tag{
		"struct ": {dwarf.TagStructType, dwarf.TagClassType}, "class ": {dwarf.TagClassType, dwarf.TagStructType},
		"union ": {dwarf.TagUnionType}, "enum ": {dwarf.TagEnumerationType},
	} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			name, tags = strings.TrimSpace(rest), only
		}
	}
	x, err := o.ready()
	if err != nil {
		return nil, err
	}
	for _, tag := range tags {
		if p, found := x.named(name, tag); found {
			t, err := o.typeAt(p)
			if err != nil {
				return nil, o.damaged(err)
			}
			return t, nil
		}
	}
	return nil, ErrNoType
}
