package staprun

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// This file is the screen of --monitor. The module says what the session is at in
// monitor_status and takes orders in monitor_control (runtime-c/stap/monitor.c); here
// the one is drawn again and again, and keys are made the others. What the script
// prints meanwhile is shown below:
//
//	stap_5c77…  up 00:01:40  uid 0  4data/64text/…
//	GLOBALS
//	  n                5
//	PROBES by index
//	  0 on  begin
//	OUTPUT
//	  what the script has printed last

// monitorStatus is what monitor_status says.
type monitorStatus struct {
	Uptime     string                     `json:"uptime"`
	UID        int64                      `json:"uid"`
	Memory     string                     `json:"memory"`
	ModuleName string                     `json:"module_name"`
	Globals    map[string]json.RawMessage `json:"globals"`
	Probes     []monitorProbe             `json:"probe_list"`
}

type monitorProbe struct {
	Index int    `json:"index"`
	State string `json:"state"`
	Hits  int64  `json:"hits"`
	Mean  int64  `json:"avg"` // time of a hit, in the unit of -t
	Name  string `json:"name"`
}

// monitorSorts are the orders of the probes, in turn.
var monitorSorts = []struct {
	by      string
	compare func(x, y monitorProbe) int
}{
	{"index", func(x, y monitorProbe) int { return cmp.Compare(x.Index, y.Index) }},
	{"hits", func(x, y monitorProbe) int { return cmp.Compare(y.Hits, x.Hits) }},
	{"name", func(x, y monitorProbe) int { return cmp.Compare(x.Name, y.Name) }},
	{"state", func(x, y monitorProbe) int { return cmp.Compare(x.State, y.State) }},
}

// The parts of the screen, in the order in which Tab goes through them.
const (
	monitorGlobals = iota
	monitorProbes
	monitorOutput
	monitorParts
)

// monitorView is how the user wants to see it.
type monitorView struct {
	sort    int
	hidden  bool   // the output is
	part    int    // which the arrows move
	from    [3]int // the first line of each part
	asking  bool   // which probe to switch
	typed   string
	message string
}

// monitor is the screen of a session. What is written to it is the script's output,
// which goes on to out once the screen is closed.
type monitor struct {
	folder   string
	in       *os.File
	out      *os.File
	interval time.Duration
	done     chan struct{}

	mutex  sync.Mutex
	before *term.State // of the terminal; nil while there is no screen
	view   monitorView
	output []string // the last lines, the very last one without its end
}

// monitorLines is how many lines of output are kept.
const monitorLines = 500

// newMonitor gives the monitor of a terminal; nil where input or output is none.
func newMonitor(in io.Reader, out io.Writer, interval time.Duration) *monitor {
	if in == nil {
		in = os.Stdin
	}
	from, reads := in.(*os.File)
	to, writes := out.(*os.File)
	if !reads || !writes || !term.IsTerminal(int(from.Fd())) || !term.IsTerminal(int(to.Fd())) {
		return nil
	}
	return &monitor{in: from, out: to, interval: interval, done: make(chan struct{}), output: []string{""}}
}

// open begins to show the session of a folder in /proc.
func (m *monitor) open(folder string) error {
	before, err := term.MakeRaw(int(m.in.Fd()))
	if err != nil {
		return fmt.Errorf("switching the terminal to single keys: %w", err)
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.folder, m.before = folder, before
	fmt.Fprint(m.out, "\x1b[?1049h\x1b[?25l")
	go m.refresh()
	go m.keys()
	return nil
}

// close gives the terminal back.
func (m *monitor) close() {
	if m == nil {
		return
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.before == nil {
		return
	}
	close(m.done)
	fmt.Fprint(m.out, "\x1b[?25h\x1b[?1049l")
	_ = term.Restore(int(m.in.Fd()), m.before)
	m.before = nil
	fmt.Fprint(m.out, strings.Join(m.output, "\n"))
}

// Write takes output of the script.
func (m *monitor) Write(text []byte) (int, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.before == nil {
		return m.out.Write(text)
	}
	lines := strings.Split(string(text), "\n")
	m.output[len(m.output)-1] += lines[0]
	m.output = append(m.output, lines[1:]...)
	if extra := len(m.output) - monitorLines; extra > 0 {
		m.output = slices.Delete(m.output, 0, extra)
	}
	return len(text), nil
}

func (m *monitor) refresh() {
	for {
		m.draw()
		select {
		case <-m.done:
			return
		case <-time.After(m.interval):
		}
	}
}

func (m *monitor) draw() {
	var status monitorStatus
	text, err := os.ReadFile(filepath.Join(m.folder, "monitor_status"))
	if err == nil {
		err = json.Unmarshal(text, &status)
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.before == nil {
		return
	}
	if err != nil {
		m.view.message = err.Error()
	}
	width, height, err := term.GetSize(int(m.out.Fd()))
	if err != nil {
		width, height = 80, 24
	}
	fmt.Fprint(m.out, "\x1b[H", strings.Join(m.view.render(&status, m.output, width, height), "\x1b[K\r\n"), "\x1b[J")
}

// order writes one to the module.
func (m *monitor) order(text string) {
	m.view.message = ""
	if err := os.WriteFile(filepath.Join(m.folder, "monitor_control"), []byte(text), 0); err != nil {
		m.view.message = fmt.Sprintf("%s: %v", text, err)
	}
}

func (m *monitor) keys() {
	buffer := make([]byte, 16)
	for {
		n, err := m.in.Read(buffer)
		if err != nil || n == 0 {
			return
		}
		m.mutex.Lock()
		open := m.before != nil
		if open {
			m.key(string(buffer[:n]))
		}
		m.mutex.Unlock()
		if !open {
			return
		}
		m.draw()
	}
}

// key does what a key, or the sequence of one, stands for.
func (m *monitor) key(key string) {
	v := &m.view
	if v.asking {
		switch {
		case key >= "0" && key <= "9":
			v.typed += key
		case key == "\r" || key == "\n":
			m.order(v.typed)
			fallthrough
		default:
			v.asking, v.typed = false, ""
		}
		return
	}
	switch key {
	case "c":
		m.order("clear")
	case "p":
		m.order("pause")
	case "r":
		m.order("resume")
	case "q", "\x03": // Ctrl-C, which is no signal while single keys are read
		m.order("quit")
	case "s":
		v.sort = (v.sort + 1) % len(monitorSorts)
	case "t":
		v.asking = true
	case "x":
		v.hidden = !v.hidden
	case "\t":
		v.part = (v.part + 1) % monitorParts
	case "\x1b[A":
		v.from[v.part] = max(v.from[v.part]-1, 0)
	case "\x1b[B":
		v.from[v.part]++
	}
}

// render gives the lines of a screen.
func (v *monitorView) render(status *monitorStatus, output []string, width, height int) []string {
	globals := make([]string, 0, len(status.Globals))
	for name, value := range status.Globals {
		var compact bytes.Buffer
		if json.Compact(&compact, value) != nil {
			compact.Write(value)
		}
		globals = append(globals, fmt.Sprintf("  %-16s %s", name, compact.String()))
	}
	slices.Sort(globals)
	sort := monitorSorts[v.sort]
	slices.SortStableFunc(status.Probes, sort.compare)
	probes := make([]string, 0, len(status.Probes))
	for _, p := range status.Probes {
		probes = append(probes, fmt.Sprintf("  %4d %-3s %10d %8d %s", p.Index, p.State, p.Hits, p.Mean, p.Name))
	}
	parts := []struct {
		title string
		lines []string
	}{
		{"GLOBALS", globals}, {"PROBES by " + sort.by + ": index, state, hits, mean time", probes}, {"OUTPUT", output},
	}
	if v.hidden {
		parts = parts[:monitorOutput]
	}
	lines := []string{fmt.Sprintf("%s  up %s  uid %d  %s", status.ModuleName, status.Uptime, status.UID, status.Memory)}
	room := max((height-2)/len(parts)-1, 1) // besides the titles, the first line and the last
	for i, part := range parts {
		last := max(len(part.lines)-room, 0)
		from := min(v.from[i], last)
		v.from[i] = from
		if i == monitorOutput {
			from = last - from // the newest lines are shown first
		}
		mark := ""
		if i == v.part {
			mark = " *"
		}
		lines = append(lines, part.title+mark)
		lines = append(lines, part.lines[from:min(from+room, len(part.lines))]...)
	}
	switch {
	case v.asking:
		lines = append(lines, "index of the probe to switch off or on: "+v.typed)
	case v.message != "":
		lines = append(lines, v.message)
	default:
		lines = append(lines, "c clear  s sort  t toggle a probe  p pause  r resume  x output  Tab, arrows: move  q quit")
	}
	for i, line := range lines {
		lines[i] = onOneLine(line, width)
	}
	return lines
}

// onOneLine makes a line fit, and what would steer the terminal visible.
func onOneLine(line string, width int) string {
	characters := []rune(strings.ReplaceAll(line, "\t", "    "))
	for i, c := range characters {
		if c < ' ' || c == 0x7f {
			characters[i] = '?'
		}
	}
	return string(characters[:min(len(characters), width)])
}
