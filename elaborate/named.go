package elaborate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// This file finds functions by their names alone, with BTF and the symbol table.
// A name is enough if it has one address and one prototype. Names that have more,
// and functions of which there are only clones, made by the compiler with other
// parameters, are left to DWARF, and without it refused.

// Why names are not enough; the first word of each stands for the name.
const (
	severalAddresses  = "%s has several addresses: only debuginfo tells them apart"
	severalPrototypes = "%s is there several times: only debuginfo tells them apart"
	onlyClones        = "%s is there only as a clone of the compiler's, whose parameters may differ: only debuginfo tells them"
)

// functions finds the functions that the specification names.
func (q *codeQuery) functions() ([]*foundFunction, *parse.Diagnostic) {
	if !q.spec.matchScope() {
		return nil, q.noMatch()
	}
	if what := q.needsDWARF(); what != "" {
		info, d := q.needDebugInfo(what)
		if d != nil {
			return nil, d
		}
		found, d := q.described(info)
		if d != nil {
			return nil, d
		}
		return q.orNone(found)
	}
	systemCalls, d := q.systemCalls()
	if d != nil || len(systemCalls) > 0 && !q.spec.isPattern() {
		return systemCalls, d
	}
	if q.isMissingCall() {
		return nil, q.noMatch()
	}
	if q.form.everyCopy() || q.e.listing { // a listing has files and lines wherever these are known
		if found, known, d := q.describedAtHand(); d != nil {
			return nil, d
		} else if known {
			return q.orNone(append(systemCalls, found...))
		}
	}
	found, doubtful, d := q.named()
	if d != nil {
		return nil, d
	}
	if len(doubtful.reasons) > 0 || len(found)+len(systemCalls) == 0 {
		if found, known, d := q.describedAtHand(); d != nil {
			return nil, d
		} else if known {
			return q.orNone(append(systemCalls, found...))
		}
	}
	found = append(systemCalls, found...)
	if len(found) == 0 && len(doubtful.reasons) > 0 {
		return nil, q.doubtful(doubtful)
	}
	for _, reason := range doubtful.reasons {
		for _, name := range doubtful.names[reason] {
			q.left.add(name, reason)
		}
	}
	return q.orNone(found)
}

func (q *codeQuery) orNone(found []*foundFunction) ([]*foundFunction, *parse.Diagnostic) {
	switch {
	case len(found) > 0:
		return found, nil
	case q.inline > 0:
		return nil, semanticError(q.at, fmt.Sprintf("cannot probe .return of %d inlined function(s) %s", q.inline, q.spec.name))
	}
	return nil, q.noMatch()
}

// needsDWARF gives what of the point only DWARF can tell; "" if nothing.
func (q *codeQuery) needsDWARF() string {
	switch {
	case q.form.inline:
		return "inlined copies"
	case q.form.label != "":
		return "labels"
	case q.form.callee != "":
		return "calls"
	}
	return q.spec.needsDWARF()
}

// doubtful says why names are not enough, and what would be.
func (q *codeQuery) doubtful(doubtful leftOut) *parse.Diagnostic {
	message, _ := doubtful.message()
	d := semanticError(q.at, message)
	if missing, _ := atHand(q.object.info.err); missing != nil && missing.Hint != "" {
		d.Hint = missing.Hint
	} else {
		d.Hint = "name a function that there is once, such as one of its callers"
	}
	return d
}

// named finds functions by BTF and symbols; doubtful are those whose names are not
// enough.
func (q *codeQuery) named() (found []*foundFunction, doubtful leftOut, d *parse.Diagnostic) {
	prototypes, ambiguous, d := q.prototypes()
	if d != nil {
		return nil, doubtful, d
	}
	code, err := q.object.functionSymbols()
	if missing, failure := atHand(err); failure != nil {
		return nil, doubtful, q.fail(failure)
	} else if missing != nil { // names are all that there is
		for _, name := range ambiguous {
			doubtful.add(name, severalPrototypes)
		}
		for _, p := range prototypes {
			found = append(found, &foundFunction{name: p.Name, symbol: p.Name, prototype: p})
		}
		return found, doubtful, nil
	}
	byName := map[string]*debuginfo.Function{}
	for _, p := range prototypes {
		byName[p.Name] = p
	}
	several := map[string]bool{}
	for _, name := range ambiguous {
		several[name] = true
	}
	for _, name := range q.names(code) {
		own, clones, err := q.object.symbolsNamed(name)
		if err != nil {
			return nil, doubtful, q.fail(err)
		}
		switch {
		case len(own) > 1:
			doubtful.add(name, severalAddresses)
		case several[name]:
			doubtful.add(name, severalPrototypes)
		case len(own) == 0 && len(clones) > 0:
			doubtful.add(name, onlyClones)
		case len(own) == 1 && !q.form.wants(own[0]):
		case len(own) == 1:
			found = append(found, &foundFunction{name: name, symbol: name, entry: own[0].Address, placed: true, prototype: q.prototypeOf(name, own[0].Address, byName)})
		}
	}
	return found, doubtful, nil
}

// wants reports whether a function out of line is of the kind that the form wants.
func (f codeForm) wants(s debuginfo.Symbol) bool { return !f.exported || s.Global }

// names gives those that the specification matches, in the order of the addresses.
func (q *codeQuery) names(code []debuginfo.Symbol) []string {
	if !q.spec.isPattern() {
		return []string{q.spec.name}
	}
	var names []string
	seen := map[string]bool{}
	for _, s := range code {
		name := baseName(s.Name)
		if isPartOfFunction(s.Name) || seen[name] || !q.spec.matchName(name) {
			continue
		}
		seen[name] = true
		names = append(names, name)
	}
	return names
}

// prototypes gives those that BTF has of the names that the specification matches,
// and the names that it has several times.
func (q *codeQuery) prototypes() (once []*debuginfo.Function, several []string, d *parse.Diagnostic) {
	btf, err := q.object.btf()
	if missing, failure := atHand(err); failure != nil {
		return nil, nil, q.fail(failure)
	} else if missing != nil {
		if _, err := q.object.symbols(); err == nil { // without parameters
			return nil, nil, nil
		}
		if q.object.isKernel() { // nothing is at hand of it
			return nil, nil, q.fail(err)
		}
		return nil, nil, q.missing("names of functions", "the type information", missing)
	}
	if !q.spec.isPattern() {
		f, err := btf.Function(q.spec.name)
		switch {
		case errors.Is(err, debuginfo.ErrNotFound):
			return nil, nil, nil
		case errors.Is(err, debuginfo.ErrAmbiguous):
			return nil, []string{q.spec.name}, nil
		case err != nil:
			return nil, nil, q.fail(err)
		}
		return []*debuginfo.Function{f}, nil, nil
	}
	if once, err = btf.Functions(q.spec.matchName); err != nil {
		return nil, nil, q.fail(err)
	}
	known := map[string]bool{}
	for _, f := range once {
		known[f.Name] = true
	}
	for _, name := range btf.FunctionNames() {
		if !known[name] && q.spec.matchName(name) {
			several = append(several, name)
		}
	}
	slices.Sort(several)
	return once, slices.Compact(several), nil
}

// prototypeOf gives the prototype of a function by its name or, since one function
// can have several names, by another name of its address.
func (q *codeQuery) prototypeOf(name string, entry debuginfo.Address, known map[string]*debuginfo.Function) *debuginfo.Function {
	if f := known[name]; f != nil {
		return f
	}
	btf, err := q.object.btf()
	if err != nil {
		return nil
	}
	for _, s := range q.object.symbolsAt(entry) {
		if f := known[s.Name]; f != nil {
			return f
		}
		if q.spec.isPattern() { // a search of BTF for each of many would take long
			continue
		}
		if f, err := btf.Function(s.Name); err == nil {
			return f
		}
	}
	return nil
}

// fail ends the pass: something is wrong that is not the script's fault.
func (q *codeQuery) fail(err error) *parse.Diagnostic {
	q.e.failure = err
	return semanticError(q.at, err.Error())
}
