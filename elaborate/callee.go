package elaborate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// This file is about callees: kernel.function("f").callee("g") hits when g is
// entered from f. The probe is at g's entry, and its handler runs if g returns to
// one of the places behind the calls of it in f. Where g was inlined into f, the
// probe is at that copy and needs no such check. callees(n) goes on from there for
// n levels of calls, each of which is one more return address on the stack:
//
//	kernel.function("f").callees(2)     f calls g, g calls h
//	  .callee("g")                      at g, if it returns into f
//	  .callee("g").callee("h")          at h, if it returns into g, and g into f
//
// Calls are those that DWARF tells, by the name of what they call; those through
// pointers have none, and those that do not come back (tail calls) leave nothing on
// the stack to check.

// deepestCallees bounds the levels of callees(n).
const deepestCallees = 8

// CalledFrom tells whether the function that was hit has been called in one of
// several ways. Each is a chain of return addresses, the nearest caller's first, as
// distances from the place that was hit.
type CalledFrom struct {
	Chains [][]int64
	Inside bool // the place is not the function's entry
}

// Type is long.
func (*CalledFrom) Type() parse.Type { return parse.Long }

// String shows the chains: "+5 < -20, +71".
func (x *CalledFrom) String() string {
	var chains []string
	for _, chain := range x.Chains {
		var distances []string
		for _, distance := range chain {
			distances = append(distances, fmt.Sprintf("%+d", distance))
		}
		chains = append(chains, strings.Join(distances, " < "))
	}
	return strings.Join(chains, ", ")
}

// callersOf gives the callers that a place wants; nil if it hits whoever called.
func callersOf(p Place) *CalledFrom {
	if f := functionOf(p); f != nil {
		return f.callers
	}
	return nil
}

// calleeSearch goes from functions to what they call.
type calleeSearch struct {
	*codeQuery
	info  *debuginfo.Object
	byKey map[calleeKey]*calleeFound
	order []*calleeFound
	known map[string][]*debuginfo.Code
	names []string // of what is called, for messages
}

// calleeKey tells callees apart: by the way that a listing shows, and by the place.
type calleeKey struct {
	point string
	code  *debuginfo.Code
}

// calleeFound is a callee with all the ways in which it is called.
type calleeFound struct {
	point  string // ".callee(…)" and so on, of all levels
	callee *foundFunction
	chains [][]debuginfo.Address
}

// callees gives the places of what functions call.
func (q *codeQuery) callees(functions []*foundFunction) ([]site, *parse.Diagnostic) {
	info, d := q.needDebugInfo("calls")
	if d != nil {
		return nil, d
	}
	s := &calleeSearch{codeQuery: q, info: info, byKey: map[calleeKey]*calleeFound{}, known: map[string][]*debuginfo.Code{}}
	for _, f := range functions {
		if f.code == nil {
			continue
		}
		if d := s.follow(f.code, q.canonical(f, nil), nil, 1); d != nil {
			return nil, d
		}
	}
	if len(s.order) == 0 {
		d := semanticError(q.at, fmt.Sprintf("no match: no call of %s in %s is known", q.form.callee, q.spec.name))
		slices.Sort(s.names)
		d.Similar = parse.Closest(q.form.callee, slices.Compact(s.names), 5)
		return nil, d
	}
	return s.sites()
}

// follow notes the callees of a function that has been called in the way of chain.
func (s *calleeSearch) follow(code *debuginfo.Code, point string, chain []debuginfo.Address, level int64) *parse.Diagnostic {
	calls, err := s.info.Calls(code)
	if err != nil {
		return s.fail(err)
	}
	for _, call := range calls {
		if call.Name == "" {
			continue
		}
		s.names = append(s.names, call.Name)
		if !matchPattern(s.form.callee, call.Name) {
			continue
		}
		callee, way := call.Inlined, chain
		if callee == nil {
			if call.TailCall {
				continue
			}
			if callee = s.codeOf(call.Name, code); callee == nil || callee.Entry.Section != call.Returns.Section {
				continue
			}
			way = append([]debuginfo.Address{call.Returns}, chain...)
		}
		if callee.Inlined && (s.form.call || s.form.returns) {
			continue
		}
		below := fmt.Sprintf("%s.callee(%q)", point, describedFunction(callee))
		s.add(below, callee, way)
		if level < s.form.depth && len(s.order) <= s.e.options.maxPlaces() {
			if d := s.follow(callee, below, way, level+1); d != nil {
				return d
			}
		}
	}
	return nil
}

func (s *calleeSearch) add(point string, callee *debuginfo.Code, chain []debuginfo.Address) {
	key := calleeKey{point, callee}
	found := s.byKey[key]
	if found == nil {
		f := describedFunction(callee)
		if f.isOriginal() {
			f.prototype = s.prototypeOf(f.name, f.entry, nil)
		}
		found = &calleeFound{point: point, callee: f}
		s.byKey[key] = found
		s.order = append(s.order, found)
	}
	found.chains = append(found.chains, chain)
}

// codeOf finds the function out of line that a call in caller's code names: of
// several with the name the one in the caller's file.
func (s *calleeSearch) codeOf(name string, caller *debuginfo.Code) *debuginfo.Code {
	codes, known := s.known[name]
	if !known {
		found, err := s.info.Functions(debuginfo.Match{Name: func(n string) bool { return n == name }})
		if err == nil {
			codes = slices.DeleteFunc(found, func(c *debuginfo.Code) bool { return isPartOfFunction(c.Symbol) })
		}
		s.known[name] = codes
	}
	if len(codes) == 1 {
		return codes[0]
	}
	for _, c := range codes {
		if c.File == caller.File {
			return c
		}
	}
	return nil
}

// sites makes places of the callees that may be probed.
func (s *calleeSearch) sites() ([]site, *parse.Diagnostic) {
	var sites []site
	for _, found := range s.order {
		f := found.callee
		if r := s.object.refuse(f.name, f.symbol, f.code.File, f.entry, s.form.returns, s.e.options.Guru); r != nil {
			s.left.add(f.name, r.form)
			continue
		}
		made, d := s.site(f)
		if d != nil {
			return nil, d
		}
		made.point = found.point
		if suffix := s.suffix(); suffix != "" {
			made.point += "." + suffix
		}
		callers := &CalledFrom{Inside: f.code.Inlined}
		for _, chain := range found.chains {
			var distances []int64
			for _, a := range chain {
				distances = append(distances, int64(a.Offset-f.entry.Offset))
			}
			callers.Chains = append(callers.Chains, distances)
		}
		if !slices.ContainsFunc(callers.Chains, func(chain []int64) bool { return len(chain) == 0 }) {
			functionOf(made.place).callers = callers
		}
		made.dispensable = true
		sites = append(sites, made)
	}
	if len(sites) == 0 {
		return nil, s.refused(&refusal{why: "no callee is left that may be probed", final: true})
	}
	return sites, nil
}

// suffix is what stands behind callee(…): "call" or "return".
func (s *calleeSearch) suffix() string {
	last := s.point.Components[len(s.point.Components)-1].Text
	if last == "callee" || last == "callees" {
		return ""
	}
	return last
}
