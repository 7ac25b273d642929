package vm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestTelling: what is quoted of a long console: its end, or from shortly
// before the first complaint on.
func TestTelling(t *testing.T) {
	var c console
	for i := range 1000 {
		c.add(fmt.Appendf(nil, "[    1.000000] line %d\n\n", i))
	}
	if got := c.telling(); len(got) != quietLines || got[quietLines-1] != "[    1.000000] line 999" {
		t.Errorf("of a quiet console: %q", got)
	}
	c.add([]byte("[    2.000000] Oops: int3: 0000 [#1] PREEMPT SMP NOPTI\n"))
	for range 1000 {
		c.add([]byte("[    3.000000] Call Trace:\n"))
	}
	got := c.telling()
	if len(got) != complaintLines || got[0] != "[    1.000000] line 995" || !strings.Contains(got[linesBefore], "Oops") {
		t.Errorf("of a sick console: %q", got[:linesBefore+1])
	}
}

// Lines as kernels print them while all is well.
const healthyConsole = `[    0.984088] mtrr: your CPUs had inconsistent fixed MTRR settings
[    1.143126] acpi PNP0A03:00: fail to add MMCONFIG information, can't access extended PCI configuration space under this bridge.
[    0.102345] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on, data leaks possible via Spectre v2 BHB attacks!
[    2.113280] Unstable clock detected, switching default tracing clock to "global"
[    3.730126] stap_hello: loading out-of-tree module taints kernel.
[    3.730891] stap_hello: module verification failed: signature and/or required key missing - tainting kernel
[    4.000000] random: crng init done
WARNING: a program printed this on the console
BUG: and this
`

const sickConsole = `[    5.101010] ------------[ cut here ]------------
[    5.101011] WARNING: CPU: 0 PID: 77 at kernel/kprobes.c:1094 arm_kprobe+0x1b/0x20
[    5.101012] Modules linked in: stap_hello(OE) virtio_console
[    5.101013] Call Trace:
[    6.000000][  T123] BUG: unable to handle page fault for address: ffffffffdeadbeef
[    6.000001] Oops: 0000 [#1] PREEMPT SMP NOPTI
[    7.000000] WARNING: possible circular locking dependency detected
[    8.000000] rcu: INFO: rcu_preempt self-detected stall on CPU
[    9.000000] INFO: task staprun:99 blocked for more than 120 seconds.
[   10.000000] BUG: sleeping function called from invalid context at mm/slab.h:1
[   11.000000] watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [staprun:99]
[   12.000000] general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#2]
[   13.000000] WARNING: suspicious RCU usage
[   14.000000] kernel BUG at mm/slub.c:1!
[   15.000000] refcount_t: underflow; use-after-free.
[   15.100000] Unable to handle kernel NULL pointer dereference at virtual address 0000000000000000
[   15.100001] Internal error: Oops: 0000000096000004 [#1] SMP
[   15.100002] Call trace:
[   16.000000] Kernel panic - not syncing: Fatal exception
`

func TestComplaints(t *testing.T) {
	var c console
	c.add([]byte(healthyConsole))
	if got := c.allComplaints(); len(got) > 0 {
		t.Errorf("complaints of a healthy kernel:\n%s", strings.Join(got, "\n"))
	}
	// Serial consoles end lines with \r\n and deliver what they have.
	for _, b := range []byte(strings.ReplaceAll(sickConsole, "\n", "\r\n")) {
		c.add([]byte{b})
	}
	var want []string
	for line := range strings.Lines(sickConsole) {
		if !strings.Contains(line, "Modules linked in") {
			want = append(want, strings.TrimSpace(line))
		}
	}
	if got := c.allComplaints(); !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := c.fate(); got.panicked != "Kernel panic - not syncing: Fatal exception" || got.starved != "" {
		t.Errorf("fate %+v", got)
	}
	if got := c.string(); got != healthyConsole+sickConsole {
		t.Error("the console's text is not what came")
	}
	told := c.telling()
	if first, last := told[linesBefore], told[len(told)-1]; !strings.Contains(first, "cut here") || !strings.Contains(last, "Fatal exception") {
		t.Errorf("the telling lines are from %q to %q", first, last)
	}
}

func TestFate(t *testing.T) {
	for line, want := range map[string]fate{
		"[    1.5] Kernel panic - not syncing: System is deadlocked on memory": {
			panicked: "Kernel panic - not syncing: System is deadlocked on memory",
			starved:  "Kernel panic - not syncing: System is deadlocked on memory",
		},
		"[    1.5] Initramfs unpacking failed: write error":                {starved: "Initramfs unpacking failed: write error"},
		"guest init: the agent was killed by signal 9 (killed)":            {lastWords: "the agent was killed by signal 9 (killed)"},
		"[    1.5] Initramfs unpacking failed: invalid magic at the start": {},
	} {
		var c console
		c.add([]byte(line + "\n"))
		if got := c.fate(); got != want {
			t.Errorf("%s: %+v", line, got)
		}
	}
}

func TestConsoleIsBounded(t *testing.T) {
	var c console
	line := []byte(strings.Repeat("x", 1023) + "\n")
	for range 3 * consoleLimit / len(line) {
		c.add(line)
	}
	if n := len(c.string()); n < consoleLimit || n > 2*consoleLimit {
		t.Errorf("%d bytes kept", n)
	}
}
