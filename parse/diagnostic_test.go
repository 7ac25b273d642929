package parse

import (
	"slices"
	"strings"
	"testing"
)

func rendered(ds ...*Diagnostic) string {
	var out strings.Builder
	Render(&out, ds, nil)
	return out.String()
}

// TestRender: L410, L411, L412, L414: what messages look like.
func TestRender(t *testing.T) {
	source := &Source{Name: "x.stp", Text: []byte("global s\nprobe begin {\n\ts = 1 . \"a\"\n}\n")}
	other := &Source{Name: "y.stp", Text: []byte("function f() { }")}
	at := func(offset, line, column int) Position {
		return Position{Source: source, Offset: offset, Line: line, Column: column}
	}
	for name, test := range map[string]struct {
		diagnostic *Diagnostic
		want       string
	}{
		"warning": {&Diagnostic{Severity: Warning, Position: at(7, 1, 8), Token: "s", Message: "it is odd"},
			"WARNING: it is odd: identifier 's' at x.stp:1:8\n        source: global s\n                       ^\n"},
		"semantic": {&Diagnostic{Kind: "semantic error", Position: at(24, 3, 2), Token: "s", Message: "type mismatch (string)", Hint: "look there",
			Notes: []Note{{at(7, 1, 8), "type was first inferred here (long)", "s"}, {Position{Source: other, Line: 1, Column: 1}, "and there", ""}}},
			"semantic error: type mismatch (string): identifier 's' at x.stp:3:2\n        source: \ts = 1 . \"a\"\n                \t^\n        hint: look there\n\n" +
				"semantic error: type was first inferred here (long): identifier 's' at :1:8\n        source: global s\n                       ^\n\n" +
				"semantic error: and there at y.stp:1:1\n        source: function f() { }\n                ^\n\n"},
		"without a place": {&Diagnostic{Kind: "semantic error", Message: "no probes found"}, "semantic error: no probes found\n"},
		"similar": {&Diagnostic{Kind: "parse error", Position: at(7, 1, 8), Message: "what", Similar: []string{"a", "b"}},
			"parse error: what (similar: a, b) at x.stp:1:8\n        source: global s\n                       ^\n"},
		"beyond the end": {&Diagnostic{Kind: "parse error", Position: at(len(source.Text), 5, 1), Message: "what"},
			"parse error: what at x.stp:5:1\n        source: \n                ^\n"},
	} {
		if got := rendered(test.diagnostic); got != test.want {
			t.Errorf("%s: got\n%swant\n%s", name, got, test.want)
		}
	}
}

// TestRenderLongLines: a message shows what is around the place, and no rubbish.
func TestRenderLongLines(t *testing.T) {
	text := strings.Repeat("a", 5000) + "\x1b" + strings.Repeat("b", 5000)
	d := &Diagnostic{Kind: "parse error", Position: Position{Source: &Source{Name: "x", Text: []byte(text)}, Offset: 5000, Line: 1, Column: 5001}, Message: "what"}
	lines := strings.Split(rendered(d), "\n")
	if len(lines[1]) != len("        source: ")+maxSourceLine || strings.ContainsRune(lines[1], '\x1b') || lines[1][len(lines[2])-1] != '?' {
		t.Errorf("got %q", lines)
	}
}

// TestFold: L233, L413: of messages that are alike one stays.
func TestFold(t *testing.T) {
	source := &Source{Name: "x", Text: []byte("a b c d e f g")}
	at := func(n int) Position { return Position{Source: source, Offset: n, Line: 1, Column: n + 1} }
	semantic := func(n int, token, message string) *Diagnostic {
		return &Diagnostic{Kind: "semantic error", Position: at(n), Token: token, Message: message}
	}
	found := Diagnostics{
		semantic(0, "a", "unresolved a"), semantic(2, "a", "unresolved a"), semantic(4, "b", "unresolved a"), semantic(6, "a", "something else"),
		{Kind: "parse error", Position: at(0), Message: "expected x"}, {Kind: "parse error", Position: at(2), Message: "expected x"},
		{Severity: Warning, Position: at(0), Token: "a", Message: "odd"}, {Severity: Warning, Position: at(2), Token: "a", Message: "odd"},
		semantic(8, "a", "unresolved a"),
	}
	distinct, errors, warnings := found.Fold()
	if len(distinct) != 6 || errors != 2 || warnings != 1 || distinct[0] != found[0] {
		t.Errorf("%d stay, %d errors and %d warnings go", len(distinct), errors, warnings)
	}
}

func TestTokenKinds(t *testing.T) { // L018
	for text, want := range map[string]string{
		"x": "identifier", "$x": "identifier", "_1": "identifier", "@cast": "operator", "+=": "operator", "%(": "operator", `"a"`: "string",
		"0x1": "number", "%{ x %}": "embedded-code", "probe": "keyword", "limit": "keyword", `\x00`: "junk", "": "junk",
	} {
		if got := TokenKind(text); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

// TestSimilarNames: L433: the nearest first, then by the alphabet; Closest gives
// some however far they are.
func TestSimilarNames(t *testing.T) {
	names := []string{"println", "printd", "sprint", "print", "exit", "error", "pid", "prinx"}
	if got, want := Similar("prin", names, 3), []string{"print", "prinx", "pid"}; !slices.Equal(got, want) {
		t.Errorf("similar to prin: %q, want %q", got, want)
	}
	if got := Similar("frobnicate", names, 5); got != nil {
		t.Errorf("similar to frobnicate: %q", got)
	}
	if got := Closest("frobnicate", names, 5); len(got) != 5 {
		t.Errorf("closest to frobnicate: %q", got)
	}
}
