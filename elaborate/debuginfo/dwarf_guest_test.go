//go:build guest

package debuginfo_test

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/kernel"
)

// openKernel opens the DWARF of the kernel's vmlinux, which not everybody has fetched.
func openKernel(t testing.TB, k *kernel.Kernel, cache string) *debuginfo.Object {
	t.Helper()
	if k.Debuginfo == "" {
		t.Skipf("no debuginfo of %s: stap prep --debuginfo -r %[1]s", k.Release)
	}
	o, err := debuginfo.Open("kernel", k.Debuginfo, cache)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestGuestDWARF: functions of a kernel begin where symbols of their names are, their
// prototypes and variables can be read, and those that both BTF and DWARF have once have
// the same parameters in both. Functions that are declared with other names than they
// are defined with differ.
func TestGuestDWARF(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		o := openKernel(t, k, "")
		codes, err := o.Functions(debuginfo.Match{})
		if err != nil {
			t.Fatal(err)
		}
		data, err := k.BTFData()
		if err != nil {
			t.Fatal(err)
		}
		btf, err := debuginfo.ParseBTF(data)
		if err != nil {
			t.Fatal(err)
		}
		once, err := btf.Functions(func(string) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		inBTF := map[string]*debuginfo.Function{}
		for _, f := range once {
			inBTF[f.Name] = f
		}
		copies := map[string]int{}
		for _, c := range codes {
			copies[c.Name]++
		}
		withSymbol, sameInBTF, other := 0, 0, 0
		for _, c := range codes {
			if c.Symbol == c.Name || strings.HasPrefix(c.Symbol, c.Name+".") {
				withSymbol++
			}
			f, err := o.Prototype(c)
			if err != nil {
				t.Fatalf("%s@%s:%d: %v", c.Name, c.File, c.Line, err)
			}
			if _, err := o.Variables(c, c.Entry); err != nil {
				t.Fatalf("%s@%s:%d: %v", c.Name, c.File, c.Line, err)
			}
			if g := inBTF[c.Name]; g != nil && copies[c.Name] == 1 && strings.HasSuffix(c.File, ".c") {
				if signature(f) == signature(g) {
					sameInBTF++
				} else if other++; other < 10 {
					t.Logf("%s: %s, in BTF %s", c.Name, signature(f), signature(g))
				}
			}
		}
		if len(codes) < 30000 || withSymbol < len(codes)*95/100 {
			t.Errorf("%d functions, %d of them with symbols of their names", len(codes), withSymbol)
		}
		if sameInBTF < 30000 || other > sameInBTF/50 {
			t.Errorf("%d functions are as in BTF, %d are not", sameInBTF, other)
		}
		t.Logf("%d functions, %d with symbols of their names; %d as in BTF, %d not", len(codes), withSymbol, sameInBTF, other)
	})
}

func signature(f *debuginfo.Function) string {
	var parts []string
	for _, p := range f.Parameters {
		if p.Name != "" || p.Type != nil { // BTF has one of no type for "..."
			parts = append(parts, p.Name+" "+typeName(p.Type))
		}
	}
	return strings.Join(parts, ", ") + " -> " + typeName(f.Result)
}

// TestGuestGDB: of 200 functions, gdb finds the same statement at the entry and the
// same variables with the same sizes there (P382).
func TestGuestGDB(t *testing.T) {
	gdb, err := exec.LookPath("gdb")
	if err != nil {
		t.Skip("gdb is not installed: apt install gdb")
	}
	eachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		o := openKernel(t, k, "")
		all, err := o.Functions(debuginfo.Match{File: func(s string) bool { return strings.HasSuffix(s, ".c") }})
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(2026, 6))
		var codes []*debuginfo.Code
		arguments := []string{"-nx", "-batch"}
		for i := range 200 {
			c := all[random.IntN(len(all))]
			codes = append(codes, c)
			for _, command := range []string{"echo \\n@@%d\\n", "info scope *%#[2]x", "info line *%#[2]x"} {
				arguments = append(arguments, "-ex", fmt.Sprintf(command, i, c.Entry.Offset))
			}
		}
		// What it finds corrupt of one function does not keep it from the next.
		output, err := exec.Command(gdb, append(arguments, k.Debuginfo)...).CombinedOutput()
		if err != nil {
			t.Logf("%v", err)
		}
		answers := regexp.MustCompile(`(?m)^@@\d+\n`).Split(string(output), -1)[1:]
		if len(answers) != len(codes) {
			t.Fatalf("%d answers", len(answers))
		}
		variables := 0
		for i, c := range codes {
			variables += compareWithGDB(t, o, c, answers[i])
		}
		t.Logf("%d functions with %d variables", len(codes), variables)
	})
}

var (
	gdbSymbol = regexp.MustCompile(`(?s)^Symbol (\S+) is .*length (\d+)\.`)
	gdbLine   = regexp.MustCompile(`(?s)^Line (\d+) of "([^"]+)"`)
)

// compareWithGDB gives how many variables gdb knows at a function's entry.
func compareWithGDB(t *testing.T, o *debuginfo.Object, c *debuginfo.Code, answer string) int {
	t.Helper()
	var theirs, ours []string
	for _, each := range strings.Split(answer, "\nSymbol ") {
		if m := gdbSymbol.FindStringSubmatch("Symbol " + each); m != nil && !strings.Contains(each, " is a label at ") {
			theirs = append(theirs, m[1]+" "+m[2])
		}
	}
	list, err := o.Variables(c, c.Entry)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range list {
		ours = append(ours, fmt.Sprintf("%s %d", v.Name, size(t, v.Type)))
	}
	slices.Sort(theirs)
	slices.Sort(ours)
	for _, v := range theirs {
		if !slices.Contains(ours, v) {
			t.Errorf("%s@%s:%d: gdb knows %s, not among %v", c.Name, c.File, c.Line, v, ours)
		}
	}
	at := strings.LastIndex(answer, "\nLine ")
	line := gdbLine.FindStringSubmatch(answer[at+1:])
	records, err := o.LinesIn(c)
	if err != nil {
		t.Fatal(err)
	}
	if line != nil && !slices.ContainsFunc(records, func(r debuginfo.LineRecord) bool {
		return r.Address == c.Entry && strings.HasSuffix(line[2], r.File) && fmt.Sprint(r.Line) == line[1]
	}) {
		t.Errorf("%s@%s:%d: the entry is line %s of %s, not among %v", c.Name, c.File, c.Line, line[1], line[2], records[:min(3, len(records))])
	}
	return len(theirs)
}

func size(t *testing.T, of debuginfo.Type) int {
	switch of := of.(type) {
	case *debuginfo.Int:
		return of.Size
	case *debuginfo.Float:
		return of.Size
	case *debuginfo.Enum:
		return of.Size
	case *debuginfo.Struct:
		return of.Size
	case *debuginfo.Pointer:
		return 8
	case *debuginfo.Array:
		elem, err := of.Elem()
		if err != nil {
			t.Fatal(err)
		}
		return of.Count * size(t, elem)
	}
	return 0
}

// BenchmarkDWARF: what `*@net/socket.c` and all functions of the newest kernel at hand
// take, without an index and with it: budgets 1.5 s, 0.15 s, 0.5 s.
func BenchmarkDWARF(b *testing.B) {
	k, err := kernel.FindGuest("")
	if err != nil {
		b.Fatal(err)
	}
	socket := debuginfo.Match{Inlined: true, File: func(s string) bool { return s == "net/socket.c" }}
	ask := func(b *testing.B, cache string, match debuginfo.Match) {
		codes, err := openKernel(b, k, cache).Functions(match)
		if err != nil || len(codes) < 100 {
			b.Fatal(len(codes), err)
		}
	}
	b.Run("socket.c without index", func(b *testing.B) {
		for b.Loop() {
			ask(b, "", socket)
		}
	})
	cache := b.TempDir()
	ask(b, cache, socket)
	b.Run("socket.c", func(b *testing.B) {
		for b.Loop() {
			ask(b, cache, socket)
		}
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			ask(b, cache, debuginfo.Match{})
		}
	})
	b.Run("all declarations", func(b *testing.B) {
		for b.Loop() {
			list, err := openKernel(b, k, cache).Declarations(debuginfo.Match{Inlined: true})
			if err != nil || len(list) < 10000 {
				b.Fatal(len(list), err)
			}
		}
	})
}
