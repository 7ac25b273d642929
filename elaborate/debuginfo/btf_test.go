package debuginfo_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/elaborate/debuginfo/btftest"
)

func TestFunction(t *testing.T) {
	btf, err := debuginfo.ParseBTF(btftest.Kernel())
	if err != nil {
		t.Fatal(err)
	}
	f, err := btf.Function("do_sys_openat2")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"dfd int", "filename char*", "how struct open_how*"}
	for i, p := range f.Parameters {
		if got := p.Name + " " + p.Type.String(); got != want[i] {
			t.Errorf("parameter %d is %q, want %q", i, got, want[i])
		}
	}
	if f.Result.String() != "int" || len(f.Parameters) != len(want) {
		t.Errorf("result %v, %d parameters", f.Result, len(f.Parameters))
	}
	if _, err := btf.Function("do_sys_open"); !errors.Is(err, debuginfo.ErrNotFound) {
		t.Errorf("the beginning of a name finds something: %v", err)
	}
	if _, err := btf.Function("twice"); !errors.Is(err, debuginfo.ErrAmbiguous) {
		t.Errorf("twice: %v", err)
	}
}

func TestDamagedBTF(t *testing.T) {
	whole := btftest.Kernel()
	for n := range len(whole) {
		if _, err := debuginfo.ParseBTF(whole[:n]); err == nil {
			t.Fatalf("%d of %d bytes are taken for the whole", n, len(whole))
		}
	}
	b := btftest.New()
	b.Function("f", 0, btftest.Parameter{Name: "x", Type: b.Typedef("loop", 1)})
	btf, err := debuginfo.ParseBTF(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := btf.Function("f"); err == nil {
		t.Error("a typedef of itself is a type")
	}
}

// TestCircularTypes: a pointer to itself and an array of itself, which only
// damaged BTF has, can be asked for their names.
func TestCircularTypes(t *testing.T) {
	b := btftest.New()
	b.Pointer(1)
	b.Array(2, 3)
	b.Function("f", 0, btftest.Parameter{Name: "p", Type: 1}, btftest.Parameter{Name: "a", Type: 2})
	btf, err := debuginfo.ParseBTF(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	f, err := btf.Function("f")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"?**", "?[3][3]"} {
		if name := f.Parameters[i].Type.String(); !strings.HasPrefix(name, want) {
			t.Errorf("%s is called %s", f.Parameters[i].Name, name)
		}
	}
}

func FuzzBTF(f *testing.F) {
	f.Add(btftest.Kernel())
	f.Fuzz(func(t *testing.T, data []byte) {
		btf, err := debuginfo.ParseBTF(data)
		if err != nil {
			return
		}
		for _, name := range btf.FunctionNames()[:min(50, len(btf.FunctionNames()))] {
			function, err := btf.Function(name)
			if err != nil {
				continue
			}
			for _, p := range function.Parameters {
				walk(p.Type, 4)
			}
		}
	})
}

func walk(t debuginfo.Type, depth int) {
	if t == nil || depth == 0 {
		return
	}
	_ = t.String()
	switch t := t.(type) {
	case *debuginfo.Pointer:
		if elem, err := t.Elem(); err == nil {
			walk(elem, depth-1)
		}
	case *debuginfo.Array:
		if elem, err := t.Elem(); err == nil {
			walk(elem, depth-1)
		}
	case *debuginfo.Struct:
		for _, m := range t.Members[:min(20, len(t.Members))] {
			if inner, err := m.Type(); err == nil {
				walk(inner, depth-1)
			}
		}
	}
}
