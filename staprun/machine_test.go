package staprun

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gostap/gostap/staprun/bundle"
)

// here is a machine whose kernel has the build-id 1234.
func here(t *testing.T) machine {
	t.Helper()
	m := machine{arch: "x86_64", release: "1.2.3-x", sys: t.TempDir()}
	if err := os.Mkdir(filepath.Join(m.sys, "kernel"), 0o755); err != nil {
		t.Fatal(err)
	}
	note := "\x04\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00GNU\x00\x12\x34\x00\x00"
	if err := os.WriteFile(filepath.Join(m.sys, "kernel/notes"), []byte(note), 0o644); err != nil {
		t.Fatal(err)
	}
	return m
}

// expect compares an error, which must be the user's, with the message that is wanted.
func expect(t *testing.T, name string, err error, message, hint string) {
	t.Helper()
	var wrong *UserError
	if err == nil && message == "" {
		return
	}
	if !errors.As(err, &wrong) || message == "" || !strings.HasPrefix(wrong.Message, message) || !strings.Contains(wrong.Hint, hint) {
		t.Errorf("%s: %v (%+v); want %q, hint %q", name, err, wrong, message, hint)
	}
}

// TestCheckModule: a module that is not for this machine is refused, for its architecture before all else.
func TestCheckModule(t *testing.T) {
	m := here(t)
	for name, test := range map[string]struct {
		arch          elf.Machine
		entries       []string
		message, hint string
	}{
		"right":                {elf.EM_X86_64, []string{"vermagic=1.2.3-x SMP", "stap_build=kernel 1234"}, "", ""},
		"another architecture": {elf.EM_AARCH64, []string{"vermagic=1.2.4 SMP"}, "the module x.ko was made for aarch64, and this is x86_64", "-a x86_64 -r 1.2.3-x"},
		"another release":      {elf.EM_X86_64, []string{"vermagic=1.2.3 SMP"}, "the module x.ko was made for kernel 1.2.3, and this is 1.2.3-x", "stap -p4 -r 1.2.3-x"},
		"no release":           {elf.EM_X86_64, []string{"license=GPL"}, "x.ko: the module does not say for which kernel it was made", ""},
		"another build":        {elf.EM_X86_64, []string{"vermagic=1.2.3-x SMP", "stap_build=kernel 12"}, "the module x.ko was made for another build of the kernel: build-id 12, and this is 1234", "build it again"},
	} {
		module := moduleWith(test.entries...)
		binary.LittleEndian.PutUint16(module[18:], uint16(test.arch))
		expect(t, name, m.checkModule(module, "x.ko"), test.message, test.hint)
	}
	expect(t, "a text", m.checkModule([]byte("text"), "x.ko"), "x.ko: not a kernel module", "")
}

// TestCheckBundle: so is a bundle, by its manifest.
func TestCheckBundle(t *testing.T) {
	m := here(t)
	for name, test := range map[string]struct {
		kernel        bundle.Kernel
		message, hint string
	}{
		"right":                {bundle.Kernel{Release: "1.2.3-x", Architecture: "x86_64", BuildID: "1234"}, "", ""},
		"any build":            {bundle.Kernel{Release: "1.2.3-x", Architecture: "x86_64"}, "", ""},
		"another architecture": {bundle.Kernel{Release: "1.2.4", Architecture: "aarch64", BuildID: "12"}, "the bundle ./b was made for aarch64, and this is x86_64", "--bundle FILE -a x86_64 -r 1.2.3-x"},
		"another release":      {bundle.Kernel{Release: "1.2.4", Architecture: "x86_64", BuildID: "12"}, "the bundle ./b was made for kernel 1.2.4, and this is 1.2.3-x", "stap -p4 --bundle FILE -r 1.2.3-x"},
		"another build":        {bundle.Kernel{Release: "1.2.3-x", Architecture: "x86_64", BuildID: "12"}, "the bundle ./b was made for another build of the kernel: build-id 12, and this is 1234", "make it with"},
	} {
		b := &bundle.Bundle{Name: "./b", Manifest: bundle.Manifest{Kernel: test.kernel}}
		expect(t, name, m.checkBundle(b), test.message, test.hint)
	}
	m.sys = t.TempDir()
	b := &bundle.Bundle{Name: "./b", Manifest: bundle.Manifest{Kernel: bundle.Kernel{Release: "1.2.3-x", Architecture: "x86_64", BuildID: "12"}}}
	expect(t, "without sysfs", m.checkBundle(b), "the bundle ./b was made for one build of the kernel, and the build-id of this one cannot be read: ", "mount -t sysfs")
}

// TestModule: where a module comes from, and what it says that is none.
func TestModule(t *testing.T) {
	folder := t.TempDir()
	module := moduleWith("name=x", "vermagic=1.2.3-x SMP")
	program := bytes.Clone(module)
	binary.LittleEndian.PutUint16(program[16:], uint16(elf.ET_EXEC))
	var whole, other bytes.Buffer
	if err := errors.Join(bundle.Write(&whole, program, module, bundle.Manifest{}),
		bundle.Write(&other, program, moduleWith("name=x", "vermagic=1.2.4 SMP"), bundle.Manifest{})); err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(whole.Bytes())
	changed[len(program)+100] ^= 1
	files := map[string][]byte{
		"module": module, "program": program, "whole": whole.Bytes(), "other": other.Bytes(), "changed": changed, "empty": nil,
		"cut": whole.Bytes()[:whole.Len()-10], "short": whole.Bytes()[:len(program)-10], "text": []byte("text"), "part": module[:len(module)-10],
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	read := &bundle.Bundle{Name: "x", Module: moduleWith("name=y", "vermagic=1.2.3-x SMP"), Manifest: bundle.Manifest{Kernel: bundle.Kernel{Release: "1.2.3-x", Architecture: "x86_64"}}}
	t.Chdir(folder)
	m := here(t)
	for file, message := range map[string]string{
		"module":  "",
		"whole":   "",
		"program": "program is a program with no module in it",
		"cut":     "the bundle cut was cut: the end of its archive is missing",
		"short":   "the bundle short was cut: the end of its program is missing",
		"changed": "the bundle changed was changed: the SHA-256 of its archive is ",
		"other":   "the bundle other was made for kernel 1.2.4, and this is 1.2.3-x",
		"text":    "text: not a kernel module: ",
		"part":    "part: not a kernel module: ",
		"empty":   "empty was cut: it has 0 bytes",
		"missing": "cannot read the module missing: no such file or directory",
		".":       "cannot read the module .: is a directory",
	} {
		image, name, err := (&Options{Module: file}).module(m)
		expect(t, file, err, message, "")
		if err == nil && (name != "x" || !bytes.Equal(image, module)) {
			t.Errorf("%s: %q, %d bytes", file, name, len(image))
		}
	}
	image, name, err := (&Options{Module: "missing", Bundle: read}).module(m)
	if err != nil || name != "y" || !bytes.Equal(image, read.Module) || &image[0] == &read.Module[0] {
		t.Errorf("of a bundle that has been read: %q, %v", name, err)
	}
	if _, err := OpenBundle("module"); err == nil || err.Error() != "module is not a bundle" {
		t.Errorf("a module as a bundle: %v", err)
	}
	if _, err := OpenBundle("missing"); !errors.Is(err, fs.ErrNotExist) || err.Error() != "cannot read the bundle missing: no such file or directory" {
		t.Errorf("no file as a bundle: %v", err)
	}
	if b, err := OpenBundle("whole"); err != nil || b.Manifest.Module.Name != "x" {
		t.Errorf("%+v, %v", b, err)
	}
	if b, err := OwnBundle(); b != nil || err != nil { // the test's program is none
		t.Errorf("%+v, %v", b, err)
	}
}
