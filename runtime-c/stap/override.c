/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Functions that do not run, and such as begin later. At a function's entry the stack
 * begins with the return address, or the link register has it: the CPU is sent to a
 * function that does nothing but return.
 *
 * A call that begins later has a caller that sleeps at the entry. A handler cannot sleep,
 * so it sends the CPU to code of this unit, which does, and goes on from there:
 *
 *	caller ──call──▶ function ──ftrace──▶ handler: notes where the function goes on
 *	                                         │
 *	                 stap_detour ◀───────────┘  keeps the arguments, sleeps
 *	                     └──────▶ function, behind its ftrace site
 *
 * Who must not sleep (with a spin lock, in an interrupt, in the midst of going to sleep)
 * goes on at once, which is counted, and so does who calls the function in order to
 * sleep here. The session's end wakes the sleepers and waits until they have left.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/objtool.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <asm/linkage.h>
#include "entry.h"
#include "task.h"
#include "trace.h"

#define STAP_DETOURS 64

struct stap_detour {
	struct task_struct *task;	/* NULL: it is free */
	unsigned long on;		/* where the function goes on */
	u64 delay;			/* nanoseconds */
};

static struct stap_detour stap_detours[STAP_DETOURS];
static atomic_t stap_detours_under_way = ATOMIC_INIT(0), stap_detours_at_once = ATOMIC_INIT(0);
static bool stap_detours_were, stap_detours_end;
static DECLARE_WAIT_QUEUE_HEAD(stap_detours_wait);

static bool stap_may_sleep(void)
{
	return !in_atomic() && !irqs_disabled() && !rcu_preempt_depth() && task_is_running(current);
}

/* That of a task, and for NULL one that is free; NULL: there is none. */
static struct stap_detour *stap_detour_of(const struct task_struct *task)
{
	unsigned int i;

	for (i = 0; i < STAP_DETOURS; i++)
		if (READ_ONCE(stap_detours[i].task) == task)
			return &stap_detours[i];
	return NULL;
}

static unsigned long __used stap_detour_sleep(void)
{
	struct stap_detour *detour = stap_detour_of(current);
	unsigned long on = detour->on;
	u64 delay = detour->delay;

	if (!stap_may_sleep())
		atomic_inc(&stap_detours_at_once);
	else if (delay < TICK_NSEC)
		usleep_range(delay / NSEC_PER_USEC, delay / NSEC_PER_USEC + 100);
	else
		wait_event_killable_timeout(stap_detours_wait, READ_ONCE(stap_detours_end), nsecs_to_jiffies(delay) + 1);
	smp_store_release(&detour->task, NULL);
	if (atomic_dec_and_test(&stap_detours_under_way) && READ_ONCE(stap_detours_end))
		wake_up_all(&stap_detours_wait);
	return on;
}

#ifdef STAP_MACHINE_DETOUR
STAP_MACHINE_DETOUR;
extern void stap_detour(void);
STACK_FRAME_NON_STANDARD(stap_detour);
#define STAP_DETOUR ((unsigned long)stap_detour)
#else
#define STAP_DETOUR 0UL
#endif

static void stap_detours_stop(void)
{
	if (READ_ONCE(stap_detours_were)) {
		WRITE_ONCE(stap_detours_end, true);
		wake_up_all(&stap_detours_wait);
		wait_event(stap_detours_wait, !atomic_read(&stap_detours_under_way));
		synchronize_rcu_tasks(); /* the last instructions of the way */
	}
	if (atomic_read(&stap_detours_at_once))
		stap_warning("%d calls were not delayed: who made them must not sleep", atomic_read(&stap_detours_at_once));
}

const struct stap_unit STAP_UNIT(override) = { .stop = stap_detours_stop };

/* What runs instead. It leaves the register of the result as it is. */
static noinline notrace void stap_nothing(void)
{
	barrier();
}

/* Sends the CPU there, after the delay that another handler of this hit has asked for. */
static bool stap_go_on(struct stap_context *c, unsigned long on)
{
	if (STAP_DETOUR && stap_entry_pointer(c) == STAP_DETOUR) {
		stap_detour_of(current)->on = on;
		return true;
	}
	return stap_entry_set_pointer(c, on);
}

/* A result of NULL: the function has none. */
static void stap_override(struct stap_context *c, const stap_long *result)
{
	if (!stap_go_on(c, (unsigned long)stap_nothing))
		stap_error(c, "no registers are known at probe %s", c->probe->point);
	else if (result)
		stap_entry_set_result(c, *result);
}

void stap_override_return(struct stap_context *c, stap_long value)
{
	stap_override(c, &value);
}

void stap_skip_call(struct stap_context *c)
{
	stap_override(c, NULL);
}

void stap_delay_call(struct stap_context *c, stap_long milliseconds)
{
#if !defined(CONFIG_PREEMPT_COUNT)
	stap_error(c, "no call can be delayed: this kernel does not know who holds a spin lock (CONFIG_PREEMPT_COUNT)");
#elif defined(STAP_MACHINE_DETOUR) && defined(STAP_TRACES)
	struct stap_detour *detour;

	if (milliseconds < 0 || milliseconds > 3600 * MSEC_PER_SEC) {
		stap_error(c, "a call can be delayed for an hour at most");
		return;
	}
	if (!c->arguments) {
		stap_error(c, "only a probe kernel.function(\"name\") of what the kernel can trace delays a call");
		return;
	}
	if (!in_task()) { /* it may have interrupted a task on such a way, which would be taken for its own */
		atomic_inc(&stap_detours_at_once);
		return;
	}
	detour = stap_detour_of(current);
	if (detour) { /* another handler of this hit has delayed it, or it is a call of ours on the way */
		if (stap_entry_pointer(c) == STAP_DETOUR)
			detour->delay += milliseconds * NSEC_PER_MSEC;
		return;
	}
	do {
		detour = stap_detour_of(NULL);
		if (!detour) {
			stap_error(c, "more than %d calls are to be delayed at once", STAP_DETOURS);
			return;
		}
	} while (cmpxchg(&detour->task, NULL, current));
	WRITE_ONCE(stap_detours_were, true);
	atomic_inc(&stap_detours_under_way);
	detour->delay = milliseconds * NSEC_PER_MSEC;
	detour->on = stap_entry_pointer(c);
	stap_entry_set_pointer(c, STAP_DETOUR);
#else
	stap_error(c, "a call cannot be delayed on this architecture");
#endif
}
