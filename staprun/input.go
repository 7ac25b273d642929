package staprun

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// This file brings what is typed to the script: probe input.char and input.line
// are files of the session's folder (tapsets/input.stp), which are there once the
// session has started. Each write to one is a hit: a character, a line.

// The names of these files.
const (
	charactersFile = "__stdin"
	linesFile      = "__stdin_line"
)

// input is standard input on its way to the script.
type input struct {
	characters, lines *os.File // nil where the script does not ask
	terminal          *unix.Termios
	from              *os.File
}

// openInput opens the files that the script has for input, and begins to copy;
// nil where it has none. A terminal gives characters as they are typed meanwhile.
func openInput(folder string, from io.Reader) *input {
	in := &input{}
	in.characters, _ = os.OpenFile(filepath.Join(folder, charactersFile), os.O_WRONLY, 0)
	in.lines, _ = os.OpenFile(filepath.Join(folder, linesFile), os.O_WRONLY, 0)
	if in.characters == nil && in.lines == nil {
		return nil
	}
	if from == nil {
		from = os.Stdin
	}
	if file, ok := from.(*os.File); ok && in.characters != nil {
		in.typing(file)
	}
	go in.copy(from)
	return in
}

// typing makes a terminal give each key at once, without showing it.
func (in *input) typing(file *os.File) {
	before, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	if err != nil { // no terminal
		return
	}
	during := *before
	during.Lflag &^= unix.ICANON | unix.ECHO
	during.Cc[unix.VMIN], during.Cc[unix.VTIME] = 1, 0
	if unix.IoctlSetTermios(int(file.Fd()), unix.TCSETS, &during) == nil {
		in.from, in.terminal = file, before
	}
}

// copy writes until the input ends or the session does: its files refuse then.
func (in *input) copy(from io.Reader) {
	reader := bufio.NewReader(from)
	var line []byte
	for {
		b, err := reader.ReadByte()
		switch {
		case err != nil && len(line) > 0:
			put(in.lines, line)
			return
		case err != nil:
			return
		}
		if !put(in.characters, []byte{b}) {
			return
		}
		if in.lines == nil {
			continue
		}
		if b != '\n' {
			line = append(line, b)
			continue
		}
		if !put(in.lines, line) {
			return
		}
		line = line[:0]
	}
}

// put writes a text as one, an empty one too, and reports whether the file takes
// more.
func put(file *os.File, text []byte) bool {
	if file == nil {
		return true
	}
	for {
		_, err := unix.Write(int(file.Fd()), text)
		if !errors.Is(err, unix.EINTR) {
			return err == nil
		}
	}
}

// close gives the terminal back as it was. Whoever waits for the rest of the input
// stays there, and finds the files closed.
func (in *input) close() {
	if in == nil {
		return
	}
	if in.terminal != nil {
		_ = unix.IoctlSetTermios(int(in.from.Fd()), unix.TCSETS, in.terminal)
	}
	for _, file := range []*os.File{in.characters, in.lines} {
		if file != nil {
			file.Close()
		}
	}
}
