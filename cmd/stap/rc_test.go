package main

import (
	"strings"
	"testing"
)

// TestSplitWords has the words of C404's lines.
func TestSplitWords(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	t.Setenv("EMPTY", "")
	t.Setenv("BLANK", "a b")
	for _, row := range []struct{ line, want string }{
		{``, ``},
		{`  -v	-g `, `-v|-g`},
		{`-v # -g`, `-v`},
		{`-Da#b`, `-Da#b`},
		{`-e 'probe begin { }'`, `-e|probe begin { }`},
		{`-I "$HOME/tap set"`, `-I|/home/me/tap set`},
		{`-I ~/tapset`, `-I|/home/me/tapset`},
		{`a~ ~b`, `a~|~b`},
		{`${HOME}x`, `/home/mex`},
		{`$BLANK`, `a b`},
		{`$EMPTY`, ``},
		{`"" ''`, `|`},
		{`a\ b "\$x\y\"" '\'`, `a b|$x\y"|\`},
	} {
		words, err := splitWords(row.line)
		if got := strings.Join(words, "|"); err != nil || got != row.want {
			t.Errorf("splitWords(%q) = %q, %v; want %q", row.line, got, err, row.want)
		}
	}
	for line, want := range map[string]string{
		`"a`:      `no closing "`,
		`'a`:      `no closing '`,
		`$(ls)`:   "commands are not run here",
		"`ls`":    "commands are not run here",
		`"$(ls)"`: "commands are not run here",
		`a;b`:     "; needs a backslash or quotes",
		`a\`:      "nothing after the backslash",
		`$`:       "$ needs the name of a variable",
		`${A`:     "$ needs the name of a variable",
	} {
		if words, err := splitWords(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("splitWords(%q) = %q, %v; want the error %q", line, words, err, want)
		}
	}
}
