package elaborate

import (
	"fmt"
	"slices"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// WatchPlace is a piece of the kernel's memory: probe kernel.data("symbol").write
// runs after each write to it, .rw after each read, too. The processor watches it,
// which has room for few.
type WatchPlace struct {
	Address int64         // where the script gives a number
	At      KernelAddress // where it gives a symbol
	Length  int64         // bytes
	Reads   bool
}

func (*WatchPlace) order() order { return order{stage: stageArm} }

const alignedOnly = "the processor watches aligned memory only: give a shorter length with .length(N)"

// pointerSize is what is watched if nothing else is said.
const pointerSize = 8

func watchFamily() family {
	var patterns []string
	for _, base := range []string{"kernel.data(number)", "kernel.data(string)"} {
		for _, length := range []string{"", ".length(number)"} {
			patterns = append(patterns, base+length+".write", base+length+".rw")
		}
	}
	return family{patterns: patterns, resolve: resolveWatch}
}

func resolveWatch(e *elaborator, p *parse.ProbePoint) ([]site, *parse.Diagnostic) {
	if !e.options.machine().watches {
		d := semanticError(p.Components[1].Token, "memory cannot be watched on this architecture: the access would be stopped again and again")
		d.Hint = "probe the functions that change it"
		return nil, d
	}
	place := &WatchPlace{Length: pointerSize, Reads: p.Components[len(p.Components)-1].Text == "rw"}
	if c := p.Components[2]; c.Text == "length" {
		place.Length = numberArgument(c)
		if !slices.Contains([]int64{1, 2, 4, 8}, place.Length) {
			return nil, semanticError(c.Token, "length value must be 1, 2, 4 or 8")
		}
	}
	switch at := p.Components[1].Argument.(type) {
	case *parse.NumberLiteral:
		place.Address = at.Value
		if place.Address >= 0 {
			return nil, semanticError(at.Token, fmt.Sprintf("address %#x is not the kernel's, whose addresses begin with 0xff…", place.Address))
		}
		if place.Address%place.Length != 0 {
			d := semanticError(at.Token, fmt.Sprintf("address %#x is not a multiple of the length, %d", uint64(place.Address), place.Length))
			d.Hint = alignedOnly
			return nil, d
		}
	case *parse.StringLiteral:
		if at.Value == "" {
			return nil, semanticError(at.Token, "the symbol's name is empty")
		}
		place.At.Symbol = at.Value
		if d := e.checkWatched(place, at.Token); d != nil {
			return nil, d
		}
	}
	return oneSite(place, p), nil
}

// checkWatched says what is wrong with a symbol, as far as the kernel's symbols are
// at hand; the module looks it up in any case.
func (e *elaborator) checkWatched(place *WatchPlace, at parse.Token) *parse.Diagnostic {
	table, err := e.object(kernelObject).symbols()
	if missing, failure := atHand(err); failure != nil {
		e.failure = failure
		return semanticError(at, failure.Error())
	} else if missing != nil {
		return nil
	}
	symbols := table.Named(place.At.Symbol)
	if len(symbols) == 0 { // an image may keep functions only (CONFIG_KALLSYMS_ALL)
		if symbols, err = e.linkedSymbols(place.At.Symbol); err != nil {
			return semanticError(at, err.Error())
		}
		if len(symbols) == 1 {
			if place.At, err = e.address(e.object(kernelObject), symbols[0].Address); err != nil {
				return semanticError(at, err.Error())
			}
		}
	}
	switch {
	case len(symbols) == 0:
		var names []string
		for _, s := range table.Symbols() {
			if !s.Function {
				names = append(names, s.Name)
			}
		}
		d := semanticError(at, fmt.Sprintf("no match: the kernel has no symbol %s", place.At.Symbol))
		d.Similar = parse.Similar(place.At.Symbol, names, 5)
		return d
	case len(symbols) > 1:
		d := semanticError(at, fmt.Sprintf("the kernel has %d symbols %s", len(symbols), place.At.Symbol))
		d.Hint = "give the address of the one that is meant, by /proc/kallsyms of the running kernel"
		return d
	case symbols[0].Address.Offset%uint64(place.Length) != 0:
		d := semanticError(at, fmt.Sprintf("the address of %s is not a multiple of the length, %d", place.At.Symbol, place.Length))
		d.Hint = alignedOnly
		return d
	}
	return nil
}

// linkedSymbols gives the kernel's symbols of a name by its debuginfo, if that is at hand.
func (e *elaborator) linkedSymbols(name string) (found []debuginfo.Symbol, err error) {
	info, err := e.object(kernelObject).debugInfo()
	if missing, failure := atHand(err); missing != nil || failure != nil {
		return nil, failure
	}
	symbols, err := info.Image().Symbols()
	for _, s := range symbols {
		if s.Name == name {
			found = append(found, s)
		}
	}
	return found, err
}
