package parse

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// testLibrary makes a library of texts in the order of their names, and notes
// which of them are read.
func testLibrary(files map[string]string, options Options) (library *Library, opened map[string]int) {
	library, opened = NewLibrary(options), map[string]int{}
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range files {
			if !yield(name) {
				return
			}
		}
	})
	for _, name := range names {
		source := &Source{Name: name, Text: []byte(files[name]), Library: true}
		library.Add(IndexSource(source), func() (*Source, error) {
			opened[name]++
			return source, nil
		})
	}
	return library, opened
}

func TestIndexSource(t *testing.T) { // L060, L075, L081, L083, L093
	text := `
		global a, b[5], c%[10] = 3, d = "x" private global hidden, more private veiled
		function f() { global_looking = 1; if (x) { probe_like() } } function f:long (a:string, b) %{ global no; %}
		private function secret(x) { } function string(n) { }
		probe one.two = three.global = kernel.function("x").call !, b ? { function_like = 1 }, { }
		probe four += x { }
		%( kernel_v > "3" %? function g(a) { %( 1 == 1 %? if (x) { %: if (y) { %) } } %: function g(a, b) { } %)
		@define macro(x) %( function invisible(x) { } %)
		function last(a, b, c) { }
	`
	got := IndexSource(&Source{Name: "x.stp", Text: []byte(text)})
	want := FileIndex{
		File:      "x.stp",
		Functions: []string{"f/0", "f/2", "g/1", "g/2", "last/3", "string/1"},
		Globals:   []string{"a", "b", "c", "d"},
		Aliases:   []string{"four", "one.two", "three.global"},
	}
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	if !IndexSource(&Source{Text: []byte("probe begin, a = b { }")}).Probes {
		t.Error("a probe is not seen")
	}
	got = IndexSource(&Source{Name: "x.stpm", Text: []byte("@define a %( @define inner %( %) %) %( 1 == 1 %? @define b(x, y) %( function f() {} %) %) function g() {}")})
	if !slices.Equal(got.Macros, []string{"a", "b"}) || got.Functions != nil {
		t.Errorf("macros: %+v", got)
	}
	for _, text := range []string{"", "function", "function f", "function f(", "global", "global a[", "private", "probe a =", "@define", "@define m %(", "%(", "%)", "}"} {
		IndexSource(&Source{Text: []byte(text)}) // comes back
	}
}

func TestLibrary(t *testing.T) {
	library, opened := testLibrary(map[string]string{
		"1.stp":    `function f(a) { return 1 } function f(a) { next } function g() { } global x = 1 probe p.one = begin { a }`,
		"2.stp":    `function f(a) { return 2 } function f(a, b) { return 3 } global x = 2, y probe p.one = end { b } probe p.two = p.one { }`,
		"3.stp":    `private function g(a) { } %( 1 == 2 %? function gone() { } %) probe p.two = begin { }`,
		"4.stp":    `function gone() { } function n(x) { return $# } probe begin { }`,
		"argv.stp": `global argc function arguments() { return $# }`,
	}, Options{Arguments: []string{"one", "two"}})
	texts := func(list []*Function) string {
		var all []string
		for _, f := range list {
			all = append(all, fmt.Sprintf("%s/%d at %s", f.Text, len(f.Parameters), f.Position))
		}
		return strings.Join(all, ", ")
	}
	overloads, file := library.Functions("f", 1) // L093, L340: all of the first file that has one
	if got := texts(overloads); got != "f/1 at 1.stp:1:10, f/1 at 1.stp:1:37" || file.Source.Name != "1.stp" {
		t.Errorf("f/1: %s", got)
	}
	if len(opened) != 1 {
		t.Errorf("for f/1 these were read: %v", opened)
	}
	if overloads, _ := library.Functions("f", 2); texts(overloads) != "f/2 at 2.stp:1:37" {
		t.Errorf("f/2: %s", texts(overloads))
	}
	if overloads, file := library.Functions("g", 1); overloads != nil || file != nil {
		t.Error("a private function is found")
	}
	if overloads, _ := library.Functions("gone", 0); texts(overloads) != "gone/0 at 4.stp:1:10" {
		t.Errorf("gone, which 3.stp has in a branch that is not taken: %s", texts(overloads))
	}
	if got := library.Arities("f"); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("f takes %v", got)
	}
	if g, file := library.Global("x"); g == nil || g.Initial.(*NumberLiteral).Value != 1 || file.Source.Name != "1.stp" {
		t.Errorf("x: %v", g)
	}
	if g, file := library.Global("nobody"); g != nil || file != nil {
		t.Error("nobody is found")
	}
	var names []string // L085: all definitions, in order
	for _, a := range library.Aliases("", func(name string) bool { return strings.HasPrefix(name, "p.") }) {
		names = append(names, a.Names[0].dotted()+" "+a.Position.Source.Name)
	}
	if got := strings.Join(names, ", "); got != "p.one 1.stp, p.one 2.stp, p.two 2.stp, p.two 3.stp" {
		t.Errorf("aliases: %s", got)
	}
	for name, count := range opened {
		if count != 1 {
			t.Errorf("%s was read %d times", name, count)
		}
	}
	if got := fmt.Sprint(library.FunctionNames(), library.GlobalNames(), library.AliasNames(), library.Files()); got !=
		"[arguments f g gone n] [argc x y] [p.one p.two] 5" {
		t.Errorf("names: %s", got)
	}
	// L025: only argv.stp sees the script's arguments.
	for name, want := range map[string]int64{"n": 0, "arguments": 2} {
		overloads, _ := library.Functions(name, map[string]int{"n": 1}[name])
		if got := overloads[0].Body.Statements[0].(*ReturnStatement).X.(*NumberLiteral).Value; got != want {
			t.Errorf("%s sees %d arguments", name, got)
		}
	}
	if len(library.Warnings()) > 0 {
		t.Errorf("warnings: %v", library.Warnings())
	}
}

// TestLibraryMistakes: L057: what has a mistake is left out, with a warning.
func TestLibraryMistakes(t *testing.T) {
	library, _ := testLibrary(map[string]string{
		"1.stp":  `function f() { return ( } function g() { }`,
		"2.stp":  `function f() { return 2 }`,
		"3.stpm": `@define m %( 1 %) global x`,
		"4.stpm": `@define m %( 2 %) @define twice %( 1 %)`,
		"5.stpm": `@define twice %( 2 %) @define n(a) %( @m + @a %)`,
		"6.stp":  `@define local %( 5 %) function h() { return @local + @n(1) }`,
	}, Options{})
	library.Add(FileIndex{File: "7.stp", Functions: []string{"lost/0"}}, func() (*Source, error) { return nil, errors.New("it is gone") })
	if overloads, _ := library.Functions("f", 0); len(overloads) != 1 || overloads[0].Position.Source.Name != "2.stp" {
		t.Errorf("f: %v", overloads)
	}
	if overloads, _ := library.Functions("g", 0); overloads != nil || library.Arities("g") != nil {
		t.Error("g is there, of a file with a mistake")
	}
	if overloads, _ := library.Functions("lost", 0); overloads != nil {
		t.Error("lost is found")
	}
	parse := func(text string) string {
		file, err := Parse(&Source{Name: "test", Text: []byte(text)}, Options{Macros: library.Macro})
		if err != nil {
			return err.Error()
		}
		var out strings.Builder
		if err := Dump(&out, file); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	// L056: a library macro sees the library's macros alone.
	if got := parse(`@define m %( "mine" %) probe a { print(@n(@m)) }`); !strings.Contains(got, `print((2 + "mine"));`) {
		t.Errorf("got %s", got)
	}
	if got := parse(`global x = @twice`); got != "test:1:12: macro '@twice' is defined twice in the library" {
		t.Errorf("got %s", got)
	}
	if got := parse(`global x = @local`); !strings.Contains(got, "expected a string or a number") {
		t.Errorf("a macro of another file is seen: %s", got)
	}
	if overloads, _ := library.Functions("h", 0); len(overloads) != 1 {
		t.Errorf("h: %v, %v", overloads, library.Warnings())
	}
	want := []string{
		"1.stp:1:25: expected an expression", "a library script is left out: it is gone",
		"3.stpm:1:19: expected '@define': a file of macros has nothing else",
	}
	var got []string
	for _, w := range library.Warnings() {
		got = append(got, w.Error())
		if w.Severity != Warning {
			t.Errorf("%v is no warning", w)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("warnings %q, want %q", got, want)
	}
}

// generatedLibrary is one of 500 files with ten declarations each.
func generatedLibrary() map[string]string {
	files := map[string]string{}
	for n := range 500 {
		var text strings.Builder
		for i := range 5 {
			fmt.Fprintf(&text, "/** what it does */\nfunction f%d_%d:long (a:long, b:string) { if (a > 5) { return strlen(b) } return a * 2 }\n", n, i)
			fmt.Fprintf(&text, "probe subsystem%d.event%d = kernel.function(\"f%d\") !, kernel.trace(\"g%d\") ? { name = \"event\"; value = $arg->field }\n", n, i, n, i)
		}
		files[fmt.Sprintf("%03d.stp", n)] = text.String()
	}
	return files
}

// TestLibraryReadsWhatIsNeeded: of 500 files none is read that a script does
// not ask for.
func TestLibraryReadsWhatIsNeeded(t *testing.T) {
	library, opened := testLibrary(generatedLibrary(), Options{})
	if _, err := Parse(&Source{Name: "hello", Text: []byte(`probe begin { println("hello") exit() }`)}, Options{Macros: library.Macro}); err != nil {
		t.Fatal(err)
	}
	if overloads, _ := library.Functions("exit", 0); overloads != nil {
		t.Error("exit is found")
	}
	if names := library.FunctionNames(); len(names) != 2500 || len(library.AliasNames()) != 2500 {
		t.Errorf("%d functions", len(names))
	}
	if len(opened) > 0 {
		t.Errorf("read: %v", opened)
	}
	if overloads, _ := library.Functions("f123_4", 2); len(overloads) != 1 || len(opened) != 1 || opened["123.stp"] != 1 {
		t.Errorf("read for f123_4: %v", opened)
	}
}

// BenchmarkLibrary is pass 1 of hello with 500 library files: an index that is
// there already, as that of the built-in library, and one that is made.
func BenchmarkLibrary(b *testing.B) {
	hello := &Source{Name: "hello", Text: []byte(`probe begin { println("hello") exit() }`)}
	var sources []*Source
	var indexes []FileIndex
	for name, text := range generatedLibrary() {
		source := &Source{Name: name, Text: []byte(text), Library: true}
		sources = append(sources, source)
		indexes = append(indexes, IndexSource(source))
	}
	run := func(b *testing.B, index func(int) FileIndex) {
		for b.Loop() {
			library := NewLibrary(Options{})
			for i, source := range sources {
				library.Add(index(i), func() (*Source, error) { return source, nil })
			}
			if _, err := Parse(hello, Options{Macros: library.Macro}); err != nil {
				b.Fatal(err)
			}
			library.Functions("exit", 0)
		}
	}
	b.Run("index known", func(b *testing.B) { run(b, func(i int) FileIndex { return indexes[i] }) })
	b.Run("index made", func(b *testing.B) { run(b, func(i int) FileIndex { return IndexSource(sources[i]) }) })
}

// TestLibraryAddLater: files that most scripts want none of are added when somebody asks for an
// alias that begins as theirs do, or for all of them.
func TestLibraryAddLater(t *testing.T) {
	for _, ask := range []struct {
		what  string
		added bool
		names func(l *Library) int
	}{
		{"another name", false, func(l *Library) int { return len(l.AliasesNamed("other.one")) }},
		{"a pattern with another beginning", false, func(l *Library) int { return len(l.Aliases("other", func(string) bool { return true })) }},
		{"their name", true, func(l *Library) int { return len(l.AliasesNamed("late.one")) }},
		{"a pattern", true, func(l *Library) int {
			return len(l.Aliases("late", func(name string) bool { return name == "late.one" }))
		}},
		{"any", true, func(l *Library) int { return len(l.Aliases("", func(string) bool { return true })) }},
		{"all names", true, func(l *Library) int { return len(l.AliasNames()) }},
	} {
		library := NewLibrary(Options{})
		times := 0
		library.AddLater(func(first string) bool { return first == "late" }, func() {
			times++
			library.Add(FileIndex{Aliases: []string{"late.one"}}, func() (*Source, error) {
				return &Source{Name: "late.stp", Text: []byte("probe late.one = begin { x = 1 }")}, nil
			})
		})
		for range 2 {
			if got := ask.names(library); (got == 1) != ask.added || (times == 1) != ask.added {
				t.Errorf("%s: %d aliases, added %d times", ask.what, got, times)
			}
		}
	}
}
