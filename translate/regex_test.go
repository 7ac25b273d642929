package translate_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate/regex"
	"github.com/gostap/gostap/translate"
)

// posixPatterns mean the same to Go's regexp.CompilePOSIX.
var posixPatterns = []string{
	"", "a", "abc", "a|ab", "(a|ab)(c|bcd)?(b*)", "a*", "(a*)(b*)", "(a)(b)?(c)?", "^a", "b$", "^$", "^(a|b)*$", "(^a|b)c*", "(a$|b)", "(a|b)*abb", ".*a.*b", "a.c", "[b-c]+",
	"[^a]b", "[[:alpha:]]+", "[[:upper:][:digit:]]", "a{2}", "(ab){1,2}c", "((a)|(b))+", "(a+)(a+)b", "(.*)b(.*)", "([a-z]+)=([a-z]*)", "(a|b)*a(a|b){3}", "a|$",
	"open\\(([a-z/]+), ([0-9]+)\\)", "x{60}", "c(a(b(c)?)?)?", "(b|ab|abc)(c|bc)?",
}

func shortTexts() []string {
	texts := []string{""}
	for i := 0; len(texts[i]) < 4; i++ {
		for _, c := range "abc" {
			texts = append(texts, texts[i]+string(c))
		}
	}
	return append(texts, "key=value", "x = open(/dev/null, 42)", "A1", strings.Repeat("x", 61), strings.Repeat("ab", 255))
}

// matchers is a script that prints, for each pattern and text, what its two functions give and the bounds of the groups.
func matchers(t *testing.T, patterns, texts []string) []byte {
	t.Helper()
	var c bytes.Buffer
	var plain, tracked []string
	groups := 0
	c.WriteString("#include \"stap.h\"\n#pragma GCC diagnostic error \"-Wframe-larger-than=200\"\n")
	for i, pattern := range patterns {
		for _, track := range []bool{false, true} {
			r, err := regex.Parse(pattern)
			if err == nil && track {
				err = r.TrackGroups()
			}
			if err != nil {
				t.Fatalf("%s: %v", pattern, err)
			}
			name := fmt.Sprintf("match_%d_%v", i, track)
			translate.WriteRegex(&c, name, r)
			if track {
				tracked = append(tracked, name)
			} else {
				plain = append(plain, name)
			}
			groups = max(groups, r.Groups()+1)
		}
	}
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = fmt.Sprintf("%q", text)
	}
	fmt.Fprintf(&c, `
typedef int matcher(struct stap_context *c, const char *text);
static matcher *const plain[] = { %s };
static matcher *const tracked[] = { %s };
static const char *const texts[] = { %s };

static void begin(struct stap_context *c)
{
	unsigned int i, j;
	int k;

	for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		for (j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
			stap_match_reset(c);
			stap_printf(c, "%%d %%d", plain[i](c, texts[j]), tracked[i](c, texts[j]));
			for (k = 0; c->match->regex && k < c->match->regex->groups; k++)
				stap_printf(c, " %%d %%d", c->match->bounds[k][0], c->match->bounds[k][1]);
			stap_printf(c, "\n");
		}
}

static struct stap_probe probes[] = { { .point = "begin", .handler = begin, .family = &stap_begin } };
struct stap_script stap_script = {
	.interface = STAP_INTERFACE, .probe_count = 1, .probes = probes, .match_bytes = STAP_MATCH_BYTES(%d),
};
`, strings.Join(plain, ", "), strings.Join(tracked, ", "), strings.Join(quoted, ", "), groups)
	return c.Bytes()
}

// TestRegex (L360, L361) compares the C of patterns with Go's leftmost-longest matcher and with Regex.Match. A function
// needs little of a kernel's stack.
func TestRegex(t *testing.T) {
	texts := shortTexts()
	lines := strings.Split(runHostedC(t, matchers(t, posixPatterns, texts)), "\n")
	if len(lines) != len(posixPatterns)*len(texts)+1 {
		t.Fatalf("%d lines: %.200q", len(lines), lines)
	}
	for i, pattern := range posixPatterns {
		posix := regexp.MustCompilePOSIX(pattern)
		r, err := regex.Parse(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.TrackGroups(); err != nil {
			t.Fatal(err)
		}
		for j, text := range texts {
			got, want := lines[i*len(texts)+j], "0 0"
			if bounds := posix.FindStringSubmatchIndex(text); bounds != nil {
				want = "1 1 " + strings.Trim(fmt.Sprint(bounds), "[]")
			}
			if got != want {
				t.Errorf("%q on %q: %s, POSIX gives %s", pattern, text, got, want)
			}
			want = "0 0"
			if groups, ok := r.Match(text); ok {
				want = "1 1 " + strings.Trim(fmt.Sprint(groups), "[]")
			}
			if got != want {
				t.Errorf("%q on %q: %s, Match gives %s", pattern, text, got, want)
			}
		}
	}
}

// TestMatched (L363): what the library's functions rest on, and their errors.
func TestMatched(t *testing.T) {
	r, err := regex.Parse("([a-z]+)=([0-9]+)?(!)?")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.TrackGroups(); err != nil {
		t.Fatal(err)
	}
	var c bytes.Buffer
	c.WriteString("#include \"stap.h\"\n")
	translate.WriteRegex(&c, "match_0", r)
	c.WriteString(`
static char subject[MAXSTRINGLEN], result[MAXSTRINGLEN];

static void show(struct stap_context *c, stap_long n)
{
	stap_matched(c, result, n);
	stap_printf(c, "%lld [%s]%s\n", n, result, c->error ? c->error : "");
	c->error = 0;
}

static void begin(struct stap_context *c)
{
	stap_long n;

	stap_match_reset(c);
	show(c, 0);
	stap_string_copy(subject, "x key=12;");
	stap_printf(c, "%d\n", match_0(c, subject));
	stap_string_copy(subject, "overwritten");
	for (n = -1; n <= 4; n++)
		show(c, n);
	stap_printf(c, "%lld\n", stap_match_group_count(c));
	stap_matched(c, result, 0);
	stap_printf(c, "%s ", result);
	stap_printf(c, "%d\n", match_0(c, result));
	show(c, 2);
	stap_printf(c, "%d\n", match_0(c, "none"));
	show(c, 1);
	n = stap_match_group_count(c);
	stap_printf(c, "%lld %s\n", n, c->error);
	c->error = 0;
}

static struct stap_probe probes[] = { { .point = "begin", .handler = begin, .family = &stap_begin } };
struct stap_script stap_script = {
	.interface = STAP_INTERFACE, .probe_count = 1, .probes = probes, .match_bytes = STAP_MATCH_BYTES(4),
};
`)
	want := `0 []Attempted to get subexpression 0 from failed match
1
-1 []Attempted to get nonexistent subexpression -1
0 [key=12]
1 [key]
2 [12]
3 []
4 []Attempted to get nonexistent subexpression 4
4
key=12 1
2 [12]
0
1 []Attempted to get subexpression 1 from failed match
0 Attempted to count the subexpressions of a failed match
`
	if got := runHostedC(t, c.Bytes()); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestMatchedLibrary (L363): the functions of the library where there was no match.
func TestMatchedLibrary(t *testing.T) {
	got := runHosted(t, `probe begin { try { matched(3) } catch (m) { println(m) } try { println(matched_str()) } catch (m) { println(m) } println(ngroups()) }`)
	want := `Attempted to get subexpression 3 from failed match
Attempted to get subexpression 0 from failed match
[error: Attempted to count the subexpressions of a failed match near identifier 'ngroups' at test.stp:1:123 in probe begin]
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
