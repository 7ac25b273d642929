package vm

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCommandWords(t *testing.T) {
	for command, want := range map[string][]string{
		`python3 -c "print(1)"`:                    {"python3", "-c", "print", "1"},
		`ls -l | wc -l && /opt/x 'a b' >/dev/null`: {"ls", "-l", "wc", "-l", "/opt/x", "/dev/null"},
		`sh -c "cat x; sort 'a b'" y`:              {"sh", "-c", "cat", "x", "sort", "y"},
		`bash -ec 'sh -c "date"'`:                  {"bash", "-ec", "sh", "-c", "date"},
		`python3 -c "import os; os.getpid()"`:      {"python3", "-c"},
		`a|b;c`:                                    {"a", "b", "c"},
		`echo "unbalanced`:                         {"echo", "unbalanced"},
		``:                                         nil,
	} {
		if got := commandWords(command); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", command, got, want)
		}
	}
}

// at returns the packed file of a path.
func at(t *testing.T, p Packed, path string) File {
	t.Helper()
	for _, file := range p.Files {
		if file.Path == path {
			return file
		}
	}
	t.Errorf("%s is not packed", path)
	return File{}
}

// destination is where a path leads on the host.
func destination(t *testing.T, path string) string {
	t.Helper()
	place, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	return place
}

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// compile builds a program or a library with the host's compiler.
func compile(t *testing.T, source string, arguments ...string) {
	t.Helper()
	compiler, err := exec.LookPath("cc")
	if err != nil {
		if compiler, err = exec.LookPath("gcc-12"); err != nil {
			t.Fatal("no C compiler on this machine: install gcc")
		}
	}
	command := exec.Command(compiler, append([]string{"-x", "c", "-", "-x", "none"}, arguments...)...)
	command.Stdin = strings.NewReader(source)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
}

// A program finds one library beside itself, which finds another by the
// program's RPATH; links on the way are kept.
func TestPackLibraries(t *testing.T) {
	folder := t.TempDir()
	libraries := filepath.Join(folder, "libraries")
	write(t, filepath.Join(libraries, "note"), "", 0o644)
	inner, outer := filepath.Join(libraries, "libinner.so.1.2"), filepath.Join(libraries, "libouter.so")
	compile(t, "int inner(void) { return 1; }", "-shared", "-fPIC", "-o", inner, "-Wl,-soname,libinner.so.1")
	if err := os.Symlink("libinner.so.1.2", filepath.Join(libraries, "libinner.so.1")); err != nil {
		t.Fatal(err)
	}
	compile(t, "int inner(void); int outer(void) { return inner(); }", "-shared", "-fPIC", "-o", outer, inner, "-Wl,-soname,libouter.so")
	program := filepath.Join(folder, "program")
	compile(t, "int outer(void); int main(void) { return outer(); }", "-o", program, outer,
		"-Wl,--disable-new-dtags,-rpath,$ORIGIN/libraries", "-Wl,--unresolved-symbols=ignore-in-shared-libs")
	if err := os.Symlink("program", filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	p, err := Pack(filepath.Join(folder, "link")+" argument", nil)
	if err != nil {
		t.Fatal(err)
	}
	if file := at(t, p, filepath.Join(folder, "link")); string(file.Data) != "program" || file.Mode&fs.ModeSymlink == 0 {
		t.Errorf("the link is %+v", file)
	}
	if file := at(t, p, program); file.Host != program || file.Mode.Perm()&0o111 == 0 {
		t.Errorf("the program is %+v", file)
	}
	at(t, p, outer)
	at(t, p, inner)
	if file := at(t, p, filepath.Join(libraries, "libinner.so.1")); string(file.Data) != "libinner.so.1.2" {
		t.Errorf("the library's link is %+v", file)
	}
	at(t, p, destination(t, "/lib64/ld-linux-x86-64.so.2"))
	if len(p.Missing) > 0 {
		t.Errorf("missing: %q", p.Missing)
	}
	if err := os.Remove(inner); err != nil {
		t.Fatal(err)
	}
	if p, err = Pack(program, nil); err != nil || len(p.Missing) != 1 || p.Missing[0] != "libinner.so.1, which "+outer+" needs" {
		t.Errorf("missing: %q, %v", p.Missing, err)
	}
}

func TestPackScript(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "bin", "script"), "#!/usr/bin/env cat -n\ntext\n", 0o755)
	t.Setenv("PATH", filepath.Join(folder, "bin")+":"+os.Getenv("PATH"))
	p, err := Pack("script", nil)
	if err != nil {
		t.Fatal(err)
	}
	at(t, p, filepath.Join(folder, "bin", "script"))
	at(t, p, destination(t, "/usr/bin/env"))
	cat, err := exec.LookPath("cat")
	if err != nil {
		t.Fatal(err)
	}
	at(t, p, destination(t, cat))
	// It is not where the guest looks, so there is a link.
	if file := at(t, p, "/usr/local/bin/script"); string(file.Data) != filepath.Join(folder, "bin", "script") {
		t.Errorf("the link is %+v", file)
	}
}

func TestPackAdded(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "data", "deep", "file"), "x", 0o640)
	write(t, filepath.Join(folder, "outside"), "x", 0o600)
	for link, target := range map[string]string{
		"data/inside": "deep/file", "data/out": "../outside", "data/dangling": "none", "loop": "loop",
	} {
		if err := os.Symlink(target, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	p, err := Pack("no-such-program", []string{filepath.Join(folder, "data")})
	if err != nil {
		t.Fatal(err)
	}
	at(t, p, filepath.Join(folder, "data", "deep"))
	at(t, p, filepath.Join(folder, "data", "deep", "file"))
	at(t, p, filepath.Join(folder, "outside"))
	for link, target := range map[string]string{"inside": "deep/file", "out": "../outside", "dangling": "none"} {
		if file := at(t, p, filepath.Join(folder, "data", link)); string(file.Data) != target {
			t.Errorf("%s is %+v", link, file)
		}
	}
	current, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if file := at(t, p, destination(t, current)); !file.Mode.IsDir() {
		t.Errorf("the current folder is %+v", file)
	}
	for _, path := range []string{"/none", filepath.Join(folder, "loop")} {
		var userError *UserError
		if _, err := Pack("", []string{path}); !errors.As(err, &userError) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// A launcher named python3 that starts the real one elsewhere, as version
// managers have them.
func TestPackRuntime(t *testing.T) {
	folder := t.TempDir()
	executable, library := filepath.Join(folder, "versions", "python3"), filepath.Join(folder, "library")
	write(t, executable, "#!/bin/sh\n", 0o755)
	write(t, filepath.Join(library, "os.py"), "", 0o644)
	write(t, filepath.Join(library, "site-packages", "large.py"), "", 0o644)
	write(t, filepath.Join(folder, "pyvenv.cfg"), "", 0o644)
	launcher := filepath.Join(folder, "bin", "python3")
	write(t, launcher, fmt.Sprintf("#!/bin/sh\nprintf '%%s\\n' %s %s %s/none\n", executable, library, folder), 0o755)
	t.Setenv("PATH", filepath.Dir(launcher)+":"+os.Getenv("PATH"))
	p, err := Pack(`python3 -c "print(1)"`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if file := at(t, p, launcher); string(file.Data) != executable {
		t.Errorf("the launcher is %+v", file)
	}
	at(t, p, executable)
	at(t, p, filepath.Join(library, "os.py"))
	at(t, p, filepath.Join(folder, "pyvenv.cfg"))
	for _, file := range p.Files {
		if strings.Contains(file.Path, "site-packages") {
			t.Errorf("%s is packed", file.Path)
		}
	}
	write(t, launcher, "#!/bin/sh\nexit 1\n", 0o755)
	var userError *UserError
	if _, err := Pack("python3", nil); !errors.As(err, &userError) {
		t.Errorf("a runtime that does not run: %v", err)
	}
}
