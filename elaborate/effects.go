package elaborate

import (
	"slices"

	"github.com/gostap/gostap/parse"
)

// Access says what is done to a global.
type Access int

// The ways to use a global. One that is only aggregated into may be used by
// several handlers at once: each CPU has its own part. All others but reading
// want it alone; so does sorting an array, which moves its elements.
const (
	Reads Access = 1 << iota
	Writes
	Aggregates
	Extracts
)

// Exclusive reports whether no other handler may use the global meanwhile.
func (a Access) Exclusive() bool { return a&(Writes|Extracts) != 0 }

// Effects knows what the functions of a program do to its globals.
type Effects struct {
	functions map[*Function]map[*Variable]Access
}

// NewEffects looks at all functions of a program.
func NewEffects(p *Program) *Effects {
	e := &Effects{functions: map[*Function]map[*Variable]Access{}}
	direct := map[*Function]map[*Variable]Access{}
	for _, f := range p.Functions {
		direct[f] = map[*Variable]Access{}
		for _, v := range f.Reads {
			direct[f][v] |= Reads
		}
		for _, v := range f.Writes {
			direct[f][v] |= Writes
		}
		collect(f.Body, direct[f])
		e.functions[f] = map[*Variable]Access{}
	}
	for _, f := range p.Functions {
		seen := map[*Function]bool{}
		var visit func(*Function)
		visit = func(g *Function) {
			if seen[g] {
				return
			}
			seen[g] = true
			for v, access := range direct[g] {
				e.functions[f][v] |= access
			}
			for _, callee := range slices.Concat(g.Calls, g.Overloads) {
				visit(callee)
			}
		}
		visit(f)
	}
	return e
}

// Of gives the globals that statements use, with the functions that they call.
func (e *Effects) Of(list []Statement) map[*Variable]Access {
	found := map[*Variable]Access{}
	collect(list, found)
	walkStatements(list, func(n any) {
		if call, ok := n.(*Call); ok {
			for v, access := range e.functions[call.Function] {
				found[v] |= access
			}
		}
	})
	return found
}

// collect notes what statements themselves do to globals.
func collect(list []Statement, found map[*Variable]Access) {
	note := func(v *Variable, access Access) {
		if v != nil && v.Global {
			found[v] |= access
		}
	}
	walkStatements(list, func(n any) {
		switch n := n.(type) {
		case *Load:
			note(n.Variable, Reads)
		case *Store:
			note(n.Variable, Writes)
		case *Step:
			note(n.Variable, Reads|Writes)
		case *Element:
			note(n.Array, Reads)
		case *StoreElement:
			note(n.Element.Array, Writes)
		case *Contains:
			note(n.Array, Reads)
		case *Aggregate:
			note(n.Variable, Aggregates)
		case *Extract:
			note(n.Variable, Extracts)
		case *Bucket:
			note(n.Buckets.Variable, Extracts)
		case *HasBucket:
			note(n.Buckets.Variable, Extracts)
		case *Print:
			for _, p := range n.Pieces {
				if p.Histogram != nil {
					note(p.Histogram.Variable, Extracts)
				}
			}
		case *Try:
			note(n.Message, Writes)
		case *Delete:
			note(n.Variable, Writes)
		case *Foreach:
			access := Reads
			if n.SortOrder != 0 {
				access |= Writes
			}
			if n.Array.Type == parse.Stats {
				access |= Extracts
			}
			note(n.Array, access)
			note(n.Value, Writes)
			for _, k := range n.Keys {
				note(k, Writes)
			}
		case *ForeachBucket:
			note(n.Buckets.Variable, Extracts)
			note(n.Key, Writes)
			note(n.Value, Writes)
		}
	})
}

// Alone reports whether no other handler runs while one of this place does.
func Alone(place Place) bool {
	switch place.(type) {
	case BeginPlace, EndPlace, ErrorPlace, NeverPlace:
		return true
	}
	return false
}

// markPerCPU finds the counters that CPUs can count apart, without a lock, where
// no handler can tell: a handler is atomic to the others. So
//
//   - who updates one does so once, by adding what is not negative (or all
//     subtract), drops the result, and uses no other global that can change;
//   - who reads one does so once, and reads no other of them.
//
// Then the sum over the CPUs, taken while others add, is the value at some
// moment between its first and last load, and it never goes back. begin, end and
// error handlers run alone and may do what they like.
func markPerCPU(p *Program) {
	effects := NewEffects(p)
	shared := map[*Variable]bool{}
	for _, probe := range p.Probes {
		if !Alone(probe.Place) {
			for v, access := range effects.Of(handler(probe)) {
				shared[v] = shared[v] || access&(Writes|Aggregates) != 0
			}
		}
	}
	directions := map[*Variable]int64{}
	candidates := map[*Variable]bool{}
	for v := range shared {
		candidates[v] = shared[v] && v.Keys == nil && v.Type == parse.Long
	}
	for _, probe := range p.Probes {
		if Alone(probe.Place) {
			continue
		}
		updates, others := effects.directUses(probe)
		for v, access := range effects.Of(handler(probe)) {
			if !candidates[v] {
				continue
			}
			update, updated := updates[v]
			switch {
			case access&Writes == 0:
				candidates[v] = others[v] == 1
			case !updated || others[v] > 0 || directions[v]*update < 0:
				candidates[v] = false
			default:
				directions[v] = update
				for other := range effects.Of(handler(probe)) {
					if other != v && shared[other] {
						candidates[v] = false
					}
				}
			}
		}
	}
	for _, probe := range p.Probes {
		if Alone(probe.Place) {
			continue
		}
		var read []*Variable
		for v, access := range effects.Of(handler(probe)) {
			if candidates[v] && access&Writes == 0 {
				read = append(read, v)
			}
		}
		if len(read) > 1 {
			for _, v := range read {
				candidates[v] = false
			}
		}
	}
	for v, is := range candidates {
		v.PerCPU = is
	}
}

// handler is all that a hit runs.
func handler(p *Probe) []Statement {
	if p.Condition == nil {
		return p.Body
	}
	return append([]Statement{&Evaluate{p.Position, p.Condition}}, p.Body...)
}

// directUses finds the updates of a handler that stand in no loop and are the
// only one of their variable, each with its direction (1 or -1), and counts the
// other uses of variables: one in a loop counts twice.
func (e *Effects) directUses(p *Probe) (updates map[*Variable]int64, others map[*Variable]int) {
	updates, others = map[*Variable]int64{}, map[*Variable]int{}
	loops := map[any]bool{}
	walkStatements(p.Body, func(n any) {
		switch n := n.(type) {
		case *Loop:
			inside := func(x any) { loops[x] = true }
			walkStatements(n.Body, inside)
			walkExpression(n.Condition, inside)
			walkExpression(n.Step, inside)
		case *Foreach:
			walkStatements(n.Body, func(x any) { loops[x] = true })
		case *ForeachBucket:
			walkStatements(n.Body, func(x any) { loops[x] = true })
		}
	})
	own := map[any]bool{} // the parts of an update that use its variable
	use := func(n any, v *Variable) {
		others[v]++
		if loops[n] {
			others[v]++
		}
	}
	walkStatements(handler(p), func(n any) {
		if s, ok := n.(*Evaluate); ok && !loops[n] {
			v, direction, parts := update(s.X)
			if v != nil && updates[v] == 0 {
				updates[v] = direction
				for _, part := range parts {
					own[part] = true
				}
			}
		}
		if own[n] {
			return
		}
		switch n := n.(type) {
		case *Load:
			use(n, n.Variable)
		case *Store:
			use(n, n.Variable)
		case *Step:
			use(n, n.Variable)
		case *Call: // who knows how often
			for v := range e.functions[n.Function] {
				others[v] += 2
			}
		}
	})
	return updates, others
}

// update recognises "n++" and "n += x" with an x that is not negative; the parts
// are the nodes that use n.
func update(x Expression) (v *Variable, direction int64, parts []any) {
	switch x := x.(type) {
	case *Step:
		if x.Variable.Global {
			return x.Variable, x.Delta, []any{x}
		}
	case *Store:
		b, ok := x.X.(*Binary)
		if !ok || !x.Variable.Global || b.Text != "+" && b.Text != "-" || !notNegative(b.Y) {
			break
		}
		if load, ok := b.X.(*Load); ok && load.Variable == x.Variable {
			direction = 1
			if b.Text == "-" {
				direction = -1
			}
			return x.Variable, direction, []any{x, load}
		}
	}
	return nil, 0, nil
}

// notNegative reports whether x is known to be 0 or more.
func notNegative(x Expression) bool {
	switch x := x.(type) {
	case *Number:
		return x.Value >= 0
	case *Argument:
		return !x.Signed && x.Size < 8
	case *ReturnValue:
		return !x.Signed && x.Size < 8
	case *Dereference:
		return !x.Signed && x.Size < 8
	case *Cast:
		return !x.Signed && x.Size < 8
	case *Unary:
		return x.Sign == "!"
	case *Binary:
		switch x.Text {
		case "==", "!=", "<", "<=", ">", ">=", "&&", "||":
			return true
		case "&":
			return notNegative(x.X) || notNegative(x.Y)
		}
	case *Contains, *HasBucket:
		return true
	}
	return false
}
