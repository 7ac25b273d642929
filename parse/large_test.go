package parse

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestLarge reads long texts of one kind each: the processor time that they take
// has to grow as they do. What grows faster takes minutes. GOSTAP_LARGE is another
// size than an eighth, in megabytes.
func TestLarge(t *testing.T) {
	size := 1 << 17
	if n, err := strconv.Atoi(os.Getenv("GOSTAP_LARGE")); err == nil {
		size = n << 20
	}
	for name, test := range map[string]struct {
		before, repeated, after string
		ok                      bool
	}{
		"scripts":           {"", handler, "", true},
		"globals":           {"global a", ", b", "", true},
		"points":            {"probe a", ", b.c(1)", " {}", true},
		"probes":            {"", "probe a {}\n", "", true},
		"statements":        {"probe a {", "x++\n", "}", true},
		"arguments":         {"probe a { f(1", ", 1", ") }", true},
		"string":            {"global a = \"", "x", "\"", true},
		"strings":           {"global a = \"x\"", " \"x\"", "", true},
		"parameters":        {"function f(a", ", b", ") {}", true},
		"comment":           {"global a /*", "x", "", true},
		"comments":          {"global a", "/* x */", "", true},
		"lines":             {"global a", "\n", "", true},
		"code":              {"%{", " x\n", "%}", true},
		"conditionals":      {"global a", " %( 1 == 2 %? , b %: , c %)", "", true},
		"skipped":           {"%( 1 == 2 %? ", "x ", "%) global a", true},
		"macros":            {"@define m(a) %( x = @a %) probe a {", " @m(1)", "}", true},
		"definitions":       {"", "@define m %( x %) ", "global a", false},
		"open comment":      {"global a = /* ", "x\n", "", false},
		"open string":       {"global a = \"", "x", "", false},
		"open code":         {"%{", " x\n", "", false},
		"braces":            {"probe a ", "{", "", false},
		"alternatives":      {"probe ", "{a,", "", false},
		"open probes":       {"", "probe a {", "", false},
		"bodies":            {"probe a{b}", "{b}", "", false},
		"junk":              {"", "`", "", false},
		"zeros":             {"", "\x00", "", false},
		"bytes":             {"", "\xff\xfe", "", false},
		"mistakes":          {"", "global 5\n", "", false},
		"mistakes a line":   {"", "global 5 ", "", false},
		"closed":            {"global a ", "}", "", false},
		"privates":          {"", "private ", "", false},
		"words":             {"", "word ", "", false},
		"open conditionals": {"", "%( ", "", false},
		"open macros":       {"@define m(a) %( @a %) probe a { ", "@m(", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			text := []byte(test.before + strings.Repeat(test.repeated, size/len(test.repeated)) + test.after)
			source := &Source{Name: "large", Text: text}
			begin := processorTime(t)
			_, err := Parse(source, Options{})
			var found Diagnostics
			if errors.As(err, &found); (err == nil) != test.ok {
				t.Errorf("got %.100v", found[0])
			}
			found, _, _ = found.Fold()
			Render(&bytes.Buffer{}, found, nil)
			parsed := processorTime(t) - begin
			IndexSource(source)
			indexed := processorTime(t) - begin
			if _, err = Format(source); (err == nil) != test.ok {
				t.Errorf("format: %.100v", err)
			}
			formatted := processorTime(t) - begin
			t.Logf("parse %v, index %v, format %v", parsed, indexed-parsed, formatted-indexed)
			if limit := time.Minute + time.Duration(size)*20*time.Microsecond; formatted > limit {
				t.Errorf("parse %v, index %v, format %v", parsed, indexed-parsed, formatted-indexed)
			}
		})
	}
}
