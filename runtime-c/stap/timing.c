/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * What each probe cost (-t): its hits and how long they took, what was skipped
 * and why, and how often globals were waited for. The script calls it around its
 * handlers; one that does not has none of this in it.
 *
 * /proc/systemtap/MODULE/timing has it, for staprun, once the session is over. Words are
 * separated by tabs:
 *
 *	unit UNIT					of the times: cycles or nsecs
 *	probe INDEX HITS LEAST MOST SUM SQUARES_HIGH SQUARES_LOW POINT PLACE ORIGIN
 *	skip INDEX N WHY
 *	global NAME WAITS TIMEOUTS
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>
#include <linux/timex.h>
#include <linux/vmalloc.h>
#include "runtime.h"

struct stap_timing_cpu {
	u64 hits;
	u64 least, most, sum;
	u64 squares[2];		/* of the times, summed: high and low word */
	u32 skips[STAP_SKIPS];
};

static DEFINE_PER_CPU(struct stap_timing_cpu *, stap_timing_cpus);

#ifdef STP_TIMING_NSECS
#define STAP_TIMING_UNIT "nsecs"
#else
#define STAP_TIMING_UNIT "cycles"
#endif

stap_ulong stap_timing_now(void)
{
#ifdef STP_TIMING_NSECS
	return ktime_get_mono_fast_ns();
#else
	return get_cycles();
#endif
}

static struct stap_timing_cpu *stap_timing_of(const struct stap_probe *probe, int cpu)
{
	struct stap_timing_cpu *all = per_cpu(stap_timing_cpus, cpu);

	return all ? &all[probe - stap_script.probes] : NULL;
}

void stap_timing_end(struct stap_context *c, stap_ulong begun)
{
	stap_ulong took = stap_timing_now() - begun;
	struct stap_timing_cpu *this = stap_timing_of(c->probe, smp_processor_id());
	unsigned __int128 squares;

	if (!this)
		return;
	if (!this->hits++ || took < this->least)
		this->least = took;
	if (took > this->most)
		this->most = took;
	this->sum += took;
	squares = ((unsigned __int128)this->squares[0] << 64 | this->squares[1]) + (unsigned __int128)took * took;
	this->squares[0] = squares >> 64;
	this->squares[1] = squares;
}

static void stap_timing_skipped(const struct stap_probe *probe, enum stap_skip why, unsigned long n)
{
	struct stap_timing_cpu *this = stap_timing_of(probe, raw_smp_processor_id());

	if (this)
		this->skips[why] += n;
}

static void stap_timing_free(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		vfree(per_cpu(stap_timing_cpus, cpu));
		per_cpu(stap_timing_cpus, cpu) = NULL;
	}
}

static void *stap_timing_start(struct seq_file *file, loff_t *position)
{
	/* the probes, the globals, and the unit in front */
	return *position <= stap_script.probe_count + stap_script.timing_lock_count ? position : NULL;
}

static void *stap_timing_next(struct seq_file *file, void *at, loff_t *position)
{
	++*position;
	return stap_timing_start(file, position);
}

static void stap_timing_finish(struct seq_file *file, void *at)
{
}

static void stap_timing_show_probe(struct seq_file *file, unsigned int i)
{
	static const char *const whys[STAP_SKIPS] = {
		[STAP_SKIP_NESTED] = "hits inside of handlers", [STAP_SKIP_LOCK] = "global lock timeout",
		[STAP_SKIP_UNWATCHED] = "RCU not watching", [STAP_SKIP_LOW_STACK] = "low stack",
		[STAP_SKIP_KPROBE] = "missed kprobe", [STAP_SKIP_ENTRY] = "missed kretprobe/1",
		[STAP_SKIP_RETURN] = "missed kretprobe/2",
	};
	const struct stap_probe *probe = &stap_script.probes[i];
	struct stap_timing_cpu all = { };
	unsigned __int128 squares = 0;
	int cpu, why;

	for_each_possible_cpu(cpu) {
		const struct stap_timing_cpu *this = stap_timing_of(probe, cpu);

		if (!this)
			continue;
		if (this->hits && (!all.hits || this->least < all.least))
			all.least = this->least;
		all.hits += this->hits;
		all.most = max(all.most, this->most);
		all.sum += this->sum;
		squares += (unsigned __int128)this->squares[0] << 64 | this->squares[1];
		for (why = 0; why < STAP_SKIPS; why++)
			all.skips[why] += this->skips[why];
	}
	if (all.hits)
		seq_printf(file, "probe\t%u\t%llu\t%llu\t%llu\t%llu\t%llu\t%llu\t%s\t%s\t%s\n", i, all.hits, all.least, all.most,
			   all.sum, (u64)(squares >> 64), (u64)squares, probe->point,
			   stap_script.timing_probes[i].place, stap_script.timing_probes[i].origin);
	for (why = 0; why < STAP_SKIPS; why++)
		if (all.skips[why])
			seq_printf(file, "skip\t%u\t%u\t%s\t%s\n", i, all.skips[why], whys[why], probe->point);
}

static int stap_timing_show(struct seq_file *file, void *at)
{
	loff_t i = *(loff_t *)at;

	if (!i--) {
		seq_puts(file, "unit\t" STAP_TIMING_UNIT "\n");
	} else if (i < stap_script.probe_count) {
		stap_timing_show_probe(file, i);
	} else {
		const struct stap_timing_lock *lock = &stap_script.timing_locks[i - stap_script.probe_count];

		seq_printf(file, "global\t%s\t%u\t%u\n", lock->name, lock->lock->waits, lock->lock->timeouts);
	}
	return 0;
}

static const struct seq_operations stap_timing_operations = {
	.start = stap_timing_start, .next = stap_timing_next, .stop = stap_timing_finish, .show = stap_timing_show,
};

static void stap_timing_open(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		per_cpu(stap_timing_cpus, cpu) = vzalloc(stap_script.probe_count * sizeof(struct stap_timing_cpu));
		if (!per_cpu(stap_timing_cpus, cpu))
			stap_warning("-t: no memory to count the probes of CPU %d", cpu);
	}
	stap_allocated += num_possible_cpus() * stap_script.probe_count * sizeof(struct stap_timing_cpu);
	if (!proc_create_seq("timing", 0400, stap_proc_dir, &stap_timing_operations))
		stap_warning("-t: there will be no report: the kernel makes no file for it");
}

const struct stap_unit STAP_UNIT(timing) = {
	.start = stap_timing_open, .skipped = stap_timing_skipped, .unload = stap_timing_free,
};
