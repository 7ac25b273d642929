/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* The locks of global variables. */
#include <linux/atomic.h>
#include <linux/delay.h>
#include "runtime.h"

#ifdef STAP_SUPPRESS_TIME_LIMITS
#define STAP_MAY_TRY(tries) 1
#else
#define STAP_MAY_TRY(tries) ((tries) <= MAXTRYLOCK)
#endif

static void stap_lock_waits(struct stap_lock *lock, int tries)
{
	if (!tries)
		atomic_inc((atomic_t *)&lock->waits);
	udelay(TRYLOCKDELAY);
}

static int stap_lock_failed(struct stap_context *c, struct stap_lock *lock)
{
	atomic_inc((atomic_t *)&lock->timeouts);
	container_of(c, struct stap_cpu_data, context)->unlocked++;
	stap_account_skipped(c->probe, STAP_SKIP_LOCK, 1);
	stap_skipped();
	return 0;
}

int stap_lock_read(struct stap_context *c, struct stap_lock *lock)
{
	int tries;

	for (tries = 0; STAP_MAY_TRY(tries); tries++) {
		int holders = READ_ONCE(lock->holders);

		if (holders >= 0 && cmpxchg_acquire(&lock->holders, holders, holders + 1) == holders)
			return 1;
		if (holders < 0)
			stap_lock_waits(lock, tries);
	}
	return stap_lock_failed(c, lock);
}

int stap_lock_write(struct stap_context *c, struct stap_lock *lock)
{
	int tries;

	for (tries = 0; STAP_MAY_TRY(tries); tries++) {
		if (cmpxchg_acquire(&lock->holders, 0, -1) == 0)
			return 1;
		stap_lock_waits(lock, tries);
	}
	return stap_lock_failed(c, lock);
}

void stap_lock_spin(struct stap_lock *lock)
{
	while (cmpxchg_acquire(&lock->holders, 0, -1) != 0)
		cpu_relax();
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
