package elaborate

import (
	"fmt"

	"github.com/gostap/gostap/parse"
)

// checker checks one body: a probe's handler or a function.
type checker struct {
	*elaborator
	place    Place     // of a handler; nil in a function
	function *Function // nil in a handler
	locals   map[string]*Variable
	order    []*Variable // the locals, as they appear; not the parameters
	loops    int         // around the statement
	calls    []*Function
	reads    map[*Variable]bool
	writes   map[*Variable]bool
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
	switch s := s.(type) {
	case *parse.Block:
		return c.block(s)
	case *parse.EmptyStatement:
		return nil
	case *parse.ExpressionStatement:
		if x := c.expression(s.X, parse.Unknown); x != nil {
			return []Statement{&Evaluate{s.Pos(), x}}
		}
	case *parse.IfStatement:
		n := &If{Position: s.Pos(), Condition: c.expression(s.Condition, parse.Long)}
		n.Then = c.statement(s.Then)
		if s.Else != nil {
			n.Else = c.statement(s.Else)
		}
		return []Statement{n}
	case *parse.LoopStatement:
		return c.loop(s)
	case *parse.ReturnStatement:
		return c.returns(s)
	case *parse.BranchStatement:
		return c.branch(s)
	case *parse.TryStatement:
		n := &Try{Position: s.Pos(), Body: c.block(s.Body)}
		if s.Message != nil {
			n.Message = c.variable(s.Message.Token, parse.String)
			c.assigned(n.Message)
		}
		n.Catch = c.block(s.Catch)
		return []Statement{n}
	case *parse.DeleteStatement:
		return c.delete(s)
	case *parse.ForeachStatement:
		c.noArrays(s.Token)
	}
	return nil
}

func (c *checker) loop(s *parse.LoopStatement) []Statement {
	var out []Statement
	if s.Init != nil {
		if x := c.expression(s.Init, parse.Unknown); x != nil {
			out = append(out, &Evaluate{s.Pos(), x})
		}
	}
	n := &Loop{Position: s.Pos()}
	if s.Condition != nil {
		n.Condition = c.expression(s.Condition, parse.Long)
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
	if s.X != nil {
		n.X = c.expression(s.X, c.function.Result)
		if n.X != nil && c.function.Result == parse.Unknown && n.X.Type() != parse.Unknown {
			c.function.Result = n.X.Type()
			*c.changed = true
		}
	}
	return []Statement{n}
}

func (c *checker) branch(s *parse.BranchStatement) []Statement {
	if s.Text != "next" && c.loops == 0 {
		c.fail(s.Token, fmt.Sprintf("cannot '%s' outside loop", s.Text))
		return nil
	}
	if s.Text == "next" && c.function != nil {
		c.fail(s.Token, "function overloads are not in this version")
		return nil
	}
	return []Statement{&Branch{s.Pos(), s.Text}}
}

// delete sets a scalar back.
func (c *checker) delete(s *parse.DeleteStatement) []Statement {
	id, ok := s.X.(*parse.Identifier)
	if !ok {
		c.noArrays(s.Token)
		return nil
	}
	v := c.variable(id.Token, parse.Unknown)
	c.assigned(v)
	var zero Expression = &Number{}
	if v.Type == parse.String {
		zero = &Text{}
	}
	return []Statement{&Evaluate{s.Pos(), &Store{v, zero}}}
}

// variable finds or makes the variable of that name and tells it its type.
func (c *checker) variable(at parse.Token, wanted parse.Type) *Variable {
	v := c.find(at.Text)
	if v == nil {
		v = &Variable{Token: at}
		c.locals[at.Text] = v
		c.order = append(c.order, v)
	}
	c.unify(v, wanted, at)
	return v
}

// find gives the variable of that name that is in sight, nil when there is none yet.
func (c *checker) find(name string) *Variable {
	if v, ok := c.locals[name]; ok {
		return v
	}
	return c.globals[name]
}

// unify gives a variable its type, or says that it has another.
func (c *checker) unify(v *Variable, t parse.Type, at parse.Token) {
	switch {
	case t == parse.Unknown || t == v.Type:
	case v.Type == parse.Unknown:
		v.Type, v.inferred = t, at.Position
		*c.changed = true
	default:
		d := semanticError(at, fmt.Sprintf("type mismatch (%s)", t))
		d.Notes = []parse.Note{{Position: v.inferred, Message: fmt.Sprintf("type was first inferred here (%s)", v.Type)}}
		c.add(d)
	}
}

func (c *checker) read(v *Variable) {
	if v.Global {
		c.reads[v] = true
	}
}

func (c *checker) assigned(v *Variable) {
	v.Assigned = true
	if v.Global {
		c.writes[v] = true
	}
}

// used gives the globals that the body and what it calls read and write, in
// the order of their declaration.
func (c *checker) used(e *elaborator) (reads, writes []*Variable) {
	seen := map[*Function]bool{}
	var visit func(calls []*Function)
	visit = func(calls []*Function) {
		for _, f := range calls {
			if seen[f] || f.Code != nil {
				continue
			}
			seen[f] = true
			quiet := *e // with its own list of diagnostics, which nobody reads
			inner := &checker{elaborator: &quiet, function: f, locals: map[string]*Variable{}, reads: c.reads, writes: c.writes}
			for _, v := range append(append([]*Variable(nil), f.Parameters...), f.Locals...) {
				inner.locals[v.Text] = v
			}
			inner.block(e.bodies[f].Body)
			visit(inner.calls)
		}
	}
	visit(c.calls)
	for _, g := range e.program.Globals {
		switch {
		case c.writes[g]:
			writes = append(writes, g)
		case c.reads[g]:
			reads = append(reads, g)
		}
	}
	return reads, writes
}
