package regex

import (
	"encoding/binary"
	"slices"
)

// Seed is the source of an item that no item of the state before led to: a match begins there.
const Seed = 0xffff

// Tagged is a deterministic automaton that remembers which way it came. Its states are lists of items. It begins in state 0,
// whose list's steps are the first of Steps, and ends after the text, or earlier in the state len(Next).
//
// A tag notes where a group begins (twice its number) or ends (one more).
type Tagged struct {
	Classes [256]uint8 // the class of each byte but NUL
	Width   int        // the number of classes
	Next    [][]uint16 // by state and class
	Origins [][]int    // by state and class: where in Steps those of the next state's list begin
	Steps   []Step     // how each item of a list came about
	Tags    []uint16   // lists that each end with 0; the first is empty
	Accept  []int      // by state: the item that ends a match, or -1
	AtEnd   []Step     // by state: the item that ends a match if the text ends here and what that notes, or Seed
}

// Step says how an item came about: From is an item of the state before, or Seed; Tags is where in Tagged.Tags the list of
// those begins that were passed.
type Step struct{ From, Tags uint16 }

// match gives the bounds of all groups, or nil.
func (t *Tagged) match(text string, groups int) []int {
	var (
		states []int // before each byte
		end    int
		last   = Step{From: Seed}
	)
	for state, i := 0, 0; state < len(t.Next); i++ {
		states = append(states, state)
		if item := t.Accept[state]; item >= 0 {
			end, last = i, Step{From: uint16(item)}
		}
		if i == len(text) {
			if t.AtEnd[state].From != Seed {
				end, last = i, t.AtEnd[state]
			}
			break
		}
		state = int(t.Next[state][t.Classes[text[i]]])
	}
	if last.From == Seed {
		return nil
	}
	bounds := slices.Repeat([]int{-1}, 2*(groups+1))
	at := end
	note := func(list uint16) {
		for ; t.Tags[list] != 0; list++ {
			if bound := &bounds[t.Tags[list]]; *bound < 0 {
				*bound = at
			}
		}
	}
	note(last.Tags)
	for ; ; at-- {
		origin := 0
		if at > 0 {
			origin = t.Origins[states[at-1]][t.Classes[text[at-1]]]
		}
		last = t.Steps[origin+int(last.From)]
		note(last.Tags)
		if last.From == Seed {
			break
		}
	}
	bounds[0], bounds[1] = at, end
	return bounds
}

// list is a state: its items in the order of preference. Those of matches that began earlier come first.
type list struct {
	items   []int32
	parts   []int32 // where the items of one beginning end
	decided bool    // a match was found: no later beginning can be better
}

func (l *list) key(begin bool) string {
	key := []byte{0, 0}
	if l.decided {
		key[0] = 1
	}
	if begin {
		key[1] = 1
	}
	key = appendKey(key, l.items)
	key = append(key, 0xff, 0xff, 0xff, 0xff)
	return string(appendKey(key, l.parts))
}

// tagger builds a Tagged.
type tagger struct {
	*walker
	Tagged
	lists  []list
	states map[string]uint16
	tagged map[string]uint16 // where in Tags a list is
	placed map[string]int    // where in Steps those of a list are

	// The list that is being made.
	list  list
	steps []Step
	from  uint16
}

func newTagged(p *program) (*Tagged, error) {
	t := &tagger{walker: newWalker(p), states: map[string]uint16{}, tagged: map[string]uint16{"": 0}, placed: map[string]int{}}
	t.Tagged = Tagged{Width: p.classCount - 1, Tags: []uint16{0}}
	for b, class := range p.classes {
		t.Tagged.Classes[b] = max(class, 1) - 1
	}
	t.found = func(item int32, tags []uint16) {
		t.list.items = append(t.list.items, item)
		t.steps = append(t.steps, Step{t.from, t.tagList(tags)})
	}
	t.open(false)
	t.begin = true
	t.seed()
	t.begin = false
	t.close(true)
	for state := 0; state < len(t.lists); state++ {
		next, origins := make([]uint16, t.Width), make([]int, t.Width)
		for class := range t.Width {
			t.advance(t.lists[state], uint8(class+1))
			next[class], origins[class] = t.close(false)
		}
		t.Next = append(t.Next, next)
		t.Origins = append(t.Origins, origins)
		t.accept(state)
		if len(t.lists) > mostStates || len(t.lists)*t.Width > mostTransitions || len(t.Steps) > mostSteps || len(t.Tags) > Seed || t.work > mostWork/8 {
			return nil, &errGroupsTooComplex
		}
	}
	for _, row := range t.Next {
		for class, next := range row {
			row[class] = min(next, uint16(len(t.Next)))
		}
	}
	return &t.Tagged, nil
}

// open begins a list.
func (t *tagger) open(decided bool) {
	t.restart()
	t.list = list{decided: decided}
	t.steps = t.steps[:0]
}

// part ends the items of one beginning. Once one of them accepts, later beginnings are of no interest.
func (t *tagger) part() {
	last := int32(len(t.list.items))
	if n := len(t.list.parts); last > 0 && (n == 0 || t.list.parts[n-1] < last) {
		t.list.parts = append(t.list.parts, last)
	}
	t.list.decided = t.list.decided || t.accepts
}

// seed adds the items of a match that begins here.
func (t *tagger) seed() {
	t.from = Seed
	t.walk(t.start)
	t.part()
}

// advance makes the list behind a byte.
func (t *tagger) advance(l list, class uint8) {
	t.open(l.decided)
	t.work += len(l.items)
	item := 0
	for _, end := range l.parts {
		for ; item < int(end); item++ {
			if i := &t.instructions[l.items[item]]; i.operation == opByte && t.sets[i.number].has(class) {
				t.from = uint16(item)
				t.walk(i.next)
			}
		}
		if t.part(); t.accepts {
			return
		}
	}
	if !l.decided {
		t.seed()
	}
}

// close ends a list. It gives the state and where its steps are.
func (t *tagger) close(begin bool) (state uint16, origin int) {
	if len(t.list.items) == 0 && !begin {
		return Seed, 0
	}
	key := t.list.key(begin)
	state, known := t.states[key]
	if !known {
		state = uint16(len(t.lists))
		t.states[key] = state
		t.lists = append(t.lists, t.list)
	}
	var steps []byte
	for _, s := range t.steps {
		steps = binary.LittleEndian.AppendUint32(steps, uint32(s.From)<<16|uint32(s.Tags))
	}
	origin, known = t.placed[string(steps)]
	if !known {
		origin = len(t.Steps)
		t.placed[string(steps)] = origin
		t.Steps = append(t.Steps, t.steps...)
	}
	return state, origin
}

// accept notes which items of a state end a match: the first, and the first if the text ends as well.
func (t *tagger) accept(state int) {
	items := t.lists[state].items
	t.Accept = append(t.Accept, slices.IndexFunc(items, func(item int32) bool { return t.instructions[item].operation == opAccept }))
	atEnd := Step{From: Seed}
	t.restart()
	keep := t.found
	t.found = func(item int32, tags []uint16) {
		if t.instructions[item].operation == opAccept {
			atEnd.Tags = t.tagList(tags)
		}
	}
	for number, item := range items {
		if t.acceptsAtEnd(item, state == 0) {
			atEnd.From = uint16(number)
			break
		}
	}
	t.found = keep
	t.AtEnd = append(t.AtEnd, atEnd)
}

// tagList gives where a list of tags is; as all are noted at the same byte, their order does not matter.
func (t *tagger) tagList(tags []uint16) uint16 {
	tags = slices.Clone(tags)
	slices.Sort(tags)
	var key []byte
	for _, tag := range tags {
		key = binary.LittleEndian.AppendUint16(key, tag)
	}
	at, known := t.tagged[string(key)]
	if !known {
		at = uint16(len(t.Tags))
		t.tagged[string(key)] = at
		t.Tags = append(append(t.Tags, tags...), 0)
	}
	return at
}
