package elaborate

import (
	"fmt"
	"strings"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// operator checks the @ operators that are not targets.
func (c *checker) operator(x *parse.Operator) Expression {
	switch x.Text {
	case "@count", "@sum", "@min", "@max", "@avg", "@variance":
		return c.extract(x)
	case "@hist_log", "@hist_linear":
		d := semanticError(x.Token, "base histogram operator where expression expected")
		d.Hint = "a histogram is printed by itself: print(" + x.Text + "(…))"
		c.add(d)
		return nil
	case "@defined":
		return &Number{truth(c.isDefined(x.Arguments[0]))}
	case "@probewrite":
		return &Number{truth(c.isWritten(x.Arguments[0]))}
	case "@const":
		return c.constant(x)
	case "@enum":
		return c.enumerator(x)
	case "@enumname":
		return c.enumeratorName(x)
	case "@entry":
		return c.entry(x)
	}
	return c.counter(x) // @perf
}

// isDefined reports whether a target variable can be resolved here. What is said
// on the way is forgotten.
func (c *checker) isDefined(x parse.Expression) bool {
	said, failure := c.diagnostics, c.failure
	c.diagnostics = nil
	if h := c.handler; h != nil {
		kept := h.kept
		defer func() { h.kept = kept }()
	}
	typed := c.expression(x, parse.Unknown)
	defined := typed != nil && c.diagnostics.Errors() == 0
	c.diagnostics, c.failure = said, failure
	return defined
}

// isWritten reports whether another part of the handler, such as the user's body
// around an alias's blocks, sets a variable.
func (c *checker) isWritten(x parse.Expression) bool {
	id, ok := x.(*parse.Identifier)
	if !ok || c.handler == nil {
		return false
	}
	for i, p := range c.handler.parts {
		if i != c.part && i == c.handler.body && assignedNames(p.block)[id.Text] {
			return true
		}
	}
	return false
}

// assignedNames gives the names that a block sets.
func assignedNames(b *parse.Block) map[string]bool {
	names := map[string]bool{}
	note := func(x parse.Expression) {
		if id, ok := x.(*parse.Identifier); ok && id != nil {
			names[id.Text] = true
		}
	}
	parse.Walk(b, func(n parse.Node) bool {
		switch n := n.(type) {
		case *parse.Assign:
			note(n.X)
		case *parse.Step:
			note(n.X)
		case *parse.DeleteStatement:
			note(n.X)
		case *parse.ForeachStatement:
			if n.Value != nil {
				names[n.Value.Text] = true
			}
			for _, k := range n.Keys {
				names[k.Text] = true
			}
		case *parse.TryStatement:
			if n.Message != nil {
				names[n.Message.Text] = true
			}
		}
		return true
	})
	return names
}

// constant is @const("C expression"), whose value the C compiler knows.
func (c *checker) constant(x *parse.Operator) Expression {
	if !c.options.Guru && !x.Position.Source.Library {
		c.fail(x.Token, "@const is not allowed in unprivileged script; need stap -g")
		return nil
	}
	text, _ := x.Arguments[0].(*parse.StringLiteral)
	code := &parse.EmbeddedCode{Token: parse.Token{Position: x.Position, Text: " /* pure */ (stap_long)(" + text.Value + ") "}}
	return &EmbeddedExpression{Code: code, Result: parse.Long}
}

// enumerator is @enum("NAME").
func (c *checker) enumerator(x *parse.Operator) Expression {
	name, _ := x.Arguments[0].(*parse.StringLiteral)
	btf, err := c.typeInformation()
	if err != nil {
		c.failure = err
		return nil
	}
	var found *int64
	err = btf.Enumerators(func(_ *debuginfo.Enum, v debuginfo.EnumValue) bool {
		if v.Name == name.Value {
			found = &v.Value
		}
		return found == nil
	})
	switch {
	case err != nil:
		c.failure = err
		return nil
	case found == nil:
		c.fail(name.Token, fmt.Sprintf("the kernel has no enumerator %s", name.Value))
		return nil
	}
	return &Number{*found}
}

// enumeratorName is @enumname(x, "type").
func (c *checker) enumeratorName(x *parse.Operator) Expression {
	value := c.value(x.Arguments[0], parse.Long)
	if value == nil {
		return nil
	}
	n := &EnumName{X: value}
	if len(x.Arguments) == 1 {
		if enum, ok := c.pointees[value].(*debuginfo.Enum); ok {
			n.addNames(enum)
			return n
		}
		c.fail(x.Token, "nothing says which enumeration this is: name it, @enumname(x, \"type\")")
		return nil
	}
	name, _ := x.Arguments[1].(*parse.StringLiteral)
	t := c.namedType(strings.TrimPrefix(name.Value, "enum "), "enum ", name.Token)
	if t == nil {
		return nil
	}
	enum, ok := t.(*debuginfo.Enum)
	if !ok {
		c.fail(name.Token, fmt.Sprintf("%s is no enumeration", typeName(t)))
		return nil
	}
	n.addNames(enum)
	return n
}

// addNames takes the names of an enumeration, the first of each value.
func (n *EnumName) addNames(enum *debuginfo.Enum) {
	seen := map[int64]bool{}
	for _, v := range enum.Values {
		if !seen[v.Value] {
			seen[v.Value] = true
			n.Names = append(n.Names, EnumValue{v.Name, v.Value})
		}
	}
}
