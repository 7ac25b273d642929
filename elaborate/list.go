package elaborate

import (
	"math"
	"slices"
	"strings"

	"github.com/gostap/gostap/parse"
)

// Listed is a probe point of a listing.
type Listed struct {
	Point     string   // an alias's name, or the canonical point
	Variables []string // "name:type" of what an alias sets, then "$name:type", as C writes the type
	Addresses []string // of its places, as far as they are known: "_stext+0x34d8b0"
}

// List gives the points that those of the probes in wanted stand for, sorted, each
// once, with the variables that all places of a point have. The scripts may
// declare aliases. Diagnostics say why a point is none.
func List(wanted *parse.File, script []*parse.File, library *parse.Library, o Options) ([]Listed, parse.Diagnostics, error) {
	return list(wanted, script, library, o, false)
}

// ListNames gives the points alone, which is much faster.
func ListNames(wanted *parse.File, script []*parse.File, library *parse.Library, o Options) ([]Listed, parse.Diagnostics, error) {
	return list(wanted, script, library, o, true)
}

// listedPoint is one of those that the points in question stand for.
type listedPoint struct {
	*derivation
	handler *handlerSource // nil where only names are asked for
}

func list(wanted *parse.File, script []*parse.File, library *parse.Library, o Options, namesOnly bool) ([]Listed, parse.Diagnostics, error) {
	o.Unoptimized = true
	e := newElaborator(library, o)
	e.listing, e.namesOnly = true, namesOnly
	for _, file := range append(slices.Clone(script), wanted) {
		e.take(file)
	}
	e.resolved = math.MaxInt // no probes but those wanted
	var points []listedPoint
	for _, p := range wanted.Probes {
		for _, point := range p.Points {
			found, d := e.resolve(wanted, point, nil)
			if d != nil && !point.Optional {
				e.add(d)
			}
			for _, f := range found {
				l := listedPoint{derivation: f}
				if !namesOnly {
					l.handler = e.handlerOf(f, wanted, point, p.Body)
					e.probes = append(e.probes, l.handler)
				}
				points = append(points, l)
			}
		}
	}
	if e.failure != nil {
		return nil, nil, e.failure
	}
	unresolved := e.diagnostics
	if !namesOnly {
		e.settleTypes()
	}
	byName := make(map[string]*Listed, len(points))
	for _, p := range points {
		var variables []string
		if p.handler != nil {
			if p.handler.mistake != nil { // an inlined copy that would not be probed
				continue
			}
			variables = p.handler.variables()
		}
		l := byName[p.name]
		if l == nil {
			l = &Listed{Point: p.name, Variables: variables}
			byName[p.name] = l
		} else {
			l.Variables = slices.DeleteFunc(l.Variables, func(v string) bool { return !slices.Contains(variables, v) })
		}
		if f := functionOf(p.place); f != nil && f.At != (KernelAddress{}) {
			l.Addresses = append(l.Addresses, f.At.String())
		}
	}
	listed := make([]Listed, 0, len(byName))
	for _, l := range byName {
		slices.Sort(l.Addresses)
		l.Addresses = slices.Compact(l.Addresses)
		listed = append(listed, *l)
	}
	slices.SortFunc(listed, func(a, b Listed) int { return strings.Compare(a.Point, b.Point) })
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
