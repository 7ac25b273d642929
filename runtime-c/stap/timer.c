/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* timer.s, timer.ms and their like: a high-resolution timer each, first hit after one period. */
#include <linux/hrtimer.h>
#include <linux/slab.h>
#include "runtime.h"

struct stap_timer_site {
	struct hrtimer timer;
	struct stap_probe *probe;
};

static enum hrtimer_restart stap_timer_hit(struct hrtimer *timer)
{
	struct stap_timer_site *site = container_of(timer, struct stap_timer_site, timer);
	struct stap_context *c = stap_enter(site->probe, STAP_RUNNING);

	if (c) {
		stap_run(c);
		stap_leave(c);
	}
	hrtimer_forward_now(timer, ns_to_ktime(site->probe->number));
	return HRTIMER_RESTART;
}

static int stap_timer_arm(struct stap_probe *probe)
{
	struct stap_timer_site *site = kzalloc(sizeof(*site), GFP_KERNEL);

	if (!site)
		return -ENOMEM;
	stap_allocated += sizeof(*site);
	site->probe = probe;
	probe->site = site;
#ifdef STAP_EXPORTED_hrtimer_setup
	hrtimer_setup(&site->timer, stap_timer_hit, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
#else
	hrtimer_init(&site->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	site->timer.function = stap_timer_hit;
#endif
	hrtimer_start(&site->timer, ns_to_ktime(probe->number), HRTIMER_MODE_REL_HARD);
	return 0;
}

static void stap_timer_disarm(struct stap_probe *probe)
{
	struct stap_timer_site *site = probe->site;

	if (!site)
		return;
	hrtimer_cancel(&site->timer);
	probe->site = NULL;
	kfree(site);
}

const struct stap_family stap_timer = {
	.name = "timer", .type = "hrtimer", .arm = stap_timer_arm, .disarm = stap_timer_disarm,
};
