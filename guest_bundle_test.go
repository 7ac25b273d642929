//go:build guest

package gostap_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/bundle"
)

// TestGuestBundle: a bundle runs in a guest that has busybox and nothing of ours, and is refused where it cannot run: on the
// first of GOSTAP_KERNELS, since no kernel makes a difference to it.
func TestGuestBundle(t *testing.T) {
	beginnings := strings.Fields(os.Getenv("GOSTAP_KERNELS"))
	for _, beginning := range beginnings[:min(1, len(beginnings))] {
		t.Run(beginning, func(t *testing.T) {
			g := &bundleTest{guestTest: bootGuest(t, beginning)}
			// The guest's own staprun runs already; a bundle needs no other.
			if status, _, stderr := g.run(t, "sh", "-c", "mkdir /other && mv /usr/bin/staprun "+otherStaprun); status != 0 {
				t.Fatal(stderr)
			}
			g.make(t)
			t.Run("options", g.options)
			t.Run("background", g.background)
			t.Run("other staprun", g.otherStaprun)
			t.Run("other kernels", func(t *testing.T) { g.otherKernels(t, beginnings) })
			t.Run("damaged", g.damaged)
			if complaints := g.Complaints(); len(complaints) > 0 {
				t.Errorf("the kernel complains:\n%s", strings.Join(complaints, "\n"))
			}
		})
	}
}

// otherStaprun is a staprun that is no bundle.
const otherStaprun = "/other/staprun"

// bundleTest is a guest with a bundle.
type bundleTest struct {
	*guestTest
	contents []byte
	read     *bundle.Bundle
}

// bundled is a script whose session ends at once, unless count says otherwise.
const bundled = `global count = 2
	probe begin { printf("count %d, target %d\n", count, target()) if (count < 5) exit() }
	probe timer.ms(100) { println("tick") }
	probe end { println("end") }`

// make makes the bundle and puts it into the guest.
func (g *bundleTest) make(t *testing.T) {
	t.Helper()
	g.contents = g.pack(t, g.release)
	g.put(t, "/tmp/hello", g.contents)
	var err error
	if g.read, err = bundle.Read(bytes.NewReader(g.contents), int64(len(g.contents)), "hello"); err != nil {
		t.Fatal(err)
	}
}

// pack makes a bundle for a kernel.
func (g *bundleTest) pack(t *testing.T, release string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hello")
	if output, err := g.command("-p4", "-r", release, "-DMAXTRYLOCK=100000", "--bundle", path, "-e", bundled).CombinedOutput(); err != nil || string(output) != path+"\n" {
		t.Fatalf("%v\n%s", err, output)
	}
	contents, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return contents
}

// put puts a program into the guest.
func (g *bundleTest) put(t *testing.T, path string, contents []byte) {
	t.Helper()
	if err := g.Put(path, 0o755, bytes.NewReader(contents)); err != nil {
		t.Fatal(err)
	}
}

// expect runs a shell command whose output must match, and which says nothing else.
func (g *bundleTest) expect(t *testing.T, command, output string) {
	t.Helper()
	status, stdout, stderr := g.run(t, "sh", "-c", command)
	if status != 0 || stderr != "" || !regexp.MustCompile("^"+output+"$").MatchString(stdout) {
		t.Errorf("%s: status %d, %q, %s", command, status, stdout, stderr)
	}
	g.nothingLeft(t)
}

// refused runs a shell command that must fail with one message. Whoever asks for
// several looks at their end for what they left.
func (g *bundleTest) refused(t *testing.T, command, message string) {
	t.Helper()
	status, stdout, stderr := g.run(t, "sh", "-c", command)
	if status != 1 || stdout != "" || !regexp.MustCompile(`^ERROR: `+message+`[^\n]*\nhint: [^\n]+\n$`).MatchString(stderr) {
		t.Errorf("%s: status %d, %q, %s; want %s", command, status, stdout, stderr, message)
	}
}

// options: staprun's options are a bundle's.
func (g *bundleTest) options(t *testing.T) {
	g.expect(t, "/tmp/hello", `count 2, target 0\nend\n`)
	g.expect(t, "cd /tmp && ./hello count=4", `count 4, target 0\nend\n`)
	g.expect(t, "PATH=/tmp:$PATH hello -R -x 1 count=3", `count 3, target 1\nend\n`)
	g.expect(t, "/tmp/hello -o /tmp/output && cat /tmp/output", `count 2, target 0\nend\n`)
	g.expect(t, "/tmp/hello -c 'echo the command >/tmp/ran' count=9 && cat /tmp/ran", `count 9, target [1-9]\d*\n(tick\n)*end\nthe command\n`)
	g.expect(t, "rm -f /tmp/gone; cp /tmp/hello /tmp/gone; ln -s gone /tmp/link; /tmp/link", `count 2, target 0\nend\n`)
	text, err := g.read.Manifest.Text()
	if err != nil {
		t.Fatal(err)
	}
	g.expect(t, "/tmp/hello --manifest", regexp.QuoteMeta(string(text)))
	if m := g.read.Manifest; m.Kernel.Release != g.release || m.Kernel.BuildID == "" || fmt.Sprint(m.Probes) != "[begin timer.ms(100) end]" {
		t.Errorf("the manifest is\n%s", text)
	}
	if status, _, stderr := g.run(t, "/tmp/hello", "nosuch=1"); status != 1 || !strings.HasPrefix(stderr, "ERROR: nosuch=1: the script has no scalar global of this name") {
		t.Errorf("a global that is not there: status %d, %s", status, stderr)
	}
}

// background: a bundle that calls itself, and modules that are left.
func (g *bundleTest) background(t *testing.T) {
	status, stdout, stderr := g.run(t, "sh", "-c", "/tmp/hello -D -o /tmp/daemon count=9")
	if status != 0 || stderr != "" || number(strings.TrimSpace(stdout)) == 0 {
		t.Fatalf("status %d, %q, %s", status, stdout, stderr)
	}
	g.await(t, "grep -q tick /tmp/daemon")
	g.run(t, "kill", strings.TrimSpace(stdout))
	g.await(t, `[ -z "$(ls /proc/systemtap)" ]`)
	g.expect(t, "cat /tmp/daemon", `count 9, target 0\n(tick\n)+end\n`)
	_, _, stderr = g.run(t, "/tmp/hello", "-L", "-R", "count=9")
	g.expect(t, "timeout -s INT 2 /tmp/hello -A "+moduleOf(t, stderr), `(count 9, target 0\n)?(tick\n)+end\n`)
	_, _, stderr = g.run(t, "/tmp/hello", "-L", "-R", "count=9")
	g.expect(t, "/tmp/hello -d "+moduleOf(t, stderr), "")
}

// otherStaprun: a staprun takes a bundle as it takes a module, and a bundle is a staprun.
func (g *bundleTest) otherStaprun(t *testing.T) {
	g.expect(t, otherStaprun+" -R /tmp/hello count=3", `count 3, target 0\nend\n`)
	g.expect(t, otherStaprun+" --manifest /tmp/hello | grep -c sha256", `3\n`)
	g.put(t, "/tmp/hello.ko", g.read.Module)
	g.expect(t, "/tmp/hello /tmp/hello.ko count=4", `count 4, target 0\nend\n`)
	g.expect(t, "cd /tmp && ./hello hello", `count 2, target 0\nend\n`)
	g.refused(t, otherStaprun+" "+otherStaprun, otherStaprun+" is a program with no module in it")
	g.refused(t, otherStaprun+" --manifest", "which bundle?")
}

// otherKernels: what is for another kernel, build or architecture is refused.
func (g *bundleTest) otherKernels(t *testing.T, beginnings []string) {
	repack := func(module []byte, change func(*bundle.Manifest)) {
		t.Helper()
		manifest := g.read.Manifest
		change(&manifest)
		program := bytes.Clone(g.contents)
		copy(program[18:20], module[18:20]) // the architecture
		var file bytes.Buffer
		if err := bundle.Write(&file, program, module, manifest); err != nil {
			t.Fatal(err)
		}
		g.put(t, "/tmp/other", file.Bytes())
	}
	same := func(*bundle.Manifest) {}
	for _, beginning := range beginnings {
		k, err := kernel.FindGuest(kernel.Named(beginning))
		if err != nil {
			t.Fatal(err)
		}
		if k.Release != g.release {
			g.put(t, "/tmp/other", g.pack(t, k.Release))
			g.refused(t, "/tmp/other", "the bundle /tmp/other was made for kernel "+regexp.QuoteMeta(k.Release+", and this is "+g.release))
		}
	}
	entry := "vermagic=" + g.release
	repack(bytes.ReplaceAll(g.read.Module, []byte(entry), []byte("vermagic=9.9.9"+strings.Repeat("x", len(g.release)-5))), same)
	g.refused(t, "/tmp/other", `the bundle /tmp/other was made for kernel 9\.9\.9x+, and this is `)
	repack(g.read.Module, func(m *bundle.Manifest) { m.Kernel.BuildID = "12" + m.Kernel.BuildID[2:] })
	g.refused(t, "/tmp/other", "the bundle /tmp/other was made for another build of the kernel: build-id 12"+g.read.Manifest.Kernel.BuildID[2:]+", and this is "+g.read.Manifest.Kernel.BuildID)
	repack(g.read.Module, func(m *bundle.Manifest) { m.Kernel.BuildID = "" })
	g.expect(t, "/tmp/other", `count 2, target 0\nend\n`)
	foreign, machine := bytes.Clone(g.read.Module), "aarch64"
	if code := uint16(183); binary.LittleEndian.Uint16(foreign[18:]) != code {
		binary.LittleEndian.PutUint16(foreign[18:], code)
	} else {
		binary.LittleEndian.PutUint16(foreign[18:], 62)
		machine = "x86_64"
	}
	repack(foreign, same)
	g.refused(t, otherStaprun+" /tmp/other", "the bundle /tmp/other was made for "+machine+", and this is ")
	g.put(t, "/tmp/other.ko", foreign)
	g.refused(t, "/tmp/hello /tmp/other.ko", `the module /tmp/other\.ko was made for `+machine+", and this is ")
	g.nothingLeft(t)
}

// damaged: so is a bundle that was cut or changed, wherever.
func (g *bundleTest) damaged(t *testing.T) {
	size, program := len(g.contents), 0
	_, stdout, _ := g.run(t, "stat", "-c", "%s", otherStaprun)
	if program = number(strings.TrimSpace(stdout)); program == 0 || program >= size {
		t.Fatalf("a program of %s, a bundle of %d", stdout, size)
	}
	const head = "rm -f /tmp/cut; head -c %d /tmp/hello >/tmp/cut; chmod 755 /tmp/cut; %s"
	for _, length := range []int{size - 1, size - 65, size - 87, size - 1000, program + 5000, program + 4, program + 1} {
		for _, command := range []string{"/tmp/cut", otherStaprun + " /tmp/cut"} {
			g.refused(t, fmt.Sprintf(head, length, command), "the bundle /tmp/cut was cut: the end of its archive is missing")
		}
	}
	g.refused(t, fmt.Sprintf(head, size-1, "/tmp/cut -D -o /tmp/never"), "the bundle /tmp/cut was cut: the end of its archive is missing")
	// The names of the sections are last, and nothing needs them to execute a program.
	g.refused(t, fmt.Sprintf(head, program-1, "/tmp/cut"), "the bundle /tmp/cut was cut: the end of its program is missing")
	for _, length := range []int{64, 500, 5000, program / 2, program - 1} {
		g.refused(t, fmt.Sprintf(head, length, otherStaprun+" /tmp/cut"), "the bundle /tmp/cut was cut: the end of its program is missing")
	}
	g.refused(t, fmt.Sprintf(head, 10, otherStaprun+" /tmp/cut"), "/tmp/cut was cut: it has 10 bytes")
	const poke = `rm -f /tmp/cut; cp /tmp/hello /tmp/cut; printf '\%03o' | dd of=/tmp/cut bs=1 seek=%d conv=notrunc 2>/dev/null; %s`
	for at := program; at < size; at += (size - program) / 8 {
		g.refused(t, fmt.Sprintf(poke, ^g.contents[at], at, "/tmp/cut"), "the bundle /tmp/cut was changed: the SHA-256 of its archive is ")
	}
	for _, at := range []int{9, 40, 56, 100, program / 2, program - 1} {
		g.refused(t, fmt.Sprintf(poke, ^g.contents[at], at, otherStaprun+" /tmp/cut"), "the bundle /tmp/cut was changed: ")
	}
	g.nothingLeft(t)
	g.expect(t, "[ -e /tmp/never ] || /tmp/hello", `count 2, target 0\nend\n`)
}
