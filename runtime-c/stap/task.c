/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* The current task, CPU and time, as the tapset's context functions give them. */
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include "runtime.h"

stap_long stap_pid(void)
{
	return task_tgid_nr(current);
}

stap_long stap_tid(void)
{
	return task_pid_nr(current);
}

stap_long stap_uid(void)
{
	return from_kuid_munged(current_user_ns(), current_uid());
}

stap_long stap_cpu(void)
{
	return raw_smp_processor_id();
}

void stap_execname(char *dst)
{
	/* comm may change while it is read; its last byte is always NUL. */
	memcpy(dst, current->comm, TASK_COMM_LEN);
	dst[TASK_COMM_LEN - 1] = 0;
}

stap_long stap_time_ns(void)
{
	return ktime_get_real_fast_ns();
}
