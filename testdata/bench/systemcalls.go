package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

// Scripts on system calls. Those at the tracepoints need most of the runtime that the others do.
const (
	tracedOpens = `probe tp_syscall.open, tp_syscall.openat { println(name, argstr) }`
	callOpens   = `probe syscall.open, syscall.openat { println(name, " ", argstr) }`
	otherOpens  = `probe syscall.open, syscall.openat { println(argstr) }`
	allCalls    = `probe syscall.* { println(name, " ", argstr) }`
	otherCalls  = `probe syscall.* { println(argstr) }`
)

var systemCallCases = []startCase{
	{"`syscall.open, syscall.openat` with argstr, after another kind of script", []string{tracedOpens}, callOpens, 0, 200, "–"},
	{"the same, after another script", []string{otherOpens}, callOpens, 0.6, 200, "5.0 s"},
	{"`syscall.*` with argstr, after another script", []string{otherCalls}, allCalls, 5, 2000, "70 s"},
}

// tracedCalls is how many calls dd makes: of each block one to read and one to write it.
const tracedCalls = 100_000

// straceScript does what strace does, for dd alone.
const straceScript = `
	probe syscall.* { if (execname() == "dd") printf("%s(%s)", name, argstr) }
	probe syscall.*.return { if (execname() == "dd") printf(" = %s\n", retstr) }`

// The same without texts, as bpftrace can do it; its script stands in a format.
const (
	numbersScript = `
	probe syscall_any { if (execname() == "dd") printf("%d", syscall_nr) }
	probe syscall_any.return { if (execname() == "dd") printf(" = %d\n", retval) }`
	bpftraceNumbers = `tracepoint:raw_syscalls:sys_enter /comm == "dd"/ { printf("%%ld", args->id); } ` +
		`tracepoint:raw_syscalls:sys_exit /comm == "dd"/ { printf(" = %%ld\n", args->ret); }`
)

// systemCalls measures scripts on system calls.
func (b *bench) systemCalls(ctx context.Context) ([]table, error) {
	starting := table{
		title:  "System calls: script to module",
		intro:  fmt.Sprintf("%d rounds each, as the table of start-up. After another kind of script some parts of the runtime are still to be compiled.", rounds),
		header: []string{"case", "kernel", "least", "median", "target", "SystemTap 5.6", "module", "its target"},
	}
	tracing := table{
		title: "System calls: what strace does",
		intro: fmt.Sprintf("`dd bs=1 count=%d`, %d system calls, in a guest with one CPU that counts instructions: microseconds of its clock for a call, with the process that reads.",
			tracedCalls/2, tracedCalls),
		header: []string{"traced by", "output"},
	}
	for _, s := range b.series() {
		tracing.header = append(tracing.header, s)
	}
	var columns [][]string
	for _, k := range b.kernels {
		for _, c := range systemCallCases {
			b.say("%s: %s", k.Release, c.name)
			s, err := b.timeCase(ctx, k, c)
			if err != nil {
				return nil, err
			}
			size := float64(s.module) / 1000
			starting.rows = append(starting.rows, []string{c.name, k.Release, fmt.Sprintf("%.3f s", s.least), fmt.Sprintf("%.3f s", s.median),
				against(c.target, " s", s.median), c.systemtap, fmt.Sprintf("%.1f KB", size), against(c.size, " KB", size)})
		}
		column, err := b.straced(ctx, k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.Release, err)
		}
		columns = append(columns, column)
	}
	for i, each := range stracers {
		row := []string{each.name, each.output}
		for _, column := range columns {
			row = append(row, column[i])
		}
		tracing.rows = append(tracing.rows, row)
	}
	return []table{starting, tracing}, nil
}

// stracers are who traces dd; %s is the command.
var stracers = []struct{ name, output, command string }{
	{"nobody", "–", "%s"},
	{"gostap, `syscall.*`", "names, arguments, results", "staprun -o /bench/output -c '%s' " + modulePath(0)},
	{"strace", "the same", "strace -f -o /bench/output %s"},
	{"gostap, `syscall_any`", "numbers, results", "staprun -o /bench/output -c '%s' " + modulePath(1)},
	{"bpftrace", "the same", "bpftrace -o /bench/output -c '/bin/sh %s' -e '" + bpftraceNumbers + "'"},
}

// straced gives what a call takes with each of them.
func (b *bench) straced(ctx context.Context, k *kernel.Kernel) ([]string, error) {
	busybox, err := kernel.Busybox(k.Arch)
	if err != nil {
		return nil, err
	}
	calls, err := b.compileCalls(ctx)
	if err != nil {
		return nil, err
	}
	config := vm.Config{
		Image: k.Image, ModulesDir: k.ModulesDir, Staprun: b.staprun, Busybox: busybox, Arch: k.Arch.Name, Memory: guestMemory, InstructionCount: true,
		Files: []vm.File{{Path: callsPath, Mode: 0o755, Host: calls}, {Path: "/bench/dd", Mode: 0o755, Data: []byte(
			fmt.Sprintf("#!/bin/sh\n%[1]s now\ndd bs=1 count=%[2]d if=/dev/zero of=/dev/null 2>/dev/null\n%[1]s now\n", callsPath, tracedCalls/2))}},
	}
	for i, script := range []string{straceScript, numbersScript} {
		module, err := b.buildModule(ctx, k, fmt.Sprintf("strace%d", i), script)
		if err != nil {
			return nil, err
		}
		config.Files = append(config.Files, vm.File{Path: modulePath(i), Mode: 0o644, Host: module})
	}
	missing := map[string]error{"bpftrace": packBpftrace(&config)}
	if _, err := exec.LookPath("strace"); err != nil {
		missing["strace"] = errors.New("no strace here: ./setup test installs it")
	} else if packed, err := vm.Pack("strace", nil); err != nil {
		missing["strace"] = err
	} else {
		config.Files = append(config.Files, packed.Files...)
	}
	guest, err := vm.Boot(ctx, config)
	if err != nil {
		return nil, err
	}
	defer guest.Close()
	// A booting kernel is busy with itself.
	if _, err := guest.Run(ctx, vm.Command{Args: []string{"sleep", "20"}}); err != nil {
		return nil, err
	}
	var column []string
	for _, each := range stracers {
		if err := missing[each.name]; err != nil {
			column = append(column, err.Error())
			continue
		}
		b.say("%s: dd, traced by %s", k.Release, each.name)
		var stdout, stderr bytes.Buffer
		status, err := guest.Run(ctx, vm.Command{Args: []string{"sh", "-c", fmt.Sprintf(each.command, "/bench/dd")}, Stdout: &stdout, Stderr: &stderr})
		if err != nil {
			return nil, err
		}
		times, err := floats(stdout.String())
		if err != nil || len(times) != 2 || status != 0 {
			column = append(column, fmt.Sprintf("status %d: %s", status, firstLine(stderr.String())))
			continue
		}
		column = append(column, fmt.Sprintf("%.2f", (times[1]-times[0])/tracedCalls/1000))
	}
	return column, nil
}
