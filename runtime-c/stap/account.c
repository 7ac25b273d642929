/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The account of each probe. Every time that a mechanism calls for a probe, the
 * handler runs and is counted, or the hit is skipped and is counted by the reason:
 *
 *	called for = hits + skips
 *
 * A CPU counts for itself, in per-CPU memory that the probe points to. A hit costs
 * one instruction that counts down; at zero the hit is timed, and the count begins
 * again: of 64 hits one is timed, the first one always, with -t every one.
 *
 *	hits = the counts that were begun - what is left of the last one
 *
 * /proc/systemtap/MODULE/account has it, for staprun. Words are separated by tabs:
 *
 *	unit UNIT TIMED					of the times: cycles or nsecs; whether all hits are timed
 *	probe INDEX HELD HITS SAMPLES TIME LEAST MOST SQUARES_HIGH SQUARES_LOW POINT PLACE ORIGIN
 *	skip INDEX N WHY POINT				after the line of its probe
 *	global NAME WAITS TIMEOUTS
 *
 * A hit that gave up waiting for a lock has run its handler up to there. It is one
 * of the skips and not of HITS, but its time counts.
 */
#include <linux/seq_file.h>
#include <linux/timekeeping.h>
#include <linux/timex.h>

/* Hits of a probe on a CPU from one that is timed to the next. */
#define STAP_SAMPLE 64

/* Per-CPU memory comes in pieces of at most 32 KB. */
#define STAP_ACCOUNTS (32768U / sizeof(struct stap_account))

/* With -t: what else there is to say of a probe's times. */
struct stap_spread {
	u64 least, most;
	u64 squares[2];		/* of the times, summed: high and low word */
};

static DEFINE_PER_CPU(struct stap_spread *, stap_spreads);

#if defined(STP_TIMING_NSECS) || defined(STAP_MACHINE_NO_CYCLES)
#define STAP_CLOCK_NSECS
#define STAP_TIME_UNIT "nsecs"
#else
#define STAP_TIME_UNIT "cycles"
#endif

static __always_inline u64 stap_clock(void)
{
#ifdef STAP_CLOCK_NSECS
	return ktime_get_mono_fast_ns();
#else
	return get_cycles();
#endif
}

static void stap_spread_add(const struct stap_probe *probe, u64 took, bool first)
{
	struct stap_spread *this = __this_cpu_read(stap_spreads) + probe->index;
	unsigned __int128 squares;

	if (first || took < this->least)
		this->least = took;
	if (took > this->most)
		this->most = took;
	squares = ((unsigned __int128)this->squares[0] << 64 | this->squares[1]) + (unsigned __int128)took * took;
	this->squares[0] = squares >> 64;
	this->squares[1] = squares;
}

/* A hit was timed; gives how many it stands for. */
static __always_inline u32 stap_account_time(const struct stap_probe *probe, struct stap_account *this, u64 took)
{
	u32 before = this->samples ? stap_script.timed ? 1 : STAP_SAMPLE : 1;
	u32 next = stap_script.timed ? 1 : STAP_SAMPLE;

	if (stap_script.timed)
		stap_spread_add(probe, took, !this->samples);
	this->samples++;
	this->time += took;
	this->hits += next;
	this->left = next;
	return before;
}

void notrace stap_handle_timed(struct stap_context *c)
{
	struct stap_probe *probe = (struct stap_probe *)c->probe;
	struct stap_account *this = this_cpu_ptr(stap_account(probe));
	u64 begun = stap_clock(), now;
	u32 n;

	stap_run(c);
	now = stap_clock();
	n = stap_account_time(probe, this, now - begun);
	stap_window_add(container_of(c, struct stap_cpu_data, context), probe, this, (now - begun) * n, now);
}

/* Handlers of the session are timed, too, and are no overload. */
void stap_handle_once(struct stap_context *c)
{
	const struct stap_probe *probe = c->probe;
	u64 begun = stap_clock();

	stap_run_once(c);
	if (stap_count(probe))
		stap_account_time(probe, this_cpu_ptr(stap_account(probe)), stap_clock() - begun);
}

void notrace stap_skip(const struct stap_probe *probe, enum stap_skip why, unsigned long n)
{
	if (!n)
		return;
	this_cpu_add(stap_account(probe)->skips[why], n);
	if (why == STAP_SKIP_LOCK || why == STAP_SKIP_LOW_STACK)
		stap_skip_matters();
}

static void stap_accounts_exit(void)
{
	unsigned int i;
	int cpu;

	for (i = 0; i < stap_script.probe_count; i += STAP_ACCOUNTS)
		free_percpu(stap_account(&stap_script.probes[i]));
	for_each_possible_cpu(cpu)
		kvfree(per_cpu(stap_spreads, cpu));
}

static int stap_accounts_init(void)
{
	struct stap_account __percpu *some = NULL;
	unsigned int i, n;
	int cpu;

	for (i = 0; i < stap_script.probe_count; i++) {
		struct stap_probe *probe = &stap_script.probes[i];

		n = i % STAP_ACCOUNTS;
		if (!n) {
			size_t size = min(stap_script.probe_count - i, (unsigned int)STAP_ACCOUNTS) * sizeof(*some);

			some = __alloc_percpu(size, __alignof__(*some));
			if (!some)
				return -ENOMEM;
			stap_allocated += size * num_possible_cpus();
		}
		probe->index = i;
		probe->account = (void *)(unsigned long)(some + n);
		for_each_possible_cpu(cpu) {
			struct stap_account *this = per_cpu_ptr(some + n, cpu);

			this->left = this->hits = 1;
		}
	}
	if (!stap_script.timed)
		return 0;
	for_each_possible_cpu(cpu) {
		per_cpu(stap_spreads, cpu) = kvcalloc(stap_script.probe_count, sizeof(struct stap_spread), GFP_KERNEL);
		if (!per_cpu(stap_spreads, cpu))
			return -ENOMEM;
	}
	stap_allocated += (size_t)num_possible_cpus() * stap_script.probe_count * sizeof(struct stap_spread);
	return 0;
}

/* Skips of all probes, by reason. */
static void stap_skips_sum(u64 skips[STAP_SKIPS])
{
	unsigned int i;
	int cpu, why;

	memset(skips, 0, STAP_SKIPS * sizeof(*skips));
	for_each_possible_cpu(cpu)
		for (i = 0; i < stap_script.probe_count; i++)
			for (why = 0; why < STAP_SKIPS; why++)
				skips[why] += per_cpu_ptr(stap_account(&stap_script.probes[i]), cpu)->skips[why];
}

static void *stap_account_start(struct seq_file *file, loff_t *position)
{
	/* the probes, the globals, and the unit in front */
	return *position <= stap_script.probe_count + stap_script.lock_count ? position : NULL;
}

static void *stap_account_next(struct seq_file *file, void *at, loff_t *position)
{
	++*position;
	return stap_account_start(file, position);
}

static void stap_account_finish(struct seq_file *file, void *at)
{
}

static const char *const stap_skip_names[STAP_SKIPS] = {
	[STAP_SKIP_NESTED] = "reentrancy", [STAP_SKIP_LOCK] = "global lock timeout",
	[STAP_SKIP_UNWATCHED] = "RCU not watching", [STAP_SKIP_LOW_STACK] = "low stack",
	[STAP_SKIP_KPROBE] = "missed kprobe", [STAP_SKIP_ENTRY] = "missed kretprobe/1",
	[STAP_SKIP_RETURN] = "missed kretprobe/2", [STAP_SKIP_HELD] = "held", [STAP_SKIP_OUTSIDE] = "session not running",
};

static void stap_account_show_probe(struct seq_file *file, const struct stap_probe *probe)
{
	struct stap_account all = { };
	struct stap_spread spread = { };
	unsigned __int128 squares = 0;
	int cpu, why;

	for_each_possible_cpu(cpu) {
		const struct stap_account *this = per_cpu_ptr(stap_account(probe), cpu);
		const struct stap_spread *times = per_cpu(stap_spreads, cpu);

		if (times && this->samples) {
			times += probe->index;
			spread.least = all.samples ? min(spread.least, times->least) : times->least;
			spread.most = max(spread.most, times->most);
			squares += (unsigned __int128)times->squares[0] << 64 | times->squares[1];
		}
		all.hits += READ_ONCE(this->hits) - READ_ONCE(this->left);
		all.samples += this->samples;
		all.time += this->time;
		for (why = 0; why < STAP_SKIPS; why++)
			all.skips[why] += this->skips[why];
	}
	seq_printf(file, "probe\t%u\t%u\t%llu\t%u\t%llu\t%llu\t%llu\t%llu\t%llu\t%s\t%s\t%s\n", probe->index, probe->held,
		   all.hits - all.skips[STAP_SKIP_LOCK], all.samples, all.time, spread.least, spread.most,
		   (u64)(squares >> 64), (u64)squares, probe->point, probe->where, probe->origin);
	for (why = 0; why < STAP_SKIPS; why++)
		if (all.skips[why])
			seq_printf(file, "skip\t%u\t%u\t%s\t%s\n", probe->index, all.skips[why], stap_skip_names[why],
				   probe->point);
}

static int stap_account_show(struct seq_file *file, void *at)
{
	loff_t i = *(loff_t *)at;

	if (!i--) {
		seq_printf(file, "unit\t" STAP_TIME_UNIT "\t%d\n", stap_script.timed);
	} else if (i < stap_script.probe_count) {
		stap_account_show_probe(file, &stap_script.probes[i]);
	} else {
		const struct stap_named_lock *named = &stap_script.locks[i - stap_script.probe_count];

		seq_printf(file, "global\t%s\t%u\t%u\n", named->name, named->lock->waits, named->lock->timeouts);
	}
	return 0;
}

static const struct seq_operations stap_account_operations = {
	.start = stap_account_start, .next = stap_account_next, .stop = stap_account_finish, .show = stap_account_show,
};
