//go:build guest

package gostap_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// variables: P310, P311, P312, P313, P314, P315, P330, P332, P333, P370, P371, L133, R571, R572: variables of
// every kind and a known stack in a module of testdata/module, which is built for the kernel, loaded
// and made to run; what probes read is what it says that it has, and what they set
// is what it comes to.
func (g *guestTest) variables(t *testing.T) {
	file := g.oddModule(t)
	if status, _, stderr := g.run(t, "insmod", "/tmp/gostap_odd.ko"); status != 0 {
		t.Fatalf("insmod: %s", stderr)
	}
	defer g.run(t, "rmmod", "gostap_odd")
	const command = "sh -c 'echo > /proc/gostap_odd; cat /proc/gostap_odd > /tmp/results'"
	for _, script := range []string{"variables.stp", "set.stp", "nested.stp"} {
		t.Run(strings.TrimSuffix(script, ".stp"), func(t *testing.T) {
			path, err := filepath.Abs(filepath.Join("testdata/module", script))
			if err != nil {
				t.Fatal(err)
			}
			want := readOutcome(t, path, g.kernel.Arch.Name)
			g.skipUnlike(t, want)
			module := g.build(t, g.release, append(want.stap, path, file)...)
			status, stdout, stderr := g.run(t, "staprun", "-R", "-c", command, module)
			_, results, _ := g.run(t, "cat", "/tmp/results")
			if script == "nested.stp" {
				results = "" // what the module comes to depends on whether another script has set something
			}
			stdout = regexp.MustCompile(`\+0x[0-9a-f]+(/0x[0-9a-f]+)?`).ReplaceAllString(stdout, "+0x...")
			stdout = regexp.MustCompile(`0x[0-9a-f]{9,}`).ReplaceAllString(stdout, "0x...") + results
			if status != 0 || stdout != want.stdout {
				t.Errorf("status %d, output:\n%swant:\n%s%s", status, stdout, want.stdout, stderr)
			}
			g.nothingLeft(t)
		})
	}
}

// moduleLines: R573, R574: the lines of a module's code, named by -d, while it starts, when
// that is over, and when it comes again; of the kernel, which -d does not name here, a
// warning says what to do.
func (g *guestTest) moduleLines(t *testing.T) {
	file := g.oddModule(t)
	module := g.build(t, g.release, "-d", file, "-DMAXBACKTRACE=5", "-e", `
		global start
		probe module(@1).function("nested_inner") { print_backtrace_fileline(); println(symfileline(start)) }
		probe kernel.function("proc_create") {
			for (i = 0; i < 4 && !start; i++) if (symname(stack(i)) == "odd_init") start = stack(i) - 1
			println("start ", symfile(start) =~ "odd.c$", " ", symline(start))
		}`, file)
	const command = "sh -c 'insmod /tmp/gostap_odd.ko; echo > /proc/gostap_odd; rmmod gostap_odd; insmod /tmp/gostap_odd.ko; echo > /proc/gostap_odd; rmmod gostap_odd'"
	status, stdout, stderr := g.run(t, "staprun", "-R", "-c", command, module)
	once := "start 1 137\n"
	for _, frame := range []string{
		`nested_inner\+0x0/0x\w+ at \S*nested\.c:(9|10) \[gostap_odd\]`, `nested_middle\+\S+ at \S*nested\.c:18 \[gostap_odd\]`,
		`nested_outer\+\S+ at \S*nested\.c:26 \[gostap_odd\]`, `odd_write\+\S+ at \S*odd\.c:111 \[gostap_odd\]`, `proc_reg_write\+\S+ \[kernel\]`,
	} {
		once += " 0x[0-9a-f]{16} : " + frame + "\n"
	}
	once += "0x[0-9a-f]{16}\n" // the code of the start is gone
	if status != 0 || !regexp.MustCompile("^"+once+once+"$").MatchString(stdout) {
		t.Errorf("status %d, output\n%s", status, stdout)
	}
	compareLines(t, stderr, []string{"^WARNING: files and lines of the kernel are not known: -d kernel takes them along"})
	g.nothingLeft(t)
}

// oddModule builds the module of testdata/module, puts it into the guest and gives
// the file with its debuginfo.
func (g *guestTest) oddModule(t *testing.T) string {
	t.Helper()
	return g.sourceModule(t, "testdata/module", "gostap_odd")
}

// sourceModule builds a module of ours, puts it into the guest's /tmp and gives the
// file with its debuginfo.
func (g *guestTest) sourceModule(t *testing.T, source, name string) string {
	t.Helper()
	folder := t.TempDir()
	entries, err := os.ReadDir(source)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if extension := filepath.Ext(entry.Name()); entry.Name() != "Kbuild" && extension != ".c" && extension != ".h" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(source, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, entry.Name()), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	arguments := []string{"-s", "ARCH=" + g.kernel.Arch.Kbuild, "CROSS_COMPILE=" + g.crossPrefix(), "-C", g.kernel.BuildTree, "M=" + folder, "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules"}
	for _, option := range strings.Fields(os.Getenv("GOSTAP_OPTIONS")) {
		if strings.Contains(option, "=") && !strings.HasPrefix(option, "-") { // what -B gives make
			arguments = append(arguments, option)
		}
	}
	output, err := exec.Command("make", arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	path := filepath.Join(folder, name+".ko")
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := g.Put("/tmp/"+name+".ko", 0o644, file); err != nil {
		t.Fatal(err)
	}
	return path
}
