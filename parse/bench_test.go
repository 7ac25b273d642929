package parse

import (
	"bytes"
	"syscall"
	"testing"
	"time"
)

// handler is script text as people write it, with every kind of declaration.
const handler = `
global opens, times%[400], enabled = 1
function is_creating:long (flags:long) { return (flags & 64) != 0 }
# the entry of every open
probe demo.open = kernel.function("do_sys_openat2").call !, kernel.function("do_sys_open") ?
{
	path = user_string($filename)
	if (is_creating(flags) && enabled == 1 || path =~ "^/tmp/.*") {
		action = "creates"
	} else if ([pid(), path] in opens) {
		action = "opens again"
	} else
		action = "opens"
	opens[pid(), path]++
	times[execname()] <<< gettimeofday_ns() - start[tid()]
	printf("%s(%d) %s %s: %d\n", execname(), pid(), action, path, x > 0 ? x * 2 + 1 : -x)
}
probe timer.s(5), end {
	foreach ([p, path] in opens- limit 10) {
		printf("%6d %5d %s\n", opens[p, path], p, path)
		total += opens[p, path] << 2
	}
	println(@count(times["sh"]) . "", @avg(times["sh"]), $file->f_path->dentry->d_name->len$)
	delete opens
}
`

// reportCPU runs a benchmark over a text and reports bytes for each second of
// processor time, which other programs on the machine disturb less than MB/s.
func reportCPU(b *testing.B, text []byte, run func()) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	begin := processorTime(b)
	for b.Loop() {
		run()
	}
	spent := processorTime(b) - begin
	b.ReportMetric(float64(len(text))*float64(b.N)/1e6/spent.Seconds(), "MB/cpu-s")
}

func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func BenchmarkParse(b *testing.B) {
	source := &Source{Name: "bench.stp", Text: bytes.Repeat([]byte(handler), 100)}
	reportCPU(b, source.Text, func() {
		if _, err := Parse(source, Options{}); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkTokenize(b *testing.B) {
	source := &Source{Name: "bench.stp", Text: bytes.Repeat([]byte(handler), 100)}
	var tokens []token
	reportCPU(b, source.Text, func() { tokens, _ = tokenize(source, &Options{}, tokens) })
}

// BenchmarkNewGrammar shows why parsers are kept: it is the cost of the first
// file alone.
func BenchmarkNewGrammar(b *testing.B) {
	for b.Loop() {
		newGrammar(&parser{})
	}
}
