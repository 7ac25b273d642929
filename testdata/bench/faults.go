package main

import (
	"context"
	"fmt"

	"github.com/gostap/gostap/kernel"
)

// armedFault is a fault that is armed and does not happen.
type armedFault struct {
	name     string
	settings string
	asks     string  // the call that asks for it
	target   float64 // instructions
}

var armedFaults = []armedFault{
	{"`every` call of so many", "every=1000000000 target", `fault("f")`, 140},
	{"`probability`, with a seed", "probability=0.000000001 seed=7 target", `fault("f")`, 140},
	{"of a `process` that does not call", "process=nobody", `fault("f")`, 140},
	{"of a `range`, by an argument", "range=5-6", `fault("f", long_arg(1))`, 0},
	{"switched `off`", "off", `fault("f")`, 140},
}

func (f armedFault) script() string {
	return fmt.Sprintf("probe begin { fault_set(\"f\", %q) } probe kernel.function(%q).call { if (%s) override_return(-1) }", f.settings, entry, f.asks)
}

// faults measures what they cost.
func (b *bench) faults(ctx context.Context) ([]table, error) {
	t := table{
		title:  "Instructions per hit of a fault that does not happen",
		intro:  "An armed fault at a function's entry that `override_return()` would leave out, counted as above; the caller is the command of `-c`.",
		header: []string{"fault"},
	}
	rows := make([][]string, len(armedFaults))
	figures := make([][]float64, len(armedFaults))
	for _, k := range b.kernels {
		found, err := b.measureFaults(ctx, k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.Release, err)
		}
		for i, c := range found {
			rows[i] = append(rows[i], c.cell(ownPart))
			if c.err == nil {
				figures[i] = append(figures[i], c.probed.own)
			}
		}
	}
	for _, series := range b.series() {
		t.header = append(t.header, "gostap, "+series)
	}
	t.header = append(t.header, "target")
	for i, f := range armedFaults {
		t.rows = append(t.rows, append(append([]string{f.name}, rows[i]...), against(f.target, "", figures[i]...)))
	}
	return []table{t}, nil
}

func (b *bench) measureFaults(ctx context.Context, k *kernel.Kernel) ([]cost, error) {
	guest, _, unprobed, err := b.unprobedGuest(ctx, k)
	if err != nil {
		return nil, err
	}
	defer guest.Close()
	var found []cost
	for _, f := range armedFaults {
		b.say("%s: counting a fault, %s", k.Release, f.settings)
		module, err := b.buildModule(ctx, k, "fault", f.script())
		if err != nil {
			return nil, err
		}
		if err := put(guest, modulePath(0), module); err != nil {
			return nil, err
		}
		found = append(found, runCalls(ctx, guest, "sh", "-c", "staprun -c "+callsPath+" "+modulePath(0)+" 2>/dev/null").above(unprobed)) // without the summary
	}
	return found, nil
}
