package staprun

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestOutput: C481, R514: files take turns when they are full or told to; the
// newest are kept; names have the time in them.
func TestOutput(t *testing.T) {
	half := bytes.Repeat([]byte("x"), 600<<10)
	for _, test := range []struct {
		name     string
		rotation Rotation
		turns    int // by hand, after each text
		texts    int
		want     []string
	}{
		{"out", Rotation{}, 0, 3, []string{"out"}},
		{"out", Rotation{}, 1, 2, []string{"out", "out.1", "out.2"}},
		{"out", Rotation{MB: 1}, 0, 3, []string{"out.0", "out.1", "out.2"}},
		{"out", Rotation{MB: 1, Keep: 2}, 0, 5, []string{"out.3", "out.4"}},
		{"%Y", Rotation{MB: 2}, 0, 2, []string{time.Now().Format("2006") + ".0"}},
	} {
		folder := t.TempDir()
		out, err := OpenOutput(filepath.Join(folder, test.name), test.rotation)
		if err != nil {
			t.Fatal(err)
		}
		for range test.texts {
			if n, err := out.Write(half); n != len(half) || err != nil {
				t.Fatal(n, err)
			}
			for range test.turns {
				if err := out.Turn(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		if !slices.Equal(names, test.want) {
			t.Errorf("%q %+v: %q, want %q", test.name, test.rotation, names, test.want)
		}
	}
	var user *UserError
	if _, err := OpenOutput(filepath.Join(t.TempDir(), "missing", "file"), Rotation{}); !errors.As(err, &user) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestParseRotation(t *testing.T) {
	for text, want := range map[string]Rotation{"1": {MB: 1}, "10,3": {10, 3}} {
		if got, err := ParseRotation(text); got != want || err != nil {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "1,", "1,0", "1,2,3", "x", "99999999999999999999"} {
		if got, err := ParseRotation(text); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

// TestBulk: R514: files of bulk mode hold whole messages, however they were read, and
// are merged by number, over the end of numbers; a cut end and a file that is missing
// cost no more than they hold.
func TestBulk(t *testing.T) {
	folder := t.TempDir()
	name := filepath.Join(folder, "out")
	files, err := openBulk(name, Rotation{}, 2)
	if err != nil {
		t.Fatal(err)
	}
	o := newOutlet(func() {}, func() error { return turnAll(files) })
	b := &bulk{o, files, make([][]byte, 2)}
	read := func(cpu int, data []byte) {
		for len(data) > 0 { // a few bytes at a time
			n := copy(b.room(cpu), data[:min(len(data), 7)])
			b.add(cpu, n)
			data = data[n:]
		}
	}
	last := ^uint32(0)
	read(1, message(last-1, "one\n"))
	read(0, slices.Concat(message(last, "two\n"), message(0, "three\n")))
	o.turn()
	read(1, message(1, strings.Repeat("long ", 1000)+"\n"))
	read(0, message(2, "five\n"))
	o.close()
	if delivered, lost, err := o.state(); delivered != 5 || lost != 0 || err != nil {
		t.Errorf("%d delivered, %d lost, %v", delivered, lost, err)
	}
	names := []string{name + "_cpu1.1", name + "_cpu0", name + "_cpu0.1", name + "_cpu1"}
	want := "one\ntwo\nthree\n" + strings.Repeat("long ", 1000) + "\nfive\n"
	var out strings.Builder
	if missing, err := MergeFiles(&out, names); missing != 0 || err != nil || out.String() != want {
		t.Errorf("%d missing, %v, %q", missing, err, out.String())
	}
	out.Reset()
	if missing, err := MergeFiles(&out, names[1:]); missing != 1 || err != nil || out.String() != "one\ntwo\nthree\nfive\n" {
		t.Errorf("without a file: %d missing, %v, %q", missing, err, out.String())
	}
	if err := os.Truncate(name+"_cpu1.1", 100); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if missing, err := MergeFiles(&out, names); missing != 1 || err != nil || out.String() != "one\ntwo\nthree\nfive\n" {
		t.Errorf("with a cut file: %d missing, %v, %q", missing, err, out.String())
	}
	garbage := filepath.Join(folder, "garbage")
	if err := os.WriteFile(garbage, []byte("this is some text\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var user *UserError
	for _, name := range []string{garbage, folder, filepath.Join(folder, "missing")} {
		if _, err := MergeFiles(&out, []string{name}); !errors.As(err, &user) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
