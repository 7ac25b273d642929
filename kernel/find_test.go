package kernel

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const runningRelease = "6.1.0-8-test"

// fakeMachine is a machine with a running kernel and nothing else.
func fakeMachine(t *testing.T) machine {
	t.Helper()
	top := t.TempDir()
	m := machine{
		root:  filepath.Join(top, "root"),
		data:  filepath.Join(top, "data"),
		cache: filepath.Join(top, "cache"),
		host:  architectures[0],
		arch:  architectures[0],
	}
	write(t, filepath.Join(m.root, "proc/sys/kernel/osrelease"), runningRelease+"\n")
	return m
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// addKernel puts a kernel with image, modules and headers into a tree.
func addKernel(t *testing.T, root, release string) {
	t.Helper()
	write(t, filepath.Join(root, "boot/vmlinuz-"+release), "image")
	write(t, filepath.Join(root, "lib/modules", release, "modules.order"), "")
	addBuildTree(t, filepath.Join(root, "usr/src/linux-headers-"+release), release)
}

func addBuildTree(t *testing.T, tree, release string) {
	t.Helper()
	write(t, filepath.Join(tree, "Makefile"), "")
	write(t, filepath.Join(tree, "include/generated/autoconf.h"), "")
	write(t, filepath.Join(tree, "include/generated/utsrelease.h"), "#define UTS_RELEASE \""+release+"\"\n")
	write(t, filepath.Join(tree, ".config"), "CONFIG_X86_64=y\n# CONFIG_SMP is not set\nCONFIG_HZ=250\n"+
		"CONFIG_CC_VERSION_TEXT=\"x86_64-linux-gnu-gcc-12 (Debian) 12.2.0\"\n")
}

func TestFind(t *testing.T) {
	m := fakeMachine(t)
	addKernel(t, m.root, "6.1.0-9-test")
	addKernel(t, filepath.Join(m.kernels(), "6.1.0-10-test"), "6.1.0-10-test")
	addKernel(t, filepath.Join(m.kernels(), "6.12.3-test"), "6.12.3-test")
	write(t, filepath.Join(m.kernels(), unpacking+"1/boot/other"), "")
	for asked, want := range map[string]string{
		"":              runningRelease,
		"6.1":           "6.1.0-10-test",
		"6.1.0-9":       "6.1.0-9-test",
		"6.12":          "6.12.3-test",
		"6":             "6.12.3-test",
		"6.1.0-10-test": "6.1.0-10-test",
	} {
		kernel, err := m.find(asked)
		if err != nil {
			t.Errorf("find(%q): %v", asked, err)
		} else if kernel.Release != want || kernel.Running != (want == runningRelease) {
			t.Errorf("find(%q) = %s, running %v", asked, kernel.Release, kernel.Running)
		}
	}
	var unknown *UserError
	if _, err := m.find("6.2"); !errors.As(err, &unknown) || !strings.Contains(unknown.Hint, "6.12.3-test") {
		t.Errorf("find(6.2): %v", err)
	}
	kernels, err := m.all()
	if err != nil {
		t.Fatal(err)
	}
	var releases []string
	for _, kernel := range kernels {
		releases = append(releases, kernel.Release)
	}
	if want := []string{runningRelease, "6.1.0-9-test", "6.1.0-10-test", "6.12.3-test"}; !slices.Equal(releases, want) {
		t.Errorf("all() = %v", releases)
	}
}

func TestPartsOfAKernel(t *testing.T) {
	m := fakeMachine(t)
	const release = "6.1.0-9-test"
	write(t, filepath.Join(m.root, "boot/vmlinuz-"+release), "image")
	fetched := filepath.Join(m.kernels(), release)
	addKernel(t, fetched, release)
	vmlinux := filepath.Join(fetched, "usr/src/linux-headers-"+release, "vmlinux")
	write(t, vmlinux, string(readTestdata(t, "vmlinux")))
	kernel, err := m.find(release)
	if err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string][2]string{
		"image":   {kernel.Image, filepath.Join(m.root, "boot/vmlinuz-"+release)},
		"modules": {kernel.ModulesDir, filepath.Join(fetched, "lib/modules", release)},
		"headers": {kernel.BuildTree, filepath.Join(fetched, "usr/src/linux-headers-"+release)},
		"BTF":     {kernel.BTF, vmlinux},
		"DWARF":   {kernel.Debuginfo, ""},
		"arch":    {kernel.Arch.Name, "x86_64"},
	} {
		if want[0] != want[1] {
			t.Errorf("%s: %q, want %q", part, want[0], want[1])
		}
	}
	if !kernel.Fetched {
		t.Error("not fetched")
	}
	config, err := kernel.Config()
	if err != nil {
		t.Fatal(err)
	}
	if _, set := config["CONFIG_SMP"]; set || config["CONFIG_HZ"] != "250" || compilerOf(config) != "gcc-12" {
		t.Errorf("configuration: %v", config)
	}
	if data, err := kernel.BTFData(); err != nil || string(data) != string(wantBTF(t)) {
		t.Errorf("BTF: %d bytes, %v", len(data), err)
	}
}

func TestRunningKernelWithNothing(t *testing.T) {
	m := fakeMachine(t)
	kernel, err := m.find("")
	if err != nil {
		t.Fatal(err)
	}
	var wrong *UserError
	if err := kernel.CheckBuildTree(); !errors.As(err, &wrong) || !strings.Contains(wrong.Hint, "stap prep -r "+runningRelease) {
		t.Errorf("CheckBuildTree: %v", err)
	}
	if _, err := kernel.Config(); !errors.As(err, &wrong) {
		t.Errorf("Config: %v", err)
	}
	write(t, filepath.Join(m.root, "sys/kernel/btf/vmlinux"), "raw")
	if kernel, err = m.find(""); err != nil {
		t.Fatal(err)
	}
	if data, err := kernel.BTFData(); err != nil || string(data) != "raw" {
		t.Errorf("BTF: %q, %v", data, err)
	}
}

func TestFindBuildTree(t *testing.T) {
	m := fakeMachine(t)
	addKernel(t, m.root, "6.1.0-9-test")
	tree := filepath.Join(t.TempDir(), "linux")
	addBuildTree(t, tree, "6.1.0-9-test")
	write(t, filepath.Join(tree, "arch/x86/boot/bzImage"), "own")
	kernel, err := m.find(tree + "/")
	if err != nil {
		t.Fatal(err)
	}
	if kernel.BuildTree != tree || kernel.Image != filepath.Join(tree, "arch/x86/boot/bzImage") || kernel.ModulesDir == "" {
		t.Errorf("%+v", kernel)
	}
	var wrong *UserError
	if _, err := m.find(m.root); !errors.As(err, &wrong) {
		t.Errorf("a folder that is no build tree: %v", err)
	}
}

func TestFindGuest(t *testing.T) {
	m := fakeMachine(t)
	var wrong *UserError
	if _, err := m.findGuest(); !errors.As(err, &wrong) {
		t.Errorf("with nothing at hand: %v", err)
	}
	expect := func(want string) {
		t.Helper()
		if kernel, err := m.findGuest(); err != nil || kernel.Release != want {
			t.Errorf("%v, %v, want %s", kernel, err, want)
		}
	}
	addKernel(t, filepath.Join(m.kernels(), "6.1.0-9-test"), "6.1.0-9-test")
	addKernel(t, filepath.Join(m.kernels(), "6.12.3-test"), "6.12.3-test")
	expect("6.12.3-test")
	if err := (&preparation{machine: m}).chooseGuest("6.1.0-9-test"); err != nil {
		t.Fatal(err)
	}
	expect("6.1.0-9-test")
	addKernel(t, m.root, runningRelease)
	expect(runningRelease)
}
