package elaborate

import (
	"fmt"

	"github.com/gostap/gostap/parse"
)

// array finds the array that x names and tells it how many keys it has. nil
// after saying what is wrong.
func (c *checker) array(x parse.Expression, arity int) *Variable {
	id, ok := x.(*parse.Identifier)
	if !ok {
		c.fail(tokenOf(x), "expected the name of an array")
		return nil
	}
	v := c.find(id.Text)
	if v == nil || !v.Global {
		message := fmt.Sprintf("unresolved arity-%d global array %s, missing global declaration?", arity, id.Text)
		if v != nil {
			message = fmt.Sprintf("array locals not supported, missing global declaration? (%s)", id.Text)
		}
		d := semanticError(id.Token, message)
		d.Similar = parse.Similar(id.Text, c.globalNames(), 5)
		c.add(d)
		return nil
	}
	if !c.haveArity(v, arity, id.Token) {
		return nil
	}
	return v
}

// keys checks the keys of an element; nil stands for "*".
func (c *checker) keys(v *Variable, given []parse.Expression) ([]Expression, bool) {
	keys := make([]Expression, len(given))
	ok := true
	for i, k := range given {
		if k == nil {
			continue
		}
		known := c.knownType(k)
		if v.Keys[i] != parse.Unknown && known != parse.Unknown && known != v.Keys[i] {
			c.unifyKey(v, i, known, tokenOf(k))
			ok = false
			continue
		}
		keys[i] = c.value(k, v.Keys[i])
		if keys[i] == nil {
			ok = false
			continue
		}
		c.unifyKey(v, i, keys[i].Type(), tokenOf(k))
	}
	return keys, ok
}

// element checks a[i, j]; nil after saying what is wrong.
func (c *checker) element(x *parse.Index, wanted parse.Type) *Element {
	v := c.array(x.Base, len(x.Keys))
	if v == nil {
		return nil
	}
	keys, ok := c.keys(v, x.Keys)
	if !ok {
		return nil
	}
	for i, k := range x.Keys {
		if k == nil {
			c.fail(x.Token, fmt.Sprintf("wildcard not allowed in array index %d", i))
			return nil
		}
	}
	c.unify(v, wanted, x.Token)
	return &Element{Token: x.Token, Array: v, Keys: keys}
}

// index is the value of a[i, j], of @hist_log(s)[i], or of memory by the pointer
// that a variable holds.
func (c *checker) index(x *parse.Index, wanted parse.Type) Expression {
	if operator, ok := x.Base.(*parse.Operator); ok {
		return c.bucket(x, operator)
	}
	if id, ok := x.Base.(*parse.Identifier); ok && len(x.Keys) == 1 && x.Keys[0] != nil {
		if v := c.find(id.Text); v != nil && !v.Global && c.pointees[v] != nil {
			return c.target(&parse.Target{Token: x.Token, Base: id, Accessors: []parse.Accessor{{Token: x.Token, Index: x.Keys[0]}}})
		}
	}
	element := c.element(x, parse.Unknown)
	if element == nil {
		return nil
	}
	if element.Array.Type == parse.Stats {
		if wanted == parse.Unknown {
			wanted = parse.Long
		}
		c.fail(x.Token, fmt.Sprintf("type mismatch: expected %s but found stats", wanted))
		return nil
	}
	if !c.unify(element.Array, wanted, x.Token) {
		return nil
	}
	return element
}

func (c *checker) assignElement(x *parse.Assign, left *parse.Index, operator string, wanted parse.Type) Expression {
	if _, ok := left.Base.(*parse.Operator); ok {
		c.fail(x.Token, "a histogram's bucket cannot be set")
		return nil
	}
	element := c.element(left, wanted)
	if element == nil {
		return nil
	}
	v := element.Array
	if v.Type == parse.Stats {
		c.fail(x.Token, "type mismatch: expected long but found stats")
		return nil
	}
	v.Assigned = true
	y := c.value(x.Y, v.Type)
	if y == nil {
		return nil
	}
	c.unify(v, y.Type(), left.Token)
	c.pointTo(v, c.pointee(y))
	return &StoreElement{Token: x.Token, Element: element, Operator: operator, X: y}
}

// contains checks "[i, *] in a" and "i in @hist_log(s)".
func (c *checker) contains(x *parse.In) Expression {
	if operator, ok := x.Array.(*parse.Operator); ok {
		return c.hasBucket(x, operator)
	}
	v := c.array(x.Array, len(x.Keys))
	if v == nil {
		return nil
	}
	keys, ok := c.keys(v, x.Keys)
	if !ok {
		return nil
	}
	return &Contains{Token: x.Token, Array: v, Keys: keys}
}

// delete empties a variable, or takes elements out of an array.
func (c *checker) delete(s *parse.DeleteStatement) []Statement {
	switch x := s.X.(type) {
	case *parse.Identifier:
		v := c.find(x.Text)
		if v == nil {
			v = c.local(x.Token)
		}
		v.Assigned = true
		if v.arity > 0 || v.Type == parse.Stats {
			return []Statement{&Delete{Position: s.Pos(), Variable: v}}
		}
		if v.arity == unknownArity && v.Global {
			return nil // not used otherwise, or not yet
		}
		var zero Expression = &Number{}
		if v.Type == parse.String {
			zero = &Text{}
		}
		return []Statement{&Evaluate{s.Pos(), &Store{v, zero}}}
	case *parse.Index:
		v := c.array(x.Base, len(x.Keys))
		if v == nil {
			return nil
		}
		keys, ok := c.keys(v, x.Keys)
		if !ok {
			return nil
		}
		v.Assigned = true
		return []Statement{&Delete{Position: s.Pos(), Variable: v, Keys: keys}}
	}
	c.fail(s.Token, "expected a variable or an array element after 'delete'")
	return nil
}

// foreach checks a loop over an array or over a histogram's buckets.
func (c *checker) foreach(s *parse.ForeachStatement) []Statement {
	if operator, ok := s.Base.(*parse.Operator); ok {
		return c.foreachBucket(s, operator)
	}
	v := c.array(s.Base, len(s.Keys))
	if v == nil {
		return nil
	}
	n := &Foreach{Position: s.Pos(), Array: v, SortKey: s.SortKey, SortOrder: s.SortOrder}
	for i, k := range s.Keys {
		key := c.loopVariable(k, v.Keys[i])
		c.unifyKey(v, i, key.Type, k.Token)
		n.Keys = append(n.Keys, key)
	}
	if s.Value != nil {
		if v.Type == parse.Stats {
			c.fail(s.Value.Token, "the value of an array of statistics cannot be bound: extract from it in the body")
			return nil
		}
		n.Value = c.loopVariable(s.Value, v.Type)
		c.unify(v, n.Value.Type, s.Value.Token)
	}
	if s.Slice != nil {
		if len(s.Slice) != len(s.Keys) {
			c.fail(s.Token, fmt.Sprintf("inconsistent arity (%d vs %d): a slice has as many keys as the array", len(s.Slice), len(s.Keys)))
			return nil
		}
		n.Slice, _ = c.keys(v, s.Slice)
	}
	c.sorting(s, v, n)
	if s.Limit != nil {
		n.Limit = c.value(s.Limit, parse.Long)
	}
	c.loops++
	n.Body = c.statement(s.Body)
	c.loops--
	return []Statement{n}
}

// sorting checks what an array is sorted by; one of statistics by its counts if
// nothing else is named.
func (c *checker) sorting(s *parse.ForeachStatement, v *Variable, n *Foreach) {
	if s.SortByStat != "" {
		c.unify(v, parse.Stats, s.Token)
		n.SortByStat = s.SortByStat[1:]
		if n.SortByStat == "variance" {
			n.SortByStat = "count"
		}
		c.keep(v, n.SortByStat)
	} else if v.Type == parse.Stats && s.SortOrder != 0 && s.SortKey == 0 {
		n.SortByStat = "count"
	}
}

func (c *checker) loopVariable(x *parse.Identifier, t parse.Type) *Variable {
	v := c.scalar(x.Token, t)
	v.Assigned = true
	return v
}

// checkIterations refuses a body that changes the array that its foreach walks.
func (e *elaborator) checkIterations(effects *Effects) {
	check := func(list []Statement) {
		walkStatements(list, func(n any) {
			if loop, ok := n.(*Foreach); ok {
				e.checkIteration(loop, effects)
			}
		})
	}
	for _, h := range e.probes {
		check(h.probe.Body)
	}
	for _, f := range e.program.Functions {
		check(f.Body)
	}
}

func (e *elaborator) checkIteration(loop *Foreach, effects *Effects) {
	modified := func(at parse.Token) {
		e.add(semanticError(at, fmt.Sprintf("variable '%s' modified during 'foreach' iteration", loop.Array.Text)))
	}
	walkStatements(loop.Body, func(n any) {
		switch n := n.(type) {
		case *StoreElement:
			if n.Element.Array == loop.Array {
				modified(n.Element.Token)
			}
		case *Aggregate:
			if n.Variable == loop.Array {
				modified(n.Token)
			}
		case *Delete:
			if n.Variable == loop.Array {
				modified(parse.Token{Position: n.Position, Text: "delete"})
			}
		case *Foreach:
			if n.Array == loop.Array && n.SortOrder != 0 {
				modified(parse.Token{Position: n.Position, Text: "foreach"})
			}
		case *Call:
			if effects.functions[n.Function][loop.Array]&(Writes|Aggregates) != 0 {
				e.add(semanticError(n.Token, fmt.Sprintf("function call modifies var '%s' during 'foreach' iteration", loop.Array.Text)))
			}
		}
	})
}
