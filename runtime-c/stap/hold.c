/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Probes whose handlers do not run for a while. Hits do not ask for that as long as no
 * probe is held: the first hold makes the gates of all CPUs wary, which sends hits
 * the other way, where each looks whether its probe is held.
 */

static void stap_be_wary(u8 wary)
{
	int cpu;

	for_each_possible_cpu(cpu)
		WRITE_ONCE(per_cpu_ptr(&stap_cpus, cpu)->wary, wary);
}

void stap_hold(struct stap_probe *probe, unsigned int why)
{
	atomic_or(why, (atomic_t *)&probe->held);
	stap_be_wary(1);
}

void stap_unhold(struct stap_probe *probe, unsigned int why)
{
	atomic_andnot(why, (atomic_t *)&probe->held);
}
