//go:build guest

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gostap/gostap/kernel"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestGuestBuild runs the command lines of testdata/build, which build modules,
// for each kernel of GOSTAP_KERNELS.
func TestGuestBuild(t *testing.T) { eachKernel(t, "testdata/build") }

// TestGuestRun runs those of testdata/vm, which boot guests.
func TestGuestRun(t *testing.T) { eachKernel(t, "testdata/vm") }

// eachKernel runs the scripts of a folder with RELEASE set to a kernel at hand,
// one after the other: a boot wants the machine for itself. With -short it is the first
// kernel alone: what differs between kernels is not the command line.
func eachKernel(t *testing.T, folder string) {
	data, cache := os.Getenv("XDG_DATA_HOME"), t.TempDir()
	if data == "" {
		data = filepath.Join(os.Getenv("HOME"), ".local", "share")
	}
	beginnings := strings.Fields(os.Getenv("GOSTAP_KERNELS"))
	if len(beginnings) == 0 {
		t.Fatal("GOSTAP_KERNELS names no kernel, such as 6.1")
	}
	if testing.Short() {
		beginnings = beginnings[:1]
	}
	scripts, err := filepath.Glob(folder + "/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts in %s: %v", folder, err)
	}
	for _, beginning := range beginnings {
		k, err := kernel.FindGuest(kernel.Named(beginning))
		if err != nil {
			t.Fatalf("%v; run: make prep KERNELS=%s", err, beginning)
		}
		binaries, err := filepath.Abs("../../bin")
		if err != nil {
			t.Fatal(err)
		}
		staprun := filepath.Join(binaries, "staprun")
		if k.Arch != kernel.Host() {
			staprun = filepath.Join(binaries, k.Arch.Debian, "staprun")
		}
		if _, err := os.Stat(staprun); err != nil {
			t.Fatalf("%v; run: make, and make ARCH=%s", err, k.Arch.Debian)
		}
		for _, script := range scripts {
			t.Run(fmt.Sprintf("%s/%s", beginning, filepath.Base(script)), func(t *testing.T) {
				testscript.RunT(sequential{t}, testscript.Params{
					Files: []string{script}, Cmds: scriptCommands, Condition: func(condition string) (bool, error) {
						if condition == "native" { // the guest runs this machine's programs
							return k.Arch == kernel.Host(), nil
						}
						return scriptCondition(condition)
					},
					Setup: func(env *testscript.Env) error {
						err := emptyHome(env)
						env.Setenv("RELEASE", k.Release)
						env.Setenv("ARCH", k.Arch.Name)
						env.Setenv("XDG_DATA_HOME", data)
						env.Setenv("SYSTEMTAP_DIR", cache)
						env.Setenv("SYSTEMTAP_STAPRUN", staprun)
						return err
					},
				})
			})
		}
	}
}

// sequential is a test whose scripts do not run at the same time.
type sequential struct{ *testing.T }

func (s sequential) Parallel() {}

func (s sequential) Run(name string, body func(testscript.T)) {
	s.T.Run(name, func(t *testing.T) { body(sequential{t}) })
}

func (s sequential) Verbose() bool { return testing.Verbose() }
