package staprun

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Rotation says how the files of -o take turns.
type Rotation struct {
	MB   int // a file is full with so many; 0: it never is
	Keep int // how many files are kept; 0: all
}

// Output is a file, or several that take turns, made of a name in which % and a
// letter stand for parts of the time at which the file is begun (FormatTime):
//
//	NAME                          without rotation
//	NAME, NAME.1, NAME.2 …        without rotation, when told to turn
//	NAME.0, NAME.1, NAME.2 …      with rotation
//
// A text that is written is in one file.
type Output struct {
	name     string
	rotation Rotation
	number   int
	file     *os.File
	size     int64
	begun    []string // files that are kept
}

// OpenOutput makes the first file.
func OpenOutput(name string, rotation Rotation) (*Output, error) {
	o := &Output{name: name, rotation: rotation}
	if err := o.begin(); err != nil {
		return nil, &UserError{Message: fmt.Sprintf("cannot write the output to %s: %v", name, rootCause(err)), Cause: err}
	}
	return o, nil
}

// begin opens the file whose turn it is. What the name was before loses its content.
func (o *Output) begin() error {
	name := FormatTime(o.name, time.Now())
	if o.rotation.MB > 0 || o.number > 0 {
		name = fmt.Sprintf("%s.%d", name, o.number)
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	o.file, o.size = file, 0
	o.begun = append(o.begun, name)
	return nil
}

// Turn goes on with the next file, and removes the oldest if there are too many.
func (o *Output) Turn() error {
	err := o.file.Close()
	o.number++
	if err := errors.Join(err, o.begin()); err != nil {
		return err
	}
	for o.rotation.Keep > 0 && len(o.begun) > o.rotation.Keep {
		if err := os.Remove(o.begun[0]); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		o.begun = o.begun[1:]
	}
	return nil
}

// Write puts the text into the current file, or into the next one if it would
// grow beyond its size.
func (o *Output) Write(text []byte) (int, error) {
	if limit := int64(o.rotation.MB) << 20; limit > 0 && o.size > 0 && o.size+int64(len(text)) > limit {
		if err := o.Turn(); err != nil {
			return 0, err
		}
	}
	n, err := o.file.Write(text)
	o.size += int64(n)
	return n, err
}

// SetWriteDeadline ends a write that waits, where the file is one that can.
func (o *Output) SetWriteDeadline(t time.Time) error { return o.file.SetWriteDeadline(t) }

// Close closes the current file.
func (o *Output) Close() error { return o.file.Close() }

// ParseRotation reads -S: SIZE in MB, or SIZE,N to keep N files.
func ParseRotation(text string) (Rotation, error) {
	size, keep, hasKeep := strings.Cut(text, ",")
	var r Rotation
	var err error
	if r.MB, err = strconv.Atoi(size); err == nil && hasKeep {
		r.Keep, err = strconv.Atoi(keep)
	}
	if err != nil || r.MB < 1 || r.MB > 1<<20 || hasKeep && r.Keep < 1 {
		return Rotation{}, &UserError{Message: fmt.Sprintf("-S takes the size of a file in MB, or SIZE,N to keep N files, not '%s'", text)}
	}
	return r, nil
}
