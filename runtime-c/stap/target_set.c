/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The target and its descendants, also those whose parents are gone: the
 * processes under the target are noted when the session starts, and from then
 * on each fork of a member. A member stays one after its end, until its number
 * is given to another process.
 *
 * Members are kept in the order in which they came. A table of twice as many
 * slots finds them by a hash of their numbers; nothing leaves it, so readers
 * need no lock.
 */
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/tracepoint.h>
#include "follow.h"
#include "runtime.h"

#define STAP_MEMBERS_BITS 13
#define STAP_MEMBERS (1 << STAP_MEMBERS_BITS)
#define STAP_MEMBER_SLOTS (2 * STAP_MEMBERS)

struct stap_member {
	pid_t pid;
	pid_t parent;	/* 0: the number is another process's now */
};

static struct stap_member stap_members[STAP_MEMBERS];
static unsigned int stap_member_count;
static bool stap_members_full;
static unsigned short stap_member_slots[STAP_MEMBER_SLOTS];	/* index + 1, or 0 */
static DEFINE_RAW_SPINLOCK(stap_members_lock);
static struct tracepoint *stap_fork;

/* The slot of a process, or the free one where it would be. */
static unsigned int stap_member_slot(pid_t pid)
{
	unsigned int slot = hash_32(pid, STAP_MEMBERS_BITS + 1), index;

	while ((index = smp_load_acquire(&stap_member_slots[slot])) && stap_members[index - 1].pid != pid)
		slot = (slot + 1) % STAP_MEMBER_SLOTS;
	return slot;
}

static struct stap_member *stap_member(pid_t pid)
{
	unsigned int index = stap_member_slots[stap_member_slot(pid)];

	return index ? &stap_members[index - 1] : NULL;
}

stap_long stap_target_set_has(stap_long pid)
{
	struct stap_member *member = stap_member(pid);

	return member && pid == (pid_t)pid && READ_ONCE(member->parent);
}

static void stap_member_add(pid_t pid, pid_t parent)
{
	struct stap_member *member;
	unsigned long flags;

	raw_spin_lock_irqsave(&stap_members_lock, flags);
	member = stap_member(pid);
	if (member) {
		WRITE_ONCE(member->parent, parent);
	} else if (stap_member_count < STAP_MEMBERS) {
		stap_members[stap_member_count] = (struct stap_member){ pid, parent };
		WRITE_ONCE(stap_member_count, stap_member_count + 1);
		smp_store_release(&stap_member_slots[stap_member_slot(pid)], stap_member_count);
	} else if (!stap_members_full) {
		stap_members_full = true;
		stap_warning("the target set is full with %d processes; later ones are not in it", STAP_MEMBERS);
	}
	raw_spin_unlock_irqrestore(&stap_members_lock, flags);
}

static void stap_forked(void *data, struct task_struct *parent, struct task_struct *child)
{
	struct stap_member *stale;

	if (child->tgid == parent->tgid) /* a thread */
		return;
	if (stap_target_set_has(parent->tgid)) {
		stap_member_add(child->tgid, parent->tgid);
		return;
	}
	stale = stap_member(child->tgid);
	if (stale)
		WRITE_ONCE(stale->parent, 0);
}

static void stap_target_set_start(void)
{
	struct task_struct *task;

	if (!stap_target())
		return;
	stap_member_add(stap_target(), stap_staprun_pid());
	stap_fork = stap_follow("sched_process_fork", stap_forked);
	if (!stap_fork)
		stap_warning("forks cannot be followed: the target set has only what is running now");
	rcu_read_lock();
	for_each_process(task)
		if (task->tgid != stap_target() && stap_descends(task, stap_target()))
			stap_member_add(task->tgid, rcu_dereference(task->real_parent)->tgid);
	rcu_read_unlock();
}

static void stap_target_set_stop(void)
{
	stap_unfollow(&stap_fork, stap_forked);
}

void stap_target_set_report(struct stap_context *c)
{
	unsigned int i, n = READ_ONCE(stap_member_count);

	stap_printf(c, "target set:\n");
	for (i = 0; i < n; i++)
		if (stap_members[i].parent)
			stap_printf(c, "%d begat %d\n", stap_members[i].parent, stap_members[i].pid);
}

const struct stap_unit STAP_UNIT(target_set) = { .start = stap_target_set_start, .stop = stap_target_set_stop };
