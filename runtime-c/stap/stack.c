/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* The kernel's stack under the handler: its size, and who called the place that was hit. */
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/stacktrace.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include "runtime.h"

#define STAP_FRAMES 128

/* Return addresses, innermost first; a handler has its CPU's to itself. */
static DEFINE_PER_CPU(unsigned long[STAP_FRAMES], stap_frames);

stap_long stap_stack_size(void)
{
	return THREAD_SIZE;
}

/* A stack begins at a multiple of its size and grows down to there. */
stap_long stap_stack_unused(void)
{
	return (unsigned long)__builtin_frame_address(0) & (THREAD_SIZE - 1);
}

/* Where the function that was hit returns to, if the hit is at its entry; 0 if that is not known. */
static unsigned long stap_return_address(struct stap_context *c)
{
	struct pt_regs *registers = c->registers;
	unsigned long at, address;

#if defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS) && defined(CONFIG_X86)
	if (c->arguments) /* all of them, or those that a call passes something in */
#ifdef arch_ftrace_regs
		registers = &arch_ftrace_regs(c->arguments)->regs;
#else
		registers = &((struct ftrace_regs *)c->arguments)->regs;
#endif
#endif
	if (!registers)
		return 0;
#if defined(CONFIG_ARM64)
	return registers->regs[30];
#endif
	at = kernel_stack_pointer(registers);
	return copy_from_kernel_nofault(&address, (void *)at, sizeof(address)) ? 0 : address;
}

/* Where the hit is in the kernel; 0 where it interrupted a process, which is on no stack of the kernel's. */
static unsigned long stap_kernel_address(struct stap_context *c)
{
	return c->registers && user_mode((struct pt_regs *)c->registers) ? 0 : stap_hit_address(c);
}

/*
 * The frames from the hit on: first its own address. The stack is walked from
 * here, so the handler's frames and those of what called it come first; where
 * the walk does not get through them there are the hit and its caller alone.
 */
static unsigned int stap_walk(struct stap_context *c, unsigned long **frames)
{
	unsigned long *all = *this_cpu_ptr(&stap_frames), hit = stap_kernel_address(c);
	unsigned int n = stack_trace_save(all, STAP_FRAMES, 0), i;

	for (i = 0; i < n; i++) {
		/* the hit's frame is a few bytes further on: behind what the probe put there */
		if (hit ? all[i] - hit < 16 : !within_module(all[i], THIS_MODULE))
			break;
	}
	if (i == n && hit) {
		i = 0;
		all[1] = stap_return_address(c);
		n = all[1] ? 2 : 1;
	}
	if (hit)
		all[i] = hit;
	*frames = all + i;
	return n - i;
}

#ifndef STAP_CALLEE_MATCHALL
/* What a probe of a return puts in place of the address that the function returns to, once that is known. */
static unsigned long stap_trampoline;

/* A landing pad of this size may be between a function's entry and what was hit. */
#define STAP_LANDING 4

static bool stap_returns_to(struct stap_context *c, unsigned long address, long distance, int inside)
{
	long found = address - stap_hit_address(c);

	return found == distance || (!inside && found == distance - STAP_LANDING);
}
#endif

int stap_called_from(struct stap_context *c, const long *chains, int inside)
{
#ifdef STAP_CALLEE_MATCHALL
	return 1;
#else
	unsigned long *frames, nearest = inside ? 0 : stap_return_address(c);
	unsigned long trampoline = READ_ONCE(stap_trampoline);
	const long *chain;
	unsigned int n = 0;
	bool deep = !nearest || !trampoline || nearest == trampoline;
	long i;

	for (chain = chains; chain[0] && nearest; chain += 1 + chain[0]) {
		if (!stap_returns_to(c, nearest, chain[1], 0))
			continue;
		if (chain[0] == 1)
			return 1;
		deep = true;
	}
	if (!deep)
		return 0;
	n = stap_walk(c, &frames);
	if (nearest && n > 1 && frames[1] != nearest)
		WRITE_ONCE(stap_trampoline, nearest);
	for (chain = chains; chain[0]; chain += 1 + chain[0]) {
		for (i = 1; i <= chain[0] && i < n; i++)
			if (!stap_returns_to(c, frames[i], chain[i], inside))
				break;
		if (i > chain[0])
			return 1;
	}
	return 0;
#endif
}

stap_long stap_caller(struct stap_context *c)
{
	unsigned long *frames;

	if (stap_walk(c, &frames) >= 2)
		return frames[1];
	stap_error(c, "the caller is not known");
	return 0;
}

void stap_caller_name(struct stap_context *c, char *dst)
{
	unsigned long address = stap_caller(c);
	size_t used;

	if (!address)
		return;
	stap_symbol(dst, address);
	used = strlen(dst);
	if (snprintf(dst + used, MAXSTRINGLEN - used, " 0x%lx", address) >= MAXSTRINGLEN - used)
		stap_string_cut();
}

/* The hit's address and those of that many callers; of all if levels is negative. */
void stap_callers(struct stap_context *c, char *dst, stap_long levels)
{
	unsigned long *frames;
	unsigned int n = stap_walk(c, &frames), i;
	size_t used = 0;

	dst[0] = 0;
	if (levels >= 0 && levels < n)
		n = levels + 1;
	for (i = 0; i < n; i++) {
		size_t length = snprintf(dst + used, MAXSTRINGLEN - used, "%s0x%lx", i ? " " : "", frames[i]);

		if (used + length >= MAXSTRINGLEN) { /* whole addresses only */
			dst[used] = 0;
			stap_string_cut();
			return;
		}
		used += length;
	}
}
