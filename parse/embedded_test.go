package parse

import (
	"slices"
	"testing"
)

// TestTags: L352, L353: what the comments of embedded C say of it.
func TestTags(t *testing.T) {
	text := `function f() %{ /* pure *//*unprivileged*/ /* pragma:read:n */ /* pragma:read:m */
			/* pragma:write:n */ /* not a tag */ "/* guru */" /* open %}
		probe a { print(%{ /* string */ "x" %}) }
		%{ /* pragma:suffix */ int x; %}`
	file, err := Parse(&Source{Text: []byte(text)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	code := file.Functions[0].Code
	for tag, want := range map[string]bool{
		"pure": true, "unprivileged": true, "pragma:write:n": true, "not": false, "a": false, "open": false, "stable": false, "string": false,
	} {
		if code.Tag(tag) != want {
			t.Errorf("tag %s: %v", tag, !want)
		}
	}
	if got := code.Pragmas("pragma:read:"); !slices.Equal(got, []string{"n", "m"}) {
		t.Errorf("reads %q", got)
	}
	if !file.EmbeddedCode[0].Tag("pragma:suffix") {
		t.Error("no pragma:suffix")
	}
	found := false
	Walk(file, func(n Node) bool {
		if x, ok := n.(*EmbeddedExpression); ok {
			found = x.Tag("string") && !x.Tag("pure") && x.Pragmas("pragma:") == nil
		}
		return true
	})
	if !found {
		t.Error("no expression with the tag string")
	}
}
