package elaborate

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
)

// This file is about what scripts name by words: types, in "@cast(p, "type")", and
// variables outside of functions, in "@var("name@file.c")".

// cast is @cast(pointer, "type", "where"): the pointer, to be followed.
func (c *checker) cast(t *parse.Target) (value, bool) {
	x := c.value(t.Arguments[0], parse.Long)
	name, _ := t.Arguments[1].(*parse.StringLiteral)
	if x == nil || name == nil {
		return value{}, false
	}
	var where *parse.StringLiteral
	if len(t.Arguments) > 2 {
		where, _ = t.Arguments[2].(*parse.StringLiteral)
	}
	found := c.typeFrom(name.Value, []string{"struct ", "union ", "enum "}, c.typeObjects(where), name.Token, where)
	if found == nil {
		return value{}, false
	}
	if _, ok := found.(*debuginfo.Pointer); ok {
		return value{typ: found, x: x}, true
	}
	return value{typ: debuginfo.PointerTo(found), x: x}, true
}

// typeObjects gives what may have a type, by the third argument of @cast: names of
// modules, and headers, with ":" between them. Without it, the module of the place
// and the kernel. A header is not compiled: what the kernel uses of it, the kernel
// has.
func (c *checker) typeObjects(where *parse.StringLiteral) []*object {
	var objects []*object
	if where != nil {
		for name := range strings.SplitSeq(where.Value, ":") {
			if name, _, _ = strings.Cut(name, "<"); name == "" {
				name = kernelObject
			}
			objects = append(objects, c.elaborator.object(name))
		}
		return objects
	}
	if p := functionOf(c.place); p != nil && p.object != nil && !p.object.isKernel() {
		objects = append(objects, p.object)
	}
	return append(objects, c.elaborator.object(kernelObject))
}

// namedType finds a type of the place's module or of the kernel by its name, as it
// is or after a tag; nil after saying that there is none.
func (c *checker) namedType(name, tag string, at parse.Token) debuginfo.Type {
	return c.typeFrom(name, []string{tag}, c.typeObjects(nil), at, nil)
}

// typeFrom finds a type in the first of some objects that has it.
func (c *checker) typeFrom(name string, tags []string, objects []*object, at parse.Token, where *parse.StringLiteral) debuginfo.Type {
	plain, pointers := typeWords(name)
	var missing *kernel.UserError
	for _, o := range objects {
		t, err := o.typeNamed(plain, tags)
		absent, failure := atHand(err)
		switch {
		case err == nil:
			for range pointers {
				t = debuginfo.PointerTo(t)
			}
			return t
		case absent != nil:
			missing = absent
		case !errors.Is(err, debuginfo.ErrNoType):
			c.failure = failure
			return nil
		}
	}
	var names []string
	for _, o := range objects {
		names = append(names, o.String())
	}
	d := semanticError(at, fmt.Sprintf("type definition '%s' not found in %s", name, strings.Join(names, ", ")))
	switch {
	case where != nil && strings.Contains(where.Value, "<"):
		d.Hint = "headers are not compiled for their types: what no code of the kernel uses of them is not known"
	case missing != nil:
		d.Hint = strings.TrimPrefix(missing.Message+"; "+missing.Hint, "; ")
	}
	c.add(d)
	return nil
}

// qualifiers say nothing of a type's shape.
var qualifiers = map[string]bool{"const": true, "volatile": true, "restrict": true, "__user": true, "__force": true, "__iomem": true}

// basicTypes are other names of C for the types that compilers name so.
var basicTypes = map[string]string{
	"unsigned": "unsigned int", "short": "short int", "long": "long int", "long long": "long long int",
	"unsigned short": "short unsigned int", "unsigned short int": "short unsigned int",
	"unsigned long": "long unsigned int", "long unsigned": "long unsigned int", "unsigned long int": "long unsigned int",
	"unsigned long long": "long long unsigned int", "unsigned long long int": "long long unsigned int",
	"signed": "int", "signed int": "int", "bool": "_Bool",
}

// typeWords gives a type's name without qualifiers, and how many "*" are behind it.
func typeWords(name string) (plain string, pointers int) {
	var words []string
	for _, word := range strings.Fields(strings.ReplaceAll(name, "*", " * ")) {
		switch {
		case word == "*":
			pointers++
		case !qualifiers[word]:
			words = append(words, word)
		}
	}
	plain = strings.Join(words, " ")
	return cmp.Or(basicTypes[plain], plain), pointers
}

// typeNamed finds a type in an object's BTF or, where that is not at hand or does not
// have it, in its DWARF. The name is tried as it is, then behind each tag.
func (o *object) typeNamed(name string, tags []string) (debuginfo.Type, error) {
	names := []string{name}
	for _, tag := range tags {
		if tag != "" {
			names = append(names, tag+name)
		}
	}
	find := func(look func(string) (debuginfo.Type, error)) (debuginfo.Type, error) {
		for _, name := range names {
			if t, err := look(name); !errors.Is(err, debuginfo.ErrNoType) {
				return t, err
			}
		}
		return nil, debuginfo.ErrNoType
	}
	btf, missing := o.btf()
	if missing == nil {
		t, err := find(btf.TypeByName)
		if !errors.Is(err, debuginfo.ErrNoType) {
			return t, err
		}
	} else if _, failure := atHand(missing); failure != nil {
		return nil, failure
	}
	info, err := o.debugInfo()
	if err != nil {
		if absent, failure := atHand(err); failure != nil {
			return nil, failure
		} else if missing == nil { // it has been looked for in the BTF
			return nil, debuginfo.ErrNoType
		} else {
			return nil, absent
		}
	}
	return find(info.TypeByName)
}

// variable is @var("name@file.c", "module"): a variable outside of functions or, by
// its name alone, one of the place.
func (c *checker) variable(t *parse.Target) (value, bool) {
	text, _ := t.Arguments[0].(*parse.StringLiteral)
	name, file, _ := strings.Cut(text.Value, "@")
	var where *parse.StringLiteral
	if len(t.Arguments) > 1 {
		where, _ = t.Arguments[1].(*parse.StringLiteral)
	}
	p := functionOf(c.place)
	if where == nil && p != nil && p.object != nil && file == "" {
		if i, err := p.instruction(); err == nil && i != nil && i.local(name) != nil {
			v, d := c.elaborator.located(i, i.local(name), text.Token)
			return v, c.noted(d)
		}
	}
	if where == nil && p == nil {
		d := semanticError(t.Token, "the place of this probe does not say whose variable this is")
		d.Hint = fmt.Sprintf("name the module: @var(%q, \"kernel\")", text.Value)
		c.add(d)
		return value{}, false
	}
	o := c.elaborator.object(kernelObject)
	switch {
	case where != nil && where.Value != "":
		o = c.elaborator.object(where.Value)
	case p != nil && p.object != nil:
		o = p.object
	}
	v, d := c.elaborator.globalOf(o, name, file, text.Token)
	return v, c.noted(d)
}

// noted says what is wrong, if anything is.
func (c *checker) noted(d *parse.Diagnostic) bool {
	if d != nil {
		c.add(d)
	}
	return d == nil
}

// globalOf finds a variable outside of functions, or static in one.
func (e *elaborator) globalOf(o *object, name, file string, at parse.Token) (value, *parse.Diagnostic) {
	info, err := o.debugInfo()
	missing, failure := atHand(err)
	switch {
	case failure != nil:
		e.failure = failure
		return value{}, semanticError(at, failure.Error())
	case missing != nil:
		d := semanticError(at, fmt.Sprintf("variable '%s' needs the debuginfo of %s: %s", name, o, missing.Message))
		d.Hint = missing.Hint
		return value{}, d
	}
	v, err := info.Global(name, functionSpec{file: file}.matchFile)
	switch {
	case errors.Is(err, debuginfo.ErrNoVariable) && file != "":
		return value{}, semanticError(at, fmt.Sprintf("unable to find global '%s' in %s of %s", name, file, o))
	case errors.Is(err, debuginfo.ErrNoVariable):
		return value{}, semanticError(at, fmt.Sprintf("unable to find global '%s' in %s", name, o))
	case err != nil:
		e.failure = err
		return value{}, semanticError(at, err.Error())
	}
	return e.located(&instruction{object: o, info: info, code: &debuginfo.Code{Name: name, File: v.File}}, v, at)
}
