package main

import (
	"context"
	"fmt"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

// classicRow is a row of the table that tracers are compared by: the same two
// system calls with and without probes.
type classicRow struct {
	name   string
	script string // "": no module
	unset  bool   // the module is loaded, its probes are not set
}

const (
	classicMarker = `probe kernel.trace("sys_enter") { n++ }`
	classicKprobe = `probe kprobe.function("__do_sys_getuid"), kprobe.function("__do_sys_getgid") { n++ }`
)

var classicRows = []classicRow{
	{name: "none"},
	{name: "a module with both, before its probes are armed", script: "global n " + classicMarker + " " + classicKprobe, unset: true},
	{name: "a tracepoint (`sys_enter`)", script: "global n " + classicMarker},
	{name: "a kprobe on the function", script: "global n " + classicKprobe},
	{name: "both", script: "global n " + classicMarker + " " + classicKprobe},
	{name: "none, after all that"},
}

// classic counts what system calls cost with probes, and that they cost what they did without.
func (b *bench) classic(ctx context.Context) ([]table, error) {
	t := table{
		title:  "System calls with and without probes",
		intro:  "Instructions that a call takes in all, counted as above; each probe does `n++`.",
		header: []string{"probes"},
		rows:   make([][]string, len(classicRows)),
	}
	for i, row := range classicRows {
		t.rows[i] = []string{row.name}
	}
	for i, k := range b.kernels {
		t.header = append(t.header, "getuid, "+b.series()[i], "getgid, "+b.series()[i])
		found, err := b.measureClassic(ctx, k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.Release, err)
		}
		for j, c := range found {
			t.rows[j] = append(t.rows[j], fmt.Sprintf("%.1f", c.probed.own), fmt.Sprintf("%.1f", c.control.own))
		}
	}
	return []table{t}, nil
}

func (b *bench) measureClassic(ctx context.Context, k *kernel.Kernel) ([]cost, error) {
	guest, _, err := b.floorGuest(ctx, k)
	if err != nil {
		return nil, err
	}
	defer guest.Close()
	var found []cost
	for _, row := range classicRows {
		c, err := b.classicCost(ctx, guest, k, row)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", row.name, err)
		}
		found = append(found, c)
	}
	return found, nil
}

func (b *bench) classicCost(ctx context.Context, guest *vm.Guest, k *kernel.Kernel, row classicRow) (cost, error) {
	if row.script == "" {
		c := runCalls(ctx, guest, callsPath)
		return c, c.err
	}
	module, err := b.buildModule(ctx, k, "classic", row.script)
	if err != nil {
		return cost{}, err
	}
	if err := put(guest, modulePath(0), module); err != nil {
		return cost{}, err
	}
	if !row.unset {
		c := runCalls(ctx, guest, "staprun", "-o", "/dev/null", "-c", callsPath, modulePath(0))
		return c, c.err
	}
	if err := inGuest(ctx, guest, nil, "insmod", modulePath(0)); err != nil {
		return cost{}, err
	}
	c := runCalls(ctx, guest, callsPath)
	if err := inGuest(ctx, guest, nil, "rmmod", "classic"); err != nil {
		return cost{}, err
	}
	return c, c.err
}
