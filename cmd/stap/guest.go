package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gostap/gostap/kbuild"
	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

// runInGuest boots the kernel in a throw-away guest and runs staprun there.
func (d *driver) runInGuest(ctx context.Context, built *kbuild.Result) (status int, err error) {
	config, err := d.guestConfig(built)
	if err != nil {
		return 1, err
	}
	output, err := d.openOutput()
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, output.Close()) }()
	guest, err := vm.Boot(ctx, config)
	if ctx.Err() != nil {
		err = errInterrupted
	}
	if guest != nil {
		defer guest.Close()
	}
	if err != nil {
		return 1, err
	}
	command := vm.Command{
		Args:   append([]string{"/usr/bin/staprun"}, d.staprunOptions()...),
		Stdout: output, Stderr: d.stderr,
	}
	if d.command != "" || d.readsInput {
		command.Stdin = os.Stdin
	}
	if d.command != "" {
		if folder, err := os.Getwd(); err == nil {
			command.Dir = folder
		}
		if d.output != "" { // the script's output goes there, the command's does not
			closePipe, err := carryOutput(guest, guestPipe, output)
			if err != nil {
				return 1, err
			}
			defer func() { err = errors.Join(err, closePipe()) }()
			command.Args, command.Stdout = append(command.Args, "-o", guestPipe), d.stdout
		}
	}
	options, closeReports, err := d.carryReports(guest)
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, closeReports()) }()
	command.Args = append(command.Args, options...)
	command.Args = append(command.Args, guestModule(built))
	status, err = guest.Run(ctx, command)
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	for _, line := range guest.Complaints() {
		fmt.Fprintf(d.stderr, "WARNING: the guest's kernel: %s\n", line)
	}
	return status, err
}

// guestPatience is how many times a handler tries to get a lock in a guest, 10
// microseconds apart. An emulated CPU that holds one may stand still for a tenth
// of a second.
const guestPatience = "MAXTRYLOCK=100000"

// defines are the macros of the module's C.
func (d *driver) defines() []string {
	defines := d.moduleDefines()
	if d.guest && !slices.ContainsFunc(defines, func(define string) bool { return strings.HasPrefix(define, "MAXTRYLOCK") }) {
		defines = append(defines, guestPatience)
	}
	return defines
}

// guestPipe is what staprun writes a script's output to in a guest where a
// command writes to standard output.
const guestPipe = "/stap/output"

// guestLog is where a guest has the log of faults that it is to replay.
const guestLog = "/stap/replay"

// carryReports gives the options of staprun for what came of faults, and copies its files from the guest until the
// returned function is called. The log arrives line by line, so it is there when the guest is no more.
func (d *driver) carryReports(guest *vm.Guest) (options []string, closeAll func() error, err error) {
	var closing []func() error
	closeAll = func() (err error) {
		for _, close := range closing {
			err = errors.Join(err, close())
		}
		return err
	}
	for _, report := range []struct{ option, name string }{{"--fault-log", d.faultLog}, {"--junit", d.junit}} {
		if report.name == "" {
			continue
		}
		file, err := os.Create(report.name)
		if err != nil {
			return nil, nil, errors.Join(&kernel.UserError{Message: fmt.Sprintf("%s: %v", report.option, err), Cause: err}, closeAll())
		}
		pipe := "/stap/" + strings.TrimLeft(report.option, "-")
		closePipe, err := carryOutput(guest, pipe, file)
		if err != nil {
			return nil, nil, errors.Join(err, file.Close(), closeAll())
		}
		closing = append(closing, closePipe, file.Close)
		options = append(options, report.option, pipe)
	}
	if d.faultReplay != "" {
		options = append(options, "--fault-replay", guestLog)
	}
	return options, closeAll, nil
}

// carryOutput makes a pipe in the guest and copies what comes through it, until
// the returned function is called: it waits for the last of it.
func carryOutput(guest *vm.Guest, pipe string, output io.Writer) (closePipe func() error, err error) {
	if _, err := guest.Run(context.Background(), vm.Command{Args: []string{"/bin/sh", "-c", "mkfifo " + pipe}}); err != nil {
		return nil, err
	}
	reader, err := guest.Start(vm.Command{Args: []string{"/bin/sh", "-c", "cat <" + pipe}, Stdout: output})
	if err != nil {
		return nil, err
	}
	return func() error {
		// A reader whose writer never came still waits for one.
		release := vm.Command{Args: []string{"/bin/sh", "-c", ": <>" + pipe}}
		if _, err := guest.Run(context.Background(), release); err != nil {
			return err
		}
		_, err := reader.Wait()
		return err
	}, nil
}

func guestModule(built *kbuild.Result) string { return "/stap/" + filepath.Base(built.Path) }

func (d *driver) guestConfig(built *kbuild.Result) (vm.Config, error) {
	k, err := d.findKernel()
	if err != nil {
		return vm.Config{}, err
	}
	staprun, err := findStaprun(k.Arch)
	if err != nil {
		return vm.Config{}, err
	}
	busybox, err := kernel.Busybox(k.Arch)
	if err != nil {
		return vm.Config{}, err
	}
	config := vm.Config{Image: k.Image, ModulesDir: k.ModulesDir, Staprun: staprun, Busybox: busybox, Arch: k.Arch.Name, Append: d.guestAppend}
	config.Files = []vm.File{{Path: guestModule(built), Mode: 0o644, Host: built.Path}}
	if config.Disks = d.guestDisks; len(config.Disks) > 0 {
		config.Modules = []string{"sd_mod", "virtio_scsi"}
	}
	if d.faultReplay != "" {
		if _, err := os.Stat(d.faultReplay); err != nil {
			return vm.Config{}, &kernel.UserError{Message: fmt.Sprintf("--fault-replay: %v", err), Cause: err}
		}
		config.Files = append(config.Files, vm.File{Path: guestLog, Mode: 0o644, Host: d.faultReplay})
	}
	if d.command != "" || len(d.guestFiles) > 0 {
		packed, err := vm.PackFrom(vm.Origin{Arch: k.Arch, Sysroot: d.sysroot}, cmp.Or(d.packed, d.command), d.guestFiles)
		if err != nil {
			return vm.Config{}, err
		}
		config.Files = append(config.Files, packed.Files...)
		for _, missing := range packed.Missing {
			fmt.Fprintf(d.stderr, "WARNING: not packed for the guest: %s\n", missing)
		}
	}
	return config, nil
}
