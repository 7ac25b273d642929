package elaborate

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
)

// TestTakeLines: R573, R574: the lines of objects are taken along for a program that asks
// for lines, and for no other; sections of a module that no symbol is in are left out; of
// what is not at hand a warning says so, once for all.
func TestTakeLines(t *testing.T) {
	code := func(name string, section string, offset uint64) debuginfo.Symbol {
		return debuginfo.Symbol{Name: name, Address: debuginfo.Address{Section: section, Offset: offset}, Function: true}
	}
	tables := map[string][]debuginfo.Symbol{
		"kernel": {code("_stext", "", 4096), code("register_kprobe", "", 4196)},
		"nfs":    {code("nfs_open", ".text", 16), code("nfs_init", ".init.text", 0)},
	}
	lines := map[string]*debuginfo.LineTable{
		"kernel": {Parts: []debuginfo.LinePart{{Address: debuginfo.Address{Offset: 4000}, Size: 900}}, Data: []byte("k")},
		"nfs": {Parts: []debuginfo.LinePart{
			{Address: debuginfo.Address{Section: ".text"}, Position: 64, Size: 32},
			{Address: debuginfo.Address{Section: ".init.text"}, Position: 128, Size: 8},
			{Address: debuginfo.Address{Section: ".exit.text"}, Position: 256, Size: 8},
		}, Data: []byte("n")},
	}
	missing := &kernel.UserError{Message: "it is not there", Hint: "fetch it"}
	take := func(asks bool, objects ...string) *elaborator {
		e := newElaborator(nil, Options{
			LinesOf: func() ([]string, error) {
				if !asks {
					t.Error("the objects are asked for in vain")
				}
				return objects, nil
			},
			LineTable: func(object string) (*debuginfo.LineTable, error) {
				switch {
				case object == "bad":
					return nil, errors.New("damaged")
				case lines[object] == nil:
					return nil, missing
				}
				return lines[object], nil
			},
			Symbols: func(object string) (*debuginfo.SymbolTable, error) {
				return debuginfo.NewSymbolTable(tables[object], debuginfo.Places{}), nil
			},
			BuildID: func(object string) (string, error) { return "id of " + object, nil },
		})
		text := "/* pure */"
		if asks {
			text += " /* pragma:lines */"
		}
		e.program.Functions = []*Function{{Code: &parse.EmbeddedCode{Token: parse.Token{Text: text}}}}
		e.takeLines()
		return e
	}
	if e := take(false, "kernel"); e.program.Lines != nil || e.program.Anchor != 0 || e.builds() != nil {
		t.Errorf("of a program that asks for none: %v", e.program.Lines)
	}
	e := take(true, "nfs", "gone", "kernel", "nfs", "lost")
	want := []LineTable{
		{Object: "nfs", Data: []byte("n"), Parts: []LinePart{
			{At: KernelAddress{Module: "nfs", Symbol: "nfs_open", Offset: -16}, Position: 64, Size: 32},
			{At: KernelAddress{Module: "nfs", Symbol: "nfs_init"}, Position: 128, Size: 8, Initial: true},
		}},
		{Object: "kernel", Data: []byte("k"), Parts: []LinePart{{At: KernelAddress{Offset: -96}, Size: 900}}},
	}
	if !reflect.DeepEqual(e.program.Lines, want) || e.program.Anchor != 100 || e.failure != nil {
		t.Errorf("%v, anchor %d, %v", e.program.Lines, e.program.Anchor, e.failure)
	}
	if builds := e.builds(); !reflect.DeepEqual(builds, []Build{{"kernel", "id of kernel"}, {"nfs", "id of nfs"}}) {
		t.Errorf("for builds %v", builds)
	}
	if len(e.diagnostics) != 1 || e.diagnostics[0].Severity != parse.Warning || e.diagnostics[0].Hint != "fetch it" ||
		e.diagnostics[0].Message != "the lines of module gone and those of 1 more are not known: it is not there" {
		t.Errorf("%v", e.diagnostics)
	}
	if e := take(true, "bad"); e.failure == nil || !strings.Contains(e.failure.Error(), "lines of module bad: damaged") {
		t.Errorf("%v", e.failure)
	}
}
