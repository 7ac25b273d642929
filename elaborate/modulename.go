package elaborate

import (
	"fmt"
	"maps"
	"slices"
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
		return nil, e.unlisted(literal, err)
	}
	files, err := modules.Modules()
	if err != nil {
		return nil, e.unlisted(literal, err)
	}
	if isGlob(name) {
		var objects []*object
		for _, n := range slices.Sorted(maps.Keys(files)) {
			if matchGlob(name, n) {
				objects = append(objects, e.object(n))
			}
		}
		if len(objects) == 0 {
			return nil, semanticError(literal.Token, fmt.Sprintf("no match: the kernel has no module %s", literal.Value))
		}
		return objects, nil
	}
	if files[name] != "" {
		return []*object{e.object(name)}, nil
	}
	return nil, e.noModule(literal, name, modules, files)
}

// unlisted says that it is not known which modules there are.
func (e *elaborator) unlisted(literal *parse.StringLiteral, err error) *parse.Diagnostic {
	missing, failure := atHand(err)
	if failure != nil {
		e.failure = failure
		return semanticError(literal.Token, failure.Error())
	}
	d := semanticError(literal.Token, fmt.Sprintf("module(%q) needs the list of the kernel's modules: %s", literal.Value, missing.Message))
	d.Hint = missing.Hint
	return d
}

// noModule says what there is in place of a module.
func (e *elaborator) noModule(literal *parse.StringLiteral, name string, modules ModuleList, files map[string]string) *parse.Diagnostic {
	builtin, err := modules.Builtin()
	if err != nil {
		return e.unlisted(literal, err)
	}
	becomes, err := modules.ModuleAlias(name)
	if err != nil {
		return e.unlisted(literal, err)
	}
	d := semanticError(literal.Token, fmt.Sprintf("no match: the kernel has no module %s", literal.Value))
	switch {
	case builtin[name]:
		d.Message = fmt.Sprintf("%s is no module: it is built into this kernel", literal.Value)
		d.Hint = fmt.Sprintf("write kernel in place of module(%q): kernel.function(…)", literal.Value)
	case becomes != "" && builtin[becomes]:
		d.Message = fmt.Sprintf("%s is no module of its own: it has gone into %s, which is built into this kernel", literal.Value, becomes)
		d.Hint = fmt.Sprintf("write kernel in place of module(%q): kernel.function(\"%s_…\")", literal.Value, becomes)
	case becomes != "":
		d.Message = fmt.Sprintf("%s is no module of its own: it has gone into %s", literal.Value, becomes)
		d.Hint = fmt.Sprintf("write module(%q)", becomes)
	default:
		d.Similar = parse.Similar(name, slices.Collect(maps.Keys(files)), 5)
	}
	return d
}

// ModuleList knows the kernel's modules, loaded or not, as *kernel.Kernel does. Names
// have "_" where their files may have "-".
type ModuleList interface {
	Modules() (map[string]string, error)                // each with its file
	Builtin() (map[string]bool, error)                  // what could be a module and is a part of the kernel
	ModuleAlias(name string) (module string, err error) // what now does what a module of that name did; "" if nothing says so
}
