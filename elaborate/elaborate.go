// Package elaborate is pass 2: it gives every name of a script its meaning.
//
// In go syntax trees: the script's and the library's. Out comes a Program in
// which each variable and expression has a type and each probe point a place
// in the kernel. The script
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
//  1. declarations: the script's globals and functions; the library's are
//     taken when something names them, so that what is not used is not built.
//  2. probe points: each is resolved by its family (one file each: begin.go,
//     timer.go, function.go) to a Place, which then knows its $variables.
//  3. types: the bodies are checked again and again, each round knowing the
//     types that the rounds before it found, until a round finds nothing new.
//     What the last round says is wrong is wrong.
//
// What a kernel says of itself comes in as a value, so the pass needs neither
// a kernel nor root, and gives the same program for the same input.
package elaborate

import (
	"slices"
	"sort"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// Options say what the scripts are elaborated against.
type Options struct {
	// BTF reads the kernel's type information; called once, when a probe needs it.
	BTF  func() (*debuginfo.BTF, error)
	Guru bool // a user's embedded C is allowed
}

// Elaborate makes a program of a script's files and what they use of the
// library. Diagnostics hold warnings even if the program is good; the error is
// for what is not the script's fault, such as unreadable type information.
func Elaborate(script []*parse.File, library *parse.Library, o Options) (*Program, parse.Diagnostics, error) {
	e := &elaborator{
		options:   o,
		program:   &Program{},
		globals:   map[string]*Variable{},
		functions: map[signature]*Function{},
		bodies:    map[*Function]*parse.Function{},
		library:   library,
		changed:   new(bool),
	}
	e.declare(script)
	for _, file := range script {
		for _, p := range file.Probes {
			e.probe(p)
		}
	}
	if e.failure != nil {
		return nil, nil, e.failure
	}
	if e.diagnostics.Errors() == 0 && len(e.probes) == 0 {
		e.add(&parse.Diagnostic{Kind: "semantic error", Message: "no probes found",
			Hint: "a script needs at least one probe, such as: probe begin { println(\"hi\") }"})
	}
	e.settleTypes()
	if e.diagnostics.Errors() > 0 {
		return nil, e.diagnostics, nil
	}
	e.dropUnused()
	e.order()
	return e.program, e.diagnostics, nil
}

// signature tells functions apart.
type signature struct {
	name  string
	arity int
}

// elaborator is the state of one run of the pass.
type elaborator struct {
	options     Options
	program     *Program
	diagnostics parse.Diagnostics
	failure     error // of the tool
	btf         *debuginfo.BTF

	globals   map[string]*Variable
	functions map[signature]*Function
	bodies    map[*Function]*parse.Function
	library   *parse.Library
	probes    []probeBody
	changed   *bool // this round of checking found a type
}

// probeBody is a probe whose handler is yet to be checked.
type probeBody struct {
	probe *Probe
	body  *parse.Block
	calls []*Function
}

func (e *elaborator) add(d *parse.Diagnostic) { e.diagnostics = append(e.diagnostics, d) }

func semanticError(at parse.Token, message string) *parse.Diagnostic {
	return &parse.Diagnostic{Kind: "semantic error", Position: at.Position, Token: at.Text, Message: message}
}

// declare takes in what the script's files declare.
func (e *elaborator) declare(script []*parse.File) {
	for _, file := range script {
		for _, code := range file.EmbeddedCode {
			e.allowEmbedded(code.Token)
			e.program.Embedded = append(e.program.Embedded, code)
		}
		for _, a := range file.Aliases {
			e.add(semanticError(a.Token, "probe aliases are not read by this version"))
		}
		for _, g := range file.Globals {
			e.declareGlobal(g)
		}
		for _, f := range file.Functions {
			if _, ok := e.functions[signature{f.Text, len(f.Parameters)}]; ok {
				d := semanticError(f.Token, "a function of this name and number of parameters is there already")
				e.add(d)
				continue
			}
			e.declareFunction(f)
		}
	}
}

func (e *elaborator) declareGlobal(g *parse.Global) {
	if g.Size != 0 || g.Wrap {
		e.add(semanticError(g.Token, "arrays are not in this version"))
		return
	}
	if first, ok := e.globals[g.Text]; ok {
		d := semanticError(g.Token, "duplicate global name")
		d.Notes = []parse.Note{{Position: first.Position, Message: "first declared here"}}
		e.add(d)
		return
	}
	v := &Variable{Token: g.Token, Global: true, Initial: g.Initial, inferred: g.Position}
	switch g.Initial.(type) {
	case *parse.NumberLiteral:
		v.Type = parse.Long
	case *parse.StringLiteral:
		v.Type = parse.String
	}
	e.globals[g.Text] = v
	e.program.Globals = append(e.program.Globals, v)
}

func (e *elaborator) declareFunction(f *parse.Function) *Function {
	function := &Function{Token: f.Token, Result: f.Result, Code: f.Code}
	for i, p := range f.Parameters {
		for _, earlier := range f.Parameters[:i] {
			if earlier.Text == p.Text {
				e.add(semanticError(p.Token, "duplicate parameter name"))
			}
		}
		function.Parameters = append(function.Parameters, &Variable{Token: p.Token, Type: p.Type, inferred: p.Position})
	}
	if f.Code != nil {
		e.allowEmbedded(f.Code.Token)
	}
	e.functions[signature{f.Text, len(f.Parameters)}] = function
	e.bodies[function] = f
	e.program.Functions = append(e.program.Functions, function)
	return function
}

func (e *elaborator) allowEmbedded(at parse.Token) {
	if !e.options.Guru && !at.Position.Source.Library {
		at.Text = "%{ … %}"
		d := semanticError(at, "embedded code in unprivileged script; need stap -g")
		d.Hint = "embedded C runs in the kernel unchecked: -g says that you mean it"
		e.add(d)
	}
}

// lookUpFunction finds a function, in the script before the library; nil when
// there is none.
func (e *elaborator) lookUpFunction(s signature) *Function {
	if f, ok := e.functions[s]; ok {
		return f
	}
	if overloads, _ := e.library.Functions(s.name, s.arity); len(overloads) > 0 {
		*e.changed = true
		return e.declareFunction(overloads[0])
	}
	return nil
}

// functionNames lists what a call could have meant.
func (e *elaborator) functionNames() []string {
	seen := map[string]bool{}
	var names []string
	add := func(s signature) {
		if !seen[s.name] {
			seen[s.name] = true
			names = append(names, s.name)
		}
	}
	for s := range e.functions {
		add(s)
	}
	for _, name := range e.library.FunctionNames() {
		add(signature{name: name})
	}
	for name := range printNames {
		add(signature{name: name})
	}
	return names
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
	}
	if e.diagnostics.Errors() > 0 {
		return // what is wrong may be why a global has no type
	}
	for _, g := range e.program.Globals {
		if g.Type == parse.Unknown {
			g.Type = parse.Long
			d := semanticError(g.Token, "never-assigned global variable")
			d.Kind, d.Severity = "", parse.Warning
			e.add(d)
		}
	}
}

func (e *elaborator) checkBodies() {
	for i := range e.probes {
		p := &e.probes[i]
		c := &checker{elaborator: e, place: p.probe.Place, locals: map[string]*Variable{}, reads: map[*Variable]bool{}, writes: map[*Variable]bool{}}
		for _, v := range p.probe.Locals {
			c.locals[v.Text] = v
		}
		c.order = p.probe.Locals
		p.probe.Body = c.block(p.body)
		p.probe.Locals = c.order
		p.probe.Reads, p.probe.Writes = c.used(e)
		p.calls = c.calls
	}
	for i := 0; i < len(e.program.Functions); i++ { // checking may add more
		f := e.program.Functions[i]
		if f.Code != nil {
			continue
		}
		c := &checker{elaborator: e, function: f, locals: map[string]*Variable{}, reads: map[*Variable]bool{}, writes: map[*Variable]bool{}}
		for _, v := range append(append([]*Variable(nil), f.Parameters...), f.Locals...) {
			c.locals[v.Text] = v
		}
		c.order = f.Locals
		f.Body = c.block(e.bodies[f].Body)
		if !f.checked { // its callers did not know yet whether it gives a value
			f.checked, *e.changed = true, true
		}
		f.Locals = c.order
		f.Calls = c.calls
	}
	e.findRecursion()
}

// findRecursion marks the functions that can come to call themselves.
func (e *elaborator) findRecursion() {
	for _, f := range e.program.Functions {
		seen := map[*Function]bool{}
		var reaches func(*Function) bool
		reaches = func(g *Function) bool {
			for _, callee := range g.Calls {
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

// dropUnused takes out the functions that no probe comes to call: what they
// are called with, and so their types, may never be known.
func (e *elaborator) dropUnused() {
	used := map[*Function]bool{}
	var use func([]*Function)
	use = func(calls []*Function) {
		for _, f := range calls {
			if !used[f] {
				used[f] = true
				use(f.Calls)
			}
		}
	}
	for _, p := range e.probes {
		use(p.calls)
	}
	e.program.Functions = slices.DeleteFunc(e.program.Functions, func(f *Function) bool { return !used[f] })
}

// order puts the probes into the order in which they are armed.
func (e *elaborator) order() {
	for _, p := range e.probes {
		e.program.Probes = append(e.program.Probes, p.probe)
	}
	probes := e.program.Probes
	sort.SliceStable(probes, func(i, j int) bool {
		a, b := probes[i].Place.order(), probes[j].Place.order()
		return a.stage < b.stage || a.stage == b.stage && a.priority < b.priority
	})
}
