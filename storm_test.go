//go:build guest

package gostap_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gostap/gostap/staprun/vm"
)

// storm is a guest in which one thing is done many times.
type storm struct {
	*guestTest
	Name       string  `json:"name"`
	Release    string  `json:"release"`
	Stated     int     `json:"stated"`     // iterations that the storm is to have
	Done       int     `json:"done"`       // and those that it had
	Processor  float64 `json:"processor"`  // seconds of all the guest's CPUs, without those that they were idle
	Complaints int     `json:"complaints"` // the kernel's
	Passed     bool    `json:"passed"`

	expected *regexp.Regexp // complaints that belong to what is done
	stays    *regexp.Regexp // so do probes that the kernel lists afterwards; nil: none
}

// stormed runs a storm in a guest of its own for each kernel of GOSTAP_KERNELS. The
// storm counts its iterations in Done; fewer than stated fail, unless GOSTAP_STORM, a
// part of 1, says that the run is a trial. What came out is printed, and appended to the
// file GOSTAP_STORM_REPORT, a line of JSON for each.
func stormed(t *testing.T, stated int, body func(*testing.T, *storm), changes ...func(*vm.Config)) {
	part, err := strconv.ParseFloat(os.Getenv("GOSTAP_STORM"), 64)
	if err != nil || part <= 0 || part > 1 {
		part = 1
	}
	kernels := strings.Fields(os.Getenv("GOSTAP_KERNELS"))
	if len(kernels) == 0 {
		t.Fatal("GOSTAP_KERNELS names no kernel, such as 6.1")
	}
	for _, beginning := range kernels {
		t.Run(beginning, func(t *testing.T) {
			s := &storm{Name: strings.TrimPrefix(strings.Split(t.Name(), "/")[0], "TestStorm"), Stated: max(1, int(part*float64(stated)))}
			s.guestTest = bootGuest(t, beginning, changes...)
			s.Release = s.release
			before := s.processorSeconds(t)
			defer func() {
				s.Passed = !t.Failed()
				t.Logf("%s: %d of %d iterations, %.1f CPU seconds", s.Name, s.Done, stated, s.Processor)
				s.Stated = stated
				s.report(t)
			}()
			body(t, s)
			s.Processor = s.processorSeconds(t) - before
			if s.Done < s.Stated {
				t.Errorf("%d iterations, and there should be %d", s.Done, s.Stated)
			}
			s.nothingLeft(t)
			s.nothingSet(t)
			s.noLeaks(t)
			complaints := slices.DeleteFunc(s.guestTest.Complaints(), func(line string) bool {
				return s.expected != nil && s.expected.MatchString(line)
			})
			if s.Complaints = len(complaints); s.Complaints > 0 {
				t.Errorf("the kernel complains:\n%s", strings.Join(complaints, "\n"))
			}
		})
	}
}

// report appends the storm to the file GOSTAP_STORM_REPORT.
func (s *storm) report(t *testing.T) {
	path := os.Getenv("GOSTAP_STORM_REPORT")
	if path == "" {
		return
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Error(err)
		return
	}
	defer file.Close()
	if err := json.NewEncoder(file).Encode(s); err != nil {
		t.Error(err)
	}
}

// processorSeconds is what the guest's CPUs have worked since it booted.
func (g *guestTest) processorSeconds(t *testing.T) float64 {
	t.Helper()
	_, text, _ := g.run(t, "head", "-n1", "/proc/stat")
	fields := strings.Fields(text)
	ticks := 0
	for i, field := range fields {
		// cpu user nice system idle iowait irq softirq
		if i == 0 || i == 4 || i == 5 || i > 7 {
			continue
		}
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatalf("/proc/stat: %q", text)
		}
		ticks += n
	}
	return float64(ticks) / 100 // USER_HZ
}

// nothingSet checks that no probe is set.
func (s *storm) nothingSet(t *testing.T) {
	t.Helper()
	_, set, _ := s.run(t, "sh", "-c", "cat /sys/kernel/debug/tracing/enabled_functions /sys/kernel/debug/kprobes/list")
	for line := range strings.Lines(set) {
		if s.stays == nil || !s.stays.MatchString(line) {
			t.Errorf("still set: %s", line)
		}
	}
}

// busyWork is a shell function that keeps a CPU busy with processes, files and pipes, and lets the storm itself go first.
const busyWork = `busy() { exec sh -c 'renice -n 10 $$; while :; do : </dev/null; (echo a; cat /proc/version) | cat >/dev/null; done'; }
`

// stormModule loads the module of testdata/torture/module and gives its file.
func (g *guestTest) stormModule(t *testing.T) string {
	t.Helper()
	file := g.sourceModule(t, "testdata/torture/module", "gostap_storm")
	if status, _, stderr := g.run(t, "insmod", "/tmp/gostap_storm.ko"); status != 0 {
		t.Fatalf("insmod: %s", stderr)
	}
	return file
}

// tally is what the storm's module has counted of a function.
type tally struct{ calls, sum int }

// tallies reads "NAME CALLS SUM" lines.
func tallies(t *testing.T, text string) map[string]tally {
	t.Helper()
	found := map[string]tally{}
	for line := range strings.Lines(text) {
		var name string
		var n tally
		if _, err := fmt.Sscan(line, &name, &n.calls, &n.sum); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		found[name] = n
	}
	return found
}

// shell runs a script of the guest's shell that may take so long.
func (g *guestTest) shell(t *testing.T, limit time.Duration, script string) (status int, stdout, stderr string) {
	t.Helper()
	return g.runFor(t, patience(limit), "sh", "-c", script)
}

// number is a number that an expression has matched.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}
