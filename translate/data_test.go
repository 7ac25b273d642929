package translate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/translate"
)

// semantics is what a script prints, compiled with defines; a want that ends in
// "…" is only the beginning.
type semantics struct {
	name, script, want string
	defines            []string
}

func runSemantics(t *testing.T, tests []semantics) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := runHosted(t, test.script, test.defines...)
			if want, cut := strings.CutSuffix(test.want, "…"); got != want && (!cut || !strings.HasPrefix(got, want)) {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}

// TestArrays runs what arrays mean, without a kernel.
func TestArrays(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "L160 keys and values of all types", script: `global a, b, m
			probe begin { a["x", 1] = "one"; b[1, "x", "y"] = 2; m[1, 2, 3, 4, 5, 6, 7, 8, 9] = 10; m[1, 2, 3, 4, 5, 6, 7, 8, 0]++
			println(a["x", 1], b[1, "x", "y"], m[1, 2, 3, 4, 5, 6, 7, 8, 9], m[1, 2, 3, 4, 5, 6, 7, 8, 0], m[0, 2, 3, 4, 5, 6, 7, 8, 9]) }`,
			want: "one21010\n"},
		{name: "L161 absent elements", script: `global a, s
			probe begin { println(a["x"], "[", s[1], "]", ["x"] in a, [1] in s); a["x"] = 0; s[1] = ""; println(["x"] in a, [1] in s) println(a["y"]++, a["y"], ["y"] in a) }`,
			want: "0[]00\n11\n011\n"},
		{name: "L163 L543 R543 overflow", script: `global a[2], b, s[1], w%[2]
			probe begin { a[1] = 1; a[2] = 2; a[1] = 3
			try { a[3] = 3 } catch (m) { println(m) } delete a[1]; a[3] = 3; println(a[2], a[3])
			b[1] = 1; b[2] = 1; b[3] = 1; try { b[4]++ } catch (m) { println(m) }
			s[1] <<< 1; try { s[2] <<< 2 } catch (m) { println(m, @count(s[2])) }
			w[1] = 1; w[2] = 2; w[1] = 9; w[3] = 3; foreach (v = k in w) print(k, "=", v, " ") }`,
			defines: []string{"-DMAXMAPENTRIES=3"},
			want:    "Array overflow, check size limit (2)\n23\nArray overflow, check MAXMAPENTRIES\naggregation overflow in s0\n2=2 3=3 b[1]=1\nb[2]=1\nb[3]=1\n"},
		{name: "L163 L416 where an overflow was", script: `global a[1] probe begin { a[1] = 1; a[2] = 1 }`,
			want: "[error: Array overflow, check size limit (1) near identifier 'a' at test.stp:1:37 in probe begin]\n"},
		{name: "L163 the oldest goes after a sort, too", script: `global w%[3] probe begin { w[5] = 1; w[9] = 2; w[7] = 3
			foreach (k- in w) print(k, " "); w[1] = 4; foreach (k in w) print(k, " ") }`, want: "9 7 5 9 7 1 "},
		{name: "L164 order of insertion", script: `global a probe begin { a["c"] = 1; a["a"] = 2; a["b"] = 3; a["c"] = 4; delete a["a"]; a["a"] = 5
			foreach (v = k in a) print(k, v, " ") }`, want: "c4 b3 a5 "},
		{name: "L170 forms, and nothing to visit", script: `global a, e probe begin { k = 7; foreach (k in e) print("no") print(k)
			a[1, "x"] = 2; foreach ([k, s] in a) print(k, s) foreach (v = [k, s] in a) print(v, k, s) }`, want: "71x21x"},
		{name: "L171 L180 sorting", script: `global a, t probe begin { a["b", -1] = 5; a["B", 3] = -5; a["ab", 2] = 0
			foreach ([k+, n] in a) print(k, " "); foreach ([k, n-] in a) print(n, " "); foreach (v+ = [k, n] in a) print(v, " "); foreach ([k, n] in a-) print(k, " ")
			t[1] = "x"; t[2] = "aa"; t[3] = "a"; foreach (s+ = i in t) print(s, " "); foreach (i in t-) print(i) }`,
			want: "B ab b 3 2 -1 -5 0 5 b ab B a aa x 123"},
		{name: "L172 statistics sorted", script: `global s probe begin { s["a"] <<< 10; s["b"] <<< 1; s["b"] <<< 2; s["c"] <<< 4; s["c"] <<< 5; s["c"] <<< -6
			foreach (k in s-) print(k); foreach (k in s @sum+) print(k); foreach (k in s @min-) print(k); foreach (k in s @max+) print(k); foreach (k in s @avg-) print(k)
			foreach (k in s @variance-) print(k); foreach (k- in s) print(k) }`, want: "cbacbaabcbcaabccbacba"},
		{name: "L173 limits", script: `global a, n function once() { n++; return 2 } probe begin { for (i = 0; i < 5; i++) a[i] = i * i
			foreach (k in a- limit 2) print(k); foreach (k in a limit 0) print("no"); foreach (k in a limit -3) print("no"); foreach (k in a limit once()) print(k); print(" ", n) }`,
			want: "4343 1"},
		{name: "L174 slices", script: `global a, e probe begin { a[1, "x"] = 1; a[2, "y"] = 2; a[1, "y"] = 3; a[3, "z"] = 4
			foreach ([i, s] in a[1, *]) print(i, s, " "); foreach (v = [i, s] in a[*, "y"]) print(v, " "); println([3, *] in a, [4, *] in a, [*, "z"] in a, [*, *] in a, [*, *] in e)
			delete a[*, "y"]; foreach ([i, s] in a) print(i, s, " "); delete a[1, *]; foreach ([i, s] in a[*, *]) print(i, s, " "); delete a[*, *]; print([*, *] in a); e[1, 1] = 1 }`,
			want: "1x 1y 2 3 10110\n1x 3z 3z 0"},
		{name: "L175 the limit counts what does not match", script: `global a probe begin { a[1, 1] = 1; a[2, 1] = 1; a[1, 2] = 1
			foreach ([i, j] in a[1, *] limit 2) print(i, j, " ") }`, want: "11 "},
		{name: "L176 sorting is physical and stable", script: `global a probe begin { a["d"] = 1; a["c"] = 2; a["b"] = 1; a["a"] = 2
			foreach (k in a-) print(k); foreach (k in a) print(k); foreach (k in a+) print(k); foreach (k+ in a) print(k); foreach (k in a) print(k) }`,
			want: "cadbcadbdbcaabcdabcd"},
		{name: "L179 keys from left to right, and cut", script: `global a, n function f(x) { n = n * 10 + x; return x }
			probe begin { a[f(1), f(2)] = f(3); a[f(4), f(5)] += f(6); print(n, " ", a[4, 5]) }
			global s probe begin { k = "0123456789abcdef"; s[k . k] = 1; s[k . k . "x"] = 2; s["0123456789abcdef0123456789abcdefyyyyyy"]++
			foreach (v = t in s) print(" ", t, v) }`, defines: []string{"-DMAXSTRINGLEN=32"},
			want: "123456 6 0123456789abcdef0123456789abcde3[cut: 4]\n"},
		{name: "L105 deleting", script: `global a, s, n = 3, t = "x" probe begin { a[1] = 1; a[2] = 2; delete a[7]; delete a[1]; println([1] in a, [2] in a); delete a; println([2] in a)
			s <<< 1; delete s; println(@count(s)); delete n; delete t; println(n, t, "|") }`, want: "01\n0\n0\n0|\n"},
		{name: "L106 leaving loops", script: `global a probe begin { for (i = 0; i < 6; i++) a[i] = i
			foreach (k in a) { if (k == 1) continue; if (k == 4) break; foreach (j in a limit 2) print(k, j, " ") } print(k) }`, want: "00 01 20 21 30 31 4"},
		{name: "L123 L124 assignments to elements", script: `global a, s, t probe begin { x = a[1] = 5; println(x, a[1] += 3, a[1] -= 1, a[1] *= 6, a[1] /= 4, a[1] %= 4, a[1] <<= 3, a[1] >>= 1, a[1] |= 3, a[1] &= 6, a[1] ^= 1)
			println(a[2]++, a[2]--, ++a[2], --a[2]); t["k"] = "a"; println(t["k"] .= "b", t["k"], s <<< 7, t["k"] = t["k"] . t["k"]) }`,
			want: "587421021681123\n0110\nabab7abab\ns @count=1 @min=7 @max=7 @sum=7 @avg=7\n"},
		{name: "L385 an error in an assignment leaves nothing", script: `global a probe begin { try { a[1] /= 0 } catch { } try { a[2] = 1 / a[9] } catch { } println([1] in a, [2] in a) }`, want: "00\n"},
		{name: "R534 values stay while others are computed", script: `global s = "a", t function f() { s = "b"; t["x"] = "d"; return "" } probe begin { t["x"] = "c"
			println(s, f(), s); println(t["x"], f(), t["x"]); l = "1"; println(l, l = "2", l); l = l . l; l .= "3"; l = "0" . l; println(l, l = sprint(l, 4)) }`,
			want: "ab\ndd\n122\n022302234\n"},
		{name: "R540 R541 many elements", script: `global a, s probe begin { for (i = 0; i < 2048; i++) { a[i, sprint(i)] = i; s[i] <<< i } try { a[-1, ""] = 1 } catch (m) { println(m) }
			try { s[-1] <<< 1 } catch (m) { println(m) } for (i = 0; i < 2048; i++) if (a[i, sprint(i)] != i || @sum(s[i]) != i) println("no") delete a; a[5, "x"] = 7; println(a[5, "x"]) }`,
			defines: []string{"-DMAXACTION=100000"}, want: "Array overflow, check MAXMAPENTRIES\naggregation overflow in s\n7\n"},
	})
}

// TestStatisticsScripts runs what statistics mean. Hits of timers change CPUs.
func TestStatisticsScripts(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "L190 L191 L193 L194 extractors over CPUs", script: `global s, a probe timer.s(1) { n = ++g; s <<< n * 7 - 10; a["x", n] <<< n; a["y", 0] <<< -n }
			global g probe end { println(@count(s), " ", @sum(s), " ", @min(s), " ", @max(s), " ", @avg(s)); println(@count(a["x", 1]), @sum(a["x", 2]), @avg(a["y", 0]), [*, 0] in a)
			delete a["y", 0]; println(@count(a["y", 0])); a["y", 0] <<< 5; println(@sum(a["y", 0])) }`,
			want: "2 1 -3 4 0\n12-11\n0\n5\n"},
		{name: "L192 empty aggregates", script: `global s, a probe begin { println(@count(s), @sum(s), @count(a["x"]), @sum(a["x"]))
			try { println(@min(s)) } catch (m) { println(m) } try { println(@max(a["x"])) } catch (m) { println(m) } try { println(@avg(s)) } catch (m) { println(m) }
			try { println(@variance(s)) } catch (m) { println(m) } try { print(@hist_log(s)) } catch (m) { println(m) } s <<< 1; delete s; println(@count(s))
			foreach (k in a) print("no"); println(@hist_log(s)[1]) }`,
			want: "0000\nempty aggregate\nempty aggregate\nempty aggregate\nempty aggregate\nempty aggregate\n0\n[error: empty aggregate near operator '@hist_log' at…"},
		{name: "L195 variance", script: `global s, b, one, two probe begin { for (i = 1; i <= 5; i++) { s <<< i; b <<< i } one <<< 7; println(@variance(s), @variance(b, 1), @variance(one)) }
			probe timer.s(1) { two <<< 3; two <<< 5 } probe end { println(@variance(two)) }`, want: "1220\n1\n"},
		{name: "L196 only what is asked for", script: `global s, t probe begin { s <<< 5; s <<< 3; t <<< 9; println(@count(s), @sum(s), @min(t), @max(t)) }`, want: "2899\n"},
		{name: "L200 L201 L203 L178 buckets", script: `global s, l, a probe begin { s <<< 0; s <<< 1; s <<< -1; s <<< 4; s <<< 7; l <<< -1; l <<< 0; l <<< 11; l <<< 12; a[1] <<< 3; a[1] <<< 3
			println(@hist_log(s)[64], @hist_log(s)[65], @hist_log(s)[63], @hist_log(s)[67], @hist_log(s)[66])
			println(@hist_linear(l, 0, 10, 2)[0], @hist_linear(l, 0, 10, 2)[1], @hist_linear(l, 0, 10, 2)[6], @hist_linear(l, 0, 10, 2)[7], @hist_log(a[1])[66])
			println(0 in @hist_log(s), 127 in @hist_log(s), 128 in @hist_log(s), -1 in @hist_linear(l, 0, 10, 2), 7 in @hist_linear(l, 0, 10, 2))
			foreach (b in @hist_log(s)) { if (@hist_log(s)[b]) print(b, ":", @hist_log(s)[b], " "); n++ } println(n)
			foreach (b- in @hist_linear(l, 0, 10, 2) limit 2) print(b, " "); foreach (b in @hist_log(s) limit 2) print(b, " ")
			try { println(@hist_log(s)[128]) } catch (m) { println(m) } try { println(@hist_log(s)[-1]) } catch (m) { println(m) } }`,
			want: "11120\n11112\n11001\n63:1 64:1 65:1 67:2 128\n7 6 0 1 histogram index out of range\nhistogram index out of range\n"},
		{name: "L204 printed", script: `global s, l, e probe begin { s <<< 1; s <<< 2; s <<< 2; s <<< 5; print(@hist_log(s)); l <<< -5; for (i = 0; i < 60; i++) l <<< 20; println(@hist_linear(l, 0, 100, 10))
			for (i = 0; i < 3; i++) e <<< 1000000; print(sprint(@hist_linear(e, 1000000, 1000010, 5)))}`,
			want: `value |-------------------------------------------------- count
    0 |                                                   0
    1 |@                                                  1
    2 |@@                                                 2
    4 |@                                                  1
    8 |                                                   0
   16 |                                                   0

value |-------------------------------------------------- count
   <0 |                                                    1
    0 |                                                    0
   10 |                                                    0
   20 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@                     60
   30 |                                                    0
   40 |                                                    0


  value |-------------------------------------------------- count
1000000 |@@@                                                3
1000005 |                                                   0
1000010 |                                                   0

`},
		{name: "L205 width and elision", script: `global s probe begin { s <<< 1; s <<< 1000; print(@hist_log(s)) }`, defines: []string{"-DHIST_WIDTH=10", "-DHIST_ELISION=0"},
			want: `value |---------- count
      ~
    1 |@          1
      ~
  512 |@          1

`},
		{name: "L205 no elision", script: `global s probe begin { s <<< 1; s <<< 200; print(@hist_log(s)) }`, defines: []string{"-DHIST_WIDTH=4", "-DHIST_ELISION=-1"},
			want: `value |---- count
    0 |     0
    1 |@    1
    2 |     0
    4 |     0
    8 |     0
   16 |     0
   32 |     0
   64 |     0
  128 |@    1
  256 |     0
  512 |     0

`},
	})
}

// TestFunctions runs overloads and embedded C.
func TestFunctions(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "L340 overloads", script: `function f(x) { if (x > 1) next; return "one" . sprint(x) } function f(x) { if (x > 2) next; x++; return "two" . sprint(x) }
			probe begin { println(f(1), f(2)); try { println(f(3)) } catch (m) { println(m) } }`, want: "one1two3\nall functions exhausted\n"},
		{name: "L340 arguments are the original ones", script: `global g function f(s) { g = s; s .= "x"; next } function f(s) { return s . g } probe begin { println(f("a")) }`, want: "aa\n"},
		{name: "L104 next in a function without another", script: `function f(x) { if (x) next; return 1 } probe begin { println(f(0)); println(f(1)) }`,
			want: "1\n[error: all functions exhausted near keyword 'next' at test.stp:1:24 (called from identifier 'f' at test.stp:1:78) in probe begin]\n"},
		{name: "L351 L353 globals in C", script: `global n = 1, s = "x", a, b
			function f:long (k:long) %{ /* pragma:read:n */ /* pragma:write:n */ /* pragma:read:s */ /* pragma:write:s */ /* pragma:read:a */ /* pragma:write:a */ /* pragma:write:b */
				STAP_GLOBAL_SET_n(STAP_GLOBAL_GET_n() + STAP_ARG_k);
				STAP_GLOBAL_SET_s("changed");
				STAP_GLOBAL_SET_a(STAP_ARG_k, "key", STAP_GLOBAL_GET_a(1, "key") + 10);
				STAP_GLOBAL_SET_b(STAP_ARG_k, STAP_GLOBAL_GET_s());
				STAP_RETURN(STAP_GLOBAL_GET_n()); %}
			probe begin { a[1, "key"] = 5; b[0] = ""; println(f(4), n, s, a[4, "key"], b[4]) }`, want: "55changed15changed\n"},
		{name: "L351 next, errors and output in C", script: `function f:string (n:long) %{ if (STAP_ARG_n > 1) STAP_NEXT; STAP_RETURN("C"); %} function f:string (n:long) { return "script" }
			function g (n:long) %{ STAP_PRINTF("%lld ", STAP_ARG_n); if (STAP_ARG_n == 2) STAP_RETURN(); STAP_ERROR("no %lld", STAP_ARG_n); %}
			probe begin { println(f(1), f(2)); g(2); try { g(3) } catch (m) { println(m) } }`, want: "Cscript\n2 3 no 3\n"},
		{name: "L352 raw parameters", script: `function f:long (count:long, text:string) %{ /* unmangled */ STAP_RETVALUE = count + text[0] + STAP_ARG_count; %} probe begin { println(f(2, "A")) }`, want: "69\n"},
		{name: "L353 L354 C at file level", script: `%{ static int twice(int x); %} function f:long (x:long) %{ STAP_RETURN(twice(STAP_ARG_x)); %}
			%{ /* pragma:suffix */ static int twice(int x) { return x * 2 + stap_script.interface * 0; } %} probe begin { println(f(21)) }`, want: "42\n"},
		{name: "L355 C as an expression", script: `probe begin { println(%{ 3 + 4 %}, %{ /* string */ "text" %} . "s") }`, want: "7texts\n"},
	})
}

// TestLimits runs into limits, and past those that are lifted.
func TestLimits(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "L391 statements cost", script: `probe begin { print(1); print(2); print(3) }`, defines: []string{"-DMAXACTION=2", "-DMAXACTION_INTERRUPTIBLE=2"},
			want: "[error: MAXACTION exceeded near identifier 'print' at test.stp:1:15 in probe begin]\n"},
		{name: "L391 a straight handler within its budget", script: `probe begin { print(1); if (1 == %{ 1 %}) print(2); print(3) }`, defines: []string{"-DMAXACTION_INTERRUPTIBLE=4"}, want: "123"},
		{name: "L391 turns of loops cost", script: `global a probe begin { for (i = 0; i < 4; i++) a[i] = 1 foreach (k in a) print(k) }`, defines: []string{"-DMAXACTION_INTERRUPTIBLE=16"},
			want: "01[error: MAXACTION exceeded near…"},
		{name: "L391 a branch ends what is charged at once", script: `probe begin { while (1) { if (n++ < 20) continue; print("a"); print("b"); print("c"); break } println(n) }`, defines: []string{"-DMAXACTION_INTERRUPTIBLE=70"}, want: "abc21\n"},
		{name: "L390 no limits of time", script: `probe begin { for (i = 0; i < 30000; i++) n += i; println(n) }`, defines: []string{"-DSTAP_SUPPRESS_TIME_LIMITS"}, want: "449985000\n"},
		{name: "L390 errors are silent", script: `probe timer.s(1) { println("hit"); println(1 / z) } probe begin { error("no") } probe end { println("end") } probe error { println("error") }`,
			defines: []string{"-DSTAP_SUPPRESS_HANDLER_ERRORS"}, want: "hit\nhit\nend\n"},
		{name: "L416 the chain of calls", script: `function f(x) { return 1 / x } function g(x) { return f(x) + 1 } probe begin { try { g(0) } catch { } println(g(0)) }`,
			want: "[error: division by 0 near operator '/' at test.stp:1:26 (called from identifier 'f' at test.stp:1:55, identifier 'g' at test.stp:1:111) in probe begin]\n"},
		{name: "L108 a catch costs", script: `probe begin { while (1) { try { error("e") } catch { n++ } } } probe end { println("end") }`, want: "[error: MAXACTION exceeded near…"},
		{name: "R531 a condition that is false", script: `global on probe timer.s(1) if (on) { println("on ", n++) } probe timer.s(2) { on = 1 } global n`, want: "on 0\n"},
	})
}

// TestPrinting runs conversions that SystemTap has and C has not.
func TestPrinting(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "L211 print", script: `probe begin { print(1, "a", -2) println("x") printd(",", 1, "b") printdln("::", 2, 3) }`, want: "1a-2x\n1,b2::3\n"},
		{name: "L215 characters", script: `probe begin { printf("%c|%#c|%#c|%#c|%3c|%-3c|", 65, 10, 1, 200, 66, 67) }`, want: `A|\n|\001|\310|  B|C  |`},
		{name: "L216 strings", script: `probe begin { printf("%5s|%-5s|%.2s|%#s|%0s|%#8s|", "ab", "ab", "abc", "a\n\"\\\001", "z", "\t") }`, want: "   ab|ab   |ab|a\\n\\\"\\\\\\001|z\x00|      \\t|"},
		{name: "L217 memory", script: `probe begin { p = %{ (stap_long)(long)"ABCDEFGH" %}; printf("%m|%.4m|%.4M|%8.2M|%-4.2m|%0.2m|", p, p, p, p, p, p)
			try { printf("x%.9mx", 7) } catch (m) { println(m) } try { printf("%.5000m", p) } catch (m) { println(m) } println(sprintf("%.3m", p)) }`,
			want: "A|ABCD|41424344|    4142|AB  |AB\x00|xread fault [man error::fault] at 0x7\n5000 is too many bytes for a memory dump\nABC\n"},
		{name: "L218 binary", script: `probe begin { printf("%b|%1b|%2b|%4b|%8b|%12b|", 0x4142434445464748, 65, 0x4241, 0x44434241, 0x4847464544434241, 65) }`,
			want: "HGFEDCBA|A|AB|ABCD|ABCDEFGH|\x00\x00\x00\x00A\x00\x00\x00\x00\x00\x00\x00|"},
		{name: "L220 cut", script: `probe begin { s = sprintf("%20s", "x"); printf("[%s]", s) }`, defines: []string{"-DMAXSTRINGLEN=16"}, want: "[               ][cut: 1]\n"},
		{name: "L221 one byte", script: `probe begin { print_char(72) print_char(105) print_char(10) }`, want: "Hi\n"},
	})
}

// TestArrayMemory: R541: what an array of statistics of 2,048 elements takes on two CPUs, in bytes.
func TestArrayMemory(t *testing.T) {
	for _, test := range []struct {
		script string
		most   int
	}{
		{`global s probe timer.s(1) { s[pid()] <<< 1 } probe end { println(@count(s[1]), @sum(s[1]), @min(s[1]), @max(s[1]), @avg(s[1])) }`, 500_000},
		{`global s probe timer.s(1) { s[pid()] <<< 1 } probe end { println(@avg(s[1])); print(@hist_log(s[1])) }`, 3_000_000},
	} {
		c := fmt.Sprintf("%s\n_Static_assert(sizeof(struct script_data) + 2 * sizeof(struct script_cpu_data) < %d, \"too large\");\n", translateScript(t, test.script), test.most)
		source := filepath.Join(t.TempDir(), "script.c")
		if err := os.WriteFile(source, []byte(c), 0o644); err != nil {
			t.Fatal(err)
		}
		compileHosted(t, nil, "-c", "-o", os.DevNull, source)
	}
}

// TestLocks: R532, R533, R534: which locks a handler takes, and where.
func TestLocks(t *testing.T) {
	for _, test := range []struct {
		name, script string
		want         []string // in this order
		never        string
	}{
		{"R532 in the order of declaration, around what uses them", `global b, a probe timer.s(1) { println("before"); a = b; b = a + 1; println("after") } probe timer.s(2) { println(a, b) }`,
			[]string{"before", "stap_lock_write(c, &lock_global_b)", "stap_lock_write(c, &lock_global_a)", "global_a = t", "stap_unlock_write(c, &lock_global_a)", "stap_unlock_write(c, &lock_global_b)", "after",
				"stap_lock_read(c, &lock_global_b)", "stap_lock_read(c, &lock_global_a)", "stap_write_long"}, ""},
		{"R532 a condition", `global on probe timer.s(1) if (on) { println("x") } probe timer.s(2) { on = !on }`,
			[]string{"stap_lock_read(c, &lock_global_on)", "global_on", "stap_unlock_read(c, &lock_global_on)", "\"x\\n\"", "stap_lock_write(c, &lock_global_on)"}, ""},
		{"R533 statistics that a handler reads", `global s probe timer.s(1) { s <<< 1 } probe timer.s(2) { println(@count(s)) }`,
			[]string{"stap_lock_read(c, &lock_global_s)", "add_global_s(c", "stap_lock_write(c, &lock_global_s)", "merge_global_s("}, ""},
		{"R533 statistics that only the end reads", `global s probe timer.s(1) { s[pid()] <<< 1 } probe end { foreach (k in s) println(@count(s[k])) }`, []string{"need_global_s(c"}, "lock_global_s"},
		{"R533 statistics that wrap", `global s%[5] probe timer.s(1) { s[pid()] <<< 1 } probe end { println(@count(s[1])) }`, []string{"stap_lock_write(c, &lock_global_s)"}, ""},
		{"R533 what only begin writes", `global n, a probe begin { n = 5; a[1] = 2 } probe timer.s(1) { println(n, a[1]) }`, []string{"global_n"}, "lock_"},
		{"R534 counters without a lock", `global n probe timer.s(1) { n++ } probe timer.s(2) { n += 2 } probe end { println(n) }`, []string{"script_own(c)->global_n += 1LL", "script_own(c)->global_n += 2LL", "get_global_n()"}, "lock_"},
		{"R534 counters that another handler can compare", `global n, m probe timer.s(1) { n++; m++ } probe timer.s(2) { println(n == m) }`, []string{"stap_lock_write(c, &lock_global_n)", "stap_lock_write(c, &lock_global_m)"}, "script_own"},
		{"R532 what a called function uses", `global n function f() { n = n * 2 } probe timer.s(1) { println("x"); f() }`, []string{"\"x\\n\"", "stap_lock_write(c, &lock_global_n)", "function_f_0(c)", "stap_unlock_write"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := string(translateScript(t, test.script))
			_, rest, _ := strings.Cut(c, "* probe")
			for _, want := range test.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("no %q in its place in\n%s", want, c)
				}
				rest = after
			}
			if test.never != "" && strings.Contains(c, test.never) {
				t.Errorf("%q in\n%s", test.never, c)
			}
		})
	}
}

// TestHandlersShared: L422: probes whose handlers are the same have one.
func TestHandlersShared(t *testing.T) {
	c := string(translateScript(t, "probe timer.s(1), timer.s(2), timer.ms(3) { println(pp()) }"))
	if n := strings.Count(c, "static void probe_"); n != 1 {
		t.Errorf("%d handlers in\n%s", n, c)
	}
}

// TestNames: L075: several variables of one name, and names that C or the kernel has.
func TestNames(t *testing.T) {
	token := func(name string) parse.Token {
		return parse.Token{Text: name, Position: parse.Position{Source: &parse.Source{Name: "x.stp"}, Line: 1, Column: 1}}
	}
	number := func(name string) *elaborate.Variable {
		return &elaborate.Variable{Token: token(name), Type: parse.Long, Global: true, Assigned: true}
	}
	variables := []*elaborate.Variable{number("int"), number("x"), number("x"), number("x_2")}
	var body []elaborate.Statement
	for i, v := range variables {
		body = append(body, &elaborate.Evaluate{X: &elaborate.Store{Variable: v, X: &elaborate.Number{Value: int64(i)}}})
	}
	program := &elaborate.Program{Globals: variables, Probes: []*elaborate.Probe{{Token: token("probe"), Point: "begin", Place: elaborate.BeginPlace{}, Body: body}}}
	c := string(translate.Translate(program).C)
	for _, want := range []string{"global_int = 0LL;", "global_x = 1LL;", "global_x_2 = 2LL;", "global_x_2_2 = 3LL;"} {
		if !strings.Contains(c, want) {
			t.Errorf("no %q in\n%s", want, c)
		}
	}
}
