package debuginfo

// The operators of DWARF expressions (DWARF 5, 7.7.1) and those that GNU had
// before they were in the standard. Only those of the first group are left in an
// Operation.
const (
	OpAddr             = 0x03 // an address of the file
	OpConstant         = 0x11 // DW_OP_consts: all constants
	OpDrop             = 0x13
	OpPick             = 0x15 // also for DW_OP_dup and DW_OP_over
	OpSwap             = 0x16
	OpRotate           = 0x17
	OpAbs              = 0x19
	OpAnd              = 0x1a
	OpDivide           = 0x1b
	OpMinus            = 0x1c
	OpModulo           = 0x1d
	OpMultiply         = 0x1e
	OpNegate           = 0x1f
	OpNot              = 0x20
	OpOr               = 0x21
	OpPlus             = 0x22 // also for DW_OP_plus_uconst
	OpShiftLeft        = 0x24
	OpShiftRight       = 0x25
	OpShiftRightSigned = 0x26
	OpXor              = 0x27
	OpBranch           = 0x28 // if the top of the stack, which is taken off, is not 0
	OpEqual            = 0x29
	OpGreaterEqual     = 0x2a
	OpGreater          = 0x2b
	OpLessEqual        = 0x2c
	OpLess             = 0x2d
	OpNotEqual         = 0x2e
	OpSkip             = 0x2f // branches always
	OpRegister         = 0x92 // DW_OP_bregx: a register's value and an offset
	OpDereference      = 0x94 // DW_OP_deref_size: also for DW_OP_deref
	OpConvert          = 0xa8 // to an integer of Number bytes; 0: to that of an address
)

const (
	opDeref             = 0x06
	opConst1u           = 0x08
	opConst1s           = 0x09
	opConst2u           = 0x0a
	opConst2s           = 0x0b
	opConst4u           = 0x0c
	opConst4s           = 0x0d
	opConst8u           = 0x0e
	opConst8s           = 0x0f
	opConstu            = 0x10
	opConsts            = 0x11
	opDup               = 0x12
	opOver              = 0x14
	opXderef            = 0x18
	opPlusUconst        = 0x23
	opLit0              = 0x30
	opReg0              = 0x50
	opBreg0             = 0x70
	opRegx              = 0x90
	opFbreg             = 0x91
	opPiece             = 0x93
	opXderefSize        = 0x95
	opNop               = 0x96
	opPushObjectAddress = 0x97
	opCall2             = 0x98
	opCall4             = 0x99
	opCallRef           = 0x9a
	opFormTLSAddress    = 0x9b
	opCallFrameCFA      = 0x9c
	opBitPiece          = 0x9d
	opImplicitValue     = 0x9e
	opStackValue        = 0x9f
	opImplicitPointer   = 0xa0
	opAddrx             = 0xa1
	opConstx            = 0xa2
	opEntryValue        = 0xa3
	opConstType         = 0xa4
	opRegvalType        = 0xa5
	opDerefType         = 0xa6
	opXderefType        = 0xa7
	opReinterpret       = 0xa9

	opGNUPushTLSAddress  = 0xe0
	opGNUUninit          = 0xf0
	opGNUEncodedAddr     = 0xf1
	opGNUImplicitPointer = 0xf2
	opGNUEntryValue      = 0xf3
	opGNUConstType       = 0xf4
	opGNURegvalType      = 0xf5
	opGNUDerefType       = 0xf6
	opGNUConvert         = 0xf7
	opGNUReinterpret     = 0xf9
	opGNUParameterRef    = 0xfa
	opGNUAddrIndex       = 0xfb
	opGNUConstIndex      = 0xfc
	opGNUVariableValue   = 0xfd
)

// standard gives the operator that became of one of GNU's.
func standard(code byte) byte {
	switch code {
	case opGNUPushTLSAddress:
		return opFormTLSAddress
	case opGNUUninit:
		return opNop
	case opGNUImplicitPointer:
		return opImplicitPointer
	case opGNUEntryValue:
		return opEntryValue
	case opGNUConstType:
		return opConstType
	case opGNURegvalType:
		return opRegvalType
	case opGNUDerefType:
		return opDerefType
	case opGNUConvert:
		return OpConvert
	case opGNUReinterpret:
		return opReinterpret
	case opGNUAddrIndex:
		return opAddrx
	case opGNUConstIndex:
		return opConstx
	}
	return code
}
