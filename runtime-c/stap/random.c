/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Random numbers of each CPU's own: the kernel's take a lock, which a probe may be inside of. */
#include <linux/percpu.h>
#include <linux/random.h>
#include "runtime.h"

static void __percpu *stap_random_cpus;
#define stap_random_states (*(u64 __percpu *)stap_random_cpus)

static int stap_random_load(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		get_random_bytes(per_cpu_ptr(&stap_random_states, cpu), sizeof(u64));
	return 0;
}

/* SplitMix64: a counter in large steps, its bits mixed. */
stap_ulong stap_random(void)
{
	u64 x = *this_cpu_ptr(&stap_random_states) += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return (x ^ x >> 31) >> 16;
}

const struct stap_unit STAP_UNIT(random) = { .load = stap_random_load, .cpu_size = sizeof(u64), .cpu_area = &stap_random_cpus };
