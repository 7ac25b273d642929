package staprun

import (
	"encoding/binary"
	"io"
)

// messageHeader is the size of struct stap_message (runtime-c/stap/transport.c):
// the text's length and the message's number, both 32 bits.
const messageHeader = 8

// merger puts the messages of all CPUs into one order.
type merger struct {
	out  io.Writer
	next uint32   // number of the message that is due
	cpus [][]byte // per CPU: read, not yet delivered; begins with a header
	err  error    // of out: from then on everything is dropped
}

func newMerger(cpus int, out io.Writer) *merger {
	return &merger{out: out, cpus: make([][]byte, cpus)}
}

// add takes bytes read from a CPU's buffer; they may end inside a message.
func (m *merger) add(cpu int, data []byte) { m.cpus[cpu] = append(m.cpus[cpu], data...) }

// head gives the first message of a CPU, if it is there as a whole.
func (m *merger) head(cpu int) (number uint32, text []byte, ok bool) {
	data := m.cpus[cpu]
	if len(data) < messageHeader {
		return 0, nil, false
	}
	end := messageHeader + int(binary.NativeEndian.Uint32(data))
	if len(data) < end {
		return 0, nil, false
	}
	return binary.NativeEndian.Uint32(data[4:]), data[messageHeader:end], true
}

// deliver writes what is due, in order.
func (m *merger) deliver() {
	var batch []byte
	for delivered := true; delivered; {
		delivered = false
		for cpu := range m.cpus {
			for {
				number, text, ok := m.head(cpu)
				if !ok || number != m.next {
					break
				}
				batch = append(batch, text...)
				m.pop(cpu, text)
				m.next++
				delivered = true
			}
		}
	}
	m.write(batch)
}

// finish writes what is left when no more will come, skipping over gaps, and
// gives the number of messages that were missing.
func (m *merger) finish() (missing int) {
	for {
		m.deliver()
		least, found := uint32(0), false
		for cpu := range m.cpus {
			if number, _, ok := m.head(cpu); ok && (!found || number-m.next < least-m.next) {
				least, found = number, true
			}
		}
		if !found {
			return missing
		}
		missing += int(least - m.next)
		m.next = least
	}
}

func (m *merger) pop(cpu int, text []byte) {
	m.cpus[cpu] = m.cpus[cpu][messageHeader+len(text):]
	if len(m.cpus[cpu]) == 0 {
		m.cpus[cpu] = nil
	}
}

func (m *merger) write(batch []byte) {
	if m.err == nil && len(batch) > 0 {
		_, m.err = m.out.Write(batch)
	}
}
