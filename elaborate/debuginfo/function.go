package debuginfo

import (
	"debug/dwarf"
	"errors"
	"slices"
	"strings"
)

// Match picks functions: of their copies those that are out of line and, with
// Inlined, those that are inlined, too.
type Match struct {
	Name, File func(string) bool // nil: any
	Inlined    bool
}

// ErrNoCode says that no function is at an address, or a Code is not the object's.
var ErrNoCode = errors.New("no function is there")

// Declaration is a function of the source that has code.
type Declaration struct {
	Name, File string
	Line       int
}

// Functions gives the copies of the functions that match, sorted by file, line of
// the declaration, and entry.
func (o *Object) Functions(match Match) ([]*Code, error) {
	x, err := o.ready()
	if err != nil {
		return nil, err
	}
	var list []*Code
	x.matching(match, func(n int, f indexedFunction, name, file string) {
		first, last := x.copiesOf(n)
		for c := first; c < last; c++ {
			copied := x.copy(c)
			if match.Inlined || copied.parent == noCopy {
				list = append(list, o.code(x, c, copied, name, file, int(f.line)))
			}
		}
	})
	return list, nil
}

// Declarations gives the functions that match and have such copies, sorted by file,
// line and name.
func (o *Object) Declarations(match Match) ([]Declaration, error) {
	x, err := o.ready()
	if err != nil {
		return nil, err
	}
	var list []Declaration
	x.matching(match, func(n int, f indexedFunction, name, file string) {
		first, last := x.copiesOf(n)
		for c := first; c < last; c++ {
			if match.Inlined || x.copy(c).parent == noCopy {
				list = append(list, Declaration{name, file, int(f.line)})
				return
			}
		}
	})
	return list, nil
}

// matching visits the functions that match.
func (x *index) matching(match Match, visit func(n int, f indexedFunction, name, file string)) {
	file, number, wanted := "", ^uint32(0), false
	for n := range x.functionCount() {
		f := x.function(n)
		if f.file != number {
			file, number = x.file(f.file), f.file
			wanted = match.File == nil || match.File(file)
		}
		if !wanted {
			continue
		}
		if name := x.text(f.name); match.Name == nil || match.Name(name) {
			visit(n, f, name, file)
		}
	}
}

// code makes a Code of a record.
func (o *Object) code(x *index, n int, copied indexedCopy, name, file string, line int) *Code {
	c := &Code{Name: name, File: file, Line: line, Inlined: copied.parent != noCopy, copy: n + 1}
	if !c.Inlined {
		c.Symbol, c.Exported = x.text(copied.symbol&^exportedSymbol), copied.symbol&exportedSymbol != 0
	}
	c.Entry = o.place(copied.entry)
	c.Ranges = x.rangesOf(n, nil)
	if o.image.base != nil {
		c.Ranges = o.inSection(c.Ranges, c.Entry.Section)
	}
	return c
}

// place gives the place of an address that is in the DWARF.
func (o *Object) place(address uint64) Address {
	a, _ := o.image.Place(address)
	return a
}

// inSection turns ranges of addresses into ranges of a section, without those that
// are elsewhere: a module's cold code has a section of its own.
func (o *Object) inSection(ranges []Range, section string) []Range {
	inside := ranges[:0]
	for _, r := range ranges {
		if low := o.place(r.Low); low.Section == section {
			inside = append(inside, Range{low.Offset, low.Offset + r.High - r.Low})
		}
	}
	return inside
}

func (o *Object) numbered(x *index, n int) *Code {
	f := x.function(x.functionOf(n))
	return o.code(x, n, x.copy(n), x.text(f.name), x.file(f.file), int(f.line))
}

// FunctionNames lists the names of the functions that have code, sorted, each once.
func (o *Object) FunctionNames() []string {
	x, err := o.ready()
	if err != nil {
		return nil
	}
	names := make([]string, x.functionCount())
	for n := range names {
		names[n] = x.text(x.function(n).name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Files lists the files that functions with code are declared in, sorted.
func (o *Object) Files() []string {
	x, err := o.ready()
	if err != nil {
		return nil
	}
	var files []string
	last := ^uint32(0)
	for n := range x.functionCount() {
		if f := x.function(n); f.file != last {
			last = f.file
			files = append(files, x.file(f.file))
		}
	}
	return files
}

// CodeAt gives the copy of a function, out of line, that an address is in; ErrNoCode
// if there is none.
func (o *Object) CodeAt(a Address) (*Code, error) {
	x, err := o.ready()
	if err != nil {
		return nil, err
	}
	address, ok := o.image.Linear(a)
	if !ok {
		return nil, ErrNoCode
	}
	n, found := x.copyAround(address)
	if !found {
		return nil, ErrNoCode
	}
	return o.numbered(x, n), nil
}

// Around gives the copy out of line that a copy is in; itself if it is one.
func (o *Object) Around(c *Code) (*Code, error) {
	x, n, err := o.copyOf(c)
	if err != nil {
		return nil, err
	}
	if outer := x.outermost(n); outer != n {
		return o.numbered(x, outer), nil
	}
	return c, nil
}

// outermost gives the copy out of line that a copy is in.
func (x *index) outermost(n int) int {
	for range maxDepth {
		parent := x.copy(n).parent
		if parent == noCopy || int(parent) >= x.copyCount() {
			break
		}
		n = int(parent)
	}
	return n
}

// copyOf gives the number of a copy in the index.
func (o *Object) copyOf(c *Code) (*index, int, error) {
	x, err := o.ready()
	if err != nil {
		return nil, 0, err
	}
	if c.copy < 1 || c.copy > x.copyCount() {
		return nil, 0, ErrNoCode
	}
	return x, c.copy - 1, nil
}

// entryOf gives the entry that a copy was made from.
func (o *Object) entryOf(c *Code) (entry, error) {
	x, n, err := o.copyOf(c)
	if err != nil {
		return entry{}, err
	}
	e, err := o.entry(x.copy(n).position)
	if err != nil {
		return entry{}, o.damaged(err)
	}
	if e.tag() != dwarf.TagSubprogram && e.tag() != dwarf.TagInlinedSubroutine {
		return entry{}, o.damaged(errEntry)
	}
	return e, nil
}

// codeWalk visits what is in a copy's own code: the entries below its entry and the
// blocks in it, not those of copies that are inlined into it, which are visited
// themselves.
type codeWalk struct {
	visit func(child *entry)
	left  int // entries that may be visited: of damaged ones some lie in several places
}

func walkCode(e entry, visit func(child *entry)) error {
	w := &codeWalk{visit, len(e.unit.data)}
	return w.walk(e, maxBlocks)
}

func (w *codeWalk) walk(e entry, depth int) error {
	var below error
	err := e.children(func(child *entry) bool {
		if w.left--; w.left < 0 || depth == 0 {
			below = errEntry
			return false
		}
		w.visit(child)
		if child.isBlock() {
			below = w.walk(*child, depth-1)
		}
		return below == nil
	})
	return errors.Join(err, below)
}

// isBlock reports whether an entry is a block of the source inside a function.
func (e *entry) isBlock() bool {
	tag := e.tag()
	return tag == dwarf.TagLexDwarfBlock || tag == dwarf.TagTryDwarfBlock || tag == dwarf.TagCatchDwarfBlock
}

// maxBlocks is how deep blocks of source may lie in each other.
const maxBlocks = 256

// Labels gives the labels in a copy that have an address, in the order of the source.
func (o *Object) Labels(c *Code) ([]Label, error) {
	e, err := o.entryOf(c)
	if err != nil {
		return nil, err
	}
	var labels []Label
	err = walkCode(e, func(child *entry) {
		if child.tag() != dwarf.TagLabel {
			return
		}
		a, ok := child.unit.address(child.value(dwarf.AttrLowpc))
		if name := child.name(); ok && name != "" && a != 0 {
			file, line := child.declared()
			labels = append(labels, Label{Name: name, File: file, Line: line, Address: o.place(a)})
		}
	})
	if err != nil {
		return nil, o.damaged(err)
	}
	slices.SortStableFunc(labels, func(a, b Label) int { return a.Line - b.Line })
	return labels, nil
}

// declared gives the file and line where an entry, or what it is an instance of, is
// declared.
func (e *entry) declared() (file string, line int) {
	if v, at, found := e.lookup(dwarf.AttrDeclFile); found {
		file = at.unit.fileName(v.number)
	}
	v, _, _ := e.lookup(dwarf.AttrDeclLine)
	return file, int(v.number)
}

// Calls gives the calls in a copy's own code that name the function that is called,
// and the copies that are inlined into it.
func (o *Object) Calls(c *Code) ([]Call, error) {
	x, n, err := o.copyOf(c)
	if err != nil {
		return nil, err
	}
	e, err := o.entryOf(c)
	if err != nil {
		return nil, err
	}
	var calls []Call
	var inlined map[position]int
	err = walkCode(e, func(child *entry) {
		switch child.tag() {
		case tagCallSite, tagGNUCallSite:
			if call, ok := o.call(child); ok {
				calls = append(calls, call)
			}
		case dwarf.TagInlinedSubroutine:
			if inlined == nil {
				inlined = map[position]int{}
				for _, number := range x.inlinedInto(n) {
					inlined[x.copy(int(number)).position] = int(number)
				}
			}
			if number, found := inlined[child.position()]; found {
				copied := o.numbered(x, number)
				calls = append(calls, Call{Name: copied.Name, Inlined: copied, Line: int(child.value(dwarf.AttrCallLine).number)})
			}
		}
	})
	if err != nil {
		return nil, o.damaged(err)
	}
	return calls, nil
}

// call reads one call site (DWARF 5, 3.4.1, and GNU's form of it before). One that
// calls through a pointer names nobody.
func (o *Object) call(e *entry) (Call, bool) {
	v, found := e.find(attrCallOrigin)
	if !found {
		if v, found = e.find(dwarf.AttrAbstractOrigin); !found {
			return Call{}, false
		}
	}
	callee, err := e.unit.referred(v)
	if err != nil {
		return Call{}, false
	}
	call := Call{Name: callee.name(), TailCall: e.flag(attrCallTailCall) || e.flag(attrGNUTailCall)}
	a, ok := e.unit.address(e.value(attrCallReturnPC))
	if !ok {
		a, ok = e.unit.address(e.value(dwarf.AttrLowpc))
	}
	if !ok {
		a, ok = e.unit.address(e.value(attrCallPC))
	}
	if ok {
		call.Returns = o.place(a)
	}
	call.Line = int(e.value(dwarf.AttrCallLine).number)
	call.Name = strings.TrimPrefix(call.Name, "*")
	return call, call.Name != "" && ok
}

// Prototype gives a function's parameters and result.
func (o *Object) Prototype(c *Code) (*Function, error) {
	e, err := o.entryOf(c)
	if err != nil {
		return nil, err
	}
	f := &Function{Name: c.Name}
	source := e.outermost()
	if result, at, found := e.lookup(dwarf.AttrType); found {
		if f.Result, err = at.unit.typeOf(result); err != nil {
			return nil, o.damaged(err)
		}
		f.written = at.unit.laterWritten(result)
	}
	err = source.children(func(child *entry) bool {
		if child.tag() != dwarf.TagFormalParameter {
			return true
		}
		v, at, found := child.lookup(dwarf.AttrType)
		p := Parameter{Name: child.name()}
		if found {
			var problem error
			if p.Type, problem = at.unit.typeOf(v); problem != nil {
				err = problem
			}
			p.written = at.unit.laterWritten(v)
		}
		f.Parameters = append(f.Parameters, p)
		return true
	})
	if err != nil {
		return nil, o.damaged(err)
	}
	return f, nil
}

// KeepsConvention reports whether a copy is called as its prototype and the calling
// convention say. Compilers may leave out or change parameters of a function that they
// know all callers of: GCC in a clone, whose symbol has a suffix, and LLVM in the
// function itself, which DW_AT_calling_convention then tells (DWARF 5, 3.3.1.1).
func (o *Object) KeepsConvention(c *Code) (bool, error) {
	if c.Inlined || c.Symbol == "" || strings.Contains(c.Symbol, ".") {
		return false, nil
	}
	e, err := o.entryOf(c)
	if err != nil {
		return false, err
	}
	const noCall = 3 // DW_CC_nocall
	convention, _, found := e.lookup(dwarf.AttrCalling)
	return !found || convention.number != noCall, nil
}
