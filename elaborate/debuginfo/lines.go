package debuginfo

import (
	"errors"
	"path"
	"strings"
)

// This file reads line tables: which instruction belongs to which line of which
// file (DWARF 5, 6.2).

// lineHeader is the part of a unit's line table that says how to read the rest, and
// names the files.
type lineHeader struct {
	version       int
	addressSize   int
	offsetSize    int
	minimum       uint64 // bytes of an instruction
	operations    uint64 // of an instruction
	isStatement   bool
	lineBase      int8
	lineRange     uint8
	operandCounts []uint8 // of opcode n+1
	folders       [][]byte
	files         []lineFile
	program       []byte
}

// lineFile is a file that a line table names.
type lineFile struct {
	name   []byte
	folder uint64
}

var errLines = errors.New("DWARF: a line table is damaged")

// What a field of an entry of a table of files or folders says (DW_LNCT_*).
const (
	contentPath   = 1
	contentFolder = 2
)

// lineTable gives the header of the unit's line table; nil if it has none.
func (u *unit) lineTable() (*lineHeader, error) {
	if !u.root.hasLines && u.root.skeleton != nil {
		return u.root.skeleton.lineTable()
	}
	if h := u.header.Load(); h != nil {
		return h, nil
	}
	h, err := u.readLineHeader()
	if err != nil {
		return nil, err
	}
	u.header.Store(h)
	return h, nil
}

// forgetLines gives back the memory that lineTable has taken.
func (u *unit) forgetLines() { u.header.Store(nil) }

func (u *unit) readLineHeader() (*lineHeader, error) {
	if !u.root.hasLines {
		return nil, nil
	}
	if u.root.linesAt >= uint64(len(u.lines)) {
		return nil, errLines
	}
	r := &reader{data: u.lines, at: int(u.root.linesAt), order: u.order}
	length, offsetSize := r.length()
	if r.short || length > uint64(len(r.data)-r.at) {
		return nil, errLines
	}
	r.data = r.data[:r.at+int(length)]
	h := &lineHeader{version: int(r.unsigned(2)), addressSize: u.addressSize, offsetSize: offsetSize}
	if h.version < 2 || h.version > 5 {
		return nil, errLines
	}
	if h.version >= 5 {
		h.addressSize = int(r.unsigned(1))
		r.unsigned(1) // segment selectors
	}
	rest := r.unsigned(offsetSize)
	if r.short || rest > uint64(len(r.data)-r.at) {
		return nil, errLines
	}
	h.program = r.data[r.at+int(rest):]
	h.minimum, h.operations = r.unsigned(1), 1
	if h.version >= 4 {
		h.operations = r.unsigned(1)
	}
	h.isStatement = r.unsigned(1) != 0
	h.lineBase = int8(r.unsigned(1))
	h.lineRange = uint8(r.unsigned(1))
	opcodes := r.unsigned(1)
	if opcodes > 0 {
		h.operandCounts = r.next(opcodes - 1)
	}
	if r.short || h.operations == 0 || h.lineRange == 0 || h.addressSize < 1 || h.addressSize > 8 {
		return nil, errLines
	}
	if h.version >= 5 {
		return h, h.readTables(u, r)
	}
	return h, h.readOldTables(u, r)
}

// readTables reads the folders and files of version 5.
func (h *lineHeader) readTables(u *unit, r *reader) error {
	err := u.readLineEntries(r, func(name []byte, _ uint64) { h.folders = append(h.folders, name) })
	if err != nil {
		return err
	}
	return u.readLineEntries(r, func(name []byte, folder uint64) {
		h.files = append(h.files, lineFile{name: name, folder: folder})
	})
}

func (u *unit) readLineEntries(r *reader, add func(name []byte, folder uint64)) error {
	type content struct {
		kind uint64
		form form
	}
	var format []content
	for range r.unsigned(1) {
		format = append(format, content{r.uleb(), form(r.uleb())})
	}
	n := r.uleb()
	if r.short || n > uint64(len(r.data)) || n > 0 && len(format) == 0 {
		return errLines
	}
	for range n {
		var name []byte
		folder := uint64(0)
		for _, c := range format {
			v := u.read(r, c.form, 0)
			switch c.kind {
			case contentPath:
				name = u.textBytes(v)
			case contentFolder:
				folder = v.number
			}
		}
		if r.short {
			return errLines
		}
		add(name, folder)
	}
	return nil
}

// readOldTables reads the folders and files of the versions before 5, where folder 0
// is the unit's and the first file is number 1.
func (h *lineHeader) readOldTables(u *unit, r *reader) error {
	h.folders = [][]byte{[]byte(u.folder())}
	h.files = make([]lineFile, 1)
	for {
		name := r.text()
		if r.short {
			return errLines
		}
		if len(name) == 0 {
			break
		}
		h.folders = append(h.folders, name)
	}
	for {
		name := r.text()
		if r.short {
			return errLines
		}
		if len(name) == 0 {
			return nil
		}
		h.files = append(h.files, lineFile{name: name, folder: r.uleb()})
		r.uleb() // time
		r.uleb() // size
	}
}

// fileName gives a file of the unit by its number in the line table, relative to the
// source's top; "" if there is none.
func (u *unit) fileName(number uint64) string {
	if u.ready() != nil {
		return ""
	}
	h, err := u.lineTable()
	if err != nil || h == nil || number >= uint64(len(h.files)) || number == 0 && h.version < 5 {
		return ""
	}
	f := h.files[number]
	folder := ""
	if f.folder < uint64(len(h.folders)) {
		folder = string(h.folders[f.folder])
	}
	return u.sourcePath(folder, string(f.name))
}

// sourceFile gives the file that the unit was compiled from.
func (u *unit) sourceFile() string { return u.sourcePath("", u.root.name) }

// sourcePath gives a file's path relative to the top of the source. A relative path
// is taken for one already: where kernels are built apart from their source, the
// source's folder is taken off the names.
func (u *unit) sourcePath(folder, name string) string {
	p := name
	if !path.IsAbs(p) {
		p = path.Join(folder, name)
	}
	p = path.Clean(p)
	if strings.HasPrefix(p, "../") && path.IsAbs(u.folder()) {
		p = path.Join(u.root.folder, p)
	}
	if !path.IsAbs(p) {
		return p
	}
	top := sourceTop(u.folder(), p)
	if top == "/" {
		return p
	}
	return strings.TrimPrefix(strings.TrimPrefix(p, top), "/")
}

// topFolders are the folders at the top of a kernel's source.
var topFolders = map[string]bool{
	"arch": true, "block": true, "certs": true, "crypto": true, "debian": true, "drivers": true, "fs": true, "include": true,
	"init": true, "io_uring": true, "ipc": true, "kernel": true, "lib": true, "mm": true, "net": true, "rust": true,
	"samples": true, "scripts": true, "security": true, "sound": true, "tools": true, "usr": true, "virt": true,
}

// sourceTop finds the top of the source that a file is of: the folder above both the
// file and the one that it was compiled in or, where these are apart, the first one
// below that has a folder such as a kernel's source has; "/" if there is none.
func sourceTop(folder, file string) string {
	parts, others := strings.Split(file, "/"), strings.Split(path.Clean(folder), "/")
	n := 0
	for n < len(parts)-1 && n < len(others) && parts[n] == others[n] {
		n++
	}
	for i := n; i < len(parts)-1; i++ {
		if topFolders[parts[i]] && i > 1 {
			return "/" + path.Join(parts[:i]...)
		}
	}
	if n == len(others) && n > 1 { // compiled at the top
		return "/" + path.Join(parts[:n]...)
	}
	return "/"
}

// lineRow is one row of a line table.
type lineRow struct {
	address   uint64
	file      uint64
	line      int
	statement bool
	end       bool // of a sequence: the address is the first that does not belong to it
}

// Opcodes of line programs (DW_LNS_*, DW_LNE_*).
const (
	lineCopy            = 1
	lineAdvancePC       = 2
	lineAdvanceLine     = 3
	lineSetFile         = 4
	lineSetColumn       = 5
	lineNegateStatement = 6
	lineConstantAdd     = 8
	lineFixedAdvance    = 9
	extendedEnd         = 1
	extendedAddress     = 2
)

// rows runs the line program and calls visit for each row until it returns false.
func (u *unit) rows(visit func(row lineRow) bool) error {
	h, err := u.lineTable()
	if err != nil || h == nil {
		return err
	}
	r := &reader{data: h.program, order: u.order}
	start := lineRow{file: 1, line: 1, statement: h.isStatement}
	row := start
	opcodeBase := len(h.operandCounts) + 1
	for r.at < len(r.data) && !r.short {
		opcode := int(r.data[r.at])
		r.at++
		switch {
		case opcode >= opcodeBase:
			adjusted := opcode - opcodeBase
			row.address += uint64(adjusted/int(h.lineRange)) * h.minimum
			row.line += int(h.lineBase) + adjusted%int(h.lineRange)
			if !visit(row) {
				return nil
			}
		case opcode == 0:
			n := r.uleb()
			operands := r.next(n)
			if len(operands) == 0 {
				return errLines
			}
			switch o := (&reader{data: operands, at: 1, order: u.order}); operands[0] {
			case extendedEnd:
				row.end = true
				if !visit(row) {
					return nil
				}
				row = start
			case extendedAddress:
				row.address = o.unsigned(min(len(operands)-1, 8))
			}
		case opcode == lineCopy:
			if !visit(row) {
				return nil
			}
		default:
			h.standard(r, opcode, &row)
		}
	}
	if r.short {
		return errLines
	}
	return nil
}

// standard does an opcode that makes no row.
func (h *lineHeader) standard(r *reader, opcode int, row *lineRow) {
	switch opcode {
	case lineAdvancePC:
		row.address += r.uleb() * h.minimum
	case lineAdvanceLine:
		row.line += int(r.sleb())
	case lineSetFile:
		row.file = r.uleb()
	case lineSetColumn:
		r.uleb()
	case lineNegateStatement:
		row.statement = !row.statement
	case lineConstantAdd:
		row.address += uint64((255-len(h.operandCounts)-1)/int(h.lineRange)) * h.minimum
	case lineFixedAdvance:
		row.address += r.unsigned(2)
	default:
		for range h.operandCounts[opcode-1] {
			r.uleb()
		}
	}
}
