/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * A walk over the current task's stack, from registers or from here, by the kernel's unwinder.
 *
 * A return probe puts the address of code of the kernel's in place of the one that a function
 * returns to. Before Linux 5.11 the unwinder knows nothing of that and ends there. The address is
 * in the kernel's table of such calls, from where the walk goes on. Nobody may wait for the locks
 * of that table in a handler: it is read without, so that what is found may be what stood there
 * a moment before.
 */
#ifndef STAP_UNWIND_H
#define STAP_UNWIND_H

#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/stacktrace.h>
#include <linux/version.h>
#include "access.h"
#ifdef STAP_MACHINE_UNWIND
#include <asm/unwind.h>
#endif

#if defined(STAP_MACHINE_UNWIND) && defined(CONFIG_UNWINDER_ORC) && defined(CONFIG_KRETPROBES) && LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#include <linux/hash.h>

#define STAP_RETURNS_HIDDEN 1
#define STAP_RETURNS_BITS 6		/* of the table's size */
#define STAP_RETURNS_STEPS 1000		/* in a list that may change meanwhile */

static unsigned long stap_returns_table, stap_returns_trampoline;

/* What is no function cannot be probed, but the kernel looks it up before it says so. */
static unsigned long stap_returns_symbol(const char *name)
{
	struct kprobe kprobe = { .symbol_name = name, .flags = KPROBE_FLAG_DISABLED };

	if (!register_kprobe(&kprobe))
		unregister_kprobe(&kprobe);
	return (unsigned long)kprobe.addr;
}

static int stap_unwind_load(void)
{
	stap_returns_table = stap_returns_symbol("kretprobe_inst_table");
	stap_returns_trampoline = stap_returns_symbol("kretprobe_trampoline");
	return 0;
}

/* Where the function returns to whose return address stood there, 0 where that is not known. */
static unsigned long stap_hidden_return(unsigned long at)
{
	unsigned long node = stap_returns_table + hash_ptr(current, STAP_RETURNS_BITS) * sizeof(struct hlist_head);
	struct kretprobe_instance instance;
	unsigned int i;

	if (!stap_returns_table || stap_read_kernel(&node, node, sizeof(node)))
		return 0;
	for (i = 0; node && i < STAP_RETURNS_STEPS; i++) {
		if (stap_read_kernel(&instance, node - offsetof(struct kretprobe_instance, hlist), sizeof(instance)))
			return 0;
		if (instance.task == current && instance.fp == (void *)at && (unsigned long)instance.ret_addr != stap_returns_trampoline)
			return (unsigned long)instance.ret_addr;
		node = (unsigned long)instance.hlist.next;
	}
	return 0;
}

/* Where the walk came to a hidden return it begins anew behind that; room is for the registers. */
static unsigned long stap_unwind_hidden(struct unwind_state *state, struct pt_regs *room, unsigned long address)
{
	unsigned long back = address == stap_returns_trampoline ? stap_hidden_return(state->sp - sizeof(long)) : 0;

	if (!back)
		return 0;
	room->ip = back;
	room->sp = state->sp;
	room->bp = state->bp;
	room->cs = __KERNEL_CS;
	unwind_start(state, current, room, NULL);
	return back;
}
#else
#define STAP_RETURNS_HIDDEN 0
#define stap_unwind_load NULL

#ifdef STAP_MACHINE_UNWIND
static inline unsigned long stap_unwind_hidden(struct unwind_state *state, struct pt_regs *room, unsigned long address)
{
	return 0;
}
#endif
#endif

#endif
