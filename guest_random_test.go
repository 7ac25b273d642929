//go:build guest

package gostap_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gostap/gostap/testdata/randomscript"
)

// TestGuestRandomScripts runs a few random scripts in each kernel.
func TestGuestRandomScripts(t *testing.T) { stormRandomScripts(t, 20) }

// TestStormRandomScripts runs GOSTAP_STORM_COUNT random scripts, 1,000 without it, from the
// seed GOSTAP_STORM_SEED on, in each kernel: the kernel survives all of them, and
// each does what the reference interpreter says.
func TestStormRandomScripts(t *testing.T) {
	stormRandomScripts(t, numberFromEnvironment(t, "GOSTAP_STORM_COUNT", 1000))
}

func numberFromEnvironment(t *testing.T, name string, absent int) int {
	text := os.Getenv(name)
	if text == "" {
		return absent
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func stormRandomScripts(t *testing.T, count int) {
	first := numberFromEnvironment(t, "GOSTAP_STORM_SEED", 0)
	for _, beginning := range strings.Fields(os.Getenv("GOSTAP_KERNELS")) {
		t.Run(beginning, func(t *testing.T) {
			g := bootGuest(t, beginning)
			start, before := time.Now(), usedCPU(t)
			var next, run, wrong atomic.Int64
			next.Store(int64(first))
			var workers sync.WaitGroup
			for range 2 {
				workers.Go(func() {
					for {
						seed := next.Add(1) - 1
						if seed >= int64(first+count) || t.Context().Err() != nil {
							return
						}
						if difference := g.randomScript(t, uint64(seed)); difference != "" {
							wrong.Add(1)
							t.Errorf("seed %d: %s", seed, difference)
						}
						run.Add(1)
					}
				})
			}
			workers.Wait()
			t.Logf("%d random scripts, %d wrong, %.0f CPU seconds besides the guest's, %.0f seconds", run.Load(), wrong.Load(), usedCPU(t)-before, time.Since(start).Seconds())
			if run.Load() != int64(count) {
				t.Errorf("%d of %d scripts were run", run.Load(), count)
			}
			g.nothingLeft(t)
			if complaints := g.Complaints(); len(complaints) > 0 {
				t.Errorf("the kernel complains:\n%s", strings.Join(complaints, "\n"))
			}
		})
	}
}

// usedCPU is what this process and the children that it waited for have used, in seconds.
func usedCPU(t *testing.T) float64 {
	var total time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		if err := syscall.Getrusage(who, &usage); err != nil {
			t.Error(err)
		}
		total += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return total.Seconds()
}

// randomScript builds and runs the script of a seed and says how it differs from what the interpreter gives.
func (g *guestTest) randomScript(t *testing.T, seed uint64) (difference string) {
	script, want := randomscript.Generate(seed)
	path := filepath.Join(t.TempDir(), fmt.Sprintf("random%d.stp", seed))
	if err := os.WriteFile(path, []byte(script), 0o644); err != nil {
		return err.Error()
	}
	output, err := g.command("-p4", "-g", "-r", g.release, "-DMAXTRYLOCK=100000", path).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v\n%s\n%s", err, output, script)
	}
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	built := lines[len(lines)-1]
	file, err := os.Open(built)
	if err != nil {
		return fmt.Sprintf("%v\n%s", err, output)
	}
	defer file.Close()
	module := "/tmp/" + filepath.Base(built)
	if err := g.Put(module, 0o644, file); err != nil {
		return err.Error()
	}
	status, stdout, stderr := g.run(t, "sh", "-c", "staprun -R "+module+"; status=$?; rm "+module+"; exit $status")
	var messages []string
	for _, line := range strings.Split(stderr, "\n") {
		if message, isError := strings.CutPrefix(line, "ERROR: "); isError {
			message, _, _ = strings.Cut(message, " near ")
			messages = append(messages, message)
		}
	}
	if status == want.Status && stdout == want.Output && strings.Join(messages, "\n") == strings.Join(want.Errors, "\n") {
		return ""
	}
	return fmt.Sprintf("status %d, want %d\nerrors %q, want %q\n%s--- output:\n%s--- want:\n%s--- standard error:\n%s",
		status, want.Status, messages, want.Errors, script, stdout, want.Output, stderr)
}
