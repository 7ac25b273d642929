package parse

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// testEnvironment is a kernel for conditionals; what they ask about it is noted.
func testEnvironment(asked *[]string) Environment {
	note := func(question string) { *asked = append(*asked, question) }
	return Environment{
		Release: func() (string, error) { note("release"); return "6.1.12-3-cloud-test", nil },
		Arch:    func() (string, error) { note("arch"); return "x86_64", nil },
		Config: func(name string) (string, bool, error) {
			note(name)
			value, ok := map[string]string{"CONFIG_HZ": "250", "CONFIG_SHIFT": "0x10", "CONFIG_SMP": "y", "CONFIG_NFS": "m", "CONFIG_NAME": "host"}[name]
			return value, ok, nil
		},
	}
}

// TestConditions holds L031 to L038: a condition, and whether it holds.
func TestConditions(t *testing.T) {
	for _, test := range []struct {
		id, condition string
		want          bool
	}{
		{"L031", `1 == 1 || 1 == 2 && 1 == 2`, true},
		{"L031", `1 == 2 && 1 == 1 || 1 == 2`, false},
		{"L031", `1 == 2 || 1 == 1 && 2 == 2`, true},
		{"L032", `@same`, true},
		{"L032", `@same && @sides(2, 3)`, false},
		{"L033", `kernel_v == "6.1.12"`, true},
		{"L033", `kernel_v != "6.1.12"`, false},
		{"L033", `kernel_v >= "6.1.9"`, true},
		{"L033", `kernel_v > "6.1"`, true},
		{"L033", `kernel_v < "6.10"`, true},
		{"L033", `kernel_v <= "2.6.38"`, false},
		{"L033", `kernel_v == "6.*"`, true},
		{"L033", `kernel_v != "6.?.12"`, false},
		{"L033", `kernel_vr == "6.1.12-3-cloud-test"`, true},
		{"L033", `kernel_vr >= "6.1.12-10"`, false},
		{"L033", `kernel_vr == "*[a-d]loud*"`, true},
		{"L033", `kernel_v == "6" ".1.12"`, false}, // L010: operands are not joined; this is a mistake
		{"L034", `systemtap_v >= "5.6"`, true},
		{"L034", `systemtap_v < "1.8"`, false},
		{"L035", `systemtap_privilege == "stapdev"`, true},
		{"L035", `systemtap_privilege != "stapusr"`, true},
		{"L035", `guru_mode == 0`, true},
		{"L035", `guru_mode != 1`, true},
		{"L036", `arch == "x86_64"`, true},
		{"L036", `arch == "x86*" && arch != "i?86"`, true},
		{"L036", `runtime == "kernel" && runtime != "bpf"`, true},
		{"L037", `CONFIG_SMP == "y"`, true},
		{"L037", `CONFIG_NFS == "[ym]" && CONFIG_SMP != "n"`, true},
		{"L037", `CONFIG_NONE == ""`, true},
		{"L037", `CONFIG_NONE == "[ym]"`, false},
		{"L037", `CONFIG_HZ >= 250 && CONFIG_HZ < 1000`, true},
		{"L037", `CONFIG_SHIFT == 16`, true},
		{"L037", `CONFIG_HZ > CONFIG_SHIFT`, true},
		{"L037", `CONFIG_NAME > CONFIG_HZ`, true},
		{"L037", `CONFIG_SMP == CONFIG_NFS`, false},
		{"L038", `"10" < "9" && "a" != "b"`, true},
		{"L038", `@1 == "one" && $# == 2 && @# == "2"`, true},
		{"L038", `"*" == "x"`, false},
		{"L038", `10 > 9 && 0x10 == 16 && 010 < 9`, true},
		{"L038", `$2 > 5`, true},
	} {
		t.Run(test.id, func(t *testing.T) {
			var asked []string
			text := "@define same %( 2 == 2 %) @define sides(a, b) %( @a == @b %) %( " + test.condition + " %? global yes %: global no %)"
			options := Options{Arguments: []string{"one", "7"}, Environment: testEnvironment(&asked)}
			file, err := Parse(&Source{Name: "test", Text: []byte(text)}, options)
			if strings.Contains(test.condition, `" "`) {
				if err == nil || !strings.Contains(err.Error(), "expected '%?', '&&' or '||'") {
					t.Errorf("%s: %v", test.condition, err)
				}
				return
			}
			if err != nil || len(file.Globals) != 1 {
				t.Fatalf("%s: %v", test.condition, err)
			}
			if got := file.Globals[0].Text == "yes"; got != test.want {
				t.Errorf("%s is %v", test.condition, got)
			}
		})
	}
}

// TestEnvironment: L034, L035: what is set differs from the usual, and a kernel
// is asked only for what decides.
func TestEnvironment(t *testing.T) {
	text := `%( runtime == "bpf" && systemtap_privilege == "stapusr" && guru_mode == 1 && systemtap_v == "3.2" %? global yes %)
		%( 1 == 2 && kernel_v > "9" || 1 == 1 || CONFIG_SMP == "y" || arch == "x" %? global also %)
		%( 1 == 2 %? %( arch == "x" %? global x %) %)`
	var asked []string
	options := Options{Compatible: "3.2", Environment: testEnvironment(&asked)}
	options.Environment.Runtime, options.Environment.Privilege, options.Environment.Guru = "bpf", "stapusr", true
	file, err := Parse(&Source{Text: []byte(text)}, options)
	if err != nil || len(file.Globals) != 2 {
		t.Errorf("%v, %d globals", err, len(file.Globals))
	}
	if len(asked) > 0 {
		t.Errorf("asked for %q", asked)
	}
	_, err = Parse(&Source{Name: "test", Text: []byte(`global x %( kernel_v > "3" %? %)`)}, Options{})
	if err == nil || err.Error() != "test:1:13: kernel_v is not known here" {
		t.Errorf("got %v", err)
	}
}

// TestPreprocessor holds scripts and what is left of them, as -p1 prints it.
func TestPreprocessor(t *testing.T) {
	for _, test := range []struct{ id, text, want string }{
		{"L010 macro", `@define s %( "b" %) probe a("x" @s) { print("a" @s /* */ @1) }`, "probe a(\"xb\") {\n  print(\"abone\");\n}\n"},
		{"L013 modulo", "probe a { x = a %(b) }", ""},
		{"L022", "probe a { x = %( $# > 5 %? $6 %: 10 %) }", "probe a {\n  (x = 10);\n}\n"},
		{"L030 expression", `probe a { x = 1 + %( 1 == 1 %? 2 %: 3 %) * 4 }`, "probe a {\n  (x = (1 + (2 * 4)));\n}\n"},
		{"L030 else", `probe a { x = %( 1 == 2 %? 2 %: 3 %) }`, "probe a {\n  (x = 3);\n}\n"},
		{"L030 no else", `probe a { %( 1 == 2 %? b %) c }`, "probe a {\n  c;\n}\n"},
		{"L030 empty", `probe a { %( 1 == 1 %? %: c %) }`, "probe a {\n}\n"},
		{"L030 nested", `%( 1 == 1 %? %( 1 == 2 %? global a %: %( 1 == 1 %? global b %) %) %: %( 1 == 1 %? global c %) %)`, "global b\n"},
		{"L030 nested else", `%( 1 == 2 %? %( 1 == 1 %? global a %: global b %) %: global c %)`, "global c\n"},
		{"L030 points", `probe %( 1 == 1 %? a.b %: c %), d.%( 1 == 2 %? e %: f %)?, g.%( 1 == 1 %? h %)i {}`, ""},
		{"L030 points apart", `probe %( 1 == 1 %? a.b %: c %), d.%( 1 == 2 %? e %: f %) ? {}`, "probe a.b, d.f ? {\n}\n"},
		{"L030 halves", `probe a { %( 1 == 1 %? if (x) { %: if (y) { %) z } }`, "probe a {\n  if (x) {\n    z;\n  }\n}\n"},
		{"L030 parameters", `function f%( 1 == 2 %? (a) %: (a, b) %) {}`, "function f (a, b) {\n}\n"},
		{"L040", `probe a { %( 1 == 2 %? $7 08 @undefined(3 "open` + "\n" + ` %: x %) }`, "probe a {\n  x;\n}\n"},
		{"L040 taken", `probe a { %( 1 == 1 %? x %: %( bad %? 1 %) 08 @m %) }`, "probe a {\n  x;\n}\n"},
		{"L040 define", `%( 1 == 2 %? @define m %( 1 %) %: @define m %( 2 %) %) global g = @m`, "global g = 2\n"},
		{"L050", `@define five %( 5 %) global g = @five`, "global g = 5\n"},
		{"L050 parameters", `@define twice(p1, p2) %( @p1 + @p2 * @p1 %) probe a { x = @twice(1, y) }`, "probe a {\n  (x = (1 + (y * 1)));\n}\n"},
		{"L050 conditional", `@define m(p) %( %( @p == 1 %? one %: %( @p == 2 %? two %: more %) %) %) probe a { @m(1) @m(2) @m(3) }`,
			"probe a {\n  one;\n  two;\n  more;\n}\n"},
		{"L050 declarations", `@define counter(name) %( global @name probe @name { @name++ } %) @counter(n)`, "global n\nprobe n {\n  (n++);\n}\n"},
		{"L050 none", `@define none() %( x %) @define bare %( f %) probe a { @none() @bare(1) }`, "probe a {\n  x;\n  f(1);\n}\n"},
		{"L051", `@define m(a, b) %( g(@b, @a) %) probe a { @m((1, 2), x[3, 4]) }`, ""},
		{"L051 nesting", `@define m(a, b) %( g(@b, @a) %) probe a { @m(f(1, 2), x[3, 4]) }`, "probe a {\n  g(x[3, 4], f(1, 2));\n}\n"},
		{"L051 empty", `@define m(a) %( f(@a) %) probe a { @m() }`, "probe a {\n  f();\n}\n"},
		{"L051 conditional", `@define m(a) %( @a %) probe a { x = @m(%( 1 == 2 %? 5 %: 6 %)) }`, "probe a {\n  (x = 6);\n}\n"},
		{"L053", `@define inner(x) %( @x + 1 %) @define outer(x) %( @inner(@x * 2) + @x %) probe a { y = @outer(z) }`,
			"probe a {\n  (y = (((z * 2) + 1) + z));\n}\n"},
		{"L053 itself", `@define m(x) %( f(@x) %) probe a { @m(@m(@m(1))) }`, "probe a {\n  f(f(f(1)));\n}\n"},
		{"L054", `@define avg(x) %( mean(@x) %) probe a { x = @avg(s) }`, "probe a {\n  (x = mean(s));\n}\n"},
		{"L055", `probe a { x = @count(s) }`, "probe a {\n  (x = @count(s));\n}\n"},
		{"L051 glued", `@define part %( read %) probe sys_@part*.return {}`, "probe sys_read*.return {\n}\n"},
		{"L126 braces", `@define body(x) %( { @x } %) probe a @body(exit())`, "probe a {\n  exit();\n}\n"},
	} {
		t.Run(test.id, func(t *testing.T) {
			if test.want == "" {
				if _, err := Parse(&Source{Name: "test", Text: []byte(test.text)}, Options{}); err == nil {
					t.Errorf("%s: accepted", test.text)
				}
				return
			}
			if got := dump(t, test.text, "one"); got != test.want {
				t.Errorf("%s\n got %s\nwant %s", test.text, got, test.want)
			}
		})
	}
}

// TestBuiltInRedefined: L054: a macro may take the name of an operator; that
// is suspicious.
func TestBuiltInRedefined(t *testing.T) {
	file, err := Parse(&Source{Text: []byte(`@define avg(x) %( @x %) global x = @avg(1)`)}, Options{})
	if err != nil || len(file.Warnings) != 1 || file.Warnings[0].Message != "macro redefines built-in operator '@avg'" {
		t.Errorf("%v %v", err, file.Warnings)
	}
}

// TestEmptyAfterPreprocessing: L062.
func TestEmptyAfterPreprocessing(t *testing.T) {
	_, err := Parse(&Source{Name: "x", Text: []byte(`%( 1 == 2 %? probe begin {} %)`)}, Options{})
	if err == nil || err.Error() != "Input file 'x' is empty after preprocessing" {
		t.Errorf("got %v", err)
	}
}

// TestProvenance: L058, L414: what comes out of a macro says where it was used,
// through all the macros on the way.
func TestProvenance(t *testing.T) {
	text := "@define inner(p) %( 1 + %? @p %)\n@define outer(p) %( @inner(@p) %)\nprobe a { x = @outer(y) }\n"
	_, err := Parse(&Source{Name: "x.stp", Text: []byte(text)}, Options{})
	var out strings.Builder
	Render(&out, err.(Diagnostics), nil)
	want := `parse error: incomplete conditional - missing '%(': operator '%?' at x.stp:1:25
        source: @define inner(p) %( 1 + %? @p %)
                                        ^
	in expansion of macro: operator '@inner' at :2:21
        source: @define outer(p) %( @inner(@p) %)
                                    ^
	in expansion of macro: operator '@outer' at :3:15
        source: probe a { x = @outer(y) }
                              ^
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
	file, err := Parse(&Source{Text: []byte("@define m(p) %( @p + 1 %)\nprobe a { x = @m(y) }")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	Walk(file, func(n Node) bool {
		if x, ok := n.(*Identifier); ok && x.Text == "y" {
			if p := x.Position; p.Line != 2 || p.Column != 18 || p.Expansion == nil || p.Expansion.Use.Text != "@m" {
				t.Errorf("y is at %v", p)
			}
		}
		return true
	})
}

// TestRunawayMacros: macros and conditionals without bounds end soon, and with
// one clear message.
func TestRunawayMacros(t *testing.T) {
	doubling := func(last string) string {
		text := strings.Builder{}
		fmt.Fprintf(&text, "@define m0 %%( %s %%)\n", last)
		for n := 1; n < 64; n++ {
			fmt.Fprintf(&text, "@define m%d %%( @m%d @m%d %%)\n", n, n-1, n-1)
		}
		return text.String() + "probe begin { @m63 }"
	}
	const many = 100_000
	for name, test := range map[string]struct{ text, want string }{
		"doubling":         {doubling("x"), "macros stand for more than"},
		"doubling nothing": {doubling(""), "macros stand for more than"},
		"arguments": {"@define m(a) %( @a @a %) probe begin { " + strings.Repeat("@m(", 64) + "x" + strings.Repeat(")", 64) + " }",
			"macros stand for more than"},
		"deep arguments": {"@define m(a) %( @a %) probe begin { " + strings.Repeat("@m(", many) + "x" + strings.Repeat(")", many) + " }",
			"macros stand for more than"},
		"open":      {strings.Repeat("%( 1 == 1 %? ", many) + "global x", "incomplete conditional - missing '%)'"},
		"never":     {strings.Repeat("%( 1 == 2 %? ", many) + "global x", "incomplete conditional - missing '%)'"},
		"condition": {"%( " + strings.Repeat("1 == 1 && ", many), "incomplete conditional - missing '%?'"},
		"openers":   {strings.Repeat("%( ", many), "incomplete conditional - missing '%?'"},
		"closers":   {strings.Repeat("%) ", many), "incomplete conditional - missing '%('"},
		"defines":   {strings.Repeat("@define m ", many), "expected '%('"},
		"bodies":    {strings.Repeat("@define m %( ", many), "the macro has no end"},
		"deep":      {strings.Repeat("%( 1 == 1 %? ", many) + "global x" + strings.Repeat("%)", many), ""},
		"deep else": {strings.Repeat("%( 1 == 2 %? a %: ", many) + "global x" + strings.Repeat("%)", many), ""},
		"uses":      {"@define m(a) %( x = @a %) probe begin { " + strings.Repeat("@m(1) ", many) + "}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			_, err := Parse(&Source{Name: "x", Text: []byte(test.text)}, Options{})
			var found Diagnostics
			errors.As(err, &found)
			if test.want == "" && err != nil || test.want != "" && (len(found) == 0 || !strings.Contains(found[0].Message, test.want)) {
				t.Errorf("got %.300v", err)
			}
			Render(&bytes.Buffer{}, found, nil)
			if spent := time.Since(begin); spent > time.Minute {
				t.Errorf("took %v", spent)
			}
		})
	}
}

// TestCompatible: L009, L010, L015, L017, L120, L127, L430: what a version of
// the language has, and what one before it has not.
func TestCompatible(t *testing.T) {
	for _, test := range []struct{ id, text, version, now, before string }{
		{"L009", `probe a { print("\x41") }`, "2.3", `print("A");`, `print("x41");`},
		{"L010", `probe a { print("a" "b" /* */ "c") }`, "2.0", `print("abc");`, ""},
		{"L015", `probe a { private = 1 }`, "3.0", "", "(private = 1);"},
		{"L017", `probe a { print(@variance(s)) }`, "3.1", "print(@variance(s));", ""},
		{"L017", `probe a { print(@const("X")) }`, "3.1", `print(@const("X"));`, ""},
		{"L017", `probe a { print(@kderef(4, x)) }`, "4.0", "print(@kderef(4, x));", ""},
		{"L017", `probe a { print(@uregister(4)) }`, "4.0", "print(@uregister(4));", ""},
		{"L017", `probe a { print(@enum("X")) }`, "5.5", `print(@enum("X"));`, ""},
		{"L017", `probe a { print(@enumname(4)) }`, "5.6", "print(@enumname(4));", ""},
		{"L120", `probe a { a ? b : c = d }`, "4.0", "", "(a ? b : (c = d));"},
		{"L127", `probe a { print(p->x) }`, "2.6", "print(p->x);", ""},
		{"L017 tapset", `@define m %( @enum("X") . "\x41" %) probe a { print(@v) }`, "0", `print((@enum("Y") . "A"));`, ""},
	} {
		t.Run(test.id, func(t *testing.T) {
			macros, found := readMacros(&Source{Name: "m.stpm", Library: true, Text: []byte(`@define v %( @enum("Y") . "\x41" %)`)}, Options{})
			if found != nil {
				t.Fatal(found)
			}
			parse := func(version string, want string) {
				options := Options{Compatible: version, Macros: func(name string) (*Macro, bool) { m := macros[name]; return m, m != nil }}
				file, err := Parse(&Source{Name: "test", Text: []byte(test.text)}, options)
				if err != nil {
					if want != "" {
						t.Errorf("%s: %v", version, err)
					}
					return
				}
				var out strings.Builder
				if err := Dump(&out, file); err != nil {
					t.Fatal(err)
				}
				if got := out.String(); want == "" || !strings.Contains(got, "\n  "+want+"\n") {
					t.Errorf("%s: got %swant %q", version, got, want)
				}
			}
			parse("", test.now)
			parse(test.version, test.now)
			if test.version != "0" {
				parse("1.8", test.before)
				library := &Source{Name: "library.stp", Library: true, Text: []byte(test.text)}
				if _, err := Parse(library, Options{Compatible: "1.8"}); (err == nil) != (test.now != "") {
					t.Errorf("library: %v", err)
				}
			}
		})
	}
}

func TestVersions(t *testing.T) { // L033
	ordered := strings.Fields("000 00 01 010 09 0 1 1.0 1.2 1.2.9 1.2.10 1.10 1a 9 10 a a1 a2 a10 b")
	for i, a := range ordered {
		for j, b := range ordered {
			got := compareVersions(a, b)
			if (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%s to %s: %d", a, b, got)
			}
		}
	}
}

func TestGlobs(t *testing.T) { // L033, L037
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "a/b", true}, {"a*c", "abbc", true}, {"a*c", "abcd", false},
		{"*a*b*", "xxaxxbxx", true}, {"?", "", false}, {"?b", "ab", true}, {"[a-c]", "b", true}, {"[!a-c]", "b", false},
		{"[^a]", "b", true}, {"[]x]", "]", true}, {"[", "[", true}, {"[ab", "[ab", true}, {`\*`, "*", true}, {`\*`, "a", false},
		{`a\`, `a\`, true}, {"[a-]", "-", true}, {"**a", "ba", true}, {strings.Repeat("*a", 30) + "b", strings.Repeat("a", 60), false},
	} {
		if got := matchGlob(test.pattern, test.text); got != test.want {
			t.Errorf("%q for %q: %v", test.pattern, test.text, got)
		}
	}
}

// TestOwnVariables: each use of a library's macro has variables of its own; a script's macro has not, nor has what is
// given to a macro.
func TestOwnVariables(t *testing.T) {
	macros, found := readMacros(&Source{Name: "m.stpm", Library: true, Text: []byte(`@define m(x) %( __k__ = @x + __k %) @define twice(x) %( @m(@x) @m(__k__) %)`)}, Options{})
	if len(found) > 0 {
		t.Fatal(found)
	}
	options := Options{Macros: func(name string) (*Macro, bool) { m := macros[name]; return m, m != nil }}
	file, err := Parse(&Source{Name: "x.stp", Text: []byte("@define mine %( __k__ %) probe begin { @m(__k__) @m(@mine) @twice(1) }")}, options)
	if err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	if err := Dump(&printed, file); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"__k__1 = __k__ + __k", "__k__2 = __k__ + __k", "__k__5 = 1 + __k", "__k__6 = __k__4 + __k"} {
		if !strings.Contains(strings.NewReplacer("(", "", ")", "").Replace(printed.String()), want) {
			t.Errorf("no %q in\n%s", want, &printed)
		}
	}
}
