package main

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

// burstLines is how many lines one process makes the probe print.
const burstLines = 300_000

// burstFile is where the guest keeps what was delivered.
const burstFile = "/bench/delivered"

// delivery is what came of a run that prints lines.
type delivery struct {
	produced, delivered int
	seconds             float64 // of the guest's clock, until the last call
	said                string  // by the tracer, besides the output
	failed              bool    // it ended with an error
	err                 error
}

// burst measures how much of a burst of output arrives, and at which rate all does.
func (b *bench) burst(ctx context.Context) ([]table, error) {
	t := table{
		title:  "A burst of output",
		intro:  fmt.Sprintf("%d lines of the `printf` above from one process, as fast as it can, on 2 CPUs, into a file; a guest with %d MB.", burstLines, guestMemory),
		header: []string{"kernel", "tracer", "delivered", "lost, as reported", "what it said"},
		notes: []string{"SystemTap 5.6, measured in the same way on 6.1, delivered 193,014 and reported the rest as lost; in another run 177,689, " +
			"and its report did not add up. bpftrace delivered 18,042 then.",
			"By default SystemTap ends a session whose probes take more than half of a CPU's time; `" + noLimit + "` lifts that limit."},
	}
	rates := table{
		title: "Output without loss",
		intro: "The most lines a second of the guest's clock of which none was lost: as fast as one process can, or where that loses some, at a steady rate, found by halving; " +
			"on 2 CPUs with default settings, into a file.",
		header: []string{"kernel", "tracer", "lines", "lines a second", "with more"},
	}
	for _, k := range b.kernels {
		if err := b.bursts(ctx, k, &t, &rates); err != nil {
			return nil, fmt.Errorf("%s: %w", k.Release, err)
		}
	}
	return []table{t, rates}, nil
}

func (b *bench) bursts(ctx context.Context, k *kernel.Kernel, t, rates *table) error {
	config, others, err := b.guestConfig(ctx, k)
	if err != nil {
		return err
	}
	guest, err := vm.Boot(ctx, config)
	if err != nil {
		return err
	}
	defer guest.Close()
	t.notes = append(t.notes, fmt.Sprintf("When it began on %s the machine's load was %s, for %d cores.", k.Release, load(), runtime.NumCPU()))
	plain, all := ours("gostap"), []tracer{others.bpftrace, others.systemTap}
	if others.unlimited.missing == nil { // or else systemTap's row says why
		all = append(all, others.unlimited)
	}
	for _, each := range append([]tracer{plain, ours("gostap, -s 2", "--buffer", "2"), ours(suspended, "--buffer", "2")}, all...) {
		b.say("%s: a burst of %d lines, %s", k.Release, burstLines, each.name)
		t.rows = append(t.rows, append([]string{k.Release, each.name}, each.run(ctx, guest, burstLines, 0).cells()...))
		if each.note != "" {
			t.notes = append(t.notes, each.note)
		}
	}
	for _, each := range append([]tracer{plain}, all...) {
		b.say("%s: the highest rate without loss, %s", k.Release, each.name)
		rates.rows = append(rates.rows, append([]string{k.Release, each.name}, each.highestRate(ctx, guest)...))
	}
	return nil
}

// suspended is the tracer that is stopped while lines are printed.
const suspended = "gostap, -s 2, staprun stopped meanwhile"

// run has a process call so often, and so often a second unless that is 0.
func (t tracer) run(ctx context.Context, guest *vm.Guest, lines, rate int) delivery {
	if t.missing != nil {
		return delivery{err: t.missing}
	}
	calls := fmt.Sprintf("%s %d %d", callsPath, lines, rate)
	if t.name == suspended {
		calls = "kill -STOP $PPID; " + calls + "; kill -CONT $PPID"
	}
	if err := inGuest(ctx, guest, nil, "rm", "-f", burstFile); err != nil {
		return delivery{err: err}
	}
	var stdout, stderr bytes.Buffer
	status, err := guest.Run(ctx, vm.Command{Args: t.command(printing, burstFile, calls), Stdout: &stdout, Stderr: &stderr})
	if err != nil {
		return delivery{err: err}
	}
	d := delivery{produced: lines, said: strings.TrimSpace(stderr.String())}
	output, err := guest.Get(burstFile)
	if err != nil {
		return delivery{err: fmt.Errorf("%w; said: %s", err, d.said)}
	}
	lost := 0
	for line := range strings.Lines(string(output)) {
		var n int
		if strings.HasPrefix(line, "calls ") {
			d.delivered++
		} else if found, _ := fmt.Sscanf(line, "Lost %d events", &n); found == 1 { // bpftrace says so in between
			lost += n
			d.said = fmt.Sprintf("Lost %d events, in all", lost)
		}
	}
	if nanoseconds, err := strconv.ParseFloat(strings.TrimSpace(stdout.String()), 64); err == nil {
		d.seconds = nanoseconds / 1e9
	}
	if d.failed = status != 0; d.failed {
		d.said += fmt.Sprintf("; status %d", status)
	}
	return d
}

// lostMessages matches what gostap and SystemTap, or bpftrace in all, say is lost.
var lostMessages = regexp.MustCompile(`There were (\d+) transport failures|Lost (\d+) events`)

// cells are those of a row: what arrived, what is said to be lost, and all that is said.
func (d delivery) cells() []string {
	if d.err != nil {
		return []string{"–", "–", strings.ReplaceAll(d.err.Error(), "|", "/")}
	}
	lost, said := "–", strings.NewReplacer("\n", "; ", "|", "/").Replace(d.said)
	if found := lostMessages.FindStringSubmatch(d.said); found != nil {
		n, _ := strconv.Atoi(found[1] + found[2]) // digits, of the one that matched
		lost = fmt.Sprint(n)
		if missing := d.produced - n - d.delivered; d.failed {
			lost += " until it ended"
		} else if missing > 0 {
			lost += fmt.Sprintf(": **%d too few**", missing)
		} else if missing < 0 {
			lost += fmt.Sprintf(": **%d too many**", -missing)
		}
	}
	if said == "" {
		said = "nothing"
	}
	return []string{fmt.Sprint(d.delivered), lost, said}
}

// rateLines is how many lines show that a rate can be kept up at full speed, rateSeconds how long
// a steady rate is tried.
const (
	rateLines   = 1_000_000
	rateSeconds = 4
)

// highestRate gives the lines, the rate, and what happened at the next higher rate.
func (t tracer) highestRate(ctx context.Context, guest *vm.Guest) []string {
	free := t.run(ctx, guest, rateLines, 0)
	if free.err != nil || free.seconds == 0 {
		return []string{"–", "–", free.cells()[2]}
	}
	rate := int(float64(free.produced) / free.seconds)
	if free.delivered == free.produced {
		return []string{fmt.Sprint(free.produced), fmt.Sprint(rate), "it is as fast as the process can"}
	}
	good, bad, lost := 0, rate, free
	for step := rate / 2; step > max(good/8, 100); step /= 2 {
		if d := t.run(ctx, guest, (good+step)*rateSeconds, good+step); d.err != nil {
			break
		} else if d.delivered == d.produced {
			good += step
		} else {
			bad, lost = good+step, d
		}
	}
	return []string{fmt.Sprint(good * rateSeconds), fmt.Sprint(good), fmt.Sprintf("at %d a second %d of %d are lost", bad, lost.produced-lost.delivered, lost.produced)}
}
