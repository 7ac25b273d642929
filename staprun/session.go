package staprun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// What a byte in the waker's pipe means.
const (
	eventSignal  byte = iota
	eventEnded        // the command ended
	eventStarted      // the write of "start" came back
	eventStopped      // the write of "stop" came back
)

// Times that the reader sleeps, in milliseconds.
const (
	bite     = 10   // between two reads of a stream, unless a buffer fills up
	longIdle = 1000 // when nothing comes: a safety net
)

// patience is how many signals end the session without waiting; what follows
// another within echo is the same one.
const (
	patience = 3
	echo     = 100 * time.Millisecond
)

// session is one run of a loaded module.
type session struct {
	options Options
	module  *loaded
	merger  *merger
	waker   *waker
	command *command
	input   *input

	starting   error // of "start"
	stopping   bool
	stopped    bool
	signals    int
	lastSignal time.Time
	failed     bool
	warned     map[string]bool
	summary    map[string]int64
	events     []byte // read from control, up to an incomplete line
}

func (s *session) run(ctx context.Context) (int, error) {
	waker, err := newWaker()
	if err != nil {
		return 1, err
	}
	defer waker.close()
	s.waker, s.warned = waker, map[string]bool{}
	defer waker.notify()()
	stop := context.AfterFunc(ctx, func() { waker.wake(eventSignal) })
	defer stop()

	target := s.options.Target
	if s.options.Command != "" {
		if s.command, err = startCommand(s.options.Command, s.options.Stdin, func() { waker.wake(eventEnded) }); err != nil {
			return 1, err
		}
		defer s.command.end()
		target = s.command.process.Process.Pid
	}
	go func() {
		s.starting = s.tell(fmt.Sprintf("start %d", target))
		waker.wake(eventStarted)
	}()
	err = s.loop()
	s.input.close()
	if err != nil {
		return 1, err
	}
	return s.report(), nil
}

// tell writes an order to the module; it comes back when the order is carried out.
func (s *session) tell(order string) error {
	_, err := unix.Write(int(s.module.control.Fd()), []byte(order))
	return err
}

// loop drains until the session is stopped and nothing is left.
func (s *session) loop() error {
	streaming := false
	for {
		if err := s.wait(streaming); err != nil {
			return err
		}
		if err := s.wakeUps(); err != nil {
			return err
		}
		if err := s.control(); err != nil {
			return err
		}
		n, err := s.drain()
		if err != nil {
			return err
		}
		streaming = n > 0
		if s.merger.err != nil {
			s.stop() // nobody reads the output any more
		}
		if s.stopped && n == 0 {
			return s.control()
		}
		if s.signals >= patience {
			return &UserError{Message: "Too many interrupts received, exiting."}
		}
	}
}

// wait sleeps until there is something to do.
func (s *session) wait(streaming bool) error {
	if s.stopped {
		return nil
	}
	files := []unix.PollFd{{Fd: int32(s.waker.reader.Fd()), Events: unix.POLLIN}}
	timeout := longIdle
	if streaming {
		timeout = bite
		for _, trace := range s.module.traces {
			files = append(files, unix.PollFd{Fd: int32(trace.Fd()), Events: unix.POLLIN})
		}
	} else {
		files = append(files, unix.PollFd{Fd: int32(s.module.control.Fd()), Events: unix.POLLIN})
	}
	if _, err := unix.Poll(files, timeout); err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("waiting for output: %w", err)
	}
	return nil
}

// wakeUps takes in what goroutines had to say.
func (s *session) wakeUps() error {
	files := []unix.PollFd{{Fd: int32(s.waker.reader.Fd()), Events: unix.POLLIN}}
	if n, _ := unix.Poll(files, 0); n <= 0 {
		return nil
	}
	buffer := make([]byte, 16)
	n, err := s.waker.reader.Read(buffer)
	if err != nil {
		return err
	}
	for _, event := range buffer[:n] {
		switch event {
		case eventSignal:
			// One Ctrl-C comes twice: from the terminal and passed on by stap.
			if time.Since(s.lastSignal) > echo {
				s.signals++
			}
			s.lastSignal = time.Now()
			s.stop()
		case eventEnded:
			s.stop()
		case eventStarted:
			if s.starting != nil {
				s.failed = true
				s.stop()
			} else if s.command != nil { // which has standard input
				s.command.release()
			} else {
				s.input = openInput(s.module.folder(), s.options.Stdin)
			}
		case eventStopped:
			s.stopped = true
		}
	}
	return nil
}

// stop asks the module for the end, once.
func (s *session) stop() {
	if s.stopping {
		return
	}
	s.stopping = true
	go func() {
		// The module cannot refuse; it waits for a start that is under way.
		_ = s.tell("stop")
		s.waker.wake(eventStopped)
	}()
}

// control reads the module's lines.
func (s *session) control() error {
	buffer := make([]byte, 8192)
	for {
		n, err := unix.Read(int(s.module.control.Fd()), buffer)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the module's events: %w", err)
		}
		s.events = append(s.events, buffer[:n]...)
		for {
			line, rest, whole := bytes.Cut(s.events, []byte("\n"))
			if !whole {
				break
			}
			s.events = rest
			s.event(string(line))
		}
	}
}

func (s *session) event(line string) {
	kind, text, _ := strings.Cut(line, " ")
	switch kind {
	case "exit":
		s.stop()
	case "error":
		s.say("ERROR: " + text)
	case "warning":
		s.warn(text)
	case "info":
		if s.options.Verbose {
			s.say(text)
		}
	case "summary":
		s.summary = map[string]int64{}
		for _, field := range strings.Fields(text) {
			name, value, _ := strings.Cut(field, "=")
			s.summary[name], _ = strconv.ParseInt(value, 10, 64)
		}
	}
}

// maxWarnings bounds the memory of warnings that were shown.
const maxWarnings = 1024

// warn shows a warning that was not shown before.
func (s *session) warn(text string) {
	if s.options.NoWarnings || s.warned[text] {
		return
	}
	if len(s.warned) < maxWarnings {
		s.warned[text] = true
	}
	s.say("WARNING: " + text)
}

// say writes a line to standard error, after the output that came before it.
func (s *session) say(line string) {
	fmt.Fprintln(s.options.Stderr, oneLine(line))
}

// maxRounds is how often CPUs are read from before other work gets its turn.
const maxRounds = 16

// drain reads what all CPUs have and delivers what is due.
func (s *session) drain() (int, error) {
	total := 0
	for range maxRounds {
		more := false
		for cpu, trace := range s.module.traces {
			room := s.merger.room(cpu)
			n, err := unix.Read(int(trace.Fd()), room)
			if err != nil && !errors.Is(err, unix.EINTR) {
				return total, fmt.Errorf("reading the output of CPU %d: %w", cpu, err)
			}
			if n > 0 {
				s.merger.add(cpu, n)
				total += n
				more = more || n == len(room)
			}
		}
		s.merger.deliver()
		if !more {
			break
		}
	}
	return total, nil
}

// report says what happened on the way and gives the exit status.
func (s *session) report() int {
	missing := s.merger.finish()
	count := s.summary
	if count["failed"] != 0 {
		s.failed = true
	}
	if count["errors"] > 0 || count["skipped"] > 0 {
		s.warn(fmt.Sprintf("Number of errors: %d, skipped probes: %d", count["errors"], count["skipped"]))
	}
	if count["dropped"] > 0 {
		s.warn(fmt.Sprintf("%d of %d messages (%d bytes) of output are lost: they found no room. Enlarge the buffer of %d MB per CPU with -s",
			count["dropped"], count["dropped"]+count["produced"], count["dropped_bytes"], count["buffer_kb"]>>10))
	}
	if count["lost_lines"] > 0 {
		s.warn(fmt.Sprintf("%d warnings and errors of the script are not shown: there was no room for them", count["lost_lines"]))
	}
	if missing > 0 {
		s.warn(fmt.Sprintf("%d messages of output are missing", missing))
	}
	if count["cut"] > 0 {
		s.warn(fmt.Sprintf("%d strings were cut: they are longer than MAXSTRINGLEN allows. Enlarge it with -DMAXSTRINGLEN=N", count["cut"]))
	}
	if count["missed"] > 0 {
		s.warn(fmt.Sprintf("%d returns of functions were missed: more calls were under way than are followed. Raise it with .return.maxactive(N)", count["missed"]))
	}
	if s.options.Verbose && count["reentered"]+count["unwatched"] > 0 {
		s.say(fmt.Sprintf("hits inside of handlers: %d, in places where RCU is not watching: %d; not handled", count["reentered"], count["unwatched"]))
	}
	if err := s.timing(); err != nil {
		s.warn(fmt.Sprintf("the report of what probes cost is missing: %v", err))
	}
	if s.command != nil {
		if failure := s.command.failure(); failure != "" {
			s.warn(failure)
			s.failed = true
		}
	}
	if s.merger.err != nil && !errors.Is(s.merger.err, unix.EPIPE) {
		s.say(fmt.Sprintf("ERROR: writing the output: %v", rootCause(s.merger.err)))
		s.failed = true
	}
	if s.failed {
		return 1
	}
	return 0
}
