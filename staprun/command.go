package staprun

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/google/shlex"
)

// Gate is the first argument by which staprun calls itself: wait for a byte on
// descriptor 3, then become the command. So the command has its process number
// before it runs, and runs only once the probes are armed.
const Gate = "--gate"

const gateDescriptor = 3

// command is the child of -c.
type command struct {
	process *exec.Cmd
	gate    *os.File
	state   atomic.Pointer[os.ProcessState] // when it has ended
	told    bool                            // to go, while it ran
}

// startCommand starts the child, which waits at the gate.
func startCommand(line string, stdin io.Reader, ended func()) (*command, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	c := &command{process: exec.Command(self, Gate, line), gate: writer}
	if stdin == nil {
		stdin = os.Stdin
	}
	c.process.Stdin, c.process.Stdout, c.process.Stderr = stdin, os.Stdout, os.Stderr
	c.process.ExtraFiles = []*os.File{reader}
	if err := c.process.Start(); err != nil {
		writer.Close()
		return nil, fmt.Errorf("starting the command: %w", err)
	}
	go func() {
		_ = c.process.Wait() // its state says it
		c.state.Store(c.process.ProcessState)
		ended()
	}()
	return c, nil
}

// release lets the command run.
func (c *command) release() {
	_, _ = c.gate.Write([]byte{1})
	c.gate.Close()
}

// end tells a command that still runs to go.
func (c *command) end() {
	c.gate.Close()
	if c.state.Load() == nil {
		c.told = true
		_ = c.process.Process.Signal(syscall.SIGTERM)
	}
}

// failure says how the command failed, "" if it did not, or was told to go.
func (c *command) failure() string {
	state := c.state.Load()
	if state == nil || state.Success() || c.told {
		return ""
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return fmt.Sprintf("Child process exited with signal %d (%s)", status.Signal(), status.Signal())
	}
	return fmt.Sprintf("Child process exited with status %d", state.ExitCode())
}

// BecomeCommand is the child's side of the gate. It returns only when it fails;
// the status is what a shell would exit with.
func BecomeCommand(line string) (status int, err error) {
	gate := os.NewFile(gateDescriptor, "gate")
	if n, _ := gate.Read(make([]byte, 1)); n == 0 {
		return 1, nil // the session did not start
	}
	gate.Close()
	arguments := []string{"/bin/sh", "-c", line}
	if words, err := shlex.Split(line); err == nil && len(words) > 0 && !strings.ContainsAny(line, "$`&|;<>()*?[]~!{}#\n\\") && !strings.Contains(words[0], "=") {
		path, err := exec.LookPath(words[0])
		if err != nil {
			return 127, fmt.Errorf("%s: command not found", words[0])
		}
		arguments = append([]string{path}, words[1:]...)
	}
	err = syscall.Exec(arguments[0], arguments, os.Environ())
	if errors.Is(err, syscall.ENOENT) {
		return 127, fmt.Errorf("%s: not found", arguments[0])
	}
	return 126, fmt.Errorf("%s: %w", arguments[0], err)
}
