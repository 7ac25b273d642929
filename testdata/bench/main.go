// Command bench measures gostap and writes docs/benchmarks.md.
//
// Start-up is timed: script to module with the programs in bin, each case
// several times in caches of its own, the least and the median. Cost per hit is
// counted: in a guest whose clock is the number of instructions executed
// (instructions.go), beside bpftrace in the same guest. A burst shows whether
// output arrives.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

// bench is one run of the program.
type bench struct {
	stap, staprun string // the programs measured
	scratch       string // a folder for what is built
}

// releases are the kernels measured, the newest of each.
var releases = []string{"6.1", "6.12"}

func (b *bench) say(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", arguments...)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

func (b *bench) guestConfig(k *kernel.Kernel) (vm.Config, error) {
	busybox, err := kernel.Busybox()
	if err != nil {
		return vm.Config{}, err
	}
	return vm.Config{Image: k.Image, ModulesDir: k.ModulesDir, Staprun: b.staprun, Busybox: busybox, Arch: k.Arch}, nil
}

func (b *bench) buildModule(ctx context.Context, k *kernel.Kernel, name, script string) (string, error) {
	command := exec.CommandContext(ctx, b.stap, "-p4", "-r", k.Release, "-m", name, "-e", script)
	command.Dir = b.scratch
	output, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", command, err, output)
	}
	return filepath.Join(b.scratch, name+".ko"), nil
}

func main() {
	output := flag.String("o", "docs/benchmarks.md", "write the tables to `FILE`")
	flag.Parse()
	if err := measure(context.Background(), *output); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, output string) error {
	binaries, err := filepath.Abs("bin")
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	b := &bench{stap: filepath.Join(binaries, "stap"), staprun: filepath.Join(binaries, "staprun"), scratch: scratch}
	var text bytes.Buffer
	var kernels []*kernel.Kernel
	for _, release := range releases {
		k, err := kernel.FindGuest(release)
		if err != nil {
			return fmt.Errorf("%w; run: make prep", err)
		}
		kernels = append(kernels, k)
	}
	writeHead(&text, kernels)
	starts, err := b.startUp(ctx, kernels)
	if err != nil {
		return err
	}
	writeStartUp(&text, kernels, starts)
	var found []*costs
	for _, k := range kernels {
		c, err := b.measureCosts(ctx, k)
		if err != nil {
			return err
		}
		found = append(found, c)
	}
	writeCosts(&text, found)
	if err := b.burst(ctx, &text, kernels); err != nil {
		return err
	}
	return os.WriteFile(output, text.Bytes(), 0o644)
}

func writeHead(text *bytes.Buffer, kernels []*kernel.Kernel) {
	qemu, _ := exec.Command("qemu-system-x86_64", "--version").Output() // its absence shows at the first boot
	fmt.Fprintf(text, "# Benchmarks\n\nMade by `make bench` on %s: %d cores, %s", time.Now().Format(time.DateOnly), runtime.NumCPU(), firstLine(string(qemu)))
	for _, k := range kernels {
		fmt.Fprintf(text, ", kernel %s", k.Release)
	}
	text.WriteString(".\nFigures of SystemTap 5.6 and the kernel's own floor were measured the same way on such a machine.\n")
}

func writeCosts(text *bytes.Buffer, found []*costs) {
	text.WriteString(`
## Instructions per hit

A static program calls getuid and getgid 20,000 times each, in a guest with one emulated CPU whose clock counts
instructions (` + "`-icount shift=0,sleep=off`" + `), after 20 s of its own time. The figure is the cost of a call with a probe on
` + "`" + entry + "`" + ` less the cost without; it repeats exactly. getgid, which has no probe, is the control. "Reader included" is
all that the CPU did until the reader had caught up.

| work at the entry | kernel | gostap | target | bpftrace | SystemTap 5.6 | floor | control |
|---|---|---|---|---|---|---|---|
`)
	for _, c := range found {
		for i, w := range works {
			own := figure(c.ours[i])
			peer := figure(c.bpftrace[i])
			systemtap := w.systemtap[0]
			if !strings.HasPrefix(c.release, "6.1.") {
				systemtap = w.systemtap[1]
			}
			mark := ""
			if c.ours[i].err == nil && c.ours[i].probed.total > float64(w.target) {
				mark = " (missed)"
			}
			fmt.Fprintf(text, "| %s | %s | %s | %d%s | %s | %s | %s | %.1f |\n", w.name, c.release, own, w.target, mark, peer, systemtap, w.floor, c.ours[i].control.own)
		}
	}
}

func figure(c cost) string {
	if c.err != nil {
		return "none: " + strings.ReplaceAll(c.err.Error(), "|", "/")
	}
	return fmt.Sprintf("%.0f", c.probed.total)
}

// burst sends 300,000 lines from one process through default settings.
func (b *bench) burst(ctx context.Context, text *bytes.Buffer, kernels []*kernel.Kernel) error {
	const lines = 300_000
	text.WriteString("\n## A burst\n\n300,000 lines of the printf above from one process, 2 emulated CPUs, default settings.\nSystemTap 5.6 delivered 193,014, bpftrace 18,042.\n\n| kernel | delivered | what staprun says |\n|---|---|---|\n")
	calls, err := b.compileCalls(ctx)
	if err != nil {
		return err
	}
	for _, k := range kernels {
		config, err := b.guestConfig(k)
		if err != nil {
			return err
		}
		module, err := b.buildModule(ctx, k, "burst", works[len(works)-1].script())
		if err != nil {
			return err
		}
		config.Files = []vm.File{{Path: callsPath, Mode: 0o755, Host: calls}, {Path: "/bench/burst.ko", Mode: 0o644, Host: module}}
		guest, err := vm.Boot(ctx, config)
		if err != nil {
			return err
		}
		b.say("%s: burst", k.Release)
		var stdout, stderr bytes.Buffer
		_, err = guest.Run(ctx, vm.Command{Args: []string{"sh", "-c",
			fmt.Sprintf("staprun -o /tmp/out -c '%s %d' /bench/burst.ko; grep -c '^calls ' /tmp/out", callsPath, lines)}, Stdout: &stdout, Stderr: &stderr})
		guest.Close()
		if err != nil {
			return err
		}
		said := firstLine(stderr.String())
		if said == "" {
			said = "nothing lost"
		}
		fmt.Fprintf(text, "| %s | %s | %s |\n", k.Release, strings.TrimSpace(stdout.String()), said)
	}
	return nil
}
