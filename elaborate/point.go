package elaborate

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/gostap/gostap/parse"
)

// derivation is one place that a script's point leads to, through aliases
// perhaps: their blocks go around the body.
type derivation struct {
	site
	name          string   // what a listing calls it: the alias that led to it, or the canonical point
	aliases       []string // that led to it, the nearest to the place first
	before, after []part   // prologues and epilogues, in the order in which they run
	conditions    []condition
}

// probe resolves the points of one probe; each place becomes a Probe of its own.
func (e *elaborator) probe(file *parse.File, p *parse.Probe) {
	for _, point := range p.Points {
		found, d := e.tryResolve(file, point, nil)
		if d != nil && !point.Optional {
			e.add(d)
		}
		for _, f := range found {
			e.probes = append(e.probes, e.handlerOf(f, file, point, p.Body))
		}
		if point.Sufficient && len(found) > 0 {
			return
		}
	}
}

// handlerOf puts the blocks of aliases around a body.
func (e *elaborator) handlerOf(f *derivation, file *parse.File, point *parse.ProbePoint, body *parse.Block) *handlerSource {
	h := &handlerSource{
		probe:      &Probe{Token: point.Token, Point: f.point, Written: canonical(point), Aliases: f.aliases, Place: f.place, Dispensable: f.dispensable || point.Optional},
		body:       len(f.before),
		conditions: f.conditions,
		spare:      f.spare,
		dead:       map[parse.Node]bool{},
	}
	h.parts = append(append(h.parts, f.before...), part{file, body})
	h.parts = append(h.parts, f.after...)
	return h
}

// tryResolve is resolve; of an optional point nobody asks for names that are like its own.
func (e *elaborator) tryResolve(file *parse.File, p *parse.ProbePoint, via []*parse.Alias) ([]*derivation, *parse.Diagnostic) {
	if p.Optional {
		e.optional++
		defer func() { e.optional-- }()
	}
	return e.resolve(file, p, via)
}

// resolve finds the places of a point. via are the aliases on the way to it.
func (e *elaborator) resolve(file *parse.File, p *parse.ProbePoint, via []*parse.Alias) ([]*derivation, *parse.Diagnostic) {
	var found []*derivation
	var first *parse.Diagnostic
	note := func(d *parse.Diagnostic) {
		if first == nil {
			first = d
		}
	}
	known := false // a family has it: an alias that it begins with has no say
	for _, f := range families() {
		for _, pattern := range f.patterns {
			matched := match(pattern, p)
			if matched == nil {
				continue
			}
			known = true
			sites, d := f.resolve(e, matched)
			if d != nil {
				note(d)
				continue
			}
			for _, s := range sites {
				found = append(found, &derivation{site: s, name: s.point})
			}
		}
	}
	through, d := e.aliases(p, via, known)
	if d != nil {
		note(d)
	}
	found = append(found, through...)
	if p.Condition != nil {
		for _, f := range found {
			f.conditions = append(f.conditions, condition{file, p.Condition})
		}
	}
	hasGlob := slices.ContainsFunc(p.Components, func(c parse.Component) bool { return isGlob(c.Text) })
	if hasGlob {
		found = withoutNever(found)
	}
	switch {
	case hasGlob && len(found) > 0: // what does not fit a pattern is passed over
		return found, nil
	case first != nil:
		return found, first
	case len(found) > 0:
		return found, nil
	}
	return nil, e.unknownPoint(p, hasGlob)
}

// withoutNever leaves out what never runs, as the return of exit(2), where a pattern stands for
// other places, too: a handler that is right in those need not be right there.
func withoutNever(found []*derivation) []*derivation {
	isNever := func(f *derivation) bool { return f.place == Place(NeverPlace{}) }
	if rest := slices.DeleteFunc(slices.Clone(found), isNever); len(rest) > 0 {
		return rest
	}
	return found
}

// unknownPoint says why nothing is known by a point's name.
func (e *elaborator) unknownPoint(p *parse.ProbePoint, hasGlob bool) *parse.Diagnostic {
	at := p.Components[0]
	if p.Optional { // nobody will read it
		return semanticError(at.Token, "probe point mismatch")
	}
	d := semanticError(at.Token, "while resolving probe point "+canonical(p)+": ")
	if hasGlob {
		d.Message += "probe point mismatch: didn't find any wildcard matches"
		return d
	}
	wanted := shape(p)
	names := e.pointNames()
	var longer []string
	for _, name := range names {
		if rest, ok := strings.CutPrefix(name, wanted+"."); ok {
			next, _, _ := strings.Cut(rest, ".")
			longer = append(longer, next)
		}
	}
	if longer != nil {
		sort.Strings(longer)
		d.Message += "probe point truncated (follow: " + strings.Join(slices.Compact(longer), " ") + ")"
		return d
	}
	// The first component that leads nowhere is the one to look at.
	for i := range p.Components {
		beginning := *p
		beginning.Components = p.Components[:i+1]
		known := slices.ContainsFunc(names, func(name string) bool {
			return name == shape(&beginning) || strings.HasPrefix(name, shape(&beginning)+".")
		})
		if !known {
			d.Position, d.Token = p.Components[i].Position, p.Components[i].Text
			break
		}
	}
	d.Message += "probe point mismatch"
	d.Similar = parse.Similar(wanted, names, 5)
	if d.Similar == nil {
		d.Hint = "points begin with: " + strings.Join(firstComponents(names), ", ")
	}
	return d
}

// pointNames lists the patterns of the families and the names of aliases.
func (e *elaborator) pointNames() []string {
	var names []string
	for _, f := range families() {
		names = append(names, f.patterns...)
	}
	for _, file := range e.files {
		for _, a := range file.Aliases {
			for _, name := range a.Names {
				names = append(names, dotted(name))
			}
		}
	}
	names = append(names, e.library.AliasNames()...)
	slices.Sort(names)
	return slices.Compact(names)
}

func firstComponents(names []string) []string {
	var first []string
	for _, name := range names {
		component, _, _ := strings.Cut(name, ".")
		component, _, _ = strings.Cut(component, "(")
		first = append(first, component)
	}
	slices.Sort(first)
	return slices.Compact(first)
}

// maxAliases is how many aliases may lead from a point to a place, maxExpansions
// how often aliases of a script are replaced in all.
const maxAliases, maxExpansions = 100, 100_000

// aliases replaces a point by the points of the aliases that it names. What
// follows an alias's name is appended to each of its points; whole: nothing does.
func (e *elaborator) aliases(p *parse.ProbePoint, via []*parse.Alias, whole bool) ([]*derivation, *parse.Diagnostic) {
	var found []*derivation
	var first, unserved *parse.Diagnostic
	for length := len(p.Components); length > 0 && !(whole && length < len(p.Components)); length-- {
		suffix := p.Components[length:]
		beginning := *p
		beginning.Components = p.Components[:length]
		named := e.aliasesNamed(&beginning)
		for _, a := range named {
			a.at, a.written = p.Token, canonical(p)
			if slices.Contains(via, a.alias) || len(via) > maxAliases {
				return nil, semanticError(p.Token, fmt.Sprintf("recursive loop in alias expansion of %s at %s", dotted(a.alias.Names[0]), a.alias.Position))
			}
			if e.expansions++; e.expansions > maxExpansions {
				return nil, semanticError(p.Token, fmt.Sprintf("aliases stand for more than %d points", maxExpansions))
			}
			through, d := e.expand(a, suffix, append(slices.Clip(via), a.alias))
			for _, f := range through {
				f.name = a.name
				for _, c := range suffix {
					f.name += "." + c.Text
				}
				f.aliases = append(f.aliases, f.name)
			}
			switch {
			case d == nil:
			case a.isOptional():
				unserved = d
			case first == nil:
				first = d
			}
			found = append(found, through...)
		}
		if found == nil && first == nil { // of several with one name it is enough that one is served
			first = unserved
		}
		if len(named) > 0 {
			if len(suffix) > 0 && first != nil && found == nil && e.resolvesWithoutSuffix(named, via) {
				first = semanticError(suffix[0].Token, fmt.Sprintf("invalid suffix for probe %s", dotted(&beginning)))
			}
			break
		}
	}
	return found, first
}

// isOptional reports whether an alias may stand for nothing: all of its points are optional.
func (a fileAlias) isOptional() bool {
	return !slices.ContainsFunc(a.alias.Points, func(p *parse.ProbePoint) bool { return !p.Optional })
}

// resolvesWithoutSuffix reports whether aliases have places, so that it is what follows
// their name that is wrong.
func (e *elaborator) resolvesWithoutSuffix(named []fileAlias, via []*parse.Alias) bool {
	said := len(e.diagnostics)
	defer func() { e.diagnostics = e.diagnostics[:said] }()
	for _, a := range named {
		if found, _ := e.expand(a, nil, append(slices.Clip(via), a.alias)); len(found) > 0 {
			return true
		}
	}
	return false
}

// fileAlias is an alias with the file whose names its blocks see.
type fileAlias struct {
	alias   *parse.Alias
	file    *parse.File
	name    string      // the one of its names that matched
	at      parse.Token // of what named it
	written string      // the whole point there
}

// aliasesNamed finds the aliases of a name, all that there are.
func (e *elaborator) aliasesNamed(p *parse.ProbePoint) []fileAlias {
	matches := func(name string) bool { return match(name, p) != nil }
	var found []fileAlias
	add := func(a *parse.Alias, file *parse.File) {
		for _, name := range a.Names {
			if matches(dotted(name)) {
				found = append(found, fileAlias{alias: a, file: file, name: dotted(name)})
			}
		}
	}
	for _, file := range e.files {
		if file.Source.Library {
			continue
		}
		for _, a := range file.Aliases {
			add(a, file)
		}
	}
	for _, a := range e.libraryAliases(p, matches) {
		add(a, e.library.FileOf(a.Position.Source))
	}
	return found
}

// libraryAliases are those of the library.
func (e *elaborator) libraryAliases(p *parse.ProbePoint, matches func(name string) bool) []*parse.Alias {
	pattern := false
	for _, c := range p.Components {
		if c.Argument != nil { // no alias has one
			return nil
		}
		pattern = pattern || isGlob(c.Text)
	}
	switch {
	case !pattern:
		return e.library.AliasesNamed(dotted(p))
	case isGlob(p.Components[0].Text):
		return e.library.Aliases("", matches)
	}
	return e.library.Aliases(p.Components[0].Text, matches)
}

// expand resolves an alias's points and puts its blocks around them.
func (e *elaborator) expand(a fileAlias, suffix []parse.Component, via []*parse.Alias) ([]*derivation, *parse.Diagnostic) {
	var found []*derivation
	var lacking []lackedPoint
	for _, point := range a.alias.Points {
		longer := *point
		longer.Components = append(slices.Clip(point.Components), suffix...)
		through, d := e.tryResolve(a.file, &longer, via)
		if d != nil {
			lacking = append(lacking, lackedPoint{&longer, d})
		}
		if d != nil && !point.Optional {
			if len(found) == 0 && a.file.Source.Library {
				return nil, e.unserved(a, lacking)
			}
			d.Notes = append(d.Notes, parse.Note{Position: a.alias.Position, Message: "expanded from the alias " + dotted(a.alias.Names[0])})
			return nil, d
		}
		found = append(found, through...)
		if point.Sufficient && len(through) > 0 {
			break
		}
	}
	if len(found) == 0 {
		return nil, e.unserved(a, lacking)
	}
	e.take(a.file)
	a.surround(found)
	return found, nil
}

// surround puts the alias's blocks around the places that it stands for.
func (a fileAlias) surround(found []*derivation) {
	for _, f := range found {
		if a.alias.Prologue != nil {
			f.before = append(f.before, part{a.file, a.alias.Prologue})
		}
		if a.alias.Epilogue != nil {
			f.after = append([]part{{a.file, a.alias.Epilogue}}, f.after...)
		}
	}
}
