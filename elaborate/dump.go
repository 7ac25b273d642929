package elaborate

import (
	"fmt"
	"io"
	"strings"

	"github.com/gostap/gostap/parse"
)

// Dump lists a program the way -p2 shows it: globals, functions and probes
// with their types.
func Dump(w io.Writer, p *Program) {
	section := func(title string, n int) {
		if n > 0 {
			fmt.Fprintf(w, "# %s\n", title)
		}
	}
	section("globals", len(p.Globals))
	for _, g := range p.Globals {
		fmt.Fprintf(w, "%s:%s", g.Text, g.Type)
		switch l := g.Initial.(type) {
		case *parse.NumberLiteral:
			fmt.Fprintf(w, " = %d", l.Value)
		case *parse.StringLiteral:
			fmt.Fprintf(w, " = %q", l.Value)
		}
		fmt.Fprintln(w)
	}
	section("functions", len(p.Functions))
	for _, f := range p.Functions {
		parameters := make([]string, len(f.Parameters))
		for i, v := range f.Parameters {
			parameters[i] = fmt.Sprintf("%s:%s", v.Text, v.Type)
		}
		fmt.Fprintf(w, "%s:%s (%s)\n", f.Text, f.Result, strings.Join(parameters, ", "))
	}
	section("probes", len(p.Probes))
	for _, probe := range p.Probes {
		fmt.Fprintf(w, "%s\n", probe.Point)
		section(" locals", len(probe.Locals))
		for _, v := range probe.Locals {
			fmt.Fprintf(w, "  %s:%s\n", v.Text, v.Type)
		}
	}
}
