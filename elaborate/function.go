package elaborate

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// FunctionPlace is the entry of a function: probe kernel.function("name").
type FunctionPlace struct {
	Name string // the function's, as the source has it
	At   KernelAddress

	prototype *debuginfo.Function // by BTF; nil if it has none
	system    *systemCall         // where the parameters of a system call's wrapper are; nil for other functions
	object    *object
	code      *debuginfo.Code   // by DWARF; nil without it
	link      debuginfo.Address // of the place in the file, if that is known
	described memo[*instruction]
	callers   *CalledFrom // from whom it must have been called; nil: from anywhere
}

func (*FunctionPlace) order() order { return order{stage: stageArm} }

// functionOf gives the function that a place in code is in; nil for other places.
func functionOf(p Place) *FunctionPlace {
	switch p := p.(type) {
	case *FunctionPlace:
		return p
	case *ReturnPlace:
		return p.FunctionPlace
	case *StatementPlace:
		return p.FunctionPlace
	}
	return nil
}

// SystemCall reports whether a place is where a system call begins, and arguments are those of
// the call.
func SystemCall(place Place) bool {
	switch p := place.(type) {
	case *FunctionPlace:
		return p.system != nil
	case *TracepointPlace:
		return p.Module == "" && p.Name == "sys_enter"
	}
	return false
}

// typeInformation gives the kernel's BTF.
func (e *elaborator) typeInformation() (*debuginfo.BTF, error) { return e.object(kernelObject).btf() }

// signature gives the function's prototype by BTF, nil if that does not tell it.
func (p *FunctionPlace) signature() *debuginfo.Function {
	if p.system != nil {
		return p.system.signature()
	}
	return p.prototype
}

// describedSignature gives the function's prototype, by DWARF where BTF does not
// tell it.
func (p *FunctionPlace) describedSignature() *debuginfo.Function {
	if s := p.signature(); s != nil {
		return s
	}
	i, err := p.instruction()
	if err != nil || i == nil {
		return nil
	}
	prototype, err := i.info.Prototype(i.code)
	if err != nil {
		return nil
	}
	return prototype
}

// instruction describes the place by DWARF, nil where none is at hand.
func (p *FunctionPlace) instruction() (*instruction, error) {
	return p.described.get(func() (*instruction, error) {
		if p.object == nil || p.system != nil {
			return nil, nil
		}
		info, err := p.object.debugInfo()
		if missing, failure := atHand(err); missing != nil || failure != nil {
			return nil, failure
		}
		code, at := p.code, p.link
		if code == nil {
			if code, err = p.codeByName(info); code == nil {
				return nil, err
			}
			if at == (debuginfo.Address{}) {
				at = code.Entry
			}
		}
		return newInstruction(p.object, code, at)
	})
}

// codeByName finds the function where only its name or address is known.
func (p *FunctionPlace) codeByName(info *debuginfo.Object) (*debuginfo.Code, error) {
	if p.link != (debuginfo.Address{}) {
		code, err := info.CodeAt(p.link)
		if errors.Is(err, debuginfo.ErrNoCode) {
			return nil, nil
		}
		return code, err
	}
	codes, err := info.Functions(debuginfo.Match{Name: func(name string) bool { return name == p.Name }})
	if err != nil || len(codes) != 1 {
		return nil, err
	}
	return codes[0], nil
}

// byDWARF gives the description by DWARF where that is what tells the variables: in
// the middle of a function, where DWARF found it, and where BTF does not know it.
func (p *FunctionPlace) byDWARF() *instruction {
	if p.signature() != nil && (p.system != nil || p.code == nil) {
		return nil
	}
	i, err := p.instruction()
	if err != nil {
		return nil
	}
	return i
}

func (p *FunctionPlace) variables() []string {
	if i := p.byDWARF(); i != nil {
		return i.variables()
	}
	if p.signature() == nil {
		return nil
	}
	var variables []string
	for _, parameter := range p.signature().Parameters {
		if parameter.Name == "" { // "..."
			continue
		}
		variables = append(variables, "$"+parameter.Name+":"+parameter.Written())
	}
	return variables
}

// group gives the variables that "$$vars" and the like stand for: BTF knows of no
// locals.
func (p *FunctionPlace) group(name string) ([]string, bool) {
	if i := p.byDWARF(); i != nil {
		return i.group(name)
	}
	switch name {
	case "$$vars", "$$parms":
		if p.signature() == nil {
			return nil, true
		}
		var names []string
		for _, parameter := range p.signature().Parameters {
			if parameter.Name != "" {
				names = append(names, "$"+parameter.Name)
			}
		}
		return names, true
	case "$$locals", "$$return":
		return nil, true
	}
	return nil, false
}

// target finds the variable that a $variable names; of one that cannot be had, its
// type. Parameters are where the calling convention puts them: by BTF's prototype, or
// where DWARF was asked for the place already by DWARF's, which is the code's own. DWARF
// is asked for all that this cannot tell.
func (p *FunctionPlace) target(e *elaborator, t *parse.Target) (value, *parse.Diagnostic) {
	var v value
	var d *parse.Diagnostic
	switch {
	case p.system != nil:
		return p.system.target(p, t)
	case p.signature() == nil:
		d = p.unknownParameters(t)
	default:
		v, d = p.parameter(t)
	}
	if d == nil && p.code == nil {
		return v, nil
	}
	i, err := p.instruction()
	switch {
	case err != nil:
		e.failure = err
		return v, semanticError(t.Token, err.Error())
	case i != nil:
		return i.target(e, t)
	case d == nil:
		return v, nil
	}
	if p.object != nil && d.Hint != "" {
		if missing, _ := atHand(p.object.info.err); missing != nil && missing.Hint != "" {
			d.Hint += "; debuginfo tells more: " + missing.Hint
		}
	}
	return v, d
}

// parameter finds a parameter by the calling convention.
func (p *FunctionPlace) parameter(t *parse.Target) (value, *parse.Diagnostic) {
	name := strings.TrimPrefix(t.Name, "$")
	parameter, x, why := p.object.options.machine().passed(p.signature(), name)
	switch {
	case parameter == nil:
		var names []string
		for _, parameter := range p.signature().Parameters {
			names = append(names, "$"+parameter.Name)
		}
		return value{}, p.noVariable(t, names)
	case x == nil:
		d := semanticError(t.Token, fmt.Sprintf("parameter $%s of %s %s, and BTF does not say where it is", name, p.Name, why))
		return value{typ: parameter.Type}, d
	}
	return value{x: x, typ: parameter.Type}, nil
}

// passed finds the parameter of a name, nil if there is none, and by the calling
// convention its register, or why that does not tell it.
func (m *machine) passed(f *debuginfo.Function, name string) (p *debuginfo.Parameter, x *Argument, why string) {
	register := 0
	inMemory := m.structureTakesArgument && returnsInMemory(f)
	for i := range f.Parameters {
		p := &f.Parameters[i]
		size, why := registerValue(p.Type)
		if inMemory {
			why = "comes with the place for a structure that the function returns"
		}
		switch {
		case p.Name == name && why == "" && register >= len(m.arguments):
			return p, nil, "is not passed in a register"
		case p.Name == name && why != "":
			return p, nil, why
		case p.Name == name:
			return p, &Argument{N: register, Size: size.size, Signed: size.signed}, ""
		case why != "":
			// What follows a parameter that does not take one register cannot be told.
			register = len(m.arguments)
		}
		register++
	}
	return nil, nil, ""
}

// returnsInMemory reports whether a function returns a structure that registers do not hold.
func returnsInMemory(f *debuginfo.Function) bool {
	const registers = 2
	s, ok := f.Result.(*debuginfo.Struct)
	return ok && s.Size > registers*wordBits/8
}

// noVariable says which parameters there are.
func (p *FunctionPlace) noVariable(t *parse.Target, names []string) *parse.Diagnostic {
	d := semanticError(t.Token, fmt.Sprintf("unable to find variable '%s' in function %s", t.Name, p.Name))
	if len(names) > 0 {
		d.Hint = "its parameters are " + strings.Join(names, ", ")
	} else {
		d.Hint = "it has no parameters"
	}
	return d
}

// unknownParameters says why a function has no $variables.
func (p *FunctionPlace) unknownParameters(t *parse.Target) *parse.Diagnostic {
	d := semanticError(t.Token, fmt.Sprintf("unable to find local '%s' in function %s: nothing at hand describes its parameters", strings.TrimPrefix(t.Name, "$"), p.Name))
	if p.object != nil {
		if missing, _ := atHand(p.object.info.err); missing != nil {
			d.Hint = missing.Hint
		}
	}
	return d
}

// scalar is a value that fits a register.
type scalar struct {
	size   int
	signed bool
}

// registerValue gives the size of a value that is passed in one register, or
// says why it is not.
func registerValue(t debuginfo.Type) (scalar, string) {
	switch t := t.(type) {
	case *debuginfo.Int:
		if t.Size <= 8 {
			return scalar{t.Size, t.Signed}, ""
		}
		return scalar{}, "is wider than a register"
	case *debuginfo.Enum:
		return scalar{t.Size, t.Signed}, ""
	case *debuginfo.Pointer:
		return scalar{8, false}, ""
	case *debuginfo.Float:
		return scalar{}, "is a floating-point number"
	}
	return scalar{}, "is a structure passed by value"
}
