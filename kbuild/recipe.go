package kbuild

import (
	"context"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// A recipe is what kbuild did for one module, with folderMark where the name of
// the folder stood. Commands are for sh, run in Tree.
type recipe struct {
	Tree    string   // where kbuild ran its commands
	Compile string   // the script's object
	Link    string   // the script and the runtime, into one object
	Modpost string   // the C file that describes the module to the kernel
	Mod     string   // its object
	Final   string   // the module
	Objects []string // files that the commands need and that no script changes
	Texts   map[string]string
	Symbols []string // what the script's object may ask for without a new modpost

	Environment []string // NAME=VALUE, what kbuild told its tools
}

const folderMark = "@FOLDER@"

// record reads what kbuild left in the folder of a build.
func record(folder, tree string) (*recipe, error) {
	r := &recipe{Tree: tree, Texts: map[string]string{}}
	targets := map[string]*string{
		scriptO:                &r.Compile,
		placeholder + ".o":     &r.Link,
		"Module.symvers":       &r.Modpost,
		placeholder + ".mod.o": &r.Mod,
		placeholder + ".ko":    &r.Final,
	}
	for target, command := range targets {
		text, err := savedCommand(folder, target)
		if err != nil {
			return nil, err
		}
		*command = text
	}
	for _, name := range []string{placeholder + ".mod", "modules.order"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return nil, err
		}
		r.Texts[name] = strings.ReplaceAll(string(text), folder, folderMark)
	}
	r.Objects = []string{runtimeO, placeholder + ".mod.o"}
	if _, err := os.Stat(filepath.Join(folder, ".module-common.o")); err == nil {
		r.Objects = append(r.Objects, ".module-common.o")
	}
	environment, err := os.ReadFile(filepath.Join(folder, environmentFile))
	if err != nil {
		return nil, err
	}
	r.Environment = strings.Split(strings.TrimSpace(string(environment)), "\n")
	r.Symbols, err = moduleSymbols(folder)
	return r, err
}

var savedCommandLine = regexp.MustCompile(`(?m)^(?:saved)?cmd_\S+ := *(.*)$`)

// savedCommand gives the command by which kbuild made target (scripts/Kbuild.include,
// if_changed: make's own escapes of $ and # are in it).
func savedCommand(folder, target string) (string, error) {
	text, err := os.ReadFile(filepath.Join(folder, "."+target+".cmd"))
	if err != nil {
		return "", err
	}
	m := savedCommandLine.FindSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("%s: no command in it", target)
	}
	command := strings.NewReplacer("$$", "$", `$(pound)`, "#", `\#`, "#").Replace(string(m[1]))
	return strings.ReplaceAll(command, folder, folderMark), nil
}

// moduleSymbols lists what the linked module takes from the kernel and what the
// runtime defines.
func moduleSymbols(folder string) ([]string, error) {
	undefined, _, err := objectSymbols(filepath.Join(folder, placeholder+".o"))
	if err != nil {
		return nil, err
	}
	_, defined, err := objectSymbols(filepath.Join(folder, runtimeO))
	return append(undefined, defined...), err
}

// objectSymbols lists the global symbols of an object file.
func objectSymbols(path string) (undefined, defined []string, err error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	symbols, err := file.Symbols()
	if err != nil {
		return nil, nil, err
	}
	for _, s := range symbols {
		switch {
		case elf.ST_BIND(s.Info) == elf.STB_LOCAL || s.Name == "":
		case s.Section == elf.SHN_UNDEF:
			undefined = append(undefined, s.Name)
		default:
			defined = append(defined, s.Name)
		}
	}
	return undefined, defined, nil
}

// replay makes the module by a recipe.
func (b *builder) replay(ctx context.Context, kept *keptKernel) error {
	r := kept.recipe
	for _, object := range r.Objects {
		if err := os.Symlink(filepath.Join(kept.folder, object), b.file(object)); err != nil {
			return err
		}
	}
	for name, text := range r.Texts {
		text = strings.ReplaceAll(text, folderMark, b.options.Folder)
		if err := os.WriteFile(b.file(name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	compile := r.Compile
	if b.module.KernelHeaders {
		compile = b.options.Cache.withPrecompiledHeader(ctx, b, kept)
	}
	if err := b.shell(ctx, r, compile); err != nil {
		return err
	}
	fits, err := b.fits(r)
	if err != nil {
		return err
	}
	if fits {
		return b.shell(ctx, r, r.Link, r.Final)
	}
	if err := os.Remove(b.file(placeholder + ".mod.o")); err != nil {
		return err
	}
	return b.shell(ctx, r, r.Link, r.Modpost, r.Mod, r.Final)
}

// fits reports whether the script's object asks for nothing that the recipe's
// own script and runtime did not ask for.
func (b *builder) fits(r *recipe) (bool, error) {
	undefined, _, err := objectSymbols(b.file(scriptO))
	if err != nil {
		return false, err
	}
	known := map[string]bool{}
	for _, s := range r.Symbols {
		known[s] = true
	}
	for _, s := range undefined {
		if !known[s] {
			return false, nil
		}
	}
	return true, nil
}

func (b *builder) shell(ctx context.Context, r *recipe, commands ...string) error {
	script := strings.ReplaceAll(strings.Join(commands, "\n"), folderMark, b.options.Folder)
	command := exec.CommandContext(ctx, "sh", "-e", "-c", script)
	command.Dir, command.Env = r.Tree, r.Environment
	return b.run(command)
}
