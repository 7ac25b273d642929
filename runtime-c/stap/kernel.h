/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* The kernel's headers: for the runtime, and in front of a script with embedded C. */
#ifndef STAP_KERNEL_H
#define STAP_KERNEL_H

#include <linux/module.h>
#include <linux/kprobes.h>
#include <linux/ftrace.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/relay.h>
#include <linux/proc_fs.h>
#include <linux/namei.h>
#include <linux/poll.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/user_namespace.h>
#include <linux/stacktrace.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/uaccess.h>
#include <linux/timekeeping.h>
#include <linux/version.h>

/* Scripts' C still calls it. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
static inline size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t length = strlen(src);

	if (size) {
		memcpy(dst, src, min(length, size - 1));
		dst[min(length, size - 1)] = 0;
	}
	return length;
}
#endif

#endif
