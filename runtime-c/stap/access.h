/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* How a handler reads memory: without waiting for a page, and without a fault that is not handled. */
#ifndef STAP_ACCESS_H
#define STAP_ACCESS_H

#include <linux/uaccess.h>
#include "machine.h"

typedef long stap_reader(void *dst, unsigned long address, size_t size);

static inline long stap_read_user(void *dst, unsigned long address, size_t size)
{
	return copy_from_user_nofault(dst, (const void __user *)address, size);
}

static inline long stap_read_kernel(void *dst, unsigned long address, size_t size)
{
	if (unlikely(!stap_machine_possible(address)))
		return -EFAULT;
	return copy_from_kernel_nofault(dst, (const void *)address, size);
}

#endif
