/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The memory of a script's variables, had when the module loads, since a handler
 * cannot wait for any: one block for arrays, and one of each CPU for what CPUs
 * count apart.
 */
#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "runtime.h"

static void *stap_data;

/* -D STP_MAXMEMORY: in KB, for all that a script's variables and strings take. */
static int stap_data_is_allowed(void)
{
#ifdef STP_MAXMEMORY
	u64 bytes = stap_script.data_size + (u64)num_possible_cpus() * (stap_script.cpu_data_size + stap_script.strings);

	if (bytes > (u64)(STP_MAXMEMORY) << 10) {
		pr_err("%s: variables and strings need %llu KB, STP_MAXMEMORY is %llu\n", THIS_MODULE->name,
		       bytes >> 10, (u64)(STP_MAXMEMORY));
		return 0;
	}
#endif
	return 1;
}

static int stap_data_of_cpus(void)
{
	/* no two CPUs in one cache line */
	size_t size = ALIGN(stap_script.cpu_data_size, SMP_CACHE_BYTES);
	int cpu;

	stap_cpu_blocks = kcalloc(num_possible_cpus(), sizeof(*stap_cpu_blocks), GFP_KERNEL);
	if (!stap_cpu_blocks)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		void *block = kvmalloc_node(size, GFP_KERNEL | __GFP_ZERO, cpu_to_node(cpu));

		if (!block)
			return -ENOMEM;
		per_cpu_ptr(&stap_cpus, cpu)->context.cpu_data = block;
		stap_cpu_blocks[stap_cpu_count++] = block;
	}
	return 0;
}

int stap_data_allocate(void)
{
	int rc = 0;

	if (!stap_data_is_allowed())
		return -E2BIG; /* staprun knows what that means */
	if (stap_script.cpu_data_size)
		rc = stap_data_of_cpus();
	if (rc || !stap_script.data_size)
		return rc;
	stap_data = vzalloc(stap_script.data_size);
	if (!stap_data)
		return -ENOMEM;
	stap_script.prepare(stap_data);
	return 0;
}

void stap_count_up(stap_long *count)
{
	atomic64_inc((atomic64_t *)count);
}

void stap_data_release(void)
{
	while (stap_cpu_count)
		kvfree(stap_cpu_blocks[--stap_cpu_count]);
	kfree(stap_cpu_blocks);
	vfree(stap_data);
}
