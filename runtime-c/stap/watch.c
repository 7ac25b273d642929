/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * kernel.data(address).write and .rw: memory that the processor watches, on each
 * CPU, by the kernel's hardware breakpoints. The handler runs after the access,
 * in a trap that may have interrupted anything, as an NMI does.
 */
#include <linux/hw_breakpoint.h>
#include "perf.h"

static int stap_watch_arm(struct stap_probe *probe)
{
	const struct stap_watch_place *place = probe->place;
	unsigned long address = place->address ?: stap_resolve(&place->at);
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
