package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

// sweepScript probes every function that can be.
const sweepScript = `global n probe kernel.function("*").call { n <<< 1 } probe end { println(@count(n) > 0) }`

var sweepPlaces = regexp.MustCompile(`(?m)^(\d+) places: ftrace$`)

// sweeps measures how long it takes to set probes on all functions.
func (b *bench) sweeps(ctx context.Context) ([]table, error) {
	t := table{
		title: "Probes on every function",
		intro: "`probe kernel.function(\"*\").call { n <<< 1 }` in an emulated guest with two CPUs: seconds of the guest's clock for 1,000 functions, " +
			"from the start of staprun until the probes are armed, and from then until the module is gone.",
		header: []string{"kernel", "functions", "module", "load and arm 1,000", "disarm and unload 1,000"},
	}
	for _, k := range b.kernels {
		row, err := b.sweep(ctx, k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.Release, err)
		}
		t.rows = append(t.rows, row)
	}
	return []table{t}, nil
}

func (b *bench) sweep(ctx context.Context, k *kernel.Kernel) ([]string, error) {
	b.say("%s: probing every function", k.Release)
	module, err := b.buildModule(ctx, k, "sweep", sweepScript)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(module)
	if err != nil {
		return nil, err
	}
	guest, err := b.bootWith(ctx, k, module)
	if err != nil {
		return nil, err
	}
	defer guest.Close()
	var stdout, stderr bytes.Buffer
	const uptime = "cut -d' ' -f1 /proc/uptime"
	status, err := guest.Run(ctx, vm.Command{
		Args:   []string{"sh", "-c", uptime + "; staprun -v -o /dev/null -c \"" + uptime + "\" " + modulePath(0) + "; " + uptime},
		Stdout: &stdout, Stderr: &stderr,
	})
	if err != nil || status != 0 {
		return nil, fmt.Errorf("status %d, %w: %s", status, err, firstLine(stderr.String()))
	}
	times, err := floats(stdout.String())
	if err != nil {
		return nil, fmt.Errorf("reading the guest's clock: %w", err)
	}
	places := sweepPlaces.FindStringSubmatch(stderr.String())
	if len(times) != 3 || places == nil {
		return nil, fmt.Errorf("unexpected output %q, %q", stdout.String(), firstLine(stderr.String()))
	}
	count, _ := strconv.ParseFloat(places[1], 64) // digits
	each := func(from, to float64) string { return fmt.Sprintf("%.3f s", (to-from)/count*1000) }
	for _, complaint := range guest.Complaints() {
		b.say("%s: the guest's kernel: %s", k.Release, complaint)
	}
	return []string{k.Release, places[1], fmt.Sprintf("%.1f MB", float64(info.Size())/1e6), each(times[0], times[1]), each(times[1], times[2])}, nil
}
