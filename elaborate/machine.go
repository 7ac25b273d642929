package elaborate

import "debug/elf"

// A machine is what this pass knows of an architecture.
type machine struct {
	// arguments are DWARF's numbers of the registers that hold the first words of a
	// function's arguments: these are at hand where others would have to be saved first.
	arguments []int
	// structureTakesArgument: where a function returns a structure that registers do not
	// hold, the place for it is handed over as if it were the first argument, and given back
	// as the result.
	structureTakesArgument bool
	// watches: a probe of kernel.data is possible. On arm64 the processor stops before the access,
	// and the kernel leaves it to a module to get past it, which has no means to.
	watches bool
	// systemCall begins the names of the functions that system calls enter by, and
	// systemCallRegisters are the members of struct pt_regs with the arguments; one that is
	// an array has all.
	systemCall          string
	systemCallRegisters []string
	// narrowCalls are the same for callers of 32 bits, in the order in which the kernel prefers
	// them, and narrowRegisters where these have their arguments.
	narrowCalls     []string
	narrowRegisters []string
}

var machines = map[elf.Machine]*machine{
	elf.EM_X86_64: {
		arguments: []int{5, 4, 1, 2, 8, 9}, structureTakesArgument: true, watches: true,
		systemCall: "__x64_sys_", systemCallRegisters: []string{"di", "si", "dx", "r10", "r8", "r9"},
		narrowCalls: []string{"__ia32_compat_sys_", "__ia32_sys_"}, narrowRegisters: []string{"bx", "cx", "dx", "si", "di", "bp"},
	},
	elf.EM_AARCH64: {
		arguments:  []int{0, 1, 2, 3, 4, 5, 6, 7},
		systemCall: "__arm64_sys_", systemCallRegisters: []string{"regs"},
		narrowCalls: []string{"__arm64_compat_sys_"}, narrowRegisters: []string{"regs"},
	},
}

// machine gives the kernel's; where nothing tells it, x86-64.
func (o *Options) machine() *machine {
	if o.Machine != nil {
		if m := machines[o.Machine()]; m != nil {
			return m
		}
	}
	return machines[elf.EM_X86_64]
}
