/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Paths and open files, read as they stand in memory. The kernel's own d_path()
 * may wait for a lock that the probed code holds, so nothing is called here, and
 * every pointer is followed as if it could be wrong. A handler is a reader of
 * RCU: what it sees is not freed meanwhile, and may be renamed meanwhile.
 */
#include <linux/compat.h>
#include <linux/dcache.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/sched.h>
#include <linux/uio.h>
#include "access.h"
#include "runtime.h"

#define STAP_PATH_NAMES 1000	/* a path has no more of them: what has is a ring */

#define stap_member(c, type, address, member) \
	stap_kernel_read(c, (address) + offsetof(type, member), sizeof(((type *)0)->member), 0)

/* A path is written from its end on, against the end of dst. */
struct stap_path {
	struct stap_context *c;
	char *dst, *at;
	int full;
};

static void stap_path_open(struct stap_path *path, struct stap_context *c, char *dst)
{
	path->c = c;
	path->dst = dst;
	path->at = dst + MAXSTRINGLEN - 1;
	path->full = 0;
	*path->at = 0;
}

/* What did not fit is missing at the beginning. */
static void stap_path_close(struct stap_path *path)
{
	if (path->full)
		stap_string_cut();
	memmove(path->dst, path->at, path->dst + MAXSTRINGLEN - path->at);
	if (path->c->error)
		path->dst[0] = 0;
}

static int stap_path_ends(const struct stap_path *path)
{
	return path->at == path->dst + MAXSTRINGLEN - 1;
}

static void stap_path_put(struct stap_path *path, const char *text, size_t length)
{
	size_t room = path->at - path->dst;

	if (length > room) {
		text += length - room;
		length = room;
		path->full = 1;
	}
	path->at -= length;
	memcpy(path->at, text, length);
}

static void stap_path_text(struct stap_path *path, const char *text)
{
	stap_path_put(path, text, strlen(text));
}

/* The name of a dentry. */
static void stap_path_name(struct stap_path *path, stap_long dentry)
{
	char name[64];
	stap_long address = dentry ? stap_member(path->c, struct dentry, dentry, d_name.name) : 0;
	size_t left = dentry ? stap_member(path->c, struct dentry, dentry, d_name.len) : 0;

	if (left > NAME_MAX)
		left = NAME_MAX;
	while (left && !path->c->error && !path->full) {
		size_t part = min(left, sizeof(name));

		left -= part;
		if (stap_read_kernel(name, address + left, part))
			stap_error(path->c, "read fault [man error::fault] at 0x%llx", address + left);
		else
			stap_path_put(path, name, part);
	}
}

/* Where the members of struct mount are, which is the kernel's own. */
struct stap_mount {
	stap_long vfsmount, parent, mountpoint;
};

struct stap_place {
	stap_long dentry, vfsmount;
};

/* The root directory of a task; 0, 0 where it has none. */
static struct stap_place stap_task_root(struct stap_context *c, stap_long task)
{
	struct stap_place root = { 0, 0 };
	stap_long fs = task ? stap_member(c, struct task_struct, task, fs) : 0;

	if (fs) {
		root.dentry = stap_member(c, struct fs_struct, fs, root.dentry);
		root.vfsmount = stap_member(c, struct fs_struct, fs, root.mnt);
	}
	return root;
}

/* Goes up to the root of the mount, over mount points with a layout of mounts. */
static void stap_path_walk(struct stap_path *path, struct stap_place at, struct stap_place root, const struct stap_mount *mounts)
{
	struct stap_context *c = path->c;
	stap_long parent, mount_root;
	int n;

	for (n = 0; n < STAP_PATH_NAMES && !c->error && !path->full; n++) {
		if (!at.dentry || (at.dentry == root.dentry && at.vfsmount == root.vfsmount) || !stap_act(c, 1))
			return;
		mount_root = at.vfsmount ? stap_member(c, struct vfsmount, at.vfsmount, mnt_root) : 0;
		parent = stap_member(c, struct dentry, at.dentry, d_parent);
		if (c->error)
			return;
		if (at.dentry == mount_root || parent == at.dentry) {
			stap_long mount = at.vfsmount - (mounts ? mounts->vfsmount : 0), above;

			if (!mounts || !at.vfsmount)
				return;
			above = stap_kernel_read(c, mount + mounts->parent, sizeof(long), 0);
			if (above == mount)
				return;
			at.dentry = stap_kernel_read(c, mount + mounts->mountpoint, sizeof(long), 0);
			at.vfsmount = above + mounts->vfsmount;
			continue;
		}
		if (!mounts && !stap_path_ends(path))
			stap_path_text(path, "/");
		stap_path_name(path, at.dentry);
		if (mounts)
			stap_path_text(path, "/");
		at.dentry = parent;
	}
}

/* A pipe, a socket and the like have no place in a folder; 0: the dentry has. */
static int stap_path_special(struct stap_path *path, stap_long dentry)
{
	struct stap_context *c = path->c;
	stap_long operations = stap_member(c, struct dentry, dentry, d_op), sb, type, inode;
	char name[16] = "", text[48];

	if (!operations || !stap_member(c, struct dentry_operations, operations, d_dname) ||
	    stap_member(c, struct dentry, dentry, d_parent) != dentry)
		return 0;
	sb = stap_member(c, struct dentry, dentry, d_sb);
	type = stap_kernel_read(c, sb + offsetof(struct super_block, s_type), sizeof(long), 0);
	type = stap_kernel_read(c, type + offsetof(struct file_system_type, name), sizeof(long), 0);
	if (c->error || stap_read_kernel(name, type, sizeof(name) - 1))
		return 0;
	inode = stap_member(c, struct dentry, dentry, d_inode);
	if (!strcmp(name, "pipefs") || !strcmp(name, "sockfs")) {
		snprintf(text, sizeof(text), "%s:[%llu]", name[0] == 'p' ? "pipe" : "socket",
			 stap_member(c, struct inode, inode, i_ino));
		stap_path_text(path, text);
	} else if (!strcmp(name, "anon_inodefs")) {
		stap_path_name(path, dentry);
		stap_path_text(path, "anon_inode:");
	} else {
		stap_path_text(path, " (deleted)");
		stap_path_name(path, dentry);
		stap_path_text(path, "/");
	}
	return 1;
}

void stap_kernel_text(struct stap_context *c, char *dst, stap_long address, stap_long length)
{
	size_t most = clamp_t(stap_long, length, 0, MAXSTRINGLEN - 1);

	if (length > (stap_long)most)
		stap_string_cut();
	dst[0] = 0;
	if (most && stap_read_kernel(dst, address, most)) {
		stap_error(c, "read fault [man error::fault] at 0x%llx", address);
		most = 0;
	}
	dst[most] = 0;
}

void stap_dentry_name(struct stap_context *c, char *dst, stap_long dentry)
{
	struct stap_path path;

	stap_path_open(&path, c, dst);
	stap_path_name(&path, dentry);
	stap_path_close(&path);
}

void stap_dentry_path(struct stap_context *c, char *dst, stap_long dentry)
{
	const struct stap_place nowhere = { 0, 0 };
	struct stap_path path;

	stap_path_open(&path, c, dst);
	stap_path_walk(&path, (struct stap_place){ dentry, 0 }, nowhere, NULL);
	stap_path_close(&path);
}

void stap_task_path(struct stap_context *c, char *dst, stap_long task, stap_long dentry, stap_long vfsmount,
		    stap_long mount_vfsmount, stap_long mount_parent, stap_long mount_point)
{
	const struct stap_mount mounts = { mount_vfsmount, mount_parent, mount_point };
	struct stap_place root = stap_task_root(c, task);
	struct stap_path path;

	stap_path_open(&path, c, dst);
	if (dentry && !c->error && !stap_path_special(&path, dentry) && !c->error) {
		/* As d_unlinked() has it: not in the hash of names, and no root. */
		if (!stap_member(c, struct dentry, dentry, d_hash.pprev) &&
		    stap_member(c, struct dentry, dentry, d_parent) != dentry)
			stap_path_text(&path, " (deleted)");
		stap_path_walk(&path, (struct stap_place){ dentry, vfsmount }, root, &mounts);
		if (stap_path_ends(&path))
			stap_path_text(&path, "/");
	}
	stap_path_close(&path);
}

/* The table of a task's open files; 0 where it has none. */
static stap_long stap_task_files(struct stap_context *c, stap_long task)
{
	stap_long files = stap_member(c, struct task_struct, task, files);

	return files ? stap_member(c, struct files_struct, files, fdt) : 0;
}

stap_long stap_task_file(struct stap_context *c, stap_long task, stap_long fd)
{
	stap_long table = stap_task_files(c, task);

	if (!table || fd < 0 || fd >= stap_member(c, struct fdtable, table, max_fds))
		return 0;
	return stap_kernel_read(c, stap_member(c, struct fdtable, table, fd) + fd * (stap_long)sizeof(void *), sizeof(void *), 0);
}

stap_long stap_task_files_most(struct stap_context *c, stap_long task)
{
	stap_long table = stap_task_files(c, task);

	return table ? stap_member(c, struct fdtable, table, max_fds) : 0;
}

stap_long stap_task_files_open(struct stap_context *c, stap_long task)
{
	stap_long table = stap_task_files(c, task), bits, words, n, count = 0;

	if (!table)
		return 0;
	bits = stap_member(c, struct fdtable, table, open_fds);
	words = stap_member(c, struct fdtable, table, max_fds) / BITS_PER_LONG;
	for (n = 0; n < words && !c->error; n++) {
		if (n % 16 == 0 && !stap_act(c, 1))
			break;
		count += hweight64((u64)stap_kernel_read(c, bits + n * (stap_long)sizeof(long), sizeof(long), 0));
	}
	return c->error ? 0 : count;
}

/* Of a vector in the current process's memory: how many bytes it is for; 0 where that is not to be read. */
stap_long stap_user_vector_bytes(struct stap_context *c, stap_long vector, stap_long count)
{
	bool compat = in_compat_syscall();
	stap_long n, bytes = 0;

	if (count < 0 || count > UIO_MAXIOV)
		return 0;
	for (n = 0; n < count && stap_act(c, 1); n++) {
		struct iovec part;
		u32 narrow[2];

		if (compat ? stap_read_user(narrow, vector + n * sizeof(narrow), sizeof(narrow)) :
			     stap_read_user(&part, vector + n * sizeof(part), sizeof(part)))
			return 0;
		bytes += compat ? narrow[1] : part.iov_len;
	}
	return bytes;
}
