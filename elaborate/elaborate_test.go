package elaborate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/elaborate/debuginfo/btftest"
	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/tapsets"
	"github.com/gostap/gostap/testdata/errortest"
)

// library gives the one that is built in.
func library() *parse.Library {
	library := parse.NewLibrary(parse.Options{})
	tapsets.AddTo(library)
	return library
}

func elaborateSource(t testing.TB, source *parse.Source, guru bool) (*elaborate.Program, error) {
	t.Helper()
	file, err := parse.Parse(source, parse.Options{})
	if err != nil {
		return nil, err
	}
	program, found, err := elaborate.Elaborate([]*parse.File{file}, library(), elaborate.Options{Guru: guru, BTF: kernelBTF})
	if err != nil {
		t.Fatal(err)
	}
	if found.Errors() > 0 {
		return nil, found
	}
	return program, nil
}

// TestErrors: the scripts of testdata/elaborate have the errors and warnings that
// stand beside their lines.
func TestErrors(t *testing.T) {
	errortest.Run(t, "../testdata/elaborate/*.stp", func(source *parse.Source) error {
		file, err := parse.Parse(source, parse.Options{})
		if err != nil {
			return err
		}
		_, found, err := elaborate.Elaborate([]*parse.File{file}, library(), elaborate.Options{BTF: kernelBTF})
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 {
			return nil
		}
		return found
	})
}

func kernelBTF() (*debuginfo.BTF, error) { return debuginfo.ParseBTF(btftest.Kernel()) }

func dump(t *testing.T, script string) string {
	t.Helper()
	program, err := elaborateSource(t, &parse.Source{Name: "test", Text: []byte(script)}, true)
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	var out strings.Builder
	if err := elaborate.Dump(&out, program, false); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestTypes: L230, L231: types are inferred across functions and globals, to a
// fixed point; what the library gives is typed.
func TestTypes(t *testing.T) {
	for name, test := range map[string]struct{ script, want string }{
		"parameters from calls":          {`function f(a, b) { return a . sprint(b) } probe begin { println(f("x", 1)) }`, "f:string (a:string, b:long)"},
		"result through another":         {`function g(x) { return f(x) } function f(x) { return x + 1 } probe begin { println(g(2)) }`, "g:long (x:long)"},
		"global from a later use":        {`global s probe begin { t = s; println(t . "") }`, "s:string"},
		"local from the library":         {`probe begin { name = execname(); println(name) }`, "name:string"},
		"wanted of what returns nothing": {`function f() { println(1) } probe begin { x = 5; x && f() }`, "f:long ()"},
		"comparison tells both sides":    {`function same(a, b) { return a == b } probe begin { println(same("x", "y")) }`, "same:long (a:string, b:string)"},
	} {
		if got := dump(t, test.script); !strings.Contains(got, test.want+"\n") {
			t.Errorf("%s: want %q in\n%s", name, test.want, got)
		}
	}
}

// TestOrder: P220: begin probes come first, by number, then what is armed.
func TestOrder(t *testing.T) {
	got := dump(t, `probe end { print(1) } probe timer.s(1) { print(1) } probe begin(2) { print(1) } probe begin(-1) { print(1) }`)
	if want := "begin(-1) /* <- begin(-1) */\nbegin(2) /* <- begin(2) */\ntimer.s(1) /* <- timer.s(1) */\nend /* <- end */\n"; !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s", got)
	}
}

// TestSimilar: L433: what was perhaps meant is named, the nearest first.
func TestSimilar(t *testing.T) {
	for script, want := range map[string]string{
		`probe beginn { print(1) }`:                                     "similar: begin",
		`probe kernel.function("do_sys_openat") { print(1) }`:           "similar functions: do_sys_openat2",
		`probe kernel.function("do_sys_openat2") { print($how->flag) }`: "similar: flags",
		`probe begin { printn(1) }`:                                     "similar: print",
	} {
		_, err := elaborateSource(t, &parse.Source{Name: "test", Text: []byte(script)}, false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", script, err, want)
		}
	}
}

// TestArity: L300: the numbers of parameters that there are for a name, always in the same order.
func TestArity(t *testing.T) {
	script := `function f(a) { return a } function f(a, b) { return a } function f() { return 1 } probe begin { f(1, 2, 3) }`
	for range 10 {
		_, err := elaborateSource(t, &parse.Source{Name: "test", Text: []byte(script)}, false)
		var found parse.Diagnostics
		if !errors.As(err, &found) || len(found) != 1 || found[0].Hint != "there is one that takes 0, one that takes 1, one that takes 2" {
			t.Fatalf("%v: %+v", err, found)
		}
	}
}

// TestCircularTypes: a structure inside itself and an array of itself, which
// only damaged BTF has, are errors.
func TestCircularTypes(t *testing.T) {
	b := btftest.New()
	b.Struct("s", 8, btftest.Member{Type: 1}, btftest.Member{Type: 1})
	b.Pointer(1)
	b.Array(3, 2)
	b.Pointer(3)
	b.Function("f", 0, btftest.Parameter{Name: "s", Type: 2}, btftest.Parameter{Name: "a", Type: 4})
	for access, want := range map[string]string{"$s->x": "unable to find member 'x'", "$a[1]": "have no size"} {
		source := &parse.Source{Name: "test", Text: []byte(`probe kernel.function("f") { print(` + access + `) }`)}
		file, err := parse.Parse(source, parse.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, found, err := elaborate.Elaborate([]*parse.File{file}, library(), elaborate.Options{BTF: func() (*debuginfo.BTF, error) {
			return debuginfo.ParseBTF(b.Bytes())
		}})
		if err != nil || !strings.Contains(found.Error(), want) {
			t.Errorf("%s: %v %v, want %q", access, err, found, want)
		}
	}
}

// TestContext: P317, L127, L236, L130, L131, L132, L136, L137, L138, L139: what depends on the
// place and on the kernel's types.
func TestContext(t *testing.T) {
	probe := func(body string) string {
		return `probe kernel.function("do_sys_openat2") { println(` + body + `) }`
	}
	for script, want := range map[string]string{
		probe(`@defined($dfd) ? 1 : $nosuch`):                                             `"%d\n", 1)`,
		probe(`@defined($nosuch) || @defined($how->nosuch)`):                              `"%d\n", 0)`,
		probe(`@choose_defined($nosuch, 5)`):                                              `"%d\n", 5)`,
		probe(`@choose_defined($nosuch, @choose_defined(6, $none))`):                      `"%d\n", 6)`,
		`probe begin { println(@offsetof("open_how", mode)) }`:                            `"%d\n", 8)`,
		`probe begin { println(@enum("BLUE")) }`:                                          `"%d\n", 7)`,
		`function f() { return @defined($x) } probe begin { print(f()) }`:                 `"%d", f())`,
		`probe a = begin { x = @probewrite(x); println(x) } probe a { x = 2 }`:            `x = 1`,
		`probe a = begin { x = @probewrite(y); println(x) } probe a { x = 2 }`:            `x = 0`,
		`probe a = begin { x = 7 }, { if (@probewrite(x)) println(x) } probe a { x = 2 }`: `"%d\n", x)`,
		`probe begin { if (0) nosuch(); else if (1 == 1) println("yes") }`:                `"yes")`,
		`probe begin { println(2 + 3 * 4, "a" . "b", 1 << 65, 7 / -1) }`:                  `14, "ab", 2, -7)`,
	} {
		if got := dumpBodies(t, script); !strings.Contains(got, want) {
			t.Errorf("%s\nno %s in\n%s", script, want, got)
		}
	}
	same := func(a, b string) {
		if x, y := dumpBodies(t, a), dumpBodies(t, b); x != y {
			t.Errorf("%s\n%s\n%s\n%s", a, b, x, y)
		}
	}
	same(probe(`$how->mode`), probe(`@cast($how, "open_how")->mode`))
	same(probe(`$how->mode`), probe(`@cast($how, "struct open_how", "kernel")->mode`))
	same(probe(`@cast($how, "open_how")`), probe(`&@cast($how, "open_how")`))
	same(`probe kernel.function("do_sys_openat2") { h = $how; println(h->mode) }`,
		`probe kernel.function("do_sys_openat2") { h = $how; println(@cast(h, "open_how")->mode) }`)
	same(`function f(h) { return h->mode } probe kernel.function("do_sys_openat2") { println(f($how)) }`,
		`function f(h) { return @cast(h, "open_how")->mode } probe kernel.function("do_sys_openat2") { println(f($how)) }`)
	same(`global h probe kernel.function("do_sys_openat2") { h[1] = $how; println(h[1]->mode) }`,
		`global h probe kernel.function("do_sys_openat2") { h[1] = $how; println(@cast(h[1], "open_how")->mode) }`)
	unwritten := `probe a = begin { x = 7 }, { if (@probewrite(x)) println(x) } probe a { println("body") }`
	if got := dumpBodies(t, unwritten); strings.Contains(got, "x:long") {
		t.Errorf("%s\nx is computed:\n%s", unwritten, got)
	}
}

func dumpBodies(t *testing.T, script string) string {
	t.Helper()
	file, err := parse.Parse(&parse.Source{Name: "test", Text: []byte(script)}, parse.Options{Macros: library().Macro})
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	program, found, err := elaborate.Elaborate([]*parse.File{file}, library(), elaborate.Options{Guru: true, BTF: kernelBTF})
	if err != nil || found.Errors() > 0 {
		t.Fatalf("%s: %v %v", script, found, err)
	}
	var out strings.Builder
	if err := elaborate.Dump(&out, program, true); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
