/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Calls that are made later, by a thread of the kernel: the caller goes on at once, as if
 * the function had run. Its arguments are kept, as many as there are registers for.
 *
 *	handler ──▶ | function, arguments, when | ──irq_work──▶ timer ──▶ worker: function(arguments)
 *
 * When the worker makes the call, the same handler hits
 * again, and lets it pass. What waits when the session ends is made then.
 */
#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "defer.h"
#include "entry.h"
#include "interrupt.h"

#define STAP_DEFERRED 1024

enum { STAP_DEFERRED_FREE, STAP_DEFERRED_WAITS, STAP_DEFERRED_CANCELLED, STAP_DEFERRED_RUNS };

struct stap_deferred {
	struct delayed_work work;
	struct llist_node handed;
	int state;
	unsigned long delay;		/* jiffies */
	stap_deferred_call *function;
	unsigned long arguments[STAP_DEFERRED_ARGUMENTS];
};

struct stap_deferred_cpu {
	struct irq_work work;
	struct llist_head list;
};

static struct stap_deferred_cpu __percpu *stap_deferred_cpus;
static struct stap_deferred *stap_deferred;
static struct workqueue_struct *stap_deferred_queue;
static struct task_struct *stap_deferred_worker;	/* while it makes a call */

static void stap_deferred_run(struct work_struct *work)
{
	struct stap_deferred *call = container_of(to_delayed_work(work), struct stap_deferred, work);
	const unsigned long *a = call->arguments;

	if (cmpxchg(&call->state, STAP_DEFERRED_WAITS, STAP_DEFERRED_RUNS) == STAP_DEFERRED_WAITS) {
		WRITE_ONCE(stap_deferred_worker, current);
		call->function(a[0], a[1], a[2], a[3], a[4], a[5]);
		WRITE_ONCE(stap_deferred_worker, NULL);
	}
	smp_store_release(&call->state, STAP_DEFERRED_FREE);
}

static void stap_deferred_hand(struct irq_work *work)
{
	struct stap_deferred_cpu *this = container_of(work, struct stap_deferred_cpu, work);
	bool occupied = stap_occupy(); /* a probe where timers are set would hit for each */
	struct stap_deferred *call, *next;

	llist_for_each_entry_safe(call, next, llist_del_all(&this->list), handed)
		queue_delayed_work(stap_deferred_queue, &call->work, call->delay);
	if (occupied)
		stap_release();
}

static void stap_deferred_start(void)
{
	unsigned int i;

	stap_deferred_queue = alloc_ordered_workqueue("stap_deferred", WQ_MEM_RECLAIM);
	if (!stap_deferred_queue)
		return;
	stap_deferred = kvcalloc(STAP_DEFERRED, sizeof(*stap_deferred), GFP_KERNEL);
	for (i = 0; stap_deferred && i < STAP_DEFERRED; i++)
		INIT_DELAYED_WORK(&stap_deferred[i].work, stap_deferred_run);
}

static void stap_deferred_stop(void)
{
	unsigned int i;

	if (!stap_deferred_queue)
		return;
	stap_interrupts_await(stap_deferred_cpus);
	for (i = 0; stap_deferred && i < STAP_DEFERRED; i++)
		flush_delayed_work(&stap_deferred[i].work);
	destroy_workqueue(stap_deferred_queue);
	stap_deferred_queue = NULL;
	kvfree(stap_deferred);
	stap_deferred = NULL;
}

const struct stap_unit STAP_UNIT(defer) = {
	.start = stap_deferred_start, .stop = stap_deferred_stop, .unload = stap_deferred_stop,
	.cpu_size = sizeof(struct stap_deferred_cpu), .cpu_area = (void __percpu **)&stap_deferred_cpus,
};

int stap_is_deferred(void)
{
	return READ_ONCE(stap_deferred_worker) == current && in_task();
}

bool stap_defer_function(struct stap_context *c, stap_long milliseconds, stap_deferred_call *function, const unsigned long *arguments)
{
	struct stap_deferred_cpu *this;
	struct stap_deferred *call = stap_deferred;
	unsigned long flags;
	int i;

	if (milliseconds < 0 || milliseconds > 3600 * MSEC_PER_SEC) {
		stap_error(c, "a call can be deferred for an hour at most");
		return false;
	}
	for (i = 0; call && i < STAP_DEFERRED; i++, call++)
		if (READ_ONCE(call->state) == STAP_DEFERRED_FREE &&
		    cmpxchg(&call->state, STAP_DEFERRED_FREE, STAP_DEFERRED_CANCELLED) == STAP_DEFERRED_FREE)
			break;
	if (!call || i == STAP_DEFERRED || in_nmi()) {
		stap_error(c, !call ? "there is no memory for calls that are made later" : in_nmi() ? "no call can be deferred in an NMI" :
			   "more than 1024 calls are to be made later");
		return false;
	}
	call->delay = msecs_to_jiffies(milliseconds);
	call->function = function;
	memcpy(call->arguments, arguments, sizeof(call->arguments));
	smp_store_release(&call->state, STAP_DEFERRED_WAITS);
	local_irq_save(flags);
	this = this_cpu_ptr(stap_deferred_cpus);
	llist_add(&call->handed, &this->list);
	stap_interrupt_ask(&this->work, stap_deferred_hand);
	local_irq_restore(flags);
	return true;
}

/* Whether the function is left out: not where it is the worker that calls it. */
static bool stap_defer(struct stap_context *c, stap_long milliseconds)
{
	unsigned long arguments[STAP_DEFERRED_ARGUMENTS];
	int i;

	if (stap_is_deferred())
		return false;
	for (i = 0; i < STAP_DEFERRED_ARGUMENTS; i++)
		arguments[i] = stap_argument(c, i);
	return stap_defer_function(c, milliseconds, (stap_deferred_call *)c->probe->address, arguments);
}

void stap_defer_call(struct stap_context *c, stap_long milliseconds)
{
	if (stap_defer(c, milliseconds))
		stap_skip_call(c);
}

void stap_defer_call_returning(struct stap_context *c, stap_long milliseconds, stap_long value)
{
	if (stap_defer(c, milliseconds))
		stap_override_return(c, value);
}

/* Takes back the calls with that first argument which are still to be made; gives how many. */
stap_long stap_cancel_deferred(stap_long argument)
{
	stap_long n = 0;
	int i;

	for (i = 0; stap_deferred && i < STAP_DEFERRED; i++)
		if (READ_ONCE(stap_deferred[i].state) == STAP_DEFERRED_WAITS && stap_deferred[i].arguments[0] == (unsigned long)argument &&
		    cmpxchg(&stap_deferred[i].state, STAP_DEFERRED_WAITS, STAP_DEFERRED_CANCELLED) == STAP_DEFERRED_WAITS)
			n++;
	return n;
}
