//go:build guest

package gostap_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/shlex"
	"github.com/gostap/gostap/staprun/vm"
)

// exampleTest is what testdata/examples says of an example, line by line:
//
//	stap OPTIONS     options of stap
//	before COMMAND   what runs before, in a shell
//	run COMMAND      what runs in a shell, its output discarded, while the example watches; "run" may stand several times
//	want REGEXP      found in the output, "$" being the end of a line
//	never REGEXP     not found in it
//	test NAME        a test of its own runs it
type exampleTest struct {
	stap        []string
	before, run []string
	want, never []*regexp.Regexp
	test        string
}

func readExampleTest(t *testing.T, path string) exampleTest {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: each example has a test, which says what it finds out of what", err)
	}
	var e exampleTest
	for number, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "stap":
			words, err := shlex.Split(value)
			if err != nil {
				t.Fatalf("%s:%d: %v", path, number+1, err)
			}
			e.stap = append(e.stap, words...)
		case "before":
			e.before = append(e.before, value)
		case "run":
			e.run = append(e.run, value)
		case "want":
			e.want = append(e.want, regexp.MustCompile("(?m)"+value))
		case "never":
			e.never = append(e.never, regexp.MustCompile("(?m)"+value))
		case "test":
			e.test = value
		case "", "#":
		default:
			t.Fatalf("%s:%d: unknown key %q", path, number+1, key)
		}
	}
	if len(e.want) == 0 && e.test == "" {
		t.Fatalf("%s: nothing is wanted of it", path)
	}
	return e
}

// TestGuestExamples runs each script of the folder examples while its workload runs, and compares what it says with the
// facts.
func TestGuestExamples(t *testing.T) {
	scripts, err := filepath.Glob("examples/*.stp")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts in examples: %v", err)
	}
	for _, beginning := range guestKernels(lastKernel) {
		t.Run(beginning, func(t *testing.T) {
			g := bootGuest(t, beginning, func(c *vm.Config) {
				c.Modules = []string{"sd_mod", "virtio_scsi"}
				c.Disks = []int{64}
			})
			g.await(t, `[ -e /dev/sda ]`)
			g.run(t, "ifconfig", "lo", "127.0.0.1", "up")
			for _, script := range scripts {
				name := strings.TrimSuffix(filepath.Base(script), ".stp")
				e := readExampleTest(t, "testdata/examples/"+name+".txt")
				if e.test == "" {
					t.Run(name, func(t *testing.T) { g.example(t, script, e) })
				}
			}
		})
	}
}

func (g *guestTest) example(t *testing.T, script string, e exampleTest) {
	t.Helper()
	module := g.build(t, g.release, append(e.stap, filepath.Join("..", "..", script))...)
	for _, command := range e.before {
		if status, _, stderr := g.run(t, "sh", "-c", command); status != 0 {
			t.Fatalf("%s: status %d, %s", command, status, stderr)
		}
	}
	const workload = "/tmp/workload"
	if err := g.Put(workload, 0o755, strings.NewReader("#!/bin/sh\nexec >/dev/null 2>&1\n"+strings.Join(e.run, "\n")+"\n")); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := g.run(t, "staprun", "-R", "-c", workload, module)
	if status != 0 || stderr != "" {
		t.Errorf("status %d\n%s", status, stderr)
	}
	t.Log(stdout)
	for _, want := range e.want {
		if !want.MatchString(stdout) {
			t.Errorf("nothing matches %s", want)
		}
	}
	for _, never := range e.never {
		if match := never.FindString(stdout); match != "" {
			t.Errorf("%q matches %s", match, never)
		}
	}
	g.nothingLeft(t)
}
