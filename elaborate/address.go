package elaborate

import "fmt"

// KernelAddress is an address of the kernel or of a module in a form that holds
// wherever that is loaded: Offset bytes behind a symbol, or behind _stext.
type KernelAddress struct {
	Module string // "": the kernel
	Symbol string // "": _stext; of a module there is always one
	Offset int64
}

// String gives the address as "symbol+0x10", with the module in front.
func (a KernelAddress) String() string {
	name := a.Symbol
	if name == "" {
		name = "_stext"
	}
	if a.Module != "" {
		name = a.Module + ":" + name
	}
	return fmt.Sprintf("%s+%#x", name, a.Offset)
}
