/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * procfs("path").read and .write: files of the script's own beside the session's
 * in /proc/systemtap/MODULE. All probes of a path are one file, which is made
 * when the first of them is set and taken away when the first of them goes.
 *
 * A handler runs in the process that reads or writes. What a reader gets is made
 * when it begins to read, and again when it returns to the beginning; so it gets
 * one text, in as many pieces as it likes. What is written comes to the handlers
 * in pieces that fit a string.
 */
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "proc.h"
#include "runtime.h"

#ifndef STP_PROCFS_BUFSIZE
#define STP_PROCFS_BUFSIZE MAXSTRINGLEN
#endif

struct stap_procfs_file {
	struct list_head list;
	const char *path;
	struct proc_dir_entry *entry;	/* NULL once it is taken away */
	size_t size;			/* of what is read, at most */
	umode_t mode;
	unsigned int set;		/* of its probes */
	unsigned int count;
	struct stap_probe *probes[];
};

/* A folder that a path goes through. */
struct stap_procfs_folder {
	struct list_head list;
	struct proc_dir_entry *parent, *entry;
	size_t length;			/* of its own path in that of a file */
	const char *path;
};

/* c->hit: what is read or written. */
struct stap_procfs_text {
	char *text;
	size_t length, room;
};

/* An open file that is read. */
struct stap_procfs_reader {
	struct mutex mutex;
	bool made;
	struct stap_procfs_text text;
};

static LIST_HEAD(stap_procfs_files);
static LIST_HEAD(stap_procfs_folders);

void stap_procfs_value(struct stap_context *c, char *dst)
{
	stap_string_copy(dst, ((struct stap_procfs_text *)c->hit)->text);
}

void stap_procfs_append_value(struct stap_context *c, const char *value)
{
	struct stap_procfs_text *text = c->hit;
	size_t length = strlen(value);

	if (length > text->room - text->length) {
		stap_error(c, "buffer size exceeded, consider .maxsize(%zu).", text->length + length);
		return;
	}
	memcpy(text->text + text->length, value, length);
	text->length += length;
}

void stap_procfs_set_value(struct stap_context *c, const char *value)
{
	((struct stap_procfs_text *)c->hit)->length = 0;
	stap_procfs_append_value(c, value);
}

/* Runs the handlers of one kind; -EIO if one of them fails. */
static int stap_procfs_run(struct stap_procfs_file *file, const struct stap_family *family, struct stap_procfs_text *text)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < file->count; i++) {
		struct stap_probe *probe = file->probes[i];
		struct stap_context *c;

		if (probe->family != family)
			continue;
		c = stap_enter(probe, STAP_RUNNING);
		if (!c)
			continue;
		c->hit = text;
		stap_handle(c);
		if (c->error)
			rc = -EIO;
		stap_leave(c);
	}
	return rc;
}

static int stap_procfs_open(struct inode *inode, struct file *opened)
{
	struct stap_procfs_file *file = stap_proc_data(inode);
	struct stap_procfs_reader *reader;

	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	if (!(opened->f_mode & FMODE_READ))
		return 0;
	reader = kvzalloc(sizeof(*reader) + file->size, GFP_KERNEL);
	if (!reader) {
		module_put(THIS_MODULE);
		return -ENOMEM;
	}
	mutex_init(&reader->mutex);
	reader->text.text = (char *)(reader + 1);
	reader->text.room = file->size;
	opened->private_data = reader;
	return 0;
}

static int stap_procfs_release(struct inode *inode, struct file *opened)
{
	kvfree(opened->private_data);
	module_put(THIS_MODULE);
	return 0;
}

static ssize_t stap_procfs_read_from(struct file *opened, char __user *to, size_t room, loff_t *position)
{
	struct stap_procfs_file *file = stap_proc_data(file_inode(opened));
	struct stap_procfs_reader *reader = opened->private_data;
	ssize_t rc = 0;

	mutex_lock(&reader->mutex);
	if (!reader->made || *position == 0) {
		reader->text.length = 0;
		rc = stap_procfs_run(file, &stap_procfs_read, &reader->text);
		reader->made = !rc;
	}
	if (!rc)
		rc = simple_read_from_buffer(to, room, position, reader->text.text, reader->text.length);
	mutex_unlock(&reader->mutex);
	return rc;
}

static ssize_t stap_procfs_write_to(struct file *opened, const char __user *from, size_t size, loff_t *position)
{
	struct stap_procfs_file *file = stap_proc_data(file_inode(opened));
	struct stap_procfs_text text = { .room = min_t(size_t, size, STP_PROCFS_BUFSIZE - 1) };
	size_t done = 0;
	int rc = 0;

	text.text = kvmalloc(text.room + 1, GFP_KERNEL);
	if (!text.text)
		return -ENOMEM;
	do { /* once for nothing, too */
		text.length = min(size - done, text.room);
		if (copy_from_user(text.text, from + done, text.length)) {
			rc = -EFAULT;
			break;
		}
		text.text[text.length] = 0;
		rc = stap_procfs_run(file, &stap_procfs_write, &text);
		done += text.length;
		cond_resched();
	} while (done < size && !rc);
	kvfree(text.text);
	return rc ?: done;
}

static const struct proc_ops stap_procfs_ops = {
	.proc_open = stap_procfs_open,
	.proc_release = stap_procfs_release,
	.proc_read = stap_procfs_read_from,
	.proc_write = stap_procfs_write_to,
	.proc_lseek = default_llseek,
};

/* The folder of the first bytes of a path, which is made if it is not there. */
static struct proc_dir_entry *stap_procfs_folder(const char *path, size_t length, struct proc_dir_entry *parent)
{
	struct stap_procfs_folder *folder;
	const char *name = path + length;
	char *copy;

	list_for_each_entry(folder, &stap_procfs_folders, list)
		if (folder->length == length && !strncmp(folder->path, path, length))
			return folder->entry;
	while (name > path && name[-1] != '/')
		name--;
	folder = kzalloc(sizeof(*folder), GFP_KERNEL);
	copy = kstrndup(name, path + length - name, GFP_KERNEL);
	if (folder && copy)
		folder->entry = proc_mkdir(copy, parent);
	kfree(copy);
	if (!folder || !folder->entry) {
		kfree(folder);
		return NULL;
	}
	folder->path = path;
	folder->length = length;
	folder->parent = parent;
	list_add_tail(&folder->list, &stap_procfs_folders);
	return folder->entry;
}

static int stap_procfs_make(struct stap_procfs_file *file)
{
	struct proc_dir_entry *parent = stap_proc_dir;
	const char *name = file->path, *slash;

	while ((slash = strchr(name, '/'))) {
		parent = stap_procfs_folder(file->path, slash - file->path, parent);
		if (!parent)
			return -ENOMEM;
		name = slash + 1;
	}
	file->entry = proc_create_data(name, file->mode, parent, &stap_procfs_ops, file);
	if (!file->entry)
		return -ENOMEM;
	proc_set_user(file->entry, stap_staprun_uid, GLOBAL_ROOT_GID);
	return 0;
}

/* Folders that are in others go with them. */
static void stap_procfs_remove_folders(void)
{
	struct stap_procfs_folder *folder, *next;

	list_for_each_entry_safe(folder, next, &stap_procfs_folders, list) {
		if (folder->parent == stap_proc_dir)
			proc_remove(folder->entry);
		kfree(folder);
	}
	INIT_LIST_HEAD(&stap_procfs_folders);
}

static bool stap_procfs_is_of(const struct stap_probe *probe, const char *path)
{
	const struct stap_procfs_place *place = probe->place;

	return (probe->family == &stap_procfs_read || probe->family == &stap_procfs_write) && !strcmp(place->path, path);
}

/* Gathers the probes of a path, in the order of the script. */
static struct stap_procfs_file *stap_procfs_gather(const char *path)
{
	struct stap_procfs_file *file;
	unsigned int i, count = 0;

	for (i = 0; i < stap_script.probe_count; i++)
		count += stap_procfs_is_of(&stap_script.probes[i], path);
	file = kzalloc(struct_size(file, probes, count), GFP_KERNEL);
	if (!file)
		return NULL;
	file->path = path;
	for (i = 0; i < stap_script.probe_count; i++) {
		struct stap_probe *probe = &stap_script.probes[i];
		const struct stap_procfs_place *place = probe->place;

		if (!stap_procfs_is_of(probe, path))
			continue;
		file->probes[file->count++] = probe;
		file->mode |= place->mode;
		if (probe->family == &stap_procfs_read)
			file->size = max_t(size_t, file->size, place->size ?: STP_PROCFS_BUFSIZE);
	}
	return file;
}

static int stap_procfs_arm(struct stap_probe *probe)
{
	const struct stap_procfs_place *place = probe->place;
	struct stap_procfs_file *file;
	int rc;

	list_for_each_entry(file, &stap_procfs_files, list)
		if (!strcmp(file->path, place->path))
			goto found;
	file = stap_procfs_gather(place->path);
	if (!file)
		return -ENOMEM;
	rc = stap_procfs_make(file);
	if (rc) {
		kfree(file);
		return rc;
	}
	list_add_tail(&file->list, &stap_procfs_files);
found:
	file->set++;
	probe->site = file;
	return 0;
}

static void stap_procfs_disarm(struct stap_probe *probe)
{
	struct stap_procfs_file *file = probe->site;

	if (!file)
		return;
	probe->site = NULL;
	if (file->entry)
		proc_remove(file->entry); /* waits for those who are in it */
	file->entry = NULL;
	if (--file->set)
		return;
	list_del(&file->list);
	kfree(file);
	if (list_empty(&stap_procfs_files))
		stap_procfs_remove_folders();
}

const struct stap_family stap_procfs_read = {
	.name = "procfs_read", .type = "procfs", .arm = stap_procfs_arm, .disarm = stap_procfs_disarm,
};
const struct stap_family stap_procfs_write = {
	.name = "procfs_write", .type = "procfs", .arm = stap_procfs_arm, .disarm = stap_procfs_disarm,
};
