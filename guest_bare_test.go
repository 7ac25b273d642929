//go:build guest

package gostap_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// withoutDebuginfo: P239, P351: what BTF and the image's own symbols tell is enough
// for functions, returns and tracepoints with named parameters, for system calls by
// sys_NAME and for patterns; a script that wants more is told what is missing.
func (g *guestTest) withoutDebuginfo(t *testing.T) {
	bare := *g
	bare.environment = []string{"XDG_DATA_HOME=" + g.dataWithoutDebuginfo(t)}
	for _, name := range []string{"open", "return", "pattern", "pretty", "probe", "kprobe", "stack", "timing", "tracepoint"} {
		t.Run(name, func(t *testing.T) { bare.script(t, filepath.Join("testdata/guest", name+".stp")) })
	}
	t.Run("system calls", bare.systemCalls)
	command := bare.command("-p2", "-r", g.release, "-e", `probe kernel.statement("vfs_read@fs/read_write.c:*") { println("line") }`)
	output, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(output), "stap prep --debuginfo") || strings.Count(string(output), "semantic error:") != 1 {
		t.Errorf("a line without debuginfo: %v\n%s", err, output)
	}
}

// dataWithoutDebuginfo makes a data folder with all of the kernel but its debuginfo.
func (g *guestTest) dataWithoutDebuginfo(t *testing.T) string {
	t.Helper()
	tree := g.kernel.BuildTree
	if !g.kernel.Fetched {
		t.Fatalf("the build tree %s is not in the data folder; run: stap prep --vm -r %s", tree, g.release)
	}
	fetched, _, _ := strings.Cut(tree, "/usr/src/")
	data := t.TempDir()
	bare := filepath.Join(data, "gostap", "kernels", g.release)
	for _, folder := range []string{"boot", "lib", "usr/src", "usr/lib"} {
		if err := os.MkdirAll(filepath.Join(bare, folder), 0o755); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(filepath.Join(fetched, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if entry.Name() == "debug" {
				continue
			}
			if err := os.Symlink(filepath.Join(fetched, folder, entry.Name()), filepath.Join(bare, folder, entry.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	return data
}
