/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* arm64; machine.h says what each is. */

#define STAP_MACHINE_X(R, n) R("X" #n, regs[n])
#define STAP_MACHINE_REGISTERS(R) \
	R("PC", pc) R("SP", sp) R("PSTATE", pstate) \
	STAP_MACHINE_X(R, 0) STAP_MACHINE_X(R, 1) STAP_MACHINE_X(R, 2) STAP_MACHINE_X(R, 3) STAP_MACHINE_X(R, 4) STAP_MACHINE_X(R, 5) \
	STAP_MACHINE_X(R, 6) STAP_MACHINE_X(R, 7) STAP_MACHINE_X(R, 8) STAP_MACHINE_X(R, 9) STAP_MACHINE_X(R, 10) STAP_MACHINE_X(R, 11) \
	STAP_MACHINE_X(R, 12) STAP_MACHINE_X(R, 13) STAP_MACHINE_X(R, 14) STAP_MACHINE_X(R, 15) STAP_MACHINE_X(R, 16) STAP_MACHINE_X(R, 17) \
	STAP_MACHINE_X(R, 18) STAP_MACHINE_X(R, 19) STAP_MACHINE_X(R, 20) STAP_MACHINE_X(R, 21) STAP_MACHINE_X(R, 22) STAP_MACHINE_X(R, 23) \
	STAP_MACHINE_X(R, 24) STAP_MACHINE_X(R, 25) STAP_MACHINE_X(R, 26) STAP_MACHINE_X(R, 27) STAP_MACHINE_X(R, 28) STAP_MACHINE_X(R, 29) \
	STAP_MACHINE_X(R, 30)

#define STAP_MACHINE_ALIASES(A) A("LR", "X30", 8) A("FP", "X29", 8)

#define STAP_MACHINE_NUMBERED(N) \
	N(regs[0]) N(regs[1]) N(regs[2]) N(regs[3]) N(regs[4]) N(regs[5]) N(regs[6]) N(regs[7]) \
	N(regs[8]) N(regs[9]) N(regs[10]) N(regs[11]) N(regs[12]) N(regs[13]) N(regs[14]) N(regs[15]) \
	N(regs[16]) N(regs[17]) N(regs[18]) N(regs[19]) N(regs[20]) N(regs[21]) N(regs[22]) N(regs[23]) \
	N(regs[24]) N(regs[25]) N(regs[26]) N(regs[27]) N(regs[28]) N(regs[29]) N(regs[30]) N(sp) N(pc)

#define STAP_MACHINE_ARGUMENTS(N) \
	N(regs[0]) N(regs[1]) N(regs[2]) N(regs[3]) N(regs[4]) N(regs[5]) N(regs[6]) N(regs[7])
#define STAP_MACHINE_ARGUMENT_NUMBERS 0, 1, 2, 3, 4, 5, 6, 7

#define stap_machine_set_result(registers, value) ((registers)->regs[0] = (value))
#define stap_machine_caller(registers) ((registers)->regs[30])
#define stap_machine_traced(registers) ((registers)->pstate = PSR_MODE_EL1h)
#define stap_machine_possible(address) true

#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#define STAP_MACHINE_PARTIAL
#endif

#define STAP_MACHINE_LINK
#define STAP_MACHINE_WEAK_WORD
#define STAP_MACHINE_NO_CYCLES

/* Behind a landing pad, and the second of two instructions. */
#define STAP_MACHINE_SITE 8

/*
 * The kernel looks for the site of a function in all that its symbol covers, and behind it may be functions
 * without symbols: the first of the two instructions, "mov x9, x30", tells where it is.
 */
static inline unsigned int stap_machine_site(const u32 *code)
{
	const u32 landing = 0xd503245f, saves = 0xaa1e03e9;

	if (code[0] == saves)
		return 4;
	return code[0] == landing && code[1] == saves ? 8 : 0;
}
