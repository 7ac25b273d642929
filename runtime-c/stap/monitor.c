/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * --monitor: two files in the session's folder. monitor_status gives what the
 * session is at, in JSON:
 *
 *	{ "uptime": "00:01:40", "uid": 0, "memory": "…", "module_name": "stap_…",
 *	  "globals": { "n": 1, "a": { "(1, \"x\")": 2 }, "s": { "count": 1, … } },
 *	  "probe_list": [ { "index": 0, "state": "on", "hits": 1, "avg": 900, "name": "begin" }, … ] }
 *
 * monitor_control takes "clear" (the globals are what they were at first), "pause",
 * "resume", "quit", or the index of a probe to switch off or on.
 *
 * The script writes its globals, an element of an array at a time: for so long, and
 * with interrupts off, their lock is held, so handlers hardly wait. An array is
 * therefore not what it was at one moment, but each of its elements is.
 */
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "proc.h"
#include "runtime.h"

struct stap_json {
	struct seq_file *file;
	unsigned long flags;
	bool occupied;
	bool first;	/* of the object or list that is being written */
};

static time64_t stap_monitor_begun;

void stap_json_begin(struct stap_json *json, struct stap_lock *lock, int alone)
{
	struct stap_context *c;

	local_irq_save(json->flags);
	json->occupied = stap_occupy();
	c = &stap_this_cpu()->context;
	if (lock && alone)
		stap_lock_spin(c, lock);
	else if (lock)
		stap_lock_await(c, lock);
}

void stap_json_end(struct stap_json *json, struct stap_lock *lock, int alone)
{
	struct stap_context *c = &stap_this_cpu()->context;

	if (lock && alone)
		stap_unlock_write(c, lock);
	else if (lock)
		stap_unlock_read(c, lock);
	if (json->occupied)
		stap_release();
	local_irq_restore(json->flags);
}

static void stap_json_separate(struct stap_json *json)
{
	seq_puts(json->file, json->first ? " " : ", ");
	json->first = false;
}

/* As much of a string as is in one; bytes that are no text as JSON has them. */
static void stap_json_escape(struct stap_json *json, const char *text)
{
	for (; *text; text++) {
		u8 byte = *text;

		if (byte == '"' || byte == '\\')
			seq_putc(json->file, '\\');
		if (byte < ' ' || byte == 0x7f)
			seq_printf(json->file, "\\u%04x", byte);
		else
			seq_putc(json->file, byte);
	}
}

void stap_json_number(struct stap_json *json, stap_long value)
{
	seq_printf(json->file, "%lld", value);
}

void stap_json_text(struct stap_json *json, const char *text)
{
	seq_putc(json->file, '"');
	stap_json_escape(json, text);
	seq_putc(json->file, '"');
}

void stap_json_name(struct stap_json *json, const char *name)
{
	stap_json_separate(json);
	stap_json_text(json, name);
	seq_puts(json->file, ": ");
}

void stap_json_open(struct stap_json *json)
{
	seq_putc(json->file, '{');
	json->first = true;
}

void stap_json_close(struct stap_json *json)
{
	seq_puts(json->file, " }");
	json->first = false;
}

/* The name of an element: "(1, \"x\")". */
void stap_json_key_number(struct stap_json *json, int nth, stap_long key)
{
	if (!nth)
		stap_json_separate(json);
	seq_printf(json->file, "%s%lld", nth ? ", " : "\"(", key);
}

void stap_json_key_text(struct stap_json *json, int nth, const char *key)
{
	const char *at;

	if (!nth)
		stap_json_separate(json);
	seq_puts(json->file, nth ? ", \\\"" : "\"(\\\"");
	for (at = key; *at; at++) { /* escaped as in a script, and that in JSON */
		const char text[] = { *at, 0 };

		if (*at == '"' || *at == '\\')
			seq_puts(json->file, "\\\\");
		stap_json_escape(json, text);
	}
	seq_puts(json->file, "\\\"");
}

void stap_json_keys_end(struct stap_json *json)
{
	seq_puts(json->file, ")\": ");
}

/* Hits, and of those that were timed the mean time. */
static void stap_monitor_account(struct stap_json *json, const struct stap_probe *probe)
{
	u64 hits = 0, samples = 0, time = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct stap_account *this = per_cpu_ptr(stap_account(probe), cpu);

		hits += READ_ONCE(this->hits) - READ_ONCE(this->left) - this->skips[STAP_SKIP_LOCK];
		samples += this->samples;
		time += this->time;
	}
	stap_json_name(json, "hits");
	stap_json_number(json, hits);
	stap_json_name(json, "avg");
	stap_json_number(json, samples ? div64_u64(time, samples) : 0);
}

static void stap_monitor_probes(struct stap_json *json)
{
	unsigned int i;

	seq_puts(json->file, "[");
	json->first = true;
	for (i = 0; i < stap_script.probe_count; i++) {
		const struct stap_probe *probe = &stap_script.probes[i];

		if (probe->family == &stap_entry)
			continue;
		stap_json_separate(json);
		stap_json_open(json);
		stap_json_name(json, "index");
		stap_json_number(json, i);
		stap_json_name(json, "state");
		stap_json_text(json, stap_is_held(probe) ? "off" : "on");
		stap_monitor_account(json, probe);
		stap_json_name(json, "name");
		stap_json_text(json, probe->point);
		stap_json_close(json);
		if (seq_has_overflowed(json->file)) /* which is tried again with more room */
			return;
	}
	seq_puts(json->file, " ]");
	json->first = false;
}

static int stap_monitor_show(struct seq_file *file, void *unused)
{
	struct stap_json json = { .file = file };
	time64_t up = ktime_get_boottime_seconds() - stap_monitor_begun;
	char *text = kmalloc(MAXSTRINGLEN, GFP_KERNEL);

	if (!text)
		return -ENOMEM;
	stap_json_open(&json);
	snprintf(text, MAXSTRINGLEN, "%02lld:%02d:%02d", up / 3600, (int)(up / 60 % 60), (int)(up % 60));
	stap_json_name(&json, "uptime");
	stap_json_text(&json, text);
	stap_json_name(&json, "uid");
	stap_json_number(&json, from_kuid_munged(&init_user_ns, stap_staprun_uid));
	stap_module_size(text);
	stap_json_name(&json, "memory");
	stap_json_text(&json, text);
	stap_json_name(&json, "module_name");
	stap_json_text(&json, THIS_MODULE->name);
	kfree(text);
	stap_json_name(&json, "globals");
	stap_json_open(&json);
	stap_monitored.show(&json);
	stap_json_close(&json);
	stap_json_name(&json, "probe_list");
	stap_monitor_probes(&json);
	stap_json_close(&json);
	seq_putc(file, '\n');
	return 0;
}

static int stap_monitor_open(struct inode *inode, struct file *file)
{
	return stap_proc_open_shown(file, stap_monitor_show);
}

static const struct proc_ops stap_monitor_status_ops = {
	.proc_open = stap_monitor_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = stap_proc_release_shown,
};

static int stap_monitor_order(const char *order)
{
	struct stap_json json = { };

	if (!strcmp(order, "clear"))
		stap_monitored.clear(&json);
	else if (!strcmp(order, "pause"))
		return stap_order_pause("");
	else if (!strcmp(order, "resume"))
		return stap_order_resume("");
	else if (!strcmp(order, "quit"))
		stap_exit();
	else
		return stap_order_toggle(order);
	return 0;
}

static ssize_t stap_monitor_write(struct file *file, const char __user *from, size_t size, loff_t *position)
{
	char order[32];
	int rc = stap_proc_text(order, sizeof(order), from, size);

	if (!rc)
		rc = READ_ONCE(stap_session_state) == STAP_RUNNING ? stap_monitor_order(strim(order)) : -EBUSY;
	return rc ?: size;
}

static const struct proc_ops stap_monitor_control_ops = {
	.proc_open = stap_proc_open,
	.proc_write = stap_monitor_write,
	.proc_release = stap_proc_release,
};

/* The files go with the session's folder. */
static void stap_monitor_start(void)
{
	struct proc_dir_entry *status = proc_create("monitor_status", 0400, stap_proc_dir, &stap_monitor_status_ops);
	struct proc_dir_entry *control = proc_create("monitor_control", 0200, stap_proc_dir, &stap_monitor_control_ops);

	stap_monitor_begun = ktime_get_boottime_seconds();
	if (!status || !control) {
		stap_warning("the session cannot be monitored: out of memory");
		return;
	}
	proc_set_user(status, stap_staprun_uid, GLOBAL_ROOT_GID);
	proc_set_user(control, stap_staprun_uid, GLOBAL_ROOT_GID);
}

const struct stap_unit STAP_UNIT(monitor) = { .start = stap_monitor_start };
