package elaborate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gostap/gostap/parse"
)

// Examined is what a kernel makes of a library.
type Examined struct {
	Functions []ExaminedFunction
	Aliases   []ExaminedAlias
	Rest      parse.Diagnostics // what is wrong with files beside these
}

// ExaminedFunction is a function with the types that its body shows.
type ExaminedFunction struct {
	*parse.Function
	Result     parse.Type
	Parameters []parse.Type
	Mistakes   parse.Diagnostics
}

// ExaminedAlias is an alias with the points that it stands for. One of several names
// has an entry for each.
type ExaminedAlias struct {
	*parse.Alias
	Name      string
	Points    []ExaminedPoint
	Variables []string // "name:type": what it sets wherever it is
	Mistakes  parse.Diagnostics
}

// ExaminedPoint is one of an alias's points.
type ExaminedPoint struct {
	*parse.ProbePoint
	Places  int
	Why     *parse.Diagnostic // of a point that is not there
	Skipped bool              // one before it is enough
}

// Reason gives why a point is not there.
func (p *ExaminedPoint) Reason() string { return reasonOf(p.Why) }

// Served reports whether the kernel has a place for the alias.
func (a *ExaminedAlias) Served() bool {
	return slices.ContainsFunc(a.Points, func(p ExaminedPoint) bool { return p.Places > 0 })
}

// ExamineLibrary resolves the functions and aliases of a library whose names are
// wanted, as if scripts used all of them and all of their variables.
func ExamineLibrary(library *parse.Library, wanted func(name string) bool, o Options) (*Examined, error) {
	o.Unoptimized = true
	x := &examiner{elaborator: newElaborator(library, o)}
	x.optional = 1                               // names that are like others help nobody here
	for _, name := range library.GlobalNames() { // files that have nothing else are read, too
		if wanted(name) {
			library.Global(name)
		}
	}
	x.takeFunctions(wanted)
	x.takeAliases(wanted)
	x.resolveProbes()
	x.settle()
	if x.failure != nil {
		return nil, x.failure
	}
	return x.examined(), nil
}

// examiner is an elaborator whose script is the library.
type examiner struct {
	*elaborator
	functions []examinedFunction
	aliases   []*examinedAlias
	said      parse.Diagnostics // while points were resolved
	wrong     bool              // a body has a mistake
}

type examinedFunction struct {
	text *parse.Function
	made *Function
}

type examinedAlias struct {
	ExaminedAlias
	handlers []*handlerSource
}

// isHelper reports whether a name says that what it names is for the library alone. What
// a kernel lacks of that is no loss unless something else needs it.
func isHelper(name string) bool { return strings.HasPrefix(name, "_") }

// takeFunctions makes functions of those that are wanted. Helpers come with what calls
// them, if a kernel has it call them.
func (x *examiner) takeFunctions(wanted func(string) bool) {
	seen := map[*parse.Function]bool{}
	add := func(file *parse.File, f *parse.Function) {
		if seen[f] || isHelper(f.Text) || !wanted(f.Text) {
			return
		}
		seen[f] = true
		x.take(file)
		if set := x.lookUpFunction(file, signature{f.Text, len(f.Parameters)}); set != nil {
			x.functions = append(x.functions, examinedFunction{f, x.memberOf(set, f)})
		}
	}
	for _, name := range x.library.FunctionNames() {
		for _, arity := range x.library.Arities(name) {
			overloads, file := x.library.Functions(name, arity)
			for _, f := range overloads {
				add(file, f)
			}
		}
	}
}

// memberOf gives what has been made of one of the overloads of a set.
func (x *examiner) memberOf(set *Function, f *parse.Function) *Function {
	for _, member := range set.Overloads {
		if source := x.sources[member]; source != nil && source.text == f {
			return member
		}
	}
	return set
}

// takeAliases resolves the points of the aliases that are wanted, each by itself.
func (x *examiner) takeAliases(wanted func(string) bool) {
	for _, alias := range x.library.Aliases("", wanted) {
		file := x.library.FileOf(alias.Position.Source)
		for _, name := range alias.Names {
			if !wanted(dotted(name)) {
				continue
			}
			a := &examinedAlias{ExaminedAlias: ExaminedAlias{Alias: alias, Name: dotted(name)}}
			x.aliases = append(x.aliases, a)
			x.resolvePoints(a, file, name)
			x.said = append(x.said, x.diagnostics...)
			x.diagnostics = nil
		}
	}
}

func (x *examiner) resolvePoints(a *examinedAlias, file *parse.File, name *parse.ProbePoint) {
	around := fileAlias{alias: a.Alias, file: file, name: a.Name}
	enough := false
	for _, point := range a.Alias.Points {
		p := ExaminedPoint{ProbePoint: point, Skipped: enough}
		if !enough {
			found, why := x.resolve(file, point, []*parse.Alias{a.Alias})
			p.Places, p.Why = len(found), why
			around.surround(found)
			for _, f := range found {
				h := x.handlerOf(f, file, name, &parse.Block{})
				x.probes = append(x.probes, h)
				a.handlers = append(a.handlers, h)
			}
			enough = point.Sufficient && len(found) > 0
		}
		a.Points = append(a.Points, p)
	}
	if len(a.handlers) > 0 {
		x.take(file)
	}
}

// settle finds all types.
func (x *examiner) settle() {
	for *x.changed = true; *x.changed && x.failure == nil; {
		*x.changed = false
		x.diagnostics = nil
		x.resolveProbes()
		x.said = append(x.said, x.diagnostics...)
		x.checkBodies()
	}
	x.wrong = x.diagnostics.Errors() > 0
}

// examined checks each body once more, and takes down what is said of it.
func (x *examiner) examined() *Examined {
	result := &Examined{}
	owned := map[*handlerSource]bool{}
	for _, a := range x.aliases {
		for i, h := range a.handlers {
			owned[h] = true
			a.Mistakes = append(a.Mistakes, x.mistakes(func() { h.check(x.elaborator) })...)
			a.Mistakes = append(a.Mistakes, x.untyped(h.probe.Locals)...)
			variables := h.aliasVariables()
			if i == 0 {
				a.Variables = variables
			}
			a.Variables = slices.DeleteFunc(a.Variables, func(v string) bool { return !slices.Contains(variables, v) })
		}
		a.Mistakes, _, _ = a.Mistakes.Fold()
		result.Aliases = append(result.Aliases, a.ExaminedAlias)
	}
	known := map[*Function]bool{}
	for _, f := range x.functions {
		known[f.made] = true
		result.Functions = append(result.Functions, x.examinedFunction(f))
	}
	for _, f := range x.program.Functions {
		if !known[f] && f.Overloads == nil {
			result.Rest = append(result.Rest, x.mistakes(func() { x.checkFunction(f) })...)
		}
	}
	for _, h := range x.probes {
		if !owned[h] {
			result.Rest = append(result.Rest, x.mistakes(func() { h.check(x.elaborator) })...)
		}
	}
	for _, d := range x.said {
		if d.Severity == parse.Error {
			result.Rest = append(result.Rest, d)
		}
	}
	result.Rest, _, _ = result.Rest.Fold()
	return result
}

// examinedFunction checks a function that no alias need use.
func (x *examiner) examinedFunction(f examinedFunction) ExaminedFunction {
	result := ExaminedFunction{Function: f.text, Result: f.made.Result}
	result.Mistakes = x.mistakes(func() { x.checkFunction(f.made) })
	result.Mistakes = append(result.Mistakes, x.untyped(f.made.Locals)...)
	for _, p := range f.made.Parameters {
		result.Parameters = append(result.Parameters, p.Type)
		if p.Type == parse.Unknown {
			result.Mistakes = append(result.Mistakes, semanticError(p.Token, fmt.Sprintf("nothing tells the type of the parameter %s of %s", p.Text, f.text.Text)))
		}
	}
	return result
}

// mistakes gives the errors that a check finds.
func (x *examiner) mistakes(check func()) parse.Diagnostics {
	x.diagnostics = nil
	check()
	found := slices.DeleteFunc(x.diagnostics, func(d *parse.Diagnostic) bool { return d.Severity != parse.Error })
	x.diagnostics = nil
	return found
}

// untyped says which locals are set to something whose type nothing tells, unless that may
// be so because of another mistake.
func (x *examiner) untyped(locals []*Variable) parse.Diagnostics {
	if x.wrong {
		return nil
	}
	var found parse.Diagnostics
	for _, v := range locals {
		if v.Assigned && v.Type == parse.Unknown {
			found = append(found, semanticError(v.Token, "unresolved type "))
		}
	}
	return found
}

// aliasVariables gives what the aliases around a body set. A name that begins with "_"
// is their own affair.
func (h *handlerSource) aliasVariables() []string {
	var variables []string
	for _, v := range h.probe.Locals {
		if !isHelper(v.Text) {
			variables = append(variables, v.Text+":"+v.Type.String())
		}
	}
	return variables
}

// Diagnostics says what is missing. It is an error where nothing is stated that serves
// instead, and information where it is: a point with "?" or "!", or an alias whose comment
// tells which kernels have it.
func (x *Examined) Diagnostics() parse.Diagnostics {
	var found parse.Diagnostics
	for _, f := range x.Functions {
		found = append(found, f.Mistakes...)
	}
	for i := range x.Aliases {
		found = append(found, x.Aliases[i].diagnostics()...)
	}
	return append(found, x.Rest...)
}

func (a *ExaminedAlias) diagnostics() parse.Diagnostics {
	var found parse.Diagnostics
	served, known := a.Served(), availability(parse.DocOf(a.Position))
	for _, p := range a.Points {
		if p.Why == nil {
			continue
		}
		d := &parse.Diagnostic{Kind: "semantic error", Position: p.Position, Message: fmt.Sprintf("%s: %s is not there: %s", a.Name, canonical(p.ProbePoint), reasonOf(p.Why)), Hint: p.Why.Hint, Notes: p.Why.Notes}
		if p.Optional || isHelper(a.Name) || known != "" {
			d.Kind, d.Severity, d.Hint, d.Notes = "", parse.Information, "", nil
		}
		found = append(found, d)
	}
	if !served && found.Errors() == 0 && !isHelper(a.Name) {
		found = append(found, &parse.Diagnostic{Severity: parse.Information, Position: a.Position,
			Message: a.Name + ": the kernel has none of its points", Hint: known})
	}
	if len(a.Mistakes) > 0 {
		for _, m := range a.Mistakes {
			m.Message = a.Name + ": " + m.Message
		}
		found = append(found, a.Mistakes...)
	}
	return found
}

// Summary counts what there is: "312 functions, 80 aliases: 70 with all of their points,
// 8 with some, 2 with none".
func (x *Examined) Summary() string {
	whole, partly, none := 0, 0, 0
	for i := range x.Aliases {
		a := &x.Aliases[i]
		switch {
		case !a.Served():
			none++
		case slices.ContainsFunc(a.Points, func(p ExaminedPoint) bool { return p.Why != nil }):
			partly++
		default:
			whole++
		}
	}
	return fmt.Sprintf("%d functions, %d aliases: %d with the first points that they state, %d with others, %d with none", len(x.Functions), len(x.Aliases), whole, partly, none)
}
