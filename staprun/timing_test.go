package staprun

import (
	"strings"
	"testing"
)

// TestTiming: R553, R552, R600: the report of -t; the variance of 10, 20 and 30 is
// 66, also where the squares do not fit 64 bits.
func TestTiming(t *testing.T) {
	file := strings.Join([]string{
		"unit\tcycles",
		"probe\t0\t3\t10\t30\t60\t0\t1400\tkernel.function(\"vfs_read\")\ta.stp:1:1\tvfs.read from: my.read",
		"skip\t0\t4\thits inside of handlers\tkernel.function(\"vfs_read\")",
		"probe\t2\t2\t0\t8589934592\t8589934592\t4\t0\tend\ta.stp:2:1\tend",
		"global\ta\t7\t1",
		"global\tidle\t0\t0",
	}, "\n")
	want := `----- probe hit report: 
kernel.function("vfs_read"), (a.stp:1:1), hits: 3, cycles: 10min/20avg/30max, variance: 66, from: vfs.read from: my.read, index: 0
end, (a.stp:2:1), hits: 2, cycles: 0min/4294967296avg/8589934592max, variance: 18446744073709551616, from: end, index: 2
kernel.function("vfs_read"), index: 0, skipped due to hits inside of handlers: 4
'a' lock contention occurred 7 times
Skipped due to global 'a' lock timeout: 1
`
	var got strings.Builder
	if err := writeTiming(&got, strings.NewReader(file)); err != nil || got.String() != want {
		t.Errorf("%v\n%s", err, got.String())
	}
	if err := writeTiming(&got, strings.NewReader("probe\t1\n")); err == nil {
		t.Error("a line that is cut is taken")
	}
}
