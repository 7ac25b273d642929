/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * What the runtime's units share: the context of a CPU, how a hit takes it and
 * gives it back, and the calls between the core (runtime.c) and the rest.
 */
#ifndef STAP_RUNTIME_H
#define STAP_RUNTIME_H

#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched/task_stack.h>
#include <linux/uidgid.h>
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
extern unsigned long stap_missed;	/* returns that the kernel had no room to follow */
extern unsigned long stap_allocated;	/* bytes that a session takes besides contexts, output and variables */

/*
 * What a unit has to do when a session starts, when its probes are gone, and
 * when the module goes; each may be NULL. Whether a unit is linked with the
 * script can be told by &STAP_UNIT(name), NULL where it is not. The macro spells
 * the name, since a unit is needed wherever one of its names stands.
 */
struct stap_unit {
	void (*start)(void);
	void (*stop)(void);
	void (*unload)(void);
};

#define STAP_UNIT(name) stap_##name##_unit

extern const struct stap_unit STAP_UNIT(dataaddress) __weak;
extern const struct stap_unit STAP_UNIT(log) __weak;
extern const struct stap_unit STAP_UNIT(registers) __weak;
extern const struct stap_unit STAP_UNIT(target_set) __weak;

/*
 * The context of a CPU: taken by one handler at a time, preemption off from
 * stap_enter() to stap_leave(). A probe that hits while its CPU's context is
 * taken (an interrupt, or a probed function that the handler itself calls) is
 * skipped and counted.
 */
struct stap_cpu_data {
	struct stap_context context;
	int busy;
	unsigned long reentered;	/* hits skipped because of busy */
	unsigned long unlocked;		/* hits skipped because a lock was not free in time */
	unsigned long unwatched;	/* hits skipped because RCU was not watching */
	unsigned long low_stack;	/* hits skipped because little was left of the stack */
	unsigned long cut;		/* strings that did not fit */
	char *strings;
};

DECLARE_PER_CPU(struct stap_cpu_data, stap_cpus);

struct kprobe;
void stap_kprobe_at(struct kprobe *kprobe, const struct stap_address *at);

/* Queues a line for staprun, from any context; format is NULL when kind says all. */
void stap_event(const char *kind, const char *format, ...) __printf(2, 3);
/* A hit was skipped that should not have been. */
void stap_skipped(void);
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

/* On other stacks than the task's, the difference is large. */
static __always_inline bool stap_stack_is_low(void)
{
	return current_stack_pointer - (unsigned long)task_stack_page(current) < MINSTACKSPACE;
}

/*
 * Takes the context for a hit of probe while the session is in the wanted
 * state. NULL: the hit is skipped, and preemption is as it was.
 */
static __always_inline struct stap_context *stap_enter(const struct stap_probe *probe, int state)
{
	struct stap_cpu_data *this;
	struct stap_context *c;

	preempt_disable_notrace();
	this = this_cpu_ptr(&stap_cpus);
	if (unlikely(READ_ONCE(stap_session_state) != state))
		goto skip;
	if (unlikely(this->busy)) {
		this->reentered++;
		goto skip;
	}
	if (unlikely(stap_stack_is_low())) {
		this->low_stack++;
		stap_skipped();
		goto skip;
	}
	this->busy = 1;
	barrier();
	c = &this->context;
	c->probe = probe;
	c->address = 0;
	c->registers = NULL;
	c->arguments = NULL;
	c->kept = NULL;
	c->error = NULL;
	c->actions = MAXACTION_INTERRUPTIBLE;
	c->nesting = 0;
	c->strings = this->strings;
	return c;
skip:
	preempt_enable_notrace();
	return NULL;
}

static __always_inline void stap_leave(struct stap_context *c)
{
	struct stap_cpu_data *this = container_of(c, struct stap_cpu_data, context);

	if (c->out.at)
		stap_message_commit(c);
	if (unlikely(c->error))
		stap_handler_failed(c);
	barrier();
	this->busy = 0;
	preempt_enable_notrace();
}

#endif
