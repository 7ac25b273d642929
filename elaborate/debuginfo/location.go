package debuginfo

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// OptimizedOutError says that a variable has no place at an instruction, because
// the compiler needed it no more, or not yet.
type OptimizedOutError struct {
	Name      string
	Available []Range // where it can be found, in the section of the instruction; ascending
	Entry     bool    // it is known as it was when the function was entered
}

func (e *OptimizedOutError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s is not available here", e.Name)
	for i, r := range e.Available {
		if i == 0 {
			text.WriteString(": it is at ")
		} else {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "%#x-%#x", r.Low, r.High)
	}
	return text.String()
}

// errNowhere is that a value has no place at the instruction.
var errNowhere = errors.New("the value is nowhere")

// locate gives the location of a value; errNowhere if it has none.
func (m *moment) locate(s valueSource, depth int) (*Location, error) {
	expression := s.expression
	switch {
	case s.constant != nil:
		return &Location{Pieces: []Piece{{Kind: IsBytes, Bytes: s.constant}}}, nil
	case s.list >= 0:
		list, err := s.unit.locationList(uint64(s.list))
		if err != nil {
			return nil, err
		}
		expression = expressionAt(list, m.address)
	}
	if len(expression) == 0 {
		return nil, errNowhere
	}
	location, err := m.decode(s.unit, expression, depth)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(location.Pieces, func(p Piece) bool { return p.Kind != Unavailable }) {
		return nil, errNowhere
	}
	return location, nil
}

// available lists the ranges in which a value can be found, joined where they
// meet.
func (m *moment) available(s valueSource) []Range {
	if s.list < 0 {
		return nil
	}
	list, err := s.unit.locationList(uint64(s.list))
	if err != nil {
		return nil
	}
	var ranges []Range
	for _, e := range list {
		if e.otherwise {
			continue
		}
		there := *m
		there.address, there.atEntry = e.Low, false
		alone := s
		alone.list, alone.expression = -1, e.expression
		if _, err := there.locate(alone, 0); err == nil {
			ranges = append(ranges, e.Range)
		}
	}
	slices.SortFunc(ranges, func(a, b Range) int { return cmp.Compare(a.Low, b.Low) })
	joined := ranges[:0]
	for _, r := range ranges {
		if n := len(joined); n > 0 && r.Low <= joined[n-1].High {
			joined[n-1].High = max(joined[n-1].High, r.High)
		} else {
			joined = append(joined, r)
		}
	}
	return joined
}
