package elaborate

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// This file is about the functions of system calls, sys_open and so on. No function
// has that name any more: the kernel's entry calls a wrapper, __x64_sys_open, whose
// one parameter is the caller's registers, and the function with the parameters of
// the source, __do_sys_open, is nearly always inlined into it. So sys_open in a
// script is the wrapper, and its $filename the register that the system call takes
// its first argument in:
//
//	$filename   *(stap_argument(c, 0) + offset of di in struct pt_regs)
//
// Names and types are from BTF, where __do_sys_open was not inlined, else from the
// prototypes in include/linux/syscalls.h of the kernel's headers, else from DWARF.
//
// Callers of 32 bits come in by another wrapper, __ia32_compat_sys_open or, where the
// call is the same for them, __ia32_sys_open, and have their arguments in other
// registers. That is compat_sys_open in a script. Where both kinds of callers share
// one wrapper, that is sys_open.

// systemCall is the system call whose wrapper a place is at.
type systemCall struct {
	name      string // "open"
	narrow    bool   // of callers of 32 bits
	calls     *systemCalls
	prototype memo[*debuginfo.Function]
}

// systemCalls are those of the kernel.
type systemCalls struct {
	e          *elaborator
	convention *machine          // nil if functions have the names of calls
	declared   map[string]string // "sys_open" → "const char __user *filename, int flags, umode_t mode"
	types      map[string]debuginfo.Type
	registers  *debuginfo.Struct
	functions  map[string]bool // the names that BTF has, where no symbol table is at hand
}

// What begins the name of a system call in scripts, and of the function that does
// the work.
const (
	systemCallPrefix  = "sys_"
	narrowPrefix      = "compat_sys_"
	innerPrefix       = "__do_sys_"
	narrowInnerPrefix = "__do_compat_sys_"
)

// systemCalls finds the wrappers that the specification means.
func (q *codeQuery) systemCalls() ([]*foundFunction, *parse.Diagnostic) {
	prefix := systemCallPrefix
	if strings.HasPrefix(q.spec.name, narrowPrefix) {
		prefix = narrowPrefix
	}
	if !q.object.isKernel() || !strings.HasPrefix(q.spec.name, prefix) || q.form.inline {
		return nil, nil
	}
	calls, err := q.e.systemCalls.get(func() (*systemCalls, error) { return q.e.readSystemCalls() })
	if err != nil {
		if _, failure := atHand(err); failure != nil {
			return nil, q.fail(failure)
		}
		return nil, nil
	}
	if calls.convention == nil {
		return nil, nil
	}
	var names []string
	if q.spec.isPattern() {
		for _, name := range calls.names(prefix == narrowPrefix) {
			if q.spec.matchName(prefix + name) {
				names = append(names, name)
			}
		}
	} else {
		names = []string{strings.TrimPrefix(q.spec.name, prefix)}
	}
	var found []*foundFunction
	for _, name := range names {
		wrapper := calls.wrapper(name, prefix == narrowPrefix)
		if wrapper == nil || !q.form.wants(*wrapper) {
			continue
		}
		found = append(found, &foundFunction{
			name: prefix + name, symbol: wrapper.Name, entry: wrapper.Address, placed: wrapper.Address.Offset != 0,
			system: &systemCall{name: name, narrow: prefix == narrowPrefix, calls: calls},
		})
	}
	return found, nil
}

// isMissingCall tells quickly of a system call, one of many that may be there, that it is not.
func (q *codeQuery) isMissingCall() bool {
	calls := q.e.systemCalls.value
	isCall := strings.HasPrefix(q.spec.name, systemCallPrefix) || strings.HasPrefix(q.spec.name, narrowPrefix)
	return isCall && q.point.Optional && !q.form.everyCopy() && !q.spec.isPattern() && q.object.isKernel() &&
		calls != nil && calls.convention != nil && calls.symbol(q.spec.name, "") == nil
}

// wrapper finds the wrapper of a call; nil if there is none, or, for callers of 32 bits, none of
// their own.
func (c *systemCalls) wrapper(name string, narrow bool) *debuginfo.Symbol {
	if !narrow {
		return c.symbol(c.convention.systemCall+name, innerPrefix+name)
	}
	for _, prefix := range c.convention.narrowCalls {
		wrapper := c.symbol(prefix+name, "")
		if wrapper == nil {
			continue
		}
		if wide := c.symbol(c.convention.systemCall+name, ""); wide != nil && wide.Address == wrapper.Address && wide.Address.Offset != 0 {
			return nil // of a call without parameters it is another name of the same
		}
		return wrapper
	}
	return nil
}

// symbol finds a wrapper by its name; without a symbol table by BTF, where a call without
// parameters has the function that does the work instead.
func (c *systemCalls) symbol(name, inner string) *debuginfo.Symbol {
	o := c.e.object(kernelObject)
	if table, err := o.symbols(); err == nil {
		for _, s := range table.Named(name) {
			if s.Function {
				return &s
			}
		}
		return nil
	}
	if c.functions == nil {
		c.functions = map[string]bool{}
		if btf, err := o.btf(); err == nil {
			for _, f := range btf.FunctionNames() {
				c.functions[f] = true
			}
		}
	}
	if c.functions[name] || inner != "" && c.functions[inner] {
		return &debuginfo.Symbol{Name: name, Function: true, Global: true}
	}
	return nil
}

// names lists the calls that there are wrappers of, in the order of these.
func (c *systemCalls) names(narrow bool) []string {
	prefixes := []string{c.convention.systemCall, innerPrefix}
	if narrow {
		prefixes = c.convention.narrowCalls
	}
	var functions []string
	o := c.e.object(kernelObject)
	if code, err := o.functionSymbols(); err == nil {
		for _, s := range code {
			functions = append(functions, s.Name)
		}
	} else if btf, err := o.btf(); err == nil {
		functions = btf.FunctionNames()
	}
	seen := map[string]bool{}
	var names []string
	for _, function := range functions {
		for _, prefix := range prefixes {
			if name, ok := strings.CutPrefix(function, prefix); ok && !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

// readSystemCalls finds out how this kernel has its wrappers.
func (e *elaborator) readSystemCalls() (*systemCalls, error) {
	calls := &systemCalls{e: e, types: map[string]debuginfo.Type{}}
	o := e.object(kernelObject)
	machine := e.options.machine()
	wrapper := machine.systemCall + "read" // every kernel has that call
	if table, err := o.symbols(); err == nil {
		if table.Named(wrapper) != nil {
			calls.convention = machine
		}
		return calls, nil
	}
	btf, err := o.btf()
	if err != nil {
		return nil, err
	}
	if _, err := btf.Function(wrapper); err == nil {
		calls.convention = machine
	}
	return calls, nil
}

// signature gives the call's prototype, nil if nothing tells it.
func (s *systemCall) signature() *debuginfo.Function {
	f, _ := s.prototype.get(func() (*debuginfo.Function, error) { return s.calls.prototypeOf(s), nil })
	return f
}

// result is what all calls return.
func (s *systemCall) result() debuginfo.Type { return s.calls.typeNamed("long") }

// prototypeOf finds the prototype of a call: for callers of 32 bits their own, where they have one.
func (c *systemCalls) prototypeOf(call *systemCall) *debuginfo.Function {
	f := &debuginfo.Function{Name: systemCallPrefix + call.name, Result: call.result()}
	if call.narrow {
		if own := c.prototype(f, narrowPrefix+call.name, narrowInnerPrefix+call.name, "__se_compat_sys_"+call.name); own != nil {
			return own
		}
	}
	return c.prototype(f, systemCallPrefix+call.name, innerPrefix+call.name, "__se_sys_"+call.name)
}

// prototype gives f the parameters of a function by the names that it has in the headers and in
// the kernel; nil if nothing tells them.
func (c *systemCalls) prototype(f *debuginfo.Function, declared, inner, checked string) *debuginfo.Function {
	if btf, err := c.e.object(kernelObject).btf(); err == nil {
		if function, err := btf.Function(inner); err == nil {
			return withParameters(f, function)
		}
	}
	parameters, complete := c.declaration(declared)
	if complete {
		f.Parameters = parameters
		return f
	}
	if described := c.described(inner, checked); described != nil {
		return withParameters(f, described)
	}
	if parameters != nil {
		f.Parameters = parameters
		return f
	}
	return nil
}

// withParameters gives f the parameters of the function that does the work. That of
// a call without parameters is handed the registers all the same.
func withParameters(f, inner *debuginfo.Function) *debuginfo.Function {
	if len(inner.Parameters) == 1 {
		if pointer, ok := inner.Parameters[0].Type.(*debuginfo.Pointer); ok {
			if t, err := pointer.Elem(); err == nil && t != nil && t.String() == "struct pt_regs" {
				return f
			}
		}
	}
	f.Parameters = inner.Parameters
	return f
}

// described gives the prototype by DWARF, if that is at hand.
func (c *systemCalls) described(names ...string) *debuginfo.Function {
	info, err := c.e.object(kernelObject).debugInfo()
	if err != nil {
		return nil
	}
	for _, function := range names {
		codes, err := info.Functions(debuginfo.Match{Name: func(n string) bool { return n == function }, Inlined: true})
		if err != nil || len(codes) == 0 {
			continue
		}
		if f, err := info.Prototype(codes[0]); err == nil {
			return f
		}
	}
	return nil
}

// declarations are the headers that declare system calls.
var declarations = []string{"include/linux/syscalls.h", "include/asm-generic/syscalls.h", "include/linux/compat.h"}

// declaration gives the parameters by the headers; complete if all have names.
func (c *systemCalls) declaration(name string) (parameters []debuginfo.Parameter, complete bool) {
	if c.declared == nil {
		c.declared = map[string]string{}
		if c.e.options.Header == nil {
			return nil, false
		}
		for _, path := range declarations {
			if text, err := c.e.options.Header(path); err == nil {
				readDeclarations(string(text), c.declared)
			}
		}
	}
	text, known := c.declared[name]
	if !known {
		return nil, false
	}
	if strings.TrimSpace(text) == "void" {
		return nil, true
	}
	complete = true
	for _, part := range strings.Split(text, ",") {
		base, pointers, parameter := splitDeclaration(part)
		t := c.typeNamed(base)
		for range pointers {
			t = debuginfo.PointerTo(t)
		}
		complete = complete && parameter != ""
		parameters = append(parameters, debuginfo.Parameter{Name: parameter, Type: t})
	}
	return parameters, complete
}

// readDeclarations notes the parameters of each "asmlinkage long sys_NAME(…);" and compat_sys_NAME.
func readDeclarations(text string, declared map[string]string) {
	const beginning = "asmlinkage long "
	for {
		_, rest, found := strings.Cut(text, beginning)
		if !found {
			return
		}
		name, rest, _ := strings.Cut(rest, "(")
		parameters, rest, ended := strings.Cut(rest, ")")
		if !ended {
			return
		}
		if strings.HasPrefix(strings.TrimSpace(rest), ";") && isWord(name) && !strings.Contains(parameters, "(") && declared[name] == "" {
			declared[name] = parameters
		}
		text = rest
	}
}

func isWord(s string) bool {
	return s != "" && strings.IndexFunc(s, func(c rune) bool { return c != '_' && !unicode.IsLetter(c) && !unicode.IsDigit(c) }) < 0
}

// baseWords are those of which the names of integers are made.
var baseWords = map[string]bool{"unsigned": true, "signed": true, "long": true, "short": true, "int": true, "char": true, "void": true}

// splitDeclaration takes "const char __user *filename" apart.
func splitDeclaration(text string) (base string, pointers int, name string) {
	if before, _, isArray := strings.Cut(text, "["); isArray {
		text, pointers = before, 1
	}
	pointers += strings.Count(text, "*")
	var words []string
	for _, word := range strings.Fields(strings.ReplaceAll(text, "*", " * ")) {
		if !qualifiers[word] {
			words = append(words, word)
		}
	}
	var types []string
	tagged := false
	for _, word := range words {
		switch {
		case word == "*":
		case word == "struct" || word == "union" || word == "enum":
			types, tagged = append(types, word), true
		case len(types) == 0, tagged && len(types) == 1, !tagged && baseWords[word] && baseWords[types[0]]:
			types = append(types, word)
		default:
			name = word
		}
	}
	return strings.Join(types, " "), pointers, name
}

// typeNamed gives a type by its name in C: of one that BTF does not have, the name
// and, since it fits a register, the size of one.
func (c *systemCalls) typeNamed(name string) debuginfo.Type {
	if name == "void" {
		return nil
	}
	name = cmp.Or(basicTypes[name], name)
	if t, known := c.types[name]; known {
		return t
	}
	var found debuginfo.Type
	if btf, err := c.e.object(kernelObject).btf(); err == nil {
		found, _ = btf.TypeByName(name)
	}
	if found == nil {
		if tag, rest, tagged := strings.Cut(name, " "); tagged && (tag == "struct" || tag == "union") {
			found = &debuginfo.Opaque{Name: rest, Union: tag == "union"}
		} else {
			found = &debuginfo.Int{Name: name, Size: 8, Signed: true}
		}
	}
	c.types[name] = found
	return found
}

// target gives the saved register that a parameter is in: memory, which can be set.
func (s *systemCall) target(p *FunctionPlace, t *parse.Target) (value, *parse.Diagnostic) {
	var names []string
	signature := s.signature()
	if signature == nil {
		d := p.noVariable(t, nil)
		d.Hint = "nothing at hand says what the system call takes: the kernel's headers do, include/linux/syscalls.h"
		return value{}, d
	}
	for i, parameter := range signature.Parameters {
		if "$"+parameter.Name != t.Name {
			names = append(names, "$"+parameter.Name)
			continue
		}
		offset, err := s.register(i)
		if err != nil {
			return value{}, semanticError(t.Token, fmt.Sprintf("parameter %s of %s: %v", t.Name, p.Name, err))
		}
		if _, why := registerValue(parameter.Type); why != "" {
			return value{typ: parameter.Type}, semanticError(t.Token, fmt.Sprintf("parameter %s of %s %s", t.Name, p.Name, why))
		}
		return value{typ: parameter.Type, address: &Argument{N: 0, Size: 8}, offset: offset}, nil
	}
	return value{}, p.noVariable(t, names)
}

// register gives the offset of the nth argument in struct pt_regs.
func (s *systemCall) register(n int) (int64, error) {
	if s.calls.registers == nil {
		btf, err := s.calls.e.object(kernelObject).btf()
		if err != nil {
			return 0, err
		}
		t, err := btf.TypeByName("struct pt_regs")
		if err != nil {
			return 0, err
		}
		registers, ok := t.(*debuginfo.Struct)
		if !ok {
			return 0, errors.New("struct pt_regs is not known")
		}
		s.calls.registers = registers
	}
	names := s.calls.convention.systemCallRegisters
	if s.narrow {
		names = s.calls.convention.narrowRegisters
	}
	name, behind := names[0], int64(8*n)
	if len(names) > 1 {
		if n >= len(names) {
			return 0, errors.New("no register holds it")
		}
		name, behind = names[n], 0
	}
	_, bits, found := findMember(s.calls.registers, name, map[*debuginfo.Struct]bool{})
	if !found {
		return 0, fmt.Errorf("struct pt_regs has no %s", name)
	}
	return int64(bits/8) + behind, nil
}
