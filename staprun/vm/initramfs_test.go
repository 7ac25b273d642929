package vm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/cavaliergopher/cpio"
)

func TestGuestPath(t *testing.T) {
	for path, want := range map[string]string{
		"/bin/sh": "usr/bin/sh", "/lib64/ld.so": "usr/lib64/ld.so", "/usr/bin/sh": "usr/bin/sh",
		"/binary": "binary", "/opt/../lib/x": "usr/lib/x", "/": "", "/etc//passwd": "etc/passwd",
	} {
		if got := guestPath(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestArchive(t *testing.T) {
	host := filepath.Join(t.TempDir(), "host")
	if err := os.WriteFile(host, []byte("from the host"), 0o600); err != nil {
		t.Fatal(err)
	}
	changed := time.Unix(1_700_000_000, 0)
	if err := os.Chtimes(host, changed, changed); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	a := newArchive(&out)
	for _, file := range []File{
		{Path: "/lib64", Mode: fs.ModeSymlink, Data: []byte("elsewhere")}, // the guest has its own
		{Path: "/lib64/a/b", Mode: 0o755, Host: host},
		{Path: "/usr/lib64/a", Mode: fs.ModeDir | 0o700}, // made already
		{Path: "/tmp", Mode: fs.ModeDir | fs.ModeSticky | 0o777},
		{Path: "/tmp/link", Mode: fs.ModeSymlink, Data: []byte("../x")},
		{Path: "/empty", Mode: 0o644},
	} {
		if err := a.add(file); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"usr 40755 ", "usr/lib64 40755 ", "usr/lib64/a 40755 ", "usr/lib64/a/b 100755 from the host",
		"tmp 41777 ", "tmp/link 120777 ../x", "empty 100644 ",
	}
	var got []string
	for reader := cpio.NewReader(&out); ; {
		header, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %o %s%s", header.Name, header.Mode, data, header.Linkname))
		if header.Name == "usr/lib64/a/b" && !header.ModTime.Equal(changed) {
			t.Errorf("time of change is %v", header.ModTime)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	var userError *UserError
	if err := newArchive(io.Discard).add(File{Path: "/x", Host: "/none"}); !errors.As(err, &userError) {
		t.Errorf("no such file: %v", err)
	}
}

func TestTrimBases(t *testing.T) {
	folder := t.TempDir()
	write := func(name string, age time.Duration) {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		used := time.Now().Add(-age)
		if err := os.Chtimes(path, used, used); err != nil {
			t.Fatal(err)
		}
	}
	for i := range cachedBases + 1 {
		write(fmt.Sprintf("%d.cpio", i), time.Duration(10+i)*time.Hour)
	}
	write("new-1", time.Minute)
	write("new-2", 2*time.Hour)
	trimBases(folder)
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	if !slices.Contains(left, "new-1") || slices.Contains(left, "new-2") || len(left) > cachedBases || !slices.Contains(left, "0.cpio") {
		t.Errorf("left: %q", left)
	}
}

func TestStoreBase(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "cache")
	entry := filepath.Join(folder, "x.cpio")
	if err := storeBase(folder, entry, []byte("data")); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(entry); err != nil || string(data) != "data" {
		t.Errorf("%q, %v", data, err)
	}
	if err := storeBase("/proc/none", "/proc/none/x", nil); err == nil {
		t.Error("stored in /proc")
	}
}

func TestVerdict(t *testing.T) {
	v := newVerdict(t.TempDir(), emulator{path: "/proc/self/exe"})
	if v.key == "" {
		t.Fatal("no key")
	}
	device, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	there := err == nil
	if there {
		device.Close()
	}
	if v.worthTrying() != there {
		t.Errorf("first: %v with the device there: %v", v.worthTrying(), there)
	}
	v.record(false)
	if v.worthTrying() {
		t.Error("worth trying after a failure")
	}
	other := v
	other.key = "another boot"
	if other.worthTrying() != there {
		t.Error("a verdict of another boot was believed")
	}
	v.record(true)
	if v.worthTrying() != there {
		t.Error("not worth trying after a success")
	}
}
