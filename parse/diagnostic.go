package parse

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"
)

// Severity says what a diagnostic does to the run.
type Severity int

// An error ends the run after the pass that found it; a warning does not,
// unless -W was given.
const (
	Error Severity = iota
	Warning
)

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
}

// Note is a second place that a diagnostic needs to be understood:
// "in expansion of macro", "first declared here".
type Note struct {
	Position Position
	Message  string
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

// Render writes the diagnostics for a person: message and place, the source
// line with a caret below it, notes and a hint. Equal messages are written once.
//
//	semantic error: unresolved function frob (similar: print): identifier 'frob' at x.stp:1:15
//	        source: probe begin { frob() }
//	                              ^
func Render(w io.Writer, ds Diagnostics, paint Painter) {
	if paint == nil {
		paint = func(_, text string) string { return text }
	}
	seen := map[string]bool{}
	for _, d := range ds {
		if seen[d.Error()] {
			continue
		}
		seen[d.Error()] = true
		render(w, d, paint)
	}
}

func render(w io.Writer, d *Diagnostic, paint Painter) {
	kind := paint("error", d.Kind+":")
	if d.Severity == Warning {
		kind = paint("warning", "WARNING:")
	}
	fmt.Fprintf(w, "%s %s", kind, d.title())
	if d.Position.IsValid() {
		if d.Token != "" {
			fmt.Fprintf(w, ": %s '%s'", TokenKind(d.Token), paint("token", d.Token))
		}
		fmt.Fprintf(w, " at %s\n", d.Position)
		renderSource(w, d.Position, paint)
	} else {
		fmt.Fprintln(w)
	}
	for _, n := range d.Notes {
		fmt.Fprintf(w, "        %s at %s\n", n.Message, n.Position)
		renderSource(w, n.Position, paint)
	}
	if d.Hint != "" {
		fmt.Fprintf(w, "        hint: %s\n", d.Hint)
	}
}

// maxSourceLine is how many bytes of a source line a message shows.
const maxSourceLine = 160

func renderSource(w io.Writer, p Position, paint Painter) {
	line, column := p.SourceLine(), p.Column-1
	if column > maxSourceLine/2 {
		cut := column - maxSourceLine/2
		line, column = line[min(cut, len(line)):], column-cut
	}
	line = line[:min(maxSourceLine, len(line))]
	column = min(column, len(line))
	blank := strings.Map(func(r rune) rune {
		if r == '\t' {
			return '\t'
		}
		return ' '
	}, printable(line[:column]))
	fmt.Fprintf(w, "        %s %s\n", paint("source", "source:"), printable(line))
	fmt.Fprintf(w, "                %s%s\n", blank, paint("caret", "^"))
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
		severity := "error"
		if d.Severity == Warning {
			severity = "warning"
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
		}{severity, d.Kind, d.Message, d.Token, at(d.Position), notes, d.Hint, d.Similar})
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
	type candidate struct {
		name     string
		distance int
	}
	var candidates []candidate
	for _, n := range names {
		d := editDistance(name, n)
		if n != name && d <= max(2, len(name)/2) {
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
