/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The command line and the environment that the current process was started
 * with, where it has them: areas of its memory that hold strings, each with a
 * NUL behind it. An area that is not in memory at the moment is as if empty.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include "runtime.h"

/* An area as it is read, a window at a time. */
struct stap_area {
	struct stap_context *c;
	unsigned long at, end;	/* what is still to be read */
	unsigned int next, have;
	bool failed;
	char window[64];
};

/* False where there is no area: kernel threads have none, even if they borrow a process's memory. */
static bool stap_area_open(struct stap_area *area, struct stap_context *c, bool environment)
{
	struct mm_struct *mm = current->mm;

	if (!mm || current->flags & PF_KTHREAD)
		return false;
	area->c = c;
	area->at = READ_ONCE(*(environment ? &mm->env_start : &mm->arg_start));
	area->end = READ_ONCE(*(environment ? &mm->env_end : &mm->arg_end));
	area->next = area->have = 0;
	area->failed = false;
	return area->at < area->end;
}

static bool stap_area_ends(const struct stap_area *area)
{
	return area->next == area->have && area->at == area->end;
}

/* The next byte; -1 at the end and where nothing can be read. Each window is an action. */
static int stap_area_byte(struct stap_area *area)
{
	if (area->next == area->have) {
		area->have = min3(sizeof(area->window), area->end - area->at,
				  PAGE_SIZE - (area->at & (PAGE_SIZE - 1)));
		area->next = 0;
		if (!area->have)
			return -1;
		if (!stap_act(area->c, 1) ||
		    copy_from_user_nofault(area->window, (const void __user *)area->at, area->have)) {
			area->failed = true;
			return -1;
		}
		area->at += area->have;
	}
	return (unsigned char)area->window[area->next++];
}

/* Appends a byte to dst, at *used; false when there is no room. */
static bool stap_add_byte(char *dst, size_t *used, char byte)
{
	if (*used == MAXSTRINGLEN - 1) {
		stap_string_cut();
		return false;
	}
	dst[(*used)++] = byte;
	return true;
}

/* The arguments from number first to number last, or to the last one if that is negative. */
void stap_command_line(struct stap_context *c, char *dst, stap_long first, stap_long last, const char *delimiter)
{
	struct stap_area area;
	stap_long n = 0;
	size_t used = 0;
	int byte;

	dst[0] = 0;
	if (!stap_area_open(&area, c, false))
		return;
	while ((last < 0 || n <= last) && (byte = stap_area_byte(&area)) >= 0) {
		const char *d = "";

		if (!byte) {
			n++;
			if (n > first && (last < 0 || n <= last) && !stap_area_ends(&area))
				d = delimiter;
		} else if (n >= first && !stap_add_byte(dst, &used, byte)) {
			break;
		}
		for (; *d; d++)
			if (!stap_add_byte(dst, &used, *d))
				goto full;
	}
full:
	dst[area.failed ? 0 : used] = 0;
}

/* The value of the first variable of that name, or "". */
void stap_environment(struct stap_context *c, char *dst, const char *name)
{
	const char *wanted = name; /* what must come next; NULL: this is another variable */
	struct stap_area area;
	bool found = false;
	size_t used = 0;
	int byte;

	dst[0] = 0;
	if (!*name || !stap_area_open(&area, c, true))
		return;
	while ((byte = stap_area_byte(&area)) >= 0) {
		if (!byte) {
			if (found)
				break;
			wanted = name;
		} else if (found) {
			if (!stap_add_byte(dst, &used, byte))
				break;
		} else if (wanted) {
			if (!*wanted && byte == '=')
				found = true;
			else if ((unsigned char)*wanted == byte)
				wanted++;
			else
				wanted = NULL;
		}
	}
	dst[area.failed ? 0 : used] = 0;
}
