//go:build guest

package debuginfo_test

import (
	"debug/elf"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/kernel"
)

// openKernel opens the DWARF of the kernel's vmlinux.
func openKernel(t testing.TB, k *kernel.Kernel, cache string) *debuginfo.Object {
	t.Helper()
	if k.Debuginfo == "" {
		t.Fatalf("no debuginfo of %s; run: stap prep --debuginfo -r %[1]s", k.Release)
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

// TestGuestLineTable: R573: the table of a kernel's lines is what another reader of DWARF
// says of a place in each hundred bytes, and small.
func TestGuestLineTable(t *testing.T) {
	program := lineReader(t)
	eachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		o := openKernel(t, k, "")
		if n := compareLines(t, program, o, 97); n < 100_000 {
			t.Errorf("only %d places", n)
		}
		table, err := o.LineTable()
		if err != nil || len(table.Data) > 8<<20 {
			t.Errorf("%d bytes, %v", len(table.Data), err)
		}
	})
}

// TestGuestGDB: of 200 functions, gdb finds the same statement at the entry and the
// same variables with the same sizes there, which by DWARF are in the same places as
// far as gdb says it in a form that can be compared (P382).
func TestGuestGDB(t *testing.T) {
	gdb, err := exec.LookPath("gdb")
	if err != nil {
		t.Fatalf("%v; run: ./setup test", err)
	}
	eachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		if k.Arch.Machine != elf.EM_X86_64 {
			t.Skip("what gdb says is compared by the frames and entries of x86-64: TestGuestCallingConvention and the guests' variables are for others")
		}
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
		places := map[string]int{}
		for i, c := range codes {
			variables += compareWithGDB(t, o, c, answers[i])
			comparePlaces(t, o, c, answers[i], places)
		}
		t.Logf("%d functions with %d variables; places compared: %v", len(codes), variables, places)
		if places["register"] < 100 || places["nowhere"] < 10 {
			t.Errorf("too few places to show anything: %v", places)
		}
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

// comparePlaces compares where the variables are at a function's entry, and counts the
// kinds of places.
func comparePlaces(t *testing.T, o *debuginfo.Object, c *debuginfo.Code, answer string, counts map[string]int) {
	t.Helper()
	theirs, count := map[string]string{}, map[string]int{}
	for _, each := range strings.Split(answer, "\nSymbol ")[1:] {
		name, description, _ := strings.Cut(each, " is ")
		theirs[name] = gdbPlace(description, c.Entry.Offset)
		count[name]++
	}
	list, err := o.Variables(c, c.Entry)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range list {
		if count[v.Name] != 1 || slices.ContainsFunc(list, func(w *debuginfo.Variable) bool { return w != v && w.Name == v.Name }) {
			continue // which is which cannot be told
		}
		kind, _, _ := strings.Cut(theirs[v.Name], " ")
		counts[kind]++
		if kind == "other" {
			continue
		}
		location, err := o.Location(v, c.Entry)
		if ours := placeText(location, err); ours != theirs[v.Name] {
			t.Errorf("%s@%s:%d: %s is in %q, by gdb in %q", c.Name, c.File, c.Line, v.Name, ours, theirs[v.Name])
		}
	}
}

// placeText writes a place: "nowhere", "register 5", "memory 7+16" and "value 5+0" of a
// register and an offset, "address 0xffffffff81000000".
func placeText(l *debuginfo.Location, err error) string {
	var nowhere *debuginfo.OptimizedOutError
	switch {
	case errors.As(err, &nowhere):
		return "nowhere"
	case err != nil:
		return err.Error()
	case len(l.Pieces) != 1:
		return fmt.Sprintf("%+v", l)
	}
	p := l.Pieces[0]
	switch {
	case p.Kind == debuginfo.InRegister:
		return fmt.Sprintf("register %d", p.Register)
	case p.Kind == debuginfo.InMemory && len(p.Operations) == 1 && p.Operations[0].Code == debuginfo.OpAddr && p.Operations[0].Section == "":
		return fmt.Sprintf("address %#x", uint64(p.Operations[0].Number))
	case len(p.Operations) != 1 || p.Operations[0].Code != debuginfo.OpRegister:
	case p.Kind == debuginfo.InMemory:
		return fmt.Sprintf("memory %d%+d", p.Operations[0].Register, p.Operations[0].Number)
	case p.Kind == debuginfo.IsValue:
		return fmt.Sprintf("value %d%+d", p.Operations[0].Register, p.Operations[0].Number)
	}
	return fmt.Sprintf("%+v", p)
}

var (
	gdbRange    = regexp.MustCompile(`(?m)Range (0x[0-9a-f]+)-(0x[0-9a-f]+): `)
	gdbRegister = regexp.MustCompile(`^a variable in \$(\w+)\s*(?:, length|$)`)
	gdbStatic   = regexp.MustCompile(`^static storage at address (0x[0-9a-f]+)`)
	gdbFrame    = regexp.MustCompile(`^a variable at frame base reg \$(\w+) offset (-?\d+)\+(-?\d+)`)
	gdbStack    = regexp.MustCompile(`^a complex DWARF expression:\s+0: DW_OP_fbreg (-?\d+)\s*(?:, length|$)`)
	gdbOffset   = regexp.MustCompile(`^a complex DWARF expression:\s+0: DW_OP_breg\d+ (-?\d+) \[\$(\w+)\]\s*(\d+: DW_OP_stack_value)?\s*(?:, length|$)`)
	gdbEntry    = regexp.MustCompile(`^a complex DWARF expression:\s+0: DW_OP_entry_value\s+2: DW_OP_reg\d+ \[\$(\w+)\]\s+3: DW_OP_stack_value\s*(?:, length|$)`)
)

// gdbRegisters are gdb's names of registers by DWARF's numbers.
var gdbRegisters = strings.Fields("rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15")

// gdbPlace gives what gdb says of a place at the entry of a function, as placeText
// writes it; "other" of what that has no form for.
func gdbPlace(description string, entry uint64) string {
	description = strings.TrimSpace(description)
	if strings.HasPrefix(description, "multi-location:") {
		var ok bool
		if description, ok = gdbListed(description, entry); !ok {
			return "nowhere"
		}
	}
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		if err != nil {
			panic(err) // the expressions let only numbers through
		}
		return n
	}
	register := func(name string) int { return slices.Index(gdbRegisters, name) }
	if strings.HasPrefix(description, "optimized out") {
		return "nowhere"
	}
	if m := gdbRegister.FindStringSubmatch(description); m != nil && register(m[1]) >= 0 {
		return fmt.Sprintf("register %d", register(m[1]))
	}
	if m := gdbStatic.FindStringSubmatch(description); m != nil {
		return "address " + m[1]
	}
	if m := gdbFrame.FindStringSubmatch(description); m != nil {
		return fmt.Sprintf("memory %d%+d", register(m[1]), number(m[2])+number(m[3]))
	}
	if m := gdbStack.FindStringSubmatch(description); m != nil {
		// The base is the CFA, which at the entry is above the return address.
		return fmt.Sprintf("memory %d%+d", register("rsp"), number(m[1])+8)
	}
	if m := gdbOffset.FindStringSubmatch(description); m != nil {
		kind := "memory"
		if m[3] != "" {
			kind = "value"
		}
		return fmt.Sprintf("%s %d%+d", kind, register(m[2]), number(m[1]))
	}
	if m := gdbEntry.FindStringSubmatch(description); m != nil {
		return fmt.Sprintf("value %d+0", register(m[1]))
	}
	return "other"
}

// gdbListed gives what a list of places says of an address.
func gdbListed(list string, address uint64) (string, bool) {
	ranges := gdbRange.FindAllStringSubmatchIndex(list, -1)
	for i, r := range ranges {
		low, err := strconv.ParseUint(list[r[2]:r[3]], 0, 64)
		high, err2 := strconv.ParseUint(list[r[4]:r[5]], 0, 64)
		end := len(list)
		if i+1 < len(ranges) {
			end = ranges[i+1][0]
		}
		if err == nil && err2 == nil && low <= address && address < high {
			return strings.TrimSpace(list[r[1]:end]), true
		}
	}
	return "", false
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
	k, err := kernel.FindGuest(kernel.Query{})
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
