package elaborate

import "fmt"

// guruTag is in functions of the library that change what the kernel does.
const guruTag = "guru"

// checkGuru refuses, without -g, calls of such functions, and of those that come to call one. They have one cause, and
// the first has the message.
func (e *elaborator) checkGuru() {
	if e.options.Guru {
		return
	}
	refused := false
	check := func(n any) {
		call, ok := n.(*Call)
		if refused || !ok || call.Position.Source.Library || !call.Function.reaches(guruTag) {
			return
		}
		if !call.Function.Position.Source.Library { // what it calls has the message
			return
		}
		refused = true
		e.add(semanticError(call.Token, fmt.Sprintf("function %s changes what the kernel does; need stap -g", call.Text)))
	}
	for _, p := range e.program.Probes {
		walkStatements(p.Body, check)
	}
	for _, f := range e.program.Functions {
		walkStatements(f.Body, check)
	}
}
