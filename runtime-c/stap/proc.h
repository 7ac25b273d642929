/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What proc_create_data() was given for a file. */
#ifndef STAP_PROC_H
#define STAP_PROC_H

#include <linux/proc_fs.h>
#include <linux/version.h>

static inline void *stap_proc_data(const struct inode *inode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 17, 0)
	return pde_data(inode);
#else
	return PDE_DATA(inode);
#endif
}

#endif
