/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* The registers of a hit as the kernel saved them, which at a function's entry may be those alone that calls know of. */
#ifndef STAP_ENTRY_H
#define STAP_ENTRY_H

#include <linux/ftrace.h>
#include <linux/ptrace.h>
#include "runtime.h"

/* NULL: there are none, or at the entry of a function they are in another struct (arm64). */
static inline struct pt_regs *stap_saved_registers(struct stap_context *c)
{
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
	if (c->arguments)
#if defined(CONFIG_ARM64)
		return NULL;
#elif defined(arch_ftrace_regs)
		return &arch_ftrace_regs(c->arguments)->regs;
#else
		return &((struct ftrace_regs *)c->arguments)->regs;
#endif
#endif
	return c->registers;
}

#endif
