package elaborate

import (
	"fmt"
	"strings"

	"github.com/gostap/gostap/parse"
)

// This file says of an alias that a kernel cannot serve what is missing, and what the
// library knows of kernels that can.

// lackedPoint is a point that leads nowhere, and why.
type lackedPoint struct {
	point *parse.ProbePoint
	why   *parse.Diagnostic
}

// maxLackedPoints is how many of an alias's points a message explains.
const maxLackedPoints = 8

// unserved says that none of an alias's points is there.
func (e *elaborator) unserved(a fileAlias, lacking []lackedPoint) *parse.Diagnostic {
	d := semanticError(a.at, fmt.Sprintf("while resolving probe point %s: %s has none of the points that the alias %s stands for", a.written, e.kernelName(), a.name))
	d.Hint = availability(parse.DocOf(a.alias.Position))
	if d.Hint == "" && len(lacking) > 0 {
		d.Hint = lacking[len(lacking)-1].why.Hint
	}
	for _, l := range lacking {
		d.Notes = append(d.Notes, parse.Note{Position: l.point.Position, Message: canonical(l.point) + ": " + reasonOf(l.why)})
		d.Notes = append(d.Notes, l.why.Notes...)
	}
	if more := len(d.Notes) - maxLackedPoints; more > 0 {
		d.Notes = append(d.Notes[:maxLackedPoints], parse.Note{Message: fmt.Sprintf("and %d more", more)})
	}
	return d
}

// reasonOf gives why a point is not there, without the words that name it.
func reasonOf(why *parse.Diagnostic) string {
	if text, found := strings.CutPrefix(why.Message, "while resolving probe point "); found {
		if _, reason, found := strings.Cut(text, ": "); found {
			return reason
		}
	}
	return why.Message
}

func (e *elaborator) kernelName() string {
	if e.options.Kernel != nil {
		if name := e.options.Kernel(); name != "" {
			return "kernel " + name
		}
	}
	return "this kernel"
}

// availability says what the comment of something in the library knows of the kernels
// that have it; "" if nothing.
func availability(doc *parse.Doc) string {
	if doc == nil {
		return ""
	}
	var parts []string
	if doc.Since != "" {
		parts = append(parts, "kernels have it since Linux "+doc.Since)
	}
	if doc.Until != "" {
		parts = append(parts, "kernels had it until Linux "+doc.Until)
	}
	if doc.Instead != "" {
		parts = append(parts, "instead: "+doc.Instead)
	}
	return strings.Join(parts, "; ")
}
