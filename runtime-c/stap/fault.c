/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Faults: a script asks at a call whether it fails, by a name.
 *
 *	probe kernel.function("vfs_read").call { if (fault("disk")) override_return(-5) }
 *
 * Settings say when that is so (fault_set.c). They come from fault_set("disk", "every=100") or are
 * written to /proc/systemtap/MODULE/faults, and can be changed while the script runs. Without any a
 * fault is off.
 *
 * A call goes through
 *
 *	number ──▶ on? ──▶ process, caller, range ... ──▶ skip, every, probability ──▶ times, log
 *
 * The number is that of the call among those of its task, and the task has a key that is the same
 * in each run of a command (fault_tasks.c). Whether a probability hits is computed from seed, fault,
 * key and number, and nothing else, so a run with the same seed has the same faults at the same
 * calls. So has one that gets them from the log of a run (fault_log.c).
 *
 * Calls in interrupts, and those of tasks that do not descend from the target, are counted by CPU.
 */
#include <linux/atomic.h>
#include <linux/cgroup.h>
#include <linux/ctype.h>
#include <linux/hash.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/kallsyms.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/stacktrace.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include "follow.h"
#include "place.h"
#include "proc.h"
#include "runtime.h"
#include "timer.h"

#define STAP_FAULT_ORDER 256
#define STAP_FAULT_TEXT 64
#define STAP_FAULT_CERTAIN (1ULL << 32)
#define STAP_FAULT_ALWAYS S64_MAX

/* What a setting can say; 0, or "" of a text, where it says nothing. */
struct stap_fault_settings {
	u64 probability;	/* of STAP_FAULT_CERTAIN */
	u64 seed;
	u64 skip, every;	/* calls */
	s64 times;		/* STAP_FAULT_ALWAYS: without end */
	u64 after;		/* nanoseconds */
	pid_t process_id;
	bool target;		/* only tasks that descend from it */
	bool ranged;
	stap_long low, high;	/* of what the call names by a number */
	char share[16];		/* the probability as it was written */
	char process[TASK_COMM_LEN], caller[KSYM_NAME_LEN], cgroup[STAP_FAULT_TEXT], match[STAP_FAULT_TEXT];
};

/* Calls of the log, by a hash of key and number: open addressing, less than half full. */
struct stap_fault_list {
	unsigned int room, count;
	u64 calls[];
};

/* What is to be asked at a call; with none of these, each call fails. */
enum {
	STAP_FAULT_OFF = 1,
	STAP_FAULT_FILTERED = 2,	/* stap_fault_passes() */
	STAP_FAULT_LISTED = 4,	/* the list decides, and nothing else */
	STAP_FAULT_TARGET = 8,	/* whether the task descends from the target */
	STAP_FAULT_COUNTED = 16,	/* skip and every */
	STAP_FAULT_PROBABLE = 32,
	STAP_FAULT_INITIAL = 64,	/* the first letter of the process's name tells most calls apart */
};

struct stap_fault_state {
	struct stap_fault_settings settings;
	unsigned int index;	/* of the fault */
	unsigned int mode;	/* of those above */
	bool wanted;		/* it is to be on, once what is awaited is there */
	bool awaited;		/* a worker looks up what the settings name */
	unsigned long caller, caller_end;
	struct cgroup *cgroup;
	u64 seed;		/* faults with the same one choose different calls */
	u64 since;		/* the settings hold, by ktime_get_mono_fast_ns() */
	u64 considered;		/* calls that settings before did not pass by */
	u64 calls;		/* all that there were when the settings came */
	struct stap_fault_list *list;	/* NULL: settings decide */
	atomic64_t passed ____cacheline_aligned_in_smp;	/* calls that these did not, where they are filtered */
	atomic64_t wait;	/* calls until the next one that COUNTED lets through */
	atomic64_t gone;	/* calls of tasks that are no more */
	atomic64_t injected;	/* calls that failed */
	atomic64_t left;	/* times it may still happen */
	atomic_t unlogged;	/* it happened, and the log had no room */
};

static struct stap_fault_state *stap_fault_states;

static __always_inline struct stap_fault_state *stap_fault_of(const char *name)
{
	return container_of(name, struct stap_fault, name[0])->state;
}

/* 64 bits of which each depends on all that goes in. */
static inline u64 stap_fault_hash(u64 seed, u64 key, u64 number)
{
	u64 hash = (seed ^ key) * 0x9e3779b97f4a7c15ULL + number;

	hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9ULL;
	hash = (hash ^ hash >> 27) * 0x94d049bb133111ebULL;
	return hash ^ hash >> 31;
}

/* What is below the probability, by chance: two of the rounds above, since each instruction counts here. */
static __always_inline u64 stap_fault_chance(u64 seed, u64 key, u64 number)
{
	u64 chance = ((seed ^ key) + number) * 0xbf58476d1ce4e5b9ULL;

	return ((chance ^ chance >> 32) * 0x94d049bb133111ebULL) >> 32;
}

static u64 stap_fault_listed(u64 key, u64 number)
{
	return stap_fault_hash(0, key, number) ?: 1;
}

#include "fault_tasks.c"
#include "fault_log.c"
#include "fault_set.c"
#include "fault_files.c"

static noinline bool stap_fault_is_listed(const struct stap_fault_list *list, u64 key, u64 number)
{
	u64 call = stap_fault_listed(key, number), has;
	unsigned int i = call;

	do
		has = READ_ONCE(list->calls[i++ & (list->room - 1)]);
	while (has && has != call);
	return has;
}

#define STAP_FAULT_CALLERS 48

static bool stap_fault_called_by(const struct stap_fault_state *state)
{
	unsigned long callers[STAP_FAULT_CALLERS];
	unsigned int i, n = stack_trace_save(callers, STAP_FAULT_CALLERS, 0);

	for (i = 0; i < n; i++)
		if (callers[i] > state->caller && callers[i] <= state->caller_end)
			return true;
	return false;
}

static bool stap_fault_in_cgroup(const struct stap_fault_state *state)
{
#ifdef CONFIG_CGROUPS
	struct cgroup *cgroup = READ_ONCE(state->cgroup);
	bool inside;

	if (!cgroup || !in_task())
		return false;
	rcu_read_lock();
	inside = cgroup_is_descendant(task_dfl_cgroup(current), cgroup);
	rcu_read_unlock();
	return inside;
#else
	return false;
#endif
}

/* The settings that tell calls apart, those that cost much last. A count of 0 says that the call names no number. */
static bool stap_fault_passes(const struct stap_fault_state *state, stap_long first, stap_long count, const char *text)
{
	const struct stap_fault_settings *s = &state->settings;

	if (s->ranged && !(count > 0 && first <= s->high && first + (count - 1) >= s->low))
		return false;
	if (s->process_id && !(in_task() && task_tgid_nr(current) == s->process_id))
		return false;
	if (s->process[0] && !(in_task() && stap_glob(s->process, current->comm)))
		return false;
	if (s->match[0] && !(text && stap_glob(s->match, text)))
		return false;
	if (s->after && ktime_get_mono_fast_ns() - state->since < s->after)
		return false;
	if (s->cgroup[0] && !stap_fault_in_cgroup(state))
		return false;
	return !s->caller[0] || stap_fault_called_by(state);
}

static noinline int stap_fault_inject(struct stap_fault_state *state, u64 key, u64 number)
{
	if (state->settings.times != STAP_FAULT_ALWAYS && atomic64_dec_if_positive(&state->left) < 0)
		return 0;
	atomic64_inc(&state->injected);
	stap_fault_note(state, key, number);
	return 1;
}

/* A call that the filters let through. */
static __always_inline int stap_fault_choose(struct stap_fault_state *state, unsigned int mode, u64 key, u64 number)
{
	const struct stap_fault_settings *s = &state->settings;

	if (mode & STAP_FAULT_COUNTED) {
		if (likely(!atomic64_dec_and_test(&state->wait)))
			return 0;
		atomic64_add(s->every, &state->wait);
	}
	if (mode & STAP_FAULT_PROBABLE && stap_fault_chance(state->seed, key, number) >= s->probability)
		return 0;
	return stap_fault_inject(state, key, number);
}

static noinline int stap_fault_look_closer(struct stap_fault_state *state, u64 key, u64 number, stap_long first, stap_long count,
					   const char *text)
{
	unsigned int mode = READ_ONCE(state->mode);

	if (mode & STAP_FAULT_LISTED) {
		atomic64_inc(&state->passed);
		return stap_fault_is_listed(smp_load_acquire(&state->list), key, number) && stap_fault_inject(state, key, number);
	}
	if (mode & STAP_FAULT_TARGET && stap_fault_is_of_cpu(key))
		return 0;
	if (mode & STAP_FAULT_FILTERED && !stap_fault_passes(state, first, count, text))
		return 0;
	atomic64_inc(&state->passed);
	return stap_fault_choose(state, mode, key, number);
}

/* Each instruction counts here: an armed fault that does not happen must cost next to nothing. */
static __always_inline int stap_fault_decide(const char *name, stap_long first, stap_long count, const char *text)
{
	struct stap_fault_state *state = stap_fault_of(name);
	const struct stap_fault_caller *caller = stap_fault_caller();
	unsigned int mode = READ_ONCE(state->mode);
	u64 number = ++caller->calls[state->index];

	if (mode & STAP_FAULT_OFF)
		return 0;
	if (mode & STAP_FAULT_INITIAL && *current->comm != *state->settings.process)
		return 0;
	if (mode & (STAP_FAULT_FILTERED | STAP_FAULT_LISTED) || stap_fault_is_of_cpu(caller->key))
		return stap_fault_look_closer(state, caller->key, number, first, count, text);
	return stap_fault_choose(state, mode, caller->key, number);
}

int stap_fault(const char *name)
{
	return stap_fault_decide(name, 0, 0, NULL);
}

int stap_fault_at(const char *name, stap_long first, stap_long count)
{
	return stap_fault_decide(name, first, count, NULL);
}

int stap_fault_on(const char *name, const char *text, stap_long first, stap_long count)
{
	return stap_fault_decide(name, first, count, text);
}

stap_long stap_fault_first(const char *name, stap_long first)
{
	const struct stap_fault_settings *s = &stap_fault_of(name)->settings;

	return s->ranged && s->low > first ? s->low : first;
}

stap_long stap_fault_injected(const char *name)
{
	return atomic64_read(&stap_fault_of(name)->injected);
}

stap_long stap_fault_calls(const char *name)
{
	return stap_fault_calls_of(stap_fault_of(name), false);
}

static int stap_fault_load(void)
{
	unsigned int i;

	stap_fault_states = kcalloc(stap_faults_count, sizeof(*stap_fault_states), GFP_KERNEL);
	if (!stap_fault_states || !stap_fault_callers_load() || !stap_fault_log_load() || !stap_fault_files())
		return -ENOMEM;
	for (i = 0; i < stap_faults_count; i++) {
		stap_faults[i].state = &stap_fault_states[i];
		stap_fault_states[i].index = i;
		stap_fault_states[i].mode = STAP_FAULT_OFF;
		stap_fault_reset(&stap_fault_states[i].settings);
	}
	stap_hrtimer_init(&stap_fault_watchdog, stap_fault_watch, HRTIMER_MODE_REL_HARD);
	return 0;
}

static void stap_fault_start(void)
{
	if (!stap_fault_tasks_start())
		stap_warning("there is no memory to tell the target's tasks apart: faults count all of them as one");
	hrtimer_start(&stap_fault_watchdog, ns_to_ktime(NSEC_PER_SEC), HRTIMER_MODE_REL_HARD);
}

/* What the begin handlers have set holds before the first call. */
static void stap_fault_begun(void)
{
	irq_work_sync(&stap_fault_asked);
	flush_work(&stap_fault_work);
}

static void stap_fault_stop(void)
{
	hrtimer_cancel(&stap_fault_watchdog);
	stap_fault_tasks_stop();
}

static void stap_fault_unload(void)
{
	unsigned int i;

	irq_work_sync(&stap_fault_asked);
	cancel_work_sync(&stap_fault_work);
	for (i = 0; stap_fault_states && i < stap_faults_count; i++) {
		kvfree(stap_fault_states[i].list);
#ifdef CONFIG_CGROUPS
		if (stap_fault_states[i].cgroup)
			cgroup_put(stap_fault_states[i].cgroup);
#endif
	}
	stap_fault_tasks_unload();
	vfree(stap_fault_notes);
	kfree(stap_fault_states);
}

const struct stap_unit STAP_UNIT(fault) = {
	.load = stap_fault_load, .start = stap_fault_start, .begun = stap_fault_begun, .stop = stap_fault_stop, .unload = stap_fault_unload,
	.cpu_size = sizeof(struct stap_fault_cpu), .cpu_area = (void __percpu **)&stap_fault_cpus,
};
