package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/gostap/gostap/kernel"
)

// rounds is how often each case is timed.
const rounds = 5

// startCase is one way to come from a script to a module.
type startCase struct {
	name      string
	before    []string // scripts that the cache has seen; nil: it is empty
	script    string
	target    float64 // seconds; 0: none
	size      float64 // KB that the module may have; 0: no target
	systemtap string
}

var (
	hello = `probe begin { printf("hello\n"); exit() }`
	other = `probe begin { printf("something else\n"); exit() }`
	opens = `probe kernel.function("do_sys_openat2") { printf("%s %s\n", execname(), user_string($filename)) }`
)

var startCases = []startCase{
	{"hello, empty cache", nil, hello, 2.5, 60, "9.3–10.6 s"},
	{"hello, after another script", []string{other}, hello, 0.35, 60, "1.75–2.0 s"},
	{"hello again", []string{hello}, hello, 0.06, 60, "0.20 s"},
	{"a function probe with `$filename`, empty cache", nil, opens, 0, 0, "–"},
	{"the same, after another script", []string{hello}, opens, 0, 0, "–"},
}

// started is what the rounds of one case took.
type started struct {
	least, median float64 // seconds
	memory        int64   // KB, the peak of stap or of a compiler that it runs
	module        int64   // bytes
}

// startUp times all cases for all kernels.
func (b *bench) startUp(ctx context.Context) ([]table, error) {
	t := table{
		title:  "Start-up: script to module",
		intro:  fmt.Sprintf("%d rounds each, each in a cache of its own; seconds of the wall clock, least and median. Memory is the peak of the largest process, stap or the compiler that it runs; a module is as stap writes it, 1 KB is 1000 bytes.", rounds),
		header: []string{"case", "kernel", "least", "median", "target", "SystemTap 5.6", "memory", "module", "its target"},
		notes:  []string{"On a machine like this with nothing else to do a bare kernel build of a module of one file takes 1.0 s, and bpftrace's hello 0.33 s."},
	}
	for _, k := range b.kernels {
		for _, c := range startCases {
			b.say("%s: %s", k.Release, c.name)
			s, err := b.timeCase(ctx, k, c)
			if err != nil {
				return nil, err
			}
			t.rows = append(t.rows, []string{c.name, k.Release, fmt.Sprintf("%.3f s", s.least), fmt.Sprintf("%.3f s", s.median),
				against(c.target, " s", s.median), c.systemtap, fmt.Sprintf("%d MB", s.memory>>10), fmt.Sprintf("%.1f KB", float64(s.module)/1000), against(c.size, " KB", float64(s.module)/1000)})
		}
	}
	return []table{t}, nil
}

func (b *bench) timeCase(ctx context.Context, k *kernel.Kernel, c startCase) (started, error) {
	var s started
	var seconds []float64
	for range rounds {
		cache, err := os.MkdirTemp(b.scratch, "cache")
		if err != nil {
			return s, err
		}
		for _, script := range c.before {
			if _, _, err := b.start(ctx, k, cache, script); err != nil {
				return s, err
			}
		}
		begin := time.Now()
		path, memory, err := b.start(ctx, k, cache, c.script)
		if err != nil {
			return s, err
		}
		seconds = append(seconds, time.Since(begin).Seconds())
		s.memory = max(s.memory, memory)
		info, err := os.Stat(path)
		if err != nil {
			return s, err
		}
		s.module = info.Size()
	}
	slices.Sort(seconds)
	s.least, s.median = seconds[0], seconds[len(seconds)/2]
	return s, nil
}

// start builds a script and gives the module and the peak memory in KB.
func (b *bench) start(ctx context.Context, k *kernel.Kernel, cache, script string) (string, int64, error) {
	command := exec.CommandContext(ctx, b.stap, "-p4", "-r", k.Release, "-e", script)
	command.Env = append(os.Environ(), "SYSTEMTAP_DIR="+cache)
	output, err := command.Output()
	if err != nil {
		return "", 0, fmt.Errorf("%s: %w", command, err)
	}
	usage := command.ProcessState.SysUsage().(*syscall.Rusage)
	return filepath.Clean(string(bytes.TrimSpace(output))), usage.Maxrss, nil
}
