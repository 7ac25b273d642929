package elaborate

import (
	"fmt"
	"strings"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
)

// LineTable is the files and lines of an object's code, for the runtime to look up
// where a script asks for those of an address.
type LineTable struct {
	Object string // "kernel", or the module's name
	Parts  []LinePart
	Data   []byte // as debuginfo.LineTable has it
}

// LinePart is all of the kernel's code, or a section of a module's.
type LinePart struct {
	At       KernelAddress // of the first byte
	Position uint32        // in the table
	Size     uint32        // bytes
	Initial  bool          // it is gone when the module has started
}

// takeLines takes along the lines of the objects that the user names, if some function
// of the program tells lines.
func (e *elaborator) takeLines() {
	asks := false
	for _, f := range e.program.Functions {
		asks = asks || f.Code != nil && f.Code.Tag("pragma:lines")
	}
	if !asks || e.options.LinesOf == nil || e.failure != nil {
		return
	}
	objects, err := e.options.LinesOf()
	if err != nil {
		e.failure = err
		return
	}
	taken := map[string]bool{}
	var without []*object
	var first *kernel.UserError
	for _, name := range objects {
		o := e.object(name)
		if taken[o.module()] {
			continue
		}
		taken[o.module()] = true
		table, err := e.lineTable(o)
		if err != nil {
			missing, failure := atHand(err)
			if failure != nil {
				e.failure = fmt.Errorf("lines of %s: %w", o, failure)
				return
			}
			if without = append(without, o); first == nil {
				first = missing
			}
			continue
		}
		e.program.Lines = append(e.program.Lines, *table)
		e.bindTo(o.module())
	}
	if len(without) > 0 {
		others := ""
		if n := len(without) - 1; n > 0 {
			others = fmt.Sprintf(" and those of %d more", n)
		}
		e.add(&parse.Diagnostic{
			Severity: parse.Warning, Hint: first.Hint,
			Message: fmt.Sprintf("the lines of %s%s are not known: %s", without[0], others, first.Message),
		})
	}
}

// lineTable makes an object's table; sections that no symbol is in are left out.
func (e *elaborator) lineTable(o *object) (*LineTable, error) {
	made, err := e.options.LineTable(o.name)
	if err != nil {
		return nil, err
	}
	t := &LineTable{Object: o.name, Data: made.Data}
	if !o.isKernel() {
		t.Object = o.module()
	}
	for _, p := range made.Parts {
		at, err := e.address(o, p.Address)
		if missing, failure := atHand(err); failure != nil || missing != nil && o.isKernel() {
			return nil, err
		}
		if err != nil {
			continue
		}
		t.Parts = append(t.Parts, LinePart{
			At: at, Position: p.Position, Size: p.Size, Initial: strings.HasPrefix(p.Address.Section, ".init"),
		})
	}
	if len(t.Parts) == 0 {
		return nil, &kernel.UserError{Message: "no symbol tells where its code is loaded"}
	}
	return t, nil
}
