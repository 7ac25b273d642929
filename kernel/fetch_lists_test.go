package kernel

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const armRelease = "6.1.0-9-cloud-arm64"

// addArm adds a kernel for arm64 to an archive, without the tools of its build.
func (a *archive) addArm(t *testing.T, release string) {
	t.Helper()
	source := "usr/src/linux-headers-6.1.0-9-common"
	a.add(t, "linux-image-"+release, "", []entry{
		{"./boot/vmlinuz-" + release, string(flatImage(wholeFlat(t)))},
		{"./boot/config-" + release, "CONFIG_ARM64=y\n"},
		{"./usr/lib/modules/" + release + "/modules.order", ""},
	})
	a.add(t, "linux-headers-"+release, "linux-headers-6.1.0-9-common (= 1), linux-kbuild-6.1 (>= 1)", []entry{
		{"./usr/src/linux-headers-" + release + "/Makefile", "include /" + source + "/Makefile\n"},
		{"./usr/src/linux-headers-" + release + "/include/generated/autoconf.h", ""},
		{"./usr/src/linux-headers-" + release + "/.config", "CONFIG_ARM64=y\n"},
		{"./usr/src/linux-headers-" + release + "/scripts", "-> ../../lib/linux-kbuild-6.1/scripts"},
	})
}

// armArchive is an archive that has kernels for arm64, and a machine of another
// architecture that asks for them.
func armArchive(t *testing.T) (*archive, machine) {
	t.Helper()
	a, m := newArchive(t), aptMachine(t)
	m.arch = architectures[1]
	a.addArm(t, armRelease)
	a.add(t, "linux-kbuild-6.1:amd64", "", []entry{{"./usr/lib/linux-kbuild-6.1/scripts/modpost", "program for amd64"}})
	a.add(t, "linux-kbuild-6.1", "", []entry{{"./usr/lib/linux-kbuild-6.1/scripts/modpost", "program for arm64"}})
	a.add(t, "linux-base", "", nil)
	a.add(t, "linux-image-cloud-arm64", "linux-image-"+armRelease+" (= 1)", nil)
	write(t, filepath.Join(a.folder, "targets"), "Debian|http://mirror.example/debian/|bookworm\n"+
		"Debian|http://mirror.example/security/|bookworm-security\nOther|http://mirror.example/other/|stable\n")
	return a, m
}

// calls gives what apt's programs were asked, "own " before what was about other lists
// than the machine's.
func (a *archive) calls(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(a.folder, "calls"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// updates counts how often lists were read.
func (a *archive) updates(t *testing.T) (n int) {
	t.Helper()
	for _, call := range a.calls(t) {
		if strings.HasSuffix(call, " update") {
			n++
		}
	}
	return n
}

func TestSourceLines(t *testing.T) {
	const mirror, security = "http://mirror.example/debian/", "http://mirror.example/security/"
	machine := "Debian|" + mirror + "|bookworm\nDebian|" + mirror + "|bookworm-updates\nDebian|" + security + "|bookworm-security\n" +
		"Debian|" + mirror + "|bookworm\nUbuntu|http://other.example/|noble\nDebian Backports|" + mirror + "|bookworm-backports\n|" + mirror + "|local\nrubbish\n\n"
	unstable := "Debian|" + mirror + "|sid\nDebian|" + mirror + "|experimental\n"
	for _, test := range []struct {
		name, targets, suite string
		want                 []string
	}{
		{"its own", machine, "", []string{mirror + " bookworm", mirror + " bookworm-updates", security + " bookworm-security"}},
		{"another", machine, "trixie", []string{mirror + " trixie", security + " trixie-security"}},
		{"its own by name", machine, "bookworm", []string{mirror + " bookworm", security + " bookworm-security"}},
		{"sid has no security updates", machine, "sid", []string{mirror + " sid"}},
		{"experimental", machine, "experimental", []string{mirror + " experimental"}},
		{"from sid", unstable, "bookworm", []string{mirror + " bookworm"}},
		{"sid itself", unstable, "", []string{mirror + " sid", mirror + " experimental"}},
		{"none of Debian's", "Ubuntu|http://other.example/|noble\n", "", nil},
		{"nothing", "", "trixie", nil},
	} {
		var got []string
		for _, line := range sourceLines(test.targets, test.suite) {
			line = strings.Replace(line, "[signed-by="+debianKeys+"] ", "", 1)
			line, begins := strings.CutPrefix(line, "deb ")
			line, ends := strings.CutSuffix(line, " main\n")
			if !begins || !ends {
				t.Errorf("%s: %q is no line of sources.list", test.name, line)
			}
			got = append(got, line)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestPrepareAnotherArchitecture(t *testing.T) {
	a, m := armArchive(t)
	hostLists := filepath.Join(m.root, "var/lib/apt/lists")
	kernel, err := prepare(m, Request{Release: "6.1"})
	if err != nil {
		t.Fatal(err)
	}
	tree := filepath.Join(m.kernels(), armRelease)
	if kernel.Release != armRelease || kernel.Arch != m.arch || kernel.BuildTree != filepath.Join(tree, "usr/src/linux-headers-"+armRelease) {
		t.Errorf("%+v", kernel)
	}
	if data, err := os.ReadFile(filepath.Join(kernel.BuildTree, "scripts/modpost")); err != nil || string(data) != "program for amd64" {
		t.Errorf("the tools are %q, %v", data, err)
	}
	if _, err := os.Stat(filepath.Join(tree, "boot/btf-"+armRelease)); err != nil {
		t.Errorf("BTF was not taken out: %v", err)
	}
	for _, arch := range architectures {
		m.arch = arch
		if found, err := m.find(armRelease); err != nil || found.Arch != architectures[1] {
			t.Errorf("found afterwards: %+v, %v", found, err)
		}
	}
	m.arch = architectures[1]
	if found, err := m.find("6"); err != nil || found.Release != armRelease {
		t.Errorf("found afterwards by its beginning: %v, %v", found, err)
	}
	want := "download linux-image-" + armRelease + " linux-headers-" + armRelease + " linux-headers-6.1.0-9-common linux-kbuild-6.1:amd64\n"
	if !strings.HasSuffix(a.log(t), want) {
		t.Errorf("apt-get:\n%s", a.log(t))
	}
	// The machine's lists are asked once, for where they come from; its own folder stays as it is.
	for i, call := range a.calls(t) {
		if foreign := strings.HasPrefix(call, "own "); foreign != (i > 0) || !foreign && !strings.HasPrefix(call, "apt-get indextargets ") {
			t.Errorf("call %d: %s", i, call)
		}
	}
	expectOnly(t, hostLists, "mirror.example_Packages")
	own := filepath.Join(m.data, "apt/here-arm64")
	expectOnly(t, own, "cache", "lists", "sources.list")
	sources, err := os.ReadFile(filepath.Join(own, "sources.list"))
	if err != nil || strings.Count(string(sources), "\n") != 2 || !strings.Contains(string(sources), "http://mirror.example/security/ bookworm-security main\n") {
		t.Errorf("sources.list: %q, %v", sources, err)
	}
}

func TestListsAreReadAgainWhenOld(t *testing.T) {
	a, m := armArchive(t)
	list := filepath.Join(m.data, "apt/here-arm64/sources.list")
	for i, test := range []struct {
		age     time.Duration
		updates int
	}{{0, 1}, {0, 1}, {staleLists - time.Hour, 1}, {staleLists + time.Hour, 2}, {0, 2}} {
		if test.age > 0 {
			when := time.Now().Add(-test.age)
			if err := os.Chtimes(list, when, when); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := prepare(m, Request{Release: "6.1", HeadersOnly: true}); err != nil {
			t.Fatal(err)
		}
		if n := a.updates(t); n != test.updates {
			t.Errorf("%d: the lists were read %d times, want %d", i, n, test.updates)
		}
	}
	if _, err := prepare(m, Request{Release: "6.1", HeadersOnly: true, Suite: "trixie"}); err != nil {
		t.Fatal(err)
	}
	if n := a.updates(t); n != 3 {
		t.Errorf("with those of trixie the lists were read %d times", n)
	}
	expectOnly(t, filepath.Join(m.data, "apt"), "here-arm64", "trixie-arm64")
}

// What the network keeps from being read is not taken for new, and what is there is used.
func TestListsWithoutNetwork(t *testing.T) {
	a, m := armArchive(t)
	program, err := os.ReadFile(filepath.Join(a.folder, "bin/apt-get"))
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(m.data, "apt/here-arm64/sources.list")
	offline := func() {
		a.program(t, "apt-get", `
			case "$*" in
			indextargets*) cat targets; exit 0;;
			*Error-Mode=any*update) echo "E: Failed to fetch http://mirror.example/InRelease  Could not resolve 'mirror.example'" >&2; exit 100;;
			*update) exit 0;;
			esac
			echo "E: Failed to fetch http://mirror.example/x  Temporary failure resolving 'mirror.example'" >&2; exit 100`)
	}
	offline()
	_, err = prepare(m, Request{Release: "6.1", HeadersOnly: true})
	expectUserError(t, "the first time", err, "cannot download: Failed to fetch http://mirror.example/InRelease", "check the network")
	if _, err := os.Stat(list); err == nil {
		t.Error("lists that could not be read are taken for lists")
	}
	write(t, filepath.Join(a.folder, "bin/apt-get"), string(program))
	kernel, err := prepare(m, Request{Release: "6.1", HeadersOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	offline()
	old := time.Now().Add(-2 * staleLists)
	if err := os.Chtimes(list, old, old); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		before := a.updates(t)
		if again, err := prepare(m, Request{Release: "6.1", HeadersOnly: true}); err != nil || again.Release != kernel.Release {
			t.Errorf("with old lists: %v, %v", again, err)
		}
		if n := a.updates(t); n != before+1 {
			t.Errorf("old lists were tried to be read %d times", n-before)
		}
	}
}

// A part of the lists that the mirror has not got, as security updates of an old
// release, hinders nothing.
func TestListsInPart(t *testing.T) {
	a, m := armArchive(t)
	a.program(t, "apt-get", `
		case "$*" in
		indextargets*) cat targets; exit 0;;
		*update) : >"$lists/read"
			echo "E: The repository 'http://mirror.example/security bookworm-security Release' does not have a Release file." >&2; exit 100;;
		*--print-uris*) echo "E: Failed to fetch http://mirror.example/x  Temporary failure resolving 'mirror.example'" >&2; exit 100;;
		esac`)
	for range 2 {
		_, err := prepare(m, Request{Release: "6.1"})
		expectUserError(t, "the download", err, "cannot download", "network")
	}
	if n := a.updates(t); n != 1 {
		t.Errorf("the lists were read %d times", n)
	}
}

func TestPrepareSuites(t *testing.T) {
	a, m := armArchive(t)
	a.program(t, "apt-get", `
		case "$*" in
		indextargets*) cat targets; exit 0;;
		*update) echo "E: Failed to fetch http://mirror.example/debian/dists/nosuch/Release  404  Not Found" >&2
			echo "E: The repository 'http://mirror.example/debian nosuch Release' does not have a Release file." >&2; exit 100;;
		esac`)
	_, err := prepare(m, Request{Release: "6.1", Suite: "nosuch"})
	expectUserError(t, "unknown", err, `no package lists of Debian "nosuch" for arm64`, "bookworm or trixie")
	if _, err := os.Stat(filepath.Join(m.data, "apt/nosuch-arm64/sources.list")); err == nil {
		t.Error("its lists are taken for lists")
	}
	if n := a.updates(t); n != 1 {
		t.Errorf("they were tried to be read %d times", n)
	}
	for _, suite := range []string{"x y", "-x", "../x", "Trixie", "trixie\n"} {
		_, err := prepare(m, Request{Release: "6.1", Suite: suite})
		expectUserError(t, suite, err, "is not the name of a release of Debian", "bookworm or trixie")
	}
	write(t, filepath.Join(a.folder, "targets"), "Ubuntu|http://other.example/|noble\n")
	_, err = prepare(m, Request{Release: "6.1", Suite: "trixie"})
	expectUserError(t, "on another system", err, "this machine's package lists are not Debian's", "--sysroot")
}

// With a suite the kernel of that is wanted, even if others are at hand.
func TestPrepareSuiteOfThisArchitecture(t *testing.T) {
	a, m := newArchive(t), aptMachine(t)
	write(t, filepath.Join(a.folder, "targets"), "Debian|http://mirror.example/debian/|bookworm\n")
	a.add(t, "linux-image-cloud-"+m.arch.Debian, "linux-image-"+debianRelease+" (= 1)", nil)
	addKernel(t, m.root, runningRelease)
	write(t, filepath.Join(m.root, "sys/kernel/btf/vmlinux"), "raw")
	if kernel, err := prepare(m, Request{}); err != nil || !kernel.Running {
		t.Errorf("without: %v, %v", kernel, err)
	}
	kernel, err := prepare(m, Request{Suite: "trixie", HeadersOnly: true})
	if err != nil || kernel.Release != debianRelease {
		t.Errorf("%v, %v", kernel, err)
	}
	if n := a.updates(t); n != 1 {
		t.Errorf("lists were read %d times", n)
	}
}

func TestUnknownKernelOfOtherLists(t *testing.T) {
	_, m := armArchive(t)
	_, err := prepare(m, Request{Release: "6.3"})
	expectUserError(t, "unknown", err, `no kernel "6.3" for arm64`, "--suite")
}

// lose removes the packages of a release that the lists still name.
func (a *archive) lose(t *testing.T, release string) {
	t.Helper()
	for _, name := range []string{"linux-image-" + release, "linux-headers-" + release} {
		write(t, filepath.Join(a.folder, "gone", name), "")
	}
	program, err := os.ReadFile(filepath.Join(a.folder, "bin/apt-get"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(a.folder, "bin/apt-get"), strings.ReplaceAll(string(program), "[ -f pool/$p ] ||", "[ -f pool/$p -a ! -f gone/$p ] ||"))
}

func TestPrepareTakesAnOlderRelease(t *testing.T) {
	a, m := armArchive(t)
	const newest = "6.1.0-10-cloud-arm64"
	a.addArm(t, newest)
	a.add(t, "linux-image-cloud-arm64", "linux-image-"+newest+" (= 1)", nil)
	a.lose(t, newest)
	for _, asked := range []string{"6.1", ""} {
		t.Run("asked for "+asked, func(t *testing.T) {
			m.data = filepath.Join(t.TempDir(), "data")
			progress := &quiet{}
			p := &preparation{machine: m, apt: newApt(m, progress), request: Request{Release: asked}, progress: progress}
			kernel, err := p.run(t.Context())
			if err != nil || kernel.Release != armRelease {
				t.Errorf("%v, %v", kernel, err)
			}
			told := 0
			for _, step := range progress.steps {
				if step == "the mirror has lost the packages of "+newest+": trying an older one" {
					told++
				}
			}
			if told != 1 {
				t.Errorf("steps: %q", progress.steps)
			}
		})
	}
	t.Run("asked for by name", func(t *testing.T) {
		m.data = filepath.Join(t.TempDir(), "data")
		_, err := prepare(m, Request{Release: newest})
		expectUserError(t, newest, err, "apt cannot get the package any more", "--suite")
	})
	t.Run("no other", func(t *testing.T) {
		m.data = filepath.Join(t.TempDir(), "data")
		a.lose(t, armRelease)
		_, err := prepare(m, Request{Release: "6.1"})
		expectUserError(t, "all lost", err, "the mirror has lost the packages of "+newest+", "+armRelease, "--suite")
	})
}

// What is lost may be no kernel's: then no older kernel is tried.
func TestPrepareLosesBusybox(t *testing.T) {
	a, m := armArchive(t)
	m.host = m.arch // its programs are looked for in the root, as those of this machine
	for _, program := range []string{m.arch.Emulator, "gcc", "gcc-12", "make"} {
		write(t, filepath.Join(m.root, "bin", program), "")
	}
	write(t, filepath.Join(m.root, "usr/lib", m.host.Target, "libelf.so.1"), "")
	t.Setenv("PATH", os.Getenv("PATH")+":/bin")
	a.add(t, "busybox-static", "", nil)
	write(t, filepath.Join(a.folder, "gone/busybox-static"), "")
	a.lose(t, "none")
	progress := &quiet{}
	p := &preparation{machine: m, apt: newApt(m, progress), request: Request{Release: "6.1", Guest: true, Suite: "trixie"}, progress: progress}
	_, err := p.run(t.Context())
	expectUserError(t, "busybox", err, "apt cannot get the package any more", "--suite")
	for _, step := range progress.steps {
		if strings.Contains(step, "trying an older one") {
			t.Errorf("steps: %q", progress.steps)
		}
	}
}
