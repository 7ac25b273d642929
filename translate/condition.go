package translate

import (
	"fmt"

	"github.com/gostap/gostap/elaborate"
)

// This file writes conditions of probes apart from their handlers, for the runtime
// to take probes away while these are false:
//
//	probe vfs.read if (tracing && pid() == target()) { … }
//
//	static int condition_0(struct stap_context *c)     tracing
//	{
//		int holds = 1;
//
//		holds = global_tracing != 0;
//		return holds;
//	}
//
// Only globals count there, since all else may be another thing at the next hit.
// Where a handler has changed one of them, it calls stap_conditions_change().

// findConditions finds the conditions that are written apart, and the globals that
// they read.
func (t *translator) findConditions() {
	for _, p := range t.program.Probes {
		x := onTheFly(p)
		if x == nil {
			continue
		}
		t.conditions[p] = x
		for v := range t.effects.Of([]elaborate.Statement{&elaborate.Evaluate{Position: p.Position, X: x}}) {
			t.watched[v] = true
		}
	}
}

// onTheFly gives the part of a probe's condition that globals decide alone; nil if
// there is none, or the probe stays where it is.
func onTheFly(p *elaborate.Probe) elaborate.Expression {
	switch p.Place.(type) {
	case elaborate.EntryPlace, *elaborate.ProcfsPlace:
		return nil
	}
	if elaborate.Alone(p.Place) || p.Condition == nil {
		return nil
	}
	return decidedByGlobals(p.Condition)
}

// decidedByGlobals gives x, or of "a && b" the side that qualifies.
func decidedByGlobals(x elaborate.Expression) elaborate.Expression {
	if onlyGlobals(x) {
		return x
	}
	both, ok := x.(*elaborate.Binary)
	if !ok || both.Text != "&&" {
		return nil
	}
	left, right := decidedByGlobals(both.X), decidedByGlobals(both.Y)
	switch {
	case left == nil:
		return right
	case right == nil:
		return left
	}
	return &elaborate.Binary{Token: both.Token, X: left, Y: right}
}

// onlyGlobals reports whether x is computed from globals and constants alone.
func onlyGlobals(x elaborate.Expression) bool {
	only := true
	seen := map[*elaborate.Function]bool{}
	var visit func(n any)
	visit = func(n any) {
		switch n := n.(type) {
		case *elaborate.Number, *elaborate.Text, *elaborate.Load, *elaborate.Store, *elaborate.Step, *elaborate.Unary, *elaborate.Binary,
			*elaborate.Conditional, *elaborate.Unsigned, *elaborate.Cast, *elaborate.Element, *elaborate.Contains,
			*elaborate.Extract, *elaborate.Bucket, *elaborate.HasBucket, *elaborate.EnumName:
		case *elaborate.Call:
			only = only && n.Function.Code == nil
			if seen[n.Function] {
				break
			}
			seen[n.Function] = true
			elaborate.WalkStatements(n.Function.Body, visit)
			for _, f := range n.Function.Overloads {
				only = only && f.Code == nil
				elaborate.WalkStatements(f.Body, visit)
			}
		case elaborate.Statement: // of a function
		case elaborate.Expression:
			only = false
		}
	}
	elaborate.Walk(x, visit)
	return only
}

// condition writes the function of a probe's condition, once of those that are the
// same, and gives its name; "" without one.
func (t *translator) condition(p *elaborate.Probe) string {
	x := t.conditions[p]
	if x == nil {
		return ""
	}
	text := t.section(func() {
		b := newBody(t, "frame_"+handlerName)
		b.uncounted = true
		b.declare("int holds = 1;")
		r := t.region(&elaborate.Probe{Body: []elaborate.Statement{&elaborate.Evaluate{Position: p.Position, X: x}}})
		if r != nil {
			b.end = "unlock"
			for _, l := range r.locks {
				b.emit("%s(c, &%s);", map[string]string{"read": "stap_lock_await", "write": "stap_lock_spin"}[l.kind], l.name)
			}
		}
		b.at(p.Position)
		b.emit("holds = (%s) != 0;", b.expression(x))
		if b.jumps["unlock"] {
			b.mark("unlock")
		}
		if r != nil {
			for _, l := range r.locks {
				b.emit("stap_unlock_%s(c, &%s);", l.kind, l.name)
			}
		}
		b.write("static int "+handlerName+"(struct stap_context *c)", "holds")
		t.needs(b)
	})
	return t.shared(text, fmt.Sprintf("condition_%d", t.numbers[p]), "condition of "+p.Point, p)
}

// changes reports whether a handler changes a global that conditions read.
func (t *translator) changes(p *elaborate.Probe) bool {
	if elaborate.Alone(p.Place) {
		return false // conditions are evaluated once begin handlers have run, and never after
	}
	for v, access := range t.effects.Of(p.Body) {
		if t.watched[v] && access&(elaborate.Writes|elaborate.Aggregates) != 0 {
			return true
		}
	}
	return false
}
