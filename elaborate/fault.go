package elaborate

import (
	"fmt"
	"regexp"
	"slices"
)

// This file is about faults that a script asks for by name, with functions of the library whose C is tagged
// "pragma:fault":
//
//	probe kernel.function("vfs_read").call { if (fault("disk")) override_return(-5) }
//
// The program lists the names, so that each call knows its fault without a look-up. So a name must stand where the
// function is called.

const faultTag = "pragma:fault"

// faultNameLength is what struct stap_fault has room for.
const faultNameLength = 31

// faultName is a word of the file "faults", which takes orders, too.
var (
	faultName   = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	faultOrders = []string{"alive", "at"}
)

// NamesFault reports whether a call's first argument is the name of a fault.
func (x *Call) NamesFault() bool { return x.Function.has(faultTag) }

// noteFaults lists the faults of the program, each once, and refuses what is no name of one.
func (e *elaborator) noteFaults() {
	note := func(n any) {
		call, ok := n.(*Call)
		if !ok || !call.NamesFault() {
			return
		}
		name, ok := call.Arguments[0].(*Text)
		if !ok {
			d := semanticError(call.Token, fmt.Sprintf("the name of the fault that %s is about must be written here", call.Text))
			d.Hint = fmt.Sprintf("as in %s(\"disk\"); a function that shall work for several faults can be a macro", call.Text)
			e.add(d)
			return
		}
		if !faultName.MatchString(name.Value) || len(name.Value) > faultNameLength || slices.Contains(faultOrders, name.Value) {
			d := semanticError(call.Token, fmt.Sprintf("%q cannot be the name of a fault", name.Value))
			d.Hint = fmt.Sprintf("up to %d letters, digits and _ . - are one, but not %q or %q", faultNameLength, faultOrders[0], faultOrders[1])
			e.add(d)
			return
		}
		if !slices.Contains(e.program.Faults, name.Value) {
			e.program.Faults = append(e.program.Faults, name.Value)
		}
	}
	for _, p := range e.program.Probes {
		walkStatements(p.Body, note)
	}
	for _, f := range e.program.Functions {
		walkStatements(f.Body, note)
	}
}
