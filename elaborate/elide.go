package elaborate

import (
	"fmt"
	"slices"

	"github.com/gostap/gostap/parse"
)

// This file finds, before any type is known, what has no effect: assignments to
// variables that nobody reads, expressions that do nothing as statements, probes
// of which nothing is left. The checker passes over them. A script's globals
// count as read, since they are displayed at the end. With an assignment goes
// the error that its value could have met; in a try an error is what the script
// waits for, and whatever can fail there stays.
//
//	probe kernel.function("vfs_read") { size = $count; n++ }
//
// is checked, and runs, as { n++ }.

// liveness is what is known of one body.
type liveness struct {
	file *parse.File
	dead map[parse.Node]bool
	own  map[string]bool // parameters: they hide globals
	try  bool            // an error is caught in this body
}

// elide marks dead code in all bodies that there are, and drops empty probes.
func (e *elaborator) elide() {
	if e.options.Unoptimized {
		return
	}
	for _, h := range e.probes {
		e.elideHandler(h)
	}
	e.probes = slices.DeleteFunc(e.probes, func(h *handlerSource) bool {
		if place, ok := h.probe.Place.(declaring); !h.isEmpty() || ok && place.declares() {
			return false
		}
		if !h.probe.Position.Source.Library {
			e.warn(h.probe.Token, fmt.Sprintf("Probe '%s' has been elided: it does nothing", h.probe.Point))
		}
		return true
	})
}

func (h *handlerSource) isEmpty() bool {
	for _, p := range h.parts {
		if !isEmpty(p.block, h.dead) {
			return false
		}
	}
	return true
}

// isEmpty reports whether nothing of a statement is left.
func isEmpty(s parse.Statement, dead map[parse.Node]bool) bool {
	if dead[s] {
		return true
	}
	switch s := s.(type) {
	case *parse.EmptyStatement:
		return true
	case *parse.Block:
		return !slices.ContainsFunc(s.Statements, func(s parse.Statement) bool { return !isEmpty(s, dead) })
	}
	return false
}

func (e *elaborator) elideHandler(h *handlerSource) {
	h.elideUnwritten()
	var conditions []parse.Node
	for _, c := range h.conditions {
		conditions = append(conditions, c.x)
	}
	e.elideParts(h.parts, conditions, h.dead, nil)
}

// elideUnwritten marks what an alias does for a variable that the body does not set,
// "if (@probewrite(x)) …", so that it is no reason to compute x.
func (h *handlerSource) elideUnwritten() {
	var written map[string]bool
	for i, p := range h.parts {
		if i == h.body {
			continue
		}
		parse.Walk(p.block, func(n parse.Node) bool {
			s, ok := n.(*parse.IfStatement)
			if !ok || s.Else != nil {
				return true
			}
			condition, ok := s.Condition.(*parse.Operator)
			if !ok || condition.Text != "@probewrite" {
				return true
			}
			if written == nil {
				written = assignedNames(h.parts[h.body].block)
			}
			if id, ok := condition.Arguments[0].(*parse.Identifier); ok && !written[id.Text] {
				h.dead[s] = true
			}
			return false
		})
	}
}

// elideFunction does the same in a function. That is during the rounds of
// checking, so what it says is kept apart.
func (e *elaborator) elideFunction(source *functionSource) {
	if e.options.Unoptimized {
		return
	}
	own := map[string]bool{}
	for _, p := range source.text.Parameters {
		own[p.Text] = true
	}
	before := len(e.diagnostics)
	e.elideParts([]part{{source.file, source.text.Body}}, nil, source.dead, own)
	e.elided = append(e.elided, e.diagnostics[before:]...)
	e.diagnostics = e.diagnostics[:before]
}

// elideParts marks what is dead in blocks of one scope, until there is no more.
func (e *elaborator) elideParts(parts []part, others []parse.Node, dead map[parse.Node]bool, own map[string]bool) {
	for changed := true; changed; {
		reads := map[string]bool{}
		for _, p := range parts {
			collectReads(p.block, dead, reads)
		}
		for _, n := range others {
			collectReads(n, dead, reads)
		}
		changed = false
		for _, p := range parts {
			l := &liveness{file: p.file, dead: dead, own: own}
			changed = e.elideBlock(l, p.block, reads) || changed
		}
	}
}

// collectReads notes the variables that a body reads. What sets a variable as a
// statement of its own does not read it.
func collectReads(n parse.Node, dead map[parse.Node]bool, reads map[string]bool) {
	parse.Walk(n, func(n parse.Node) bool {
		if dead[n] {
			if assign, ok := n.(*parse.Assign); ok && !dead[assign.Y] {
				collectReads(assign.Y, dead, reads)
			}
			return false
		}
		switch n := n.(type) {
		case *parse.Identifier:
			reads[n.Text] = true
		case *parse.ExpressionStatement:
			return collectStatementReads(n.X, dead, reads)
		case *parse.Assign:
			if _, ok := n.X.(*parse.Identifier); ok && n.Text == "=" {
				collectReads(n.Y, dead, reads)
				return false
			}
		case *parse.ForeachStatement:
			// its variables are set, its base and limit read
			collectReads(n.Base, dead, reads)
			for _, k := range n.Slice {
				if k != nil {
					collectReads(k, dead, reads)
				}
			}
			if n.Limit != nil {
				collectReads(n.Limit, dead, reads)
			}
			collectReads(n.Body, dead, reads)
			return false
		case *parse.TryStatement:
			collectReads(n.Body, dead, reads)
			collectReads(n.Catch, dead, reads)
			return false
		}
		return true
	})
}

// collectStatementReads reads an expression whose value is dropped; false when it
// has done all.
func collectStatementReads(x parse.Expression, dead map[parse.Node]bool, reads map[string]bool) bool {
	switch x := x.(type) {
	case *parse.Assign:
		if dead[x] {
			if !dead[x.Y] {
				collectReads(x.Y, dead, reads)
			}
			return false
		}
		if _, ok := x.X.(*parse.Identifier); ok {
			collectReads(x.Y, dead, reads)
			return false
		}
	case *parse.Step:
		if _, ok := x.X.(*parse.Identifier); ok {
			return false
		}
	}
	return true
}

// elideBlock marks what is dead in a block; true if it found something.
func (e *elaborator) elideBlock(l *liveness, b *parse.Block, reads map[string]bool) bool {
	changed := false
	parse.Walk(b, func(n parse.Node) bool {
		if l.dead[n] {
			return false
		}
		if n, ok := n.(*parse.TryStatement); ok {
			inside := *l
			inside.try = true
			changed = e.elideBlock(&inside, n.Body, reads) || changed
			changed = e.elideBlock(l, n.Catch, reads) || changed
			return false
		}
		s, ok := n.(*parse.ExpressionStatement)
		if !ok {
			return true
		}
		switch x := s.X.(type) {
		case *parse.Assign:
			id, ok := x.X.(*parse.Identifier)
			if !ok || x.Text == "<<<" || l.dead[x] || reads[id.Text] || e.isLive(l, id.Text) || l.try && divides(x.Text) {
				return false
			}
			changed = true
			l.dead[x] = true
			if e.hasNoEffect(l, x.Y) {
				l.dead[x.Y], l.dead[s] = true, true
			}
			e.warnOfElided(s.Token, fmt.Sprintf("Eliding assignment to '%s'", id.Text))
		case *parse.Step:
			id, ok := x.X.(*parse.Identifier)
			if !ok || reads[id.Text] || e.isLive(l, id.Text) {
				return false
			}
			changed, l.dead[s] = true, true
			e.warnOfElided(s.Token, fmt.Sprintf("Eliding assignment to '%s'", id.Text))
		default:
			if e.hasNoEffect(l, s.X) {
				changed, l.dead[s] = true, true
				e.warnOfElided(tokenOf(s.X), "Eliding side-effect-free expression")
			}
		}
		return false
	})
	return changed
}

func (e *elaborator) warnOfElided(at parse.Token, message string) {
	if !at.Position.Source.Library {
		e.warn(at, message)
	}
}

// isLive reports whether a name is that of a global, which another handler may
// read or the end display.
func (e *elaborator) isLive(l *liveness, name string) bool {
	return !l.own[name] && e.global(l.file, name) != nil
}

// divides reports whether an operator may find a 0 to divide by.
func divides(operator string) bool {
	return slices.Contains([]string{"/", "%", "/=", "%="}, operator)
}

// hasNoEffect reports whether x does nothing but give a value, and in a try gives one in any case.
func (e *elaborator) hasNoEffect(l *liveness, x parse.Expression) bool {
	none := true
	parse.Walk(x, func(n parse.Node) bool {
		if l.try {
			switch n := n.(type) {
			case *parse.Binary:
				none = none && !divides(n.Text)
			case *parse.Target, *parse.Operator, *parse.Call, *parse.Print, *parse.EmbeddedExpression:
				none = false
			}
		}
		switch n := n.(type) {
		case *parse.Assign, *parse.Step:
			none = false
		case *parse.EmbeddedExpression:
			none = none && n.Tag("pure")
		case *parse.Print:
			none = none && printNames[n.Text].toString
		case *parse.Call:
			f := e.lookUpFunction(l.file, signature{n.Text, len(n.Arguments)})
			none = none && f != nil && e.isPure(f, map[*Function]bool{})
		}
		return none
	})
	return none
}

// isPure reports whether a function does nothing but give a value. One that calls
// itself is not: it may not end.
func (e *elaborator) isPure(f *Function, above map[*Function]bool) bool {
	if above[f] {
		return false
	}
	above[f] = true
	defer delete(above, f)
	if f.Code != nil {
		return f.Code.Tag("pure")
	}
	for _, overload := range f.Overloads {
		if !e.isPure(overload, above) {
			return false
		}
	}
	source := e.sources[f]
	if source == nil {
		return true
	}
	locals := &liveness{file: source.file, own: map[string]bool{}}
	for _, p := range source.text.Parameters {
		locals.own[p.Text] = true
	}
	pure := true
	parse.Walk(source.text.Body, func(n parse.Node) bool {
		var set parse.Expression
		switch n := n.(type) {
		case *parse.Assign:
			set = n.X
		case *parse.Step:
			set = n.X
		case *parse.DeleteStatement:
			set = n.X
		case *parse.ForeachStatement:
			pure = pure && n.SortOrder == 0
		case *parse.LoopStatement:
			pure = false // it may not end
		case *parse.EmbeddedExpression:
			pure = pure && n.Tag("pure")
		case *parse.Print:
			pure = pure && printNames[n.Text].toString
		case *parse.Call:
			callee := e.lookUpFunction(source.file, signature{n.Text, len(n.Arguments)})
			pure = pure && callee != nil && e.isPure(callee, above)
		}
		if set != nil {
			id, ok := set.(*parse.Identifier)
			pure = pure && ok && !e.isLive(locals, id.Text)
		}
		return pure
	})
	return pure
}
