// Package guest is the inside of a throw-away guest: the first process and
// the agent that runs programs for the host.
//
// It comes up in two processes of the same binary. Process 1 mounts the
// kernel's file systems, loads the modules that the host chose (the list is
// in ModuleList, in load order), starts the agent and from then on only reaps
// orphans. The agent finds the virtio-serial port, says hello, and serves the
// frames of package wire until the host says so or goes away. When the agent
// ends, for whatever reason, process 1 takes the machine down, so a guest
// never outlives its host:
//
//	kernel ──▶ process 1: mounts, modules, reaping ──▶ agent ──▶ programs
//	                       └─ power off ◀── agent's end ◀── end of the port
//
// Being its own process keeps the agent's waiting for its children apart from
// the reaping of everybody else's.
package guest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ModuleList is the file in the guest that names the modules to load, one in
// a line, in load order: the module's path, then its parameters if any.
const ModuleList = "/usr/lib/modules/load"

// SearchPath is PATH in the guest.
const SearchPath = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"

// LastWords begins the console line that tells why a guest ends.
const LastWords = "guest init: "

// agentName is argv[0] of both processes; their process id tells them apart.
const agentName = "init"

// Wanted reports whether this process was started to be a guest's first
// process or its agent: then the caller's job is to call Main.
func Wanted() bool {
	return os.Getpid() == 1 || filepath.Base(os.Args[0]) == agentName
}

// Main is the whole life of the process. It does not return.
func Main() {
	if os.Getpid() != 1 {
		if err := serve(); err != nil {
			fmt.Fprintln(os.Stderr, "guest agent:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if err := first(); err != nil {
		fmt.Fprintf(os.Stderr, "\n%s%v\n", LastWords, err)
	}
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART); err != nil {
		fmt.Fprintf(os.Stderr, "%sreset: %v\n", LastWords, err)
	}
	os.Exit(1)
}

// first is process 1 until the agent has ended.
func first() error {
	if err := mountAll(); err != nil {
		return err
	}
	console, err := os.OpenFile("/dev/console", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	for fd := range 3 {
		if err := unix.Dup3(int(console.Fd()), fd, 0); err != nil {
			return fmt.Errorf("console: %w", err)
		}
	}
	if err := loadModules(ModuleList); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte("guest")); err != nil {
		return fmt.Errorf("host name: %w", err)
	}
	if err := loopbackUp(); err != nil {
		return err
	}
	// Booting was quiet for speed; from here on the console tells all.
	if err := os.WriteFile("/proc/sys/kernel/printk", []byte("7"), 0); err != nil {
		return err
	}
	agent, err := syscall.ForkExec("/proc/self/exe", []string{agentName}, &syscall.ProcAttr{
		Env:   []string{"PATH=" + SearchPath, "HOME=/root", "USER=root", "TERM=linux"},
		Files: []uintptr{0, 1, 2},
	})
	if err != nil {
		return fmt.Errorf("start the agent: %w", err)
	}
	return reap(agent)
}

// reap collects every ended process until it is the agent.
func reap(agent int) error {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return fmt.Errorf("wait: %w", err)
		case pid == agent && status.Signaled():
			return fmt.Errorf("the agent was killed by signal %d (%s)", status.Signal(), status.Signal())
		case pid == agent && status.ExitStatus() != 0:
			return fmt.Errorf("the agent ended with status %d", status.ExitStatus())
		case pid == agent:
			return nil
		}
	}
}

type mount struct {
	kind, at, options string
	needed            bool // without it the agent cannot work
}

// mountAll mounts what programs expect to find. What a kernel was built
// without is left out. /tmp and /run are in memory already, as everything is.
func mountAll() error {
	mounts := []mount{
		{"proc", "/proc", "", true},
		{"sysfs", "/sys", "", true},
		{"devtmpfs", "/dev", "mode=0755", true},
		{"devpts", "/dev/pts", "ptmxmode=0666", false},
		{"tmpfs", "/dev/shm", "mode=1777", false},
		{"debugfs", "/sys/kernel/debug", "", false},
		{"tracefs", "/sys/kernel/tracing", "", false},
		{"securityfs", "/sys/kernel/security", "", false},
		{"cgroup2", "/sys/fs/cgroup", "", false},
		{"bpf", "/sys/fs/bpf", "", false},
	}
	for _, m := range mounts {
		// sysfs makes its mount points itself and allows no others.
		if err := os.Mkdir(m.at, 0o755); err != nil && !errors.Is(err, os.ErrExist) && m.needed {
			return fmt.Errorf("mount point: %w", err)
		}
		err := unix.Mount(m.kind, m.at, m.kind, unix.MS_NOSUID, m.options)
		if err != nil && m.needed && err != unix.EBUSY { // what ran before as rdinit= mounted it
			return fmt.Errorf("mount %s on %s: %w", m.kind, m.at, err)
		}
	}
	links := map[string]string{
		"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0",
		"/dev/stdout": "/proc/self/fd/1", "/dev/stderr": "/proc/self/fd/2",
	}
	for link, target := range links {
		if err := os.Symlink(target, link); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

// loadModules loads the modules of a list as ModuleList describes it.
func loadModules(list string) error {
	file, err := os.Open(list)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		path, parameters, _ := strings.Cut(lines.Text(), " ")
		if err := loadModule(path, parameters); err != nil {
			return fmt.Errorf("load %s: %w", path, err)
		}
	}
	return lines.Err()
}

func loadModule(path, parameters string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	err = unix.FinitModule(int(file.Fd()), parameters, 0)
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	return err
}

func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	return nil
}
