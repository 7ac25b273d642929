/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* The registers of a hit. Where this unit is linked, functions are traced with all of them saved. */
#include <linux/ftrace.h>
#include <linux/ptrace.h>
#include "runtime.h"

/* A register by its name. */
struct stap_register {
	const char *name;
	unsigned int offset;	/* in struct pt_regs */
};

#define STAP_REGISTER(name, member) { name, offsetof(struct pt_regs, member) }

static const struct stap_register stap_registers[] = {
#if defined(CONFIG_X86_64)
	STAP_REGISTER("RIP", ip), STAP_REGISTER("RSP", sp), STAP_REGISTER("EFLAGS", flags),
	STAP_REGISTER("RAX", ax), STAP_REGISTER("RBX", bx), STAP_REGISTER("RCX", cx),
	STAP_REGISTER("RDX", dx), STAP_REGISTER("RSI", si), STAP_REGISTER("RDI", di),
	STAP_REGISTER("RBP", bp), STAP_REGISTER("R08", r8), STAP_REGISTER("R09", r9),
	STAP_REGISTER("R10", r10), STAP_REGISTER("R11", r11), STAP_REGISTER("R12", r12),
	STAP_REGISTER("R13", r13), STAP_REGISTER("R14", r14), STAP_REGISTER("R15", r15),
#elif defined(CONFIG_ARM64)
#define STAP_X(n) STAP_REGISTER("X" #n, regs[n])
	STAP_REGISTER("PC", pc), STAP_REGISTER("SP", sp), STAP_REGISTER("PSTATE", pstate),
	STAP_X(0), STAP_X(1), STAP_X(2), STAP_X(3), STAP_X(4), STAP_X(5),
	STAP_X(6), STAP_X(7), STAP_X(8), STAP_X(9), STAP_X(10), STAP_X(11),
	STAP_X(12), STAP_X(13), STAP_X(14), STAP_X(15), STAP_X(16),
	STAP_X(17), STAP_X(18), STAP_X(19), STAP_X(20), STAP_X(21),
	STAP_X(22), STAP_X(23), STAP_X(24), STAP_X(25), STAP_X(26),
	STAP_X(27), STAP_X(28), STAP_X(29), STAP_X(30),
#endif
};

static const struct pt_regs *stap_hit_registers(struct stap_context *c)
{
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
	if (c->arguments)
		return ftrace_get_regs(c->arguments);
#endif
	return c->registers;
}

/* Three registers to a line; the first is the address of the hit, which a trap moves. */
void stap_print_registers(struct stap_context *c)
{
	const struct pt_regs *registers = stap_hit_registers(c);
	int i;

	if (!registers)
		return;
	for (i = 0; i < ARRAY_SIZE(stap_registers); i++)
		stap_printf(c, "%s%s: %016lx", !i ? "" : i % 3 ? " " : "\n", stap_registers[i].name,
			    i ? *(const unsigned long *)((const char *)registers + stap_registers[i].offset) : stap_hit_address(c));
	stap_printf(c, "\n");
}

/* Offsets in struct pt_regs by DWARF's numbers of registers, and those of the arguments. */
#define STAP_OFFSET(member) offsetof(struct pt_regs, member)
static const unsigned short stap_numbered[] = {
#if defined(CONFIG_X86_64)
	STAP_OFFSET(ax), STAP_OFFSET(dx), STAP_OFFSET(cx), STAP_OFFSET(bx),
	STAP_OFFSET(si), STAP_OFFSET(di), STAP_OFFSET(bp), STAP_OFFSET(sp),
	STAP_OFFSET(r8), STAP_OFFSET(r9), STAP_OFFSET(r10), STAP_OFFSET(r11),
	STAP_OFFSET(r12), STAP_OFFSET(r13), STAP_OFFSET(r14), STAP_OFFSET(r15), STAP_OFFSET(ip),
#elif defined(CONFIG_ARM64)
#define STAP_OFFSETS(n) STAP_OFFSET(regs[n]), STAP_OFFSET(regs[(n) + 1]), STAP_OFFSET(regs[(n) + 2])
	STAP_OFFSETS(0), STAP_OFFSETS(3), STAP_OFFSETS(6), STAP_OFFSETS(9), STAP_OFFSETS(12), STAP_OFFSETS(15),
	STAP_OFFSETS(18), STAP_OFFSETS(21), STAP_OFFSETS(24), STAP_OFFSETS(27), STAP_OFFSET(regs[30]),
	STAP_OFFSET(sp), STAP_OFFSET(pc),
#endif
};

static const unsigned char stap_argument_numbers[] = {
#if defined(CONFIG_X86_64)
	5, 4, 1, 2, 8, 9,
#elif defined(CONFIG_ARM64)
	0, 1, 2, 3, 4, 5, 6, 7,
#endif
};

static unsigned long *stap_numbered_register(struct stap_context *c, int n)
{
	const struct pt_regs *registers = stap_hit_registers(c);

	if (unlikely(!registers || n >= ARRAY_SIZE(stap_numbered))) {
		stap_error(c, "register %d is not known at probe %s", n, c->probe->point);
		return NULL;
	}
	return (unsigned long *)((char *)registers + stap_numbered[n]);
}

stap_long stap_register(struct stap_context *c, int n)
{
	unsigned long *value = stap_numbered_register(c, n);

	return value ? *value : 0;
}

void stap_set_register(struct stap_context *c, int n, int shift, int bits, stap_long value)
{
	unsigned long *whole = stap_numbered_register(c, n);
	unsigned long mask = bits < 64 ? (1UL << bits) - 1 : ~0UL;

	if (whole)
		*whole = (*whole & ~(mask << shift)) | (((unsigned long)value & mask) << shift);
}

void stap_set_argument(struct stap_context *c, int n, int bits, stap_long value)
{
	if (n < ARRAY_SIZE(stap_argument_numbers))
		stap_set_register(c, stap_argument_numbers[n], 0, bits, value);
}

void stap_set_return_value(struct stap_context *c, stap_long value)
{
	stap_set_register(c, 0, 0, 64, value);
}

const struct stap_unit STAP_UNIT(registers) = { };
