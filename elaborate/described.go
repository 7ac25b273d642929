package elaborate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// This file finds functions, their inlined copies and their labels by DWARF.

// needDebugInfo gives the object's DWARF, or says which part of the point asks
// for it.
func (q *codeQuery) needDebugInfo(what string) (*debuginfo.Object, *parse.Diagnostic) {
	info, err := q.object.debugInfo()
	missing, failure := atHand(err)
	switch {
	case failure != nil:
		return nil, q.fail(failure)
	case missing != nil:
		return nil, q.missing(what, dwarfSource, missing)
	}
	return info, nil
}

// describedAtHand finds functions by DWARF, unless that is not on this machine.
func (q *codeQuery) describedAtHand() (found []*foundFunction, known bool, d *parse.Diagnostic) {
	info, err := q.object.debugInfo()
	missing, failure := atHand(err)
	switch {
	case failure != nil:
		return nil, false, q.fail(failure)
	case missing != nil:
		return nil, false, nil
	}
	found, d = q.described(info)
	return found, true, d
}

// described finds functions by DWARF and, where no file is asked for, those that
// have a symbol only.
func (q *codeQuery) described(info *debuginfo.Object) ([]*foundFunction, *parse.Diagnostic) {
	codes, d := q.codes(info)
	if d != nil {
		return nil, d
	}
	var prototypes map[string]*debuginfo.Function
	if !q.e.namesOnly {
		if prototypes, d = q.prototypesByName(); d != nil {
			return nil, d
		}
	}
	var found []*foundFunction
	known := map[debuginfo.Address]bool{}
	for _, c := range codes {
		known[c.Entry] = known[c.Entry] || !c.Inlined
		if !q.takes(c) {
			continue
		}
		f := describedFunction(c)
		if f.isOriginal() {
			f.prototype = prototypes[c.Name]
		}
		found = append(found, f)
	}
	if q.spec.file == "" && !q.form.inline && q.form.label == "" && q.form.callee == "" {
		onlySymbols, d := q.symbolOnly(known)
		if d != nil {
			return nil, d
		}
		found = append(found, onlySymbols...)
	}
	return found, nil
}

// codes gives what DWARF has of the name, the file and the line.
func (q *codeQuery) codes(info *debuginfo.Object) ([]*debuginfo.Code, *parse.Diagnostic) {
	match := debuginfo.Match{Name: q.spec.matchName, Inlined: !q.form.call && !q.form.exported && !q.form.returns}
	if q.spec.file != "" {
		match.File = q.spec.matchFile
	}
	if q.e.namesOnly && q.form.everyCopy() && q.spec.lines.kind == noLine {
		return q.declarations(info, match)
	}
	codes, err := info.Functions(match)
	if err != nil {
		return nil, q.fail(err)
	}
	if len(codes) == 0 && q.form.returns {
		match.Inlined = true
		inlined, err := info.Functions(match)
		if err != nil {
			return nil, q.fail(err)
		}
		q.inline = len(inlined)
	}
	if q.spec.lines.kind != listedLines {
		return codes, nil
	}
	declared := slices.DeleteFunc(slices.Clone(codes), func(c *debuginfo.Code) bool { return !q.spec.lines.contains(c.Line) })
	if len(declared) > 0 {
		return declared, nil
	}
	return q.around(info, codes)
}

// declarations gives the functions for a listing of names: one out of line stands
// for its inlined copies, and one inlined copy for all others.
func (q *codeQuery) declarations(info *debuginfo.Object, match debuginfo.Match) ([]*debuginfo.Code, *parse.Diagnostic) {
	match.Inlined = false
	codes, err := info.Functions(match)
	if err != nil {
		return nil, q.fail(err)
	}
	match.Inlined = true
	all, err := info.Declarations(match)
	if err != nil {
		return nil, q.fail(err)
	}
	known := make(map[debuginfo.Declaration]bool, len(codes))
	for _, c := range codes {
		known[debuginfo.Declaration{Name: c.Name, File: c.File, Line: c.Line}] = true
	}
	for _, f := range all {
		if !known[f] {
			codes = append(codes, &debuginfo.Code{Name: f.Name, File: f.File, Line: f.Line, Inlined: true})
		}
	}
	return codes, nil
}

// around gives the functions that have code of the lines, where none is declared
// in one of them.
func (q *codeQuery) around(info *debuginfo.Object, codes []*debuginfo.Code) ([]*debuginfo.Code, *parse.Diagnostic) {
	low, high := q.spec.lines.bounds()
	records, err := info.Lines(q.spec.matchFile, low, high)
	if err != nil {
		return nil, q.fail(err)
	}
	records = slices.DeleteFunc(records, func(r debuginfo.LineRecord) bool { return !q.spec.lines.contains(r.Line) })
	around := slices.DeleteFunc(slices.Clone(codes), func(c *debuginfo.Code) bool {
		return !slices.ContainsFunc(records, func(r debuginfo.LineRecord) bool {
			return q.spec.matchFile(r.File) && r.File == c.File && covers(c, r.Address)
		})
	})
	if len(around) == 0 {
		return nil, nil
	}
	if q.form.returns {
		return nil, semanticError(q.at, fmt.Sprintf("conflict :%d and .return probe", low))
	}
	q.e.warn(q.at, "For probing a particular line, use a .statement() probe, not .function()")
	return around, nil
}

// covers reports whether an address is in a function's code.
func covers(c *debuginfo.Code, a debuginfo.Address) bool {
	return a.Section == c.Entry.Section && slices.ContainsFunc(c.Ranges, func(r debuginfo.Range) bool { return r.Low <= a.Offset && a.Offset < r.High })
}

// bounds gives the first and the last of the lines.
func (l lineSpec) bounds() (low, high int) {
	for i, r := range l.ranges {
		if i == 0 || r.low < low {
			low = r.low
		}
		high = max(high, r.high)
	}
	return low, high
}

// takes reports whether the point's form wants a copy of a function.
func (q *codeQuery) takes(c *debuginfo.Code) bool {
	f := q.form
	switch {
	case c.Inlined:
		return true
	case f.inline:
		return false
	case f.exported && !c.Exported:
		return false
	}
	// A part that was split off has the function's name in DWARF.
	return !isPartOfFunction(c.Symbol) || strings.Contains(q.spec.name, ".")
}

// prototypesByName gives what BTF has of the matching functions that it has once.
func (q *codeQuery) prototypesByName() (map[string]*debuginfo.Function, *parse.Diagnostic) {
	btf, err := q.object.btf()
	if err != nil || btf == nil {
		_, failure := atHand(err)
		if failure != nil {
			return nil, q.fail(failure)
		}
		return nil, nil
	}
	once, _, d := q.prototypes()
	byName := make(map[string]*debuginfo.Function, len(once))
	for _, f := range once {
		byName[f.Name] = f
	}
	return byName, d
}

// symbolOnly finds the functions that DWARF says nothing of, such as those written
// in assembly.
func (q *codeQuery) symbolOnly(known map[debuginfo.Address]bool) ([]*foundFunction, *parse.Diagnostic) {
	code, err := q.symbolsMeant()
	if err != nil {
		if _, failure := atHand(err); failure != nil {
			return nil, q.fail(failure)
		}
		return nil, nil
	}
	var found []*foundFunction
	for _, s := range code {
		if known[s.Address] || isPartOfFunction(s.Name) && q.spec.isPattern() || !q.form.wants(s) || !q.spec.matchName(s.Name) {
			continue
		}
		found = append(found, &foundFunction{name: s.Name, symbol: s.Name, entry: s.Address, placed: true})
	}
	return found, nil
}

// symbolsMeant gives the symbols of code among which those are that the point names.
func (q *codeQuery) symbolsMeant() ([]debuginfo.Symbol, error) {
	if q.spec.isPattern() {
		return q.object.functionSymbols()
	}
	own, _, err := q.object.symbolsNamed(q.spec.name)
	return own, err
}

// labels gives the places of labels in functions.
func (q *codeQuery) labels(functions []*foundFunction) ([]site, *parse.Diagnostic) {
	info, d := q.needDebugInfo("labels")
	if d != nil {
		return nil, d
	}
	functions, d = q.sieve(functions)
	if d != nil {
		return nil, d
	}
	var sites []site
	var names []string
	for _, f := range functions {
		if f.code == nil {
			continue
		}
		labels, err := info.Labels(f.code)
		if err != nil {
			return nil, q.fail(err)
		}
		for _, l := range labels {
			names = append(names, l.Name)
			if !matchPattern(q.form.label, l.Name) {
				continue
			}
			suffix := slices.Clone(q.point.Components[2:])
			for i := range suffix {
				if suffix[i].Text == "label" {
					suffix[i].Argument = &parse.StringLiteral{Token: literalToken(suffix[i].Argument), Value: l.Name}
				}
			}
			s, d := q.inside(f, l.Address, q.canonical(f, suffix))
			if d != nil {
				return nil, d
			}
			sites = append(sites, s)
		}
	}
	if len(sites) > 0 {
		return sites, nil
	}
	d = semanticError(q.at, fmt.Sprintf("no match: %s has no label %s", q.spec.name, q.form.label))
	slices.Sort(names)
	d.Similar = parse.Closest(q.form.label, slices.Compact(names), 5)
	return nil, d
}

// inside makes a place of an address in a function's code.
func (q *codeQuery) inside(f *foundFunction, a debuginfo.Address, point string) (site, *parse.Diagnostic) {
	at, d := q.address(a)
	if d != nil {
		return site{}, d
	}
	place := &FunctionPlace{Name: f.name, At: at, object: q.object, code: f.code, link: a}
	if a == f.entry && f.code != nil && !f.code.Inlined {
		place.prototype = f.prototype
		return site{place: place, point: point}, nil
	}
	return site{place: &StatementPlace{place}, point: point}, nil
}
