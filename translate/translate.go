// Package translate is pass 3: it writes a program in C.
//
// In goes a typed program, out comes one C file that includes the runtime's
// stap.h and nothing of the kernel's. It cannot fail: what a user can do wrong
// has been said in pass 2.
//
// Each probe's handler and each function becomes a C function. Expressions are
// taken apart into single steps, in the script's order of evaluation, each
// leaving its value in a temporary; the compiler puts them together again:
//
//	if (is_creating($how->flags)) …
//
//	t0 = stap_argument(c, 2);
//	c->near = "operator '->' at open.stp:4:21";
//	t1 = stap_kernel_read(c, t0 + 0, 8, 0);
//	if (stap_unlikely(c->error))
//		goto out;
//	t2 = function_is_creating_1(c, t1);
//	if (stap_unlikely(c->error))
//		goto out;
//	if (t2) { …
//
// Whatever can fail says before where it stands in the script (c->near) and is
// followed by a jump to the end of the function, or to the catch of the try
// around it. Numbers live in C variables. Strings are too large for a kernel
// stack: those of one call are a frame on a stack of the context's own
// (stap_push), whose size is known from the graph of calls.
//
// A handler takes the locks of the globals that it and its callees use, in the
// order of their declaration, and holds them to its end. Globals that only
// begin, end and error handlers write need none.
package translate

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// Translate writes the program in C.
func Translate(p *elaborate.Program) Module {
	t := &translator{program: p, shared: sharedGlobals(p), frames: map[*elaborate.Function]int{}, depths: map[*elaborate.Function]int{}}
	t.printf("#include \"stap.h\"\n")
	t.nesting()
	var m Module
	for _, code := range p.Embedded {
		m.KernelHeaders = true
		t.embedded(code)
	}
	for _, f := range p.Functions {
		if f.Code != nil && !f.Position.Source.Library {
			m.KernelHeaders = true
		}
	}
	t.globals()
	for _, f := range p.Functions {
		t.printf("%s;\n", signature(f))
	}
	for _, f := range p.Functions {
		t.function(f)
	}
	for i, probe := range p.Probes {
		t.probe(i, probe)
	}
	t.script()
	m.C = t.out.Bytes()
	return m
}

// translator writes one file.
type translator struct {
	program *elaborate.Program
	out     bytes.Buffer
	shared  map[*elaborate.Variable]bool // globals that need a lock
	frames  map[*elaborate.Function]int  // strings in a function's frame
	depths  map[*elaborate.Function]int  // strings that a call can need at once, see depth
	deepest int                          // strings that one handler can need at once
}

func (t *translator) printf(format string, arguments ...any) {
	fmt.Fprintf(&t.out, format, arguments...)
}

// sharedGlobals finds the globals that a handler may change while another one
// runs.
func sharedGlobals(p *elaborate.Program) map[*elaborate.Variable]bool {
	shared := map[*elaborate.Variable]bool{}
	for _, probe := range p.Probes {
		if !alone(probe.Place) {
			for _, g := range probe.Writes {
				shared[g] = true
			}
		}
	}
	return shared
}

// alone reports whether no other handler runs while one of this place does.
func alone(place elaborate.Place) bool {
	switch place.(type) {
	case elaborate.BeginPlace, elaborate.EndPlace, elaborate.ErrorPlace:
		return true
	}
	return false
}

func (t *translator) globals() {
	for _, g := range t.program.Globals {
		t.printf("\n/* global %s */\n", g.Text)
		if g.Type == parse.String {
			t.printf("static char %s[MAXSTRINGLEN] __attribute__((unused)) = %s;\n", global(g), initialString(g))
		} else {
			t.printf("static stap_long %s __attribute__((unused)) = %s;\n", global(g), initialNumber(g))
		}
		if t.shared[g] {
			t.printf("static struct stap_lock %s;\n", lockName(g))
		}
	}
	t.printf("\n")
}

func initialString(g *elaborate.Variable) string {
	if l, ok := g.Initial.(*parse.StringLiteral); ok {
		return quote(l.Value)
	}
	return `""`
}

func initialNumber(g *elaborate.Variable) string {
	if l, ok := g.Initial.(*parse.NumberLiteral); ok {
		return number(l.Value)
	}
	return "0"
}

// probe writes a handler.
func (t *translator) probe(i int, p *elaborate.Probe) {
	t.printf("\n/*\n * probe %s\n * %s: %s\n */\n", comment(p.Point), comment(p.Position.String()), comment(strings.TrimSpace(p.Position.SourceLine())))
	b := newBody(t, fmt.Sprintf("frame_probe_%d", i))
	b.locals(p.Locals)
	b.locks(p)
	b.statements(p.Body)
	b.write(fmt.Sprintf("static void probe_%d(struct stap_context *c)", i), "")
	for _, f := range b.calls {
		t.deepest = max(t.deepest, len(b.strings)+t.depth(f))
	}
	t.deepest = max(t.deepest, len(b.strings))
}

// depth gives how many strings a call of f can need: its own and those of the
// chain below it. Frames of recursive functions are not in it: script adds them,
// for as deep as they may nest.
func (t *translator) depth(f *elaborate.Function) int {
	if known, ok := t.depths[f]; ok {
		return known
	}
	deepest := 0
	seen := map[*elaborate.Function]bool{f: true}
	calls := f.Calls
	for len(calls) > 0 {
		callee := calls[0]
		calls = calls[1:]
		switch {
		case seen[callee]:
		case f.Recursive && callee.Recursive: // perhaps in a circle with f
			calls = append(slices.Clip(calls), callee.Calls...)
		default:
			deepest = max(deepest, t.depth(callee))
		}
		seen[callee] = true
	}
	if !f.Recursive {
		deepest += t.frames[f]
	}
	t.depths[f] = deepest
	return deepest
}

// signature is the head of a function in C. A function that gives a string
// writes it to its caller's buffer.
func signature(f *elaborate.Function) string {
	parameters := []string{"struct stap_context *c"}
	result := "void"
	switch f.Result {
	case parse.String:
		parameters = append(parameters, "char *result")
	case parse.Long:
		result = "stap_long"
	}
	for _, p := range f.Parameters {
		if p.Type == parse.String {
			parameters = append(parameters, "const char *"+parameter(p))
		} else {
			parameters = append(parameters, "stap_long "+parameter(p))
		}
	}
	return fmt.Sprintf("static %s %s(%s)", result, functionName(f), strings.Join(parameters, ", "))
}

func (t *translator) function(f *elaborate.Function) {
	t.printf("\n/* function %s, %s */\n", comment(f.Text), comment(f.Position.String()))
	if f.Code != nil {
		t.embeddedFunction(f)
		return
	}
	b := newBody(t, "frame_"+functionName(f))
	b.function = f
	b.parameters(f)
	b.locals(f.Locals)
	b.statements(f.Body)
	result := ""
	switch f.Result {
	case parse.Long:
		b.declare("stap_long result = 0;")
		result = "result"
	case parse.String:
		b.setUp.WriteString("\tresult[0] = 0;\n")
	}
	b.write(signature(f), result)
	t.frames[f] = len(b.strings)
}

// script writes what the runtime reads.
func (t *translator) script() {
	recursive := 0
	for _, f := range t.program.Functions {
		if f.Recursive {
			recursive = max(recursive, t.frames[f])
		}
	}
	t.printf("\n#line 1 \"stap_script\"\n")
	t.printf("static struct stap_probe stap_probes[] = {\n")
	for i, p := range t.program.Probes {
		t.printf("\t{ .point = %s, .handler = probe_%d, %s },\n", quote(p.Point), i, placeFields(p.Place))
	}
	t.printf("};\n\nstruct stap_script stap_script = {\n\t.interface = STAP_INTERFACE,\n\t.probe_count = %d,\n\t.probes = stap_probes,\n", len(t.program.Probes))
	t.printf("\t.strings = (%d + %d * (MAXNESTING + 1)) * MAXSTRINGLEN,\n};\n", t.deepest, recursive)
}

// nesting is how deep recursive functions may call each other, unless -D says
// otherwise.
func (t *translator) nesting() {
	levels := len(t.program.Functions) + 1
	for _, f := range t.program.Functions {
		if f.Recursive {
			levels += 10
			break
		}
	}
	t.printf("\n#ifndef MAXNESTING\n#define MAXNESTING %d\n#endif\n", levels)
}

func (t *translator) embedded(code *parse.EmbeddedCode) {
	t.printf("#line %d %s\n%s\n", code.Position.Line, quote(code.Position.Source.Name), code.Text)
}

// embeddedFunction writes a function whose body is C. The macros are what the
// language promises to such a body.
func (t *translator) embeddedFunction(f *elaborate.Function) {
	macros := [][2]string{}
	for _, p := range f.Parameters {
		macros = append(macros, [2]string{"STAP_ARG_" + p.Text, parameter(p)})
	}
	t.printf("%s\n{\n", signature(f))
	switch f.Result {
	case parse.Long:
		t.printf("\tstap_long result = 0;\n\n")
		macros = append(macros, [2]string{"STAP_RETVALUE", "result"},
			[2]string{"STAP_RETURN(value)", "do { result = (value); goto out; } while (0)"})
	case parse.String:
		t.printf("\tresult[0] = 0;\n")
		macros = append(macros, [2]string{"STAP_RETVALUE", "result"},
			[2]string{"STAP_RETURN(value)", "do { stap_string_copy(result, (value)); goto out; } while (0)"})
	default:
		macros = append(macros, [2]string{"STAP_RETURN()", "goto out"})
	}
	macros = append(macros, [2]string{"STAP_ERROR(...)", "do { stap_error(c, __VA_ARGS__); goto out; } while (0)"})
	for _, m := range macros {
		t.printf("#define %s %s\n", m[0], m[1])
	}
	t.printf("\t{\n")
	t.embedded(f.Code)
	t.printf("\t}\n")
	for _, m := range macros {
		name, _, _ := strings.Cut(m[0], "(")
		t.printf("#undef %s\n", name)
	}
	t.printf("out: __attribute__((unused));\n")
	if f.Result == parse.Long {
		t.printf("\treturn result;\n")
	}
	t.printf("}\n")
}
