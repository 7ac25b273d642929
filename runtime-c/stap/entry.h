/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* The registers of a hit as the kernel saved them, which at a function's entry may be those alone that calls know of. */
#ifndef STAP_ENTRY_H
#define STAP_ENTRY_H

#include <linux/ftrace.h>
#include <linux/ptrace.h>
#include "machine.h"
#include "runtime.h"

/* NULL: there are none, or at the entry of a function they are in another struct (arm64). */
static inline struct pt_regs *stap_saved_registers(struct stap_context *c)
{
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
	if (c->arguments)
#if defined(STAP_MACHINE_PARTIAL)
		return NULL;
#elif defined(arch_ftrace_regs)
		return &arch_ftrace_regs(c->arguments)->regs;
#else
		return &((struct ftrace_regs *)c->arguments)->regs;
#endif
#endif
	return c->registers;
}

/* Where the CPU goes on after the hit. */
static inline unsigned long stap_entry_pointer(struct stap_context *c)
{
	struct pt_regs *registers = stap_saved_registers(c);

	if (registers)
		return instruction_pointer(registers);
#ifdef STAP_MACHINE_PARTIAL
	if (c->arguments)
		return ftrace_regs_get_instruction_pointer(c->arguments);
#endif
	return 0;
}

/* Sends the CPU elsewhere; false where nothing is known of its registers. */
static inline bool stap_entry_set_pointer(struct stap_context *c, unsigned long address)
{
	struct pt_regs *registers = stap_saved_registers(c);

	if (registers) {
		instruction_pointer_set(registers, address);
		return true;
	}
#ifdef STAP_MACHINE_PARTIAL
	if (c->arguments) {
		ftrace_regs_set_instruction_pointer(c->arguments, address);
		return true;
	}
#endif
	return false;
}

/* Sets what the function that does not run gives back. */
static inline void stap_entry_set_result(struct stap_context *c, unsigned long value)
{
	struct pt_regs *registers = stap_saved_registers(c);

	if (registers)
		stap_machine_set_result(registers, value);
#ifdef STAP_MACHINE_PARTIAL
	else if (c->arguments)
		ftrace_regs_set_return_value(c->arguments, value);
#endif
}

#endif
