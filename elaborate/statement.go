package elaborate

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// This file is about lines: kernel.statement("name@file:line"). A line has rows in
// the line table wherever a statement of it begins. Each copy of a function, out of
// line or inlined, has rows of its own, and gets a probe at the lowest address that
// its rows have for the line.

// StatementPlace is an instruction inside a function, or the beginning of an
// inlined copy of one.
type StatementPlace struct{ *FunctionPlace }

// nearestLines is how far from the line that is asked for .nearest looks.
const nearestLines = 5

// statementRow is a row of the line table with the copy of a function that it
// belongs to.
type statementRow struct {
	function *foundFunction
	record   debuginfo.LineRecord
}

// statements gives the places of kernel.statement("…").
func (q *codeQuery) statements() ([]site, *parse.Diagnostic) {
	if !q.spec.matchScope() {
		return nil, q.noMatch()
	}
	what := q.spec.needsDWARF()
	if what == "" {
		what = "lines"
	}
	info, d := q.needDebugInfo(what)
	if d != nil {
		return nil, d
	}
	functions, d := q.copies(info)
	if d != nil {
		return nil, d
	}
	functions, d = q.sieve(functions)
	if d != nil {
		return nil, d
	}
	if q.spec.lines.kind == noLine {
		var sites []site
		for _, f := range functions {
			s, d := q.inside(f, f.entry, q.canonical(f, q.point.Components[2:]))
			if d != nil {
				return nil, d
			}
			sites = append(sites, s)
		}
		return sites, nil
	}
	rows, d := q.rows(info, functions)
	if d != nil {
		return nil, d
	}
	return q.rowSites(rows)
}

// copies gives all copies of the functions that the specification names.
func (q *codeQuery) copies(info *debuginfo.Object) ([]*foundFunction, *parse.Diagnostic) {
	match := debuginfo.Match{Name: q.spec.matchName, Inlined: true}
	if q.spec.file != "" {
		match.File = q.spec.matchFile
	}
	codes, err := info.Functions(match)
	if err != nil {
		return nil, q.fail(err)
	}
	prototypes, d := q.prototypesByName()
	if d != nil {
		return nil, d
	}
	var functions []*foundFunction
	for _, c := range codes {
		f := describedFunction(c)
		if f.isOriginal() {
			f.prototype = prototypes[c.Name]
		}
		functions = append(functions, f)
	}
	if len(functions) == 0 {
		return nil, q.noMatch()
	}
	return functions, nil
}

// rows gives those of the lines that are asked for.
func (q *codeQuery) rows(info *debuginfo.Object, functions []*foundFunction) ([]statementRow, *parse.Diagnostic) {
	rows, d := q.rowsAround(info, functions)
	if d != nil {
		return nil, d
	}
	wanted := slices.DeleteFunc(slices.Clone(rows), func(r statementRow) bool { return !q.wantsLine(r) })
	if len(wanted) > 0 {
		return wanted, nil
	}
	line, single := q.spec.lines.single()
	if q.spec.lines.kind == relativeLine {
		line, single = functions[0].code.Line+q.spec.lines.distance, true
	}
	if q.form.nearest && single {
		if near, found := nearestLine(rows, line); found {
			return slices.DeleteFunc(rows, func(r statementRow) bool { return r.record.Line != near }), nil
		}
	}
	return nil, q.noRecords(rows, functions[0], line, single)
}

// rowsAround gives all rows that the functions have, of many functions those that
// are in or near the lines.
func (q *codeQuery) rowsAround(info *debuginfo.Object, functions []*foundFunction) ([]statementRow, *parse.Diagnostic) {
	var rows []statementRow
	if q.spec.isPattern() && q.spec.lines.kind == listedLines {
		low, high := q.spec.lines.bounds()
		records, err := info.Lines(q.spec.matchFile, max(1, low-suggestedLines), high+suggestedLines)
		if err != nil {
			return nil, q.fail(err)
		}
		byFile := map[string][]*foundFunction{}
		for _, f := range functions {
			byFile[f.code.File] = append(byFile[f.code.File], f)
		}
		for _, r := range records {
			if f := innermost(byFile[r.File], r); f != nil {
				rows = append(rows, statementRow{f, r})
			}
		}
		return rows, nil
	}
	for _, f := range functions {
		records, err := info.LinesIn(f.code)
		if err != nil {
			return nil, q.fail(err)
		}
		for _, r := range records {
			if r.File == f.code.File && r.Line >= f.code.Line {
				rows = append(rows, statementRow{f, r})
			}
		}
	}
	return rows, nil
}

// innermost finds the copy that a row belongs to: of those around its address that
// begin in front of its line, the smallest.
func innermost(functions []*foundFunction, r debuginfo.LineRecord) *foundFunction {
	var best *foundFunction
	var least uint64
	for _, f := range functions {
		if f.code.Line > r.Line || !covers(f.code, r.Address) {
			continue
		}
		size := uint64(0)
		for _, part := range f.code.Ranges {
			size += part.High - part.Low
		}
		if best == nil || f.code.Line > best.code.Line || f.code.Line == best.code.Line && size < least {
			best, least = f, size
		}
	}
	return best
}

func (q *codeQuery) wantsLine(r statementRow) bool {
	switch q.spec.lines.kind {
	case listedLines:
		return q.spec.lines.contains(r.record.Line)
	case relativeLine:
		return r.record.Line == r.function.code.Line+q.spec.lines.distance
	}
	return true
}

// nearestLine gives the line with rows that is closest to a line, of two the later
// one.
func nearestLine(rows []statementRow, line int) (int, bool) {
	best, found := 0, false
	distance := func(n int) int { return max(n-line, line-n) }
	for _, r := range rows {
		n := r.record.Line
		if distance(n) > nearestLines {
			continue
		}
		if !found || distance(n) < distance(best) || distance(n) == distance(best) && n > best {
			best, found = n, true
		}
	}
	return best, found
}

// suggestedLines is how far from a line others are suggested.
const suggestedLines = 100

// noRecords says that the lines have no rows, and which ones next to them have.
func (q *codeQuery) noRecords(rows []statementRow, f *foundFunction, line int, single bool) *parse.Diagnostic {
	if !single {
		low, high := q.spec.lines.bounds()
		if q.spec.lines.kind != listedLines {
			return semanticError(q.at, fmt.Sprintf("no line records for %s [man error::dwarf]", q.spec.name))
		}
		return semanticError(q.at, fmt.Sprintf("no line records for %s:%d-%d [man error::dwarf]", f.code.File, low, high))
	}
	before, after := 0, 0
	for _, r := range rows {
		switch n := r.record.Line; {
		case n < line && n > before:
			before = n
		case n > line && (after == 0 || n < after):
			after = n
		}
	}
	d := semanticError(q.at, fmt.Sprintf("no line records for %s:%d [man error::dwarf]", f.code.File, line))
	switch {
	case before > 0 && after > 0:
		d.Message += fmt.Sprintf(" (try :%d or :%d)", before, after)
	case before+after > 0:
		d.Message += fmt.Sprintf(" (try :%d)", before+after)
	}
	return d
}

// rowSites makes a place of each line of each copy of a function, at the lowest
// address of the line there; of ":*", of each row.
func (q *codeQuery) rowSites(rows []statementRow) ([]site, *parse.Diagnostic) {
	slices.SortStableFunc(rows, func(a, b statementRow) int { return compareAddresses(a.record.Address, b.record.Address) })
	type lineOfCopy struct {
		code *debuginfo.Code
		line int
	}
	lines := map[lineOfCopy]bool{}
	taken := map[debuginfo.Address]bool{}
	var sites []site
	for _, r := range rows {
		line := lineOfCopy{r.function.code, r.record.Line}
		if q.spec.lines.kind != everyLine && lines[line] || taken[r.record.Address] {
			continue
		}
		lines[line], taken[r.record.Address] = true, true
		text := fmt.Sprintf("%s@%s:%d", r.function.name, r.record.File, r.record.Line)
		s, d := q.inside(r.function, r.record.Address, q.canonicalText(strconv.Quote(text), nil))
		if d != nil {
			return nil, d
		}
		s.dispensable = q.spec.isPattern()
		sites = append(sites, s)
	}
	return sites, nil
}

// atAddress gives the place of function(address) or statement(address), an address
// of the file as it was linked; of a module, in its section .text.
func (q *codeQuery) atAddress(n *parse.NumberLiteral) ([]site, *parse.Diagnostic) {
	a := debuginfo.Address{Offset: uint64(n.Value)}
	if !q.object.isKernel() {
		a.Section = ".text"
	}
	f, d := q.functionAt(a)
	if d != nil {
		return nil, d
	}
	q.spec.name = f.name
	functions := []*foundFunction{f}
	switch {
	case q.form.label != "":
		return q.labels(functions)
	case q.form.callee != "":
		return q.callees(functions)
	case q.form.inline || q.form.exported && !f.code.Exported:
		return nil, semanticError(q.at, "no match")
	}
	if functions, d = q.sieve(functions); d != nil {
		return nil, d
	}
	s, d := q.inside(functions[0], a, q.canonicalText(fmt.Sprintf("0x%x", a.Offset), q.point.Components[2:]))
	if d != nil {
		return nil, d
	}
	if place, ok := s.place.(*FunctionPlace); ok && q.form.returns {
		s.place = &ReturnPlace{place, q.form.active}
	} else if q.form.returns {
		return nil, semanticError(q.at, fmt.Sprintf("address 0x%x is not the entry of %s, whose return is asked for", a.Offset, f.name))
	}
	return []site{s}, nil
}

// functionAt finds the function around an address at which a statement begins.
func (q *codeQuery) functionAt(a debuginfo.Address) (*foundFunction, *parse.Diagnostic) {
	info, err := q.object.debugInfo()
	missing, failure := atHand(err)
	switch {
	case failure != nil:
		return nil, q.fail(failure)
	case missing != nil:
		for _, s := range q.object.symbolsAt(a) {
			f := &foundFunction{name: baseName(s.Name), symbol: s.Name, entry: a, placed: true}
			f.prototype = q.prototypeOf(s.Name, a, nil)
			return f, nil
		}
		return nil, q.missing("statements that are no function's entry", dwarfSource, missing)
	}
	code, err := info.CodeAt(a)
	if err != nil {
		for _, s := range q.object.symbolsAt(a) {
			return &foundFunction{name: s.Name, symbol: s.Name, entry: a, placed: true}, nil
		}
		return nil, semanticError(q.at, fmt.Sprintf("no match: there is no function at 0x%x", a.Offset))
	}
	f := describedFunction(code)
	if f.isOriginal() {
		f.prototype = q.prototypeOf(f.name, f.entry, nil)
	}
	if a == code.Entry {
		return f, nil
	}
	records, err := info.LinesIn(code)
	if err != nil {
		return nil, q.fail(err)
	}
	if !slices.ContainsFunc(records, func(r debuginfo.LineRecord) bool { return r.Address == a }) {
		d := semanticError(q.at, fmt.Sprintf("address 0x%x does not match the beginning of a statement", a.Offset))
		if !q.e.options.Guru {
			return nil, d
		}
		q.e.warn(q.at, d.Message)
	}
	return f, nil
}
