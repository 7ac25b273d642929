package debuginfo

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	delveframe "github.com/go-delve/delve/pkg/dwarf/frame"
)

const framesSource = `
extern int more(int *, ...);
int none(int x) { return x + 1; }
int pushes(int a, int b, int c, int d, int e) { int x[40]; for (int i = a; i < b; i++) c += more(x, a, b, c, d, e, i); return c; }
int grows(int n) { int x[n]; more(x, n); if (n > 5) { char *p = __builtin_alloca(n * 3); more((int *)p); } return x[n - 1]; }
int many(int a, int b, int c, int d, int e, int f, int g, int h) { return more(&a, b, c, d, e, f, g, h, a) ? many(h, g, f, e, d, c, b, a) + 1 : a; }
int more(int *p, ...) { return *p; }
void _start(void) { pushes(1, 2, 3, 4, 5); grows(6); many(1, 2, 3, 4, 5, 6, 7, 8); none(1); }
`

// compiled compiles C and gives the path of what comes out.
func compiled(t testing.TB, source string, arguments ...string) string {
	t.Helper()
	compiler, err := exec.LookPath("gcc-12")
	if err != nil {
		if compiler, err = exec.LookPath("gcc"); err != nil {
			t.Fatal("no C compiler: run ./setup guest")
		}
	}
	folder := t.TempDir()
	c, out := filepath.Join(folder, "source.c"), filepath.Join(folder, "out")
	if err := os.WriteFile(c, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(compiler, append(append([]string{"-o", out}, arguments...), "source.c")...)
	command.Dir = folder
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return out
}

// TestFramesAgainstDelve: the CFA at each instruction, as the debugger delve has it.
func TestFramesAgainstDelve(t *testing.T) {
	for _, test := range []struct {
		section   string
		arguments []string
	}{
		{".debug_frame", []string{"-fno-asynchronous-unwind-tables", "-gdwarf-5"}},
		{".debug_frame", []string{"-fno-asynchronous-unwind-tables", "-gdwarf-2", "-gstrict-dwarf"}},
		{".eh_frame", nil},
		{".eh_frame", []string{"-fno-omit-frame-pointer"}},
	} {
		path := compiled(t, framesSource, append(test.arguments, "-g", "-O2", "-fno-inline", "-nostdlib", "-static")...)
		file, err := elf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		section := file.Section(test.section)
		if section == nil {
			t.Fatalf("%v: no %s", test.arguments, test.section)
		}
		data, err := section.Data()
		if err != nil {
			t.Fatal(err)
		}
		exception := test.section == ".eh_frame"
		table, err := newFrameTable(data, binary.LittleEndian, 8, exception, section.Addr)
		if err != nil {
			t.Fatal(err)
		}
		entries, err := delveframe.Parse(data, binary.LittleEndian, 0, 8, section.Addr)
		if err != nil {
			t.Fatal(err)
		}
		checked, rows := 0, map[callFrameRow]bool{}
		for _, e := range entries {
			for address := e.Begin(); address < e.End(); address++ {
				want, err := e.EstablishFrame(address)
				if err != nil {
					t.Fatal(err)
				}
				got, err := table.at(address)
				switch {
				case err != nil:
					t.Fatalf("%#x: %v", address, err)
				case got.expression == nil && (uint64(got.register) != want.CFA.Reg || got.offset != want.CFA.Offset):
					t.Fatalf("%#x: %+v, delve has %+v", address, got, want.CFA)
				case !bytes.Equal(got.expression, want.CFA.Expression):
					t.Fatalf("%#x: % x, delve has % x", address, got.expression, want.CFA.Expression)
				}
				checked++
				rows[callFrameRow{got.register, got.offset}] = true
			}
		}
		if checked < 200 || len(rows) < 3 {
			t.Errorf("%v: only %d addresses with %d different rows", test.arguments, checked, len(rows))
		}
		if _, err := table.at(1); !errors.Is(err, errNoFrame) {
			t.Errorf("no code: %v", err)
		}
	}
}

type callFrameRow struct {
	register int
	offset   int64
}

// FuzzFrames: no section of frames is a panic.
func FuzzFrames(f *testing.F) {
	entry := func(body ...byte) []byte {
		return append(binary.LittleEndian.AppendUint32(nil, uint32(len(body))), body...)
	}
	common := entry(0xff, 0xff, 0xff, 0xff, 4, 0, 8, 0, 1, 0x78, 16, frameCFA, 7, 8, 0x90, 1, 0, 0)
	description := entry(0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0x41, frameCFAOffset, 16, frameRemember, 0x41, frameRestore, frameCFARegister, 6)
	f.Add(append(common, description...), false)
	f.Add(entry(0, 0, 0, 0, 1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x1b, frameCFA, 7, 8), true)
	f.Fuzz(func(t *testing.T, data []byte, exception bool) {
		table, err := newFrameTable(data, binary.LittleEndian, 8, exception, 0x8000)
		if err != nil {
			return
		}
		for _, r := range table.ranges[:min(len(table.ranges), 10)] {
			_, _ = table.at(r.Low)
			_, _ = table.at(r.High - 1)
		}
	})
}
