package elaborate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
)

// This file is about tracepoints: probe kernel.trace("sched:sched_switch"),
// kernel.tracepoint("sched_switch") and module("nfs").tracepoint("nfs_*"). Their
// names and arguments come from BTF, which has a function for each that calls what
// is registered there; their systems from what is known of the kernel beside that.
//
// kernel.trace is about the tracepoints of the kernel itself. Only if none of them
// matches are the modules looked at: so what "*" stands for does not depend on
// which modules there are. A tracepoint of a module is probed while that is loaded.

// TracepointPlace is a tracepoint of the kernel or of a module.
type TracepointPlace struct {
	Name     string
	System   string // "": not known, or it is no trace event
	Module   string // "": the kernel
	Words    int    // how many of its arguments are used, from the first one on
	numbered bool   // $arg1 and so on are its arguments, too
	known    bool   // what its arguments are
	passes   []debuginfo.Parameter
}

func (*TracepointPlace) order() order { return order{stage: stageArm} }

// maxWords is how many words of a tracepoint's arguments can be had.
const maxWords = 12

func traceFamily() family {
	return family{patterns: []string{`kernel.trace(string)`}, resolve: resolveTrace}
}

func tracepointFamily() family {
	return family{
		patterns: []string{`kernel.tracepoint(string)`, `module(string).tracepoint(string)`},
		resolve:  resolveTracepoint,
	}
}

// tracepointQuery is what a point asks for.
type tracepointQuery struct {
	*elaborator
	point          *parse.ProbePoint
	name           *parse.StringLiteral
	system, wanted string // patterns; system "" is any
	numbered       bool
}

// resolveTrace finds the tracepoints of kernel.trace("SYSTEM:NAME") or ("NAME").
func resolveTrace(e *elaborator, p *parse.ProbePoint) ([]site, *parse.Diagnostic) {
	q := newTracepointQuery(e, p)
	if system, name, ok := strings.Cut(q.wanted, ":"); ok {
		q.system, q.wanted = system, name
		if system == "" || name == "" || strings.Contains(name, ":") {
			d := semanticError(q.name.Token, "malformed specification of a tracepoint")
			d.Hint = "write its name, or its system and name: \"sched:sched_switch\""
			return nil, d
		}
	}
	sites, names, d := q.ofKernel()
	if d != nil || sites != nil {
		return sites, d
	}
	sites, more, d := q.ofModules(func(string) bool { return true })
	if d != nil || sites != nil {
		return sites, d
	}
	return nil, q.noMatch(append(names, more...))
}

// resolveTracepoint finds those of kernel.tracepoint("NAME") and
// module("MODULE").tracepoint("NAME").
func resolveTracepoint(e *elaborator, p *parse.ProbePoint) (sites []site, d *parse.Diagnostic) {
	q := newTracepointQuery(e, p)
	q.numbered = true
	var names []string
	module, ok := p.Components[0].Argument.(*parse.StringLiteral)
	switch {
	case !ok:
		sites, names, d = q.ofKernel()
	case isGlob(module.Value):
		pattern := kernel.ModuleName(module.Value)
		sites, names, d = q.ofModules(func(name string) bool { return matchGlob(pattern, name) })
	default:
		sites, names, d = q.ofModule(module)
	}
	if d != nil || sites != nil {
		return sites, d
	}
	return nil, q.noMatch(names)
}

func newTracepointQuery(e *elaborator, p *parse.ProbePoint) *tracepointQuery {
	q := &tracepointQuery{elaborator: e, point: p}
	q.name, _ = p.Components[1].Argument.(*parse.StringLiteral)
	q.wanted = q.name.Value
	return q
}

// matches tells whether a name is wanted, as far as the name alone tells.
func (q *tracepointQuery) matches(name string) bool {
	return matchPattern(q.wanted, name)
}

func (q *tracepointQuery) systemMatches(system string) bool {
	return q.system == "" || system != "" && matchPattern(q.system, system)
}

// fail keeps what is no mistake of the script.
func (q *tracepointQuery) fail(err error) *parse.Diagnostic {
	q.failure = err
	return semanticError(q.name.Token, err.Error())
}

// ofKernel finds those of the kernel itself. Where there is none, names are those
// that there are.
func (q *tracepointQuery) ofKernel() (sites []site, names []string, d *parse.Diagnostic) {
	btf, err := q.typeInformation()
	if err != nil {
		return nil, nil, q.fail(err)
	}
	tracepoints, err := btf.Tracepoints(q.matches)
	if err != nil {
		return nil, nil, q.fail(err)
	}
	for _, t := range tracepoints {
		system, err := q.systemOf(kernelObject, t.Name)
		if err != nil {
			return nil, nil, q.fail(err)
		}
		if q.systemMatches(system) {
			sites = append(sites, q.site(&TracepointPlace{Name: t.Name, System: system, known: true, passes: t.Parameters}))
		}
	}
	if sites != nil {
		return sites, nil, nil
	}
	all, err := btf.Tracepoints(func(string) bool { return true })
	if err != nil {
		return nil, nil, q.fail(err)
	}
	for _, t := range all {
		name := t.Name
		if q.system != "" {
			system, err := q.systemOf(kernelObject, name)
			if err != nil {
				return nil, nil, q.fail(err)
			}
			name = system + ":" + name
		}
		names = append(names, name)
	}
	return nil, names, nil
}

func (q *tracepointQuery) systemOf(object, name string) (string, error) {
	if q.options.TraceSystem == nil {
		return "", nil
	}
	return q.options.TraceSystem(object, name)
}

// ofModules finds those of the modules that are wanted.
func (q *tracepointQuery) ofModules(wanted func(module string) bool) (sites []site, names []string, d *parse.Diagnostic) {
	if q.options.TracedModules == nil {
		return nil, nil, nil
	}
	modules, err := q.options.TracedModules()
	if err != nil {
		return nil, nil, q.fail(err)
	}
	for _, module := range slices.Sorted(maps.Keys(modules)) {
		if !wanted(module) {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(modules[module])) {
			system := modules[module][name]
			if q.system != "" {
				names = append(names, system+":"+name)
			} else {
				names = append(names, name)
			}
			if !q.matches(name) || !q.systemMatches(system) {
				continue
			}
			place := &TracepointPlace{Name: name, System: system, Module: module}
			if d := q.describe(place); d != nil {
				return nil, nil, d
			}
			sites = append(sites, q.site(place))
		}
	}
	return sites, names, nil
}

// ofModule finds those of one module.
func (q *tracepointQuery) ofModule(module *parse.StringLiteral) (sites []site, names []string, d *parse.Diagnostic) {
	tracepoints, err := q.tracepointsOf(module.Value, func(string) bool { return true })
	if missing, failure := atHand(err); failure != nil {
		return nil, nil, q.fail(failure)
	} else if missing != nil {
		d := semanticError(module.Token, missing.Message)
		d.Hint = missing.Hint
		return nil, nil, d
	}
	for _, t := range tracepoints {
		names = append(names, t.Name)
		if !q.matches(t.Name) {
			continue
		}
		system, err := q.systemOf(module.Value, t.Name)
		if err != nil {
			return nil, nil, q.fail(err)
		}
		sites = append(sites, q.site(&TracepointPlace{Name: t.Name, System: system, Module: kernel.ModuleName(module.Value), known: true, passes: t.Parameters}))
	}
	return sites, names, nil
}

// tracepointsOf gives those of a module that are wanted, by its BTF or, where it carries none, its DWARF.
func (q *tracepointQuery) tracepointsOf(module string, wanted func(name string) bool) ([]*debuginfo.Function, error) {
	btf, err := q.object(module).btf()
	if err == nil {
		return btf.Tracepoints(wanted)
	}
	if _, failure := atHand(err); failure != nil {
		return nil, err
	}
	info, other := q.object(module).debugInfo()
	if missing, _ := atHand(other); missing != nil {
		return nil, err
	} else if other != nil {
		return nil, other
	}
	return info.Tracepoints(wanted)
}

// describe finds out what a module's tracepoint passes; of a module with neither BTF nor
// DWARF nothing is known.
func (q *tracepointQuery) describe(place *TracepointPlace) *parse.Diagnostic {
	tracepoints, err := q.tracepointsOf(place.Module, func(name string) bool { return name == place.Name })
	if missing, failure := atHand(err); failure != nil {
		return q.fail(failure)
	} else if missing != nil {
		return nil
	}
	for _, t := range tracepoints {
		place.known, place.passes = true, t.Parameters
	}
	return nil
}

// site names a tracepoint alone.
func (q *tracepointQuery) site(place *TracepointPlace) site {
	place.numbered = q.numbered
	name := place.Name
	if !q.numbered && place.System != "" {
		name = place.System + ":" + name
	}
	one := *q.point
	one.Components = slices.Clone(q.point.Components)
	one.Components[1].Argument = &parse.StringLiteral{Token: q.name.Token, Value: name}
	if place.Module != "" && q.numbered {
		one.Components[0].Argument = &parse.StringLiteral{Token: q.name.Token, Value: place.Module}
	}
	return site{place: place, point: canonical(&one), dispensable: isGlob(q.wanted) || isGlob(q.system)}
}

func (q *tracepointQuery) noMatch(names []string) *parse.Diagnostic {
	d := semanticError(q.name.Token, "no match")
	slices.Sort(names)
	if similar := parse.Closest(strings.Trim(q.name.Value, "*?"), slices.Compact(names), 5); len(similar) > 0 {
		d.Message += " (similar tracepoints: " + strings.Join(similar, ", ") + ")"
	}
	d.Hint = "stap -l 'kernel.trace(\"*\")' lists the kernel's tracepoints"
	return d
}

// variables are the arguments that a listing shows: those that can be had.
func (p *TracepointPlace) variables() []string {
	var variables []string
	for i, parameter := range p.passes {
		if _, why := p.argument(i); why == "" {
			variables = append(variables, "$"+parameter.Name+":"+parameter.Written())
		}
	}
	return variables
}

// group gives the arguments that "$$parms" and "$$vars" stand for.
func (p *TracepointPlace) group(name string) ([]string, bool) {
	if name != "$$vars" && name != "$$parms" {
		return nil, false
	}
	var names []string
	for _, parameter := range p.passes {
		names = append(names, "$"+parameter.Name)
	}
	return names, true
}

func (p *TracepointPlace) groups() []string {
	return []string{"$$vars", "$$parms", "$$name", "$$system"}
}

// text is what "$$name" and "$$system" are.
func (p *TracepointPlace) text(name string) (string, bool) {
	switch name {
	case "$$name":
		return p.Name, true
	case "$$system":
		return p.System, true
	}
	return "", false
}

// target finds the argument that a $variable names; of one that cannot be had, its
// type.
func (p *TracepointPlace) target(e *elaborator, t *parse.Target) (value, *parse.Diagnostic) {
	name := strings.TrimPrefix(t.Name, "$")
	for i, parameter := range p.passes {
		if parameter.Name != name && !p.isNumber(name, i) {
			continue
		}
		argument, why := p.argument(i)
		if why != "" {
			d := semanticError(t.Token, fmt.Sprintf("argument %s of tracepoint %s %s", t.Name, p.Name, why))
			return value{typ: parameter.Type}, d
		}
		p.Words = max(p.Words, argument.N+1)
		return value{x: argument, typ: parameter.Type}, nil
	}
	d := semanticError(t.Token, fmt.Sprintf("unable to find tracepoint variable '%s' of %s", t.Name, p.Name))
	var names []string
	for _, parameter := range p.passes {
		names = append(names, "$"+parameter.Name)
	}
	d.Similar = parse.Similar(t.Name, names, 5)
	switch {
	case !p.known:
		d.Hint = fmt.Sprintf("the module %s carries no BTF, which would say what the tracepoint passes; its debuginfo does, too (`stap prep --debuginfo=%[1]s`)", p.Module)
	case names == nil:
		d.Hint = "it passes nothing"
	default:
		d.Hint = "it passes " + strings.Join(names, ", ")
	}
	return value{}, d
}

// isNumber tells whether a name is that of argument i, from 0, by its number.
func (p *TracepointPlace) isNumber(name string, i int) bool {
	return p.numbered && name == "arg"+strconv.Itoa(i+1)
}

// argument finds argument i among the words that a tracepoint passes, or says why
// it cannot be had.
func (p *TracepointPlace) argument(i int) (*Argument, string) {
	size, why := registerValue(p.passes[i].Type)
	if why != "" {
		return nil, why
	}
	for _, before := range p.passes[:i] {
		// a structure that is not larger takes a word, what is larger several, and not always
		if debuginfo.SizeOf(before.Type) > 8 {
			return nil, fmt.Sprintf("stands behind $%s, which is wider than a register", before.Name)
		}
	}
	if i >= maxWords {
		return nil, fmt.Sprintf("is not one of the first %d", maxWords)
	}
	return &Argument{N: i, Size: size.size, Signed: size.signed, Traced: true}, ""
}
