package staprun

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
)

var accountFile = strings.Join([]string{
	"unit\tcycles\t1",
	"probe\t0\t0\t3\t3\t60\t10\t30\t0\t1400\tkernel.function(\"vfs_read\")\ta.stp:1:1\tvfs.read from: my.read",
	"skip\t0\t4\treentrancy\tkernel.function(\"vfs_read\")",
	"skip\t0\t6\tmissed kprobe\tkernel.function(\"vfs_read\")",
	"skip\t0\t9\tsession not running\tkernel.function(\"vfs_read\")",
	"probe\t1\t2\t0\t0\t0\t0\t0\t0\t0\ttimer.s(1)\ta.stp:3:1\ttimer.s(1)",
	"skip\t1\t2\tlow stack\ttimer.s(1)",
	"probe\t2\t0\t2\t2\t8589934592\t0\t8589934592\t4\t0\tend\ta.stp:2:1\tend",
	"global\ta\t7\t1",
	"global\tidle\t0\t0",
}, "\n")

// TestAccount: R553, R552, R600: the report of -t; the variance of 10, 20 and 30 is
// 66, also where the squares do not fit 64 bits.
func TestAccount(t *testing.T) {
	a, err := readAccount(strings.NewReader(accountFile))
	if err != nil {
		t.Fatal(err)
	}
	a.StartTime = 17
	a.Transport = transportCount{outputCount{5, 50}, outputCount{4, 40}, outputCount{1, 10}}
	want := `----- probe hit report: 
kernel.function("vfs_read"), (a.stp:1:1), hits: 3, cycles: 10min/20avg/30max, variance: 66, from: vfs.read from: my.read, index: 0
end, (a.stp:2:1), hits: 2, cycles: 0min/4294967296avg/8589934592max, variance: 18446744073709551616, from: end, index: 2
Skipped due to missed kprobe on 'kernel.function("vfs_read")': 6
Skipped due to reentrancy on 'kernel.function("vfs_read")': 4
Skipped due to low stack on 'timer.s(1)': 2
'a' lock contention occurred 7 times
Skipped due to global 'a' lock timeout: 1
----- module init report: 
cycles: 17
----- transport report: 
messages of output: 5 produced, 4 delivered, 1 lost; bytes: 50 produced, 40 delivered, 10 lost
`
	if got := a.table(); got != want {
		t.Errorf("%s", got)
	}
	if got := strings.Join(a.reasons(), "\n"); got != "Skipped due to global 'a' lock timeout: 1\nSkipped due to low stack on 'timer.s(1)': 2" {
		t.Errorf("reasons: %s", got)
	}
	if _, err := readAccount(strings.NewReader("probe\t1\n")); err == nil {
		t.Error("a line that is cut is taken")
	}
}

// TestAccountJSON: R552: what --stats=json prints can be read again.
func TestAccountJSON(t *testing.T) {
	a, err := readAccount(strings.NewReader(accountFile))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var got account
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	p := got.Probes[0]
	if p.Point != `kernel.function("vfs_read")` || p.Hits != 3 || p.Missed != 6 || p.Skips["reentrancy"] != 4 || p.Place != "a.stp:1:1" {
		t.Errorf("probe: %+v", p)
	}
	if held := got.Probes[1].Held; len(held) != 1 || held[0] != "overload" {
		t.Errorf("held: %v", held)
	}
	if len(got.Globals) != 2 || got.Globals[0].Waits != 7 {
		t.Errorf("globals: %+v", got.Globals)
	}
}

// TestDelivered: messages and bytes that were written are counted, those that a
// failed write left are not.
func TestDelivered(t *testing.T) {
	var out strings.Builder
	o := newOutlet(func() {}, nil)
	o.put(&out, []byte("abcde"), []int{2, 5})
	o.put(&shortWriter{3}, []byte("fghij"), []int{2, 4, 5})
	o.close()
	if got := o.count(); got != (outputCount{3, 7}) {
		t.Errorf("delivered %+v", got)
	}
}

// shortWriter takes so many bytes and no more.
type shortWriter struct{ room int }

func (w *shortWriter) Write(text []byte) (int, error) { return w.room, io.ErrShortWrite }

// TestSetLimits: R535: a limit of --set is checked before anything is loaded.
func TestSetLimits(t *testing.T) {
	for setting, good := range map[string]bool{
		"maxerrors=5": true, "overload_threshold=0": true, "maxerrors": false, "maxerrors=": false, "maxerrors=-1": false, "nonsense=1": false,
	} {
		if err := CheckLimit(setting); (err == nil) != good {
			t.Errorf("%s: %v", setting, err)
		}
	}
}
