package wire

import (
	"encoding/binary"
	"io"
	"sync"
)

// Sender is the end of a stream that bytes go into. It is safe for one writer
// beside the reading loop, which calls Grant and Fail.
type Sender struct {
	port    *Port
	kind    Kind
	channel uint32

	mutex   sync.Mutex
	changed *sync.Cond
	credit  int
	err     error
}

// NewSender opens a stream of a channel for sending.
func NewSender(port *Port, kind Kind, channel uint32) *Sender {
	s := &Sender{port: port, kind: kind, channel: channel, credit: Window}
	s.changed = sync.NewCond(&s.mutex)
	return s
}

// Write sends p, waiting for credit where it must.
func (s *Sender) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		n, err := s.reserve(min(len(p)-written, MaxPayload))
		if err == nil {
			err = s.port.Send(s.kind, s.channel, p[written:written+n])
		}
		if err != nil {
			return written, err
		}
		written += n
	}
	return written, nil
}

// reserve takes up to want bytes of credit, waiting until there is some.
func (s *Sender) reserve(want int) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for s.credit == 0 && s.err == nil {
		s.changed.Wait()
	}
	if s.err != nil {
		return 0, s.err
	}
	n := min(want, s.credit)
	s.credit -= n
	return n, nil
}

// Grant gives back credit for n bytes that the receiver has handed on.
func (s *Sender) Grant(n int) {
	s.mutex.Lock()
	s.credit += n
	s.mutex.Unlock()
	s.changed.Broadcast()
}

// Fail makes this and every later Write return err.
func (s *Sender) Fail(err error) {
	s.mutex.Lock()
	if s.err == nil {
		s.err = err
	}
	s.mutex.Unlock()
	s.changed.Broadcast()
}

// Close tells the receiver that the stream has ended.
func (s *Sender) Close() error {
	s.mutex.Lock()
	err := s.err
	s.mutex.Unlock()
	if err != nil {
		return err
	}
	return s.port.Send(s.kind, s.channel, nil)
}

// Receiver is the end of a stream that bytes come out of. The reading loop
// calls Deliver, which never waits; one consumer calls WriteTo.
type Receiver struct {
	port    *Port
	kind    Kind
	channel uint32

	mutex   sync.Mutex
	changed *sync.Cond
	queue   [][]byte
	ended   bool
	err     error
}

// NewReceiver opens a stream of a channel for receiving.
func NewReceiver(port *Port, kind Kind, channel uint32) *Receiver {
	r := &Receiver{port: port, kind: kind, channel: channel}
	r.changed = sync.NewCond(&r.mutex)
	return r
}

// Deliver takes the payload of a frame of the stream; an empty one ends it.
func (r *Receiver) Deliver(payload []byte) {
	r.mutex.Lock()
	if len(payload) == 0 {
		r.ended = true
	} else {
		r.queue = append(r.queue, payload)
	}
	r.mutex.Unlock()
	r.changed.Broadcast()
}

// Fail ends the stream after what was delivered; WriteTo then returns err.
func (r *Receiver) Fail(err error) {
	r.mutex.Lock()
	if !r.ended {
		r.ended, r.err = true, err
	}
	r.mutex.Unlock()
	r.changed.Broadcast()
}

// WriteTo hands the stream to w until it ends. When w fails the rest is read
// and dropped, so that the sender never hangs, and w's error is returned.
func (r *Receiver) WriteTo(w io.Writer) (int64, error) {
	var total int64
	var failed error
	owed := 0
	for {
		payload, err := r.next()
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			if failed != nil {
				err = failed
			}
			return total, err
		}
		if failed == nil {
			n, err := w.Write(payload)
			total, failed = total+int64(n), err
		}
		if owed += len(payload); owed >= Window/4 {
			credit := binary.LittleEndian.AppendUint32([]byte{byte(r.kind)}, uint32(owed))
			if err := r.port.Send(Credit, r.channel, credit); err != nil {
				return total, err
			}
			owed = 0
		}
	}
}

func (r *Receiver) next() ([]byte, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for len(r.queue) == 0 && !r.ended {
		r.changed.Wait()
	}
	if len(r.queue) > 0 {
		payload := r.queue[0]
		r.queue = r.queue[1:]
		return payload, nil
	}
	if r.err != nil {
		return nil, r.err
	}
	return nil, io.EOF
}
