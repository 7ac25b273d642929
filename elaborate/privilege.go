package elaborate

import (
	"fmt"

	"github.com/gostap/gostap/parse"
)

// This file holds a script to what members of the group stapusr may do
// (--privilege=stapusr): probes of the session itself and timers, functions whose C
// says that it is safe for everybody, no memory of the kernel. The groups stapsys
// and stapdev may do all that is done without guru mode.

// forEverybody marks the places that every group may probe.
type forEverybody interface{ forEverybody() }

func (BeginPlace) forEverybody() {}
func (EndPlace) forEverybody()   {}
func (ErrorPlace) forEverybody() {}
func (NeverPlace) forEverybody() {}
func (TimerPlace) forEverybody() {}

// checkPrivilege says what the program may not do for whom it is made.
func (e *elaborator) checkPrivilege() {
	if e.options.Privilege != "stapusr" {
		return
	}
	for _, h := range e.probes {
		if _, ok := h.probe.Place.(forEverybody); !ok {
			e.add(semanticError(h.probe.Token, "probe point is not allowed for --privilege=stapusr"))
		}
		e.checkPrivilegeOf(handler(h.probe))
	}
	for _, f := range e.program.Functions {
		e.checkPrivilegeOf(f.Body)
	}
}

func (e *elaborator) checkPrivilegeOf(list []Statement) {
	refuse := func(at parse.Token, what string) {
		e.add(semanticError(at, fmt.Sprintf("%s may not be used when --privilege=stapusr is specified", what)))
	}
	walkStatements(list, func(n any) {
		switch n := n.(type) {
		case *Call:
			if f := n.Function; f.Code != nil && !f.Code.Tag("unprivileged") && !f.Code.Tag("myproc-unprivileged") {
				refuse(n.Token, "function "+f.Text)
			}
		case *EmbeddedExpression:
			if !n.Code.Tag("unprivileged") && !n.Code.Tag("myproc-unprivileged") {
				refuse(parse.Token{Position: n.Code.Position, Text: "%{ … %}"}, "embedded code")
			}
		case *Dereference:
			refuse(n.Token, "memory that a script points at")
		case *StoreMemory:
			refuse(n.Token, "memory that a script points at")
		case *Print:
			for _, p := range n.Pieces {
				switch p.Conversion.Verb {
				case 'm', 'M', 'q':
					refuse(n.Token, "memory that a script points at")
				}
			}
		}
	})
}
