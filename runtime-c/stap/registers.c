/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* The registers of a hit. Where this unit is linked, functions are traced with all of them saved. */
#include <linux/ftrace.h>
#include <linux/ptrace.h>
#include "machine.h"
#include "runtime.h"

/* A register by its name. */
struct stap_register {
	const char *name;
	unsigned int offset;	/* in struct pt_regs */
};

#define STAP_REGISTER(name, member) { name, offsetof(struct pt_regs, member) },
static const struct stap_register stap_registers[] = { STAP_MACHINE_REGISTERS(STAP_REGISTER) };

/* Names of parts of registers, and others for whole ones. */
struct stap_register_alias {
	const char *name;
	const char *of;
	int size;
};

#define STAP_ALIAS(name, of, size) { name, of, size },
static const struct stap_register_alias stap_aliases[] = { STAP_MACHINE_ALIASES(STAP_ALIAS) };

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
#define STAP_OFFSET(member) offsetof(struct pt_regs, member),
static const unsigned short stap_numbered[] = { STAP_MACHINE_NUMBERED(STAP_OFFSET) };
static const unsigned char stap_argument_numbers[] = { STAP_MACHINE_ARGUMENT_NUMBERS };

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
