package debuginfo

import (
	"cmp"
	"slices"
	"sync"
)

// This file answers questions about lines with line tables.

// rowCache holds the statements of the unit that was asked for last: questions come
// function after function.
type rowCache struct {
	mutex sync.Mutex
	unit  *unit
	rows  []lineRow
}

// statements gives those rows of a unit's line table that begin statements, in the
// order of their addresses; of rows at one address the order of the table stays.
func (o *Object) statements(u *unit) ([]lineRow, error) {
	if u.root.skeleton != nil {
		u = u.root.skeleton
	}
	o.rows.mutex.Lock()
	defer o.rows.mutex.Unlock()
	if o.rows.unit == u {
		return o.rows.rows, nil
	}
	if err := u.ready(); err != nil {
		return nil, err
	}
	var rows []lineRow
	err := u.rows(func(row lineRow) bool {
		if row.statement && !row.end && row.line > 0 && row.address != 0 && row.address < ^uint64(1) {
			rows = append(rows, row)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(rows, func(a, b lineRow) int { return cmp.Compare(a.address, b.address) })
	o.rows.unit, o.rows.rows = u, rows
	return rows, nil
}

// Lines gives the statements of the lines from low to high of the files that match,
// sorted by file, line and address. They are looked for in the units with functions
// that such a file declares.
func (o *Object) Lines(file func(string) bool, low, high int) ([]LineRecord, error) {
	x, err := o.ready()
	if err != nil {
		return nil, err
	}
	units, err := o.unitsWith(x, file)
	if err != nil {
		return nil, err
	}
	var records []LineRecord
	for _, u := range units {
		rows, err := o.statements(u)
		if err != nil {
			return nil, o.damaged(err)
		}
		names := fileNames{unit: u}
		for _, row := range rows {
			if row.line < low || row.line > high {
				continue
			}
			if name := names.of(row.file); name != "" && (file == nil || file(name)) {
				records = append(records, LineRecord{name, row.line, o.place(row.address)})
			}
		}
	}
	return sortRecords(records), nil
}

// fileNames gives the names of a unit's files; each is put together once.
type fileNames struct {
	unit  *unit
	names map[uint64]string
}

func (f *fileNames) of(number uint64) string {
	name, known := f.names[number]
	if !known {
		if f.names == nil {
			f.names = map[uint64]string{}
		}
		name = f.unit.fileName(number)
		f.names[number] = name
	}
	return name
}

func sortRecords(records []LineRecord) []LineRecord {
	slices.SortFunc(records, func(a, b LineRecord) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Address.Section, b.Address.Section), cmp.Compare(a.Address.Offset, b.Address.Offset),
		)
	})
	return slices.Compact(records)
}

// unitsWith gives the units with copies of functions that are declared in files that
// match, in the order of the DWARF.
func (o *Object) unitsWith(x *index, file func(string) bool) ([]*unit, error) {
	found := map[*unit]bool{}
	var units []*unit
	var problem error
	x.matching(Match{File: file}, func(n int, _ indexedFunction, _, _ string) {
		first, last := x.copiesOf(n)
		for c := first; c < last; c++ {
			u, err := o.unit(x.copy(c).position)
			if err != nil {
				problem = o.damaged(err)
				return
			}
			if !found[u] {
				found[u] = true
				units = append(units, u)
			}
		}
	})
	slices.SortFunc(units, func(a, b *unit) int {
		return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.begin, b.begin))
	})
	return units, problem
}

// copyLines is a copy with what tells whether a line is its own.
type copyLines struct {
	copy   int
	file   string
	line   int
	ranges []Range
}

// LinesIn gives the statements of a copy, sorted by file, line and address. Where a
// copy is inlined into another, a line belongs to the one whose declaration stands
// nearest in front of it in its file or, where no file is the line's, to the
// innermost.
func (o *Object) LinesIn(c *Code) ([]LineRecord, error) {
	x, n, err := o.copyOf(c)
	if err != nil {
		return nil, err
	}
	u, err := o.unit(x.copy(n).position)
	if err != nil {
		return nil, o.damaged(err)
	}
	rows, err := o.statements(u)
	if err != nil {
		return nil, o.damaged(err)
	}
	family := x.family(n, nil, maxBlocks)
	names := fileNames{unit: u}
	var records []LineRecord
	for _, r := range family[0].ranges {
		first, _ := slices.BinarySearchFunc(rows, r.Low, func(row lineRow, a uint64) int { return cmp.Compare(row.address, a) })
		for _, row := range rows[first:] {
			if row.address >= r.High {
				break
			}
			if name := names.of(row.file); owner(family, row.address, name, row.line) == n {
				records = append(records, LineRecord{name, row.line, o.place(row.address)})
			}
		}
	}
	return sortRecords(records), nil
}

// family gives a copy and all that is inlined into it, what is inside behind what it
// is in.
func (x *index) family(n int, list []copyLines, depth int) []copyLines {
	f := x.function(x.functionOf(n))
	list = append(list, copyLines{n, x.file(f.file), int(f.line), x.rangesOf(n, nil)})
	if depth > 0 {
		for _, inner := range x.inlinedInto(n) {
			list = x.family(int(inner), list, depth-1)
		}
	}
	return list
}

// owner tells which copy of a family a line at an address belongs to.
func owner(family []copyLines, address uint64, file string, line int) int {
	innermost, nearest := family[0].copy, -1
	best := -1
	for _, c := range family {
		if !inRanges(c.ranges, address) {
			continue
		}
		innermost = c.copy
		if c.file == file && c.line <= line && c.line >= best {
			nearest, best = c.copy, c.line
		}
	}
	if nearest >= 0 {
		return nearest
	}
	return innermost
}
