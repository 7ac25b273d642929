/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * timer.s, timer.ms and their like: a high-resolution timer, whose first hit
 * comes after one period. Probes with the same period share the timer of the
 * first of them and run one after the other, unless the period is to vary.
 */
#include <linux/random.h>
#include <linux/slab.h>
#include "timer.h"

/* A period that varies is never shorter, in nanoseconds. */
#define STAP_SHORTEST 10000ULL

struct stap_timer_site {
	struct stap_probe *probe;
	struct stap_timer_site *leader;	/* whose timer this one uses */
	struct stap_timer_site *next;	/* of those who use the leader's timer */
	struct hrtimer timer;		/* the rest is the leader's */
	u64 period, random;		/* nanoseconds */
	bool running;
	struct stap_timer_site *other;	/* the leader before */
};

static struct stap_timer_site *stap_timer_leaders;

static ktime_t stap_timer_period(const struct stap_timer_site *site)
{
	u64 number;

	if (!site->random)
		return ns_to_ktime(site->period);
	number = (u64)get_random_u32() << 32 | get_random_u32();
	return ns_to_ktime(max(site->period - site->random + number % (2 * site->random + 1), STAP_SHORTEST));
}

static enum hrtimer_restart stap_timer_hit(struct hrtimer *timer)
{
	struct stap_timer_site *leader = container_of(timer, struct stap_timer_site, timer), *site;

	for (site = leader; site; site = READ_ONCE(site->next))
		if (!stap_is_held(site->probe))
			stap_timer_run(site->probe);
	hrtimer_forward_now(timer, stap_timer_period(leader));
	return HRTIMER_RESTART;
}

/* The end of the row of those who have the same period, or NULL. */
static struct stap_timer_site *stap_timer_like(const struct stap_timer_site *site)
{
	struct stap_timer_site *leader;

	for (leader = stap_timer_leaders; leader; leader = leader->other) {
		if (leader->period == site->period && !leader->random && !site->random) {
			while (leader->next)
				leader = leader->next;
			return leader;
		}
	}
	return NULL;
}

static int stap_timer_set(struct stap_probe *probe, u64 unit)
{
	const struct stap_timer_place *place = probe->place;
	struct stap_timer_site *site = kzalloc(sizeof(*site), GFP_KERNEL), *last;

	if (!site)
		return -ENOMEM;
	stap_allocated += sizeof(*site);
	site->probe = probe;
	site->period = place->period * unit;
	site->random = place->random * unit;
	probe->site = site;
	last = stap_timer_like(site);
	if (last) {
		site->leader = last->leader;
		smp_store_release(&last->next, site);
		return 0;
	}
	site->leader = site;
	site->other = stap_timer_leaders;
	stap_timer_leaders = site;
	stap_hrtimer_init(&site->timer, stap_timer_hit, HRTIMER_MODE_REL_HARD);
	return 0;
}

/* Those that a probe wants run; one that begins again has a whole period before it. */
static void stap_timer_settle(void)
{
	struct stap_timer_site *leader, *site;

	for (leader = stap_timer_leaders; leader; leader = leader->other) {
		for (site = leader; site && stap_is_held(site->probe);)
			site = site->next;
		if (site && !leader->running)
			hrtimer_start(&leader->timer, stap_timer_period(leader), HRTIMER_MODE_REL_HARD);
		else if (!site && leader->running)
			hrtimer_cancel(&leader->timer);
		leader->running = site;
	}
}

const struct stap_unit STAP_UNIT(timer) = { .arm = stap_timer_settle, .settle = stap_timer_settle };

static int stap_timer_arm(struct stap_probe *probe)
{
	return stap_timer_set(probe, 1);
}

static int stap_jiffies_arm(struct stap_probe *probe)
{
	return stap_timer_set(probe, TICK_NSEC);
}

/* The last that was set goes first, so a leader goes after those who use its timer. */
static void stap_timer_disarm(struct stap_probe *probe)
{
	struct stap_timer_site *site = probe->site;

	if (!site)
		return;
	hrtimer_cancel(&site->leader->timer);
	if (site == stap_timer_leaders)
		stap_timer_leaders = site->other;
	probe->site = NULL;
	kfree(site);
}

const struct stap_family stap_timer = {
	.name = "timer", .type = "hrtimer", .arm = stap_timer_arm, .disarm = stap_timer_disarm,
};
const struct stap_family stap_jiffies = {
	.name = "jiffies", .type = "timer", .arm = stap_jiffies_arm, .disarm = stap_timer_disarm,
};
