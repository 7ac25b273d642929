package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

type bench struct {
	stap, staprun, scratch string
}

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
	ctx := context.Background()
	scratch, _ := os.MkdirTemp("", "bench")
	defer os.RemoveAll(scratch)
	b := &bench{stap: "/work/main/bin/stap", staprun: "/work/main/bin/staprun", scratch: scratch}
	for _, r := range []string{"6.1", "6.12"} {
		k, err := kernel.Find(r)
		if err != nil {
			panic(err)
		}
		c, err := b.measureCosts(ctx, k)
		fmt.Printf("%+v %v\n", c, err)
	}
}
