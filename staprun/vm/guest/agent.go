package guest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gostap/gostap/staprun/vm/wire"
)

// portPatience is how long the port may take to appear: it comes with the
// device's control messages, some time after the driver was loaded.
const portPatience = 30 * time.Second

// agent serves one port. Each channel is one activity of its own.
type agent struct {
	port *wire.Port

	mutex    sync.Mutex
	channels map[uint32]activity
}

// activity is what the reading loop can do to a channel, none of it waiting.
type activity interface {
	deliver(payload []byte)      // standard input
	grant(kind wire.Kind, n int) // credit for an output stream
	signal(request wire.SignalRequest)
}

// serve runs the agent until the host ends it (nil) or the port fails.
func serve() error {
	// Short memory must not cost the host its only ear. Programs get this undone.
	if err := os.WriteFile("/proc/self/oom_score_adj", []byte("-1000"), 0); err != nil {
		return err
	}
	pipe, err := openPort()
	if err != nil {
		return err
	}
	a := &agent{port: wire.NewPort(pipe), channels: map[uint32]activity{}}
	greeting, err := greet()
	if err != nil {
		return err
	}
	if err := a.port.SendJSON(wire.Hello, 0, greeting); err != nil {
		return fmt.Errorf("hello: %w", err)
	}
	for {
		frame, err := a.port.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if frame.Kind == wire.PowerOff {
			return nil
		}
		if err := a.handle(frame); err != nil {
			return err
		}
	}
}

func openPort() (*os.File, error) {
	deadline := time.Now().Add(portPatience)
	for time.Now().Before(deadline) {
		names, err := filepath.Glob("/sys/class/virtio-ports/*/name")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err == nil && strings.TrimSpace(string(text)) == wire.PortName {
				device := filepath.Join("/dev", filepath.Base(filepath.Dir(name)))
				return os.OpenFile(device, os.O_RDWR|unix.O_NONBLOCK, 0)
			}
		}
		time.Sleep(time.Millisecond)
	}
	return nil, fmt.Errorf("no virtio-serial port %s", wire.PortName)
}

func greet() (wire.Greeting, error) {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return wire.Greeting{}, err
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return wire.Greeting{}, fmt.Errorf("clock: %w", err)
	}
	return wire.Greeting{
		Release: strings.TrimSpace(string(release)),
		Uptime:  now.Nano() / 1000,
	}, nil
}

// handle passes a frame on. Frames for a channel that has ended are late, not
// wrong.
func (a *agent) handle(frame wire.Frame) error {
	switch frame.Kind {
	case wire.Start:
		var command wire.Command
		if err := frame.Decode(&command); err != nil {
			return err
		}
		p := newProgram(a, frame.Channel, command)
		a.add(frame.Channel, p)
		go a.finish(frame.Channel, p.run)
		return nil
	case wire.Put, wire.Get:
		var header wire.FileHeader
		if err := frame.Decode(&header); err != nil {
			return err
		}
		t := newTransfer(a, frame.Channel, header)
		a.add(frame.Channel, t)
		work := t.put
		if frame.Kind == wire.Get {
			work = t.get
		}
		go a.finish(frame.Channel, work)
		return nil
	}
	a.mutex.Lock()
	target, running := a.channels[frame.Channel]
	a.mutex.Unlock()
	if !running {
		return nil
	}
	switch frame.Kind {
	case wire.Stdin:
		target.deliver(frame.Payload)
	case wire.Credit:
		kind, n, err := frame.Credited()
		if err != nil {
			return err
		}
		target.grant(kind, n)
	case wire.Signal:
		var request wire.SignalRequest
		if err := frame.Decode(&request); err != nil {
			return err
		}
		target.signal(request)
	default:
		return fmt.Errorf("frame of kind %d from the host", frame.Kind)
	}
	return nil
}

func (a *agent) add(channel uint32, activity activity) {
	a.mutex.Lock()
	a.channels[channel] = activity
	a.mutex.Unlock()
}

// finish does a channel's work and reports its result as the last frame.
func (a *agent) finish(channel uint32, work func() wire.Result) {
	result := work()
	a.mutex.Lock()
	delete(a.channels, channel)
	a.mutex.Unlock()
	if err := a.port.SendJSON(wire.Exit, channel, result); err != nil {
		fmt.Fprintln(os.Stderr, "guest agent: result:", err)
	}
}

// transfer copies one file to or from the guest.
type transfer struct {
	header wire.FileHeader
	in     *wire.Receiver
	out    *wire.Sender
}

func newTransfer(a *agent, channel uint32, header wire.FileHeader) *transfer {
	return &transfer{
		header: header,
		in:     wire.NewReceiver(a.port, wire.Stdin, channel),
		out:    wire.NewSender(a.port, wire.Stdout, channel),
	}
}

func (t *transfer) deliver(payload []byte)      { t.in.Deliver(payload) }
func (t *transfer) grant(_ wire.Kind, n int)    { t.out.Grant(n) }
func (t *transfer) signal(_ wire.SignalRequest) {}

// put writes the file beside its place and then moves it there, so that a
// program that is being executed can be replaced.
func (t *transfer) put() wire.Result {
	var file *os.File
	err := os.MkdirAll(filepath.Dir(t.header.Path), 0o755)
	if err == nil {
		file, err = os.CreateTemp(filepath.Dir(t.header.Path), ".put-*")
	}
	if err != nil {
		t.in.WriteTo(io.Discard)
		return failure(err)
	}
	_, err = t.in.WriteTo(file)
	err = errors.Join(err, file.Chmod(fs.FileMode(t.header.Mode).Perm()), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), t.header.Path)
	}
	if err != nil {
		os.Remove(file.Name())
		return failure(err)
	}
	return wire.Result{}
}

func (t *transfer) get() wire.Result {
	file, err := os.Open(t.header.Path)
	if err == nil {
		// Read rather than copy by the file's size: /proc files have none.
		_, err = io.CopyBuffer(onlyWriter{t.out}, onlyReader{file}, make([]byte, wire.MaxPayload))
		err = errors.Join(err, file.Close())
	}
	if err := errors.Join(err, t.out.Close()); err != nil {
		return failure(err)
	}
	return wire.Result{}
}

type onlyReader struct{ io.Reader }
type onlyWriter struct{ io.Writer }

func failure(err error) wire.Result {
	return wire.Result{Status: 1, Error: err.Error()}
}

// exitStatus is the status as a shell tells it.
func exitStatus(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}
