package debuginfo_test

import (
	"bytes"
	"debug/dwarf"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate/debuginfo"
)

// lineReader compiles the program that looks up lines as the runtime does.
func lineReader(t *testing.T) string {
	t.Helper()
	compiler, err := exec.LookPath("gcc-12")
	if err != nil {
		if compiler, err = exec.LookPath("gcc"); err != nil {
			t.Fatal("no C compiler: run ./setup guest")
		}
	}
	program := filepath.Join(t.TempDir(), "lines")
	output, err := exec.Command(compiler, "-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined",
		"-fno-sanitize-recover=all", "-I", "../../runtime-c/stap", "-o", program, "../../runtime-c/testdata/lines.c").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return program
}

// lookUp gives what is known of positions in a table: "FILE:LINE" each.
func lookUp(t *testing.T, program string, table []byte, positions []uint32) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "table")
	if err := os.WriteFile(file, table, 0o644); err != nil {
		t.Fatal(err)
	}
	var asked strings.Builder
	for _, p := range positions {
		fmt.Fprintln(&asked, p)
	}
	command := exec.Command(program, file)
	command.Stdin = strings.NewReader(asked.String())
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return strings.Split(strings.TrimSpace(string(output)), "\n")
}

// lineOracle gives the file and the line of each n-th of a linked file's addresses from
// low up to high, as another reader of DWARF has them; "-:0" of what no row is for.
func lineOracle(t *testing.T, file *elf.File, low, high, n uint64) []string {
	t.Helper()
	data, err := file.DWARF()
	if err != nil {
		t.Fatal(err)
	}
	answers := slices.Repeat([]string{"-:0"}, int((high-low+n-1)/n))
	for entries := data.Reader(); ; entries.SkipChildren() {
		unit, err := entries.Next()
		if err != nil {
			t.Fatal(err)
		}
		if unit == nil {
			return answers
		}
		lines, err := data.LineReader(unit)
		if err != nil {
			t.Fatal(err)
		}
		if lines == nil {
			continue
		}
		var row, next dwarf.LineEntry
		for begun := false; lines.Next(&next) == nil; row, begun = next, !next.EndSequence {
			for i := (max(row.Address, low) - low + n - 1) / n; begun && low+i*n < min(next.Address, high); i++ {
				answers[i] = fmt.Sprintf("%s:%d", row.File.Name, row.Line)
			}
		}
	}
}

// TestLineTable: R573: what the runtime finds of each byte of code is what another
// reader has read, of all versions of line tables; where that cannot read the file,
// which is made of the same source, what it has read of one that it can.
func TestLineTable(t *testing.T) {
	program := lineReader(t)
	for _, name := range []string{"linked-5", "linked-4", "linked-2"} {
		t.Run(name, func(t *testing.T) { compareLines(t, program, open(t, name), 1) })
	}
	want := linesOfText(t, program, open(t, "linked-5"))
	if len(want) < 300 || !slices.Contains(want, "include/linux/shapes.h:42") {
		t.Fatalf("lines of %d bytes: %v", len(want), slices.Compact(want))
	}
	eachFixture(t, func(t *testing.T, o *debuginfo.Object) {
		got := linesOfText(t, program, o)
		if len(got) < 300 {
			t.Fatalf("lines of %d bytes", len(got))
		}
		compare(t, "lines", got, want[len(want)-len(got):]) // in a relocatable file what is seldom run is elsewhere
	})
}

// linesOfText looks up each byte of an object's section .text.
func linesOfText(t *testing.T, program string, o *debuginfo.Object) []string {
	t.Helper()
	table, err := o.LineTable()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range table.Parts {
		if p.Address.Section == "" || p.Address.Section == ".text" {
			return lookUp(t, program, table.Data, positionsOf(p, 1))
		}
	}
	t.Fatal("no .text")
	return nil
}

// positionsOf gives each n-th position of a part.
func positionsOf(p debuginfo.LinePart, n uint32) []uint32 {
	var positions []uint32
	for at := uint32(0); at < p.Size; at += n {
		positions = append(positions, p.Position+at)
	}
	return positions
}

// compareLines compares each n-th byte of a linked object with the oracle; gives how many.
func compareLines(t *testing.T, program string, o *debuginfo.Object, n uint32) int {
	t.Helper()
	table, err := o.LineTable()
	if err != nil {
		t.Fatal(err)
	}
	file, err := elf.Open(o.Image().Path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	part := table.Parts[0]
	want := lineOracle(t, file, part.Address.Offset, part.Address.Offset+uint64(part.Size), uint64(n))
	positions := positionsOf(part, n)
	differ := 0
	for i, answer := range lookUp(t, program, table.Data, positions) {
		// the names of the oracle may be whole paths, with ".." in them
		file, line, _ := strings.Cut(answer, ":")
		wantFile, wantLine, _ := strings.Cut(want[i], ":")
		if inRoom(o.Image(), part.Address.Offset+uint64(positions[i])) {
			continue // for the oracle it belongs to the function before
		}
		if line != wantLine || !strings.HasSuffix(path.Clean(wantFile), file) {
			if differ++; differ < 10 {
				t.Errorf("at %#x: %s, want %s", part.Address.Offset+uint64(positions[i]), answer, want[i])
			}
		}
	}
	if differ > 0 {
		t.Errorf("%d of %d differ", differ, len(positions))
	}
	return len(positions)
}

// inRoom tells whether an address is in an instruction of arm64 that does nothing, as functions there begin with some.
func inRoom(m *debuginfo.Image, address uint64) bool {
	if m.Machine != elf.EM_AARCH64 {
		return false
	}
	code, err := m.At(address&^3, 4)
	return err == nil && string(code) == "\x1f\x20\x03\xd5"
}

// TestLineTableKept: a table is found again by build-id, and one that is not whole is not.
func TestLineTableKept(t *testing.T) {
	folder := t.TempDir()
	o, err := debuginfo.Open("fixture", filepath.Join("testdata", "dwarf", "linked-5"), folder)
	if err != nil {
		t.Fatal(err)
	}
	if debuginfo.KeptLineTable(folder, o.BuildID()) != nil {
		t.Fatal("one is there before it was made")
	}
	made, err := o.LineTable()
	if err != nil {
		t.Fatal(err)
	}
	kept := debuginfo.KeptLineTable(folder, o.BuildID())
	if kept == nil || !slices.Equal(kept.Parts, made.Parts) || !bytes.Equal(kept.Data, made.Data) {
		t.Fatal("the table that was kept is another")
	}
	file := filepath.Join(folder, o.BuildID()+".lines")
	for _, size := range []int64{0, 5, 20, 30} {
		if err := os.Truncate(file, size); err != nil {
			t.Fatal(err)
		}
		if debuginfo.KeptLineTable(folder, o.BuildID()) != nil {
			t.Errorf("%d bytes are taken for a table", size)
		}
	}
}

// TestLineTableDamaged: whatever bytes a table has, a look-up stays in it.
func TestLineTableDamaged(t *testing.T) {
	program := lineReader(t)
	table, err := open(t, "linked-5").LineTable()
	if err != nil {
		t.Fatal(err)
	}
	for seed := range 10 {
		data := slices.Clone(table.Data)
		for i := range 4 {
			data[(seed*31+i*977)%len(data)] ^= byte(1 << (seed % 8))
		}
		lookUp(t, program, data, []uint32{0, 1, 50, 300, 1 << 31, 1<<32 - 1})
		lookUp(t, program, data[:len(data)*seed/10], []uint32{0, 100, 1 << 20})
	}
}
