package elaborate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// FunctionPlace is the entry of a kernel function: probe kernel.function("name").
type FunctionPlace struct {
	Name      string // the function's, as the source has it
	At        KernelAddress
	prototype *debuginfo.Function
}

func (*FunctionPlace) order() order { return order{stage: stageArm} }

func functionFamily() family {
	return family{
		patterns: []string{`kernel.function(string)`, `kernel.function(string).call`},
		resolve:  resolveFunction,
	}
}

func resolveFunction(e *elaborator, p *parse.ProbePoint) ([]site, *parse.Diagnostic) {
	c := p.Components[1]
	literal, ok := c.Argument.(*parse.StringLiteral)
	if !ok {
		return nil, semanticError(c.Token, "the function's name must be a string")
	}
	name, at := literal.Value, literal.Token
	if strings.ContainsAny(name, "@:") {
		d := semanticError(at, "places in files are not in this version")
		d.Hint = "name one function"
		return nil, d
	}
	btf, err := e.typeInformation()
	if err != nil {
		e.failure = err
		return nil, semanticError(at, err.Error())
	}
	if isGlob(name) {
		return e.matchFunctions(btf, p, literal)
	}
	function, err := btf.Function(name)
	switch {
	case errors.Is(err, debuginfo.ErrNotFound):
		d := semanticError(at, fmt.Sprintf("no match: the kernel has no function %s", name))
		d.Similar = parse.Similar(name, btf.FunctionNames(), 5)
		return nil, d
	case errors.Is(err, debuginfo.ErrAmbiguous):
		d := semanticError(at, fmt.Sprintf("the kernel has several functions %s, and BTF does not tell them apart", name))
		d.Hint = "name a function that there is once, such as one of its callers"
		return nil, d
	case err != nil:
		e.failure = err
		return nil, semanticError(at, err.Error())
	}
	return oneSite(entryOf(function), p), nil
}

// entryOf is the place of a function that its name alone finds.
func entryOf(f *debuginfo.Function) *FunctionPlace {
	return &FunctionPlace{Name: f.Name, At: KernelAddress{Symbol: f.Name}, prototype: f}
}

// matchFunctions finds the functions whose names a pattern matches, but for
// those that cannot be told apart.
func (e *elaborator) matchFunctions(btf *debuginfo.BTF, p *parse.ProbePoint, pattern *parse.StringLiteral) ([]site, *parse.Diagnostic) {
	functions, err := btf.Functions(func(name string) bool { return matchGlob(pattern.Value, name) })
	if err != nil {
		e.failure = err
		return nil, semanticError(pattern.Token, err.Error())
	}
	var sites []site
	for _, f := range functions {
		one := *p
		one.Components = slices.Clone(p.Components)
		one.Components[1].Argument = &parse.StringLiteral{Token: pattern.Token, Value: f.Name}
		sites = append(sites, site{entryOf(f), canonical(&one), true})
	}
	if sites == nil {
		return nil, semanticError(pattern.Token, fmt.Sprintf("no match: the kernel has no function %s", pattern.Value))
	}
	return sites, nil
}

// typeInformation reads the kernel's BTF the first time.
func (e *elaborator) typeInformation() (*debuginfo.BTF, error) {
	if e.btf == nil {
		btf, err := e.options.BTF()
		if err != nil {
			return nil, err
		}
		e.btf = btf
	}
	return e.btf, nil
}

// argumentRegisters is how many words the calling convention passes in
// registers, on all architectures at least this many.
const argumentRegisters = 6

func (p *FunctionPlace) variables() []string {
	var variables []string
	for _, parameter := range p.prototype.Parameters {
		variables = append(variables, "$"+parameter.Name+":"+typeName(parameter.Type))
	}
	return variables
}

// group gives the variables that "$$parms" and the like stand for: BTF knows of no
// locals.
func (p *FunctionPlace) group(name string) ([]string, bool) {
	switch name {
	case "$$vars", "$$parms":
		var names []string
		for _, parameter := range p.prototype.Parameters {
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

// target finds the parameter that a $variable names; of one that cannot be had, its
// type.
func (p *FunctionPlace) target(e *elaborator, t *parse.Target) (value, *parse.Diagnostic) {
	name := strings.TrimPrefix(t.Name, "$")
	register := 0
	var names []string
	for _, parameter := range p.prototype.Parameters {
		size, kind := registerValue(parameter.Type)
		if parameter.Name == name {
			if kind == "" && register >= argumentRegisters {
				kind = "is not passed in a register"
			}
			if kind != "" {
				d := semanticError(t.Token, fmt.Sprintf("parameter $%s of %s %s, and BTF does not say where it is", name, p.Name, kind))
				return value{typ: parameter.Type}, d
			}
			x := &Argument{N: register, Size: size.size, Signed: size.signed}
			return value{x: x, typ: parameter.Type}, nil
		}
		names = append(names, "$"+parameter.Name)
		if kind != "" {
			// What follows a parameter that does not take one register cannot be told.
			register = argumentRegisters
		}
		register++
	}
	d := semanticError(t.Token, fmt.Sprintf("unable to find variable '$%s' in function %s", name, p.Name))
	if len(names) > 0 {
		d.Hint = "its parameters are " + strings.Join(names, ", ")
	} else {
		d.Hint = "it has no parameters"
	}
	return value{}, d
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
