/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Timers that run in the interrupt, and what they have interrupted. */
#ifndef STAP_TIMER_H
#define STAP_TIMER_H

#include <linux/hrtimer.h>
#include <linux/ptrace.h>
#include <asm/irq_regs.h>
#include "runtime.h"

static inline void stap_hrtimer_init(struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *),
				     enum hrtimer_mode mode)
{
#ifdef STAP_EXPORTED_hrtimer_setup
	hrtimer_setup(timer, function, CLOCK_MONOTONIC, mode);
#else
	hrtimer_init(timer, CLOCK_MONOTONIC, mode);
	timer->function = function;
#endif
}

/* Runs a handler in the interrupt of a timer. */
static inline void stap_timer_run(struct stap_probe *probe)
{
	struct pt_regs *registers = get_irq_regs();

	stap_hit(probe, registers, NULL, registers ? instruction_pointer(registers) : 0);
}

#endif
