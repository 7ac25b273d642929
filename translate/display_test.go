package translate_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestDisplay: L076, L400: what is written and never read is shown at the end.
func TestDisplay(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "scalars in the order of declaration", script: `global b, a, s probe begin { a = 5; b = -1; s = "a\"b\n" }`, want: "b=-1\na=5\ns=\"a\\\"b\\n\"\n"},
		{name: "counted and added to", script: `global n, m, t probe begin { n++; m += 2; t .= "x" }`, want: "n=1\nm=2\nt=\"x\"\n"},
		{name: "read ones not", script: `global n, m probe begin { n = 1; m = n } probe end { println(m) }`, want: "1\n"},
		{name: "arrays, the largest value first", script: `global a probe begin { a["x", 1] = 2; a["y\t", 2] = 7; a["z", 3] = 5 }`, want: "a[\"y\\t\",2]=7\na[\"z\",3]=5\na[\"x\",1]=2\n"},
		{name: "arrays of strings", script: `global a probe begin { a[1] = "b"; a[2] = "c" }`, want: "a[2]=\"c\"\na[1]=\"b\"\n"},
		{name: "statistics", script: `global s, e, a probe begin { s <<< 1; s <<< 9; a["k"] <<< 4; a["l"] <<< 1; a["l"] <<< 2; if (0) e <<< 1; else delete e } probe end { if (0) e <<< 1 }`,
			want: "s @count=2 @min=1 @max=9 @sum=10 @avg=5\na[\"l\"] @count=2 @min=1 @max=2 @sum=3 @avg=1\na[\"k\"] @count=1 @min=4 @max=4 @sum=4 @avg=4\n"},
		{name: "no statistics", script: `global s, n probe begin { n = 5; if (n - n) s <<< 1; exit() }`, want: "s @count=0x0\n"},
		{name: "after the end probes", script: `global a probe begin { a = 5 } probe end { println("end") }`, want: "end\na=5\n"},
	})
}

// TestHandlers: P205, P215, L084, L301, L386, L420, L421, L436: what belongs to a handler.
func TestHandlers(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "L436 each point has its own", script: `probe timer.s(1), timer.s(2) { n++; println(pp(), n) }`,
			want: "timer.s(1)1\ntimer.s(2)1\ntimer.s(1)1\ntimer.s(2)1\n"},
		{name: "L436 many that differ in constants", script: manyAliases(12), want: manyAliasesOutput(12)},
		{name: "L084 blocks of aliases share locals", script: `probe a = begin { x = 1 }, { println("epilogue ", x) } probe b = a { x += 10 } probe b += a { println("b ", x) } probe b { println("body ", x); x = 5 }`,
			want: "body 11\nepilogue 5\nbody 1\nb 5\nepilogue 5\n"},
		{name: "L104 next in a prologue", script: `probe a = begin { if (1) next }, { println("epilogue") } probe a { println("body") } probe end { println("end") }`, want: "end\n"},
		{name: "L301 a script's function comes before the library's", script: `function log(x) { println("mine ", x) } probe begin { log("x") }`, want: "mine x\n"},
		{name: "L420 side effects of what is dropped stay", script: `global n function f() { n++; return 1 } probe begin { unused = f(); f() + 1; println(n) }`, want: "2\n"},
		{name: "L421 branches that are not taken", script: `probe begin { if (@defined($x)) println($x->y); else println("none"); println(0 ? nosuch() : 5, 1 || nosuch(), 0 && nosuch()) while (0) nosuch() }`, want: "none\n510\n"},
		{name: "L205 conditions", script: `global on probe timer.s(1) if (on > 0) { println("on") } probe timer.s(2) { on = 1 } probe timer.s(3) if (on && on < 2) { println("still") }`, want: "still\non\nstill\n"},
	})
}

// manyAliases is a script with so many aliases that differ in constants alone, and a probe of all.
func manyAliases(n int) string {
	var script strings.Builder
	for i := range n {
		fmt.Fprintf(&script, "function text%[1]d:string () %%{ stap_string_copy(STAP_RETVALUE, \"text %[1]d\"); %%}\nprobe many.a%[1]d = begin { name = \"a%[1]d\"; text = text%[1]d() }\n", i)
	}
	return script.String() + "probe many.* { println(name, \" \", text, \" \", pp()) }"
}

func manyAliasesOutput(n int) string {
	var output strings.Builder
	for i := range n {
		fmt.Fprintf(&output, "a%[1]d text %[1]d begin\n", i)
	}
	return output.String()
}

// TestHandlersThatDifferInConstants: they become one function.
func TestHandlersThatDifferInConstants(t *testing.T) {
	for n, want := range map[int]int{7: 7, 12: 1} {
		if got := strings.Count(string(translateScript(t, manyAliases(n))), "\nstatic void probe_"); got != want {
			t.Errorf("%d handlers became %d functions, not %d", n, got, want)
		}
	}
}
