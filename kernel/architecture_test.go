package kernel

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// otherArchitecture is one that this machine is not of.
func otherArchitecture() *Architecture {
	if architectures[0] == Host() {
		return architectures[1]
	}
	return architectures[0]
}

// addKernelOf is addKernel for an architecture.
func addKernelOf(t *testing.T, root, release string, arch *Architecture) {
	t.Helper()
	addKernel(t, root, release)
	write(t, filepath.Join(root, "usr/src/linux-headers-"+release, ".config"), arch.option+"=y\n")
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

// expectUserError wants an error for the user whose message has one text and whose hint another.
func expectUserError(t *testing.T, what string, err error, message, hint string) {
	t.Helper()
	var wrong *UserError
	if !errors.As(err, &wrong) || !strings.Contains(wrong.Message, message) || !strings.Contains(wrong.Hint, hint) || wrong.Hint == "" {
		t.Errorf("%s: %v, want %q and the hint %q", what, err, message, hint)
		if wrong != nil {
			t.Logf("the hint is %q", wrong.Hint)
		}
	}
}

func TestArchitectureNamed(t *testing.T) {
	for name, want := range map[string]string{
		"x86_64": "x86_64", "amd64": "x86_64", "x86-64": "x86_64", "AMD64": "x86_64", "X86_64": "x86_64",
		"aarch64": "aarch64", "arm64": "aarch64", "ARM64": "aarch64", "AArch64": "aarch64",
		"": Host().Name,
	} {
		if arch, err := ArchitectureNamed(name); err != nil || arch.Name != want {
			t.Errorf("%q: %v, %v", name, arch, err)
		}
	}
	for _, name := range []string{"pdp11", "arm", "x86", "arm64 ", "-"} {
		_, err := ArchitectureNamed(name)
		expectUserError(t, name, err, `"`+name+`"`, "x86_64 (amd64), aarch64 (arm64)")
	}
}

func TestCompilerPackage(t *testing.T) {
	intel, arm := architectures[0], architectures[1]
	for _, test := range []struct {
		arch, host *Architecture
		want       string
	}{
		{arm, intel, "gcc-12-aarch64-linux-gnu"},
		{intel, arm, "gcc-12-x86-64-linux-gnu"},
		{arm, arm, "gcc-12"},
	} {
		if got := test.arch.CompilerPackage("gcc-12", test.host); got != test.want {
			t.Errorf("for %s on %s: %s, want %s", test.arch.Name, test.host.Name, got, test.want)
		}
	}
}

func TestNamed(t *testing.T) {
	for word, want := range map[string]Query{
		"":                    {},
		"6.1":                 {Release: "6.1"},
		"arm64:6.1":           {Release: "6.1", Arch: "arm64"},
		"arm64:":              {Arch: "arm64"},
		"/usr/src/a":          {Release: "/usr/src/a"},
		"arm64:6.1@/srv/root": {Release: "6.1", Arch: "arm64", Sysroot: "/srv/root"},
		"@/srv/root":          {Sysroot: "/srv/root"},
	} {
		if got := Named(word); got != want {
			t.Errorf("%q: %+v", word, got)
		}
	}
}

func TestFindOfArchitectures(t *testing.T) {
	m := fakeMachine(t)
	intel, arm := architectures[0], architectures[1]
	addKernelOf(t, m.root, "6.1.0-9-amd64", intel)
	for release, arch := range map[string]*Architecture{
		"6.1.0-10-amd64": intel, "6.1.0-11-arm64": arm, "6.1.0-7-arm64": arm, "6.12.3-arm64": arm,
	} {
		addKernelOf(t, filepath.Join(m.kernels(), release), release, arch)
	}
	for _, test := range []struct {
		arch        *Architecture
		asked, want string
	}{
		{intel, "6.1", "6.1.0-10-amd64"},
		{intel, "6", "6.1.0-10-amd64"},
		{intel, "", runningRelease},
		{intel, "6.1.0-11-arm64", "6.1.0-11-arm64"}, // all of a release's name
		{arm, "6.1", "6.1.0-11-arm64"},
		{arm, "6", "6.12.3-arm64"},
		{arm, "", "6.12.3-arm64"},
		{arm, "6.1.0-9-amd64", "6.1.0-9-amd64"},
	} {
		m.arch = test.arch
		kernel, err := m.find(test.asked)
		if err != nil {
			t.Errorf("find(%q) for %s: %v", test.asked, test.arch.Name, err)
			continue
		}
		wantArch := intel
		if strings.HasSuffix(test.want, arm.Debian) {
			wantArch = arm
		}
		if kernel.Release != test.want || kernel.Arch != wantArch {
			t.Errorf("find(%q) for %s = %s of %s", test.asked, test.arch.Name, kernel.Release, kernel.Arch.Name)
		}
	}
	m.arch = intel
	_, err := m.find("6.12")
	expectUserError(t, "of the other architecture alone", err, `no kernel "6.12" at hand`, "`stap prep -r 6.12` fetches it; at hand: 6.12.3-arm64, ")
}

// What nothing tells the architecture of is this machine's, as the running kernel is.
func TestFindWithoutConfiguration(t *testing.T) {
	m := fakeMachine(t)
	m.arch = architectures[1]
	write(t, filepath.Join(m.root, "lib/modules", runningRelease, "modules.order"), "")
	kernel, err := m.find(runningRelease)
	if err != nil || kernel.Arch != m.host {
		t.Errorf("the running kernel: %+v, %v", kernel, err)
	}
	_, err = m.find("")
	expectUserError(t, "with this machine's kernel only", err, "no kernel at hand for aarch64", "`stap prep -a arm64` fetches it")
	_, err = m.find("6.1")
	expectUserError(t, "its beginning", err, `no kernel "6.1" at hand for aarch64`, "`stap prep -r 6.1 -a arm64` fetches it")
}

func TestFindRefusesAContradiction(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	t.Setenv("SYSTEMTAP_DIR", t.TempDir())
	const release = "6.1.0-10-test"
	m, err := thisMachine()
	if err != nil {
		t.Fatal(err)
	}
	other := otherArchitecture()
	addKernelOf(t, filepath.Join(m.kernels(), release), release, other)
	for _, arch := range []string{"", other.Name, other.Debian} {
		if kernel, err := Find(Query{Release: release, Arch: arch}); err != nil || kernel.Arch != other {
			t.Errorf("-a %q: %v, %v", arch, kernel, err)
		}
	}
	_, err = Find(Query{Release: release, Arch: Host().Debian})
	expectUserError(t, "this machine's", err, "kernel "+release+" is for "+other.Name+", not for "+Host().Name, "leave out -a")
	_, err = Find(Query{Release: release, Arch: "pdp11"})
	expectUserError(t, "an unknown one", err, `"pdp11"`, "x86_64")
}

func TestFindGuestOfArchitectures(t *testing.T) {
	m := fakeMachine(t)
	arm := architectures[1]
	expect := func(want string) {
		t.Helper()
		kernel, err := m.findGuest()
		if err != nil {
			t.Errorf("%v, want %s", err, want)
		} else if kernel.Release != want {
			t.Errorf("%s, want %s", kernel.Release, want)
		}
	}
	addKernelOf(t, m.root, runningRelease, architectures[0])
	expect(runningRelease)
	m.arch = arm
	_, err := m.findGuest()
	expectUserError(t, "with this machine's kernel only", err, "no kernel at hand that a guest could boot for aarch64", "`stap prep --vm -a arm64`")
	for _, release := range []string{"6.1.0-9-arm64", "6.12.3-arm64"} {
		addKernelOf(t, filepath.Join(m.kernels(), release), release, arm)
	}
	headers := filepath.Join(m.kernels(), "6.13.1-arm64", "usr/src/linux-headers-6.13.1-arm64")
	addBuildTree(t, headers, "6.13.1-arm64")
	write(t, filepath.Join(headers, ".config"), arm.option+"=y\n")
	expect("6.12.3-arm64") // of 6.13.1 there is no image
	if err := (&preparation{machine: m}).chooseGuest("6.1.0-9-arm64"); err != nil {
		t.Fatal(err)
	}
	expect("6.1.0-9-arm64")
	m.arch = m.host
	expect(runningRelease) // the choice is the other architecture's
}

// sysroot makes a root of another system as it is unpacked anywhere: its absolute links
// lead to nothing here, or to other things than there.
func sysroot(t *testing.T, release string, arch *Architecture) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "sysroot")
	write(t, filepath.Join(root, "boot/vmlinuz-"+release), "image")
	write(t, filepath.Join(root, "usr/lib/modules", release, "modules.order"), "")
	link(t, "/usr/lib", filepath.Join(root, "lib"))
	tree := filepath.Join(root, "opt/headers")
	addBuildTree(t, tree, release)
	write(t, filepath.Join(tree, ".config"), arch.option+"=y\n")
	link(t, "/opt/headers", filepath.Join(root, "usr/src/headers"))
	link(t, "/usr/src/headers", filepath.Join(root, "usr/lib/modules", release, "build"))
	return root
}

func TestFindInASysroot(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	t.Setenv("SYSTEMTAP_DIR", t.TempDir())
	const release, fetched = "6.6.30-board", "6.12.3-fetched"
	data, err := dataFolder()
	if err != nil {
		t.Fatal(err)
	}
	other := otherArchitecture()
	addKernelOf(t, filepath.Join(data, "kernels", fetched), fetched, other)
	root := sysroot(t, release, other)
	for _, q := range []Query{
		{}, {Release: "6.6"}, {Release: release}, {Arch: other.Name}, {Release: "6.6", Arch: other.Debian},
	} {
		q.Sysroot = root
		for name, find := range map[string]func(Query) (*Kernel, error){"Find": Find, "FindGuest": FindGuest} {
			kernel, err := find(q)
			if err != nil {
				t.Errorf("%s(%+v): %v", name, q, err)
				continue
			}
			for part, path := range map[string][2]string{
				"image":   {kernel.Image, "boot/vmlinuz-" + release},
				"modules": {kernel.ModulesDir, "usr/lib/modules/" + release},
				"headers": {kernel.BuildTree, "opt/headers"},
				"root":    {kernel.Sysroot, ""},
			} {
				if path[0] != filepath.Join(root, path[1]) {
					t.Errorf("%s(%+v): %s: %q", name, q, part, path[0])
				}
			}
			if kernel.Arch != other || kernel.Running || kernel.Fetched {
				t.Errorf("%s(%+v): of %s, running %v, fetched %v", name, q, kernel.Arch.Name, kernel.Running, kernel.Fetched)
			}
		}
	}
	m, err := Query{Sysroot: root}.machine()
	if err != nil {
		t.Fatal(err)
	}
	kernels, err := m.all()
	if err != nil || len(kernels) != 1 || kernels[0].Release != release {
		t.Errorf("all of them: %d, %v", len(kernels), err)
	}
	_, err = Find(Query{Release: fetched, Sysroot: root})
	expectUserError(t, "a fetched one", err, `no kernel "`+fetched+`" at hand in `+root, "lib/modules/RELEASE/build or usr/src there; at hand: "+release)
	_, err = Find(Query{Sysroot: root, Arch: Host().Name})
	expectUserError(t, "one of this machine's architecture", err, "no kernel at hand in "+root, release)
	_, err = Find(Query{Release: release, Sysroot: root, Arch: Host().Name})
	expectUserError(t, "it with a wrong architecture", err, "is for "+other.Name, "leave out -a")
}

// Its debuginfo is found behind absolute links, and none of this system's.
func TestDebuginfoInASysroot(t *testing.T) {
	m := fakeMachine(t)
	const release = "6.6.30-board"
	vmlinux := elfFile(t, idA, dwarf)
	m.root, m.other, m.any = sysroot(t, release, otherArchitecture()), true, true
	outside := t.TempDir()
	write(t, filepath.Join(outside, "boot/vmlinux-"+release), vmlinux)
	link(t, outside, filepath.Join(m.root, "usr/lib/debug"))
	if k := m.kernel(release); k.Debuginfo != "" {
		t.Errorf("found %s", k.Debuginfo)
	}
	built := filepath.Join(m.root, "opt/headers/vmlinux")
	write(t, built, vmlinux)
	if k := m.kernel(release); k.Debuginfo != built {
		t.Errorf("found %q, want %s", k.Debuginfo, built)
	}
}

// Debian's headers refer to each other by paths that hold in their own system.
func TestHeadersInASysroot(t *testing.T) {
	m := fakeMachine(t)
	const release = "6.1.0-9-arm64"
	m.root, m.other, m.any = filepath.Join(t.TempDir(), "sysroot"), true, true
	addKernelOf(t, m.root, release, architectures[1])
	write(t, filepath.Join(m.root, "usr/src/linux-headers-"+release, "Makefile"), "include /usr/src/common/Makefile\n")
	common := filepath.Join(m.root, "opt/common")
	link(t, "/opt/common", filepath.Join(m.root, "usr/src/common"))
	write(t, filepath.Join(common, "Makefile"), "")
	write(t, filepath.Join(common, "include/linux/fs.h"), "struct file;")
	write(t, filepath.Join(common, "include/trace/events/sched.h"), "#define TRACE_SYSTEM sched\nTRACE_EVENT(sched_switch, TP_PROTO(int x), TP_ARGS(x));\n")
	k := m.kernel(release)
	if text, err := k.Header("include/linux/fs.h"); err != nil || string(text) != "struct file;" {
		t.Errorf("%q, %v", text, err)
	}
	if systems, err := k.TraceSystems(); err != nil || systems["sched_switch"] != "sched" {
		t.Errorf("%v, %v", systems, err)
	}
	if _, err := k.Header("include/none.h"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("one that is not there: %v", err)
	}
}

func TestPrepCommand(t *testing.T) {
	k := &Kernel{Release: "6.1"}
	if got := k.Prep(); got != "stap prep -r 6.1" {
		t.Error(got)
	}
	k.Arch = Host()
	if got := k.Prep("--debuginfo"); got != "stap prep --debuginfo -r 6.1" {
		t.Error(got)
	}
	k.Arch = otherArchitecture()
	if got := k.Prep("--debuginfo"); got != "stap prep --debuginfo -r 6.1 -a "+k.Arch.Debian {
		t.Error(got)
	}
}

// A folder whose links lead out of the root shows none of the system's kernels.
func TestSysrootHidesTheSystem(t *testing.T) {
	m := fakeMachine(t)
	system := m.root
	addKernel(t, system, "6.1.0-9-test")
	m.root, m.other, m.any = filepath.Join(t.TempDir(), "sysroot"), true, true
	for _, folder := range []string{"lib/modules", "boot", "usr/src"} {
		link(t, filepath.Join(system, folder), filepath.Join(m.root, folder))
	}
	if names := m.releasesBelow(m.root); len(names) > 0 {
		t.Errorf("its folders show %v", names)
	}
	kernels, err := m.all()
	if err != nil || len(kernels) > 0 {
		t.Errorf("%d kernels, %v", len(kernels), err)
	}
	_, err = m.find("")
	expectUserError(t, "find", err, "no kernel at hand in "+m.root, "none is")
	_, err = m.find("6.1")
	expectUserError(t, "find", err, `no kernel "6.1" at hand in `+m.root, "none is")
	if kernel := m.kernel("6.1.0-9-test"); kernel.hasPart() {
		t.Errorf("%+v", kernel)
	}
}

func TestSysrootWithoutKernel(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	empty := t.TempDir()
	file := filepath.Join(empty, "file")
	write(t, file, "")
	for name, find := range map[string]func(Query) (*Kernel, error){"Find": Find, "FindGuest": FindGuest} {
		_, err := find(Query{Sysroot: empty})
		expectUserError(t, name+" in an empty one", err, "in "+empty, "lib/modules/RELEASE")
		_, err = find(Query{Sysroot: filepath.Join(empty, "none")})
		expectUserError(t, name+" in none", err, "there is no folder "+filepath.Join(empty, "none"), "lib/modules")
		_, err = find(Query{Sysroot: file})
		expectUserError(t, name+" in a file", err, "there is no folder "+file, "lib/modules")
	}
}
