package debuginfo

import (
	"bytes"
	"encoding/binary"
)

// reader reads the numbers of DWARF one after the other. Behind the end of its
// data there are zeros, and short is set.
type reader struct {
	data  []byte
	at    int
	order binary.ByteOrder
	short bool
}

// next gives n bytes, or nil if there are not as many.
func (r *reader) next(n uint64) []byte {
	if n > uint64(len(r.data)-r.at) {
		r.short = true
		r.at = len(r.data)
		return nil
	}
	b := r.data[r.at : r.at+int(n) : r.at+int(n)]
	r.at += int(n)
	return b
}

// unsigned gives a number of so many bytes, 1 to 8.
func (r *reader) unsigned(size int) uint64 {
	b := r.next(uint64(size))
	if b == nil {
		return 0
	}
	switch size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(r.order.Uint16(b))
	case 4:
		return uint64(r.order.Uint32(b))
	case 8:
		return r.order.Uint64(b)
	}
	n := uint64(0)
	for i := range b {
		if r.order == binary.ByteOrder(binary.BigEndian) {
			n = n<<8 | uint64(b[i])
		} else {
			n |= uint64(b[i]) << (8 * i)
		}
	}
	return n
}

// uleb gives an unsigned LEB128 number; bits beyond 64 are dropped.
func (r *reader) uleb() uint64 {
	n, shift := uint64(0), 0
	for r.at < len(r.data) {
		b := r.data[r.at]
		r.at++
		if shift < 64 {
			n |= uint64(b&0x7f) << shift
		}
		shift += 7
		if b < 0x80 {
			return n
		}
	}
	r.short = true
	return 0
}

// sleb gives a signed LEB128 number.
func (r *reader) sleb() int64 {
	n, shift := int64(0), 0
	for r.at < len(r.data) {
		b := r.data[r.at]
		r.at++
		if shift < 64 {
			n |= int64(b&0x7f) << shift
		}
		shift += 7
		if b < 0x80 {
			if shift < 64 && b&0x40 != 0 {
				n |= -1 << shift
			}
			return n
		}
	}
	r.short = true
	return 0
}

// text gives a string that ends with a zero byte.
func (r *reader) text() []byte {
	n := bytes.IndexByte(r.data[r.at:], 0)
	if n < 0 {
		r.short = true
		r.at = len(r.data)
		return nil
	}
	b := r.data[r.at : r.at+n]
	r.at += n + 1
	return b
}

// length gives the length that begins a unit, which also tells the size of the
// offsets in it: 4, or 8 in 64-bit DWARF.
func (r *reader) length() (length uint64, offsetSize int) {
	const is64 = 0xffffffff
	if length = r.unsigned(4); length != is64 {
		return length, 4
	}
	return r.unsigned(8), 8
}

// textAt gives the string at an offset of a section; nil if there is none.
func textAt(section []byte, offset uint64) []byte {
	if offset >= uint64(len(section)) {
		return nil
	}
	text := section[offset:]
	n := bytes.IndexByte(text, 0)
	if n < 0 {
		return nil
	}
	return text[:n]
}
