package translate

import (
	"slices"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// This file keeps strings from being copied without need. A string's value is a
// place where it stands: a constant, a variable, an element of an array, or a
// buffer of the frame. One that stands in a variable is good for as long as
// nothing changes the variable, so those who need several values at once compute
// them by operands, which copies only what a later one may change.

// operands computes expressions in their order; each value is good until all are
// there. nil stands for none.
func (b *body) operands(list ...elaborate.Expression) []string {
	values := make([]string, len(list))
	for i, x := range list {
		if x != nil {
			values[i] = b.operand(x, list[i+1:]...)
		}
	}
	return values
}

// operand computes x; its value is good until the later ones are computed.
func (b *body) operand(x elaborate.Expression, later ...elaborate.Expression) string {
	if x.Type() != parse.String {
		return b.expression(x)
	}
	switch x := x.(type) {
	case *elaborate.Load:
		return b.stay(b.place(x.Variable), x.Variable, later)
	case *elaborate.Store:
		b.store(x)
		return b.stay(b.place(x.Variable), x.Variable, later)
	case *elaborate.Element:
		return b.stay(b.textElement(x), x.Array, later)
	}
	return b.expression(x)
}

// stay copies a string that stands in v if the later expressions may change it.
func (b *body) stay(place string, v *elaborate.Variable, later []elaborate.Expression) string {
	if !b.changes(later, v) {
		return place
	}
	t := b.text()
	b.emit("stap_string_copy(%s, %s);", t, place)
	return t
}

// changes reports whether computing expressions may change a variable.
func (b *body) changes(list []elaborate.Expression, v *elaborate.Variable) bool {
	list = slices.DeleteFunc(slices.Clone(list), func(x elaborate.Expression) bool { return x == nil })
	if len(list) == 0 {
		return false
	}
	if v.Global {
		var statements []elaborate.Statement
		for _, x := range list {
			statements = append(statements, &elaborate.Evaluate{X: x})
		}
		return b.effects.Of(statements)[v]&elaborate.Writes != 0
	}
	found := false
	for _, x := range list {
		elaborate.Walk(x, func(n any) {
			store, ok := n.(*elaborate.Store)
			found = found || ok && store.Variable == v
		})
	}
	return found
}

// assign sets a string that stands in a variable.
func (b *body) assign(v *elaborate.Variable, x elaborate.Expression) {
	place := b.place(v)
	switch x := x.(type) {
	case *elaborate.Text:
		b.emit("stap_string_copy(%s, %s);", place, b.constant(quote(x.Value)))
		return
	case *elaborate.Binary:
		if x.Text == "." {
			b.assignJoined(place, x)
			return
		}
	case *elaborate.Call:
		if b.writesOnlyResult(x.Function) {
			if values := b.arguments(x); !slices.Contains(values, place) {
				b.emitCall(x, place, values)
				return
			}
		}
	case *elaborate.Print:
		if x.ToString && !printFails(x) {
			b.sprintTo(place, x)
			return
		}
	}
	if value := b.operand(x); value != place {
		b.emit("stap_string_copy(%s, %s);", place, value)
	}
}

// parts takes "a . b . c" apart.
func parts(x elaborate.Expression) []elaborate.Expression {
	if b, ok := x.(*elaborate.Binary); ok && b.Text == "." {
		return append(parts(b.X), parts(b.Y)...)
	}
	return []elaborate.Expression{x}
}

// assignJoined sets a string to "a . b . c": appended to what is there where that
// is a, and by way of a buffer where it is b or c.
func (b *body) assignJoined(place string, x *elaborate.Binary) {
	values := b.operands(parts(x)...)
	switch {
	case slices.Contains(values[1:], place):
		t := b.text()
		b.joinTo(t, values)
		b.emit("stap_string_copy(%s, %s);", place, t)
	case values[0] == place:
		b.append(place, values[1:])
	default:
		b.joinTo(place, values)
	}
}

func (b *body) joined(x *elaborate.Binary) string {
	values := b.operands(parts(x)...)
	t := b.text()
	b.joinTo(t, values)
	return t
}

func (b *body) joinTo(place string, values []string) {
	b.emit("stap_string_copy(%s, %s);", place, values[0])
	b.append(place, values[1:])
}

func (b *body) append(place string, values []string) {
	for _, v := range values {
		b.emit("stap_string_append(%s, %s);", place, v)
	}
}
