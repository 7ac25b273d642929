/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * kernel.data(address).write and .rw: memory that the processor watches, on each
 * CPU, by the kernel's hardware breakpoints. The handler runs after the access,
 * in a trap that may have interrupted anything, as an NMI does.
 */
#include <linux/hw_breakpoint.h>
#include <linux/kprobes.h>
#include "perf.h"

/*
 * Where a symbol of the kernel is. The kernel tells modules only of what can be
 * probed: a kprobe on data is refused, but has looked its symbol up before.
 */
static unsigned long stap_watch_address(const struct stap_watch_place *place)
{
	struct kprobe kprobe = { .flags = KPROBE_FLAG_DISABLED };

	if (place->address)
		return place->address;
	stap_kprobe_at(&kprobe, &place->at);
	if (register_kprobe(&kprobe) == 0)
		unregister_kprobe(&kprobe);
	return (unsigned long)kprobe.addr;
}

static int stap_watch_arm(struct stap_probe *probe)
{
	const struct stap_watch_place *place = probe->place;
	unsigned long address = stap_watch_address(place);
	struct perf_event_attr attr;
	int rc;

	if (!address)
		return -ENOENT;
	if (address % place->length)
		return -EDOM;
	hw_breakpoint_init(&attr);
	attr.bp_addr = address;
	attr.bp_len = place->length;
	attr.bp_type = place->reads ? HW_BREAKPOINT_RW : HW_BREAKPOINT_W;
	rc = stap_perf_open(probe, &attr);
	if (!rc)
		stap_event("info", "%s: hardware breakpoint at %pS", probe->point, (void *)address);
	return rc;
}

const struct stap_family stap_watch = {
	.name = "watch", .type = "hardware_data_breakpoint", .arm = stap_watch_arm, .disarm = stap_perf_close,
};
