/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * What the runtime's units share: the context of a CPU, how a hit takes it and
 * gives it back, and the calls between the core (runtime.c) and the rest.
 */
#ifndef STAP_RUNTIME_H
#define STAP_RUNTIME_H

#include <linux/context_tracking_state.h>
#include <linux/log2.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched/task_stack.h>
#include <linux/uidgid.h>
#include <linux/version.h>
#include "machine.h"
#include "stap.h"

/* The longest text that one conversion may pad to. */
#define STAP_MESSAGE_MAX 8192

/* The session's states; session.c tells how they follow each other. */
enum {
	STAP_LOADED,
	STAP_STARTING,
	STAP_RUNNING,
	STAP_STOPPING,
	STAP_FINISHING,
	STAP_STOPPED,
};

extern int stap_session_state;
extern kuid_t stap_staprun_uid;		/* of whom started the session */
extern struct rchan *stap_relay;
extern struct proc_dir_entry *stap_proc_dir;	/* /proc/systemtap/MODULE */
extern unsigned long stap_missed;	/* returns that the kernel had no room to follow */
extern unsigned long stap_allocated;	/* bytes that a session takes besides contexts, output and variables */

/* Why a hit was skipped. */
enum stap_skip {
	STAP_SKIP_NESTED,	/* inside of a handler */
	STAP_SKIP_LOCK,		/* a lock was not free in time */
	STAP_SKIP_UNWATCHED,	/* RCU was not watching */
	STAP_SKIP_LOW_STACK,
	STAP_SKIP_KPROBE,	/* the kernel was in another kprobe */
	STAP_SKIP_ENTRY,	/* it was so at the entry of a function whose return has a probe */
	STAP_SKIP_RETURN,	/* more calls were under way than are followed */
	STAP_SKIP_HELD,		/* the probe is held */
	STAP_SKIP_OUTSIDE,	/* the session is not running: before its start is complete, after its end */
	STAP_SKIPS,
};

/* What a CPU counts of a probe (account.c). */
struct stap_account {
	u32 left;	/* hits until one is timed, with that one */
	u32 samples;	/* hits that were timed */
	u64 hits;	/* and those that are left */
	u64 time;	/* of the samples */
	u64 recent;	/* time of all hits in the run of windows (overload.c) */
	u32 run;	/* which that is */
	u32 skips[STAP_SKIPS];
};

/*
 * What a unit has to do when the module is loaded, when a session starts, with its probes, when
 * those are gone, and when the module goes; each may be NULL. Whether a unit is linked with the
 * script can be told by &STAP_UNIT(name), NULL where it is not. The macro spells
 * the name, since a unit is needed wherever one of its names stands.
 */
struct stap_unit {
	int (*load)(void);	/* 0 or a negative errno; unload follows in either case */
	void (*start)(void);
	void (*arm)(void);	/* all probes have been armed: what was put off is due */
	void (*begun)(void);	/* the begin handlers have run, no other has */
	void (*settle)(void);	/* takes away what only held probes have set, and sets again what one of them wants */
	void (*disarm)(void);
	void (*stop)(void);
	void (*unload)(void);
	/* So many bytes for each CPU are there from the load on: all modules share 8 KB of static ones. */
	size_t cpu_size;
	void __percpu **cpu_area;
};

#define STAP_UNIT(name) stap_##name##_unit

extern const struct stap_unit STAP_UNIT(dataaddress) __weak;
extern const struct stap_unit STAP_UNIT(condition) __weak;
extern const struct stap_unit STAP_UNIT(defer) __weak;
extern const struct stap_unit STAP_UNIT(fault) __weak;
extern const struct stap_unit STAP_UNIT(guru) __weak;
extern const struct stap_unit STAP_UNIT(lines) __weak;
extern const struct stap_unit STAP_UNIT(log) __weak;
extern const struct stap_unit STAP_UNIT(monitor) __weak;
extern const struct stap_unit STAP_UNIT(netfilter) __weak;
extern const struct stap_unit STAP_UNIT(override) __weak;
extern const struct stap_unit STAP_UNIT(perf) __weak;
extern const struct stap_unit STAP_UNIT(place) __weak;
extern const struct stap_unit STAP_UNIT(profile) __weak;
extern const struct stap_unit STAP_UNIT(random) __weak;
extern const struct stap_unit STAP_UNIT(registers) __weak;
extern const struct stap_unit STAP_UNIT(stack) __weak;
extern const struct stap_unit STAP_UNIT(target_set) __weak;
extern const struct stap_unit STAP_UNIT(timer) __weak;
extern const struct stap_unit STAP_UNIT(tokenize) __weak;
extern const struct stap_unit STAP_UNIT(tracepoint) __weak;

/*
 * The context of a CPU: taken by one handler at a time, preemption off from
 * stap_enter() to stap_leave(). A probe that hits while its CPU's context is
 * taken (an interrupt, or a probed function that the handler itself calls) is
 * skipped and counted.
 *
 * What a hit need not set is as it is left: no error, no nesting, the stack of
 * frames empty, registers NULL.
 */
struct stap_cpu_data {
	struct stap_context context;
	union {
		u16 gate;		/* 0: a hit may take the context */
		struct {
			u8 busy;	/* it is taken; only its own CPU writes this */
			u8 closed;	/* of enum stap_closed; any CPU writes this */
		};
	};
	unsigned long cut;		/* strings that did not fit */
	char *strings;
	struct stap_window {		/* how much time handlers take (overload.c) */
		u64 begun, spent;
		u32 run;		/* counts rows of windows that were too full, from 1 */
		u32 full;		/* windows in this one */
		struct stap_probe *hottest;
		u64 hottest_spent;
		u64 run_begun;
	} window;
};

/*
 * Not DEFINE_PER_CPU: the kernel has 8 KB for what all modules together bring
 * of that. In the code of a hit an address is loaded in place of a number.
 */
extern struct stap_cpu_data __percpu *stap_cpu_area;
#define stap_cpus (*stap_cpu_area)

/* Why hits do not take a CPU's context without a closer look. */
enum stap_closed {
	STAP_CLOSED = 1,	/* the session is not RUNNING */
	STAP_WARY = 2,		/* a probe that is set may be held */
};

/* Why a probe's handler does not run for a while; any of these are enough. */
enum stap_hold {
	STAP_HELD_CONDITION = 1,	/* its condition is false */
	STAP_HELD_OVERLOAD = 2,		/* it took too much time */
	STAP_HELD_MONITOR = 4,		/* somebody has switched it off */
	STAP_HELD_PAUSE = 8,		/* so have all been */
};

/*
 * From any context, NMIs too: the probe's handler does not begin any more, and
 * soon the probe is taken away; and back. What runs goes on to its end.
 */
void stap_hold(struct stap_probe *probe, unsigned int why);
void stap_unhold(struct stap_probe *probe, unsigned int why);

/* Orders about probes: of all of them, and of one by its index. */
int stap_order_pause(const char *text);
int stap_order_resume(const char *text);
int stap_order_hold(const char *text);
int stap_order_unhold(const char *text);
int stap_order_toggle(const char *text);

static __always_inline bool stap_is_held(const struct stap_probe *probe)
{
	return READ_ONCE(probe->held);
}

/* Queues a line for staprun, from any context; format is NULL when kind says all. */
void stap_event(const char *kind, const char *format, ...) __printf(2, 3);
/* Counts hits of a probe that were skipped, from any context. */
void stap_skip(const struct stap_probe *probe, enum stap_skip why, unsigned long n);
/* Prints the backtrace (stack.c); note, which may be NULL, adds to each frame what it knows of the instruction. */
typedef void (*stap_frame_note)(struct stap_context *c, unsigned long address);
void stap_print_frames(struct stap_context *c, stap_frame_note note);
/* A probe could not be set. */
void stap_arm_failed(const struct stap_probe *probe, int rc);
/* A probe that was held could not be set again, if rc is not 0. */
static inline void stap_set_again(const struct stap_probe *probe, int rc)
{
	if (rc)
		stap_warning("probe %s cannot be set again (rc %d)", probe->point, rc);
}
/* The handler ended with a run-time error. */
void stap_handler_failed(struct stap_context *c);
/* Publishes what the handler printed. */
void stap_message_commit(struct stap_context *c);

static inline void stap_string_cut(void)
{
	this_cpu_ptr(&stap_cpus)->cut++;
}

/*
 * Makes the CPU skip hits until stap_release(); gives whether it did not do so
 * already, and stap_release() is due. Interrupts or preemption are off.
 */
static __always_inline bool stap_occupy(void)
{
	struct stap_cpu_data *this = this_cpu_ptr(&stap_cpus);

	if (this->busy)
		return false;
	this->busy = 1;
	barrier();
	return true;
}

static __always_inline void stap_release(void)
{
	barrier();
	this_cpu_ptr(&stap_cpus)->busy = 0;
}

/* Whether RCU protects what the handler reads; it does not where the kernel is about to be idle. */
static __always_inline bool stap_rcu_is_watching(void)
{
#if defined(STAP_EXPORTED_context_tracking) && defined(CT_RCU_WATCHING)
	const int watching = CT_RCU_WATCHING;
#elif defined(STAP_EXPORTED_context_tracking) && defined(RCU_DYNTICKS_IDX)
	const int watching = RCU_DYNTICKS_IDX;
#else
	return rcu_is_watching();
#define STAP_RCU_BY_CALL
#endif
#ifndef STAP_RCU_BY_CALL
	stap_machine_test(context_tracking.state.counter, watching, no);
	return true;
no:
	return false;
#endif
}

/*
 * Whether little may be left of the stack: of the task's, that is so in the
 * last bytes of an aligned block. On other stacks this says nothing.
 */
static __always_inline bool stap_stack_may_be_low(void)
{
	const unsigned long last = roundup_pow_of_two(MINSTACKSPACE);

	stap_machine_low(-last & (THREAD_SIZE - 1), low);
	return false;
low:
	return true;
}

/* What is this CPU's, as a pointer that the compiler does not take to pieces again. Preemption is off. */
static __always_inline struct stap_cpu_data *stap_this_cpu(void)
{
	struct stap_cpu_data *this = this_cpu_ptr(&stap_cpus);

	OPTIMIZER_HIDE_VAR(this);
	return this;
}

/* Whether a hit may take the context; if not, that wants a closer look. Preemption is off. */
static __always_inline bool stap_is_free(const struct stap_cpu_data *this)
{
	return likely(!this->gate && !stap_stack_may_be_low());
}

static __always_inline struct stap_account __percpu *stap_account(const struct stap_probe *probe)
{
	return (struct stap_account __percpu *)(unsigned long)probe->account;
}

/* Counts a hit; gives whether it is to be timed. The context is taken. */
static __always_inline bool stap_count(const struct stap_probe *probe)
{
	struct stap_account __percpu *account = stap_account(probe);

	stap_machine_count(account->left, timed);
	return false;
timed:
	return true;
}

/* Runs the handler and takes its time; for run, stap_run() or stap_run_once(). */
void stap_handle_timed(struct stap_context *c);
void stap_handle_once(struct stap_context *c);

/* Runs the handler of a hit that has the context. Each instruction counts here. */
static __always_inline void stap_handle(struct stap_context *c)
{
	if (likely(!stap_count(c->probe)))
		stap_run(c);
	else
		stap_handle_timed(c);
}

static __always_inline struct stap_context *stap_take(struct stap_cpu_data *this, const struct stap_probe *probe)
{
	this->busy = 1;
	barrier();
	this->context.probe = probe;
	return &this->context;
}

/* Looks closer, and takes the context if it can; a hit that is skipped is counted. */
struct stap_context *stap_take_after_all(const struct stap_probe *probe, int state);

/*
 * A hit of probe while the session is in the wanted state: preemption off, and
 * the context. NULL: the hit is skipped, and preemption is as it was.
 */
static __always_inline struct stap_context *stap_enter(const struct stap_probe *probe, int state)
{
	struct stap_cpu_data *this;
	struct stap_context *c;

	preempt_disable_notrace();
	this = stap_this_cpu();
	if (state == STAP_RUNNING && stap_is_free(this) && !stap_is_held(probe)) {
		c = stap_take(this, probe);
	} else {
		c = stap_take_after_all(probe, state);
		if (!c) {
			preempt_enable_notrace();
			return NULL;
		}
	}
	c->address = 0;
	c->arguments = NULL;
	return c;
}

/* What is due when a handler has printed or failed. */
void stap_conclude(struct stap_context *c);

static __always_inline void stap_give(struct stap_context *c)
{
	struct stap_cpu_data *this = container_of(c, struct stap_cpu_data, context);

	if (unlikely((unsigned long)c->out.at | (unsigned long)c->error))
		stap_conclude(c);
	barrier();
	this->busy = 0;
}

static __always_inline void stap_leave(struct stap_context *c)
{
	c->registers = NULL;
	stap_give(c);
	preempt_enable_notrace();
}

/* Runs the handler of a hit whose registers the kernel saved; kept is NULL where nothing is kept. */
static __always_inline void stap_run_with(struct stap_context *c, void *registers, char *kept, unsigned long address)
{
	c->arguments = NULL;
	c->registers = registers;
	if (!__builtin_constant_p(kept) || kept)
		c->kept = kept;
	c->address = address;
	stap_handle(c);
	stap_leave(c);
}

static noinline __maybe_unused void notrace stap_hit_after_all(const struct stap_probe *probe, void *registers, char *kept,
							     unsigned long address)
{
	struct stap_context *c = stap_take_after_all(probe, STAP_RUNNING);

	if (c)
		stap_run_with(c, registers, kept, address);
	else
		preempt_enable_notrace();
}

/* A hit with registers, all of it. Each instruction counts here. */
static __always_inline void stap_hit(const struct stap_probe *probe, void *registers, char *kept, unsigned long address)
{
	struct stap_cpu_data *this;

	preempt_disable_notrace();
	this = stap_this_cpu();
	if (stap_is_free(this))
		stap_run_with(stap_take(this, probe), registers, kept, address);
	else
		stap_hit_after_all(probe, registers, kept, address);
}

#endif
