package kbuild

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gostap/gostap/kernel"
)

// A buildRoot is the folder with the system whose programs build, "" for this one: with the
// compiler and the libraries that a kernel's build tools were made for. The kernel's headers
// and the build's folder lie in it; programs run with it as their root, by their paths there.
type buildRoot string

// CheckRoot says what keeps a folder from being a build root; nil if nothing does.
func CheckRoot(root string) error {
	info, err := os.Stat(root)
	if err != nil || !info.IsDir() {
		return &kernel.UserError{Message: "there is no build root " + root, Hint: "make one, for example with debootstrap; docs/cross-compiling.md shows how", Cause: err}
	}
	if _, err := buildRoot(root).lookPath("sh"); err != nil {
		return &kernel.UserError{Message: root + " is no build root: there is no shell in it", Hint: "make one, for example with debootstrap; docs/cross-compiling.md shows how", Cause: err}
	}
	return nil
}

// RootFolder gives the folder of a build root for temporary files.
func RootFolder(root string) string { return filepath.Join(root, "tmp") }

// inside gives the path that a file has for the programs that build.
func (r buildRoot) inside(path string) string {
	if r == "" {
		return path
	}
	rest, found := strings.CutPrefix(path, strings.TrimSuffix(string(r), "/"))
	switch {
	case found && rest == "":
		return "/"
	case found && rest[0] == '/':
		return rest
	}
	return path
}

// searchPath is PATH in a build root.
const searchPath = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"

// lookPath finds a program, by its path on this machine.
func (r buildRoot) lookPath(name string) (string, error) {
	if r == "" {
		return exec.LookPath(name)
	}
	_, file, err := kernel.FindProgram(string(r), name, searchPath)
	return file, err
}

// enter has a command run in the root. Others than root may do so in a user namespace of
// their own.
func (r buildRoot) enter(command *exec.Cmd) {
	if r == "" {
		return
	}
	// A shell finds the program, since this process would look for it in its own root.
	command.Args = append([]string{"/bin/sh", "-c", `exec "$@"`, "sh"}, command.Args...)
	command.Path, command.Err = "/bin/sh", nil
	command.Env = append(command.Env, "PATH="+searchPath, "HOME=/", "TMPDIR=/tmp")
	command.SysProcAttr.Chroot = string(r)
	if command.Dir == "" {
		command.Dir = "/"
	}
	if user := os.Geteuid(); user != 0 {
		command.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: user, Size: 1}}
		command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
}

// explain says why a command could not be started in the root; other errors pass.
func (r buildRoot) explain(err error) error {
	if r != "" && (errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSPC)) {
		return &kernel.UserError{
			Message: fmt.Sprintf("the build root %s cannot be entered: %v", r, err),
			Hint:    "run stap as root, or allow users namespaces of their own: sysctl kernel.unprivileged_userns_clone=1",
			Cause:   err,
		}
	}
	return err
}

// tree gives the path of a kernel's build tree in the root.
func (r buildRoot) tree(k *kernel.Kernel) (string, error) {
	tree := r.inside(k.BuildTree)
	if tree == k.BuildTree {
		return "", &kernel.UserError{
			Message: fmt.Sprintf("the headers of kernel %s are in %s, which is not in the build root %s", k.Release, k.BuildTree, r),
			Hint:    fmt.Sprintf("install them there, on Debian: chroot %s apt-get install linux-headers-%s", r, k.Release),
		}
	}
	return tree, nil
}
