package elaborate

import (
	"fmt"
	"strings"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// This file makes texts of target variables: "$x$", "$x$$", "$$parms" and so on.
// Each becomes one sprintf, by the type:
//
//	$how$   sprintf("{.flags=%u, .mode=%u, .resolve=%u}", …)
//
// and a fault on the way makes the whole text "ERROR".

// maxValues is how many values one text shows; maxPieces and maxDepth end what
// damaged BTF would make endless.
const (
	maxValues = 32
	maxPieces = 8 * maxValues
	maxDepth  = 16
)

// grouped is a place that knows what "$$vars" and the like stand for.
type grouped interface {
	group(name string) (variables []string, known bool)
}

// titled is a place that says what it is: "$$name" and the like.
type titled interface {
	text(name string) (text string, known bool)
	groups() []string // all that begin with "$$"
}

// isText reports whether a target is a text rather than a number.
func isText(t *parse.Target) bool {
	return t.Pretty > 0 || t.Base == nil && strings.HasPrefix(t.Name, "$$")
}

// printer builds one text.
type printer struct {
	*checker
	text   Print
	at     parse.Token
	deep   bool // structures and arrays inside are shown, too
	values int
}

// pretty is a target as a text.
func (c *checker) pretty(t *parse.Target) Expression {
	if place, ok := c.place.(titled); ok && t.Base == nil && len(t.Accessors) == 0 {
		if text, known := place.text(t.Name); known {
			return &Text{text}
		}
	}
	before := len(c.diagnostics)
	p := &printer{checker: c, text: Print{Token: lastToken(t), ToString: true}, at: lastToken(t), deep: t.Pretty == 2}
	ok := false
	if t.Base == nil && strings.HasPrefix(t.Name, "$$") {
		ok = p.group(t)
	} else if v, found := c.walk(t); found {
		ok = c.noted(p.whole(v))
	}
	if !ok {
		return c.bad(t, before)
	}
	if len(p.text.Pieces) == 0 {
		return &Text{}
	}
	return &Guarded{X: &p.text, Text: "ERROR"}
}

// group writes "name=value name=value"; what cannot be told is "?".
func (p *printer) group(t *parse.Target) bool {
	place, _ := p.place.(grouped)
	if place == nil {
		_, ok := p.base(t) // says that there are no target variables
		return ok
	}
	names, known := place.group(t.Name)
	if !known || len(t.Accessors) > 0 {
		d := semanticError(t.Token, fmt.Sprintf("%s is no group of target variables", t.Name))
		groups := []string{"$$vars", "$$parms", "$$locals", "$$return"}
		if place, ok := p.place.(titled); ok {
			groups = place.groups()
		}
		d.Hint = "there are " + strings.Join(groups, ", ")
		p.add(d)
		return false
	}
	for i, name := range names {
		if i > 0 {
			p.write(" ")
		}
		p.write(strings.TrimPrefix(name, "$") + "=")
		v, d := p.place.(contextual).target(p.elaborator, &parse.Target{Token: t.Token, Name: name})
		_, isStructure := v.typ.(*debuginfo.Struct)
		_, isArray := v.typ.(*debuginfo.Array)
		switch {
		case d != nil && isStructure:
			p.write("{...}")
		case d != nil:
			p.write("?")
		case t.Pretty > 0:
			if p.whole(v) != nil {
				p.write("?")
			}
		case isStructure:
			p.write("{...}")
		case isArray:
			p.write("[...]")
		default:
			p.number(v, 'x', '#')
		}
	}
	return true
}

func (p *printer) write(text string) {
	if n := len(p.text.Pieces); n > 0 && p.text.Pieces[n-1].X == nil {
		p.text.Pieces[n-1].Text += text
		return
	}
	p.text.Pieces = append(p.text.Pieces, Piece{Text: text})
}

func (p *printer) piece(x Expression, conversion Conversion) {
	p.text.Pieces = append(p.text.Pieces, Piece{X: x, Conversion: conversion})
}

func (p *printer) number(v value, verb, flag byte) {
	x, d := load(v, p.at)
	if d != nil {
		p.write("?")
		return
	}
	p.piece(x, Conversion{Verb: verb, Flag: flag})
}

// whole writes the value that was asked for. A pointer is followed, once. What
// leads to memory is computed once for all that is read there.
func (p *printer) whole(v value) *parse.Diagnostic {
	if pointer, ok := v.typ.(*debuginfo.Pointer); ok {
		elem, err := pointer.Elem()
		if err == nil && isData(elem) && !isCharacter(elem) {
			target, d := follow(v, elem, p.at)
			if d != nil {
				return d
			}
			v = target
		}
	}
	if v.inMemory() {
		v.address = &Once{v.address}
	}
	p.put(v, true, 0)
	return nil
}

// isData reports whether there is something of that type to be shown.
func isData(t debuginfo.Type) bool {
	switch t.(type) {
	case nil, *debuginfo.Prototype, *debuginfo.Opaque:
		return false
	}
	return true
}

func isCharacter(t debuginfo.Type) bool {
	i, ok := t.(*debuginfo.Int)
	return ok && i.Size == 1 && strings.Contains(i.Name, "char")
}

// put writes a value; open: one that has parts is shown with them.
func (p *printer) put(v value, open bool, depth int) {
	if depth > maxDepth {
		p.write("...")
		return
	}
	switch t := v.typ.(type) {
	case *debuginfo.Array:
		p.array(v, t, open, depth)
		return
	case *debuginfo.Struct:
		p.structure(v, t, open, depth)
		return
	}
	p.values++
	switch t := v.typ.(type) {
	case *debuginfo.Int:
		switch {
		case isCharacter(t) && v.bits.BitSize == 0:
			p.number(v, 'Q', 0)
		case t.Signed:
			p.number(v, 'd', 0)
		default:
			p.number(v, 'u', 0)
		}
	case *debuginfo.Enum:
		if t.Signed {
			p.number(v, 'd', 0)
		} else {
			p.number(v, 'u', 0)
		}
	case *debuginfo.Pointer:
		if elem, err := t.Elem(); err == nil && isCharacter(elem) {
			p.number(v, 'q', 0)
		} else {
			p.number(v, 'p', 0)
		}
	default: // floating-point numbers, and what is not known
		p.write("?")
	}
}

// array writes the first element of an array; one of characters is a string.
func (p *printer) array(v value, t *debuginfo.Array, open bool, depth int) {
	elem, err := t.Elem()
	switch {
	case !open || err != nil || v.x != nil || t.Count == 0:
		p.write("[...]")
	case isCharacter(elem) && !v.inMemory():
		p.write("?")
	case isCharacter(elem):
		p.values++
		p.piece(addressOf(v, p.at), Conversion{Verb: 'q', Precision: &Number{int64(t.Count)}})
	default:
		p.write("[")
		p.put(v.inside(elem, 0, 0), p.deep, depth+1)
		p.write(", ...]")
	}
}

// structure writes "{.a=1, .b={...}}"; a member without a name has only a value.
func (p *printer) structure(v value, t *debuginfo.Struct, open bool, depth int) {
	if !open {
		p.write("{...}")
		return
	}
	p.write("{")
	for i, m := range t.Members {
		if i > 0 {
			p.write(", ")
		}
		if p.values >= maxValues || len(p.text.Pieces) >= maxPieces {
			p.write("...")
			break
		}
		if m.Name != "" {
			p.write("." + m.Name + "=")
		}
		typ, err := m.Type()
		if err != nil {
			p.write("?")
			continue
		}
		p.put(v.inside(typ, m.Offset, m.BitSize), p.deep, depth+1)
	}
	p.write("}")
}
