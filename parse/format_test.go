package parse

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// scripts gives the text of every script of the repository, by its path.
func scripts(t testing.TB) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasPrefix(filepath.Ext(path), ".stp") {
			return err
		}
		text, err := os.ReadFile(path)
		found[path] = string(text)
		return err
	})
	if err != nil || len(found) < 10 {
		t.Fatalf("%d scripts: %v", len(found), err)
	}
	return found
}

// checkFormat formats a text twice, and compares the trees of what can be parsed.
func checkFormat(t *testing.T, name, text string, options Options) (formatted string, ok bool) {
	t.Helper()
	source := func(text []byte) *Source { return &Source{Name: name, Text: text, Library: true} }
	once, err := Format(source([]byte(text)))
	if _, isMistake := err.(Diagnostics); isMistake {
		return "", false
	} else if err != nil {
		t.Fatal(err)
	}
	twice, err := Format(source(once))
	if err != nil || string(twice) != string(once) {
		t.Fatalf("%s: formatted again (%v)\n%s\nis\n%s", name, err, once, twice)
	}
	dump := func(text []byte) string {
		file, err := Parse(source(text), options)
		if err != nil {
			return "no script"
		}
		var out strings.Builder
		if err := Dump(&out, file); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if before, after := dump([]byte(text)), dump(once); before != after {
		t.Fatalf("%s: the tree of\n%s\nis\n%s\nafter\n%s\nit is\n%s", name, text, before, once, after)
	}
	return string(once), true
}

// TestFormatScripts: every script of the repository, and of the corpus where
// there is one, keeps its tree.
func TestFormatScripts(t *testing.T) {
	all := scripts(t)
	if folder := os.Getenv("GOSTAP_CORPUS"); folder != "" {
		_ = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && filepath.Ext(path) == ".stp" && !strings.HasSuffix(path, "-template.stp") {
				text, err := os.ReadFile(path)
				all[path] = string(text)
				return err
			}
			return err
		})
	}
	for path, text := range all {
		formatted, ok := checkFormat(t, path, text, Options{Arguments: []string{"1", "2", "3", "4", "5", "6"}})
		if isMistaken := strings.Contains(text, "# ERROR"); ok == isMistaken && !strings.Contains(path, "elaborate") {
			_, err := Format(&Source{Name: path, Text: []byte(text)})
			t.Errorf("%s: formatted: %v: %v", path, ok, err)
		}
		if out := os.Getenv("GOSTAP_FORMATTED"); out != "" && ok {
			if err := os.WriteFile(filepath.Join(out, strings.ReplaceAll(strings.TrimPrefix(path, "../"), "/", "_")), []byte(formatted), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestFormat holds texts and their form.
func TestFormat(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"spaces": {"probe  begin{x=1;y = f( a,b [ 1 ] )+ - 5 ;}", "probe begin { x = 1; y = f(a, b[1]) + -5; }\n"},
		"operators": {"probe a{x=a?b:c;y=!a&&~b||-c;z=a- -b;i++;--j;s.=\"a\".\"b\";p->q[1]->r$;&$x->y;x=a<<<b}",
			"probe a { x = a ? b : c; y = !a && ~b || -c; z = a - -b; i++; --j; s .= \"a\" . \"b\"; p->q[1]->r$; &$x->y; x = a <<< b }\n"},
		"would merge": {"probe a { x = a % (b); y = ! ~x; z = - -x + + +y; w = a / /* b */ c; v = a - --b; m = $a->b $ }",
			"probe a { x = a % (b); y = ! ~x; z = - -x + + +y; w = a / /* b */ c; v = a - --b; m = $a->b $ }\n"},
		"points":  {"probe kernel . function( \"a\" ).return?,b.c!,sys_*read.{a,b{c,d}} if(x){}", "probe kernel.function(\"a\").return?, b.c!, sys_*read.{a,b{c,d}} if (x) {}\n"},
		"alias":   {"probe a.b=c = d.e(-5),f{x},{y} probe g+=h{}", "probe a.b = c = d.e(-5), f { x }, { y } probe g += h {}\n"},
		"globals": {"global a,b [5],c%[ 6 ],d=-1,e=\"x\";private global f private g", "global a, b[5], c%[6], d = -1, e = \"x\"; private global f private g\n"},
		"functions": {"function f:long(a:string,b : long):5{return 1}\nprivate function string( n )\n%{ C  code %}",
			"function f:long (a:string, b:long):5 { return 1 }\nprivate function string (n)\n%{ C  code %}\n"},
		"statements": {"probe a {\nif(x)y\nelse if (z) {\nw } else\nv\nwhile(1)\nfor(;;)\nforeach([a+,b]in c limit 5)\nbreak\ntry{\nx}catch(e){\ny}\n}",
			"probe a {\n\tif (x) y\n\telse if (z) {\n\t\tw } else\n\t\tv\n\twhile (1)\n\t\tfor (;;)\n\t\t\tforeach ([a+, b] in c limit 5)\n\t\t\t\tbreak\n\ttry {\n\t\tx } catch (e) {\n\t\ty }\n}\n"},
		"sorted":    {"probe a { foreach(v = k-in c limit 5) ; foreach (k in c@sum+) ; foreach (k in c[ *,1 ] -) ; }", "probe a { foreach (v = k- in c limit 5); foreach (k in c @sum+); foreach (k in c[*, 1]-); }\n"},
		"dangling":  {"probe a {\nif (x)\nif (y)\nz\nelse\nw\nv\n}", "probe a {\n\tif (x)\n\t\tif (y)\n\t\t\tz\n\t\telse\n\t\t\tw\n\tv\n}\n"},
		"continued": {"probe a,\nb\n{\nx = 1 +\n2\nprintf(\"a\",\nf(1,\n2),\n3)\ny\n}", "probe a,\n\tb\n{\n\tx = 1 +\n\t\t2\n\tprintf(\"a\",\n\t\tf(1,\n\t\t\t2),\n\t\t3)\n\ty\n}\n"},
		"return":    {"function f() {\nreturn\nx = 1\n}", "function f() {\n\treturn\n\t\tx = 1\n}\n"}, // L103: it returns the assignment
		"comments": {"#!/usr/bin/stap\n  # one\n\n\n\nprobe a # two\n{ // three\n\n/* four\n   five */ x /* six */ = 1 # seven\nyy = 2    # eight  \n\n# nine\n}\n# ten",
			"#!/usr/bin/stap\n# one\n\nprobe a # two\n{       // three\n\n\t/* four\n   five */ x /* six */ = 1 # seven\n\tyy = 2 # eight\n\n\t# nine\n}\n# ten\n"},
		"aligned":          {"global a # one\nglobal bcd # two\n\nglobal e # three\n", "global a   # one\nglobal bcd # two\n\nglobal e # three\n"},
		"governed comment": {"probe a {\nif (x)\n# why\ny\n# more\nelse\nz\n}", "probe a {\n\tif (x)\n\t\t# why\n\t\ty\n\t# more\n\telse\n\t\tz\n}\n"},
		"conditional": {"%(kernel_v>=\"3\"&&CONFIG_X==\"y\"%?\nprobe a {\n%( 1==1 %? if (x) { %: if (y) { %)\nz\n}\n}\n%:\nglobal b\n%)\nglobal c=%(arch==\"x\"%?1%:2%)",
			"%( kernel_v >= \"3\" && CONFIG_X == \"y\" %?\n\tprobe a {\n\t\t%( 1 == 1 %? if (x) { %: if (y) { %)\n\t\t\tz\n\t\t}\n\t}\n%:\n\tglobal b\n%)\nglobal c = %( arch == \"x\" %? 1 %: 2 %)\n"},
		"macros":           {"@define twice(a) %( sys_*@a+1 %)\nprobe sys_@part(a) { x=@twice( y *2 )+@other ->m }", "@define twice(a) %( sys_*@a+1 %)\nprobe sys_@part(a) { x = @twice( y *2) + @other->m }\n"},
		"arguments":        {"probe $1 { print( $2,@3,$#,@# )\n%( $#>1 %? x=$2 %) }", "probe $1 { print($2, @3, $#, @#)\n\t%( $# > 1 %? x = $2 %) }\n"},
		"embedded":         {"%{\n  int x;\n%}\nfunction f()%{ return  1; %}\nprobe a { x=%{ 5 %}+1 f(%{ 6 %}) }", "%{\n  int x;\n%}\nfunction f() %{ return  1; %}\nprobe a { x = %{ 5 %} + 1 f(%{ 6 %}) }\n"},
		"carriage returns": {"global a\r\n# b\r\nglobal c\r\n", "global a\n# b\nglobal c\n"},
		"unterminated":     {"global a /* b\n\n", "global a /* b\n"},
		"nothing":          {"", ""},
		"only a comment":   {"\n\n# a", "# a\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := checkFormat(t, "test", test.text, Options{Arguments: []string{"a.b", "2", "3"}})
			if !ok || got != test.want {
				t.Errorf("%q\n got %q\nwant %q", test.text, got, test.want)
			}
		})
	}
}

// TestFormatMistakes: what cannot be parsed is refused, with the diagnostics;
// what depends on arguments, conditions or macros that are not known is not.
func TestFormatMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"probe a { x = }":         "test:1:15: expected an expression",
		"probe a { \"open\n }":    "test:1:11: Could not find matching closing quote",
		"%{ open":                 "test:1:1: could not find the '%}' that closes '%{'",
		"probe a {":               "test:1:10: expected '}' before the end of the file",
		"global $1 probe a { ) }": "test:1:21: expected an expression",
		"@define m %( ) %) global x probe a { @m }": "test:1:14: expected an expression",
		"%( 1 == 1 %? global x":                     "test:1:1: incomplete conditional - missing '%)'",
		"global x\x01":                              "test:1:9: unexpected byte at offset 8",
		"probe $1 { x = @m } global 5":              "test:1:28: expected a name",
	} {
		_, err := Format(&Source{Name: "test", Text: []byte(text)})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	for _, text := range []string{
		"probe $1, $2.x { @entry_of($x) }", "@here probe a {}", "probe a { @statements(1, { x ) }", "global g = @5", "@$1 probe b { }",
		"%( 1 == 1 %? global x %: ) %)", "@define m %( @unknown_one %) probe @m { }", "probe kernel.{function($1), function(\"b\")} { }",
	} {
		if _, err := Format(&Source{Name: "test", Text: []byte(text)}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := Format(&Source{Name: "x.stpm", Text: []byte("@define m %( 1 %) # one\n%( arch == \"x\" %? @define n %( 2 %) %)")}); err != nil {
		t.Error(err)
	}
	if _, err := Format(&Source{Name: "x.stpm", Text: []byte("global x")}); err == nil {
		t.Error("a file of macros with a global")
	}
}
