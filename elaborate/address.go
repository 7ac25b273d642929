package elaborate

import (
	"fmt"
	"slices"
)

// KernelAddress is an address of the kernel or of a module in a form that holds
// wherever that is loaded: Offset bytes behind a symbol, or behind _stext; or, for
// those who know where it is loaded, an absolute one.
type KernelAddress struct {
	Module   string // "": the kernel
	Symbol   string // "": _stext; of a module there is always one
	Offset   int64
	Absolute bool // Offset is all
}

// String shows the address: "_stext+0x34d8b0", "nfs:nfs_open+0x0".
func (a KernelAddress) String() string {
	if a.Absolute {
		return fmt.Sprintf("%#x", uint64(a.Offset))
	}
	symbol, sign, offset := a.Symbol, "+", a.Offset
	if symbol == "" {
		symbol = "_stext"
	}
	if a.Module != "" {
		symbol = a.Module + ":" + symbol
	}
	if offset < 0 {
		sign, offset = "-", -offset
	}
	return fmt.Sprintf("%s%s0x%x", symbol, sign, offset)
}

// noteData lists the addresses of data that the program uses.
func (p *Program) noteData() {
	note := func(n any) {
		if data, ok := n.(*KernelData); ok && !slices.Contains(p.Data, data.At) {
			p.Data = append(p.Data, data.At)
		}
	}
	for _, f := range p.Functions {
		walkStatements(f.Body, note)
	}
	for _, probe := range p.Probes {
		walkStatements(handler(probe), note)
	}
}
