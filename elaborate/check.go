package elaborate

import (
	"fmt"
	"strings"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// checker checks one body: a probe's handler or a function.
type checker struct {
	*elaborator
	file     *parse.File    // whose names the text being checked sees
	place    Place          // of a handler; nil in a function
	handler  *handlerSource // nil in a function
	part     int            // of the handler
	function *Function      // nil in a handler
	dead     map[parse.Node]bool
	locals   map[string]*Variable
	order    []*Variable // the locals, as they appear; not the parameters
	loops    int         // around the statement
	entering bool        // in an expression for the entry of a function whose return is probed
	calls    []*Function
}

func newChecker(e *elaborator, f *Function, dead map[parse.Node]bool) *checker {
	return &checker{elaborator: e, function: f, dead: dead, locals: map[string]*Variable{}}
}

// know makes variables of an earlier round known again.
func (c *checker) know(variables []*Variable) {
	for _, v := range variables {
		c.locals[v.Text] = v
	}
	c.order = append(c.order, variables...)
}

func (c *checker) fail(at parse.Token, message string) { c.add(semanticError(at, message)) }

// block checks a sequence of statements.
func (c *checker) block(b *parse.Block) []Statement {
	if b == nil {
		return nil
	}
	return c.statements(b.Statements)
}

func (c *checker) statements(list []parse.Statement) []Statement {
	var out []Statement
	for _, s := range list {
		out = append(out, c.statement(s)...)
	}
	return out
}

// statement gives the typed statements for one of the script's.
func (c *checker) statement(s parse.Statement) []Statement {
	if c.dead[s] {
		return nil
	}
	switch s := s.(type) {
	case *parse.Block:
		return c.block(s)
	case *parse.ExpressionStatement:
		return c.evaluate(s.Pos(), s.X)
	case *parse.IfStatement:
		return c.choice(s)
	case *parse.LoopStatement:
		return c.loop(s)
	case *parse.ForeachStatement:
		return c.foreach(s)
	case *parse.ReturnStatement:
		return c.returns(s)
	case *parse.BranchStatement:
		return c.branch(s)
	case *parse.TryStatement:
		n := &Try{Position: s.Pos(), Body: c.block(s.Body)}
		if s.Message != nil {
			n.Message = c.scalar(s.Message.Token, parse.String)
			n.Message.Assigned = true
		}
		n.Catch = c.block(s.Catch)
		return []Statement{n}
	case *parse.DeleteStatement:
		return c.delete(s)
	}
	return nil
}

// evaluate is an expression as a statement.
func (c *checker) evaluate(at parse.Position, x parse.Expression) []Statement {
	if assign, ok := x.(*parse.Assign); ok && c.dead[assign] { // only what its right side does is left
		if c.dead[assign.Y] {
			return nil
		}
		x = assign.Y
	}
	if s := printingChoice(at, x); s != nil {
		return c.choice(s)
	}
	if typed := c.expression(x, parse.Unknown); typed != nil {
		return []Statement{&Evaluate{at, typed}}
	}
	return nil
}

// printingChoice gives the if that an expression stands for whose operands print, such as
// `found ? println("yes") : println("no")`; nil if it is none.
func printingChoice(at parse.Position, x parse.Expression) *parse.IfStatement {
	token := parse.Token{Position: at, Text: "if"}
	statement := func(x parse.Expression) parse.Statement {
		return &parse.ExpressionStatement{Token: tokenOf(x), X: x}
	}
	switch x := x.(type) {
	case *parse.Conditional:
		if onlyPrints(x.X) || onlyPrints(x.Y) {
			return &parse.IfStatement{Token: token, Condition: x.Condition, Then: statement(x.X), Else: statement(x.Y)}
		}
	case *parse.Binary:
		switch {
		case !onlyPrints(x.Y):
		case x.Text == "&&":
			return &parse.IfStatement{Token: token, Condition: x.X, Then: statement(x.Y)}
		case x.Text == "||":
			return &parse.IfStatement{Token: token, Condition: x.X, Then: &parse.EmptyStatement{Token: token}, Else: statement(x.Y)}
		}
	}
	return nil
}

// onlyPrints reports whether an expression prints and has no value.
func onlyPrints(x parse.Expression) bool {
	if p, ok := x.(*parse.Print); ok {
		return !strings.HasPrefix(p.Text, "s")
	}
	return printingChoice(x.Pos(), x) != nil
}

// choice checks an if. Of one whose condition is constant only the branch that is
// taken is looked at.
func (c *checker) choice(s *parse.IfStatement) []Statement {
	condition := c.value(s.Condition, parse.Long)
	if n, ok := condition.(*Number); ok {
		switch {
		case n.Value != 0:
			return c.statement(s.Then)
		case s.Else != nil:
			return c.statement(s.Else)
		}
		return nil
	}
	n := &If{Position: s.Pos(), Condition: condition}
	n.Then = c.statement(s.Then)
	if s.Else != nil {
		n.Else = c.statement(s.Else)
	}
	return []Statement{n}
}

func (c *checker) loop(s *parse.LoopStatement) []Statement {
	var out []Statement
	if s.Init != nil {
		out = append(out, c.evaluate(s.Pos(), s.Init)...)
	}
	n := &Loop{Position: s.Pos()}
	if s.Condition != nil {
		n.Condition = c.value(s.Condition, parse.Long)
		if constant, ok := n.Condition.(*Number); ok {
			if constant.Value == 0 {
				return out
			}
			n.Condition = nil
		}
	}
	if s.Step != nil {
		n.Step = c.expression(s.Step, parse.Unknown)
	}
	c.loops++
	n.Body = c.statement(s.Body)
	c.loops--
	return append(out, n)
}

func (c *checker) returns(s *parse.ReturnStatement) []Statement {
	if c.function == nil {
		c.fail(s.Token, "found 'return' not in function context")
		return nil
	}
	n := &Return{Position: s.Pos()}
	if s.X == nil {
		return []Statement{n}
	}
	n.X = c.value(s.X, c.function.Result)
	if n.X != nil && c.function.Result == parse.Unknown && n.X.Type() != parse.Unknown {
		c.function.Result = n.X.Type()
		*c.changed = true
	}
	c.pointTo(c.function, c.pointee(n.X))
	return []Statement{n}
}

func (c *checker) branch(s *parse.BranchStatement) []Statement {
	if s.Text != "next" && c.loops == 0 {
		c.fail(s.Token, fmt.Sprintf("cannot '%s' outside loop", s.Text))
		return nil
	}
	return []Statement{&Branch{s.Pos(), s.Text}}
}

// condition checks "if (…)" after a probe point: it is evaluated before the
// handler, has no variables but globals, and changes nothing.
func (c *checker) condition(x parse.Expression) Expression {
	typed := c.value(x, parse.Long)
	if typed == nil {
		return nil
	}
	at := tokenOf(x)
	walkExpression(typed, func(n any) {
		switch n := n.(type) {
		case *Load:
			if !n.Variable.Global {
				c.fail(n.Variable.Token, fmt.Sprintf("probe condition must not reference undeclared global '%s'", n.Variable.Text))
			}
		case *Store, *Step, *StoreElement, *Aggregate, *StoreMemory, *StoreHitVariable:
			c.fail(at, "probe condition must not modify any variables")
		case *Call:
			if !c.isPure(n.Function, map[*Function]bool{}) {
				c.fail(n.Token, fmt.Sprintf("probe condition must not call impure function '%s'", n.Function.Text))
			}
		case *Argument, *Dereference, *ReturnValue, *EntryValue, *HitVariable:
			c.fail(at, "probe condition must not use target variables")
		case *Print:
			if !n.ToString {
				c.fail(n.Token, "probe condition must not print")
			}
		}
	})
	return typed
}

// local finds or makes the local variable of that name.
func (c *checker) local(at parse.Token) *Variable {
	v := c.locals[at.Text]
	if v == nil {
		v = &Variable{Token: at, inferred: at.Position}
		c.locals[at.Text] = v
		c.order = append(c.order, v)
	}
	return v
}

// find gives the variable of that name that is in sight, nil when there is none yet.
func (c *checker) find(name string) *Variable {
	if c.function != nil {
		for _, p := range c.function.Parameters { // which may hide a global
			if p.Text == name {
				return p
			}
		}
	}
	if v := c.global(c.file, name); v != nil && !(c.function != nil && isForeign(c.file, v)) {
		return v
	}
	return c.locals[name]
}

// isForeign reports whether a global is the script's and the file one of the library, whose
// functions know nothing of scripts: a local variable of theirs may have the same name.
func isForeign(file *parse.File, v *Variable) bool {
	return file.Source.Library && !v.Position.Source.Library
}

// scalar finds or makes the variable of that name, which is no array, and tells
// it its type.
func (c *checker) scalar(at parse.Token, wanted parse.Type) *Variable {
	v := c.find(at.Text)
	if v == nil {
		v = c.local(at)
	}
	if v.Global {
		c.haveArity(v, 0, at)
	}
	c.unify(v, wanted, at)
	return v
}

// haveArity tells a global how many keys it has, and says where two uses differ.
func (c *checker) haveArity(v *Variable, arity int, at parse.Token) bool {
	if arity == 0 && v.arity <= 0 {
		switch {
		case v.Capacity != 0:
			c.fail(v.Token, "inconsistent arity (0 vs 1)")
		case v.Wrap:
			c.fail(v.Token, "wrapping not supported for scalars")
		}
	}
	switch v.arity {
	case arity:
		return true
	case unknownArity:
		v.arity, v.arityAt = arity, at.Position
		if arity > 0 {
			v.Keys, v.keysAt = make([]parse.Type, arity), make([]parse.Position, arity)
		}
		*c.changed = true
		return true
	}
	d := semanticError(at, fmt.Sprintf("inconsistent arity (%d vs %d)", arity, v.arity))
	d.Notes = []parse.Note{{Position: v.arityAt, Message: fmt.Sprintf("arity %d first inferred here", v.arity)}}
	c.add(d)
	return false
}

// unify gives a variable its type, or says that it has another, and where that
// was found.
func (c *checker) unify(v *Variable, t parse.Type, at parse.Token) bool {
	switch {
	case t == parse.Unknown || t == v.Type:
	case v.Type == parse.Unknown:
		v.Type, v.inferred = t, at.Position
		*c.changed = true
	default:
		d := semanticError(at, fmt.Sprintf("type mismatch (%s)", t))
		d.Notes = []parse.Note{{Position: v.inferred, Message: fmt.Sprintf("type was first inferred here (%s)", v.Type)}}
		c.add(d)
		return false
	}
	return true
}

// unifyKey does the same for the nth key of an array.
func (c *checker) unifyKey(v *Variable, n int, t parse.Type, at parse.Token) {
	switch {
	case t == parse.Unknown || t == v.Keys[n]:
	case v.Keys[n] == parse.Unknown:
		v.Keys[n], v.keysAt[n] = t, at.Position
		*c.changed = true
	default:
		d := semanticError(at, fmt.Sprintf("index %d type mismatch (%s)", n, t))
		d.Notes = []parse.Note{{Position: v.keysAt[n], Message: fmt.Sprintf("type of index %d was first inferred here (%s)", n, v.Keys[n])}}
		c.add(d)
	}
}

// pointee is what a number is known to point to: for `p->member` on it.
func (c *checker) pointee(x Expression) debuginfo.Type {
	switch x := x.(type) {
	case nil:
		return nil
	case *Load:
		return c.pointees[x.Variable]
	case *Store:
		return c.pointees[x.Variable]
	case *Call:
		return c.pointees[x.Function]
	case *Element:
		return c.pointees[x.Array]
	case *Conditional:
		return c.pointee(x.X)
	}
	return c.pointees[x]
}

// pointTo notes that a variable, a function or an expression holds a pointer.
func (c *checker) pointTo(holder any, pointer debuginfo.Type) {
	if pointer == nil || c.pointees[holder] != nil {
		return
	}
	c.pointees[holder] = pointer
	switch holder.(type) {
	case *Variable, *Function:
		*c.changed = true
	}
}
