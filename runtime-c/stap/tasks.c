/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Tasks that a script names by their address or number, not only the current
 * one. An address may be anything, and a task may be gone: memory is read as
 * any other of the kernel. Only of a task that the kernel finds by its number
 * more is asked than its bytes say.
 */
#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include "access.h"
#include "runtime.h"
#include "namespace.h"
#include "task.h"

stap_long stap_current_task(void)
{
	return (long)current;
}

/* Where the registers are that the current task had in user mode. */
stap_long stap_user_registers(void)
{
	return (long)task_pt_regs(current);
}

/* The task of that number in the first namespace, or 0. */
stap_long stap_task_of_number(stap_long number)
{
	stap_long task;

	if (number != (pid_t)number)
		return 0;
	rcu_read_lock();
	task = (long)pid_task(find_pid_ns(number, &init_pid_ns), PIDTYPE_PID);
	rcu_read_unlock();
	return task;
}

/* Whether the address is that of a task which the kernel still knows. RCU must be held. */
static bool stap_is_task(const struct task_struct *task)
{
	pid_t number;

	if (task == current)
		return true;
	if (stap_read_kernel(&number, (unsigned long)&task->pid, sizeof(number)))
		return false;
	return pid_task(find_pid_ns(number, &init_pid_ns), PIDTYPE_PID) == task;
}

static stap_long stap_owner_of(const struct cred *cred, enum stap_id id, struct user_namespace *namespace)
{
	switch (id) {
	case STAP_ID_USER:
		return from_kuid_munged(namespace, cred->uid);
	case STAP_ID_EFFECTIVE_USER:
		return from_kuid_munged(namespace, cred->euid);
	case STAP_ID_USER_GROUP:
		return from_kgid_munged(namespace, cred->gid);
	default:
		return from_kgid_munged(namespace, cred->egid);
	}
}

/*
 * A user or group of a task, as its own namespace has it. Of a task that the
 * kernel does not find any more, since it is being taken down, its bytes say it.
 */
stap_long stap_task_owner(struct stap_context *c, stap_long address, enum stap_id id)
{
	const struct task_struct *task = (const struct task_struct *)(unsigned long)address;
	const struct cred *pointer;
	struct cred cred;
	stap_long owner = 0;

	rcu_read_lock();
	if (stap_is_task(task)) {
		pointer = __task_cred(task);
		owner = stap_owner_of(pointer, id, pointer->user_ns);
	} else if (stap_read_kernel(&pointer, (unsigned long)&task->real_cred, sizeof(pointer)) ||
		   stap_read_kernel(&cred, (unsigned long)pointer, sizeof(cred))) {
		stap_error(c, "read fault [man error::fault] at 0x%lx", (unsigned long)address);
	} else {
		owner = stap_owner_of(&cred, id, &init_user_ns);
	}
	rcu_read_unlock();
	return owner;
}

/* The number of a task in a namespace that a process is in (namespace.c knows which). */
stap_long stap_task_namespace_id(struct stap_context *c, stap_long address, enum stap_id id)
{
	struct task_struct *task = (struct task_struct *)(unsigned long)address;
	stap_long number = -1;

	rcu_read_lock();
	if (stap_is_task(task))
		number = stap_namespace_number(task, id);
	rcu_read_unlock();
	if (number < 0) {
		stap_error(c, "cannot resolve id in namespace");
		return 0;
	}
	return number;
}
