package staprun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// What a byte in the waker's pipe means.
const (
	eventSignal  byte = iota
	eventEnded        // the command ended
	eventStarted      // the write of "start" came back
	eventStopped      // the write of "stop" came back
	eventDetach       // SIGQUIT
	eventTurn         // SIGUSR2
	eventRoom         // what was to be written has been
)

// Times that the reader sleeps, in milliseconds.
const (
	bite     = 10   // between two reads of a stream, unless a buffer fills up or -T says otherwise
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
	options  Options
	module   *loaded
	messages collector
	output   *outlet // of the script
	lines    *outlet // on standard error
	waker    *waker
	command  *command
	input    *input
	faults   *faults // nil without any

	starting   error // of "start"
	running    bool  // the probes are armed
	stopping   bool
	stopped    bool
	detached   bool
	attached   map[string]int64 // what the module said of a session that was detached
	signals    int
	lastSignal time.Time
	failed     bool
	warned     map[string]bool
	summary    map[string]int64
	stderr     io.Writer
	monitor    *monitor       // nil without one
	requests   sync.WaitGroup // commands that the script has asked for
	events     []byte         // read from control, up to an incomplete line
}

// collector takes what is read of each CPU's buffer, whole messages, to the output.
type collector interface {
	room(cpu int) []byte   // where to read a CPU's bytes to
	add(cpu, n int)        // so many have been read there
	deliver()              // what is due
	passGaps(end uint32)   // messages below end that are not there never will be
	finish() (missing int) // what is left
}

// newSession prepares the run of a loaded module. The outlets write from now on.
func newSession(o Options, m *loaded) (*session, error) {
	waker, err := newWaker()
	if err != nil {
		return nil, err
	}
	s := &session{options: o, module: m, waker: waker, warned: map[string]bool{}}
	var files []*Output
	to := interruptible(o.Stdout)
	if o.Monitor > 0 && !o.Daemon && !o.Detach {
		if s.monitor = newMonitor(o.Stdin, o.Stdout, o.Monitor); s.monitor != nil {
			to = s.monitor
		}
	}
	switch {
	case o.Bulk:
		if files, err = openBulk(o.Output, o.Rotation, len(m.traces)); err != nil {
			return nil, err
		}
	case o.Output != "":
		file, err := OpenOutput(o.Output, o.Rotation)
		if err != nil {
			return nil, err
		}
		to, files = file, []*Output{file}
	}
	s.output = newOutlet(func() { waker.wake(eventRoom) }, func() error { return turnAll(files) })
	s.lines = newOutlet(func() {}, nil)
	if o.Bulk {
		s.messages = &bulk{s.output, files, make([][]byte, len(m.traces))}
	} else {
		s.messages = newMerger(len(m.traces), func(text []byte, ends []int) ([]byte, []int) { return s.output.put(to, text, ends) })
	}
	s.stderr = interruptible(o.Stderr)
	switch {
	case o.Daemon && o.Bulk:
		s.stderr, err = OpenOutput(bulkName(o.Output)+"_messages", Rotation{})
	case o.Daemon && len(files) > 0: // messages stand between the lines of the output
		s.stderr, s.lines = files[0], s.output
	}
	return s, err
}

func (s *session) run(ctx context.Context) (int, error) {
	defer s.waker.close()
	defer s.waker.notify()()
	stop := context.AfterFunc(ctx, func() { s.waker.wake(eventSignal) })
	defer stop()

	var err error
	s.faults, err = s.openFaults()
	switch {
	case err != nil:
	case s.options.Attach != "":
		err = s.attach()
	default:
		err = s.start()
	}
	if err == nil {
		err = s.loop()
	}
	s.input.close()
	if s.command != nil && !s.detached {
		s.command.end()
	}
	s.awaitRequests()
	status := 1
	if err == nil && !s.detached {
		status = s.report()
	} else if err == nil {
		status = s.leave()
	}
	s.output.close()
	s.lines.close()
	s.monitor.close()
	s.faults.close()
	return status, err
}

// start begins the session, and the command of -c behind its gate.
func (s *session) start() error {
	if err := s.setLimits(); err != nil {
		return err
	}
	target := s.options.Target
	if s.options.Command != "" {
		var err error
		if s.command, err = startCommand(s.options.Command, s.options.Stdin, func() { s.waker.wake(eventEnded) }); err != nil {
			return err
		}
		target = s.command.process.Process.Pid
	}
	go func() {
		s.starting = s.tell(fmt.Sprintf("start %d", target))
		s.waker.wake(eventStarted)
	}()
	return nil
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
		if err := s.faults.tend(); err != nil {
			return err
		}
		n, err := s.drain()
		if err != nil {
			return err
		}
		streaming = n > 0
		if _, _, err := s.output.state(); err != nil {
			s.stop() // nobody takes the output any more
		}
		switch {
		case s.detached, s.stopped && n == 0 && !s.output.isFull(), s.stopped && s.output.isStalled(stallPatience):
			return s.control()
		}
		if s.signals >= patience {
			return &UserError{Message: "Too many interrupts received, exiting."}
		}
	}
}

// wait sleeps until there is something to do.
func (s *session) wait(streaming bool) error {
	files := []unix.PollFd{{Fd: int32(s.waker.reader.Fd()), Events: unix.POLLIN}}
	timeout := longIdle
	switch {
	case s.output.isFull():
		// what comes stays in the module
	case s.stopped:
		return nil
	case streaming:
		timeout = s.options.bite()
		for _, trace := range s.module.traces {
			files = append(files, unix.PollFd{Fd: int32(trace.Fd()), Events: unix.POLLIN})
		}
	default:
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
			} else {
				s.started()
			}
		case eventStopped:
			s.stopped = true
		case eventDetach:
			s.detach()
		case eventTurn:
			s.turn()
		}
	}
	return nil
}

// started goes on once the probes are armed.
func (s *session) started() {
	s.running = true
	if s.options.Started != nil {
		s.options.Started()
	}
	switch {
	case s.command != nil: // which has standard input
		s.command.release()
	case s.monitor != nil: // which has it, too
		if err := s.monitor.open(s.module.folder()); err != nil {
			s.warn(err.Error())
		}
	case !s.options.Daemon && !s.options.Detach:
		s.input = openInput(s.module.folder(), s.options.Stdin)
	}
	if s.options.Detach {
		s.detach()
	}
}

// turn goes on with the next file of the output.
func (s *session) turn() {
	if s.options.Output == "" && !s.options.Bulk {
		s.warn("there is no other file to switch to: the output has no name (-o)")
		return
	}
	s.output.turn()
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

// control reads the module's lines; what was printed before them is delivered before them.
func (s *session) control() error {
	buffer := make([]byte, 8192)
	for {
		n, err := unix.Read(int(s.module.control.Fd()), buffer)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
			return nil
		}
		if err != nil {
			return s.module.failure("reading the module's events", err)
		}
		s.events = append(s.events, buffer[:n]...)
		if _, err := s.drain(); err != nil {
			return err
		}
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
	case "info", "total":
		if s.options.Verbose {
			s.say(text)
		}
	case "summary":
		s.summary = numbersByName(text)
	case "attached":
		s.attached = numbersByName(text)
	case "system":
		s.system(text)
	case "switch_file": // once what was printed before is in the current one
		if _, err := s.drain(); err == nil {
			s.turn()
		}
	}
}

// numbersByName reads NAME=N words.
func numbersByName(text string) map[string]int64 {
	numbers := map[string]int64{}
	for _, field := range strings.Fields(text) {
		name, value, _ := strings.Cut(field, "=")
		numbers[name], _ = strconv.ParseInt(value, 10, 64)
	}
	return numbers
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

// orderPatience is how long a line waits for the output that came before it.
const orderPatience = 50 * time.Millisecond

// say writes a line to standard error, after the output that came before it
// unless nobody takes that.
func (s *session) say(line string) {
	if s.lines != s.output {
		s.messages.deliver()
		s.output.settle(orderPatience)
	}
	if !s.lines.isFull() {
		text := []byte(s.options.paint(oneLine(line)) + "\n")
		s.lines.put(s.stderr, text, nil)
	}
}

// maxRounds is how often CPUs are read from before other work gets its turn.
const maxRounds = 16

// drain reads what all CPUs have and delivers what is due. It reads nothing
// while too much waits to be written.
func (s *session) drain() (int, error) {
	total := 0
	for range maxRounds {
		if s.output.isFull() {
			break
		}
		n, more, err := s.readAll()
		if err != nil {
			return total, err
		}
		total += n
		s.messages.deliver()
		if !more {
			break
		}
	}
	return total, nil
}

// readAll reads from each CPU once, and reports whether there may be more.
func (s *session) readAll() (total int, more bool, err error) {
	for cpu, trace := range s.module.traces {
		room := s.messages.room(cpu)
		n, err := unix.Read(int(trace.Fd()), room)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return total, false, s.module.failure(fmt.Sprintf("reading the output of CPU %d", cpu), err)
		}
		if n > 0 {
			s.messages.add(cpu, n)
			total += n
			more = more || n == len(room)
		}
	}
	return total, more, nil
}

// report says what happened on the way and gives the exit status.
func (s *session) report() int {
	missing := s.messages.finish()
	s.output.settle(stallPatience)
	count := s.summary
	if count["failed"] != 0 {
		s.failed = true
	}
	if count["errors"] > 0 || count["skipped"] > 0 {
		s.warn(fmt.Sprintf("Number of errors: %d, skipped probes: %d", count["errors"], count["skipped"]))
	}
	s.reportLosses(missing)
	if count["lost_lines"] > 0 {
		s.warn(fmt.Sprintf("%d warnings and errors of the script are not shown: there was no room for them", count["lost_lines"]))
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
	if err := s.faults.finish(); err != nil {
		s.warn(err.Error())
		s.failed = true
	}
	if err := s.accounts(); err != nil {
		s.warn(fmt.Sprintf("the account of the probes is missing: %v", err))
	}
	failure := ""
	if s.command != nil {
		if failure = s.command.failure(); failure != "" {
			s.warn(failure)
			s.failed = true
		}
	}
	s.summarizeFaults(failure)
	if s.failed {
		return 1
	}
	return 0
}

// reportLosses says what of the output did not arrive, and why. What was
// delivered and what was lost is all that was produced.
func (s *session) reportLosses(missing int) {
	count := s.summary
	if count["dropped"] > 0 {
		s.warn(fmt.Sprintf("There were %d transport failures: so many of %d messages (%d bytes) of output found no room and are lost. Try stap -s to increase the buffer size from %s per CPU",
			count["dropped"], count["dropped"]+count["produced"], count["dropped_bytes"], size(count["buffer_kb"])))
	}
	if count["overwritten"] > 0 && s.attached == nil || count["overwritten"] > s.attached["overwritten"] {
		s.warn(overwritten(count))
	}
	if missing > 0 {
		s.warn(fmt.Sprintf("There were %d lost messages: they are not in what was read", missing))
	}
	_, lost, err := s.output.state()
	switch {
	case errors.Is(err, unix.EPIPE): // who read the output had enough of it
	case err != nil:
		s.say(fmt.Sprintf("ERROR: writing the output: %v; %d messages are lost", rootCause(err), lost))
		s.failed = true
	case !s.output.settle(0):
		s.output.close()
		for more := true; more; { // what is left in the module is lost, too
			if _, more, err = s.readAll(); err != nil {
				break
			}
			s.messages.finish()
		}
		_, lost, _ = s.output.state()
		s.warn(fmt.Sprintf("There were %d lost messages: nobody took the output any more", lost))
	}
}

// size is so many KB, in the unit that suits.
func size(kb int64) string {
	if kb < 1<<10 {
		return fmt.Sprintf("%d KB", kb)
	}
	return fmt.Sprintf("%d MB", kb>>10)
}
