package translate

import (
	"fmt"
	"slices"

	"github.com/gostap/gostap/elaborate"
)

// This file decides about locks. A global needs one if some handler may use it
// only alone, to change it or to read statistics, while other handlers run. A
// handler takes all its locks together right before the first statement that
// uses one of their globals and gives them back right after the last one:
//
//	if (!stap_lock_write(c, &lock_global_a))
//		goto out;
//	if (!stap_lock_read(c, &lock_global_b))
//		goto unlock_1;
//	…
//	unlock:
//	stap_unlock_read(c, &lock_global_b);
//	unlock_1:
//	stap_unlock_write(c, &lock_global_a);
//	out:

// exclusive reports whether the access bears no other handler beside it.
func exclusive(v *elaborate.Variable, access elaborate.Access) bool {
	// an array that wraps may drop an element that another CPU is adding to
	return access.Exclusive() || v.Wrap && access&elaborate.Aggregates != 0
}

// lockedGlobals finds the globals that need a lock.
func (t *translator) lockedGlobals() {
	for _, g := range t.monitored() { // "clear" changes it
		if !g.PerCPU {
			t.locked[g] = true
		}
	}
	for _, p := range t.program.Probes {
		if elaborate.Alone(p.Place) {
			continue
		}
		for v, access := range t.effects.Of(append(conditionOf(p), p.Body...)) {
			if exclusive(v, access) && !v.PerCPU {
				t.locked[v] = true
			}
		}
	}
}

// conditionOf is a probe's condition as statements.
func conditionOf(p *elaborate.Probe) []elaborate.Statement {
	if p.Condition == nil {
		return nil
	}
	return []elaborate.Statement{&elaborate.Evaluate{Position: p.Position, X: p.Condition}}
}

// region is the part of a handler that holds its locks.
type region struct {
	first, last int // statements; -1 is the condition
	locks       []heldLock
}

// heldLock is the lock of a global that a handler holds.
type heldLock struct {
	kind string // "read" or "write"
	name string
}

// region finds the locks that a handler needs, and where. They are in the order
// of declaration whatever their kind: one order for all handlers, so none waits
// for another in a circle.
func (t *translator) region(p *elaborate.Probe) *region {
	if elaborate.Alone(p.Place) {
		return nil
	}
	r := &region{first: len(p.Body)}
	all := map[*elaborate.Variable]elaborate.Access{}
	use := func(i int, list []elaborate.Statement) {
		for v, access := range t.effects.Of(list) {
			if t.locked[v] {
				all[v] |= access
				r.first, r.last = min(r.first, i), i
			}
		}
	}
	use(-1, conditionOf(p))
	for i, s := range p.Body {
		use(i, []elaborate.Statement{s})
	}
	for _, g := range t.program.Globals {
		if access, used := all[g]; used {
			kind := "read"
			if exclusive(g, access) {
				kind = "write"
			}
			r.locks = append(r.locks, heldLock{kind, "lock_" + t.global(g)})
		}
	}
	if r.locks == nil {
		return nil
	}
	return r
}

// handler writes a probe's condition and statements, with the locks around those
// that need them. A straight handler is charged once, before the locks.
func (b *body) handler(p *elaborate.Probe) {
	n := len(p.Body)
	whole := straight(p.Body) == n
	part := func(first, end int) {
		if first == -1 {
			b.condition(p)
			if first = 0; whole && n > 0 {
				b.act(n, p.Body[0].Pos())
			}
		}
		if whole {
			b.charged(p.Body[first:end])
		} else {
			b.statements(p.Body[first:end])
		}
	}
	r := b.region(p)
	if r == nil {
		part(-1, n)
		return
	}
	if r.first >= 0 {
		part(-1, r.first)
	}
	b.lock(r)
	part(r.first, r.last+1)
	if r.last == n-1 {
		b.end = "out"
		b.unlock(r, true)
		return
	}
	for _, l := range slices.Backward(r.locks) {
		b.emit("stap_unlock_%s(c, &%s);", l.kind, l.name)
	}
	b.end = "out"
	part(r.last+1, n)
	b.emit("goto %s;", b.jump("out"))
	b.unlock(r, false)
}

func (b *body) condition(p *elaborate.Probe) {
	if p.Condition == nil {
		return
	}
	clear(b.temporaries)
	b.at(p.Position)
	b.emit("if (!(%s))", b.expression(p.Condition))
	b.emit("\tgoto %s;", b.jump(b.end))
}

func (b *body) lock(r *region) {
	for i, l := range r.locks {
		target := "out"
		if i > 0 {
			target = fmt.Sprintf("unlock_%d", i)
		}
		b.emit("if (!stap_lock_%s(c, &%s))", l.kind, l.name)
		b.emit("\tgoto %s;", b.jump(target))
	}
	b.end = "unlock"
}

// unlock is where those go who leave the region before its end, and where the
// end itself falls into if the handler ends there.
func (b *body) unlock(r *region, reached bool) {
	if b.jumps["unlock"] {
		b.mark("unlock")
		reached = true
	}
	for i, l := range slices.Backward(r.locks) {
		if reached {
			b.emit("stap_unlock_%s(c, &%s);", l.kind, l.name)
		}
		if i > 0 {
			b.mark(fmt.Sprintf("unlock_%d", i))
			reached = true
		}
	}
}
