package parse

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// This file and format_space.go are `stap fmt`. Lines stay as their author broke
// them; what is made anew is the space at their beginning, between their words
// and before their comments. So anything can stand anywhere that the language
// allows, conditionals and macros included, and stays there:
//
//	probe  begin {         probe begin {
//	if(x)                      if (x)
//	  y=1 # one       →            y = 1       # one
//	zz = 2  # two              zz = 2          # two
//	}                      }
//
// The form is made of two readings. The lexer gives the words of the text as
// they stand there, with comments and without macros and arguments replaced.
// The parser reads the same text twice, once with the first branch of all
// conditionals and once with the second, and notes in a layout where
// declarations and statements begin and which statements another one governs.
// In text that it does not come to, such as the body of a macro that is not
// used, lines are indented by brackets alone, and words keep the spaces that
// they had.
//
// A line is indented by one tab for each line that opened a bracket which is
// open still, one for each governing statement on a line of its own, and one
// if it goes on with what the line before it began.

// Format gives the text of a source in a common form that means the same. What
// is written in that form stays as it is. The error is Diagnostics for a source
// that cannot be parsed.
func Format(source *Source) ([]byte, error) {
	source = &Source{Name: source.Name, Text: source.Text, Library: true} // of any version, and perhaps empty
	tokens := tokenizeLiterally(source)
	for i := range tokens {
		if t := &tokens[i]; t.fault != nil {
			return nil, Diagnostics{t.fault.diagnostic(t.Token)}
		}
	}
	layout, err := readLayout(source, tokens)
	if err != nil {
		return nil, err
	}
	f := newFormatter(tokens, layout)
	text := f.format()
	if again := tokenizeLiterally(&Source{Text: text, Library: true}); !slices.EqualFunc(tokens, again, isSameWord) {
		return nil, fmt.Errorf("format %s: the result would not be the same script", source.Name)
	}
	return text, nil
}

// isSameWord compares tokens, comments without blanks at their end.
func isSameWord(a, b token) bool {
	return a.kind == b.kind && (a.Text == b.Text || a.kind == commentToken && trimComment(a.Text) == trimComment(b.Text))
}

func trimComment(text string) string { return strings.TrimRight(text, " \t\r\n\v\f") }

// layout is what the parser says of the places in a text.
type layout struct {
	marks  []mark // by offset
	bodies map[[2]int]bool
}

// mark says what is at an offset.
type mark uint8

const (
	isRead  mark = 1 << iota // the parser came here
	isBegin                  // of a statement or declaration
	isMacro                  // part of the use of a macro
)

// declaration notes the tokens of one that has no mistake.
func (l *layout) declaration(tokens []token) {
	l.mark(&tokens[0], isBegin)
	for i := range tokens {
		l.mark(&tokens[i], isRead)
	}
}

func (l *layout) statement(first *token) { l.mark(first, isBegin) }

// body notes a statement that another one governs.
func (l *layout) body(first, last *token) {
	if first.Text != "{" && first.Position.Source == last.Position.Source && first.Position.Offset <= last.Position.Offset {
		l.bodies[[2]int{first.Position.Offset, last.Position.Offset}] = true
	}
}

// mark notes something about the place where a token was written, which is in a
// macro's body for those that come out of it.
func (l *layout) mark(t *token, m mark) {
	if t.kind != endOfFile {
		l.marks[t.Position.Offset] |= m
	}
}

// readLayout parses a source with one and the other branch of its conditionals.
// What depends on arguments or on macros that are defined elsewhere cannot be
// judged, so mistakes in such declarations are none.
func readLayout(source *Source, tokens []token) (*layout, error) {
	l := &layout{marks: make([]mark, len(source.Text)+1), bodies: map[[2]int]bool{}}
	open, arguments := openDeclarations(tokens)
	read := func(b branch) (found Diagnostics) {
		options := Options{Arguments: arguments, layout: l, branch: b}
		if isMacroFile(source.Name) {
			_, found = readMacros(source, options)
		} else if _, err := Parse(source, options); err != nil {
			errors.As(err, &found)
		}
		return slices.DeleteFunc(found, func(d *Diagnostic) bool {
			at := d.Position
			for at.Expansion != nil {
				at = at.Expansion.Use.Position
			}
			return d.Severity == Warning || slices.ContainsFunc(open, func(r region) bool { return r.begin <= at.Offset && at.Offset <= r.end })
		})
	}
	found := read(allFirst)
	if slices.ContainsFunc(tokens, func(t token) bool { return t.Text == "%(" }) {
		if second := read(allSecond); len(second) == 0 {
			found = nil
		}
	}
	if len(found) > 0 {
		return nil, found
	}
	return l, nil
}

// region is a declaration or the definition of a macro.
type region struct {
	begin, end int             // offsets
	macro      string          // that is defined here, with "@"; "" for a declaration
	parameters map[string]bool // of the macro
	uses       []string        // words with "@" that are no operators
	isOpen     bool            // it depends on what is not known
}

// openDeclarations gives the declarations that depend on arguments or on macros
// of other files, and arguments that stand for those that a user would give.
func openDeclarations(tokens []token) (open []region, arguments []string) {
	defined := map[string]bool{}
	regions := splitRegions(tokens)
	for i := range regions {
		if m := regions[i].macro; m != "" {
			defined[m] = true
		}
	}
	for changed := true; changed; {
		changed = false
		for i := range regions {
			r := &regions[i]
			if !r.isOpen && slices.ContainsFunc(r.uses, func(name string) bool { return !defined[name] && !r.parameters[name] }) {
				r.isOpen = true
				changed = changed || defined[r.macro]
				delete(defined, r.macro)
			}
		}
	}
	given := 0
	for i := range tokens {
		if n := argumentNumber(&tokens[i]); n > given && n < 1000 {
			given = n
		}
	}
	open = slices.DeleteFunc(regions, func(r region) bool { return !r.isOpen })
	return open, slices.Repeat([]string{"1"}, given)
}

// argumentNumber is N of $N and @N, 0 of all else.
func argumentNumber(t *token) int {
	if t.kind == commentToken || len(t.Text) < 2 || t.Text[0] != '$' && t.Text[0] != '@' {
		return 0
	}
	n, _ := parseNumber(t.Text[1 : 1+span(t.Text[1:], isDigit)])
	return int(n)
}

// splitRegions gives the declarations and macros of a text.
func splitRegions(tokens []token) []region {
	regions := []region{{parameters: map[string]bool{}}}
	inList := false // of the parameters of a macro
	for i := range tokens {
		t := &tokens[i]
		r := &regions[len(regions)-1]
		r.end = t.Position.Offset
		switch {
		case t.kind == commentToken:
		case t.Text == "@define" && i+1 < len(tokens):
			regions = append(regions, region{begin: t.Position.Offset, macro: "@" + tokens[i+1].Text, parameters: map[string]bool{}})
			inList = true
		case i > 0 && beginsDeclaration(tokens, i) && tokens[i-1].Text != "{" && tokens[i-1].Text != ",":
			regions = append(regions, region{begin: t.Position.Offset, parameters: map[string]bool{}})
		case t.Text == "%(":
			inList = false
		case inList:
			r.parameters["@"+t.Text] = true
		case argumentNumber(t) > 0:
			r.isOpen = true
		case t.kind == operatorToken && t.Text[0] == '@' && signatures[t.Text].arguments == "":
			r.uses = append(r.uses, t.Text)
		}
	}
	return regions
}

// formatter makes lines of tokens.
type formatter struct {
	tokens  []token // comments among them
	layout  *layout
	spacing []spacing     // by token
	bodies  map[int][]int // ends of the governed statements that begin at an offset
	open    []bracket
	active  []int // ends of the governed statements around the next line
	lines   []line
}

// bracket is one that is open.
type bracket struct {
	text string
	line int
}

// line is a line of the result.
type line struct {
	indent     int
	code       string
	comment    string // at its end
	blank      bool   // an empty line comes before it
	isVerbatim bool   // a token of it has several lines
}

func newFormatter(tokens []token, l *layout) *formatter {
	f := &formatter{tokens: tokens, layout: l, spacing: findSpacing(tokens, l), bodies: map[int][]int{}}
	for span := range l.bodies {
		f.bodies[span[0]] = append(f.bodies[span[0]], span[1])
	}
	return f
}

func (f *formatter) format() []byte {
	for begin := 0; f.tokens[begin].kind != endOfFile; {
		end := begin + 1
		for f.tokens[end].kind != endOfFile && newlines(f.tokens, end) == 0 {
			end++
		}
		f.line(begin, end)
		begin = end
	}
	return f.text()
}

// newlines counts the line ends between a token and the one before it.
func newlines(tokens []token, i int) int {
	if i == 0 {
		return 0
	}
	before := &tokens[i-1]
	return tokens[i].Position.Line - before.Position.Line - strings.Count(before.Text, "\n")
}

// line makes a line of the tokens from begin to end.
func (f *formatter) line(begin, end int) {
	l := line{indent: f.indent(begin, end), blank: f.hasBlankBefore(begin)}
	var code strings.Builder
	for i := begin; i < end; i++ {
		t := &f.tokens[i]
		l.isVerbatim = l.isVerbatim || strings.Contains(t.Text, "\n")
		text := t.Text
		if t.kind == commentToken {
			text = trimComment(text)
			if i == end-1 && i > begin && !l.isVerbatim {
				l.comment = text
				break
			}
		}
		if i > begin && f.isSpaced(i) {
			code.WriteByte(' ')
		}
		code.WriteString(text)
		f.track(t)
	}
	l.code = code.String()
	f.lines = append(f.lines, l)
}

// hasBlankBefore keeps one of the empty lines before a token, except at the
// beginning and the end of a block.
func (f *formatter) hasBlankBefore(i int) bool {
	return i > 0 && newlines(f.tokens, i) > 1 && f.tokens[i-1].Text != "{" && f.tokens[i].Text != "}"
}

// closers gives the bracket that a word closes.
var closers = map[string]string{"}": "{", ")": "(", "]": "[", "%)": "%("}

// track keeps the list of the open brackets. A branch of a conditional begins
// with those that the first one began with.
func (f *formatter) track(t *token) {
	if t.kind != operatorToken {
		return
	}
	top := len(f.open) - 1
	switch t.Text {
	case "{", "(", "[", "%(":
		f.open = append(f.open, bracket{t.Text, len(f.lines)})
	case "}", ")", "]":
		if top >= 0 && f.open[top].text == closers[t.Text] {
			f.open = f.open[:top]
		}
	case "%:", "%)":
		at := f.conditional()
		switch {
		case at < 0:
		case t.Text == "%:":
			f.open = f.open[:at+1]
		default:
			f.open = slices.Delete(f.open, at, at+1)
		}
	}
}

// conditional is the index of the innermost open "%(", or -1.
func (f *formatter) conditional() int {
	at := len(f.open) - 1
	for at >= 0 && f.open[at].text != "%(" {
		at--
	}
	return at
}

// indent is how many tabs a line begins with.
func (f *formatter) indent(begin, end int) int {
	open, first := f.open, begin
	for first < end && f.tokens[first].kind == commentToken {
		first++
	}
	if first == end { // a comment stands as what follows it, in the block that it is in
		for f.tokens[first].kind == commentToken {
			first++
		}
		if t := &f.tokens[first]; closers[t.Text] != "" || t.kind == endOfFile || t.Text == "else" || t.Text == "%:" {
			return f.levels(f.open)
		}
		return f.levels(f.open) + f.governed(&f.tokens[first], false)
	}
	t := &f.tokens[first]
	governed := f.governed(t, true)
	for i := first; i < end && len(open) > 0 && closers[f.tokens[i].Text] == open[len(open)-1].text; i++ {
		open = open[:len(open)-1]
	}
	if t.Text == "%:" || t.Text == "%?" {
		if at := f.conditional(); at >= 0 {
			return f.levels(f.open[:at])
		}
	}
	if f.continues(t, open) {
		governed++
	}
	return f.levels(open) + governed
}

// levels counts the lines on which brackets were opened.
func (f *formatter) levels(open []bracket) int {
	n, last := 0, -1
	for _, b := range open {
		if b.line != last {
			n, last = n+1, b.line
		}
	}
	return n
}

// governed counts the statements on lines of their own that a line beginning
// with t is part of.
func (f *formatter) governed(t *token, entering bool) int {
	offset := t.Position.Offset
	f.active = slices.DeleteFunc(f.active, func(end int) bool { return end < offset })
	if !entering {
		return len(f.active) + len(f.bodies[offset])
	}
	f.active = append(f.active, f.bodies[offset]...)
	return len(f.active)
}

// continues says whether a line that begins with t goes on with what the line
// before it began.
func (f *formatter) continues(t *token, open []bracket) bool {
	if n := len(open); n > 0 && (open[n-1].text == "(" || open[n-1].text == "[") {
		return false
	}
	m := f.layout.marks[t.Position.Offset]
	if m&isRead == 0 || m&isBegin != 0 || t.kind == embeddedToken {
		return false
	}
	switch t.Text {
	case "{", "}", ")", "]", "else", "catch", "%(", "%)", "%?", "%:":
		return false
	}
	return true
}

// text joins the lines, with the comments at their ends below each other where
// lines follow each other.
func (f *formatter) text() []byte {
	var out bytes.Buffer
	for begin := 0; begin < len(f.lines); {
		end, width := begin, 0
		for ; end < len(f.lines) && f.isAligned(begin, end); end++ {
			width = max(width, len([]rune(f.lines[end].code)))
		}
		end = max(end, begin+1)
		for _, l := range f.lines[begin:end] {
			if l.blank {
				out.WriteByte('\n')
			}
			out.WriteString(strings.Repeat("\t", l.indent))
			out.WriteString(l.code)
			if l.comment != "" {
				out.WriteString(strings.Repeat(" ", max(1, width-len([]rune(l.code))+1)))
				out.WriteString(l.comment)
			}
			out.WriteByte('\n')
		}
		begin = end
	}
	return out.Bytes()
}

// isAligned says whether the comment of a line stands below that of the line
// where a group began.
func (f *formatter) isAligned(begin, i int) bool {
	l := &f.lines[i]
	return l.comment != "" && !l.isVerbatim && l.indent == f.lines[begin].indent && (i == begin || !l.blank)
}
