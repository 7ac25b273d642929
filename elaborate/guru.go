package elaborate

import (
	"fmt"

	"github.com/gostap/gostap/parse"
)

// guruTag is in functions of the library that change what the kernel does.
const guruTag = "guru"

// checkGuru refuses, without -g, calls of such functions, and of those that come to call one.
func (e *elaborator) checkGuru() {
	if e.options.Guru {
		return
	}
	refused := map[parse.Position]bool{} // a handler of many probes has one message
	check := func(n any) {
		call, ok := n.(*Call)
		if !ok || call.Position.Source.Library || refused[call.Position] || !call.Function.reaches(guruTag) {
			return
		}
		if !call.Function.Position.Source.Library { // what it calls has the message
			return
		}
		refused[call.Position] = true
		e.add(semanticError(call.Token, fmt.Sprintf("function %s changes what the kernel does; need stap -g", call.Text)))
	}
	for _, p := range e.program.Probes {
		walkStatements(p.Body, check)
	}
	for _, f := range e.program.Functions {
		walkStatements(f.Body, check)
	}
}
