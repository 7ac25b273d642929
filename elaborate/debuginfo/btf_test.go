package debuginfo_test

import (
	"errors"
	"slices"
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

// TestModuleBTF: a module's records refer to the kernel's by number, and complete
// what the kernel knows no more of than the name.
func TestModuleBTF(t *testing.T) {
	kernel := btftest.New()
	integer := kernel.Int("int", 4, true)
	file := kernel.Struct("file", 8, btftest.Member{Name: "f_flags", Type: integer})
	opaque := kernel.Record("client", 7, 0, false, 0)
	kernel.Function("open", 0, btftest.Parameter{Name: "c", Type: kernel.Pointer(opaque)})
	module := btftest.NewOn(kernel)
	client := module.Struct("client", 8, btftest.Member{Name: "file", Type: module.Pointer(file)})
	module.Function("start", integer, btftest.Parameter{Name: "c", Type: module.Pointer(client)}, btftest.Parameter{Name: "flags", Type: module.Typedef("flags_t", integer)})

	base, err := debuginfo.ParseBTF(kernel.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	btf, err := debuginfo.ParseModuleBTF(module.Bytes(), nil, base)
	if err != nil {
		t.Fatal(err)
	}
	if names := btf.FunctionNames(); !slices.Equal(names, []string{"start"}) {
		t.Errorf("functions: %v", names)
	}
	f, err := btf.Function("start")
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Parameters[0].Type.String() + f.Parameters[1].Type.String() + f.Result.String(); got != "struct client*intint" {
		t.Errorf("types: %s", got)
	}
	pointed, err := f.Parameters[0].Type.(*debuginfo.Pointer).Elem()
	if err != nil {
		t.Fatal(err)
	}
	member, err := pointed.(*debuginfo.Struct).Members[0].Type()
	if err != nil || member.String() != "struct file*" {
		t.Errorf("%v, %v", member, err)
	}
	if _, err := btf.Function("open"); !errors.Is(err, debuginfo.ErrNotFound) {
		t.Errorf("a function of the kernel is one of the module: %v", err)
	}
	for name, want := range map[string]debuginfo.Type{"struct client": pointed, "struct file": nil} {
		got, err := btf.TypeByName(name)
		if want == nil {
			want, _ = base.TypeByName(name)
		}
		if err != nil || got != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	open, err := base.Function("open")
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := open.Parameters[0].Type.(*debuginfo.Pointer).Elem()
	if err != nil {
		t.Fatal(err)
	}
	if complete, err := btf.Complete(unknown); err != nil || complete != pointed {
		t.Errorf("%v, %v", complete, err)
	}
	if same, err := base.Complete(unknown); err != nil || same != unknown {
		t.Errorf("%v, %v", same, err)
	}
}

// TestModuleBTFWithOwnBase: a module built apart from the kernel has a base that names
// the kernel's types.
func TestModuleBTFWithOwnBase(t *testing.T) {
	kernel := btftest.New()
	integer := kernel.Int("int", 4, true)
	kernel.Struct("file", 8, btftest.Member{Name: "f_flags", Type: integer})
	own := btftest.New()
	own.Int("char", 1, true)
	file, gone := own.Struct("file", 8), own.Struct("gone", 16)
	module := btftest.NewOn(own)
	module.Function("start", 0, btftest.Parameter{Name: "f", Type: module.Pointer(file)}, btftest.Parameter{Name: "g", Type: module.Pointer(gone)})
	base, err := debuginfo.ParseBTF(kernel.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	btf, err := debuginfo.ParseModuleBTF(module.Bytes(), own.Bytes(), base)
	if err != nil {
		t.Fatal(err)
	}
	f, err := btf.Function("start")
	if err != nil {
		t.Fatal(err)
	}
	for i, members := range []int{1, 0} {
		elem, err := f.Parameters[i].Type.(*debuginfo.Pointer).Elem()
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := elem.(*debuginfo.Struct); !ok || len(s.Members) != members {
			t.Errorf("%s: %v", f.Parameters[i].Name, elem)
		}
	}
}

func FuzzModuleBTF(f *testing.F) {
	base, err := debuginfo.ParseBTF(btftest.Kernel())
	if err != nil {
		f.Fatal(err)
	}
	kernel := btftest.New()
	module := btftest.NewOn(kernel)
	module.Function("start", 0, btftest.Parameter{Name: "c", Type: module.Pointer(module.Struct("client", 8))})
	f.Add(module.Bytes(), []byte(nil))
	f.Add(module.Bytes(), kernel.Bytes())
	f.Fuzz(func(_ *testing.T, data, own []byte) {
		btf, err := debuginfo.ParseModuleBTF(data, own, base)
		if err != nil {
			return
		}
		for _, name := range btf.FunctionNames()[:min(50, len(btf.FunctionNames()))] {
			if function, err := btf.Function(name); err == nil {
				for _, p := range function.Parameters {
					walk(p.Type, 4)
				}
			}
		}
	})
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
