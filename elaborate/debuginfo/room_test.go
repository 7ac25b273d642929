package debuginfo_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gostap/gostap/elaborate/debuginfo"
)

// roomFixtures are for arm64: functions in them begin with eight bytes of room for a
// tracer, which DWARF does not count as theirs, but for room_none.
var roomFixtures = []string{"room-5", "room-relocatable-5"}

const room = 8

// roomLines are the functions with the line of their declaration, and their parameters.
var roomLines = map[string]struct {
	line       int
	parameters []string
}{
	"room_sum":    {13, []string{"room", "times"}},
	"room_none":   {23, []string{"size", "add"}},
	"room_static": {31, []string{"room", "more"}},
	"_start":      {37, nil},
}

// eachRoom runs a test on each function of these fixtures.
func eachRoom(t *testing.T, test func(t *testing.T, o *debuginfo.Object, c *debuginfo.Code)) {
	for _, name := range roomFixtures {
		o := open(t, name)
		codes, err := o.Functions(debuginfo.Match{})
		if err != nil {
			t.Fatal(err)
		}
		if len(codes) != len(roomLines) {
			t.Errorf("%s: %d functions", name, len(codes))
		}
		for _, c := range codes {
			t.Run(filepath.Join(name, c.Name), func(t *testing.T) { test(t, o, c) })
		}
	}
}

// TestRoomEntries: functions begin where their symbols are, and the room is theirs.
func TestRoomEntries(t *testing.T) {
	eachRoom(t, func(t *testing.T, o *debuginfo.Object, c *debuginfo.Code) {
		s := symbolAddresses(t, o)[c.Name]
		if c.Symbol != c.Name || s.Address != c.Entry || c.Exported != (c.Name != "room_static") {
			t.Errorf("it begins at %v with the symbol %q, that is at %v; exported=%v", c.Entry, c.Symbol, s.Address, c.Exported)
		}
		if len(c.Ranges) != 1 || c.Ranges[0] != (debuginfo.Range{Low: s.Address.Offset, High: s.Address.Offset + s.Size}) {
			t.Errorf("it is at %#x, its symbol at %#x with %d bytes", c.Ranges, s.Address.Offset, s.Size)
		}
		if c.File != "fs/room.c" || c.Line != roomLines[c.Name].line {
			t.Errorf("declared at %s:%d", c.File, c.Line)
		}
		for offset := uint64(0); offset < s.Size; offset++ {
			a := c.Entry
			a.Offset += offset
			if at, err := o.CodeAt(a); err != nil || at.Name != c.Name || at.Entry != c.Entry {
				t.Errorf("at %v is %v, %v", a, at, err)
			}
		}
		if keeps, err := o.KeepsConvention(c); err != nil || !keeps {
			t.Errorf("keeps the convention: %v, %v", keeps, err)
		}
	})
}

// TestRoomParameters: in the room parameters are where they are handed over.
func TestRoomParameters(t *testing.T) {
	eachRoom(t, func(t *testing.T, o *debuginfo.Object, c *debuginfo.Code) {
		for _, offset := range []uint64{0, 4} {
			at := c.Entry
			at.Offset += offset
			variables, err := o.Variables(c, at)
			if err != nil {
				t.Fatal(err)
			}
			var got, want []string
			for _, v := range variables {
				if !v.Parameter {
					continue
				}
				text := v.Name
				if l, err := o.Location(v, at); err != nil || len(l.Pieces) != 1 || l.Pieces[0].Kind != debuginfo.InRegister {
					text += fmt.Sprintf(" %+v %v", l, err)
				} else {
					text += fmt.Sprint(" in register ", l.Pieces[0].Register)
				}
				got = append(got, text)
			}
			for register, name := range roomLines[c.Name].parameters {
				want = append(want, fmt.Sprint(name, " in register ", register))
			}
			if c.Name == "room_none" && offset > 0 {
				continue // it has no room: the first has moved
			}
			compare(t, fmt.Sprintf("parameters %d bytes behind the entry", offset), got, want)
		}
	})
}

// TestRoomLines: the line of a function is that of its room, too; what has no room has
// its lines where they are.
func TestRoomLines(t *testing.T) {
	program := lineReader(t)
	for _, name := range roomFixtures {
		t.Run(name, func(t *testing.T) {
			o := open(t, name)
			table, err := o.LineTable()
			if err != nil {
				t.Fatal(err)
			}
			text := table.Parts[slices.IndexFunc(table.Parts, func(p debuginfo.LinePart) bool { return p.Address.Section == "" || p.Address.Section == ".text" })]
			begins := map[string]uint32{}
			for function := range roomLines {
				begins[function] = text.Position + uint32(symbolAddresses(t, o)[function].Address.Offset-text.Address.Offset)
			}
			lines := func(function string, from, to uint32) []string {
				t.Helper()
				var positions []uint32
				for at := from; at < to; at += 4 {
					positions = append(positions, begins[function]+at)
				}
				return lookUp(t, program, table.Data, positions)
			}
			for _, function := range []string{"room_sum", "room_static", "_start"} {
				behind := lines(function, room, room+4)[0]
				for _, line := range lines(function, 0, room) {
					if line != behind {
						t.Errorf("%s begins with %s, and behind the room with %s", function, line, behind)
					}
				}
			}
			compare(t, "room_none", lines("room_none", 0, 16), []string{"fs/room.c:24", "fs/room.c:24", "fs/room.c:27", "fs/room.c:25"})
		})
	}
}
