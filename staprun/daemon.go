package staprun

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// DaemonChild is the first argument by which staprun calls itself for -D: run in
// the background, say on descriptor 3 that the session has started, and from
// then on write nothing where the caller reads.
const DaemonChild = "--daemon"

// Daemonize runs this program again, with the arguments, in the background. It
// comes back when the session has started, with the number of the process that
// reads the output, or when that process has ended before, with its status.
func Daemonize(arguments []string) (pid, status int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, 1, fmt.Errorf("finding this program: %w", err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return 0, 1, err
	}
	defer reader.Close()
	child := exec.Command(self, append([]string{DaemonChild}, arguments...)...)
	child.Stderr = os.Stderr
	child.ExtraFiles = []*os.File{writer}
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = child.Start()
	writer.Close()
	if err != nil {
		return 0, 1, fmt.Errorf("starting the process in the background: %w", err)
	}
	if text, err := io.ReadAll(reader); err == nil && len(text) > 0 {
		return child.Process.Pid, 0, nil
	}
	_ = child.Wait() // its status says it
	return 0, max(child.ProcessState.ExitCode(), 1), nil
}

// DaemonStarted gives what a daemon's Options.Started is: the caller is told, and
// standard error is nobody's any more.
func DaemonStarted() func() {
	told := os.NewFile(gateDescriptor, "started")
	return func() {
		_, _ = told.Write([]byte{1})
		told.Close()
		if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
			_ = syscall.Dup3(int(null.Fd()), 2, 0)
			null.Close()
		}
	}
}
