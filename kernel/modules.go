package kernel

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// ModuleName turns the name of a module's file into the module's own:
// "virtio-rng.ko.xz" is virtio_rng.
func ModuleName(file string) string {
	name, _, _ := strings.Cut(filepath.Base(file), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

// ModuleFiles gives the modules in a folder like lib/modules/RELEASE, by name, each
// with its file. Where a module is there twice, that in updates, extra or
// weak-updates counts, as it does for depmod.
func ModuleFiles(folder string) (map[string]string, error) {
	return moduleFiles(folder, "", ".xz", ".gz", ".zst")
}

// moduleFiles is ModuleFiles for files with one of these endings behind ".ko".
func moduleFiles(folder string, endings ...string) (map[string]string, error) {
	if place, err := filepath.EvalSymlinks(folder); err == nil {
		folder = place // a walk does not follow links
	}
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		_, ending, found := strings.Cut(entry.Name(), ".ko")
		if !found || !slices.Contains(endings, ending) || !entry.Type().IsRegular() {
			return nil
		}
		name := ModuleName(path)
		if files[name] == "" || !strings.HasPrefix(path, filepath.Join(folder, "kernel")+"/") {
			files[name] = path
		}
		return nil
	})
	return files, err
}

// BuiltinModules gives the names of what could be a module and is part of the
// kernel, from a folder like lib/modules/RELEASE.
func BuiltinModules(folder string) (map[string]bool, error) {
	list, err := os.ReadFile(filepath.Join(folder, "modules.builtin"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	builtin := map[string]bool{}
	for line := range strings.Lines(string(list)) {
		builtin[ModuleName(strings.TrimSpace(line))] = true
	}
	return builtin, nil
}

// ReadModule reads a module's file and takes its compression off.
func ReadModule(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var plain io.Reader
	switch filepath.Ext(path) {
	case ".xz":
		plain, err = xz.NewReader(bytes.NewReader(data))
	case ".gz":
		plain, err = gzip.NewReader(bytes.NewReader(data))
	case ".zst":
		var decoder *zstd.Decoder
		if decoder, err = zstd.NewReader(bytes.NewReader(data)); err == nil {
			defer decoder.Close()
			plain = decoder
		}
	default:
		return data, nil
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(plain)
}

// Modules gives the kernel's modules, by name, each with the file that is installed,
// which may be compressed; a *UserError if they are not at hand.
func (k *Kernel) Modules() (map[string]string, error) {
	if k.ModulesDir == "" {
		return nil, &UserError{
			Message: "the modules of kernel " + k.Release + " are not on this machine",
			Hint:    fmt.Sprintf("`%s` fetches them", k.Prep()),
		}
	}
	if k.modules == nil {
		files, err := ModuleFiles(k.ModulesDir)
		if err != nil {
			return nil, fmt.Errorf("modules of kernel %s: %w", k.Release, err)
		}
		k.modules = files
	}
	return k.modules, nil
}

// Loaded gives the names of the modules that are loaded, in the order of the names; of
// another kernel than the running one, of all that could be. Modules without an installed
// file are left out.
func (k *Kernel) Loaded() ([]string, error) {
	files, err := k.Modules()
	if err != nil || k.loaded == "" {
		return slices.Sorted(maps.Keys(files)), err
	}
	list, err := os.ReadFile(k.loaded)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a kernel without modules has no list
		return nil, err
	}
	var names []string
	for line := range strings.Lines(string(list)) {
		name, _, _ := strings.Cut(line, " ")
		if files[name] != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Builtin gives the names of the modules that are part of the kernel itself.
func (k *Kernel) Builtin() (map[string]bool, error) {
	if k.ModulesDir == "" || k.builtin != nil {
		return k.builtin, nil
	}
	builtin, err := BuiltinModules(k.ModulesDir)
	if err != nil {
		return nil, fmt.Errorf("modules of kernel %s: %w", k.Release, err)
	}
	k.builtin = builtin
	return builtin, nil
}

// ModuleAlias gives the module, or part of the kernel, that now does what a module of
// that name did, such as ext4 for ext3; "" if none says so of itself.
func (k *Kernel) ModuleAlias(name string) (string, error) {
	if k.ModulesDir == "" {
		return "", nil
	}
	name = ModuleName(name)
	isAlias := func(alias string) bool {
		alias = ModuleName(alias)
		return alias == name || alias == "fs_"+name
	}
	builtin, err := os.ReadFile(filepath.Join(k.ModulesDir, "modules.builtin.modinfo"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("modules of kernel %s: %w", k.Release, err)
	}
	for entry := range strings.SplitSeq(string(builtin), "\x00") { // ext4.alias=fs-ext3
		module, alias, _ := strings.Cut(entry, ".alias=")
		if isAlias(alias) {
			return module, nil
		}
	}
	list, err := os.ReadFile(filepath.Join(k.ModulesDir, "modules.alias"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("modules of kernel %s: %w", k.Release, err)
	}
	for line := range strings.Lines(string(list)) { // alias fs-ext3 ext4
		if words := strings.Fields(line); len(words) == 3 && isAlias(words[1]) {
			return words[2], nil
		}
	}
	return "", nil
}

// Module gives the file of a module, which may be named by its file, of a compressed one a copy in the cache folder
// that is not. A *UserError says that there is no such module, that it is part of the
// kernel, or that the modules are not at hand.
func (k *Kernel) Module(name string) (string, error) {
	path, err := k.packedModule(name)
	if err != nil || filepath.Ext(path) == ".ko" {
		return path, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("module %s: %w", name, err)
	}
	file := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	plain := filepath.Join(k.cache, "modules", fmt.Sprintf("%s-%x-%x", k.Release, info.Size(), info.ModTime().UnixNano()), file)
	if isFile(plain) {
		return plain, nil
	}
	data, err := ReadModule(path)
	if err != nil {
		return "", fmt.Errorf("module %s: %w", path, err)
	}
	return plain, explainWrite(k.cache, WriteWhole(plain, data))
}

// packedModule gives the file of a module as it is installed.
func (k *Kernel) packedModule(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	files, err := k.Modules()
	if err != nil {
		return "", err
	}
	if path := files[ModuleName(name)]; path != "" {
		return path, nil
	}
	builtin, err := k.Builtin()
	if err != nil {
		return "", err
	}
	if builtin[ModuleName(name)] {
		return "", &UserError{
			Message: fmt.Sprintf("%s is not a module of kernel %s but built into it", name, k.Release),
			Hint:    "its functions are the kernel's: write kernel.function in place of module(\"" + name + "\").function",
		}
	}
	return "", &UserError{
		Message: fmt.Sprintf("kernel %s has no module %s", k.Release, name),
		Hint:    "modules are looked for in " + k.ModulesDir,
	}
}

// LoadedModuleBTF gives the BTF that the running kernel has of one of its modules;
// nil if it is not loaded, or k is not the running kernel.
func (k *Kernel) LoadedModuleBTF(name string) ([]byte, error) {
	if !k.Running || k.BTF == "" {
		return nil, nil
	}
	data, err := os.ReadFile(filepath.Join(filepath.Dir(k.BTF), ModuleName(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}
