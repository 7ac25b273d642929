// Package errortest checks what a pass says about wrong scripts. A script says
// itself what it expects, in a comment on the line of the mistake:
//
//	probe begin { x = }   # ERROR "expected an expression: operator '}'"
//
// The text is a regular expression for "message: kind 'token'". One comment can
// hold several, for several diagnostics on its line; "ERROR+1" and "ERROR-2"
// speak of another line, for places where a comment cannot stand. Diagnostics
// that no comment expects, and comments that no diagnostic answers, fail.
package errortest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gostap/gostap/parse"
)

// Run gives each script that the pattern names, each as a subtest, to check,
// and compares the parse.Diagnostics that it returns with the script's comments.
func Run(t *testing.T, pattern string, check func(*parse.Source) error) {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no scripts match %s: %v", pattern, err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, expectations(t, string(text)), check(&parse.Source{Name: name, Text: text}))
		})
	}
}

type expectation struct {
	line    int
	pattern *regexp.Regexp
}

var (
	comment = regexp.MustCompile(`# ERROR([+-]\d+)?((?: +"(?:[^"\\]|\\.)*")+)`)
	quoted  = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
)

func expectations(t *testing.T, text string) []expectation {
	t.Helper()
	var expected []expectation
	for i, line := range strings.Split(text, "\n") {
		found := comment.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		offset := 0
		if found[1] != "" {
			var err error
			if offset, err = strconv.Atoi(found[1]); err != nil {
				t.Fatal(err)
			}
		}
		for _, q := range quoted.FindAllStringSubmatch(found[2], -1) {
			pattern, err := regexp.Compile(strings.ReplaceAll(q[1], `\"`, `"`))
			if err != nil {
				t.Fatalf("line %d: %v", i+1, err)
			}
			expected = append(expected, expectation{i + 1 + offset, pattern})
		}
	}
	return expected
}

func compare(t *testing.T, expected []expectation, err error) {
	t.Helper()
	var diagnostics parse.Diagnostics
	if err != nil && !errors.As(err, &diagnostics) {
		t.Fatalf("%T instead of diagnostics: %v", err, err)
	}
	for _, d := range diagnostics {
		text := d.Message
		if d.Token != "" {
			text += fmt.Sprintf(": %s '%s'", parse.TokenKind(d.Token), d.Token)
		}
		answered := -1
		for i, e := range expected {
			if e.line == d.Position.Line && e.pattern.MatchString(text) {
				answered = i
				break
			}
		}
		if answered < 0 {
			t.Errorf("line %d: not expected: %s", d.Position.Line, text)
			continue
		}
		expected = append(expected[:answered], expected[answered+1:]...)
	}
	for _, e := range expected {
		t.Errorf("line %d: nothing matches %q", e.line, e.pattern)
	}
}
