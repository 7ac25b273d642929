package elaborate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// This file finds variables by DWARF: those that the source has at an instruction,
// and those outside of functions.

// instruction is one whose variables DWARF tells.
type instruction struct {
	object *object
	info   *debuginfo.Object
	code   *debuginfo.Code // around it: the innermost copy of a function
	at     debuginfo.Address
	locals []*debuginfo.Variable // parameters first; of several of a name only the nearest
	// called is the prototype where the parameters still are as the caller passed them:
	// at the entry of a function that keeps to the calling convention. Elsewhere it is nil.
	called *debuginfo.Function
}

// newInstruction describes an address in a copy of a function.
func newInstruction(o *object, code *debuginfo.Code, at debuginfo.Address) (*instruction, error) {
	info, err := o.debugInfo()
	if err != nil {
		return nil, err
	}
	visible, err := info.Variables(code, at)
	if err != nil {
		return nil, err
	}
	i := &instruction{object: o, info: info, code: code, at: at}
	seen := map[string]bool{}
	var locals []*debuginfo.Variable
	for _, v := range visible { // the nearest first
		switch {
		case seen[v.Name]:
		case v.Parameter:
			i.locals = append(i.locals, v)
		default:
			locals = append(locals, v)
		}
		seen[v.Name] = true
	}
	slices.SortStableFunc(locals, func(a, b *debuginfo.Variable) int { return a.Line - b.Line })
	i.locals = append(i.locals, locals...)
	if at != code.Entry {
		return i, nil
	}
	conventional, err := info.KeepsConvention(code)
	if err == nil && conventional {
		i.called, err = info.Prototype(code)
	}
	return i, err
}

// argument gives a parameter by the calling convention, nil where that does not tell
// it. DWARF may speak of where the function is about to put the parameter, or of what
// it will set it to, before it has done so: compilers give one place for the whole of
// code that they have not optimised, and make no difference between the entry and what
// has no instruction behind it.
func (i *instruction) argument(v *debuginfo.Variable) *Argument {
	if i.called == nil || !v.Parameter {
		return nil
	}
	_, x, _ := i.object.options.machine().passed(i.called, v.Name)
	return x
}

// isAvailable reports whether a variable is somewhere at the instruction.
func (i *instruction) isAvailable(v *debuginfo.Variable) bool {
	if i.argument(v) != nil {
		return true
	}
	_, err := i.info.Location(v, i.at)
	return err == nil
}

// local finds a variable of the function; nil if it has none of that name.
func (i *instruction) local(name string) *debuginfo.Variable {
	n := slices.IndexFunc(i.locals, func(v *debuginfo.Variable) bool { return v.Name == name })
	if n < 0 {
		return nil
	}
	return i.locals[n]
}

// variables lists those that can be had, as listings show them.
func (i *instruction) variables() []string {
	var variables []string
	for _, v := range i.locals {
		if i.isAvailable(v) {
			variables = append(variables, "$"+v.Name+":"+v.Written())
		}
	}
	return variables
}

// group gives the variables that "$$vars" and the like stand for.
func (i *instruction) group(name string) ([]string, bool) {
	var names []string
	for _, v := range i.locals {
		if name == "$$vars" || name == "$$parms" && v.Parameter || name == "$$locals" && !v.Parameter {
			names = append(names, "$"+v.Name)
		}
	}
	return names, name == "$$vars" || name == "$$parms" || name == "$$locals" || name == "$$return"
}

// target finds what a $variable names: a variable of the function, or one outside
// of it, of its own file first; then those that all files can name.
func (i *instruction) target(e *elaborator, t *parse.Target) (value, *parse.Diagnostic) {
	name := strings.TrimPrefix(t.Name, "$")
	v := i.local(name)
	if v == nil {
		var err error
		if v, err = i.global(name); errors.Is(err, debuginfo.ErrNoVariable) {
			return value{}, i.unknown(t, name)
		} else if err != nil {
			e.failure = err
			return value{}, semanticError(t.Token, err.Error())
		}
	}
	return e.located(i, v, t.Token)
}

func (i *instruction) global(name string) (*debuginfo.Variable, error) {
	if i.code.File != "" {
		v, err := i.info.Global(name, func(file string) bool { return file == i.code.File })
		if !errors.Is(err, debuginfo.ErrNoVariable) {
			return v, err
		}
	}
	return i.info.External(name)
}

// String is where the instruction is, as messages have it.
func (i *instruction) String() string {
	return fmt.Sprintf("near pc 0x%x in %s %s", i.at.Offset, i.code.Name, i.code.File)
}

// maxAlternatives is how many variables a message names.
const maxAlternatives = 12

// unknown says that there is no variable of a name, and which there are.
func (i *instruction) unknown(t *parse.Target, name string) *parse.Diagnostic {
	d := semanticError(t.Token, fmt.Sprintf("unable to find local '%s', %s", name, i))
	var names []string
	for _, v := range i.locals {
		if i.isAvailable(v) {
			names = append(names, "$"+v.Name)
		}
	}
	if names = parse.Closest("$"+name, names, maxAlternatives); len(names) > 0 {
		d.Hint = "alternatives: " + strings.Join(names, ", ")
	}
	return d
}

// located gives the value of a variable at an instruction.
func (e *elaborator) located(i *instruction, v *debuginfo.Variable, at parse.Token) (value, *parse.Diagnostic) {
	nothing := value{typ: v.Type}
	if v.Type == nil {
		return nothing, semanticError(at, fmt.Sprintf("variable '%s' has no type that is known", v.Name))
	}
	if x := i.argument(v); x != nil {
		e.bindTo(i.object.module())
		return value{x: x, typ: v.Type}, nil
	}
	location, err := i.info.Location(v, i.at)
	var out *debuginfo.OptimizedOutError
	switch {
	case errors.As(err, &out):
		return nothing, i.unavailable(out, at)
	case err != nil:
		return nothing, semanticError(at, fmt.Sprintf("variable '%s' cannot be read: %s", v.Name, err))
	}
	e.bindTo(i.object.module())
	l := &locator{at: at, machine: i.object.options.machine(), address: func(a debuginfo.Address) (Expression, error) { return e.dataAddress(i.object, a, at) }}
	x, err := l.value(location, v.Type)
	if err != nil {
		return nothing, semanticError(at, fmt.Sprintf("variable '%s' cannot be read: %s", v.Name, err))
	}
	return x.settled(), nil
}

// unavailable says where a variable can be had that cannot be had here.
func (i *instruction) unavailable(out *debuginfo.OptimizedOutError, at parse.Token) *parse.Diagnostic {
	d := semanticError(at, fmt.Sprintf("unable to find local '%s', %s: the compiler keeps it nowhere here", out.Name, i))
	var hints []string
	if out.Entry {
		hints = append(hints, "it is known when the function is entered: probe that, or use it in a probe of the function's return")
	}
	if lines := i.lines(out.Available); lines != "" {
		hints = append(hints, "it is available at "+lines)
	}
	d.Hint = strings.Join(hints, "; ")
	return d
}

// lines names the lines of the source whose code is in the ranges.
func (i *instruction) lines(ranges []debuginfo.Range) string {
	records, err := i.info.LinesIn(i.code)
	if err != nil {
		return ""
	}
	var lines []int
	for _, r := range records {
		within := func(a debuginfo.Range) bool { return a.Low <= r.Address.Offset && r.Address.Offset < a.High }
		if r.File == i.code.File && slices.ContainsFunc(ranges, within) {
			lines = append(lines, r.Line)
		}
	}
	slices.Sort(lines)
	return lineRanges(slices.Compact(lines))
}

// lineRanges writes "line 7" or "lines 7-9, 12": lines that follow each other or
// have one between them, which may have no code, are one range.
func lineRanges(lines []int) string {
	var text []string
	for n := 0; n < len(lines); {
		last := n
		for last+1 < len(lines) && lines[last+1] <= lines[last]+2 {
			last++
		}
		if last == n {
			text = append(text, fmt.Sprint(lines[n]))
		} else {
			text = append(text, fmt.Sprintf("%d-%d", lines[n], lines[last]))
		}
		n = last + 1
	}
	switch {
	case len(lines) == 0:
		return ""
	case len(lines) == 1:
		return "line " + text[0]
	}
	return "lines " + strings.Join(text, ", ")
}

// dataAddress gives what computes an address of the kernel's or a module's data.
func (e *elaborator) dataAddress(o *object, a debuginfo.Address, at parse.Token) (Expression, error) {
	switch {
	case o.isKernel() && a.Section != debuginfo.PerCPUSection:
		address, err := e.address(o, a)
		return &KernelData{at, address}, err
	case a.Section == debuginfo.PerCPUSection && !o.isKernel():
		return nil, errors.New("each CPU has its own, and where those of a module are is not known")
	case !o.isKernel():
		address, err := o.moduleData(a)
		return &KernelData{at, address}, err
	}
	var first Expression = &Number{int64(a.Offset)}
	if int64(a.Offset) < 0 { // linked as other data is, and not at 0
		address, err := e.address(o, debuginfo.Address{Offset: a.Offset})
		if err != nil {
			return nil, err
		}
		first = &KernelData{at, address}
	}
	return newBinary(at, "+", first, &CPUOffset{}), nil
}

// moduleData gives an address of a module's data, by the nearest symbol of the same
// section that names one place only.
func (o *object) moduleData(a debuginfo.Address) (KernelAddress, error) {
	table, err := o.symbols()
	if err != nil {
		return KernelAddress{}, err
	}
	var nearest *KernelAddress
	far := func(distance int64) int64 { return max(distance, -distance) }
	for _, s := range table.Symbols() {
		distance := int64(a.Offset - s.Address.Offset)
		if s.Address.Section != a.Section || nearest != nil && far(distance) >= far(nearest.Offset) ||
			strings.HasPrefix(s.Name, ".") || len(table.Named(s.Name)) != 1 {
			continue
		}
		nearest = &KernelAddress{Module: o.module(), Symbol: s.Name, Offset: distance}
	}
	if nearest == nil {
		return KernelAddress{}, fmt.Errorf("no symbol of %s tells where it is", o)
	}
	return *nearest, nil
}
