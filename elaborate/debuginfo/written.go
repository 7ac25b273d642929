package debuginfo

import (
	"debug/dwarf"
	"fmt"
	"strings"
)

// This file writes types as listings have them: what is qualified first, then how,
// and what C puts around a name without the name: "char const*", "int[2][3]",
// "int (*)(struct file*)".

// declarator is what stands around the name of a type, put together from the
// outside to the inside: of an array of pointers first the array.
type declarator struct {
	text       string
	qualifiers string // of what comes next
	isPointer  bool   // the text begins with "*"
}

func (d *declarator) pointer() {
	d.text = "*" + d.qualifiers + d.text
	d.qualifiers, d.isPointer = "", true
}

// behind appends what C writes behind a name: of an array or a function.
func (d *declarator) behind(text string) {
	if d.isPointer {
		d.text = "(" + d.text + ")"
	}
	d.text += text
	d.isPointer = false
}

func (d *declarator) array(count int) { d.behind(fmt.Sprintf("[%d]", count)) }

func (d *declarator) function(parameters []string) {
	d.behind("(" + strings.Join(parameters, ", ") + ")")
}

func (d *declarator) qualify(qualifier string) { d.qualifiers = " " + qualifier + d.qualifiers }

// of completes the declarator with the name of the innermost type.
func (d *declarator) of(name string) string {
	if strings.HasPrefix(d.text, "(") {
		return name + d.qualifiers + " " + d.text
	}
	return name + d.qualifiers + d.text
}

// laterWritten gives what writes the type that a value refers to, when it is asked
// for.
func (u *unit) laterWritten(v value) func() string {
	return func() string {
		p, err := u.reference(v)
		if err != nil {
			return "?"
		}
		return u.object.written(p, maxWritten)
	}
}

// The limits of what is written: functions inside each other's parameters, and
// parameters of one.
const (
	maxWritten           = 3
	maxWrittenParameters = 32
)

// written writes the type of an entry.
func (o *Object) written(p position, depth int) string {
	var d declarator
	for range maxModifiers {
		e, err := o.entry(p)
		if err != nil || depth == 0 {
			return d.of("?")
		}
		switch e.tag() {
		case dwarf.TagPointerType, dwarf.TagReferenceType, dwarf.TagRvalueReferenceType, dwarf.TagPtrToMemberType:
			d.pointer()
		case dwarf.TagConstType:
			d.qualify("const")
		case dwarf.TagVolatileType:
			d.qualify("volatile")
		case dwarf.TagRestrictType:
			d.qualify("restrict")
		case dwarf.TagArrayType:
			for _, n := range e.dimensions() {
				d.array(n)
			}
		case dwarf.TagSubroutineType:
			d.function(o.writtenParameters(&e, depth-1))
		case dwarf.TagPackedType, tagAtomicType, tagImmutableType:
		case dwarf.TagStructType, dwarf.TagClassType:
			return d.of(structName(false, e.name()))
		case dwarf.TagUnionType:
			return d.of(structName(true, e.name()))
		case dwarf.TagEnumerationType:
			return d.of("enum " + orAnonymous(e.name()))
		case dwarf.TagUnspecifiedType:
			return d.of("void")
		default:
			return d.of(e.name())
		}
		inner, found := e.find(dwarf.AttrType)
		if !found {
			return d.of("void")
		}
		if p, err = e.unit.reference(inner); err != nil {
			return d.of("?")
		}
	}
	return d.of("?")
}

func (o *Object) writtenParameters(e *entry, depth int) []string {
	var parameters []string
	_ = e.children(func(child *entry) bool { // what is damaged is left out
		switch child.tag() {
		case dwarf.TagFormalParameter:
			text := "?"
			if p, err := child.unit.reference(child.value(dwarf.AttrType)); err == nil {
				text = o.written(p, depth)
			}
			parameters = append(parameters, text)
		case dwarf.TagUnspecifiedParameters:
			parameters = append(parameters, "...")
		}
		return len(parameters) < maxWrittenParameters
	})
	if len(parameters) == 0 {
		return []string{"void"}
	}
	return parameters
}
