package staprun

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gostap/gostap/kernel/modulefile"
	"golang.org/x/sys/unix"
)

// procRoot is where modules have their control files.
const procRoot = "/proc/systemtap"

// lockFile keeps two runs from loading and sweeping at the same time.
const lockFile = "/run/gostap.lock"

// loaded is a module in the kernel, with its files open.
type loaded struct {
	name    string
	control *os.File
	traces  []*os.File
}

// load brings the module into the kernel and opens its files.
func load(o Options) (*loaded, error) {
	here, err := thisMachine()
	if err != nil {
		return nil, err
	}
	image, name, err := o.module(here)
	if err != nil {
		return nil, err
	}
	if !o.KeepName {
		if name, err = rename(image, name); err != nil {
			return nil, err
		}
	}
	unlock, err := lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	sweep()
	parameters, err := parameters(o, image)
	if err != nil {
		return nil, err
	}
	if err := unix.InitModule(image, parameters); err != nil {
		return nil, explainLoad(o.Module, name, err)
	}
	m := &loaded{name: name}
	if err := m.open(); err != nil {
		return nil, errors.Join(err, m.unload())
	}
	return m, nil
}

// rename gives the module a name that only this process uses.
func rename(image []byte, name string) (string, error) {
	suffix := fmt.Sprintf("_%d", os.Getpid())
	unique := name[:min(len(name), modulefile.MaxName-len(suffix))] + suffix
	if err := modulefile.SetName(image, unique); err != nil {
		return name, nil // a file without room for another name keeps its own
	}
	return unique, nil
}

// lock waits until no other run is loading.
func lock() (unlock func(), err error) {
	file, err := os.OpenFile(lockFile, os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrNotExist) { // no /run on a very small system
		file, err = os.OpenFile(filepath.Join(os.TempDir(), filepath.Base(lockFile)), os.O_CREATE|os.O_RDWR, 0o600)
	}
	if errors.Is(err, os.ErrPermission) {
		return nil, notPermitted(err)
	}
	if err != nil {
		return nil, fmt.Errorf("locking out other runs: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		file.Close()
		return nil, fmt.Errorf("locking out other runs: %w", err)
	}
	return func() { file.Close() }, nil
}

func notPermitted(cause error) error {
	return &UserError{
		Message: "loading a kernel module is not permitted to you",
		Hint:    "run as root (sudo), or run the script in a throw-away guest: stap --vm",
		Cause:   cause,
	}
}

// explainLoad says what the kernel's refusal means (kernel/module/main.c).
func explainLoad(path, name string, err error) error {
	e := &UserError{Message: fmt.Sprintf("Couldn't insert module '%s': %v", path, err), Cause: err}
	switch {
	case errors.Is(err, unix.EPERM):
		if os.Geteuid() != 0 {
			return notPermitted(err)
		}
		e.Hint = "the kernel is locked down or module loading is switched off: stap doctor says which; stap --vm runs the script in a throw-away guest"
	case errors.Is(err, unix.EKEYREJECTED), errors.Is(err, unix.ENOKEY):
		e.Hint = "this kernel loads signed modules only (Secure Boot or module.sig_enforce): sign the module with an enrolled key, or use stap --vm"
	case errors.Is(err, unix.ENOEXEC):
		e.Hint = "the file is not a module for this kernel, or damaged: build it again; the kernel log (dmesg) says more"
	case errors.Is(err, unix.ENOENT):
		e.Hint = "the kernel does not export what the module needs: the kernel log (dmesg) names it"
	case errors.Is(err, unix.EEXIST):
		e.Hint = fmt.Sprintf("a module named %s is loaded: load this one with -R under a name that no other has, or remove that one: rmmod %s", name, name)
	case errors.Is(err, unix.E2BIG): // of runtime-c/stap/data.c
		e.Message = fmt.Sprintf("Couldn't insert module '%s': its variables and strings take more memory than STP_MAXMEMORY allows", path)
		e.Hint = "the kernel log (dmesg) says how much they take; make arrays smaller, or raise -DSTP_MAXMEMORY=KB"
	case errors.Is(err, unix.ENOMEM):
		e.Hint = "the buffers do not fit the memory: make them smaller with -s"
	case errors.Is(err, unix.ENOSYS):
		e.Hint = "this kernel has no loadable modules: stap --vm runs the script in a throw-away guest"
	}
	return e
}

// folder is where the module has its files.
func (m *loaded) folder() string { return filepath.Join(procRoot, m.name) }

func (m *loaded) open() error {
	folder := m.folder()
	var err error
	if m.control, err = os.OpenFile(filepath.Join(folder, "control"), os.O_RDWR, 0); err != nil {
		return fmt.Errorf("opening the module's control file: %w", err)
	}
	paths, err := cpuTraces(folder)
	if err != nil {
		return err
	}
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("opening the module's output: %w", err)
		}
		m.traces = append(m.traces, file)
	}
	return nil
}

// failure is what goes wrong with the module's files.
func (m *loaded) failure(doing string, err error) error {
	if _, missing := os.Stat(m.folder()); missing != nil {
		return &UserError{Message: fmt.Sprintf("the module %s was removed while it ran", m.name), Cause: err}
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// close closes the files.
func (m *loaded) close() error {
	for _, file := range m.traces {
		file.Close()
	}
	if m.control == nil {
		return nil
	}
	return m.control.Close()
}

// unload closes the files, which ends the session if it is not ended yet, and
// removes the module.
func (m *loaded) unload() error {
	_ = m.close()
	var err error
	for range 100 {
		err = unix.DeleteModule(m.name, unix.O_NONBLOCK)
		if errors.Is(err, unix.ENOENT) {
			return nil // somebody was faster
		}
		if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EBUSY) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		return &UserError{
			Message: fmt.Sprintf("the module %s could not be removed: %v", m.name, err),
			Hint:    "its probes are off; try: rmmod " + m.name,
			Cause:   err,
		}
	}
	return nil
}

func rootCause(err error) error {
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
