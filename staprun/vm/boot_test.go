//go:build guest

package vm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm/guest"
)

// The test binary is the guest's first process, too.
func TestMain(m *testing.M) {
	if guest.Wanted() {
		guest.Main()
	}
	os.Exit(m.Run())
}

// guestKernel is a kernel to boot and how.
type guestKernel struct {
	release string
	config  Config
}

// guestKernels gives the kernels of GOSTAP_KERNELS that are for this machine's
// architecture, in that order. The test binary serves as staprun: it is static, unless
// built with the race detector.
func guestKernels(t *testing.T) []guestKernel {
	t.Helper()
	busybox, err := kernel.Busybox(kernel.Host())
	if err != nil {
		t.Fatalf("%v; run: stap prep --vm", err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var kernels []guestKernel
	for _, beginning := range strings.Fields(os.Getenv("GOSTAP_KERNELS")) {
		k, err := kernel.FindGuest(kernel.Named(beginning))
		if err != nil {
			t.Fatalf("%v; run: stap prep --vm -r %s", err, beginning)
		}
		if k.Arch != kernel.Host() {
			continue
		}
		kernels = append(kernels, guestKernel{k.Release, Config{
			Image: k.Image, ModulesDir: k.ModulesDir, Busybox: busybox, Staprun: self, CacheDir: t.TempDir(),
			Append: os.Getenv("GOSTAP_APPEND"),
		}})
	}
	if len(kernels) == 0 && os.Getenv("GOSTAP_KERNELS") != "" {
		t.Skip("GOSTAP_KERNELS names kernels of other architectures only, where the test's program cannot be staprun")
	}
	if len(kernels) == 0 {
		t.Fatal("GOSTAP_KERNELS names no kernel, such as 6.1")
	}
	return kernels
}

func TestGuest(t *testing.T) {
	for _, k := range guestKernels(t) {
		release, config := k.release, k.config
		t.Run(release, func(t *testing.T) {
			python := packedPython(t, &config)
			start := time.Now()
			g, err := Boot(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("hello after %v, guest's own clock %v, on %s", time.Since(start).Round(time.Millisecond), g.Uptime().Round(time.Millisecond), g.Accel())
			if g.Release() != release {
				t.Errorf("booted %s", g.Release())
			}
			t.Run("group", func(t *testing.T) {
				for name, test := range map[string]func(*testing.T, *Guest){
					"echo": testEcho, "status": testStatus, "stdin": testStdin, "signal": testSignal,
					"output": testOutput, "slow": testSlowReader, "files": testFiles, "interrupt": testInterrupt,
					"missing": testMissing, "background": testBackground, "environment": testEnvironment,
				} {
					t.Run(name, func(t *testing.T) { t.Parallel(); test(t, g) })
				}
				if python != "" {
					t.Run("python", func(t *testing.T) { t.Parallel(); testPython(t, g) })
				}
			})
			if complaints := g.Complaints(); len(complaints) > 0 {
				t.Errorf("the kernel complained:\n%s", strings.Join(complaints, "\n"))
			}
			if err := g.Close(); err != nil {
				t.Error(err)
			}
			if _, err := g.Run(t.Context(), Command{Args: []string{"true"}}); !errors.Is(err, errClosed) {
				t.Errorf("run in a closed guest: %v", err)
			}
		})
	}
}

// run runs a shell command and returns its output and status.
func run(t *testing.T, g *Guest, script string, stdin io.Reader) (stdout, stderr string, exit int) {
	t.Helper()
	var out, errors bytes.Buffer
	exit, err := g.Run(t.Context(), Command{
		Args: []string{"sh", "-c", script}, Stdin: stdin, Stdout: &out, Stderr: &errors,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), errors.String(), exit
}

func testEcho(t *testing.T, g *Guest) {
	stdout, stderr, exit := run(t, g, `echo "a  b"; echo 'c"d' >&2`, nil)
	if stdout != "a  b\n" || stderr != "c\"d\n" || exit != 0 {
		t.Errorf("got %q, %q, %d", stdout, stderr, exit)
	}
}

func testStatus(t *testing.T, g *Guest) {
	for _, want := range []int{0, 1, 42, 127, 255} {
		if _, _, exit := run(t, g, fmt.Sprintf("exit %d", want), nil); exit != want {
			t.Errorf("exit %d gave %d", want, exit)
		}
	}
	if _, _, exit := run(t, g, "kill -SEGV $$", nil); exit != 128+int(syscall.SIGSEGV) {
		t.Errorf("SIGSEGV gave %d", exit)
	}
}

func testStdin(t *testing.T, g *Guest) {
	input := bytes.Repeat([]byte("0123456789abcde\n"), 1<<17)
	stdout, _, exit := run(t, g, "sha256sum", bytes.NewReader(input))
	if want := fmt.Sprintf("%x  -\n", sha256.Sum256(input)); stdout != want || exit != 0 {
		t.Errorf("got %q, %d; want %q", stdout, exit, want)
	}
	if stdout, _, _ := run(t, g, "cat | wc -c", nil); strings.TrimSpace(stdout) != "0" {
		t.Errorf("no input gave %q bytes", stdout)
	}
	// A program that leaves its input unread.
	if _, _, exit := run(t, g, "exit 3", bytes.NewReader(input)); exit != 3 {
		t.Errorf("unread input: exit %d", exit)
	}
}

func testSignal(t *testing.T, g *Guest) {
	reader, writer := io.Pipe()
	p, err := g.Start(Command{
		Args:   []string{"sh", "-c", `trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.1; done`},
		Stdout: writer,
	})
	if err != nil {
		t.Fatal(err)
	}
	line := make([]byte, len("ready\n"))
	if _, err := io.ReadFull(reader, line); err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(reader, append(line, 0)); err != nil {
		t.Fatal(err)
	}
	if exit, err := p.Wait(); exit != 9 || err != nil {
		t.Errorf("got %d, %v", exit, err)
	}
	p, err = g.Start(Command{Args: []string{"sleep", "1000"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if exit, err := p.Wait(); exit != 128+9 || err != nil {
		t.Errorf("killed: got %d, %v", exit, err)
	}
}

// testOutput writes 15 MB while other programs keep answering.
func testOutput(t *testing.T, g *Guest) {
	const size = 15_000_000
	done := make(chan struct{})
	var slowest time.Duration
	var others sync.WaitGroup
	others.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			start := time.Now()
			if stdout, _, _ := run(t, g, "echo hi", nil); stdout != "hi\n" {
				t.Errorf("beside much output: %q", stdout)
			}
			slowest = max(slowest, time.Since(start))
		}
	})
	hash, count := sha256.New(), &counter{}
	start := time.Now()
	exit, err := g.Run(t.Context(), Command{
		Args:   []string{"sh", "-c", fmt.Sprintf("yes 0123456789abcde | head -c %d", size)},
		Stdout: io.MultiWriter(hash, count),
	})
	took := time.Since(start)
	close(done)
	others.Wait()
	t.Logf("%.1f MB/s; slowest echo beside it %v", size/1e6/took.Seconds(), slowest.Round(time.Millisecond))
	want := sha256.New()
	for range size / 16 {
		io.WriteString(want, "0123456789abcde\n")
	}
	if exit != 0 || err != nil || count.n != size || !bytes.Equal(hash.Sum(nil), want.Sum(nil)) {
		t.Errorf("exit %d, %v, %d bytes of %d", exit, err, count.n, size)
	}
}

type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) {
	c.n += len(p)
	return len(p), nil
}

// testSlowReader leaves one program's output unread: others go on, and
// nothing of it is lost.
func testSlowReader(t *testing.T, g *Guest) {
	reader, writer := io.Pipe()
	p, err := g.Start(Command{Args: []string{"sh", "-c", "yes | head -c 3000000"}, Stdout: writer})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	if stdout, _, _ := run(t, g, "echo hi", nil); stdout != "hi\n" {
		t.Errorf("beside a slow reader: %q", stdout)
	}
	go func() {
		p.Wait()
		writer.Close()
	}()
	if n, err := io.Copy(io.Discard, reader); n != 3_000_000 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func testFiles(t *testing.T, g *Guest) {
	content := bytes.Repeat([]byte{0, 1, 2, 255, '\n'}, 100_000)
	if err := g.Put("/tmp/new/folder/file", 0o750, bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	if stdout, _, _ := run(t, g, "stat -c %a /tmp/new/folder/file; ls -A /tmp/new/folder", nil); stdout != "750\nfile\n" {
		t.Errorf("got %q", stdout)
	}
	back, err := g.Get("/tmp/new/folder/file")
	if err != nil || !bytes.Equal(back, content) {
		t.Errorf("%d bytes came back, %v", len(back), err)
	}
	if version, err := g.Get("/proc/version"); err != nil || !bytes.Contains(version, []byte(g.Release())) {
		t.Errorf("/proc/version is %q, %v", version, err)
	}
	if err := g.Put("/proc/none/x", 0o600, bytes.NewReader(content)); err == nil {
		t.Error("put in /proc succeeded")
	}
	if _, err := g.Get("/none"); err == nil {
		t.Error("got a file that does not exist")
	}
}

// testInterrupt ends the context: the whole group is interrupted.
func testInterrupt(t *testing.T, g *Guest) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	start := time.Now()
	exit, err := g.Run(ctx, Command{Args: []string{"sh", "-c", "sleep 1000; exit 7"}})
	if exit != 128+int(syscall.SIGINT) || err != nil || time.Since(start) > killPatience {
		t.Errorf("got %d, %v after %v", exit, err, time.Since(start))
	}
}

func testMissing(t *testing.T, g *Guest) {
	for want, args := range map[int][]string{127: {"no-such-program"}, 126: {"/etc/passwd"}} {
		if exit, err := g.Run(t.Context(), Command{Args: args}); exit != want || err == nil {
			t.Errorf("%v: %d, %v", args, exit, err)
		}
	}
	if _, err := g.Run(t.Context(), Command{Args: []string{"true"}, Dir: "/none"}); err == nil {
		t.Error("ran in a folder that does not exist")
	}
}

// testBackground leaves a program behind that holds the output open.
func testBackground(t *testing.T, g *Guest) {
	start := time.Now()
	stdout, _, exit := run(t, g, "sleep 1000 & echo started", nil)
	if stdout != "started\n" || exit != 0 || time.Since(start) > 20*time.Second {
		t.Errorf("got %q, %d after %v", stdout, exit, time.Since(start))
	}
}

func testEnvironment(t *testing.T, g *Guest) {
	var out bytes.Buffer
	exit, err := g.Run(t.Context(), Command{
		Args: []string{"sh", "-c", `echo "$NAME|$PWD|$(id -u)"; for f in /proc/mounts /sys/kernel/debug/tracing /dev/null /dev/pts/ptmx; do test -e $f || echo no $f; done; ip -o link show lo up | grep -c LOOPBACK`},
		Env:  []string{"NAME=a b"}, Dir: "/tmp", Stdout: &out,
	})
	if out.String() != "a b|/tmp|0\n1\n" || exit != 0 || err != nil {
		t.Errorf("got %q, %d, %v", out.String(), exit, err)
	}
}

// packedPython adds what the host's python3 needs; "" if there is none.
func packedPython(t *testing.T, c *Config) string {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Log("no python3 on this host: the test of a packed interpreter is left out")
		return ""
	}
	packed, err := Pack(`python3 -c "print(1)"`, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Files = append(c.Files, packed.Files...)
	return python
}

func testPython(t *testing.T, g *Guest) {
	stdout, stderr, exit := run(t, g, `python3 -c "import json; print(json.dumps([1]))"`, nil)
	if stdout != "[1]\n" || exit != 0 {
		t.Errorf("got %q, %q, %d", stdout, stderr, exit)
	}
}

// leftovers fails the test if a QEMU of ours still runs.
func leftovers(t *testing.T) {
	t.Helper()
	entries, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		stat, err := os.ReadFile(entry)
		if err != nil {
			continue
		}
		var pid, parent int
		var name, state string
		fmt.Sscan(string(stat), &pid, &name, &state, &parent)
		if strings.HasPrefix(name, "(qemu") && parent == os.Getpid() {
			t.Errorf("QEMU still runs as process %d", pid)
		}
	}
}

func TestGuestBootFails(t *testing.T) {
	base := guestKernels(t)[0].config
	rubbish := filepath.Join(t.TempDir(), "vmlinuz")
	if err := os.WriteFile(rubbish, bytes.Repeat([]byte("rubbish "), 4096), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*Config)
		user   bool // a *UserError, else a *Failure
		says   string
	}{
		{"no image", func(c *Config) { c.Image = "/none" }, true, "cannot read the kernel image: /none"},
		{"image is a folder", func(c *Config) { c.Image = "/" }, true, "not a file"},
		{"image is rubbish", func(c *Config) { c.Image = rubbish }, true, "QEMU cannot boot"},
		{"no busybox", func(c *Config) { c.Busybox = "/none" }, true, "/none"},
		{"dynamic busybox", func(c *Config) { c.Busybox = "/bin/dash" }, true, "needs libraries"},
		{"no such module", func(c *Config) { c.Modules = []string{"nosuch"} }, true, "has no module nosuch"},
		{"no such accelerator", func(c *Config) { c.Accel = "warp" }, true, "warp"},
		{"no such architecture", func(c *Config) { c.Arch = "pdp11" }, true, "pdp11"},
		{"too little memory", func(c *Config) { c.Memory = 64 }, true, "too little memory"},
		{"too little memory for the files", func(c *Config) {
			c.Memory = 160
			c.Files = []File{{Path: "/big", Data: make([]byte, 100<<20)}} // packed and unpacked
		}, true, "too little memory"},
		{"too much memory", func(c *Config) { c.Memory = 100 << 20 }, true, "of memory for the guest"},
		{"missing extra file", func(c *Config) { c.Files = []File{{Path: "/x", Host: "/none"}} }, true, "/none"},
		{"panic", func(c *Config) { c.Append = "rdinit=/none init=/none" }, false, "panic"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := base
			if c.Accel == "" {
				c.Accel = accelTCG
			}
			test.change(&c)
			start := time.Now()
			g, err := Boot(t.Context(), c)
			if err == nil {
				g.Close()
				t.Fatal("it booted")
			}
			var userError *UserError
			var failure *Failure
			if test.user != errors.As(err, &userError) || test.user == errors.As(err, &failure) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%T: %v", err, err)
			}
			if time.Since(start) > 30*time.Second {
				t.Errorf("reported after %v", time.Since(start))
			}
			leftovers(t)
		})
	}
	t.Run("no QEMU", func(t *testing.T) {
		t.Setenv("PATH", "/none")
		var userError *UserError
		if _, err := Boot(t.Context(), base); !errors.As(err, &userError) || !strings.Contains(err.Error(), "QEMU is not installed") {
			t.Errorf("%T: %v", err, err)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
		defer cancel()
		c := base
		c.Accel = accelTCG
		if _, err := Boot(ctx, c); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%T: %v", err, err)
		}
		leftovers(t)
	})
}

// TestGuestModulesAndInstructionCount boots with a module and its parameter, on
// the one CPU whose clock counts instructions.
func TestGuestModulesAndInstructionCount(t *testing.T) {
	config := guestKernels(t)[0].config
	config.Modules = []string{"dummy numdummies=2"}
	config.InstructionCount = true
	g, err := Boot(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	script := "nproc; ls -d /sys/class/net/dummy*"
	if stdout, _, _ := run(t, g, script, nil); stdout != "1\n/sys/class/net/dummy0\n/sys/class/net/dummy1\n" {
		t.Errorf("got %q", stdout)
	}
}

// TestGuestDies crashes a guest in three ways under a running program.
func TestGuestDies(t *testing.T) {
	config := guestKernels(t)[0].config
	config.Accel = accelTCG
	for name, test := range map[string]struct{ script, says string }{
		"panic": {"echo c > /proc/sysrq-trigger", "panicked"},
		"agent": {"kill -9 $PPID", "the agent was killed"},
		"reset": {"reboot -f", "reset"},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := Boot(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			defer g.Close()
			var failure *Failure
			_, err = g.Run(t.Context(), Command{Args: []string{"sh", "-c", test.script + "; sleep 1000"}})
			if !errors.As(err, &failure) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%T: %v", err, err)
			}
			<-g.Dead()
			if name == "panic" && len(g.Complaints()) == 0 {
				t.Error("no complaint about a panic")
			}
		})
	}
	leftovers(t)
}

// TestGuestHostKilled kills a host process with -9: its guest must go, too.
func TestGuestHostKilled(t *testing.T) {
	if os.Getenv("GUEST_TEST_HOST") != "" {
		hostToBeKilled(t)
		return
	}
	guestKernels(t) // for its message if there is nothing to boot
	host := exec.Command(os.Args[0], "-test.run=^TestGuestHostKilled$", "-test.v")
	host.Env = append(os.Environ(), "GUEST_TEST_HOST=1")
	output, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	seen := ""
	line := make([]byte, 4096)
	for pid == 0 {
		n, err := output.Read(line)
		if err != nil {
			t.Fatalf("the host did not boot a guest: %s", seen)
		}
		seen += string(line[:n])
		if _, after, found := strings.Cut(seen, "QEMU is "); found && strings.Contains(after, "\n") {
			fmt.Sscan(after, &pid)
		}
	}
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	host.Wait()
	for range 50 {
		// A zombie, where nobody reaps orphans, runs no more.
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(state), ") Z ") {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("QEMU outlived its host as process %d", pid)
}

func hostToBeKilled(t *testing.T) {
	for _, k := range guestKernels(t) {
		config := k.config
		config.Accel = accelTCG
		g, err := Boot(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("QEMU is %d\n", g.qemu.command.Process.Pid)
		runtime.Gosched()
		time.Sleep(time.Minute)
	}
}
