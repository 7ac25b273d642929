/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Where addresses of the kernel are, which is not where it was linked. */
#include <linux/kprobes.h>
#include "runtime.h"

/* Tells a kprobe, which has its own look-up of symbols, where it is to be. */
void stap_kprobe_at(struct kprobe *kprobe, const struct stap_address *at)
{
	kprobe->symbol_name = at->symbol;
	if (at->symbol)
		kprobe->offset = at->offset;
	else
		kprobe->addr = (kprobe_opcode_t *)((unsigned long)register_kprobe - stap_script.anchor + at->offset);
}
