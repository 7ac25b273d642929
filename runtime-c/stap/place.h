/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What probes on places in code have in common. */
#ifndef STAP_PLACE_H
#define STAP_PLACE_H

#include <linux/kprobes.h>
#include "runtime.h"

/*
 * How the probes of a family are set, for its member how. Its .place begins with
 * a struct stap_address, its arm is stap_place_arm.
 */
struct stap_place_family {
	/*
	 * Sets count probes, sorted by address; gives what unset needs. Those that
	 * cannot be set are given to stap_arm_failed(), the others can be.
	 */
	void *(*set)(struct stap_probe **probes, unsigned int count);
	/* Takes away what of it only held probes want, and sets again what others do. */
	void (*settle)(void *set);
	void (*unset)(void *set);
};

int stap_place_arm(struct stap_probe *probe);

/* Tells how a probe was set, and in the end of how many that was not said. */
void stap_place_says(unsigned int *lines, const struct stap_probe *probe, const char *mechanism);
void stap_place_sums_up(unsigned int lines, const char *mechanism);

/* Where an address is now; -ENOENT: it is of something that is not there. */
int stap_address_find(const struct stap_address *at, unsigned long *address);

/* Kprobes on places of any family; the probes are sorted by address. */
void *stap_kprobes_set(struct stap_probe **probes, unsigned int count);
void stap_kprobes_settle(void *set);
void stap_kprobes_unset(void *set);

/*
 * Whether the kernel has failed to take a kprobe away, for which it needs a little memory
 * (unregister_kprobe() says it so): it goes on to know it, and it cannot be freed.
 */
static inline bool stap_kprobe_stays(const struct kprobe *kprobe)
{
	return !kprobe->addr;
}

/* The probes of one place follow each other, in the order of the script. */
static inline struct stap_probe *stap_probe_next(const struct stap_probe *probe)
{
	return probe->site;
}

/* Whether any probe of a place is to hit. */
static inline bool stap_probes_wanted(const struct stap_probe *first)
{
	for (; first; first = stap_probe_next(first))
		if (!stap_is_held(first))
			return true;
	return false;
}

/* Whether a handler of a place may send the CPU elsewhere. */
static inline bool stap_probes_override(const struct stap_probe *first)
{
	for (; first; first = stap_probe_next(first))
		if (first->overrides)
			return true;
	return false;
}

/* Joins the probes that have the first one's address; gives how many. */
static inline unsigned int stap_probes_join(struct stap_probe **probes, unsigned int count)
{
	unsigned int n;

	for (n = 1; n < count && probes[n]->address == probes[0]->address; n++)
		probes[n - 1]->site = probes[n];
	probes[n - 1]->site = NULL;
	return n;
}

#endif
