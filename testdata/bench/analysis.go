package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/testdata/bare"
)

// analysisCase is a command that ends with pass 2: places are found, or listed.
type analysisCase struct {
	arguments []string
	known     bool // the cache has what the command makes of the kernel's files
	bare      bool // no debuginfo is at hand
	target    float64
	memory    float64 // MB that it may take; 0: no target
	systemtap string
}

var (
	readCount = []string{"-p2", "-e", `probe kernel.function("vfs_read") { println($count) }`}
	sockets   = []string{"-l", `kernel.function("*@net/socket.c")`}
)

var analysisCases = []analysisCase{
	{arguments: readCount, known: true, bare: true, target: 0.06, systemtap: "–"},
	{arguments: readCount, known: true, systemtap: "–"},
	{arguments: []string{"-L", `kernel.trace("*")`}, known: true, target: 0.3, systemtap: "0.41 s"},
	{arguments: sockets, target: 1.5, memory: 400, systemtap: "–"},
	{arguments: sockets, known: true, target: 0.15, memory: 400, systemtap: "–"},
	{arguments: []string{"-l", `kernel.function("*")`}, known: true, target: 0.5, systemtap: "111 s"},
}

func (c analysisCase) name() string {
	name := fmt.Sprintf("`stap %s '%s'`", c.arguments[0], c.arguments[len(c.arguments)-1])
	if c.bare {
		name += ", without debuginfo"
	}
	if !c.known {
		name += ", empty cache"
	}
	return name
}

// analysis times what pass 2 does with what the kernel says of itself.
func (b *bench) analysis(ctx context.Context) ([]table, error) {
	t := table{
		title: "Pass 2 and listings",
		intro: fmt.Sprintf("%d rounds each; seconds of the wall clock that the whole command takes, least and median, and the peak of its memory. "+
			"With an empty cache the index of the debuginfo, and what is kept of the image, are made.", rounds),
		header: []string{"command", "kernel", "least", "median", "target", "SystemTap 5.6", "memory", "its target"},
	}
	for _, k := range b.kernels {
		data, err := os.MkdirTemp(b.scratch, "bare")
		if err != nil {
			return nil, err
		}
		if err := bare.Link(data, k); err != nil {
			return nil, err
		}
		for _, c := range analysisCases {
			b.say("%s: %s", k.Release, c.name())
			seconds, memory, err := b.analyze(ctx, k, c, data)
			if err != nil {
				return nil, err
			}
			median, peak := seconds[len(seconds)/2], float64(memory)/1024
			t.rows = append(t.rows, []string{c.name(), k.Release, fmt.Sprintf("%.3f s", seconds[0]), fmt.Sprintf("%.3f s", median),
				against(c.target, " s", median), c.systemtap, fmt.Sprintf("%.0f MB", peak), against(c.memory, " MB", peak)})
		}
	}
	return []table{t}, nil
}

// analyze runs one case: how long each round took, sorted, and the most KB.
func (b *bench) analyze(ctx context.Context, k *kernel.Kernel, c analysisCase, data string) (seconds []float64, memory int64, err error) {
	var cache string
	run := func() (float64, int64, error) {
		command := exec.CommandContext(ctx, b.stap, append([]string{"-r", k.Release}, c.arguments...)...)
		command.Env = append(os.Environ(), "SYSTEMTAP_DIR="+cache)
		if c.bare {
			command.Env = append(command.Env, "XDG_DATA_HOME="+data)
		}
		begin := time.Now()
		if output, err := command.CombinedOutput(); err != nil {
			return 0, 0, fmt.Errorf("%s: %w\n%s", command, err, output)
		}
		return time.Since(begin).Seconds(), command.ProcessState.SysUsage().(*syscall.Rusage).Maxrss, nil
	}
	for round := range rounds {
		if round == 0 || !c.known {
			if cache, err = os.MkdirTemp(b.scratch, "cache"); err != nil {
				return nil, 0, err
			}
		}
		if round == 0 && c.known {
			if _, _, err := run(); err != nil {
				return nil, 0, err
			}
		}
		took, peak, err := run()
		if err != nil {
			return nil, 0, err
		}
		seconds, memory = append(seconds, took), max(memory, peak)
	}
	slices.Sort(seconds)
	return seconds, memory, nil
}
