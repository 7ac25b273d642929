package debuginfo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/go-delve/delve/pkg/dwarf/godwarf"
	"github.com/go-delve/delve/pkg/dwarf/leb128"
	"github.com/go-delve/delve/pkg/dwarf/loclist"
)

// listBuilder writes location lists.
type listBuilder struct{ bytes.Buffer }

func (b *listBuilder) word(n ...uint64) *listBuilder {
	for _, n := range n {
		_ = binary.Write(b, binary.LittleEndian, n)
	}
	return b
}

func (b *listBuilder) kind(kind byte, uleb ...uint64) *listBuilder {
	b.WriteByte(kind)
	for _, n := range uleb {
		leb128.EncodeUnsigned(b, n)
	}
	return b
}

// block writes an expression, its length first.
func (b *listBuilder) block(expression ...byte) *listBuilder {
	leb128.EncodeUnsigned(b, uint64(len(expression)))
	b.Write(expression)
	return b
}

func (b *listBuilder) block2(expression ...byte) *listBuilder {
	_ = binary.Write(b, binary.LittleEndian, uint16(len(expression)))
	b.Write(expression)
	return b
}

// version5 gives a section .debug_loclists and the offset of its list.
func version5() (section []byte, offset int, addresses []byte) {
	var b listBuilder
	b.Write([]byte{0, 0, 0, 0, 5, 0, 8, 0, 0, 0, 0, 0})
	offset = b.Len()
	b.kind(listOffsetPair, 0x10, 0x20).block(1)
	b.kind(listBase).word(0x9000)
	b.kind(listOffsetPair, 0x10, 0x20).block(2)
	b.kind(listOffsetPair, 0x30, 0x30).block(3)
	b.kind(listBasex, 1)
	b.kind(listOffsetPair, 0x10, 0x20).block(4)
	b.kind(listStartxEndx, 2, 3).block(5, 5)
	b.kind(listStartxLength, 3, 0x10).block(6)
	b.kind(listStartEnd).word(0xa000, 0xa010).block(7)
	b.kind(listStartLength).word(0xb000)
	b.kind(0x10).block(8) // the length, and the expression
	b.kind(listDefault).block(9)
	b.kind(listEnd)
	var table listBuilder
	table.word(0x1000, 0x2000, 0x3000, 0x3800)
	return b.Bytes(), offset, table.Bytes()
}

// TestLocationListsAgainstDelve: each kind of entry of .debug_loclists and
// .debug_loc holds where the debugger delve says that it does.
func TestLocationListsAgainstDelve(t *testing.T) {
	section, offset, addresses := version5()
	header := append([]byte{byte(4 + len(addresses)), 0, 0, 0, 5, 0, 8, 0}, addresses...)
	l := &listReader{section: section, format: testFormat, base: 0x4000, indexedAddress: func(index uint64) (uint64, error) {
		if index >= 4 {
			return 0, errors.New("no such address")
		}
		return binary.LittleEndian.Uint64(addresses[8*index:]), nil
	}}
	list, err := l.read(uint64(offset))
	if err != nil {
		t.Fatal(err)
	}
	delve := loclist.NewDwarf5Reader(section)
	table := godwarf.ParseAddr(header).GetSubsection(8)
	found := map[string]bool{}
	for address := uint64(0); address < 0xc000; address += 8 {
		want, err := delve.Find(offset, 0, 0x4000, address, table)
		if err != nil {
			t.Fatal(err)
		}
		if got := expressionAt(list, address); !bytes.Equal(got, want.Instr) {
			t.Errorf("%#x: % x, delve has % x", address, got, want.Instr)
		}
		found[string(want.Instr)] = true
	}
	if len(found) != 8 {
		t.Errorf("%d entries", len(found))
	}

	var old listBuilder
	old.word(0x10, 0x20).block2(1)
	old.word(0x20, 0x20).block2(2)
	old.word(1<<64-1, 0x9000)
	old.word(0x10, 0x20).block2(3, 3)
	old.word(0, 0)
	format := testFormat
	format.version = 4
	list, err = (&listReader{section: old.Bytes(), format: format, base: 0x4000}).read(0)
	if err != nil {
		t.Fatal(err)
	}
	want := []listedExpression{{Range: Range{0x4010, 0x4020}, expression: []byte{1}}, {Range: Range{0x9010, 0x9020}, expression: []byte{3, 3}}}
	if !reflect.DeepEqual(list, want) {
		t.Errorf("%+v", list)
	}
	before := loclist.NewDwarf2Reader(old.Bytes(), 8)
	for address := uint64(0); address < 0xc000; address += 8 {
		e, err := before.Find(0, 0, 0x4000, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := expressionAt(list, address); (e == nil) != (got == nil) || e != nil && !bytes.Equal(got, e.Instr) {
			t.Errorf("%#x: % x, delve has %+v", address, got, e)
		}
	}
}

// TestViews: entries that number what is visible at one address are passed over.
func TestViews(t *testing.T) {
	var b listBuilder
	b.kind(listViewPair, 1, 0).kind(listOffsetPair, 0, 8).block(1)
	b.kind(listViewPair, 2, 3).kind(listOffsetPair, 8, 8).block(2)
	b.kind(listEnd)
	list, err := (&listReader{section: b.Bytes(), format: testFormat}).read(0)
	if want := []listedExpression{{Range: Range{0, 8}, expression: []byte{1}}}; err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestDamagedLists: a list that is cut short, refers to what is not there or is of
// an unknown kind is an error.
func TestDamagedLists(t *testing.T) {
	for want, section := range map[string][]byte{
		"out of its section": {},
		"cut short":          {listStartEnd, 1, 2},
		"unknown kind":       {99},
		"no such address":    {listBasex, 5},
	} {
		l := &listReader{section: section, format: testFormat, indexedAddress: func(uint64) (uint64, error) { return 0, errors.New("no such address") }}
		if _, err := l.read(0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// FuzzLocationList: no list is a panic.
func FuzzLocationList(f *testing.F) {
	section, offset, _ := version5()
	f.Add(section[offset:], 5)
	f.Add(section, 4)
	f.Fuzz(func(t *testing.T, section []byte, version int) {
		format := testFormat
		format.version = version
		l := &listReader{section: section, format: format, indexedAddress: func(i uint64) (uint64, error) { return i, nil }}
		list, _ := l.read(0)
		expressionAt(list, 0x100)
	})
}
