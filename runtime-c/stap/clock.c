/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Clocks other than the time of day, ticks, cycles and the load of the machine. */
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/sched/clock.h>
#include <linux/sched/loadavg.h>
#include <linux/timekeeping.h>
#include <linux/timex.h>
#include "runtime.h"

stap_long stap_clock_monotonic(void)
{
	return ktime_get_mono_fast_ns();
}

stap_long stap_clock_local(void)
{
	return local_clock();
}

stap_long stap_clock_cpu(struct stap_context *c, stap_long cpu)
{
	if (cpu < 0 || cpu >= nr_cpu_ids || !cpu_online(cpu)) {
		stap_error(c, "CPU %lld is not online", cpu);
		return 0;
	}
	return cpu_clock(cpu);
}

stap_long stap_cycles(void)
{
	return get_cycles();
}

stap_long stap_ticks(void)
{
	return jiffies;
}

stap_long stap_ticks_per_second(void)
{
	return HZ;
}

stap_long stap_load_average(struct stap_context *c, stap_long which)
{
	if (which < 0 || which > 2) {
		stap_error(c, "load average %lld is not there: there are 0, 1 and 2", which);
		return 0;
	}
	return READ_ONCE(avenrun[which]);
}

void stap_load_averages(char *dst)
{
	int i, n = 0;

	for (i = 0; i < 3; i++) {
		/* as /proc/loadavg rounds it */
		unsigned long load = READ_ONCE(avenrun[i]) + FIXED_1 / 200;

		n += scnprintf(dst + n, MAXSTRINGLEN - n, "%lu.%02lu%c", LOAD_INT(load), LOAD_FRAC(load), i < 2 ? ' ' : '\n');
	}
}
