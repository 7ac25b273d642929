// Package staprun is pass 5: it runs a finished module.
//
// In goes a .ko file, or one in a bundle (package bundle), out come the script's output and its fate. The module's
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
	"time"

	"github.com/gostap/gostap/staprun/bundle"
	"golang.org/x/sys/unix"
)

// Options say what to run and how.
type Options struct {
	Module         string         // path of the .ko, or of a bundle
	Bundle         *bundle.Bundle // run this one's module, whatever Module says; nil: Module's
	Attach         string         // -A: instead of loading one, go on with this module, which was detached
	KeepName       bool           // load under the name in the file
	Globals        []string       // NAME=VALUE: what globals of the script begin with
	Command        string         // -c: run it; the session ends with it
	Target         int            // -x: what target() gives, unless there is a command
	Namespaces     int            // -N: the process in whose namespaces the ns_ functions count; 0: staprun's own
	BufferMB       int            // per CPU; 0: as much as suits the machine (memory.go)
	Detach         bool           // -L: leave the module once it runs
	Daemon         bool           // -D: Started has been told, then nobody reads standard error
	Started        func()         // is called when the probes are armed; may be nil
	ReadTimeout    time.Duration  // -T: between two reads of a stream; 0: 10 ms
	Monitor        time.Duration  // -M: between two looks at what the session is at, on the terminal; 0: none
	Verbose        bool           // say how probes were armed
	NoWarnings     bool
	Color          bool     // of ERROR and WARNING
	Output         string   // -o: files for the output, by the notation of Output; "": Stdout
	Rotation       Rotation // -S
	Bulk           bool     // -b of stap: a file for each CPU
	Stats          string   // StatsJSON: the account of the session on Stderr
	Limits         []string // NAME=VALUE, see CheckLimit
	Faults         FaultOptions
	Stdin          io.Reader // of the command, or without one of the script; nil: os.Stdin
	Stdout, Stderr io.Writer
}

// bite is how many milliseconds there are between two reads of a stream.
func (o *Options) bite() int {
	if o.ReadTimeout > 0 {
		return int(o.ReadTimeout.Milliseconds())
	}
	return bite
}

// paint colours the word that a message begins with.
func (o *Options) paint(line string) string {
	kind, rest, found := strings.Cut(line, ":")
	colors := map[string]string{"ERROR": "01;31", "WARNING": "00;33"}
	if !o.Color || !found || colors[kind] == "" {
		return line
	}
	return "\x1b[" + colors[kind] + "m" + kind + ":\x1b[m" + rest
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

	if err := o.check(); err != nil {
		return 1, err
	}
	var m *loaded
	if o.Attach != "" {
		m, err = openModule(o.Attach)
	} else {
		m, err = load(o)
	}
	if err != nil {
		return 1, err
	}
	s, err := newSession(o, m)
	if err != nil {
		return 1, errors.Join(err, m.giveUp(o.Attach != ""))
	}
	status, err = s.run(ctx)
	if s.detached {
		return status, errors.Join(err, m.close())
	}
	return status, errors.Join(err, m.unload())
}

// giveUp unloads a module whose session did not begin, or leaves one that was
// detached as it was.
func (m *loaded) giveUp(detached bool) error {
	if detached {
		return m.close()
	}
	return m.unload()
}

// signals are those that mean something; SIGHUP, too, unless it is ignored, as
// nohup has it.
var signals = map[os.Signal]byte{
	unix.SIGINT: eventSignal, unix.SIGTERM: eventSignal, unix.SIGHUP: eventSignal,
	unix.SIGQUIT: eventDetach, unix.SIGUSR2: eventTurn,
}

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
	for s := range signals {
		if s != unix.SIGHUP || !signal.Ignored(s) {
			signal.Notify(channel, s)
		}
	}
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-channel:
				w.wake(signals[s])
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
