/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Memory: what a process has of it, where it is, and what the kernel's flags of
 * an allocation are called.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/percpu_counter.h>
#include <linux/tracepoint.h>
#include <trace/events/mmflags.h>
#include "access.h"
#include "print.h"
#include "runtime.h"

stap_long stap_page_size(void)
{
	return PAGE_SIZE;
}

static stap_long stap_memory_fault(struct stap_context *c, unsigned long address)
{
	stap_error(c, "read fault [man error::fault] at 0x%lx", address);
	return 0;
}

/* One of a process's counters, of pages. What CPUs have not added yet is added here; no lock is taken. */
stap_long stap_memory_pages(struct stap_context *c, stap_long address, stap_long which)
{
	const struct mm_struct *mm = (const struct mm_struct *)(unsigned long)address;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	atomic_long_t count;

	if (which < 0 || which >= NR_MM_COUNTERS ||
	    stap_read_kernel(&count, (unsigned long)&mm->rss_stat.count[which], sizeof(count)))
		return stap_memory_fault(c, address);
	return max(atomic_long_read(&count), 0L);
#else
	struct percpu_counter counter;
	int cpu;
	s32 part;

	if (which < 0 || which >= NR_MM_COUNTERS ||
	    stap_read_kernel(&counter, (unsigned long)&mm->rss_stat[which], sizeof(counter)))
		return stap_memory_fault(c, address);
	for_each_online_cpu(cpu) {
		if (!stap_read_kernel(&part, (unsigned long)per_cpu_ptr(counter.counters, cpu), sizeof(part)))
			counter.count += part;
	}
	return max_t(s64, counter.count, 0);
#endif
}

/* The node that an address of the kernel is on; any address, if there is one node only. */
stap_long stap_node_of(struct stap_context *c, stap_long address)
{
	if (nr_online_nodes == 1)
		return first_online_node;
	if (virt_addr_valid((void *)(unsigned long)address))
		return page_to_nid(virt_to_page((void *)(unsigned long)address));
	stap_error(c, "no node is known of the address 0x%lx", (unsigned long)address);
	return 0;
}

stap_long stap_allocation_kernel(void)
{
	return (__force unsigned int)GFP_KERNEL;
}

static const struct trace_print_flags stap_allocation_names[] = { __def_gfpflag_names };

/* The kernel's own names, as its tracepoints write them: "GFP_KERNEL|__GFP_ZERO". */
void stap_allocation_flags(char *dst, stap_long value)
{
	unsigned long flags = value;
	size_t used = 0, i;

	dst[0] = 0;
	for (i = 0; i < ARRAY_SIZE(stap_allocation_names) && flags; i++) {
		unsigned long mask = stap_allocation_names[i].mask;

		if (!mask || (flags & mask) != mask)
			continue;
		flags &= ~mask;
		used += scnprintf(dst + used, MAXSTRINGLEN - used, "%s%s", used ? "|" : "", stap_allocation_names[i].name);
	}
	if (flags || !used)
		used += scnprintf(dst + used, MAXSTRINGLEN - used, flags ? "%s0x%lx" : "%snone", used ? "|" : "", flags);
}
