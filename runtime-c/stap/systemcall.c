/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The system call that the current task is in: what it was called with, whoever
 * its caller is. A caller of 32 bits has its arguments in other registers, and
 * each of them has 32 bits.
 */
#include <linux/compat.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <asm/syscall.h>
#include "access.h"
#include "runtime.h"

int stap_system_call_narrow(void)
{
	return in_compat_syscall();
}

stap_long stap_system_call_number(void)
{
	return syscall_get_nr(current, task_pt_regs(current));
}

/* Where argument n is in struct pt_regs. */
#define STAP_OFFSET(member) offsetof(struct pt_regs, member)
#ifdef CONFIG_X86_64
static const unsigned short stap_call_registers[2][STAP_SYSTEM_CALL_ARGUMENTS] = {
	{ STAP_OFFSET(di), STAP_OFFSET(si), STAP_OFFSET(dx), STAP_OFFSET(r10), STAP_OFFSET(r8), STAP_OFFSET(r9) },
	{ STAP_OFFSET(bx), STAP_OFFSET(cx), STAP_OFFSET(dx), STAP_OFFSET(si), STAP_OFFSET(di), STAP_OFFSET(bp) },
};

static inline unsigned long stap_call_offset(int n)
{
	return stap_call_registers[in_ia32_syscall()][n];
}
#else
/* The first register becomes the result; this is what it was before. */
static inline unsigned long stap_call_offset(int n)
{
	return n ? STAP_OFFSET(regs) + 8 * n : STAP_OFFSET(orig_x0);
}
#endif

static inline unsigned long stap_call_word(int n)
{
	return *(unsigned long *)((char *)task_pt_regs(current) + stap_call_offset(n));
}

int stap_system_call_arguments(stap_ulong arguments[STAP_SYSTEM_CALL_ARGUMENTS])
{
	int narrow = stap_system_call_narrow(), i;

	for (i = 0; i < STAP_SYSTEM_CALL_ARGUMENTS; i++)
		arguments[i] = narrow ? (unsigned int)stap_call_word(i) : stap_call_word(i);
	return narrow;
}

stap_long stap_system_call_argument(stap_long n)
{
	unsigned long word;

	if (n < 0 || n >= STAP_SYSTEM_CALL_ARGUMENTS)
		return 0;
	word = stap_call_word(n);
	return stap_system_call_narrow() ? (unsigned int)word : word;
}

void stap_system_call_set(stap_long n, stap_long value)
{
	struct pt_regs *registers = task_pt_regs(current);

	if (n < 0 || n >= STAP_SYSTEM_CALL_ARGUMENTS)
		return;
	if (stap_system_call_narrow())
		value = (unsigned int)value;
	*(unsigned long *)((char *)registers + stap_call_offset(n)) = value;
#ifdef CONFIG_ARM64
	if (n == 0)
		registers->regs[0] = value;
#endif
}

/*
 * socketcall(call, arguments) of callers of 32 bits is all calls about sockets: the
 * arguments are in memory.
 */
int stap_socket_call_arguments(stap_ulong arguments[STAP_SYSTEM_CALL_ARGUMENTS])
{
	stap_ulong array = stap_system_call_argument(1);
	int i;

	for (i = 0; i < STAP_SYSTEM_CALL_ARGUMENTS; i++) {
		unsigned int value;

		arguments[i] = stap_read_user(&value, array + i * sizeof(value), sizeof(value)) ? 0 : value;
	}
	return 1;
}

stap_long stap_socket_call_argument(stap_long n)
{
	stap_ulong arguments[STAP_SYSTEM_CALL_ARGUMENTS];

	stap_socket_call_arguments(arguments);
	return n >= 0 && n < STAP_SYSTEM_CALL_ARGUMENTS ? arguments[n] : 0;
}
