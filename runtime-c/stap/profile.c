/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * timer.profile.tick: each CPU at the rate of the kernel's tick, with what runs
 * there. The kernel lets nobody hook into the tick itself, so each CPU has a
 * timer of that period, which comes and goes with the CPU. All probes share it.
 */
#include <linux/cpuhotplug.h>
#include <linux/jiffies.h>
#include "timer.h"

static DEFINE_PER_CPU(struct hrtimer, stap_profile_timers);
static struct stap_probe *stap_profile_first;	/* the next one is each one's site */
static int stap_profile_state;

static enum hrtimer_restart stap_profile_hit(struct hrtimer *timer)
{
	struct stap_probe *probe;

	for (probe = READ_ONCE(stap_profile_first); probe; probe = READ_ONCE(probe->site))
		if (!stap_is_held(probe))
			stap_timer_run(probe);
	hrtimer_forward_now(timer, TICK_NSEC);
	return HRTIMER_RESTART;
}

/* Both run on the CPU itself. */
static int stap_profile_online(unsigned int cpu)
{
	struct hrtimer *timer = per_cpu_ptr(&stap_profile_timers, cpu);

	stap_hrtimer_init(timer, stap_profile_hit, HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_start(timer, TICK_NSEC, HRTIMER_MODE_REL_PINNED_HARD);
	return 0;
}

static int stap_profile_offline(unsigned int cpu)
{
	hrtimer_cancel(per_cpu_ptr(&stap_profile_timers, cpu));
	return 0;
}

static int stap_profile_arm(struct stap_probe *probe)
{
	struct stap_probe *last = stap_profile_first;

	if (last) {
		while (last->site)
			last = last->site;
		WRITE_ONCE(last->site, probe);
		return 0;
	}
	WRITE_ONCE(stap_profile_first, probe);
	return 0;
}

static int stap_profile_switch(void)
{
	const struct stap_probe *probe = stap_profile_first;

	while (probe && stap_is_held(probe))
		probe = probe->site;
	if (probe && !stap_profile_state) {
		int state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "stap:profile", stap_profile_online, stap_profile_offline);

		if (state < 0)
			return state;
		stap_profile_state = state;
	} else if (!probe && stap_profile_state) {
		cpuhp_remove_state(stap_profile_state);
		stap_profile_state = 0;
	}
	return 0;
}

static void stap_profile_set(void)
{
	const struct stap_probe *probe;
	int rc = stap_profile_switch();

	for (probe = stap_profile_first; probe && rc; probe = probe->site)
		stap_arm_failed(probe, rc);
}

static void stap_profile_settle(void)
{
	if (stap_profile_first)
		stap_set_again(stap_profile_first, stap_profile_switch());
}

const struct stap_unit STAP_UNIT(profile) = { .arm = stap_profile_set, .settle = stap_profile_settle };

static void stap_profile_disarm(struct stap_probe *probe)
{
	if (stap_profile_state)
		cpuhp_remove_state(stap_profile_state);
	stap_profile_state = 0;
	stap_profile_first = NULL;
	probe->site = NULL;
}

const struct stap_family stap_profile = {
	.name = "profile", .type = "profile_timer", .arm = stap_profile_arm, .disarm = stap_profile_disarm,
};
