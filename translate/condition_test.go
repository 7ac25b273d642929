package translate_test

import "testing"

// TestConditionsApart: R561: which part of a condition is evaluated apart from the
// handler, before begin handlers and after them, and which handlers say that it may
// have changed.
func TestConditionsApart(t *testing.T) {
	tests := []semantics{
		{name: "a global", script: `global on probe begin { on = 1 } probe timer.s(1) if (on) { print("hit") } probe timer.s(2) { on = 0 }`,
			want: "[timer.s(1) 0][timer.s(1) 1]hit[changed][changed]"},
		{name: "written by a function, read by another", script: `global a function set(k) { a[k]++ } function has:long (k) { return k in a }
			probe timer.s(1) if (has(3)) { print("hit") } probe timer.s(2) { set(3) }`,
			want: "[timer.s(1) 0][timer.s(1) 0][changed]hit[changed]"},
		{name: "changed before an error", script: `global on probe timer.s(1) if (on) { print("hit") } probe timer.s(2) { on = 1; error("stop") } probe error { }`,
			want: "[timer.s(1) 0][timer.s(1) 0][changed][error: stop near identifier 'error' at test.stp:1:80 in probe timer.s(2)]\n"},
		{name: "only the part that globals decide", script: `global on, n probe timer.s(1) if (pid() && on) { print("hit") } probe timer.s(2) if (on || pid()) { print("other") } probe timer.s(3) { n++ } probe end { println(n) }`,
			want: "[timer.s(1) 0][timer.s(1) 0]otherother2\n"},
		{name: "statistics and strings", script: `global s, text = "x" probe timer.s(1) if (@count(s) > 1 && text . "y" == "xy") { print("hit") } probe timer.s(2) { s <<< 1 }`,
			want: "[timer.s(1) 0][timer.s(1) 0][changed][changed]"},
		{name: "one that fails", script: `global n, on = 1 probe timer.s(1) if (on && 1 / n) { print("hit") } probe error { print(n) } probe timer.s(2) { n-- }`,
			want: "[timer.s(1) 1 failed][timer.s(1) 1 failed][error: division by 0 near operator '/' at test.stp:1:47 in probe timer.s(1)]\n0"},
		{name: "a counter of each CPU", script: `global n probe timer.s(1) if (n < 1) { print("hit") } probe timer.s(2) { n++ }`,
			want: "[timer.s(1) 1][timer.s(1) 1]hit[changed][changed]"},
		{name: "begin and end ask themselves", script: `global on probe begin if (on) { print("begin") } probe end if (!on) { print("end") }`, want: "end"},
	}
	for i := range tests {
		tests[i].defines = []string{"-DHOSTED_CONDITIONS"}
	}
	runSemantics(t, tests)
}
