package elaborate

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gostap/gostap/parse"
)

// Dump lists a program the way -p2 shows it: globals, functions and probes with
// their types and, if they are wanted, their bodies.
//
//	# globals
//	hits:long [string] = 3
//	# functions
//	twice:long (n:long)
//	# probes
//	timer.s(1) /* <- tick.second <- tick.* */
//	  # locals
//	  x:long
func Dump(w io.Writer, p *Program, bodies bool) error {
	d := &dumper{w: bufio.NewWriter(w), bodies: bodies}
	d.section("global embedded code", len(p.Embedded))
	for _, code := range p.Embedded {
		d.write("%{", code.Text, "%}\n")
	}
	d.section("globals", len(p.Globals))
	for _, g := range p.Globals {
		d.global(g)
	}
	d.section("functions", len(p.Functions))
	for _, f := range p.Functions {
		d.function(f)
	}
	d.section("probes", len(p.Probes))
	for _, probe := range p.Probes {
		d.probe(probe)
	}
	return d.w.Flush()
}

// dumper writes a typed program in the notation of the language.
type dumper struct {
	w      *bufio.Writer
	bodies bool
	indent int
}

// write relies on bufio to keep the first error until Flush.
func (d *dumper) write(pieces ...string) {
	for _, piece := range pieces {
		d.w.WriteString(piece)
	}
}

func (d *dumper) section(title string, n int) {
	if n > 0 {
		d.write("# ", title, "\n")
	}
}

// declaration gives "name%[size]:type [key types]".
func declaration(v *Variable) string {
	var b strings.Builder
	b.WriteString(v.Text)
	if v.Wrap {
		b.WriteString("%")
	}
	if v.Capacity > 0 {
		fmt.Fprintf(&b, "[%d]", v.Capacity)
	}
	fmt.Fprintf(&b, ":%s", v.Type)
	if v.Keys != nil {
		keys := make([]string, len(v.Keys))
		for i, t := range v.Keys {
			keys[i] = t.String()
		}
		fmt.Fprintf(&b, " [%s]", strings.Join(keys, ", "))
	}
	return b.String()
}

func (d *dumper) global(g *Variable) {
	d.write(declaration(g))
	switch initial := g.Initial.(type) {
	case *parse.NumberLiteral:
		d.write(" = ", strconv.FormatInt(initial.Value, 10))
	case *parse.StringLiteral:
		d.write(" = ", quoted(initial.Value))
	}
	d.write("\n")
}

func (d *dumper) function(f *Function) {
	parameters := make([]string, len(f.Parameters))
	for i, v := range f.Parameters {
		parameters[i] = declaration(v)
	}
	d.write(f.Text, ":", f.Result.String(), " (", strings.Join(parameters, ", "), ")\n")
	d.locals(f.Locals)
	switch {
	case !d.bodies || f.Overloads != nil:
	case f.Code != nil:
		d.write("%{", f.Code.Text, "%}\n")
	default:
		d.block(f.Body)
	}
}

func (d *dumper) probe(p *Probe) {
	d.write(p.Point)
	d.write(" /* <- ", strings.Join(p.Derivation(), " <- "), " */\n")
	d.locals(p.Locals)
	if !d.bodies {
		return
	}
	if p.Condition != nil {
		d.write("if ")
		d.parenthesised(p.Condition)
		d.write("\n")
	}
	d.block(p.Body)
}

func (d *dumper) locals(locals []*Variable) {
	if len(locals) > 0 {
		d.write("  # locals\n")
	}
	for _, v := range locals {
		d.write("  ", declaration(v), "\n")
	}
}
