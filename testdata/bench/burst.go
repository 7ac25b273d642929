package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

// burstLines is how many lines one process makes the probe print.
const burstLines = 300_000

// burstFile is where the guest keeps what was delivered.
const burstFile = "/bench/delivered"

// burst measures how much of a burst of output arrives.
func (b *bench) burst(ctx context.Context) ([]table, error) {
	t := table{
		title:  "A burst of output",
		intro:  fmt.Sprintf("%d lines of the `printf` above from one process, as fast as it can, on 2 CPUs with default settings, into a file; a guest with %d MB.", burstLines, guestMemory),
		header: []string{"kernel", "gostap delivered", "it reported", "bpftrace delivered", "it reported"},
		notes: []string{"SystemTap 5.6, measured in the same way on 6.1, delivered 193,014 and reported the rest as lost; in another run 177,689, " +
			"and its report did not add up. bpftrace delivered 18,042 then."},
	}
	for _, k := range b.kernels {
		row, err := b.burstRow(ctx, k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.Release, err)
		}
		t.rows = append(t.rows, row)
	}
	return []table{t}, nil
}

func (b *bench) burstRow(ctx context.Context, k *kernel.Kernel) ([]string, error) {
	config, noPeer, err := b.guestConfig(ctx, k)
	if err != nil {
		return nil, err
	}
	b.say("%s: a burst of %d lines", k.Release, burstLines)
	guest, err := vm.Boot(ctx, config)
	if err != nil {
		return nil, err
	}
	defer guest.Close()
	calls := fmt.Sprintf("%s %d", callsPath, burstLines)
	delivered, reported := runBurst(ctx, guest, "staprun", "-o", burstFile, "-c", calls, modulePath(printing))
	row := []string{k.Release, delivered, reported}
	if noPeer != nil {
		return append(row, noPeer.Error(), "–"), nil
	}
	delivered, reported = runBurst(ctx, guest, "bpftrace", "-o", burstFile, "-c", calls, "-e", works[printing].peerScript())
	return append(row, delivered, reported), nil
}

// runBurst runs a command that leaves lines in burstFile, and gives how many of
// them are the probe's, and what else the command said.
func runBurst(ctx context.Context, guest *vm.Guest, arguments ...string) (delivered, reported string) {
	var stderr bytes.Buffer
	status, err := guest.Run(ctx, vm.Command{Args: arguments, Stderr: &stderr})
	if err != nil {
		return err.Error(), "–"
	}
	output, err := guest.Get(burstFile)
	if err != nil {
		return err.Error(), "–"
	}
	count, said := 0, strings.TrimSpace(stderr.String())
	for line := range strings.Lines(string(output)) {
		if strings.HasPrefix(line, "calls ") {
			count++
		} else if strings.HasPrefix(line, "Lost ") { // bpftrace says so in between
			said = strings.TrimSpace(line) + ", among others"
		}
	}
	if said == "" {
		said = "nothing"
	}
	if status != 0 {
		said += fmt.Sprintf("; status %d", status)
	}
	return fmt.Sprint(count), strings.ReplaceAll(strings.ReplaceAll(said, "\n", "; "), "|", "/")
}
