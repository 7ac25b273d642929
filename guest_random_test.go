//go:build guest

package gostap_test

import (
	"bytes"
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

// TestStormRandomScripts runs 1,000 random scripts, from the seed GOSTAP_STORM_SEED on, in each kernel:
// each does what the reference interpreter says.
//
// Statements, expressions: L101, L102, L104, L105, L107, L123, L124. Arrays: L161, L163, L164, L170, L171, L173, L176, L180.
// Statistics: L172, L178, L190, L191, L192, L193, L200, L201, L203, L204. Printing: L210, L211, L212, L213, L214, L216, L220.
// Functions: L302, L310, L340. Patterns: L360, L363. Arithmetic, strings, order, errors: L380, L381, L382, L383, L384, L385, L392.
// Probes: P220, P222.
func TestStormRandomScripts(t *testing.T) {
	var first uint64
	if text := os.Getenv("GOSTAP_STORM_SEED"); text != "" {
		var err error
		if first, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("GOSTAP_STORM_SEED: %v", err)
		}
	}
	stormed(t, 1000, func(t *testing.T, s *storm) { s.Done = s.stormRandomScripts(t, first, s.Stated) })
}

// randomScripts runs a few of them.
func (g *guestTest) randomScripts(t *testing.T) {
	if count := 6; g.stormRandomScripts(t, 0, count) != count {
		t.Errorf("not all of %d scripts were run", count)
	}
}

// stormRandomScripts runs the scripts of so many seeds from the first on, and says how many it ran.
func (g *guestTest) stormRandomScripts(t *testing.T, first uint64, count int) int {
	storm := randomStorm{guestTest: g, start: time.Now(), cpu: usedCPU(t)}
	var next atomic.Int64
	var workers sync.WaitGroup
	for range 2 { // one builds while the other's script runs
		workers.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= count || t.Context().Err() != nil {
					return
				}
				storm.one(t, first+uint64(n))
			}
		})
	}
	workers.Wait()
	t.Logf("in all: %s", storm.figures(t))
	storm.nothingLeft(t)
	return storm.run
}

// randomStorm is a guest that random scripts run in, and what came of them so far.
type randomStorm struct {
	*guestTest
	start time.Time
	cpu   float64 // used before it

	mutex           sync.Mutex
	run, equal      int
	building, going time.Duration // of all scripts together
}

func (s *randomStorm) one(t *testing.T, seed uint64) {
	difference, building, going := s.randomScript(t, seed)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.run++; difference == "" {
		s.equal++
	} else {
		t.Errorf("seed %d: %s", seed, difference)
	}
	s.building += building
	s.going += going
	if s.run%100 == 0 {
		t.Log(s.figures(t))
	}
}

func (s *randomStorm) figures(t *testing.T) string {
	each := func(d time.Duration) float64 { return d.Seconds() / float64(max(1, s.run)) }
	return fmt.Sprintf("%d random scripts run, %d equal; %.2f s to build one, %.2f s to run it; %.0f s, %.0f CPU seconds",
		s.run, s.equal, each(s.building), each(s.going), time.Since(s.start).Seconds(), usedCPU(t)-s.cpu)
}

// usedCPU is what this process, the children that it waited for and those that run (QEMU) have used, in seconds.
func usedCPU(t *testing.T) float64 {
	var total time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		if err := syscall.Getrusage(who, &usage); err != nil {
			t.Error(err)
		}
		total += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	processes, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Error(err)
	}
	for _, path := range processes {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// proc(5): after the name, which ends with the last parenthesis, stand state and parent; 12th and 13th are the times.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) < 13 || fields[1] != strconv.Itoa(os.Getpid()) {
			continue
		}
		for _, ticks := range fields[11:13] {
			n, err := strconv.Atoi(ticks)
			if err != nil {
				t.Error(err)
			}
			total += time.Duration(n) * time.Second / 100
		}
	}
	return total.Seconds()
}

// randomScript builds and runs the script of a seed, says how it differs from what the interpreter gives, and how
// long it took.
func (g *guestTest) randomScript(t *testing.T, seed uint64) (difference string, building, going time.Duration) {
	script, want := randomscript.Generate(seed)
	start := time.Now()
	module, err := g.buildRandomScript(t, seed, script)
	building = time.Since(start)
	if err != nil {
		return fmt.Sprintf("%v\n%s", err, script), building, 0
	}
	start = time.Now()
	status, stdout, stderr := g.run(t, "sh", "-c", "staprun -R "+module+"; status=$?; rm "+module+"; exit $status")
	going = time.Since(start)
	var messages []string
	for _, line := range strings.Split(stderr, "\n") {
		if message, isError := strings.CutPrefix(line, "ERROR: "); isError {
			message, _, _ = strings.Cut(message, " near ")
			messages = append(messages, message)
		}
	}
	if status == want.Status && stdout == want.Output && strings.Join(messages, "\n") == strings.Join(want.Errors, "\n") {
		return "", building, going
	}
	return fmt.Sprintf("status %d, want %d\nerrors %q, want %q\n%s--- output:\n%s--- want:\n%s--- standard error:\n%s",
		status, want.Status, messages, want.Errors, script, stdout, want.Output, stderr), building, going
}

// buildRandomScript makes a module and puts it into the guest.
func (g *guestTest) buildRandomScript(t *testing.T, seed uint64, script string) (module string, err error) {
	path := filepath.Join(t.TempDir(), fmt.Sprintf("random%d.stp", seed))
	if err := os.WriteFile(path, []byte(script), 0o644); err != nil {
		return "", err
	}
	defer os.Remove(path)
	output, err := g.command("-p4", "-g", "-r", g.release, "-DMAXTRYLOCK=100000", path).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, output)
	}
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	built := lines[len(lines)-1]
	file, err := os.Open(built)
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, output)
	}
	defer file.Close()
	module = "/tmp/" + filepath.Base(built)
	return module, g.Put(module, 0o644, file)
}
