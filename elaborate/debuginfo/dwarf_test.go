package debuginfo_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate/debuginfo"
)

// fixtures are the files of testdata/dwarf (the script there makes them) that
// are made of the same source.
var fixtures = []string{"linked-5", "linked-4", "linked-2", "relocatable-5", "compressed-5", "split-5", "split-4", "packaged-4", "shared-4", "shared-5"}

func open(t testing.TB, name string) *debuginfo.Object {
	t.Helper()
	o, err := debuginfo.Open("fixture", filepath.Join("testdata", "dwarf", name), "")
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// eachFixture runs a test on each fixture.
func eachFixture(t *testing.T, test func(t *testing.T, o *debuginfo.Object)) {
	for _, name := range fixtures {
		t.Run(name, func(t *testing.T) { test(t, open(t, name)) })
	}
}

// function finds the copy out of line of the function of that name and file.
func function(t testing.TB, o *debuginfo.Object, name, file string) *debuginfo.Code {
	t.Helper()
	codes, err := o.Functions(debuginfo.Match{
		Name: func(s string) bool { return s == name }, File: func(s string) bool { return strings.HasSuffix(s, file) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(codes) != 1 {
		t.Fatalf("%d functions %s@%s", len(codes), name, file)
	}
	return codes[0]
}

func compare(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n\t%s\nwant\n\t%s", what, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// TestFunctions: functions with their declarations, the symbols at their entries,
// whether they are global, and how many pieces their code has (P382).
func TestFunctions(t *testing.T) {
	eachFixture(t, func(t *testing.T, o *debuginfo.Object) {
		codes, err := o.Functions(debuginfo.Match{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range codes {
			got = append(got, fmt.Sprintf("%s@%s:%d %s exported=%v pieces=%d", c.Name, c.File, c.Line, c.Symbol, c.Exported, len(c.Ranges)))
		}
		pieces := 2
		if o.Image().Path == filepath.Join("testdata", "dwarf", "relocatable-5") {
			pieces = 1 // the other is in a section of its own
		}
		compare(t, "functions", got, []string{
			"twin@fs/ring.c:10 twin.constprop.0 exported=false pieces=1",
			"ring_next@fs/ring.c:15 ring_next exported=true pieces=1",
			"ring_use@fs/ring.c:20 ring_use exported=true pieces=1",
			"stop@fs/ring.c:27 stop exported=true pieces=1",
			"_start@fs/ring.c:33 _start exported=true pieces=1",
			"twin@fs/shape.c:9 twin exported=false pieces=1",
			"clone_me@fs/shape.c:16 clone_me.constprop.0 exported=false pieces=1",
			"jump@fs/shape.c:24 jump exported=false pieces=1",
			fmt.Sprintf("shape_read@fs/shape.c:39 shape_read exported=true pieces=%d", pieces),
			"shape_area@fs/shape.c:64 shape_area exported=true pieces=1",
			"shape_use@fs/shape.c:69 shape_use exported=true pieces=1",
		})
	})
}

// symbolAddresses gives the addresses of an object's symbols.
func symbolAddresses(t *testing.T, o *debuginfo.Object) map[string]debuginfo.Symbol {
	symbols, err := o.Image().Symbols()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]debuginfo.Symbol{}
	for _, s := range symbols {
		byName[s.Name] = s
	}
	return byName
}

// TestEntries: functions begin where their symbols are, and every byte of a function
// is found to be its own, also in the part that was moved away.
func TestEntries(t *testing.T) {
	eachFixture(t, func(t *testing.T, o *debuginfo.Object) {
		codes, err := o.Functions(debuginfo.Match{})
		if err != nil {
			t.Fatal(err)
		}
		symbols := symbolAddresses(t, o)
		for _, c := range codes {
			s := symbols[c.Symbol]
			if s.Address != c.Entry {
				t.Errorf("%s begins at %v, its symbol is at %v", c.Name, c.Entry, s.Address)
			}
			if r := c.Ranges[0]; r.Low != c.Entry.Offset || r.High != r.Low+s.Size {
				t.Errorf("%s is at %v, its symbol has %d bytes", c.Name, c.Ranges, s.Size)
			}
			last := c.Entry
			last.Offset += s.Size - 1
			for _, a := range []debuginfo.Address{c.Entry, last} {
				if at, err := o.CodeAt(a); err != nil || at.Name != c.Name || at.File != c.File {
					t.Errorf("at %v is %v (%v), want %s", a, at, err, c.Name)
				}
			}
		}
		cold, err := o.CodeAt(symbols["shape_read.cold"].Address)
		if err != nil || cold.Name != "shape_read" {
			t.Errorf("the cold part of shape_read is %v: %v", cold, err)
		}
		if _, err := o.CodeAt(debuginfo.Address{Section: codes[0].Entry.Section, Offset: 1 << 30}); !errors.Is(err, debuginfo.ErrNoCode) {
			t.Errorf("code where there is none: %v", err)
		}
	})
}

// TestInlined: copies that are inlined, what is in what, and the function around all.
func TestInlined(t *testing.T) {
	eachFixture(t, func(t *testing.T, o *debuginfo.Object) {
		codes, err := o.Functions(debuginfo.Match{Inlined: true, Name: func(s string) bool { return s == "square" || s == "squares" }})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range codes {
			around, err := o.Around(c)
			if err != nil {
				t.Fatal(err)
			}
			if !c.Inlined || len(c.Ranges) == 0 || c.Symbol != "" {
				t.Errorf("%+v", c)
			}
			got = append(got, fmt.Sprintf("%s@%s:%d in %s@%s", c.Name, c.File, c.Line, around.Name, around.File))
		}
		slices.Sort(got)
		compare(t, "copies", got, []string{
			"square@include/linux/shapes.h:40 in ring_use@fs/ring.c",
			"square@include/linux/shapes.h:40 in shape_use@fs/shape.c",
			"square@include/linux/shapes.h:40 in twin@fs/shape.c",
			"square@include/linux/shapes.h:40 in twin@fs/shape.c",
			"squares@include/linux/shapes.h:47 in twin@fs/shape.c",
		})
	})
}

// TestPrototype: parameters and results by their types and as the source writes them;
// what a clone does without is there all the same.
func TestPrototype(t *testing.T) {
	want := map[string][]string{
		"clone_me":   {"s struct shape* struct shape*", "unused int int", "-> long int long int"},
		"shape_read": {"s struct shape* struct shape*", "buffer char* char*", "count long unsigned int long unsigned int", "position long long int* long long int*", "-> long int long int"},
		"shape_area": {"width double double", "height float float", "round _Bool _Bool", "c enum colour enum colour", "-> float float"},
		"stop":       {"why char* char const*", "-> void void"},
		"ring_next":  {"r struct ring* struct ring*", "-> struct ring* struct ring*"},
	}
	eachFixture(t, func(t *testing.T, o *debuginfo.Object) {
		for name, want := range want {
			f, err := o.Prototype(function(t, o, name, ".c"))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range f.Parameters {
				got = append(got, fmt.Sprintf("%s %s %s", p.Name, typeName(p.Type), p.Written()))
			}
			got = append(got, fmt.Sprintf("-> %s %s", typeName(f.Result), f.WrittenResult()))
			compare(t, name, got, want)
		}
	})
}

func typeName(t debuginfo.Type) string {
	if t == nil {
		return "void"
	}
	return t.String()
}

// TestVariables: what can be seen where: parameters, variables of the function, and of
// blocks around an address only, the innermost first.
func TestVariables(t *testing.T) {
	names := func(t *testing.T, o *debuginfo.Object, c *debuginfo.Code, at debuginfo.Address) []string {
		variables, err := o.Variables(c, at)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, v := range variables {
			kind := "local"
			if v.Parameter {
				kind = "parameter"
			}
			names = append(names, fmt.Sprintf("%s %s %s:%d %s", kind, v.Name, v.File, v.Line, v.Written()))
		}
		return names
	}
	eachFixture(t, func(t *testing.T, o *debuginfo.Object) {
		read := function(t, o, "shape_read", "shape.c")
		own := []string{
			"parameter s fs/shape.c:39 struct shape*", "parameter buffer fs/shape.c:39 char*",
			"parameter count fs/shape.c:39 long unsigned int", "parameter position fs/shape.c:39 long long int*",
			"local total fs/shape.c:41 long int", "local i fs/shape.c:42 int",
		}
		compare(t, "at the entry", names(t, o, read, read.Entry), own)
		records, err := o.Lines(func(s string) bool { return s == "fs/shape.c" }, 53, 53)
		if err != nil || len(records) == 0 {
			t.Fatalf("no code of line 53: %v", err)
		}
		blocks := []string{"local name fs/shape.c:51 char const*", "local inner fs/shape.c:47 long int"}
		compare(t, "in the inner block", names(t, o, read, records[0].Address), append(blocks, own...))
		clone := function(t, o, "clone_me", "shape.c")
		compare(t, "of a clone", names(t, o, clone, clone.Entry), []string{
			"parameter s fs/shape.c:16 struct shape*", "parameter unused fs/shape.c:16 int", "local calls fs/shape.c:18 int",
		})
		copies, err := o.Functions(debuginfo.Match{Inlined: true, Name: func(s string) bool { return s == "squares" }})
		if err != nil || len(copies) != 1 {
			t.Fatal(copies, err)
		}
		got := names(t, o, copies[0], copies[0].Entry)
		compare(t, "of an inlined copy", got[len(got)-3:], []string{
			"parameter a include/linux/shapes.h:47 int", "parameter b include/linux/shapes.h:47 int", "local sum include/linux/shapes.h:49 int",
		})
	})
}

// TestGlobals: variables outside of functions, static ones inside, by file; one that
// has no definition here, and constants (P315).
func TestGlobals(t *testing.T) {
	eachFixture(t, func(t *testing.T, o *debuginfo.Object) {
		for _, g := range []struct{ name, file, want string }{
			{"shape_count", "", "fs/shape.c:3 int"},
			{"shape_count", "fs/shape.c", "fs/shape.c:3 int"},
			{"shape_count", "shape.c", "fs/shape.c:3 int"},
			{"shape_names", "shape.c", "fs/shape.c:4 char const*[4]"},
			{"calls", "shape.c", "fs/shape.c:18 int"},
		} {
			v, err := o.Global(g.name, endsIn(g.file))
			if err != nil {
				t.Errorf("%s@%s: %v", g.name, g.file, err)
				continue
			}
			if got := fmt.Sprintf("%s:%d %s", v.File, v.Line, v.Written()); got != g.want || v.Name != g.name {
				t.Errorf("%s@%s is %s, want %s", g.name, g.file, got, g.want)
			}
		}
		for _, g := range [][2]string{{"shape_count", "ring.c"}, {"shape_count", "hape.c"}, {"total", ""}, {"nothing", ""}} {
			if v, err := o.Global(g[0], endsIn(g[1])); !errors.Is(err, debuginfo.ErrNoVariable) {
				t.Errorf("%s@%s: %v, %v", g[0], g[1], v, err)
			}
		}
		limit, err := o.Global("shape_limit", nil)
		if linked := o.Image().Path != filepath.Join("testdata", "dwarf", "relocatable-5"); (err == nil) != linked {
			t.Errorf("shape_limit: %v, %v", limit, err)
		}
	})
}

// TestLabels: labels with their lines (P231).
func TestLabels(t *testing.T) {
	eachFixture(t, func(t *testing.T, o *debuginfo.Object) {
		jump := function(t, o, "jump", "shape.c")
		labels, err := o.Labels(jump)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range labels {
			got = append(got, fmt.Sprintf("%s@%s:%d", l.Name, l.File, l.Line))
			if l.Address.Section != jump.Entry.Section || l.Address.Offset < jump.Ranges[0].Low || l.Address.Offset >= jump.Ranges[0].High {
				t.Errorf("%s is at %v, out of %v", l.Name, l.Address, jump.Ranges)
			}
		}
		compare(t, "labels", got, []string{"again@fs/shape.c:28", "out@fs/shape.c:34"})
	})
}

// TestCalls: calls and inlined copies that a function's debuginfo describes (P232).
func TestCalls(t *testing.T) {
	eachFixture(t, func(t *testing.T, o *debuginfo.Object) {
		calls := func(name, file string) (got []string) {
			list, err := o.Calls(function(t, o, name, file))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range list {
				text := c.Name
				if c.TailCall {
					text += " tail"
				}
				if c.Inlined != nil {
					text += fmt.Sprintf(" inlined:%d", c.Line)
				} else if at, err := o.CodeAt(debuginfo.Address{Section: c.Returns.Section, Offset: c.Returns.Offset - 1}); err != nil || at.Name != name {
					t.Errorf("%s calls %s from %v, which is %v: %v", name, c.Name, c.Returns, at, err)
				}
				got = append(got, text)
			}
			slices.Sort(got)
			return got
		}
		compare(t, "shape_read", calls("shape_read", "shape.c"), []string{"clone_me", "jump", "stop", "twin"})
		compare(t, "twin", calls("twin", "shape.c"), []string{"squares inlined:12"})
		compare(t, "shape_use", calls("shape_use", "shape.c"), []string{"ring_use tail", "square inlined:71"})
		compare(t, "ring_use", calls("ring_use", "ring.c"), []string{"square inlined:24", "twin"})
	})
}

// TestLines: statements of lines, and of functions without what is inlined (P235).
func TestLines(t *testing.T) {
	eachFixture(t, func(t *testing.T, o *debuginfo.Object) {
		twin := function(t, o, "twin", "shape.c")
		records, err := o.LinesIn(twin)
		if err != nil {
			t.Fatal(err)
		}
		lines := map[int]bool{}
		for _, r := range records {
			lines[r.Line] = true
			if r.File != "fs/shape.c" || r.Line < 9 || r.Line > 12 {
				t.Errorf("%+v is in twin", r)
			}
		}
		for _, line := range []int{10, 11, 12} {
			if !lines[line] {
				t.Errorf("line %d of twin has no code", line)
			}
		}
		if first := records[0]; first.Line != 10 || first.Address != twin.Entry {
			t.Errorf("twin begins with %+v, is at %v", first, twin.Entry)
		}
		header, err := o.Lines(func(s string) bool { return s == "include/linux/shapes.h" }, 44, 44)
		if err != nil {
			t.Fatal(err)
		}
		around := map[string]bool{}
		for _, r := range header {
			c, err := o.CodeAt(r.Address)
			if err != nil {
				t.Fatal(err)
			}
			around[c.Name+"@"+c.File] = true
		}
		for _, want := range []string{"twin@fs/shape.c", "shape_use@fs/shape.c", "ring_use@fs/ring.c"} {
			if !around[want] {
				t.Errorf("line 44 of the header is in %v, not in %s", around, want)
			}
		}
		if none, err := o.Lines(func(s string) bool { return s == "fs/shape.c" }, 14, 15); err != nil || len(none) > 0 {
			t.Errorf("lines without code: %v, %v", none, err)
		}
	})
}

// TestTypes: how structures are laid out, with bit-fields, anonymous members, arrays,
// what is complete elsewhere, and what functions look like (P382).
func TestTypes(t *testing.T) {
	eachFixture(t, func(t *testing.T, o *debuginfo.Object) {
		shape := structure(t, o, "struct shape")
		compare(t, "struct shape", layout(t, shape), []string{
			"next 0 struct shape*", "name 64 char*", "colour 128 enum colour", " 160 union {…}", "at 192 struct {…}",
			"bits 256 struct bits", "device 320 int*", "grid 384 double[2][3]", "compare 768 function*", "ring 832 struct ring*",
			"tail 896 unsigned char[0]",
		})
		compare(t, "struct bits", layout(t, structure(t, o, "bits")), []string{
			"low 0:3 unsigned int", "middle 3:7 int", "wide 10:40 long unsigned int", "last 50:1 _Bool",
		})
		ring, err := shape.Members[9].Type()
		if err != nil {
			t.Fatal(err)
		}
		elem, err := ring.(*debuginfo.Pointer).Elem()
		if s, ok := elem.(*debuginfo.Struct); err != nil || !ok || len(s.Members) != 2 || s.Size != 16 {
			t.Errorf("struct ring, complete in another file, is %v: %v", elem, err)
		}
		compared, err := o.TypeByName("compare_t")
		if p, ok := compared.(*debuginfo.Pointer); err != nil || !ok || p.String() != "function*" {
			t.Errorf("compare_t is %v: %v", compared, err)
		}
		if _, err := o.TypeByName("struct compare_t"); !errors.Is(err, debuginfo.ErrNoType) {
			t.Errorf("struct compare_t: %v", err)
		}
	})
}

func structure(t *testing.T, o *debuginfo.Object, name string) *debuginfo.Struct {
	t.Helper()
	found, err := o.TypeByName(name)
	if err != nil {
		t.Fatal(name, err)
	}
	s, ok := found.(*debuginfo.Struct)
	if !ok {
		t.Fatalf("%s is %v", name, found)
	}
	return s
}

func layout(t *testing.T, s *debuginfo.Struct) (members []string) {
	t.Helper()
	for _, m := range s.Members {
		typ, err := m.Type()
		if err != nil {
			t.Fatal(m.Name, err)
		}
		at := fmt.Sprint(m.Offset)
		if m.BitSize > 0 {
			at += fmt.Sprint(":", m.BitSize)
		}
		members = append(members, fmt.Sprintf("%s %s %s", m.Name, at, typeName(typ)))
	}
	return members
}

// TestEnums: values by their signs.
func TestEnums(t *testing.T) {
	eachFixture(t, func(t *testing.T, o *debuginfo.Object) {
		found, err := o.TypeByName("enum colour")
		if err != nil {
			t.Fatal(err)
		}
		e := found.(*debuginfo.Enum)
		want := []debuginfo.EnumValue{{Name: "RED"}, {Name: "GREEN", Value: 5}, {Name: "NONE", Value: -1}}
		if !slices.Equal(e.Values, want) || !e.Signed || e.Size != 4 {
			t.Errorf("enum colour is %+v", e)
		}
	})
}

// TestIndexFile: an index is kept, used, and made anew when it is damaged or of
// something else; several at once do no harm.
func TestIndexFile(t *testing.T) {
	folder := t.TempDir()
	names := func() []string {
		t.Helper()
		o, err := debuginfo.Open("fixture", "testdata/dwarf/linked-5", folder)
		if err != nil {
			t.Fatal(err)
		}
		return o.FunctionNames()
	}
	want := names()
	if len(want) != 12 {
		t.Errorf("%d functions: %v", len(want), want)
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 1 {
		t.Fatalf("the folder holds %v: %v", files, err)
	}
	file := filepath.Join(folder, files[0].Name())
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the index is for others to read, too: %v, %v", info.Mode(), err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "out of the index", names(), want)
	if after, err := os.Stat(file); err != nil || !after.ModTime().Equal(info.ModTime()) {
		t.Errorf("a good index is written again: %v", err)
	}
	for at := 0; at < len(whole); at += 37 {
		damaged := slices.Clone(whole)
		damaged[at] ^= 0x55
		for _, data := range [][]byte{damaged, whole[:at]} {
			if err := os.WriteFile(file, data, 0o644); err != nil {
				t.Fatal(err)
			}
			compare(t, fmt.Sprint("with damage at ", at), names(), want)
		}
		if repaired, err := os.ReadFile(file); err != nil || !slices.Equal(repaired, whole) {
			t.Fatalf("an index damaged at %d stays: %v", at, err)
		}
	}
	done := make(chan []string)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	const runs = 8
	for range runs {
		go func() {
			o, err := debuginfo.Open("fixture", "testdata/dwarf/linked-5", folder)
			if err != nil {
				done <- []string{err.Error()}
				return
			}
			done <- o.FunctionNames()
		}()
	}
	for range runs {
		compare(t, "by one of several", <-done, want)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 1 {
		t.Errorf("the folder holds %v: %v", files, err)
	}
}

func TestNoDWARF(t *testing.T) {
	if _, err := debuginfo.Open("fixture", "testdata/dwarf/make", ""); err == nil {
		t.Error("a script is taken for an ELF file")
	}
}

// endsIn matches files by the end of their path; "" matches all.
func endsIn(tail string) func(string) bool {
	return func(file string) bool { return strings.HasSuffix("/"+file, "/"+tail) || tail == "" }
}
