package parse

import "fmt"

// Source is one piece of script text: a file, the text of -e, standard input
// or a library file.
type Source struct {
	Name    string // as messages show it; "<input>" for -e and standard input
	Text    []byte
	Library bool // from the tapset library: trusted as if in guru mode
	Folder  bool // of a library in a folder of the user's: its C may use any kernel header
}

// Position is a place in a script. It is carried from the tokens to the
// generated C, where it becomes a #line. The zero value is "no place".
type Position struct {
	Source *Source
	Offset int // bytes from the beginning of the source
	Line   int // from 1
	Column int // from 1, in bytes

	// Expansion is the use of a macro that the text comes out of: the position
	// says where it was written, this where it stands. nil is the common case.
	Expansion *Expansion
}

// Expansion is a use of a macro, "@name". Its own position has the next one,
// where a macro uses another.
type Expansion struct {
	Use Token
}

// IsValid reports whether the position names a place.
func (p Position) IsValid() bool { return p.Source != nil }

// String gives "file:line:column".
func (p Position) String() string {
	if !p.IsValid() {
		return "<no position>"
	}
	return fmt.Sprintf("%s:%d:%d", p.Source.Name, p.Line, p.Column)
}

// SourceLine gives the text of the line that the position is on, without its
// newline.
func (p Position) SourceLine() string {
	if !p.IsValid() {
		return ""
	}
	text := p.Source.Text
	begin, end := p.Offset, p.Offset
	begin = min(begin, len(text))
	end = min(end, len(text))
	for begin > 0 && text[begin-1] != '\n' {
		begin--
	}
	for end < len(text) && text[end] != '\n' {
		end++
	}
	return string(text[begin:end])
}
