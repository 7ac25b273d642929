package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ModuleList is what could be a module of a kernel, loaded or not. Names have "_"
// where files may have "-".
type ModuleList struct {
	Files   map[string]string // of modules, each with its file
	Builtin map[string]bool   // what is a part of the kernel instead
	Aliases map[string]string // other names, such as those of drivers that have gone into another one
}

// Names gives the names of the modules, sorted.
func (l *ModuleList) Names() []string { return slices.Sorted(maps.Keys(l.Files)) }

// ModuleList gives the kernel's modules; a *UserError if they are not at hand.
func (k *Kernel) ModuleList() (*ModuleList, error) {
	files, err := k.Modules()
	if err != nil {
		return nil, err
	}
	list := &ModuleList{Files: files, Aliases: map[string]string{}}
	if list.Builtin, err = BuiltinModules(k.ModulesDir); err != nil {
		return nil, fmt.Errorf("modules of kernel %s: %w", k.Release, err)
	}
	if err := readAliases(k.ModulesDir, list.Aliases); err != nil {
		return nil, fmt.Errorf("modules of kernel %s: %w", k.Release, err)
	}
	return list, nil
}

// readAliases adds the aliases of modules, and of what is built in, that are names
// and no patterns of devices.
func readAliases(folder string, aliases map[string]string) error {
	add := func(alias, module string) {
		alias = strings.TrimPrefix(alias, "fs-")
		if alias != "" && !strings.ContainsAny(alias, ":*? ") {
			aliases[ModuleName(alias)] = ModuleName(module)
		}
	}
	ofModules, err := readIfThere(filepath.Join(folder, "modules.alias"))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(ofModules)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "alias" {
			add(fields[1], fields[2])
		}
	}
	builtin, err := readIfThere(filepath.Join(folder, "modules.builtin.modinfo"))
	if err != nil {
		return err
	}
	for _, entry := range bytes.Split(builtin, []byte{0}) {
		key, value, _ := strings.Cut(string(entry), "=")
		if module, isAlias := strings.CutSuffix(key, ".alias"); isAlias {
			add(value, module)
		}
	}
	return nil
}

func readIfThere(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// Header gives a header of the kernel's source, "include/linux/syscalls.h", from its
// build tree; a *UserError if it is not there.
func (k *Kernel) Header(path string) ([]byte, error) {
	if err := k.CheckBuildTree(); err != nil {
		return nil, err
	}
	for _, tree := range k.sourceTrees() {
		data, err := readIfThere(filepath.Join(tree, path))
		if err != nil || data != nil {
			return data, err
		}
	}
	return nil, &UserError{Message: fmt.Sprintf("the headers of kernel %s have no %s", k.Release, path)}
}

// sourceTrees gives the build tree and, if that has been made beside its source,
// the tree of that: the Makefile includes its Makefile.
func (k *Kernel) sourceTrees() []string {
	trees := []string{k.BuildTree}
	makefile, err := os.ReadFile(filepath.Join(k.BuildTree, "Makefile"))
	if err != nil {
		return trees
	}
	for line := range strings.Lines(string(makefile)) {
		path, found := strings.CutPrefix(strings.TrimSpace(line), "include ")
		if !found || filepath.Base(path) != "Makefile" {
			continue
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(k.BuildTree, path)
		}
		if tree := filepath.Dir(path); tree != k.BuildTree && isFile(path) {
			trees = append(trees, tree)
		}
	}
	return trees
}
