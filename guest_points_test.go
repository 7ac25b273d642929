//go:build guest

package gostap_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gostap/gostap/kernel"
)

// program compiles a program of ours for the guest's /tmp.
func (g *guestTest) program(t *testing.T, source string, options ...string) {
	t.Helper()
	name := strings.TrimSuffix(filepath.Base(source), ".c")
	program := filepath.Join(t.TempDir(), name)
	compiler := g.crossPrefix() + "gcc-12"
	output, err := exec.Command(compiler, append([]string{"-O2", "-Wall", "-static", "-o", program, source}, options...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s; run: ./setup arm64", compiler, err, output)
	}
	file, err := os.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := g.Put("/tmp/"+name, 0o755, file); err != nil {
		t.Fatal(err)
	}
}

// crossPrefix is what the names of a compiler for the guest begin with.
func (g *guestTest) crossPrefix() string {
	if g.kernel.Arch == kernel.Host() {
		return ""
	}
	return g.kernel.Arch.Target + "-"
}

// systemCalls: P230: a program that calls open(2) and others by their numbers, seen by
// probes on sys_NAME with the parameters as the source names them, and their results.
func (g *guestTest) systemCalls(t *testing.T) {
	g.program(t, "testdata/guest/systemcalls.c")
	open := "sys_open"
	if g.kernel.Arch.Name == "aarch64" { // which has openat alone
		open = "sys_openat"
	}
	module := g.build(t, g.release, "-e", `
		@define ours %( pid() == target() && execname() == "systemcalls" %)
		probe kernel.function("`+open+`") { if (@ours) printf("%s %s %d %o\n", execname(), user_string($filename), $flags & 0x41, $mode) }
		probe kernel.function("`+open+`").return { if (@ours) printf("open %d of %s\n", $return, user_string(@entry($filename))) }
		probe kernel.function("sys_pread64") { if (@ours) printf("pread64 %d %d %d\n", $fd, $count, $pos) }
		probe kernel.function("sys_getppid").call { if (@ours) printf("getppid%s\n", $$parms) }
		probe kernel.function("sys_mm?p"), kernel.function("sys_lsee*") { if (@ours && ppfunc() != "sys_mmap") printf("%s %s\n", ppfunc(), $$parms) }`)
	status, stdout, stderr := g.run(t, "staprun", "-c", "/tmp/systemcalls", module)
	want := strings.Join([]string{"systemcalls /tmp/opened-by-number 65 640", "open -1 of /tmp/opened-by-number", "pread64 77 0 123456789", "getppid",
		"sys_lseek fd=0x4d offset=0xffffffffffffffff whence=0x2", ""}, "\n")
	// The program's first file is the one with the lowest number that is free.
	stdout = strings.Replace(stdout, "open 3 of", "open -1 of", 1)
	if status != 0 || stdout != want {
		t.Errorf("status %d, output\n%s\nwant\n%s\n%s", status, stdout, want, stderr)
	}
}
