package debuginfo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// This file reads the symbols that a kernel keeps for itself out of its bare
// image, in which nothing says where they are (Linux, scripts/kallsyms.c and
// kernel/kallsyms.c). They are recognised by their own structure:
//
//	token index  256 numbers of 2 bytes: where each token begins in the token table
//	token table  256 texts with a NUL behind each
//	names        for each symbol the number of its tokens, then one byte for each;
//	             the tokens together are the kind of the symbol, as nm says it, and its name
//	markers      4 bytes for each 256 symbols: where they begin in the names
//	count        of symbols, 4 bytes
//	offsets      4 bytes for each symbol
//	base         8 bytes, to which the offsets are added
//
// Each of them begins at a multiple of 8. The count stands before the names, the
// markers behind them, the tokens' table and index further on. Offsets and base
// stand before the count or, in newer kernels, behind the index. What an offset
// means differs, too; symbols are sorted by address, and a reading that gives
// sorted addresses is the right one.

var errNoKallsyms = errors.New("the kernel's image has no symbols that can be read (CONFIG_KALLSYMS)")

// Kallsyms reads the symbols in an uncompressed kernel image, by address, as
// they have been linked. The image is in the byte order of its machine, which is
// little-endian.
func Kallsyms(image []byte) ([]Symbol, error) {
	for index := range tokenIndexes(image) {
		table, ok := findTokens(image, index)
		if !ok {
			continue
		}
		count, ok := findNames(image, table.begin)
		if !ok {
			continue
		}
		addresses, err := kallsymsAddresses(image, count, index)
		if err != nil {
			return nil, err
		}
		return table.symbols(image, count, addresses)
	}
	return nil, errNoKallsyms
}

const tokenCount = 256

// tokenIndexes gives the places of what looks like a token index.
func tokenIndexes(image []byte) func(yield func(at int) bool) {
	return func(yield func(at int) bool) {
		for at := 0; at+2*tokenCount <= len(image); at += 8 {
			if image[at] != 0 || image[at+1] != 0 || image[at+3] != 0 || image[at+2] < 2 {
				continue
			}
			if increases(image[at:at+2*tokenCount]) && !yield(at) {
				return
			}
		}
	}
}

// increases tells whether each number of two bytes is larger than the one before
// it by the length of a token.
func increases(numbers []byte) bool {
	const longestToken = 128
	for before := uint16(0); len(numbers) > 2; numbers = numbers[2:] {
		next := binary.LittleEndian.Uint16(numbers[2:])
		if next < before+2 || next > before+longestToken {
			return false
		}
		before = next
	}
	return true
}

// tokenTable is what the bytes of names stand for.
type tokenTable struct {
	begin  int // of the table in the image
	tokens [tokenCount][]byte
}

// findTokens finds the token table, right before its index.
func findTokens(image []byte, index int) (*tokenTable, bool) {
	last := int(binary.LittleEndian.Uint16(image[index+2*(tokenCount-1):]))
	for length := 1; length < 128; length++ {
		begin := index - (last+length+1+7)&^7
		if begin < 0 {
			return nil, false
		}
		t := &tokenTable{begin: begin}
		if t.read(image[begin:index], image[index:]) {
			return t, true
		}
	}
	return nil, false
}

// read cuts the table into tokens where the index says.
func (t *tokenTable) read(table, index []byte) bool {
	for i := range t.tokens {
		begin := int(binary.LittleEndian.Uint16(index[2*i:]))
		length := bytes.IndexByte(table[begin:], 0)
		if begin > 0 && table[begin-1] != 0 || length < 0 {
			return false
		}
		if i+1 < tokenCount && begin+length+1 != int(binary.LittleEndian.Uint16(index[2*i+2:])) {
			return false
		}
		t.tokens[i] = table[begin : begin+length]
		for _, c := range t.tokens[i] {
			if c < '!' || c > '~' {
				return false
			}
		}
	}
	last := t.tokens[tokenCount-1]
	end := int(binary.LittleEndian.Uint16(index[2*(tokenCount-1):])) + len(last) + 1
	return len(bytes.Trim(table[end:], "\x00")) == 0 && len(table)-end < 8
}

// findNames finds the count of symbols, which stands right before the names. Of
// what may be one, the right one has that many names behind it, and then markers
// that agree with them. Between markers and tokens there may be more.
func findNames(image []byte, tokens int) (count int, ok bool) {
	const most = 1 << 24 // bytes of names
	for at := (tokens - 16) &^ 7; at >= 0 && at > tokens-most; at -= 8 {
		n := int(binary.LittleEndian.Uint32(image[at:]))
		// A name takes two bytes at least.
		if n < 256 || n > (tokens-at)/2 || binary.LittleEndian.Uint32(image[at+4:]) != 0 {
			continue
		}
		if namesAgree(image[at+8:tokens], n) {
			return at, true
		}
	}
	return 0, false
}

// namesAgree tells whether data begins with n names and their markers.
func namesAgree(data []byte, n int) bool {
	at := 0
	starts := make([]int, 0, n/256+1)
	for i := range n {
		if i&0xff == 0 {
			starts = append(starts, at)
		}
		length, size := nameLength(data[at:])
		if length == 0 || length+size > len(data)-at {
			return false
		}
		at += length + size
	}
	at = (at + 7) &^ 7
	for _, start := range starts {
		if at+4 > len(data) || int(binary.LittleEndian.Uint32(data[at:])) != start {
			return false
		}
		at += 4
	}
	return true
}

// nameLength reads how many tokens a name has, in one byte or two, and how many
// bytes say so.
func nameLength(data []byte) (length, size int) {
	switch {
	case len(data) > 0 && data[0] < 0x80:
		return int(data[0]), 1
	case len(data) > 1:
		return int(data[0]&0x7f) | int(data[1])<<7, 2
	}
	return 0, 0
}

// symbols reads the names behind the count at that place.
func (t *tokenTable) symbols(image []byte, count int, addresses []uint64) ([]Symbol, error) {
	names := image[count+8 : t.begin]
	symbols := make([]Symbol, len(addresses))
	var text []byte // of all names, so that they are cut out of one string
	ends := make([]int, len(addresses))
	for i := range symbols {
		length, size := nameLength(names)
		for _, token := range names[size : size+length] {
			text = append(text, t.tokens[token]...)
		}
		ends[i] = len(text)
		names = names[size+length:]
	}
	all, begin := string(text), 0
	for i := range symbols {
		name := all[begin:ends[i]]
		if len(name) < 2 {
			return nil, fmt.Errorf("kallsyms: symbol %d has no name", i)
		}
		symbols[i] = kallsymsSymbol(name[0], name[1:], addresses[i])
		begin = ends[i]
	}
	setSizes(symbols)
	return symbols, nil
}

// setSizes makes each symbol last until the next address that has one.
func setSizes(symbols []Symbol) {
	for i := len(symbols) - 2; i >= 0; i-- {
		this, next := &symbols[i], symbols[i+1]
		if this.Address == next.Address {
			this.Size = next.Size
		} else {
			this.Size = next.Address.Offset - this.Address.Offset
		}
	}
}

// kallsymsAddresses finds and reads the addresses.
func kallsymsAddresses(image []byte, count, tokenIndex int) ([]uint64, error) {
	n := int(binary.LittleEndian.Uint32(image[count:]))
	length := (4*n + 7) &^ 7
	before := count - 8 - length // then the base follows
	behind := tokenIndex + 2*tokenCount
	for _, at := range []int{behind, before} {
		if at < 0 || at+length+8 > len(image) {
			continue
		}
		base := binary.LittleEndian.Uint64(image[at+length:])
		for _, meaning := range offsetMeanings {
			if addresses := meaning(image[at:at+4*n], base); addresses != nil {
				return addresses, nil
			}
		}
	}
	if at := count - 8*n; at >= 0 { // as they are, without a base
		addresses := make([]uint64, n)
		for i := range addresses {
			addresses[i] = binary.LittleEndian.Uint64(image[at+8*i:])
		}
		if plausible(addresses) {
			return addresses, nil
		}
	}
	return nil, errors.New("kallsyms: the addresses are stored in a way that is not known here")
}

// offsetMeanings are the ways in which kernels store addresses; a reading gives
// nil if it makes no sense.
var offsetMeanings = []func(offsets []byte, base uint64) []uint64{
	// Behind the base.
	func(offsets []byte, base uint64) []uint64 {
		return readOffsets(offsets, func(offset uint32) uint64 { return base + uint64(offset) })
	},
	// Of a variable of each CPU itself, others as the negative distance from the base, less one.
	func(offsets []byte, base uint64) []uint64 {
		return readOffsets(offsets, func(offset uint32) uint64 {
			if int32(offset) >= 0 {
				return uint64(offset)
			}
			return base - 1 - uint64(int64(int32(offset)))
		})
	},
}

func readOffsets(offsets []byte, address func(uint32) uint64) []uint64 {
	addresses := make([]uint64, len(offsets)/4)
	for i := range addresses {
		addresses[i] = address(binary.LittleEndian.Uint32(offsets[4*i:]))
	}
	if !plausible(addresses) {
		return nil
	}
	return addresses
}

// plausible tells whether addresses are sorted and end in the upper half, where
// the kernel is.
func plausible(addresses []uint64) bool {
	return len(addresses) > 0 && addresses[len(addresses)-1]>>63 == 1 && slices.IsSorted(addresses)
}
