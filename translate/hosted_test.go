package translate_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/tapsets"
	"github.com/gostap/gostap/translate"
)

func translateScript(t *testing.T, script string) []byte {
	t.Helper()
	read := func(source *parse.Source) *parse.File {
		file, err := parse.Parse(source, parse.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	names, err := fs.Glob(tapsets.Files, "*.stp")
	if err != nil {
		t.Fatal(err)
	}
	var library []*parse.File
	for _, name := range names {
		text, err := tapsets.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		library = append(library, read(&parse.Source{Name: name, Text: text, Library: true}))
	}
	file := read(&parse.Source{Name: "test.stp", Text: []byte(script)})
	program, found, err := elaborate.Elaborate([]*parse.File{file}, library, elaborate.Options{Guru: true})
	if err != nil || found.Errors() > 0 {
		t.Fatalf("%v %v", err, found)
	}
	return translate.Translate(program).C
}

// runHosted compiles a script's C with all warnings, against stap.h alone and a
// stand-in for the runtime, and gives what it prints.
func runHosted(t *testing.T, script string) string {
	t.Helper()
	compiler, err := exec.LookPath("gcc-12")
	if err != nil {
		if compiler, err = exec.LookPath("gcc"); err != nil {
			t.Fatal("no C compiler: run ./setup guest")
		}
	}
	folder := t.TempDir()
	c := filepath.Join(folder, "script.c")
	if err := os.WriteFile(c, translateScript(t, script), 0o644); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, "script")
	output, err := exec.Command(compiler, "-std=gnu11", "-O1", "-Wall", "-Werror", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error",
		"-I", "../runtime-c/stap", "-o", program, c, "testdata/hosted.c").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	printed, err := exec.Command(program).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(printed)
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
		{"L107 actions used up are not caught", `probe begin { try { while (1) n++ } catch { println("caught") } }`, "ERROR: MAXACTION exceeded near (null)\n"},
		{"L302 recursion", `function f(n) { return n < 2 ? 1 : n * f(n - 1) } probe begin { println(f(5)) println(f(100)) }`,
			"120\nERROR: MAXNESTING exceeded near identifier 'f' at test.stp:1:40\n"},
		{"L310 arguments by value", `function f(n, s) { n++; s = s . "!"; return s . sprint(n) } probe begin { a = 1; b = "x"; println(f(a, b), a, b) }`, "x!21x\n"},
		{"L380 division by zero", `probe begin { z = 0; println(1 / z) }`, "ERROR: division by 0 near operator '/' at test.stp:1:32\n"},
		{"L210 print family", `probe begin { printd(",", 1, "x"); print("\n"); printdln("-", 1, 2); print(sprintd(":", 1, 2), sprint("a", 1), sprintln("z")) }`, "1,x\n1-2\n1:2a1z\n"},
		{"L351 embedded C", `function f:long (x:long) %{ STAP_RETVALUE = STAP_ARG_x * 2; %} function g:string (s:string) %{ STAP_RETURN(STAP_ARG_s); %}
			function h:long () %{ STAP_ERROR("bad %d", 3); %} probe begin { println(f(21), g("q")) h() }`, "42q\nERROR: bad 3 near identifier 'h' at test.stp:2:91\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := runHosted(t, test.script); got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}
