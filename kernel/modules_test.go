package kernel

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestModules(t *testing.T) {
	m := fakeMachine(t)
	const release = "6.1.0-9-test"
	folder := filepath.Join(m.root, "lib/modules", release)
	for path, text := range map[string]string{
		"modules.order": "", "modules.builtin": "kernel/fs/ext4/ext4.ko\n",
		"modules.builtin.modinfo":      "ext4.license=GPL\x00ext4.alias=fs-ext3\x00ext4.alias=ext2\x00",
		"modules.alias":                "# comment\nalias fs-nfs4 nfsv4\nalias char-major-10-200 tun\n",
		"kernel/net/a-b.ko":            "in tree",
		"updates/dkms/a_b.ko":          "updated",
		"kernel/net/c.ko.zst":          "packed",
		"kernel/net/a-b.ko.debug":      "debuginfo",
		"kernel/net/not-a-module.kopy": "",
	} {
		write(t, filepath.Join(folder, path), text)
	}
	k := m.kernel(release)
	modules, err := k.Modules()
	if err != nil || len(modules) != 2 || modules["a_b"] != filepath.Join(folder, "updates/dkms/a_b.ko") || modules["c"] != filepath.Join(folder, "kernel/net/c.ko.zst") {
		t.Errorf("%v, %v", modules, err)
	}
	if path, err := k.Module("a-b"); err != nil || path != modules["a_b"] {
		t.Errorf("a-b: %s, %v", path, err)
	}
	if builtin, err := k.Builtin(); err != nil || !builtin["ext4"] || builtin["a_b"] {
		t.Errorf("%v, %v", builtin, err)
	}
	for name, want := range map[string]string{"ext3": "ext4", "ext2": "ext4", "nfs4": "nfsv4", "ext4": "", "tun": ""} {
		if got, err := k.ModuleAlias(name); got != want || err != nil {
			t.Errorf("%s has gone into %q, %v", name, got, err)
		}
	}
	var wrong *UserError
	if _, err := m.kernel("6.1.0-1-test").Modules(); !errors.As(err, &wrong) || !strings.Contains(wrong.Hint, "stap prep") {
		t.Errorf("%v", err)
	}
}

// TestLoaded: R573: what --all-modules means: of the running kernel the modules that are
// loaded and have a file, of another all that it has.
func TestLoaded(t *testing.T) {
	m := fakeMachine(t)
	running, err := m.running()
	if err != nil {
		t.Fatal(err)
	}
	const other = "6.1.0-8-other"
	for _, release := range []string{running, other} {
		folder := filepath.Join(m.root, "lib/modules", release)
		write(t, filepath.Join(folder, "modules.order"), "")
		for _, name := range []string{"z-last.ko", "ext4.ko.xz", "nfs.ko"} {
			write(t, filepath.Join(folder, "kernel", name), "")
		}
	}
	write(t, filepath.Join(m.root, "proc/modules"), "z_last 16384 0 - Live 0x0000000000000000\nstap_1 16384 0 - Live 0x0 (OE)\next4 933888 1 - Live 0x0\n")
	for release, want := range map[string][]string{running: {"ext4", "z_last"}, other: {"ext4", "nfs", "z_last"}} {
		if got, err := m.kernel(release).Loaded(); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", release, got, err, want)
		}
	}
}

func TestHeader(t *testing.T) {
	m := fakeMachine(t)
	const release = "6.1.0-9-test"
	tree, common := filepath.Join(m.root, "usr/src/linux-headers-"+release), filepath.Join(m.root, "usr/src/common")
	addBuildTree(t, tree, release)
	write(t, filepath.Join(tree, "Makefile"), "# a comment\ninclude "+common+"/Makefile\n")
	write(t, filepath.Join(common, "include/linux/fs.h"), "struct file;")
	for path, want := range map[string]string{"include/linux/fs.h": "struct file;", ".config": "CONFIG_X86_64=y\n"} {
		if text, err := m.kernel(release).Header(path); err != nil || !strings.HasPrefix(string(text), want) {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
	if _, err := m.kernel(release).Header("include/none.h"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	var wrong *UserError
	if _, err := m.kernel("6.1.0-1-test").Header("include/linux/fs.h"); !errors.As(err, &wrong) {
		t.Errorf("%v", err)
	}
}

// TestBuildID: the running kernel says it itself, of others the image does, and once.
func TestBuildID(t *testing.T) {
	m, release := debuginfoMachine(t)
	for range 2 {
		if id, err := m.kernel(release).BuildID(); err != nil || id != idA {
			t.Errorf("%q, %v", id, err)
		}
	}
	kept, err := m.kernel(release).keptPath("build-id", m.kernel(release).Image)
	if err != nil || !isFile(kept) {
		t.Errorf("it is not kept: %v", err)
	}
	write(t, filepath.Join(m.root, "sys/kernel/notes"), "\x04\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00GNU\x00\x12\x34\x00\x00")
	if id, err := m.kernel(runningRelease).BuildID(); err != nil || id != "1234" {
		t.Errorf("%q, %v", id, err)
	}
	if id, err := m.kernel(release).BuildID(); err != nil || id != idA {
		t.Errorf("of another kernel than the running one: %q, %v", id, err)
	}
	built := m.kernel("6.1.0-7-test")
	built.Debuginfo = filepath.Join(m.root, "vmlinux")
	write(t, built.Debuginfo, elfFile(t, idB, dwarf))
	if id, err := built.BuildID(); err != nil || id != idB {
		t.Errorf("%q, %v", id, err)
	}
	built.Debuginfo, built.BTF = "", built.Debuginfo
	if id, err := built.BuildID(); err != nil || id != idB {
		t.Errorf("of a vmlinux with BTF alone: %q, %v", id, err)
	}
	var wrong *UserError
	built.BTF = filepath.Join(m.root, "btf")
	write(t, built.BTF, "raw BTF")
	if _, err := built.BuildID(); !errors.As(err, &wrong) {
		t.Errorf("of raw BTF: %v", err)
	}
	if _, err := m.kernel("6.1.0-1-test").BuildID(); !errors.As(err, &wrong) || !strings.Contains(wrong.Hint, "stap prep") {
		t.Errorf("%v", err)
	}
}
