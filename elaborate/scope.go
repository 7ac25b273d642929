package elaborate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gostap/gostap/parse"
)

// scope holds declarations: those of one file that are private, or those that
// all files see.
type scope struct {
	globals   map[string]*Variable
	functions map[signature][]*parse.Function // overloads, in the order tried
	files     map[*parse.Function]*parse.File
}

func newScope() *scope {
	return &scope{globals: map[string]*Variable{}, functions: map[signature][]*parse.Function{}, files: map[*parse.Function]*parse.File{}}
}

// signature tells functions apart.
type signature struct {
	name  string
	arity int
}

// take makes a file a part of the program: its globals and functions can be
// named, its probes will be resolved.
func (e *elaborator) take(file *parse.File) {
	if e.scopes[file] != nil {
		return
	}
	e.scopes[file] = newScope()
	e.files = append(e.files, file)
	*e.changed = true
	for _, code := range file.EmbeddedCode {
		e.allowEmbedded(code.Token, "embedded code in unprivileged script; need stap -g")
		e.program.Embedded = append(e.program.Embedded, code)
	}
	for _, g := range file.Globals {
		e.declareGlobal(file, g)
	}
	for _, f := range file.Functions {
		into := e.shared
		if f.Private {
			into = e.scopes[file]
		}
		s := signature{f.Text, len(f.Parameters)}
		into.functions[s] = append(into.functions[s], f)
		into.files[f] = file
		for i, p := range f.Parameters {
			for _, earlier := range f.Parameters[:i] {
				if earlier.Text == p.Text {
					e.add(semanticError(p.Token, "duplicate parameter name"))
				}
			}
		}
		if f.Code != nil {
			e.allowEmbedded(f.Code.Token, "embedded code in unprivileged script; need stap -g")
		}
	}
}

func (e *elaborator) declareGlobal(file *parse.File, g *parse.Global) {
	into := e.shared
	if g.Private {
		into = e.scopes[file]
	}
	for _, s := range []*scope{e.scopes[file], e.shared} {
		first, ok := s.globals[g.Text]
		if !ok {
			continue
		}
		message := "duplicate global name"
		if s != into {
			if first.Position.Source != file.Source { // another file's, which this one does not see
				continue
			}
			message = "global versus private variable declaration conflict"
		}
		d := semanticError(g.Token, message)
		d.Notes = []parse.Note{{Position: first.Position, Message: "first declared here"}}
		e.add(d)
		return
	}
	v := &Variable{Token: g.Token, Global: true, Initial: g.Initial, Capacity: g.Size, Wrap: g.Wrap, arity: unknownArity, inferred: g.Position}
	switch g.Initial.(type) {
	case *parse.NumberLiteral:
		v.Type, v.arity = parse.Long, 0
	case *parse.StringLiteral:
		v.Type, v.arity = parse.String, 0
	}
	v.arityAt = g.Position
	v.Assigned = g.Initial != nil
	into.globals[g.Text] = v
	e.program.Globals = append(e.program.Globals, v)
}

func (e *elaborator) allowEmbedded(at parse.Token, message string) {
	if !e.options.Guru && !at.Position.Source.Library {
		at.Text = "%{ … %}"
		d := semanticError(at, message)
		d.Hint = "embedded C runs in the kernel unchecked: -g says that you mean it"
		e.add(d)
	}
}

// global finds a global by the name that it has in a file; nil if there is none.
func (e *elaborator) global(file *parse.File, name string) *Variable {
	if s := e.scopes[file]; s != nil && s.globals[name] != nil {
		return s.globals[name]
	}
	if v := e.shared.globals[name]; v != nil {
		return v
	}
	if _, from := e.library.Global(name); from != nil && e.scopes[from] == nil {
		e.take(from)
		return e.shared.globals[name]
	}
	return nil
}

func (e *elaborator) globalNames() []string {
	var names []string
	for name := range e.shared.globals {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// overloads finds the functions that a call in a file may mean: the file's
// private ones before the script's, those before the library's.
func (e *elaborator) overloads(file *parse.File, s signature) []*parse.Function {
	if own := e.scopes[file]; own != nil && len(own.functions[s]) > 0 {
		return own.functions[s]
	}
	var script []*parse.Function
	for _, f := range e.shared.functions[s] {
		if !e.shared.files[f].Source.Library {
			script = append(script, f)
		}
	}
	if script != nil {
		return script
	}
	functions, from := e.library.Functions(s.name, s.arity)
	if functions != nil {
		e.take(from)
	}
	return functions
}

func (e *elaborator) fileOf(f *parse.Function) *parse.File {
	if file := e.shared.files[f]; file != nil {
		return file
	}
	for _, s := range e.scopes {
		if file := s.files[f]; file != nil {
			return file
		}
	}
	return nil
}

// lookUpFunction finds what a call means; nil when there is no such function.
// Overloads become one function that tries them in turn.
func (e *elaborator) lookUpFunction(file *parse.File, s signature) *Function {
	overloads := slices.Clone(e.overloads(file, s))
	if overloads == nil {
		return nil
	}
	if known := e.selectors[overloads[0]]; known != nil {
		return known
	}
	first := overloads[0]
	slices.SortStableFunc(overloads, func(a, b *parse.Function) int { return priority(a) - priority(b) })
	reachable := overloads[:0:0]
	for _, f := range overloads {
		reachable = append(reachable, f)
		if !doesNext(f) {
			break
		}
	}
	if len(reachable) == 1 {
		e.selectors[first] = e.makeFunction(reachable[0])
		return e.selectors[first]
	}
	set := &Function{Token: reachable[0].Token}
	for _, p := range reachable[0].Parameters {
		set.Parameters = append(set.Parameters, &Variable{Token: p.Token, Assigned: true, inferred: p.Position})
	}
	e.selectors[first] = set
	for _, f := range reachable {
		set.Overloads = append(set.Overloads, e.makeFunction(f))
	}
	e.program.Functions = append(e.program.Functions, set)
	return set
}

// priority is by which overloads are tried, the lowest first.
func priority(f *parse.Function) int {
	switch {
	case f.Priority != nil:
		return int(min(f.Priority.Value, 1<<30))
	case f.Position.Source.Library:
		return 1
	}
	return 0
}

// doesNext reports whether a function may leave it to the next overload.
func doesNext(f *parse.Function) bool {
	if f.Code != nil {
		return strings.Contains(f.Code.Text, "STAP_NEXT")
	}
	does := false
	parse.Walk(f.Body, func(n parse.Node) bool {
		branch, ok := n.(*parse.BranchStatement)
		does = does || ok && branch.Text == "next"
		return true
	})
	return does
}

func (e *elaborator) makeFunction(f *parse.Function) *Function {
	file := e.fileOf(f)
	function := &Function{Token: f.Token, Result: f.Result, Code: f.Code}
	for _, p := range f.Parameters {
		function.Parameters = append(function.Parameters, &Variable{Token: p.Token, Type: p.Type, Assigned: true, inferred: p.Position})
	}
	if f.Body != nil { // only what the body sets needs a copy of its own
		set := assignedNames(f.Body)
		for _, p := range function.Parameters {
			p.Assigned = set[p.Text]
		}
	} else {
		for _, p := range function.Parameters {
			p.Assigned = false
		}
		e.pragmas(file, function)
	}
	e.sources[function] = &functionSource{file: file, text: f, dead: map[parse.Node]bool{}}
	e.program.Functions = append(e.program.Functions, function)
	*e.changed = true
	return function
}

// pragmas notes the globals that a function in C says it reads and writes.
func (e *elaborator) pragmas(file *parse.File, f *Function) {
	for _, kind := range []string{"read", "write"} {
		for _, name := range f.Code.Pragmas("pragma:" + kind + ":") {
			v := e.global(file, name)
			if v == nil {
				e.add(semanticError(f.Code.Token, fmt.Sprintf("unresolved global variable '%s' in pragma:%s", name, kind)))
				continue
			}
			if kind == "read" {
				f.Reads = append(f.Reads, v)
			} else {
				f.Writes = append(f.Writes, v)
				v.Assigned = true
			}
		}
	}
}

// unifyOverloads makes the members of an overload set agree on types.
func (e *elaborator) unifyOverloads(set *Function) {
	c := newChecker(e, set, nil)
	for _, f := range set.Overloads {
		for i, p := range f.Parameters {
			c.unify(p, set.Parameters[i].Type, p.Token)
			c.unify(set.Parameters[i], p.Type, p.Token)
		}
		switch {
		case f.Result == parse.Unknown && f.Code == nil:
			f.Result = set.Result
		case set.Result == parse.Unknown:
			if f.Result != parse.Unknown {
				set.Result, *e.changed = f.Result, true
			}
		case f.Result != set.Result:
			d := semanticError(f.Token, fmt.Sprintf("type mismatch (%s)", f.Result))
			d.Notes = []parse.Note{{Position: set.Position, Message: fmt.Sprintf("type was first inferred here (%s)", set.Result)}}
			e.add(d)
		}
		if f.checked && !set.checked {
			set.checked, *e.changed = true, true
		}
	}
}

// functionNames lists what a call could have meant.
func (e *elaborator) functionNames() []string {
	seen := map[string]bool{}
	var names []string
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for s := range e.shared.functions {
		add(s.name)
	}
	for _, name := range e.library.FunctionNames() {
		add(name)
	}
	for name := range printNames {
		add(name)
	}
	return names
}
