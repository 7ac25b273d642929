/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Numbers of tasks as the namespaces of a process have them: of the one that
 * the module was told when it was loaded, else of staprun. The process
 * is looked up at each hit, so nothing of it is held: once it is gone, no number
 * can be resolved.
 */
#include <linux/cred.h>
#include <linux/moduleparam.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include "runtime.h"
#include "namespace.h"
#include "task.h"

static int stap_namespaces_pid;
module_param_named(namespaces_pid, stap_namespaces_pid, int, 0444);
MODULE_PARM_DESC(namespaces_pid, "the process whose namespaces the ns_ functions use; 0: staprun");

static pid_t stap_number_in(struct pid_namespace *namespace, struct task_struct *task, enum stap_id id)
{
	switch (id) {
	case STAP_ID_PROCESS:
		return task_tgid_nr_ns(task, namespace);
	case STAP_ID_THREAD:
		return task_pid_nr_ns(task, namespace);
	case STAP_ID_PARENT:
		return task_tgid_nr_ns(stap_parent(task), namespace);
	case STAP_ID_GROUP:
		return task_pgrp_nr_ns(task, namespace);
	default:
		return task_session_nr_ns(task, namespace);
	}
}

static uid_t stap_owner_in(struct user_namespace *namespace, const struct cred *cred, enum stap_id id)
{
	switch (id) {
	case STAP_ID_USER:
		return from_kuid(namespace, cred->uid);
	case STAP_ID_EFFECTIVE_USER:
		return from_kuid(namespace, cred->euid);
	case STAP_ID_USER_GROUP:
		return from_kgid(namespace, cred->gid);
	default:
		return from_kgid(namespace, cred->egid);
	}
}

/* -1: it has none there. RCU must be held. */
stap_long stap_namespace_number(struct task_struct *task, enum stap_id id)
{
	struct task_struct *whose = pid_task(find_pid_ns(stap_namespaces_pid ?: stap_staprun_pid(), &init_pid_ns), PIDTYPE_PID);
	struct pid_namespace *namespace;

	if (!whose)
		return -1;
	if (id >= STAP_ID_USER) {
		const struct cred *cred = task == current ? current_cred() : __task_cred(task);
		uid_t owner = stap_owner_in(__task_cred(whose)->user_ns, cred, id);

		return owner == (uid_t)-1 ? -1 : (stap_long)owner;
	}
	namespace = task_active_pid_ns(whose);
	if (!namespace)
		return -1;
	/* 0 is a number in the first namespace: that of the idle tasks. */
	return stap_number_in(namespace, task, id) ?: (namespace == &init_pid_ns ? 0 : -1);
}

stap_long stap_namespace_id(struct stap_context *c, enum stap_id id)
{
	stap_long result;

	rcu_read_lock();
	result = stap_namespace_number(current, id);
	rcu_read_unlock();
	if (result < 0) {
		stap_error(c, "cannot resolve id in namespace");
		return 0;
	}
	return result;
}
