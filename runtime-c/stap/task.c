/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The current task, CPU and time, as the tapset's context functions give them.
 * Numbers of processes are those of the first namespace, numbers of users
 * those of the task's own.
 */
#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include "runtime.h"
#include "task.h"

stap_long stap_pid(void)
{
	return task_tgid_nr(current);
}

stap_long stap_tid(void)
{
	return task_pid_nr(current);
}

stap_long stap_ppid(void)
{
	return task_tgid_nr(stap_parent(current));
}

stap_long stap_pgrp(void)
{
	return task_pgrp_nr_ns(current, &init_pid_ns);
}

stap_long stap_sid(void)
{
	return task_session_nr_ns(current, &init_pid_ns);
}

stap_long stap_uid(void)
{
	return from_kuid_munged(current_user_ns(), current_uid());
}

stap_long stap_euid(void)
{
	return from_kuid_munged(current_user_ns(), current_euid());
}

stap_long stap_gid(void)
{
	return from_kgid_munged(current_user_ns(), current_gid());
}

stap_long stap_egid(void)
{
	return from_kgid_munged(current_user_ns(), current_egid());
}

stap_long stap_cpu(void)
{
	return raw_smp_processor_id();
}

/* comm may change while it is read; its last byte is always NUL. */
static void stap_task_name(char *dst, const struct task_struct *task)
{
	size_t room = MAXSTRINGLEN < TASK_COMM_LEN ? MAXSTRINGLEN : TASK_COMM_LEN;

	memcpy(dst, task->comm, room);
	if (room < TASK_COMM_LEN && strnlen(dst, room) == room)
		stap_string_cut();
	dst[room - 1] = 0;
}

void stap_execname(char *dst)
{
	stap_task_name(dst, current);
}

void stap_pexecname(char *dst)
{
	stap_task_name(dst, stap_parent(current));
}

stap_long stap_is_myproc(void)
{
	return uid_eq(current_uid(), stap_staprun_uid);
}

stap_long stap_time_ns(void)
{
	return ktime_get_real_fast_ns();
}
