package regex

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func mustParse(t testing.TB, pattern string) *Regex {
	t.Helper()
	r, err := Parse(pattern)
	if err != nil {
		t.Fatalf("%q: %v", pattern, err)
	}
	return r
}

// oracle writes a tree for Go's regexp, which does not see how it was read. Only ASCII is in it.
func oracle(n *node) string {
	var b strings.Builder
	switch n.kind {
	case oneOf:
		b.WriteString("[^\\x{80}-\\x{10ffff}")
		for c := 0; c < 128; c++ {
			if first := c; !n.set.has(byte(c)) {
				for c < 127 && !n.set.has(byte(c+1)) {
					c++
				}
				fmt.Fprintf(&b, "\\x%02x-\\x%02x", first, c)
			}
		}
		b.WriteString("]")
	case sequence:
		for _, child := range n.children {
			b.WriteString(oracle(child))
		}
	case alternative:
		for i, child := range n.children {
			if i > 0 {
				b.WriteString("|")
			}
			b.WriteString(oracle(child))
		}
		return "(?:" + b.String() + ")"
	case repetition:
		most := ""
		if n.most >= 0 {
			most = fmt.Sprint(n.most)
		}
		return fmt.Sprintf("(?:(?:%s){%d,%s})", oracle(n.children[0]), n.least, most)
	case group:
		return "(" + oracle(n.children[0]) + ")"
	case textBegin:
		return `\A`
	case textEnd:
		return `\z`
	}
	return b.String()
}

// hasEmptyTurn reports whether something that may read nothing is repeated, where Go has its own rule for groups.
func hasEmptyTurn(n *node) bool {
	return n.kind == repetition && mayReadNothing(n.children[0]) || slices.ContainsFunc(n.children, hasEmptyTurn)
}

func mayReadNothing(n *node) bool {
	switch n.kind {
	case oneOf:
		return false
	case alternative:
		return slices.ContainsFunc(n.children, mayReadNothing)
	case repetition:
		return n.least == 0 || mayReadNothing(n.children[0])
	}
	return !slices.ContainsFunc(n.children, func(child *node) bool { return !mayReadNothing(child) })
}

// judge is a pattern with Go's leftmost-longest matcher for its tree and, where the pattern means the same to it, for the
// pattern itself.
type judge struct {
	*Regex
	tracked *Regex // nil if groups are too complex
	tree    *regexp.Regexp
	posix   *regexp.Regexp // nil where the dialects differ
	bounds  int            // of groups that can be compared
}

// otherDialect finds what POSIX patterns are different with, as Go reads them: escapes, brackets, counts such as 02.
var otherDialect = regexp.MustCompile(`[\\[\x00]|[{,]0[0-9]`)

// newJudge gives nil for what is no pattern here, or too large there.
func newJudge(pattern string) *judge {
	r, err := Parse(pattern)
	if err != nil {
		return nil
	}
	reading := reader{text: pattern}
	tree, _ := reading.pattern()
	j := &judge{Regex: r, bounds: 2 * (r.groups + 1)}
	if j.tree, err = regexp.Compile(oracle(tree)); err != nil {
		return nil
	}
	j.tree.Longest()
	if !otherDialect.MatchString(pattern) {
		j.posix, _ = regexp.CompilePOSIX(pattern)
	}
	if hasEmptyTurn(tree) || j.tree.NumSubexp() != r.groups { // as x{0} takes its groups out of the tree
		j.bounds = 2
	}
	j.tracked, _ = Parse(pattern)
	if j.tracked.TrackGroups() != nil {
		j.tracked = nil
	}
	return j
}

func (j *judge) compare(t *testing.T, text string) {
	t.Helper()
	_, found := j.Match(text)
	want := j.tree.FindStringSubmatchIndex(text)
	if found != (want != nil) {
		t.Errorf("%q on %q: %v, want %v", j, text, found, want != nil)
	}
	if j.posix != nil && !strings.Contains(text, "\n") && j.posix.MatchString(text) != found {
		t.Errorf("%q on %q: %v, POSIX gives %v", j, text, found, !found)
	}
	if j.tracked == nil {
		return
	}
	groups, tracked := j.tracked.Match(text)
	if tracked != found {
		t.Errorf("%q on %q: %v with groups, %v without", j, text, tracked, found)
	} else if found && !slices.Equal(groups[:j.bounds], want[:j.bounds]) {
		t.Errorf("%q on %q: groups %v, want %v", j, text, groups, want)
	}
}

var patterns = []string{
	"", "a", "ab", "a|b", "a|ab", "ab|a", "(a|ab)(c|bcd)(d*)", "a*", "a+b", "a?b?", "(a*)(b*)", "(a)(b)?", "^a", "a$", "^a$", "^$", "$^", "a^b", "b$a",
	"^(a|b)*$", "(^a|b)", "(a$|b)", "(a|b)*abb", ".*a.*b", "a.b", "[a-c]+", "[^a]b", "[]a]", "[^]a]", "[a-]", "[-a]b", "[a-c-e]", "[[:alpha:]]+", "[[:digit:][:u:]]",
	"[\\a]", "\\a\\.", "a{2}", "a{2,}", "a{0,2}b", "a{1,3}", "(ab){2}", "(a|b){2,3}c", "(?:ab)*c", "(?:a|b)+(c)", "()", "(|a)b", "a||b", "(a*)*", "(a*)+b", "(a|b*)*c",
	"((a)|(b))*", "(a+)(a+)", "(a+)(a*)", "(.*)b(.*)", "([a-z]+)=([a-z]*)", "(a|b)(a|b)(a|b)", "(a|b)*a(a|b){3}", "x{3}", "(a(b(c)?)?)?", "a**", "a+?", "a{2}{2}", "(^)*a", "a|$", "(a{0})b",
	"(b|ab|abc)(c|bc)?", "(a|c)|b", "ba*|a+", "(a)|(b)|(c)", "(?:(a)|b)*", ".", "..$", "^.{2}(a)", "a]", "a}",
}

// TestMatch (L360, L361) compares all short texts.
func TestMatch(t *testing.T) {
	texts := []string{""}
	for i := 0; len(texts[i]) < 6; i++ {
		for _, c := range "abc" {
			texts = append(texts, texts[i]+string(c))
		}
	}
	texts = append(texts, "xxabx", "key=value", "=", "-", "]", "\\", "a.", "a-b", "e", "A1", "1", " ", "aaaaaaaaab", "xxxx", "\n", "a\nb", "a]", "a}")
	for _, pattern := range patterns {
		mustParse(t, pattern)
		j := newJudge(pattern)
		for _, text := range texts {
			j.compare(t, text)
		}
	}
}

// TestGroups (L360, L363): the rule for groups, where others differ, and bytes that are no ASCII.
func TestGroups(t *testing.T) {
	for _, test := range []struct{ pattern, text, want string }{
		{"(a|ab)(c|bcd)(d*)", "abcd", "abcd,a,bcd,"},
		{"(a*)(a*)", "aaa", "aaa,aaa,"},
		{"((a)|b)*", "ab", "ab,b,a"},
		{"(a)|(b)", "xb", "b,-,b"},
		{"(a){0}b", "ab", "b,-"},
		{"(a*)*", "b", ",,"[1:]},
		{"(a|b*)*", "abb", "abb,bb"},
		{"a.*c|b", "babcbc", "b"},
		{"(b|abc)", "abc", "abc,abc"},
		{"^(.)(.*)$", "xyz", "xyz,x,yz"},
		{"([[:alpha:]]+)-([[:digit:]]+)", "  eth0 lan-42 ", "lan-42,lan,42"},
		{"(.)", "\xff", "\xff,\xff"},
		{"[^a]+", "a\x80\xc3\xa4a", "\x80\xc3\xa4"},
		{"ä+", "xää", "ä"}, // by bytes: + repeats the last
		{"[[:alpha:][:punct:]]", "ä", "none"},
		{"(a).", "a\x00b", "none"},
		{"x{300}", strings.Repeat("x", 301), strings.Repeat("x", 300)},
	} {
		r := mustParse(t, test.pattern)
		if err := r.TrackGroups(); err != nil {
			t.Errorf("%q: %v", test.pattern, err)
			continue
		}
		got := "none"
		if groups, ok := r.Match(test.text); ok {
			var texts []string
			for i := 0; i < len(groups); i += 2 {
				text := "-"
				if groups[i] >= 0 {
					text = test.text[groups[i]:groups[i+1]]
				}
				texts = append(texts, text)
			}
			got = strings.Join(texts, ",")
		}
		if got != test.want {
			t.Errorf("%q on %q: %q, want %q", test.pattern, test.text, got, test.want)
		}
	}
	if r := mustParse(t, "(a)(?:b)((c)d)"); r.Groups() != 3 || r.String() != "(a)(?:b)((c)d)" {
		t.Errorf("%d groups in %s", r.Groups(), r)
	}
}

// TestDialect (L361, L362): what the pieces of a pattern stand for.
func TestDialect(t *testing.T) {
	every := func(match func(c byte) bool) string {
		var b []byte
		for c := 1; c < 256; c++ {
			if match(byte(c)) {
				b = append(b, byte(c))
			}
		}
		return string(b)
	}
	in := func(bytes string) string {
		return every(func(c byte) bool { return strings.IndexByte(bytes, c) >= 0 })
	}
	const lower, upper, digit = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
	control := every(func(c byte) bool { return c < ' ' || c == 0x7f })
	graphic := every(func(c byte) bool { return c > ' ' && c < 0x7f })
	punctuation := every(func(c byte) bool {
		return c > ' ' && c < 0x7f && strings.IndexByte(lower+upper+digit, c) < 0
	})
	for pattern, want := range map[string]string{
		".": every(func(byte) bool { return true }), `\.`: ".", `\d`: "d", `\\`: `\`, `\*`: "*", "}": "}", "]": "]",
		"[[:alpha:]]": in(lower + upper), "[[:alnum:]]": in(lower + upper + digit), "[[:blank:]]": "\t ", "[[:cntrl:]]": control, "[[:digit:]]": digit,
		"[[:xdigit:]]": in(digit + "abcdefABCDEF"), "[[:graph:]]": graphic, "[[:lower:]]": lower, "[[:upper:]]": upper, "[[:print:]]": in(graphic + " "),
		"[[:punct:]]": punctuation, "[[:space:]]": "\t\n\v\f\r ", "[[:d:]]": digit, "[[:l:]]": lower, "[[:s:]]": "\t\n\v\f\r ", "[[:u:]]": upper,
		"[^[:print:]\x80-\xff]": control, "[]-]": "-]", "[^]\x01-,.-\xff]": "-", `[\.]`: `.\`, "[a-c-e]": "-abce", "[+--]": "+,-", "[[.a.]": ".[a", "[:l:]": ":l", "a|b|c": "abc",
	} {
		r := mustParse(t, "^("+pattern+")$")
		got := every(func(c byte) bool { _, ok := r.Match(string([]byte{c})); return ok })
		if got != want {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
	}
}

// TestErrors (L361, L364): what is wrong and where.
func TestErrors(t *testing.T) {
	for _, test := range []struct {
		pattern string
		offset  int
		message string
	}{
		{"a)", 1, "unbalanced ')'"},
		{"x(a", 1, "unbalanced '('"},
		{"(?:a", 0, "unbalanced '('"},
		{"*a", 0, "unexpected '*'"},
		{"a|+", 2, "unexpected '+'"},
		{"(?)", 0, "unexpected '(?)'"},
		{"(?=a)", 0, "unexpected '(?='"},
		{"{2}", 0, "unexpected '{'"},
		{"a|?", 2, "unexpected '?'"},
		{"x[a", 1, "unclosed character class"},
		{"[]", 0, "unclosed character class"},
		{"[^]", 0, "unclosed character class"},
		{"[a-", 0, "unclosed character class"},
		{"[[:alpha]", 1, "unclosed character class '[:alpha'"},
		{"[[:foo:]]", 1, "unknown character class 'foo'"},
		{"[xb-a]", 2, "Inverted character range b-a"},
		{"a{", 2, "expected number"},
		{"a{,3}", 2, "expected number"},
		{"a{x}", 2, "expected number"},
		{"a{2", 1, "unclosed repetition"},
		{"a{2,", 4, "expected number"},
		{"a{2 }", 3, "expected ',' or '}', found ' '"},
		{"a{3,2}", 1, "Inverted repetition {3,2}"},
		{"a{12345}", 2, "12345 is too large: a repetition count is below 12345"},
		{"a{1,99999999999999999999}", 4, "99999999999999999999 is too large: a repetition count is below 12345"},
		{"a^*", 2, "an anchor cannot be repeated: unexpected '*'"},
		{"$+", 1, "an anchor cannot be repeated: unexpected '+'"},
		{`a\`, 1, `unexpected end of regular expression after '\'`},
		{"a{999}{999}", 6, "this repetition makes the regular expression too large"},
		{strings.Repeat("(", 100_000), 1000, "parentheses are nested too deeply"},
		{strings.Repeat("a|", 5_000_000), 49999, "the regular expression is too large"},
		{strings.Repeat("a", 10_000_000), 50000, "the regular expression is too large"},
		{"[ab]*a[ab]{20}", 0, errTooComplex.Message},
		{"(a|b){4000}.*x{4000}", 0, errTooComplex.Message},
	} {
		began := time.Now()
		_, err := Parse(test.pattern)
		var found *Error
		if !errors.As(err, &found) || found.Offset != test.offset || found.Message != test.message {
			t.Errorf("%.30q: %v, want %q at %d", test.pattern, err, test.message, test.offset)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%.30q took %v", test.pattern, took)
		}
	}
}

// TestBounds: what is large but not too large; groups may be what is too much.
func TestBounds(t *testing.T) {
	for pattern, tracked := range map[string]bool{
		"(a|b){1000}.*x{1000}":    false,
		"x{2000}":                 false,
		"(x){300}":                true,
		strings.Repeat("(a)", 99): true,
		strings.Repeat("(", 999) + strings.Repeat(")", 999): true,
	} {
		began := time.Now()
		r := mustParse(t, pattern)
		if err := r.TrackGroups(); (err == nil) != tracked {
			t.Errorf("%.30q: groups: %v", pattern, err)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%.30q took %v", pattern, took)
		}
	}
}

// TestMinimal: the same language gives the same automaton, and no more states than it needs.
func TestMinimal(t *testing.T) {
	for pattern, states := range map[string]int{"": 0, "a*": 0, "a|$": 0, "b$a": 0, "a": 1, "abc": 3, "(ab|ac|ad)e": 3, "^a": 1, "a{3}b": 4, "(foo|bar)": 5, "a$": 2} {
		if s := mustParse(t, pattern).Search(); len(s.Next) != states {
			t.Errorf("%q: %d states, want %d: %v", pattern, len(s.Next), states, s.Next)
		}
	}
}

func FuzzRegex(f *testing.F) {
	for _, pattern := range patterns {
		f.Add(pattern, "abcabcaab")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if _, err := Parse(pattern); err != nil || len(text) > 100 || len(pattern) > 100 {
			return
		}
		// Go's characters are several bytes there, and our repetitions are of bytes.
		if strings.ContainsFunc(pattern+text, func(c rune) bool { return c == 0 || c >= 0x80 }) {
			return
		}
		if j := newJudge(pattern); j != nil {
			j.compare(t, text)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	text := strings.Repeat("the quick brown fox jumps over the lazy dog; ", 10) + "openat(12, 34)"
	for _, pattern := range []string{"openat\\(([0-9]+), ([0-9]+)\\)", "(fox|dog)[0-9]"} {
		for _, groups := range []bool{false, true} {
			r := mustParse(b, pattern)
			if groups {
				if err := r.TrackGroups(); err != nil {
					b.Fatal(err)
				}
			}
			b.Run(fmt.Sprintf("%s/groups=%v", pattern, groups), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					r.Match(text)
				}
			})
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		r := mustParse(b, "^/(usr|opt)/[^/]+/(lib|bin)[0-9]*/(.*)\\.so(\\.[0-9]+)*$")
		if err := r.TrackGroups(); err != nil {
			b.Fatal(err)
		}
	}
}
