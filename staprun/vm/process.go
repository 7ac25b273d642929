package vm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"github.com/gostap/gostap/staprun/vm/wire"
)

// Command is a program to run in a guest.
type Command struct {
	Args   []string  // the program, by path or looked up in the guest's PATH, and its arguments
	Env    []string  // NAME=value, on top of the guest's own environment
	Dir    string    // "": the root
	Stdin  io.Reader // nil: /dev/null
	Stdout io.Writer // nil: dropped
	Stderr io.Writer // nil: dropped
}

// Process is a program that runs in a guest.
type Process struct {
	guest          *Guest
	channel        uint32
	stdin          *wire.Sender
	stdout, stderr *wire.Receiver
	stdoutTo       io.Writer
	stderrTo       io.Writer

	copies sync.WaitGroup
	once   sync.Once
	result wire.Result
	failed error         // the guest died
	output error         // the first error of Stdout or Stderr
	done   chan struct{} // closed when all of the above is settled

	mutex sync.Mutex // for output
}

func newProcess(g *Guest, stdout, stderr io.Writer) *Process {
	if stdout == nil {
		stdout = io.Discard
	}
	if stderr == nil {
		stderr = io.Discard
	}
	return &Process{guest: g, stdoutTo: stdout, stderrTo: stderr, done: make(chan struct{})}
}

// attach opens the process's streams on a channel.
func (p *Process) attach(port *wire.Port, channel uint32) {
	p.channel = channel
	p.stdin = wire.NewSender(port, wire.Stdin, channel)
	p.stdout = wire.NewReceiver(port, wire.Stdout, channel)
	p.stderr = wire.NewReceiver(port, wire.Stderr, channel)
	p.copies.Go(func() { p.copy(p.stdoutTo, p.stdout) })
	p.copies.Go(func() { p.copy(p.stderrTo, p.stderr) })
}

func (p *Process) copy(to io.Writer, from *wire.Receiver) {
	if _, err := from.WriteTo(to); err != nil {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		if p.output == nil {
			p.output = err
		}
	}
}

// handle takes a frame of the process's channel.
func (p *Process) handle(frame wire.Frame) error {
	switch frame.Kind {
	case wire.Stdout:
		p.stdout.Deliver(frame.Payload)
	case wire.Stderr:
		p.stderr.Deliver(frame.Payload)
	case wire.Credit:
		_, n, err := frame.Credited()
		if err != nil {
			return err
		}
		p.stdin.Grant(n)
	case wire.Exit:
		var result wire.Result
		if err := frame.Decode(&result); err != nil {
			return err
		}
		p.settle(result, nil)
	default:
		return fmt.Errorf("frame of kind %d from the guest", frame.Kind)
	}
	return nil
}

// fail ends the process because its guest is dead.
func (p *Process) fail(cause error) { p.settle(wire.Result{}, cause) }

// settle ends the process; its output is still handed on first.
func (p *Process) settle(result wire.Result, failed error) {
	p.once.Do(func() {
		p.result, p.failed = result, failed
		p.stdin.Fail(io.ErrClosedPipe)
		p.stdout.Fail(io.EOF)
		p.stderr.Fail(io.EOF)
		go func() {
			p.copies.Wait()
			close(p.done)
		}()
	})
}

// Start starts a program. What it writes is handed to cmd.Stdout and
// cmd.Stderr as it comes, each in its order; a slow writer slows down only
// this program. A reader given as cmd.Stdin may be read from once more after
// the program has ended.
func (g *Guest) Start(cmd Command) (*Process, error) {
	p := newProcess(g, cmd.Stdout, cmd.Stderr)
	request := wire.Command{Args: cmd.Args, Env: cmd.Env, Dir: cmd.Dir, Stdin: cmd.Stdin != nil}
	if err := g.open(p, wire.Start, request); err != nil {
		return nil, err
	}
	if cmd.Stdin != nil {
		go func() {
			// An error here is that of a program that has ended, or of a
			// reader that has: either way the program sees the end.
			_, _ = io.Copy(p.stdin, cmd.Stdin)
			_ = p.stdin.Close()
		}()
	}
	return p, nil
}

// Signal sends a signal to the program. One that has ended ignores it.
func (p *Process) Signal(signal syscall.Signal) error { return p.signal(signal, false) }

// SignalGroup sends a signal to the program and those it started, as a
// terminal does for Ctrl-C.
func (p *Process) SignalGroup(signal syscall.Signal) error { return p.signal(signal, true) }

func (p *Process) signal(signal syscall.Signal, group bool) error {
	request := wire.SignalRequest{Number: int(signal), Group: group}
	return p.guest.port.SendJSON(wire.Signal, p.channel, request)
}

// Wait waits for the program's end and the last of its output. The status is
// as a shell has it: 128+n if signal n ended the program, 127 with an error if
// it was not found, 126 with an error if it cannot be executed. An error of
// cmd.Stdout or cmd.Stderr is returned beside the status; a guest that died
// is a *Failure with status -1.
func (p *Process) Wait() (exit int, err error) {
	<-p.done
	switch {
	case p.failed != nil:
		return -1, p.failed
	case p.result.Error != "":
		return p.result.Status, errors.New(p.result.Error)
	case p.output != nil:
		return p.result.Status, fmt.Errorf("output of the guest's program: %w", p.output)
	}
	return p.result.Status, nil
}

// killPatience is how long a program may take to heed a signal.
const killPatience = 10 * time.Second

// Run runs a program to its end. When ctx is done the program's group gets
// SIGINT, and SIGKILL if that has no effect in time. A program that heeds the
// interrupt ends with its own status and no error; a killed one is an error.
func (g *Guest) Run(ctx context.Context, cmd Command) (int, error) {
	p, err := g.Start(cmd)
	if err != nil {
		return -1, err
	}
	select {
	case <-p.done:
		return p.Wait()
	case <-ctx.Done():
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		if err := p.SignalGroup(signal); err != nil {
			return -1, fmt.Errorf("guest: %w", err)
		}
		select {
		case <-p.done:
			exit, err := p.Wait()
			if signal == syscall.SIGKILL {
				err = errors.Join(fmt.Errorf("%s was killed: it did not heed the interrupt", cmd.Args[0]), err)
			}
			return exit, err
		case <-time.After(killPatience):
		}
	}
	return -1, fmt.Errorf("%s cannot be killed", cmd.Args[0])
}
