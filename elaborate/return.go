package elaborate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gostap/gostap/elaborate/debuginfo"
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

// maxActive reads "maxactive(number)".
func maxActive(c parse.Component) (int64, *parse.Diagnostic) {
	active := numberArgument(c)
	if active < 1 || active > mostActive {
		return 0, semanticError(c.Token, fmt.Sprintf("maxactive value out of range (1, %d)", mostActive))
	}
	return active, nil
}

func (p *ReturnPlace) variables() []string {
	parameters := p.FunctionPlace.variables()
	result := p.result()
	if result == nil {
		return parameters
	}
	written := "long"
	if p.system == nil {
		written = p.describedSignature().WrittenResult()
	}
	return append([]string{"$return:" + written}, parameters...)
}

// result gives the type of what the function returns; nil if it returns nothing or
// that is not known.
func (p *ReturnPlace) result() debuginfo.Type {
	if p.system != nil {
		return p.system.result()
	}
	s := p.describedSignature()
	if s == nil {
		return nil
	}
	return s.Result
}

func (p *ReturnPlace) group(name string) ([]string, bool) {
	if name == "$$return" && p.result() != nil {
		return []string{"$return"}, true
	}
	return p.FunctionPlace.group(name)
}

// target finds $return; parameters are those of the entry.
func (p *ReturnPlace) target(e *elaborator, t *parse.Target) (value, *parse.Diagnostic) {
	if t.Name != "$return" {
		return p.FunctionPlace.target(e, t)
	}
	if p.system == nil && p.describedSignature() == nil {
		return value{}, p.unknownParameters(t)
	}
	result := p.result()
	if result == nil {
		return value{}, semanticError(t.Token, fmt.Sprintf("function %s returns nothing: there is no $return", p.Name))
	}
	if structure, ok := result.(*debuginfo.Struct); ok {
		return p.structure(structure, t)
	}
	size, why := registerValue(result)
	if why != "" {
		return value{typ: result}, semanticError(t.Token, fmt.Sprintf("the result of %s %s, and nothing says where it is", p.Name, why))
	}
	return value{x: &ReturnValue{Size: size.size, Signed: size.signed}, typ: result}, nil
}

// structure finds a structure that the function returns: in one or two registers,
// whose numbers in DWARF are 0 and 1 on all machines; of x86-64 a larger one is
// where the first register points.
func (p *ReturnPlace) structure(t *debuginfo.Struct, at *parse.Target) (value, *parse.Diagnostic) {
	const registers = 2
	v := value{typ: t}
	for n := range registers {
		v.fragments = append(v.fragments, fragment{begin: n * wordBits, bits: wordBits, x: &Register{n}, register: n})
	}
	if t.Size <= registers*wordBits/8 {
		return v, nil
	}
	if i, err := p.instruction(); err == nil && i != nil && p.object.options.machine().structureTakesArgument {
		return value{typ: t, address: &ReturnValue{Size: 8}}, nil
	}
	return value{typ: t}, semanticError(at.Token, fmt.Sprintf("the result of %s is a structure, and nothing says where it is", p.Name))
}

// isOfEntry reports whether a target stands for something that only the entry of
// the function can tell, in the handler of its return: a variable of the function.
func (c *checker) isOfEntry(t *parse.Target) bool {
	p, ok := c.place.(*ReturnPlace)
	if !ok || c.entering || t.Base != nil || t.Name[0] != '$' || t.Name == "$return" || t.Name == "$$return" {
		return false
	}
	if strings.HasPrefix(t.Name, "$$") || p.hasParameter(t.Name[1:]) {
		return true
	}
	i, err := p.instruction()
	return err != nil || i == nil || i.local(t.Name[1:]) != nil
}

// hasParameter reports whether the function is known to have a parameter.
func (p *FunctionPlace) hasParameter(name string) bool {
	s := p.signature()
	return s != nil && slices.ContainsFunc(s.Parameters, func(parameter debuginfo.Parameter) bool { return parameter.Name == name })
}

// isReturn reports whether a place is where a function returns.
func isReturn(place Place) bool {
	switch place.(type) {
	case *ReturnPlace, *KprobeReturnPlace:
		return true
	}
	return false
}

// entry is "@entry(x)".
func (c *checker) entry(x *parse.Operator) Expression {
	if !isReturn(c.place) {
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
	callers := callersOf(h.probe.Place)
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
