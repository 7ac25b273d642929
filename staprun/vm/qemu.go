package vm

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm/wire"
)

const (
	accelKVM = "kvm"
	accelTCG = "tcg"
)

// emulator is a QEMU for one architecture.
type emulator struct {
	path    string
	machine []string // arguments that every guest of the architecture gets
	cpu     string   // to emulate
	console string   // the kernel's name of the first serial port

	native   bool // the architecture is this machine's: KVM is possible
	parallel bool // emulated CPUs may run in a thread each
}

// The most that QEMU can emulate of an arm64 CPU makes the boot five times as long.
var emulators = map[string]emulator{
	"x86_64":  {machine: []string{"-M", "pc"}, cpu: "max", console: "ttyS0"},
	"aarch64": {machine: []string{"-M", "virt"}, cpu: "cortex-a57", console: "ttyAMA0"},
}

func findEmulator(name string) (emulator, error) {
	e, known := emulators[name]
	arch, err := kernel.ArchitectureNamed(name)
	if !known || err != nil {
		return e, &UserError{Message: "no guests for architecture " + name}
	}
	path, err := exec.LookPath(arch.Emulator)
	if err != nil {
		return e, &UserError{
			Message: "QEMU is not installed: there is no " + arch.Emulator + " in PATH",
			Hint:    "Debian has it in " + arch.Package + "; `" + arch.Prep("--vm") + "` installs what a guest needs",
		}
	}
	e.native = arch == kernel.Host()
	e.path = path
	version, err := exec.Command(path, "--version").Output()
	if err != nil {
		return e, fmt.Errorf("%s --version: %w", path, err)
	}
	e.parallel = translatesSafely(string(version))
	return e, nil
}

var qemuVersion = regexp.MustCompile(`version (\d+)\.(\d+)`)

// translatesSafely reports whether one CPU of this QEMU may translate code while
// another changes it. Before 8.1 it may keep what it read before the change, and
// execute it for good ("accel/tcg: Always lock pages before translation"). So a
// probe that is set or taken away now and then leaves a breakpoint behind that
// the kernel does not know any more: "Oops: int3", and the guest is gone.
func translatesSafely(version string) bool {
	m := qemuVersion.FindStringSubmatch(version)
	if m == nil {
		return false
	}
	major, _ := strconv.Atoi(m[1]) // digits, by the expression
	minor, _ := strconv.Atoi(m[2])
	return major > 8 || major == 8 && minor >= 1
}

// qemu is a running QEMU.
type qemu struct {
	config  Config
	accel   string
	agent   *os.File // our end of the port
	console console

	command *exec.Cmd
	stderr  bytes.Buffer
	ended   chan struct{} // closed when it has ended and its console is read
	status  error         // how it ended

	closing sync.Once
	closed  chan struct{} // closed by close
}

// Descriptors that QEMU inherits.
const (
	consoleDescriptor = 3 + iota
	agentDescriptor
	rootDescriptor
	firstDiskDescriptor
)

func (c Config) arguments(e emulator) []string {
	kernel := "console=" + e.console + " loglevel=5 printk.time=1 panic=-1"
	if c.Append != "" {
		kernel += " " + c.Append
	}
	arguments := append([]string{"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"}, e.machine...)
	switch {
	case c.InstructionCount:
		arguments = append(arguments, "-accel", "tcg", "-cpu", e.cpu, "-icount", "shift=0,sleep=off")
	case c.Accel == accelKVM:
		arguments = append(arguments, "-accel", "kvm", "-cpu", "host")
	case e.parallel:
		arguments = append(arguments, "-accel", "tcg,thread=multi", "-cpu", e.cpu)
	default:
		arguments = append(arguments, "-accel", "tcg,thread=single", "-cpu", e.cpu)
	}
	if len(c.Disks) > 0 {
		arguments = append(arguments, "-device", "virtio-scsi-pci")
	}
	for i := range c.Disks {
		arguments = append(arguments,
			"-drive", fmt.Sprintf("if=none,id=disk%d,format=raw,file.locking=off,file=/proc/self/fd/%d", i, firstDiskDescriptor+i),
			"-device", fmt.Sprintf("scsi-hd,drive=disk%d", i))
	}
	if len(c.USBDisks) > 0 {
		arguments = append(arguments, "-device", "qemu-xhci")
	}
	for i := range c.USBDisks {
		arguments = append(arguments,
			"-drive", fmt.Sprintf("if=none,id=usb%d,format=raw,file.locking=off,file=/proc/self/fd/%d", i, firstDiskDescriptor+len(c.Disks)+i),
			"-device", fmt.Sprintf("usb-storage,drive=usb%d", i))
	}
	return append(arguments,
		"-smp", strconv.Itoa(c.CPUs),
		"-m", strconv.Itoa(c.Memory),
		"-kernel", c.Image,
		"-initrd", fmt.Sprintf("/proc/self/fd/%d", rootDescriptor),
		"-append", kernel,
		"-chardev", fmt.Sprintf("socket,id=console,fd=%d", consoleDescriptor),
		"-serial", "chardev:console",
		"-chardev", fmt.Sprintf("socket,id=agent,fd=%d", agentDescriptor),
		"-device", "virtio-serial-pci",
		"-device", "virtserialport,chardev=agent,name="+wire.PortName,
	)
}

// startQEMU starts QEMU with a root archive in memory.
func startQEMU(c Config, e emulator, root *os.File) (*qemu, error) {
	consoleOurs, consoleTheirs, err := socketPair("console")
	if err != nil {
		return nil, err
	}
	defer consoleTheirs.Close()
	agentOurs, agentTheirs, err := socketPair("agent")
	if err != nil {
		consoleOurs.Close()
		return nil, err
	}
	defer agentTheirs.Close()

	q := &qemu{
		config: c, accel: c.Accel, agent: agentOurs,
		ended: make(chan struct{}), closed: make(chan struct{}),
	}
	q.command = exec.Command(e.path, c.arguments(e)...)
	q.command.Stderr = &q.stderr
	q.command.ExtraFiles = []*os.File{consoleTheirs, agentTheirs, root}
	for _, size := range slices.Concat(c.Disks, c.USBDisks) {
		disk, err := newDisk(size)
		if err != nil {
			consoleOurs.Close()
			agentOurs.Close()
			return nil, err
		}
		defer disk.Close()
		q.command.ExtraFiles = append(q.command.ExtraFiles, disk)
	}
	q.command.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:   true, // Ctrl-C is for us: we end the guest in our own time
		Pdeathsig: syscall.SIGKILL,
	}
	started := make(chan error)
	go q.run(started, consoleOurs)
	if err := <-started; err != nil {
		consoleOurs.Close()
		agentOurs.Close()
		return nil, fmt.Errorf("start QEMU: %w", err)
	}
	return q, nil
}

// newDisk makes an empty disk in memory.
func newDisk(mb int) (*os.File, error) {
	fd, err := unix.MemfdCreate("disk", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memory for a disk: %w", err)
	}
	disk := os.NewFile(uintptr(fd), "disk")
	if err := disk.Truncate(int64(mb) << 20); err != nil {
		disk.Close()
		return nil, fmt.Errorf("a disk of %d MB: %w", mb, err)
	}
	return disk, nil
}

// run is QEMU's life. The death signal comes when the thread that started
// QEMU ends, not the process, so this goroutine keeps its thread.
func (q *qemu) run(started chan<- error, consoleOurs *os.File) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := q.command.Start()
	if err == nil {
		// An emulator that aborts under KVM must not leave a core file.
		none := unix.Rlimit{}
		_ = unix.Prlimit(q.command.Process.Pid, unix.RLIMIT_CORE, &none, nil)
	}
	started <- err
	if err != nil {
		return
	}
	var consoleRead sync.WaitGroup
	consoleRead.Go(func() { q.console.readFrom(consoleOurs) })
	q.status = q.command.Wait()
	consoleRead.Wait()
	consoleOurs.Close()
	close(q.ended)
}

// socketPair returns a connected pair; the first end is ours.
func socketPair(name string) (ours, theirs *os.File, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("%s socket: %w", name, err)
	}
	if err := unix.SetNonblock(pair[0], true); err != nil {
		return nil, nil, fmt.Errorf("%s socket: %w", name, err)
	}
	return os.NewFile(uintptr(pair[0]), name), os.NewFile(uintptr(pair[1]), name), nil
}

// close ends QEMU and waits for that.
func (q *qemu) close() error {
	var err error
	q.closing.Do(func() {
		close(q.closed)
		err = q.kill()
	})
	<-q.ended
	q.agent.Close()
	return err
}

func (q *qemu) kill() error {
	err := q.command.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// lastGasp is how long a guest whose port has failed may take to end.
const lastGasp = 5 * time.Second

// errClosed is the fate of a guest that was ended by its owner.
var errClosed = errors.New("the guest was closed")

// postMortem waits for QEMU's end, after the port failed for a cause, and
// returns why the guest is gone.
func (q *qemu) postMortem(cause error) error {
	select {
	case <-q.ended:
	case <-time.After(lastGasp):
		_ = q.kill()
		<-q.ended
		return q.failure(fmt.Sprintf("the guest's agent is gone: %v", cause))
	}
	select {
	case <-q.closed:
		return errClosed
	default:
	}
	words := strings.TrimSpace(q.stderr.String())
	fate := q.console.fate()
	switch {
	case fate.starved != "":
		return &UserError{
			Message: fmt.Sprintf("%d MB are too little memory for the guest: %s", q.config.Memory, fate.starved),
			Hint:    "give it more, or fewer files",
		}
	case fate.panicked != "":
		return q.failure("the guest's kernel panicked: " + fate.panicked)
	case fate.lastWords != "":
		return q.failure("the guest ended: " + fate.lastWords)
	case hostMemory.MatchString(words):
		return &UserError{
			Message: fmt.Sprintf("no %d MB of memory for the guest: %s", q.config.Memory, words),
			Hint:    "give it less, or end other programs",
		}
	case badImage.MatchString(words):
		return &UserError{
			Message: fmt.Sprintf("QEMU cannot boot %s: %s", q.config.Image, words),
			Hint:    "it must be a kernel image (vmlinuz) for " + q.config.Arch,
		}
	case q.status == nil:
		return q.failure("the guest's machine was reset or powered off")
	}
	return q.failure(fmt.Sprintf("QEMU ended: %v", q.status))
}

var (
	hostMemory = regexp.MustCompile(`(?i)cannot allocate memory|cannot set up guest memory`)
	badImage   = regexp.MustCompile(`(?i)\bkernel\b`)
)

func (q *qemu) failure(reason string) *Failure {
	failure := &Failure{Reason: reason, Console: q.console.telling()}
	select {
	case <-q.ended: // only then is its standard error complete
		failure.QEMU = strings.TrimSpace(q.stderr.String())
	default:
	}
	return failure
}

// verdict is what is known of KVM on this host: one line in the cache.
type verdict struct {
	file string
	key  string // the host's boot and the QEMU that the verdict is about
}

func newVerdict(cacheDir string, e emulator) verdict {
	v := verdict{file: filepath.Join(cacheDir, "kvm-verdict")}
	bootID, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return v
	}
	info, err := os.Stat(e.path)
	if err != nil {
		return v
	}
	v.key = fmt.Sprintf("%s %s %d %d", strings.TrimSpace(string(bootID)), e.path, info.Size(), info.ModTime().Unix())
	return v
}

// worthTrying reports whether KVM is there and not known to fail.
func (v verdict) worthTrying() bool {
	device, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	device.Close()
	line, err := os.ReadFile(v.file)
	return err != nil || v.key == "" || strings.TrimSpace(string(line)) != v.key+" fails"
}

// record remembers a verdict. Where it cannot be written the next boot asks
// again.
func (v verdict) record(works bool) {
	word := " fails"
	if works {
		word = " works"
	}
	if err := os.MkdirAll(filepath.Dir(v.file), 0o755); err == nil {
		_ = os.WriteFile(v.file, []byte(v.key+word+"\n"), 0o644)
	}
}
