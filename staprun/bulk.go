package staprun

import (
	"bufio"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// This file is bulk mode, -b of stap: the messages of each CPU go to a file of
// its own as the module has them, header and text, and are put into one order
// later, by MergeFiles. staprun then has least to do.

// defaultBulkName is what the files' names begin with where -o names none.
const defaultBulkName = "stpd"

// bulk hands the messages of each CPU to its file.
type bulk struct {
	outlet *outlet
	files  []*Output // by CPU
	read   [][]byte  // by CPU: not yet handed over
}

func bulkName(name string) string {
	if name == "" {
		return defaultBulkName
	}
	return name
}

func openBulk(name string, rotation Rotation, cpus int) ([]*Output, error) {
	files := make([]*Output, cpus)
	for cpu := range files {
		file, err := OpenOutput(fmt.Sprintf("%s_cpu%d", bulkName(name), cpu), rotation)
		if err != nil {
			return nil, err
		}
		files[cpu] = file
	}
	return files, nil
}

// turnAll goes on with the next one of all files.
func turnAll(files []*Output) error {
	for _, file := range files {
		if err := file.Turn(); err != nil {
			return err
		}
	}
	return nil
}

// room gives where to read a CPU's bytes to.
func (b *bulk) room(cpu int) []byte {
	b.read[cpu] = slices.Grow(b.read[cpu], readSize)
	return b.read[cpu][len(b.read[cpu]):cap(b.read[cpu])]
}

// add hands over the whole messages; the rest waits for its end.
func (b *bulk) add(cpu, n int) {
	data := b.read[cpu][:len(b.read[cpu])+n]
	b.read[cpu] = data
	if ends := messageEnds(data); len(ends) > 0 {
		whole := ends[len(ends)-1]
		rest := slices.Clone(data[whole:])
		spare, _ := b.outlet.put(b.files[cpu], data[:whole], ends)
		b.read[cpu] = append(spare, rest...)
	}
}

// messageEnds tells where each whole message ends.
func messageEnds(data []byte) (ends []int) {
	for at := 0; at+messageHeader <= len(data); {
		at += messageHeader + int(binary.NativeEndian.Uint32(data[at:]))
		if at <= len(data) {
			ends = append(ends, at)
		}
	}
	return ends
}

func (b *bulk) deliver()              {}
func (b *bulk) passGaps(_ uint32)     {}
func (b *bulk) finish() (missing int) { return 0 }

// longestMessage is more than a module's message can have; what claims to be
// longer is no message.
const longestMessage = 16 << 20

// bulkFile is a file of bulk mode on its way through the merge.
type bulkFile struct {
	name   string
	reader *bufio.Reader
	number uint32 // of the message that is next
	text   []byte
}

// advance reads the next message; io.EOF when there is none. The end of a file
// may be missing: its session was killed, or the disk was full.
func (f *bulkFile) advance() error {
	var header [messageHeader]byte
	if _, err := io.ReadFull(f.reader, header[:]); err != nil {
		return atEnd(err)
	}
	length := binary.NativeEndian.Uint32(header[:])
	if length > longestMessage {
		return &UserError{Message: f.name + ": this is not a file of stap -b"}
	}
	if cap(f.text) < int(length) {
		f.text = make([]byte, length)
	}
	f.number, f.text = binary.NativeEndian.Uint32(header[4:]), f.text[:length]
	_, err := io.ReadFull(f.reader, f.text)
	return atEnd(err)
}

func atEnd(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return err
}

// bulkHeap has the file with the least number first. Numbers begin anew after
// the greatest one.
type bulkHeap []*bulkFile

func (h bulkHeap) Len() int           { return len(h) }
func (h bulkHeap) Less(i, j int) bool { return int32(h[i].number-h[j].number) < 0 }
func (h bulkHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *bulkHeap) Push(file any)     { *h = append(*h, file.(*bulkFile)) }
func (h *bulkHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// MergeFiles writes the messages of the files that stap -b made, in the order
// in which they were printed. It gives how many are missing in between: those
// of a CPU whose file is not among these, or that were lost with its end.
func MergeFiles(out io.Writer, names []string) (missing int, err error) {
	var files bulkHeap
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			return 0, &UserError{Message: fmt.Sprintf("cannot read %s: %v", name, rootCause(err)), Cause: err}
		}
		defer file.Close()
		bulk := &bulkFile{name: name, reader: bufio.NewReaderSize(file, 256<<10)}
		if err := bulk.advance(); err == nil {
			files = append(files, bulk)
		} else if !errors.Is(err, io.EOF) {
			return 0, bulkError(name, err)
		}
	}
	heap.Init(&files)
	writer := bufio.NewWriterSize(out, 256<<10)
	for first, next := true, uint32(0); len(files) > 0; first = false {
		file := files[0]
		if gap := file.number - next; !first {
			missing += int(gap)
		}
		next = file.number + 1
		if _, err := writer.Write(file.text); err != nil {
			return missing, err
		}
		switch err := file.advance(); {
		case err == nil:
			heap.Fix(&files, 0)
		case errors.Is(err, io.EOF):
			heap.Pop(&files)
		default:
			return missing, bulkError(file.name, err)
		}
	}
	return missing, writer.Flush()
}

func bulkError(name string, err error) error {
	var user *UserError
	if errors.As(err, &user) {
		return err
	}
	return &UserError{Message: fmt.Sprintf("cannot read %s: %v", name, rootCause(err)), Cause: err}
}
