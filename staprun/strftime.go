package staprun

import (
	"fmt"
	"strings"
	"time"
)

// FormatTime puts the time into a file's name where % and a letter ask for a part
// of it, as strftime does. Other letters stay as they are.
func FormatTime(name string, t time.Time) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(name, "%")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if rest == "" {
			b.WriteByte('%')
			return b.String()
		}
		b.WriteString(timePart(rest[0], t))
		name = rest[1:]
	}
}

// timeLayouts are strftime's letters in Go's notation.
var timeLayouts = map[byte]string{
	'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'e': "_2", 'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM",
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'h': "Jan", 'B': "January", 'Z': "MST", 'z': "-0700",
	'F': "2006-01-02", 'D': "01/02/06", 'T': "15:04:05", 'R': "15:04", 'c': "Mon Jan _2 15:04:05 2006",
}

func timePart(letter byte, t time.Time) string {
	if layout, ok := timeLayouts[letter]; ok {
		return t.Format(layout)
	}
	switch letter {
	case '%':
		return "%"
	case 'j':
		return fmt.Sprintf("%03d", t.YearDay())
	case 's':
		return fmt.Sprint(t.Unix())
	}
	return "%" + string(letter)
}
