package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

//go:embed floor.c
var floorSource []byte

// mechanism is a way in which the kernel comes to a probe, with a probe that does
// nothing.
type mechanism struct {
	name    string
	point   func(place) string
	floor   string // the mechanism of floor.c
	counts  bool   // the probe does n++ instead
	inside  bool   // the place is within the function, not at its entry
	trap    bool   // the kernel's optimiser is off
	targets map[string]float64
}

// place is what is probed in the guest, whose kernel runs where it was linked.
type place struct{ entry, inside uint64 }

func atEntry(format string) func(place) string {
	return func(place) string { return fmt.Sprintf(format, entry) }
}

func atTracepoint(place) string { return `kernel.trace("sys_enter")` }

func insideOf(p place) string { return fmt.Sprintf("kprobe.statement(%#x).absolute", p.inside) }

var mechanisms = []mechanism{
	{name: "ftrace, at a function's entry", point: atEntry("kernel.function(%q)"), floor: "ftrace", targets: map[string]float64{"6.1": 60, "6.12": 66}},
	{name: "kprobe on ftrace", point: atEntry("kprobe.function(%q)"), floor: "kprobe", targets: map[string]float64{"6.1": 200, "6.12": 200}},
	{name: "optimised kprobe", point: insideOf, floor: "kprobe", inside: true, targets: map[string]float64{"6.1": 140, "6.12": 140}},
	{name: "breakpoint kprobe", point: insideOf, floor: "kprobe", inside: true, trap: true},
	{name: "return", point: atEntry("kernel.function(%q).return"), floor: "kretprobe", targets: map[string]float64{"6.1": 430, "6.12": 470}},
	{name: "the same, floor of fprobe", floor: "fprobe"},
	{name: "tracepoint (`sys_enter`)", point: atTracepoint, floor: "tracepoint", targets: map[string]float64{"6.1": 90, "6.12": 90}},
	{name: "the same with `n++`", point: atTracepoint, counts: true, floor: "tracepoint", targets: map[string]float64{"6.1": 90, "6.12": 90}},
}

func (m mechanism) script(where place) string {
	if m.counts {
		return fmt.Sprintf("global n probe %s { n++ }", m.point(where))
	}
	return fmt.Sprintf("probe %s { next }", m.point(where))
}

// byMechanism measures what each mechanism costs.
func (b *bench) byMechanism(ctx context.Context) ([]table, error) {
	t := table{
		title: "Instructions per hit, by mechanism",
		intro: "A probe whose handler does nothing (`next`), counted as above; beside it `testdata/bench/floor.c`, a C module whose handler is `n++`. " +
			"Optimised kprobes are counted once the kernel has optimised them.",
		header: []string{"mechanism"},
	}
	for _, series := range b.series() {
		t.header = append(t.header, "gostap, "+series, "floor", "target")
	}
	cells := make([][]string, len(mechanisms))
	for i, k := range b.kernels {
		found, err := b.measureMechanisms(ctx, k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.Release, err)
		}
		for j, m := range mechanisms {
			var figures []float64
			cell := "–"
			if m.point != nil {
				if cell = found[j].ours.cell(ownPart); found[j].ours.err == nil {
					figures = []float64{found[j].ours.probed.own}
				}
			}
			cells[j] = append(cells[j], cell, found[j].floor.cell(ownPart), against(m.targets[b.series()[i]], "", figures...))
		}
	}
	for j, m := range mechanisms {
		t.rows = append(t.rows, append([]string{m.name}, cells[j]...))
	}
	return []table{t}, nil
}

// cell gives a part of a cost, or why there is none.
func (c cost) cell(part func(round) float64) string {
	if c.err != nil {
		return strings.ReplaceAll(c.err.Error(), "|", "/")
	}
	return fmt.Sprintf("%.0f", part(c.probed))
}

// mechanismCost is what a mechanism costs above the unprobed call.
type mechanismCost struct{ ours, floor cost }

// floorGuest is a guest that counts instructions, with calls.c and floor.c.
func (b *bench) floorGuest(ctx context.Context, k *kernel.Kernel) (*vm.Guest, place, error) {
	floor, err := b.compileFloor(ctx, k)
	if err != nil {
		return nil, place{}, err
	}
	busybox, err := kernel.Busybox(k.Arch)
	if err != nil {
		return nil, place{}, err
	}
	calls, err := b.compileCalls(ctx)
	if err != nil {
		return nil, place{}, err
	}
	b.say("%s: booting a guest that counts instructions", k.Release)
	guest, err := vm.Boot(ctx, vm.Config{
		Image: k.Image, ModulesDir: k.ModulesDir, Staprun: b.staprun, Busybox: busybox, Arch: k.Arch.Name,
		InstructionCount: true, Append: "nokaslr",
		Files: []vm.File{{Path: callsPath, Mode: 0o755, Host: calls}, {Path: "/bench/floor.ko", Mode: 0o644, Host: floor}},
	})
	if err != nil {
		return nil, place{}, err
	}
	where, err := settle(ctx, guest)
	if err != nil {
		guest.Close()
		return nil, place{}, err
	}
	return guest, where, nil
}

// settle waits until a booted guest is idle and finds the place to probe.
func settle(ctx context.Context, guest *vm.Guest) (place, error) {
	if err := inGuest(ctx, guest, nil, "sleep", "20"); err != nil {
		return place{}, err
	}
	return findPlace(ctx, guest)
}

// unprobedGuest is a floorGuest that has counted the calls without a probe.
func (b *bench) unprobedGuest(ctx context.Context, k *kernel.Kernel) (*vm.Guest, place, cost, error) {
	guest, where, err := b.floorGuest(ctx, k)
	if err != nil {
		return nil, place{}, cost{}, err
	}
	unprobed := runCalls(ctx, guest, callsPath)
	if unprobed.err != nil {
		guest.Close()
	}
	return guest, where, unprobed, unprobed.err
}

func (b *bench) measureMechanisms(ctx context.Context, k *kernel.Kernel) ([]mechanismCost, error) {
	guest, where, unprobed, err := b.unprobedGuest(ctx, k)
	if err != nil {
		return nil, err
	}
	defer guest.Close()
	found := make([]mechanismCost, len(mechanisms))
	for i, m := range mechanisms {
		b.say("%s: counting %s", k.Release, m.name)
		optimise := "1"
		if m.trap {
			optimise = "0"
		}
		if err := inGuest(ctx, guest, nil, "sysctl", "-w", "debug.kprobes-optimization="+optimise); err != nil {
			return nil, err
		}
		if m.point != nil {
			module, err := b.buildModule(ctx, k, "mechanism", m.script(where))
			if err != nil {
				b.say("%v", err)
				found[i].ours.err = fmt.Errorf("not built")
			} else if err := put(guest, modulePath(0), module); err != nil {
				return nil, err
			} else {
				found[i].ours = runCalls(ctx, guest, "staprun", "-o", "/dev/null", "-c", callsPath, modulePath(0)).above(unprobed)
			}
		}
		found[i].floor = floorCost(ctx, guest, m, where).above(unprobed)
	}
	for _, complaint := range guest.Complaints() {
		b.say("%s: the guest's kernel: %s", k.Release, complaint)
	}
	return found, nil
}

// floorCost runs calls.c while floor.c is loaded.
func floorCost(ctx context.Context, guest *vm.Guest, m mechanism, where place) cost {
	address := where.entry
	if m.inside {
		address = where.inside
	}
	if err := insertFloor(ctx, guest, m.floor, address); err != nil {
		return cost{err: fmt.Errorf("–")}
	}
	found := runCalls(ctx, guest, callsPath)
	if err := inGuest(ctx, guest, nil, "rmmod", "floor"); err != nil {
		return cost{err: err}
	}
	return found
}

// findPlace asks the guest where the function is. The place inside is the
// instruction behind ftrace's, where the kernel accepts a kprobe.
func findPlace(ctx context.Context, guest *vm.Guest) (place, error) {
	var output bytes.Buffer
	if err := inGuest(ctx, guest, &output, "grep", " "+entry+"$", "/proc/kallsyms"); err != nil {
		return place{}, err
	}
	address, _, _ := strings.Cut(output.String(), " ")
	at, err := strconv.ParseUint(address, 16, 64)
	if err != nil {
		return place{}, fmt.Errorf("/proc/kallsyms has no %s: %q", entry, output.String())
	}
	for _, offset := range []uint64{9, 5} { // with the instruction of IBT in front, and without
		if err = insertFloor(ctx, guest, "kprobe", at+offset); err == nil {
			return place{at, at + offset}, inGuest(ctx, guest, nil, "rmmod", "floor")
		}
	}
	return place{}, err
}

func insertFloor(ctx context.Context, guest *vm.Guest, mechanism string, address uint64) error {
	return inGuest(ctx, guest, nil, "insmod", "/bench/floor.ko", "mechanism="+mechanism, fmt.Sprintf("address=%#x", address))
}

// inGuest runs a command that must succeed.
func inGuest(ctx context.Context, guest *vm.Guest, stdout *bytes.Buffer, arguments ...string) error {
	var stderr bytes.Buffer
	command := vm.Command{Args: arguments, Stderr: &stderr}
	if stdout != nil {
		command.Stdout = stdout
	}
	status, err := guest.Run(ctx, command)
	if err == nil && status != 0 {
		err = fmt.Errorf("%s ended with status %d: %s", strings.Join(arguments, " "), status, firstLine(stderr.String()))
	}
	return err
}

// put writes a file of this machine into the guest.
func put(guest *vm.Guest, path, host string) error {
	file, err := os.Open(host)
	if err != nil {
		return err
	}
	defer file.Close()
	return guest.Put(path, 0o644, file)
}

// compileFloor makes a module of floor.c.
func (b *bench) compileFloor(ctx context.Context, k *kernel.Kernel) (string, error) {
	folder, err := os.MkdirTemp(b.scratch, "floor")
	if err != nil {
		return "", err
	}
	for name, text := range map[string]string{"floor.c": string(floorSource), "Makefile": "obj-m := floor.o\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	output, err := exec.CommandContext(ctx, "make", "-C", k.BuildTree, "M="+folder, "CC=gcc-12", "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("compile floor.c: %w\n%s", err, output)
	}
	return filepath.Join(folder, "floor.ko"), nil
}
