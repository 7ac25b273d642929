//go:build guest

package gostap_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gostap/gostap/staprun/vm"
)

// laterModules: P238, P272, P362: probes on a module that is loaded after the session has
// begun, unloaded and loaded again: they hit each time, those on what the module
// needs only to start are left out, and nobody complains of what is not there.
func (g *guestTest) laterModules(t *testing.T) {
	file := g.oddModule(t)
	module := g.build(t, g.release, "-e", `
		global hits, results
		probe module(@1).function("odd_plain@odd.c") { hits["function"]++ }
		probe module(@1).function("odd_plain@odd.c").return { hits["return"]++ }
		probe kprobe.module("gostap_odd").function("odd_plain").call { hits["kprobe"]++ }
		probe kprobe.module("gostap-odd").function("odd_plain").return { hits["kretprobe"]++; results <<< returnval() }
		probe kprobe.module("gostap_odd").function("odd_init") { println("start") }
		probe kprobe.module("gostap_nowhere").function("f") { println("nowhere") }
		probe end { foreach (k+ in hits) println(k, " ", hits[k]) println(@min(results) > 8) }`, file)
	const load = "insmod /tmp/gostap_odd.ko; echo > /proc/gostap_odd; echo > /proc/gostap_odd; rmmod gostap_odd; "
	status, stdout, stderr := g.run(t, "staprun", "-R", "-v", "-c", "sh -c '"+load+load+load+"'", module)
	if want := "function 6\nkprobe 6\nkretprobe 6\nreturn 6\n1\n"; status != 0 || stdout != want {
		t.Errorf("status %d, output\n%swant\n%s", status, stdout, want)
	}
	for text, times := range map[string]int{
		`function\("odd_plain.*"\): ftrace at odd_plain`: 3, `function\("odd_plain.*\.return: kretprobe at odd_plain`: 6,
		`function\("odd_plain"\)\.call: kprobe at odd_plain`: 3, `function\("odd_init"\): not set: it is code of the module's start`: 3,
		`WARNING`: 0, `nowhere`: 0,
	} {
		if n := len(regexp.MustCompile(text).FindAllString(stderr, -1)); n != times {
			t.Errorf("%d times %q, want %d, in\n%s", n, text, times, stderr)
		}
	}
	g.nothingLeft(t)
	// one that is loaded already, and goes while it is probed
	if status, _, stderr := g.run(t, "insmod", "/tmp/gostap_odd.ko"); status != 0 {
		t.Fatalf("insmod: %s", stderr)
	}
	status, stdout, stderr = g.run(t, "staprun", "-R", "-c", "sh -c 'echo > /proc/gostap_odd; rmmod gostap_odd'", module)
	if want := "function 1\nkprobe 1\nkretprobe 1\nreturn 1\n1\n"; status != 0 || stdout != want {
		t.Errorf("loaded before: status %d, output\n%swant\n%s%s", status, stdout, want, stderr)
	}
	g.nothingLeft(t)
}

// TestGuestSweep: P240, P361: every function of the kernel that can be probed is, on
// two CPUs that are busy for a minute (with -short for ten seconds), while one of them goes down and comes up
// again; the kernel is none the worse for it.
func TestGuestSweep(t *testing.T) {
	for _, beginning := range strings.Fields(os.Getenv("GOSTAP_KERNELS")) {
		t.Run(beginning, func(t *testing.T) { sweep(t, bootGuest(t, beginning)) })
	}
}

func sweep(t *testing.T, g *guestTest) {
	module := g.build(t, g.release, "-e", `global n probe kernel.function("*").call { n <<< 1 }
		probe begin { println("armed") } probe end { println(@count(n) > 1000000) }`)
	seconds := 60
	if testing.Short() {
		seconds = 10
	}
	busy := fmt.Sprintf(`sh -c 'for cpu in 0 1; do
			(end=$(($(date +%%s) + %d)); while [ $(date +%%s) -lt $end ]; do ls -R /proc/self >/dev/null 2>&1; done) &
		done
		cd /sys/devices/system/cpu/cpu1; echo 0 >online; echo 1 >online; wait'`, seconds)
	var stdout, stderr bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	status, err := g.Run(ctx, vm.Command{Args: []string{"staprun", "-v", "-c", busy, module}, Stdout: &stdout, Stderr: &stderr})
	if status != 0 || err != nil || stdout.String() != "armed\n1\n" {
		t.Errorf("status %d, %v, output\n%s%s", status, err, stdout.String(), stderr.String())
	}
	if !regexp.MustCompile(`(?m)^\d{5} places: ftrace$`).MatchString(stderr.String()) {
		t.Errorf("not tens of thousands of places in\n%s", stderr.String())
	}
	g.nothingLeft(t)
	if complaints := g.Complaints(); len(complaints) > 0 {
		t.Errorf("the kernel complains:\n%s", strings.Join(complaints, "\n"))
	}
}
