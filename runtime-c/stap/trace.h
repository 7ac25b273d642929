/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The kernel's function tracer, ftrace, as kernels have it. Most save for a callback the
 * registers alone that calls know of. Others save all or none: there all are asked for,
 * and a hit has struct pt_regs, as one of a kprobe has.
 */
#ifndef STAP_TRACE_H
#define STAP_TRACE_H

#include <linux/ftrace.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include "machine.h"

#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#define STAP_TRACES
#elif defined(CONFIG_DYNAMIC_FTRACE_WITH_REGS)
#define STAP_TRACES
#define STAP_TRACES_WITH_ALL_REGISTERS
#endif

#ifdef STAP_TRACES

/* What a callback gets, and its struct pt_regs where all registers are saved. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
typedef struct ftrace_regs stap_trace_registers;
#define stap_trace_saved(registers) ftrace_get_regs(registers)
#else
typedef struct pt_regs stap_trace_registers;
#define stap_trace_saved(registers) (registers)
#endif

static inline struct pt_regs *stap_trace_all_registers(stap_trace_registers *registers)
{
	struct pt_regs *all = stap_trace_saved(registers);

	stap_machine_traced(all);
	return all;
}

/* Callbacks look themselves after hits inside of them; before Linux 5.11 the kernel wants to be told that. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
#define STAP_TRACE_UNGUARDED 0
#else
#define STAP_TRACE_UNGUARDED FTRACE_OPS_FL_RECURSION_SAFE
#endif

#ifdef STAP_TRACES_WITH_ALL_REGISTERS
#define STAP_TRACE_FLAGS (STAP_TRACE_UNGUARDED | FTRACE_OPS_FL_SAVE_REGS)
#else
#define STAP_TRACE_FLAGS STAP_TRACE_UNGUARDED
#endif

/*
 * Of many addresses a filter is made at once where the kernel has a function for it. Elsewhere
 * each that is added has the kernel copy all others, so a filter is kept small.
 */
#ifdef STAP_EXPORTED_ftrace_set_filter_ips
#define STAP_TRACE_ADDRESSES UINT_MAX
#else
#define STAP_TRACE_ADDRESSES 512
#endif

/* The addresses that ops is called for. */
static inline int stap_trace_filter(struct ftrace_ops *ops, unsigned long *addresses, unsigned int count)
{
#ifdef STAP_EXPORTED_ftrace_set_filter_ips
	return ftrace_set_filter_ips(ops, addresses, count, 0, 1);
#else
	unsigned int i;
	int rc = 0;

	for (i = 0; i < count && !rc; i++)
		rc = ftrace_set_filter_ip(ops, addresses[i], 0, !i);
	return rc;
#endif
}

/* Gives back the filter's memory. */
static inline void stap_trace_unfilter(struct ftrace_ops *ops)
{
#ifdef STAP_EXPORTED_ftrace_free_filter
	ftrace_free_filter(ops);
#else
	ftrace_set_filter(ops, NULL, 0, 1);
#endif
}

#endif
#endif
