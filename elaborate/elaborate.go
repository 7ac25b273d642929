// Package elaborate is pass 2: it gives every name of a script its meaning.
//
// In go syntax trees: the script's, and through parse.Library those of the
// library files that something names. Out comes a Program in which each variable
// and expression has a type and each probe point a place in the kernel. The script
//
//	function is_creating:long (flags:long) { return flags & 0x40 }
//	probe kernel.function("do_sys_openat2") {
//		if (is_creating($how->flags)) println(user_string($filename))
//	}
//
// becomes two functions, its own and the library's user_string, and a probe
// whose place is the function do_sys_openat2, where $filename is the second
// argument of the calling convention and $how->flags eight bytes of memory at
// the third one.
//
// The order of work:
//
//  1. declarations (scope.go): the script's globals and functions; a library file
//     is taken in when something names what it declares.
//  2. probe points (point.go, place.go): an alias is replaced by its points, with
//     its blocks around the body; each point is resolved by its family (one file
//     each: begin.go, timer.go, tracepoint.go, …; codepoint.go for all points in code)
//     to Places, which know their $variables.
//  3. dead code (elide.go): assignments that nobody reads, expressions without
//     effect, probes that do nothing. What is dropped here is never checked.
//  4. types (check.go, expression.go, array.go, statistics.go, …): the bodies are
//     checked again and again, each round knowing the types that the rounds
//     before it found, until a round finds nothing new. What the last round says
//     is wrong is wrong. Constants are folded on the way, and a branch that is
//     never taken is not looked at, so `if (@defined($x))` guards its body.
//  5. the whole (effects.go, display.go): what is printed at the end without
//     being asked for, which globals need no lock, in which order probes are armed.
//
// What a kernel says of itself comes in through Options, each part of it when
// something needs it (object.go): a function's parameters by BTF and the calling
// convention (function.go), all other variables by DWARF (instruction.go), whose
// expressions become expressions of the program (stackmachine.go, fragment.go). So the
// pass needs neither a kernel nor root, and gives the same program for the same input.
package elaborate

import (
	"debug/elf"
	"fmt"
	"slices"
	"sort"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/elaborate/regex"
	"github.com/gostap/gostap/parse"
)

// Options say what the scripts are elaborated against.
type Options struct {
	// Machine gives the kernel's architecture, elf.EM_NONE if that is not known; called when
	// a probe needs it.
	Machine func() elf.Machine
	// BTF reads the kernel's type information; called once, when a probe needs it.
	BTF func() (*debuginfo.BTF, error)
	// What there is beyond it, of an object: "kernel", the name of a module or the path
	// of a module's file. Each may be called several times, for what a probe needs, and
	// gives a *kernel.UserError for what is not at hand; nil stands for one that always
	// does.
	DebugInfo func(object string) (*debuginfo.Object, error)
	Symbols   func(object string) (*debuginfo.SymbolTable, error)
	ModuleBTF func(module string) (*debuginfo.BTF, error)
	BuildID   func(object string) (string, error) // hexadecimal; "" if it has none
	Modules   func() (ModuleList, error)
	Header    func(path string) ([]byte, error) // of the kernel's source: "include/linux/syscalls.h"
	// LineTable gives the lines of an object's code.
	LineTable func(object string) (*debuginfo.LineTable, error)
	// LinesOf lists the objects whose lines a script has that asks for lines of
	// addresses (-d); called once, by such a script alone.
	LinesOf func() ([]string, error)
	// TraceSystem gives the system of a tracepoint: "sched" of sched_switch; "" if that is not known.
	TraceSystem func(object, tracepoint string) (string, error)
	// TracedModules gives the tracepoints of all modules: module, tracepoint, system.
	TracedModules func() (map[string]map[string]string, error)

	// Kernel names the kernel for messages; nil or "" if that is not known.
	Kernel func() string

	MaxPlaces        int    // how many places a point may stand for; 0: DefaultMaxPlaces
	Guru             bool   // a user's embedded C is allowed
	Unoptimized      bool   // keep what has no effect, and check it (-u)
	NoGlobalDisplay  bool   // do not print globals that are written and never read
	SkipBadVariables bool   // a $variable that cannot be resolved is 0 (--skip-badvars)
	Compatible       string // the version of the language, such as "5.6"; "" is the newest
	Privilege        string // whom the script is for: "stapdev", "stapsys" or "stapusr"; "" is stapdev
}

// Elaborate makes a program of a script's files and what they use of the
// library. Diagnostics hold warnings even if the program is good; the error is
// for what is not the script's fault, such as unreadable type information.
func Elaborate(script []*parse.File, library *parse.Library, o Options) (*Program, parse.Diagnostics, error) {
	if library == nil {
		library = parse.NewLibrary(parse.Options{})
	}
	e := newElaborator(library, o)
	for _, file := range script {
		e.take(file)
	}
	e.resolveProbes()
	if e.failure != nil {
		return nil, nil, e.failure
	}
	if e.diagnostics.Errors() == 0 && len(e.probes) == 0 {
		e.add(&parse.Diagnostic{Kind: "semantic error", Message: "no probes found",
			Hint: "a script needs at least one probe that does something, such as: probe begin { println(\"hi\") }"})
	}
	e.settleTypes()
	if e.failure != nil {
		return nil, nil, e.failure
	}
	if e.diagnostics.Errors() > 0 {
		return nil, e.diagnostics, nil
	}
	e.assemble()
	if e.failure != nil {
		return nil, nil, e.failure
	}
	if e.diagnostics.Errors() > 0 {
		return nil, e.diagnostics, nil
	}
	return e.program, e.diagnostics, nil
}

func newElaborator(library *parse.Library, o Options) *elaborator {
	return &elaborator{
		options:   o,
		program:   &Program{Guru: o.Guru},
		library:   library,
		scopes:    map[*parse.File]*scope{},
		shared:    newScope(),
		sources:   map[*Function]*functionSource{},
		pointees:  map[any]debuginfo.Type{},
		typesAt:   map[*Variable]parse.Position{},
		patterns:  map[string]*regex.Regex{},
		changed:   new(bool),
		objects:   map[string]*object{},
		selectors: map[*parse.Function]*Function{},
	}
}

// elaborator is the state of one run of the pass.
type elaborator struct {
	options     Options
	program     *Program
	diagnostics parse.Diagnostics
	elided      parse.Diagnostics // what was said of functions' dead code
	failure     error             // of the tool
	objects     map[string]*object
	systemCalls memo[*systemCalls]
	listing     bool            // nothing will be built of it
	optional    int             // levels of optional points that are being resolved
	namesOnly   bool            // and what a point is called is all that is asked
	bound       map[string]bool // objects of whose builds the program is one

	library    *parse.Library
	files      []*parse.File // the script's, then those taken from the library
	resolved   int           // of files: those whose probes have been resolved
	scopes     map[*parse.File]*scope
	shared     *scope // what all files see
	sources    map[*Function]*functionSource
	selectors  map[*parse.Function]*Function // functions that have been made
	probes     []*handlerSource
	expansions int                    // of aliases, so far
	pointees   map[any]debuginfo.Type // of *Variable, *Function and Expression: the pointer type of a number
	typesAt    map[*Variable]parse.Position
	patterns   map[string]*regex.Regex
	changed    *bool // this round of checking found something
}

// part is a block with the file whose names it sees.
type part struct {
	file  *parse.File
	block *parse.Block
}

// handlerSource is a probe whose handler is yet to be checked: an alias's
// prologues, the body, epilogues.
type handlerSource struct {
	probe      *Probe
	parts      []part
	body       int // index of the user's own part
	conditions []condition
	dead       map[parse.Node]bool
	calls      []*Function
	kept       []*Keep           // at the entry of the function, for its return
	spare      bool              // it goes away if it has a mistake
	mistake    *parse.Diagnostic // the first one of a spare handler
}

// condition is "if (…)" after a probe point.
type condition struct {
	file *parse.File
	x    parse.Expression
}

// functionSource is the text of a function.
type functionSource struct {
	file *parse.File
	text *parse.Function
	dead map[parse.Node]bool
	next bool // its body has a "next": the following overload may be reached
}

func (e *elaborator) add(d *parse.Diagnostic) { e.diagnostics = append(e.diagnostics, d) }

func (e *elaborator) warn(at parse.Token, message string) *parse.Diagnostic {
	d := semanticError(at, message)
	d.Kind, d.Severity = "", parse.Warning
	e.add(d)
	return d
}

func semanticError(at parse.Token, message string) *parse.Diagnostic {
	return &parse.Diagnostic{Kind: "semantic error", Position: at.Position, Token: at.Text, Message: message}
}

// resolveProbes resolves the probes of all files, and drops what is dead of them.
// That may take in library files, which may have probes, too.
func (e *elaborator) resolveProbes() {
	for e.resolved < len(e.files) {
		for ; e.resolved < len(e.files); e.resolved++ {
			file := e.files[e.resolved]
			for _, p := range file.Probes {
				e.probe(file, p)
			}
		}
		e.elide()
	}
}

// settleTypes checks all bodies until no more types are found, and once more
// to say what is wrong.
func (e *elaborator) settleTypes() {
	said := e.diagnostics
	for {
		*e.changed = false
		e.checkBodies()
		if !*e.changed {
			break
		}
		e.diagnostics = said
		e.resolveProbes() // of files that the bodies named
		said = e.diagnostics
	}
	e.diagnostics = append(e.diagnostics, e.elided...)
	e.dropSpares()
	if e.diagnostics.Errors() == 0 { // what is wrong may be why something has no type
		e.settleRest()
	}
}

// dropSpares takes away the handlers at inlined copies that lack what the function
// out of line has, such as a parameter that the compiler left out there.
func (e *elaborator) dropSpares() {
	count := map[parse.Token]int{}
	for _, h := range e.probes {
		if h.mistake != nil {
			count[h.probe.Token]++
		}
	}
	e.probes = slices.DeleteFunc(e.probes, func(h *handlerSource) bool {
		if n := count[h.probe.Token]; h.mistake != nil && n > 0 {
			d := e.warn(h.probe.Token, fmt.Sprintf("%d inlined copies are not probed: %s", n, h.mistake.Message))
			d.Hint = "with .call behind it only the function out of line is meant"
			delete(count, h.probe.Token)
		}
		return h.mistake != nil
	})
}

func firstError(ds parse.Diagnostics) *parse.Diagnostic {
	for _, d := range ds {
		if d.Severity == parse.Error {
			return d
		}
	}
	return nil
}

func (e *elaborator) checkBodies() {
	for _, h := range e.probes {
		said := len(e.diagnostics)
		h.check(e)
		if first := firstError(e.diagnostics[said:]); h.spare && first != nil {
			e.diagnostics, h.mistake = e.diagnostics[:said], first
		} else {
			h.mistake = nil
		}
	}
	for i := 0; i < len(e.program.Functions); i++ { // checking may add more
		e.checkFunction(e.program.Functions[i])
	}
	e.findRecursion()
}

func (h *handlerSource) check(e *elaborator) {
	c := newChecker(e, nil, h.dead)
	c.place, c.handler = h.probe.Place, h
	c.know(h.probe.Locals)
	h.probe.Condition, h.kept = nil, nil
	if _, returns := h.probe.Place.(*ReturnPlace); !returns {
		if callers := callersOf(h.probe.Place); callers != nil {
			h.probe.Condition = callers
		}
	}
	for _, condition := range h.conditions {
		c.file = condition.file
		if x := c.condition(condition.x); x != nil {
			if h.probe.Condition != nil {
				x = &Binary{Token: parse.Token{Position: h.probe.Position, Text: "&&"}, X: h.probe.Condition, Y: x}
			}
			h.probe.Condition = x
		}
	}
	h.probe.Body = nil
	for i, p := range h.parts {
		c.file, c.part = p.file, i
		h.probe.Body = append(h.probe.Body, c.block(p.block)...)
	}
	h.probe.Locals = c.order
	h.calls = c.calls
}

func (e *elaborator) checkFunction(f *Function) {
	if f.Overloads != nil {
		e.unifyOverloads(f)
		return
	}
	if f.Code != nil {
		return
	}
	source := e.sources[f]
	if !f.checked {
		e.elideFunction(source)
	}
	c := newChecker(e, f, source.dead)
	c.file = source.file
	c.know(f.Parameters)
	c.order = nil
	c.know(f.Locals)
	f.Body = c.block(source.text.Body)
	if !f.checked { // its callers did not know yet whether it gives a value
		f.checked, *e.changed = true, true
	}
	f.Locals = c.order
	f.Calls = c.calls
}

// findRecursion marks the functions that can come to call themselves.
func (e *elaborator) findRecursion() {
	for _, f := range e.program.Functions {
		seen := map[*Function]bool{}
		var reaches func(*Function) bool
		reaches = func(g *Function) bool {
			for _, callee := range slices.Concat(g.Calls, g.Overloads) {
				if callee == f {
					return true
				}
				if !seen[callee] {
					seen[callee] = true
					if reaches(callee) {
						return true
					}
				}
			}
			return false
		}
		f.Recursive = reaches(f)
	}
}

// settleRest deals with what no round gave a type.
func (e *elaborator) settleRest() {
	for _, g := range e.program.Globals {
		if g.Type == parse.Unknown {
			g.Type = parse.Long
		}
		for i, k := range g.Keys {
			if k == parse.Unknown {
				g.Keys[i] = parse.Long
			}
		}
	}
	e.warnOfGlobals()
	used := e.usedFunctions()
	for _, h := range e.probes {
		e.settleLocals(h.probe.Locals)
	}
	for _, f := range e.program.Functions {
		if used[f] && f.Code == nil {
			e.settleLocals(f.Locals)
		}
	}
}

// settleLocals gives locals without a type one. One that is set, but only to what
// has no type either, is an error.
func (e *elaborator) settleLocals(locals []*Variable) {
	for _, v := range locals {
		switch {
		case v.Assigned && v.Type == parse.Unknown:
			e.add(semanticError(v.Token, "unresolved type "))
		case !v.Assigned && !v.Position.Source.Library:
			e.warn(v.Token, "never-assigned local variable '"+v.Text+"'").Similar = parse.Similar(v.Text, e.globalNames(), 5)
		}
		if v.Type == parse.Unknown {
			v.Type = parse.Long
		}
	}
}

// usedFunctions finds the functions that a probe comes to call.
func (e *elaborator) usedFunctions() map[*Function]bool {
	used := map[*Function]bool{}
	var use func([]*Function)
	use = func(calls []*Function) {
		for _, f := range calls {
			if !used[f] {
				used[f] = true
				use(f.Calls)
				use(f.Overloads)
			}
		}
	}
	for _, h := range e.probes {
		use(h.calls)
	}
	return used
}

// assemble makes the program of what has been checked: without the functions
// and globals that nothing uses, since their types may never be known.
func (e *elaborator) assemble() {
	used := e.usedFunctions()
	e.program.Functions = slices.DeleteFunc(e.program.Functions, func(f *Function) bool { return !used[f] })
	for _, h := range e.probes {
		e.program.Probes = append(e.program.Probes, h.probe)
		if h.probe.Entry = h.entry(); h.probe.Entry != nil {
			e.program.Probes = append(e.program.Probes, h.probe.Entry)
		}
	}
	e.program.noteData()
	e.takeLines()
	e.checkPrivilege()
	e.checkGuru()
	e.findOverrides()
	e.noteFaults()
	e.trackGroups()
	effects := NewEffects(e.program)
	e.checkIterations(effects)
	uses := map[*Variable]Access{}
	for _, p := range e.program.Probes {
		for v, access := range effects.Of(handler(p)) {
			uses[v] |= access
		}
	}
	e.program.Globals = slices.DeleteFunc(e.program.Globals, func(v *Variable) bool { return uses[v] == 0 })
	if !e.options.NoGlobalDisplay {
		e.display(uses)
	}
	for _, g := range e.program.Globals {
		if g.Type == parse.Stats && g.Statistics == nil {
			g.Statistics = &Statistics{}
		}
	}
	e.order()
	markPerCPU(e.program)
	e.program.Builds = e.builds()
}

// order puts the probes into the order in which they are armed.
func (e *elaborator) order() {
	probes := e.program.Probes
	sort.SliceStable(probes, func(i, j int) bool {
		a, b := probes[i].Place.order(), probes[j].Place.order()
		return a.stage < b.stage || a.stage == b.stage && a.priority < b.priority
	})
}
