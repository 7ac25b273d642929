package main

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gostap/gostap/kbuild"
	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun"
	"golang.org/x/sys/unix"
)

// patience is how many signals end the program without an orderly stop.
const patience = 3

// heedSignals gives a context that ends with the first signal that asks for the
// end. The third one ends the program at once.
func (d *driver) heedSignals(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, patience)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup does
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		for range patience {
			<-signals
			cancel()
		}
		fmt.Fprintln(d.stderr, "Too many interrupts received, exiting.")
		d.cleanUp()
		os.Exit(1)
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
	}
}

// run is pass 5: the module runs here, or in a guest.
func (d *driver) run(ctx context.Context, built *kbuild.Result) (int, error) {
	watch := startWatch()
	if d.verbosity(5) > 0 {
		fmt.Fprintln(d.stderr, "Pass 5: starting run.")
	}
	if os.Getenv("SYSTEMTAP_SYNC") != "" { // what is on disk outlives a kernel that dies
		unix.Sync()
	}
	run := d.runHere
	if d.guest {
		run = d.runInGuest
	}
	status, err := run(ctx, built)
	if err == nil {
		d.pass(watch, 5, "run completed")
	}
	if err == nil && status == 0 {
		return 0, nil
	}
	if err == nil {
		err = errSaid // by the script or staprun
	}
	return status, &passError{pass: 5, err: err}
}

// staprunOptions are the options of staprun that stand for ours.
func (d *driver) staprunOptions() []string {
	var options []string
	if d.verbosity(5) > 1 {
		options = append(options, "-v")
	}
	if d.noWarnings {
		options = append(options, "-w")
	}
	if d.module == "" {
		options = append(options, "-R")
	}
	if d.bufferMB > 0 {
		options = append(options, "-b", fmt.Sprint(d.bufferMB))
	}
	if d.stats != "" {
		options = append(options, "--stats="+d.stats)
	}
	if d.watchdog >= 0 {
		options = append(options, "--fault-watchdog", fmt.Sprint(d.watchdog))
	}
	if d.command != "" {
		options = append(options, "-c", d.command)
	}
	if d.target != 0 {
		options = append(options, "-x", fmt.Sprint(d.target))
	}
	if d.namespaces != 0 {
		options = append(options, "-N", fmt.Sprint(d.namespaces))
	}
	if d.color != "auto" {
		options = append(options, "-C", d.color)
	}
	if d.monitor > 0 {
		options = append(options, "-M", fmt.Sprint(d.monitor))
	}
	return options
}

// fileOptions are those of staprun that say where the output goes on this machine.
func (d *driver) fileOptions() []string {
	var options []string
	if d.output != "" {
		options = append(options, "-o", d.output)
	}
	if d.rotation != "" {
		options = append(options, "-S", d.rotation)
	}
	if d.bulk {
		options = append(options, "--bulk")
	}
	for option, file := range map[string]string{"--fault-log": d.faultLog, "--fault-replay": d.faultReplay, "--junit": d.junit} {
		if file != "" {
			options = append(options, option, file)
		}
	}
	switch {
	case d.leave && d.output != "":
		options = append(options, "-D")
	case d.leave:
		options = append(options, "-L")
	}
	return options
}

// findStaprun finds the program beside this one, or by SYSTEMTAP_STAPRUN or PATH; that of
// another architecture in a folder beside this one that is named for it.
func findStaprun(arch *kernel.Architecture) (string, error) {
	path, err := lookForStaprun(arch)
	if err != nil {
		return "", err
	}
	file, err := elf.Open(path)
	if err != nil {
		return path, nil // a script that stands for it, or what running it complains of
	}
	defer file.Close()
	if arch.Machine != elf.EM_NONE && file.Machine != arch.Machine {
		return "", &kernel.UserError{
			Message: fmt.Sprintf("%s is a program for another architecture than %s", path, arch.Name),
			Hint:    fmt.Sprintf("`make ARCH=%s` builds one for it", arch.Debian),
		}
	}
	return path, nil
}

func lookForStaprun(arch *kernel.Architecture) (string, error) {
	if path := os.Getenv("SYSTEMTAP_STAPRUN"); path != "" {
		return path, nil
	}
	name := "staprun"
	if arch != kernel.Host() {
		name = filepath.Join(arch.Debian, name)
	}
	if self, err := os.Executable(); err == nil {
		path := filepath.Join(filepath.Dir(self), name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	if arch != kernel.Host() {
		return "", &kernel.UserError{
			Message: fmt.Sprintf("there is no staprun for %s: %s is not beside stap", arch.Name, name),
			Hint:    fmt.Sprintf("`make ARCH=%s` builds it; name one elsewhere with SYSTEMTAP_STAPRUN", arch.Debian),
		}
	}
	path, err := exec.LookPath("staprun")
	if err != nil {
		return "", &kernel.UserError{Message: "staprun is neither beside stap nor in PATH", Hint: "run make install, or name it with SYSTEMTAP_STAPRUN", Cause: err}
	}
	return path, nil
}

// runHere runs staprun on this machine. Signals of the terminal reach it by
// itself; those sent to this process are passed on.
func (d *driver) runHere(ctx context.Context, built *kbuild.Result) (int, error) {
	staprun, err := findStaprun(kernel.Host())
	if err != nil {
		return 1, err
	}
	options := append(d.staprunOptions(), d.fileOptions()...)
	command := exec.Command(staprun, append(options, built.Path)...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, d.stdout, d.stderr
	if err := command.Start(); err != nil {
		return 1, &kernel.UserError{Message: fmt.Sprintf("cannot run %s: %v", staprun, err), Cause: err}
	}
	stop := context.AfterFunc(ctx, func() { _ = command.Process.Signal(syscall.SIGTERM) })
	defer stop()
	defer passOn(command.Process, syscall.SIGQUIT, syscall.SIGUSR2)()
	_ = command.Wait() // its status says all
	status := command.ProcessState.ExitCode()
	if status < 0 {
		status = 1
	}
	return status, nil
}

// passOn has a process get signals that are sent to this one, until the returned
// function is called.
func passOn(process *os.Process, signals ...os.Signal) (stop func()) {
	channel := make(chan os.Signal, 4)
	signal.Notify(channel, signals...)
	go func() {
		for s := range channel {
			_ = process.Signal(s)
		}
	}()
	return func() {
		signal.Stop(channel)
		close(channel)
	}
}

// checkRun says before anything is built, and better than the kernel would, why
// a module cannot run. A module for a kernel that does not run here is only built.
func (d *driver) checkRun() error {
	if d.lastPass < 5 {
		return nil
	}
	k, err := d.findKernel()
	if err != nil {
		return err
	}
	if !k.Running && !d.guest {
		if !d.noWarnings {
			fmt.Fprintf(d.stderr, "WARNING: kernel %s does not run here: the module is built and not run; --vm runs it in a throw-away guest\n", k.Release)
		}
		d.lastPass = 4
		return nil
	}
	if d.bundle != "" {
		return errBundleRuns
	}
	if _, err := os.Stat("/proc/modules"); err != nil && !d.guest {
		return &kernel.UserError{
			Message: "this kernel has no loadable modules",
			Hint:    "add --vm: the script then runs in a throw-away guest",
		}
	}
	return d.checkOutput()
}

// checkOutput finds out whether -o's file can be written. One that is the first
// of several has another name; of that the folder is looked at.
func (d *driver) checkOutput() error {
	if d.output == "" {
		return nil
	}
	name := staprun.FormatTime(d.output, time.Now())
	var err error
	if d.bulk || d.rotation != "" {
		err = unix.Access(filepath.Dir(name), unix.W_OK)
	} else {
		var file *os.File
		if file, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o666); err == nil {
			return file.Close()
		}
		err = errors.Unwrap(err)
	}
	if err != nil {
		return &kernel.UserError{Message: fmt.Sprintf("cannot write the output to %s: %v", name, err), Cause: err}
	}
	return nil
}

// openOutput gives what the script in a guest writes to: -o's files on this
// machine, or standard output.
func (d *driver) openOutput() (io.WriteCloser, error) {
	if d.output == "" {
		return standardOutput{d.stdout}, nil
	}
	var rotation staprun.Rotation
	if d.rotation != "" {
		rotation, _ = staprun.ParseRotation(d.rotation) // it has been checked
	}
	output, err := staprun.OpenOutput(d.output, rotation)
	if err != nil {
		return nil, &kernel.UserError{Message: err.Error(), Cause: err}
	}
	return output, nil
}

// standardOutput stays open.
type standardOutput struct{ io.Writer }

func (standardOutput) Close() error { return nil }
