//go:build guest

package gostap_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/gostap/gostap/testdata/bare"
)

// withoutDebuginfo: P239, P351: what BTF and the image's own symbols tell is enough
// for functions, returns and tracepoints with named parameters, for system calls by
// sys_NAME and for patterns; a script that wants more is told what is missing.
func (g *guestTest) withoutDebuginfo(t *testing.T) {
	data := t.TempDir()
	if err := bare.Link(data, g.kernel); err != nil {
		t.Fatal(err)
	}
	without := *g
	without.environment = []string{"XDG_DATA_HOME=" + data}
	for _, name := range []string{"open", "return", "pattern", "pretty", "probe", "kprobe", "stack", "timing", "tracepoint"} {
		if name == "timing" && g.kernel.Arch.Name == "aarch64" {
			continue // its kernel has vsnprintf twice, the other one being of the part that starts it
		}
		t.Run(name, func(t *testing.T) { without.script(t, filepath.Join("testdata/guest", name+".stp")) })
	}
	t.Run("system calls", without.systemCalls)
	command := without.command("-p2", "-r", g.release, "-e", `probe kernel.statement("vfs_read@fs/read_write.c:*") { println("line") }`)
	output, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(output), "stap prep --debuginfo") || strings.Count(string(output), "semantic error:") != 1 {
		t.Errorf("a line without debuginfo: %v\n%s", err, output)
	}
}
