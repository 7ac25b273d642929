package debuginfo

import (
	"bytes"
	"debug/dwarf"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// This file walks all entries of an object's DWARF, several units at a time, and
// notes what the index holds. What a function is called is not decoded before it
// is known to have code.

// scanned is what one goroutine has found. Numbers in it refer to its own lists.
type scanned struct {
	object    *Object
	table     abbreviations // of the unit that is being walked
	copies    []scannedCopy
	ranges    []Range
	functions []scannedFunction
	variables []scannedVariable
	types     []scannedType
	texts     []string // function names and files, each once

	numberOfText     map[string]uint32
	numberOfName     map[uint64]uint32 // by offset in .debug_str
	numberOfFunction map[scannedFunction]uint32
	seen             map[dwarf.Tag][]uint64 // sets of offsets in .debug_str: names that takeNamed has noted

	origins map[uint64]uint32     // of the unit: functions by the offset of what a copy is an instance of
	files   map[fileOfUnit]uint32 // texts of names
}

// scannedCopy is a copy of a function: out of line, or inlined into another copy.
type scannedCopy struct {
	position position
	entry    uint64
	function uint32
	parent   int32 // -1: it is out of line
	ranges   uint32
	count    uint32
}

// fileOfUnit is a file by its number in a unit's line table; one that is not numbered
// is that of the unit.
type fileOfUnit struct {
	unit     *unit
	number   uint64
	numbered bool
}

type scannedFunction struct {
	name, file uint32
	line       uint32
}

type scannedVariable struct {
	position position
	name     uint32
	file     uint32
}

type scannedType struct {
	position position
	tag      dwarf.Tag
	name     uint32
}

const noFunction = ^uint32(0)

// scanUnits walks the units with as many goroutines as there are processors.
func scanUnits(o *Object, units []*unit) ([]*scanned, error) {
	workers := max(1, min(runtime.GOMAXPROCS(0), len(units)))
	all := make([]*scanned, workers)
	errs := make([]error, workers)
	var next atomic.Int64
	var wait sync.WaitGroup
	for i := range all {
		all[i] = newScanned(o)
		wait.Go(func() {
			for errs[i] == nil {
				n := next.Add(1) - 1
				if n >= int64(len(units)) {
					return
				}
				u := units[n]
				if err := all[i].scan(u); err != nil {
					errs[i] = fmt.Errorf("the unit at %#x: %w", u.begin, err)
				}
				if u.source == infoSource {
					o.image.release(u.data, u.begin, uint64(len(u.data)))
				}
			}
		})
	}
	wait.Wait()
	return all, errors.Join(errs...)
}

func newScanned(o *Object) *scanned {
	return &scanned{
		object: o, numberOfText: map[string]uint32{}, numberOfName: map[uint64]uint32{},
		numberOfFunction: map[scannedFunction]uint32{}, seen: map[dwarf.Tag][]uint64{},
		origins: map[uint64]uint32{}, files: map[fileOfUnit]uint32{},
	}
}

// frame is one level of the tree that is being walked.
type frame struct {
	copy       int32 // what is here belongs to; -1: none
	inFunction bool
	skip       bool // nothing below is of use
}

// maxDepth is how deep entries may lie in each other.
const maxDepth = 4096

// found is an entry that the scan takes, with its fields as they are written.
type found struct {
	set    fieldSet
	number [fields]uint64
	form   [fields]form
	offset uint64
}

func (f *found) value(i field) value {
	if !f.set.has(i) {
		return value{}
	}
	return value{form: f.form[i], number: f.number[i]}
}

// scan walks one unit.
func (s *scanned) scan(u *unit) error {
	if err := u.readTable(&s.table); err != nil {
		return err
	}
	s.table.planAll(u)
	u.rootOnce.Do(func() { u.rootErr = u.readRoot(&s.table) })
	if u.rootErr != nil {
		return u.rootErr
	}
	defer u.forgetLines()
	clear(s.origins)
	clear(s.files)
	data := u.data
	stack := make([]frame, 1, 64)
	stack[0] = frame{copy: -1}
	at := int(u.first)
	var entry found
	for at < len(data) {
		begin := at
		code := uint64(data[at])
		at++
		if code >= 0x80 {
			r := reader{data: data, at: begin, order: u.order}
			code = r.uleb()
			at = r.at
		}
		if code == 0 {
			if len(stack) == 1 {
				return nil
			}
			if stack = stack[:len(stack)-1]; len(stack) == 1 {
				return nil
			}
			continue
		}
		a := s.table.get(code)
		if a == nil {
			return errEntry
		}
		entry.set, entry.offset = 0, uint64(begin)
		at = u.step(a.plan.steps, at, &entry)
		if at > len(data) {
			return errEntry
		}
		here := stack[len(stack)-1]
		below := here
		if !here.skip && a.plan.action > passOverTree {
			below.copy, below.inFunction, below.skip = s.take(u, a, &entry, here)
		} else if a.plan.action == passOverTree {
			below.skip = true
		}
		if !a.children {
			continue
		}
		if a.plan.sibling {
			target := entry.number[fieldSibling] + u.begin
			if entry.form[fieldSibling] == formRefAddr {
				target -= u.begin
			}
			if target <= uint64(begin) || target > uint64(len(data)) || target < uint64(at) {
				return errEntry
			}
			at = int(target)
			continue
		}
		if len(stack) == maxDepth {
			return errEntry
		}
		stack = append(stack, below)
	}
	if len(stack) > 2 {
		return errEntry
	}
	return nil
}

// step goes over an entry's attributes from at on and notes the fields that are
// wanted. It gives where the entry ends, beyond the end of the data if that is
// there.
func (u *unit) step(steps []step, at int, entry *found) int {
	data := u.data
	for i := range steps {
		s := &steps[i]
		switch s.kind {
		case skipBytes:
			at += int(s.size)
		case skipLEB:
			for at < len(data) && data[at] >= 0x80 {
				at++
			}
			at++
		case skipExpression:
			if at < len(data) && data[at] < 0x80 {
				at += 1 + int(data[at])
				continue
			}
			at = u.readField(s, at, nil)
		case skipText:
			if at >= len(data) {
				return len(data) + 1
			}
			n := bytes.IndexByte(data[at:], 0)
			if n < 0 {
				return len(data) + 1
			}
			at += n + 1
		case takeField:
			at = u.takeField(s, at, entry)
		default:
			at = u.readField(s, at, nil)
		}
	}
	return at
}

// takeField notes one field. Numbers of four bytes are the usual ones.
func (u *unit) takeField(s *step, at int, entry *found) int {
	entry.set |= 1 << s.field
	entry.form[s.field] = s.form
	switch s.form {
	case formStrp, formRef4, formSecOffset, formData4:
		if u.offsetSize == 4 && at >= 0 && at+4 <= len(u.data) {
			entry.number[s.field] = uint64(u.order.Uint32(u.data[at:]))
			return at + 4
		}
	case formData1:
		if at >= 0 && at < len(u.data) {
			entry.number[s.field] = uint64(u.data[at])
			return at + 1
		}
	case formFlagPresent:
		entry.number[s.field] = 1
		return at
	case formImplicitConst:
		entry.number[s.field] = uint64(s.implicit)
		return at
	}
	return u.readField(s, at, entry)
}

// readField reads any value. Of a block, what is noted is its first byte; of a text,
// where it is.
func (u *unit) readField(s *step, at int, entry *found) int {
	if at > len(u.data) {
		return at
	}
	r := reader{data: u.data, at: at, order: u.order}
	v := u.read(&r, s.form, s.implicit)
	if r.short {
		return len(u.data) + 1
	}
	if entry == nil {
		return r.at
	}
	entry.form[s.field], entry.number[s.field] = v.form, v.number
	switch {
	case v.form == formString:
		entry.number[s.field] = uint64(r.at - 1 - len(v.block))
	case v.isBlock() && len(v.block) > 0:
		entry.number[s.field] = uint64(v.block[0])
	}
	return r.at
}

// take notes an entry of use, and tells what holds for the entries below it.
func (s *scanned) take(u *unit, a *abbreviation, e *found, here frame) (owner int32, inFunction, skip bool) {
	switch a.plan.action {
	case takeFunction:
		if e.number[fieldDeclaration] != 0 && e.set.has(fieldDeclaration) {
			return -1, false, true
		}
		return s.takeCode(u, e, -1), true, false
	case takeInlined:
		return s.takeCode(u, e, here.copy), true, false
	case takeVariable:
		s.takeVariable(u, e, here.inFunction)
	case takeType:
		if !here.inFunction && !(e.set.has(fieldDeclaration) && e.number[fieldDeclaration] != 0) {
			s.takeNamed(u, a.tag, e)
		}
	}
	return here.copy, here.inFunction, true
}

// takeCode notes a copy of a function, if it has code, and gives its number or,
// without code, that of the copy around it.
func (s *scanned) takeCode(u *unit, e *found, parent int32) int32 {
	if !e.set.has(fieldLow) && !e.set.has(fieldRanges) {
		return parent
	}
	first := len(s.ranges)
	ranges, err := u.code(s.ranges, e.value(fieldLow), e.value(fieldHigh), e.value(fieldRanges))
	s.ranges = ranges
	if err != nil || len(ranges) == first {
		s.ranges = s.ranges[:first]
		return parent
	}
	entry := ranges[first].Low
	if v := e.value(fieldEntry); v.form != 0 && parent >= 0 {
		if a, ok := u.address(v); ok {
			entry = a
		} else if v.isConstant() {
			entry += v.number
		}
		if !inRanges(ranges[first:], entry) {
			entry = ranges[first].Low
		}
	}
	function := s.functionOf(u, e, entry)
	if function == noFunction {
		s.ranges = s.ranges[:first]
		return parent
	}
	s.copies = append(s.copies, scannedCopy{
		position: u.position(e.offset), entry: entry, function: function, parent: parent,
		ranges: uint32(first), count: uint32(len(ranges) - first),
	})
	return int32(len(s.copies) - 1)
}

func inRanges(ranges []Range, a uint64) bool {
	for _, r := range ranges {
		if a >= r.Low && a < r.High {
			return true
		}
	}
	return false
}

// functionOf gives the number of the function that an entry is a copy of.
func (s *scanned) functionOf(u *unit, e *found, address uint64) uint32 {
	reference := e.origin()
	usual := reference.form == formRef4 && !e.set.has(fieldName) && !e.set.has(fieldFile)
	if usual {
		if n, found := s.origins[reference.number]; found {
			return n
		}
	}
	d := s.declared(u, e)
	if d.file.form == 0 && u.root.assembler {
		d.file.number, d.line.number = s.assembled(u, address)
		d.file.form = formUdata
	}
	n := s.function(d)
	if usual {
		s.origins[reference.number] = n
	}
	return n
}

func (f *found) origin() value {
	if v := f.value(fieldOrigin); v.form != 0 {
		return v
	}
	return f.value(fieldSpecification)
}

// assembled gives the file and line of a function in assembler, which the entry does
// not tell, out of the line table.
func (s *scanned) assembled(u *unit, address uint64) (file, line uint64) {
	best := uint64(0)
	_ = u.rows(func(row lineRow) bool { // what is damaged is as if it were not there
		if row.address <= address && row.address >= best && !row.end {
			best, file, line = row.address, row.file, uint64(row.line)
		}
		return row.address != address || row.end
	})
	return file, line
}

// declaration is a name and where it is declared, and the units that this is said
// in.
type declaration struct {
	name, file, line   value
	nameUnit, fileUnit *unit
}

// declared puts together what an entry and those that it is an instance of or
// completes say. Those of the same unit are read as the scan reads all.
func (s *scanned) declared(u *unit, e *found) declaration {
	d := declaration{nameUnit: u, fileUnit: u}
	at := *e
	for range maxOrigins {
		if d.name.form == 0 {
			d.name = at.value(fieldName)
		}
		if d.file.form == 0 {
			d.file, d.line = at.value(fieldFile), at.value(fieldLine)
		}
		reference := at.origin()
		if reference.form == 0 || d.name.form != 0 && d.file.form != 0 {
			break
		}
		p, err := u.reference(reference)
		if err != nil {
			break
		}
		if p.source() != u.source || p.offset() < u.first || p.offset() >= uint64(len(u.data)) {
			d.elsewhere(u.object, p)
			break
		}
		r := reader{data: u.data, at: int(p.offset()), order: u.order}
		a := s.table.get(r.uleb())
		if a == nil || a.plan.action != takeFunction && a.plan.action != takeVariable {
			break
		}
		at.set = 0
		if u.step(a.plan.steps, r.at, &at) > len(u.data) {
			break
		}
	}
	return d
}

// elsewhere completes a declaration with what an entry of another unit says.
func (d *declaration) elsewhere(o *Object, p position) {
	e, err := o.entry(p)
	if err != nil {
		return
	}
	if name, at, found := e.lookup(dwarf.AttrName); found && d.name.form == 0 {
		d.name, d.nameUnit = name, at.unit
	}
	if file, at, found := e.lookup(dwarf.AttrDeclFile); found && d.file.form == 0 {
		d.file, d.fileUnit = file, at.unit
		d.line, _, _ = e.lookup(dwarf.AttrDeclLine)
	}
}

// function gives the number of the function that is declared so; noFunction if it
// has no name.
func (s *scanned) function(d declaration) uint32 {
	n, ok := s.nameNumber(d.nameUnit, d.name)
	if !ok {
		return noFunction
	}
	f := scannedFunction{name: n, file: s.fileNumber(d.fileUnit, d.file), line: uint32(d.line.number)}
	number, found := s.numberOfFunction[f]
	if !found {
		number = uint32(len(s.functions))
		s.functions = append(s.functions, f)
		s.numberOfFunction[f] = number
	}
	return number
}

// nameNumber gives the number of a name's text.
func (s *scanned) nameNumber(u *unit, v value) (uint32, bool) {
	if v.form == formStrp && u.source == infoSource {
		n, found := s.numberOfName[v.number]
		if !found {
			n = s.textNumber(textAt(u.strings, v.number))
			s.numberOfName[v.number] = n
		}
		return n, s.texts[n] != ""
	}
	if v.form == 0 {
		return 0, false
	}
	if v.form == formString && v.block == nil {
		v.block = textAt(u.data, v.number)
	}
	n := s.textNumber(u.textBytes(v))
	return n, s.texts[n] != ""
}

func (s *scanned) textNumber(text []byte) uint32 {
	n, found := s.numberOfText[string(text)]
	if !found {
		n = uint32(len(s.texts))
		s.texts = append(s.texts, string(text))
		s.numberOfText[s.texts[n]] = n
	}
	return n
}

// fileNumber gives the number of the text of a file's name.
func (s *scanned) fileNumber(u *unit, file value) uint32 {
	key := fileOfUnit{u, file.number, file.form != 0}
	n, found := s.files[key]
	if !found {
		if file.form == 0 {
			n = s.textNumber([]byte(u.sourceFile()))
		} else {
			n = s.textNumber([]byte(u.fileName(file.number)))
		}
		s.files[key] = n
	}
	return n
}

// takeVariable notes a variable that has a place of its own, or a known value: one
// outside of functions, or a static one inside.
func (s *scanned) takeVariable(u *unit, e *found, inFunction bool) {
	if e.set.has(fieldDeclaration) && e.number[fieldDeclaration] != 0 {
		if !inFunction {
			s.takeNamed(u, dwarf.TagVariable, e)
		}
		return
	}
	location := e.value(fieldLocation)
	fixed := location.isBlock() && isFixed(byte(location.number))
	if inFunction && !fixed || !inFunction && !location.isBlock() && !e.set.has(fieldConstant) {
		return
	}
	d := s.declared(u, e)
	if n, ok := s.nameNumber(d.nameUnit, d.name); ok {
		s.variables = append(s.variables, scannedVariable{u.position(e.offset), n, s.fileNumber(d.fileUnit, d.file)})
	}
}

// isFixed reports whether an expression that begins with an operation gives a place
// that is the same at all times: DW_OP_addr, DW_OP_addrx, DW_OP_GNU_addr_index.
func isFixed(operation byte) bool {
	const addrx, gnuAddrIndex = 0xa1, 0xfb
	return operation == operationAddress || operation == addrx || operation == gnuAddrIndex
}

const operationAddress = 0x03 // DW_OP_addr

// takeNamed notes the first definition of a type of that name or, as the tag says,
// the first declaration of a variable, which may be defined in assembler.
func (s *scanned) takeNamed(u *unit, tag dwarf.Tag, e *found) {
	name := e.value(fieldName)
	if name.form == 0 {
		return
	}
	if name.form == formStrp && u.source == infoSource && name.number < uint64(len(u.strings)) {
		set := s.seen[tag]
		if set == nil {
			set = make([]uint64, len(u.strings)/64+1)
			s.seen[tag] = set
		}
		bit := uint64(1) << (name.number % 64)
		if set[name.number/64]&bit != 0 {
			return
		}
		set[name.number/64] |= bit
	}
	if n, ok := s.nameNumber(u, name); ok {
		s.types = append(s.types, scannedType{u.position(e.offset), tag, n})
	}
}
