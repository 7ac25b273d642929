/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* How a handler reads memory: without waiting for a page, and without a fault that is not handled. */
#ifndef STAP_ACCESS_H
#define STAP_ACCESS_H

#include <linux/uaccess.h>

typedef long stap_reader(void *dst, unsigned long address, size_t size);

static inline long stap_read_user(void *dst, unsigned long address, size_t size)
{
	return copy_from_user_nofault(dst, (const void __user *)address, size);
}

/*
 * copy_from_kernel_nofault() takes addresses for possible that the processor could have, though the
 * kernel may run with fewer levels of page tables: it then faults in a way that the kernel warns of.
 */
static inline bool stap_is_possible(unsigned long address)
{
#ifdef CONFIG_X86_64
	int unused = 63 - __VIRTUAL_MASK_SHIFT;

	return (long)(address << unused) >> unused == (long)address;
#else
	return true;
#endif
}

static inline long stap_read_kernel(void *dst, unsigned long address, size_t size)
{
	if (unlikely(!stap_is_possible(address)))
		return -EFAULT;
	return copy_from_kernel_nofault(dst, (const void *)address, size);
}

#endif
