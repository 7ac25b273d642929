package debuginfo

import (
	"cmp"
	"debug/dwarf"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"
)

// This file is the index of an object's DWARF: what can be looked for by name, and
// where in the DWARF the rest is. It is bytes that are used as they are, in the
// memory where they were made or mapped from a file:
//
//	header      magic and version, what it is made from, checksum, the parts' sizes
//	texts       each a length (LEB128) and bytes; others refer to them by offset
//	files       offset of a text, sorted by it
//	functions   name, file (number), line, number of the first copy; sorted by file, line, name
//	copies      of function after function: entry, position, copy around it, first range, symbol
//	ranges      of copy after copy: begin, end
//	code        of what is out of line, sorted: begin, end, copy
//	variables   name, file (number), position; sorted by name, file
//	types       name, tag, position; sorted by name, tag; variables that are only declared, too
//
// so that the functions of a file stand together, and the copies of a function do.

const (
	indexMagic   = "gostapDI"
	indexVersion = 2

	fileSize     = 4
	functionSize = 16
	copySize     = 28
	rangeSize    = 16
	codeSize     = 20
	variableSize = 16
	typeSize     = 16

	noCopy         = ^uint32(0)
	exportedSymbol = 1 << 31 // in the offset of a symbol's text
)

// Parts of an index, in their order.
const (
	partTexts = iota
	partFiles
	partFunctions
	partCopies
	partRanges
	partCode
	partVariables
	partTypes
	parts
)

const (
	fingerprintAt = 12
	checksumAt    = fingerprintAt + fingerprintSize
	sizesAt       = checksumAt + 4
	indexHeader   = sizesAt + 8*parts

	fingerprintSize = 64
)

var errIndex = errors.New("the index of the debuginfo is damaged")

// index is the bytes of one, taken apart.
type index struct {
	texts, files, functions, copies, ranges, code, variables, types []byte

	inlinedOnce sync.Once
	inlined     []uint32 // copies that are inlined, sorted by the copy around them
	firstInside []uint32 // of copy n, in inlined; one more than there are copies
}

var little = binary.LittleEndian

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openIndex takes an index apart that was made from what has this fingerprint.
func openIndex(data []byte, fingerprint [fingerprintSize]byte) (*index, error) {
	if len(data) < indexHeader || string(data[:8]) != indexMagic || little.Uint32(data[8:]) != indexVersion ||
		string(data[fingerprintAt:checksumAt]) != string(fingerprint[:]) ||
		little.Uint32(data[checksumAt:]) != crc32.Checksum(data[sizesAt:], castagnoli) {
		return nil, errIndex
	}
	x := &index{}
	rest := data[indexHeader:]
	for i, part := range x.parts() {
		size := little.Uint64(data[sizesAt+8*i:])
		if size > uint64(len(rest)) {
			return nil, errIndex
		}
		*part, rest = rest[:size:size], rest[size:]
	}
	return x, nil
}

func (x *index) parts() [parts]*[]byte {
	return [parts]*[]byte{&x.texts, &x.files, &x.functions, &x.copies, &x.ranges, &x.code, &x.variables, &x.types}
}

// text gives the text at an offset. It is not copied.
func (x *index) text(offset uint32) string {
	if uint64(offset) >= uint64(len(x.texts)) {
		return ""
	}
	n, size := binary.Uvarint(x.texts[offset:])
	rest := x.texts[int(offset)+max(size, 0):]
	if size <= 0 || n > uint64(len(rest)) {
		return ""
	}
	return string(rest[:n])
}

func (x *index) file(n uint32) string {
	if uint64(n)*fileSize >= uint64(len(x.files)) {
		return ""
	}
	return x.text(little.Uint32(x.files[n*fileSize:]))
}

// indexedFunction is a record of a function.
type indexedFunction struct{ name, file, line, firstCopy uint32 }

func (x *index) functionCount() int { return len(x.functions) / functionSize }

func (x *index) function(n int) indexedFunction {
	b := x.functions[n*functionSize:]
	return indexedFunction{little.Uint32(b), little.Uint32(b[4:]), little.Uint32(b[8:]), little.Uint32(b[12:])}
}

// copiesOf gives the numbers of a function's copies, from first up to last, without
// it.
func (x *index) copiesOf(function int) (first, last int) {
	last = x.copyCount()
	first = min(int(x.function(function).firstCopy), last)
	if function+1 < x.functionCount() {
		last = min(int(x.function(function+1).firstCopy), last)
	}
	return first, max(first, last)
}

// functionOf gives the number of the function that a copy is of.
func (x *index) functionOf(copy int) int {
	low, high := 0, x.functionCount()
	for low < high {
		if middle := (low + high) / 2; int(x.function(middle).firstCopy) <= copy {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low - 1
}

// indexedCopy is a record of a copy.
type indexedCopy struct {
	entry      uint64
	position   position
	parent     uint32 // noCopy: it is out of line
	firstRange uint32
	symbol     uint32
}

func (x *index) copyCount() int { return len(x.copies) / copySize }

func (x *index) copy(n int) indexedCopy {
	b := x.copies[n*copySize:]
	return indexedCopy{
		little.Uint64(b), position(little.Uint64(b[8:])), little.Uint32(b[16:]), little.Uint32(b[20:]), little.Uint32(b[24:]),
	}
}

// inlinedInto gives the copies that are inlined into a copy, not those inside them.
func (x *index) inlinedInto(outer int) []uint32 {
	x.inlinedOnce.Do(func() {
		count := x.copyCount()
		x.firstInside = make([]uint32, count+2)
		parent := func(n int) int { return int(little.Uint32(x.copies[n*copySize+16:])) }
		for n := range count {
			if p := parent(n); p < count {
				x.firstInside[p+2]++
			}
		}
		for p := range count {
			x.firstInside[p+2] += x.firstInside[p+1]
		}
		x.inlined = make([]uint32, x.firstInside[count+1])
		for n := range count {
			if p := parent(n); p < count {
				x.inlined[x.firstInside[p+1]] = uint32(n)
				x.firstInside[p+1]++
			}
		}
	})
	return x.inlined[x.firstInside[outer]:x.firstInside[outer+1]]
}

// rangesOf appends the code of a copy.
func (x *index) rangesOf(copy int, ranges []Range) []Range {
	first, last := int(x.copy(copy).firstRange), len(x.ranges)/rangeSize
	if copy+1 < x.copyCount() {
		last = min(last, int(x.copy(copy+1).firstRange))
	}
	for n := first; n < last; n++ {
		b := x.ranges[n*rangeSize:]
		ranges = append(ranges, Range{little.Uint64(b), little.Uint64(b[8:])})
	}
	return ranges
}

// copyAround gives the copy out of line that an address is in.
func (x *index) copyAround(address uint64) (copy int, found bool) {
	n := len(x.code) / codeSize
	low, high := 0, n
	for low < high {
		middle := (low + high) / 2
		if little.Uint64(x.code[middle*codeSize:]) <= address {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == 0 {
		return 0, false
	}
	b := x.code[(low-1)*codeSize:]
	copy = int(little.Uint32(b[16:]))
	return copy, address < little.Uint64(b[8:]) && copy < x.copyCount()
}

// search gives the numbers of the records that have a name, of a part that is sorted
// by the name's text and has its offset first.
func (x *index) search(part []byte, size int, name string) (first, last int) {
	at := func(n int) string { return x.text(little.Uint32(part[n*size:])) }
	count := len(part) / size
	low, high := 0, count
	for low < high {
		if middle := (low + high) / 2; at(middle) < name {
			low = middle + 1
		} else {
			high = middle
		}
	}
	first = low
	for low < count && at(low) == name {
		low++
	}
	return first, low
}

// indexBuilder puts together what was scanned.
type indexBuilder struct {
	room    uint64 // see machine
	texts   []byte
	offsets map[string]uint32
}

func (b *indexBuilder) text(s string) uint32 {
	offset, found := b.offsets[s]
	if !found {
		offset = uint32(len(b.texts))
		b.texts = binary.AppendUvarint(b.texts, uint64(len(s)))
		b.texts = append(b.texts, s...)
		b.offsets[s] = offset
	}
	return offset
}

// functionKey is a function while several goroutines' lists become one.
type functionKey struct {
	file, name string
	line       uint32
}

// buildIndex makes the bytes of an index of what was scanned.
func buildIndex(all []*scanned, symbol symbolAt, room uint64, fingerprint [fingerprintSize]byte) []byte {
	b := &indexBuilder{offsets: map[string]uint32{}, room: room}
	b.text("")
	x := &index{}
	files := b.files(all, x)
	b.code(all, files, symbol, x)
	b.variables(all, files, x)
	b.types(all, x)
	x.texts = b.texts
	data := make([]byte, indexHeader)
	copy(data, indexMagic)
	little.PutUint32(data[8:], indexVersion)
	copy(data[fingerprintAt:], fingerprint[:])
	for i, part := range x.parts() {
		little.PutUint64(data[sizesAt+8*i:], uint64(len(*part)))
	}
	size := indexHeader
	for _, part := range x.parts() {
		size += len(*part)
	}
	data = slices.Grow(data, size-len(data))
	for _, part := range x.parts() {
		data = append(data, *part...)
	}
	little.PutUint32(data[checksumAt:], crc32.Checksum(data[sizesAt:], castagnoli))
	return data
}

// files makes the list of files that anything is in.
func (b *indexBuilder) files(all []*scanned, x *index) map[string]uint32 {
	numbers := map[string]uint32{}
	for _, s := range all {
		for _, f := range s.functions {
			numbers[s.texts[f.file]] = 0
		}
		for _, v := range s.variables {
			numbers[s.texts[v.file]] = 0
		}
	}
	var names []string
	for name := range numbers {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		numbers[name] = uint32(i)
		x.files = little.AppendUint32(x.files, b.text(name))
	}
	return numbers
}

// builtCopy is a copy on its way into the index.
type builtCopy struct {
	function uint32 // in the order of the index
	scanned  *scanned
	number   uint32 // in scanned
}

func (b *indexBuilder) code(all []*scanned, files map[string]uint32, symbol symbolAt, x *index) {
	keys, order := orderFunctions(all)
	var copies []builtCopy
	first := make([]int, len(all)+1) // of what each goroutine found, in one list
	for i, s := range all {
		first[i+1] = first[i] + len(s.copies)
	}
	copies = make([]builtCopy, 0, first[len(all)])
	for i, s := range all {
		for n := range s.copies {
			copies = append(copies, builtCopy{order[i][s.copies[n].function], s, uint32(n)})
		}
	}
	get := func(c builtCopy) *scannedCopy { return &c.scanned.copies[c.number] }
	slices.SortFunc(copies, func(p, q builtCopy) int {
		if p.function != q.function {
			return cmp.Compare(p.function, q.function)
		}
		return cmp.Or(cmp.Compare(get(p).entry, get(q).entry), cmp.Compare(get(p).position, get(q).position))
	})
	numbers := map[*scanned][]uint32{} // of copies in the index, by number in scanned
	for _, s := range all {
		numbers[s] = make([]uint32, len(s.copies))
	}
	for n, c := range copies {
		numbers[c.scanned][c.number] = uint32(n)
	}
	x.copies = make([]byte, 0, copySize*len(copies))
	next := 0
	for n, key := range keys {
		x.functions = little.AppendUint32(x.functions, b.text(key.name))
		x.functions = little.AppendUint32(x.functions, files[key.file])
		x.functions = little.AppendUint32(x.functions, key.line)
		x.functions = little.AppendUint32(x.functions, uint32(next))
		for next < len(copies) && copies[next].function == uint32(n) {
			b.copy(copies[next], uint32(next), numbers, symbol, key.name, x)
			next++
		}
	}
	sortCode(x)
}

// copy writes one copy and its ranges.
func (b *indexBuilder) copy(c builtCopy, number uint32, numbers map[*scanned][]uint32, symbol symbolAt, name string, x *index) {
	s := &c.scanned.copies[c.number]
	parent, text := noCopy, uint32(0)
	if s.parent >= 0 {
		parent = numbers[c.scanned][s.parent]
	} else {
		symbolName, exported := symbol(s.entry, name)
		if symbolName == "" && b.room > 0 {
			if symbolName, exported = symbol(s.entry-b.room, name); symbolName != "" {
				c.scanned.includeRoom(s, b.room)
			}
		}
		if text = b.text(symbolName); exported {
			text |= exportedSymbol
		}
	}
	x.copies = little.AppendUint64(x.copies, s.entry)
	x.copies = little.AppendUint64(x.copies, uint64(s.position))
	x.copies = little.AppendUint32(x.copies, parent)
	x.copies = little.AppendUint32(x.copies, uint32(len(x.ranges)/rangeSize))
	x.copies = little.AppendUint32(x.copies, text)
	for _, r := range c.scanned.ranges[s.ranges : s.ranges+s.count] {
		x.ranges = little.AppendUint64(x.ranges, r.Low)
		x.ranges = little.AppendUint64(x.ranges, r.High)
		if s.parent < 0 {
			x.code = little.AppendUint64(x.code, r.Low)
			x.code = little.AppendUint64(x.code, r.High)
			x.code = little.AppendUint32(x.code, number)
		}
	}
}

// includeRoom has the code of a copy begin earlier: with room for a tracer.
func (s *scanned) includeRoom(c *scannedCopy, room uint64) {
	for i, r := range s.ranges[c.ranges : c.ranges+c.count] {
		if r.Low == c.entry {
			s.ranges[int(c.ranges)+i].Low -= room
		}
	}
	c.entry -= room
}

// sortCode sorts the code that is out of line by where it begins.
func sortCode(x *index) {
	type piece [codeSize]byte
	pieces := make([]piece, len(x.code)/codeSize)
	for i := range pieces {
		copy(pieces[i][:], x.code[i*codeSize:])
	}
	slices.SortFunc(pieces, func(p, q piece) int {
		return cmp.Or(
			cmp.Compare(little.Uint64(p[:]), little.Uint64(q[:])),
			cmp.Compare(little.Uint64(q[8:]), little.Uint64(p[8:])), // the innermost last
			cmp.Compare(little.Uint32(p[16:]), little.Uint32(q[16:])),
		)
	})
	x.code = x.code[:0]
	for i := range pieces {
		x.code = append(x.code, pieces[i][:]...)
	}
}

// orderFunctions gives the functions in the order of the index, and for each
// goroutine the numbers there by those in its own list.
func orderFunctions(all []*scanned) (keys []functionKey, order [][]uint32) {
	numbers := map[functionKey]uint32{}
	key := func(s *scanned, f scannedFunction) functionKey {
		return functionKey{s.texts[f.file], s.texts[f.name], f.line}
	}
	for _, s := range all {
		for _, f := range s.functions {
			numbers[key(s, f)] = 0
		}
	}
	keys = make([]functionKey, 0, len(numbers))
	for k := range numbers {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(p, q functionKey) int {
		return cmp.Or(cmp.Compare(p.file, q.file), cmp.Compare(p.line, q.line), cmp.Compare(p.name, q.name))
	})
	for i, k := range keys {
		numbers[k] = uint32(i)
	}
	for _, s := range all {
		list := make([]uint32, len(s.functions))
		for i, f := range s.functions {
			list[i] = numbers[key(s, f)]
		}
		order = append(order, list)
	}
	return keys, order
}

func (b *indexBuilder) variables(all []*scanned, files map[string]uint32, x *index) {
	type variable struct {
		name     string
		file     uint32
		position position
	}
	var list []variable
	for _, s := range all {
		for _, v := range s.variables {
			list = append(list, variable{s.texts[v.name], files[s.texts[v.file]], v.position})
		}
	}
	slices.SortFunc(list, func(p, q variable) int {
		return cmp.Or(cmp.Compare(p.name, q.name), cmp.Compare(p.file, q.file), cmp.Compare(p.position, q.position))
	})
	x.variables = make([]byte, 0, variableSize*len(list))
	for _, v := range list {
		x.variables = little.AppendUint32(x.variables, b.text(v.name))
		x.variables = little.AppendUint32(x.variables, v.file)
		x.variables = little.AppendUint64(x.variables, uint64(v.position))
	}
}

func (b *indexBuilder) types(all []*scanned, x *index) {
	type named struct {
		name     string
		tag      dwarf.Tag
		position position
	}
	var list []named
	for _, s := range all {
		for _, t := range s.types {
			list = append(list, named{s.texts[t.name], t.tag, t.position})
		}
	}
	slices.SortFunc(list, func(p, q named) int {
		return cmp.Or(cmp.Compare(p.name, q.name), cmp.Compare(p.tag, q.tag), cmp.Compare(p.position, q.position))
	})
	list = slices.CompactFunc(list, func(p, q named) bool { return p.name == q.name && p.tag == q.tag })
	for _, t := range list {
		x.types = little.AppendUint32(x.types, b.text(t.name))
		x.types = little.AppendUint32(x.types, uint32(t.tag))
		x.types = little.AppendUint64(x.types, uint64(t.position))
	}
}

// fingerprintOf says what an index was made from: the sizes of the sections and the
// beginning of the abbreviations.
func fingerprintOf(s *dwarfSections, buildID string) [fingerprintSize]byte {
	var f [fingerprintSize]byte
	for i, section := range [][]byte{s.info, s.types, s.abbreviations, s.strings, s.ranges, s.rangeLists} {
		little.PutUint64(f[8*i:], uint64(len(section)))
	}
	const enough = 1 << 16
	little.PutUint32(f[48:], crc32.Checksum(s.abbreviations[:min(len(s.abbreviations), enough)], castagnoli))
	little.PutUint32(f[52:], crc32.Checksum([]byte(buildID), castagnoli))
	return f
}

func (x *index) String() string {
	return fmt.Sprintf("%d files, %d functions, %d copies, %d variables, %d types", len(x.files)/fileSize, x.functionCount(),
		x.copyCount(), len(x.variables)/variableSize, len(x.types)/typeSize)
}
