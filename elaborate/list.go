package elaborate

import (
	"math"
	"slices"

	"github.com/gostap/gostap/parse"
)

// Listed is a probe point of a listing.
type Listed struct {
	Point     string   // an alias's name, or the canonical point
	Variables []string // "name:type" of what an alias sets, then "$name:type", as C writes the type
}

// List gives the points that those of the probes in wanted stand for, sorted, each
// once, with the variables that all places of a point have. The scripts may
// declare aliases. Diagnostics say why a point is none.
func List(wanted *parse.File, script []*parse.File, library *parse.Library, o Options) ([]Listed, parse.Diagnostics, error) {
	o.Unoptimized = true
	e := newElaborator(library, o)
	for _, file := range append(slices.Clone(script), wanted) {
		e.take(file)
	}
	e.resolved = math.MaxInt // no probes but those wanted
	var names []string
	for _, p := range wanted.Probes {
		for _, point := range p.Points {
			found, d := e.resolve(wanted, point, nil)
			if d != nil && !point.Optional {
				e.add(d)
			}
			for _, f := range found {
				e.probes = append(e.probes, e.handlerOf(f, wanted, point, p.Body))
				names = append(names, f.name)
			}
		}
	}
	if e.failure != nil {
		return nil, nil, e.failure
	}
	unresolved := e.diagnostics
	e.settleTypes()
	byName := map[string]*Listed{}
	for i, h := range e.probes {
		variables := h.variables()
		if known := byName[names[i]]; known != nil {
			known.Variables = slices.DeleteFunc(known.Variables, func(v string) bool { return !slices.Contains(variables, v) })
			continue
		}
		byName[names[i]] = &Listed{names[i], variables}
	}
	var listed []Listed
	for _, l := range byName {
		listed = append(listed, *l)
	}
	slices.SortFunc(listed, func(a, b Listed) int {
		switch {
		case a.Point < b.Point:
			return -1
		case a.Point > b.Point:
			return 1
		}
		return 0
	})
	return listed, unresolved, e.failure
}

// variables gives what a handler at this place can use.
func (h *handlerSource) variables() []string {
	var variables []string
	for _, v := range h.probe.Locals {
		variables = append(variables, v.Text+":"+v.Type.String())
	}
	if place, ok := h.probe.Place.(contextual); ok {
		variables = append(variables, place.variables()...)
	}
	return variables
}

// Forms gives the forms of probe points: "timer.s(number)", sorted.
func Forms() []string {
	var forms []string
	for _, f := range families() {
		forms = append(forms, f.patterns...)
	}
	slices.Sort(forms)
	return forms
}
