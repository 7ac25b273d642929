package main

import (
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
			closePipe, err := carryOutput(guest, output)
			if err != nil {
				return 1, err
			}
			defer func() { err = errors.Join(err, closePipe()) }()
			command.Args, command.Stdout = append(command.Args, "-o", guestPipe), d.stdout
		}
	}
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

// carryOutput makes the pipe in the guest and copies what comes through it, until
// the returned function is called: it waits for the last of it.
func carryOutput(guest *vm.Guest, output io.Writer) (closePipe func() error, err error) {
	if _, err := guest.Run(context.Background(), vm.Command{Args: []string{"/bin/sh", "-c", "mkfifo " + guestPipe}}); err != nil {
		return nil, err
	}
	reader, err := guest.Start(vm.Command{Args: []string{"/bin/sh", "-c", "cat <" + guestPipe}, Stdout: output})
	if err != nil {
		return nil, err
	}
	return func() error {
		// A reader whose writer never came still waits for one.
		release := vm.Command{Args: []string{"/bin/sh", "-c", ": <>" + guestPipe}}
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
	staprun, err := findStaprun()
	if err != nil {
		return vm.Config{}, err
	}
	busybox, err := kernel.Busybox()
	if err != nil {
		return vm.Config{}, err
	}
	config := vm.Config{Image: k.Image, ModulesDir: k.ModulesDir, Staprun: staprun, Busybox: busybox, Arch: k.Arch}
	config.Files = []vm.File{{Path: guestModule(built), Mode: 0o644, Host: built.Path}}
	if d.command != "" || len(d.guestFiles) > 0 {
		packed, err := vm.Pack(d.command, d.guestFiles)
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
