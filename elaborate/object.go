package elaborate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/kernel"
)

// This file is about what code comes from: the kernel and its modules. Each of
// them has three sources, which are asked for only when something needs them and
// need not be at hand: BTF has prototypes by name, the symbol table has addresses
// by name, DWARF has everything by everything.

// kernelObject is what Options call the kernel itself.
const kernelObject = "kernel"

// object is the kernel or one of its modules.
type object struct {
	name    string // "kernel", the module's, or the path of its file
	options *Options
	types   memo[*debuginfo.BTF]
	info    memo[*debuginfo.Object]
	table   memo[*debuginfo.SymbolTable]
	code    memo[[]debuginfo.Symbol]
	refused memo[[]area]
	kprobes memo[map[debuginfo.Address]bool]
	files   map[string]bool // of the source, with whether they are refused
	anchor  memo[uint64]    // of the kernel: where its _stext is
}

// memo is what is read once.
type memo[T any] struct {
	done  bool
	value T
	err   error
}

func (m *memo[T]) get(read func() (T, error)) (T, error) {
	if !m.done {
		m.value, m.err = read()
		m.done = true
	}
	return m.value, m.err
}

// object gives the kernel or a module: by the name that it has when it is loaded,
// or by the path of its file.
func (e *elaborator) object(name string) *object {
	if e.objects[name] == nil {
		e.objects[name] = &object{name: name, options: &e.options}
	}
	return e.objects[name]
}

// objectOf gives the object that has been asked for whose module has that name.
func (e *elaborator) objectOf(module string) string {
	for name, o := range e.objects {
		if o.module() == module {
			return name
		}
	}
	if module == "" {
		return kernelObject
	}
	return module
}

// isKernel tells the kernel from modules.
func (o *object) isKernel() bool { return o.name == kernelObject }

// module is the module's name as a KernelAddress has it.
func (o *object) module() string {
	if o.isKernel() {
		return ""
	}
	return kernel.ModuleName(o.name)
}

// base is how points begin that are about it.
func (o *object) base() string {
	if o.isKernel() {
		return "kernel"
	}
	return fmt.Sprintf("module(%q)", o.module())
}

// String is what messages call it.
func (o *object) String() string {
	if o.isKernel() {
		return "the kernel"
	}
	return "module " + o.module()
}

var errNoSource = &kernel.UserError{Message: "it is not at hand"}

// btf gives the prototypes.
func (o *object) btf() (*debuginfo.BTF, error) {
	return o.types.get(func() (*debuginfo.BTF, error) {
		switch {
		case o.isKernel() && o.options.BTF != nil:
			return o.options.BTF()
		case !o.isKernel() && o.options.ModuleBTF != nil:
			return o.options.ModuleBTF(o.name)
		}
		return nil, errNoSource
	})
}

// debugInfo gives the DWARF.
func (o *object) debugInfo() (*debuginfo.Object, error) {
	return o.info.get(func() (*debuginfo.Object, error) {
		if o.options.DebugInfo == nil {
			return nil, errNoSource
		}
		return o.options.DebugInfo(o.name)
	})
}

// symbols gives the symbol table.
func (o *object) symbols() (*debuginfo.SymbolTable, error) {
	return o.table.get(func() (*debuginfo.SymbolTable, error) {
		if o.options.Symbols == nil {
			return nil, errNoSource
		}
		return o.options.Symbols(o.name)
	})
}

// atHand tells what is not on this machine, which the user can mend, from what is
// wrong with this program.
func atHand(err error) (missing *kernel.UserError, failure error) {
	if errors.As(err, &missing) {
		return missing, nil
	}
	return nil, err
}

// functionSymbols gives the symbols of code, in the order of the addresses.
func (o *object) functionSymbols() ([]debuginfo.Symbol, error) {
	return o.code.get(func() ([]debuginfo.Symbol, error) {
		table, err := o.symbols()
		if err != nil {
			return nil, err
		}
		var code []debuginfo.Symbol
		for _, s := range table.Symbols() {
			if s.Function {
				code = append(code, s)
			}
		}
		slices.SortStableFunc(code, func(a, b debuginfo.Symbol) int { return compareAddresses(a.Address, b.Address) }) // by the names of sections
		return code, nil
	})
}

func compareAddresses(a, b debuginfo.Address) int {
	return cmp.Or(strings.Compare(a.Section, b.Section), cmp.Compare(a.Offset, b.Offset))
}

// symbolsAt gives the symbols of code at an address.
func (o *object) symbolsAt(a debuginfo.Address) []debuginfo.Symbol {
	code, err := o.functionSymbols()
	if err != nil {
		return nil
	}
	first := sort.Search(len(code), func(i int) bool { return compareAddresses(code[i].Address, a) >= 0 })
	last := first
	for last < len(code) && code[last].Address == a {
		last++
	}
	return code[first:last]
}

// symbolsNamed gives the symbols of code of a name, one for each address, and
// those of the clones that stand in for the function.
func (o *object) symbolsNamed(name string) (own, clones []debuginfo.Symbol, err error) {
	table, err := o.symbols()
	if err != nil {
		return nil, nil, err
	}
	named, clones := table.Lookup(name)
	for _, s := range named {
		if !slices.ContainsFunc(own, func(other debuginfo.Symbol) bool { return other.Address == s.Address }) {
			own = append(own, s)
		}
	}
	return own, slices.DeleteFunc(clones, func(s debuginfo.Symbol) bool { return isPartOfFunction(s.Name) }), nil
}

// baseName is the function's name in the source: "f" of "f.isra.0".
func baseName(symbol string) string {
	base, _, found := strings.Cut(symbol, ".")
	if found && base == "" {
		return symbol
	}
	return base
}

// isPartOfFunction reports whether a symbol names only a part of a function: what
// was split off, what is seldom run, what is never run.
func isPartOfFunction(symbol string) bool {
	return strings.Contains(symbol, ".part.") || debuginfo.IsColdPart(symbol) ||
		strings.HasPrefix(symbol, "__pfx_") || strings.HasPrefix(symbol, "__cfi_") || strings.HasPrefix(symbol, ".")
}

// address gives an address of the file in the form that holds wherever it is
// loaded. Of the kernel it is counted from _stext, of a module from the symbol
// before it that names one place only.
func (e *elaborator) address(o *object, a debuginfo.Address) (KernelAddress, error) {
	if o.isKernel() {
		first, err := o.anchor.get(func() (uint64, error) { return e.kernelAnchor(o) })
		return KernelAddress{Offset: int64(a.Offset - first)}, err
	}
	code, err := o.functionSymbols()
	if err != nil {
		return KernelAddress{}, err
	}
	after := sort.Search(len(code), func(i int) bool { return compareAddresses(code[i].Address, a) > 0 })
	for i := after - 1; i >= 0 && code[i].Address.Section == a.Section; i-- {
		if own, _, _ := o.symbolsNamed(code[i].Name); len(own) == 1 {
			return KernelAddress{Module: o.module(), Symbol: code[i].Name, Offset: int64(a.Offset - code[i].Address.Offset)}, nil
		}
	}
	for i := after; i < len(code) && code[i].Address.Section == a.Section; i++ {
		if own, _, _ := o.symbolsNamed(code[i].Name); len(own) == 1 {
			return KernelAddress{Module: o.module(), Symbol: code[i].Name, Offset: -int64(code[i].Address.Offset - a.Offset)}, nil
		}
	}
	return KernelAddress{}, &kernel.UserError{Message: "no symbol of " + o.String() + " tells where section " + a.Section + " is loaded"}
}

// kernelAnchor finds _stext, which addresses of the kernel count from, and tells the
// program how far from it is what modules know the address of.
func (e *elaborator) kernelAnchor(o *object) (uint64, error) {
	first, err := o.addressOf("_stext")
	if err != nil {
		return 0, err
	}
	known, err := o.addressOf("register_kprobe")
	if err != nil {
		return 0, err
	}
	e.program.Anchor = int64(known - first)
	return first, nil
}

// addressOf gives the address of the kernel's one symbol of a name.
func (o *object) addressOf(name string) (uint64, error) {
	table, err := o.symbols()
	if err != nil {
		return 0, err
	}
	found := table.Named(name)
	if len(found) == 0 {
		return 0, &kernel.UserError{
			Message: "the symbol table of " + o.String() + " has no " + name,
			Hint:    "a kernel built without CONFIG_KPROBES has none and cannot be probed; -r names another kernel, such as one that `stap prep -r RELEASE` fetched, and --vm runs the script in a guest with it",
		}
	}
	return found[0].Address.Offset, nil
}
