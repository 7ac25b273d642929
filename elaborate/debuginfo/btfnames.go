package debuginfo

import (
	"encoding/binary"
	"slices"
)

// nameIndex is what has been found by names so far. To look a name up is to go over all
// records, which is fast enough for the few names of a script; whoever asks for many gets
// an index.
type nameIndex struct {
	functions []functionRecord // all of them, once some are asked for
	traced    []functionRecord // those of them that stand for tracepoints
	scans     int              // how often all functions' names have been compared with one
	byName    map[string][]uint32
	types     map[typeKey]uint32
}

// functionRecord is a function's name, as an offset, and its prototype.
type functionRecord struct{ name, prototype uint32 }

// typeKey is a name with the first of the kinds that it may be of.
type typeKey struct {
	name string
	kind uint32
}

// maxScans is how many functions are looked for without an index.
const maxScans = 8

// functionRecords calls visit for each function until it returns false.
func (b *BTF) functionRecords(visit func(nameOffset, prototype uint32) bool) {
	if b.names.functions == nil {
		b.names.functions = b.findFunctions()
	}
	for _, f := range b.names.functions {
		if !visit(f.name, f.prototype) {
			return
		}
	}
}

func (b *BTF) findFunctions() []functionRecord {
	functions := []functionRecord{}
	for _, at := range b.own() {
		if b.types[at+7]&0x1f != kindFunction && b.order == binary.LittleEndian {
			continue
		}
		if info := b.order.Uint32(b.types[at+4:]); info>>24&0x1f != kindFunction {
			continue
		}
		functions = append(functions, functionRecord{b.order.Uint32(b.types[at:]), b.order.Uint32(b.types[at+8:])})
	}
	return functions
}

// tracepointRecords gives those of tracepoints.
func (b *BTF) tracepointRecords() []functionRecord {
	if b.names.traced == nil {
		b.names.traced = []functionRecord{}
		b.functionRecords(func(name, prototype uint32) bool {
			if b.nameBegins(name, tracepointPrefix) {
				b.names.traced = append(b.names.traced, functionRecord{name, prototype})
			}
			return true
		})
	}
	return b.names.traced
}

// prototypesNamed gives those of the functions of a name.
func (b *BTF) prototypesNamed(name string) []uint32 {
	if b.names.byName != nil {
		return b.names.byName[name]
	}
	if b.names.scans++; b.names.scans > maxScans {
		b.names.byName = map[string][]uint32{}
		b.functionRecords(func(offset, prototype uint32) bool {
			n := b.name(offset)
			b.names.byName[n] = append(b.names.byName[n], prototype)
			return true
		})
		return b.names.byName[name]
	}
	var prototypes []uint32
	b.functionRecords(func(offset, prototype uint32) bool {
		if b.isNamed(offset, name) {
			prototypes = append(prototypes, prototype)
		}
		return true
	})
	return prototypes
}

// typeNamed gives the number of the type of a name whose kind comes first in kinds, 0 if
// there is none.
func (b *BTF) typeNamed(name string, kinds []uint32) uint32 {
	key := typeKey{name, kinds[0]}
	if id, known := b.names.types[key]; known {
		return id
	}
	best, bestID := len(kinds), uint32(0)
	first := b.end() - uint32(len(b.own()))
	for i, at := range b.own() {
		kind := b.order.Uint32(b.types[at+4:]) >> 24 & 0x1f
		rank := slices.Index(kinds, kind)
		if rank >= 0 && rank < best && b.isNamed(b.order.Uint32(b.types[at:]), name) {
			best, bestID = rank, first+uint32(i)
		}
	}
	if b.names.types == nil {
		b.names.types = map[typeKey]uint32{}
	}
	b.names.types[key] = bestID
	return bestID
}
