package kbuild

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/translate"
)

const (
	boardRelease = "6.1.0-9-board"
	sharedFolder = "linux-headers-6.1.0-9-common"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

// expectUserError wants an error for the user whose message and hint have these texts.
func expectUserError(t *testing.T, what string, err error, message, hint string) {
	t.Helper()
	var wrong *kernel.UserError
	if !errors.As(err, &wrong) {
		t.Errorf("%s: %v, want %q", what, err, message)
	} else if !strings.Contains(wrong.Message, message) || !strings.Contains(wrong.Hint, hint) {
		t.Errorf("%s: %q, hint %q; want %q and %q", what, wrong.Message, wrong.Hint, message, hint)
	}
}

// compile builds a program for this machine.
func compile(t *testing.T, path, source string, arguments ...string) {
	t.Helper()
	compiler, err := exec.LookPath("cc")
	if err != nil {
		if compiler, err = exec.LookPath("gcc-12"); err != nil {
			t.Fatal("no C compiler on this machine: install gcc")
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(compiler, append([]string{"-x", "c", "-", "-x", "none", "-o", path}, arguments...)...)
	command.Stdin = strings.NewReader(source)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
}

const fixdep = `#include <stdio.h>
int main(void) { fputs("Usage: fixdep <depfile> <target> <cmdline>\n", stderr); return 1; }`

// forOthers makes of a program one for another machine.
func forOthers(t *testing.T, path string) {
	t.Helper()
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint16(program[18:], uint16(elf.EM_MIPS))
	write(t, path, string(program))
}

// otherArchitecture is one that this machine is not of.
func otherArchitecture(t *testing.T) *kernel.Architecture {
	t.Helper()
	for _, name := range []string{"arm64", "amd64"} {
		if arch, err := kernel.ArchitectureNamed(name); err == nil && arch != kernel.Host() {
			return arch
		}
	}
	t.Fatal("there is one architecture only")
	return nil
}

// board is a kernel in the root of another system, with headers as Debian divides them
// and tools that do not run here; the data folder, for those that are fetched, is empty.
func board(t *testing.T) *kernel.Kernel {
	t.Helper()
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	root := filepath.Join(t.TempDir(), "sysroot")
	source := filepath.Join(root, "usr/src")
	tree := filepath.Join(source, "linux-headers-"+boardRelease)
	write(t, filepath.Join(tree, "Makefile"), "# a comment\ninclude /usr/src/"+sharedFolder+"/Makefile\n")
	write(t, filepath.Join(tree, ".config"), "CONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian) 12.2.0\"\n")
	write(t, filepath.Join(tree, "include/generated/autoconf.h"), "")
	write(t, filepath.Join(tree, "Module.symvers"), "")
	write(t, filepath.Join(source, sharedFolder, "Makefile"), "all:\n")
	write(t, filepath.Join(source, sharedFolder, "include/linux/fs.h"), "")
	for _, folder := range []string{tree, filepath.Join(source, sharedFolder)} {
		for _, name := range []string{"scripts", "tools"} {
			link(t, "../../lib/linux-kbuild-6.1/"+name, filepath.Join(folder, name))
		}
	}
	tools := filepath.Join(root, "usr/lib/linux-kbuild-6.1")
	write(t, filepath.Join(tools, "tools/objtool"), "")
	program := filepath.Join(tools, "scripts/basic/fixdep")
	compile(t, program, fixdep)
	forOthers(t, program)
	return &kernel.Kernel{Release: boardRelease, Arch: otherArchitecture(t), BuildTree: tree, Sysroot: root}
}

// fetchTools puts tools that run here where those of fetched kernels are.
func fetchTools(t *testing.T, release, name string) string {
	t.Helper()
	folder := filepath.Join(os.Getenv("XDG_DATA_HOME"), "gostap/kernels", release, "usr/lib", name)
	compile(t, filepath.Join(folder, "scripts/basic/fixdep"), fixdep)
	write(t, filepath.Join(folder, "tools/objtool"), "fetched")
	return folder
}

func TestViewOfASysroot(t *testing.T) {
	k := board(t)
	folder := t.TempDir()
	_, err := view(k, "", folder)
	expectUserError(t, "without tools", err, "linux-kbuild-6.1/scripts/basic/fixdep is a program for EM_MIPS",
		"stap prep -r "+boardRelease+" -a "+k.Arch.Debian+" --headers-only")
	fetchTools(t, "6.12.3-other", "linux-kbuild-6.12") // of another series
	_, err = view(k, "", folder)
	expectUserError(t, "with another kernel's tools", err, "EM_MIPS", "--build-root")
	tools := fetchTools(t, "6.1.0-8-other", "linux-kbuild-6.1")
	tree, err := view(k, "", folder)
	if err != nil {
		t.Fatal(err)
	}
	shared := filepath.Join(filepath.Dir(tree), sharedFolder)
	if text, err := os.ReadFile(filepath.Join(tree, "Makefile")); err != nil || string(text) != "# a comment\ninclude "+shared+"/Makefile\n" {
		t.Errorf("Makefile: %q, %v", text, err)
	}
	for path, want := range map[string]string{
		filepath.Join(tree, ".config"):        filepath.Join(k.BuildTree, ".config"),
		filepath.Join(tree, "include"):        filepath.Join(k.BuildTree, "include"),
		filepath.Join(tree, "scripts"):        filepath.Join(tools, "scripts"),
		filepath.Join(tree, "tools"):          filepath.Join(tools, "tools"),
		filepath.Join(shared, "Makefile"):     filepath.Join(k.Sysroot, "usr/src", sharedFolder, "Makefile"),
		filepath.Join(shared, "include"):      filepath.Join(k.Sysroot, "usr/src", sharedFolder, "include"),
		filepath.Join(shared, "scripts"):      filepath.Join(tools, "scripts"),
		filepath.Join(tree, "Module.symvers"): filepath.Join(k.BuildTree, "Module.symvers"),
	} {
		if target, err := os.Readlink(path); err != nil || target != want {
			t.Errorf("%s leads to %q, %v", path, target, err)
		}
	}
	for range 2 {
		if again, err := view(k, "", folder); err != nil || again != tree {
			t.Errorf("the second time: %s, %v", again, err)
		}
	}
	entries, err := os.ReadDir(tree)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if want := []string{".config", "Makefile", "Module.symvers", "include", "scripts", "tools"}; !slices.Equal(names, want) {
		t.Errorf("it holds %q", names)
	}
	// Headers of another build are another view.
	write(t, filepath.Join(k.BuildTree, "Module.symvers"), "0x1\tsymbol\tvmlinux\tEXPORT_SYMBOL\t\n")
	if other, err := view(k, "", folder); err != nil || other == tree {
		t.Errorf("of another build: %s, %v", other, err)
	}
}

// A view that was not finished is, and one that two builds make at once is whole.
func TestViewAtOnce(t *testing.T) {
	k := board(t)
	fetchTools(t, "6.1.0-8-other", "linux-kbuild-6.1")
	folder := t.TempDir()
	failures := make(chan error)
	for range 8 {
		go func() {
			tree, err := view(k, "", folder)
			if err == nil {
				_, err = os.ReadFile(filepath.Join(tree, "Makefile"))
			}
			failures <- err
		}()
	}
	for range 8 {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*/usr/src/*/.new-*")); left != nil {
		t.Errorf("left: %q", left)
	}
}

func TestViewWithoutSharedHeaders(t *testing.T) {
	k := board(t)
	if err := os.RemoveAll(filepath.Join(k.Sysroot, "usr/src", sharedFolder)); err != nil {
		t.Fatal(err)
	}
	_, err := view(k, "", t.TempDir())
	expectUserError(t, "without", err, k.Sysroot+" has no /usr/src/"+sharedFolder, "put Debian's package "+sharedFolder+" into it")
	fetchTools(t, "6.1.0-8-other", "linux-kbuild-6.1")
	write(t, filepath.Join(k.Sysroot, "opt/common/Makefile"), "all:\n")
	link(t, "/opt/common", filepath.Join(k.Sysroot, "usr/src", sharedFolder)) // an absolute one of that system
	if _, err := view(k, "", t.TempDir()); err != nil {
		t.Error(err)
	}
}

// Headers that do not refer to others are used as they are, if their tools run.
func TestViewOfOneTree(t *testing.T) {
	k := board(t)
	write(t, filepath.Join(k.BuildTree, "Makefile"), "all:\n")
	if tree, err := view(&kernel.Kernel{BuildTree: k.BuildTree}, "", ""); err != nil || tree != k.BuildTree {
		t.Errorf("of this system: %s, %v", tree, err)
	}
	_, err := view(k, "", "")
	expectUserError(t, "of another one", err, "EM_MIPS", "--build-root")
	compile(t, filepath.Join(k.BuildTree, "scripts/basic/fixdep"), fixdep)
	if tree, err := view(k, "", ""); err != nil || tree != k.BuildTree {
		t.Errorf("with tools: %s, %v", tree, err)
	}
}

func TestToolsRun(t *testing.T) {
	good := t.TempDir()
	compile(t, filepath.Join(good, "scripts/basic/fixdep"), fixdep)
	if err := toolsRun(good); err != nil {
		t.Error(err)
	}
	for name, test := range map[string]struct {
		make func(t *testing.T, program string)
		want string
	}{
		"missing":   {func(*testing.T, string) {}, "is not there"},
		"no ELF":    {func(t *testing.T, program string) { write(t, program, "#!/bin/sh\necho a script\n") }, "bad magic number"},
		"cut off":   {func(t *testing.T, program string) { write(t, program, "\x7fELF\x02\x01\x01") }, "EOF"},
		"others'":   {func(t *testing.T, program string) { compile(t, program, fixdep); forOthers(t, program) }, "is a program for EM_MIPS"},
		"no loader": {func(t *testing.T, program string) { compile(t, program, fixdep, "-Wl,--dynamic-linker=/nonexistent") }, "does not run here"},
		"no library": {func(t *testing.T, program string) {
			library := filepath.Join(filepath.Dir(program), "libnone.so")
			compile(t, library, "int none(void) { return 0; }", "-shared", "-fPIC", "-Wl,-soname,libnone.so")
			compile(t, program, "int none(void); int main(void) { return none(); }", library)
		}, "libnone.so"},
		"newer library": {func(t *testing.T, program string) {
			compile(t, program, `#include <stdio.h>
int main(void) { fputs("fixdep: /lib/libc.so.6: version 'GLIBC_2.99' not found\n", stderr); return 1; }`)
		}, "GLIBC_2.99"},
		"dies": {func(t *testing.T, program string) { compile(t, program, "int main(void) { __builtin_trap(); }") }, "does not run here: signal"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			test.make(t, filepath.Join(folder, "scripts/basic/fixdep"))
			if err := toolsRun(folder); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), folder) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestBuildRootPaths(t *testing.T) {
	for _, test := range []struct {
		root buildRoot
		path string
		want string
	}{
		{"", "/usr/src/a", "/usr/src/a"},
		{"/roots/a", "/roots/a/usr/src/a", "/usr/src/a"},
		{"/roots/a/", "/roots/a/usr/src/a", "/usr/src/a"},
		{"/roots/a", "/roots/a", "/"},
		{"/roots/a", "/roots/a2/usr/src/a", "/roots/a2/usr/src/a"},
		{"/roots/a", "/usr/src/a", "/usr/src/a"},
	} {
		if got := test.root.inside(test.path); got != test.want {
			t.Errorf("%s in %q: %s, want %s", test.path, test.root, got, test.want)
		}
	}
	k := &kernel.Kernel{Release: boardRelease, BuildTree: "/roots/a/usr/src/a"}
	if tree, err := view(k, "/roots/a", ""); err != nil || tree != "/usr/src/a" {
		t.Errorf("the tree: %s, %v", tree, err)
	}
	k.BuildTree = "/roots/a2/usr/src/a"
	_, err := view(k, "/roots/a", "")
	expectUserError(t, "headers elsewhere", err, "which is not in the build root /roots/a", "chroot /roots/a apt-get install linux-headers-"+boardRelease)
}

func TestBuildRootPrograms(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "opt/tools/gcc-12"), "")
	link(t, "/opt/tools/gcc-12", filepath.Join(root, "usr/bin/gcc"))
	link(t, "usr/bin", filepath.Join(root, "bin"))
	link(t, "/bin/sh", filepath.Join(root, "usr/bin/outside")) // this system has it
	write(t, filepath.Join(root, "usr/bin/data"), "")
	if err := os.Chmod(filepath.Join(root, "usr/bin/data"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "usr/sbin/folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"gcc": "opt/tools/gcc-12", "/bin/gcc": "opt/tools/gcc-12", "/opt/tools/gcc-12": "opt/tools/gcc-12",
		"outside": "", "data": "", "folder": "", "none": "", "/etc": "", "../../bin/sh": "",
	} {
		path, err := buildRoot(root).lookPath(name)
		if want != "" {
			want = filepath.Join(root, want)
		}
		if path != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", name, path, err)
		}
	}
	if path, err := buildRoot("").lookPath("sh"); err != nil || !filepath.IsAbs(path) {
		t.Errorf("of this system: %q, %v", path, err)
	}
}

func TestCheckRoot(t *testing.T) {
	root := t.TempDir()
	expectUserError(t, "none", CheckRoot(filepath.Join(root, "none")), "there is no build root "+filepath.Join(root, "none"), "debootstrap")
	write(t, filepath.Join(root, "file"), "")
	expectUserError(t, "a file", CheckRoot(filepath.Join(root, "file")), "there is no build root "+filepath.Join(root, "file"), "debootstrap")
	expectUserError(t, "empty", CheckRoot(root), "there is no shell in it", "debootstrap")
	write(t, filepath.Join(root, "bin/dash"), "")
	link(t, "/bin/dash", filepath.Join(root, "bin/sh"))
	if err := CheckRoot(root); err != nil {
		t.Error(err)
	}
	if got := RootFolder(root); got != filepath.Join(root, "tmp") {
		t.Error(got)
	}
}

func TestMakeVariables(t *testing.T) {
	other := otherArchitecture(t)
	arch, prefix := "ARCH="+other.Kbuild, "CROSS_COMPILE="+other.Target+"-"
	for _, test := range []struct {
		arch        *kernel.Architecture
		users, want []string
	}{
		{kernel.Host(), nil, nil},
		{kernel.Host(), []string{"CC=gcc-12"}, []string{"CC=gcc-12"}},
		{other, nil, []string{arch, prefix}},
		{other, []string{"CC=x", "V=1"}, []string{"CC=x", "V=1", arch, prefix}},
		{other, []string{"CROSS_COMPILE=own-"}, []string{"CROSS_COMPILE=own-", arch}},
		{other, []string{"ARCH=um", "CROSS_COMPILE="}, []string{"ARCH=um", "CROSS_COMPILE="}},
	} {
		if got := makeVariables(&kernel.Kernel{Arch: test.arch}, test.users); !slices.Equal(got, test.want) {
			t.Errorf("%s with %q: %q, want %q", test.arch.Name, test.users, got, test.want)
		}
	}
}

// What is missing is said with the package that brings it, and where to install it.
func TestMissingCompiler(t *testing.T) {
	k := board(t)
	k.Arch = mustBe(t, "arm64")
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	target := func(k *kernel.Kernel, o Options) error {
		_, err := newTarget(k, translate.Module{}, o)
		return err
	}
	expectUserError(t, "make", target(k, Options{}), "make is needed", "apt-get install make")
	write(t, filepath.Join(bin, "make"), "")
	compiler, pkg := "aarch64-linux-gnu-gcc-12", "gcc-12-aarch64-linux-gnu"
	if k.Arch == kernel.Host() {
		compiler, pkg = "gcc-12", "gcc-12"
	}
	expectUserError(t, "the compiler", target(k, Options{}), compiler+" is needed to build kernel modules and is not on this machine", "apt-get install "+pkg)
	write(t, filepath.Join(k.BuildTree, ".config"), "CONFIG_CC_VERSION_TEXT=\"aarch64-linux-gnu-gcc-12 (Debian) 12.2.0\"\n")
	expectUserError(t, "the same of a kernel that was cross-compiled", target(k, Options{}), compiler+" is needed", "apt-get install "+pkg)
	write(t, filepath.Join(k.BuildTree, ".kernelvariables"), "override ARCH = arm64\nCC = $(if $(DEBIAN_KERNEL_USE_CCACHE),$(CCACHE)) $(CROSS_COMPILE)gcc-11\n")
	expectUserError(t, "Debian's choice", target(k, Options{}), strings.Replace(compiler, "12", "11", 1)+" is needed", "apt-get install "+strings.Replace(pkg, "12", "11", 1))
	expectUserError(t, "the user's compiler", target(k, Options{MakeVariables: []string{"CC=/opt/own-gcc"}}), "/opt/own-gcc is needed", "apt-get install own-gcc")
	expectUserError(t, "the user's prefix", target(k, Options{MakeVariables: []string{"CROSS_COMPILE=own-"}}), "own-gcc-11 is needed", "apt-get install ")
	root := t.TempDir()
	expectUserError(t, "make in a build root", target(k, Options{Root: root}), "make is needed to build kernel modules and is not in the build root "+root, "chroot "+root+" apt-get install make")
	write(t, filepath.Join(root, "usr/bin/make"), "")
	expectUserError(t, "the compiler in a build root", target(k, Options{Root: root}), "is not in the build root "+root, "chroot "+root+" apt-get install gcc-11")
}

// mustBe gives the architecture of that name.
func mustBe(t *testing.T, name string) *kernel.Architecture {
	t.Helper()
	arch, err := kernel.ArchitectureNamed(name)
	if err != nil {
		t.Fatal(err)
	}
	return arch
}

// A command enters the root by a shell that finds programs there.
func TestEnter(t *testing.T) {
	command := exec.Command("make", "-C", "/usr/src", "x y")
	buildRoot("").enter(command)
	if !slices.Equal(command.Args, []string{"make", "-C", "/usr/src", "x y"}) || command.SysProcAttr != nil {
		t.Errorf("of this system: %q", command.Args)
	}
	b := &builder{options: Options{Root: t.TempDir(), Trace: func(string, ...any) {}}}
	command = exec.Command("make", "x y")
	err := b.run(command) // there is no shell in it
	if err == nil || command.SysProcAttr.Chroot != b.options.Root || command.Dir != "/" || command.Path != "/bin/sh" {
		t.Errorf("%v, %+v, in %s", err, command.SysProcAttr, command.Dir)
	}
	if want := []string{"/bin/sh", "-c", `exec "$@"`, "sh", "make", "x y"}; !slices.Equal(command.Args, want) {
		t.Errorf("%q", command.Args)
	}
	if path := slices.IndexFunc(command.Env, func(v string) bool { return strings.HasPrefix(v, "PATH=/usr/local/bin:") }); path < 0 {
		t.Errorf("%q", command.Env)
	}
	expectUserError(t, "what may not be entered", buildRoot("/roots/a").explain(os.ErrPermission), "the build root /roots/a cannot be entered", "run stap as root")
	if err := buildRoot("").explain(os.ErrPermission); err != os.ErrPermission {
		t.Error(err)
	}
}
