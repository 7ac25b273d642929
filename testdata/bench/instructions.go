package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

//go:embed calls.c
var callsSource []byte

// callCount is COUNT of calls.c, callsPath the program in the guest.
const (
	callCount = 20_000
	callsPath = "/bench/calls"
)

// entry is the function that getuid runs; __x64_sys_getuid is another name of it.
const entry = "__do_sys_getuid"

// work is what a probe does at each hit.
type work struct {
	global   string // what the handler writes, if anything
	handler  string
	bpftrace string // the same for bpftrace, for what comes before parts
}

// What the works are, by their place in the list.
const (
	nothing = iota
	counting
	arraying
	aggregating
	printing
	parts // from here on: pieces of what is printed, for ours alone
)

var works = []work{
	nothing:     {"", `{ next }`, `{ }`},
	counting:    {"n", `{ n++ }`, `{ @n++ }`},
	arraying:    {"a", `{ a[execname(), pid()]++ }`, `{ @a[comm, pid]++ }`},
	aggregating: {"s", `{ s[execname(), pid()] <<< 1 }`, `{ @s[comm, pid] = stats(1) }`},
	printing:    {"", `{ printf("%s %d %d\n", execname(), pid(), gettimeofday_ns()) }`, `{ printf("%s %d %d\n", comm, pid, nsecs) }`},
	{handler: `{ print("\n") }`},
	{handler: `{ print(execname()) }`},
	{handler: `{ print(pid()) }`},
	{handler: `{ print(gettimeofday_ns()) }`},
	{global: "n", handler: `{ n += gettimeofday_ns() }`},
	{global: "n", handler: `{ n += pid() }`},
	{handler: `{ printf("%5d %-8s %x\n", pid(), execname(), pid()) }`},
}

// script gives the work as a script of ours, which prints its global at the end.
func (w work) script() string {
	script := fmt.Sprintf("probe kernel.function(%q) %s", entry, w.handler)
	if w.global != "" {
		script = "global " + w.global + "\n" + script
	}
	return script
}

// peerScript gives the work as a script of bpftrace's.
func (w work) peerScript() string { return "kprobe:" + entry + " " + w.bpftrace }

// round is one line of calls.c, in instructions per call.
type round struct {
	own   float64 // in the calling process
	loop  float64 // and what else ran until the last call
	total float64 // and what the reader did afterwards
}

func (r round) minus(other round) round {
	return round{r.own - other.own, r.loop - other.loop, r.total - other.total}
}

// cost is what one run of calls.c says.
type cost struct {
	probed, control round // of getuid and getgid
	err             error // why there is none
}

// above gives what the probe adds.
func (c cost) above(unprobed cost) cost {
	return cost{c.probed.minus(unprobed.probed), c.control.minus(unprobed.control), c.err}
}

// costs are the figures of one kernel.
type costs struct {
	unprobed cost
	ours     []cost // per work, above the unprobed call
	peers    []peerCosts
}

// peerCosts are the figures of another tracer.
type peerCosts struct {
	tracer
	works []cost // until printing, above the unprobed call
}

// hitRow is a row of the table of instructions per hit.
type hitRow struct {
	work      int
	name      string
	part      func(round) float64
	target    float64
	floor     map[string]string // the kernel's own, by series
	systemtap map[string]string // SystemTap 5.6, by series
}

func ownPart(r round) float64   { return r.own }
func loopPart(r round) float64  { return r.loop }
func totalPart(r round) float64 { return r.total }

var ftraceFloor = map[string]string{"6.1": "35", "6.12": "40"}

var hitRows = []hitRow{
	{work: nothing, name: "nothing, at a function's entry", part: ownPart, target: 70, floor: ftraceFloor},
	{work: counting, name: "`n++` at a function's entry", part: ownPart, target: 70, floor: ftraceFloor,
		systemtap: map[string]string{"6.1": "484", "6.12": "491"}},
	{work: arraying, name: "`a[execname(), pid()]++`", part: ownPart, target: 300, floor: ftraceFloor,
		systemtap: map[string]string{"6.1": "932", "6.12": "986"}},
	{work: aggregating, name: "`s[execname(), pid()] <<< 1`", part: ownPart, target: 300, floor: ftraceFloor,
		systemtap: map[string]string{"6.1": "772", "6.12": "820"}},
	{work: printing, name: "`printf(\"%s %d %d\\n\", execname(), pid(), gettimeofday_ns())`, in the probed process", part: ownPart},
	{work: printing, name: "the same with the reader, until the last call", part: loopPart, target: 700,
		systemtap: map[string]string{"6.1": "5,385–5,561", "6.12": "5,033"}},
	{work: printing, name: "the same with the reader, until it has caught up", part: totalPart, target: 700},
}

// instructions measures what a hit costs.
func (b *bench) instructions(ctx context.Context) ([]table, error) {
	var found []*costs
	for _, k := range b.kernels {
		c, err := b.measureCosts(ctx, k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.Release, err)
		}
		found = append(found, c)
	}
	t := table{
		title:  "Instructions per probe hit",
		intro:  "Instructions above those of an unprobed `getuid`, counted in a guest with `-icount shift=0,sleep=off -smp 1`; 20,000 calls.",
		header: []string{"work"},
	}
	series := b.series()
	split := b.partsTable(found)
	headings := []string{"gostap"}
	for _, peer := range found[0].peers {
		headings = append(headings, peer.name)
	}
	for _, heading := range append(headings, "SystemTap 5.6", "kernel's floor") {
		for _, s := range series {
			t.header = append(t.header, heading+", "+s)
		}
		if len(t.header) == 1+len(series) {
			t.header = append(t.header, "target")
		}
	}
	for _, row := range hitRows {
		t.rows = append(t.rows, b.hitCells(row, found))
	}
	t.notes = hitNotes(series, found)
	return []table{t, split}, nil
}

// partsTable says what the printing of a line is made of.
func (b *bench) partsTable(found []*costs) table {
	t := table{
		title:  "What a printed line costs, by its parts",
		intro:  "Instructions per hit, counted as above: in the probed process, and what the reader adds until it has caught up.",
		header: []string{"handler"},
	}
	for _, s := range b.series() {
		t.header = append(t.header, "in the process, "+s, "the reader, "+s)
	}
	for i := printing; i < len(works); i++ {
		row := []string{"`" + works[i].handler + "`"}
		for _, c := range found {
			if err := c.ours[i].err; err != nil {
				row = append(row, err.Error(), "–")
				continue
			}
			r := c.ours[i].probed
			row = append(row, fmt.Sprintf("%.0f", r.own), fmt.Sprintf("%.0f", r.total-r.own))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// hitCells fills in a row.
func (b *bench) hitCells(row hitRow, found []*costs) []string {
	var figures []float64
	for _, c := range found {
		if c.ours[row.work].err == nil {
			figures = append(figures, row.part(c.ours[row.work].probed))
		}
	}
	cell := func(c cost) string {
		if c.err != nil {
			return strings.ReplaceAll(c.err.Error(), "|", "/")
		}
		return fmt.Sprintf("%.0f", row.part(c.probed))
	}
	series := b.series()
	given := func(values map[string]string) []string {
		return b.perKernel(func(i int) string {
			if value := values[series[i]]; value != "" {
				return value
			}
			return "–"
		})
	}
	cells := append([]string{row.name}, b.perKernel(func(i int) string { return cell(found[i].ours[row.work]) })...)
	cells = append(cells, against(row.target, "", figures...))
	for peer := range found[0].peers {
		cells = append(cells, b.perKernel(func(i int) string {
			if found[i].peers[peer].missing != nil {
				return "–" // a note says why
			}
			return cell(found[i].peers[peer].works[row.work])
		})...)
	}
	return append(append(cells, given(row.systemtap)...), given(row.floor)...)
}

// hitNotes says how far the figures can be trusted.
func hitNotes(series []string, found []*costs) []string {
	var drift float64
	var unprobed, peers []string
	for i, c := range found {
		unprobed = append(unprobed, fmt.Sprintf("%.0f on %s", c.unprobed.probed.own, series[i]))
		all := slices.Clone(c.ours)
		for _, peer := range c.peers {
			all = append(all, peer.works...)
			if peer.missing != nil {
				peers = append(peers, fmt.Sprintf("%s on %s: %v.", peer.name, series[i], peer.missing))
			} else if peer.note != "" {
				peers = append(peers, peer.note)
			}
		}
		for _, each := range all {
			if each.err == nil {
				drift = max(drift, math.Abs(each.control.own))
			}
		}
	}
	return append([]string{
		fmt.Sprintf("An unprobed `getuid` takes %s. `getgid`, which nobody probes, cost at most %.1f instructions more or less in the same runs.", strings.Join(unprobed, " and "), drift),
		"The probe is on `" + entry + "`, alias `__x64_sys_getuid`. bpftrace takes a kprobe there, the same `n++` is `@n++`, and `nsecs`, " +
			"the time since boot, stands for `gettimeofday_ns()`. Output goes to /dev/null. " +
			"The figures of SystemTap 5.6 and the floors (an ftrace callback that only counts) were taken in the same way, the floors with a C module, and are quoted.",
	}, peers...)
}

// measureCosts runs all works in one guest.
func (b *bench) measureCosts(ctx context.Context, k *kernel.Kernel) (*costs, error) {
	config, others, err := b.guestConfig(ctx, k)
	if err != nil {
		return nil, err
	}
	config.InstructionCount = true
	b.say("%s: booting a guest that counts instructions", k.Release)
	guest, err := vm.Boot(ctx, config)
	if err != nil {
		return nil, err
	}
	defer guest.Close()
	// A booting kernel is busy with itself.
	if _, err := guest.Run(ctx, vm.Command{Args: []string{"sleep", "20"}}); err != nil {
		return nil, err
	}
	found := &costs{unprobed: runCalls(ctx, guest, callsPath)}
	if found.unprobed.err != nil {
		return nil, found.unprobed.err
	}
	count := func(each tracer, works []work) []cost {
		var counted []cost
		for i, w := range works {
			b.say("%s: counting %s, %s", k.Release, w.handler, each.name)
			counted = append(counted, runCalls(ctx, guest, each.command(i, "/dev/null", callsPath)...).above(found.unprobed))
		}
		return counted
	}
	found.ours = count(ours("gostap"), works)
	for _, peer := range []tracer{others.bpftrace, others.systemTap} {
		counted := peerCosts{tracer: peer}
		if peer.missing == nil {
			counted.works = count(peer, works[:parts])
		}
		found.peers = append(found.peers, counted)
	}
	for _, complaint := range guest.Complaints() {
		b.say("%s: the guest's kernel: %s", k.Release, complaint)
	}
	return found, nil
}

// runCalls runs a command that runs calls.c. Whatever it complains of, such as
// lost output, spoils the figure.
func runCalls(ctx context.Context, guest *vm.Guest, arguments ...string) cost {
	var stdout, stderr bytes.Buffer
	status, err := guest.Run(ctx, vm.Command{Args: arguments, Stdout: &stdout, Stderr: &stderr})
	if err != nil {
		return cost{err: fmt.Errorf("%s: %w", arguments[0], err)}
	}
	rounds := map[string]round{}
	for line := range strings.Lines(stdout.String()) {
		var name string
		var own, loop, rest float64
		if n, _ := fmt.Sscan(line, &name, &own, &loop, &rest); n == 4 {
			rounds[name] = round{own / callCount, loop / callCount, (loop + rest) / callCount}
		}
	}
	if complaint := firstLine(stderr.String()); status != 0 || complaint != "" || rounds["getgid"].own == 0 {
		return cost{err: fmt.Errorf("ended with status %d: %s", status, complaint)}
	}
	return cost{probed: rounds["getuid"], control: rounds["getgid"]}
}
