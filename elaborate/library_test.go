package elaborate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// examine gives what is said of a library, with the places and variables of its aliases.
func examine(t *testing.T, text string) string {
	t.Helper()
	l := parse.NewLibrary(parse.Options{})
	source := &parse.Source{Name: "l", Text: []byte(text), Library: true}
	l.Add(parse.IndexSource(source), func() (*parse.Source, error) { return source, nil })
	examined, err := elaborate.ExamineLibrary(l, func(string) bool { return true }, elaborate.Options{BTF: kernelBTF})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, f := range examined.Functions {
		fmt.Fprintf(&out, "%s%v:%s\n", f.Text, f.Parameters, f.Result)
	}
	for _, a := range examined.Aliases {
		fmt.Fprint(&out, a.Name)
		for _, p := range a.Points {
			switch {
			case p.Skipped:
				fmt.Fprint(&out, " -")
			default:
				fmt.Fprintf(&out, " %d", p.Places)
			}
		}
		fmt.Fprintf(&out, " %v\n", a.Variables)
	}
	for _, d := range append(examined.Diagnostics(), l.Warnings()...) {
		fmt.Fprintf(&out, "%s: %s\n", d.Severity, d.Error())
		if d.Hint != "" {
			fmt.Fprintf(&out, "hint: %s\n", d.Hint)
		}
	}
	return out.String()
}

// TestExamineLibrary: what a kernel lacks of a library, and what of that is a mistake.
func TestExamineLibrary(t *testing.T) {
	for name, test := range map[string]struct{ library, want string }{
		"functions": {
			"function f(a) { return _g(a) } function _g(b) { return b . \"x\" } private function h() { return 1 } function _i() { return nosuch() }",
			"f[string]:string\n",
		},
		"overloads": {
			"function f(a) { if (a > 1) next; return 1 } function f(a) { return a }",
			"f[long]:long\nf[long]:long\n",
		},
		"no type":     {"function f(a) { }", "f[unknown]:unknown\nerror: l:1:12: nothing tells the type of the parameter a of f\n"},
		"local":       {"function f() { x = x }", "f[]:unknown\nerror: l:1:16: unresolved type \n"},
		"unknown":     {"function f() { return g() }", "f[]:unknown\nerror: l:1:23: unresolved function g (similar: f)\n"},
		"served":      {"probe a.b = kernel.function(\"foo\") { x = $n; s = kernel_name(); _t = 1 } function kernel_name() { return \"k\" }", "kernel_name[]:string\na.b 1 [x:long s:string]\n"},
		"first of":    {"probe a = kernel.function(\"foo\") !, kernel.function(\"nowhere\") { }", "a 1 - []\n"},
		"second of":   {"probe a = kernel.function(\"nowhere\") !, kernel.function(\"foo\") { }", "a 0 1 []\ninformation: l:1:11: a: kernel.function(\"nowhere\") is not there: no match\n"},
		"all of them": {"probe a = kernel.function(\"nowhere\") ?, kernel.function(\"foo\") ? { x = 1 }, { x = 2 }", "a 0 1 [x:long]\ninformation: l:1:11: a: kernel.function(\"nowhere\") is not there: no match\n"},
		"no fallback": {"probe a = kernel.function(\"nowhere\") { }", "a 0 []\nerror: l:1:11: a: kernel.function(\"nowhere\") is not there: no match\n"},
		"helpers":     {"probe _a = kernel.function(\"nowhere\") { } probe b = _a ! , begin { x = _f() } function _f() { return nosuch() }", "b 0 1 [x:unknown]\ninformation: l:1:12: _a: kernel.function(\"nowhere\") is not there: no match\ninformation: l:1:53: b: _a is not there: this kernel has none of the points that the alias _a stands for\nerror: l:1:102: unresolved function nosuch"},
		"none stated": {
			"/** a: what. Since Linux 5.19. Instead: b. */\nprobe a = kernel.function(\"nowhere\") ? { }",
			"a 0 []\ninformation: l:2:11: a: kernel.function(\"nowhere\") is not there: no match\ninformation: l:2:1: a: the kernel has none of its points\nhint: kernels have it since Linux 5.19; instead: b\n",
		},
		"only a comment": {
			"/** a: what. Until Linux 5.19. */\nprobe a = kernel.function(\"nowhere\") { }",
			"a 0 []\ninformation: l:2:11: a: kernel.function(\"nowhere\") is not there: no match\ninformation: l:2:1: a: the kernel has none of its points\nhint: kernels had it until Linux 5.19\n",
		},
		"body":     {"probe a = kernel.function(\"foo\") { x = $none }", "unable to find variable '$none' in function foo"},
		"through":  {"probe a = b ! , begin { y = x . \"\" } probe b = kernel.function(\"foo\") { x = \"s\" }", "a 1 - [x:string y:string]\nb 1 [x:string]\n"},
		"two ways": {"probe a = begin, end { x = 1 } probe b = a, c { } probe c = begin { x = 2 y = 3}", "b 2 1 [x:long]"},
		"defined":  {"probe a = kernel.function(\"foo\") { x = @defined($none) ? $none : \"y\" }", "a 1 [x:string]\n"},
		"probe":    {"global n probe a = begin { n++ } probe end { println(nosuch()) }", "unresolved function nosuch"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := examine(t, test.library); got != test.want && (strings.HasSuffix(test.want, "\n") || !strings.Contains(got, test.want)) {
				t.Errorf("%s\ngot\n%swant\n%s", test.library, got, test.want)
			}
		})
	}
}
