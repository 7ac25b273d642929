package debuginfo

import "debug/elf"

// A machine is what this package knows of an architecture.
type machine struct {
	// lastRegister is DWARF's number of the last register that a probe has.
	lastRegister int
	// harmless are instructions that compilers put in front of a function for the kernel:
	// marks of a branch's target, room for the call of a tracer, the signing of the return
	// address. They change nothing that an argument or variable is in.
	harmless []string
	// call begins the call of a tracer, of callSize bytes, which saves what it uses; 0 if
	// it stands in no file.
	call     byte
	callSize int
	// room is how many bytes of room for the call of a tracer a function may begin with
	// that DWARF does not count among its code, as GCC has it with
	// -fpatchable-function-entry; 0 if it counts all.
	room uint64
	// relocations are the types of relocations of sections with data or debuginfo.
	relocations map[uint32]relocationKind
}

// relocationKind is what a type of relocation does: writes size bytes of S+A, with
// relative of S+A-P (System V ABI, the supplements for AMD64 and AArch64).
type relocationKind struct {
	size     int
	relative bool
}

var machines = map[elf.Machine]*machine{
	elf.EM_X86_64: {
		lastRegister: 16,                                                                               // RIP
		harmless:     []string{"\xf3\x0f\x1e\xfa", "\x0f\x1f\x44\x00\x00", "\x66\x0f\x1f\x00", "\x90"}, // endbr64, nops
		call:         0xe8, callSize: 5,
		relocations: map[uint32]relocationKind{
			uint32(elf.R_X86_64_NONE):     {},
			uint32(elf.R_X86_64_64):       {size: 8},
			uint32(elf.R_X86_64_32):       {size: 4},
			uint32(elf.R_X86_64_32S):      {size: 4},
			uint32(elf.R_X86_64_16):       {size: 2},
			uint32(elf.R_X86_64_8):        {size: 1},
			uint32(elf.R_X86_64_PC64):     {size: 8, relative: true},
			uint32(elf.R_X86_64_PC32):     {size: 4, relative: true},
			uint32(elf.R_X86_64_PLT32):    {size: 4, relative: true},
			uint32(elf.R_X86_64_DTPOFF64): {size: 8},
			uint32(elf.R_X86_64_DTPOFF32): {size: 4},
		},
	},
	elf.EM_AARCH64: {
		lastRegister: 31,                                                                                       // SP
		harmless:     []string{"\x5f\x24\x03\xd5", "\x1f\x20\x03\xd5", "\x3f\x23\x03\xd5", "\xe9\x03\x1e\xaa"}, // bti c, nop, paciasp, mov x9, x30
		room:         8,
		relocations: map[uint32]relocationKind{
			uint32(elf.R_AARCH64_NONE):         {},
			uint32(elf.R_AARCH64_NULL):         {},
			uint32(elf.R_AARCH64_ABS64):        {size: 8},
			uint32(elf.R_AARCH64_ABS32):        {size: 4},
			uint32(elf.R_AARCH64_ABS16):        {size: 2},
			uint32(elf.R_AARCH64_PREL64):       {size: 8, relative: true},
			uint32(elf.R_AARCH64_PREL32):       {size: 4, relative: true},
			uint32(elf.R_AARCH64_PREL16):       {size: 2, relative: true},
			uint32(elf.R_AARCH64_TLS_DTPREL64): {size: 8},
		},
	},
}

// machine gives what is known of the file's architecture; of others nothing is.
func (m *Image) machine() *machine {
	if known := machines[m.Machine]; known != nil {
		return known
	}
	return &machine{lastRegister: 1 << 30}
}
