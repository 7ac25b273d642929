package kbuild

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A recipe is what kbuild did for one module, with folderMark where the name of
// the folder stood. Commands are for sh, run in Tree.
type recipe struct {
	Tree    string   // where kbuild ran its commands
	Compile string   // the script's object
	Link    string   // the script and units of the runtime, into one object
	Modpost string   // the C file that describes the module to the kernel
	Mod     string   // its object
	Final   string   // the module
	Objects []string // files that the commands need and that no script changes
	Order   string   // modules.order, which modpost reads
	Symbols []string // what the module asked the kernel for

	Environment []string // NAME=VALUE, what kbuild told its tools
}

const folderMark = "@FOLDER@"

// record reads what kbuild left in the folder of a build.
func (b *builder) record() (*recipe, error) {
	folder := b.options.Folder
	r := &recipe{Tree: b.target.tree}
	targets := map[string]*string{
		scriptO:                &r.Compile,
		placeholder + ".o":     &r.Link,
		"Module.symvers":       &r.Modpost,
		placeholder + ".mod.o": &r.Mod,
		placeholder + ".ko":    &r.Final,
	}
	for target, command := range targets {
		text, err := b.savedCommand(target)
		if err != nil {
			return nil, err
		}
		*command = text
	}
	if err := b.complete(r); err != nil {
		return nil, err
	}
	order, err := os.ReadFile(filepath.Join(folder, "modules.order"))
	if err != nil {
		return nil, err
	}
	r.Order = strings.ReplaceAll(string(order), b.folder(), folderMark)
	r.Objects = []string{placeholder + ".mod.o"}
	for _, name := range b.units {
		r.Objects = append(r.Objects, unitO(name))
	}
	if _, err := os.Stat(filepath.Join(folder, ".module-common.o")); err == nil {
		r.Objects = append(r.Objects, ".module-common.o")
	}
	environment, err := os.ReadFile(filepath.Join(folder, environmentFile))
	if err != nil {
		return nil, err
	}
	r.Environment = strings.Split(strings.TrimSpace(string(environment)), "\n")
	r.Symbols, _, err = objectSymbols(filepath.Join(folder, placeholder+".o"))
	return r, err
}

// complete adds what commands of older kernels lack: objtool, which kbuild ran by itself, and
// that the objects to link are listed in a file, since a script may need others.
func (b *builder) complete(r *recipe) error {
	objtool, err := os.ReadFile(b.file(objtoolFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	command := strings.Trim(string(objtool), "; \t\n")
	if command != "" && !strings.Contains(r.Compile, "objtool") {
		r.Compile += " ; " + strings.ReplaceAll(command, b.folder(), folderMark)
	}
	var objects strings.Builder
	objects.WriteString(" " + folderMark + "/" + scriptO)
	for _, unit := range b.units {
		objects.WriteString(" " + folderMark + "/" + unitO(unit))
	}
	r.Link = strings.Replace(r.Link, objects.String(), " @"+folderMark+"/"+placeholder+".mod", 1)
	return nil
}

var savedCommandLine = regexp.MustCompile(`(?m)^(?:saved)?cmd_\S+ := *(.*)$`)

// savedCommand gives the command by which kbuild made target (scripts/Kbuild.include,
// if_changed: make's own escapes of $ and # are in it).
func (b *builder) savedCommand(target string) (string, error) {
	text, err := os.ReadFile(b.file("." + target + ".cmd"))
	if err != nil {
		return "", err
	}
	m := savedCommandLine.FindSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("%s: no command in it", target)
	}
	command := strings.NewReplacer("$$", "$", `$(pound)`, "#", `\#`, "#").Replace(string(m[1]))
	return strings.ReplaceAll(command, b.folder(), folderMark), nil
}

// objectSymbols lists the global symbols of an object file, but for those that
// it can do without.
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
		case elf.ST_BIND(s.Info) == elf.STB_WEAK && s.Section == elf.SHN_UNDEF:
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
	if err := b.takeKept(kept); err != nil {
		return err
	}
	if err := b.compile(ctx, kept); err != nil {
		return err
	}
	asked, err := b.asked(r)
	if err != nil {
		return err
	}
	b.checksums, err = b.target.checksums(asked)
	if err == nil {
		return b.shell(ctx, r, r.Link, r.Final)
	}
	b.options.Trace("modpost has to describe this module: %v\n", err)
	// It looks for a list of sources beside each object, and takes an empty one.
	for _, object := range b.objects() {
		if err := os.WriteFile(b.file("."+object+".cmd"), []byte("\n"), 0o644); err != nil {
			return err
		}
	}
	if err := os.Remove(b.file(placeholder + ".mod.o")); err != nil {
		return err
	}
	return b.shell(ctx, r, r.Link, r.Modpost, r.Mod, r.Final)
}

// objects lists what is linked.
func (b *builder) objects() []string {
	objects := []string{scriptO}
	for _, unit := range b.units {
		objects = append(objects, unitO(unit))
	}
	return objects
}

// takeKept puts what the commands read into the folder: the recorded objects,
// and lists of what is linked.
func (b *builder) takeKept(kept *keptKernel) error {
	for _, object := range append(slices.Clone(kept.recipe.Objects), b.objects()[1:]...) {
		path := filepath.Join(kept.folder, object)
		if _, err := os.Stat(path); err != nil {
			continue // a unit that no script needed before
		}
		if err := b.take(path, b.file(object)); err != nil {
			return err
		}
	}
	texts := map[string]string{"modules.order": strings.ReplaceAll(kept.recipe.Order, folderMark, b.folder())}
	for _, object := range b.objects() {
		texts[placeholder+".mod"] += filepath.Join(b.folder(), object) + "\n"
	}
	for name, text := range texts {
		if err := os.WriteFile(b.file(name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// take puts a kept file into the folder: a link to it, which in a build root would lead nowhere.
func (b *builder) take(kept, path string) error {
	if b.root() == "" {
		if err := os.Symlink(kept, path); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	}
	data, err := os.ReadFile(kept)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// compile compiles the script, and at the same time the units that no script
// needed before.
func (b *builder) compile(ctx context.Context, kept *keptKernel) error {
	r := kept.recipe
	commands := []string{r.Compile}
	if b.module.KernelHeaders && b.root() == "" { // which does not see the cache
		commands[0] = b.options.Cache.withPrecompiledHeader(ctx, b, kept)
	}
	var missing []string
	for _, unit := range b.units {
		if _, err := os.Stat(b.file(unitO(unit))); err != nil {
			missing = append(missing, unitO(unit))
			commands = append(commands, strings.ReplaceAll(r.Compile, stem(scriptO), stem(unitO(unit))))
		}
	}
	failures := make([]error, len(commands))
	var all sync.WaitGroup
	for i, command := range commands {
		all.Go(func() { failures[i] = b.shell(ctx, r, command) })
	}
	all.Wait()
	if err := errors.Join(failures...); err != nil {
		return err
	}
	for _, object := range missing {
		if err := kept.addObject(object, b.file(object)); err != nil {
			return explainDisk(kept.folder, err)
		}
	}
	return nil
}

func stem(object string) string { return strings.TrimSuffix(object, ".o") }

// asked lists what the objects ask the kernel for and the recorded module did not.
func (b *builder) asked(r *recipe) ([]string, error) {
	known := map[string]bool{}
	for _, s := range r.Symbols {
		known[s] = true
	}
	var asked []string
	for _, object := range b.objects() {
		undefined, defined, err := objectSymbols(b.file(object))
		if err != nil {
			return nil, err
		}
		asked = append(asked, undefined...)
		for _, s := range defined {
			known[s] = true
		}
	}
	return slices.DeleteFunc(asked, func(s string) bool { return known[s] }), nil
}

func (b *builder) shell(ctx context.Context, r *recipe, commands ...string) error {
	script := strings.ReplaceAll(strings.Join(commands, "\n"), folderMark, b.folder())
	command := exec.CommandContext(ctx, "sh", "-e", "-c", script)
	command.Dir, command.Env = r.Tree, r.Environment
	return b.run(command)
}
