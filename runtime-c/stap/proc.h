/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* The files of a session's folder. */
#ifndef STAP_PROC_H
#define STAP_PROC_H

#include <linux/proc_fs.h>
#include <linux/version.h>

struct seq_file;

/* The module stays while the file is open. */
int stap_proc_open(struct inode *inode, struct file *file);
int stap_proc_release(struct inode *inode, struct file *file);
/* The same of a file that show writes as a whole; to be read with seq_read(). */
int stap_proc_open_shown(struct file *file, int (*show)(struct seq_file *file, void *unused));
int stap_proc_release_shown(struct inode *inode, struct file *file);
/* Takes what is written, a text without NUL that is shorter than room; 0 or a negative errno. */
int stap_proc_text(char *text, size_t room, const char __user *from, size_t size);

/* What proc_create_data() was given for a file. */
static inline void *stap_proc_data(const struct inode *inode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 17, 0)
	return pde_data(inode);
#else
	return PDE_DATA(inode);
#endif
}

#endif
