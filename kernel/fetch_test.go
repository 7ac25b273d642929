package kernel

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var debianRelease = "6.1.0-9-cloud-" + Host().Debian

// archive is a Debian as apt shows it: stand-ins for its programs come first
// in PATH, and its packages are plain tar files.
type archive struct {
	folder string
}

type entry struct{ name, content string } // content "-> target" is a link

func newArchive(t *testing.T) *archive {
	t.Helper()
	a := &archive{folder: t.TempDir()}
	a.program(t, "apt-cache", `
		case $1 in
		pkgnames) ls pool;;
		show) shift; shift; found=
			[ -z "$lists" ] || [ -f "$lists/read" ] || set --
			for p; do [ -f show/$p ] && cat show/$p && found=1; done
			[ "$found" ] || { echo 'E: No packages found' >&2; exit 100; };;
		esac`)
	a.program(t, "apt-get", `
		echo "$*" >>log
		case "$*" in
		*update) mv later/* pool/; [ -z "$lists" ] || : >"$lists/read"; exit 0;;
		indextargets*) cat targets; exit 0;;
		*--print-uris*) shift; shift; for p; do echo "'http://mirror.example/$p' ${p%:*}_1_all.deb $(stat -c %s show/$p.deb) SHA256:$(cat show/$p.sum)"; done; exit 0;;
		esac
		while [ "$1" != download ]; do shift; done; shift
		for p; do [ -f pool/$p ] || { echo "E: Failed to fetch http://mirror.example/$p  404  Not Found" >&2; exit 100; }
			cp pool/$p "$from/${p%:*}_1_all.deb"; done`)
	a.program(t, "dpkg-deb", `cat "$2"`)
	t.Setenv("PATH", filepath.Join(a.folder, "bin")+":"+os.Getenv("PATH"))
	write(t, filepath.Join(a.folder, "later/none"), "")
	source := "usr/src/linux-headers-6.1.0-9-common"
	a.add(t, "linux-image-"+debianRelease, "", []entry{
		{"./usr/share/doc/changelog", "long"},
		{"./boot/vmlinuz-" + debianRelease, string(bzImage(readTestdata(t, "vmlinux")))},
		{"./boot/config-" + debianRelease, "CONFIG_SMP=y\n"},
		{"./usr/lib/modules/" + debianRelease + "/modules.order", ""},
		{"./usr/lib/modules/" + debianRelease + "/kernel/x-y.ko", "module"},
		{"./usr/lib/modules/" + debianRelease + "/kernel/z.ko.xz", "module"},
		{"./usr/lib/modules/" + debianRelease + "/build", "-> /usr/src/linux-headers-" + debianRelease},
		{"./usr/lib/modules/" + debianRelease + "/source", "-> /" + source},
	})
	a.add(t, "linux-headers-"+debianRelease, "linux-headers-6.1.0-9-common (= 1), linux-kbuild-6.1 (>= 1), gcc-12 | gcc, linux-image-x", []entry{
		{"./usr/src/linux-headers-" + debianRelease + "/Makefile", "include /" + source + "/Makefile\n"},
		{"./usr/src/linux-headers-" + debianRelease + "/include/generated/autoconf.h", ""},
		{"./usr/src/linux-headers-" + debianRelease + "/.config", "CONFIG_SMP=y\n"},
		{"./usr/src/linux-headers-" + debianRelease + "/scripts", "-> ../../lib/linux-kbuild-6.1/scripts"},
	})
	a.add(t, "linux-headers-6.1.0-9-common", "", []entry{{"./" + source + "/Makefile", "all:"}})
	a.add(t, "linux-kbuild-6.1", "", []entry{{"./usr/lib/linux-kbuild-6.1/scripts/modpost", "program"}})
	a.add(t, "linux-image-"+debianRelease+"-dbg", "", []entry{
		{"./usr/lib/debug/boot/vmlinux-" + debianRelease, elfFile(t, idA, dwarf)},
		{"./usr/lib/debug/lib/modules/" + debianRelease + "/x-y.ko", "much"},
		{"./usr/lib/debug/lib/modules/" + debianRelease + "/z.ko.debug", "much"},
	})
	return a
}

// options takes the options that come first from apt's arguments, of which it keeps the
// folder with other lists than the machine's, and notes what is asked of whose lists.
const options = `
		lists= sources=
		while [ "$1" = -o ]; do
			case $2 in
			Dir::State::Lists=*) lists=${2#*=};;
			Dir::Etc::SourceList=*) sources=${2#*=};;
			esac
			shift 2
		done
		echo "${lists:+own }${0##*/} $*" >>calls`

func (a *archive) program(t *testing.T, name, script string) {
	t.Helper()
	begin := "#!/bin/sh\nfrom=$PWD\n"
	if name != "dpkg-deb" {
		begin += "cd '" + a.folder + "'" + options + "\n"
	}
	write(t, filepath.Join(a.folder, "bin", name), begin+script+"\n")
}

func (a *archive) add(t *testing.T, name, depends string, entries []entry) {
	t.Helper()
	var packed bytes.Buffer
	writer := tar.NewWriter(&packed)
	for _, entry := range entries {
		header := &tar.Header{Name: entry.name, Mode: 0o755, Size: int64(len(entry.content)), Typeflag: tar.TypeReg, ModTime: time.Unix(1e9, 0)}
		target, link := strings.CutPrefix(entry.content, "-> ")
		if link {
			header.Typeflag, header.Linkname, header.Size = tar.TypeSymlink, target, 0
		}
		if err := writer.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if !link {
			if _, err := writer.Write([]byte(entry.content)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	pool := filepath.Join(a.folder, "pool", name)
	write(t, pool, packed.String())
	bare, architecture, _ := strings.Cut(name, ":")
	write(t, filepath.Join(a.folder, "show", name), fmt.Sprintf("Package: %s\nArchitecture: %s\nDepends: %s\nFilename: pool/%[1]s\nSize: %[4]d\n\n",
		bare, architecture, depends, packed.Len()))
	write(t, filepath.Join(a.folder, "show", name+".deb"), packed.String())
	write(t, filepath.Join(a.folder, "show", name+".sum"), fmt.Sprintf("%x", sha256.Sum256(packed.Bytes())))
}

func (a *archive) log(t *testing.T) string {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(a.folder, "log"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(log)
}

type quiet struct{ steps []string }

func (q *quiet) Step(text string)      { q.steps = append(q.steps, text) }
func (q *quiet) Download(int64, int64) {}

// aptMachine is a fake machine with package lists.
func aptMachine(t *testing.T) machine {
	m := fakeMachine(t)
	write(t, filepath.Join(m.root, "var/lib/apt/lists/mirror.example_Packages"), "")
	return m
}

func prepare(m machine, request Request) (*Kernel, error) {
	progress := &quiet{}
	p := &preparation{machine: m, apt: newApt(m, progress), request: request, progress: progress}
	return p.run(context.Background())
}

func TestPrepare(t *testing.T) {
	a, m := newArchive(t), aptMachine(t)
	kernel, err := prepare(m, Request{Release: "6.1"})
	if err != nil {
		t.Fatal(err)
	}
	tree := filepath.Join(m.kernels(), debianRelease)
	if kernel.Release != debianRelease || kernel.BuildTree != filepath.Join(tree, "usr/src/linux-headers-"+debianRelease) {
		t.Errorf("%+v", kernel)
	}
	for path, want := range map[string]string{
		"usr/src/linux-headers-" + debianRelease + "/Makefile":        "include " + tree + "/usr/src/linux-headers-6.1.0-9-common/Makefile\n",
		"usr/src/linux-headers-" + debianRelease + "/scripts/modpost": "program",
		"lib/modules/" + debianRelease + "/build/.config":             "CONFIG_SMP=y\n",
		"lib/modules/" + debianRelease + "/source/Makefile":           "all:",
		"boot/btf-" + debianRelease:                                   string(wantBTF(t)),
	} {
		if got, err := os.ReadFile(filepath.Join(tree, path)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	expectOnly(t, m.kernels(), debianRelease)
	expectOnly(t, m.downloads())
	before := a.log(t)
	if _, err := prepare(m, Request{Release: debianRelease}); err != nil {
		t.Fatal(err)
	}
	if _, err := prepare(m, Request{Release: "6.1"}); err != nil {
		t.Fatal(err)
	}
	if a.log(t) != before {
		t.Errorf("fetched again:\n%s", a.log(t))
	}
}

// expectOnly wants a folder's entries to be these.
func expectOnly(t *testing.T, folder string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(names) {
		t.Errorf("%s holds %v, want %v", folder, got, names)
	}
}

func TestPrepareHeadersThenImage(t *testing.T) {
	newArchive(t)
	m := aptMachine(t)
	kernel, err := prepare(m, Request{Release: "6.1", HeadersOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if kernel.BuildTree == "" || kernel.Image != "" {
		t.Errorf("%+v", kernel)
	}
	write(t, filepath.Join(m.kernels(), debianRelease, "lib/modules/left/from a move"), "")
	if kernel, err = prepare(m, Request{Release: "6.1"}); err != nil {
		t.Fatal(err)
	}
	if kernel.BuildTree == "" || kernel.Image == "" || kernel.ModulesDir == "" {
		t.Errorf("%+v", kernel)
	}
}

func TestPrepareContinues(t *testing.T) {
	a, m := newArchive(t), aptMachine(t)
	complete := "linux-headers-" + debianRelease
	text, err := os.ReadFile(filepath.Join(a.folder, "pool", complete))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(m.downloads(), complete+"_1_all.deb"), string(text))
	wrong := bytes.Repeat([]byte("?"), len(text))
	write(t, filepath.Join(m.downloads(), "linux-kbuild-6.1_1_all.deb"), string(wrong))
	write(t, filepath.Join(m.kernels(), unpacking+"123/file"), "")
	if _, err := prepare(m, Request{Release: "6.1", HeadersOnly: true}); err != nil {
		t.Fatal(err)
	}
	if want := "download linux-headers-6.1.0-9-common linux-kbuild-6.1\n"; !strings.HasSuffix(a.log(t), want) {
		t.Errorf("apt-get:\n%s", a.log(t))
	}
	expectOnly(t, m.kernels(), debianRelease)
}

func TestPrepareDebuginfo(t *testing.T) {
	a, m := newArchive(t), aptMachine(t)
	folder := filepath.Join(m.kernels(), debianRelease, "usr/lib/debug")
	modules := filepath.Join(folder, "lib/modules", debianRelease)
	if _, err := prepare(m, Request{Release: "6.1", Debuginfo: true}); err != nil {
		t.Fatal(err)
	}
	expectOnly(t, folder, "boot")
	if _, err := prepare(m, Request{Release: "6.1", Debuginfo: true, DebuginfoModules: []string{"x-y"}}); err != nil {
		t.Fatal(err)
	}
	expectOnly(t, folder, "boot", "lib")
	expectOnly(t, modules, "x-y.ko")
	for range 2 {
		if _, err := prepare(m, Request{Release: "6.1", Debuginfo: true, DebuginfoModules: []string{AllModules}}); err != nil {
			t.Fatal(err)
		}
		expectOnly(t, modules, "x-y.ko", "z.ko.debug")
	}
	if n := strings.Count(a.log(t), "-dbg"); n != 6 { // each time its address, then itself
		t.Errorf("asked for the package %d times:\n%s", n, a.log(t))
	}
	_, err := prepare(m, Request{Release: "6.1", DebuginfoModules: []string{"nonesuch"}})
	var wrong *UserError
	if !errors.As(err, &wrong) || !strings.Contains(wrong.Message, "no module nonesuch") {
		t.Errorf("%v", err)
	}
}

func TestPrepareDebuginfoThatIsNone(t *testing.T) {
	a, m := newArchive(t), aptMachine(t)
	a.add(t, "linux-image-"+debianRelease+"-dbg", "", []entry{{"./usr/lib/debug/boot/vmlinux-" + debianRelease, "not an ELF file"}})
	_, err := prepare(m, Request{Release: "6.1", Debuginfo: true})
	if err == nil || !strings.Contains(err.Error(), "did not bring its [debuginfo]") {
		t.Errorf("a vmlinux that is none: %v", err)
	}
}

func TestPrepareWithOldLists(t *testing.T) {
	a, m := newArchive(t), aptMachine(t)
	name := "linux-kbuild-6.1"
	if err := os.Rename(filepath.Join(a.folder, "pool", name), filepath.Join(a.folder, "later", name)); err != nil {
		t.Fatal(err)
	}
	_, err := prepare(m, Request{Release: "6.1"})
	if os.Geteuid() == 0 {
		if err != nil || !strings.Contains(a.log(t), "update") {
			t.Errorf("root does not renew the lists: %v", err)
		}
		return
	}
	var wrong *UserError
	if !errors.As(err, &wrong) || !strings.Contains(wrong.Hint, "apt-get update") {
		t.Errorf("%v", err)
	}
}

func TestPrepareOffline(t *testing.T) {
	a, m := newArchive(t), aptMachine(t)
	a.program(t, "apt-get", `
		case "$*" in
		*--print-uris*) shift; shift; for p; do echo "'http://mirror.example/$p' ${p}_1_all.deb 1 SHA256:00"; done; exit 0;;
		esac
		echo "E: Failed to fetch http://mirror.example/x  Temporary failure resolving 'mirror.example'" >&2; exit 100`)
	var wrong *UserError
	if _, err := prepare(m, Request{Release: "6.1"}); !errors.As(err, &wrong) || !strings.Contains(wrong.Message, "cannot download") {
		t.Errorf("with nothing at hand: %v", err)
	}
	older := "6.1.0-7-cloud-" + Host().Debian
	addKernel(t, filepath.Join(m.kernels(), older), older)
	write(t, filepath.Join(m.kernels(), older, "boot/btf-"+older), "raw")
	if kernel, err := prepare(m, Request{Release: "6.1"}); err != nil || kernel.Release != older {
		t.Errorf("with an older one at hand: %v, %v", kernel, err)
	}
}

func TestPrepareRefusals(t *testing.T) {
	newArchive(t)
	for _, test := range []struct {
		name    string
		request Request
		change  func(*machine)
		want    string
	}{
		{"unknown", Request{Release: "6.3"}, nil, `no kernel "6.3"`},
		{"no release", Request{Release: "../x"}, nil, "not a kernel release"},
		{"build tree", Request{Release: "/usr/src/linux"}, nil, "not fetched"},
		{"not Debian's", Request{}, nil, "no packages for the running kernel " + runningRelease},
		{"space", Request{Release: "6.1"}, func(m *machine) { m.data += "/my data" }, "space or colon"},
		{"no apt", Request{Release: "6.1"}, func(*machine) { t.Setenv("PATH", "/nonexistent") }, "no apt-get"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := aptMachine(t)
			if test.change != nil {
				test.change(&m)
			}
			_, err := prepare(m, test.request)
			var wrong *UserError
			if !errors.As(err, &wrong) || !strings.Contains(wrong.Message, test.want) || wrong.Hint == "" {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestPrepareWaitsForTheLock(t *testing.T) {
	m := aptMachine(t)
	progress := &quiet{}
	p := &preparation{machine: m, apt: newApt(m, progress), progress: progress}
	if err := os.MkdirAll(m.data, 0o755); err != nil {
		t.Fatal(err)
	}
	unlock, err := p.lock(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := p.lock(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second lock: %v", err)
	}
	unlock()
	again, err := p.lock(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestRoom(t *testing.T) {
	m := aptMachine(t)
	p := &preparation{machine: m, progress: &quiet{}}
	var full *UserError
	if err := p.haveRoom("6.1", 1<<60); !errors.As(err, &full) || !strings.Contains(full.Message, "the disk is full") {
		t.Errorf("%v", err)
	}
	if err := p.haveRoom("6.1", 1); err != nil {
		t.Error(err)
	}
}

func TestUnpackStaysInside(t *testing.T) {
	var packed bytes.Buffer
	writer := tar.NewWriter(&packed)
	if err := writer.WriteHeader(&tar.Header{Name: "boot/../../evil", Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	all := selection{place: func(name string) string { return name }}
	if err := unpackTar(root, tar.NewReader(&packed), all); err == nil {
		t.Error("a file outside is written")
	}
}

func TestCompilerOf(t *testing.T) {
	for text, want := range map[string]string{
		"gcc-12 (Debian 12.2.0-14) 12.2.0":                 "gcc-12",
		"x86_64-linux-gnu-gcc-13 (Debian 13.1.0-1) 13.1.0": "gcc-13",
		"gcc (GCC) 14.2.1":                                 "gcc",
		"clang version 17.0.6":                             "clang",
		"":                                                 "gcc",
	} {
		if got := compilerOf(map[string]string{"CONFIG_CC_VERSION_TEXT": text}); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
