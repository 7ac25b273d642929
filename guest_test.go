//go:build guest

package gostap_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/shlex"
	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

// guestTest is a kernel that has been booted, and what runs in it.
type guestTest struct {
	*vm.Guest
	kernel      *kernel.Kernel
	release     string
	stap        string
	cache       string
	environment []string // of stap, beside this one's
	options     []string // of stap, for all that it builds
}

// TestGuest boots each kernel of GOSTAP_KERNELS once and runs every script of
// testdata/guest in it, then the cases that need more than a script.
func TestGuest(t *testing.T) {
	for _, beginning := range strings.Fields(os.Getenv("GOSTAP_KERNELS")) {
		t.Run(beginning, func(t *testing.T) {
			g := bootGuest(t, beginning)
			scripts, err := filepath.Glob("testdata/guest/*.stp")
			if err != nil || len(scripts) == 0 {
				t.Fatalf("no scripts in testdata/guest: %v", err)
			}
			var ahead <-chan struct{} // of the script that comes next
			for i, script := range scripts {
				t.Run(strings.TrimSuffix(filepath.Base(script), ".stp"), func(t *testing.T) {
					if ahead != nil {
						<-ahead
					}
					if i+1 < len(scripts) {
						ahead = g.buildAhead(t, scripts[i+1])
					}
					g.script(t, script)
				})
			}
			t.Run("accounts", g.accounts)
			t.Run("limits", g.limits)
			t.Run("interrupt", g.interrupt)
			t.Run("killed", g.killed)
			t.Run("two at once", g.twoAtOnce)
			t.Run("attached", g.attached)
			t.Run("refused", g.refused)
			t.Run("other namespace", g.otherNamespace)
			t.Run("without debuginfo", g.withoutDebuginfo)
			t.Run("input", g.input)
			t.Run("watched", g.watched)
			t.Run("system calls", g.systemCalls)
			t.Run("system call probes", g.systemCallProbes)
			t.Run("system call changes", g.systemCallChanges)
			t.Run("tracepoints of a module", g.moduleTracepoints)
			t.Run("variables", g.variables)
			t.Run("modules that come later", g.laterModules)
			t.Run("lines of a module", g.moduleLines)
			t.Run("random scripts", g.randomScripts)
			g.noLeaks(t)
			if complaints := g.Complaints(); len(complaints) > 0 {
				t.Errorf("the kernel complains:\n%s", strings.Join(complaints, "\n"))
			}
		})
	}
}

// patience is how long something may take that takes a time of d at most with a
// kernel as distributions have it: GOSTAP_PATIENCE times longer.
func patience(d time.Duration) time.Duration {
	if factor, err := strconv.Atoi(os.Getenv("GOSTAP_PATIENCE")); err == nil && factor > 1 {
		return time.Duration(factor) * d
	}
	return d
}

// guestKernels are those of GOSTAP_KERNELS; with -short, of a test for which kernels differ little, one of them: the first or the
// last.
func guestKernels(choose func([]string) string) []string {
	all := strings.Fields(os.Getenv("GOSTAP_KERNELS"))
	if testing.Short() && len(all) > 0 {
		return []string{choose(all)}
	}
	return all
}

func firstKernel(all []string) string { return all[0] }
func lastKernel(all []string) string  { return all[len(all)-1] }

// bootGuest boots a kernel with GOSTAP_APPEND on its command line, GOSTAP_MEMORY (MB) at
// least, and what the functions change in its configuration.
func bootGuest(t *testing.T, beginning string, changes ...func(*vm.Config)) *guestTest {
	t.Helper()
	k, err := kernel.FindGuest(kernel.Named(beginning))
	if err != nil {
		t.Fatalf("%v; run: make prep KERNELS=%s", err, beginning)
	}
	busybox, err := kernel.Busybox(k.Arch)
	if err != nil {
		t.Fatal(err)
	}
	binaries, err := filepath.Abs("bin")
	if err != nil {
		t.Fatal(err)
	}
	staprun := "staprun"
	if k.Arch != kernel.Host() {
		staprun = filepath.Join(k.Arch.Debian, staprun)
	}
	for _, program := range []string{"stap", staprun} {
		if _, err := os.Stat(filepath.Join(binaries, program)); err != nil {
			t.Fatalf("%v; run: make, and make ARCH=%s", err, k.Arch.Debian)
		}
	}
	config := vm.Config{
		Image: k.Image, ModulesDir: k.ModulesDir, Staprun: filepath.Join(binaries, staprun), Busybox: busybox, Arch: k.Arch.Name,
		Append: os.Getenv("GOSTAP_APPEND"), Patience: patience(vm.Patience),
	}
	for _, change := range changes {
		change(&config)
	}
	if least, err := strconv.Atoi(os.Getenv("GOSTAP_MEMORY")); err == nil {
		config.Memory = max(config.Memory, least)
	}
	guest, err := vm.Boot(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the guest's console:\n%s", guest.Console())
		}
		if err := guest.Close(); err != nil {
			t.Errorf("closing the guest: %v", err)
		}
	})
	var options []string
	if k.Sysroot != "" {
		options = []string{"--build-root", k.Sysroot}
	}
	return &guestTest{options: options, Guest: guest, kernel: k, release: k.Release, stap: filepath.Join(binaries, "stap"), cache: t.TempDir()}
}

// command is one of stap's, where the scripts are; one for a kernel has the options of GOSTAP_OPTIONS, too.
func (g *guestTest) command(arguments ...string) *exec.Cmd {
	if release := slices.Index(arguments, "-r") + 1; release > 0 {
		arguments = slices.Insert(slices.Clone(arguments), release+1, strings.Fields(os.Getenv("GOSTAP_OPTIONS"))...)
	}
	command := exec.Command(g.stap, arguments...)
	command.Dir = "testdata/guest"
	command.Env = append(append(os.Environ(), "SYSTEMTAP_DIR="+g.cache), g.environment...)
	return command
}

// build makes a module of a script and puts it into the guest.
func (g *guestTest) build(t *testing.T, release string, arguments ...string) string {
	t.Helper()
	return g.buildWith(t, g.buildArguments(release, arguments...)...)
}

// buildArguments are stap's: an emulated CPU that holds a lock may stand still for a tenth of a second.
func (g *guestTest) buildArguments(release string, arguments ...string) []string {
	return append([]string{"-p4", "-r", release, "-DMAXTRYLOCK=100000"}, arguments...)
}

// buildWith has stap make a module and puts it into the guest.
func (g *guestTest) buildWith(t *testing.T, arguments ...string) string {
	t.Helper()
	command := g.command(arguments...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("stap %q: %v\n%s", arguments, err, stderr.String())
	}
	path := strings.TrimSpace(string(output))
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	inGuest := "/tmp/" + filepath.Base(path)
	if err := g.Put(inGuest, 0o644, file); err != nil {
		t.Fatal(err)
	}
	return inGuest
}

// run runs a command in the guest.
func (g *guestTest) run(t *testing.T, arguments ...string) (status int, stdout, stderr string) {
	t.Helper()
	return g.runFor(t, patience(2*time.Minute), arguments...)
}

// runAsUser runs a shell command in the guest as another than root.
func (g *guestTest) runAsUser(t *testing.T, command string) (status int, stdout, stderr string) {
	t.Helper()
	return g.run(t, "sh", "-c", `mkdir -p /etc; printf 'root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n' >/etc/passwd; exec su user -c "$0"`, command)
}

// runFor runs a command in the guest that may take so long.
func (g *guestTest) runFor(t *testing.T, limit time.Duration, arguments ...string) (status int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	var out, errors bytes.Buffer
	status, err := g.Run(ctx, vm.Command{Args: arguments, Stdout: &out, Stderr: &errors})
	if err != nil {
		t.Fatalf("%q: %v\n%s%s", arguments, err, out.String(), errors.String())
	}
	return status, out.String(), errors.String()
}

// outcome is what a script's comments say of it:
//
//	#: stap OPTIONS       options of stap
//	#: staprun OPTIONS    options of staprun
//	#: status N           the exit status
//	#: check NAME         a check of the output, of outputChecks
//	#: arch NAME REASON   for this architecture alone, as uname -m prints it
//	#: needs CONFIG WHY   an option without which a kernel cannot do that
//	#| TEXT               a line of the output; #|NAME| TEXT: one on this architecture alone
//	#! REGEXP             a line of standard error; in any order, and no others
type outcome struct {
	stap, staprun []string
	status        int
	check         string
	arch          string
	needs         string // the option, and why
	stdout        string
	stderr        []string
}

func readOutcome(t *testing.T, script, arch string) outcome {
	t.Helper()
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	var o outcome
	for _, line := range strings.Split(string(text), "\n") {
		if other := lineOfArch.FindStringSubmatch(line); other != nil {
			if other[1] == arch {
				o.stdout += other[2] + "\n"
			}
		} else if rest, ok := strings.CutPrefix(line, "#|"); ok {
			o.stdout += strings.TrimPrefix(rest, " ") + "\n"
		} else if rest, ok := strings.CutPrefix(line, "#! "); ok {
			o.stderr = append(o.stderr, rest)
		} else if rest, ok := strings.CutPrefix(line, "#: "); ok {
			key, value, _ := strings.Cut(rest, " ")
			words, err := shlex.Split(value)
			if err != nil {
				t.Fatal(err)
			}
			switch key {
			case "stap":
				o.stap = words
			case "staprun":
				o.staprun = words
			case "status":
				o.status, err = strconv.Atoi(value)
			case "check":
				o.check = value
			case "arch":
				o.arch = words[0]
			case "needs":
				o.needs = value
			default:
				err = fmt.Errorf("unknown key %q", key)
			}
			if err != nil {
				t.Fatalf("%s: %v", script, err)
			}
		}
	}
	return o
}

var lineOfArch = regexp.MustCompile(`^#\|(x86_64|aarch64)\| (.*)$`)

// script runs one script and compares what comes out with what its comments say.
func (g *guestTest) script(t *testing.T, script string) {
	want := readOutcome(t, script, g.kernel.Arch.Name)
	g.skipUnlike(t, want)
	module := g.build(t, g.release, append(slices.Clone(want.stap), filepath.Base(script))...)
	status, stdout, stderr := g.run(t, append(append([]string{"staprun", "-R"}, want.staprun...), module)...)
	if status != want.status {
		t.Errorf("status %d, want %d", status, want.status)
	}
	if check := outputChecks[want.check]; check != nil {
		check(t, stdout)
	} else if stdout != want.stdout {
		t.Errorf("output:\n%swant:\n%s", stdout, want.stdout)
	}
	if g.kernel.Arch.Name != "x86_64" && !slices.ContainsFunc(want.stderr, func(line string) bool { return strings.Contains(line, "cannot be probed") }) {
		stderr = unsteppable.ReplaceAllString(stderr, "")
	}
	compareLines(t, stderr, want.stderr)
	g.nothingLeft(t)
}

// skipUnlike skips what is for other kernels alone.
func (g *guestTest) skipUnlike(t *testing.T, want outcome) {
	t.Helper()
	if want.arch != "" && want.arch != g.kernel.Arch.Name {
		t.Skipf("for %s alone", want.arch)
	}
	if want.needs != "" {
		g.needs(t, want.needs)
	}
}

// needs skips what the kernel is not configured for.
func (g *guestTest) needs(t *testing.T, needs string) {
	t.Helper()
	config, err := g.kernel.Config()
	if err != nil {
		t.Fatal(err)
	}
	if option, why, _ := strings.Cut(needs, " "); config[option] == "" {
		t.Skipf("the kernel is built without %s: %s", option, why)
	}
}

// unsteppable is said of inlined copies of functions that begin with an instruction which the kernel
// cannot execute elsewhere; of x86_64 there is none.
var unsteppable = regexp.MustCompile(`(?m)^WARNING: \d+ of the places that patterns stand for cannot be probed; stap -vv names them\n`)

// buildAhead builds the module of a script into the cache while another one runs, and after the guest has
// what it wants of the processors; what goes wrong comes to light in the script's turn. The channel closes
// when it is done.
func (g *guestTest) buildAhead(t *testing.T, script string) <-chan struct{} {
	t.Helper()
	ahead := g.command(g.buildArguments(g.release, append(readOutcome(t, script, g.kernel.Arch.Name).stap, filepath.Base(script))...)...)
	ahead.Args, ahead.Path = append([]string{"nice", "-n", "19"}, ahead.Args...), "/usr/bin/nice"
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = ahead.Run()
	}()
	return done
}

// compareLines matches each line with one expression and each expression with a line.
func compareLines(t *testing.T, text string, expressions []string) {
	t.Helper()
	matched := make([]bool, len(expressions))
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		found := line == ""
		for i, e := range expressions {
			if !found && !matched[i] && regexp.MustCompile(e).MatchString(line) {
				matched[i], found = true, true
			}
		}
		if !found {
			t.Errorf("unexpected on standard error: %s", line)
		}
	}
	for i, e := range expressions {
		if !matched[i] {
			t.Errorf("nothing on standard error matches %s in:\n%s", e, text)
		}
	}
}

// outputChecks are for output that is not the same each time.
var outputChecks = map[string]func(*testing.T, string){
	"lines": checkLines,
	// output: "PID NUMBER TEXT" lines; numbers rise within a process, none is lost.
	"output": func(t *testing.T, text string) {
		lines := strings.Split(strings.TrimSpace(text), "\n")
		last := map[string]int{}
		for _, line := range lines[:len(lines)-1] {
			fields := strings.Fields(line)
			if len(fields) != 3 || fields[2] != "abcdefghijklmnopqrstuvwxyz" {
				t.Fatalf("not a whole line: %q", line)
			}
			n, err := strconv.Atoi(fields[1])
			if err != nil || n <= last[fields[0]] {
				t.Fatalf("process %s: %s after %d", fields[0], fields[1], last[fields[0]])
			}
			last[fields[0]] = n
		}
		if want := fmt.Sprintf("total %d", len(lines)-1); lines[len(lines)-1] != want || len(lines) < 20000 {
			t.Errorf("%d lines, and the last is %q", len(lines), lines[len(lines)-1])
		}
	},
	// session: the module under the name by which it was loaded, and its five sizes.
	"session": matches(`^target 1\nmodule stap_[0-9a-f]{20,}_\d+\nsize [1-9]\d*data/[1-9]\d*text/[1-9]\d*ctx/[1-9]\d*net/[1-9]\d*alloc kb\nremote -1 \[\]\n$`),
	// stack: a caller, all of them, and the registers.
	"stack": matches(`^caller (ksys_write|__(x64|arm64)_sys_write|do_syscall_64)\ncallers (0xffff[0-9a-f]{12} ){3,}0xffff[0-9a-f]{12}\n` +
		`(RIP: ffff[0-9a-f]{12} RSP: [0-9a-f]{16} EFLAGS: [0-9a-f]{16}\nRAX: [0-9a-f]{16} RBX: [0-9a-f]{16} RCX: [0-9a-f]{16}\n(\S+: [0-9a-f]{16}[ \n]){12}|` +
		`PC: ffff[0-9a-f]{12} SP: [0-9a-f]{16} PSTATE: [0-9a-f]{16}\n(X\d+: [0-9a-f]{16}[ \n]){31})end 1\n$`),
	"backtrace": checkBacktrace,
	// one place: the order of what ran there.
	"one place": matches(`^Linux version .*\nbegin first second fourth 1\n$`),
	// target set: staprun and its command, the command's children, an orphan.
	"target set": matches(`^members 2 orphans 1\ntarget set:\n(\d+ begat \d+\n){5,}$`),
	// tracepoint: what it passes, since 5.18 the state, too, and the kernel's functions that led there.
	"tracepoint": matches(`^the same 1, others 0\nsched:sched_switch kernel_tracepoint 0 0 1\nkernel\.trace\("sched:sched_switch"\)\n` +
		`preempt=0x[01] prev=0xff[0-9a-f]{14} next=0xff[0-9a-f]{14}( prev_state=0x[0-9a-f]+)?\ncallers (0xffff[0-9a-f]{12} ){2,}0xffff[0-9a-f]{12}\n$`),
	// logging: the lines of the kernel's log are the command's.
	"logging": matches(`^a line\n1\nAssertion failed\ncustom\nnonenonenonenone\nlog level 8 is not from 0 to 7\n2\n<3>\n<7>\n$`),
}

// matches checks an output by an expression.
func matches(expression string) func(*testing.T, string) {
	return func(t *testing.T, text string) {
		t.Helper()
		if !regexp.MustCompile(expression).MatchString(text) {
			t.Errorf("output:\n%sdoes not match %s", text, expression)
		}
	}
}

// nothingLeft checks that no module of ours is loaded.
func (g *guestTest) nothingLeft(t *testing.T) {
	t.Helper()
	if _, loaded, _ := g.run(t, "sh", "-c", "grep -c ^stap_ /proc/modules; ls /proc/systemtap"); strings.TrimSpace(loaded) != "0" {
		t.Errorf("left in the kernel: %s", loaded)
	}
}

// noLeaks has a kernel with kmemleak look for memory that nobody knows any more.
func (g *guestTest) noLeaks(t *testing.T) {
	t.Helper()
	// What is younger than 5 seconds is not looked at; what a second look does not find was on its way.
	status, leaks, stderr := g.run(t, "sh", "-c", `cd /sys/kernel/debug && [ -e kmemleak ] || exit 0
		for look in 1 2; do sleep 6; echo scan > kmemleak || exit; done; cat kmemleak`)
	if status != 0 || leaks != "" {
		t.Errorf("kmemleak: status %d, %s\n%s", status, stderr, leaks)
	}
}

// start starts a command and waits for the first line of its output.
func (g *guestTest) start(t *testing.T, first string, arguments ...string) (*vm.Process, *bytes.Buffer) {
	t.Helper()
	reader, writer := io.Pipe()
	var stderr bytes.Buffer
	process, err := g.Start(vm.Command{Args: arguments, Stdout: writer, Stderr: &stderr})
	if err != nil {
		t.Fatal(err)
	}
	var rest bytes.Buffer
	line := make(chan string, 1)
	go func() {
		text := make([]byte, 4096)
		n, _ := reader.Read(text)
		line <- string(text[:n])
		_, _ = io.Copy(&rest, reader)
	}()
	select {
	case got := <-line:
		if got != first {
			t.Fatalf("first output %q, want %q", got, first)
		}
	case <-time.After(patience(time.Minute)):
		t.Fatalf("no output; standard error: %s", stderr.String())
	}
	t.Cleanup(func() { writer.Close() })
	return process, &rest
}

const waiting = `probe begin { println("ready") } probe timer.s(1) { exit_later() } function exit_later() { if (pid() < 0) exit() } probe end { println("end") }`

// interrupt: R503, C406: Ctrl-C ends a session in order, with status 0.
func (g *guestTest) interrupt(t *testing.T) {
	module := g.build(t, g.release, "-e", waiting)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		process, rest := g.start(t, "ready\n", "staprun", "-R", module)
		if err := process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if status, err := process.Wait(); status != 0 || err != nil {
			t.Errorf("%v: status %d, %v", signal, status, err)
		}
		if rest.String() != "end\n" {
			t.Errorf("%v: %q after the signal, want the end probe's line", signal, rest.String())
		}
		g.nothingLeft(t)
	}
}

// killed: R504: a staprun that is killed leaves no armed probe; its module can
// be removed, and the next run of the script removes it and works.
func (g *guestTest) killed(t *testing.T) {
	module := g.build(t, g.release, "-e", `probe begin { println("ready") } probe kernel.function("do_sys_openat2") { n++ } global n`)
	kill := func() {
		process, _ := g.start(t, "ready\n", "staprun", module)
		if err := process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if status, _ := process.Wait(); status != 128+int(syscall.SIGKILL) {
			t.Errorf("status %d of a killed staprun", status)
		}
		if _, functions, _ := g.run(t, "cat", "/sys/kernel/debug/tracing/enabled_functions"); functions != "" {
			t.Errorf("still armed: %s", functions)
		}
	}
	kill()
	name := strings.TrimSuffix(filepath.Base(module), ".ko")
	if status, _, stderr := g.run(t, "rmmod", name); status != 0 {
		t.Errorf("rmmod: %s", stderr)
	}
	g.nothingLeft(t)
	kill()
	process, _ := g.start(t, "ready\n", "staprun", module)
	if err := process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if status, err := process.Wait(); status != 0 || err != nil {
		t.Errorf("the run after: status %d, %v", status, err)
	}
	g.nothingLeft(t)
}

// twoAtOnce: C480, R522: with -R one script runs twice at the same time.
func (g *guestTest) twoAtOnce(t *testing.T) {
	module := g.build(t, g.release, "-e", waiting)
	first, _ := g.start(t, "ready\n", "staprun", "-R", module)
	second, _ := g.start(t, "ready\n", "staprun", "-R", module)
	for _, process := range []*vm.Process{first, second} {
		if err := process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		if status, err := process.Wait(); status != 0 || err != nil {
			t.Errorf("status %d, %v", status, err)
		}
	}
	g.nothingLeft(t)
}

// attached: C481: -x gives target().
func (g *guestTest) attached(t *testing.T) {
	module := g.build(t, g.release, "-e", "probe begin { println(target()) exit() }")
	if _, stdout, _ := g.run(t, "staprun", "-x", "4711", module); stdout != "4711\n" {
		t.Errorf("target() is %q", stdout)
	}
}

// refused: R505, R506, P383: a module that cannot run here is refused in one line.
func (g *guestTest) refused(t *testing.T) {
	module := g.build(t, g.release, "-e", "probe begin { exit() }")
	g.run(t, "sh", "-c", "head -c 3000 "+module+" > /tmp/short.ko; echo hello > /tmp/text.ko; "+
		"sed 's/vermagic="+strings.ReplaceAll(g.release, ".", "[.]")+"/vermagic=9.9.9"+strings.Repeat("x", len(g.release)-5)+"/' "+module+" > /tmp/other.ko")
	k, err := kernel.Find(kernel.Query{Release: g.release})
	if err != nil {
		t.Fatal(err)
	}
	id, err := k.BuildID()
	if err != nil {
		t.Fatal(err)
	}
	this := g.build(t, g.release, "--modinfo=stap_build=kernel "+id, "-e", "probe begin { exit() }")
	if status, _, stderr := g.run(t, "staprun", this); status != 0 {
		t.Errorf("a module for this build: status %d, %s", status, stderr)
	}
	other := g.build(t, g.release, "--modinfo=stap_build=kernel "+id[1:]+id[:1], "-e", "probe begin { exit() }")
	for path, want := range map[string]string{
		other:             `^ERROR: the module ` + regexp.QuoteMeta(other) + ` was made for another build of the kernel: build-id ` + id[1:] + id[:1] + `, and this is ` + id + "\n",
		"/tmp/short.ko":   `^ERROR: /tmp/short\.ko: not a kernel module`,
		"/tmp/text.ko":    `^ERROR: /tmp/text\.ko: not a kernel module`,
		"/tmp/other.ko":   `^ERROR: the module /tmp/other\.ko was made for kernel 9\.9\.9x+, and this is `,
		"/tmp/missing.ko": `^ERROR: cannot read the module /tmp/missing\.ko: no such file or directory`,
	} {
		status, _, stderr := g.run(t, "staprun", path)
		if status != 1 || !regexp.MustCompile(want).MatchString(stderr) {
			t.Errorf("%s: status %d, %s", path, status, stderr)
		}
	}
	if status, _, stderr := g.runAsUser(t, "staprun "+module); status != 1 || !strings.HasPrefix(stderr, "ERROR: loading a kernel module is not permitted to you\nhint: ") {
		t.Errorf("loaded by another than root: status %d, %s", status, stderr)
	}
	g.nothingLeft(t)
}

// otherNamespace: T001, T003: a process of which staprun's namespace knows nothing has no number there.
func (g *guestTest) otherNamespace(t *testing.T) {
	module := g.build(t, g.release, "-e", `
		probe begin { println(ns_ppid(), " ", ppid() > 1) }
		probe timer.ms(5) { try { if (ns_tid() < 0) exit() } catch (message) { println(message) exit() } }`)
	status, stdout, stderr := g.run(t, "unshare", "-f", "-p", "sh", "-c", "staprun -R "+module+"; exit $?")
	if want := "1 1\ncannot resolve id in namespace\n"; status != 0 || stdout != want {
		t.Errorf("status %d, %q, want %q\n%s", status, stdout, want, stderr)
	}
	g.nothingLeft(t)
}

// input: P292: what is typed comes to the script, by characters and by lines; an empty
// line is one, and so is what stands behind the last end of a line.
func (g *guestTest) input(t *testing.T) {
	module := g.build(t, g.release, "-e", `
		global characters
		probe begin { println("ready") }
		probe input.char { characters .= char == "\n" ? "/" : char }
		probe input.line { printf("[%s]\n", line) if (line == "end") exit() }
		probe end { println(characters) }`)
	reader, writer := io.Pipe()
	output, outputWriter := io.Pipe()
	lines := make(chan string, 16)
	go func() {
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			lines <- scanner.Text()
		}
		close(lines)
	}()
	var stderr bytes.Buffer
	process, err := g.Start(vm.Command{Args: []string{"staprun", "-R", module}, Stdin: reader, Stdout: outputWriter, Stderr: &stderr})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		typed string
		want  []string
	}{
		{"", []string{"ready"}}, {"one\n", []string{"[one]"}}, {"\ntwo words\nen", []string{"[]", "[two words]"}}, {"d", nil},
	} {
		if _, err := writer.Write([]byte(step.typed)); step.typed != "" && err != nil {
			t.Fatal(err)
		}
		for _, want := range step.want {
			if got := <-lines; got != want {
				t.Fatalf("after %q: %q, want %q", step.typed, got, want)
			}
		}
	}
	writer.Close()
	status, err := process.Wait()
	outputWriter.Close()
	if got := []string{<-lines, <-lines}; status != 0 || err != nil || stderr.String() != "" || !slices.Equal(got, []string{"[end]", "one//two words/end"}) {
		t.Errorf("status %d, %v, %q, %s", status, err, got, stderr.String())
	}
	g.nothingLeft(t)
}

// watched: P271, R563, P362: memory is watched by its address, too; where no breakpoint is left
// that is said, and the others are set.
func (g *guestTest) watched(t *testing.T) {
	if g.kernel.Arch.Name == "aarch64" {
		output, err := g.command("-p2", "-r", g.release, "-e", `probe kernel.data("panic_timeout").write { }`).CombinedOutput()
		if err == nil || !strings.Contains(string(output), "memory cannot be watched on this architecture") {
			t.Errorf("watched memory: %v\n%s", err, output)
		}
		return
	}
	_, address, _ := g.run(t, "sh", "-c", "grep ' panic_timeout$' /proc/kallsyms | cut -d' ' -f1")
	address = strings.TrimSpace(address)
	module := g.build(t, g.release, "-e", `probe kernel.data(0x`+address+`).length(4).rw { println(execname()) exit() }`)
	status, stdout, stderr := g.run(t, "staprun", "-R", "-c", "cat /proc/sys/kernel/panic", module)
	if status != 0 || !slices.Contains(strings.Split(stdout, "\n"), "cat") { // before or behind what cat prints
		t.Errorf("status %d, %q, %s", status, stdout, stderr)
	}
	module = g.build(t, g.release, "-e", `probe kernel.data("panic_timeout").length(4).write, kernel.data("panic_timeout").length(2).write,
		kernel.data("panic_timeout").length(1).write, kernel.data("panic_on_oops").length(4).write,
		kernel.data("panic_on_oops").length(2).write { exit() }`)
	status, _, stderr = g.run(t, "staprun", "-R", "-c", "true", module)
	if status != 0 || !strings.Contains(stderr, "its hardware breakpoints are in use") {
		t.Errorf("more than the processor can watch: status %d, %s", status, stderr)
	}
	g.nothingLeft(t)
}

// moduleTracepoints: P280, P281: a module's tracepoints are probed while it is loaded, be
// that before the session or several times in it; what they pass is known by the
// module's BTF, or by its debuginfo where modules have none. A null_blk device reports its zones when it is made.
func (g *guestTest) moduleTracepoints(t *testing.T) {
	for _, name := range []string{"configfs", "null_blk"} {
		path, err := g.kernel.Module(name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := kernel.ReadModule(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Put("/tmp/"+name+".ko", 0o644, bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
	}
	const workload = `sh -c '
		device() { mkdir /tmp/config/nullb/d; cd /tmp/config/nullb/d; echo 1 >zoned; echo 16 >zone_size; echo 64 >size; echo 1 >power; echo 0 >power; cd /; rmdir /tmp/config/nullb/d; }
		echo loaded; device
		rmmod null_blk
		insmod /tmp/null_blk.ko nr_devices=0
		echo again; device'`
	module := g.build(t, g.release, "-e", `
		probe kernel.trace("nullb:nullb_report_zones") { printf("%s:%s %d\n", $$system, $$name, $nr_zones > 0) }
		probe module("null-blk").tracepoint("nullb_report*") { printf("%d %d\n", $nullb == $arg1, $arg1->dev->zoned) }`)
	g.run(t, "sh", "-c", "insmod /tmp/configfs.ko; insmod /tmp/null_blk.ko nr_devices=0; mkdir /tmp/config; mount -t configfs none /tmp/config")
	status, stdout, stderr := g.run(t, "staprun", "-R", "-c", workload, module)
	first, second, _ := strings.Cut(stdout, "again\n")
	const hit = "nullb:nullb_report_zones 1\n1 1\n"
	if status != 0 || stderr != "" || !strings.Contains(first, hit) || !strings.Contains(second, hit) {
		t.Errorf("status %d, %s\n%s", status, stderr, stdout)
	}
	g.run(t, "sh", "-c", "umount /tmp/config; rmmod null_blk; rmmod configfs")
	g.nothingLeft(t)
}
