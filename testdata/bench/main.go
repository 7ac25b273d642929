// Command bench measures gostap and writes docs/benchmarks.md.
//
// In go the programs in bin and the fetched kernels; out comes a page of tables:
//
//   - start-up is timed: script to module, each case several times in a cache of
//     its own (startup.go);
//   - so are pass 2 and listings
//   - cost per hit is counted: a guest whose clock is the number of instructions
//     executed runs a program that makes 20,000 calls with and without a probe on
//     them, beside bpftrace and SystemTap in the same guest (instructions.go,
//     calls.c, peers.go);
//   - so is what modules take to come and to go, and their memory (lifecycle.go),
//     and that nothing stays (classic.go);
//   - a burst of output shows how much of it arrives (burst.go);
//   - scripts on system calls are timed, and do what strace does (systemcalls.go).
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

// guestMemory is a guest's, in MB: bpftrace and its libraries are in it.
const guestMemory = 2048

// bench is one run of the program.
type bench struct {
	stap, staprun string // the programs measured
	scratch       string // a folder for what is built
	kernels       []*kernel.Kernel
	systemTaps    map[string]*systemTap // by release, once built
}

func main() {
	output := flag.String("o", "docs/benchmarks.md", "write the page to `FILE`")
	series := flag.String("kernel", "6.1,6.12", "measure on these kernels alone")
	only := flag.String("only", "", "measure `PART` alone: start-up, cross, analysis, instructions, mechanisms, faults, classic, lifecycle, sweep, burst or systemcalls")
	flag.Parse()
	if err := run(context.Background(), *output, *only, strings.Split(*series, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, output, only string, series []string) error {
	binaries, err := filepath.Abs("bin")
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	b := &bench{stap: filepath.Join(binaries, "stap"), staprun: filepath.Join(binaries, "staprun"), scratch: scratch, systemTaps: map[string]*systemTap{}}
	for _, release := range series {
		k, err := kernel.FindGuest(kernel.Named(release))
		if err != nil {
			return fmt.Errorf("%w; run: make prep", err)
		}
		b.kernels = append(b.kernels, k)
	}
	var tables []table
	for _, part := range []struct {
		name    string
		measure func(context.Context) ([]table, error)
	}{{"start-up", b.startUp}, {"cross", b.cross}, {"analysis", b.analysis}, {"instructions", b.instructions}, {"mechanisms", b.byMechanism}, {"faults", b.faults}, {"classic", b.classic}, {"lifecycle", b.lifecycle}, {"sweep", b.sweeps}, {"burst", b.burst}, {"systemcalls", b.systemCalls}} {
		if only != "" && only != part.name {
			continue
		}
		found, err := part.measure(ctx)
		if err != nil {
			return err
		}
		tables = append(tables, found...)
	}
	return os.WriteFile(output, b.page(ctx, tables), 0o644)
}

func (b *bench) say(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", arguments...)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// modulePath is the module of a work in the guest.
func modulePath(work int) string { return fmt.Sprintf("/bench/work%d.ko", work) }

// guestConfig is a guest with calls.c, the works' modules and the peers.
func (b *bench) guestConfig(ctx context.Context, k *kernel.Kernel) (config vm.Config, others peers, err error) {
	busybox, err := kernel.Busybox(k.Arch)
	if err != nil {
		return config, others, err
	}
	calls, err := b.compileCalls(ctx)
	if err != nil {
		return config, others, err
	}
	config = vm.Config{Image: k.Image, ModulesDir: k.ModulesDir, Staprun: b.staprun, Busybox: busybox, Arch: k.Arch.Name, Memory: guestMemory}
	config.Files = []vm.File{{Path: callsPath, Mode: 0o755, Host: calls}}
	for i, w := range works {
		module, err := b.buildModule(ctx, k, fmt.Sprintf("work%d", i), w.script())
		if err != nil {
			return config, others, err
		}
		config.Files = append(config.Files, vm.File{Path: modulePath(i), Mode: 0o644, Host: module})
	}
	others = b.addPeers(ctx, k, &config)
	return config, others, nil
}

func (b *bench) buildModule(ctx context.Context, k *kernel.Kernel, name, script string) (string, error) {
	folder, err := os.MkdirTemp(b.scratch, "module")
	if err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, b.stap, "-p4", "-g", "-r", k.Release, "-m", name, "-e", script)
	command.Dir = folder
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", command, err, output)
	}
	return filepath.Join(folder, name+".ko"), nil
}

// bootWith boots a guest of usual memory that has a module at modulePath(0).
func (b *bench) bootWith(ctx context.Context, k *kernel.Kernel, module string) (*vm.Guest, error) {
	busybox, err := kernel.Busybox(k.Arch)
	if err != nil {
		return nil, err
	}
	return vm.Boot(ctx, vm.Config{
		Image: k.Image, ModulesDir: k.ModulesDir, Staprun: b.staprun, Busybox: busybox, Arch: k.Arch.Name, Memory: guestMemory,
		Files: []vm.File{{Path: modulePath(0), Mode: 0o644, Host: module}},
	})
}

// compileCalls compiles calls.c as the guest needs it.
func (b *bench) compileCalls(ctx context.Context) (string, error) {
	source, program := filepath.Join(b.scratch, "calls.c"), filepath.Join(b.scratch, "calls")
	if err := os.WriteFile(source, callsSource, 0o644); err != nil {
		return "", err
	}
	output, err := exec.CommandContext(ctx, "gcc-12", "-O2", "-Wall", "-static", "-o", program, source).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("compile calls.c: %w\n%s", err, output)
	}
	return program, nil
}
