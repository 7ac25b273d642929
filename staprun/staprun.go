// Package staprun is pass 5: it runs a finished module.
//
// In goes a .ko file, out come the script's output and its fate. The module's
// side of the conversation is in runtime-c/stap/control.c and transport.c:
//
//	load      the module, under a name that no other run has
//	open      /proc/systemtap/NAME/control and trace0, trace1, …
//	"start"   begin handlers run, probes are armed; the command of -c may go
//	drain     until the script asks for the end, a signal comes or the command ends
//	"stop"    probes are taken away, end handlers run
//	drain     what is left
//	unload
//
// Each CPU has a buffer of its own. Their messages carry a sequence number that
// has no gaps, so one order comes out of merging: a message waits until all with
// smaller numbers have been read (merge.go).
//
// The reader sleeps until there is a first message, then takes what comes in
// bites of some milliseconds: a burst is not slowed down by waking the reader
// for each of its messages. A buffer that fills up wakes it earlier.
//
// A module whose staprun was killed disarms itself; the next run removes it.
package staprun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Options say what to run and how.
type Options struct {
	Module         string // path of the .ko
	KeepName       bool   // load under the name in the file
	Command        string // -c: run it; the session ends with it
	Target         int    // -x: what target() gives, unless there is a command
	BufferMB       int    // per CPU; 0: the module chooses
	Verbose        bool   // say how probes were armed
	NoWarnings     bool
	Stdin          io.Reader // of the command, or without one of the script; nil: os.Stdin
	Stdout, Stderr io.Writer // of the script
}

// UserError is a condition that the user can put right.
type UserError struct {
	Message string
	Hint    string
	Cause   error
}

// Error gives the message without the hint.
func (e *UserError) Error() string { return e.Message }

// Unwrap gives the cause.
func (e *UserError) Unwrap() error { return e.Cause }

// Run loads the module, runs its session to the end and unloads it. It gives
// the status that the process should exit with: 0, or 1 when the script ended
// with an error or its command failed. The error is for what kept the session
// from running. When ctx is done the session is stopped as by Ctrl-C.
func Run(ctx context.Context, o Options) (status int, err error) {
	// A reader of the output that goes away is an error of write, not our death.
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, unix.SIGPIPE)
	defer signal.Stop(pipe)

	m, err := load(o)
	if err != nil {
		return 1, err
	}
	s := &session{options: o, module: m, merger: newMerger(len(m.traces), o.Stdout)}
	status, err = s.run(ctx)
	return status, errors.Join(err, m.unload())
}

// signals are those that end a session in order.
var signals = []os.Signal{unix.SIGINT, unix.SIGTERM}

// waker turns events from goroutines into something to poll: one byte each.
type waker struct {
	reader, writer *os.File
}

func newWaker() (*waker, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &waker{r, w}, nil
}

func (w *waker) wake(event byte) { _, _ = w.writer.Write([]byte{event}) }

func (w *waker) close() {
	w.reader.Close()
	w.writer.Close()
}

// notify wakes for each signal until the returned function is called.
func (w *waker) notify() func() {
	channel := make(chan os.Signal, 4)
	signal.Notify(channel, signals...)
	if !signal.Ignored(unix.SIGHUP) { // as nohup does
		signal.Notify(channel, unix.SIGHUP)
	}
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-channel:
				w.wake(eventSignal)
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(channel)
		close(done)
	}
}

// cpuTraces lists a session's trace files, by CPU.
func cpuTraces(folder string) ([]string, error) {
	var paths []string
	for cpu := 0; ; cpu++ {
		path := filepath.Join(folder, fmt.Sprintf("trace%d", cpu))
		if _, err := os.Stat(path); err != nil {
			break
		}
		paths = append(paths, path)
	}
	if paths == nil {
		return nil, fmt.Errorf("%s has no trace files", folder)
	}
	return paths, nil
}

// oneLine is text for a message.
func oneLine(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\n", " "))
}
