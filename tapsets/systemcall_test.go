package tapsets

import (
	"slices"
	"strings"
	"testing"

	"github.com/gostap/gostap/parse"
)

// TestSystemCallTable: every line of the table is understood, and makes a library file without a mistake.
func TestSystemCallTable(t *testing.T) {
	calls := systemCalls()
	if len(calls.names) == 0 {
		t.Fatal("the table has no calls")
	}
	numbers, err := systemCallsByNumber()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range calls.names {
		text, err := systemCallFile(name)
		if err != nil {
			t.Error(err)
			continue
		}
		source := &parse.Source{Name: name + ".stp", Text: text, Library: true}
		file, err := parse.Parse(source, parse.Options{Environment: parse.Environment{
			Arch: func() (string, error) { return "x86_64", nil }, Guru: true,
		}})
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
			continue
		}
		var made []string
		for _, alias := range file.Aliases {
			for _, point := range alias.Names {
				made = append(made, aliasName(point))
			}
		}
		for _, want := range []string{"syscall." + name, "syscall." + name + ".return", "tp_syscall." + name, "tp_syscall." + name + ".return"} {
			if !slices.Contains(made, want) {
				t.Errorf("%s has no alias %s", name, want)
			}
		}
		rows, _ := calls.rows(name)
		for _, row := range rows {
			for _, number := range row.numbers {
				if _, known := numbers[number]; !known {
					t.Errorf("systemcalls.table:%d: systemcall_numbers.table has no %s", row.line, number)
				}
			}
		}
	}
}

func aliasName(p *parse.ProbePoint) string {
	var names []string
	for _, c := range p.Components {
		names = append(names, c.Text)
	}
	return strings.Join(names, ".")
}

// TestSystemCallNumbers: of the lines of one call no two are about the same number.
func TestSystemCallNumbers(t *testing.T) {
	numbers, err := systemCallsByNumber()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range systemCalls().names {
		rows, err := systemCalls().rows(name)
		if err != nil {
			t.Fatal(err)
		}
		for which, abi := range map[string]systemCallABI{"x86_64": abiX86, "i386": abiI386, "arm64": abiARM64, "arm": abiARM} {
			lines := map[int]int{}
			for _, row := range rows {
				for _, n := range row.numbersOf(abi, numbers) {
					if lines[n] != 0 {
						t.Errorf("systemcalls.table:%d and %d: both are number %d of %s", lines[n], row.line, n, which)
					}
					lines[n] = row.line
				}
			}
		}
	}
}

// TestSystemCallFile: T401, T411: what one line becomes.
func TestSystemCallFile(t *testing.T) {
	calls := splitSystemCalls("kind number int write=decimal\nkind names(table) uint NAME=VALUE NAME_str=TEXT\n" +
		"kind bytes(value) pointer truncates NAME_uaddr=VALUE\nf hex a:number _ b:names(of_b) c:bytes(a) at=g,h number=k\n")
	rows, err := calls.rows("f")
	if err != nil {
		t.Fatal(err)
	}
	w := &systemCallWriter{row: rows[0], numbers: map[string]systemCallNumbers{"k": {"k", 1, 2, 3, -1}}}
	w.writeRow(false)
	text := w.out.String()
	for _, want := range []string{
		"stap_text_decimal(&text, (int)arguments[0]);",
		"extern const struct stap_names stap_of_b_names;",
		"stap_text_names(&text, (unsigned int)arguments[2], &stap_of_b_names);",
		"stap_text_bytes(&text, (stap_long)arguments[3], (int)arguments[0]);",
		"/* pragma:read:syscall_string_trunc */",
		"text.preview = STAP_GLOBAL_GET_syscall_string_trunc();",
		"probe syscall.f = dw_syscall.f = nd_syscall.f = kernel.function(\"sys_g\").call ?, kernel.function(\"sys_h\").call ?, " +
			"kernel.function(\"compat_sys_g\").call ?, kernel.function(\"compat_sys_h\").call ?\n",
		"\tname = \"f\"\n\ta = _system_call_int(0)\n\tb = _system_call_uint(2)\n\tb_str = _text_1_b()\n\tc_uaddr = _system_call_pointer(3)\n\targstr = _argstr_1()\n",
		"if (@probewrite(b))\n\t\t_system_call_set(2, b)",
		"_system_call_narrow() ? ($id == 2) : ($id == 1)",
		"_system_call_narrow() ? (0) : (_system_call_number() == 3)",
		"retstr = return_str(2, retval)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// TestSystemCallTableMistakes: a line with a mistake is told of, with its number.
func TestSystemCallTableMistakes(t *testing.T) {
	const kinds = "kind int int\nkind pair pair\nkind names(table) int\nkind mode(value) int\n"
	for line, want := range map[string]string{
		"f":                                    "f has no format",
		"f binary":                             "a result is decimal, hex, octal or none, not binary",
		"f decimal a":                          "a is no VARIABLE:KIND",
		"f decimal a:what":                     "there is no kind what",
		"f decimal a:int b:int a:int":          "the variable a is there twice",
		"f decimal name:int":                   "the variable name is there twice",
		"f decimal a:names":                    "the kind names has 1 parameters",
		"f decimal a:names(b":                  "names(b has no end",
		"f decimal a:mode(b)":                  "f has no argument b",
		"f decimal a:int where=g":              "there is no option where",
		"f decimal a:int socketcall=x":         "x is no number",
		"f decimal a:pair b:pair c:pair d:int": "f has more than 6 arguments",
		"f decimal a:int\nkind int long":       "the kind int is there twice",
		"f decimal a:int\nkind long":           "a kind has a name and a type",
		"f decimal a:int\nkind x float":        "there is no type float",
		"f decimal a:int\nkind x(thing) int":   "a parameter is table or value, not thing",
		"f decimal a:int\nkind x int some":     "some is no VARIABLE=EXPRESSION",
		"f decimal a:int\nkind x(value int":    "x(value has no end",
	} {
		_, err := splitSystemCalls(kinds + line + "\n").rows("f")
		if err == nil || !strings.HasPrefix(err.Error(), "systemcalls.table:") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, not %q", line, err, want)
		}
	}
	for _, line := range []string{"read 0 3 63", "read 0 3 63 x"} {
		if _, err := readSystemCallNumbers("# head\n" + line + "\n"); err == nil || !strings.HasPrefix(err.Error(), "systemcall_numbers.table:2: ") {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// BenchmarkAddTo is what the library costs each script before it is asked for anything.
func BenchmarkAddTo(b *testing.B) {
	for range b.N {
		AddTo(parse.NewLibrary(parse.Options{}))
	}
}
