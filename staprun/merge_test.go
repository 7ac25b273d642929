package staprun

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
)

func message(number uint32, text string) []byte {
	data := binary.NativeEndian.AppendUint32(nil, uint32(len(text)))
	return append(binary.NativeEndian.AppendUint32(data, number), text...)
}

// TestMerge: R512: messages come out by number, whatever CPU they are from and
// however they were cut by reading.
func TestMerge(t *testing.T) {
	var out strings.Builder
	m := newMerger(2, &out)
	m.add(1, append(message(1, "b"), message(2, "c")...))
	m.deliver()
	if out.Len() > 0 {
		t.Errorf("%q before the first message", out.String())
	}
	first := message(0, "a")
	m.add(0, first[:5])
	m.deliver()
	m.add(0, first[5:])
	m.add(0, message(3, "d"))
	m.deliver()
	if missing := m.finish(); out.String() != "abcd" || missing != 0 {
		t.Errorf("%q, %d missing", out.String(), missing)
	}
}

func TestMergeGapsAndWrapAround(t *testing.T) {
	var out strings.Builder
	m := newMerger(2, &out)
	m.next = math.MaxUint32
	m.add(0, message(math.MaxUint32, "a"))
	m.add(1, message(0, "b"))
	m.add(0, message(3, "c"))
	if missing := m.finish(); out.String() != "abc" || missing != 2 {
		t.Errorf("%q, %d missing", out.String(), missing)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestMergeKeepsTheFirstError(t *testing.T) {
	m := newMerger(1, fullDisk{})
	m.add(0, message(0, "a"))
	m.deliver()
	if m.err == nil {
		t.Error("the writer's error is lost")
	}
}
