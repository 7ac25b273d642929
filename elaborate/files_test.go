package elaborate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// elaborateFiles elaborates several scripts with a library file, and gives what is
// said of them, or the dump.
func elaborateFiles(t *testing.T, o elaborate.Options, libraryText string, scripts ...string) string {
	t.Helper()
	var files []*parse.File
	for i, text := range scripts {
		file, err := parse.Parse(&parse.Source{Name: fmt.Sprintf("file%d", i+1), Text: []byte(text)}, parse.Options{})
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	l := library()
	source := &parse.Source{Name: "library", Text: []byte(libraryText), Library: true}
	l.Add(parse.IndexSource(source), func() (*parse.Source, error) { return source, nil })
	o.BTF = kernelBTF
	program, found, err := elaborate.Elaborate(files, l, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) > 0 {
		return found.Error()
	}
	var out strings.Builder
	if err := elaborate.Dump(&out, program, true); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestFiles: P210, P216, L060, L074, L075, L085, L093, L300, L301: what files see of each other and of the library.
func TestFiles(t *testing.T) {
	shared := `global shared = 5 global hits private global own = 7 private function secret() { return own } function lent() { return secret() + shared }
		function sum() { total = 1; return total }
		probe lib.point = begin { fromFirst = 1 } probe lib.point = end { fromSecond = 2 } probe timer.s(9) { hits++ }`
	for name, test := range map[string]struct {
		scripts []string
		want    []string
		not     []string
	}{
		"a global of another file":        {[]string{`global n probe begin { n = 1 }`, `probe end { println(n) }`}, []string{"n:long"}, nil},
		"private names of two files":      {[]string{`private global n = "x" probe begin { println(n) }`, `private global n = 5 probe end { println(n + 1) }`}, []string{`n:string = "x"`, "n:long = 5"}, nil},
		"private functions of two files":  {[]string{`private function f() { return "x" } probe begin { println(f()) }`, `private function f() { return 5 } probe end { println(f() + 1) }`}, []string{"f:string ()", "f:long ()"}, nil},
		"what is private is not seen":     {[]string{`private function f() { return "x" } probe begin { println(f()) }`, `probe end { println(f()) }`}, []string{"unresolved function f"}, nil},
		"the library's global and probes": {[]string{`probe begin { println(shared) }`}, []string{"shared:long = 5", "timer.s(9)"}, []string{"own:"}},
		"the library's private ones":      {[]string{`probe begin { println(lent()) }`}, []string{"own:long = 7", "secret:long ()"}, nil},
		"not from outside":                {[]string{`probe begin { println(secret()) }`}, []string{"unresolved function secret"}, nil},
		"both aliases of a name":          {[]string{`probe lib.point { println(1) }`}, []string{"begin", "end"}, nil},
		"nothing that is not named":       {[]string{`probe begin { println(1) }`}, nil, []string{"shared", "timer"}},
		"one's own before the library's":  {[]string{`function lent() { return "mine" } probe begin { println(lent()) }`}, []string{"lent:string ()"}, []string{"shared"}},
		"another arity is another":        {[]string{`function lent(x) { return "mine" } probe begin { println(lent(1), lent()) }`}, []string{"lent:string (x:long)", "lent:long ()"}, nil},
		"a local of the library's":        {[]string{`global total[10] probe begin { total[1] = sum() }`}, []string{"  total:long\n"}, nil},
		"global and private":              {[]string{`global n private global n probe begin { println(n) }`}, []string{"global versus private variable declaration conflict"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := elaborateFiles(t, elaborate.Options{}, shared, test.scripts...)
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
			for _, not := range test.not {
				if strings.Contains(got, not) {
					t.Errorf("%q in\n%s", not, got)
				}
			}
		})
	}
}

// TestGuru: L122, L125, L350, L138: what changes the kernel wants -g.
func TestGuru(t *testing.T) {
	probe := func(body string) string { return `probe kernel.function("do_sys_openat2") { ` + body + ` }` }
	for script, want := range map[string]struct{ plain, guru string }{
		probe(`$how->flags = 5`):                                {"write to target variable not permitted; need stap -g", "@kderef(8, @argument(2)) = 5"},
		probe(`$how->flags += 5`):                               {"need stap -g", "can be set with '=' only"},
		probe(`$how->flags++`):                                  {"can be set with '=' only", "can be set with '=' only"},
		probe(`@cast($how, "open_how")->mode = 5`):              {"need stap -g", "= 5"},
		`probe begin { println(%{ 5 %}) }`:                      {"embedded expression in unprivileged script; need stap -g", "%{"},
		`function f:long () %{ %} probe begin { println(f()) }`: {"embedded code in unprivileged script; need stap -g", "f:long ()"},
		`%{ int x; %} probe begin { println(1) }`:               {"need stap -g", "int x;"},
		`probe begin { println(@const("EPERM")) }`:              {"need stap -g", "EPERM"},
		probe(`println(@kderef(4, $how))`):                      {"@kderef needs stap -g", "println"},
		`probe begin { printk(1, "x") }`:                        {"need stap -g", "printk"},
	} {
		if got := elaborateFiles(t, elaborate.Options{}, "", script); !strings.Contains(got, want.plain) {
			t.Errorf("%s\nno %q in %s", script, want.plain, got)
		}
		got := elaborateFiles(t, elaborate.Options{Guru: true}, "", script)
		if strings.Contains(got, "need stap -g") || !strings.Contains(got, want.guru) && want.guru != "println" {
			t.Errorf("%s with -g\nno %q in %s", script, want.guru, got)
		}
	}
}

// TestOptions: L420, P317: -u checks what is dropped otherwise; --skip-badvars
// takes 0 for what cannot be resolved.
func TestOptions(t *testing.T) {
	dead := `probe begin { x = 1 + "a"; exit() }`
	if got := elaborateFiles(t, elaborate.Options{}, "", dead); !strings.Contains(got, "Eliding assignment to 'x'") || strings.Contains(got, "mismatch") {
		t.Errorf("got %s", got)
	}
	if got := elaborateFiles(t, elaborate.Options{Unoptimized: true}, "", dead); !strings.Contains(got, "type mismatch") {
		t.Errorf("-u: got %s", got)
	}
	bad := `probe kernel.function("do_sys_openat2") { println($nosuch + $how->nosuch) }`
	if got := elaborateFiles(t, elaborate.Options{}, "", bad); !strings.Contains(got, "unable to find") {
		t.Errorf("got %s", got)
	}
	if got := elaborateFiles(t, elaborate.Options{SkipBadVariables: true}, "", bad); !strings.Contains(got, "being substituted with literal 0") || strings.Contains(got, "unable") {
		t.Errorf("--skip-badvars: got %s", got)
	}
	if got := elaborateFiles(t, elaborate.Options{NoGlobalDisplay: true}, "", `global n probe begin { n = 5; exit() }`); strings.Contains(got, "end") {
		t.Errorf("--no-global-var-display: got %s", got)
	}
}

// TestPrivilege: P300, L352, C421: what is made for members of stapusr uses what everybody may.
func TestPrivilege(t *testing.T) {
	refused := "may not be used when --privilege=stapusr is specified"
	for script, want := range map[string]string{
		`probe begin, timer.s(1), end { println(execname(), pid()) }`:             "",
		`probe never, timer.jiffies(1), timer.hz(9), error, init { println(1) }`:  "",
		`probe timer.profile.tick { println(1) }`:                                 "probe point is not allowed for --privilege=stapusr",
		`probe perf.type(1).config(0) { println(1) }`:                             "probe point is not allowed for --privilege=stapusr",
		`probe procfs.read { $value = "" }`:                                       "probe point is not allowed for --privilege=stapusr",
		`probe netfilter.hook("3").pf("2") { println(1) }`:                        "probe point is not allowed for --privilege=stapusr",
		`probe kernel.data("x").write { println(1) }`:                             "probe point is not allowed for --privilege=stapusr",
		`probe kernel.function("do_sys_openat2") { println(1) }`:                  "probe point is not allowed for --privilege=stapusr",
		`probe begin { println(kernel_string(5)) }`:                               "function kernel_string " + refused,
		`function f(x) { return kernel_string(x) } probe begin { println(f(5)) }`: "function kernel_string " + refused,
		`probe begin { println(@cast(5, "open_how")->mode) }`:                     refused,
		`probe begin { printf("%8.8m", 5) }`:                                      refused,
	} {
		got := elaborateFiles(t, elaborate.Options{Privilege: "stapusr"}, "", script)
		if want == "" && strings.Contains(got, "--privilege") || !strings.Contains(got, want) {
			t.Errorf("%s: no %q in\n%s", script, want, got)
		}
		if got := elaborateFiles(t, elaborate.Options{Privilege: "stapsys"}, "", script); strings.Contains(got, "--privilege") {
			t.Errorf("%s for stapsys:\n%s", script, got)
		}
	}
}

// TestManyAliases: aliases that double from one to the next end in an error.
func TestManyAliases(t *testing.T) {
	var script strings.Builder
	script.WriteString("probe a0 = begin { x = 1 }\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&script, "probe a%d = a%d, a%d { x++ }\n", i, i-1, i-1)
	}
	script.WriteString("probe a59 { println(x) }\n")
	if got := elaborateFiles(t, elaborate.Options{}, "", script.String()); !strings.Contains(got, "aliases stand for more than") {
		t.Errorf("got %.200s", got)
	}
}

// TestAliasesOfOneName: L085: of several aliases with one name, as system calls have them for each kind of
// program, it is enough that the kernel has the points of one.
func TestAliasesOfOneName(t *testing.T) {
	const library = `probe twin.one = kernel.function("no_such_function").call ? { x = 1 }
		probe twin.one = kernel.function("do_sys_openat2").call ? { x = 2 }
		probe twin.two = kernel.function("no_such_function").call ? { x = 3 }
		probe twin.two = kernel.function("nor_this").call ? { x = 4 }`
	if got := elaborateFiles(t, elaborate.Options{}, library, `probe twin.one { println(x) }`); !strings.Contains(got, "(x = 2)") {
		t.Errorf("the one that is there is not probed:\n%s", got)
	}
	if got := elaborateFiles(t, elaborate.Options{}, library, `probe twin.two { println(x) }`); !strings.Contains(got, "has none of the points") {
		t.Errorf("nothing is said of points that are not there:\n%s", got)
	}
}
