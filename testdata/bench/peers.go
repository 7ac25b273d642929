package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

// tracer is a program in the guest that traces a command.
type tracer struct {
	name    string
	missing error  // why it is not there; nil: it is
	note    string // what a reader of its figures must know, if anything
	// command makes it do a work while calls run, its output into a file.
	command func(work int, output, calls string) []string
}

// ours is gostap, with options of staprun's.
func ours(name string, options ...string) tracer {
	return tracer{name: name, command: func(work int, output, calls string) []string {
		return append(append([]string{"staprun"}, options...), "-o", output, "-c", calls, modulePath(work))
	}}
}

// peers are the other tracers. unlimited is SystemTap without the limit on the
// share of time that its probes may take.
type peers struct{ bpftrace, systemTap, unlimited tracer }

// addPeers adds what the peers need to the guest.
func (b *bench) addPeers(ctx context.Context, k *kernel.Kernel, config *vm.Config) peers {
	found := b.systemTaps[k.Release]
	if found == nil {
		found = b.buildSystemTap(ctx, k)
		b.systemTaps[k.Release] = found
	}
	if found.err == nil {
		found.err = found.pack(config)
	}
	name := strings.TrimSpace("SystemTap " + found.version)
	run := func(module, output, calls string) []string { // its programs call each other
		return []string{"env", "SYSTEMTAP_STAPRUN=" + peerStaprun, peerStaprun, "-o", output, "-c", calls, peerModule(module)}
	}
	return peers{
		bpftrace: tracer{name: "bpftrace", missing: packBpftrace(config), command: func(work int, output, calls string) []string {
			return []string{"bpftrace", "-o", output, "-c", calls, "-e", works[work].peerScript()}
		}},
		systemTap: tracer{name: name, missing: found.err, note: found.note, command: func(work int, output, calls string) []string {
			return run(peerWork(work), output, calls)
		}},
		unlimited: tracer{name: name + ", " + noLimit, missing: found.err, command: func(_ int, output, calls string) []string {
			return run(peerUnlimited, output, calls)
		}},
	}
}

// packBpftrace adds this machine's bpftrace to the guest; its error says why
// there is none.
func packBpftrace(config *vm.Config) error {
	if _, err := exec.LookPath("bpftrace"); err != nil {
		return errors.New("no bpftrace here: ./setup bench installs it")
	}
	packed, err := vm.Pack("bpftrace", nil)
	if err != nil {
		return err
	}
	config.Files = append(config.Files, packed.Files...)
	return nil
}

// SystemTap as Debian packages it, by paths since its programs have the names
// of ours.
const (
	peerStap       = "/usr/bin/stap"
	peerStaprunBin = "/usr/bin/staprun"
	peerStapio     = "/usr/lib/systemtap/stapio"
	peerRuntime    = "/usr/share/systemtap/runtime"
)

// peerStaprun is SystemTap's staprun in the guest.
const peerStaprun = "/bench/systemtap/staprun"

// noLimit lifts the limit, peerUnlimited is the module of printing without it.
const (
	noLimit       = "-DSTP_NO_OVERLOAD"
	peerUnlimited = "unlimited"
)

// peerWork names SystemTap's module of a work, peerModule is one in the guest.
func peerWork(work int) string      { return fmt.Sprintf("peer%d", work) }
func peerModule(name string) string { return "/bench/systemtap/" + name + ".ko" }

// systemTap is SystemTap with its modules for a kernel.
type systemTap struct {
	version string            // "4.8"; "": there is none here
	modules map[string]string // by name
	note    string            // what was done to make it build, if anything
	err     error             // why there are no modules
}

var systemTapVersion = regexp.MustCompile(`\(version ([0-9.]+).*Debian`)

// describeSystemTap gives the line in which SystemTap says its version.
func describeSystemTap(ctx context.Context) (string, error) {
	output, err := exec.CommandContext(ctx, peerStap, "--version").CombinedOutput()
	if err != nil || !systemTapVersion.Match(output) {
		return "", fmt.Errorf("no SystemTap of Debian's at %s: ./setup bench installs it", peerStap)
	}
	return firstLine(string(output)), nil
}

// buildSystemTap builds SystemTap's modules of the works for a kernel.
//
// Kernels since 6.11, and stable ones before, call task_work_cancel_func what
// was task_work_cancel, which stands for something else now. A SystemTap older
// than that does not compile; a copy of its runtime with the new name may.
func (b *bench) buildSystemTap(ctx context.Context, k *kernel.Kernel) *systemTap {
	found := &systemTap{modules: map[string]string{}}
	description, err := describeSystemTap(ctx)
	if err != nil {
		found.err = err
		return found
	}
	found.version = systemTapVersion.FindStringSubmatch(description)[1]
	tree, err := b.peerTree(k)
	if err != nil {
		found.err = err
		return found
	}
	b.say("%s: building for SystemTap %s", k.Release, found.version)
	build := peerBuilder{tree: tree, runtime: peerRuntime, scratch: b.scratch}
	if _, err := build.module(ctx, peerWork(printing), printing); err != nil {
		if build.runtime, found.err = b.renamedRuntime(); found.err != nil {
			return found
		}
		found.note = fmt.Sprintf("SystemTap %s as Debian has it %s for %s; measured is what a copy of its runtime gives in which `task_work_cancel` "+
			"has the name that this kernel gives it, `task_work_cancel_func`.", found.version, err, k.Release)
	}
	for work := range parts {
		name := peerWork(work)
		if found.modules[name], found.err = build.module(ctx, name, work); found.err != nil {
			found.note = "" // it did not help
			return found
		}
	}
	found.modules[peerUnlimited], found.err = build.module(ctx, peerUnlimited, printing, noLimit)
	return found
}

// peerTree is a kernel's build tree as SystemTap wants it: vmlinux is in it.
func (b *bench) peerTree(k *kernel.Kernel) (string, error) {
	if k.Debuginfo == "" {
		return "", fmt.Errorf("no debuginfo of %s, which SystemTap needs; run: make prep", k.Release)
	}
	entries, err := os.ReadDir(k.BuildTree)
	if err != nil {
		return "", err
	}
	tree := filepath.Join(b.scratch, "tree-"+k.Release)
	if err := os.Mkdir(tree, 0o755); err != nil {
		return "", err
	}
	for _, entry := range entries {
		if entry.Name() == "vmlinux" {
			continue
		}
		if err := os.Symlink(filepath.Join(k.BuildTree, entry.Name()), filepath.Join(tree, entry.Name())); err != nil {
			return "", err
		}
	}
	return tree, os.Symlink(k.Debuginfo, filepath.Join(tree, "vmlinux"))
}

var oldName = regexp.MustCompile(`\btask_work_cancel\b`)

// renamedRuntime is a copy of SystemTap's runtime with the new name.
func (b *bench) renamedRuntime() (string, error) {
	runtime := filepath.Join(b.scratch, "peer-runtime")
	if _, err := os.Stat(runtime); err == nil {
		return runtime, nil
	}
	if err := os.CopyFS(runtime, os.DirFS(peerRuntime)); err != nil {
		return "", err
	}
	path := filepath.Join(runtime, "stp_task_work.c")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return runtime, os.WriteFile(path, oldName.ReplaceAll(text, []byte("task_work_cancel_func")), 0o644)
}

var compileError = regexp.MustCompile(`(?m)^(?:\S*/)?([^/\s:]+:\d+):\d+: (?:fatal )?error: (.*?)(?: \[-W.*)?$`)

// peerBuilder is what SystemTap builds modules with.
type peerBuilder struct{ tree, runtime, scratch string }

// module has SystemTap build a module of a work.
func (p peerBuilder) module(ctx context.Context, name string, work int, options ...string) (string, error) {
	folder, err := os.MkdirTemp(p.scratch, "peer")
	if err != nil {
		return "", err
	}
	arguments := append(options, "-p4", "-R", p.runtime, "-r", p.tree, "-m", name, "-e", works[work].script())
	command := exec.CommandContext(ctx, peerStap, arguments...)
	command.Dir, command.Env = folder, append(os.Environ(), "LC_ALL=C", "SYSTEMTAP_DIR="+filepath.Join(p.scratch, "peer-cache"))
	output, err := command.CombinedOutput()
	if err == nil {
		return filepath.Join(folder, name+".ko"), nil
	}
	complaints := compileError.FindAllSubmatch(output, -1)
	if complaints == nil {
		return "", fmt.Errorf("builds no module (%w): %s", err, firstLine(string(output)))
	}
	more := ""
	if n := len(complaints) - 1; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return "", fmt.Errorf("does not compile (`%s: %s`%s)", complaints[0][1], complaints[0][2], more)
}

// pack adds SystemTap's programs and modules to the guest.
func (s *systemTap) pack(config *vm.Config) error {
	staprun, err := os.Open(peerStaprunBin) // for the group stapusr alone
	if err != nil {
		return err
	}
	staprun.Close()
	packed, err := vm.Pack(peerStaprunBin+" "+peerStapio, nil)
	if err != nil {
		return err
	}
	for _, file := range packed.Files {
		if file.Path == peerStaprunBin { // ours is there
			file.Path = peerStaprun
		}
		config.Files = append(config.Files, file)
	}
	for name, module := range s.modules {
		config.Files = append(config.Files, vm.File{Path: peerModule(name), Mode: 0o644, Host: module})
	}
	return nil
}
