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
	typed = fold(typed)
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
	if call, ok := typed.(*Call); ok && call.Function.Result == parse.Unknown && !c.givesValue(call, wanted) {
		return nil
	}
	if p, ok := typed.(*Print); ok && !p.ToString {
		c.fail(tokenOf(x), p.Text+" gives no value")
		return nil
	}
	return typed
}

// givesValue gives a function that returns nothing the type that a call wants, 0 or
// "": `count && exit()` is common. Where nothing is wanted in particular, such as
// in a print, it is a mistake.
func (c *checker) givesValue(call *Call, wanted parse.Type) bool {
	f := call.Function
	switch {
	case !f.checked && f.Code == nil: // not known yet
		return true
	case c.returnsValue(f): // whose type something else says, or why there is none
		return true
	case wanted != parse.Unknown:
		f.Result, *c.changed = wanted, true
		return true
	}
	c.fail(call.Token, fmt.Sprintf("function %s gives no value", f.Text))
	return false
}

// returnsValue reports whether a function has a "return" with a value.
func (c *checker) returnsValue(f *Function) bool {
	source := c.sources[f]
	if source == nil || source.text.Body == nil {
		return slices.ContainsFunc(f.Overloads, c.returnsValue)
	}
	found := false
	parse.Walk(source.text.Body, func(n parse.Node) bool {
		r, ok := n.(*parse.ReturnStatement)
		found = found || ok && r.X != nil
		return true
	})
	return found
}

func tokenOf(x parse.Expression) parse.Token {
	switch x := x.(type) {
	case *parse.NumberLiteral:
		return x.Token
	case *parse.StringLiteral:
		return x.Token
	case *parse.Identifier:
		return x.Token
	case *parse.Index:
		return x.Token
	case *parse.In:
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
	case *parse.Operator:
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
		return c.load(x, wanted)
	case *parse.Unary:
		operand := c.value(x.X, parse.Long)
		if operand == nil || x.Text == "+" {
			return operand
		}
		return &Unary{x.Text, operand}
	case *parse.Binary:
		return c.binary(x)
	case *parse.Conditional:
		return c.conditional(x, wanted)
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
		return c.index(x, wanted)
	case *parse.In:
		return c.contains(x)
	case *parse.Operator:
		return c.operator(x)
	case *parse.EmbeddedExpression:
		return c.embeddedExpression(x)
	}
	c.fail(tokenOf(x), "this is no expression that has a value")
	return nil
}

// load is a variable's value.
func (c *checker) load(x *parse.Identifier, wanted parse.Type) Expression {
	if v := c.find(x.Text); v != nil && v.Type == parse.Stats && v.arity <= 0 {
		if wanted == parse.Unknown {
			wanted = parse.Long
		}
		c.fail(x.Token, fmt.Sprintf("type mismatch: expected %s but found stats", wanted))
		return nil
	}
	v := c.scalar(x.Token, parse.Unknown)
	if !c.unify(v, wanted, x.Token) {
		return nil
	}
	return &Load{v}
}

// binary checks an operator with two operands; comparisons take two of the
// same type.
func (c *checker) binary(x *parse.Binary) Expression {
	operands := parse.Long
	switch x.Text {
	case "&&", "||":
		return c.logical(x)
	case ".":
		operands = parse.String
	case "==", "!=", "<", "<=", ">", ">=":
		return c.comparison(x)
	case "=~", "!~":
		return c.match(x)
	}
	n := &Binary{Token: x.Token, X: c.value(x.X, operands), Y: c.value(x.Y, operands)}
	if n.X == nil || n.Y == nil {
		return nil
	}
	return n
}

// comparison checks that both sides agree: what one is known to be, the other is.
func (c *checker) comparison(x *parse.Binary) Expression {
	known := c.commonType(x.X, x.Y)
	if left, right := c.knownType(x.X), c.knownType(x.Y); left != parse.Unknown && right != parse.Unknown && left != right {
		c.fail(x.Token, fmt.Sprintf("type mismatch: left and right sides don't agree (%s vs %s)", left, right))
		return nil
	}
	n := &Binary{Token: x.Token, X: c.value(x.X, known), Y: c.value(x.Y, known)}
	if n.X == nil || n.Y == nil {
		return nil
	}
	if n.X.Type() == parse.Unknown && n.Y.Type() != parse.Unknown { // found while the right side was read
		n.X = c.value(x.X, n.Y.Type())
	}
	return n
}

// logical checks "&&" and "||". Where the left side decides, the right side is
// not looked at.
func (c *checker) logical(x *parse.Binary) Expression {
	left := c.value(x.X, parse.Long)
	if n, ok := left.(*Number); ok && (n.Value != 0) == (x.Text == "||") {
		return &Number{truth(n.Value != 0)}
	}
	right := c.value(x.Y, parse.Long)
	if left == nil || right == nil {
		return nil
	}
	return &Binary{Token: x.Token, X: left, Y: right}
}

// conditional checks "c ? x : y", both arms of which have the same type. With a
// constant c only one arm is looked at.
func (c *checker) conditional(x *parse.Conditional, wanted parse.Type) Expression {
	condition := c.value(x.Condition, parse.Long)
	if n, ok := condition.(*Number); ok {
		if n.Value != 0 {
			return c.value(x.X, wanted)
		}
		return c.value(x.Y, wanted)
	}
	if wanted == parse.Unknown {
		wanted = c.commonType(x.X, x.Y)
	}
	if left, right := c.knownType(x.X), c.knownType(x.Y); left != parse.Unknown && right != parse.Unknown && left != right {
		c.fail(x.Token, fmt.Sprintf("type mismatch: left and right sides don't agree (%s vs %s)", left, right))
		return nil
	}
	n := &Conditional{condition, c.value(x.X, wanted), c.value(x.Y, wanted)}
	if n.Condition == nil || n.X == nil || n.Y == nil {
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
	case *parse.NumberLiteral, *parse.Unary, *parse.Step, *parse.In:
		return parse.Long
	case *parse.Target:
		if place, ok := c.place.(textual); isText(x) || ok && place.isString(x.Name) {
			return parse.String
		}
		return parse.Long
	case *parse.Binary:
		if x.Text == "." {
			return parse.String
		}
		return parse.Long
	case *parse.Identifier:
		if v := c.find(x.Text); v != nil && v.Type != parse.Stats {
			return v.Type
		}
	case *parse.Index:
		if id, ok := x.Base.(*parse.Identifier); ok {
			if v := c.find(id.Text); v != nil && v.Type != parse.Stats {
				return v.Type
			}
		}
	case *parse.Call:
		if f := c.lookUpFunction(c.file, signature{x.Text, len(x.Arguments)}); f != nil {
			return f.Result
		}
	case *parse.Print:
		if printNames[x.Text].toString {
			return parse.String
		}
	case *parse.Operator:
		if x.Text == "@enumname" {
			return parse.String
		}
		if x.Text == "@entry" {
			return c.knownType(x.Arguments[0])
		}
		if x.Text != "@choose_defined" {
			return parse.Long
		}
	case *parse.Conditional:
		return c.commonType(x.X, x.Y)
	case *parse.Assign:
		return c.commonType(x.X, x.Y)
	}
	return parse.Unknown
}

// assign checks "x = y", "x op= y" and "s <<< y".
func (c *checker) assign(x *parse.Assign, wanted parse.Type) Expression {
	if x.Text == "<<<" {
		return c.aggregate(x)
	}
	operator := x.Text[:len(x.Text)-1]
	switch operator {
	case "":
	case ".":
		wanted = parse.String
	default:
		wanted = parse.Long
	}
	switch left := x.X.(type) {
	case *parse.Identifier:
		return c.assignScalar(x, left, operator, wanted)
	case *parse.Index:
		return c.assignElement(x, left, operator, wanted)
	case *parse.Target:
		return c.assignTarget(x, left, operator)
	}
	c.fail(x.Token, "Expecting lvalue for assignment")
	return nil
}

func (c *checker) assignScalar(x *parse.Assign, id *parse.Identifier, operator string, wanted parse.Type) Expression {
	v := c.find(id.Text)
	if v != nil && v.Type == parse.Stats {
		c.fail(x.Token, "type mismatch: expected long but found stats")
		return nil
	}
	v = c.scalar(id.Token, wanted)
	v.Assigned = true
	y := c.value(x.Y, v.Type)
	if y == nil {
		return nil
	}
	c.unify(v, y.Type(), id.Token)
	c.pointTo(v, c.pointee(y))
	if operator != "" {
		y = &Binary{Token: parse.Token{Position: x.Position, Text: operator}, X: &Load{v}, Y: y}
	}
	return &Store{v, y}
}

func (c *checker) step(x *parse.Step) Expression {
	delta := int64(1)
	if x.Text == "--" {
		delta = -1
	}
	switch operand := x.X.(type) {
	case *parse.Identifier:
		v := c.scalar(operand.Token, parse.Long)
		v.Assigned = true
		return &Step{Variable: v, Delta: delta, Old: !x.Prefix}
	case *parse.Index:
		element := c.element(operand, parse.Long)
		if element == nil {
			return nil
		}
		element.Array.Assigned = true
		return &StoreElement{Token: x.Token, Element: element, Operator: "+", X: &Number{delta}, Old: !x.Prefix}
	case *parse.Target:
		c.fail(x.Token, "a target variable can be set with '=' only")
		return nil
	}
	c.fail(x.Token, "Expecting lvalue for increment or decrement")
	return nil
}

func (c *checker) call(x *parse.Call) Expression {
	f := c.lookUpFunction(c.file, signature{x.Text, len(x.Arguments)})
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
		c.pointTo(p, c.pointee(typed))
		n.Arguments = append(n.Arguments, typed)
	}
	c.calls = append(c.calls, f)
	return n
}

func (c *checker) unresolved(x *parse.Call) {
	names := c.functionNames()
	if arities := c.arities(x.Text); len(arities) > 0 || slices.Contains(names, x.Text) {
		d := semanticError(x.Token, fmt.Sprintf("arity mismatch: no function '%s' takes %d arguments", x.Text, len(x.Arguments)))
		if len(arities) > 0 {
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
	for _, s := range []*scope{c.scopes[c.file], c.shared} {
		for signature := range s.functions {
			if signature.name == name {
				found[signature.arity] = true
			}
		}
	}
	for _, arity := range c.library.Arities(name) {
		found[arity] = true
	}
	var arities []string
	for _, arity := range slices.Sorted(maps.Keys(found)) {
		arities = append(arities, strconv.Itoa(arity))
	}
	return arities
}

// embeddedExpression is "%{ C %}" where a value is wanted.
func (c *checker) embeddedExpression(x *parse.EmbeddedExpression) Expression {
	c.allowEmbedded(x.Token, "embedded expression in unprivileged script; need stap -g")
	code := &parse.EmbeddedCode{Token: x.Token}
	result := parse.Long
	if code.Tag("string") {
		result = parse.String
	}
	return &EmbeddedExpression{Code: code, Result: result}
}
