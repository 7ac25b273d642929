package debuginfo_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gostap/gostap/elaborate/debuginfo"
)

// FuzzDWARF asks everything of a damaged file: whatever the answers, nothing may
// panic or go on for ever.
func FuzzDWARF(f *testing.F) {
	for _, name := range []string{"linked-5", "linked-4", "linked-2", "relocatable-5", "room-5", "room-relocatable-5"} {
		data, err := os.ReadFile(filepath.Join("testdata", "dwarf", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { askAll(data) })
}

// TestDamagedDWARF does what FuzzDWARF does with files that have single bytes
// changed, all over what describes the code.
func TestDamagedDWARF(t *testing.T) {
	for _, name := range []string{"linked-5", "linked-4"} {
		whole, err := os.ReadFile(filepath.Join("testdata", "dwarf", name))
		if err != nil {
			t.Fatal(err)
		}
		for at := range whole {
			for _, to := range []byte{0, 0xff, whole[at] + 1} {
				if at%61 == int(to)%61 {
					old := whole[at]
					whole[at] = to
					askAll(whole)
					whole[at] = old
				}
			}
		}
		for n := 0; n < len(whole); n += 997 {
			askAll(whole[:n])
		}
	}
}

func askAll(data []byte) {
	image, err := debuginfo.NewImage("fuzzed", data)
	if err != nil {
		return
	}
	o, err := debuginfo.NewObject("fuzzed", image, "")
	if err != nil {
		return
	}
	codes, err := o.Functions(debuginfo.Match{Inlined: true})
	if err != nil {
		return
	}
	for _, c := range codes[:min(40, len(codes))] {
		askCode(o, c)
	}
	_, _ = o.Lines(nil, 0, 1<<30)
	_ = o.FunctionNames()
	for _, name := range []string{"shape_count", "calls", "shape_names", "shape_limit"} {
		_, _ = o.Global(name, nil)
	}
	for _, name := range []string{"struct shape", "bits", "enum colour", "compare_t", "struct ring"} {
		if found, err := o.TypeByName(name); err == nil {
			walk(found, 4)
		}
	}
}

func askCode(o *debuginfo.Object, c *debuginfo.Code) {
	_, _ = o.CodeAt(c.Entry)
	_, _ = o.Around(c)
	_, _ = o.Labels(c)
	_, _ = o.Calls(c)
	_, _ = o.LinesIn(c)
	if f, err := o.Prototype(c); err == nil {
		_ = f.WrittenResult()
		for _, p := range f.Parameters {
			_ = p.Written()
			walk(p.Type, 3)
		}
	}
	variables, _ := o.Variables(c, c.Entry)
	for _, v := range variables {
		_ = v.Written()
		walk(v.Type, 2)
	}
}
