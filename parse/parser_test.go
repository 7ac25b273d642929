package parse

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// dump parses a script and gives its normalized form without the first two lines.
func dump(t *testing.T, text string, arguments ...string) string {
	t.Helper()
	file, err := Parse(&Source{Name: "test", Text: []byte(text)}, Options{Arguments: arguments})
	if err != nil {
		var message strings.Builder
		Render(&message, err.(Diagnostics), nil)
		t.Fatal(message.String())
	}
	var out strings.Builder
	if err := Dump(&out, file); err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(out.String(), "# parse tree dump\n# file test\n")
}

func TestExpressions(t *testing.T) {
	tests := []struct{ id, text, want string }{
		{"L005", "0x10 + 010 + 0xffffffffffffffff", "((16 + 8) + 18446744073709551615)"},
		{"L009", `"\"\x41\101\n\q"`, `"\"AA\nq"`},
		{"L010", "\"a\" /* */ \"b\"\n\"c\"", `"abc"`},
		{"L010 argument", `"a" @1`, `"aone two"`},
		{"L013", "a <<< -1", "(a <<< (-1))"},
		{"L013 crement", "-- x", "(--x)"},
		{"L016", "string(1) + $x->next", "(string(1) + $x->next)"},
		{"L020", "$2 * x", "(four * x)"},
		{"L120 concatenation", "a . b + c", "(a . (b + c))"},
		{"L120 shift", `1 << 2 . "a"`, `(1 << (2 . "a"))`},
		{"L120 comparison", "x & 1 == 0", "(x & (1 == 0))"},
		{"L120 not", "!a == b", "((!a) == b)"},
		{"L120 minus", "-a.b", "((-a) . b)"},
		{"L120 conditional", "a ? b : c ? d : e", "(a ? b : (c ? d : e))"},
		{"L120 middle", "a ? b = c : d", "(a ? (b = c) : d)"},
		{"L120 assignment", "x = c ? 1 : 2", "(x = (c ? 1 : 2))"},
		{"L120 right", "a = b = c", "(a = (b = c))"},
		{"L120 levels", "a || b && c | d ^ e & f", "(a || (b && (c | (d ^ (e & f)))))"},
		{"L120 tighter", "a < b << c . d + e * f", "(a < (b << (c . (d + (e * f)))))"},
		{"L120 left", "a - b - c * d / e % f", "((a - b) - (((c * d) / e) % f))"},
		{"L120 chain", "a < b == c", "((a < b) == c)"},
		{"L120 shifts", "a >>> b >> c", "((a >>> b) >> c)"},
		{"L120 parentheses", "(a + b) * c", "((a + b) * c)"},
		{"L120 unary", "- - ~!x++", "(-(-(~(!(x++)))))"},
		{"L121", "[x] & 3", "(x & 3)"},
		{"L121 in", "[x,y,*] in A && b", "(([x, y, *] in A) && b)"},
		{"L121 one", "x + 1 in A", "([(x + 1)] in A)"},
		{"L121 looser", "a & k in A", "(a & ([k] in A))"},
		{"L122", "a[1, b] = @cast(p, \"t\")->m = $x->y = 1", `(a[1, b] = (@cast(p, "t")->m = ($x->y = 1)))`},
		{"L123", "s <<< x + 1", "(s <<< (x + 1))"},
		{"L124", `s .= "a" . b`, `(s .= ("a" . b))`},
		{"L126", `f(a, g(), sprintf("%d", 1)) + %{ 5 %}`, `(f(a, g(), sprintf("%d", 1)) + %{ 5 %})`},
		{"L127", "p->x[1]->y + a[1]->z + (f(1))->q", "((p->x[1]->y + a[1]->z) + f(1)->q)"},
		{"L130", "@defined($x->y) ? $x->y : 0", "(@defined($x->y) ? $x->y : 0)"},
		{"L132", `@cast(p, "struct t", "kernel<linux/x.h>")->m[i]`, `@cast(p, "struct t", "kernel<linux/x.h>")->m[i]`},
		{"L133", `&@var("g@file.c", "m")->m`, `(&@var("g@file.c", "m")->m)`},
		{"L134", "@entry($x->y) + 1", "(@entry($x->y) + 1)"},
		{"L135", `@perf("c")`, `@perf("c")`},
		{"L136", "@probewrite(x)", "@probewrite(x)"},
		{"L137", `@const("C") + @enum("E") . @enumname(5, "e", "m")`, `((@const("C") + @enum("E")) . @enumname(5, "e", "m"))`},
		{"L138", "@kderef(4, a + 1) = @uregister(3)", "(@kderef(4, (a + 1)) = @uregister(3))"},
		{"L139", "&$x->y[2] & &$z", "((&$x->y[2]) & (&$z))"},
		{"L150", "$x$ . $x$$ . $p->in$ . $$vars$ . $$parms$$", "(((($x$ . $x$$) . $p->in$) . $$vars$) . $$parms$$)"},
		{"L150 apart", `@var("x")$ . $a[1]$$ . @cast(p, "t")->m $`, `((@var("x")$ . $a[1]$$) . @cast(p, "t")->m$)`},
		{"L191", "@count(s) + @hist_linear(s[1], -5, 10, 2)[3] + @variance(s, 1)",
			"((@count(s) + @hist_linear(s[1], -5, 10, 2)[3]) + @variance(s, 1))"},
		{"L203", "k in @hist_log(s)", "([k] in @hist_log(s))"},
		{"L210", `printdln(",", a, b) + print(1, 2) + print_char(65)`, `((printdln(",", a, b) + print(1, 2)) + print_char(65))`},
		{"L210 variable", "print + 1", "(print + 1)"},
		{"L360", `s =~ "a" "b" . "c" && t !~ "d"`, `((s =~ "abc") && (t !~ "d"))`},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			got := dump(t, "probe begin { return "+test.text+" }", "one two", "four")
			want := "probe begin {\n  return " + test.want + ";\n}\n"
			if got != want {
				t.Errorf("%s\n got %s\nwant %s", test.text, got, want)
			}
		})
	}
}

// TestForms holds texts that are in the normalized form already.
func TestForms(t *testing.T) {
	tests := []struct{ id, text string }{
		{"L060", "%{ code %}\nglobal g\nfunction f () {\n}\nprobe a = b {\n}\nprobe begin {\n}\n"},
		{"L070", "global a\nglobal c[100]\nglobal d%[20]\nglobal e = 5\nglobal s = \"x\"\nglobal n = -3\n"},
		{"L071", "global a%\n"},
		{"L072", "global a = -9223372036854775808\nglobal b = \"x y\"\n"},
		{"L075", "private global x\nprivate function f () {\n}\n"},
		{"L081", "probe a.b = c = d.e(1), f {\n  x;\n}\nprobe a += b {\n  x;\n}\n"},
		{"L082", "probe a = b {\n  x;\n}, {\n  y;\n}\n"},
		{"L090", "function f:long (a:string, b:long, c) {\n  return a;\n}\n"},
		{"L091", "function f (x) :5 {\n}\n"},
		{"L092", "function string:string (n) %{ /* pure */ %}\n"},
		{"L435", "probe syscall.open.return, a.function.in.next {\n}\n"},
		{"P201", "probe sys_*read.*, a.**.d(\"x\").e(-5) ?, b !, c ? if (x > 1), d if (e) {\n}\n"},
		{"L100", "probe a {\n  {\n  }\n  ;\n  (x++);\n}\n"},
		{"L101", "probe a {\n  if (x)\n    y;\n  else if (a > 1) {\n  }\n  else\n    z;\n  while (x)\n    y;\n" +
			"  for ((i = 0); (i < 5); (i++)) {\n  }\n  for (;;)\n    ;\n}\n"},
		{"L101 dangling", "probe a {\n  if (x)\n    if (y)\n      a;\n    else\n      b;\n}\n"},
		{"L102", "probe a {\n  break;\n  continue;\n  next;\n}\n"},
		{"L103", "function f () {\n  return;\n  return (x + 1);\n}\n"},
		{"L105", "probe a {\n  delete x;\n  delete a[1, \"b\"];\n  delete a[*, x];\n}\n"},
		{"L107", "probe a {\n  try {\n  }\n  catch {\n  }\n  try {\n  }\n  catch (e) {\n    x;\n  }\n}\n"},
		{"L170", "probe a {\n  foreach ([k] in A)\n    x;\n  foreach (v = [a, b] in A) {\n  }\n}\n"},
		{"L171", "probe a {\n  foreach ([a, b-] in A)\n    x;\n  foreach ([a+, b] in A)\n    x;\n  foreach ([a] in A-)\n    x;\n}\n"},
		{"L172", "probe a {\n  foreach ([a] in A @avg-)\n    x;\n}\n"},
		{"L173", "probe a {\n  foreach ([k] in A- limit (x + 1))\n    x;\n}\n"},
		{"L174", "probe a {\n  foreach ([a, b] in A[x, *]+ limit 5)\n    x;\n}\n"},
		{"L178", "probe a {\n  foreach ([b] in @hist_log(s))\n    @hist_log(s)[b];\n}\n"},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			if got := dump(t, test.text); got != test.text {
				t.Errorf("got\n%swant\n%s", got, test.text)
			}
		})
	}
}

func TestNormalForms(t *testing.T) {
	tests := []struct{ id, text, want string }{
		{"L070", "global a, b[5]; global c", "global a\nglobal b[5]\nglobal c\n"},
		{"L075", "private x private function f() {}", "private global x\nprivate function f () {\n}\n"},
		{"L100", "probe a { x y; z if(a){b}c }", "probe a {\n  x;\n  y;\n  z;\n  if (a) {\n    b;\n  }\n  c;\n}\n"},
		{"L103", "function f() { if (a) return; else return }",
			"function f () {\n  if (a)\n    return;\n  else\n    return;\n}\n"},
		{"L171", "probe a { foreach (v- = [k] in A) x }", "probe a {\n  foreach (v = [k] in A-)\n    x;\n}\n"},
		{"L171 key", "probe a { foreach (k+ in A) x }", "probe a {\n  foreach ([k+] in A)\n    x;\n}\n"},
		{"P202", `probe a("x" "y"), b(0x10), c(-010) {}`, "probe a(\"xy\"), b(16), c(-8) {\n}\n"},
		{"P204", "probe a.{b,c{d,e.g(1)}}.f? {}", "probe a.b.f ?, a.cd.f ?, a.ce.g(1).f ? {\n}\n"},
		{"P204 outer", "probe sys_{open{,at},close} {exit()}", "probe sys_open, sys_openat, sys_close {\n  exit();\n}\n"},
		{"P204 suffixes", "probe a.{b!,{c,d}?,e}, f.{g,h}? {}", "probe a.b !, a.c ?, a.d ?, a.e, f.g ?, f.h ? {\n}\n"},
		{"L083", "probe a.b.c = d, e {}", "probe a.b.c = d, e {\n}\n"},
		{"L016", "probe a.probe.in.next, b.return.if(1) { x = $y->probe->global }", "probe a.probe.in.next, b.return.if(1) {\n  (x = $y->probe->global);\n}\n"},
		{"L060", "probe begin {} probe end {} global g function f() {} global h %{ c %}",
			"%{ c %}\nglobal g\nglobal h\nfunction f () {\n}\nprobe begin {\n}\nprobe end {\n}\n"},
		{"L080", "probe a, b.c(1)?, d { e }", "probe a, b.c(1) ?, d {\n  e;\n}\n"},
		{"L093", "function f(a) {} function f(b):2 { next } function f() {} function string(n) {}",
			"function f (a) {\n}\nfunction f (b) :2 {\n  next;\n}\nfunction f () {\n}\nfunction string (n) {\n}\n"},
		{"L103 eager", "function f() { return\nx = 1 }", "function f () {\n  return (x = 1);\n}\n"},
		{"L174 forms", "probe a { foreach ([a, b] in c[*, 1] @sum+ limit 5) ; delete c[*]; x = [1, *] in c }",
			"probe a {\n  foreach ([a, b] in c[*, 1] @sum+ limit 5)\n    ;\n  delete c[*];\n  (x = ([1, *] in c));\n}\n"},
		{"L178 sorted", "probe a { foreach (v = k- in @hist_log(s[1]) limit 3) print(@hist_log(s[1])[k]) }",
			"probe a {\n  foreach (v = [k-] in @hist_log(s[1]) limit 3)\n    print(@hist_log(s[1])[k]);\n}\n"},
		{"L210 nothing", "probe a { println() x = sprintln() }", "probe a {\n  println();\n  (x = sprintln());\n}\n"},
		{"P204 components", `probe kernel.{function("a"),trace("b")}.{x,y} {}`,
			"probe kernel.function(\"a\").x, kernel.function(\"a\").y, kernel.trace(\"b\").x, kernel.trace(\"b\").y {\n}\n"},
		{"P204 body", "probe a{b} probe c.*{d(1,2)}", "probe a {\n  b;\n}\nprobe c.* {\n  d(1, 2);\n}\n"},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			if got := dump(t, test.text); got != test.want {
				t.Errorf("%s\n got %s\nwant %s", test.text, got, test.want)
			}
		})
	}
}

// TestBlockEnds: a block knows where its "}" is.
func TestBlockEnds(t *testing.T) {
	file, err := Parse(&Source{Text: []byte("probe a {\n\tif (x) { y }\n}\nfunction f() {}")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	outer := file.Probes[0].Body
	inner := outer.Statements[0].(*IfStatement).Then.(*Block)
	for _, test := range []struct {
		block        *Block
		line, column int
	}{{outer, 3, 1}, {inner, 2, 13}, {file.Functions[0].Body, 4, 15}} {
		if end := test.block.End; end.Line != test.line || end.Column != test.column {
			t.Errorf("a block ends at %v, want %d:%d", end, test.line, test.column)
		}
	}
}

func TestEmpty(t *testing.T) {
	for text, want := range map[string]string{
		"":         "Input file 'x' is empty",
		" \n":      "Input file 'x' is empty",
		"# words ": "Input file 'x' is empty after preprocessing",
	} {
		t.Run("L062", func(t *testing.T) {
			_, err := Parse(&Source{Name: "x", Text: []byte(text)}, Options{})
			if err == nil || err.Error() != want {
				t.Errorf("%q: got %v, want %s", text, err, want)
			}
			if _, err := Parse(&Source{Name: "x", Text: []byte(text), Library: true}, Options{}); err != nil {
				t.Errorf("library file: %v", err)
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	t.Run("L011", func(t *testing.T) {
		file, err := Parse(&Source{Text: []byte("function f() %{ { }% %}\nfunction g() %{ {}%}")}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(file.Warnings) != 1 || file.Warnings[0].Position.Line != 1 {
			t.Errorf("got %v", file.Warnings)
		}
	})
}

// TestNesting feeds what nests without end: it has to end in one diagnostic,
// soon, and with the stack intact.
func TestNesting(t *testing.T) {
	const deep = 100_000
	repeat := func(begin, middle, end string) string {
		return strings.Repeat(begin, deep) + middle + strings.Repeat(end, deep)
	}
	tests := map[string]string{
		"parentheses":   repeat("(", "1", ")"),
		"open":          repeat("(", "", ""),
		"blocks":        repeat("{", "", "}"),
		"unary minus":   repeat("- ", "1", ""),
		"not":           repeat("!", "1", ""),
		"if":            repeat("if (1) ", "x", ""),
		"else if":       repeat("if (1) x else ", "x", ""),
		"while":         repeat("while (1) ", "x", ""),
		"conditional":   repeat("1 ? 2 : ", "3", ""),
		"middle":        repeat("1 ? ", "3", " : 2"),
		"assignments":   repeat("a = ", "3", ""),
		"sum":           repeat("a + ", "3", ""),
		"concatenation": repeat("a . ", `"b"`, ""),
		"or":            repeat("a || ", "b", ""),
		"calls":         repeat("f(", "1", ")"),
		"prints":        repeat("print(", "1", ")"),
		"indexes":       repeat("a[", "1", "]"),
		"targets":       repeat("$a[", "1", "]"),
		"casts":         repeat("@cast(", "1", `, "t")`),
		"tries":         repeat("try {", "", "} catch {}"),
		"spines":        strings.Repeat("(", 9000) + "1" + strings.Repeat(repeat(" + 1", "", "")[:4*9000]+")", 9000)[:500_000],
		"brackets":      repeat("[", "1", "] in a"),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			_, err := Parse(&Source{Name: "x", Text: []byte("probe begin { " + text + " }")}, Options{})
			var diagnostics Diagnostics
			if !errors.As(err, &diagnostics) || len(diagnostics) != 1 ||
				diagnostics[0].Message != fmt.Sprintf("nested deeper than %d levels", maxNesting) {
				t.Errorf("got %.200v", err)
			}
			if spent := time.Since(begin); spent > time.Minute {
				t.Errorf("took %v", spent)
			}
		})
	}
	t.Run("braces of a probe point", func(t *testing.T) {
		text := "probe " + strings.Repeat("{a,", deep) + "b" + strings.Repeat("}", deep) + " {}"
		if _, err := Parse(&Source{Text: []byte(text)}, Options{}); err == nil {
			t.Error("accepted")
		}
	})
	t.Run("alternatives", func(t *testing.T) {
		text := "probe " + strings.Repeat("{a,b}.", 40) + "c {}"
		if _, err := Parse(&Source{Text: []byte(text)}, Options{}); err == nil {
			t.Error("accepted")
		}
	})
	for name, text := range map[string]string{
		"private":   strings.Repeat("private ", deep),
		"probes":    strings.Repeat("probe{", deep),
		"balanced":  strings.Repeat("probe a {", deep) + strings.Repeat("}", deep),
		"codes":     strings.Repeat("%{%}", deep) + "x",
		"junk":      strings.Repeat("global \x00", deep),
		"arguments": strings.Repeat("$1 ", deep),
	} {
		t.Run("many mistakes: "+name, func(t *testing.T) {
			begin := time.Now()
			if _, err := Parse(&Source{Text: []byte(text)}, Options{}); err == nil {
				t.Error("accepted")
			}
			if spent := time.Since(begin); spent > time.Minute {
				t.Errorf("took %v", spent)
			}
		})
	}
}

// TestDeepestTree makes sure that a tree of the greatest height can be walked
// and written with a small part of the stack that Go allows.
func TestDeepestTree(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("(", maxNesting-10) + "1" + strings.Repeat(")", maxNesting-10),
		"1" + strings.Repeat(" + 1", maxNesting-10),
		strings.Repeat("if (1) x else ", maxNesting-10) + "y",
		strings.Repeat("{", maxNesting-10) + strings.Repeat("}", maxNesting-10),
	} {
		dumped := dump(t, "probe begin { "+text+" }")
		if len(dumped) == 0 {
			t.Error("nothing written")
		}
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	if memory.StackSys > 256<<20 {
		t.Errorf("stacks took %d MB", memory.StackSys>>20)
	}
}

func TestWalk(t *testing.T) {
	file, err := Parse(&Source{Text: []byte(handler)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	Walk(file, func(n Node) bool {
		seen[fmt.Sprintf("%T", n)]++
		_, isFunction := n.(*Function)
		return !isFunction
	})
	for kind, want := range map[string]int{
		"*parse.Global": 3, "*parse.Function": 1, "*parse.Alias": 1, "*parse.Probe": 1,
		"*parse.ReturnStatement": 0, "*parse.IfStatement": 2, "*parse.Assign": 6, "*parse.Target": 2,
	} {
		if seen[kind] != want {
			t.Errorf("%s: visited %d, want %d", kind, seen[kind], want)
		}
	}
}
