package debuginfo

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"
)

// This file finds the canonical frame address (CFA): what the stack pointer was
// before the call that led into a function. .debug_frame and .eh_frame tell it of
// every instruction: an entry (FDE) for the code of a function, whose rows are
// programmed as changes of the row before (DWARF 5, 6.4). Of these programs only
// the one that is asked for is run, and only what it says of the CFA is kept.

// callFrameAddress is a register and an offset, or an expression.
type callFrameAddress struct {
	register   int
	offset     int64
	expression []byte // nil without one
}

// frameTable is one section of frames.
type frameTable struct {
	data        []byte
	order       binary.ByteOrder
	addressSize int
	exception   bool   // .eh_frame
	address     uint64 // of that section
	ranges      []frameRange
}

// frameRange is the code that an entry is about.
type frameRange struct {
	Range
	entry, common int // offsets of an FDE's program and its CIE
	end           int
}

// commonFrame is a CIE: what the frames of many functions have in common.
type commonFrame struct {
	codeFactor uint64
	dataFactor int64
	encoding   byte // of addresses
	augmented  bool // entries have a block of data that can be skipped
	program    []byte
}

var (
	errNoFrame = errors.New("DWARF: nothing says where the frame of the function is")
	errFrames  = errors.New("DWARF: the section of frames is damaged")
)

// newFrameTable notes where the entries of a section are. exception is whether it
// is an .eh_frame, which is loaded at an address.
func newFrameTable(data []byte, order binary.ByteOrder, addressSize int, exception bool, address uint64) (*frameTable, error) {
	t := &frameTable{data: data, order: order, addressSize: addressSize, exception: exception, address: address}
	commons := map[int]commonFrame{}
	r := &reader{data: data, order: order}
	for r.at < len(data) {
		start := r.at
		length, offsetSize := r.length()
		if length == 0 {
			continue
		}
		body := r.at
		if r.short || length > uint64(len(data)-body) {
			return nil, errFrames
		}
		end := body + int(length)
		common, isCommon := t.commonOf(r, body, offsetSize)
		if isCommon {
			r.at = end
			continue
		}
		c, known := commons[common]
		if !known {
			var err error
			if c, err = t.commonFrame(common); err != nil {
				return nil, fmt.Errorf("%w (entry at %#x)", err, start)
			}
			commons[common] = c
		}
		low := t.encoded(r, c.encoding)
		size := t.encoded(r, c.encoding&0x0f)
		if c.augmented {
			r.next(r.uleb())
		}
		if r.short || r.at > end {
			return nil, errFrames
		}
		if size > 0 && low+size > low {
			t.ranges = append(t.ranges, frameRange{Range{low, low + size}, r.at, common, end})
		}
		r.at = end
	}
	slices.SortStableFunc(t.ranges, func(a, b frameRange) int { return cmp.Compare(a.Low, b.Low) })
	return t, nil
}

// commonOf reads which CIE an entry belongs to, by its offset, or that it is one.
func (t *frameTable) commonOf(r *reader, body, offsetSize int) (offset int, isCommon bool) {
	n := r.unsigned(offsetSize)
	if t.exception {
		if n == 0 {
			return 0, true
		}
		return body - int(int32(n)), false
	}
	if offsetSize == 4 && n == 0xffffffff || offsetSize == 8 && n == 1<<64-1 {
		return 0, true
	}
	return int(min(n, uint64(len(t.data)))), false
}

// commonFrame reads a CIE.
func (t *frameTable) commonFrame(offset int) (commonFrame, error) {
	if offset < 0 || offset >= len(t.data) {
		return commonFrame{}, errFrames
	}
	r := &reader{data: t.data, at: offset, order: t.order}
	length, offsetSize := r.length()
	if r.short || length > uint64(len(t.data)-r.at) {
		return commonFrame{}, errFrames
	}
	r.data = t.data[:r.at+int(length)]
	if _, isCommon := t.commonOf(r, r.at, offsetSize); !isCommon {
		return commonFrame{}, errFrames
	}
	version := r.unsigned(1)
	augmentation := string(r.text())
	if version >= 4 {
		r.next(2) // sizes of addresses and of segment selectors
	}
	c := commonFrame{codeFactor: r.uleb(), dataFactor: r.sleb()}
	if version == 1 {
		r.next(1) // the register of the return address
	} else {
		r.uleb()
	}
	switch {
	case augmentation == "":
	case augmentation[0] == 'z':
		c.augmented = true
		block := &reader{data: r.next(r.uleb()), order: t.order}
		t.augment(&c, augmentation[1:], block)
	default:
		return commonFrame{}, fmt.Errorf("DWARF: frames with the augmentation %q are not known", augmentation)
	}
	if r.short {
		return commonFrame{}, errFrames
	}
	c.program = r.data[r.at:]
	return c, nil
}

// augment reads what the letters of an augmentation announce.
func (t *frameTable) augment(c *commonFrame, letters string, r *reader) {
	for _, letter := range letters {
		switch letter {
		case 'R':
			c.encoding = byte(r.unsigned(1))
		case 'L':
			r.next(1)
		case 'P':
			t.encoded(r, byte(r.unsigned(1))&0x7f)
		case 'S', 'B':
		default: // the block's length is known, so what is in it may not be
			return
		}
	}
}

// encoded reads an address as .eh_frame encodes it (LSB, 10.6.1); 0 is as it is.
func (t *frameTable) encoded(r *reader, encoding byte) uint64 {
	const omitted, relative = 0xff, 0x10
	if encoding == omitted {
		return 0
	}
	at := t.address + uint64(r.at)
	n := uint64(0)
	switch encoding & 0x0f {
	case 0x00, 0x08:
		n = r.unsigned(t.addressSize)
	case 0x01:
		n = r.uleb()
	case 0x02:
		n = r.unsigned(2)
	case 0x03:
		n = r.unsigned(4)
	case 0x04, 0x0c:
		n = r.unsigned(8)
	case 0x09:
		n = uint64(r.sleb())
	case 0x0a:
		n = uint64(int16(r.unsigned(2)))
	case 0x0b:
		n = uint64(int32(r.unsigned(4)))
	default:
		r.short = true
	}
	switch encoding & 0x70 {
	case 0:
	case relative:
		n += at
	default:
		r.short = true
	}
	return n
}

// at tells what the CFA is at an instruction.
func (t *frameTable) at(address uint64) (callFrameAddress, error) {
	after := sort.Search(len(t.ranges), func(i int) bool { return t.ranges[i].Low > address })
	for i := after - 1; i >= 0; i-- {
		f := t.ranges[i]
		if address >= f.High {
			break
		}
		c, err := t.commonFrame(f.common)
		if err != nil {
			return callFrameAddress{}, err
		}
		p := frameProgram{common: c, order: t.order, addressSize: t.addressSize, location: f.Low, wanted: address}
		if err := p.run(c.program); err != nil {
			return callFrameAddress{}, err
		}
		if err := p.run(t.data[f.entry:f.end]); err != nil {
			return callFrameAddress{}, err
		}
		if !p.known {
			break
		}
		return p.row, nil
	}
	return callFrameAddress{}, errNoFrame
}

// frameProgram runs the instructions of an entry up to the wanted address.
type frameProgram struct {
	common      commonFrame
	order       binary.ByteOrder
	addressSize int
	location    uint64
	wanted      uint64
	row         callFrameAddress
	known       bool // the row
	remembered  []callFrameAddress
}

// Instructions of frames (DW_CFA_*) whose upper two bits are 0.
const (
	frameNop                = 0x00
	frameSetLocation        = 0x01
	frameAdvance1           = 0x02
	frameAdvance2           = 0x03
	frameAdvance4           = 0x04
	frameOffsetExtended     = 0x05
	frameRestoreExtended    = 0x06
	frameUndefined          = 0x07
	frameSameValue          = 0x08
	frameRegister           = 0x09
	frameRemember           = 0x0a
	frameRestore            = 0x0b
	frameCFA                = 0x0c
	frameCFARegister        = 0x0d
	frameCFAOffset          = 0x0e
	frameCFAExpression      = 0x0f
	frameExpression         = 0x10
	frameOffsetSigned       = 0x11
	frameCFASigned          = 0x12
	frameCFAOffsetSigned    = 0x13
	frameValueOffset        = 0x14
	frameValueOffsetSigned  = 0x15
	frameValueExpression    = 0x16
	frameAdvance8           = 0x1d
	frameReturnSignedWithPC = 0x2c // of arm64: that the return address is signed
	frameReturnSigned       = 0x2d // and GNU's of register windows
	frameArgumentsSize      = 0x2e
	frameNegativeOffset     = 0x2f
)

func (p *frameProgram) run(program []byte) error {
	r := &reader{data: program, order: p.order}
	for r.at < len(program) && p.location <= p.wanted {
		code := byte(r.unsigned(1))
		switch code >> 6 {
		case 1:
			p.advance(uint64(code & 0x3f))
		case 2:
			r.uleb()
		case 3:
		default:
			if err := p.step(code, r); err != nil {
				return err
			}
		}
		if r.short {
			return errFrames
		}
	}
	return nil
}

func (p *frameProgram) advance(n uint64) { p.location += n * p.common.codeFactor }

// step runs one instruction.
func (p *frameProgram) step(code byte, r *reader) error {
	switch code {
	case frameNop, frameReturnSigned, frameReturnSignedWithPC:
	case frameSetLocation:
		p.location = r.unsigned(p.addressSize)
	case frameAdvance1:
		p.advance(r.unsigned(1))
	case frameAdvance2:
		p.advance(r.unsigned(2))
	case frameAdvance4:
		p.advance(r.unsigned(4))
	case frameAdvance8:
		p.advance(r.unsigned(8))
	case frameRestoreExtended, frameUndefined, frameSameValue, frameArgumentsSize:
		r.uleb()
	case frameOffsetExtended, frameRegister, frameOffsetSigned, frameValueOffset, frameValueOffsetSigned, frameNegativeOffset:
		r.uleb()
		r.uleb()
	case frameExpression, frameValueExpression:
		r.uleb()
		r.next(r.uleb())
	case frameRemember:
		p.remembered = append(p.remembered, p.row)
	case frameRestore:
		last := len(p.remembered) - 1
		if last < 0 {
			return errFrames
		}
		p.row, p.remembered = p.remembered[last], p.remembered[:last]
	default:
		return p.define(code, r)
	}
	return nil
}

// define runs an instruction that says what the CFA is.
func (p *frameProgram) define(code byte, r *reader) error {
	var err error
	switch code {
	case frameCFA, frameCFASigned:
		p.row = callFrameAddress{}
		if p.row.register, err = registerNumber(r.uleb()); err != nil {
			return err
		}
		if code == frameCFA {
			p.row.offset = int64(r.uleb())
		} else {
			p.row.offset = r.sleb() * p.common.dataFactor
		}
	case frameCFARegister:
		p.row.expression = nil
		p.row.register, err = registerNumber(r.uleb())
	case frameCFAOffset:
		p.row.offset = int64(r.uleb())
	case frameCFAOffsetSigned:
		p.row.offset = r.sleb() * p.common.dataFactor
	case frameCFAExpression:
		p.row = callFrameAddress{expression: r.next(r.uleb())}
	default:
		return fmt.Errorf("DWARF: unknown instruction %#x of frames", code)
	}
	p.known = true
	return err
}
