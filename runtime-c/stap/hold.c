/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Probes whose handlers do not run for a while.
 *
 *	stap_hold() --> all hits look at their probe --work--> the probe is taken away --> hits are fast again
 *
 * Hits do not ask whether their probe is held as long as none is that is set: a
 * hold makes the gates of all CPUs wary, which sends hits the other way
 * (stap_take_after_all), where each looks. A moment later, since that may sleep,
 * each unit settles: what only held probes have set is taken away. A place that
 * several probes share looks at each of them always.
 */
#include <linux/workqueue.h>

static atomic_t stap_holds = ATOMIC_INIT(0);	/* changes of what is held */

/* The session's mutex is held. */
static void stap_settle(void)
{
	int holds = atomic_read_acquire(&stap_holds);

	stap_units_do(settle);
	stap_close_gates(STAP_WARY, false);
	smp_mb(); /* stap_hold() counts, then makes the gates wary */
	if (atomic_read(&stap_holds) != holds) /* there is work for that, too */
		stap_close_gates(STAP_WARY, true);
}

static void stap_settle_work(struct work_struct *work)
{
	mutex_lock(&stap_session_mutex);
	if (READ_ONCE(stap_session_state) == STAP_RUNNING)
		stap_settle();
	mutex_unlock(&stap_session_mutex);
}

static DECLARE_WORK(stap_hold_work, stap_settle_work);

static void stap_hold_wake(struct irq_work *work)
{
	schedule_work(&stap_hold_work);
}

static struct irq_work stap_hold_irq = { .func = stap_hold_wake };

void stap_hold(struct stap_probe *probe, unsigned int why)
{
	atomic_or(why, (atomic_t *)&probe->held);
	atomic_inc_return(&stap_holds);
	stap_close_gates(STAP_WARY, true);
	irq_work_queue(&stap_hold_irq);
}

void stap_unhold(struct stap_probe *probe, unsigned int why)
{
	atomic_andnot(why, (atomic_t *)&probe->held);
	atomic_inc_return(&stap_holds);
	irq_work_queue(&stap_hold_irq);
}

/* What handles the session itself is not held. */
static bool stap_is_holdable(const struct stap_probe *probe)
{
	const struct stap_family *family = probe->family;

	return family != &stap_begin && family != &stap_end && family != &stap_error_family;
}

static void stap_pause(bool pause)
{
	unsigned int i;

	for (i = 0; i < stap_script.probe_count; i++) {
		struct stap_probe *probe = &stap_script.probes[i];

		if (pause && stap_is_holdable(probe))
			stap_hold(probe, STAP_HELD_PAUSE);
		else if (probe->held & STAP_HELD_PAUSE)
			stap_unhold(probe, STAP_HELD_PAUSE);
	}
}

int stap_order_pause(const char *text)
{
	stap_pause(true);
	return 0;
}

int stap_order_resume(const char *text)
{
	stap_pause(false);
	return 0;
}

static struct stap_probe *stap_probe_of(const char *index)
{
	unsigned int i;

	if (kstrtouint(index, 10, &i) || i >= stap_script.probe_count || !stap_is_holdable(&stap_script.probes[i]))
		return NULL;
	return &stap_script.probes[i];
}

int stap_order_hold(const char *text)
{
	struct stap_probe *probe = stap_probe_of(text);

	if (!probe)
		return -EINVAL;
	stap_hold(probe, STAP_HELD_MONITOR);
	return 0;
}

int stap_order_unhold(const char *text)
{
	struct stap_probe *probe = stap_probe_of(text);

	if (!probe)
		return -EINVAL;
	stap_unhold(probe, STAP_HELD_MONITOR);
	return 0;
}

int stap_order_toggle(const char *text)
{
	struct stap_probe *probe = stap_probe_of(text);

	return probe && READ_ONCE(probe->held) & STAP_HELD_MONITOR ? stap_order_unhold(text) : stap_order_hold(text);
}

/* No probe is left that could be held. */
static void stap_hold_exit(void)
{
	irq_work_sync(&stap_hold_irq);
	cancel_work_sync(&stap_hold_work);
}
