package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"stap": func() { os.Exit(run(os.Args[1:])) }})
}

// TestScript runs the command lines of testdata/script. They need no kernel: a
// machine of their own, with a home that is empty but for what a script puts there.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:       "testdata/script",
		Setup:     func(env *testscript.Env) error { return emptyHome(env) },
		Cmds:      scriptCommands,
		Condition: scriptCondition,
	})
}

// emptyHome gives a script folders of its own. STAP is this program's path, for
// scripts that change PATH.
func emptyHome(env *testscript.Env) error {
	bin, _, _ := strings.Cut(env.Getenv("PATH"), string(os.PathListSeparator))
	for name, value := range map[string]string{
		"STAP":          filepath.Join(bin, "stap"),
		"HOME":          filepath.Join(env.WorkDir, "home"),
		"XDG_DATA_HOME": filepath.Join(env.WorkDir, "data"),
		"SYSTEMTAP_DIR": filepath.Join(env.WorkDir, "cache"),
	} {
		env.Setenv(name, value)
	}
	return nil
}

var scriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	"empty": empty,
	"tmpfs": tmpfs,
}

// empty says that a folder is empty, or is not there at all.
func empty(ts *testscript.TestScript, negated bool, arguments []string) {
	if len(arguments) != 1 {
		ts.Fatalf("usage: empty FOLDER")
	}
	entries, err := os.ReadDir(ts.MkAbs(arguments[0]))
	if err != nil && !os.IsNotExist(err) {
		ts.Fatalf("%v", err)
	}
	if (len(entries) == 0) == negated {
		ts.Fatalf("%s holds %v", arguments[0], entries)
	}
}

// tmpfs mounts a small or a read-only disk on a folder until the script ends.
func tmpfs(ts *testscript.TestScript, negated bool, arguments []string) {
	if len(arguments) != 2 || negated {
		ts.Fatalf("usage: tmpfs FOLDER size=N|ro")
	}
	folder := ts.MkAbs(arguments[0])
	ts.Check(os.MkdirAll(folder, 0o755))
	flags, options := uintptr(0), arguments[1]
	if options == "ro" {
		flags, options = syscall.MS_RDONLY, ""
	}
	ts.Check(syscall.Mount("tmpfs", folder, "tmpfs", flags, options))
	ts.Defer(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			ts.Logf("unmounting %s: %v", folder, err)
		}
	})
}

// scriptCondition knows [mount]: disks can be mounted, which root can outside of
// most containers.
func scriptCondition(condition string) (bool, error) {
	if condition != "mount" {
		return false, &usageError{"no condition " + condition}
	}
	folder, err := os.MkdirTemp("", "mount")
	if err != nil {
		return false, err
	}
	defer os.Remove(folder)
	if syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=64k") != nil {
		return false, nil
	}
	return true, syscall.Unmount(folder, syscall.MNT_DETACH)
}
