// Package regex turns the pattern of =~ and !~ into an automaton.
//
// In: the pattern's text, after the escapes of the string literal. Out: a Regex with the tables that translate writes in C
// and Match interprets, so what the compiler folds and what the kernel runs cannot differ. The dialect is POSIX extended,
// by bytes: a text is any bytes up to a NUL.
//
// The pattern is read into a tree (syntax.go) and that into a nondeterministic program (program.go) with repetitions
// written out, a{2,3} as aa(a|). Two automata come from it.
//
// Search (search.go) answers yes or no. Its states are sets of places in the program, built by subset construction with
// the pattern's beginning added at every byte, since a match may begin anywhere. It stops as soon as the answer is known.
// For "ab+" over two classes of bytes and "other":
//
//	          a  b  other  end
//	state 0:  1  0    0    no         nothing yet
//	state 1:  1  yes  0    no         after an a
//
// Tagged (tagged.go) finds the groups as well and is built only for scripts that ask for them. Its states are lists of
// places in the order of preference, so the place of each item tells whose way came first. A match goes over the text
// twice: forward it notes the state at each byte and the last end of a match; backward from there each transition tells
// which item of the state before led to this one, and which groups began or ended in between. So time is linear in the
// text, memory two bytes for each of its bytes, and nothing is compared with alternatives at run time.
//
// Which match: the leftmost, of these the longest. Which groups: of all ways in which the pattern gives this match, the
// first in the order of preference, where a repetition rather goes on than ends and an earlier alternative goes before a
// later one. A group in a repetition tells its last turn. (POSIX would prefer the alternative that makes the group
// longest, which takes more than one way through the text: "(a|ab)(c|bcd)(d*)" on "abcd" gives "a" for group 1 here, as
// Go's and RE2's longest match does.)
package regex

import (
	"fmt"
	"strings"
)

// Regex is a compiled pattern.
type Regex struct {
	pattern string
	groups  int
	program *program
	search  *Search
	tagged  *Tagged
}

// Error is what is wrong with a pattern.
type Error struct {
	Offset  int // of the byte in the pattern at which the mistake begins
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%s at position %d", e.Message, e.Offset) }

// Parse compiles a pattern. The error is an *Error: a mistake, or an automaton out of bounds.
func Parse(pattern string) (*Regex, error) {
	r := reader{text: pattern}
	root, err := r.pattern()
	if err != nil {
		return nil, err
	}
	p := compile(root)
	search, err := newSearch(p)
	if err != nil {
		return nil, err
	}
	return &Regex{pattern: pattern, groups: r.groups, program: p, search: search}, nil
}

// TrackGroups builds the automaton that finds groups. The error is an *Error: it is out of bounds.
func (r *Regex) TrackGroups() error {
	if r.tagged != nil {
		return nil
	}
	tagged, err := newTagged(r.program)
	if err != nil {
		return err
	}
	r.tagged = tagged
	return nil
}

// Groups counts the groups in parentheses; group 0, the whole match, is not among them.
func (r *Regex) Groups() int { return r.groups }

// String gives the pattern.
func (r *Regex) String() string { return r.pattern }

// Search gives the automaton that answers yes or no.
func (r *Regex) Search() *Search { return r.search }

// Tagged gives the automaton that finds groups, nil before TrackGroups.
func (r *Regex) Tagged() *Tagged { return r.tagged }

// Match reports whether the pattern matches somewhere in a text, which ends before its first NUL. After TrackGroups it also
// gives where each group from 0 on begins and ends, in pairs, -1 for a group that took no part.
func (r *Regex) Match(text string) (groups []int, ok bool) {
	text, _, _ = strings.Cut(text, "\x00")
	if r.tagged == nil {
		return nil, r.search.match(text)
	}
	groups = r.tagged.match(text, r.groups)
	return groups, groups != nil
}
