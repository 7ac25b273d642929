package kernel

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// Filters of the .xz format, by their numbers in its specification.
const (
	filterX86   = 0x04
	filterLZMA2 = 0x21
)

// newXZReader unpacks the one block of an .xz file in memory. The kernel's
// build packs with the x86 filter before LZMA2, which the xz library that
// this package uses for LZMA2 does not know.
func newXZReader(file []byte) (io.Reader, error) {
	const streamHeader = 12
	if len(file) < streamHeader+8 {
		return nil, io.ErrUnexpectedEOF
	}
	block := file[streamHeader:]
	length := (int(block[0]) + 1) * 4
	if length > len(block) {
		return nil, io.ErrUnexpectedEOF
	}
	x86, dictionary, err := xzFilters(block[1 : length-4])
	if err != nil {
		return nil, err
	}
	reader, err := lzma.Reader2Config{DictCap: dictionary}.NewReader2(bytes.NewReader(block[length:]))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		return nil, err
	}
	if x86 {
		undoX86Filter(text)
	}
	return bytes.NewReader(text), nil
}

// xzFilters reads a block header from its flags on: whether the x86 filter is
// in use, and the size of LZMA2's dictionary.
func xzFilters(header []byte) (x86 bool, dictionary int, err error) {
	flags, rest := header[0], header[1:]
	number := func() uint64 {
		value, n := binary.Uvarint(rest)
		if n <= 0 {
			err = io.ErrUnexpectedEOF
			return 0
		}
		rest = rest[n:]
		return value
	}
	for _, size := range []byte{0x40, 0x80} {
		if flags&size != 0 {
			number()
		}
	}
	for range flags&3 + 1 {
		filter, properties := number(), number()
		if err != nil || properties > uint64(len(rest)) {
			return false, 0, io.ErrUnexpectedEOF
		}
		switch {
		case filter == filterX86 && properties == 0:
			x86 = true
		case filter == filterLZMA2 && properties == 1 && rest[0] < 40:
			dictionary = (2 | int(rest[0])&1) << (rest[0]/2 + 11)
		default:
			return false, 0, fmt.Errorf("xz filter %#x is not known here", filter)
		}
		rest = rest[properties:]
	}
	if dictionary == 0 {
		return false, 0, errors.New("xz without LZMA2")
	}
	return x86, dictionary, nil
}

// undoX86Filter makes the targets of calls and jumps (E8, E9) relative again,
// which the filter had made absolute, for all of a text that begins at 0. A
// target counts if its highest byte is 00 or FF; mask has a bit for each of
// the three bytes before that was an opcode and may make this one a target's.
func undoX86Filter(text []byte) {
	highest := func(b byte) bool { return b == 0 || b == 0xff }
	shift := [8]int{0, 1, 2, 2, 3, 3, 3, 3}
	allowed := [8]bool{0: true, 1: true, 2: true, 4: true}
	mask, previous := uint32(0), -1
	for i := 0; i < len(text)-4; i++ {
		if text[i]&0xfe != 0xe8 {
			continue
		}
		distance := i - previous
		previous = i
		if distance > 3 {
			mask = 0
		} else if mask = mask << (distance - 1) & 7; mask != 0 {
			if !allowed[mask] || highest(text[i+4-shift[mask]]) {
				mask = mask<<1 | 1
				continue
			}
		}
		if !highest(text[i+4]) {
			mask = mask<<1 | 1
			continue
		}
		target := binary.LittleEndian.Uint32(text[i+1:])
		for {
			relative := target - uint32(i) - 5
			bits := shift[mask&7] * 8
			if mask == 0 || !highest(byte(relative>>(24-bits))) {
				target = relative
				break
			}
			target = relative ^ (1<<(32-bits) - 1)
		}
		target &= 0x01ffffff
		target |= -(target & 0x01000000)
		binary.LittleEndian.PutUint32(text[i+1:], target)
		i += 4
	}
}
