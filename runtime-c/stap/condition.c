/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * probe POINT if (condition): where globals alone make the condition false, the
 * probe is held, so it is taken away and costs nothing.
 *
 *	a handler changes a global --> due --interval--> all conditions are evaluated --> probes are held or not
 *
 * At each hit the handler itself asks, too; so hits that come before a change is
 * noticed do nothing.
 */
#include <linux/irq_work.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>
#include "runtime.h"

#ifndef STP_ON_THE_FLY_INTERVAL
#define STP_ON_THE_FLY_INTERVAL 100 /* milliseconds */
#endif

int stap_conditions_due;

/* Gives 1 where evaluating fails: the handler is to say so. */
static int stap_condition_holds(const struct stap_probe *probe)
{
	unsigned long flags;
	struct stap_context *c;
	int holds = 1;

	local_irq_save(flags); /* so few hits find the context taken */
	if (stap_occupy()) {
		c = &stap_this_cpu()->context;
		c->probe = probe;
		c->actions = MAXACTION;
		holds = probe->condition(c) || c->error;
		c->error = NULL;
		stap_release();
	}
	local_irq_restore(flags);
	return holds;
}

/* Probes of one condition follow each other, mostly; it is evaluated once. */
void stap_conditions_evaluate(void)
{
	int (*condition)(struct stap_context *c) = NULL;
	int holds = 1;
	unsigned int i;

	for (i = 0; i < stap_script.probe_count; i++) {
		struct stap_probe *probe = &stap_script.probes[i];

		if (!probe->condition)
			continue;
		if (probe->condition != condition)
			holds = stap_condition_holds(probe);
		condition = probe->condition;
		if (holds == !(READ_ONCE(probe->held) & STAP_HELD_CONDITION))
			continue;
		if (holds)
			stap_unhold(probe, STAP_HELD_CONDITION);
		else
			stap_hold(probe, STAP_HELD_CONDITION);
	}
}

/*
 * Handlers that found it due have changed what they change before, and end in a
 * moment: all of them are waited for, so they need no barrier.
 */
static void stap_conditions_work(struct work_struct *work)
{
	WRITE_ONCE(stap_conditions_due, 0);
	synchronize_rcu();
	if (READ_ONCE(stap_session_state) == STAP_RUNNING)
		stap_conditions_evaluate();
}

static DECLARE_DELAYED_WORK(stap_conditions_later, stap_conditions_work);

static void stap_conditions_wake(struct irq_work *work)
{
	schedule_delayed_work(&stap_conditions_later, msecs_to_jiffies(STP_ON_THE_FLY_INTERVAL));
}

static struct irq_work stap_conditions_irq = { .func = stap_conditions_wake };

void stap_conditions_queue(void)
{
	WRITE_ONCE(stap_conditions_due, 1);
	irq_work_queue(&stap_conditions_irq);
}

static void stap_conditions_stop(void)
{
	irq_work_sync(&stap_conditions_irq);
	cancel_delayed_work_sync(&stap_conditions_later);
}

const struct stap_unit STAP_UNIT(condition) = { .stop = stap_conditions_stop };
