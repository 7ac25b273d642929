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

// systemCall is the system call whose wrapper a place is at.
type systemCall struct {
	name      string // "open"
	calls     *systemCalls
	prototype memo[*debuginfo.Function]
}

// systemCalls are those of the kernel.
type systemCalls struct {
	e          *elaborator
	convention *machine          // nil if functions have the names of calls
	declared   map[string]string // "open" → "const char __user *filename, int flags, umode_t mode"
	types      map[string]debuginfo.Type
	registers  *debuginfo.Struct
}

// What begins the name of a system call in scripts, and of the function that does
// the work.
const (
	systemCallPrefix = "sys_"
	innerPrefix      = "__do_sys_"
)

// systemCalls finds the wrappers that the specification means.
func (q *codeQuery) systemCalls() ([]*foundFunction, *parse.Diagnostic) {
	if !q.object.isKernel() || !strings.HasPrefix(q.spec.name, systemCallPrefix) || q.form.inline {
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
	var found []*foundFunction
	for _, wrapper := range q.wrappers(calls.convention.systemCall) {
		call := strings.TrimPrefix(wrapper.Name, calls.convention.systemCall)
		if !q.form.wants(wrapper) {
			continue
		}
		found = append(found, &foundFunction{
			name: systemCallPrefix + call, symbol: wrapper.Name, entry: wrapper.Address, placed: wrapper.Address.Offset != 0,
			system: &systemCall{name: call, calls: calls},
		})
	}
	return found, nil
}

// wrappers gives those whose calls the specification matches; without a symbol
// table only their names.
func (q *codeQuery) wrappers(prefix string) []debuginfo.Symbol {
	var found []debuginfo.Symbol
	code, err := q.object.functionSymbols()
	if err == nil {
		for _, s := range code {
			if call, ok := strings.CutPrefix(s.Name, prefix); ok && q.spec.matchName(systemCallPrefix+call) {
				found = append(found, s)
			}
		}
		return found
	}
	btf, err := q.object.btf()
	if err != nil {
		return nil
	}
	seen := map[string]bool{}
	for _, name := range btf.FunctionNames() {
		call, ok := strings.CutPrefix(name, prefix)
		if !ok { // of a call without parameters the wrapper is another name for this
			call, ok = strings.CutPrefix(name, innerPrefix)
		}
		if ok && !seen[call] && q.spec.matchName(systemCallPrefix+call) {
			seen[call] = true
			found = append(found, debuginfo.Symbol{Name: prefix + call, Function: true, Global: true})
		}
	}
	return found
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
	f, _ := s.prototype.get(func() (*debuginfo.Function, error) { return s.calls.prototypeOf(s.name), nil })
	return f
}

func (c *systemCalls) prototypeOf(name string) *debuginfo.Function {
	f := &debuginfo.Function{Name: systemCallPrefix + name, Result: c.typeNamed("long")}
	o := c.e.object(kernelObject)
	if btf, err := o.btf(); err == nil {
		if inner, err := btf.Function(innerPrefix + name); err == nil {
			return withParameters(f, inner)
		}
	}
	parameters, complete := c.declaration(name)
	if complete {
		f.Parameters = parameters
		return f
	}
	if described := c.described(name); described != nil {
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
func (c *systemCalls) described(name string) *debuginfo.Function {
	info, err := c.e.object(kernelObject).debugInfo()
	if err != nil {
		return nil
	}
	for _, function := range []string{innerPrefix + name, "__se_sys_" + name} {
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
var declarations = []string{"include/linux/syscalls.h", "include/asm-generic/syscalls.h"}

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

// readDeclarations notes the parameters of each "asmlinkage long sys_NAME(…);".
func readDeclarations(text string, declared map[string]string) {
	const beginning = "asmlinkage long " + systemCallPrefix
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
