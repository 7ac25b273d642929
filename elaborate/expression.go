package elaborate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gostap/gostap/parse"
)

// expression checks x where a value of the wanted type is needed (Unknown: any,
// or none). It gives nil after saying what is wrong, or while a type is missing.
func (c *checker) expression(x parse.Expression, wanted parse.Type) Expression {
	typed := c.untyped(x, wanted)
	if typed == nil {
		return nil
	}
	found := typed.Type()
	if wanted != parse.Unknown && found != parse.Unknown && found != wanted {
		c.fail(tokenOf(x), fmt.Sprintf("type mismatch: expected %s but found %s", wanted, found))
		return nil
	}
	return typed
}

// value is expression where something must come out.
func (c *checker) value(x parse.Expression, wanted parse.Type) Expression {
	typed := c.expression(x, wanted)
	if typed == nil {
		return nil
	}
	if call, ok := typed.(*Call); ok && call.Function.Result == parse.Unknown && (call.Function.checked || call.Function.Code != nil) {
		c.fail(tokenOf(x), fmt.Sprintf("function %s gives no value", call.Function.Text))
		return nil
	}
	return typed
}

func tokenOf(x parse.Expression) parse.Token {
	switch x := x.(type) {
	case *parse.NumberLiteral:
		return x.Token
	case *parse.StringLiteral:
		return x.Token
	case *parse.Identifier:
		return x.Token
	case *parse.Call:
		return x.Token
	case *parse.Print:
		return x.Token
	case *parse.Unary:
		return x.Token
	case *parse.Step:
		return x.Token
	case *parse.Binary:
		return x.Token
	case *parse.Conditional:
		return x.Token
	case *parse.Assign:
		return x.Token
	case *parse.Target:
		return x.Token
	}
	return parse.Token{Position: x.Pos()}
}

func (c *checker) untyped(x parse.Expression, wanted parse.Type) Expression {
	switch x := x.(type) {
	case *parse.NumberLiteral:
		return &Number{x.Value}
	case *parse.StringLiteral:
		return &Text{x.Value}
	case *parse.Identifier:
		v := c.variable(x.Token, wanted)
		c.read(v)
		return &Load{v}
	case *parse.Unary:
		operand := c.value(x.X, parse.Long)
		if operand == nil || x.Text == "+" {
			return operand
		}
		return &Unary{x.Text, operand}
	case *parse.Binary:
		return c.binary(x)
	case *parse.Conditional:
		n := &Conditional{c.value(x.Condition, parse.Long), c.value(x.X, wanted), c.value(x.Y, wanted)}
		if n.Condition == nil || n.X == nil || n.Y == nil {
			return nil
		}
		if n.X.Type() != n.Y.Type() {
			c.fail(x.Token, fmt.Sprintf("type mismatch: left and right sides don't agree (%s vs %s)", n.X.Type(), n.Y.Type()))
			return nil
		}
		return n
	case *parse.Assign:
		return c.assign(x, wanted)
	case *parse.Step:
		return c.step(x)
	case *parse.Call:
		return c.call(x)
	case *parse.Print:
		return c.print(x)
	case *parse.Target:
		return c.target(x)
	case *parse.Index:
		c.noArrays(x.Token)
		return nil
	case *parse.In:
		c.noArrays(x.Token)
		return nil
	case *parse.Operator:
		c.fail(x.Token, x.Text+" is not in this version")
		return nil
	}
	c.fail(tokenOf(x), "this kind of expression is not in this version")
	return nil
}

// binary checks an operator with two operands; comparisons take two of the
// same type.
func (c *checker) binary(x *parse.Binary) Expression {
	operands := parse.Long
	switch x.Text {
	case ".":
		operands = parse.String
	case "==", "!=", "<", "<=", ">", ">=":
		operands = c.commonType(x.X, x.Y)
	case "=~", "!~":
		c.fail(x.Token, "regular expressions are not in this version")
		return nil
	}
	n := &Binary{Token: x.Token, X: c.value(x.X, operands), Y: c.value(x.Y, operands)}
	if n.X == nil || n.Y == nil {
		return nil
	}
	return n
}

// commonType finds the type of two operands that must agree: the one that
// either of them is known to have.
func (c *checker) commonType(x, y parse.Expression) parse.Type {
	if t := c.knownType(x); t != parse.Unknown {
		return t
	}
	return c.knownType(y)
}

// knownType gives the type that can be told of x without checking it.
func (c *checker) knownType(x parse.Expression) parse.Type {
	switch x := x.(type) {
	case *parse.StringLiteral:
		return parse.String
	case *parse.NumberLiteral, *parse.Unary, *parse.Step, *parse.Target:
		return parse.Long
	case *parse.Binary:
		if x.Text == "." {
			return parse.String
		}
		return parse.Long
	case *parse.Identifier:
		if v := c.find(x.Text); v != nil {
			return v.Type
		}
	case *parse.Call:
		if f := c.lookUpFunction(signature{x.Text, len(x.Arguments)}); f != nil {
			return f.Result
		}
	case *parse.Print:
		if printNames[x.Text].toString {
			return parse.String
		}
	case *parse.Conditional:
		return c.commonType(x.X, x.Y)
	case *parse.Assign:
		return c.commonType(x.X, x.Y)
	}
	return parse.Unknown
}

// assign checks "x = y" and "x op= y".
func (c *checker) assign(x *parse.Assign, wanted parse.Type) Expression {
	if x.Text == "<<<" {
		c.fail(x.Token, "statistics are not in this version")
		return nil
	}
	id, ok := x.X.(*parse.Identifier)
	if !ok {
		c.notAssignable(x.X, x.Token, "Expecting lvalue for assignment")
		return nil
	}
	operator := x.Text[:len(x.Text)-1]
	switch operator {
	case "":
	case ".":
		wanted = parse.String
	default:
		wanted = parse.Long
	}
	v := c.variable(id.Token, wanted)
	y := c.value(x.Y, v.Type)
	if y == nil {
		return nil
	}
	c.unify(v, y.Type(), id.Token)
	c.assigned(v)
	if operator != "" {
		c.read(v)
		y = &Binary{Token: parse.Token{Position: x.Position, Text: operator}, X: &Load{v}, Y: y}
	}
	return &Store{v, y}
}

// notAssignable says why x, which the operator at wants to change, cannot be.
func (c *checker) notAssignable(x parse.Expression, at parse.Token, message string) {
	switch x := x.(type) {
	case *parse.Target:
		c.fail(at, "writing target variables is not in this version")
	case *parse.Index:
		c.noArrays(x.Token)
	default:
		c.fail(at, message)
	}
}

func (c *checker) noArrays(at parse.Token) { c.fail(at, "arrays are not in this version") }

func (c *checker) step(x *parse.Step) Expression {
	id, ok := x.X.(*parse.Identifier)
	if !ok {
		c.notAssignable(x.X, x.Token, "Expecting lvalue for increment or decrement")
		return nil
	}
	v := c.variable(id.Token, parse.Long)
	c.read(v)
	c.assigned(v)
	delta := int64(1)
	if x.Text == "--" {
		delta = -1
	}
	return &Step{Variable: v, Delta: delta, Old: !x.Prefix}
}

func (c *checker) call(x *parse.Call) Expression {
	f := c.lookUpFunction(signature{x.Text, len(x.Arguments)})
	if f == nil {
		c.unresolved(x)
		return nil
	}
	n := &Call{Token: x.Token, Function: f}
	for i, argument := range x.Arguments {
		p := f.Parameters[i]
		typed := c.value(argument, p.Type)
		if typed == nil {
			return nil
		}
		c.unify(p, typed.Type(), tokenOf(argument))
		n.Arguments = append(n.Arguments, typed)
	}
	c.calls = append(c.calls, f)
	return n
}

func (c *checker) unresolved(x *parse.Call) {
	names := c.functionNames()
	for _, name := range names {
		if name != x.Text {
			continue
		}
		d := semanticError(x.Token, fmt.Sprintf("arity mismatch: no function '%s' takes %d arguments", name, len(x.Arguments)))
		if arities := c.arities(name); len(arities) > 0 {
			d.Hint = "there is one that takes " + strings.Join(arities, ", one that takes ")
		}
		c.add(d)
		return
	}
	d := semanticError(x.Token, "unresolved function "+x.Text)
	d.Similar = parse.Similar(x.Text, names, 5)
	c.add(d)
}

// arities lists with how many parameters there are functions of that name.
func (c *checker) arities(name string) []string {
	found := map[int]bool{}
	for s := range c.functions {
		found[s.arity] = found[s.arity] || s.name == name
	}
	for _, arity := range c.library.Arities(name) {
		found[arity] = true
	}
	var arities []string
	for _, arity := range slices.Sorted(maps.Keys(found)) {
		if found[arity] {
			arities = append(arities, strconv.Itoa(arity))
		}
	}
	return arities
}
