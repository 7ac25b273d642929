package staprun

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// This file is the session's side of faults (runtime-c/stap/fault.c): the log of those that happened, which another run
// replays; the word that this process lives, without which they are switched off; and what came of them.
//
// A log is text, a line for each call that failed:
//
//	# gostap faults of stap_1d78988330b487183d1479210fcf0578
//	disk 3f2a90 17 81204553126 0 312 cat
//
// with the fault, its task's key, the call's number among the task's, nanoseconds since boot, CPU, process and command.
// A run that replays it needs the first three. Lines can be taken out: what is left happens.

// logHeader is what a log begins with; the script's module follows, without the part that is one run's.
const logHeader = "# gostap faults of "

// FaultOptions say what is done about the faults that a script asks for. Files that are "" are not wanted.
type FaultOptions struct {
	Log      string        // a file for those that happen
	Replay   string        // a log: its faults happen, and no others
	JUnit    string        // a file for what came of them, in JUnit's form
	Watchdog time.Duration // how long this process may say nothing until they are switched off; 0: for ever
}

// faults are those of a session.
type faults struct {
	folder  string
	module  string
	options FaultOptions
	counts  []faultCount // when they have been read
	happen  *os.File     // what happens, from the module
	log     *os.File     // nil: nobody wants it
	alive   time.Time    // when the module was told last
}

// faultCount is what came of a fault.
type faultCount struct {
	Name       string `json:"name"`
	On         bool   `json:"on"`
	Settings   string `json:"settings"`
	Calls      uint64 `json:"calls"`      // at which the script asked for it
	Considered uint64 `json:"considered"` // those that the settings did not pass by
	Injected   uint64 `json:"injected"`
	Unlogged   uint64 `json:"unlogged"` // of them, those that the log had no room for
}

// openFaults prepares those of the session's module; nil if its script has none.
func (s *session) openFaults() (*faults, error) {
	o := s.options.Faults
	happen, err := os.Open(filepath.Join(s.module.folder(), "injected"))
	if errors.Is(err, fs.ErrNotExist) {
		for option, value := range map[string]string{"--fault-log": o.Log, "--fault-replay": o.Replay, "--junit": o.JUnit} {
			if value != "" {
				return nil, &UserError{Message: option + ": the script asks for no faults", Hint: "it does so with fault(\"NAME\")"}
			}
		}
		return nil, nil
	}
	if err != nil {
		return nil, s.module.failure("opening the log of faults", err)
	}
	f := &faults{folder: s.module.folder(), module: scriptOf(s.module.name), options: o, happen: happen}
	if o.Replay != "" {
		if err := f.replay(o.Replay); err != nil {
			f.close()
			return nil, err
		}
	}
	if o.Log != "" {
		if f.log, err = os.Create(o.Log); err == nil {
			_, err = fmt.Fprintf(f.log, "%s%s\n", logHeader, f.module)
		}
		if err != nil {
			f.close()
			return nil, &UserError{Message: fmt.Sprintf("--fault-log: cannot write %s: %v", o.Log, rootCause(err)), Cause: err}
		}
	}
	return f, f.tend()
}

// scriptOf is a module's name without the number that tells its runs apart.
func scriptOf(module string) string {
	if parts := strings.SplitN(module, "_", 3); len(parts) == 3 && parts[0] == "stap" {
		return parts[0] + "_" + parts[1]
	}
	return module
}

// replay gives the module the calls of a log. None of it is kept when there is an error: the session does not start.
func (f *faults) replay(name string) error {
	bad := func(line int, what, hint string) error {
		return &UserError{Message: fmt.Sprintf("--fault-replay %s: line %d: %s", name, line, what), Hint: hint}
	}
	file, err := os.Open(name)
	if err != nil {
		return &UserError{Message: fmt.Sprintf("--fault-replay: cannot read %s: %v", name, rootCause(err)), Cause: err}
	}
	defer file.Close()
	calls := 0
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if of, ok := strings.CutPrefix(text, logHeader); ok && of != f.module {
			return bad(n, fmt.Sprintf("these are the faults of another script (%s, this one is %s)", of, f.module),
				"replay them with the script, options and kernel that made them, or take this line out if the calls are the same all the same")
		}
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		words := strings.Fields(text)
		if len(words) < 3 || !isNumber(words[1], 16) || !isNumber(words[2], 10) {
			return bad(n, fmt.Sprintf("%q is not a line of a log of faults", text), "each has a fault's name, a task's key in hexadecimal and a call's number")
		}
		if err := f.order("at " + strings.Join(words[:3], " ")); errors.Is(err, unix.EINVAL) {
			return bad(n, fmt.Sprintf("the script has no fault %q", words[0]), "replay it with the script that made it")
		} else if err != nil {
			return fmt.Errorf("telling the module of line %d of %s: %w", n, name, err)
		}
		calls++
	}
	if err := lines.Err(); err != nil {
		return bad(1, "this is no log of faults: "+err.Error(), "")
	}
	if calls == 0 {
		return &UserError{Message: fmt.Sprintf("--fault-replay %s: there is no fault in it", name)}
	}
	return nil
}

func isNumber(text string, base int) bool {
	_, err := strconv.ParseUint(text, base, 64)
	return err == nil
}

// order writes to the module's file of faults.
func (f *faults) order(text string) error {
	return os.WriteFile(filepath.Join(f.folder, "faults"), []byte(text), 0)
}

// tend tells the module, once in a while, that this process lives, and takes what is new to the log.
func (f *faults) tend() error {
	if f == nil || time.Since(f.alive) < longIdle*time.Millisecond {
		return nil
	}
	f.alive = time.Now()
	if err := f.order(fmt.Sprintf("alive %d", int(f.options.Watchdog/time.Second))); err != nil {
		return fmt.Errorf("telling the module that staprun lives: %w", err)
	}
	return f.collect()
}

// collect takes what is new to the log.
func (f *faults) collect() error {
	if f.log == nil {
		return nil
	}
	lines := make([]byte, 4096)
	for {
		n, err := f.happen.Read(lines)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading what faults happened: %w", err)
		}
		if _, err := f.log.Write(lines[:n]); err != nil {
			return &UserError{Message: fmt.Sprintf("--fault-log: cannot write %s: %v", f.options.Log, rootCause(err)), Cause: err}
		}
	}
}

// finish reads the rest and what came of each fault.
func (f *faults) finish() error {
	if f == nil {
		return nil
	}
	if err := f.collect(); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(f.folder, "faults"))
	if err != nil {
		return fmt.Errorf("reading what came of the faults: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		f.counts = append(f.counts, readFaultCount(line))
	}
	return nil
}

// readFaultCount reads a line of the module's file of faults.
func readFaultCount(line string) faultCount {
	var c faultCount
	var settings []string
	for i, word := range strings.Fields(line) {
		name, value, _ := strings.Cut(word, "=")
		count := map[string]*uint64{"calls": &c.Calls, "considered": &c.Considered, "injected": &c.Injected, "unlogged": &c.Unlogged}[name]
		switch {
		case i == 0:
			c.Name = word
		case i == 1:
			c.On = word == "on"
		case count != nil:
			*count, _ = strconv.ParseUint(value, 10, 64)
		default:
			settings = append(settings, word)
		}
	}
	c.Settings = strings.Join(settings, " ")
	return c
}

// String is a line of the summary.
func (c faultCount) String() string {
	state := ""
	switch {
	case c.Calls == 0:
		state = "; no call asked for it"
	case c.Considered == 0 && !c.On:
		state = "; it was not on"
	case c.Considered == 0:
		state = "; the settings passed all of them by: " + c.Settings
	}
	text := fmt.Sprintf("fault %s: %d of %d calls failed%s", c.Name, c.Injected, c.Calls, state)
	if c.Unlogged > 0 {
		text += fmt.Sprintf("; %d of them are not in the log, which had no room", c.Unlogged)
	}
	return text
}

// summarizeFaults says what came of the faults, and writes the report that was asked for; failure is how the command
// failed, or "".
func (s *session) summarizeFaults(failure string) {
	f := s.faults
	if f == nil {
		return
	}
	for _, c := range f.counts {
		s.say(c.String())
	}
	if f.options.JUnit == "" {
		return
	}
	if err := f.writeJUnit(s.options.Command, failure); err != nil {
		s.warn(fmt.Sprintf("--junit: %v", rootCause(err)))
		s.failed = true
	}
}

// The report of JUnit's form: a case for each fault, skipped if it never happened, and one for the command.
type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitMessage `xml:"failure"`
		Skipped *junitMessage `xml:"skipped"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
	}
)

func (f *faults) writeJUnit(command, failure string) error {
	suite := junitSuite{Name: f.module}
	for _, c := range f.counts {
		result := junitCase{Class: "faults", Name: c.Name, Output: strings.TrimSpace(c.String() + "\n" + c.Settings)}
		if c.Injected == 0 {
			result.Skipped = &junitMessage{c.String()}
			suite.Skipped++
		}
		suite.Cases = append(suite.Cases, result)
	}
	if command != "" {
		result := junitCase{Class: "command", Name: command}
		if failure != "" {
			result.Failure = &junitMessage{failure}
			suite.Failures++
		}
		suite.Cases = append(suite.Cases, result)
	}
	suite.Tests = len(suite.Cases)
	text, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(f.options.JUnit, append([]byte(xml.Header), append(text, '\n')...), 0o644)
}

// forget lets faults happen without this process.
func (f *faults) forget() {
	if f != nil {
		_ = f.order("alive 0") // the module may be at its end
	}
}

func (f *faults) close() {
	if f == nil {
		return
	}
	f.happen.Close()
	if f.log != nil {
		f.log.Close()
	}
}
