package kbuild

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	securejoin "github.com/cyphar/filepath-securejoin"
	"github.com/gostap/gostap/kernel"
)

// This file has a kernel's headers work that lie in the root of another system. Debian's
// name each other by paths that hold there, and the tools that come with them may be
// programs for that system. So the build is given a view of them, a folder of links:
//
//	usr/src/linux-headers-RELEASE    Makefile that includes the one below; the rest links into the sysroot
//	usr/src/linux-headers-…-common   links into the sysroot
//	usr/lib/linux-kbuild-…           link to tools that run here: the sysroot's, or those that were fetched

// includeLine is how Debian's headers of one kernel refer to those that several share.
var includeLine = regexp.MustCompile(`(?m)^include (/usr/src/([^/\s]+))/Makefile$`)

// view gives the build tree that kbuild is to use, a folder of folder's if it must be made.
func view(k *kernel.Kernel, root buildRoot, folder string) (string, error) {
	if root != "" {
		return root.tree(k)
	}
	if k.Sysroot == "" {
		return k.BuildTree, nil
	}
	makefile, err := os.ReadFile(filepath.Join(k.BuildTree, "Makefile"))
	if err != nil {
		return "", err
	}
	include := includeLine.FindSubmatch(makefile)
	if include == nil {
		return k.BuildTree, explainTools(k, toolsRun(k.BuildTree))
	}
	common, err := securejoin.SecureJoin(k.Sysroot, string(include[1]))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(common, "Makefile")); err != nil {
		return "", &kernel.UserError{
			Message: fmt.Sprintf("%s has no %s, which the headers of kernel %s refer to", k.Sysroot, include[1], k.Release),
			Hint:    "put Debian's package " + string(include[2]) + " into it, unpacked",
			Cause:   err,
		}
	}
	tools, err := runningTools(k)
	if err != nil {
		return "", err
	}
	top := filepath.Join(folder, viewName(k, tools))
	tree := filepath.Join(top, "usr/src", filepath.Base(k.BuildTree))
	if _, err := os.Stat(filepath.Join(tree, "Makefile")); err == nil {
		return tree, nil
	}
	shared := filepath.Join(top, "usr/src", string(include[2]))
	for _, link := range [][2]string{{common, shared}, {k.BuildTree, tree}} {
		if err := linkFolder(link[0], link[1], tools); err != nil {
			return "", explainDisk(folder, err)
		}
	}
	makefile = bytes.Replace(makefile, include[1], []byte(shared), 1)
	if err := kernel.WriteWhole(filepath.Join(tree, "Makefile"), makefile); err != nil {
		return "", explainDisk(folder, err)
	}
	return tree, nil
}

// viewName is another one for each tree and for each state of it.
func viewName(k *kernel.Kernel, tools string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n", k.BuildTree, tools)
	addStamp(h, filepath.Join(k.BuildTree, "Module.symvers"))
	return "sysroot-" + sum(h)
}

// linkFolder makes a folder of links to what is in another one, but for its Makefile, if
// that is to be another, and for its tools.
func linkFolder(from, to, tools string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		target := filepath.Join(from, entry.Name())
		switch name := entry.Name(); {
		case name == "scripts" || name == "tools":
			target = filepath.Join(tools, name)
		case name == "Makefile" && includeLineIn(target):
			continue
		}
		if err := os.Symlink(target, filepath.Join(to, entry.Name())); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

func includeLineIn(makefile string) bool {
	text, err := os.ReadFile(makefile)
	return err == nil && includeLine.Match(text)
}

// runningTools gives the folder with the scripts and tools of the kernel's build that run
// on this machine.
func runningTools(k *kernel.Kernel) (string, error) {
	own, err := filepath.EvalSymlinks(filepath.Join(k.BuildTree, "scripts"))
	var candidates []string
	if err == nil {
		candidates = append(candidates, filepath.Dir(own))
	}
	name := "linux-kbuild-" + seriesOf(k.Release)
	if link, err := os.Readlink(filepath.Join(k.BuildTree, "scripts")); err == nil {
		name = filepath.Base(filepath.Dir(link))
	}
	fetched, err := kernel.BuildTools(name)
	if err != nil {
		return "", err
	}
	reason := error(fmt.Errorf("%s has no %s", k.Sysroot, name))
	for i, folder := range append(candidates, fetched...) {
		err := toolsRun(folder)
		if err == nil {
			return folder, nil
		}
		if i < len(candidates) {
			reason = err
		}
	}
	return "", explainTools(k, reason)
}

func seriesOf(release string) string {
	parts := strings.SplitN(release, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// toolsRun finds out whether the programs of a tree's scripts run here.
func toolsRun(tree string) error {
	program := filepath.Join(tree, "scripts/basic/fixdep")
	file, err := elf.Open(program)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not there", program)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	machine := file.Machine
	file.Close()
	if machine != kernel.Host().Machine {
		return fmt.Errorf("%s is a program for %v", program, machine)
	}
	var complaint bytes.Buffer
	command := exec.Command(program)
	command.Stdout, command.Stderr = &complaint, &complaint
	err = command.Run()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.Exited()) {
		return fmt.Errorf("%s does not run here: %w", program, err)
	}
	// What it says without arguments is how it is used; what the loader says names a library.
	for line := range strings.Lines(complaint.String()) {
		if strings.Contains(line, "not found") || strings.Contains(line, "cannot open shared object") {
			return fmt.Errorf("%s does not run here: %s", program, strings.TrimSpace(line))
		}
	}
	return nil
}

// explainTools says what to do about tools that do not run.
func explainTools(k *kernel.Kernel, err error) error {
	if err == nil {
		return nil
	}
	return &kernel.UserError{
		Message: fmt.Sprintf("the build tools of kernel %s do not run on this machine: %v", k.Release, err),
		Hint: fmt.Sprintf("`stap prep -r %s -a %s --headers-only` fetches Debian's that do; or build in a root of the target's distribution: --build-root",
			k.Release, k.Arch.Debian),
		Cause: err,
	}
}
