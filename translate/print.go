package translate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// piece is a piece of a print with its values.
type piece struct {
	elaborate.Piece
	value, width, precision string
}

// pieces computes all values of a print.
func (b *body) pieces(x *elaborate.Print) []piece {
	var list []elaborate.Expression // all of them in order, with nil where there is none
	for _, p := range x.Pieces {
		list = append(list, p.Conversion.Width, p.Conversion.Precision, p.X)
	}
	pieces := make([]piece, len(x.Pieces))
	for i, p := range x.Pieces {
		values := [3]string{"-1", "-1", ""}
		for j := range values {
			if n := 3*i + j; list[n] != nil {
				values[j] = b.operand(list[n], list[n+1:]...)
			}
		}
		if p.Histogram != nil {
			values[2] = b.snapshot(p.Histogram, b.temporary("counts"))
		}
		pieces[i] = piece{p, values[2], values[0], values[1]}
	}
	return pieces
}

// print computes all values, then writes the pieces to out.
func (b *body) print(x *elaborate.Print, out string) {
	b.put(x, b.pieces(x), out)
}

func (b *body) put(x *elaborate.Print, pieces []piece, out string) {
	w := &writer{body: b, out: out}
	defer w.flush()
	for _, p := range pieces {
		if text, ok := p.constant(); ok {
			w.constant += text
			continue
		}
		if p.Histogram == nil && p.Conversion.Plain() && p.X.Type() != parse.String {
			w.number(p.value)
			continue
		}
		w.flush()
		switch {
		case p.Histogram != nil:
			b.printed[p.Histogram.Variable] = true
			b.emit("stap_put_histogram(%s, &histogram_%s, %s);", out, b.global(p.Histogram.Variable), p.value)
		case p.Conversion.Verb == 'Q':
			b.emit("stap_put_quoted_character(%s, %s);", out, p.value)
		case p.Conversion.Verb == 'q':
			b.emit("stap_put_quoted(c, %s, %s, %s);", out, p.value, p.precision)
			b.fails(x.Token)
		case p.Conversion.Plain():
			b.emit("stap_put_string(%s, %s);", out, p.value)
		default:
			format := fmt.Sprintf("(struct stap_format){ %s, %s, %s, '%c' }", flags(p.Conversion), p.width, p.precision, p.Conversion.Verb)
			switch {
			case dumpsMemory(p.Piece):
				b.emit("stap_put_memory(c, %s, %s, %s);", out, format, p.value)
				b.fails(x.Token)
			case p.X.Type() == parse.String:
				b.emit("stap_put_text(%s, %s, %s);", out, format, p.value)
			default:
				b.emit("stap_put_number(%s, %s, %s);", out, format, p.value)
			}
		}
	}
}

// writer collects numbers and constant text: to the relay buffer what is short
// is written without a check for each piece.
type writer struct {
	*body
	out      string
	constant string   // that is due
	writes   []string // due before it, in C
	room     []string // what they take
	size     int
}

// What STAP_ROOM and STAP_LONG_ROOM are in stap.h.
const (
	mostRoom   = 256
	numberRoom = 24
)

// relayed says that the output is the relay buffer, where room can always be had.
func (w *writer) relayed() bool { return w.out == "&c->out" }

func (w *writer) number(value string) {
	if !w.relayed() {
		w.text()
		w.emit("stap_put_long(%s, %s);", w.out, value)
		return
	}
	w.text()
	w.write(numberRoom, "STAP_LONG_ROOM", "stap_write_long(at, %s)", value)
}

// text writes the constant text.
func (w *writer) text() {
	text := w.constant
	w.constant = ""
	switch {
	case text == "":
	case w.relayed() && len(text) <= mostRoom:
		w.write(len(text), strconv.Itoa(len(text)), "stap_write(at, %s, %d)", quote(text), len(text))
	default:
		w.emitWrites()
		w.emit("stap_put_bytes(%s, %s, %d);", w.out, quote(text), len(text))
	}
}

func (w *writer) write(size int, room, format string, arguments ...any) {
	if w.size+size > mostRoom {
		w.emitWrites()
	}
	w.size += size
	w.room = append(w.room, room)
	w.writes = append(w.writes, fmt.Sprintf(format, arguments...))
}

func (w *writer) emitWrites() {
	if len(w.writes) == 0 {
		return
	}
	w.declare("char *at;")
	w.emit("at = stap_room(%s, %s);", w.out, strings.Join(w.room, " + "))
	for _, write := range w.writes {
		w.emit("at = %s;", write)
	}
	w.emit("c->out.at = at;")
	w.writes, w.room, w.size = nil, nil, 0
}

// flush writes all that is due.
func (w *writer) flush() {
	w.text()
	w.emitWrites()
}

// constant gives the text of a piece that is always the same.
func (p piece) constant() (string, bool) {
	if p.Histogram != nil {
		return "", false
	}
	if p.X == nil {
		return p.Text, true
	}
	text, ok := p.X.(*elaborate.Text)
	if !ok || !p.Conversion.Plain() {
		return "", false
	}
	return text.Value, true
}

func dumpsMemory(p elaborate.Piece) bool {
	return p.X != nil && (p.Conversion.Verb == 'm' || p.Conversion.Verb == 'M')
}

func flags(c elaborate.Conversion) string {
	names := map[byte]string{
		'-': "STAP_FORMAT_MINUS", '0': "STAP_FORMAT_ZERO", '+': "STAP_FORMAT_PLUS",
		' ': "STAP_FORMAT_SPACE", '#': "STAP_FORMAT_SHARP",
	}
	if name, ok := names[c.Flag]; ok {
		return name
	}
	return "0"
}

// sprint writes the pieces into a string.
func (b *body) sprint(x *elaborate.Print) string {
	if !x.ToString {
		b.print(x, "&c->out")
		return ""
	}
	pieces := b.pieces(x)
	t := b.text()
	b.putString(t, x, pieces)
	return t
}

// sprintTo writes the pieces to a variable, which one of them may be.
func (b *body) sprintTo(place string, x *elaborate.Print) {
	pieces := b.pieces(x)
	if slices.ContainsFunc(pieces, func(p piece) bool { return p.value == place }) {
		t := b.text()
		b.putString(t, x, pieces)
		b.emit("stap_string_copy(%s, %s);", place, t)
		return
	}
	b.putString(place, x, pieces)
}

func (b *body) putString(place string, x *elaborate.Print, pieces []piece) {
	out := b.output(place)
	b.emit("stap_output_string(&%s, %s);", out, place)
	b.put(x, pieces, "&"+out)
	b.emit("stap_output_finish(&%s);", out)
}

// output declares an output into a string.
func (b *body) output(place string) string {
	out := "out_" + strings.TrimPrefix(place, "frame->")
	b.declare("struct stap_output " + out + ";")
	return out
}

// printFails reports whether writing the pieces can end in an error, with what
// was written before left behind.
func printFails(x *elaborate.Print) bool {
	return slices.ContainsFunc(x.Pieces, func(p elaborate.Piece) bool { return dumpsMemory(p) || p.Conversion.Verb == 'q' })
}
