package elaborate

import (
	"fmt"
	"strings"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
)

// This file finds what module("…") names: the name of a module, with "-" or "_",
// a pattern, or the path of its file.

// objectsOf gives the objects that a point's first component names.
func (e *elaborator) objectsOf(c parse.Component) ([]*object, *parse.Diagnostic) {
	if c.Text == "kernel" {
		return []*object{e.object(kernelObject)}, nil
	}
	literal, ok := c.Argument.(*parse.StringLiteral)
	if !ok || literal.Value == "" {
		return nil, semanticError(c.Token, "the module's name must be a string")
	}
	if strings.Contains(literal.Value, "/") { // whoever opens it looks at the file itself
		return []*object{e.object(literal.Value)}, nil
	}
	name := kernel.ModuleName(literal.Value)
	if e.options.Modules == nil {
		return []*object{e.object(name)}, nil
	}
	modules, err := e.options.Modules()
	if err != nil {
		missing, failure := atHand(err)
		if failure != nil {
			e.failure = failure
			return nil, semanticError(literal.Token, failure.Error())
		}
		d := semanticError(literal.Token, fmt.Sprintf("module(%q) needs the list of the kernel's modules: %s", literal.Value, missing.Message))
		d.Hint = missing.Hint
		return nil, d
	}
	names := modules.Names()
	if isGlob(name) {
		var objects []*object
		for _, n := range names {
			if matchGlob(name, n) {
				objects = append(objects, e.object(n))
			}
		}
		if len(objects) == 0 {
			return nil, semanticError(literal.Token, fmt.Sprintf("no match: no module %s", literal.Value))
		}
		return objects, nil
	}
	if modules.Files[name] != "" {
		return []*object{e.object(name)}, nil
	}
	return nil, e.noModule(literal, name, modules)
}

// noModule says what there is in place of a module.
func (e *elaborator) noModule(literal *parse.StringLiteral, name string, modules *kernel.ModuleList) *parse.Diagnostic {
	d := semanticError(literal.Token, fmt.Sprintf("no match: the kernel has no module %s", literal.Value))
	becomes := modules.Aliases[name]
	switch {
	case modules.Builtin[name]:
		d.Message = fmt.Sprintf("%s is no module: it is built into this kernel", literal.Value)
		d.Hint = fmt.Sprintf("write kernel in place of module(%q): kernel.function(…)", literal.Value)
	case becomes != "" && modules.Builtin[becomes]:
		d.Message = fmt.Sprintf("%s is no module of its own: it has gone into %s, which is built into this kernel", literal.Value, becomes)
		d.Hint = fmt.Sprintf("write kernel in place of module(%q): kernel.function(…); functions are named %s_…", literal.Value, becomes)
	case becomes != "":
		d.Message = fmt.Sprintf("%s is no module of its own: it has gone into %s", literal.Value, becomes)
		d.Hint = fmt.Sprintf("write module(%q)", becomes)
	default:
		d.Similar = parse.Similar(name, modules.Names(), 5)
	}
	return d
}
