package parse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"sort"
	"strings"
)

// Severity says what a diagnostic does to the run.
type Severity int

// An error ends the run after the pass that found it; a warning does not,
// unless -W was given. Information is nothing that is wrong.
const (
	Error Severity = iota
	Warning
	Information
)

// String gives the word that RenderJSON writes.
func (s Severity) String() string { return [...]string{"error", "warning", "information"}[s] }

// Diagnostic is one thing that is wrong with a script, as data. Render writes
// it for people, RenderJSON for editors.
type Diagnostic struct {
	Severity Severity
	Kind     string // "parse error", "semantic error"; empty for a warning
	Position Position
	Token    string   // the text at the position, "" when the message needs none
	Message  string   // what is wrong, in one sentence without a period
	Notes    []Note   // where it comes from
	Hint     string   // what to do, "" when the message says it
	Similar  []string // names that were perhaps meant
	Detail   string   // all that the message only counts, for who asks for it
}

// Note is a second place that a diagnostic needs to be understood:
// "in expansion of macro", "first declared here".
type Note struct {
	Position Position
	Message  string
	Token    string // the text at the position, "" when the message needs none
}

// Error gives the message with its place on one line.
func (d *Diagnostic) Error() string {
	if !d.Position.IsValid() {
		return d.title()
	}
	return fmt.Sprintf("%s: %s", d.Position, d.title())
}

func (d *Diagnostic) title() string {
	title := d.Message
	if len(d.Similar) > 0 {
		title += " (similar: " + strings.Join(d.Similar, ", ") + ")"
	}
	return title
}

// Diagnostics is what a pass found, in the order found. As an error it is
// never empty.
type Diagnostics []*Diagnostic

// Error joins the messages, a line each.
func (ds Diagnostics) Error() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// Errors counts the diagnostics that are errors.
func (ds Diagnostics) Errors() int {
	n := 0
	for _, d := range ds {
		if d.Severity == Error {
			n++
		}
	}
	return n
}

// Painter colours a piece of a message; role is "error", "warning", "source",
// "caret" or "token". The zero Style paints nothing.
type Painter func(role, text string) string

// Fold leaves one of the messages that are alike: those that say the same of the
// same token, wherever it stands, and equal ones of other kinds. It gives how
// many errors and warnings it left out.
func (ds Diagnostics) Fold() (distinct Diagnostics, errors, warnings int) {
	seen := map[string]bool{}
	for _, d := range ds {
		key := d.Kind + "\x00" + d.Message + "\x00" + d.Token
		if d.Kind == "parse error" { // its text says what was expected, not what is wrong
			key = d.Error()
		}
		switch {
		case !seen[key]:
			seen[key] = true
			distinct = append(distinct, d)
		case d.Severity == Error:
			errors++
		default:
			warnings++
		}
	}
	return distinct, errors, warnings
}

// Render writes the diagnostics for a person: message and place, the source
// line with a caret below it, the macros that the place came out of, and a
// hint. Each note follows in the same form.
//
//	semantic error: unresolved function frob (similar: print): identifier 'frob' at x.stp:1:15
//	        source: probe begin { frob() }
//	                              ^
func Render(w io.Writer, ds Diagnostics, paint Painter) {
	if paint == nil {
		paint = func(_, text string) string { return text }
	}
	for _, d := range ds {
		renderer{w, paint, d}.diagnostic()
	}
}

// renderer writes one diagnostic.
type renderer struct {
	w     io.Writer
	paint Painter
	of    *Diagnostic
}

func (r renderer) diagnostic() {
	r.message(r.of.title(), r.of.Position, r.of.Token, r.of.Position.String())
	if r.of.Hint != "" {
		fmt.Fprintf(r.w, "        hint: %s\n", r.of.Hint)
	}
	r.end()
	for _, n := range r.of.Notes {
		r.message(n.Message, n.Position, n.Token, r.place(n.Position))
		r.end()
	}
}

// message writes a line of text with its token and place, the source below it,
// and the macros that the place came out of.
func (r renderer) message(text string, p Position, token, place string) {
	kind := ""
	switch r.of.Severity {
	case Error:
		kind = r.paint("error", r.of.Kind+":") + " "
	case Warning:
		kind = r.paint("warning", "WARNING:") + " "
	}
	fmt.Fprintf(r.w, "%s%s", kind, text)
	if !p.IsValid() {
		fmt.Fprintln(r.w)
		return
	}
	if token != "" {
		fmt.Fprintf(r.w, ": %s '%s'", TokenKind(token), r.paint("token", printable(token)))
	}
	fmt.Fprintf(r.w, " at %s\n", place)
	if r.of.Severity == Information { // the place is all that somebody may want
		return
	}
	r.source(p)
	for e := p.Expansion; e != nil; e = e.Use.Position.Expansion {
		fmt.Fprintf(r.w, "\tin expansion of macro: %s '%s' at %s\n", TokenKind(e.Use.Text), r.paint("token", e.Use.Text), r.place(e.Use.Position))
		r.source(e.Use.Position)
	}
}

// place leaves out the name of the file that the diagnostic began with.
func (r renderer) place(p Position) string {
	if p.IsValid() && p.Source == r.of.Position.Source {
		return fmt.Sprintf(":%d:%d", p.Line, p.Column)
	}
	return p.String()
}

// end parts a semantic error from what follows it.
func (r renderer) end() {
	if r.of.Severity == Error && r.of.Kind == "semantic error" && r.of.Position.IsValid() {
		fmt.Fprintln(r.w)
	}
}

// maxSourceLine is how many bytes of a source line a message shows.
const maxSourceLine = 160

// source writes the line of a position, or what is around it in a long one,
// and a caret.
func (r renderer) source(p Position) {
	text := p.Source.Text
	at := min(p.Offset, len(text))
	begin := max(at-min(p.Column-1, maxSourceLine/2), 0)
	line := text[begin:min(begin+maxSourceLine, len(text))]
	if newline := bytes.IndexByte(line[at-begin:], '\n'); newline >= 0 {
		line = line[:at-begin+newline]
	}
	blank := strings.Map(func(c rune) rune {
		if c == '\t' {
			return '\t'
		}
		return ' '
	}, printable(string(line[:at-begin])))
	fmt.Fprintf(r.w, "        %s %s\n", r.paint("source", "source:"), printable(string(line)))
	fmt.Fprintf(r.w, "                %s%s\n", blank, r.paint("caret", "^"))
}

// printable keeps rubbish in a script from reaching the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r == '\uFFFD' {
			return '?'
		}
		return r
	}, s)
}

// RenderJSON writes one JSON object per diagnostic and line, with the same
// data as Render.
func RenderJSON(w io.Writer, ds Diagnostics) error {
	type place struct {
		File   string `json:"file"`
		Line   int    `json:"line"`
		Column int    `json:"column"`
		Source string `json:"source"`
	}
	type note struct {
		Message string `json:"message"`
		Place   *place `json:"place,omitempty"`
	}
	at := func(p Position) *place {
		if !p.IsValid() {
			return nil
		}
		return &place{p.Source.Name, p.Line, p.Column, p.SourceLine()}
	}
	encoder := json.NewEncoder(w)
	for _, d := range ds {
		notes := make([]note, len(d.Notes))
		for i, n := range d.Notes {
			notes[i] = note{n.Message, at(n.Position)}
		}
		for e := d.Position.Expansion; e != nil; e = e.Use.Position.Expansion {
			notes = append(notes, note{"in expansion of macro " + e.Use.Text, at(e.Use.Position)})
		}
		err := encoder.Encode(struct {
			Severity string   `json:"severity"`
			Kind     string   `json:"kind,omitempty"`
			Message  string   `json:"message"`
			Token    string   `json:"token,omitempty"`
			Place    *place   `json:"place,omitempty"`
			Notes    []note   `json:"notes,omitempty"`
			Hint     string   `json:"hint,omitempty"`
			Similar  []string `json:"similar,omitempty"`
		}{d.Severity.String(), d.Kind, d.Message, d.Token, at(d.Position), notes, d.Hint, d.Similar})
		if err != nil {
			return err
		}
	}
	return nil
}

// TokenKind names the kind of a token for a message: "identifier", "operator",
// "string", "number", "embedded-code", "keyword" or "junk".
func TokenKind(text string) string {
	if text == "" {
		return "junk"
	}
	switch c := text[0]; {
	case keywords[text]:
		return "keyword"
	case len(text) >= 2 && text[:2] == "%{":
		return "embedded-code"
	case len(text) == 4 && text[:2] == `\x`:
		return "junk"
	case c == '"':
		return "string"
	case c >= '0' && c <= '9':
		return "number"
	case c == '_' || c == '$' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		return "identifier"
	case c > ' ' && c < 0x7f:
		return "operator"
	}
	return "junk"
}

// Similar gives the names nearest to name by edit distance, at most limit of
// them and none that is farther than half of name's length.
func Similar(name string, names []string, limit int) []string {
	return nearest(name, names, limit, max(2, len(name)/2))
}

// Closest gives the names nearest to name, however far they are, at most limit
// of them.
func Closest(name string, names []string, limit int) []string {
	return nearest(name, names, limit, math.MaxInt)
}

// nearest gives names in the order of their edit distance from name, those with
// the same one in the order of the alphabet.
func nearest(name string, names []string, limit, farthest int) []string {
	type candidate struct {
		name     string
		distance int
	}
	var candidates []candidate
	for _, n := range names {
		d := editDistance(name, n)
		if n != name && d <= farthest {
			candidates = append(candidates, candidate{n, d})
		}
	}
	sort.Slice(candidates, func(i, j int) bool {
		a, b := candidates[i], candidates[j]
		return a.distance < b.distance || a.distance == b.distance && a.name < b.name
	})
	var similar []string
	for _, c := range candidates[:min(limit, len(candidates))] {
		similar = append(similar, c.name)
	}
	return similar
}

// editDistance is Levenshtein's: the number of bytes to insert, delete or
// replace to get from a to b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost = 1 + min(diagonal, row[j], row[j-1])
			}
			diagonal, row[j] = row[j], cost
		}
	}
	return row[len(b)]
}
