package staprun

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const statusText = `{ "uptime": "00:01:40", "uid": 7, "memory": "1data/2text/3ctx/4net/5alloc kb", "module_name": "stap_x",
	"globals": { "n": 5, "a": { "(1, \"x\")": 2 } },
	"probe_list": [ { "index": 0, "state": "on", "name": "begin" }, { "index": 1, "state": "off", "hits": 9, "name": "timer.s(1)" }, { "index": 2, "state": "on", "name": "end" } ] }`

// TestMonitorScreen: C490: what the screen shows of the status and of the output.
func TestMonitorScreen(t *testing.T) {
	var status monitorStatus
	if err := json.Unmarshal([]byte(statusText), &status); err != nil {
		t.Fatal(err)
	}
	output := []string{"one", "two", "three\x1b[2J", ""}
	for _, test := range []struct {
		name string
		view monitorView
		want []string
	}{
		{"at first", monitorView{}, []string{
			"stap_x  up 00:01:40  uid 7  1data/2text/", "GLOBALS *", `  a                {"(1, \"x\")":2}`, "  n                5",
			"PROBES by index: index, state, hits, mea", "     0 on           0        0 begin", "     1 off          9        0 timer.s(1", "OUTPUT", "three?[2J", "", "c clear  s sort  t toggle a probe  p pau"}},
		{"by hits, one line on, no output", monitorView{sort: 1, hidden: true, part: monitorProbes, from: [3]int{0, 9, 0}}, []string{
			"stap_x  up 00:01:40  uid 7  1data/2text/", "GLOBALS", `  a                {"(1, \"x\")":2}`, "  n                5",
			"PROBES by hits: index, state, hits, mean", "     1 off          9        0 timer.s(1", "     0 on           0        0 begin", "     2 on           0        0 end", "c clear  s sort  t toggle a probe  p pau"}},
		{"asking", monitorView{asking: true, typed: "12", hidden: true}, []string{
			"stap_x  up 00:01:40  uid 7  1data/2text/", "GLOBALS *", `  a                {"(1, \"x\")":2}`, "  n                5",
			"PROBES by index: index, state, hits, mea", "     0 on           0        0 begin", "     1 off          9        0 timer.s(1", "     2 on           0        0 end", "index of the probe to switch off or on: "}},
	} {
		if got := test.view.render(&status, output, 40, 11); !slices.Equal(got, test.want) {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
}

// TestMonitorKeys: C490: keys become orders or change the view.
func TestMonitorKeys(t *testing.T) {
	folder := t.TempDir()
	control := filepath.Join(folder, "monitor_control")
	for _, test := range []struct {
		keys []string
		want string
	}{
		{[]string{"c"}, "clear"}, {[]string{"p"}, "pause"}, {[]string{"r"}, "resume"}, {[]string{"q"}, "quit"}, {[]string{"\x03"}, "quit"},
		{[]string{"t", "1", "2", "\r"}, "12"}, {[]string{"t", "1", "x"}, ""}, {[]string{"s", "x", "\t", "\x1b[B"}, ""},
	} {
		if err := os.WriteFile(control, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		m := &monitor{folder: folder}
		for _, key := range test.keys {
			m.key(key)
		}
		if got, err := os.ReadFile(control); err != nil || string(got) != test.want {
			t.Errorf("keys %q: order %q, %v; want %q", test.keys, got, err, test.want)
		}
		if m.view.asking || m.view.message != "" {
			t.Errorf("keys %q: still asking, or %q", test.keys, m.view.message)
		}
	}
	m := &monitor{}
	for _, key := range []string{"s", "x", "\t", "\x1b[B", "\x1b[B", "\x1b[A"} {
		m.key(key)
	}
	if want := (monitorView{sort: 1, hidden: true, part: 1, from: [3]int{0, 1, 0}}); m.view != want {
		t.Errorf("view %+v, want %+v", m.view, want)
	}
}
