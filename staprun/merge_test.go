package staprun

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
)

func message(number uint32, text string) []byte {
	data := binary.NativeEndian.AppendUint32(nil, uint32(len(text)))
	return append(binary.NativeEndian.AppendUint32(data, number), text...)
}

// into writes what is put.
func into(out io.Writer) sink {
	return func(text []byte, ends []int) ([]byte, []int) {
		_, _ = out.Write(text)
		return text[:0], ends[:0]
	}
}

// add has the merger read data from a CPU.
func add(m *merger, cpu int, data []byte) {
	for len(data) > 0 {
		n := copy(m.room(cpu), data)
		m.add(cpu, n)
		data = data[n:]
	}
}

// TestMerge: R512: messages come out by number, whatever CPU they are from and
// however they were cut by reading.
func TestMerge(t *testing.T) {
	var out strings.Builder
	m := newMerger(2, into(&out))
	add(m, 1, append(message(1, "b"), message(2, "c")...))
	m.deliver()
	if out.Len() > 0 {
		t.Errorf("%q before the first message", out.String())
	}
	first := message(0, "a")
	add(m, 0, first[:5])
	m.deliver()
	add(m, 0, first[5:])
	add(m, 0, message(3, "d"))
	m.deliver()
	if missing := m.finish(); out.String() != "abcd" || missing != 0 {
		t.Errorf("%q, %d missing", out.String(), missing)
	}
}

func TestMergeGapsAndWrapAround(t *testing.T) {
	var out strings.Builder
	m := newMerger(2, into(&out))
	m.next = math.MaxUint32
	add(m, 0, message(math.MaxUint32, "a"))
	add(m, 1, message(0, "b"))
	add(m, 0, message(3, "c"))
	if missing := m.finish(); out.String() != "abc" || missing != 2 {
		t.Errorf("%q, %d missing", out.String(), missing)
	}
}

// TestMergeOfMuch: what waits for a message of another CPU may be more than is
// read at once, and a text may be longer than what is written at once; once the
// memory is there, no more is taken.
func TestMergeOfMuch(t *testing.T) {
	var out strings.Builder
	m := newMerger(2, into(&out))
	long := strings.Repeat("x", 2*writeSize)
	var want strings.Builder
	want.WriteString("first\n" + long)
	add(m, 1, message(1, long))
	for i := range uint32(100_000) {
		text := fmt.Sprintln(i)
		want.WriteString(text)
		add(m, 1, message(i+2, text))
	}
	m.deliver()
	if out.Len() > 0 {
		t.Errorf("%d bytes before the first message", out.Len())
	}
	add(m, 0, message(0, "first\n"))
	m.deliver()
	if out.String() != want.String() {
		t.Errorf("%d bytes, want %d", out.Len(), want.Len())
	}
	m.put = into(io.Discard)
	next := message(m.next, "more\n")
	if n := testing.AllocsPerRun(100_000, func() {
		binary.NativeEndian.PutUint32(next[4:], m.next)
		add(m, 1, next)
		m.deliver()
	}); n > 0 {
		t.Errorf("%v allocations for a message", n)
	}
}

func BenchmarkMerge(b *testing.B) {
	m := newMerger(1, into(io.Discard))
	data := message(0, "calls 123 1700000000000000000\n")
	b.SetBytes(int64(len(data)))
	for i := range uint32(b.N) {
		binary.NativeEndian.PutUint32(data[4:], i)
		add(m, 0, data)
		if i%1000 == 0 {
			m.deliver()
		}
	}
}

// TestMergePassesGaps: C482, R517: in the middle of a session the messages that are there
// come first, by number, and then those that follow without a gap.
func TestMergePassesGaps(t *testing.T) {
	for _, first := range []uint32{0, 1000, math.MaxUint32 - 3} {
		var out strings.Builder
		m := newMerger(2, into(&out))
		add(m, 0, message(first+2, "c"))
		add(m, 1, message(first, "a"))
		add(m, 1, message(first+5, "f")) // printed since
		m.passGaps(first + 4)
		if out.String() != "ac" {
			t.Errorf("from %d: %q", first, out.String())
		}
		add(m, 0, message(first+4, "e"))
		m.deliver()
		add(m, 0, message(first+6, "g"))
		if missing := m.finish(); out.String() != "acefg" || missing != 0 {
			t.Errorf("from %d: %q, %d missing", first, out.String(), missing)
		}
	}
	var out strings.Builder
	m := newMerger(1, into(&out))
	add(m, 0, message(7, "x"))
	m.passGaps(7)
	if missing := m.finish(); out.String() != "x" || missing != 0 {
		t.Errorf("%q, %d missing", out.String(), missing)
	}
}
