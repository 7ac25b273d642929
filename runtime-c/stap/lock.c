/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* The locks of global variables. */
#include <linux/atomic.h>
#include <linux/delay.h>
#include "runtime.h"

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
	udelay(TRYLOCKDELAY);
	return true;
}

int stap_lock_read(struct stap_context *c, struct stap_lock *lock)
{
	unsigned long tries = 0;

	for (;;) {
		int holders = READ_ONCE(lock->holders);

		if (holders >= 0 && cmpxchg_acquire(&lock->holders, holders, holders + 1) == holders)
			return 1;
		if (holders < 0 && !stap_lock_waits(c, lock, tries++))
			return 0;
	}
}

int stap_lock_write(struct stap_context *c, struct stap_lock *lock)
{
	unsigned long tries;

	for (tries = 0; cmpxchg_acquire(&lock->holders, 0, -1) != 0; tries++)
		if (!stap_lock_waits(c, lock, tries))
			return 0;
	return 1;
}

void stap_lock_spin(struct stap_lock *lock)
{
	while (cmpxchg_acquire(&lock->holders, 0, -1) != 0)
		cpu_relax();
}

void stap_lock_await(struct stap_lock *lock)
{
	int holders;

	do {
		while ((holders = READ_ONCE(lock->holders)) < 0)
			cpu_relax();
	} while (cmpxchg_acquire(&lock->holders, holders, holders + 1) != holders);
}

void stap_unlock_read(struct stap_lock *lock)
{
	int holders;

	do
		holders = READ_ONCE(lock->holders);
	while (cmpxchg_release(&lock->holders, holders, holders - 1) != holders);
}

void stap_unlock_write(struct stap_lock *lock)
{
	smp_store_release(&lock->holders, 0);
}
