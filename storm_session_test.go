//go:build guest

package gostap_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gostap/gostap/staprun/vm"
)

// everyFamily sets a probe of each kind that a busy kernel hits, uses memory of each kind, and
// ends by itself.
const everyFamily = `
global hits, paths, times
probe begin { printf("begin\n") }
probe kernel.function("do_sys_openat2") { hits["function"]++ }
probe kernel.function("vfs_read").return { hits["return"]++; times <<< gettimeofday_ns() - @entry(gettimeofday_ns()) }
probe kprobe.function("vfs_write") { hits["kprobe"]++ }
probe kernel.trace("sched:sched_switch") { hits["tracepoint"]++ }
probe timer.profile { hits["profile"]++ }
probe timer.ms(1) { hits["timer"]++; paths[execname(), hits["timer"]] = pid() }
probe timer.ms(10) { if (hits["timer"] > 0 && hits["function"] + hits["tracepoint"] > 0) exit() }
probe end { printf("end %d\n", hits["timer"] > 0 && hits["function"] + hits["tracepoint"] > 0) if (@count(times) < 0) foreach ([x, y] in paths) println(x) }`

// TestStormSessions: R501, R502, R503: a script is loaded, runs, stops and is unloaded 200 times, one run after
// the other, while two processes keep both CPUs busy. Nothing is left behind, and the kernel
// has as much memory afterwards.
func TestStormSessions(t *testing.T) {
	stormed(t, 200, func(t *testing.T, s *storm) {
		module := s.build(t, s.kernel.Release, "-DMAXMAPENTRIES=4096", "-DMAXSKIPPED=1000000", "-DSTP_NO_OVERLOAD", "-e", everyFamily)
		// All but the first runs are held against memory: what is made once stays.
		first := max(1, s.Stated/10)
		sessions := func(count int) {
			t.Helper()
			status, stdout, stderr := s.shell(t, 2*time.Hour, busyWork+fmt.Sprintf(`busy & one=$!; busy & two=$!
				i=0
				while [ $i -lt %d ]; do
					staprun -R %s > /tmp/out 2> /tmp/err || { echo "run $i: status $?"; break; }
					[ "$(cat /tmp/out)" = "$(printf 'begin\nend 1')" ] || { echo "run $i: output"; break; }
					grep -v -e 'skipped probes' -e 'lock timeout' /tmp/err && break
					i=$((i+1))
				done
				kill $one $two; wait; echo; echo $i; cat /tmp/out /tmp/err >&2; rm /tmp/out /tmp/err`, count, module))
			lines := strings.Fields(stdout)
			s.Done += number(lines[len(lines)-1])
			if status != 0 || len(lines) != 1 {
				t.Fatalf("status %d, %s\n%s", status, stdout, stderr)
			}
		}
		sessions(first)
		before := s.kernelMemory(t)
		sessions(s.Stated - first)
		after := s.kernelMemory(t)
		t.Logf("the kernel's memory: %d KB after %d runs, %d KB after %d", before, first, after, s.Stated)
		if after-before > 4096 {
			t.Errorf("the kernel's memory has grown from %d to %d KB in %d runs", before, after, s.Stated-first)
		}
	})
}

// stormArming has two sets of probes, of which one is armed and the other is not, and changes over once every probe has
// hit that should.
const stormArming = `
global on, changes, entries, kprobes, returns, traces, ticks, profiles, calls, later, e, r, t, p, k, i, wrong
probe timer.ms(20) {
	if (on ? entries > e && returns > r && traces > t && profiles > p : kprobes > k && ticks > i) {
		e = entries; r = returns; t = traces; p = profiles; k = kprobes; i = ticks
		on = !on
		if (++changes >= $2) exit()
	}
}
probe kernel.function("do_filp_open") if (on), kernel.function("vfs_*") if (on) { entries++; wrong += !on }
probe kernel.function("do_filp_open").return if (on) { returns++; wrong += !on }
probe kernel.trace("sched:sched_switch") if (on) { traces++; wrong += !on }
probe timer.profile if (on) { profiles++; wrong += !on }
probe module(@1).function("storm_task") if (on) { calls++; wrong += !on }
probe kprobe.function("vfs_read") if (!on), kprobe.function("do_filp_open") if (!on) { kprobes++; wrong += on }
probe timer.ms(1) if (!on) { ticks++; wrong += on }
probe kprobe.module("gostap_storm").function("storm_task") if (!on) { later++; wrong += on }
probe end { println(changes, " ", calls > 0, " ", later > 0, " ", wrong) }`

// TestStormArming: R561, P360, P361: probes of every family are armed and disarmed 1,000 times while they hit on both
// CPUs, one of which goes down and comes up again meanwhile, as does a module that is probed.
func TestStormArming(t *testing.T) {
	stormed(t, 1000, func(t *testing.T, s *storm) {
		file := s.stormModule(t)
		defer s.run(t, "rmmod", "gostap_storm")
		module := s.build(t, s.kernel.Release, "-DSTP_ON_THE_FLY_INTERVAL=1", "-DMAXSKIPPED=1000000000", "-DSTP_NO_OVERLOAD", "-e", stormArming, file, fmt.Sprint(s.Stated))
		status, stdout, stderr := s.shell(t, 40*time.Minute, busyWork+`
			plug() { while :; do echo 0 > /sys/devices/system/cpu/cpu1/online; usleep 200000; echo 1 > /sys/devices/system/cpu/cpu1/online; sleep 1; done; }
			load() { while [ ! -e /tmp/enough ]; do echo task 100 > /proc/gostap_storm; usleep 100000; rmmod gostap_storm && insmod /tmp/gostap_storm.ko; done; }
			busy & work=$!; busy & work="$work $!"; plug & work="$work $!"; load & load=$!
			staprun -R `+module+`; status=$?
			kill $work; touch /tmp/enough; wait $load; rm /tmp/enough; echo 1 > /sys/devices/system/cpu/cpu1/online 2>/dev/null; exit $status`)
		var called, later, wrong int
		if _, err := fmt.Sscan(stdout, &s.Done, &called, &later, &wrong); err != nil || status != 0 {
			t.Fatalf("status %d, %s\n%s", status, stdout, stderr)
		}
		if called != 1 || later != 1 || wrong != 0 || strings.Contains(stderr, "cannot be set") {
			t.Errorf("%s\n%s", stdout, stderr)
		}
	})
}

// kernelMemory is what the kernel uses for itself, in KB, without what it could give back.
func (g *guestTest) kernelMemory(t *testing.T) int {
	t.Helper()
	_, text, _ := g.run(t, "sh", "-c", "sync; echo 3 > /proc/sys/vm/drop_caches; sleep 3; echo 3 > /proc/sys/vm/drop_caches; cat /proc/meminfo")
	total := 0
	for line := range strings.Lines(text) {
		name, rest, _ := strings.Cut(line, ":")
		switch name {
		case "SUnreclaim", "KernelStack", "PageTables", "VmallocUsed", "Percpu":
			total += number(strings.Fields(rest)[0])
		}
	}
	return total
}

// TestStormKilled: R504: staprun is killed at 200 random moments of its life, while it loads,
// starts, runs or ends. No probe stays set, and the next run takes away what is loaded.
func TestStormKilled(t *testing.T) {
	stormed(t, 200, func(t *testing.T, s *storm) {
		module := s.build(t, s.kernel.Release, "-DMAXSKIPPED=1000000", "-DSTP_NO_OVERLOAD", "-e", everyFamily)
		took, _, _ := s.shell(t, time.Minute, "staprun -R "+module)
		start := time.Now()
		s.run(t, "staprun", "-R", module)
		life := time.Since(start)
		if took != 0 {
			t.Fatalf("status %d", took)
		}
		var moments strings.Builder
		for range s.Stated {
			fmt.Fprintf(&moments, " %d", rand.Int64N(life.Microseconds()*5/4))
		}
		status, stdout, stderr := s.shell(t, 2*time.Hour, busyWork+`busy & busy=$!
			killed=0 i=0
			for moment in`+moments.String()+`; do
				staprun -R `+module+` > /dev/null 2>&1 & run=$!
				usleep $moment
				kill -9 $run 2>/dev/null && killed=$((killed+1))
				wait $run 2>/dev/null
				set="$(cat /sys/kernel/debug/tracing/enabled_functions /sys/kernel/debug/kprobes/list)"
				[ -z "$set" ] || { echo "after $moment us: $set"; break; }
				loaded=$(grep -c ^stap_ /proc/modules)
				[ $loaded -le 1 ] || { echo "after $moment us: $loaded modules"; break; }
				i=$((i+1))
			done 2>/dev/null
			kill $busy; staprun -R `+module+` > /dev/null || echo "the run after: status $?"
			echo; echo $i $killed`)
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		var killed int
		if _, err := fmt.Sscan(lines[len(lines)-1], &s.Done, &killed); err != nil || status != 0 || len(lines) != 1 {
			t.Fatalf("status %d, %s\n%s", status, stdout, stderr)
		}
		t.Logf("%d of %d were still there to be killed", killed, s.Done)
		if killed < s.Done/2 {
			t.Errorf("only %d of %d runs were killed", killed, s.Done)
		}
	})
}

// exactScript counts the functions of the storm's module: 8 by a counter, 8 by statistics, 4 by their
// returns, 4 by kprobes.
func exactScript() string {
	var globals, probes, results strings.Builder
	for i := range 24 {
		name := fmt.Sprintf("storm_%02d", i)
		count, sum := "n"+name, "s"+name
		point := fmt.Sprintf(`module(@1).function(%q).call`, name)
		body := fmt.Sprintf("{ %s++; %s += $argument }", count, sum)
		switch {
		case i >= 20:
			point, body = fmt.Sprintf(`kprobe.module("gostap_storm").function(%q)`, name), fmt.Sprintf("{ %s++; %s += register(\"rdi\") }", count, sum)
		case i >= 16:
			point, body = fmt.Sprintf(`module(@1).function(%q).return`, name), fmt.Sprintf("{ %s++; %s += $return - 1 }", count, sum)
		case i >= 8:
			body = fmt.Sprintf("{ %s <<< $argument }", sum)
		}
		fmt.Fprintf(&probes, "probe %s %s\n", point, body)
		if i >= 8 && i < 16 {
			fmt.Fprintf(&globals, "global %s\n", sum)
			fmt.Fprintf(&results, "\tif (@count(%[1]s)) println(\"%[2]s \", @count(%[1]s), \" \", @sum(%[1]s))\n", sum, name)
		} else {
			fmt.Fprintf(&globals, "global %s, %s\n", count, sum)
			fmt.Fprintf(&results, "\tprintln(\"%s \", %s, \" \", %s)\n", name, count, sum)
		}
	}
	return globals.String() + probes.String() + "probe end {\n" + results.String() + "}\n"
}

// TestStormExact: R533, R534, R501: 24 probes on functions that two CPUs call as fast as they can, for ten
// minutes: every call is counted, with its argument, and nothing skipped. Waiting for a variable is not
// limited: an emulated CPU that holds one may stand still for as long as the machine has other things to do. An iteration is
// a second.
func TestStormExact(t *testing.T) {
	stormed(t, 600, func(t *testing.T, s *storm) {
		file := s.stormModule(t)
		defer s.run(t, "rmmod", "gostap_storm")
		module := s.build(t, s.kernel.Release, "-DSTP_NO_OVERLOAD", "-DSTAP_SUPPRESS_TIME_LIMITS", "-e", exactScript(), file)
		work := fmt.Sprintf(`work() { until [ -e /tmp/enough ]; do echo calls 1000 > /proc/gostap_storm; done; }
			(taskset -p 1 $(exec sh -c "echo \$PPID") >/dev/null; work) & (taskset -p 2 $(exec sh -c "echo \$PPID") >/dev/null; work) &
			sleep %d; touch /tmp/enough; wait; rm /tmp/enough`, s.Stated)
		if err := s.Put("/tmp/work", 0o755, strings.NewReader("#!/bin/sh\n"+work+"\n")); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		status, stdout, stderr := s.runFor(t, time.Duration(s.Stated)*time.Second+patience(10*time.Minute), "staprun", "-R", "-c", "/tmp/work", module)
		s.Done = int(time.Since(start).Seconds())
		if status != 0 || stderr != "" {
			t.Fatalf("status %d, %s\n%s", status, stderr, stdout)
		}
		_, text, _ := s.run(t, "cat", "/proc/gostap_storm")
		called, hit := tallies(t, text), tallies(t, stdout)
		total := 0
		for function, want := range called {
			total += want.calls
			if hit[function] != want {
				t.Errorf("%s: hits %+v, calls %+v", function, hit[function], want)
			}
		}
		if len(called) != 24 || len(hit) != 24 {
			t.Errorf("%d functions called, %d hit", len(called), len(hit))
		}
		t.Logf("%d hits", total)
	})
}

// TestStormHotplug: R501, R512: a CPU goes down and comes up again 100 times while probes of each kind hit
// on all that are there. No line of output is missing or twice.
func TestStormHotplug(t *testing.T) {
	stormed(t, 100, func(t *testing.T, s *storm) {
		module := s.build(t, s.kernel.Release, "-DMAXSKIPPED=1000000000", "-DSTP_NO_OVERLOAD", "-e", `
			global n, seen, hits
			probe kernel.function("do_sys_openat2"), kernel.function("vfs_read").return, kernel.trace("sched:sched_switch"),
				timer.profile, timer.ms(1), kprobe.function("vfs_write") { hits[pp(), cpu()] <<< 1; seen[cpu()]++ }
			probe kernel.function("do_sys_openat2") { printf("line %d\n", n++) }
			probe end { printf("end %d %d\n", n, seen[0] > 0 && seen[1] > 0) if (@count(hits["", 0])) println(1) }`)
		work := fmt.Sprintf(`i=0; while [ $i -lt %d ]; do
			echo 0 > /sys/devices/system/cpu/cpu1/online && echo 1 > /sys/devices/system/cpu/cpu1/online || break; i=$((i+1)); done; echo $i > /tmp/cycles`, s.Stated)
		if err := s.Put("/tmp/work", 0o755, strings.NewReader("#!/bin/sh\n"+work+"\n")); err != nil {
			t.Fatal(err)
		}
		status, stdout, stderr := s.shell(t, 20*time.Minute, busyWork+"busy & one=$!; busy & two=$!; staprun -R -b 16 -c /tmp/work "+module+" 2>&1 >/tmp/out; status=$?; kill $one $two; cat /tmp/out >&2; rm /tmp/out; exit $status")
		stdout, stderr = stderr, stdout // the shell's own output is staprun's standard error
		_, cycles, _ := s.run(t, "cat", "/tmp/cycles")
		s.Done = number(strings.TrimSpace(cycles))
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		for i, line := range lines[:len(lines)-1] {
			if want := fmt.Sprintf("line %d", i); line != want {
				t.Fatalf("%q instead of %q", line, want)
			}
		}
		if want := fmt.Sprintf("end %d 1", len(lines)-1); status != 0 || lines[len(lines)-1] != want {
			t.Errorf("status %d, %q, want %q\n%s", status, lines[len(lines)-1], want, stderr)
		}
	})
}

// TestStormCrowd: R501, R504: a hundred scripts at once, with the default size of buffers. Each runs or is
// refused in one line; memory does not run out, and afterwards nothing is left.
func TestStormCrowd(t *testing.T) {
	stormed(t, 100, func(t *testing.T, s *storm) {
		var modules []string
		for i := range 5 {
			modules = append(modules, s.build(t, s.kernel.Release, "-DMAXSKIPPED=1000000", "-DSTP_NO_OVERLOAD", "-e", fmt.Sprintf(`
				global n, s
				probe begin { println("ready") }
				probe kernel.function("do_sys_openat2"), kernel.trace("sched:sched_process_exit"), timer.ms(%d) { n++; s[execname(), %d] <<< 1 }
				probe end { println("end ", n > 0) if (@count(s["", 1])) println(1) }`, 200+i, i)))
		}
		status, stdout, stderr := s.shell(t, 20*time.Minute, fmt.Sprintf(`mkdir /tmp/crowd; cd /tmp/crowd
			i=0; for module in %s; do j=0; while [ $j -lt %d ]; do
				(staprun -R $module > $i.out 2> $i.err & run=$!; echo $run > $i.pid; wait $run; echo $? > $i.status) & j=$((j+1)) i=$((i+1)); done; done
			tries=0; while [ $(($(cat *.out | grep -c ready) + $(ls *.status 2>/dev/null | wc -l))) -lt $i ] && [ $tries -lt 600 ]; do sleep 1; tries=$((tries+1)); done
			loaded=$(grep -c ^stap_ /proc/modules)
			sleep 2; kill -TERM $(cat *.pid) 2>/dev/null; wait
			grep -h . *.err; echo; echo $i $(grep -l ready *.out | wc -l) $(grep -l 'end 1' *.out | wc -l) $(grep -lx 0 *.status | wc -l) $(grep -lx 1 *.status | wc -l) $loaded`,
			strings.Join(modules, " "), (s.Stated+4)/5))
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		var began, ready, ended, fine, refused, loaded int
		if _, err := fmt.Sscan(lines[len(lines)-1], &began, &ready, &ended, &fine, &refused, &loaded); err != nil || status != 0 {
			t.Fatalf("status %d, %s\n%s", status, stdout, stderr)
		}
		t.Logf("%d began, %d ran to their end, %d were refused, %d at once\n%s", began, ended, refused, loaded, strings.Join(lines[:len(lines)-1], "\n"))
		s.Done = fine + refused
		if ready != ended || fine != ended || fine == 0 || loaded != ready {
			t.Errorf("%d began, %d were ready, %d of them ended, %d with status 0 and %d with status 1; %d modules at once", began, ready, ended, fine, refused, loaded)
		}
		if memory := regexp.MustCompile(`(?m)^.*(?:Out of memory|oom-kill|page allocation failure).*$`).FindString(s.Console()); memory != "" {
			t.Errorf("memory ran out: %s", memory)
		}
	}, func(c *vm.Config) { c.Memory = 2048 })
}

// TestStormSuspended: R513, R503: staprun is stopped 20 times in the middle of a stream of output, which goes on,
// and goes on itself later. What it delivers and what it says is lost are what was made.
func TestStormSuspended(t *testing.T) {
	stormed(t, 20, func(t *testing.T, s *storm) {
		file := s.stormModule(t)
		defer s.run(t, "rmmod", "gostap_storm")
		module := s.build(t, s.kernel.Release, "-DSTP_NO_OVERLOAD", "-e", `
			probe module(@1).function("storm_task") { printf("line %d\n", $argument) }
			probe begin { println("begin") } probe end { println("end") }`, file)
		for range s.Stated {
			lines := 20000 + rand.IntN(200000)
			status, stdout, stderr := s.shell(t, 5*time.Minute, fmt.Sprintf(`
				staprun -R -b 2 %s > /tmp/out 2> /tmp/err & run=$!
				until grep -q begin /tmp/out; do usleep 10000; done
				echo task %d > /proc/gostap_storm & work=$!
				usleep %d; kill -STOP $run
				wait $work; usleep 100000; kill -CONT $run
				kill -TERM $run; wait $run; status=$?
				cat /tmp/err >&2; grep -c '^line [0-9]*$' /tmp/out; tail -n1 /tmp/out; wc -l < /tmp/out; exit $status`, module, lines, rand.IntN(200000)))
			var delivered, all int
			var last string
			if _, err := fmt.Sscan(stdout, &delivered, &last, &all); err != nil || status != 0 || last != "end" || all != delivered+2 {
				t.Fatalf("status %d, %s\n%s", status, stdout, stderr)
			}
			lost := 0
			if match := regexp.MustCompile(`(\d+) transport failures`).FindStringSubmatch(stderr); match != nil {
				lost = number(match[1])
			}
			if delivered+lost != lines {
				t.Errorf("%d lines made, %d delivered, %d lost\n%s", lines, delivered, lost, stderr)
			}
			s.Done++
		}
	})
}

// TestStormRemoved: R504, R503: rmmod is refused while a session runs, which does not notice.
func TestStormRemoved(t *testing.T) {
	stormed(t, 100, func(t *testing.T, s *storm) {
		module := s.build(t, s.kernel.Release, "-DMAXSKIPPED=1000000", "-DSTP_NO_OVERLOAD", "-e", `
			global n, hits
			probe begin { println("begin") }
			probe kernel.function("do_sys_openat2"), kernel.trace("sched:sched_switch") { n++; hits[execname()]++ }
			probe end { println("end ", n > 0) if (hits[""]) println(1) }`)
		status, stdout, stderr := s.shell(t, 10*time.Minute, busyWork+fmt.Sprintf(`busy & busy=$!
			staprun -R %s > /tmp/out 2> /tmp/err & run=$!
			until grep -q begin /tmp/out; do usleep 10000; done
			name=$(grep -o '^stap_[^ ]*' /proc/modules); i=0
			while [ $i -lt %d ]; do rmmod $name 2>/dev/null && { echo removed; break; }; i=$((i+1)); done
			kill -TERM $run; wait $run; status=$?; kill $busy; cat /tmp/err >&2; tail -n 1 /tmp/out; echo $i; exit $status`, module, s.Stated))
		var end string
		var hit int
		if _, err := fmt.Sscan(stdout, &end, &hit, &s.Done); err != nil || status != 0 || end != "end" || hit != 1 {
			t.Fatalf("status %d, %s\n%s", status, stdout, stderr)
		}
	})
}
