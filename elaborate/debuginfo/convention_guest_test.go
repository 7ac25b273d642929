//go:build guest

package debuginfo_test

import (
	"debug/elf"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/kernel"
)

// argumentRegisters are DWARF's numbers of the registers that hold the first words of a
// call's arguments (System V ABI, AMD64: rdi, rsi, rdx, rcx, r8, r9; AArch64: x0 …).
var argumentRegisters = map[string][]int{"x86_64": {5, 4, 1, 2, 8, 9}, "aarch64": {0, 1, 2, 3, 4, 5}}

// takesRegister tells whether a parameter of that type takes one register.
func takesRegister(t debuginfo.Type) bool {
	switch t := t.(type) {
	case *debuginfo.Int:
		return t.Size <= 8
	case *debuginfo.Enum, *debuginfo.Pointer:
		return true
	}
	return false
}

// comparison counts what became of BTF's functions and their parameters.
type comparison struct {
	counts map[string]int
	some   map[string][]string // of each kind, the first ones
}

func (c *comparison) add(kind, name string) {
	c.counts[kind]++
	if len(c.some[kind]) < 8 {
		c.some[kind] = append(c.some[kind], name)
	}
}

// TestGuestCallingConvention: a function whose name stands for one prototype and one
// address, and that the compiler has made no clone of, has its parameters where the
// calling convention puts them: DWARF says the same of its entry, or says nothing. All
// others need DWARF. How many there are of each is printed. It is passed over with -short.
func TestGuestCallingConvention(t *testing.T) {
	if testing.Short() {
		t.Skip("every function of the kernel takes a minute: make test-all does that")
	}
	eachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		data, err := k.BTFData()
		if err != nil {
			t.Fatal(err)
		}
		btf, err := debuginfo.ParseBTF(data)
		if err != nil {
			t.Fatal(err)
		}
		table, err := bareImage(t, k).SymbolTable()
		if err != nil {
			t.Fatal(err)
		}
		withDebuginfo(t, k)
		object, err := debuginfo.Open("kernel", k.Debuginfo, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		all, err := object.Functions(debuginfo.Match{})
		if err != nil {
			t.Fatal(err)
		}
		code := map[debuginfo.Address]*debuginfo.Code{}
		for _, c := range all {
			code[c.Entry] = c
		}
		c := &comparison{map[string]int{}, map[string][]string{}}
		names := btf.FunctionNames()
		slices.Sort(names)
		prototypes := map[string]int{}
		for _, name := range names {
			prototypes[name]++
		}
		for _, name := range slices.Compact(names) {
			at, reason := onlyAddress(table, name)
			if prototypes[name] > 1 {
				c.add("function: several times in BTF", name)
			}
			if reason != "" {
				c.add("function: "+reason, name)
			}
			if prototypes[name] > 1 || reason != "" {
				continue
			}
			f, err := btf.Function(name)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if code[at] == nil {
				c.add("function: not in DWARF", name)
				continue
			}
			c.compare(t, object, code[at], f, argumentRegisters[k.Arch.Name])
		}
		for _, kind := range slices.Sorted(maps.Keys(c.counts)) {
			t.Logf("%6d  %s: %v", c.counts[kind], kind, c.some[kind])
		}
		if c.counts["function: compared"] < 10000 || c.counts["parameter: the same"] < 10000 {
			t.Error("too few to show anything")
		}
	})
}

// onlyAddress gives the only address that a name stands for, or why there is none.
func onlyAddress(table *debuginfo.SymbolTable, name string) (debuginfo.Address, string) {
	functions, clones := table.Lookup(name)
	addresses := map[debuginfo.Address]bool{}
	for _, s := range functions {
		addresses[s.Address] = true
	}
	switch {
	case len(addresses) > 1:
		return debuginfo.Address{}, "several addresses"
	case len(addresses) == 0 && len(clones) > 0:
		return debuginfo.Address{}, "only clones"
	case len(addresses) == 0:
		return debuginfo.Address{}, "no symbol"
	case len(clones) > 0:
		return debuginfo.Address{}, "clones beside it"
	}
	return functions[0].Address, ""
}

// compare compares the places of a function's parameters.
func (c *comparison) compare(t *testing.T, object *debuginfo.Object, code *debuginfo.Code, f *debuginfo.Function, registers []int) {
	variables, err := object.Variables(code, code.Entry)
	if err != nil {
		t.Errorf("%s: %v", f.Name, err)
		return
	}
	prototype, err := object.Prototype(code)
	if err != nil {
		t.Errorf("%s: %v", f.Name, err)
		return
	}
	parameters := f.Parameters
	if n := len(parameters); n > 0 && parameters[n-1].Type == nil { // of a function with any number of arguments
		parameters = parameters[:n-1]
	}
	sameName := func(a, b debuginfo.Parameter) bool { return a.Name == b.Name || b.Name == "" }
	if !slices.EqualFunc(parameters, prototype.Parameters, sameName) {
		// BTF describes another function of that name, which has been inlined wherever
		// it is called, so that nothing but DWARF can tell.
		c.add("function: BTF describes another of that name", f.Name)
		return
	}
	c.add("function: compared", f.Name)
	next := 0
	if s, ok := f.Result.(*debuginfo.Struct); ok && s.Size > 16 && object.Image().Machine == elf.EM_X86_64 {
		next = 1 // where the result is to be put
	}
	for _, p := range parameters {
		if !takesRegister(p.Type) || next >= len(registers) {
			c.add("parameter: not in a register by BTF alone", f.Name+" "+p.Name)
			next = len(registers)
			continue
		}
		want := registers[next]
		next++
		i := slices.IndexFunc(variables, func(v *debuginfo.Variable) bool { return v.Parameter && v.Name == p.Name })
		if i < 0 {
			c.add("parameter: not in DWARF", f.Name+" "+p.Name)
			continue
		}
		location, err := object.Location(variables[i], code.Entry)
		kind, differs := difference(location, err, want)
		c.add("parameter: "+kind, f.Name+" "+p.Name)
		if differs {
			t.Errorf("%s: %s: %s, and not register %d", f.Name, p.Name, kind, want)
		}
	}
}

// difference tells how DWARF's place differs from a register; differs is false where
// DWARF only says less, or speaks of the time when the function has put it elsewhere.
func difference(location *debuginfo.Location, err error, register int) (kind string, differs bool) {
	var nowhere *debuginfo.OptimizedOutError
	switch {
	case errors.As(err, &nowhere):
		return "nowhere at the entry by DWARF", false
	case err != nil:
		return err.Error(), true
	case len(location.Pieces) != 1:
		return fmt.Sprintf("in %d pieces", len(location.Pieces)), true
	}
	p := location.Pieces[0]
	switch {
	case p.Kind == debuginfo.InRegister && p.Register == register:
		return "the same", false
	case p.Kind == debuginfo.InRegister && isPreserved(p.Register):
		return "in a register that the function has still to save", false
	case p.Kind == debuginfo.InMemory:
		return "in memory that the function has still to write", false
	case p.Kind == debuginfo.IsBytes:
		return "a constant", false
	case p.Kind == debuginfo.IsValue:
		return "what the function assigns to it first", false
	}
	return fmt.Sprintf("%+v", p), true
}

// isPreserved tells whether a called function gives a register back as it was (rbx,
// rbp, r12 to r15): its caller passes nothing in it.
func isPreserved(register int) bool {
	return register == 3 || register == 6 || register >= 12 && register <= 15
}
