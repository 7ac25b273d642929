/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Overload. Each CPU adds up how long its handlers take, by the hits that are
 * timed, each of which stands for all since the one before. It does so in windows
 * of overload_interval cycles; one in which handlers took more than
 * overload_threshold cycles is full. STAP_FULL_WINDOWS full ones in a row, so that
 * a burst of a second or two may pass, and the probe that took the most time in
 * them is held and named. A new row begins: is it still too much, the next one
 * follows. Of a window that took longer to come to its end, the share counts.
 *
 * More than maxskipped hits that were skipped do the same to the probe that has
 * the most of them.
 *
 * After STP_OVERLOAD_REST seconds what was held comes back. With strict limits there
 * is no second chance: the first full window, or skip too many, ends the session.
 */
#include <linux/irq_work.h>
#include <linux/workqueue.h>

#ifndef STP_OVERLOAD_WINDOWS
#define STP_OVERLOAD_WINDOWS 8
#endif
#ifndef STP_OVERLOAD_REST
#define STP_OVERLOAD_REST 60 /* seconds */
#endif

static void stap_fail(void);

static unsigned int stap_sheds;		/* how often a probe was held for a limit */
static atomic_t stap_skips = ATOMIC_INIT(0);
static int stap_skips_forgiven;		/* so many have been acted upon */
static struct irq_work stap_shed_irq_work;
static void stap_shed_work(struct work_struct *work);
static void stap_rest_ends(struct work_struct *work);
static DECLARE_WORK(stap_shed_skipping, stap_shed_work);
static DECLARE_DELAYED_WORK(stap_rest, stap_rest_ends);
static u32 *stap_skips_before;		/* of each probe: those acted upon */

static unsigned int stap_percent(u64 part, u64 whole)
{
	return min_t(u64, part / max_t(u64, whole / 100, 1), 100);
}

static void stap_shed(struct stap_probe *probe)
{
	stap_hold(probe, STAP_HELD_OVERLOAD);
	WRITE_ONCE(stap_sheds, stap_sheds + 1);
}

static noinline void notrace stap_window_is_full(struct stap_cpu_data *this, u64 now)
{
	struct stap_window *window = &this->window;
	struct stap_probe *probe = window->hottest;
	const struct stap_account *account;
	u64 took;

	if (READ_ONCE(stap_limits.strict)) {
		stap_event("error", "probe overhead (%llu " STAP_TIME_UNIT ") exceeded threshold (%lu " STAP_TIME_UNIT ") in last %llu " STAP_TIME_UNIT,
			   window->spent, stap_limits.overload_threshold, now - window->begun);
		stap_fail();
		return;
	}
	if (!window->full)
		window->run_begun = window->begun;
	if (++window->full < STP_OVERLOAD_WINDOWS)
		return;
	took = now - window->run_begun;
	account = this_cpu_ptr(stap_account(probe));
	stap_event("warning", "probe %s (%s) took %u%% of the time of CPU %d, %llu " STAP_TIME_UNIT " a hit, and is off for %d seconds. "
		   "Raise the limit with overload_threshold or -DSTP_OVERLOAD_THRESHOLD=N (%lu in %lu), or allow all with -DSTP_NO_OVERLOAD",
		   probe->point, probe->where, stap_percent(window->hottest_spent, took), smp_processor_id(),
		   account->samples ? account->time / account->samples : 0, STP_OVERLOAD_REST,
		   stap_limits.overload_threshold, stap_limits.overload_interval);
	stap_shed(probe);
	irq_work_queue(&stap_shed_irq_work);
	window->full = STP_OVERLOAD_WINDOWS;
}

/* A hit took time: spent, with those that it stands for. */
static void notrace stap_window_add(struct stap_cpu_data *this, struct stap_probe *probe, struct stap_account *account,
				    u64 spent, u64 now)
{
	struct stap_window *window = &this->window;
	u64 interval = READ_ONCE(stap_limits.overload_interval), threshold = READ_ONCE(stap_limits.overload_threshold);
	u64 elapsed = now - window->begun;
	bool full;

	if (account->run != window->run) {
		account->run = window->run;
		account->recent = 0;
	}
	account->recent += spent;
	window->spent += spent;
	if (account->recent > window->hottest_spent) {
		window->hottest = probe;
		window->hottest_spent = account->recent;
	}
	if (elapsed < interval)
		return;
	full = window->begun && threshold && (unsigned __int128)window->spent * interval > (unsigned __int128)threshold * elapsed;
	if (full)
		stap_window_is_full(this, now);
	if (!full || window->full == STP_OVERLOAD_WINDOWS) {
		window->run++;
		window->full = 0;
		window->hottest = NULL;
		window->hottest_spent = 0;
	}
	window->spent = 0;
	window->begun = now;
}

static void stap_shed_in_irq(struct irq_work *work)
{
	schedule_work(&stap_shed_skipping);
}

/* Skips that matter, of all CPUs. */
static u32 stap_skips_of(const struct stap_probe *probe)
{
	u32 n = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct stap_account *this = per_cpu_ptr(stap_account(probe), cpu);

		n += this->skips[STAP_SKIP_LOCK] + this->skips[STAP_SKIP_LOW_STACK];
	}
	return n;
}

static bool stap_skips_too_many(int skips)
{
	return skips - READ_ONCE(stap_skips_forgiven) > (long)min(READ_ONCE(stap_limits.maxskipped), (unsigned long)INT_MAX);
}

/* In process context: holds the probe that was skipped most, and ends the rest of those held in time. */
static void stap_shed_work(struct work_struct *work)
{
	struct stap_probe *probe, *worst = NULL;
	u32 n, most = 0;
	unsigned int i;

	if (stap_skips_too_many(atomic_read(&stap_skips)) && !READ_ONCE(stap_limits.strict)) {
		for (i = 0; i < stap_script.probe_count; i++) {
			probe = &stap_script.probes[i];
			n = stap_skips_of(probe);
			if (n - stap_skips_before[i] > most && !(probe->held & STAP_HELD_OVERLOAD)) {
				most = n - stap_skips_before[i];
				worst = probe;
			}
			stap_skips_before[i] = n;
		}
		WRITE_ONCE(stap_skips_forgiven, atomic_read(&stap_skips));
		if (worst) {
			stap_shed(worst);
			stap_event("warning", "probe %s (%s) was skipped %u times, more than MAXSKIPPED allows (%lu), and is off for %d seconds. "
				   "Raise the limit with maxskipped or -DMAXSKIPPED=N; stap -t says why it is skipped",
				   worst->point, worst->where, most, stap_limits.maxskipped, STP_OVERLOAD_REST);
		}
	}
	if (READ_ONCE(stap_sheds) && STP_OVERLOAD_REST)
		schedule_delayed_work(&stap_rest, STP_OVERLOAD_REST * HZ);
}

static void stap_rest_ends(struct work_struct *work)
{
	unsigned int i;

	for (i = 0; i < stap_script.probe_count; i++)
		if (READ_ONCE(stap_script.probes[i].held) & STAP_HELD_OVERLOAD)
			stap_unhold(&stap_script.probes[i], STAP_HELD_OVERLOAD);
}

/* A hit was skipped that should not have been. */
static void stap_skip_matters(void)
{
	int skips = atomic_inc_return(&stap_skips);

	if (likely(!stap_skips_too_many(skips)) || STAP_ERRORS_SUPPRESSED)
		return;
	if (!READ_ONCE(stap_limits.strict)) {
		irq_work_queue(&stap_shed_irq_work);
	} else if (skips - stap_skips_forgiven == stap_limits.maxskipped + 1) {
		stap_event("error", "Skipped too many probes, check MAXSKIPPED or try again with stap -t for more details.");
		stap_fail();
	}
}

static int stap_overload_init(void)
{
	int cpu;

	init_irq_work(&stap_shed_irq_work, stap_shed_in_irq);
	for_each_possible_cpu(cpu)
		per_cpu_ptr(&stap_cpus, cpu)->window.run = 1;
	stap_skips_before = kvcalloc(stap_script.probe_count, sizeof(*stap_skips_before), GFP_KERNEL);
	return stap_skips_before ? 0 : -ENOMEM;
}

/* No handler runs any more. */
static void stap_overload_stop(void)
{
	irq_work_sync(&stap_shed_irq_work);
	cancel_work_sync(&stap_shed_skipping);
	cancel_delayed_work_sync(&stap_rest);
}

static void stap_overload_exit(void)
{
	stap_overload_stop(); /* an end handler may have been skipped */
	kvfree(stap_skips_before);
}
