package staprun

import (
	"encoding/binary"
)

// messageHeader is the size of struct stap_message (runtime-c/stap/transport.c):
// the text's length and the message's number, both 32 bits.
const messageHeader = 8

// How many bytes are read from a CPU at once, at least, and written at once, at most.
const (
	readSize  = 128 << 10
	writeSize = 256 << 10
)

// merger puts the messages of all CPUs into one order. It copies a text once,
// from where it was read to where it is written from, and allocates nothing
// unless a message is long in coming that others wait for.
type merger struct {
	put  sink
	next uint32  // number of the message that is due
	cpus []queue // per CPU
	text []byte  // in order, not yet written
	ends []int   // where messages end in it
}

// sink takes text that is due, and where messages end in it. It gives memory of
// which no more use is made.
type sink func(text []byte, ends []int) (spareText []byte, spareEnds []int)

// queue is what was read from a CPU and is not yet delivered.
type queue struct {
	data []byte // begins with a header, may end inside a message
	all  []byte // the memory that data is in
}

func newMerger(cpus int, put sink) *merger {
	return &merger{put: put, cpus: make([]queue, cpus)}
}

// room gives where to read a CPU's bytes to, readSize of them or more.
func (m *merger) room(cpu int) []byte {
	q := &m.cpus[cpu]
	end := cap(q.all) - cap(q.data) + len(q.data)
	if cap(q.all)-end >= readSize {
		return q.all[end:cap(q.all)]
	}
	if cap(q.all)-len(q.data) < readSize {
		q.all = make([]byte, 2*(len(q.data)+readSize))
	}
	q.data = q.all[:copy(q.all, q.data)]
	return q.all[len(q.data):]
}

// add takes n bytes that were read to the room of a CPU; they may end inside a message.
func (m *merger) add(cpu, n int) {
	q := &m.cpus[cpu]
	q.data = q.data[:len(q.data)+n]
}

// head gives the number of the first message of a CPU, if it is there as a whole.
func (q *queue) head() (number uint32, ok bool) {
	if len(q.data) < messageHeader || len(q.data)-messageHeader < int(binary.NativeEndian.Uint32(q.data)) {
		return 0, false
	}
	return binary.NativeEndian.Uint32(q.data[4:]), true
}

// deliver writes what is due, in order.
func (m *merger) deliver() {
	for delivered := true; delivered; {
		delivered = false
		for cpu := range m.cpus {
			if m.run(&m.cpus[cpu]) {
				delivered = true
			}
		}
	}
	m.flush()
}

// run takes the messages of a CPU that are due one after the other; it reports
// whether there were any. All that is printed passes through its loop.
func (m *merger) run(q *queue) bool {
	data, text, ends, next := q.data, m.text, m.ends, m.next
	for len(data) >= messageHeader && binary.NativeEndian.Uint32(data[4:]) == next {
		length := int(binary.NativeEndian.Uint32(data))
		if length > len(data)-messageHeader {
			break
		}
		if length > cap(text)-len(text) {
			m.text, m.ends = text, ends
			m.flush()
			text, ends = m.makeRoom(length), m.ends
		}
		n := len(text)
		text = text[:n+length]
		copy(text[n:], data[messageHeader:])
		ends = append(ends, len(text))
		data = data[messageHeader+length:]
		next++
	}
	delivered := next != m.next
	q.data, m.text, m.ends, m.next = data, text, ends, next
	return delivered
}

// makeRoom makes the text's memory large enough for another length bytes.
func (m *merger) makeRoom(length int) []byte {
	if cap(m.text) < length {
		m.text = make([]byte, 0, max(length, writeSize))
	}
	return m.text
}

// finish writes what is left when no more will come, skipping over gaps, and
// gives the number of messages that were missing.
func (m *merger) finish() (missing int) {
	for {
		m.deliver()
		least, found := m.least()
		if !found {
			return missing
		}
		missing += int(least - m.next)
		m.next = least
	}
}

// passGaps begins to write in the middle of a session: of the messages with
// numbers below end those are there that ever will be.
func (m *merger) passGaps(end uint32) {
	m.next = end - 1<<31
	for {
		m.deliver()
		least, found := m.least()
		switch {
		case found && int32(least-end) < 0:
			m.next = least
		case int32(m.next-end) < 0:
			m.next = end
		default:
			return
		}
	}
}

// least gives the smallest number that is there.
func (m *merger) least() (least uint32, found bool) {
	for cpu := range m.cpus {
		if number, ok := m.cpus[cpu].head(); ok && (!found || number-m.next < least-m.next) {
			least, found = number, true
		}
	}
	return least, found
}

// flush writes the text.
func (m *merger) flush() {
	if len(m.ends) > 0 {
		m.text, m.ends = m.put(m.text, m.ends)
	}
}
