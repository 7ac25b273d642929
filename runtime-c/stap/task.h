/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What the units that look at tasks share. */
#ifndef STAP_TASK_H
#define STAP_TASK_H

#include <linux/rcupdate.h>
#include <linux/sched.h>

/* Before Linux 5.14 a task's state has another name, and this none. */
#ifndef task_is_running
#define task_is_running(task) (READ_ONCE((task)->state) == TASK_RUNNING)
#endif

/* A handler, which cannot be preempted, is a reader of RCU. */
static inline struct task_struct *stap_parent(struct task_struct *task)
{
	return rcu_dereference_sched(task->real_parent);
}

#endif
