/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What the text of system calls' arguments asks of the kernel. */
#include <linux/compat.h>
#include <linux/mm.h>
#include "access.h"
#include "runtime.h"

int stap_text_read(void *dst, stap_ulong address, unsigned long size)
{
	return !stap_read_user(dst, address, size);
}

int stap_text_compat(void)
{
	return in_compat_syscall();
}

void stap_text_was_cut(void)
{
	stap_string_cut();
}
