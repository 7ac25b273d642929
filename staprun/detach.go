package staprun

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// This file is about modules that live without a staprun: leaving one (SIGQUIT,
// -L), coming back to it (-A), removing it (-d), and telling those from what a
// staprun left behind that was killed.

// A module's file status says what its reader is.
const (
	readerAttached = "attached"
	readerDetached = "detached"
)

// status is what a module says of itself.
type status struct {
	reader    string // "none", or one of the above
	buffersKB int    // of all CPUs
}

// readStatus gives the status of a loaded module of ours.
func readStatus(name string) (status, error) {
	text, err := os.ReadFile(filepath.Join(procRoot, name, "status"))
	if err != nil {
		return status{}, err
	}
	var s status
	for line := range strings.Lines(string(text)) {
		switch key, value, _ := strings.Cut(strings.TrimSpace(line), " "); key {
		case "reader":
			s.reader = value
		case "buffers_kb":
			_, _ = fmt.Sscan(value, &s.buffersKB)
		}
	}
	return s, nil
}

// modules gives those of ours that are loaded.
func modules() map[string]status {
	found := map[string]status{}
	entries, _ := os.ReadDir(procRoot) // no folder: no module
	for _, entry := range entries {
		if s, err := readStatus(entry.Name()); err == nil {
			found[entry.Name()] = s
		}
	}
	return found
}

// sweep removes modules whose staprun is gone and that were not told to live on.
func sweep() {
	for name, s := range modules() {
		if s.reader != readerAttached && s.reader != readerDetached {
			_ = unix.DeleteModule(name, unix.O_NONBLOCK)
		}
	}
}

// Remove ends the sessions that no staprun reads and unloads their modules: the
// one of that name, or all of them for "*".
func Remove(name string) error {
	unlock, err := lock()
	if err != nil {
		return err
	}
	defer unlock()
	if name != "*" {
		return remove(name)
	}
	var failures []error
	for name, s := range modules() {
		if s.reader != readerAttached {
			failures = append(failures, remove(name))
		}
	}
	return errors.Join(failures...)
}

func remove(name string) error {
	m, err := openModule(name)
	if err != nil {
		return err
	}
	if _, err := unix.Write(int(m.control.Fd()), []byte("stop")); err != nil {
		return errors.Join(fmt.Errorf("stopping the module %s: %w", name, err), m.close())
	}
	return m.unload()
}

// openModule opens the files of a module that is loaded and that nobody reads.
func openModule(name string) (*loaded, error) {
	name, err := moduleName(name)
	if err != nil {
		return nil, err
	}
	m := &loaded{name: name}
	err = m.open()
	if err == nil {
		return m, nil
	}
	_ = m.close()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &UserError{Message: fmt.Sprintf("no module %s of stap is loaded", name), Hint: otherModules(), Cause: err}
	case errors.Is(err, unix.EBUSY):
		return nil, &UserError{Message: fmt.Sprintf("the module %s is in use: a staprun reads its output", name), Cause: err}
	case errors.Is(err, fs.ErrPermission):
		return nil, &UserError{Message: fmt.Sprintf("the module %s belongs to root", name), Hint: "run as root (sudo)", Cause: err}
	}
	return nil, err
}

func otherModules() string {
	var names []string
	for name, s := range modules() {
		if s.reader != readerAttached {
			names = append(names, name)
		}
	}
	if names == nil {
		return ""
	}
	return "detached are: " + strings.Join(names, " ")
}

// moduleName gives the name of a module as the kernel has it; the file's will do.
func moduleName(text string) (string, error) {
	name := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(text), ".ko"), "-", "_")
	if !isModuleName(name) {
		return "", &UserError{Message: fmt.Sprintf("%q is not the name of a module", text)}
	}
	return name, nil
}

// isModuleName reports whether a name can be a module's of ours: it is that of a
// folder, too.
func isModuleName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// attach goes on where another staprun left a session.
func (s *session) attach() error {
	if err := s.tell("attach"); err != nil {
		return &UserError{
			Message: fmt.Sprintf("the module %s cannot be attached to: it was not detached", s.module.name),
			Cause:   err,
		}
	}
	if err := s.control(); err != nil {
		return err
	}
	for more := true; more; {
		var err error
		if _, more, err = s.readAll(); err != nil {
			return err
		}
	}
	if s.attached["overwritten"] > 0 {
		s.warn(overwritten(s.attached))
	}
	s.messages.passGaps(uint32(s.attached["sequence"]))
	if s.attached["stopped"] != 0 {
		s.stop()
	}
	s.started()
	return nil
}

func overwritten(count map[string]int64) string {
	return fmt.Sprintf("%d messages (%d bytes) of output were overwritten while no staprun read it", count["overwritten"], count["overwritten_bytes"])
}

// detach has the session go on alone, unless it is about to end.
func (s *session) detach() {
	if !s.running { // soon
		s.options.Detach = true
	}
	if s.stopping || !s.running {
		return
	}
	if err := s.tell("detach"); err != nil {
		s.warn(fmt.Sprintf("the module cannot be left: %v", err))
		return
	}
	s.detached = true
	s.faults.forget()
}

// leave writes what has been read and says how to come back.
func (s *session) leave() int {
	s.messages.finish()
	if !s.output.settle(stallPatience) {
		s.output.close()
	}
	delivered := s.delivered()
	if err := s.tell(fmt.Sprintf("detach %d %d", delivered.Messages, delivered.Bytes)); err != nil {
		s.warn(fmt.Sprintf("the module does not learn what was delivered: %v", err))
	}
	if _, lost, err := s.output.state(); lost > 0 {
		s.say(fmt.Sprintf("ERROR: writing the output: %v; %d messages are lost", err, lost))
	}
	s.say(fmt.Sprintf("Disconnecting from systemtap module. To reconnect, type \"staprun -A %s\"", s.module.name))
	return 0
}
