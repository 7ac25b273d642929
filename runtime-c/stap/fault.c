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
 * Calls in interrupts, and those of tasks that do not descend from the target, share the key 0.
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

struct stap_fault_state {
	struct stap_fault_settings settings;
	bool on, wanted;	/* it may happen; it is to, once what is awaited is there */
	bool filtered;		/* some setting tells calls apart before they are counted */
	bool awaited;		/* a worker looks up what the settings name */
	unsigned long caller, caller_end;
	struct cgroup *cgroup;
	u64 since;		/* the settings hold, by ktime_get_mono_fast_ns() */
	struct stap_fault_list *list;	/* NULL: settings decide */
	atomic64_t others ____cacheline_aligned_in_smp;	/* calls under the key 0 */
	atomic64_t gone;	/* calls of tasks that are no more */
	atomic64_t passed;	/* calls that were counted since the settings hold */
	atomic64_t considered, injected;	/* those and such as failed, from the start on */
	atomic64_t left;	/* times it may still happen */
	atomic_t unlogged;	/* it happened, and the log had no room */
};

static struct stap_fault_state *stap_fault_states;

static inline unsigned int stap_fault_index(const char *name)
{
	return container_of(name, struct stap_fault, name[0]) - stap_faults;
}

/* 64 bits of which each depends on all that goes in. */
static inline u64 stap_fault_hash(u64 seed, u64 key, u64 number)
{
	u64 hash = (seed ^ key) * 0x9e3779b97f4a7c15ULL + number;

	hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9ULL;
	hash = (hash ^ hash >> 27) * 0x94d049bb133111ebULL;
	return hash ^ hash >> 31;
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

	return cgroup && in_task() && cgroup_is_descendant(task_dfl_cgroup(current), cgroup);
#else
	return false;
#endif
}

/* What a call says of itself: a number, or several from the first on, and a text. */
struct stap_fault_call {
	bool numbered;
	stap_long first, count;
	const char *text;	/* NULL: it has none */
};

/* The settings that tell calls apart, those that cost much last. */
static noinline bool stap_fault_passes(const struct stap_fault_state *state, const struct stap_fault_call *call, u64 key)
{
	const struct stap_fault_settings *s = &state->settings;

	if (s->target && !key)
		return false;
	if (s->ranged && !(call->numbered && call->count > 0 && call->first <= s->high && call->first + (call->count - 1) >= s->low))
		return false;
	if (s->process_id && !(in_task() && task_tgid_nr(current) == s->process_id))
		return false;
	if (s->process[0] && !(in_task() && stap_glob(s->process, current->comm)))
		return false;
	if (s->match[0] && !(call->text && stap_glob(s->match, call->text)))
		return false;
	if (s->after && ktime_get_mono_fast_ns() - state->since < s->after)
		return false;
	if (s->cgroup[0] && !stap_fault_in_cgroup(state))
		return false;
	return !s->caller[0] || stap_fault_called_by(state);
}

static noinline int stap_fault_injects(struct stap_fault_state *state, u64 key, u64 number)
{
	if (state->settings.times != STAP_FAULT_ALWAYS && atomic64_dec_if_positive(&state->left) < 0)
		return 0;
	atomic64_inc(&state->injected);
	stap_fault_note(state, key, number);
	return 1;
}

/* Each instruction counts here: an armed fault that does not happen must cost next to nothing. */
static __always_inline int stap_fault_decide(const char *name, const struct stap_fault_call *call)
{
	unsigned int index = stap_fault_index(name);
	struct stap_fault_state *state = &stap_fault_states[index];
	const struct stap_fault_settings *s = &state->settings;
	u64 key, number, passed;

	number = stap_fault_number(state, index, &key);
	if (!READ_ONCE(state->on))
		return 0;
	if (unlikely(state->list)) {
		atomic64_inc(&state->considered);
		return stap_fault_is_listed(smp_load_acquire(&state->list), key, number) && stap_fault_injects(state, key, number);
	}
	if (state->filtered && !stap_fault_passes(state, call, key))
		return 0;
	atomic64_inc(&state->considered);
	passed = atomic64_inc_return(&state->passed);
	if (passed <= s->skip)
		return 0;
	if (s->every > 1 && (passed - s->skip) % s->every)
		return 0;
	if (s->probability != STAP_FAULT_CERTAIN && stap_fault_hash(s->seed + index, key, number) >> 32 >= s->probability)
		return 0;
	return stap_fault_injects(state, key, number);
}

int stap_fault(const char *name)
{
	const struct stap_fault_call call = { };

	return stap_fault_decide(name, &call);
}

int stap_fault_at(const char *name, stap_long first, stap_long count)
{
	const struct stap_fault_call call = { .numbered = true, .first = first, .count = count };

	return stap_fault_decide(name, &call);
}

int stap_fault_on(const char *name, const char *text, stap_long first, stap_long count)
{
	const struct stap_fault_call call = { .numbered = true, .first = first, .count = count, .text = text };

	return stap_fault_decide(name, &call);
}

stap_long stap_fault_first(const char *name, stap_long first)
{
	const struct stap_fault_settings *s = &stap_fault_states[stap_fault_index(name)].settings;

	return s->ranged && s->low > first ? s->low : first;
}

stap_long stap_fault_injected(const char *name)
{
	return atomic64_read(&stap_fault_states[stap_fault_index(name)].injected);
}

stap_long stap_fault_calls(const char *name)
{
	unsigned int index = stap_fault_index(name);

	return stap_fault_calls_of(&stap_fault_states[index], index);
}

static int stap_fault_load(void)
{
	unsigned int i;

	stap_fault_states = kcalloc(stap_faults_count, sizeof(*stap_fault_states), GFP_KERNEL);
	if (!stap_fault_states || !stap_fault_log_load() || !stap_fault_files())
		return -ENOMEM;
	for (i = 0; i < stap_faults_count; i++)
		stap_fault_reset(&stap_fault_states[i].settings);
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
