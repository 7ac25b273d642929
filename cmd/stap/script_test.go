package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts run this program as `stap`.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"stap": main})
}

// TestScript runs testdata/script: the command line as a user types it, each
// script in an empty folder with a cache and a folder for temporary files of
// its own. Scripts that build need a fetched kernel: [kernel] says so.
func TestScript(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	data := os.Getenv("XDG_DATA_HOME")
	if data == "" {
		data = filepath.Join(home, ".local", "share")
	}
	fetched, err := filepath.Glob(filepath.Join(data, "gostap", "kernels", "6.1.*", "lib", "modules"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_DATA_HOME", data)
			e.Setenv("SYSTEMTAP_DIR", filepath.Join(e.WorkDir, "cache"))
			e.Setenv("TMPDIR", filepath.Join(e.WorkDir, "tmp"))
			return os.MkdirAll(filepath.Join(e.WorkDir, "tmp"), 0o755)
		},
		Condition: func(name string) (bool, error) { return name == "kernel" && fetched != nil, nil },
	})
}
