package regex

import "slices"

type operation uint8

const (
	opByte   operation = iota // reads a byte of a set
	opSplit                   // goes to next, else to other
	opTag                     // notes a tag, see Tagged
	opBegin                   // goes on at the text's beginning only
	opEnd                     // goes on at the text's end only
	opAccept                  // a match ends here
)

type instruction struct {
	operation operation
	number    int32 // opByte: of the set; opTag: of the tag
	next      int32
	other     int32
}

// program is a pattern as a nondeterministic automaton.
type program struct {
	instructions []instruction
	sets         []set // by classes, not by bytes
	start        int32
	classes      [256]uint8 // the class of each byte: those of a class are in the same sets; that of NUL is 0
	classCount   int
}

// compile writes a tree's program from its end to its beginning.
func compile(root *node) *program {
	c := compiler{numbers: map[set]int32{}}
	accept := c.emit(instruction{operation: opAccept})
	c.start = c.compile(root, accept)
	c.divide()
	return &c.program
}

type compiler struct {
	program
	numbers map[set]int32 // of the sets of bytes
}

func (c *compiler) emit(i instruction) int32 {
	c.instructions = append(c.instructions, i)
	return int32(len(c.instructions) - 1)
}

// compile writes what reads n and then goes to next; it gives where that begins.
func (c *compiler) compile(n *node, next int32) int32 {
	switch n.kind {
	case oneOf:
		return c.emit(instruction{operation: opByte, number: c.setNumber(n.set), next: next})
	case sequence:
		for _, child := range slices.Backward(n.children) {
			next = c.compile(child, next)
		}
	case alternative:
		last := len(n.children) - 1
		entry := c.compile(n.children[last], next)
		for _, child := range slices.Backward(n.children[:last]) {
			entry = c.emit(instruction{operation: opSplit, next: c.compile(child, next), other: entry})
		}
		return entry
	case repetition:
		return c.repetition(n, next)
	case group:
		end := c.emit(instruction{operation: opTag, number: int32(2*n.number + 1), next: next})
		return c.emit(instruction{operation: opTag, number: int32(2 * n.number), next: c.compile(n.children[0], end)})
	case textBegin:
		return c.emit(instruction{operation: opBegin, next: next})
	case textEnd:
		return c.emit(instruction{operation: opEnd, next: next})
	}
	return next
}

// repetition writes x{2,4} as xx(x(x|)|), x{2,} as xx and back to the second, x* as (xx*|).
func (c *compiler) repetition(n *node, next int32) int32 {
	x, entry, copies := n.children[0], next, n.least
	if n.most < 0 {
		loop := c.emit(instruction{operation: opSplit, other: next})
		entry = c.compile(x, loop)
		c.instructions[loop].next = entry
		if n.least == 0 {
			return c.emit(instruction{operation: opSplit, next: entry, other: next})
		}
		copies--
	}
	for range n.most - n.least {
		entry = c.emit(instruction{operation: opSplit, next: c.compile(x, entry), other: next})
	}
	for range copies {
		entry = c.compile(x, entry)
	}
	return entry
}

func (c *compiler) setNumber(s set) int32 {
	number, known := c.numbers[s]
	if !known {
		number = int32(len(c.sets))
		c.numbers[s] = number
		c.sets = append(c.sets, s)
	}
	return number
}

// divide finds the classes of bytes and writes the sets by them.
func (c *compiler) divide() {
	for b := 1; b < 256; b++ {
		c.classes[b] = 1
	}
	c.classCount = 2
	for _, s := range c.sets {
		var parts [256][2]int // the new class of an old one's bytes outside and inside of s; 0: none yet
		count := 1
		for b := 1; b < 256; b++ {
			part := &parts[c.classes[b]][0]
			if s.has(byte(b)) {
				part = &parts[c.classes[b]][1]
			}
			if *part == 0 {
				*part = count
				count++
			}
			c.classes[b] = uint8(*part)
		}
		c.classCount = count
	}
	for i, s := range c.sets {
		var byClass set
		for b := 1; b < 256; b++ {
			if s.has(byte(b)) {
				byClass.add(c.classes[b], c.classes[b])
			}
		}
		c.sets[i] = byClass
	}
}

// walker follows a program without reading: from one instruction to all those that read a byte, accept, or wait for the
// text's end, each once, in the order of preference.
type walker struct {
	*program
	begin, end bool // whether the text begins, or ends, here
	items      []int32
	accepts    bool
	work       int // instructions visited
	visited    []uint32
	generation uint32
	tags       []uint16                         // on the way to the current instruction, each once
	noted      []bool                           // by tag: it is in tags
	found      func(place int32, tags []uint16) // called for each item, if set
}

func newWalker(p *program) *walker {
	tags := int32(0)
	for _, i := range p.instructions {
		if i.operation == opTag {
			tags = max(tags, i.number+1)
		}
	}
	return &walker{program: p, visited: make([]uint32, len(p.instructions)), noted: make([]bool, tags)}
}

// restart forgets what was visited.
func (w *walker) restart() {
	w.generation++
	w.items = w.items[:0]
	w.accepts = false
}

func (w *walker) walk(at int32) {
	for w.visited[at] != w.generation {
		w.visited[at] = w.generation
		w.work++
		i := &w.instructions[at]
		switch {
		case i.operation == opSplit:
			w.walk(i.next)
			at = i.other
		case i.operation == opTag && w.noted[i.number]:
			at = i.next
		case i.operation == opTag:
			w.noted[i.number] = true
			w.tags = append(w.tags, uint16(i.number))
			w.walk(i.next)
			w.tags = w.tags[:len(w.tags)-1]
			w.noted[i.number] = false
			return
		case i.operation == opBegin && w.begin, i.operation == opEnd && w.end:
			at = i.next
		case i.operation == opBegin:
			return
		default:
			w.accepts = w.accepts || i.operation == opAccept
			w.items = append(w.items, at)
			if w.found != nil {
				w.found(at, w.tags)
			}
			return
		}
	}
}

// acceptsAtEnd reports whether a match ends here if the text does, from an item that waits for that; and calls found.
func (w *walker) acceptsAtEnd(item int32, begin bool) bool {
	if w.instructions[item].operation != opEnd {
		return w.instructions[item].operation == opAccept
	}
	w.begin, w.end, w.accepts = begin, true, false
	w.walk(w.instructions[item].next)
	w.begin, w.end = false, false
	return w.accepts
}
