package elaborate

import (
	"fmt"
	"strings"

	"github.com/gostap/gostap/parse"
)

// This file is about returns: probe kernel.function("name").return. What such a
// handler needs of the function's entry, "@entry(x)" and the parameters, becomes
// a probe of its own that runs there and keeps the values with the call:
//
//	probe kernel.function("vfs_read").return { println($count, " ", $return) }
//
// is a handler at the entry that keeps $count, and one at the return that prints
// what was kept. The kernel has a place for it for each call that is under way,
// so neither threads nor recursion get into each other's way. The handler at the
// entry is a Probe like others: it takes locks and has errors as they do.

// ReturnPlace is where a kernel function returns to its caller.
type ReturnPlace struct {
	*FunctionPlace
	MaxActive int64 // calls under way that are followed at once; 0: as many as the runtime thinks fit
}

// EntryPlace is the entry of a function whose return has a probe.
type EntryPlace struct{}

func (EntryPlace) order() order { return order{stage: stageArm} }

const mostActive = 65535

func (p *ReturnPlace) variables() []string {
	parameters := p.FunctionPlace.variables()
	if p.signature() == nil || p.signature().Result == nil {
		return parameters
	}
	return append([]string{"$return:" + typeName(p.signature().Result)}, parameters...)
}

func (p *ReturnPlace) group(name string) ([]string, bool) {
	if name == "$$return" && p.signature() != nil && p.signature().Result != nil {
		return []string{"$return"}, true
	}
	return p.FunctionPlace.group(name)
}

// target finds $return; parameters are those of the entry.
func (p *ReturnPlace) target(e *elaborator, t *parse.Target) (value, *parse.Diagnostic) {
	if t.Name != "$return" {
		return p.FunctionPlace.target(e, t)
	}
	if p.signature() == nil {
		return value{}, p.unknownParameters(t)
	}
	if p.signature().Result == nil {
		return value{}, semanticError(t.Token, fmt.Sprintf("function %s returns nothing: there is no $return", p.Name))
	}
	size, why := registerValue(p.signature().Result)
	if why != "" {
		return value{}, semanticError(t.Token, fmt.Sprintf("the result of %s %s, and BTF does not say where it is", p.Name, why))
	}
	return value{x: &ReturnValue{Size: size.size, Signed: size.signed}, typ: p.signature().Result}, nil
}

// isOfEntry reports whether a target stands for something that only the entry of
// the function can tell, in the handler of its return.
func (c *checker) isOfEntry(t *parse.Target) bool {
	_, ok := c.place.(*ReturnPlace)
	return ok && !c.entering && t.Base == nil && t.Name[0] == '$' && t.Name != "$return" && t.Name != "$$return"
}

// entry is "@entry(x)".
func (c *checker) entry(x *parse.Operator) Expression {
	if _, ok := c.place.(*ReturnPlace); !ok {
		d := semanticError(x.Token, "@entry is only valid in .return probes")
		d.Hint = "they are set by kernel.function(\"name\").return"
		c.add(d)
		return nil
	}
	return c.atEntry(func() Expression { return c.value(x.Arguments[0], parse.Unknown) })
}

// captured is a parameter in a handler of a return: its value at the entry.
func (c *checker) captured(t *parse.Target) Expression {
	if !t.Position.Source.Library {
		var text strings.Builder
		_ = parse.DumpExpression(&text, t) // a Builder takes all
		c.warn(t.Token, fmt.Sprintf("confusing usage, value is captured as @entry(%s) in .return probe", text.String()))
	}
	return c.atEntry(func() Expression { return c.target(t) })
}

// atEntry checks an expression for the function's entry, and gives the value that
// is kept from there.
func (c *checker) atEntry(check func() Expression) Expression {
	if c.entering {
		return check()
	}
	c.entering = true
	x := check()
	c.entering = false
	switch x.(type) {
	case nil, *Number, *Text:
		return x
	}
	walkExpression(x, func(n any) {
		var v *Variable
		switch n := n.(type) {
		case *Load:
			v = n.Variable
		case *Store:
			v = n.Variable
		case *Step:
			v = n.Variable
		}
		if v != nil && !v.Global {
			c.fail(v.Token, fmt.Sprintf("@entry cannot use the local variable '%s': it is evaluated before the handler, at the function's entry", v.Text))
		}
	})
	kept := c.handler.keep(x)
	value := &EntryValue{kept}
	c.pointTo(value, c.pointee(x))
	return value
}

// keep gives what keeps x, which for a parameter may be there already.
func (h *handlerSource) keep(x Expression) *Keep {
	if argument, ok := x.(*Argument); ok {
		for _, k := range h.kept {
			if other, ok := k.X.(*Argument); ok && *other == *argument {
				return k
			}
		}
	}
	h.kept = append(h.kept, &Keep{X: x})
	return h.kept[len(h.kept)-1]
}

// entry makes the probe that runs at the function's entry; nil where the handler
// wants nothing of it. The last that it keeps, in the first place, is that all
// else has been kept.
func (h *handlerSource) entry() *Probe {
	callers := callerOf(h.probe.Place)
	_, returns := h.probe.Place.(*ReturnPlace)
	if len(h.kept) == 0 && (callers == nil || !returns) {
		return nil
	}
	p := &Probe{Token: h.probe.Token, Point: h.probe.Point, Written: h.probe.Written, Aliases: h.probe.Aliases, Place: EntryPlace{}}
	if callers != nil {
		p.Condition = callers // where it does not hold nothing is kept, and the return is passed over
	}
	numbers, texts := 1, 0
	for _, k := range h.kept {
		k.Numbers, k.Strings = numbers, texts
		if k.Type() == parse.String {
			texts++
		} else {
			numbers++
		}
		p.Body = append(p.Body, &Evaluate{p.Position, k})
	}
	p.Body = append(p.Body, &Evaluate{p.Position, &Keep{X: &Number{1}}})
	return p
}
