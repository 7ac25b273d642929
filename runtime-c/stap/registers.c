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

/* Names of parts of registers, and others for whole ones. */
struct stap_register_alias {
	const char *name;
	const char *of;
	int size;
};

static const struct stap_register_alias stap_aliases[] = {
#if defined(CONFIG_X86_64)
	{ "EIP", "RIP", 4 }, { "ESP", "RSP", 4 }, { "FLAGS", "EFLAGS", 8 }, { "EAX", "RAX", 4 }, { "EBX", "RBX", 4 },
	{ "ECX", "RCX", 4 }, { "EDX", "RDX", 4 }, { "ESI", "RSI", 4 }, { "EDI", "RDI", 4 }, { "EBP", "RBP", 4 },
	{ "AX", "RAX", 2 }, { "BX", "RBX", 2 }, { "CX", "RCX", 2 }, { "DX", "RDX", 2 }, { "SI", "RSI", 2 },
	{ "DI", "RDI", 2 }, { "BP", "RBP", 2 }, { "SP", "RSP", 2 }, { "R8", "R08", 8 }, { "R9", "R09", 8 },
#elif defined(CONFIG_ARM64)
	{ "LR", "X30", 8 }, { "FP", "X29", 8 },
#endif
};

static const struct stap_register *stap_register_find(const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(stap_registers); i++)
		if (!strcasecmp(stap_registers[i].name, name))
			return &stap_registers[i];
	return NULL;
}

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

stap_long stap_register_named(struct stap_context *c, const char *name, int is_signed)
{
	const struct pt_regs *registers = stap_hit_registers(c);
	const struct stap_register *found = stap_register_find(name);
	unsigned long value;
	int i, size = 8;

	for (i = 0; i < ARRAY_SIZE(stap_aliases) && !found; i++)
		if (!strcasecmp(stap_aliases[i].name, name)) {
			found = stap_register_find(stap_aliases[i].of);
			size = stap_aliases[i].size;
		}
	if (!found) {
		stap_error(c, "Unknown register name %s", name);
		return 0;
	}
	if (!registers) {
		stap_error(c, "no registers are known at probe %s", c->probe->point);
		return 0;
	}
	value = found == stap_registers ? stap_hit_address(c) :
		*(const unsigned long *)((const char *)registers + found->offset);
	value <<= 64 - 8 * size;
	return is_signed ? (stap_long)value >> (64 - 8 * size) : (stap_long)(value >> (64 - 8 * size));
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

void stap_set_argument_bits(struct stap_context *c, int n, int bits, stap_long value)
{
	if (n < ARRAY_SIZE(stap_argument_numbers))
		stap_set_register(c, stap_argument_numbers[n], 0, bits, value);
}

const struct stap_unit STAP_UNIT(registers) = { };
