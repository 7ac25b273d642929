/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Following a process and its descendants. */
#ifndef STAP_FOLLOW_H
#define STAP_FOLLOW_H

#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

struct stap_wanted_tracepoint {
	const char *name;
	struct tracepoint *found;
};

static inline void stap_tracepoint_is_wanted(struct tracepoint *tracepoint, void *data)
{
	struct stap_wanted_tracepoint *wanted = data;

	if (!strcmp(tracepoint->name, wanted->name))
		wanted->found = tracepoint;
}

/* NULL: the kernel has none of that name. */
static inline struct tracepoint *stap_kernel_tracepoint(const char *name)
{
	struct stap_wanted_tracepoint wanted = { .name = name };

	for_each_kernel_tracepoint(stap_tracepoint_is_wanted, &wanted);
	return wanted.found;
}

/* Has a function called at a tracepoint of the kernel; NULL: that cannot be. */
static inline struct tracepoint *stap_follow(const char *name, void *function)
{
	struct tracepoint *tracepoint = stap_kernel_tracepoint(name);

	return tracepoint && !tracepoint_probe_register(tracepoint, function, NULL) ? tracepoint : NULL;
}

/* The function is not called any more. */
static inline void stap_unfollow(struct tracepoint **tracepoint, void *function)
{
	if (!*tracepoint)
		return;
	tracepoint_probe_unregister(*tracepoint, function, NULL);
	tracepoint_synchronize_unregister();
	*tracepoint = NULL;
}

/* Whether a process is another one or came from it; RCU protects them. */
static inline bool stap_descends(struct task_struct *task, pid_t ancestor)
{
	while (task->tgid != ancestor && task->tgid > 1)
		task = rcu_dereference(task->real_parent);
	return task->tgid == ancestor;
}

#endif
