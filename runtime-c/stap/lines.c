/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Files and lines of the kernel's and modules' addresses, out of the tables that
 * the script has taken along (lines.h): found without memory, from any context.
 * Where the kernel is loaded is known from the start, of a module when it is there.
 */
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include "runtime.h"
#include "lines.h"

/* A script that has taken nothing along has none. */
extern struct stap_line_part stap_line_parts[] __weak;
extern const unsigned int stap_line_part_count __weak;

static unsigned int stap_lines_count(void)
{
	const unsigned int *count = stap_weak(&stap_line_part_count);

	return count ? *count : 0;
}

static struct stap_line_part *stap_line_part(unsigned int i)
{
	return stap_weak(stap_line_parts) + i;
}

static void stap_lines_place(struct stap_line_part *part)
{
	WRITE_ONCE(part->address, stap_resolve(&part->at));
}

/* Code of a module's start is gone when that is done, and something else may be there. */
static int stap_lines_module(struct notifier_block *block, unsigned long state, void *data)
{
	const struct module *module = data;
	unsigned int i;

	for (i = 0; i < stap_lines_count(); i++) {
		struct stap_line_part *part = stap_line_part(i);

		if (!part->at.module || strcmp(part->at.module, module->name))
			continue;
		if (state == MODULE_STATE_COMING)
			stap_lines_place(part);
		else if (state == MODULE_STATE_GOING || (state == MODULE_STATE_LIVE && part->initial))
			WRITE_ONCE(part->address, 0);
	}
	return NOTIFY_OK;
}

static struct notifier_block stap_lines_modules = { .notifier_call = stap_lines_module, .priority = 1 };
static bool stap_lines_notified;

static void stap_lines_start(void)
{
	unsigned int i;

	for (i = 0; i < stap_lines_count(); i++) {
		if (stap_line_part(i)->at.module && !stap_lines_notified)
			stap_lines_notified = !register_module_notifier(&stap_lines_modules);
		stap_lines_place(stap_line_part(i));
	}
}

static void stap_lines_unload(void)
{
	if (stap_lines_notified)
		unregister_module_notifier(&stap_lines_modules);
	stap_lines_notified = false;
}

/* Too much for a stack that may be nearly full. */
static struct stap_lines_cpu {
	char symbol[KSYM_SYMBOL_LEN];
} __percpu *stap_lines_cpus;

/* Says once why lines are not known: that there are none, or none of the object that the code is of. */
static void stap_lines_unknown(unsigned long address)
{
	static atomic_t said[2];
	char *text = this_cpu_ptr(stap_lines_cpus)->symbol, *object, *end;
	bool others = stap_lines_count();

	if (atomic_read(&said[others]))
		return;
	if (!others) {
		if (!atomic_xchg(&said[others], 1))
			stap_warning("files and lines of addresses are not known: -d kernel and -d MODULE take them along, out of the debuginfo (stap prep --debuginfo)");
		return;
	}
	sprint_symbol(text, address);
	if (!strchr(text, '+')) /* it is no code's */
		return;
	object = strrchr(text, '[');
	end = object ? strchr(object, ']') : NULL;
	if (end)
		*end = 0;
	object = end ? object + 1 : "kernel";
	if (!atomic_xchg(&said[others], 1))
		stap_warning("files and lines of %s%s are not known: -d %s takes them along, out of the debuginfo (stap prep --debuginfo%s%s)",
			     end ? "module " : "the ", object, object, end ? "=" : "", end ? object : "");
}

/* Gives whether anything is known. */
static bool stap_lines_find(unsigned long address, struct stap_line *line)
{
	struct stap_line_table table;
	unsigned int i;

	for (i = 0; i < stap_lines_count(); i++) {
		const struct stap_line_part *part = stap_line_part(i);
		unsigned long begin = READ_ONCE(part->address);

		if (!begin || address < begin || address - begin >= part->size)
			continue;
		if (!stap_line_table_open(&table, part->table, part->table_end))
			break;
		*line = stap_line_at(&table, part->position + (address - begin));
		return line->file || line->line;
	}
	stap_lines_unknown(address);
	return false;
}

void stap_symbol_file(char *dst, stap_long address)
{
	struct stap_line line;

	if (stap_lines_find(address, &line) && line.file)
		stap_string_copy(dst, line.file);
	else
		snprintf(dst, MAXSTRINGLEN, "0x%llx", address);
}

void stap_symbol_line(char *dst, stap_long address)
{
	struct stap_line line;

	if (stap_lines_find(address, &line) && line.line)
		snprintf(dst, MAXSTRINGLEN, "%u", line.line);
	else
		snprintf(dst, MAXSTRINGLEN, "0x%llx", address);
}

void stap_symbol_file_line(char *dst, stap_long address)
{
	struct stap_line line;

	if (!stap_lines_find(address, &line)) {
		snprintf(dst, MAXSTRINGLEN, "0x%llx", address);
		return;
	}
	if (!line.file)
		snprintf(dst, MAXSTRINGLEN, "%u", line.line);
	else if (!line.line)
		stap_string_copy(dst, line.file);
	else if (snprintf(dst, MAXSTRINGLEN, "%s:%u", line.file, line.line) >= MAXSTRINGLEN)
		stap_string_cut();
}

/* Prints " at file:line" of an address, as much as is known. */
static void stap_lines_note(struct stap_context *c, unsigned long address)
{
	struct stap_line line;

	if (!stap_lines_find(address, &line))
		return;
	stap_put_bytes(&c->out, " at ", 4);
	if (line.file)
		stap_put_bytes(&c->out, line.file, strlen(line.file));
	if (line.line)
		stap_printf(c, line.file ? ":%u" : "%u", line.line);
}

void stap_print_backtrace_lines(struct stap_context *c)
{
	stap_print_frames(c, stap_lines_note);
}

const struct stap_unit STAP_UNIT(lines) = {
	.start = stap_lines_start, .unload = stap_lines_unload,
	.cpu_size = sizeof(struct stap_lines_cpu), .cpu_area = (void __percpu **)&stap_lines_cpus,
};
