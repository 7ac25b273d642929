package elaborate

import (
	"errors"
	"reflect"
	"testing"
)

// TestBuilds: P383: a program is bound to a build by addresses that hold for that
// build alone, and not by names.
func TestBuilds(t *testing.T) {
	at := func(module, symbol string, offset int64) *Probe {
		return &Probe{Place: &FunctionPlace{At: KernelAddress{Module: module, Symbol: symbol, Offset: offset}}}
	}
	returns := &Probe{Place: &ReturnPlace{FunctionPlace: &FunctionPlace{At: KernelAddress{Offset: 4096}}}}
	kernel, module := Build{"kernel", "1"}, Build{"nfs", "2"}
	for name, test := range map[string]struct {
		probes []*Probe
		want   []Build
	}{
		"names":             {[]*Probe{at("", "f", 0), at("nfs", "g", 0), {Place: BeginPlace{}}}, nil},
		"without a symbol":  {[]*Probe{at("", "", 16), at("", "f", 0)}, []Build{kernel}},
		"within a function": {[]*Probe{at("", "f", 16), at("", "f", 20)}, []Build{kernel}},
		"of a return":       {[]*Probe{returns}, []Build{kernel}},
		"of a module":       {[]*Probe{at("nfs", "f", 16)}, []Build{module}},
		"of a caller":       {[]*Probe{{Place: &FunctionPlace{At: KernelAddress{Symbol: "f"}, callers: &CalledFrom{}}}}, []Build{kernel}},
		"absolute":          {[]*Probe{{Place: &FunctionPlace{At: KernelAddress{Offset: 16, Absolute: true}}}}, nil},
		"of both":           {[]*Probe{at("nfs", "f", 16), at("", "", 0)}, []Build{kernel, module}},
		"without an id":     {[]*Probe{at("ext4", "f", 16)}, nil},
	} {
		ids := map[string]string{"kernel": "1", "nfs": "2", "ext4": ""}
		e := newElaborator(nil, Options{BuildID: func(object string) (string, error) { return ids[object], nil }})
		e.program.Probes = test.probes
		if got := e.builds(); e.failure != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %v, %v, want %v", name, got, e.failure, test.want)
		}
	}
	data := newElaborator(nil, Options{BuildID: func(object string) (string, error) { return "of " + object, nil }})
	data.object("/tmp/nfs.ko") // a module that was named by its file
	data.program.Data = []KernelAddress{{Module: "nfs", Symbol: "counts", Offset: 8}, {Symbol: "jiffies"}}
	if got := data.builds(); !reflect.DeepEqual(got, []Build{{"nfs", "of /tmp/nfs.ko"}}) {
		t.Errorf("of data: %v", got)
	}
	failure := errors.New("no notes")
	e := newElaborator(nil, Options{BuildID: func(string) (string, error) { return "", failure }})
	e.bindTo("")
	if e.builds(); !errors.Is(e.failure, failure) {
		t.Errorf("%v", e.failure)
	}
}
