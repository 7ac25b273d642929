package buildid

import (
	"encoding/binary"
	"testing"
)

// note makes a note of a type under a name.
func note(name string, kind uint32, contents string) []byte {
	data := binary.LittleEndian.AppendUint32(nil, uint32(len(name)+1))
	data = binary.LittleEndian.AppendUint32(data, uint32(len(contents)))
	data = binary.LittleEndian.AppendUint32(data, kind)
	for _, part := range []string{name + "\x00", contents} {
		data = append(data, part...)
		for len(data)%4 != 0 {
			data = append(data, 0)
		}
	}
	return data
}

func TestInNotes(t *testing.T) {
	id := note("GNU", 3, "\x01\x02\xff")
	for name, test := range map[string]struct {
		notes []byte
		want  string
	}{
		"alone":         {id, "0102ff"},
		"after others":  {append(append(note("Linux", 257, "\x00"), note("Xen", 6, "linux")...), id...), "0102ff"},
		"before others": {append(append([]byte{}, id...), note("Linux", 257, "\x00")...), "0102ff"},
		"none":          {note("Linux", 257, "\x00"), ""},
		"another name":  {note("GMU", 3, "\x01"), ""},
		"another type":  {note("GNU", 5, "\x01"), ""},
		"empty":         {nil, ""},
		"cut short":     {id[:len(id)-3], ""},
	} {
		if got := InNotes(test.notes, binary.LittleEndian); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func FuzzInNotes(f *testing.F) {
	f.Add(append(note("Linux", 257, "\x00"), note("GNU", 3, "\x01\x02")...))
	f.Fuzz(func(t *testing.T, notes []byte) {
		InNotes(notes, binary.LittleEndian)
		InNotes(notes, binary.BigEndian)
	})
}
