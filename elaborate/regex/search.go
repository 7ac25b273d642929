package regex

import (
	"encoding/binary"
	"slices"
)

// The bounds of an automaton.
const (
	mostStates      = 16_384
	mostTransitions = 1 << 17
	mostSteps       = 1 << 17 // of Tagged
	mostWork        = 1 << 25 // instructions visited to build it
)

var (
	errTooComplex       = Error{0, "the regular expression is too complex: it needs too many states"}
	errGroupsTooComplex = Error{0, "the regular expression is too complex for its groups to be told, which matched() or ngroups() asks for"}
)

// Search is a minimal deterministic automaton. It begins in Start, goes over a text with the NUL behind it, and ends as soon
// as the state is none of Next: len(Next) says no, len(Next)+1 yes. After the NUL it always is.
type Search struct {
	Classes [256]uint8 // the class of each byte
	Width   int        // the number of classes
	Next    [][]uint16 // by state and class
	Start   uint16
}

func (s *Search) match(text string) bool {
	state := int(s.Start)
	for i := 0; state < len(s.Next); i++ {
		var b byte
		if i < len(text) {
			b = text[i]
		}
		state = int(s.Next[state][s.Classes[b]])
	}
	return state > len(s.Next)
}

// The states of an automaton that is being built; the two that end the search are first.
const (
	failed = iota
	matched
	undecided
)

// newSearch makes the automaton of all places in which a match can be that began at any byte so far.
func newSearch(p *program) (*Search, error) {
	w := newWalker(p)
	var (
		sets   = [][]int32{failed: nil, matched: nil}
		next   = [][]int32{failed: make([]int32, p.classCount), matched: slices.Repeat([]int32{matched}, p.classCount)}
		states = map[string]int32{}
		key    []byte
	)
	enter := func(begin bool) int32 { // the state of the walker's items
		slices.Sort(w.items)
		switch {
		case w.accepts:
			return matched
		case len(w.items) == 0:
			return failed
		}
		key = append(key[:0], 0)
		if begin {
			key[0] = 1
		}
		key = appendKey(key, w.items)
		state, known := states[string(key)]
		if !known {
			state = int32(len(sets))
			states[string(key)] = state
			sets = append(sets, slices.Clone(w.items))
		}
		return state
	}
	w.restart()
	w.begin = true
	w.walk(p.start)
	w.begin = false
	start := enter(true)
	for state := undecided; state < len(sets); state++ {
		row := make([]int32, p.classCount)
		w.restart()
		for _, item := range sets[state] {
			if w.acceptsAtEnd(item, state == undecided) {
				row[0] = matched
				break
			}
		}
		for class := 1; class < p.classCount; class++ {
			w.restart()
			for _, item := range sets[state] {
				if i := &p.instructions[item]; i.operation == opByte && p.sets[i.number].has(uint8(class)) {
					w.walk(i.next)
				}
			}
			w.walk(p.start)
			row[class] = enter(false)
			w.work += len(sets[state])
		}
		next = append(next, row)
		if len(sets) > mostStates || w.work > mostWork {
			return nil, &errTooComplex
		}
	}
	s := finish(p, next, start)
	if len(s.Next)*s.Width > mostTransitions {
		return nil, &errTooComplex
	}
	return s, nil
}

func appendKey(key []byte, numbers []int32) []byte {
	for _, n := range numbers {
		key = binary.LittleEndian.AppendUint32(key, uint32(n))
	}
	return key
}

// finish makes the automaton minimal and numbers its states from the start.
func finish(p *program, next [][]int32, start int32) *Search {
	start = decide(next, start)
	blocks := minimise(next)
	s := &Search{Width: p.classCount, Classes: p.classes}
	var order []int32 // a state of each block that can be reached
	numbers := map[int32]int{}
	visit := func(state int32) {
		if b := blocks[state]; b != blocks[failed] && b != blocks[matched] {
			if _, known := numbers[b]; !known {
				numbers[b] = len(order)
				order = append(order, state)
			}
		}
	}
	visit(start)
	for i := 0; i < len(order); i++ {
		for _, state := range next[order[i]] {
			visit(state)
		}
	}
	numbers[blocks[failed]], numbers[blocks[matched]] = len(order), len(order)+1
	s.Start = uint16(numbers[blocks[start]])
	for _, state := range order {
		row := make([]uint16, p.classCount)
		for class, to := range next[state] {
			row[class] = uint16(numbers[blocks[to]])
		}
		s.Next = append(s.Next, row)
	}
	s.joinClasses()
	return s
}

// sources lists, for each class and state, the states that go there: those of class c and state s are
// from[first[c*states+s]:first[c*states+s+1]].
func sources(next [][]int32) (from, first []int32) {
	states, classes := len(next), len(next[0])
	first = make([]int32, states*classes+1)
	for _, row := range next {
		for class, to := range row {
			first[class*states+int(to)+1]++
		}
	}
	for i := 1; i < len(first); i++ {
		first[i] += first[i-1]
	}
	from = make([]int32, states*classes)
	at := slices.Clone(first)
	for state, row := range next {
		for class, to := range row {
			place := &at[class*states+int(to)]
			from[*place] = int32(state)
			*place++
		}
	}
	return from, first
}

// decide sends transitions to states that can only fail, or only match, there at once. It gives the new start.
func decide(next [][]int32, start int32) int32 {
	from, first := sources(next)
	reach := func(goal int32) []bool {
		reaches := make([]bool, len(next))
		reaches[goal] = true
		for work := []int32{goal}; len(work) > 0; {
			state := work[len(work)-1]
			work = work[:len(work)-1]
			for class := range next[0] {
				at := class*len(next) + int(state)
				for _, source := range from[first[at]:first[at+1]] {
					if !reaches[source] {
						reaches[source] = true
						work = append(work, source)
					}
				}
			}
		}
		return reaches
	}
	canFail, canMatch := reach(failed), reach(matched)
	verdict := func(state int32) int32 {
		switch {
		case !canMatch[state]:
			return failed
		case !canFail[state]:
			return matched
		}
		return state
	}
	for _, row := range next {
		for class, to := range row {
			row[class] = verdict(to)
		}
	}
	return verdict(start)
}

// minimise finds the states that no text tells apart, by Hopcroft's algorithm; it gives the block of each state.
func minimise(next [][]int32) []int32 {
	states, classes := len(next), len(next[0])
	from, first := sources(next)
	type block struct{ begin, end, marked int32 } // of order; those marked are in front
	order, place, blockOf := make([]int32, states), make([]int32, states), make([]int32, states)
	order[0], order[1] = matched, failed
	for i := undecided; i < states; i++ {
		order[i] = int32(i)
	}
	for i, state := range order {
		place[state] = int32(i)
		blockOf[state] = min(int32(i), 1)
	}
	blocks := []block{{0, 1, 0}, {1, int32(states), 0}}
	type splitter struct{ block, class int32 }
	var work []splitter
	waiting := map[splitter]bool{}
	push := func(s splitter) {
		waiting[s] = true
		work = append(work, s)
	}
	for class := range classes {
		push(splitter{0, int32(class)})
	}
	var members, touched []int32
	for len(work) > 0 {
		s := work[len(work)-1]
		work = work[:len(work)-1]
		delete(waiting, s)
		members, touched = members[:0], touched[:0]
		for _, state := range order[blocks[s.block].begin:blocks[s.block].end] {
			at := int(s.class)*states + int(state)
			members = append(members, from[first[at]:first[at+1]]...)
		}
		for _, state := range members {
			b := &blocks[blockOf[state]]
			if b.marked == 0 {
				touched = append(touched, blockOf[state])
			}
			to := b.begin + b.marked
			other := order[to]
			order[to], order[place[state]] = state, other
			place[other], place[state] = place[state], to
			b.marked++
		}
		for _, number := range touched {
			b := &blocks[number]
			marked := b.marked
			b.marked = 0
			if marked == b.end-b.begin {
				continue
			}
			created := int32(len(blocks))
			blocks = append(blocks, block{b.begin, b.begin + marked, 0})
			b = &blocks[number]
			b.begin += marked
			for _, state := range order[blocks[created].begin:blocks[created].end] {
				blockOf[state] = created
			}
			for class := range classes {
				smaller := number
				if marked < b.end-b.begin || waiting[splitter{number, int32(class)}] {
					smaller = created
				}
				push(splitter{smaller, int32(class)})
			}
		}
	}
	return blockOf
}

// joinClasses joins the classes that no state tells apart.
func (s *Search) joinClasses() {
	joined := map[string]uint8{}
	classes := make([]uint8, s.Width)
	var kept []int
	for class := range s.Width {
		var key []byte
		for _, row := range s.Next {
			key = binary.LittleEndian.AppendUint16(key, row[class])
		}
		number, known := joined[string(key)]
		if !known {
			number = uint8(len(kept))
			joined[string(key)] = number
			kept = append(kept, class)
		}
		classes[class] = number
	}
	for b, class := range s.Classes {
		s.Classes[b] = classes[class]
	}
	for i, row := range s.Next {
		narrow := make([]uint16, len(kept))
		for number, class := range kept {
			narrow[number] = row[class]
		}
		s.Next[i] = narrow
	}
	s.Width = len(kept)
}
