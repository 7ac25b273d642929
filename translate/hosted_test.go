package translate_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/tapsets"
	"github.com/gostap/gostap/translate"
)

func translateScript(t *testing.T, script string) []byte {
	t.Helper()
	library := parse.NewLibrary(parse.Options{})
	tapsets.AddTo(library)
	file, err := parse.Parse(&parse.Source{Name: "test.stp", Text: []byte(script)}, parse.Options{Macros: library.Macro})
	if err != nil {
		t.Fatal(err)
	}
	program, found, err := elaborate.Elaborate([]*parse.File{file}, library, elaborate.Options{Guru: true})
	if err != nil || found.Errors() > 0 {
		t.Fatalf("%v %v", err, found)
	}
	return translate.Translate(program).C
}

// hostedObjects are stand-ins for the runtime that have been compiled, by their
// defines.
var hostedObjects struct {
	sync.Mutex
	folder string
	made   map[string]string
}

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "hosted")
	if err != nil {
		panic(err)
	}
	hostedObjects.folder, hostedObjects.made = folder, map[string]string{}
	status := m.Run()
	os.RemoveAll(folder)
	os.Exit(status)
}

// compileHosted compiles C with all warnings, against stap.h alone.
func compileHosted(t *testing.T, defines []string, arguments ...string) {
	t.Helper()
	compiler, err := exec.LookPath("gcc-12")
	if err != nil {
		if compiler, err = exec.LookPath("gcc"); err != nil {
			t.Fatal("no C compiler: run ./setup guest")
		}
	}
	arguments = slices.Concat([]string{"-std=gnu11", "-O1", "-fwrapv", "-Wall", "-Werror", "-fsanitize=undefined", "-fno-sanitize=nonnull-attribute",
		"-fsanitize-undefined-trap-on-error", "-I", "../runtime-c/stap"}, defines, arguments)
	if output, err := exec.Command(compiler, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
}

func hostedObject(t *testing.T, defines []string) string {
	t.Helper()
	hostedObjects.Lock()
	defer hostedObjects.Unlock()
	key := strings.Join(defines, " ")
	if hostedObjects.made[key] == "" {
		object := filepath.Join(hostedObjects.folder, fmt.Sprintf("%d.o", len(hostedObjects.made)))
		compileHosted(t, defines, "-I", noKernel(t), "-c", "-o", object, "testdata/hosted.c")
		hostedObjects.made[key] = object
	}
	return hostedObjects.made[key]
}

// runHosted compiles a script's C, links it with the runtime as a program and
// gives what it prints in two hits of each probe.
func runHosted(t *testing.T, script string, defines ...string) string {
	t.Helper()
	return runHostedC(t, translateScript(t, script), defines...)
}

// runHostedC is runHosted for what a script became.
func runHostedC(t *testing.T, code []byte, defines ...string) string {
	t.Helper()
	folder := t.TempDir()
	c, program := filepath.Join(folder, "script.c"), filepath.Join(folder, "script")
	if err := os.WriteFile(c, code, 0o644); err != nil {
		t.Fatal(err)
	}
	compileHosted(t, defines, "-o", program, c, hostedObject(t, defines))
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
			if string(match[1]) == "linux/errno.h" {
				continue // the numbers are in the C library's, too
			}
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
	runSemantics(t, []semantics{
		{name: "L380 arithmetic wraps and truncates", script: `probe begin { m = -0x7fffffffffffffff - 1
			println(m - 1, " ", m / -1, " ", m % -1, " ", -7 / 2, " ", -7 % 2, " ", 3 * m) }`, want: "9223372036854775807 -9223372036854775808 0 -3 -1 -9223372036854775808\n"},
		{name: "L381 shifts", script: `probe begin { n = 65; println(1 << n, " ", -8 >> 1, " ", -1 >>> 60) }`, want: "2 -4 15\n"},
		{name: "L384 order and short circuit", script: `global s function f(x) { s = s . sprint(x); return x }
			probe begin { y = f(1) + f(2) * f(3); z = f(0) && f(4); z = f(5) || f(6); println(s, " ", y, f(7) ? f(8) : f(9)) }`, want: "12305 78\n"},
		{name: "L382 strings", script: `probe begin { a = "ab"; a .= "cd"; println(a, a == "abcd", a < "abce", a . "" != "x") }`, want: "abcd111\n"},
		{name: "L383 locals begin empty", script: `probe begin { println(n, "[", s, "]"); n = 5; s = "x" . s }`, want: "0[]\n"},
		{name: "L101 loops", script: `probe begin { for (i = 0; i < 9; i++) { if (i == 2) continue; if (i == 5) break; print(i) } while (j < 3) print(j++) }`, want: "0134012"},
		{name: "L104 next", script: `probe begin { print(1); next; print(2) }`, want: "1"},
		{name: "L105 delete", script: `global n = 5 global s = "x" probe begin { delete n; delete s; println(n, "[", s . "", "]") }`, want: "0[]\n"},
		{name: "L107 try and catch", script: `function f() { error("inner"); return 1 } probe begin {
			try { f() println("no") } catch (m) { println(m) }
			try { try { error("a") } catch { error("b") } } catch (m) { println(m) } println("after") }`, want: "inner\nb\nafter\n"},
		{name: "L107 actions used up are not caught", script: `probe begin { try { while (1) n++ } catch { println("caught") } }`, want: "[error: MAXACTION exceeded near keyword 'while' at test.stp:1:21 in probe begin]\n"},
		{name: "L302 recursion", script: `function f(n) { return n < 2 ? 1 : n * f(n - 1) } probe begin { println(f(5)) println(f(100)) }`,
			want: "120\n[error: MAXNESTING exceeded near identifier 'f' at test.stp:1:40 (called from identifier 'f' at test.stp:1:87) in probe begin]\n"},
		{name: "L310 arguments by value", script: `function f(n, s) { n++; s = s . "!"; return s . sprint(n) } probe begin { a = 1; b = "x"; println(f(a, b), a, b) }`, want: "x!21x\n"},
		{name: "L380 division by zero", script: `probe begin { z = 0; println(1 / z) }`, want: "[error: division by 0 near operator '/' at test.stp:1:32 in probe begin]\n"},
		{name: "L210 print family", script: `probe begin { printd(",", 1, "x"); print("\n"); printdln("-", 1, 2); print(sprintd(":", 1, 2), sprint("a", 1), sprintln("z")) }`, want: "1,x\n1-2\n1:2a1z\n"},
		{name: "L351 embedded C", script: `function f:long (x:long) %{ STAP_RETVALUE = STAP_ARG_x * 2; %} function g:string (s:string) %{ STAP_RETURN(STAP_ARG_s); %}
			function h:long () %{ STAP_ERROR("bad %d", 3); %} probe begin { println(f(21), g("q")) h() }`, want: "42q\n[error: bad 3 near identifier 'h' at test.stp:2:91 in probe begin]\n"},
		{name: "L212 flags, width, precision", script: `probe begin { printf("%5d|%-5d|%05d|%+d|% d|%.3d|%5.3d|%ld\n", 3, 3, -3, 3, 3, 3, 3, 3)
			printf("%*d|%-*d|%.*s|%6.2s|%-6s|%6s|\n", 4, 1, 4, 2, 2, "abc", "abc", "abc", "abc") }`, want: "    3|3    |-0003|+3| 3|003|  003|3\n   1|2   |ab|    ab|abc   |   abc|\n"},
		{name: "L213 conversions", script: `probe begin { printf("%i %u %o %x %X %p %c%c %s 100%% %", -1, -1, 8, 255, 255, 255, 65, 10, "s") }`,
			want: "-1 18446744073709551615 10 ff FF 0xff A\n s 100% %"},
		{name: "L214 alternative forms", script: `probe begin { printf("%#o %#x %#X %#x %#d %08x %.8x %06.3d|", 8, 255, 255, 0, 5, 255, 255, 7) }`, want: "010 0xff 0XFF 0x0 5 000000ff 000000ff    007|"},
		{name: "L220 sprintf", script: `probe begin { s = sprintf("%3d-%s", 7, "x"); printf("[%s] %d\n", s, s == "  7-x") }`, want: "[  7-x] 1\n"},
		{name: "L382 strings are cut", script: `probe begin { s = "x"; for (i = 0; i < 10; i++) s = s . s; printf("%d\n", s == s . "y") }`, want: "1\n[cut: 3]\n"},
		{name: "L383 each hit anew", script: `global g probe timer.s(1) { n++; s = s . "x"; g++; println(n, s, g) }`, want: "1x1\n1x2\n"},
		{name: "L383 results begin empty", script: `function f(n) { if (n) return "abc" } function g:long () { } probe begin { println("[", f(0), "]", f(1), g()) }`, want: "[]abc0\n"},
		{name: "L107 the message in a global", script: `global m = "" probe begin { try { println(1 % 0) } catch (m) { } } probe end { println(m) }`, want: "division by 0\n"},
		{name: "L107 what nobody reads may fail", script: `global n probe begin { try { a %= n; println("no") } catch (m) { println(m) } try { b = 7 / n; println("no") } catch { println("too") }
			c = 7 / n; println("elided") }`, want: "division by 0\ntoo\nelided\n"},
		{name: "L107 leaving a try", script: `function f() { try { return 1 } catch { } return 2 } probe begin { while (1) { try { break } catch { } } println(f())
			for (i = 0; i < 2; i++) { try { if (i == 0) continue; error("e") } catch (m) { print(i, m) } } try { next } catch { } println("no") }`, want: "1\n1e"},
		{name: "L107 an error in a catch", script: `probe begin { try { error("a") } catch { error("b") } println("no") } probe error { println("error") } probe end { println("end") }`,
			want: "[error: b near identifier 'error' at test.stp:1:42 in probe begin]\nerror\n"},
		{name: "L210 operands that print", script: `probe begin { for (n = 0; n < 3; n++) { n == 1 ? printf("one,") : n ? print("two,") : println("none"); n && print(n); n == 2 || printd("-", n, 5)
			1 ? print("!") : print("?") } }`, want: "none\n0-5!one,11-5!two,2!"},
		{name: "P220 order", script: `probe end(1) { print("d") } probe begin { print("b") } probe end { print("c") } probe begin(-5) { print("a") }`, want: "abcd"},
		{name: "L302 calls cost", script: `function f(n) { return n == 0 ? 1 : f(n - 1) + f(n - 1) } function a() { return f(9) + f(9) + f(9) + f(9) }
			function b() { return a() + a() + a() + a() } probe begin { println(f(9)); try { b() } catch { println("no") } }`,
			want: "512\n[error: MAXACTION exceeded near keyword 'return' at test.stp:1:17 (called from identifier 'f' at test.stp:1:48, identifier 'f' at test.stp:1:37, identifier 'f' at test.stp:1:48, identifier 'f' at test.stp:1:81, identifier 'a' at test.stp:2:38, identifier 'b' at test.stp:2:85) in probe begin]\n"},
		{name: "L300 what is not called is not built", script: `global unused = 1 function f(x) { return x } function g() { return h } function static(x) { return 1 }
			probe begin { g(); println(static(0)) }`, want: "1\n"},
	})
}
