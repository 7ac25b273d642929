package elaborate

import (
	"strconv"
	"strings"

	"github.com/gostap/gostap/parse"
)

// functionSpec is what stands in kernel.function("…") and kernel.statement("…"):
//
//	[scope::]name[@file[:line]]
//
// Names, scopes and files may be patterns.
type functionSpec struct {
	scope, name, file string // "" where it is not given
	lines             lineSpec
}

// lineKind says how lines are given.
type lineKind int

const (
	noLine       lineKind = iota
	listedLines           // ":10", ":10-20", ":10,12,20-30"
	everyLine             // ":*"
	relativeLine          // "+3": behind the line of the function's declaration
)

// lineSpec are the lines of a functionSpec.
type lineSpec struct {
	kind     lineKind
	ranges   []lineRange
	distance int // of relativeLine
}

// lineRange are the lines from low to high, both of them included.
type lineRange struct{ low, high int }

// contains reports whether a line is listed.
func (l lineSpec) contains(line int) bool {
	for _, r := range l.ranges {
		if r.low <= line && line <= r.high {
			return true
		}
	}
	return false
}

// parseSpec reads a specification; false if it has not that form.
func parseSpec(text string) (functionSpec, bool) {
	var s functionSpec
	function, file, hasFile := strings.Cut(text, "@")
	if i := strings.LastIndex(function, "::"); i >= 0 {
		s.scope, function = function[:i], function[i+2:]
	}
	s.name = function
	if s.name == "" || strings.ContainsAny(s.name, ":@ \t") {
		return s, false
	}
	if !hasFile {
		return s, true
	}
	// A "+" or ":" may be a part of the file's name, in front of the last one.
	at := strings.LastIndexAny(file, ":+")
	s.file = file
	if at >= 0 {
		lines, ok := parseLines(file[at], file[at+1:])
		switch {
		case ok:
			s.file, s.lines = file[:at], lines
		case file[at] == ':':
			return s, false
		}
	}
	return s, s.file != "" && !strings.HasSuffix(s.file, ":")
}

// parseLines reads what stands behind a ":" or "+".
func parseLines(sign byte, text string) (lineSpec, bool) {
	if sign == '+' {
		distance, err := strconv.ParseUint(text, 10, 31)
		return lineSpec{kind: relativeLine, distance: int(distance)}, err == nil
	}
	if text == "*" {
		return lineSpec{kind: everyLine}, true
	}
	l := lineSpec{kind: listedLines}
	for _, part := range strings.Split(text, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		low, err := strconv.ParseUint(from, 10, 31)
		if err != nil || low == 0 {
			return l, false
		}
		high, err := strconv.ParseUint(to, 10, 31)
		if err != nil || high < low {
			return l, false
		}
		l.ranges = append(l.ranges, lineRange{int(low), int(high)})
	}
	return l, true
}

// single reports whether it is one line, and which.
func (l lineSpec) single() (int, bool) {
	if l.kind == listedLines && len(l.ranges) == 1 && l.ranges[0].low == l.ranges[0].high {
		return l.ranges[0].low, true
	}
	return 0, false
}

// matchName reports whether a function's name is meant. Without a pattern only
// the name itself is.
func (s functionSpec) matchName(name string) bool {
	return matchPattern(s.name, name)
}

// matchFile reports whether a file is meant: by its path, or by the end of the
// path from a "/" on.
func (s functionSpec) matchFile(file string) bool {
	if s.file == "" {
		return true
	}
	for tail := file; ; {
		if matchPattern(s.file, tail) {
			return true
		}
		_, rest, found := strings.Cut(tail, "/")
		if !found {
			return false
		}
		tail = rest
	}
}

// matchScope reports whether a function that no other scope surrounds is meant, as
// all of C's are.
func (s functionSpec) matchScope() bool {
	return s.scope == "" || matchGlob(s.scope, "")
}

// isPattern reports whether it may stand for functions of several names.
func (s functionSpec) isPattern() bool { return isGlob(s.name) }

// needsDWARF gives what of the specification only DWARF can tell; "" if nothing.
func (s functionSpec) needsDWARF() string {
	switch {
	case s.lines.kind != noLine:
		return "lines"
	case s.file != "":
		return "files"
	}
	return ""
}

// specOf reads the specification in a component's argument.
func specOf(c parse.Component) (functionSpec, *parse.Diagnostic) {
	literal, ok := c.Argument.(*parse.StringLiteral)
	if !ok {
		return functionSpec{}, semanticError(c.Token, "the specification must be a string")
	}
	spec, ok := parseSpec(literal.Value)
	if !ok {
		d := semanticError(literal.Token, "malformed specification")
		d.Hint = `it is "name", "name@file", "name@file:line" or, in a statement, "name@file+lines"`
		return spec, d
	}
	return spec, nil
}
