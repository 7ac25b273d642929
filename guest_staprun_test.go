//go:build guest

package gostap_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gostap/gostap/staprun/vm"
)

// TestGuestStaprun: how a session lives with its reader, and without.
func TestGuestStaprun(t *testing.T) {
	for _, beginning := range guestKernels(firstKernel) {
		t.Run(beginning, func(t *testing.T) {
			g := bootGuest(t, beginning)
			t.Run("detached", g.detached)
			t.Run("flight", g.flight)
			t.Run("killed reader", g.killedReader)
			t.Run("stalled", g.stalled)
			t.Run("closed pipe", g.closedPipe)
			t.Run("full disk", g.fullDisk)
			t.Run("long messages", g.longMessages)
			t.Run("memory", g.memory)
			t.Run("clock", g.clock)
			t.Run("files", g.files)
			t.Run("bulk", g.bulk)
			t.Run("orders", g.orders)
			t.Run("requests", g.requests)
			t.Run("daemon", g.daemon)
			t.Run("globals", g.globals)
			t.Run("many at once", g.manyAtOnce)
			t.Run("hostile", g.hostile)
			t.Run("removed", g.removed)
			if complaints := g.Complaints(); len(complaints) > 0 {
				t.Errorf("the kernel complains:\n%s", strings.Join(complaints, "\n"))
			}
		})
	}
}

// counting prints numbered lines, 100 at a time.
const counting = `global n
	probe begin { println("ready") }
	probe timer.ms(2) { for (i = 0; i < 50; i++) printf("line %d\n", n++) }
	probe end { printf("total %d\n", n) }`

// follow starts a command and waits until it has written something; what it writes
// can be read when the command has ended.
func (g *guestTest) follow(t *testing.T, arguments ...string) (*vm.Process, *firstWrite) {
	t.Helper()
	out := &firstWrite{came: make(chan struct{})}
	process, err := g.Start(vm.Command{Args: arguments, Stdout: out, Stderr: &out.stderr})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-out.came:
	case <-time.After(time.Minute):
		t.Fatalf("no output; standard error: %s", out.stderr.String())
	}
	return process, out
}

// firstWrite is an output that tells when there is some.
type firstWrite struct {
	bytes.Buffer
	stderr bytes.Buffer
	came   chan struct{}
}

func (w *firstWrite) Write(text []byte) (int, error) {
	if w.Len() == 0 {
		close(w.came)
	}
	return w.Buffer.Write(text)
}

// moduleOf finds the name by which a detached module is loaded.
func moduleOf(t *testing.T, stderr string) string {
	t.Helper()
	match := regexp.MustCompile(`Disconnecting from systemtap module. To reconnect, type "staprun -A (\w+)"`).FindStringSubmatch(stderr)
	if match == nil {
		t.Fatalf("no word of how to come back: %q", stderr)
	}
	return match[1]
}

// numbersOf gives the numbers of "line N" lines, which must rise.
func numbersOf(t *testing.T, text string) []int {
	t.Helper()
	var numbers []int
	for _, match := range regexp.MustCompile(`(?m)^line (\d+)$`).FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(match[1])
		if len(numbers) > 0 && n <= numbers[len(numbers)-1] {
			t.Fatalf("%d after %d", n, numbers[len(numbers)-1])
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// detached: C482, R510: SIGQUIT leaves the module running; -A goes on where the
// output was left, with nothing missing while the buffers suffice.
func (g *guestTest) detached(t *testing.T) {
	module := g.build(t, g.release, "-e", counting)
	process, first := g.follow(t, "staprun", "-R", module)
	time.Sleep(100 * time.Millisecond)
	if err := process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	if status, err := process.Wait(); status != 0 || err != nil {
		t.Fatalf("status %d, %v", status, err)
	}
	_, names, _ := g.run(t, "sh", "-c", "ls /proc/systemtap | grep "+strings.TrimSuffix(filepath.Base(module), ".ko")[:20])
	name := strings.TrimSpace(names)
	if _, status, _ := g.run(t, "cat", "/proc/systemtap/"+name+"/status"); !strings.HasPrefix(status, "reader detached\nstate running\n") {
		t.Errorf("status %q", status)
	}
	// Another run removes what was left behind, but not this.
	g.run(t, "staprun", "-R", g.build(t, g.release, "-e", "probe begin { exit() }"))
	status, rest, stderr := g.run(t, "timeout", "-s", "INT", fmt.Sprint(patience(time.Second).Seconds()), "staprun", "--stats=json", "-A", name)
	numbers := append(numbersOf(t, first.String()), numbersOf(t, rest)...)
	want := fmt.Sprintf("total %d\n", len(numbers))
	if status != 0 || !strings.HasPrefix(stderr, "{") || !strings.HasSuffix(rest, want) || len(numbers) == 0 || numbers[len(numbers)-1] != len(numbers)-1 {
		t.Errorf("status %d, %s: %d lines, %q at the end", status, stderr, len(numbers), rest[max(0, len(rest)-40):])
	} else if transport := statsOf(t, stderr).Transport; transport.Lost.Messages != 0 || transport.Delivered.Bytes != uint64(first.Len()+len(rest)) {
		t.Errorf("%d bytes from two readers, and the account says %+v", first.Len()+len(rest), transport)
	}
	g.nothingLeft(t)
}

// flight: R517, R555, C482: without a reader the newest output takes the place of the
// oldest, which is counted exactly; the rest begins with a whole message.
func (g *guestTest) flight(t *testing.T) {
	module := g.build(t, g.release, "-e", `global n
		probe timer.ms(1) { for (i = 0; i < 90; i++) printf("line %0100d\n", n++); if (n >= 54000) exit() }
		probe end { printf("total %d\n", n) }`)
	status, before, stderr := g.run(t, "staprun", "-R", "-L", "-b", "1", module)
	name := moduleOf(t, stderr)
	g.await(t, "grep -q 'state stopped' /proc/systemtap/"+name+"/status")
	status, after, stderr := g.run(t, "staprun", "--stats=json", "-A", name)
	numbers, lost := numbersOf(t, before+after), 0
	match := regexp.MustCompile(`^WARNING: (\d+) messages \(\d+ bytes\) of output were overwritten while no staprun read it\n` +
		`(?:WARNING: There were (\d+) transport failures: .*\n)?\{.*\n$`).FindStringSubmatch(stderr)
	if match != nil { // the other failures are from before staprun left
		lost = number(match[1]) + number(match[2])
	}
	// A hit is a message of 90 lines.
	if produced := 54000/90 + 1; status != 0 || lost == 0 || !strings.HasSuffix(after, "total 54000\n") || len(numbers)%90 != 0 || len(numbers)/90+1+lost != produced {
		t.Errorf("status %d, %q: %d lines and %d lost messages of %d messages", status, stderr, len(numbers), lost, produced)
	} else if transport := statsOf(t, stderr).Transport; transport.Lost.Messages != uint64(lost) || transport.Delivered.Bytes != uint64(len(before+after)) {
		t.Errorf("%d messages lost, %d bytes delivered, and the account says %+v", lost, len(before+after), transport)
	}
	g.nothingLeft(t)
}

// await waits until a command succeeds.
func (g *guestTest) await(t *testing.T, command string) {
	t.Helper()
	if status, _, _ := g.run(t, "sh", "-c", "for i in $(seq 300); do "+command+" && exit 0; sleep 0.1; done; exit 1"); status != 0 {
		t.Fatalf("%s: not in time", command)
	}
}

// killedReader: R504: who is killed after an attachment leaves the module as
// detached as it was; -d ends it.
func (g *guestTest) killedReader(t *testing.T) {
	module := g.build(t, g.release, "-e", counting)
	_, _, stderr := g.run(t, "staprun", "-R", "-L", module)
	name := moduleOf(t, stderr)
	process, _ := g.follow(t, "staprun", "-A", name)
	if status, _, stderr := g.run(t, "staprun", "-d", name); status != 1 || !strings.Contains(stderr, "is in use: a staprun reads its output") {
		t.Errorf("-d of a module in use: status %d, %s", status, stderr)
	}
	if status, _, stderr := g.run(t, "staprun", "-A", name); status != 1 || !strings.Contains(stderr, "is in use") {
		t.Errorf("-A of a module in use: status %d, %s", status, stderr)
	}
	if err := process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_, _ = process.Wait()
	if _, status, _ := g.run(t, "cat", "/proc/systemtap/"+name+"/status"); !strings.HasPrefix(status, "reader detached\nstate running\n") {
		t.Errorf("status after the kill %q", status)
	}
	if status, _, stderr := g.run(t, "staprun", "-d", "*"); status != 0 || stderr != "" {
		t.Errorf("-d '*': status %d, %s", status, stderr)
	}
	g.nothingLeft(t)
}

// stalled: R513: nobody takes the output: the script goes on, Ctrl-C ends it, and
// what was delivered and what was lost is all that was produced.
func (g *guestTest) stalled(t *testing.T) {
	module := g.build(t, g.release, "-e", `global n
		probe timer.ms(1) { for (i = 0; i < 20; i++) printf("%040d\n", n++) }
		probe timer.s(4) { exit() }`)
	status, stdout, stderr := g.run(t, "sh", "-c", `mkfifo /tmp/stall; (exec 4</tmp/stall; read go <&4; echo "$go"; until [ -e /tmp/over ]; do sleep 0.1; done; cat <&4 >/tmp/rest) &
		staprun --stats=json -R -b 1 `+module+` 2>/tmp/said >/tmp/stall; echo status $?; touch /tmp/over; wait; wc -c </tmp/rest; cat /tmp/said >&2`)
	match := regexp.MustCompile(`status 0\n(\d+)\n$`).FindStringSubmatch(stdout)
	if status != 0 || match == nil || !regexp.MustCompile(`WARNING: There were \d+ lost messages: nobody took the output any more`).MatchString(stderr) {
		t.Fatalf("status %d, %q, %s", status, stdout, stderr)
	}
	first, _, _ := strings.Cut(stdout, "status")
	rest, _ := strconv.Atoi(match[1])
	got := statsOf(t, stderr).Transport
	const message = 20 * 41 // of which the last one may have come in part
	if took := uint64(len(first) + rest); took/message*message != got.Delivered.Bytes || got.Delivered.Messages+got.Lost.Messages != got.Produced.Messages || got.Lost.Messages == 0 {
		t.Errorf("%d bytes were taken, and the account is %+v", took, got)
	}
	g.nothingLeft(t)
}

// closedPipe: C480: a reader that goes away ends the session in order.
func (g *guestTest) closedPipe(t *testing.T) {
	module := g.build(t, g.release, "-e", counting)
	status, stdout, stderr := g.run(t, "sh", "-c", "{ staprun -R "+module+"; echo status $? >&2; } | head -2")
	if status != 0 || stdout != "ready\nline 0\n" || stderr != "status 0\n" {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
	g.nothingLeft(t)
}

// fullDisk: R513: a disk without room ends the session; what did not fit is counted.
func (g *guestTest) fullDisk(t *testing.T) {
	module := g.build(t, g.release, "-e", `global n probe timer.ms(1) { for (i = 0; i < 50; i++) printf("%060d\n", n++) if (n > 20000) exit() }`)
	status, _, stderr := g.run(t, "sh", "-c", "mkdir -p /tmp/small; mount -t tmpfs -o size=64k none /tmp/small; staprun -R -o /tmp/small/out "+module+"; s=$?; umount /tmp/small; exit $s")
	if status != 1 || !regexp.MustCompile(`^ERROR: writing the output: no space left on device; [1-9]\d* messages are lost\n$`).MatchString(stderr) {
		t.Errorf("status %d, %q", status, stderr)
	}
	g.nothingLeft(t)
}

// longMessages: R554, R551, R511, R542: what one handler prints, much more than a buffer of messages, comes whole, bytes
// of every value among it; warnings go to standard error, each text once.
func (g *guestTest) longMessages(t *testing.T) {
	module := g.build(t, g.release, "-e", `
		probe begin {
			for (i = 0; i < 100; i++) part = part . "x"
			for (i = 0; i < 900; i++) {
				printf("%d%s%c", i, part, i & 255)
				if (i % 100 == 0) { warn("often") warn(sprint("at ", i)) }
			}
			exit()
		}`)
	var want strings.Builder
	warnings := "WARNING: often\n"
	for i := range 900 {
		fmt.Fprintf(&want, "%d%s%s", i, strings.Repeat("x", 100), []byte{byte(i)})
		if i%100 == 0 {
			warnings += fmt.Sprintf("WARNING: at %d\n", i)
		}
	}
	status, stdout, stderr := g.run(t, "staprun", "-R", module)
	if status != 0 || stdout != want.String() || stderr != warnings {
		t.Errorf("status %d, %d bytes instead of %d; standard error: %s", status, len(stdout), want.Len(), stderr)
	}
}

// clock: R603: the time of day is the machine's, in each unit.
func (g *guestTest) clock(t *testing.T) {
	module := g.build(t, g.release, "-e", `probe begin {
		ns = gettimeofday_ns() us = gettimeofday_us() ms = gettimeofday_ms() s = gettimeofday_s()
		println(s, " ", ns / 1000 <= us && us / 1000 <= ms && ms / 1000 <= s && s - ns / 1000000000 <= 1)
		exit()
	}`)
	_, stdout, stderr := g.run(t, "sh", "-c", "date +%s; staprun -R "+module+"; date +%s")
	var before, seen, together, after int
	if _, err := fmt.Sscan(stdout, &before, &seen, &together, &after); err != nil || before > seen || seen > after || together != 1 {
		t.Errorf("%v, %q, %s", err, stdout, stderr)
	}
}

// memory: R545, R540: -v tells what the session takes; more than STP_MAXMEMORY is refused.
func (g *guestTest) memory(t *testing.T) {
	const script = `global a%[200000] probe begin { a[1] = 1 println(a[1]) exit() }`
	status, stdout, stderr := g.run(t, "staprun", "-R", "-v", g.build(t, g.release, "-e", script))
	match := regexp.MustCompile(`memory: (\d+) KB of output buffers, (\d+) KB of variables, (\d+) KB of contexts, (\d+) KB of probes and their accounts`).FindStringSubmatch(stderr)
	if status != 0 || stdout != "1\n" || match == nil {
		t.Fatalf("status %d, %q, %s", status, stdout, stderr)
	}
	if output, variables := number(match[1]), number(match[2]); output < 1024 || variables < 200000*16>>10 || variables > 32<<10 {
		t.Errorf("%s", match[0])
	}
	status, _, stderr = g.run(t, "staprun", "-R", g.build(t, g.release, "-DSTP_MAXMEMORY=1024", "-e", script))
	if want := "its variables and strings take more memory than STP_MAXMEMORY allows"; status != 1 || strings.Count(stderr, want) != 1 {
		t.Errorf("status %d, %s", status, stderr)
	}
	g.nothingLeft(t)
}

// files: C481, R514: files take turns by size, on SIGUSR2 and by switch_file(), and the
// oldest go.
func (g *guestTest) files(t *testing.T) {
	module := g.build(t, g.release, "-e", `global n
		probe timer.ms(5) { for (i = 0; i < 200; i++) printf("%0200d\n", n++) if (n >= 40000) exit() }`)
	status, stdout, stderr := g.run(t, "sh", "-c", "cd /tmp; rm -rf turns; mkdir turns; staprun -R -T 5 -S 2,2 -o turns/%Y "+module+"; ls turns; cat turns/* | tail -c 201; du -m turns | cut -f1")
	match := regexp.MustCompile(`^20\d\d\.(\d+)\n20\d\d\.(\d+)\n0{195}39999\n(\d+)\n$`).FindStringSubmatch(stdout)
	if status != 0 || stderr != "" || match == nil {
		t.Errorf("status %d, %s, %q", status, stderr, stdout)
	} else if size, _ := strconv.Atoi(match[3]); size > 5 {
		t.Errorf("two files of 2 MB take %d MB", size)
	}
	module = g.build(t, g.release, "-e", `probe begin { println("one") }
		probe timer.ms(200) { if (!switched++) switch_file() }
		global switched
		probe timer.ms(500) { println("two"); exit() }`)
	status, stdout, stderr = g.run(t, "sh", "-c", "cd /tmp/turns; rm *; staprun -R -o out "+module+"; tail out out.1")
	if status != 0 || stderr != "" || stdout != "==> out <==\none\n\n==> out.1 <==\ntwo\n" {
		t.Errorf("switch_file(): status %d, %s, %q", status, stderr, stdout)
	}
	module = g.build(t, g.release, "-e", `probe begin { println("one") } probe end { println("two") }`)
	status, stdout, stderr = g.run(t, "sh", "-c", "cd /tmp/turns; rm *; staprun -R -o out "+module+` & until grep -q one out 2>/dev/null; do usleep 10000; done
		kill -USR2 $!; until [ -e out.1 ]; do usleep 10000; done; kill $!; wait $!; tail out out.1`)
	if status != 0 || stderr != "" || stdout != "==> out <==\none\n\n==> out.1 <==\ntwo\n" {
		t.Errorf("SIGUSR2: status %d, %s, %q", status, stderr, stdout)
	}
	g.nothingLeft(t)
}

// bulk: R514, C481: a file for each CPU, which stap merge puts into one order.
func (g *guestTest) bulk(t *testing.T) {
	module := g.build(t, g.release, "-e", counting)
	status, stdout, stderr := g.run(t, "sh", "-c", "cd /tmp; rm -f stpd_*; timeout -s INT 4 staprun -R --bulk "+module+"; echo $?; ls stpd_*")
	if status != 0 || stderr != "" || stdout != "0\nstpd_cpu0\nstpd_cpu1\n" {
		t.Fatalf("status %d, %s, %q", status, stderr, stdout)
	}
	folder := t.TempDir()
	for _, name := range []string{"stpd_cpu0", "stpd_cpu1"} {
		g.fetch(t, "/tmp/"+name, filepath.Join(folder, name))
	}
	merge := g.command("merge", filepath.Join(folder, "stpd_cpu0"), filepath.Join(folder, "stpd_cpu1"))
	var failures bytes.Buffer
	merge.Stderr = &failures
	text, err := merge.Output()
	numbers := numbersOf(t, string(text))
	if want := fmt.Sprintf("total %d\n", len(numbers)); err != nil || failures.Len() > 0 || len(numbers) == 0 ||
		numbers[len(numbers)-1] != len(numbers)-1 || !strings.HasSuffix(string(text), want) {
		t.Errorf("%v, %s: %d lines", err, failures.String(), len(numbers))
	}
	g.nothingLeft(t)
}

// orders: R510: what control does not understand, or not now, is refused, and changes
// nothing; others than root may not write there, and a second process not at all.
func (g *guestTest) orders(t *testing.T) {
	module := g.build(t, g.release, "-e", counting)
	_, _, stderr := g.run(t, "staprun", "-R", "-L", module)
	control := "/proc/systemtap/" + moduleOf(t, stderr) + "/control"
	for _, order := range []string{"", "garbage", "start", "start 1", "start -1", "start 99999999999999999999", "stop\\0more", "\\377\\376\\200",
		strings.Repeat("long ", 100), "attach now and then " + strings.Repeat("x", 60), "detach\nstop"} {
		if status, _, stderr := g.run(t, "sh", "-c", "printf '"+order+"' >/tmp/order; dd if=/tmp/order of="+control+" bs=4096 2>&1 >/dev/null | grep -q 'Invalid argument\\|busy\\|0+0'"); status != 0 {
			t.Errorf("%q is not refused: %s", order, stderr)
		}
	}
	for _, command := range []string{"echo stop >" + control, "cat " + control, "cat " + filepath.Dir(control) + "/trace0", "echo maxerrors 1 >" + filepath.Dir(control) + "/limits"} {
		if status, _, stderr := g.runAsUser(t, command); status == 0 || !strings.Contains(stderr, "ermission denied") {
			t.Errorf("%s by another than root: status %d, %s", command, status, stderr)
		}
	}
	if status, _, _ := g.run(t, "cat", filepath.Dir(control)+"/trace0"); status == 0 {
		t.Error("output is read while it is overwritten")
	}
	process, _ := g.follow(t, "staprun", "-A", strings.Split(control, "/")[3])
	if status, _, stderr := g.run(t, "sh", "-c", "echo stop >"+control); status == 0 || !strings.Contains(stderr, "busy") {
		t.Errorf("an order beside staprun's: status %d, %s", status, stderr)
	}
	if err := process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if status, err := process.Wait(); status != 0 || err != nil {
		t.Errorf("status %d, %v", status, err)
	}
	g.nothingLeft(t)
}

// requests: R516: system() runs shell commands, of several lines too.
func (g *guestTest) requests(t *testing.T) {
	module := g.build(t, g.release, "-e", `probe begin { system("echo one\nid -u; echo two >&2") exit() }`)
	status, stdout, stderr := g.run(t, "staprun", "-R", module)
	if status != 0 || stdout != "one\n0\n" || stderr != "two\n" {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
	g.nothingLeft(t)
}

// globals: C481: NAME=VALUE behind the module set what globals begin with.
func (g *guestTest) globals(t *testing.T) {
	module := g.build(t, g.release, "-e", `global n = 1, text = "none", hits probe begin { printf("%d [%s]\n", n, text) hits++ exit() } probe end { println(hits) }`)
	status, stdout, stderr := g.run(t, "staprun", "-R", module, "n=-0x10", "text=two words=more", "hits=41")
	if status != 0 || stderr != "" || stdout != "-16 [two words=more]\n42\n" {
		t.Errorf("status %d, %q, %s", status, stdout, stderr)
	}
	for setting, want := range map[string]string{
		"n=many": "the global n is a number", "m=1": "no scalar global of this name", "n": "NAME=VALUE", `text="`: "use stap -G",
	} {
		if status, _, stderr := g.run(t, "staprun", "-R", module, setting); status != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d, %s", setting, status, stderr)
		}
	}
	g.nothingLeft(t)
}

// daemon: C480, C481: -D prints the number of the process that reads in the background,
// whose messages stand in the output.
func (g *guestTest) daemon(t *testing.T) {
	module := g.build(t, g.release, "-e", `probe begin { println("ready") } probe timer.ms(100) { if (!ticks++) warn("careful") println("tick") } global ticks probe end { println("end") }`)
	status, stdout, stderr := g.run(t, "sh", "-c", "staprun -R -D -o /tmp/daemon "+module)
	pid, err := strconv.Atoi(strings.TrimSpace(stdout))
	if status != 0 || err != nil || stderr != "" {
		t.Fatalf("status %d, %q, %s", status, stdout, stderr)
	}
	g.await(t, "grep -q tick /tmp/daemon")
	g.run(t, "sh", "-c", fmt.Sprintf("kill %d", pid))
	g.await(t, "grep -q end /tmp/daemon")
	g.await(t, "[ -z \"$(ls /proc/systemtap)\" ]")
	if _, text, _ := g.run(t, "cat", "/tmp/daemon"); !regexp.MustCompile(`^ready\n(tick\n)*WARNING: careful\n(tick\n)*end\n$`).MatchString(text) {
		t.Errorf("%q", text)
	}
	if status, stdout, stderr := g.run(t, "staprun", "-D", "-o", "/tmp/daemon", "/tmp/missing.ko"); status != 1 || stdout != "" || !strings.Contains(stderr, "cannot read the module") {
		t.Errorf("a daemon without a module: status %d, %q, %s", status, stdout, stderr)
	}
	g.nothingLeft(t)
}

// manyAtOnce: C480: many sessions share what there is for buffers.
func (g *guestTest) manyAtOnce(t *testing.T) {
	module := g.build(t, g.release, "-e", `probe begin { println("here") }`)
	status, stdout, stderr := g.run(t, "sh", "-c", "for i in $(seq 40); do staprun -R -L "+module+" >/dev/null 2>/tmp/said || cat /tmp/said >&2; done; cat /proc/systemtap/*/status | grep buffers; grep MemTotal /proc/meminfo; staprun -d '*'")
	total, memory := 0, 0
	for _, match := range regexp.MustCompile(`(?m)^(buffers_kb|MemTotal:) *(\d+)`).FindAllStringSubmatch(stdout, -1) {
		n, _ := strconv.Atoi(match[2])
		if match[1] == "MemTotal:" {
			memory = n
		} else {
			total += n
		}
	}
	if status != 0 || stderr != "" || strings.Count(stdout, "buffers_kb") != 40 || total > memory/8 {
		t.Errorf("status %d, %s: buffers of %d KB in %d KB of memory\n%s", status, stderr, total, memory, stdout)
	}
	if status, _, stderr := g.run(t, "staprun", "-b", "4000", module); status != 1 || !strings.Contains(stderr, "of memory are free") {
		t.Errorf("more than there is: status %d, %s", status, stderr)
	}
	g.nothingLeft(t)
}

// hostile: R505: names that are none, outputs that cannot be.
func (g *guestTest) hostile(t *testing.T) {
	module := g.build(t, g.release, "-e", `probe begin { exit() }`)
	g.run(t, "sh", "-c", "mkdir -p '/tmp/a b'; cp "+module+" '/tmp/a b/$(reboot).ko'")
	for want, arguments := range map[string][]string{
		"is not the name of a module":   {"-A", "../../etc/passwd\n"},
		"no module nothing of stap":     {"-A", "nothing"},
		"no module vfs of stap":         {"-d", "/etc/vfs.ko"},
		"is a directory":                {"-o", "/tmp", module},
		"no such file or directory":     {"-o", "/nowhere/file", module},
		"not a kernel module":           {"/dev/null"},
		"/tmp: is a directory":          {"/tmp"},
		"which module?":                 {},
		"-S takes the size":             {"-S", "0", "-o", "/tmp/x", module},
		"globals are set by NAME=VALUE": {module, "more"},
	} {
		status, _, stderr := g.run(t, append([]string{"staprun"}, arguments...)...)
		if status != 1 || !strings.Contains(stderr, strings.TrimPrefix(want, "/tmp: ")) {
			t.Errorf("%q: status %d, %s", arguments, status, stderr)
		}
	}
	if status, _, stderr := g.run(t, "staprun", "-R", "/tmp/a b/$(reboot).ko"); status != 0 || stderr != "" {
		t.Errorf("a strange path: status %d, %s", status, stderr)
	}
	g.nothingLeft(t)
}

// removed: R503, C482: rmmod refuses a module that is read and takes one that is
// detached. rmmod -f takes any; its staprun says so, and is done.
func (g *guestTest) removed(t *testing.T) {
	module := g.build(t, g.release, "-e", counting)
	name := strings.TrimSuffix(filepath.Base(module), ".ko")
	process, _ := g.follow(t, "staprun", module)
	if status, _, stderr := g.run(t, "rmmod", name); status == 0 {
		t.Errorf("rmmod removes a module that is read: %s", stderr)
	}
	if err := process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	_, _ = process.Wait()
	if status, _, stderr := g.run(t, "rmmod", name); status != 0 {
		t.Errorf("rmmod of a detached module: %s", stderr)
	}
	g.nothingLeft(t)
	process, out := g.follow(t, "staprun", module)
	if status, _, stderr := g.run(t, "rmmod", "-f", name); status != 0 {
		t.Errorf("rmmod -f: %s", stderr)
	}
	if status, err := process.Wait(); status != 1 || err != nil || out.stderr.String() != "ERROR: the module "+name+" was removed while it ran\n" {
		t.Errorf("status %d, %v, %q", status, err, out.stderr.String())
	}
	g.nothingLeft(t)
}

// fetch copies a file out of the guest.
func (g *guestTest) fetch(t *testing.T, inGuest, path string) {
	t.Helper()
	_, text, _ := g.run(t, "cat", inGuest)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
