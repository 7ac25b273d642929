//go:build guest

package kernel

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestGuestDebuginfod: P380: Debian's debuginfod on loopback gives a kernel's debuginfo
// and that of a module.
func TestGuestDebuginfod(t *testing.T) {
	server, err := exec.LookPath("debuginfod")
	if err != nil {
		t.Fatal("no debuginfod: run ./setup test")
	}
	m, release := debuginfoMachine(t)
	files := t.TempDir()
	write(t, filepath.Join(files, "vmlinux"), elfFile(t, idA, dwarf))
	write(t, filepath.Join(files, "drm-x.ko.debug"), elfFile(t, idB, dwarf))
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(free.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	command := exec.Command(server, "-F", "-d", filepath.Join(t.TempDir(), "index"), "-p", port, "-t", "0", "-g", "0", files)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	command.Env = append(os.Environ(), "DEBUGINFOD_URLS=")
	var log bytes.Buffer
	command.Stdout, command.Stderr = &log, &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill() // it may have ended by itself
		_ = command.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	t.Setenv("DEBUGINFOD_URLS", "http://127.0.0.1:"+port)
	for object, name := range map[string]string{"kernel": "vmlinux", "drm_x": "drm-x.ko.debug"} {
		want, err := os.ReadFile(filepath.Join(files, name))
		if err != nil {
			t.Fatal(err)
		}
		path := ""
		for begin := time.Now(); time.Since(begin) < 60*time.Second; time.Sleep(200 * time.Millisecond) { // until it listens and has read the files
			if path, err = debuginfoOf(m, release, object); err == nil {
				break
			}
		}
		if err != nil {
			t.Fatalf("%s: %v", object, err)
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) || !strings.HasPrefix(path, m.cache) {
			t.Errorf("%s: %s, %d bytes, %v", object, path, len(got), err)
		}
	}
	write(t, filepath.Join(m.root, "lib/modules", release, "kernel/drivers/other.ko"), elfFile(t, "cc00000000000000000000000000000000000003", nil))
	if path, err := debuginfoOf(m, release, "other"); err == nil || !strings.Contains(err.Error(), "not there") {
		t.Errorf("what the server does not have: %s", fmt.Sprint(path, err))
	}
}
