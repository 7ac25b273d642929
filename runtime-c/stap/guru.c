/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * What a script does to the process and the machine that it meets.
 */
#include <linux/kernel.h>
#include <linux/nmi.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/timekeeping.h>
#include "interrupt.h"
#include "runtime.h"

#define STAP_SIGNALS 8

struct stap_signal {
	struct task_struct *task;
	int number;
};

struct stap_guru_cpu {
	struct irq_work work;
	unsigned int count;
	struct stap_signal signals[STAP_SIGNALS];
};

static struct stap_guru_cpu __percpu *stap_guru_cpus;

static void stap_send_signals(struct irq_work *work)
{
	struct stap_guru_cpu *this = container_of(work, struct stap_guru_cpu, work);
	bool occupied = stap_occupy(); /* a probe where signals are sent might send more of them, for ever */
	unsigned int i;

	for (i = 0; i < this->count; i++) {
		send_sig(this->signals[i].number, this->signals[i].task, 1);
		put_task_struct(this->signals[i].task);
	}
	this->count = 0;
	if (occupied)
		stap_release();
}

static void stap_guru_unload(void)
{
	stap_interrupts_await(stap_guru_cpus);
}

const struct stap_unit STAP_UNIT(guru) = {
	.unload = stap_guru_unload, .cpu_size = sizeof(struct stap_guru_cpu), .cpu_area = (void __percpu **)&stap_guru_cpus,
};

void stap_raise(struct stap_context *c, stap_long number)
{
	struct stap_guru_cpu *this;
	unsigned long flags;

	if (number < 1 || number > _NSIG) {
		stap_error(c, "there is no signal %lld: they are from 1 to %d", number, _NSIG);
		return;
	}
	if (current->flags & (PF_KTHREAD | PF_EXITING)) {
		stap_error(c, "thread %d (%s) cannot have a signal: it is %s", current->pid, current->comm,
			   current->flags & PF_KTHREAD ? "the kernel's" : "at its end");
		return;
	}
	local_irq_save(flags);
	this = this_cpu_ptr(stap_guru_cpus);
	if (this->count == STAP_SIGNALS || in_nmi()) {
		stap_error(c, this->count == STAP_SIGNALS ? "too many signals at once" : "no signal can be sent here");
	} else {
		get_task_struct(current);
		this->signals[this->count++] = (struct stap_signal){ current, number };
		stap_interrupt_ask(&this->work, stap_send_signals);
	}
	local_irq_restore(flags);
}

#define STAP_DELAY_MAX (10ULL * NSEC_PER_SEC)

void stap_delay(struct stap_context *c, stap_long count, stap_long unit)
{
	u64 begin = ktime_get_mono_fast_ns(), wanted = (u64)count * unit, waited;

	if (count < 0 || (u64)count > STAP_DELAY_MAX / unit) {
		stap_error(c, "a delay must be of 0 to 10 seconds");
		return;
	}
	while ((waited = ktime_get_mono_fast_ns() - begin) < wanted) {
		if (waited > NSEC_PER_MSEC)
			touch_nmi_watchdog(); /* it is meant */
		cpu_relax();
	}
}

void stap_dump_stack(void)
{
	dump_stack();
}

void stap_panic(const char *message)
{
	panic("%s", message);
}
