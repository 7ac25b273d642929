package modulefile

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An object that is like a module in what Strip looks at, and a program. Its
// list has a checksum that is used and one that is not, and lacks that of abs.
const stripC = `
#include <stdio.h>
#include <stdlib.h>
struct version { unsigned long checksum; char name[56]; };
static const struct version versions[] __attribute__((section("__versions"), used)) = {
	{ 1, "module_layout" }, { 2, "printf" }, { 3, "no_such_symbol" },
};
static int unused_data __attribute__((used)) = 4;
static int data[] = { 1, 2, 3 };
int shared = 40;
__asm__(".type __pfx_sum, @function\n__pfx_sum = sum");
static __attribute__((noinline)) int sum(int n) { int s = 0; while (n--) s += data[n]; return s; }
int (*pointer)(int) = sum;
int (*absolute)(int) = abs;
int main(void) { printf("%d\n", absolute(-shared) + pointer(3)); return 0; }
`

func TestStrip(t *testing.T) {
	folder := t.TempDir()
	source, object := filepath.Join(folder, "m.c"), filepath.Join(folder, "m.o")
	if err := os.WriteFile(source, []byte(stripC), 0o644); err != nil {
		t.Fatal(err)
	}
	compiler, err := exec.LookPath("gcc-12")
	if err != nil {
		if compiler, err = exec.LookPath("gcc"); err != nil {
			t.Fatal("no C compiler: run ./setup guest")
		}
	}
	compile := func(arguments ...string) {
		t.Helper()
		if output, err := exec.Command(compiler, arguments...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
	}
	compile("-O1", "-fno-builtin", "-fpatchable-function-entry=4,4", "-c", "-o", object, source)
	before, err := os.ReadFile(object)
	if err != nil {
		t.Fatal(err)
	}
	after, err := Strip(before, map[string]uint32{"abs": 5, "not_used": 6})
	if err != nil || len(after) >= len(before) {
		t.Fatalf("%d bytes of %d, %v", len(after), len(before), err)
	}
	file, err := elf.NewFile(bytes.NewReader(after))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range unread {
		if file.Section(name) != nil || file.Section(".rela"+name) != nil {
			t.Errorf("%s is still there", name)
		}
	}
	list, err := file.Section("__versions").Data()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for entry := range slices.Chunk(list, 64) {
		name, _, _ := strings.Cut(string(entry[8:]), "\x00")
		got = append(got, name+"="+string('0'+rune(binary.NativeEndian.Uint64(entry))))
	}
	if want := []string{"module_layout=1", "printf=2", "abs=5"}; !slices.Equal(got, want) {
		t.Errorf("checksums %q, want %q", got, want)
	}
	symbols, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"main": true, "sum": true, "shared": true, "printf": true,
		"unused_data": false, "m.c": false, "__pfx_sum": false} {
		if found := slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == name }); found != want {
			t.Errorf("the symbol %s is there: %v", name, found)
		}
	}
	// What is left means the same.
	if err := os.WriteFile(object, after, 0o644); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, "m")
	compile("-z", "noexecstack", "-o", program, object)
	if output, err := exec.Command(program).Output(); string(output) != "46\n" || err != nil {
		t.Errorf("the program prints %q, %v", output, err)
	}
}

// TestStripUnknown: what Strip does not know stays as it is.
func TestStripUnknown(t *testing.T) {
	m := module("name", 10) // it has no symbols
	if got, err := Strip(m, nil); !bytes.Equal(got, m) || err != nil {
		t.Errorf("changed, or %v", err)
	}
	if _, err := Strip(m, map[string]uint32{"printk": 1}); err == nil {
		t.Error("a checksum is lost in silence")
	}
	if _, err := Strip([]byte("text"), nil); err == nil {
		t.Error("a text is taken")
	}
}

func FuzzStrip(f *testing.F) {
	f.Add(module("name", 10))
	f.Fuzz(func(t *testing.T, data []byte) {
		if stripped, err := Strip(data, nil); err == nil {
			if _, err := elf.NewFile(bytes.NewReader(stripped)); err != nil && !bytes.Equal(stripped, data) {
				t.Error(err)
			}
		}
	})
}
