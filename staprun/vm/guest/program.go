package guest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gostap/gostap/staprun/vm/wire"
)

// Statuses of a program that could not be started, as shells have them.
const (
	statusNotExecutable = 126
	statusNotFound      = 127
)

// program is one running program of a channel, in a session of its own.
type program struct {
	command        wire.Command
	in             *wire.Receiver
	stdout, stderr *wire.Sender

	mutex   sync.Mutex
	pid     int // 0 before the start and after the end
	pending []wire.SignalRequest
}

func newProgram(a *agent, channel uint32, command wire.Command) *program {
	return &program{
		command: command,
		in:      wire.NewReceiver(a.port, wire.Stdin, channel),
		stdout:  wire.NewSender(a.port, wire.Stdout, channel),
		stderr:  wire.NewSender(a.port, wire.Stderr, channel),
	}
}

func (p *program) deliver(payload []byte) { p.in.Deliver(payload) }

func (p *program) grant(kind wire.Kind, n int) {
	if kind == wire.Stderr {
		p.stderr.Grant(n)
	} else {
		p.stdout.Grant(n)
	}
}

// signal sends a signal now, or as soon as the program has started.
func (p *program) signal(request wire.SignalRequest) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.pid == 0 {
		p.pending = append(p.pending, request)
		return
	}
	send(p.pid, request)
}

func send(pid int, request wire.SignalRequest) {
	if request.Group {
		pid = -pid
	}
	// The only failure is that there is nobody left to signal.
	_ = unix.Kill(pid, unix.Signal(request.Number))
}

// run starts the program and returns its result after its last output.
func (p *program) run() wire.Result {
	command := &exec.Cmd{
		Args:        p.command.Args,
		Env:         append(os.Environ(), p.command.Env...),
		Dir:         p.command.Dir,
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	pipes, err := p.start(command)
	if err != nil {
		err = errors.Join(err, p.stdout.Close(), p.stderr.Close())
		status := statusNotExecutable
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			status = statusNotFound
		}
		return wire.Result{Status: status, Error: err.Error()}
	}
	var pumps sync.WaitGroup
	pumps.Go(func() { pump(p.stdout, pipes.stdout) })
	pumps.Go(func() { pump(p.stderr, pipes.stderr) })
	if pipes.stdin != nil {
		go func() {
			// A program that stops reading is not an error.
			_, _ = p.in.WriteTo(pipes.stdin)
			pipes.stdin.Close()
		}()
	}
	err = command.Wait()
	p.mutex.Lock()
	p.pid = 0
	p.mutex.Unlock()
	pipes.programEnded()
	pumps.Wait()
	p.in.Fail(io.ErrClosedPipe)
	if pipes.stdin != nil {
		pipes.stdin.Close()
	}

	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		return failure(err)
	}
	return wire.Result{Status: exitStatus(command.ProcessState.Sys().(syscall.WaitStatus))}
}

// pipes are the agent's ends of a program's standard streams.
type pipes struct {
	stdin          *os.File // nil: /dev/null
	stdout, stderr *os.File
}

// programEnded makes the readers stop at what the program has left in its
// pipes, even if a program in the background still holds them.
func (p pipes) programEnded() {
	now := time.Now()
	_ = p.stdout.SetReadDeadline(now)
	_ = p.stderr.SetReadDeadline(now)
}

// start starts the command with its standard streams on pipes.
func (p *program) start(command *exec.Cmd) (agentEnds pipes, err error) {
	var programEnds, opened []*os.File
	defer func() {
		for _, file := range programEnds {
			file.Close()
		}
		if err != nil {
			for _, file := range opened {
				file.Close()
			}
		}
	}()
	if len(command.Args) == 0 {
		return pipes{}, errors.New("no program given")
	}
	if command.Path, err = exec.LookPath(command.Args[0]); err != nil {
		return pipes{}, err
	}
	if info, err := os.Stat(command.Dir); command.Dir != "" && (err != nil || !info.IsDir()) {
		return pipes{}, fmt.Errorf("no folder %s in the guest", command.Dir)
	}
	if p.command.Stdin {
		read, write, err := os.Pipe()
		if err != nil {
			return pipes{}, err
		}
		programEnds, opened = append(programEnds, read), append(opened, write)
		command.Stdin, agentEnds.stdin = read, write
	}
	output := func() (read, write *os.File, err error) {
		if read, write, err = os.Pipe(); err == nil {
			programEnds, opened = append(programEnds, write), append(opened, read)
		}
		return read, write, err
	}
	var stdout, stderr *os.File
	if agentEnds.stdout, stdout, err = output(); err != nil {
		return pipes{}, err
	}
	if agentEnds.stderr, stderr, err = output(); err != nil {
		return pipes{}, err
	}
	command.Stdout, command.Stderr = stdout, stderr
	if err := command.Start(); err != nil {
		return pipes{}, err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.pid = command.Process.Pid
	for _, request := range p.pending {
		send(p.pid, request)
	}
	p.pending = nil
	// The agent is exempt from being killed for memory; programs are not.
	_ = os.WriteFile("/proc/"+strconv.Itoa(p.pid)+"/oom_score_adj", []byte("0"), 0)
	return agentEnds, nil
}

// pump sends what comes out of a pipe until its end or, after programEnded,
// until it is empty.
func pump(out *wire.Sender, pipe *os.File) {
	defer pipe.Close()
	defer out.Close()
	buffer := make([]byte, wire.MaxPayload)
	read := pipe.Read
	for {
		n, err := read(buffer)
		if n > 0 {
			if _, err := out.Write(buffer[:n]); err != nil {
				return
			}
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			_ = pipe.SetReadDeadline(time.Time{})
			read = func(p []byte) (int, error) { return readNow(pipe, p) }
			continue
		}
		if err != nil {
			return
		}
	}
}

// readNow reads without waiting; an empty pipe is io.EOF.
func readNow(pipe *os.File, p []byte) (n int, err error) {
	raw, err := pipe.SyscallConn()
	if err != nil {
		return 0, err
	}
	rawErr := raw.Read(func(fd uintptr) bool {
		n, err = unix.Read(int(fd), p)
		return true
	})
	if n <= 0 || err != nil || rawErr != nil {
		return 0, io.EOF
	}
	return n, nil
}
