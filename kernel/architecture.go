package kernel

import (
	"debug/elf"
	"fmt"
	"runtime"
	"strings"
)

// Architecture is what a kind of machine is called by those whom this package and
// the build speak to.
type Architecture struct {
	Name     string   // as uname -m prints it
	Script   string   // in scripts and folders of libraries: arch == "arm64"
	Others   []string // more names that people give it
	Debian   string   // of packages
	Kbuild   string   // make's ARCH, and the folder below arch in the kernel's source
	Target   string   // of a compiler, before its name: aarch64-linux-gnu
	Machine  elf.Machine
	Emulator string // QEMU's program
	Package  string // that brings it

	option string // of the kernel's configuration
	image  string // what a build in the kernel's own tree boots, below the tree
}

// architectures are those that modules can be made for. docs/architecture.md says what
// else there is to add for one more.
var architectures = []*Architecture{
	{
		Name: "x86_64", Script: "x86_64", Others: []string{"amd64", "x86-64"},
		Debian: "amd64", Kbuild: "x86", Target: "x86_64-linux-gnu", Machine: elf.EM_X86_64,
		Emulator: "qemu-system-x86_64", Package: "qemu-system-x86",
		option: "CONFIG_X86_64", image: "arch/x86/boot/bzImage",
	},
	{
		Name: "aarch64", Script: "arm64", Others: []string{"arm64"},
		Debian: "arm64", Kbuild: "arm64", Target: "aarch64-linux-gnu", Machine: elf.EM_AARCH64,
		Emulator: "qemu-system-aarch64", Package: "qemu-system-arm",
		option: "CONFIG_ARM64", image: "arch/arm64/boot/Image",
	},
}

// Host gives this machine's architecture, for which modules may not be made.
func Host() *Architecture {
	if a, err := ArchitectureNamed(""); err == nil {
		return a
	}
	return &unknownHost
}

// unknownHost is a machine that others' modules can be made on.
var unknownHost = Architecture{
	Name: runtime.GOARCH, Script: runtime.GOARCH, Debian: runtime.GOARCH, Kbuild: runtime.GOARCH, Target: runtime.GOARCH + "-linux-gnu",
	Emulator: "qemu-system-" + runtime.GOARCH, Package: "qemu-system",
}

// Prep gives the command, with options, that fetches what is of this architecture.
func (a *Architecture) Prep(options ...string) string {
	words := append([]string{"stap prep"}, options...)
	if a != Host() {
		words = append(words, "-a", a.Debian)
	}
	return strings.Join(words, " ")
}

// flavours are the kernels that Debian builds for an architecture, the one made for
// guests first: it is smaller and boots faster.
func (a *Architecture) flavours() []string { return []string{"-cloud-" + a.Debian, "-" + a.Debian} }

// ArchitectureNamed gives the architecture of that name, any of those that it has,
// for "" this machine's. A *UserError lists those that there are.
func ArchitectureNamed(name string) (*Architecture, error) {
	if name == "" {
		name = runtime.GOARCH
	}
	var known []string
	for _, a := range architectures {
		for _, other := range append([]string{a.Name, a.Debian}, a.Others...) {
			if strings.EqualFold(name, other) {
				return a, nil
			}
		}
		known = append(known, a.Name+" ("+a.Debian+")")
	}
	return nil, &UserError{
		Message: fmt.Sprintf("modules for the architecture %q are not made", name),
		Hint:    "those for these are: " + strings.Join(known, ", "),
	}
}

// CompilerPackage names the Debian package with a compiler for this architecture that
// runs on a machine of another one, such as gcc-12-aarch64-linux-gnu.
func (a *Architecture) CompilerPackage(compiler string, host *Architecture) string {
	if a == host {
		return compiler
	}
	return compiler + "-" + strings.ReplaceAll(a.Target, "_", "-") // as names of packages are
}
