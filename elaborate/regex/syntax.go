package regex

import (
	"fmt"
	"strings"
)

// The bounds of a pattern.
const (
	countBound       = 12345 // repetition counts are below
	mostNesting      = 1000
	mostInstructions = 50_000
)

// set is a set of bytes. The NUL, which ends each text, is never in one.
type set [4]uint64

func (s *set) has(b byte) bool { return s[b/64]>>(b%64)&1 != 0 }

func (s *set) add(from, to byte) {
	for b := int(from); b <= int(to); b++ {
		s[b/64] |= 1 << (b % 64)
	}
	s[0] &^= 1
}

func (s *set) invert() {
	for i := range s {
		s[i] = ^s[i]
	}
	s[0] &^= 1
}

type kind int

const (
	nothing     kind = iota // the empty text
	oneOf                   // a byte of a set
	sequence                // one child after the other
	alternative             // one of the children
	repetition              // least to most times the child; most is -1 for any number
	group                   // the child, noting where it begins and ends
	textBegin               // ^
	textEnd                 // $
)

// node is a piece of a pattern.
type node struct {
	kind        kind
	set         set
	children    []*node
	least, most int
	number      int // of the group
	size        int // about how many instructions it takes
}

// reader reads a pattern, by recursive descent.
type reader struct {
	text   string
	at     int
	groups int
	depth  int
}

func (r *reader) fail(offset int, format string, arguments ...any) error {
	return &Error{offset, fmt.Sprintf(format, arguments...)}
}

// next reports whether the text goes on with this.
func (r *reader) next(text string) bool { return strings.HasPrefix(r.text[r.at:], text) }

// take is next, and steps over it.
func (r *reader) take(text string) bool {
	found := r.next(text)
	if found {
		r.at += len(text)
	}
	return found
}

func (r *reader) pattern() (*node, error) {
	n, err := r.alternatives()
	if err == nil && r.at < len(r.text) {
		err = r.fail(r.at, "unbalanced ')'")
	}
	return n, err
}

func (r *reader) alternatives() (*node, error) {
	n := &node{kind: alternative, size: 1}
	for {
		branch, err := r.sequence()
		if err != nil {
			return nil, err
		}
		n.children = append(n.children, branch)
		if n.size += branch.size + 1; n.size > mostInstructions {
			return nil, r.fail(r.at, "the regular expression is too large")
		}
		if !r.take("|") {
			break
		}
	}
	if len(n.children) == 1 {
		return n.children[0], nil
	}
	return n, nil
}

func (r *reader) sequence() (*node, error) {
	n := &node{kind: sequence, size: 1}
	for r.at < len(r.text) && !r.next("|") && !r.next(")") {
		piece, err := r.piece()
		if err != nil {
			return nil, err
		}
		n.children = append(n.children, piece)
		if n.size += piece.size; n.size > mostInstructions {
			return nil, r.fail(r.at, "the regular expression is too large")
		}
	}
	if len(n.children) == 1 {
		return n.children[0], nil
	}
	return n, nil
}

// piece reads an atom and the closures behind it.
func (r *reader) piece() (*node, error) {
	n, err := r.atom()
	for err == nil && r.at < len(r.text) && strings.IndexByte("*+?{", r.text[r.at]) >= 0 {
		start := r.at
		var least, most int
		if least, most, err = r.closure(); err != nil {
			break
		}
		if n.kind == textBegin || n.kind == textEnd {
			return nil, r.fail(start, "an anchor cannot be repeated: unexpected '%c'", r.text[start])
		}
		if n = repeat(n, least, most); n.size > mostInstructions {
			return nil, r.fail(start, "this repetition makes the regular expression too large")
		}
	}
	return n, err
}

// closure reads * + ? {n} {n,} {n,m}.
func (r *reader) closure() (least, most int, err error) {
	start := r.at
	r.at++
	switch r.text[start] {
	case '*':
		return 0, -1, nil
	case '+':
		return 1, -1, nil
	case '?':
		return 0, 1, nil
	}
	if least, err = r.count(); err != nil {
		return 0, 0, err
	}
	most = least
	if r.take(",") {
		most = -1
		if !r.next("}") {
			if most, err = r.count(); err != nil {
				return 0, 0, err
			}
		}
	}
	switch {
	case r.at == len(r.text):
		return 0, 0, r.fail(start, "unclosed repetition")
	case !r.take("}"):
		return 0, 0, r.fail(r.at, "expected ',' or '}', found '%c'", r.text[r.at])
	case most >= 0 && most < least:
		return 0, 0, r.fail(start, "Inverted repetition %s", r.text[start:r.at])
	}
	return least, most, nil
}

func (r *reader) count() (int, error) {
	start, n := r.at, 0
	for r.at < len(r.text) && '0' <= r.text[r.at] && r.text[r.at] <= '9' {
		n = min(10*n+int(r.text[r.at]-'0'), countBound)
		r.at++
	}
	switch {
	case r.at == start:
		return 0, r.fail(start, "expected number")
	case n >= countBound:
		return 0, r.fail(start, "%.20s is too large: a repetition count is below %d", r.text[start:r.at], countBound)
	}
	return n, nil
}

// repeat makes a repetition; what needs none, or is one of one, is joined.
func repeat(n *node, least, most int) *node {
	simple := func(least, most int) bool { return least <= 1 && (most == 1 || most == -1) }
	switch {
	case most == 0:
		return &node{kind: nothing, size: 1}
	case least == 1 && most == 1:
		return n
	case n.kind == repetition && simple(n.least, n.most) && simple(least, most):
		return &node{kind: repetition, children: n.children, least: n.least * least, most: min(n.most, most), size: n.size}
	}
	times := max(least, 1)
	if most > 0 {
		times = most
	}
	return &node{kind: repetition, children: []*node{n}, least: least, most: most, size: times*(n.size+1) + 1}
}

func (r *reader) atom() (*node, error) {
	start, c := r.at, r.text[r.at]
	n := &node{kind: oneOf, size: 1}
	r.at++
	switch c {
	case '(':
		return r.parenthesis(start)
	case '[':
		return r.class(start)
	case '.':
		n.set.add(1, 255)
	case '^':
		n.kind = textBegin
	case '$':
		n.kind = textEnd
	case '*', '+', '?', '{':
		return nil, r.fail(start, "unexpected '%c'", c)
	case '\\':
		if r.at == len(r.text) {
			return nil, r.fail(start, "unexpected end of regular expression after '\\'")
		}
		n.set.add(r.text[r.at], r.text[r.at])
		r.at++
	default:
		n.set.add(c, c)
	}
	return n, nil
}

// parenthesis reads ( ) and (?: ), from behind the first character.
func (r *reader) parenthesis(start int) (*node, error) {
	if r.depth++; r.depth > mostNesting {
		return nil, r.fail(start, "parentheses are nested too deeply")
	}
	number := 0
	switch {
	case r.take("?:"):
	case r.next("?"):
		return nil, r.fail(start, "unexpected '(%.2s'", r.text[r.at:])
	default:
		r.groups++
		number = r.groups
	}
	n, err := r.alternatives()
	if err != nil {
		return nil, err
	}
	if !r.take(")") {
		return nil, r.fail(start, "unbalanced '('")
	}
	r.depth--
	if number == 0 {
		if n.kind == textBegin || n.kind == textEnd { // which a closure may follow
			n = &node{kind: sequence, children: []*node{n}, size: n.size}
		}
		return n, nil
	}
	return &node{kind: group, children: []*node{n}, number: number, size: n.size + 2}, nil
}

// class reads a bracket expression, from behind its first character. A backslash in it is a backslash.
func (r *reader) class(start int) (*node, error) {
	n := &node{kind: oneOf, size: 1}
	inverted := r.take("^")
	for first := r.at; r.at == first || !r.next("]"); {
		if r.at == len(r.text) {
			return nil, r.fail(start, "unclosed character class")
		}
		if r.next("[:") {
			if err := r.namedClass(&n.set); err != nil {
				return nil, err
			}
			continue
		}
		from := r.text[r.at]
		to, item := from, r.at
		r.at++
		if r.next("-") && !r.next("-]") && r.at+1 < len(r.text) {
			to = r.text[r.at+1]
			r.at += 2
		}
		if to < from {
			return nil, r.fail(item, "Inverted character range %s", r.text[item:r.at])
		}
		n.set.add(from, to)
	}
	r.at++
	if inverted {
		n.set.invert()
	}
	return n, nil
}

// namedClasses are the classes of ASCII in ranges: each pair of bytes is one.
var namedClasses = map[string]string{
	"alpha": "AZaz", "alnum": "09AZaz", "blank": "\t\t  ", "cntrl": "\x01\x1f\x7f\x7f", "digit": "09", "xdigit": "09AFaf", "graph": "!~",
	"lower": "az", "print": " ~", "punct": "!/:@[`{~", "space": "\t\r  ", "upper": "AZ",
	"d": "09", "l": "az", "s": "\t\r  ", "u": "AZ",
}

// namedClass reads [:name:] inside of a bracket expression.
func (r *reader) namedClass(s *set) error {
	start := r.at
	r.at += len("[:")
	for r.at < len(r.text) && !r.next(":") && !r.next("]") {
		r.at++
	}
	name := r.text[start+len("[:") : r.at]
	if !r.take(":]") {
		return r.fail(start, "unclosed character class '[:%.20s'", name)
	}
	ranges, known := namedClasses[name]
	if !known {
		return r.fail(start, "unknown character class '%.20s'", name)
	}
	for i := 0; i < len(ranges); i += 2 {
		s.add(ranges[i], ranges[i+1])
	}
	return nil
}
