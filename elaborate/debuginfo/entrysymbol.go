package debuginfo

import (
	"cmp"
	"slices"
	"strings"
)

// symbolAt gives the name of the symbol at an address that suits a function best,
// and whether it is global.
type symbolAt func(address uint64, name string) (symbol string, exported bool)

// entrySymbols makes a look-up of a file's symbols by address. Of a file without
// symbols it finds none.
func entrySymbols(m *Image) symbolAt {
	type symbol struct {
		address uint64
		*Symbol
	}
	list, err := m.Symbols()
	if err != nil {
		list = nil
	}
	sorted := make([]symbol, 0, len(list))
	for i := range list {
		s := &list[i]
		if !s.Function || strings.HasPrefix(s.Name, "__pfx_") || strings.HasPrefix(s.Name, ".L") {
			continue
		}
		if address, ok := m.Linear(s.Address); ok {
			sorted = append(sorted, symbol{address, s})
		}
	}
	slices.SortStableFunc(sorted, func(a, b symbol) int { return cmp.Compare(a.address, b.address) })
	return func(address uint64, name string) (string, bool) {
		i, _ := slices.BinarySearchFunc(sorted, address, func(s symbol, a uint64) int { return cmp.Compare(s.address, a) })
		best, rank := symbol{}, -1
		for ; i < len(sorted) && sorted[i].address == address; i++ {
			if r := suits(sorted[i].Symbol, name); r > rank {
				best, rank = sorted[i], r
			}
		}
		if rank < 0 {
			return "", false
		}
		return best.Name, best.Global
	}
}

// suits ranks the symbols at one address as the name of a function.
func suits(s *Symbol, name string) int {
	switch {
	case s.Name == name:
		return 3
	case strings.HasPrefix(s.Name, name+"."): // a clone that the compiler made
		return 2
	case s.Global:
		return 1
	}
	return 0
}
