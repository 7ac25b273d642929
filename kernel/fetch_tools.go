package kernel

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
)

// tool is a program or library that the system must have, by the Debian
// package that brings it.
type tool struct {
	pkg string
	why string
}

// needPackages makes sure that apt and its package lists are there.
func (p *preparation) needPackages(ctx context.Context) error {
	for _, program := range []string{"apt-get", "apt-cache", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			return &UserError{
				Message: "this machine has no " + program + ": stap prep fetches Debian's packages",
				Hint:    "install the distribution's own headers of the kernel, or use a build tree: stap -r /path/to/tree",
				Cause:   err,
			}
		}
	}
	if p.machine.hasPackageLists() {
		return p.useLists(ctx)
	}
	if !p.request.Guest && os.Geteuid() != 0 {
		return &UserError{Message: "Debian's package lists are missing", Hint: "fetch them once as root: sudo apt-get update"}
	}
	if err := p.asRoot(ctx, true, p.machine.missingTools(p.request.Guest, "gcc")); err != nil {
		return err
	}
	return p.useLists(ctx)
}

func (m machine) hasPackageLists() bool {
	entries, err := os.ReadDir(filepath.Join(m.root, "var/lib/apt/lists"))
	return err == nil && slices.ContainsFunc(entries, func(entry os.DirEntry) bool {
		return strings.Contains(entry.Name(), "_Packages")
	})
}

// prepareGuest brings what a guest needs besides its kernel, if asked for.
func (p *preparation) prepareGuest(ctx context.Context, release string) error {
	if !p.request.Guest {
		for _, tool := range p.machine.missingTools(false, p.compiler(ctx, release)) {
			p.progress.Step(fmt.Sprintf("to build modules for it, install %s, which %s: sudo apt-get install %[1]s", tool.pkg, tool.why))
		}
		return nil
	}
	if missing := p.machine.missingTools(true, p.compiler(ctx, release)); len(missing) > 0 {
		if err := p.asRoot(ctx, false, missing); err != nil {
			return err
		}
	}
	if _, err := p.machine.busybox(); err == nil {
		return nil
	}
	return p.fetchBusybox(ctx)
}

// compiler names the compiler that modules for a release are built with: from
// its configuration, or from what its headers' packages depend on.
func (p *preparation) compiler(ctx context.Context, release string) string {
	if config, err := p.machine.kernel(release).Config(); err == nil {
		return compilerOf(config)
	}
	packages, err := p.apt.packagesFor(ctx, release, headers)
	if err != nil {
		return "gcc" // what is wrong with the packages is said when they are fetched
	}
	for _, pkg := range packages {
		for _, names := range pkg.depends {
			if version := compilerPackage.FindStringSubmatch(names[0]); version != nil {
				return version[1]
			}
		}
	}
	return "gcc"
}

// Debian's headers depend on gcc-12, or on linux-compiler-gcc-12-x86, which does.
var compilerPackage = regexp.MustCompile(`^(?:linux-compiler-)?(gcc-[0-9]+)(?:-|$)`)

// compilerOf gives the name of the compiler in CONFIG_CC_VERSION_TEXT, such as
// "x86_64-linux-gnu-gcc-12 (Debian …) 12.2.0", without the target.
func compilerOf(config map[string]string) string {
	program, _, _ := strings.Cut(config["CONFIG_CC_VERSION_TEXT"], " ")
	for _, name := range []string{"gcc", "clang"} {
		if at := strings.LastIndex(program, name); at >= 0 {
			return program[at:]
		}
	}
	return "gcc"
}

// missingTools gives what the machine lacks to build modules and, for a
// guest, to run it.
func (m machine) missingTools(guest bool, compiler string) []tool {
	var missing []tool
	need := func(there bool, pkg, why string) {
		if !there {
			missing = append(missing, tool{pkg, why})
		}
	}
	if guest {
		need(m.lookPath(m.arch.Emulator) != "", m.arch.Package, "runs the guest")
	}
	need(m.compiler(compiler) != "", m.arch.CompilerPackage(compiler, m.host), "compiles modules")
	need(m.lookPath("make") != "", "make", "runs the kernel's build")
	need(m.hasLibrary("libelf.so.1"), "libelf1", "the kernel's objtool uses it")
	return missing
}

// lookPath finds a program in PATH below the machine's root, "" if it is not there.
func (m machine) lookPath(program string) string {
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(m.root, folder, program)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}

// compiler finds the compiler of that name for the wanted architecture.
func (m machine) compiler(name string) string {
	if m.arch != m.host {
		name = m.arch.Target + "-" + name
	}
	return m.lookPath(name)
}

func (m machine) hasLibrary(name string) bool {
	multiarch := m.host.Target
	for _, folder := range []string{"usr/lib/" + multiarch, "lib/" + multiarch, "usr/lib64", "lib64", "usr/lib", "lib"} {
		if isFile(filepath.Join(m.root, folder, name)) {
			return true
		}
	}
	return false
}

// asRoot does in one step everything that needs root: as root at once, with
// sudo otherwise, once. Where neither goes the error names the command.
func (p *preparation) asRoot(ctx context.Context, update bool, missing []tool) error {
	var script, reasons []string
	if update {
		script = append(script, "apt-get -q update")
		reasons = append(reasons, "Debian's package lists")
	}
	if len(missing) > 0 {
		install := "DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends"
		for _, tool := range missing {
			install += " " + tool.pkg
			reasons = append(reasons, tool.pkg+" ("+tool.why+")")
		}
		script = append(script, install)
	}
	if len(script) == 0 {
		return nil
	}
	commands := strings.Join(script, " && ")
	command := exec.CommandContext(ctx, "sh", "-c", commands)
	sudo, err := exec.LookPath("sudo")
	switch {
	case os.Geteuid() == 0:
		p.progress.Step("installing " + strings.Join(reasons, ", "))
	case err == nil && !p.asked:
		p.progress.Step("root is needed, this once, to install " + strings.Join(reasons, ", "))
		command = exec.CommandContext(ctx, sudo, "sh", "-c", commands)
		command.Stdin = os.Stdin
	default:
		return &UserError{Message: "only root can install what this machine lacks: " + strings.Join(reasons, ", "),
			Hint: "run as root: " + commands}
	}
	p.asked = true
	var output strings.Builder
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failed := explainDownload("/var", &ToolError{Command: commands, Output: output.String(), Err: err})
		if _, unexplained := failed.(*ToolError); unexplained {
			return &UserError{Message: "installing failed: " + lastLine(output.String()), Hint: "run as root: " + commands, Cause: failed}
		}
		return failed
	}
	return nil
}

// Busybox gives the path of a static busybox for an architecture: the system's,
// or the one that Prepare fetched. A *UserError says that there is none.
func Busybox(arch *Architecture) (string, error) {
	machine, err := thisMachine()
	if err != nil {
		return "", err
	}
	machine.arch = arch
	return machine.busybox()
}

func (m machine) fetchedBusybox() string {
	name := "busybox"
	if m.arch != m.host {
		name += "-" + m.arch.Name
	}
	return filepath.Join(m.data, name)
}

func (m machine) busybox() (string, error) {
	for _, path := range []string{filepath.Join(m.root, "bin/busybox"), filepath.Join(m.root, "usr/bin/busybox"), m.fetchedBusybox()} {
		if isStatic(path, m.arch.Machine) {
			return path, nil
		}
	}
	return "", &UserError{
		Message: "no static busybox for " + m.arch.Name + " on this machine, which a guest's file system is made from",
		Hint:    "`" + m.arch.Prep("--vm") + "` fetches it",
	}
}

func isStatic(path string, machine elf.Machine) bool {
	file, err := elf.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	return file.Machine == machine && !slices.ContainsFunc(file.Progs, func(segment *elf.Prog) bool { return segment.Type == elf.PT_INTERP })
}

func (p *preparation) fetchBusybox(ctx context.Context) error {
	if err := p.needPackages(ctx); err != nil {
		return err
	}
	const name = "busybox-static"
	pkg, err := p.apt.showOne(ctx, name)
	if errors.Is(err, errNoPackage) {
		return &UserError{Message: "the package lists have no " + name, Hint: "install a static busybox as /bin/busybox", Cause: err}
	}
	if err != nil {
		return err
	}
	p.progress.Step("fetching busybox")
	files, err := p.apt.download(ctx, []aptPackage{pkg}, p.machine.downloads())
	if err != nil {
		return explainWrite(p.machine.data, err)
	}
	return explainWrite(p.machine.data, p.installBusybox(ctx, files[0]))
}

func (p *preparation) installBusybox(ctx context.Context, pkg string) error {
	temporary, err := os.MkdirTemp(p.machine.kernels(), unpacking)
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	found := false
	wanted := selection{last: func() bool { return found }, place: func(name string) string {
		if name == "bin/busybox" || name == "usr/bin/busybox" {
			found = true
			return "busybox"
		}
		return ""
	}}
	if err := unpack(ctx, pkg, temporary, wanted); err != nil {
		return fmt.Errorf("unpacking %s: %w", filepath.Base(pkg), err)
	}
	if err := os.Rename(filepath.Join(temporary, "busybox"), p.machine.fetchedBusybox()); err != nil {
		return err
	}
	if err := os.Remove(pkg); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
