package vm

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gostap/gostap/kernel"
)

// otherArchitecture is one that this machine is not of.
func otherArchitecture(t *testing.T) *kernel.Architecture {
	t.Helper()
	for _, name := range []string{"arm64", "amd64"} {
		if arch, err := kernel.ArchitectureNamed(name); err == nil && arch != kernel.Host() {
			return arch
		}
	}
	t.Fatal("there is one architecture only")
	return nil
}

// forMachine makes of a program or library one for another machine.
func forMachine(t *testing.T, path string, machine elf.Machine) {
	t.Helper()
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint16(program[18:], uint16(machine))
	if err := os.WriteFile(path, program, 0o755); err != nil {
		t.Fatal(err)
	}
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

func isPacked(p Packed, path string) bool {
	return slices.ContainsFunc(p.Files, func(file File) bool { return file.Path == path })
}

// foreignProgram makes a program for another machine with a loader of that system and a
// library, which is made for that machine, too.
func foreignProgram(t *testing.T, machine elf.Machine, program, library string) {
	t.Helper()
	for _, path := range []string{program, library} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	compile(t, "int inner(void) { return 1; }", "-shared", "-fPIC", "-nostdlib", "-o", library, "-Wl,-soname,libinner.so.1")
	compile(t, "int inner(void); void _start(void) { inner(); }", "-nostdlib", "-o", program, library, "-Wl,--dynamic-linker=/lib/ld-test.so.1")
	forMachine(t, program, machine)
	forMachine(t, library, machine)
}

// board is the root of another system: its programs, a link as absolute as that system has
// them, and a loader.
func board(t *testing.T, machine elf.Machine) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "sysroot")
	foreignProgram(t, machine, filepath.Join(root, "opt/program-2"), filepath.Join(root, "usr/lib/board/libinner.so.1.2"))
	write(t, filepath.Join(root, "usr/lib/ld-2.so"), "loader", 0o755)
	write(t, filepath.Join(root, "etc/ld.so.conf"), "include /etc/ld.so.conf.d/*.conf\n", 0o644)
	write(t, filepath.Join(root, "etc/ld.so.conf.d/board.conf"), "/usr/lib/board\n", 0o644)
	write(t, filepath.Join(root, "etc/ld.so.cache"), "cache", 0o644)
	link(t, "/usr/lib", filepath.Join(root, "lib"))
	link(t, "/usr/lib/ld-2.so", filepath.Join(root, "usr/lib/ld-test.so.1"))
	link(t, "/usr/lib/board/libinner.so.1.2", filepath.Join(root, "usr/lib/board/libinner.so.1"))
	link(t, "/opt/program-2", filepath.Join(root, "usr/bin/program"))
	return root
}

func TestPackFromASysroot(t *testing.T) {
	arch := otherArchitecture(t)
	root := board(t, arch.Machine)
	write(t, filepath.Join(root, "opt/script"), "#!/usr/bin/program -x\n", 0o755)
	link(t, "/opt/script", filepath.Join(root, "usr/bin/script"))
	write(t, filepath.Join(root, "usr/sbin/losetup"), "#!/bin/none\n", 0o755)
	write(t, filepath.Join(root, "etc/secret"), "", 0o600)
	for _, command := range []string{"program x", "/usr/bin/program", "script", "sh -c 'script | none'"} {
		p, err := PackFrom(Origin{Arch: arch, Sysroot: root}, command, nil)
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		for path, host := range map[string]string{
			"/opt/program-2": "opt/program-2", "/usr/lib/board/libinner.so.1.2": "usr/lib/board/libinner.so.1.2",
			"/usr/lib/ld-2.so": "usr/lib/ld-2.so", "/etc/ld.so.cache": "etc/ld.so.cache",
		} {
			if file := at(t, p, path); file.Host != filepath.Join(root, host) {
				t.Errorf("%s: %s is %+v", command, path, file)
			}
		}
		for path, target := range map[string]string{
			"/usr/bin/program": "/opt/program-2", "/usr/lib/ld-test.so.1": "/usr/lib/ld-2.so", "/usr/lib/board/libinner.so.1": "/usr/lib/board/libinner.so.1.2",
		} {
			if file := at(t, p, path); file.Mode&fs.ModeSymlink == 0 || string(file.Data) != target {
				t.Errorf("%s: %s is %+v", command, path, file)
			}
		}
		if isPacked(p, "/opt/script") != strings.Contains(command, "script") {
			t.Errorf("%s: the script is packed: %v", command, !strings.Contains(command, "script"))
		}
		for _, file := range p.Files {
			if file.Host != "" && !strings.HasPrefix(file.Host, root+"/") {
				t.Errorf("%s: of this system: %+v", command, file)
			}
		}
		if len(p.Missing) > 0 {
			t.Errorf("%s: missing %q", command, p.Missing)
		}
		current, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		if file := at(t, p, destination(t, current)); !file.Mode.IsDir() {
			t.Errorf("the current folder is %+v", file)
		}
	}
	// Programs of this system, and files that are none, are not the sysroot's.
	p, err := PackFrom(Origin{Arch: arch, Sysroot: root}, "cat /etc/secret ../../bin/sh", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range p.Files {
		if file.Host != "" {
			t.Errorf("packed: %+v", file)
		}
	}
	// Where busybox has a program of that name, too, it would be found first.
	p, err = PackFrom(Origin{Arch: arch, Sysroot: root}, "losetup -a", nil)
	if err != nil {
		t.Fatal(err)
	}
	if file := at(t, p, "/usr/local/bin/losetup"); string(file.Data) != "/usr/sbin/losetup" {
		t.Errorf("the link is %+v", file)
	}
	if err := os.Remove(filepath.Join(root, "usr/lib/board/libinner.so.1.2")); err != nil {
		t.Fatal(err)
	}
	p, err = PackFrom(Origin{Arch: arch, Sysroot: root}, "program", nil)
	if err != nil || len(p.Missing) != 1 || p.Missing[0] != "libinner.so.1, which /opt/program-2 needs" {
		t.Errorf("missing: %q, %v", p.Missing, err)
	}
}

// What is added is this machine's; what it needs is the sysroot's, as nothing here is for it.
func TestPackAddedToASysroot(t *testing.T) {
	arch := otherArchitecture(t)
	root, folder := board(t, arch.Machine), t.TempDir()
	program := filepath.Join(folder, "own")
	foreignProgram(t, arch.Machine, program, filepath.Join(folder, "libinner.so"))
	write(t, filepath.Join(folder, "data/file"), "", 0o644)
	p, err := PackFrom(Origin{Arch: arch, Sysroot: root}, program, []string{program, filepath.Join(folder, "data")})
	if err != nil {
		t.Fatal(err)
	}
	for path, host := range map[string]string{
		program: program, filepath.Join(folder, "data/file"): filepath.Join(folder, "data/file"),
		"/usr/lib/ld-2.so": filepath.Join(root, "usr/lib/ld-2.so"), "/usr/lib/board/libinner.so.1.2": filepath.Join(root, "usr/lib/board/libinner.so.1.2"),
	} {
		if file := at(t, p, path); file.Host != host {
			t.Errorf("%s is %+v", path, file)
		}
	}
	if len(p.Missing) > 0 {
		t.Errorf("missing %q", p.Missing)
	}
}

func TestPackForAnotherArchitecture(t *testing.T) {
	arch := otherArchitecture(t)
	folder := t.TempDir()
	compile(t, "int main(void) { return 0; }", "-o", filepath.Join(folder, "native"))
	write(t, filepath.Join(folder, "script"), "#!"+filepath.Join(folder, "native")+"\n", 0o755)
	foreignProgram(t, arch.Machine, filepath.Join(folder, "foreign"), filepath.Join(folder, "libinner.so.1"))
	t.Setenv("PATH", folder)
	p, err := PackFrom(Origin{Arch: arch}, "native | script | foreign", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"native": false, "script": true, "foreign": true} {
		if isPacked(p, filepath.Join(folder, name)) != want || isPacked(p, "/usr/local/bin/"+name) != want {
			t.Errorf("%s is packed: %v", name, !want)
		}
	}
	// Its libraries would be the cross compiler's, which has not got these.
	if want := []string{"/lib/ld-test.so.1, which " + filepath.Join(folder, "foreign") + " needs", "libinner.so.1, which " + filepath.Join(folder, "foreign") + " needs"}; !slices.Equal(p.Missing, want) {
		t.Errorf("missing %q, want %q", p.Missing, want)
	}
	for _, origin := range []Origin{{}, {Arch: kernel.Host()}} {
		if p, err = PackFrom(origin, "native", nil); err != nil || !isPacked(p, filepath.Join(folder, "native")) {
			t.Errorf("%+v: %v", origin, err)
		}
	}
}

func TestPackRuntimeOfAnotherSystem(t *testing.T) {
	arch := otherArchitecture(t)
	root := board(t, arch.Machine)
	for _, name := range []string{"python3", "perl"} {
		write(t, filepath.Join(root, "usr/bin", name), "interpreter", 0o755)
		write(t, filepath.Join(root, "usr/bin/with-"+name), "#!/usr/bin/env "+name+"\n", 0o755)
		write(t, filepath.Join(root, "usr/bin/env"), "env", 0o755)
		for _, command := range []string{name + " -c 1", "/usr/bin/" + name, "with-" + name} {
			_, err := PackFrom(Origin{Arch: arch, Sysroot: root}, command, nil)
			var wrong *UserError
			if !errors.As(err, &wrong) || !strings.Contains(wrong.Message, "cannot pack /usr/bin/"+name) || !strings.Contains(wrong.Hint, "--vm-add") {
				t.Errorf("%s: %v", command, err)
			}
		}
	}
}

// The names of busybox's programs are read, so that one for another machine will do.
func TestApplets(t *testing.T) {
	busybox := filepath.Join(t.TempDir(), "busybox")
	write(t, busybox, "\x7fELF code [\x00[ text\x00[\x00[[\x00acpid\x00sh\x00zcip\x00\x00more\x00[\x00[[\x00no\x00\x00", 0o644)
	files, err := applets(busybox)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, file := range files {
		if file.Mode != fs.ModeSymlink || string(file.Data) != "/usr/bin/busybox" {
			t.Errorf("%+v", file)
		}
		paths = append(paths, file.Path)
	}
	want := []string{
		"/usr/bin/[", "/usr/sbin/[", "/usr/bin/[[", "/usr/sbin/[[", "/usr/bin/acpid", "/usr/sbin/acpid",
		"/usr/bin/sh", "/usr/sbin/sh", "/usr/bin/zcip", "/usr/sbin/zcip",
	}
	if !slices.Equal(paths, want) {
		t.Errorf("%q", paths)
	}
	var wrong *UserError
	for name, text := range map[string]string{"another program": "\x7fELF code", "cut off": "\x7fELF code\x00[\x00[[\x00acpid\x00sh\x00", "empty": ""} {
		write(t, busybox, text, 0o644)
		if _, err := applets(busybox); !errors.As(err, &wrong) || !strings.Contains(wrong.Message, "no list of programs") || wrong.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := applets(busybox + "-none"); !errors.As(err, &wrong) {
		t.Errorf("none: %v", err)
	}
}
