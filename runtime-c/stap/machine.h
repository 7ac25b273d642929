/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * What differs between architectures, a header for each:
 *
 *	STAP_MACHINE_REGISTERS(R)	R("NAME", member) for each register as it is printed, in this order
 *					the first is the address of the hit
 *	STAP_MACHINE_ALIASES(A)		A("NAME", "REGISTER", bytes): parts of registers, other names of whole ones
 *	STAP_MACHINE_NUMBERED(N)	N(member) for each of DWARF's numbers of registers, from 0 on
 *	STAP_MACHINE_ARGUMENTS(N)	N(member) for the arguments of a function, from the first on
 *	STAP_MACHINE_ARGUMENT_NUMBERS	DWARF's numbers of these
 *	stap_machine_set_result()	a function's result, in registers
 *	stap_machine_caller()		where the function returns to whose entry was hit; 0: not known
 *	stap_machine_possible()		whether the kernel survives an attempt to read there
 *	STAP_MACHINE_SITE		how far a function's ftrace site may be behind its first instruction, in steps of 4
 *	stap_machine_site()		the same by the function's first 8 bytes; 0: the kernel finds it by the function's address
 *	stap_machine_test(), _low(), _count()
 *					one instruction each where there is one: see below
 *	stap_machine_traced()		completes what ftrace saves where it saves all registers
 *	STAP_MACHINE_PARTIAL		what ftrace saves at a function's entry is no struct pt_regs, and not all registers
 *	STAP_MACHINE_LINK		a function is entered with the return address in a register, which no frame has yet
 *	STAP_MACHINE_WEAK_WORD		code refers to weak symbols by a table of addresses that modules do not have: a variable has them
 *	STAP_MACHINE_NO_CYCLES		get_cycles() counts something slower than the processor's cycles
 *	STAP_MACHINE_DETOUR		the architecture has stap_detour (override.c)
 *
 * These are macros, since not every unit that includes this wants the kernel's headers on registers
 * and memory. Members are those of struct pt_regs. The unwinder is the kernel's; STAP_MACHINE_UNWIND: it
 * starts from registers, by <asm/unwind.h>.
 */
#ifndef STAP_MACHINE_H
#define STAP_MACHINE_H

#include <linux/percpu.h>

#if defined(CONFIG_X86_64)
#include "machine_x86_64.h"
#elif defined(CONFIG_ARM64)
#include "machine_arm64.h"
#elif !defined(STAP_MACHINE_NONE) /* no kernel's */
#error "no header machine_ARCHITECTURE.h says how this architecture is"
#endif

/* The address of a symbol that need not be there, NULL if it is not. */
#ifdef STAP_MACHINE_WEAK_WORD
#define stap_weak(address) ({ static typeof((address) + 0) const volatile stap_word = (address); stap_word; })
#else
#define stap_weak(address) (address)
#endif

/* In a function with these labels: to no if none of the bits is set in the CPU's own variable. */
#ifndef stap_machine_test
#define stap_machine_test(variable, bits, no) do { if (!(__this_cpu_read(variable) & (bits))) goto no; } while (0)
#endif

/* To low if all of the bits are zero in the stack pointer. */
#ifndef stap_machine_low
#define stap_machine_low(bits, low) do { if (!(current_stack_pointer & (bits))) goto low; } while (0)
#endif

/* Counts the CPU's own variable down by one; to zero if it then is. */
#ifndef stap_machine_count
#define stap_machine_count(variable, zero) do { if (!__this_cpu_dec_return(variable)) goto zero; } while (0)
#endif

#endif
