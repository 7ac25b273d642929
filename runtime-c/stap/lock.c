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

static int stap_lock_failed(struct stap_context *c)
{
	container_of(c, struct stap_cpu_data, context)->unlocked++;
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
			udelay(TRYLOCKDELAY);
	}
	return stap_lock_failed(c);
}

int stap_lock_write(struct stap_context *c, struct stap_lock *lock)
{
	int tries;

	for (tries = 0; STAP_MAY_TRY(tries); tries++) {
		if (cmpxchg_acquire(&lock->holders, 0, -1) == 0)
			return 1;
		udelay(TRYLOCKDELAY);
	}
	return stap_lock_failed(c);
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
