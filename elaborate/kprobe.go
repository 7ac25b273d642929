package elaborate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gostap/gostap/parse"
)

// This file is about kprobes by name or address, which need nothing but the
// running kernel: it looks the name up when the session starts. Their handlers
// have no $variables; int_arg(1), returnval() and register("rax") tell what is in
// the registers.

// KprobePlace is an instruction: the first one of the function of that name, or
// one at a fixed address.
type KprobePlace struct {
	At KernelAddress
}

// KprobeReturnPlace is where a function returns to its caller.
type KprobeReturnPlace struct {
	KprobePlace
	MaxActive int64 // calls under way that are followed at once; 0: as many as the runtime thinks fit
}

func (*KprobePlace) order() order { return order{stage: stageArm} }

func (*KprobePlace) variables() []string { return nil }

func (*KprobePlace) target(e *elaborator, t *parse.Target) (value, *parse.Diagnostic) {
	d := semanticError(t.Token, fmt.Sprintf("a kprobe by name has no variables, as '%s' is", t.Name))
	d.Hint = "kernel.function(\"name\") has them; here int_arg(1), pointer_arg(1), returnval() and the like read registers"
	return value{}, d
}

func kprobeFamily() family {
	var patterns []string
	for _, base := range []string{`kprobe`, `kprobe.module(string)`} {
		for _, rest := range []string{``, `.call`, `.return`, `.return.maxactive(number)`} {
			patterns = append(patterns, base+`.function(string)`+rest)
		}
	}
	return family{patterns: patterns, resolve: resolveKprobe}
}

func resolveKprobe(e *elaborator, p *parse.ProbePoint) ([]site, *parse.Diagnostic) {
	var module string
	rest := p.Components[1:]
	if rest[0].Text == "module" {
		literal := rest[0].Argument.(*parse.StringLiteral)
		if module = strings.ReplaceAll(literal.Value, "-", "_"); module == "" || strings.ContainsAny(module, "*?[{/:") {
			d := semanticError(literal.Token, "not the name of a module")
			d.Hint = "name one module as lsmod does"
			return nil, d
		}
		rest = rest[1:]
	}
	literal := rest[0].Argument.(*parse.StringLiteral)
	returns, active := false, int64(0)
	if len(rest) > 1 {
		returns = rest[1].Text == "return"
	}
	if len(rest) > 2 {
		var d *parse.Diagnostic
		if active, d = maxActive(rest[2]); d != nil {
			return nil, d
		}
	}
	names, several, d := e.kprobeNames(module, literal)
	if d != nil {
		return nil, d
	}
	var sites []site
	for _, name := range names {
		one := *p
		one.Components = slices.Clone(p.Components)
		one.Components[len(p.Components)-len(rest)].Argument = &parse.StringLiteral{Token: literal.Token, Value: name}
		at := KprobePlace{At: KernelAddress{Module: module, Symbol: name}}
		var place Place = &at
		if returns {
			place = &KprobeReturnPlace{at, active}
		}
		sites = append(sites, site{place: place, point: canonical(&one), dispensable: several})
	}
	return sites, nil
}

// kprobeNames gives the functions that a name stands for, which may hold "*", "?",
// "[…]" and lists as "{read,write}"; whether there may be several.
func (e *elaborator) kprobeNames(module string, literal *parse.StringLiteral) (names []string, several bool, d *parse.Diagnostic) {
	spelled := spellOut(literal.Value)
	for _, name := range spelled {
		if name == "" || strings.ContainsAny(name, "@:+{} ") {
			d := semanticError(literal.Token, fmt.Sprintf("%q is not the name of a function", name))
			d.Hint = "files and lines are for kernel.function and kernel.statement"
			return nil, false, d
		}
		if !isGlob(name) {
			names = append(names, name)
			continue
		}
		known, d := e.codeNames(module, literal)
		if d != nil {
			return nil, false, d
		}
		found := slices.DeleteFunc(slices.Clone(known), func(each string) bool { return !matchGlob(name, each) })
		if len(found) == 0 {
			return nil, false, semanticError(literal.Token, fmt.Sprintf("no match: no function is named %s", name))
		}
		names = append(names, found...)
		several = true
	}
	slices.Sort(names)
	return slices.Compact(names), several || len(spelled) > 1, nil
}

// codeNames gives the names of functions that a pattern may mean: those of the
// symbols, or of BTF where there are none at hand. Parts of functions that the
// compiler split off and the padding in front of some are not among them.
func (e *elaborator) codeNames(module string, literal *parse.StringLiteral) ([]string, *parse.Diagnostic) {
	code, err := e.object(cmp.Or(module, kernelObject)).functionSymbols()
	if err == nil {
		var names []string
		for _, s := range code {
			if !strings.Contains(s.Name, ".") && !isPartOfFunction(s.Name) {
				names = append(names, s.Name)
			}
		}
		return names, nil
	}
	if module != "" {
		d := semanticError(literal.Token, fmt.Sprintf("the functions of module %s are not known: %v", module, err))
		d.Hint = "name the function in full"
		return nil, d
	}
	btf, err := e.typeInformation()
	if err != nil {
		e.failure = err
		return nil, semanticError(literal.Token, err.Error())
	}
	return btf.FunctionNames(), nil
}

// spellOut gives what a name with lists stands for: "vfs_{read,write}" for two.
func spellOut(name string) []string {
	open := strings.IndexByte(name, '{')
	if open < 0 {
		return []string{name}
	}
	depth, start := 0, open+1
	var parts []string
	for i := open; i < len(name); i++ {
		switch name[i] {
		case '{':
			depth++
		case ',':
			if depth == 1 {
				parts = append(parts, name[start:i])
				start = i + 1
			}
		case '}':
			if depth--; depth > 0 {
				continue
			}
			var names []string
			for _, part := range append(parts, name[start:i]) {
				names = append(names, spellOut(name[:open]+part+name[i+1:])...)
			}
			return names
		}
	}
	return []string{name}
}

func absoluteFamily() family {
	return family{patterns: []string{`kprobe.statement(number).absolute`, `kernel.statement(number).absolute`}, resolve: resolveAbsolute}
}

// resolveAbsolute takes an address as the running kernel has it; nobody checks
// that an instruction begins there but the kernel.
func resolveAbsolute(e *elaborator, p *parse.ProbePoint) ([]site, *parse.Diagnostic) {
	c := p.Components[1]
	if !e.options.Guru {
		d := semanticError(p.Components[2].Token, "an absolute statement probe is a matter of trust; need stap -g")
		d.Hint = "kernel.statement(\"function@file:line\") names a place that can be checked"
		return nil, d
	}
	return oneSite(&KprobePlace{At: KernelAddress{Absolute: true, Offset: numberArgument(c)}}, p), nil
}
