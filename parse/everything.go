package parse

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// EveryAlias gives all aliases with a name that is wanted, in the order of the names of
// files and of their text.
func (l *Library) EveryAlias(wanted func(name string) bool) []*Alias {
	seen := map[*Alias]bool{}
	for _, name := range l.AliasNames() {
		if wanted(name) {
			for _, a := range l.AliasesNamed(name) {
				seen[a] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(seen), func(a, b *Alias) int {
		return cmp.Or(strings.Compare(a.Position.Source.Name, b.Position.Source.Name), a.Position.Offset-b.Position.Offset)
	})
}

// MacroNames lists the names of all macros, sorted.
func (l *Library) MacroNames() []string { return slices.Sorted(maps.Keys(l.macros)) }
