package elaborate_test

import (
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

func variablesOptions(version string) elaborate.Options {
	file := "testdata/variables/variables" + version + ".elf"
	return elaborate.Options{
		Guru:      true,
		DebugInfo: func(object string) (*debuginfo.Object, error) { return debuginfo.Open(object, file, "") },
		Symbols: func(string) (*debuginfo.SymbolTable, error) {
			image, err := debuginfo.OpenImage(file)
			if err != nil {
				return nil, err
			}
			return image.SymbolTable()
		},
	}
}

func elaborateVariables(t *testing.T, o elaborate.Options, script string) (string, parse.Diagnostics) {
	t.Helper()
	file, err := parse.Parse(&parse.Source{Name: "test", Text: []byte(script)}, parse.Options{})
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	program, found, err := elaborate.Elaborate([]*parse.File{file}, library(), o)
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	if found.Errors() > 0 {
		return "", found
	}
	var out strings.Builder
	if err := elaborate.Dump(&out, program, true); err != nil {
		t.Fatal(err)
	}
	return out.String(), found
}

// TestVariables: P310, P311, P312, P313, P314, P315, P330, P332, L133, L138, L139: variables by
// DWARF 4 and 5: what is read of them, and what is said of those that cannot be
// read. In front of a script's body stands its point.
func TestVariables(t *testing.T) {
	for _, test := range []struct{ point, body, want string }{
		{"plain", `$p->a`, `@kderef(4, @argument(0))`},
		{"plain", `$p->in->q`, `@kderef(2, (@argument(0) + 16))`},
		{"plain", `$p->low`, `((@kderef(1, (@argument(0) + 18)) << 61) >>> 61)`},
		{"plain", `$p->middle`, `((@kderef(2, (@argument(0) + 18)) << 50) >>> 53)`},
		{"plain", `$p->high`, `((@kderef(4, (@argument(0) + 20)) << 46) >>> 46)`},
		{"plain", `$p->negative`, `((@kderef(1, (@argument(0) + 22)) << 57) >> 59)`},
		{"plain", `$p->bytes[1]`, `@kderef(1, (@argument(0) + 25))`},
		{"plain", `$p->narrow`, `@double(@kderef(4, (@argument(0) + 48)))`},
		{"plain", `$p->list[$n]`, `@kderef(4, ((@argument(0) + (@argument(1) * 4)) + 64))`},
		{"plain", `$p->next->wide`, `@kderef(8, (@kderef(8, (@argument(0) + 80)) + 40))`},
		{"plain", `&$p->tail[3]`, `(@argument(0) + 94)`},
		{"plain", `@cast($p, "odd")->call`, `@kderef(8, (@argument(0) + 56))`},
		{"plain", `@cast($p, "const struct odd *")->color`, `@kderef(4, (@argument(0) + 32))`},
		{"plain", `@defined($local) + 2 * @defined($n)`, `2)`}, // the local has no value yet
		{"plain", `$p->middle = 3`, `(@kderef(2, (@argument(0) + 18))[13:3] = 3)`},
		{"plain", `$n = 7`, `(@argument(1) = 7)`},
		{"plain", `$$parms`, `sprintf("p=%#x n=%#x text=%#x", @argument(0), @argument(1), @argument(2))`},
		{"plain", `$$locals`, `sprintf("calls=%#x local=?", @kderef(4, @address("_stext+`},
		{"plain", `@kregister(3)`, `@kregister(3)`},
		{"by_value", `$pair->c`, `@s8((@argument(0) >>> 40))`},
		{"by_value", `$pair$`, `sprintf("{.a=%d, .b=%Q, .c=%Q, .d=%d}", @s32(@argument(0)), @s8((@argument(0) >>> 32)), @s8((@argument(0) >>> 40)), @s16((@argument(0) >>> 48)))`},
		{"by_value", `$four->b`, `the compiler keeps it nowhere here`}, // as compilers do with what is in two registers
		{"by_value", `$large->a[2]`, `@kderef(8, ((@kregister(7) + 8) + 16))`},
		{"by_value", `$pair->d = 1`, `(@kregister(5)[63:48] = 1)`},
		{"by_value", `$after`, `@s32(@argument(3))`},
		{"by_value.return", `$return->d`, `@s16((@kregister(0) >>> 48))`},
		{"many", `$h`, `@kderef(8, (@kregister(7) + 24))`},
		{"many.return", `$return->a[2]`, `@kderef(8, ($return + 16))`},
		{"many", `$b`, `@s32(@argument(2))`}, // the first is where to put the result
		{"unoptimised", `$n`, `@argument(0))`},
		{"unoptimised", `$p->a`, `@kderef(4, @argument(1))`},
		{"unoptimised.return", `$n`, `@entry`},
		{"reassigned", `$n`, `@argument(0))`},
		{"reassigned", `$unused`, `@argument(1))`},
		{"cloned", `$n`, `@s32(@argument(0))`},
		{"cloned", `$unused`, `@s32(@argument(1))`},
		{"inlined.inline", `$o->list[1]`, `+ 68)`},
		{"outer", `$constant`, `42`},
		{"outer", `$first->a`, `@kderef(4, @address("_stext+`},
		{"outer", `$numbers[2]`, `@kderef(4, (@address("_stext+`},
		{"outer.return", `$second->a`, `@kderef(4, @kderef(8, @address("_stext+`}, // is no variable of the entry
		{"outer", `@var("second@variables.c", "kernel")->a`, `@kderef(4, @kderef(8, @address("_stext+`},
		{"outer", `@var("second@var*.c")->a`, `@kderef(4, @kderef(8, @address("_stext+`},
		{"outer", `&@var("first")->color`, `+ 32)`},

		{"plain", `$local`, "unable to find local 'local', near pc 0x"},
		{"plain", `$local`, "hint: it is available at line"},
		{"plain", `$nothing`, "unable to find local 'nothing', near pc 0x"},
		{"plain", `$nothing`, "hint: alternatives: $"},
		{"plain", `$p->nothing`, "unable to find member 'nothing' for struct odd"},
		{"plain", `$n->a`, "invalid access '->a' vs. int"},
		{"plain", `$n[0]`, "invalid access '[...]' vs. int"},
		{"plain", `&$p->low`, "this has no address"},
		{"plain", `$p->narrow = 1`, "only floating-point numbers of 64 bits can be set"},
		{"plain", `$p->in = 1`, "a value of type struct inside cannot be set"},
		{"outer", `$constant = 1`, "a constant that the compiler knew"},
		{"outer", `$second = 1`, `(@kderef(8, @address("_stext+`},
		{"outer", `@var("nothing@variables.c")`, "unable to find global 'nothing' in variables.c of the kernel"},
		{"outer", `@var("first@other.c")`, "unable to find global 'first' in other.c of the kernel"},
		{"outer", `@cast($p, "struct nothing")`, "type definition 'struct nothing' not found in the kernel"},
		{"outer", `@cast($p, "struct nothing", "<linux/nothing.h>")`, "hint: headers are not compiled"},
		{"outer.return", `$p = 1`, "write to target variable not permitted in .return probes"},
	} {
		function, suffix, _ := strings.Cut(test.point, ".")
		if suffix != "" {
			suffix = "." + suffix
		}
		script := `probe kernel.function("` + function + `@variables.c")` + suffix + ` { print(` + test.body + `) }`
		for _, version := range []string{"4", "5"} {
			out, found := elaborateVariables(t, variablesOptions(version), script)
			for _, d := range found {
				if d.Severity != parse.Warning {
					out += d.Message + "\nhint: " + d.Hint + "\n"
				}
			}
			if !strings.Contains(out, test.want) {
				t.Errorf("DWARF %s: %s: got\n%s\nwant %s", version, script, out, test.want)
			}
		}
	}
}

// TestVariablesWithoutPlace: L133: a variable outside of functions needs a module where
// the probe has no place in one.
func TestVariablesWithoutPlace(t *testing.T) {
	if out, found := elaborateVariables(t, variablesOptions("5"), `probe begin { println(@var("first@variables.c", "kernel")->a) }`); !strings.Contains(out, `@kderef(4, @address("_stext+`) {
		t.Errorf("%s%v", out, found)
	}
	if _, found := elaborateVariables(t, variablesOptions("5"), `probe begin { println(@var("first")->a) }`); !strings.Contains(found.Error(), "does not say whose variable") {
		t.Error(found)
	}
	none := variablesOptions("5")
	none.DebugInfo = nil
	if _, found := elaborateVariables(t, none, `probe begin { println(@var("first", "kernel")->a) }`); !strings.Contains(found.Error(), "needs the debuginfo of the kernel") {
		t.Error(found)
	}
}
