package staprun

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// lines makes text of n messages.
func lines(n int) (text []byte, ends []int) {
	for i := range n {
		text = fmt.Appendf(text, "line %d\n", i)
		ends = append(ends, len(text))
	}
	return text, ends
}

func newTestOutlet(t *testing.T) (*outlet, chan bool) {
	t.Helper()
	room := make(chan bool, 100)
	return newOutlet(func() { room <- true }, func() error { return nil }), room
}

// TestOutlet: R513: what is put is written in order, and counted in messages.
func TestOutlet(t *testing.T) {
	o, _ := newTestOutlet(t)
	var first, second bytes.Buffer
	for range 100 {
		o.put(&first, []byte("ab"), []int{1, 2})
		o.put(&second, []byte("c"), []int{1})
	}
	o.close()
	delivered, lost, err := o.state()
	if first.String() != strings.Repeat("ab", 100) || second.String() != strings.Repeat("c", 100) || delivered != 300 || lost != 0 || err != nil {
		t.Errorf("%q, %q, %d delivered, %d lost, %v", first.String(), second.String(), delivered, lost, err)
	}
}

// TestOutletStalled: R513: a reader that takes a part and then stands still keeps
// nobody waiting for ever, and it is known how many messages it got.
func TestOutletStalled(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	o, room := newTestOutlet(t)
	out := interruptible(writer)
	const pieces, each = 40, 20000
	for range pieces {
		text, ends := lines(each)
		o.put(out, text, ends)
	}
	if !o.isFull() {
		t.Error("not full with what nobody reads")
	}
	got, err := io.ReadFull(reader, make([]byte, 7<<20))
	if err != nil {
		t.Fatal(err)
	}
	<-room
	if o.isFull() {
		t.Error("still full")
	}
	began := time.Now()
	o.close()
	if waited := time.Since(began); waited > 2*stallPatience+time.Second {
		t.Errorf("waited %v for a reader that stands still", waited)
	}
	writer.Close()
	out.(*os.File).Close()
	rest, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	whole := 0
	for text, _ := lines(each); got+len(rest) > whole*len(text); whole++ {
	}
	delivered, lost, _ := o.state()
	text, ends := lines(each)
	inLast := got + len(rest) - (whole-1)*len(text)
	want := (whole - 1) * each
	for _, end := range ends {
		if end <= inLast {
			want++
		}
	}
	if delivered != want || delivered+lost != pieces*each || lost == 0 {
		t.Errorf("%d delivered and %d lost of %d, want %d", delivered, lost, pieces*each, want)
	}
}

// fullDisk takes so many bytes.
type fullDisk struct{ room int }

var errFull = errors.New("full")

func (d *fullDisk) Write(text []byte) (int, error) {
	n := min(len(text), d.room)
	d.room -= n
	if n < len(text) {
		return n, errFull
	}
	return n, nil
}

// TestOutletFullDisk: R513: from the first error on everything is lost, but for the
// messages that went before.
func TestOutletFullDisk(t *testing.T) {
	o, _ := newTestOutlet(t)
	for range 3 {
		text, ends := lines(10) // 70 bytes
		o.put(&fullDisk{room: 75}, text, ends)
	}
	disk := &fullDisk{room: 75}
	for range 3 {
		text, ends := lines(10)
		o.put(disk, text, ends)
	}
	o.close()
	if delivered, lost, err := o.state(); delivered != 40 || lost != 20 || !errors.Is(err, errFull) {
		t.Errorf("%d delivered, %d lost, %v", delivered, lost, err)
	}
	o.put(io.Discard, []byte("x"), []int{1})
	if _, lost, _ := o.state(); lost != 21 {
		t.Errorf("%d lost after the end", lost)
	}
}
