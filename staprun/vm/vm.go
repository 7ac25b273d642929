// Package vm boots throw-away guests and runs programs in them.
//
// In: a kernel's image and modules, two static binaries (busybox and our
// staprun, which is also the guest's first process), and files of the host.
// Out: a Guest, in which any number of programs run at once as if they were
// local: their streams, their exit status, their signals.
//
// Nothing is installed and nothing is left. The guest's root is a cpio
// archive that is put together in memory:
//
//	base (cached): usr-merged folders, busybox links, staprun, virtio modules
//	               in load order
//	extra:         Config.Files, such as a module or what Pack found out that
//	               a program of the host needs
//
// QEMU gets it, the image, and two sockets as inherited file descriptors. One
// socket is the serial console, which only the kernel writes to: it is kept,
// and its warnings, oopses and stalls are the guest's Complaints. The other
// is a virtio-serial port with the frames of package wire:
//
//	Boot ── QEMU ── kernel ── process 1 ── agent ──Hello──▶ Boot returns
//	                                        │
//	Start ──────────frames─────────────────▶├─▶ program ─▶ Stdout, Exit ─▶ Wait
//	Put, Get ──────────────────────────────▶└─▶ file
//
// QEMU dies with this process, even if that is killed; the agent takes the
// guest down when its port closes.
//
// KVM is tried first where it exists. A machine may have the device and yet
// not run guests, so the attempt has a time limit, emulation follows, and the
// verdict is remembered until the host boots again or QEMU changes.
package vm

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm/wire"
)

// Config says which guest to boot.
type Config struct {
	Image      string   // the kernel, vmlinuz
	ModulesDir string   // its lib/modules/RELEASE; modules.dep is not needed
	Staprun    string   // our static staprun, on the host
	Busybox    string   // a static busybox, on the host
	Files      []File   // more files in the guest
	Modules    []string // more kernel modules to load at boot, "NAME [PARAMETER=VALUE]..."

	Disks            []int         // MB each: empty SCSI disks behind virtio, which the module virtio_scsi drives
	USBDisks         []int         // the same behind USB, which the modules xhci_pci and usb_storage drive
	Memory           int           // MB; 0: 512 and room for the files
	CPUs             int           // 0: 2
	Accel            string        // "": KVM where it works, else "tcg"; or "kvm", "tcg"
	InstructionCount bool          // the guest's clock counts instructions, on one emulated CPU
	Append           string        // more words for the kernel's command line
	Patience         time.Duration // for the boot; 0: Patience
	Arch             string        // as uname -m prints it; "": this machine's
	CacheDir         string        // "": gostap in the user's cache folder
}

// Patience is how long a boot may take, on a slow and busy machine.
const Patience = 90 * time.Second

const (
	kvmPatience = 10 * time.Second // KVM that works takes one or two

	baseMemory  = 512 // MB
	leastMemory = 128 // MB; with less a kernel does not get as far as to say so
)

// withDefaults checks the configuration and fills in what it leaves open.
func (c Config) withDefaults() (Config, error) {
	if c.CPUs == 0 {
		c.CPUs = 2
	}
	if c.InstructionCount {
		c.CPUs, c.Accel = 1, accelTCG
	}
	if c.Arch == "" {
		c.Arch = kernel.Host().Name
	}
	if c.Accel != "" && c.Accel != accelTCG && c.Accel != accelKVM {
		return c, &UserError{
			Message: fmt.Sprintf("no such accelerator: %q", c.Accel),
			Hint:    "there are kvm and tcg, which is emulation",
		}
	}
	if c.Memory != 0 && c.Memory < leastMemory {
		return c, &UserError{
			Message: fmt.Sprintf("%d MB are too little memory for a guest", c.Memory),
			Hint:    fmt.Sprintf("the least is %d", leastMemory),
		}
	}
	if c.Patience == 0 {
		c.Patience = Patience
	}
	if c.CacheDir == "" {
		folder, err := os.UserCacheDir()
		if err != nil {
			folder = os.TempDir()
		}
		c.CacheDir = filepath.Join(folder, "gostap")
	}
	for what, path := range map[string]string{
		"the kernel image": c.Image, "the guest's staprun": c.Staprun, "the guest's busybox": c.Busybox,
	} {
		file, err := os.Open(path)
		if err != nil {
			return c, unreadable(what, path, err)
		}
		info, err := file.Stat()
		file.Close()
		if err != nil || !info.Mode().IsRegular() {
			return c, unreadable(what, path, errors.Join(err, errors.New("not a file")))
		}
	}
	for _, path := range []string{c.Staprun, c.Busybox} {
		if err := checkStatic(path); err != nil {
			return c, err
		}
	}
	return c, nil
}

// checkStatic makes sure that a program runs without libraries.
func checkStatic(path string) error {
	file, err := elf.Open(path)
	if err != nil {
		return unreadable("a program for the guest", path, err)
	}
	defer file.Close()
	if file.Section(".interp") == nil {
		return nil
	}
	return &UserError{
		Message: path + " needs libraries, so it cannot start a guest",
		Hint:    "it must be linked statically (Debian has such a busybox in busybox-static)",
	}
}

// Guest is a running guest. Its methods are safe for concurrent use.
type Guest struct {
	qemu     *qemu
	port     *wire.Port
	greeting chan wire.Greeting // one, when the agent is ready
	release  string
	uptime   time.Duration

	mutex    sync.Mutex
	channels map[uint32]*Process
	next     uint32
	lost     error // why there is no agent any more
	dead     chan struct{}
}

// Boot boots a guest and returns when it is ready to run programs. A lack
// that the user can mend is a *UserError; a guest that does not come up is a
// *Failure; when ctx is done the error wraps its cause. Whatever the error,
// nothing is left running.
func Boot(ctx context.Context, c Config) (*Guest, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	emulator, err := findEmulator(c.Arch)
	if err != nil {
		return nil, err
	}
	root, size, err := initramfs(c)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if c.Memory == 0 {
		// The archive and its unpacked files are in memory side by side, and
		// files may take up half of it.
		c.Memory = baseMemory + int(3*size>>20)/64*64
	}
	if c.Accel != "" {
		return boot(ctx, c, emulator, root, c.Patience)
	}
	verdict := newVerdict(c.CacheDir, emulator)
	if emulator.native && verdict.worthTrying() {
		c.Accel = accelKVM
		g, err := boot(ctx, c, emulator, root, kvmPatience)
		var userError *UserError
		if err == nil {
			verdict.record(true)
			return g, nil
		}
		if ctx.Err() != nil || errors.As(err, &userError) {
			return nil, err
		}
	}
	c.Accel = accelTCG
	g, err := boot(ctx, c, emulator, root, c.Patience)
	if err == nil && emulator.native {
		verdict.record(false) // not the image's fault, then
	}
	return g, err
}

// boot makes one attempt with one accelerator.
func boot(ctx context.Context, c Config, emulator emulator, root *os.File, patience time.Duration) (*Guest, error) {
	q, err := startQEMU(c, emulator, root)
	if err != nil {
		return nil, err
	}
	g := &Guest{
		qemu: q, port: wire.NewPort(q.agent), greeting: make(chan wire.Greeting, 1),
		channels: map[uint32]*Process{}, dead: make(chan struct{}),
	}
	go g.listen()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case greeting := <-g.greeting:
		g.release, g.uptime = greeting.Release, time.Duration(greeting.Uptime)*time.Microsecond
		return g, nil
	case <-g.dead:
		err = g.lost
	case <-timeout.C:
		err = q.failure(fmt.Sprintf("the guest did not come up in %v", patience))
	case <-ctx.Done():
		err = fmt.Errorf("boot a guest: %w", context.Cause(ctx))
	}
	_ = g.Close() // what matters is why it has to be closed
	return nil, err
}

// listen passes on what the agent sends until QEMU or the agent is gone.
func (g *Guest) listen() {
	for {
		frame, err := g.port.Receive()
		if err == nil {
			err = g.handle(frame)
		}
		if err != nil {
			g.end(err)
			return
		}
	}
}

// handle passes a frame on; it never waits.
func (g *Guest) handle(frame wire.Frame) error {
	if frame.Kind == wire.Hello {
		var greeting wire.Greeting
		if err := frame.Decode(&greeting); err != nil {
			return err
		}
		select {
		case g.greeting <- greeting:
			return nil
		default:
			return errors.New("a second hello")
		}
	}
	g.mutex.Lock()
	p, known := g.channels[frame.Channel]
	if frame.Kind == wire.Exit {
		delete(g.channels, frame.Channel)
	}
	g.mutex.Unlock()
	if !known {
		return nil // late, such as credit for the input of a program that has ended
	}
	return p.handle(frame)
}

// end declares the guest dead: every program in it has failed.
func (g *Guest) end(cause error) {
	lost := g.qemu.postMortem(cause)
	g.mutex.Lock()
	g.lost = lost
	processes := g.channels
	g.channels = nil
	g.mutex.Unlock()
	for _, p := range processes {
		p.fail(lost)
	}
	close(g.dead)
}

// open gives a process a channel and sends the frame that starts it.
func (g *Guest) open(p *Process, kind wire.Kind, request any) error {
	g.mutex.Lock()
	if g.channels == nil {
		g.mutex.Unlock()
		return g.lost
	}
	g.next++
	p.attach(g.port, g.next)
	g.channels[p.channel] = p
	g.mutex.Unlock()
	if err := g.port.SendJSON(kind, p.channel, request); err != nil {
		g.mutex.Lock()
		delete(g.channels, p.channel)
		g.mutex.Unlock()
		return fmt.Errorf("guest: %w", err)
	}
	return nil
}

// Put writes a file in the guest, with its parent folders.
func (g *Guest) Put(path string, mode fs.FileMode, r io.Reader) error {
	p := newProcess(g, nil, nil)
	header := wire.FileHeader{Path: path, Mode: uint32(mode.Perm())}
	if err := g.open(p, wire.Put, header); err != nil {
		return err
	}
	_, sent := io.Copy(p.stdin, r)
	closed := p.stdin.Close()
	if _, err := p.Wait(); err != nil {
		return fmt.Errorf("put %s in the guest: %w", path, err)
	}
	if err := errors.Join(sent, closed); err != nil {
		return fmt.Errorf("put %s in the guest: %w", path, err)
	}
	return nil
}

// Get reads a file in the guest.
func (g *Guest) Get(path string) ([]byte, error) {
	var contents buffer
	p := newProcess(g, &contents, nil)
	if err := g.open(p, wire.Get, wire.FileHeader{Path: path}); err != nil {
		return nil, err
	}
	if _, err := p.Wait(); err != nil {
		return nil, fmt.Errorf("get %s from the guest: %w", path, err)
	}
	return contents.data, nil
}

// Release is the release of the kernel that the guest runs.
func (g *Guest) Release() string { return g.release }

// Uptime is how long the guest's kernel had been up when the agent was ready,
// by the guest's clock.
func (g *Guest) Uptime() time.Duration { return g.uptime }

// Accel is the accelerator that the guest runs on, "kvm" or "tcg".
func (g *Guest) Accel() string { return g.qemu.accel }

// Console is what the guest's kernel has printed, the newest few MB.
func (g *Guest) Console() string { return g.qemu.console.string() }

// Complaints are the console lines of warnings, bugs, oopses, lockdep
// reports, stalls and the like. Taint by an out-of-tree or unsigned module is
// none.
func (g *Guest) Complaints() []string { return g.qemu.console.allComplaints() }

// Dead is closed when the guest has ended, by Close or by itself.
func (g *Guest) Dead() <-chan struct{} { return g.dead }

// Close ends the guest at once. Programs still running in it fail.
func (g *Guest) Close() error {
	err := g.qemu.close()
	<-g.dead
	return err
}

// buffer is an io.Writer that keeps what it gets.
type buffer struct{ data []byte }

func (b *buffer) Write(p []byte) (int, error) {
	b.data = append(b.data, p...)
	return len(p), nil
}
