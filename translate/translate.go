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
//	t1 = stap_kernel_read(c, t0 + 0, 8, 0);
//	if (stap_unlikely(c->error)) {
//		stap_unwind(c, "operator '->' at open.stp:4:21");
//		goto out;
//	}
//	t2 = function_is_creating_1(c, t1);
//	if (stap_unlikely(c->error)) {
//		stap_unwind(c, "identifier 'is_creating' at open.stp:4:5");
//		goto out;
//	}
//	if (t2) { …
//
// Whatever can fail is followed by a jump to the end of the function, or to the
// catch of the try around it; on this way it is said where in the script that
// was. Numbers live in C variables. Strings are too large for a kernel stack:
// those of one call are a frame on a stack of the context's own (stap_push),
// whose size is known from the graph of calls.
//
// The files: globals and what is made of them (global.go, array.go,
// statistics.go), functions and handlers (body.go, overload.go, embedded.go),
// statements (statement.go, foreach.go), expressions (expression.go, string.go,
// print.go, regex.go), what is known of a hit (register.go, hit.go), locks (lock.go),
// how the runtime calls a handler (run.go), lines of addresses (lines.go), one for each probe family.
package translate

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/elaborate/regex"
	"github.com/gostap/gostap/parse"
)

// Translate writes the program in C.
func Translate(p *elaborate.Program) Module {
	t := &translator{
		program: p, effects: elaborate.NewEffects(p), names: newNames(),
		locked: map[*elaborate.Variable]bool{}, sortings: map[sorting]bool{}, printed: map[*elaborate.Variable]bool{}, candidates: map[*elaborate.Function]bool{},
		frames: map[*elaborate.Function]room{}, depths: map[*elaborate.Function]room{}, handlers: map[string]string{},
		numbers: make(map[*elaborate.Probe]int, len(p.Probes)), conditions: map[*elaborate.Probe]elaborate.Expression{}, watched: map[*elaborate.Variable]bool{},
	}
	for i, probe := range p.Probes {
		t.numbers[probe] = i
	}
	t.nameAll()
	t.lockedGlobals()
	t.findConditions()
	t.findCandidates()
	bodies := t.section(func() {
		for _, f := range p.Functions {
			t.printf("%s;\n", t.signature(f))
		}
		for _, f := range p.Functions {
			t.functionBody(f)
		}
		var handlers []*handlerText
		for _, probe := range p.Probes {
			handlers = append(handlers, t.probe(probe))
			t.tests = append(t.tests, t.condition(probe))
		}
		t.placeHandlers(handlers)
	})
	t.printf("#include \"stap.h\"\n")
	t.nesting()
	t.fileLevel(false)
	t.globals()
	for i, pattern := range t.patterns {
		writeRegex(&t.out, patternName(i), pattern)
	}
	t.printf("\n%s", bodies)
	t.script()
	t.fileLevel(true)
	return Module{C: t.out.Bytes(), KernelHeaders: t.wantsKernel(), Files: t.files}
}

// translator writes one file.
type translator struct {
	program    *elaborate.Program
	effects    *elaborate.Effects
	names      *names
	out        bytes.Buffer
	locked     map[*elaborate.Variable]bool
	sortings   map[sorting]bool
	printed    map[*elaborate.Variable]bool              // as histograms
	candidates map[*elaborate.Function]bool              // overloads of others
	frames     map[*elaborate.Function]room              // of a function's own
	depths     map[*elaborate.Function]room              // what a call can need at once, see depth
	deepest    room                                      // what one handler can need at once
	handlers   map[string]string                         // C functions of handlers and conditions by their text
	conditions map[*elaborate.Probe]elaborate.Expression // those that the runtime evaluates
	watched    map[*elaborate.Variable]bool              // globals that these read
	probes     []string                                  // the handler of each probe
	constants  [][]string                                // what a handler that several probes share has of each, or nil
	tests      []string                                  // the condition of each probe, or ""
	numbers    map[*elaborate.Probe]int                  // where each is among the probes
	patterns   []*regex.Regex
	files      []File
	userC      bool // a function of the user's is C
}

func (t *translator) printf(format string, arguments ...any) {
	fmt.Fprintf(&t.out, format, arguments...)
}

// section gives what write writes instead of writing it.
func (t *translator) section(write func()) string {
	before := t.out
	t.out = bytes.Buffer{}
	write()
	text := t.out.String()
	t.out = before
	return text
}

// room is memory of the stack of frames: strings, and bytes besides.
type room struct{ strings, bytes int }

func (r room) plus(other room) room { return room{r.strings + other.strings, r.bytes + other.bytes} }

func (r room) most(other room) room {
	return room{max(r.strings, other.strings), max(r.bytes, other.bytes)}
}

// wantsKernel reports whether a user's C is in the program.
func (t *translator) wantsKernel() bool {
	return len(t.program.Embedded) > 0 || t.userC
}

// fileLevel writes the C that stands at file level: most of it in front of all,
// some of it behind.
func (t *translator) fileLevel(suffix bool) {
	for _, code := range t.program.Embedded {
		if code.Tag("pragma:suffix") == suffix {
			t.embedded(code)
		}
	}
}

// probe writes a handler, for placeHandlers to put somewhere.
func (t *translator) probe(p *elaborate.Probe) *handlerText {
	text := t.section(func() {
		b := newBody(t, "frame_"+handlerName)
		b.alone = elaborate.Alone(p.Place)
		b.locals(p.Locals)
		if t.program.Submatches {
			b.emit("stap_match_reset(c);")
		}
		b.budget(p)
		b.handler(p)
		if t.changes(p) {
			b.last = "stap_conditions_change();"
		}
		b.write("static void "+handlerName+"(struct stap_context *c)", "")
		t.needs(b)
	})
	return newHandlerText(p, text)
}

// needs notes what the runtime's call of a function can need of the stack of frames.
func (t *translator) needs(b *body) {
	t.deepest = t.deepest.most(b.room())
	for _, f := range b.calls {
		t.deepest = t.deepest.most(b.room().plus(t.depth(f)))
	}
}

// depth gives what a call of f can need: its own frame and those of the chain
// below it. Frames of recursive functions are not in it: script adds them, for as
// deep as they may nest.
func (t *translator) depth(f *elaborate.Function) room {
	if known, ok := t.depths[f]; ok {
		return known
	}
	var deepest room
	seen := map[*elaborate.Function]bool{f: true}
	calls := slices.Concat(f.Calls, f.Overloads)
	for len(calls) > 0 {
		callee := calls[0]
		calls = calls[1:]
		switch {
		case seen[callee]:
		case f.Recursive && callee.Recursive: // perhaps in a circle with f
			calls = append(slices.Clip(calls), slices.Concat(callee.Calls, callee.Overloads)...)
		default:
			deepest = deepest.most(t.depth(callee))
		}
		seen[callee] = true
	}
	if !f.Recursive {
		deepest = deepest.plus(t.frames[f])
	}
	t.depths[f] = deepest
	return deepest
}

// signature is the head of a function in C. A function that gives a string
// writes it to its caller's buffer.
func (t *translator) signature(f *elaborate.Function) string {
	parameters := []string{"struct stap_context *c"}
	result := "void"
	switch f.Result {
	case parse.String:
		parameters = append(parameters, "char *result")
	case parse.Long:
		result = "stap_long"
	}
	for i, p := range f.Parameters {
		parameters = append(parameters, declaration(p.Type, parameterNames(f)[i]))
	}
	return fmt.Sprintf("static %s %s(%s)", result, t.functionName(f), strings.Join(parameters, ", "))
}

func (t *translator) functionBody(f *elaborate.Function) {
	t.printf("\n/* function %s, %s */\n", comment(f.Text), comment(f.Position.String()))
	switch {
	case f.Code != nil:
		t.userC = t.userC || isUsers(f)
		t.embeddedFunction(f)
		return
	case f.Overloads != nil:
		t.dispatcher(f)
		return
	}
	b := newBody(t, "frame_"+t.functionName(f))
	b.function = f
	b.alone = true // who counts apart does so in its handler
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
	b.write(t.signature(f), result)
	t.frames[f] = b.room()
}

// script writes what the runtime reads.
func (t *translator) script() {
	var recursive room
	for _, f := range t.program.Functions {
		if f.Recursive {
			recursive = recursive.most(t.frames[f])
		}
	}
	t.printf("\n#line 1 \"stap_script\"\n")
	t.printf("static struct stap_probe stap_probes[] = {\n")
	for i, p := range t.program.Probes {
		more := ""
		if p.Dispensable {
			more += ", .dispensable = 1"
		}
		if p.Overrides {
			more += ", .overrides = 1"
		}
		if elaborate.SystemCall(p.Place) {
			more += ", .system_call = 1"
		}
		more += t.constantsField(i)
		if t.tests[i] != "" {
			more += ", .condition = " + t.tests[i]
		}
		t.printf("\t{ .point = %s, .written = %s, .handler = %s, %s%s,\n\t  .where = %s, .origin = %s },\n", quote(p.Point), quote(p.Written), t.probes[i], t.placeFields(p), more,
			quote(p.Position.String()), quote(strings.Join(p.Derivation(), " from: ")))
	}
	t.printf("};\n")
	t.dataAddresses()
	t.faults()
	t.files = t.lines()
	t.run()
	t.named()
	t.monitor()
	t.globalTable()
	t.printf("\nstruct stap_script stap_script = {\n\t.interface = STAP_INTERFACE,\n\t.probe_count = %d,\n\t.probes = stap_probes,\n", len(t.program.Probes))
	if t.program.Anchor != 0 {
		t.printf("\t.anchor = %d,\n", t.program.Anchor)
	}
	t.printf("\t.strings = (%d + %d * (MAXNESTING + 1)) * STAP_STRING_ROOM", t.deepest.strings, recursive.strings)
	if t.deepest.bytes+recursive.bytes > 0 {
		t.printf(" + %d + %d * (MAXNESTING + 1)", t.deepest.bytes, recursive.bytes)
	}
	t.printf(",\n")
	if t.program.Submatches {
		t.printf("\t.match_bytes = %s,\n", t.matchBytes())
	}
	if len(t.conditions) > 0 {
		t.printf("\t.conditions = stap_conditions_evaluate,\n")
	}
	t.dataFields()
	t.reportFields()
	t.globalFields()
	t.printf("};\n")
	t.builds()
}

// builds writes which builds the module is for where staprun finds it: among what
// modinfo shows (staprun/build.go).
func (t *translator) builds() {
	for i, build := range t.program.Builds {
		t.printf("\nstatic const char stap_build_%d[]\n\t__attribute__((used, section(\".modinfo\"), aligned(1))) = %s;\n",
			i, quote("stap_build="+build.Object+" "+build.ID))
	}
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
