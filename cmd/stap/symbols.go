package main

import (
	"debug/elf"
	"errors"
	"os"
	"strings"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
	"github.com/spf13/pflag"
)

// symbolSettings say of what symbols and lines are wanted. The kernel and its modules
// are unwound and named by the kernel's own tables; their lines are taken along for
// scripts that ask for lines of addresses. Of other objects this version takes nothing
// along, and says so.
type symbolSettings struct {
	symbolsOf  []string // of -d
	allModules bool
}

func (s *symbolSettings) addTo(flags *pflag.FlagSet) {
	flags.StringArrayVarP(&s.symbolsOf, "symbols", "d", nil, "the lines of `OBJECT`, kernel or a module, for symfileline() and its like (symbols are there without)")
	flags.BoolVar(&s.allModules, "all-modules", false, "-d kernel, and -d for all modules that are loaded, or of another kernel than this for all that it has")
	flags.Bool("ldd", false, "symbols of the libraries of probed programs, of which none are in this version")
}

func (s *symbolSettings) validate(func(string) bool) error {
	for _, object := range s.symbolsOf {
		if object == "" {
			return usage("Data object (-d) cannot be empty.")
		}
	}
	return nil
}

// missingSymbols warns of the objects of -d that there are no symbols of.
func (d *driver) missingSymbols() (found parse.Diagnostics, err error) {
	for _, object := range d.symbolsOf {
		hint, err := d.missingObject(object)
		if err != nil {
			return nil, err
		}
		if hint != "" {
			found = append(found, &parse.Diagnostic{
				Severity: parse.Warning, Message: "missing unwind/symbol data for module '" + object + "'", Hint: hint,
			})
		}
	}
	return found, nil
}

// linesOf lists the objects whose lines are wanted: all that -d names, but for programs.
func (d *driver) linesOf() ([]string, error) {
	var objects []string
	for _, object := range d.symbolsOf {
		if hint, err := d.missingObject(object); err != nil {
			return nil, err
		} else if hint == "" {
			objects = append(objects, object)
		}
	}
	if !d.allModules {
		return objects, nil
	}
	k, err := d.findKernel()
	if err != nil {
		return nil, err
	}
	modules, err := k.Loaded()
	return append(append(objects, kernelObject), modules...), err
}

// missingObject says why there are no symbols of an object, "" if there are.
func (d *driver) missingObject(object string) (string, error) {
	if object == kernelObject {
		return "", nil
	}
	if strings.Contains(object, "/") {
		return missingFile(object), nil
	}
	k, err := d.findKernel()
	if err != nil {
		return "", err
	}
	files, err := k.Modules()
	var missing *kernel.UserError
	if errors.As(err, &missing) {
		return missing.Message + ": " + missing.Hint, nil
	}
	if err != nil {
		return "", err
	}
	builtin, err := k.Builtin()
	if err != nil {
		return "", err
	}
	name := kernel.ModuleName(object)
	if files[name] != "" || builtin[name] {
		return "", nil
	}
	return "kernel " + k.Release + " has no such module; a program or a library is named by its path", nil
}

// missingFile is missingObject for a file: a module is one that is relocated when
// it is loaded.
func missingFile(path string) string {
	if name := kernel.ModuleName(path); strings.HasSuffix(path, ".ko") || strings.Contains(path, name+".ko.") {
		if _, err := os.Stat(path); err != nil {
			return cause(err)
		}
		return ""
	}
	file, err := elf.Open(path)
	if err != nil {
		return cause(err)
	}
	defer file.Close()
	if file.Type == elf.ET_REL || file.Section("__ksymtab_strings") != nil {
		return ""
	}
	return "no symbols of programs and libraries are in this version: backtraces have those of the kernel and its modules"
}

// cause is what is wrong with a file, without its path.
func cause(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return "it is no ELF file: " + err.Error()
}
