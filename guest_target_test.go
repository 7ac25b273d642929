//go:build guest

package gostap_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gostap/gostap/kernel"
)

// TestGuestTargets: one script and a command line for each target of GOSTAP_TARGETS give a bundle each, which prints the
// same in a guest of the target that has busybox and nothing of ours.
func TestGuestTargets(t *testing.T) {
	for _, target := range strings.Fields(os.Getenv("GOSTAP_TARGETS")) {
		t.Run(strings.ReplaceAll(target, "/", "_"), func(t *testing.T) {
			g := bootGuest(t, target)
			g.sameEverywhere(t, kernel.Named(target))
			if complaints := g.Complaints(); len(complaints) > 0 {
				t.Errorf("the kernel complains:\n%s", strings.Join(complaints, "\n"))
			}
		})
	}
}

// fromSysroot builds for a kernel whose headers lie in the root of another system, as Debian has them there: what
// they share is named by its path there, and the tools are programs that are not for this machine.
func (g *guestTest) fromSysroot(t *testing.T) {
	sysroot := t.TempDir()
	common := ""
	sources := filepath.Join(sysroot, "usr/src")
	for _, tree := range []string{g.kernel.BuildTree, ""} {
		if tree == "" {
			tree = filepath.Join(filepath.Dir(g.kernel.BuildTree), common)
		}
		folder := filepath.Join(sources, filepath.Base(tree))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(tree)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			from, to := filepath.Join(tree, entry.Name()), filepath.Join(folder, entry.Name())
			switch {
			case entry.Name() == "scripts" || entry.Name() == "tools":
				if from, err = os.Readlink(from); err != nil { // ../../lib/linux-kbuild-…/scripts
					t.Fatal(err)
				}
			case entry.Name() == "Makefile" && common == "":
				text, err := os.ReadFile(from)
				if err != nil {
					t.Fatal(err)
				}
				include := regexp.MustCompile(`(?m)^include (.*)/usr/src/(.*)/Makefile$`)
				common = string(include.FindSubmatch(text)[2])
				if err := os.WriteFile(to, include.ReplaceAll(text, []byte("include /usr/src/$2/Makefile")), 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if err := os.Symlink(from, to); err != nil {
				t.Fatal(err)
			}
		}
	}
	module := g.buildWith(t, "-p4", "--sysroot", sysroot, "-r", g.release, "-e", `probe begin { println("from a sysroot") exit() }`)
	if status, stdout, stderr := g.run(t, "staprun", module); status != 0 || stdout != "from a sysroot\n" {
		t.Errorf("status %d, %q, %s", status, stdout, stderr)
	}
	g.nothingLeft(t)
}

// sameEverywhere builds the bundle as one would on the command line and runs it.
func (g *guestTest) sameEverywhere(t *testing.T, q kernel.Query) {
	t.Helper()
	const script = "testdata/target/same.stp"
	path := filepath.Join(t.TempDir(), "same")
	arguments := []string{"-p4", "-r", q.Release, "--bundle", path, "-DMAXTRYLOCK=100000"}
	if q.Arch != "" {
		arguments = append(arguments, "-a", q.Arch)
	}
	arguments = append(arguments, g.options...)
	t.Logf("stap %s %s", strings.Join(arguments, " "), script)
	if output, err := g.command(append(arguments, filepath.Join("..", "..", script))...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	contents, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := g.run(t, "mv", "/usr/bin/staprun", "/usr/bin/not-for-the-bundle"); status != 0 {
		t.Fatal(stderr)
	}
	if err := g.Put("/tmp/same", 0o755, bytes.NewReader(contents)); err != nil {
		t.Fatal(err)
	}
	const command = "sh -c 'read line </proc/version; read line </proc/uptime; read line </proc/loadavg; kill -0 99999 2>/dev/null; sleep 0.1; :'"
	status, stdout, stderr := g.run(t, "/tmp/same", "-c", command)
	if want := readOutcome(t, script, g.kernel.Arch.Name); status != 0 || stdout != want.stdout || stderr != "" {
		t.Errorf("status %d, output:\n%swant:\n%s%s", status, stdout, want.stdout, stderr)
	}
	g.nothingLeft(t)
}

// smokeScripts are those of testdata/guest that show of an architecture what is its own: registers, the calling
// convention, system calls, the stack, functions that do not run, tracepoints, memory, output.
var smokeScripts = []string{
	"open", "return", "kprobe", "backtrace", "stack", "override", "tracepoint", "tracepoint-calls", "pretty", "guru", "arrays", "timer", "process",
}

// TestGuestSmoke runs some scripts on the kernels of GOSTAP_SMOKE, and what TestGuestTargets does.
func TestGuestSmoke(t *testing.T) {
	for _, target := range strings.Fields(os.Getenv("GOSTAP_SMOKE")) {
		t.Run(target, func(t *testing.T) {
			g := bootGuest(t, target)
			for _, name := range smokeScripts {
				t.Run(name, func(t *testing.T) { g.script(t, filepath.Join("testdata/guest", name+".stp")) })
			}
			t.Run("sysroot", g.fromSysroot)
			g.sameEverywhere(t, kernel.Named(target))
			if complaints := g.Complaints(); len(complaints) > 0 {
				t.Errorf("the kernel complains:\n%s", strings.Join(complaints, "\n"))
			}
		})
	}
}
