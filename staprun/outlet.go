package staprun

import (
	"io"
	"os"
	"slices"
	"sort"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// This file lets a session go on while who reads its output does not. Text is
// queued and written by a goroutine. When the queue is full the session leaves
// what comes in the module's buffers, where what finds no room is counted; at
// the end it waits for a reader that stands still for as long as stallPatience,
// and what is left then is lost, and counted in messages.

const (
	// queueLimit is how many bytes may wait to be written; the session looks before
	// it reads, so what it reads at once comes on top.
	queueLimit = 4 << 20
	// spares is how many pieces' memory is kept for the next ones.
	spares = 4
	// stallPatience is how long a session that has ended waits while nothing can
	// be written.
	stallPatience = 5 * time.Second
)

// piece is some text for one file. Where messages end in it is said, so that it
// is known which of them have been written. Without text, the files of the
// output take turns.
type piece struct {
	to   io.Writer
	text []byte
	ends []int
}

// outlet is a queue of text to be written.
type outlet struct {
	room   func()       // is called when a queue that was full has room
	rotate func() error // has the files take turns

	mutex     sync.Mutex
	changed   *sync.Cond
	queue     []piece
	current   *piece // being written
	spare     []piece
	queued    int // bytes that wait
	full      bool
	closed    bool
	delivered int       // messages
	bytes     int       // of them
	lost      int       // messages
	progress  time.Time // when something was last written, or put where nothing was
	err       error     // of the first write that failed: from then on everything is lost
}

func newOutlet(room func(), rotate func() error) *outlet {
	o := &outlet{room: room, rotate: rotate, progress: time.Now()}
	o.changed = sync.NewCond(&o.mutex)
	go o.work()
	return o
}

// put queues text, which is the outlet's from now on. It gives memory for more.
func (o *outlet) put(to io.Writer, text []byte, ends []int) (spareText []byte, spareEnds []int) {
	o.add(piece{to, text, ends})
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if n := len(o.spare); n > 0 {
		p := o.spare[n-1]
		o.spare = o.spare[:n-1]
		return p.text[:0], p.ends[:0]
	}
	return nil, nil
}

// turn has the files take turns once what was put before is written.
func (o *outlet) turn() { o.add(piece{}) }

func (o *outlet) add(p piece) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.err != nil || o.closed {
		o.lost += len(p.ends)
		return
	}
	if o.idle() {
		o.progress = time.Now()
	}
	o.queue = append(o.queue, p)
	o.queued += len(p.text)
	o.full = o.full || o.queued >= queueLimit
	o.changed.Broadcast()
}

func (o *outlet) idle() bool { return len(o.queue) == 0 && o.current == nil }

// work writes what is put until the outlet is closed.
func (o *outlet) work() {
	for {
		p, ok := o.next()
		if !ok {
			return
		}
		var n int
		var err error
		if p.to == nil {
			err = o.rotate()
		} else {
			n, err = p.to.Write(p.text)
		}
		o.written(n, err)
	}
}

// next waits for a piece to write.
func (o *outlet) next() (piece, bool) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for len(o.queue) == 0 && !o.closed {
		o.changed.Wait()
	}
	if o.closed {
		return piece{}, false
	}
	first := o.queue[0]
	o.queue = slices.Delete(o.queue, 0, 1)
	o.current = &first
	return first, true
}

// written takes in what became of the current piece. After an error nothing
// more is written: what waits and what comes is lost.
func (o *outlet) written(n int, err error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	p := o.current
	o.current = nil
	if o.err != nil || o.closed && p == nil {
		return
	}
	done := sort.SearchInts(p.ends, n+1)
	o.delivered += done
	if done > 0 {
		o.bytes += p.ends[done-1]
	}
	o.lost += len(p.ends) - done
	o.queued -= len(p.text)
	o.progress = time.Now()
	o.err = err
	if cap(p.text) > 0 && len(p.ends) > 0 && len(o.spare) < spares {
		o.spare = append(o.spare, *p)
	}
	if err != nil {
		o.drop()
	}
	if o.full && o.queued <= queueLimit/2 {
		o.full = false
		o.room()
	}
	o.changed.Broadcast()
}

// drop counts what waits as lost.
func (o *outlet) drop() {
	for _, p := range o.queue {
		o.lost += len(p.ends)
		o.queued -= len(p.text)
	}
	o.queue = nil
}

// isFull reports whether no more should be put for now.
func (o *outlet) isFull() bool {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.full
}

// isStalled reports whether what waits has waited that long without any of it
// being written.
func (o *outlet) isStalled(patience time.Duration) bool {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return !o.idle() && time.Since(o.progress) >= patience
}

// state gives how many messages were written and how many were not, and the
// error of the first write that failed.
func (o *outlet) state() (delivered, lost int, err error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.delivered, o.lost, o.err
}

// count gives what was written as messages and bytes.
func (o *outlet) count() outputCount {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return outputCount{uint64(o.delivered), uint64(o.bytes)}
}

// settle waits until all is written, or until nothing has been for as long as
// patience, which it reports by false.
func (o *outlet) settle(patience time.Duration) bool {
	alarm := time.AfterFunc(patience, o.changed.Broadcast)
	defer alarm.Stop()
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for !o.idle() {
		left := patience - time.Since(o.progress)
		if left <= 0 {
			return false
		}
		alarm.Reset(left + time.Millisecond)
		o.changed.Wait()
	}
	return true
}

// close writes what is left, as long as somebody takes it; the rest is lost. A
// write that hangs is told to come back, to say how far it came.
func (o *outlet) close() {
	settled := o.settle(stallPatience)
	o.mutex.Lock()
	o.closed = true
	o.drop()
	hanging := o.current
	o.progress = time.Now()
	o.changed.Broadcast()
	o.mutex.Unlock()
	if settled || hanging == nil {
		return
	}
	if file, ok := hanging.to.(interface{ SetWriteDeadline(time.Time) error }); ok && file.SetWriteDeadline(time.Now()) == nil && o.settle(stallPatience) {
		return
	}
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.current == hanging {
		o.lost += len(hanging.ends)
		o.current = nil
	}
}

// interruptible gives a file whose writes can be called off, for one that may
// have a reader who stands still. It is opened anew, since that a file does not
// block holds for all processes that share it.
func interruptible(w io.Writer) io.Writer {
	file, ok := w.(*os.File)
	if !ok {
		return w
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeCharDevice) == 0 {
		return w
	}
	again, err := os.OpenFile("/proc/self/fd/"+strconv.Itoa(int(file.Fd())), os.O_WRONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return w
	}
	return again
}
