package translate_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/tapsets"
	"github.com/gostap/gostap/translate"
)

func translateScript(t *testing.T, script string) []byte {
	t.Helper()
	file, err := parse.Parse(&parse.Source{Name: "test.stp", Text: []byte(script)}, parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	library := parse.NewLibrary(parse.Options{})
	tapsets.AddTo(library)
	program, found, err := elaborate.Elaborate([]*parse.File{file}, library, elaborate.Options{Guru: true})
	if err != nil || found.Errors() > 0 {
		t.Fatalf("%v %v", err, found)
	}
	return translate.Translate(program).C
}

// runHosted compiles a script's C with all warnings, against stap.h alone, links
// it with the runtime as a program and gives what it prints in two hits of each
// probe.
func runHosted(t *testing.T, script string) string {
	t.Helper()
	return runHostedC(t, translateScript(t, script))
}

// runHostedC is runHosted for what a script became.
func runHostedC(t *testing.T, code []byte) string {
	t.Helper()
	compiler, err := exec.LookPath("gcc-12")
	if err != nil {
		if compiler, err = exec.LookPath("gcc"); err != nil {
			t.Fatal("no C compiler: run ./setup guest")
		}
	}
	folder := t.TempDir()
	c := filepath.Join(folder, "script.c")
	if err := os.WriteFile(c, code, 0o644); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, "script")
	output, err := exec.Command(compiler, "-std=gnu11", "-O2", "-fwrapv", "-Wall", "-Werror", "-fsanitize=undefined", "-fno-sanitize=nonnull-attribute", "-fsanitize-undefined-trap-on-error",
		"-I", "../runtime-c/stap", "-I", noKernel(t), "-o", program, c, "testdata/hosted.c").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	printed, err := exec.Command(program, "2").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(printed)
}

var kernelHeader = regexp.MustCompile(`(?m)^#include <(linux/.*)>$`)

// noKernel makes a folder with empty files for the kernel's headers that the
// runtime includes: testdata/hosted.c has what is used of them.
func noKernel(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	sources, err := filepath.Glob("../runtime-c/stap/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range kernelHeader.FindAllSubmatch(text, -1) {
			header := filepath.Join(folder, string(match[1]))
			if err := os.MkdirAll(filepath.Dir(header), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(header, nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return folder
}

// TestDeepCalls: strings for a deep graph of calls are counted in no time, and so
// are the types of a long row of comparisons.
func TestDeepCalls(t *testing.T) {
	var script strings.Builder
	for n := range 100 {
		fmt.Fprintf(&script, "function f%d(s) { t = s; return f%d(t) . f%d(s) }\n", n, n+1, n+1)
	}
	script.WriteString("function f100(s) { return s }\nprobe begin { println(f0(\"x\"), 1" + strings.Repeat(" == 1", 200) + ") }\n")
	c := string(translateScript(t, script.String()))
	// t, two results and their sum in each; the outermost result in the probe
	if want := ".strings = (401 + 0 * (MAXNESTING + 1)) * STAP_STRING_ROOM"; !strings.Contains(c, want) {
		t.Errorf("no %q in\n%s", want, c[strings.LastIndex(c, ".probes"):])
	}
}

// TestSemantics runs what the language means, without a kernel.
func TestSemantics(t *testing.T) {
	for _, test := range []struct{ name, script, want string }{
		{"L380 arithmetic wraps and truncates", `probe begin { m = -0x7fffffffffffffff - 1
			println(m - 1, " ", m / -1, " ", m % -1, " ", -7 / 2, " ", -7 % 2, " ", 3 * m) }`, "9223372036854775807 -9223372036854775808 0 -3 -1 -9223372036854775808\n"},
		{"L381 shifts", `probe begin { n = 65; println(1 << n, " ", -8 >> 1, " ", -1 >>> 60) }`, "2 -4 15\n"},
		{"L384 order and short circuit", `global s function f(x) { s = s . sprint(x); return x }
			probe begin { y = f(1) + f(2) * f(3); z = f(0) && f(4); z = f(5) || f(6); println(s, " ", y, f(7) ? f(8) : f(9)) }`, "12305 78\n"},
		{"L382 strings", `probe begin { a = "ab"; a .= "cd"; println(a, a == "abcd", a < "abce", a . "" != "x") }`, "abcd111\n"},
		{"L383 locals begin empty", `probe begin { println(n, "[", s, "]"); n = 5; s = "x" . s }`, "0[]\n"},
		{"L101 loops", `probe begin { for (i = 0; i < 9; i++) { if (i == 2) continue; if (i == 5) break; print(i) } while (j < 3) print(j++) }`, "0134012"},
		{"L104 next", `probe begin { print(1); next; print(2) }`, "1"},
		{"L105 delete", `global n = 5 global s = "x" probe begin { delete n; delete s; println(n, "[", s . "", "]") }`, "0[]\n"},
		{"L107 try and catch", `function f() { error("inner"); return 1 } probe begin {
			try { f() println("no") } catch (m) { println(m) }
			try { try { error("a") } catch { error("b") } } catch (m) { println(m) } println("after") }`, "inner\nb\nafter\n"},
		{"L107 actions used up are not caught", `probe begin { try { while (1) n++ } catch { println("caught") } }`, "[error: MAXACTION exceeded near keyword 'while' at test.stp:1:21 in probe begin]\n"},
		{"L302 recursion", `function f(n) { return n < 2 ? 1 : n * f(n - 1) } probe begin { println(f(5)) println(f(100)) }`,
			"120\n[error: MAXNESTING exceeded near identifier 'f' at test.stp:1:40 (called from identifier 'f' at test.stp:1:87) in probe begin]\n"},
		{"L310 arguments by value", `function f(n, s) { n++; s = s . "!"; return s . sprint(n) } probe begin { a = 1; b = "x"; println(f(a, b), a, b) }`, "x!21x\n"},
		{"L380 division by zero", `probe begin { z = 0; println(1 / z) }`, "[error: division by 0 near operator '/' at test.stp:1:32 in probe begin]\n"},
		{"L210 print family", `probe begin { printd(",", 1, "x"); print("\n"); printdln("-", 1, 2); print(sprintd(":", 1, 2), sprint("a", 1), sprintln("z")) }`, "1,x\n1-2\n1:2a1z\n"},
		{"L351 embedded C", `function f:long (x:long) %{ STAP_RETVALUE = STAP_ARG_x * 2; %} function g:string (s:string) %{ STAP_RETURN(STAP_ARG_s); %}
			function h:long () %{ STAP_ERROR("bad %d", 3); %} probe begin { println(f(21), g("q")) h() }`, "42q\n[error: bad 3 near identifier 'h' at test.stp:2:91 in probe begin]\n"},
		{"T001 the parts of a probe point", `function part:string (point:string, component:string) %{ stap_point_argument(STAP_RETVALUE, STAP_ARG_point, STAP_ARG_component); %}
			probe begin { println(part("kernel.function(\"f@g/h.c:5\").call", "function"), " ", part("module(\"m\").function(\"f\").return", "module"),
				"[", part("kernel.statement(0x10).absolute", "statement"), part("timer.ms(5)", "function"), part("process(\"function\").begin", "function"), "]",
				part("module(\"function\").function(\"f\").label(\"a@b\")", "label"), part("process(\"x.function(\").function(\"f\")", "function")) println(pn(), pnlabel(), ppfunc(), probe_type()) }`, "f m[]a@bf\nbeginbegin_end\n"},
		{"L212 flags, width, precision", `probe begin { printf("%5d|%-5d|%05d|%+d|% d|%.3d|%5.3d|%ld\n", 3, 3, -3, 3, 3, 3, 3, 3)
			printf("%*d|%-*d|%.*s|%6.2s|%-6s|%6s|\n", 4, 1, 4, 2, 2, "abc", "abc", "abc", "abc") }`, "    3|3    |-0003|+3| 3|003|  003|3\n   1|2   |ab|    ab|abc   |   abc|\n"},
		{"L213 conversions", `probe begin { printf("%i %u %o %x %X %p %c%c %s 100%% %", -1, -1, 8, 255, 255, 255, 65, 10, "s") }`,
			"-1 18446744073709551615 10 ff FF 0xff A\n s 100% %"},
		{"L214 alternative forms", `probe begin { printf("%#o %#x %#X %#x %#d %08x %.8x %06.3d|", 8, 255, 255, 0, 5, 255, 255, 7) }`, "010 0xff 0XFF 0x0 5 000000ff 000000ff    007|"},
		{"L220 sprintf", `probe begin { s = sprintf("%3d-%s", 7, "x"); printf("[%s] %d\n", s, s == "  7-x") }`, "[  7-x] 1\n"},
		{"L382 strings are cut", `probe begin { s = "x"; for (i = 0; i < 10; i++) s = s . s; printf("%d\n", s == s . "y") }`, "1\n[cut: 3]\n"},
		{"L383 each hit anew", `global g probe timer.s(1) { n++; s = s . "x"; g++; println(n, s, g) }`, "1x1\n1x2\n"},
		{"L383 results begin empty", `function f(n) { if (n) return "abc" } function g:long () { } probe begin { println("[", f(0), "]", f(1), g()) }`, "[]abc0\n"},
		{"L107 the message in a global", `global m = "" probe begin { try { println(1 % 0) } catch (m) { } } probe end { println(m) }`, "division by 0\n"},
		{"L107 leaving a try", `function f() { try { return 1 } catch { } return 2 } probe begin { while (1) { try { break } catch { } } println(f())
			for (i = 0; i < 2; i++) { try { if (i == 0) continue; error("e") } catch (m) { print(i, m) } } try { next } catch { } println("no") }`, "1\n1e"},
		{"L107 an error in a catch", `probe begin { try { error("a") } catch { error("b") } println("no") } probe error { println("error") } probe end { println("end") }`,
			"[error: b near identifier 'error' at test.stp:1:42 in probe begin]\nerror\n"},
		{"P220 order", `probe end(1) { print("d") } probe begin { print("b") } probe end { print("c") } probe begin(-5) { print("a") }`, "abcd"},
		{"L302 calls cost", `function f(n) { return n == 0 ? 1 : f(n - 1) + f(n - 1) } function a() { return f(9) + f(9) + f(9) + f(9) }
			function b() { return a() + a() + a() + a() } probe begin { println(f(9)); try { b() } catch { println("no") } }`,
			"512\n[error: MAXACTION exceeded near keyword 'return' at test.stp:1:17 (called from identifier 'f' at test.stp:1:48, identifier 'f' at test.stp:1:37, identifier 'f' at test.stp:1:48, identifier 'f' at test.stp:1:81, identifier 'a' at test.stp:2:38, identifier 'b' at test.stp:2:85) in probe begin]\n"},
		{"L300 what is not called is not built", `global unused = 1 function f(x) { return x } function g() { return h } function static(x) { return 1 }
			probe begin { g(); println(static(0)) }`, "1\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := runHosted(t, test.script); got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}
