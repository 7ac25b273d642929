package elaborate

import (
	"fmt"

	"github.com/gostap/gostap/parse"
)

// display adds, for each of the script's globals that is written and never read,
// a probe that prints it at the end of the session:
//
//	n=5
//	name="text"
//	a["key",5]=7                        the largest first
//	s["key"] @count=2 @min=1 @max=9 @sum=10 @avg=5
func (e *elaborator) display(uses map[*Variable]Access) {
	for _, g := range e.program.Globals {
		access := uses[g]
		if g.Position.Source.Library || access&(Writes|Aggregates) == 0 || access&(Reads|Extracts) != 0 && !e.onlyUpdated(g) {
			continue
		}
		p := &Probe{
			Token: g.Token, Point: "end", Written: "end", Place: EndPlace{},
		}
		if g.Keys == nil {
			p.Body = e.displayScalar(g)
		} else {
			p.Body = e.displayArray(g, p)
		}
		e.program.Probes = append(e.program.Probes, p)
	}
}

// onlyUpdated reports whether all that reads a global is "n++" and the like whose
// value nobody uses.
func (e *elaborator) onlyUpdated(g *Variable) bool {
	only := true
	look := func(list []Statement) {
		own := map[any]bool{}
		walkStatements(list, func(n any) {
			switch n := n.(type) {
			case *Evaluate:
				switch x := n.X.(type) {
				case *Step:
					own[x] = true
				case *StoreElement:
					own[x], own[x.Element] = true, true
				case *Store:
					if b, ok := x.X.(*Binary); ok {
						if load, ok := b.X.(*Load); ok && load.Variable == x.Variable {
							own[load] = true
						}
					}
				}
			case *StoreElement:
				if n.Operator == "" {
					own[n.Element] = true
				}
			case *Step:
				only = only && (n.Variable != g || own[n])
			case *Load:
				only = only && (n.Variable != g || own[n])
			case *Element:
				only = only && (n.Array != g || own[n])
			case *Contains:
				only = only && n.Array != g
			case *Foreach:
				only = only && n.Array != g
			case *ForeachBucket:
				only = only && n.Buckets.Variable != g
			case *Extract:
				only = only && n.Variable != g
			case *Bucket:
				only = only && n.Buckets.Variable != g
			case *HasBucket:
				only = only && n.Buckets.Variable != g
			case *Print:
				for _, piece := range n.Pieces {
					only = only && (piece.Histogram == nil || piece.Histogram.Variable != g)
				}
			}
		})
	}
	for _, h := range e.probes {
		look(handler(h.probe))
	}
	for _, f := range e.program.Functions {
		look(f.Body)
	}
	return only
}

func (e *elaborator) displayScalar(g *Variable) []Statement {
	line := &Print{Token: g.Token}
	line.text(g.Text)
	if g.Type == parse.Stats {
		e.keepAll(g)
		line.text(" ")
		filled := *line
		filled.Pieces = append(append([]Piece(nil), line.Pieces...), e.extracts(g, nil)...)
		filled.text("\n")
		line.text("@count=0x0\n")
		count := &Extract{Token: g.Token, Function: "count", Variable: g}
		return []Statement{&If{
			Position: g.Position, Condition: count,
			Then: []Statement{&Evaluate{g.Position, &filled}}, Else: []Statement{&Evaluate{g.Position, line}},
		}}
	}
	line.text("=")
	line.Pieces = append(line.Pieces, e.shown(&Load{g}, g)...)
	line.text("\n")
	return []Statement{&Evaluate{g.Position, line}}
}

// displayArray walks an array, the largest values first.
func (e *elaborator) displayArray(g *Variable, p *Probe) []Statement {
	loop := &Foreach{Position: g.Position, Array: g, SortOrder: -1}
	var keys []Expression
	line := &Print{Token: g.Token}
	line.text(g.Text + "[")
	for i, t := range g.Keys {
		key := &Variable{Token: parse.Token{Position: g.Position, Text: fmt.Sprintf("key%d", i+1)}, Type: t, Assigned: true}
		p.Locals = append(p.Locals, key)
		loop.Keys = append(loop.Keys, key)
		keys = append(keys, &Load{key})
		if i > 0 {
			line.text(",")
		}
		line.Pieces = append(line.Pieces, e.shown(&Load{key}, nil)...)
	}
	line.text("]")
	if g.Type == parse.Stats {
		e.keepAll(g)
		loop.SortByStat = "count"
		line.text(" ")
		line.Pieces = append(line.Pieces, e.extracts(g, keys)...)
	} else {
		value := &Variable{Token: parse.Token{Position: g.Position, Text: "value"}, Type: g.Type, Assigned: true}
		p.Locals = append(p.Locals, value)
		loop.Value = value
		line.text("=")
		line.Pieces = append(line.Pieces, e.shown(&Load{value}, g)...)
	}
	line.text("\n")
	loop.Body = []Statement{&Evaluate{g.Position, line}}
	return []Statement{loop}
}

// keepAll keeps what is displayed of statistics.
func (e *elaborator) keepAll(g *Variable) {
	if g.Statistics == nil {
		g.Statistics = &Statistics{}
	}
	g.Statistics.Sum, g.Statistics.Min, g.Statistics.Max = true, true, true
}

func (e *elaborator) extracts(g *Variable, keys []Expression) []Piece {
	var pieces []Piece
	for i, function := range []string{"count", "min", "max", "sum", "avg"} {
		lead := "@" + function + "="
		if i > 0 {
			lead = " " + lead
		}
		pieces = append(pieces, Piece{Text: lead},
			Piece{X: &Extract{Token: g.Token, Function: function, Variable: g, Keys: keys}, Conversion: Conversion{Verb: 'd'}})
	}
	return pieces
}

// shown prints a value as it could stand in a script; a pointer in hexadecimal.
func (e *elaborator) shown(x Expression, of *Variable) []Piece {
	if x.Type() == parse.String {
		return []Piece{{Text: `"`}, {X: x, Conversion: Conversion{Flag: '#', Verb: 's'}}, {Text: `"`}}
	}
	conversion := Conversion{Verb: 'd'}
	if of != nil && e.pointees[of] != nil {
		conversion = Conversion{Flag: '#', Verb: 'x'}
	}
	return []Piece{{X: x, Conversion: conversion}}
}

// warnOfGlobals points out the script's globals that are read and never written.
func (e *elaborator) warnOfGlobals() {
	for _, g := range e.program.Globals {
		if !g.Assigned && !g.Position.Source.Library {
			e.warn(g.Token, fmt.Sprintf("never-assigned global variable '%s'", g.Text))
		}
	}
}
