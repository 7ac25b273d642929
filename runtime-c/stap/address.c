/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Where addresses of the kernel are, which is not where it was linked. */
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include "place.h"

const char stap_absolute[] = "";

/* Where _stext is, or 0 where that cannot be what the script takes it for. */
static unsigned long stap_start_of_text(void)
{
	unsigned long start = (unsigned long)register_kprobe - stap_script.anchor;

	return stap_script.anchor && IS_ALIGNED(start, PAGE_SIZE) ? start : 0;
}

/*
 * How far a kprobe on a function's entry moved: behind the instruction that
 * marks it as a target of jumps.
 */
static unsigned long stap_symbol_offset(unsigned long address)
{
	char text[KSYM_SYMBOL_LEN];
	const char *plus;
	unsigned long offset;

	sprint_symbol(text, address);
	plus = strchr(text, '+');
	return plus && sscanf(plus, "+0x%lx/", &offset) == 1 && offset <= 8 ? offset : 0;
}

/*
 * The kernel has one look-up of symbols that modules may use, that of kprobes.
 * What cannot be probed, such as data, is refused after that.
 */
static int stap_symbol_find(const struct stap_address *at, unsigned long *address)
{
	struct kprobe kprobe = { .symbol_name = at->symbol, .offset = at->offset, .flags = KPROBE_FLAG_DISABLED };
	int rc = register_kprobe(&kprobe);

	*address = (unsigned long)kprobe.addr;
	if (!rc)
		unregister_kprobe(&kprobe);
	if (*address && !at->offset)
		*address -= stap_symbol_offset(*address);
	return rc;
}

int stap_address_find(const struct stap_address *at, unsigned long *address)
{
	if (at->symbol == stap_absolute) {
		*address = at->offset;
		return 0;
	}
	if (at->symbol)
		return stap_symbol_find(at, address);
	*address = stap_start_of_text();
	if (!*address)
		return -ENOEXEC;
	*address += at->offset;
	return 0;
}

/* On data a kprobe is refused, but not before it has been told where that is. */
unsigned long stap_resolve(const struct stap_address *at)
{
	struct stap_address base = { .module = at->module, .symbol = at->symbol };
	unsigned long address = 0;

	stap_address_find(&base, &address);
	return address ? address + at->offset : 0;
}
