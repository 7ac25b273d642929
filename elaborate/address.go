package elaborate

// KernelAddress is an address of the kernel or of a module in a form that holds
// wherever that is loaded: Offset bytes behind a symbol, or behind _stext; or, for
// those who know where it is loaded, an absolute one.
type KernelAddress struct {
	Module   string // "": the kernel
	Symbol   string // "": _stext; of a module there is always one
	Offset   int64
	Absolute bool // Offset is all
}
