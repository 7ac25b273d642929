package kbuild

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gostap/gostap/kernel"
	runtimec "github.com/gostap/gostap/runtime-c"
)

// Names of the files in a build's folder.
const (
	scriptC       = ScriptFile
	scriptO       = "stap_script.o"
	runtimeFolder = "runtime"

	environmentFile = "environment"
	objtoolFile     = "objtool"
)

// unitO gives the object of a unit of the runtime.
func unitO(unit string) string { return "stap_" + unit + ".o" }

// unitC gives its source in the build's folder.
func unitC(unit string) string { return "stap_" + unit + ".c" }

// toolEnvironment are the variables that kbuild exports and that its tools
// read: objtool does SRCARCH, modpost's and the linker's wrappers the rest.
var toolEnvironment = []string{"SRCARCH", "ARCH", "srctree", "objtree", "KERNELRELEASE", "CC", "LD", "NM", "OBJCOPY", "AWK"}

// writeSources puts the script and the runtime into the folder.
func (b *builder) writeSources() error {
	var text bytes.Buffer
	if b.module.KernelHeaders {
		text.WriteString("#include \"kernel.h\"\n")
	}
	for i, file := range b.module.Files {
		if i == 0 {
			fmt.Fprintf(&text, "#define STAP_FILES %q\n", b.folder())
		}
		if err := os.WriteFile(b.file(file.Name), file.Data, 0o644); err != nil {
			return err
		}
	}
	text.Write(b.module.C)
	if err := os.WriteFile(b.file(scriptC), text.Bytes(), 0o644); err != nil {
		return err
	}
	if err := os.MkdirAll(b.file(runtimeFolder), 0o755); err != nil {
		return err
	}
	entries, err := runtimec.Sources.ReadDir("stap")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		data, err := runtimec.Sources.ReadFile(path.Join("stap", entry.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(b.file(runtimeFolder), entry.Name()), data, 0o644); err != nil {
			return err
		}
	}
	for _, unit := range b.units {
		text := fmt.Sprintf("#include \"%s.c\"\n", unit)
		if err := os.WriteFile(b.file(unitC(unit)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// full runs the kernel's own build.
func (b *builder) full(ctx context.Context) error {
	exports, err := b.target.exportDefines()
	if err != nil {
		return err
	}
	var flags strings.Builder
	for _, define := range append(exports, b.options.Defines...) {
		fmt.Fprintf(&flags, " -D%s", define)
	}
	inside := func(name string) string { return filepath.Join(b.folder(), name) }
	var units strings.Builder
	for _, unit := range b.units {
		units.WriteString(" " + unitO(unit))
	}
	// Handlers are not traced themselves, and debug information is not asked for.
	// What kbuild tells its tools by the environment is written down for the replay, and so is
	// how it runs objtool, which kernels before 5.17 do not say in the recorded command.
	// Kernels before 5.18 are written in an older C.
	// The core is in every module, and what hits come by most is not in it: it is small rather than fast.
	makefile := fmt.Sprintf(`obj-m := %[1]s.o
%[1]s-y := %[2]s%[3]s
ccflags-y := -std=gnu11 -I%[4]s%[5]s
ccflags-remove-y := $(CC_FLAGS_FTRACE)
CFLAGS_%[8]s := -Os
CFLAGS_%[2]s = $(file >%[9]s,$(cmd_objtool))
$(file >%[6]s)
$(foreach name,%[7]s,$(file >>%[6]s,$(name)=$($(name))))
`, placeholder, scriptO, units.String(), inside(runtimeFolder), flags.String(), inside(environmentFile), strings.Join(toolEnvironment, " "), unitO(runtimec.Core), inside(objtoolFile))
	if err := os.WriteFile(b.file("Makefile"), []byte(makefile), 0o644); err != nil {
		return explainDisk(b.options.Folder, err)
	}
	arguments := []string{"-j2", "-C", b.target.tree, "M=" + b.folder(),
		"CONFIG_DEBUG_INFO_BTF_MODULES=", "KCFLAGS=-g0"}
	arguments = append(arguments, b.target.make...)
	command := exec.CommandContext(ctx, "make", append(arguments, "modules")...)
	return b.run(command)
}

// run runs a build command; its failure becomes an error that says in a line
// what was wrong.
func (b *builder) run(command *exec.Cmd) error {
	b.options.Trace("%s\n", strings.Join(command.Args, " "))
	// A signal from the terminal is the caller's to act on.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	command.Env = append(append(os.Environ(), command.Env...), "LC_ALL=C")
	b.root().enter(command)
	output, err := command.CombinedOutput()
	if len(output) > 0 {
		b.options.Trace("%s", output)
	}
	if err == nil {
		return nil
	}
	if explained := b.root().explain(err); explained != err {
		return explained
	}
	return &BuildError{Embedded: b.module.KernelHeaders, Log: string(output), Err: err}
}

// BuildError says that a module could not be built. Log is all that the build
// printed.
type BuildError struct {
	Embedded bool // the user's own C is in the module
	Log      string
	Err      error
}

// Error gives the first error of the log.
func (e *BuildError) Error() string {
	lines := strings.Split(strings.TrimSpace(e.Log), "\n")
	first := lines[len(lines)-1]
	if first == "" {
		first = e.Err.Error()
	}
	for _, line := range lines {
		if strings.Contains(line, "error:") || strings.Contains(line, "ERROR:") || strings.Contains(line, "No space left") {
			first = strings.TrimSpace(line)
			break
		}
	}
	if e.Embedded {
		return "the module cannot be built: " + first
	}
	return "the module cannot be built, which is a bug of stap and not of the script: " + first
}

// Unwrap gives how the build ended.
func (e *BuildError) Unwrap() error { return e.Err }

// explainDisk turns a full disk into something to act on.
func explainDisk(folder string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return &kernel.UserError{
			Message: "the disk is full: no room left in " + folder,
			Hint:    "free some space, or name another folder with SYSTEMTAP_DIR (cache) or TMPDIR (temporary files), or use --disable-cache",
			Cause:   err,
		}
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		return &kernel.UserError{
			Message: "cannot write in " + folder,
			Hint:    "name another folder with SYSTEMTAP_DIR (cache) or TMPDIR (temporary files), or use --disable-cache",
			Cause:   err,
		}
	}
	return err
}
