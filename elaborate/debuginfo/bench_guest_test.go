//go:build guest

package debuginfo_test

import (
	"testing"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/kernel"
)

// What pass 2 of a probe at one function does with the newest kernel at hand, once its
// parts are kept: budget 60 ms.
func BenchmarkFunction(b *testing.B) {
	k, err := kernel.FindGuest(kernel.Query{})
	if err != nil {
		b.Fatal(err)
	}
	symbols := func() (*debuginfo.SymbolTable, error) {
		data, err := k.Kept(debuginfo.SymbolFormat, func(vmlinux []byte) ([]byte, error) {
			m, err := debuginfo.NewImage("vmlinux", vmlinux)
			if err != nil {
				return nil, err
			}
			table, err := m.SymbolTable()
			if err != nil {
				return nil, err
			}
			return table.Bytes(), nil
		})
		if err != nil {
			return nil, err
		}
		return debuginfo.ReadSymbolTable(data)
	}
	if _, err := symbols(); err != nil {
		b.Fatal(err)
	}
	b.Run("BTF", func(b *testing.B) {
		for b.Loop() {
			data, err := k.BTFData()
			if err != nil {
				b.Fatal(err)
			}
			btf, err := debuginfo.ParseBTF(data)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := btf.Function("vfs_read"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("symbols", func(b *testing.B) {
		for b.Loop() {
			table, err := symbols()
			if err != nil {
				b.Fatal(err)
			}
			functions, clones := table.Lookup("vfs_read")
			if len(functions) != 1 || len(clones) != 0 {
				b.Fatal(functions, clones)
			}
			if _, ok := table.FtraceSite(functions[0].Address); !ok {
				b.Fatal("vfs_read cannot be traced")
			}
			table.Forbidden()
		}
	})
	b.Run("all names", func(b *testing.B) {
		for b.Loop() {
			table, err := symbols()
			if err != nil {
				b.Fatal(err)
			}
			table.Symbols()
		}
	})
}
