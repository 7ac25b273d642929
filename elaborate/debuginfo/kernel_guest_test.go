//go:build guest

package debuginfo_test

import (
	"debug/elf"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/kernel"
)

// eachKernel runs a test for each kernel of GOSTAP_KERNELS.
func eachKernel(t *testing.T, test func(t *testing.T, k *kernel.Kernel)) {
	releases := strings.Fields(os.Getenv("GOSTAP_KERNELS"))
	if len(releases) == 0 {
		t.Fatal("GOSTAP_KERNELS names no kernel, such as 6.1")
	}
	for _, release := range releases {
		t.Run(release, func(t *testing.T) {
			k, err := kernel.Find(kernel.Named(release))
			if err != nil {
				t.Fatal(err)
			}
			test(t, k)
		})
	}
}

// bareImage gives the kernel inside the image, without symbols or debuginfo.
func bareImage(t *testing.T, k *kernel.Kernel) *debuginfo.Image {
	t.Helper()
	vmlinux, err := k.Vmlinux()
	if err != nil {
		t.Fatal(err)
	}
	m, err := debuginfo.NewImage(k.Image, vmlinux)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// withDebuginfo opens the kernel's vmlinux with DWARF.
func withDebuginfo(t *testing.T, k *kernel.Kernel) *debuginfo.Image {
	t.Helper()
	if k.Debuginfo == "" {
		t.Fatalf("no debuginfo of %s; run: stap prep --debuginfo -r %[1]s", k.Release)
	}
	m, err := debuginfo.OpenImage(k.Debuginfo)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// notKept are names that a kernel's build leaves out of its own table (scripts/kallsyms.c, scripts/mksysmap).
var notKept = regexp.MustCompile(`^(_text|__efistub_.*|__kvm_nvhe_.*|.*\$[xd])$`)

// TestGuestKallsyms: what the bare image says of its symbols is what vmlinux's
// symbol table says: all symbols of code, at the same addresses, and the same places
// of the function tracer.
func TestGuestKallsyms(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		bare, vmlinux := bareImage(t, k), withDebuginfo(t, k)
		if bare.BuildID() != vmlinux.BuildID() || bare.BuildID() == "" {
			t.Fatalf("build-ids %s and %s", bare.BuildID(), vmlinux.BuildID())
		}
		table, err := bare.SymbolTable()
		if err != nil {
			t.Fatal(err)
		}
		whole, err := vmlinux.SymbolTable()
		if err != nil {
			t.Fatal(err)
		}
		config, err := k.Config()
		if err != nil {
			t.Fatal(err)
		}
		// Without this option a kernel keeps the symbols of its text, and of what is gone once it has started: none that say
		// where its lists are.
		all := config["CONFIG_KALLSYMS_ALL"] == "y"
		begin, size, _ := vmlinux.SectionAddress(".text")
		compared := 0
		for _, s := range whole.Symbols() {
			if !s.Function || notKept.MatchString(s.Name) || !all && (s.Address.Offset < begin || s.Address.Offset-begin >= size) {
				continue
			}
			compared++
			found := slices.ContainsFunc(table.Named(s.Name), func(o debuginfo.Symbol) bool {
				return o.Address == s.Address && o.Function
			})
			if !found {
				t.Errorf("%s at %#x is not in the image: %v", s.Name, s.Address.Offset, table.Named(s.Name))
			}
		}
		if compared < 10000 {
			t.Errorf("only %d symbols of code", compared)
		}
		// The lists of an arm64 kernel are relocations in vmlinux still.
		relocated := k.Arch.Machine != elf.EM_AARCH64
		sites := table.FtraceSites()
		if all && len(sites) < 10000 || relocated && !slices.Equal(sites, whole.FtraceSites()) {
			t.Errorf("%d places of the function tracer, and %d", len(sites), len(whole.FtraceSites()))
		}
		if f := table.Forbidden(); all && len(f) < 10 || relocated && !slices.Equal(f, whole.Forbidden()) {
			t.Errorf("%d functions without probes, and %d", len(f), len(whole.Forbidden()))
		}
		t.Logf("%d symbols, %d of code, %d places of the function tracer", table.Len(), compared, len(sites))
	})
}

// TestGuestModuleBTF: types and functions of all modules can be read, and a type of the
// kernel is the same seen from a module.
func TestGuestModuleBTF(t *testing.T) {
	eachKernel(t, func(t *testing.T, k *kernel.Kernel) {
		data, err := k.BTFData()
		if err != nil {
			t.Fatal(err)
		}
		base, err := debuginfo.ParseBTF(data)
		if err != nil {
			t.Fatal(err)
		}
		task, err := base.TypeByName("struct task_struct")
		if err != nil {
			t.Fatal(err)
		}
		modules, err := k.Modules()
		if err != nil {
			t.Fatal(err)
		}
		read, functions := 0, 0
		for name := range modules {
			path, err := k.Module(name)
			if err != nil {
				t.Fatal(err)
			}
			m, err := debuginfo.OpenImage(path)
			if err != nil {
				t.Fatal(err)
			}
			own, err := m.Section(".BTF")
			if err != nil || own == nil {
				t.Logf("%s has no BTF: %v", name, err)
				continue
			}
			ownBase, err := m.Section(".BTF.base")
			if err != nil {
				t.Fatal(err)
			}
			btf, err := debuginfo.ParseModuleBTF(own, ownBase, base)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if seen, err := btf.TypeByName("struct task_struct"); err != nil || seen != task {
				t.Errorf("%s: another task_struct: %v", name, err)
			}
			all, err := btf.Functions(func(string) bool { return true })
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, f := range all {
				for _, p := range f.Parameters {
					walk(p.Type, 3)
				}
			}
			read, functions = read+1, functions+len(all)
			if _, err := m.SymbolTable(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			m.Close()
		}
		if read < 100 || functions < 1000 {
			t.Errorf("BTF of %d modules with %d functions", read, functions)
		}
		t.Logf("%d modules, %d functions", read, functions)
	})
}
