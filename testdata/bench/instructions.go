package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

//go:embed calls.c
var callsSource []byte

// callCount is COUNT of calls.c.
const callCount = 20_000

// callsPath is the compiled calls.c in the guest.
const callsPath = "/bench/calls"

// work is what a probe does at each hit.
type work struct {
	name      string
	handler   string // ours
	bpftrace  string // the same for bpftrace; "" if there is no such thing
	target    int
	floor     string    // the kernel's own, as measured for the design
	systemtap [2]string // SystemTap 5.6 on 6.1 and 6.12, measured in the same way
}

// entry is the function that getuid runs; __x64_sys_getuid is another name of it.
const entry = "__do_sys_getuid"

var works = []work{
	{
		name: "nothing", handler: `{ }`, bpftrace: `{ }`,
		target: 200, floor: "35–40", systemtap: [2]string{"–", "–"},
	},
	{
		name: "`n++`", handler: `{ n++ }`, bpftrace: `{ @n++ }`,
		target: 200, floor: "35–40", systemtap: [2]string{"484", "491"},
	},
	{
		name:     "`printf(\"%s %d %d\\n\", execname(), pid(), gettimeofday_ns())`, reader included",
		handler:  `{ printf("%s %d %d\n", execname(), pid(), gettimeofday_ns()) }`,
		bpftrace: `{ printf("%s %d %d\n", comm, pid, nsecs) }`,
		target:   1500, floor: "–", systemtap: [2]string{"5385–5561", "5033"},
	},
}

// script gives the work as one of ours.
func (w work) script() string {
	script := fmt.Sprintf("probe kernel.function(%q) %s", entry, w.handler)
	if strings.Contains(w.handler, "n++") {
		script = "global n\n" + script + "\nprobe end { println(n) }"
	}
	return script
}

// round is one line of calls.c, in instructions per call.
type round struct{ own, total float64 }

// cost is what one run of calls.c says.
type cost struct {
	probed, control round // of getuid and getgid
	err             error // why there is none
}

// above gives the cost of the probe alone.
func (c cost) above(unprobed cost) cost {
	return cost{
		probed:  round{c.probed.own - unprobed.probed.own, c.probed.total - unprobed.probed.total},
		control: round{c.control.own - unprobed.control.own, c.control.total - unprobed.control.total},
		err:     c.err,
	}
}

// costs are the figures of one kernel.
type costs struct {
	release        string
	unprobed       cost
	ours, bpftrace []cost // per work, above the unprobed call
}

// measureCosts runs all works in one guest.
func (b *bench) measureCosts(ctx context.Context, k *kernel.Kernel) (*costs, error) {
	config, err := b.guestConfig(k)
	if err != nil {
		return nil, err
	}
	config.InstructionCount, config.Memory = true, 2048
	calls, err := b.compileCalls(ctx)
	if err != nil {
		return nil, err
	}
	config.Files = append(config.Files, vm.File{Path: callsPath, Mode: 0o755, Host: calls})
	for i, w := range works {
		module, err := b.buildModule(ctx, k, fmt.Sprintf("work%d", i), w.script())
		if err != nil {
			return nil, err
		}
		config.Files = append(config.Files, vm.File{Path: "/bench/" + filepath.Base(module), Mode: 0o644, Host: module})
	}
	noPeer := b.packBpftrace(&config)

	b.say("%s: boot a guest that counts instructions", k.Release)
	guest, err := vm.Boot(ctx, config)
	if err != nil {
		return nil, err
	}
	defer guest.Close()
	if _, err := guest.Run(ctx, vm.Command{Args: []string{"sleep", "20"}}); err != nil {
		return nil, err
	}
	found := &costs{release: k.Release, unprobed: runCalls(ctx, guest, callsPath)}
	if found.unprobed.err != nil {
		return nil, found.unprobed.err
	}
	for i, w := range works {
		b.say("%s: %s", k.Release, w.name)
		ours := runCalls(ctx, guest, "staprun", "-o", "/dev/null", "-c", callsPath, fmt.Sprintf("/bench/work%d.ko", i))
		found.ours = append(found.ours, ours.above(found.unprobed))
		peer := cost{err: noPeer}
		if noPeer == nil {
			peer = runCalls(ctx, guest, "bpftrace", "-o", "/dev/null", "-c", callsPath, "-e", "kprobe:"+entry+" "+w.bpftrace)
		}
		found.bpftrace = append(found.bpftrace, peer.above(found.unprobed))
	}
	for _, complaint := range guest.Complaints() {
		b.say("%s: the guest's kernel: %s", k.Release, complaint)
	}
	return found, nil
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

// packBpftrace adds this machine's bpftrace to the guest; its error says why
// there is none.
func (b *bench) packBpftrace(config *vm.Config) error {
	if _, err := exec.LookPath("bpftrace"); err != nil {
		return fmt.Errorf("no bpftrace here: ./setup bench installs it")
	}
	packed, err := vm.Pack("bpftrace", nil)
	if err != nil {
		return err
	}
	config.Files = append(config.Files, packed.Files...)
	return nil
}

// runCalls runs a command that runs calls.c.
func runCalls(ctx context.Context, guest *vm.Guest, arguments ...string) cost {
	var stdout, stderr bytes.Buffer
	status, err := guest.Run(ctx, vm.Command{Args: arguments, Stdout: &stdout, Stderr: &stderr})
	if err != nil {
		return cost{err: fmt.Errorf("%s: %w", arguments[0], err)}
	}
	if os.Getenv("BENCH_DEBUG") != "" {
		fmt.Fprintln(os.Stderr, stdout.String(), stderr.String(), status)
	}
	rounds := map[string]round{}
	for line := range strings.Lines(stdout.String()) {
		var name string
		var own, loop, rest float64
		if n, _ := fmt.Sscan(line, &name, &own, &loop, &rest); n == 4 {
			rounds[name] = round{own / callCount, (loop + rest) / callCount}
		}
	}
	if status != 0 || rounds["getgid"].own == 0 {
		return cost{err: fmt.Errorf("%s ended with status %d: %s", arguments[0], status, firstLine(stderr.String()))}
	}
	return cost{probed: rounds["getuid"], control: rounds["getgid"]}
}
