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
	failure := errors.New("no notes")
	e := newElaborator(nil, Options{BuildID: func(string) (string, error) { return "", failure }})
	e.bindTo("kernel")
	if e.builds(); !errors.Is(e.failure, failure) {
		t.Errorf("%v", e.failure)
	}
}
