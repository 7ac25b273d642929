package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// table is a part of the page.
type table struct {
	title  string
	intro  string // may be empty
	header []string
	rows   [][]string
	notes  []string // paragraphs below
}

// String gives the table as Markdown.
func (t table) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "## %s\n\n", t.title)
	if t.intro != "" {
		fmt.Fprintf(&text, "%s\n\n", t.intro)
	}
	row := func(cells []string) { fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | ")) }
	row(t.header)
	row(slices.Repeat([]string{"---"}, len(t.header)))
	for _, cells := range t.rows {
		row(cells)
	}
	for _, note := range t.notes {
		fmt.Fprintf(&text, "\n%s\n", note)
	}
	return text.String()
}

// page gives the whole page.
func (b *bench) page(ctx context.Context, tables []table) []byte {
	var text bytes.Buffer
	text.WriteString("# Benchmarks\n\nMade by `make bench`, which runs `go run ./testdata/bench`; the method is in that program's own words.\n\n")
	for _, fact := range b.facts(ctx) {
		fmt.Fprintf(&text, "- %s\n", fact)
	}
	for _, t := range tables {
		fmt.Fprintf(&text, "\n%s", t)
	}
	return text.Bytes()
}

// facts are the machine's and the programs'.
func (b *bench) facts(ctx context.Context) []string {
	version := func(program string) string {
		output, err := exec.CommandContext(ctx, program, "--version").Output()
		if err != nil {
			return program + ": " + err.Error()
		}
		return firstLine(string(output))
	}
	var releases []string
	for _, k := range b.kernels {
		releases = append(releases, k.Release)
	}
	systemTap, err := describeSystemTap(ctx)
	if err != nil {
		systemTap = err.Error()
	}
	return []string{
		time.Now().Format("2 January 2006"),
		fmt.Sprintf("%s, %d cores: %s", valueOf("/etc/os-release", "PRETTY_NAME", "="), runtime.NumCPU(), valueOf("/proc/cpuinfo", "model name", ":")),
		"kernels: " + strings.Join(releases, ", "),
		version("qemu-system-x86_64"),
		version("gcc-12"),
		"bpftrace: " + version("bpftrace"),
		"SystemTap: " + systemTap,
	}
}

// load is the machine's: how many processes want a core, in the last minute's mean.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	mean, _, _ := strings.Cut(string(text), " ")
	return mean
}

// valueOf gives the first value of a name in a file of names and values.
func valueOf(path, name, separator string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, separator)
		if strings.TrimSpace(key) == name {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return "unknown"
}

// perKernel makes a cell for each kernel.
func (b *bench) perKernel(cell func(kernel int) string) []string {
	var cells []string
	for i := range b.kernels {
		cells = append(cells, cell(i))
	}
	return cells
}

// series names the kernels as targets and peers' figures are: "6.1".
func (b *bench) series() []string {
	return b.perKernel(func(i int) string {
		parts := strings.SplitN(b.kernels[i].Release, ".", 3)
		return strings.Join(parts[:min(2, len(parts))], ".")
	})
}

// against says whether figures reach a target, which is the most that they may
// be; 0 is no target. None means that nothing was measured.
func against(target float64, unit string, figures ...float64) string {
	switch {
	case target == 0:
		return "–"
	case len(figures) == 0:
		return fmt.Sprintf("%g%s: **not measured**", target, unit)
	case slices.Max(figures) > target:
		return fmt.Sprintf("%g%s: **missed**", target, unit)
	}
	return fmt.Sprintf("%g%s: reached", target, unit)
}
