// Package kbuild is pass 4: it makes a kernel module of a script's C and the
// runtime.
//
// The first module for a kernel goes through the kernel's own build:
//
//	make -C BUILD-TREE M=FOLDER modules
//
// kbuild leaves the commands that it ran in files named .TARGET.cmd. They are
// kept as a recipe, together with what does not depend on the script: the
// objects of the runtime's units and the object that describes the module to the
// kernel (NAME.mod.o, made by modpost). Every later module replays the recipe:
// compile the script, link it with the units that it needs, link the module. A
// unit that no script needed before is compiled by the script's command and kept.
// objtool runs where kbuild ran it, on each object or on the linked module, since
// it is part of the recorded command. The checksums of kernel symbols that the
// first module did not ask for are added to the finished file; a script that asks
// for another module's symbol, as embedded C may, replays modpost. Whatever a
// recipe cannot do, the kernel's build does: a replay that fails is repeated in
// full, and only that failure is reported.
//
// All modules are built under one name, as long as a name can be; the name that
// the user sees is put into the finished file, and what nothing reads is taken
// out of it (package modulefile).
//
// The cache below SYSTEMTAP_DIR/cache has one folder per kernel and
// configuration and one file per finished module:
//
//	kernel/KEY/      recipe.json, stap_UNIT.o, … made once, never changed
//	ab/stap_abcd….ko finished modules, the oldest of which go when there are too many
//
// Entries are made under a temporary name in the cache and renamed into place,
// so two builds at once, or one that is killed, leave only whole entries.
package kbuild

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/kernel/modulefile"
	runtimec "github.com/gostap/gostap/runtime-c"
	"github.com/gostap/gostap/translate"
)

// Options say how to build.
type Options struct {
	Cache         *Cache   // nil: keep nothing
	PoisonCache   bool     // write the cache, do not read finished modules from it
	Full          bool     // insist on the kernel's own build
	Name          string   // the module's name; "" for one made of its contents
	Folder        string   // an empty folder to work in; the caller removes it; with Root, in its RootFolder
	Root          string   // the folder that the build's programs have as their root, with the kernel's headers in it; "": this system's
	Defines       []string // NAME or NAME=VALUE, for the runtime and the script
	MakeVariables []string // NAME=VALUE, for the kernel's build
	Trace         func(format string, arguments ...any)
}

// ScriptFile is the name of the script's C in Options.Folder.
const ScriptFile = "stap_script.c"

// Result is a finished module.
type Result struct {
	Path   string // in Options.Folder, or in the cache
	Name   string // of the module
	Cached bool   // nothing had to be built
}

// placeholder is the name under which modules are built.
var placeholder = fmt.Sprintf("%.*s", modulefile.MaxName,
	"stap_module_whose_name_is_set_when_it_is_finished________")

// Build makes a module of m for the kernel k.
func Build(ctx context.Context, m translate.Module, k *kernel.Kernel, o Options) (*Result, error) {
	if o.Trace == nil {
		o.Trace = func(string, ...any) {}
	}
	t, err := newTarget(k, m, o)
	if err != nil {
		return nil, err
	}
	scriptKey := t.scriptKey(m, o.Name)
	name := o.Name
	if name == "" {
		name = "stap_" + scriptKey
	}
	if o.Cache != nil && !o.PoisonCache && !o.Full {
		if path, ok := o.Cache.module(scriptKey); ok {
			return &Result{Path: path, Name: name, Cached: true}, nil
		}
	}
	b := &builder{target: t, module: m, options: o, units: runtimec.Needed(m.C)}
	if err := b.build(ctx); err != nil {
		return nil, err
	}
	path, err := b.finish(name)
	if err != nil {
		return nil, err
	}
	if o.Cache != nil {
		if err := o.Cache.addModule(scriptKey, path); err != nil {
			return nil, explainDisk(o.Cache.root, err)
		}
	}
	return &Result{Path: path, Name: name}, nil
}

// A builder makes one module in one folder.
type builder struct {
	target  *target
	module  translate.Module
	options Options
	units   []string // of the runtime, that the script needs

	checksums map[string]uint32 // of symbols, that the recorded build did not ask for
}

func (b *builder) file(name string) string { return filepath.Join(b.options.Folder, name) }

func (b *builder) root() buildRoot { return buildRoot(b.options.Root) }

// folder is the build's folder for the programs that build.
func (b *builder) folder() string { return b.root().inside(b.options.Folder) }

// build leaves the linked module in the folder.
func (b *builder) build(ctx context.Context) error {
	if err := b.writeSources(); err != nil {
		return explainDisk(b.options.Folder, err)
	}
	if !b.options.Full && b.options.Cache != nil {
		kept, err := b.options.Cache.kernel(b.target.key)
		if err == nil {
			if err = b.replay(ctx, kept); err == nil {
				return nil
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			b.options.Trace("replaying the kernel's build failed, building in full: %v\n", err)
		} else if !errors.Is(err, fs.ErrNotExist) {
			b.options.Trace("the recorded build cannot be used, building in full: %v\n", err)
		}
	}
	if err := b.full(ctx); err != nil {
		return err
	}
	if b.options.Cache == nil {
		return nil
	}
	r, err := b.record()
	if err != nil {
		b.options.Trace("the kernel's build was not recorded: %v\n", err)
		return nil
	}
	return explainDisk(b.options.Cache.root, b.options.Cache.addKernel(b.target.key, r, b.options.Folder))
}

// finish gives the module its name and its final place in the folder.
func (b *builder) finish(name string) (string, error) {
	module, err := os.ReadFile(b.file(placeholder + ".ko"))
	if err != nil {
		return "", fmt.Errorf("reading the module that was built: %w", err)
	}
	if module, err = modulefile.Strip(module, b.checksums); err != nil {
		return "", err
	}
	if err := modulefile.SetName(module, name); err != nil {
		return "", err
	}
	path := b.file(name + ".ko")
	if err := os.WriteFile(path, module, 0o644); err != nil {
		return "", explainDisk(b.options.Folder, err)
	}
	return path, os.Remove(b.file(placeholder + ".ko"))
}

var moduleName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

// UserName gives the name of the module that a user asked for by name: without
// the suffix of a file, no longer than the kernel allows.
func UserName(name string) (string, error) {
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".ko"), ".so")
	switch {
	case name == "":
		return "", &kernel.UserError{Message: "Module name cannot be empty."}
	case !moduleName.MatchString(name):
		return "", &kernel.UserError{
			Message: fmt.Sprintf("Safety pattern mismatch for -m parameter ('%s' vs. '%s')", name, moduleName),
			Hint:    "use letters, digits and underscores",
		}
	}
	return name[:min(len(name), modulefile.MaxName)], nil
}
