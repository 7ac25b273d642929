package translate

import (
	"fmt"
	"slices"

	"github.com/gostap/gostap/elaborate"
)

// This file is about how the runtime comes to a handler. It knows it by a pointer,
// and a call by pointer costs several times a direct one where the kernel guards
// against speculation. So the script makes the call:
//
//	void stap_run(struct stap_context *c)
//	{
//		void (*handler)(struct stap_context *) = c->probe->handler;
//
//		if (handler == probe_1) {
//			probe_1(c);
//		} else if (handler == probe_2) {
//			probe_2(c);
//		} else {
//			handler(c);
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
		if !elaborate.Alone(p.Place) && !slices.Contains(handlers, t.probes[i]) {
			handlers = append(handlers, t.probes[i])
		}
	}
	t.printf("\nvoid stap_run_once(struct stap_context *c)\n{\n\tc->probe->handler(c);\n}\n")
	t.printf("\nvoid stap_run(struct stap_context *c)\n{\n")
	if len(handlers) == 1 {
		t.printf("\t%s(c);\n}\n", handlers[0])
		return
	}
	t.printf("\tvoid (*handler)(struct stap_context *) = c->probe->handler;\n\n")
	for i, name := range handlers[:min(len(handlers), mostDirect)] {
		if i > 0 {
			t.printf(" else ")
		} else {
			t.printf("\t")
		}
		t.printf("if (handler == %[1]s) {\n\t\t%[1]s(c);\n\t}", name)
	}
	if len(handlers) > 0 {
		t.printf(" else {\n\t\thandler(c);\n\t}\n}\n")
	} else {
		t.printf("\thandler(c);\n}\n")
	}
}

// budget begins a handler with what it may do. One that cannot come to an end of
// it is not counted.
func (b *body) budget(p *elaborate.Probe) {
	total, bounded := mostActions(p)
	switch {
	case !bounded:
		b.emit("c->actions = MAXACTION_INTERRUPTIBLE;")
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
