//go:build guest

package gostap_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// stormAddresses probes a function that each opening of a file calls, and reads by
// random addresses there. $pathname is in the direct map, $op on the kernel's stack,
// and the name itself in the process.
const stormAddresses = `
global state = %d, addresses, attempts, reads, faults, other

function random:long() {
	state = state ^ (state << 13)
	state = state ^ ((state >> 7) & 0x1ffffffffffffff)
	state = state ^ (state << 17)
	return state
}

function address:long(kind:long, object:long, stack:long, user:long) {
	r = random()
	if (kind == 0) return r                                        // most of these are not canonical
	if (kind == 1) return r & 0x7fffffffffff                       // a process
	if (kind == 2) return 0xffff800000000000 | (r & 0x7fffffffffff) // the kernel's half
	if (kind == 3) return object + (r & 0x7fffffff) - 0x40000000   // the direct map and its end
	if (kind == 4) return stack + (r & 0x3ffffff) - 0x2000000      // memory of vmalloc, with its guard pages
	if (kind == 5) return 0xffffffff80000000 + (r & 0x3fffffff)    // the kernel's image
	if (kind == 6) return 0xffffffffa0000000 + (r & 0x3fffffff)    // modules
	if (kind == 7) return r & 0xfffff                              // offsets of per-CPU variables
	if (kind == 8) return 0xffffffffff5ff000 + (r & 0x3fff)        // vsyscall and its neighbours
	if (kind == 9) return -(r & 0xfff)                             // the end of all memory
	if (kind == 10) return 0x00007ffffffff000 + (r & 0x1fff) - 0x800 // the end of the process, and beyond
	if (kind == 11) return user + (r & 0xffffff) - 0x800000
	if (kind == 12) return 0xffff888000000000 + (r & 0xfffffffffff) // the direct map where it is not randomized
	return 0xffffc90000000000 + (r & 0x1fffffffffff)
}

function caught(message:string) {
	if (message =~ "fault") faults++
	else { other++ println(message) }
}

function try_all(a:long) {
	attempts += 10
	try { n = @kderef(1, a) reads++ } catch (m) { caught(m) }
	try { n = @kderef(2, a) reads++ } catch (m) { caught(m) }
	try { n = @kderef(4, a) reads++ } catch (m) { caught(m) }
	try { n = @kderef(8, a) reads++ } catch (m) { caught(m) }
	try { s = kernel_string(a) reads++ } catch (m) { caught(m) }
	try { n = @uderef(1, a) reads++ } catch (m) { caught(m) }
	try { n = @uderef(2, a) reads++ } catch (m) { caught(m) }
	try { n = @uderef(4, a) reads++ } catch (m) { caught(m) }
	try { n = @uderef(8, a) reads++ } catch (m) { caught(m) }
	try { s = user_string(a) reads++ } catch (m) { caught(m) }
	if (kernel_string(a, "bad") == "bad" && user_string(a, "bad") == "bad") return n
}

probe kernel.function("do_filp_open") {
	for (i = 0; i < 14; i++)
		try_all(address(i, $pathname, $op, $pathname->uptr))
	addresses += 14
	if (addresses >= %d) exit()
}

probe end { printf("%%d addresses, %%d attempts, %%d reads, %%d faults, %%d other\n", addresses, attempts, reads, faults, other) }
`

// TestStormDereference: R544, R502: reads by 10,000 random addresses, of the kernel's and of the
// process's memory, each with every width and as a string: each gives a value or
// an error that can be caught.
func TestStormDereference(t *testing.T) {
	stormed(t, 10000, func(t *testing.T, s *storm) {
		module := s.build(t, s.kernel.Release, "-g", "-DMAXACTION=100000", "-DSTP_NO_OVERLOAD", "-e",
			fmt.Sprintf(stormAddresses, time.Now().UnixNano(), s.Stated))
		status, stdout, stderr := s.shell(t, 20*time.Minute, busyWork+"busy & staprun -R "+module+"; status=$?; kill $!; exit $status")
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		match := regexp.MustCompile(`^(\d+) addresses, (\d+) attempts, (\d+) reads, (\d+) faults, 0 other$`).FindStringSubmatch(lines[len(lines)-1])
		if status != 0 || match == nil {
			t.Fatalf("status %d, %s\n%s", status, stderr, stdout)
		}
		t.Log(match[0])
		s.Done = number(match[1])
		attempts, reads, faults := number(match[2]), number(match[3]), number(match[4])
		if attempts != 10*s.Done || reads+faults != attempts || reads == 0 || faults == 0 {
			t.Errorf("attempts without an outcome")
		}
		// What was read as a string is as long as it likes.
		if rest := regexp.MustCompile(`(?m)^WARNING: \d+ strings were cut: .*\n`).ReplaceAllString(stderr, ""); rest != "" {
			t.Errorf("standard error: %s", rest)
		}
	})
}

// TestStormAllocation: R501, R504: each memory allocation of each step of a session fails once: in loading,
// opening, starting, reading, stopping and unloading. The step fails for lack of memory
// or does not need it; what follows works, and nothing is left.
func TestStormAllocation(t *testing.T) {
	stormed(t, 500, func(t *testing.T, s *storm) {
		if config, err := s.kernel.Config(); err != nil {
			t.Fatal(err)
		} else if config["CONFIG_FAILSLAB"] != "y" || config["CONFIG_FAIL_PAGE_ALLOC"] != "y" {
			t.Skip("the kernel has no fault injection; make torture builds one that has")
		}
		// The kernel tells of allocations that fail, with a trace of calls, and of a kprobe that it could not take away.
		// That one is at no place any more.
		s.stays = regexp.MustCompile(`^0+ +[kr] +0x0 +\[FTRACE\]`)
		s.expected = regexp.MustCompile(`\] Call Trace:|cut here|__disarm_kprobe_ftrace|Failed to disarm kprobe-ftrace`)
		s.program(t, "testdata/torture/faults/faults.c")
		module := s.build(t, s.kernel.Release, "-e", everyFamily)
		status, stdout, stderr := s.shell(t, 20*time.Minute, `cd /sys/kernel/debug
			for fault in failslab fail_page_alloc; do echo N > $fault/ignore-gfp-wait; echo 0 > $fault/verbose; done
			echo N > fail_page_alloc/ignore-gfp-highmem; echo 0 > fail_page_alloc/min-order
			/tmp/faults `+module+" "+strings.TrimSuffix(filepath.Base(module), ".ko"))
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		t.Log(stdout)
		if s.Done = number(lines[len(lines)-1]); status != 0 {
			t.Fatalf("status %d, %s", status, stderr)
		}
	})
}
