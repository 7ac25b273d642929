package elaborate

import (
	"cmp"
	"maps"
	"slices"
)

// Build is one build of the kernel or of a module: a program that has addresses or
// locations out of its debuginfo must not run on another one, whatever its release.
type Build struct {
	Object string // "kernel", or a module's name
	ID     string // its build-id in hexadecimal
}

// bound reports whether the address holds for one build only, and not for all that
// have the symbol.
func (a KernelAddress) bound() bool { return !a.Absolute && (a.Symbol == "" || a.Offset != 0) }

// bindTo makes the program one for the build of a module, "" for the kernel, that is
// at hand: what is known of it from debuginfo is in the program.
func (e *elaborator) bindTo(module string) {
	if e.bound == nil {
		e.bound = map[string]bool{}
	}
	e.bound[module] = true
}

// builds finds which builds the program is bound to, the kernel's first.
func (e *elaborator) builds() []Build {
	for _, p := range e.program.Probes {
		if f := functionOf(p.Place); f != nil && (f.At.bound() || f.callers != nil) {
			e.bindTo(f.At.Module)
		}
	}
	for _, data := range e.program.Data {
		if data.bound() {
			e.bindTo(data.Module)
		}
	}
	var builds []Build
	for _, module := range slices.Sorted(maps.Keys(e.bound)) {
		if e.options.BuildID == nil {
			continue
		}
		id, err := e.options.BuildID(e.objectOf(module))
		if err != nil {
			e.failure = err
			return nil
		}
		if id != "" { // else there is nothing to tell builds apart by
			builds = append(builds, Build{cmp.Or(module, kernelObject), id})
		}
	}
	return builds
}
