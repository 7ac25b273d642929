//go:build guest

package gostap_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// stormContexts probes the functions that the storm's module calls in each context.
// Each handler uses a counter, a map, statistics and prints.
const stormContexts = `
global hits, sums, last, values
function took(context:string, n:long) {
	hits[context]++
	sums[context] += n
	if (n % 64 == 0)
		printf("%s %d after %d on %d in %s\n", context, n, last[context, cpu()], cpu(), execname())
	last[context, cpu()] = n
	values[context] <<< n
}
probe module(@1).function("storm_task") { took("storm_task", $argument) }
probe module(@1).function("storm_softirq") { took("storm_softirq", $argument) }
probe module(@1).function("storm_hardirq") { took("storm_hardirq", $argument) }
probe module(@1).function("storm_nmi") { took("storm_nmi", $argument) }
probe end {
	println("end")
	foreach (context in hits) {
		if (@count(values[context]) != hits[context] || @sum(values[context]) != sums[context]) println("torn")
		println(context, " ", hits[context], " ", sums[context])
	}
}`

// TestStormContexts: R530, R534, R501: handlers that print, count, and use maps and statistics run in a
// process, a softirq, an interrupt and an NMI: first one after the other, where hardly one may be skipped (an NMI may come
// while the session itself is at work on that CPU), then all at once on two CPUs, where they interrupt each other. Each call
// is a hit, or a skip that the account has with its reason.
func TestStormContexts(t *testing.T) {
	stormed(t, 40000, func(t *testing.T, s *storm) {
		file := s.stormModule(t)
		defer s.run(t, "rmmod", "gostap_storm")
		// -g: functions with the names of interrupts are among them
		module := s.build(t, s.kernel.Release, "-g", "-DMAXSKIPPED=1000000000", "-DSTP_NO_OVERLOAD", "-e", stormContexts, file)
		each := (s.Stated + 7) / 8
		alone := fmt.Sprintf("for context in task softirq hardirq nmi; do echo $context %d > /proc/gostap_storm; done", each)
		called := s.contexts(t, module, alone, nil, each/100)
		together := fmt.Sprintf("for context in nmi softirq hardirq; do for i in 1 2 3 4 5 6 7 8; do echo $context %d > /proc/gostap_storm; done & done; taskset 1 sh -c \"echo task %d > /proc/gostap_storm\" & taskset 2 sh -c \"echo task %d > /proc/gostap_storm\" & wait",
			(each+7)/8, each/2, each-each/2)
		s.contexts(t, module, together, called, each-1)
	})
}

// contexts runs the module of stormContexts while the storm's module works, and gives what has been called. What was called
// before is known; of each function so many hits may be skipped.
func (s *storm) contexts(t *testing.T, module, work string, before map[string]tally, skippable int) (called map[string]tally) {
	t.Helper()
	status, stdout, stderr := s.runFor(t, patience(20*time.Minute), "staprun", "-R", "--stats=json", "-c", "sh -c '"+work+"'", module)
	_, results, found := strings.Cut(stdout, "end\n")
	if status != 0 || !found || strings.Contains(results, "torn") {
		t.Fatalf("status %d, %s\n%s", status, stderr, results)
	}
	_, text, _ := s.run(t, "cat", "/proc/gostap_storm")
	called, hit := tallies(t, text), tallies(t, results)
	for _, p := range statsOf(t, stderr).Probes {
		match := regexp.MustCompile(`"(storm_\w+)`).FindStringSubmatch(p.Point)
		if match == nil {
			continue
		}
		calls, skips := called[match[1]], 0
		calls.calls, calls.sum = calls.calls-before[match[1]].calls, calls.sum-before[match[1]].sum
		for reason, n := range p.Skips {
			if skips += int(n); n > 0 {
				t.Logf("%s: %d of %d calls skipped: %s", match[1], n, calls.calls, reason)
			}
		}
		s.Done += calls.calls
		if int(p.Hits)+skips != calls.calls || skips > skippable || hit[match[1]].calls+skips != calls.calls || skips == 0 && hit[match[1]] != calls {
			t.Errorf("%s: %+v called, %+v counted by the script; the account has %+v", match[1], calls, hit[match[1]], p)
		}
	}
	return called
}

// stormPaths probes functions without which a kernel does not get far. Names that one
// kernel has and another has not are patterns.
const stormPaths = `
global hits, last, values, total
function took(path:string) {
	if (hits[path]++ % 16 == 0)
		printf("%s %d %s %d %d\n", path, cpu(), execname(), tid(), last[path, tid() & 255])
	last[path, tid() & 255] = total
	values[path] <<< total
	if (++total >= $1 && hits["scheduler"] * 16 >= $1 && hits["printk"] * 16 >= $1 && hits["fault"] * 16 >= $1 && hits["allocator"] * 16 >= $1) exit()
}
probe kernel.trace("sched:sched_switch"), kernel.trace("sched:sched_wakeup"), kernel.function("try_to_wake_up"),
	kernel.function("update_curr"), kernel.function("enqueue_task_fair") { took("scheduler") }
probe kernel.trace("printk:console"), kernel.function("vprintk_emit"), kernel.function("vprintk_store"),
	kernel.function("console_unlock"), kernel.function("vsnprintf") { took("printk") }
probe kernel.trace("exceptions:page_fault_user"), kernel.function("handle_mm_fault"), kernel.function("handle_mm_fault").return,
	kernel.function("find_vma")? { took("fault") }
probe kernel.trace("kmem:kfree"), kernel.trace("kmem:mm_page_alloc"), kernel.function("kmem_cache_alloc*"), kernel.function("__kmalloc*"),
	kernel.function("kfree"), kernel.function("kmem_cache_free"), kernel.function("__alloc_pages*") { took("allocator") }
probe end { println("end") foreach (path in hits) println(path, " ", hits[path], " ", @count(values[path])) }`

// TestStormPaths: R530: handlers in the scheduler, in printk(), in the page-fault path and in
// the allocator, while these are busy on both CPUs.
func TestStormPaths(t *testing.T) {
	stormed(t, 200000, func(t *testing.T, s *storm) {
		const work = busyWork + "speak() { while :; do echo '<6>gostap storm' > /dev/kmsg; done; }\nbusy & speak & busy &"
		s.hitting(t, stormPaths, work, "allocator", "fault", "printk", "scheduler")
	})
}

// stormRecursion probes what handlers themselves call, and what their output calls later.
const stormRecursion = `
global hits, last, values, total
function took(path:string) {
	hits[path]++
	last[path, cpu()] = kernel_string(-4096, "bad") . user_string(16, "bad")
	values[path] <<< gettimeofday_ns()
	printf("%s %d %s %d %s\n", path, cpu(), execname(), total, last[path, cpu()])
	if (++total >= $1) exit()
}
probe kernel.function("copy_from_kernel_nofault"), kernel.function("copy_from_user_nofault"),
	kernel.function("strncpy_from_kernel_nofault")? { took("reading") }
probe kernel.function("ktime_get*"), kernel.trace("rcu:rcu_utilization")? { took("clock") }
probe kernel.function("irq_work_*"), kernel.function("__wake_up*"), kernel.function("relay_*"), kernel.function("ep_poll_callback"),
	kernel.trace("irq_vectors:irq_work_entry"), kernel.function("pollwake") { took("waking") }
probe kernel.function("_raw_spin_lock*"), kernel.function("_raw_spin_unlock*"), kernel.function("_raw_spin_trylock*"),
	kernel.function("down_read*"), kernel.function("up_read*"), kernel.trace("lock:*")?, kernel.trace("preemptirq:*")? { took("locking") }
probe kernel.function("vsnprintf"), kernel.function("snprintf"), kernel.function("scnprintf") { took("text") }
probe kernel.function("proc_reg_read"), kernel.function("proc_reg_poll"), kernel.function("proc_reg_write"), kernel.function("kmalloc_trace*")?, kernel.function("__kmalloc*") { took("reader") }
probe end { println("end") foreach (path in hits) println(path, " ", hits[path], " ", @count(values[path])) }`

// TestStormRecursion: R530: probes on the functions that handlers call while they run, and that the
// delivery of their output calls.
func TestStormRecursion(t *testing.T) {
	stormed(t, 100000, func(t *testing.T, s *storm) {
		s.hitting(t, stormRecursion, busyWork+"busy & busy &", "clock", "locking", "reader", "waking")
	})
}

// hitting runs a script until its probes have hit often enough, and wants hits on each path.
func (s *storm) hitting(t *testing.T, script, work string, paths ...string) {
	t.Helper()
	// -g: locks are among them
	module := s.build(t, s.kernel.Release, "-g", "-DMAXSKIPPED=1000000000", "-DSTP_NO_OVERLOAD", "-e", script, fmt.Sprint(s.Stated))
	status, stdout, stderr := s.shell(t, 20*time.Minute, work+"\nstaprun -R "+module+" > /tmp/out 2> /tmp/err; status=$?; kill $(jobs -p); tail -n 20 /tmp/out; tail -n 20 /tmp/err >&2; exit $status")
	s.run(t, "sh", "-c", "rm /tmp/out /tmp/err")
	_, results, found := strings.Cut(stdout, "end\n")
	if status != 0 || !found {
		t.Fatalf("status %d, %s\n%s", status, stderr, stdout)
	}
	hit := tallies(t, results)
	for _, path := range paths {
		if hit[path].calls == 0 {
			t.Errorf("no hits in %s", path)
		}
	}
	for path, n := range hit {
		s.Done += n.calls
		if n.calls != n.sum {
			t.Errorf("%s: %d hits, and %d in the statistics", path, n.calls, n.sum)
		}
	}
	t.Logf("%v; standard error: %s", hit, stderr)
}
