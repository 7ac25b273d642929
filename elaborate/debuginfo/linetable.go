package debuginfo

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// LineTable tells the file and the line of each instruction of an object, in the form
// in which a module takes it along (runtime-c/stap/lines.h): a kernel's five million rows
// become a million and a quarter, and less than four megabytes.
//
// Positions count the bytes of the object's code from some beginning; Parts say what
// is at which. A row is in force from its position up to the next one's. Only rows
// that change the file or the line are there; file 0 says that there is no code, line
// 0 that no line is known. Rows lie in blocks of lineBlock. Numbers are in
// little-endian order:
//
//	number of: blocks, names of files, bytes of rows; bytes of an address step; 4 bytes each
//	blocks: the first row's position, file and line, where the others are; 4 bytes each
//	names of files: where each is, from file 1 on, 4 bytes each
//	rows
//	names, with a NUL behind each
//
// A row is a byte and what does not find room in it:
//
//	high four bits    steps from the row before; 0: a LEB128 number of them follows
//	low four bits     0 to 13: the same file, this many lines behind four before;
//	                  14: the same file, the difference of lines follows as signed LEB128;
//	                  15: so do the differences of file and of line
type LineTable struct {
	Parts []LinePart
	Data  []byte
}

// LinePart is a section of an object, or all of the object's code, in a LineTable.
type LinePart struct {
	Address  Address // of the first byte
	Position uint32
	Size     uint32 // bytes
}

const (
	lineBlock     = 64
	lineNear      = 14 // differences of lines that find room
	lineNearFirst = -4
	lineFar       = 14
	lineOtherFile = 15
	maxNearStep   = 15

	lineTableMagic = "gostap lines 2\x00\x00"
)

var errLineTable = errors.New("the table of lines is damaged")

// KeptLineTable gives the table that LineTable has left in a cache folder for the
// object of that build-id; nil if there is none.
func KeptLineTable(cacheFolder, buildID string) *LineTable {
	if cacheFolder == "" || buildID == "" {
		return nil
	}
	data, err := os.ReadFile(lineTableFile(cacheFolder, buildID))
	if err != nil {
		return nil
	}
	t, err := readLineTable(data)
	if err != nil {
		return nil // it is made again
	}
	return t
}

func lineTableFile(folder, buildID string) string { return filepath.Join(folder, buildID+".lines") }

// LineTable makes the table of the object's lines, and leaves it in the cache folder.
// Of a file that has been linked it has the section .text, the rest being gone when a
// kernel has started; of a module, all sections of code.
func (o *Object) LineTable() (*LineTable, error) {
	parts := o.image.codeParts()
	runs, err := o.lineRuns(parts)
	if err != nil {
		return nil, o.damaged(err)
	}
	if err := o.image.linesOfRoom(parts, runs); err != nil {
		return nil, err
	}
	t := newLineTable(parts, runs)
	if o.cache != "" && o.buildID != "" {
		// Without the file the next run is slower, and no worse.
		_ = writeIndex(lineTableFile(o.cache, o.buildID), t.bytes())
	}
	return t, nil
}

// codeParts lists the code that has a place in a LineTable, by positions.
func (m *Image) codeParts() []LinePart {
	var parts []LinePart
	for i, s := range m.file.Sections {
		const code = elf.SHF_ALLOC | elf.SHF_EXECINSTR
		switch {
		case s.Flags&code != code || s.Size == 0 || s.Size > 1<<31:
		case m.base != nil && m.base[i] != 0:
			parts = append(parts, LinePart{Address{Section: s.Name}, uint32(m.base[i]), uint32(s.Size)})
		case m.base == nil && s.Name == ".text":
			parts = append(parts, LinePart{Address{Offset: s.Addr}, 0, uint32(s.Size)})
		}
	}
	return parts
}

// position gives where in the table an address of the file is, as line tables have it.
func (p LinePart) position(m *Image, address uint64) (uint32, bool) {
	begin := p.Address.Offset
	if m.base != nil {
		begin = uint64(p.Position)
	}
	at := address - begin
	return p.Position + uint32(at), address >= begin && at <= uint64(p.Size)
}

// lineRun is a sequence of rows of one unit, in the order of their positions.
type lineRun struct {
	begin, end uint32
	rows       []tableRow
	files      *[]string // names by the numbers in the rows
}

type tableRow struct{ position, file, line uint32 }

// lineRuns decodes the line tables of all units, with as many goroutines as there are
// processors.
func (o *Object) lineRuns(parts []LinePart) ([]lineRun, error) {
	if err := o.units(); err != nil || len(parts) == 0 {
		return nil, err
	}
	units := slices.DeleteFunc(slices.Clone(o.main[infoSource].units), func(u *unit) bool {
		return u.kind != unitCompile && u.kind != unitSkeleton // others share these tables
	})
	workers := max(1, min(runtime.GOMAXPROCS(0), len(units)))
	all, errs := make([][]lineRun, workers), make([]error, workers)
	var next atomic.Int64
	var wait sync.WaitGroup
	for i := range workers {
		wait.Go(func() {
			for errs[i] == nil {
				n := next.Add(1) - 1
				if n >= int64(len(units)) {
					return
				}
				var runs []lineRun
				if runs, errs[i] = units[n].lineRuns(parts); errs[i] == nil {
					all[i] = append(all[i], runs...)
				}
			}
		})
	}
	wait.Wait()
	runs := slices.Concat(all...)
	slices.SortFunc(runs, func(a, b lineRun) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(b.end, a.end), slices.Compare(*a.files, *b.files))
	})
	return runs, errors.Join(errs...)
}

// linesOfRoom has the lines of functions begin where they do, with the room for a tracer that
// DWARF does not count among their code.
func (m *Image) linesOfRoom(parts []LinePart, runs []lineRun) error {
	room := m.machine().room
	if room == 0 {
		return nil
	}
	symbols, err := m.Symbols()
	if err != nil && !errors.Is(err, ErrNoSymbols) {
		return err
	}
	behind := map[uint32]bool{} // the room of functions
	for _, s := range symbols {
		address, ok := m.Linear(s.Address)
		for _, part := range parts {
			if position, inside := part.position(m, address+room); s.Function && ok && inside {
				behind[position] = true
			}
		}
	}
	for n := range runs {
		run := &runs[n]
		moved := false // the row before
		for i := range run.rows {
			row := &run.rows[i]
			earlier := row.position - uint32(room)
			// A row of its own where the symbol is means that there is no room.
			free := i == 0 || run.rows[i-1].position < earlier || moved && run.rows[i-1].position == earlier
			if moved = behind[row.position] && free; moved {
				row.position = earlier
			}
		}
		run.begin = run.rows[0].position
	}
	return nil
}

// lineRuns decodes one unit's line table.
func (u *unit) lineRuns(parts []LinePart) ([]lineRun, error) {
	if err := u.ready(); err != nil {
		return nil, err
	}
	defer u.forgetLines()
	names := fileNames{unit: u}
	files, numbers := &[]string{""}, map[uint64]uint32{}
	fileOf := func(number uint64) uint32 {
		n, known := numbers[number]
		if !known {
			if name := names.of(number); name != "" {
				n = uint32(len(*files))
				*files = append(*files, name)
			}
			numbers[number] = n
		}
		return n
	}
	var runs []lineRun
	run := lineRun{files: files}
	finish := func(end uint32) {
		if run.end = end; len(run.rows) > 0 && run.begin < run.end {
			runs = append(runs, run)
		}
		run = lineRun{files: files}
	}
	part := 0
	err := u.rows(func(row lineRow) bool {
		position, inside := parts[part].position(u.object.image, row.address)
		if len(run.rows) == 0 && !inside {
			for i := range parts {
				if position, inside = parts[i].position(u.object.image, row.address); inside {
					part = i
					break
				}
			}
		}
		switch {
		case !inside: // of code that the linker left out, or that is not taken along
			if row.end {
				run = lineRun{files: files}
			}
		case row.end:
			finish(position)
		default:
			run.add(tableRow{position, fileOf(row.file), uint32(max(row.line, 0))})
		}
		return true
	})
	return runs, err
}

// add appends a row; of several at one position the last one is in force.
func (r *lineRun) add(row tableRow) {
	n := len(r.rows)
	if n == 0 {
		r.begin = row.position
	}
	switch {
	case n > 0 && row.position < r.rows[n-1].position: // no compiler writes that
		return
	case n > 0 && row.position == r.rows[n-1].position:
		r.rows[n-1] = row
	default:
		r.rows = append(r.rows, row)
	}
}

// newLineTable writes a table of runs, which are sorted. Where two are of the same
// code, the first one counts.
func newLineTable(parts []LinePart, runs []lineRun) *LineTable {
	w := &lineWriter{step: lineStep(runs), numbers: map[string]uint32{}}
	end := uint32(0)
	for _, run := range runs {
		if run.end <= end && end > 0 {
			continue
		}
		if run.begin > end {
			w.row(tableRow{position: end})
		}
		for i, row := range run.rows {
			if i+1 < len(run.rows) && run.rows[i+1].position <= end {
				continue
			}
			row.position = max(row.position, end)
			row.file = w.file((*run.files)[row.file])
			w.row(row)
		}
		end = run.end
	}
	w.row(tableRow{position: end})
	w.flush()
	return &LineTable{Parts: parts, Data: w.bytes()}
}

// lineStep gives what all positions are multiples of: the size of an instruction,
// where all have the same.
func lineStep(runs []lineRun) uint32 {
	const fixed = 4
	for _, run := range runs {
		if run.end%fixed != 0 || slices.ContainsFunc(run.rows, func(r tableRow) bool { return r.position%fixed != 0 }) {
			return 1
		}
	}
	return fixed
}

// lineWriter writes the rows of a table.
type lineWriter struct {
	step    uint32
	pending tableRow // the next row to write, unless the one behind it is at the same place
	started bool
	last    tableRow // that was written
	count   int
	blocks  []byte
	rows    []byte
	names   []byte
	offsets []byte // of names
	numbers map[string]uint32
}

// file gives the number of a file in the table.
func (w *lineWriter) file(name string) uint32 {
	if name == "" {
		return 0
	}
	number, known := w.numbers[name]
	if !known {
		number = uint32(len(w.numbers) + 1)
		w.numbers[name] = number
		w.offsets = little.AppendUint32(w.offsets, uint32(len(w.names)))
		w.names = append(append(w.names, name...), 0)
	}
	return number
}

func (w *lineWriter) row(row tableRow) {
	if w.started && row.position != w.pending.position {
		w.flush()
	}
	w.pending, w.started = row, true
}

func (w *lineWriter) flush() {
	row, last := w.pending, w.last
	if w.count > 0 && row.file == last.file && row.line == last.line {
		return
	}
	w.last = row
	w.count++
	if (w.count-1)%lineBlock == 0 {
		for _, n := range []uint32{row.position, row.file, row.line, uint32(len(w.rows))} {
			w.blocks = little.AppendUint32(w.blocks, n)
		}
		return
	}
	steps, lines := (row.position-last.position)/w.step, int64(row.line)-int64(last.line)
	var head byte
	var rest []byte
	if steps <= maxNearStep {
		head = byte(steps) << 4
	} else {
		rest = binary.AppendUvarint(rest, uint64(steps))
	}
	switch {
	case row.file != last.file:
		head |= lineOtherFile
		rest = appendSLEB(rest, int64(row.file)-int64(last.file))
		rest = appendSLEB(rest, lines)
	case lines >= lineNearFirst && lines < lineNearFirst+lineNear:
		head |= byte(lines - lineNearFirst)
	default:
		head |= lineFar
		rest = appendSLEB(rest, lines)
	}
	w.rows = append(append(w.rows, head), rest...)
}

func (w *lineWriter) bytes() []byte {
	var out []byte
	const block = 4 * 4
	for _, n := range []uint32{uint32(len(w.blocks) / block), uint32(len(w.numbers)), uint32(len(w.rows)), w.step} {
		out = little.AppendUint32(out, n)
	}
	return slices.Concat(out, w.blocks, w.offsets, w.rows, w.names)
}

// appendSLEB appends a number as signed LEB128.
func appendSLEB(to []byte, n int64) []byte {
	for {
		b := byte(n & 0x7f)
		n >>= 7
		if n == 0 && b&0x40 == 0 || n == -1 && b&0x40 != 0 {
			return append(to, b)
		}
		to = append(to, b|0x80)
	}
}

// bytes gives the table in the form in which it is kept in a file.
func (t *LineTable) bytes() []byte {
	out := []byte(lineTableMagic)
	out = little.AppendUint32(out, uint32(len(t.Parts)))
	for _, p := range t.Parts {
		out = little.AppendUint64(out, p.Address.Offset)
		out = little.AppendUint32(out, p.Position)
		out = little.AppendUint32(out, p.Size)
		out = append(append(out, p.Address.Section...), 0)
	}
	return append(out, t.Data...)
}

func readLineTable(data []byte) (*LineTable, error) {
	rest, ok := bytes.CutPrefix(data, []byte(lineTableMagic))
	if !ok {
		return nil, errLineTable
	}
	r := &reader{data: rest, order: little}
	t := &LineTable{}
	for n := r.unsigned(4); n > 0 && !r.short; n-- {
		p := LinePart{Address: Address{Offset: r.unsigned(8)}, Position: uint32(r.unsigned(4)), Size: uint32(r.unsigned(4))}
		p.Address.Section = string(r.text())
		t.Parts = append(t.Parts, p)
	}
	if r.short {
		return nil, errLineTable
	}
	t.Data = r.data[r.at:]
	return t, nil
}
