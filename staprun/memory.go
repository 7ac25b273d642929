package staprun

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gostap/gostap/kernel/modulefile"
)

// This file says how much memory the output's buffers may take.
//
// One session gets, for each CPU, the smaller of 16 MB and 1/64 of memory shared
// by the CPUs. All sessions together get 1/8 of memory: each further one takes a
// smaller share of what is left, a (8+k)th beside k others, and at least
// leastBufferKB for each CPU; when that is not left, it is refused. What -s asks
// for is given where that much memory is free.

const (
	mostBufferKB  = 16 << 10
	leastBufferKB = 32 // two pieces, the least that the module makes
)

// parameters are the module's, for init_module(2).
func parameters(o Options, image []byte) (string, error) {
	memory, err := readMemory()
	if err != nil {
		return "", err
	}
	kb, err := memory.bufferKB(o.BufferMB<<10, modules())
	if err != nil {
		return "", err
	}
	words := []string{fmt.Sprintf("buffer_kb=%d", kb)}
	if o.Namespaces > 0 && takes(image, "namespaces_pid") {
		words = append(words, fmt.Sprintf("namespaces_pid=%d", o.Namespaces))
	}
	if takes(image, "zone") {
		words = append(words, zoneParameters(time.Now()))
	}
	globals, err := globalParameters(o.Globals, image)
	return strings.Join(append(words, globals...), " "), err
}

// zoneParameters tell a module the machine's time zone: its name and how far behind UTC it is.
func zoneParameters(now time.Time) string {
	name, east := now.Zone()
	return fmt.Sprintf("zone=%s zone_west=%d", strings.Map(func(r rune) rune {
		if r <= ' ' || r == '"' || r > '~' {
			return '_'
		}
		return r
	}, name[:min(len(name), 31)]), -east)
}

// takes reports whether a module has the parameter: the kernel's log tells of
// others that are given.
func takes(image []byte, name string) bool {
	types, err := modulefile.Entries(image, "parmtype")
	for _, entry := range types {
		if parameter, _, _ := strings.Cut(entry, ":"); err == nil && parameter == name {
			return true
		}
	}
	return false
}

// memory is what the machine has.
type memory struct {
	totalKB, availableKB int
	cpus                 int // that run
}

func readMemory() (memory, error) {
	m := memory{cpus: 1}
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return m, fmt.Errorf("asking for the size of memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		kb, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
		switch name {
		case "MemTotal":
			m.totalKB = kb
		case "MemAvailable":
			m.availableKB = kb
		}
	}
	if online, err := os.ReadFile("/sys/devices/system/cpu/online"); err == nil {
		m.cpus = max(countList(strings.TrimSpace(string(online))), 1)
	}
	return m, nil
}

// countList counts the numbers of a list such as "0-3,6".
func countList(list string) (n int) {
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		a, err := strconv.Atoi(first)
		if err != nil {
			continue
		}
		b, err := strconv.Atoi(last)
		if !isRange || err != nil {
			b = a
		}
		n += max(b-a+1, 0)
	}
	return n
}

// bufferKB gives the size of each CPU's buffer, wanted or by default, of a
// session beside others.
func (m memory) bufferKB(wanted int, others map[string]status) (int, error) {
	used := 0
	for _, other := range others {
		used += other.buffersKB
	}
	if wanted > 0 {
		if total := wanted * m.cpus; total > m.availableKB*3/4 {
			return 0, &UserError{
				Message: fmt.Sprintf("output buffers of %d MB for each of %d CPUs do not fit: %d MB of memory are free", wanted>>10, m.cpus, m.availableKB>>10),
				Hint:    "make them smaller with -s",
			}
		}
		return wanted, nil
	}
	usual := min(mostBufferKB, m.totalKB/64/m.cpus)
	left := m.totalKB/8 - used
	if left < leastBufferKB*m.cpus || m.availableKB < 2*leastBufferKB*m.cpus {
		return 0, &UserError{
			Message: fmt.Sprintf("%d sessions are under way, and their output buffers take the %d MB that there are for all", len(others), used>>10),
			Hint:    "end some of them (staprun -d '*' ends those that are detached), or say with -s how large the buffers are to be",
		}
	}
	return max(min(usual, left/(8+len(others))/m.cpus), leastBufferKB), nil
}
