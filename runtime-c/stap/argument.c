/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What a function was called with, by the calling convention. */
#include <linux/ftrace.h>
#include <linux/ptrace.h>
#include <linux/version.h>
#include "runtime.h"

stap_long stap_argument(struct stap_context *c, int n)
{
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
	if (c->arguments)
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
		return ftrace_regs_get_argument((struct ftrace_regs *)c->arguments, n);
#else
		return regs_get_kernel_argument(&((struct ftrace_regs *)c->arguments)->regs, n);
#endif
#endif
	return regs_get_kernel_argument(c->registers, n);
}
