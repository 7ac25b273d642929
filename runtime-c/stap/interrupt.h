/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Work that a handler hands over to an interrupt of its own CPU. A handler may be inside
 * of any lock of the kernel's; where interrupts are on, no lock is held that work in
 * interrupts takes. What is handed over stands in an area of each CPU whose first member
 * is the irq_work.
 */
#ifndef STAP_INTERRUPT_H
#define STAP_INTERRUPT_H

#include <linux/irq_work.h>
#include <linux/percpu.h>

/* Asks for it once. Interrupts are off, so that none comes before what it shall see. */
static inline void stap_interrupt_ask(struct irq_work *work, void (*run)(struct irq_work *work))
{
	if (!work->func)
		init_irq_work(work, run);
	irq_work_queue(work);
}

/* Waits until those that were asked for have come. */
static inline void stap_interrupts_await(void __percpu *area)
{
	int cpu;

	if (!area)
		return;
	for_each_possible_cpu(cpu)
		irq_work_sync(per_cpu_ptr((struct irq_work __percpu *)area, cpu));
}

#endif
