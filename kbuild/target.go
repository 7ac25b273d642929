package kbuild

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/gostap/gostap/kernel"
	runtimec "github.com/gostap/gostap/runtime-c"
	"github.com/gostap/gostap/translate"
)

// A target is a kernel and a configuration of the runtime: what a recipe and
// a runtime object are good for.
type target struct {
	*kernel.Kernel
	tree     string   // the build tree, or a view of it
	compiler string   // path of the compiler that the kernel's build will run
	make     []string // variables of the kernel's build: those for another architecture, and the user's
	options  Options
	key      string
}

// newTarget checks that the kernel can be built for, and identifies it.
func newTarget(k *kernel.Kernel, m translate.Module, o Options) (*target, error) {
	if err := checkBuildTree(k); err != nil {
		return nil, err
	}
	t := &target{Kernel: k, options: o, make: makeVariables(k, o.MakeVariables)}
	if err := t.findTools(); err != nil {
		return nil, err
	}
	views := o.Folder
	if o.Cache != nil {
		views = o.Cache.root
	}
	var err error
	if t.tree, err = view(k, buildRoot(o.Root), views); err != nil {
		return nil, err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n", k.Release, k.Arch.Name, k.BuildTree)
	for _, file := range []string{filepath.Join(k.BuildTree, ".config"), filepath.Join(k.BuildTree, "Module.symvers"), t.compiler} {
		addStamp(h, file)
	}
	addRuntime(h)
	for _, list := range [][]string{o.Defines, t.make} {
		sorted := append([]string(nil), list...)
		sort.Strings(sorted)
		fmt.Fprintf(h, "%q\n", sorted)
	}
	t.key = sum(h)
	return t, nil
}

// scriptKey identifies a finished module: the target and the script's C.
func (t *target) scriptKey(m translate.Module, name string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%v\n", t.key, name, m.KernelHeaders)
	h.Write(m.C)
	for _, file := range m.Files {
		fmt.Fprintf(h, "\n%s %d\n", file.Name, len(file.Data))
		h.Write(file.Data)
	}
	return sum(h)
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:16]) }

// addStamp adds what changes when a file does, without reading it.
func addStamp(h hash.Hash, file string) {
	if info, err := os.Stat(file); err == nil {
		fmt.Fprintf(h, "%s %d %d\n", file, info.Size(), info.ModTime().UnixNano())
	}
}

func addRuntime(h hash.Hash) {
	// The walk of an embedded file system cannot fail.
	_ = fs.WalkDir(runtimec.Sources, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			data, _ := runtimec.Sources.ReadFile(path)
			fmt.Fprintf(h, "%s %d\n", path, len(data))
			h.Write(data)
		}
		return err
	})
}

func checkBuildTree(k *kernel.Kernel) error {
	if err := k.CheckBuildTree(); err != nil {
		return err
	}
	config := filepath.Join(k.BuildTree, ".config")
	if _, err := os.Stat(config); err != nil {
		return &kernel.UserError{
			Message: fmt.Sprintf("Checking %q failed with error: %v", config, rootCause(err)),
			Hint:    fmt.Sprintf("the build tree is not whole; install the kernel's header package again, or run: %s", k.Prep()),
			Cause:   err,
		}
	}
	return nil
}

func rootCause(err error) error {
	if pathError, ok := err.(*fs.PathError); ok {
		return pathError.Err
	}
	return err
}

var compilerInConfig = regexp.MustCompile(`(?m)^CONFIG_CC_VERSION_TEXT="(\S+)`)
var debianCompiler = regexp.MustCompile(`(?m)^CC\s*=.*\)([A-Za-z0-9._+-]*gcc[-0-9.]*)\s*$`)

// findTools looks for make and the compiler, so that their absence is said
// before kbuild says it.
func (t *target) findTools() error {
	root := buildRoot(t.options.Root)
	if _, err := root.lookPath("make"); err != nil {
		return root.missingTool("make", "make", err)
	}
	name := "gcc"
	if config, err := os.ReadFile(filepath.Join(t.BuildTree, ".config")); err == nil {
		if m := compilerInConfig.FindSubmatch(config); m != nil {
			name = string(m[1])
		}
	}
	// Debian's header packages fix the compiler here.
	if variables, err := os.ReadFile(filepath.Join(t.BuildTree, ".kernelvariables")); err == nil {
		if m := debianCompiler.FindSubmatch(variables); m != nil {
			name = string(m[1])
		}
	}
	bare := strings.TrimPrefix(name, t.Arch.Target+"-") // of a kernel that was built where it runs
	name = variable(t.make, "CROSS_COMPILE") + bare
	debian := t.Arch.CompilerPackage(bare, kernel.Host())
	if cc := variable(t.make, "CC"); cc != "" {
		name, debian = cc, filepath.Base(cc)
	}
	path, err := root.lookPath(name)
	if err != nil {
		return root.missingTool(name, debian, err)
	}
	t.compiler = path
	return nil
}

// makeVariables are those of the kernel's build: for another architecture than this
// machine's, its name and the compiler's, unless the user names others.
func makeVariables(k *kernel.Kernel, users []string) []string {
	if k.Arch == kernel.Host() {
		return users
	}
	variables := slices.Clone(users)
	for _, v := range []string{"ARCH=" + k.Arch.Kbuild, "CROSS_COMPILE=" + k.Arch.Target + "-"} {
		name, _, _ := strings.Cut(v, "=")
		if !slices.ContainsFunc(users, func(v string) bool { return strings.HasPrefix(v, name+"=") }) { // it may be empty
			variables = append(variables, v)
		}
	}
	return variables
}

// variable gives the value of the last of NAME=VALUE with that name, "" if there is none.
func variable(variables []string, name string) (value string) {
	for _, v := range variables {
		if text, ok := strings.CutPrefix(v, name+"="); ok {
			value = text
		}
	}
	return value
}

func (r buildRoot) missingTool(name, debianPackage string, cause error) error {
	e := &kernel.UserError{
		Message: fmt.Sprintf("%s is needed to build kernel modules and is not on this machine", name),
		Hint:    "install it, on Debian: apt-get install " + debianPackage,
		Cause:   cause,
	}
	if r != "" {
		e.Message = fmt.Sprintf("%s is needed to build kernel modules and is not in the build root %s", name, r)
		e.Hint = fmt.Sprintf("install it there, on Debian: chroot %s apt-get install %s", r, debianPackage)
	}
	return e
}

// exportDefines gives a -D for each optional symbol that the kernel exports.
func (t *target) exportDefines() ([]string, error) {
	symvers, err := os.ReadFile(filepath.Join(t.BuildTree, "Module.symvers"))
	if err != nil {
		return nil, &kernel.UserError{
			Message: fmt.Sprintf("the build tree %s has no Module.symvers", t.BuildTree),
			Hint:    "install the kernel's header package again; a tree of one's own needs `make modules_prepare` and a build",
			Cause:   err,
		}
	}
	var defines []string
	for _, symbol := range runtimec.OptionalExports {
		if strings.Contains(string(symvers), "\t"+symbol+"\t") {
			defines = append(defines, "STAP_EXPORTED_"+symbol)
		}
	}
	return defines, nil
}

// checksums gives those of symbols of the kernel itself, as modpost writes them
// into a module. It fails where modpost has more to say of a symbol: that it is
// another module's, that its name space has to be asked for, or that there is none.
func (t *target) checksums(symbols []string) (map[string]uint32, error) {
	if len(symbols) == 0 {
		return nil, nil
	}
	symvers, err := os.ReadFile(filepath.Join(t.BuildTree, "Module.symvers"))
	if err != nil {
		return nil, err
	}
	found := map[string]uint32{}
	for line := range strings.Lines(string(symvers)) {
		// checksum, symbol, module, kind of export, name space
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) < 4 || !slices.Contains(symbols, fields[1]) || fields[2] != "vmlinux" || len(fields) > 4 && fields[4] != "" {
			continue
		}
		checksum, err := strconv.ParseUint(fields[0], 0, 32)
		if err != nil {
			return nil, fmt.Errorf("Module.symvers, %s: %w", fields[1], err)
		}
		found[fields[1]] = uint32(checksum)
	}
	for _, s := range symbols {
		if _, ok := found[s]; !ok {
			return nil, fmt.Errorf("%s is not a symbol of the kernel's own that any module may use", s)
		}
	}
	return found, nil
}
