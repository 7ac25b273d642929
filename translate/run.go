package translate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gostap/gostap/elaborate"
)

// This file is about how the runtime comes to a handler. It knows it by a pointer,
// and a call by pointer costs several times a direct one where the kernel guards
// against speculation. So the script makes the call:
//
//	void stap_run(struct stap_context *c)
//	{
//		if (c->probe->handler == probe_1) {
//			probe_1(c);
//		} else if (c->probe->handler == probe_2) {
//			probe_2(c);
//		} else {
//			c->probe->handler(c);
//		}
//	}
//
// Where all probes that can hit have one handler, that is all of it.

// mostDirect is how many handlers are asked after, one after the other.
const mostDirect = 4

// run writes stap_run and stap_run_once.
func (t *translator) run() {
	var handlers []string
	for i, p := range t.program.Probes {
		if len(handlers) == mostDirect { // all that are asked after
			break
		}
		if !elaborate.Alone(p.Place) && !slices.Contains(handlers, t.probes[i]) {
			handlers = append(handlers, t.probes[i])
		}
	}
	t.writeRun("stap_run_once", "\tc->probe->handler(c);\n")
	if len(handlers) == 1 {
		t.writeRun("stap_run", fmt.Sprintf("\t%s(c);\n", handlers[0]))
		return
	}
	var text strings.Builder
	for _, name := range handlers {
		fmt.Fprintf(&text, "if (c->probe->handler == %[1]s) {\n\t\t%[1]s(c);\n\t} else ", name)
	}
	if text.Len() == 0 {
		t.writeRun("stap_run", "\tc->probe->handler(c);\n")
		return
	}
	t.writeRun("stap_run", "\t"+text.String()+"{\n\t\tc->probe->handler(c);\n\t}\n")
}

// writeRun writes one of the two.
func (t *translator) writeRun(name, body string) {
	t.printf("\nvoid %s(struct stap_context *c)\n{\n%s}\n", name, body)
}

// named writes what the report calls the locks.
func (t *translator) named() {
	if len(t.locked) == 0 {
		return
	}
	t.printf("\nstatic const struct stap_named_lock stap_locks[] = {\n")
	for _, g := range t.program.Globals {
		if t.locked[g] {
			t.printf("\t{ %s, &lock_%s },\n", quote(g.Text), t.global(g))
		}
	}
	t.printf("};\n")
}

// reportFields are those of struct stap_script that reports need.
func (t *translator) reportFields() {
	if len(t.locked) > 0 {
		t.printf("\t.locks = stap_locks,\n\t.lock_count = sizeof(stap_locks) / sizeof(stap_locks[0]),\n")
	}
	if t.program.Timed {
		t.printf("\t.timed = 1,\n")
	}
	if t.program.Guru {
		t.printf("\t.guru = 1,\n")
	}
}

// budget begins a handler with what it may do. One that cannot come to an end of
// it is not counted.
func (b *body) budget(p *elaborate.Probe) {
	total, bounded := mostActions(p)
	switch {
	case !bounded:
		b.emit("c->actions = stap_limits.maxaction;")
	case total > 0:
		b.uncounted = true
		b.failIf(fmt.Sprintf("!stap_may_act(c, %d)", total), tokenAt(p.Body[0].Pos()))
	}
}

// mostActions gives how many actions a handler takes at most, where its text
// tells: without loops, and without functions whose statements count.
func mostActions(p *elaborate.Probe) (total int, bounded bool) {
	total, bounded = actionsOf(p.Body)
	elaborate.WalkStatements(append(conditionOf(p), p.Body...), func(n any) {
		if call, ok := n.(*elaborate.Call); ok && call.Function.Code == nil {
			bounded = false
		}
	})
	return total, bounded
}

func actionsOf(list []elaborate.Statement) (total int, bounded bool) {
	for _, s := range list {
		total++
		switch s := s.(type) {
		case *elaborate.Evaluate, *elaborate.Branch, *elaborate.Delete:
		case *elaborate.If:
			then, ok := actionsOf(s.Then)
			otherwise, too := actionsOf(s.Else)
			if !ok || !too {
				return 0, false
			}
			total += max(then, otherwise)
		default:
			return 0, false
		}
	}
	return total, true
}
