/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* The locks of global variables. */
#include <linux/atomic.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include "runtime.h"

/* Before the first lock, and behind the last one. */
static void stap_hold_interrupts(struct stap_context *c)
{
	unsigned long flags;

	if (c->holding++)
		return;
	local_irq_save(flags);
	c->interrupts = flags;
}

static void stap_let_interrupts(struct stap_context *c)
{
	if (!--c->holding)
		local_irq_restore(c->interrupts);
}

/*
 * Some microseconds by the clock. udelay() is as long as the kernel has found its loops
 * to be when it booted, which on an emulated CPU may be wrong by a hundred times.
 */
static void stap_lock_delay(void)
{
	u64 begin = ktime_get_mono_fast_ns();
	int loops;

	for (loops = 0; loops < 10000 && ktime_get_mono_fast_ns() - begin < TRYLOCKDELAY * NSEC_PER_USEC; loops++)
		cpu_relax();
}

/* Waits, unless that has been done often enough: then the hit is skipped. */
static bool stap_lock_waits(struct stap_context *c, struct stap_lock *lock, unsigned long tries)
{
	if (!tries)
		atomic_inc((atomic_t *)&lock->waits);
#ifndef STAP_SUPPRESS_TIME_LIMITS
	if (tries >= READ_ONCE(stap_limits.maxtrylock)) {
		atomic_inc((atomic_t *)&lock->timeouts);
		stap_skip(c->probe, STAP_SKIP_LOCK, 1);
		return false;
	}
#endif
	stap_lock_delay();
	return true;
}

int stap_lock_read(struct stap_context *c, struct stap_lock *lock)
{
	unsigned long tries = 0;

	stap_hold_interrupts(c);
	for (;;) {
		int holders = READ_ONCE(lock->holders);

		if (holders >= 0 && cmpxchg_acquire(&lock->holders, holders, holders + 1) == holders)
			return 1;
		if (holders < 0 && !stap_lock_waits(c, lock, tries++))
			break;
	}
	stap_let_interrupts(c);
	return 0;
}

int stap_lock_write(struct stap_context *c, struct stap_lock *lock)
{
	unsigned long tries;

	stap_hold_interrupts(c);
	for (tries = 0; cmpxchg_acquire(&lock->holders, 0, -1) != 0; tries++) {
		if (!stap_lock_waits(c, lock, tries)) {
			stap_let_interrupts(c);
			return 0;
		}
	}
	return 1;
}

void stap_lock_spin(struct stap_context *c, struct stap_lock *lock)
{
	stap_hold_interrupts(c);
	while (cmpxchg_acquire(&lock->holders, 0, -1) != 0)
		cpu_relax();
}

void stap_lock_await(struct stap_context *c, struct stap_lock *lock)
{
	int holders;

	stap_hold_interrupts(c);
	do {
		while ((holders = READ_ONCE(lock->holders)) < 0)
			cpu_relax();
	} while (cmpxchg_acquire(&lock->holders, holders, holders + 1) != holders);
}

void stap_unlock_read(struct stap_context *c, struct stap_lock *lock)
{
	int holders;

	do
		holders = READ_ONCE(lock->holders);
	while (cmpxchg_release(&lock->holders, holders, holders - 1) != holders);
	stap_let_interrupts(c);
}

void stap_unlock_write(struct stap_context *c, struct stap_lock *lock)
{
	smp_store_release(&lock->holders, 0);
	stap_let_interrupts(c);
}
