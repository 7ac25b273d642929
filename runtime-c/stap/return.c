/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * kernel.function("name").return: the return of a function, by a kretprobe.
 *
 * The kernel has an instance for each call under way, at most maxactive; of
 * calls beyond that the return is missed, which is counted. A probe that wants
 * values of the entry has a probe for it, whose handler keeps them in the
 * instance. Where that is skipped or fails, so is the return.
 */
#include <linux/kprobes.h>
#include <linux/slab.h>
#include <linux/version.h>
#include "place.h"

struct stap_return_site {
	struct kretprobe kretprobe;
	struct stap_probe *first;
};

struct stap_returns {
	struct stap_return_site *sites;
	struct kretprobe **kretprobes;
	unsigned int count;
};

/* The kernel keeps no more than this with a call. */
#define STAP_KEPT_MAX 4096

static __always_inline const struct stap_return_place *stap_return_place(const struct stap_probe *probe)
{
	return probe->place;
}

static __always_inline struct stap_probe *stap_return_probe(struct kretprobe_instance *instance)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
	struct kretprobe *kretprobe = get_kretprobe(instance);
#else
	struct kretprobe *kretprobe = instance->rp;
#endif

	return container_of(kretprobe, struct stap_return_site, kretprobe)->first;
}

static __always_inline unsigned long stap_return_to(struct kretprobe_instance *instance)
{
#ifdef CONFIG_KRETPROBE_ON_RETHOOK
	return instance->node.ret_addr;
#else
	return (unsigned long)instance->ret_addr;
#endif
}

/*
 * The probes of a function keep their values behind each other. The first word of
 * what is kept is set last: all of it is there. Without any, the return is none.
 */
static int stap_return_entered(struct kretprobe_instance *instance, struct pt_regs *registers)
{
	const struct stap_probe *probe;
	char *kept = instance->data;
	int wanted = 0;

	for (probe = stap_return_probe(instance); probe; probe = stap_probe_next(probe)) {
		const struct stap_return_place *place = stap_return_place(probe);

		if (place->entry) {
			*(stap_long *)kept = 0;
			if (!stap_is_held(probe))
				stap_hit(place->entry, registers, kept, 0);
			if (*(stap_long *)kept)
				wanted = 1;
			else if (!stap_is_held(probe))
				stap_skip(probe, STAP_SKIP_ENTRY, 1);
			kept += place->kept;
		} else {
			wanted |= !stap_is_held(probe);
		}
	}
	return !wanted;
}
NOKPROBE_SYMBOL(stap_return_entered);

static int stap_return_hit(struct kretprobe_instance *instance, struct pt_regs *registers)
{
	stap_hit(stap_return_probe(instance), registers, NULL, stap_return_to(instance));
	return 0;
}
NOKPROBE_SYMBOL(stap_return_hit);

static int stap_return_hit_kept(struct kretprobe_instance *instance, struct pt_regs *registers)
{
	stap_hit(stap_return_probe(instance), registers, instance->data, stap_return_to(instance));
	return 0;
}
NOKPROBE_SYMBOL(stap_return_hit_kept);

/* Of a function whose probes are held: calls that were under way when that began. */
static int stap_return_ignored(struct kretprobe_instance *instance, struct pt_regs *registers)
{
	return 0;
}
NOKPROBE_SYMBOL(stap_return_ignored);

static int stap_return_hit_many(struct kretprobe_instance *instance, struct pt_regs *registers)
{
	const struct stap_probe *probe;
	char *kept = instance->data;

	for (probe = stap_return_probe(instance); probe; probe = stap_probe_next(probe)) {
		const struct stap_return_place *place = stap_return_place(probe);

		if (!stap_is_held(probe) && (!place->entry || *(stap_long *)kept))
			stap_hit(probe, registers, kept, stap_return_to(instance));
		if (place->entry)
			kept += place->kept;
	}
	return 0;
}
NOKPROBE_SYMBOL(stap_return_hit_many);

stap_long stap_return_value(struct stap_context *c)
{
	return regs_return_value(c->registers);
}

/*
 * Joins as many of the probes of the first one's place as can keep their values
 * together and follow as many calls.
 */
static unsigned int stap_returns_join(struct stap_probe **probes, unsigned int count)
{
	unsigned long kept = 0;
	unsigned int n;

	for (n = 0; n < count && probes[n]->address == probes[0]->address; n++) {
		const struct stap_return_place *place = stap_return_place(probes[n]);

		kept += place->kept;
		if (n && (kept > STAP_KEPT_MAX || place->active != stap_return_place(probes[0])->active))
			break;
	}
	return stap_probes_join(probes, n);
}

static kretprobe_handler_t stap_return_handler(const struct stap_probe *first)
{
	if (stap_probe_next(first))
		return stap_return_hit_many;
	return stap_return_place(first)->entry ? stap_return_hit_kept : stap_return_hit;
}

static int stap_return_register(struct stap_return_site *site, struct stap_probe *first)
{
	struct kretprobe *kretprobe = &site->kretprobe;
	const int active = stap_return_place(first)->active;
	struct stap_probe *probe;

	memset(site, 0, sizeof(*site));
	site->first = first;
	for (probe = first; probe; probe = stap_probe_next(probe)) {
		const struct stap_return_place *place = stap_return_place(probe);

		if (place->entry) {
			place->entry->address = probe->address;
			kretprobe->data_size += place->kept;
			kretprobe->entry_handler = stap_return_entered;
		}
	}
	kretprobe->kp.addr = (kprobe_opcode_t *)first->address;
	kretprobe->handler = stap_return_handler(first);
	kretprobe->kp.flags = stap_probes_wanted(first) ? 0 : KPROBE_FLAG_DISABLED;
	kretprobe->maxactive = active ?: max_t(int, 15, 6 * num_possible_cpus());
	return register_kretprobe(kretprobe);
}

static void stap_returns_settle(void *returns)
{
	struct stap_returns *set = returns;
	unsigned int i;

	for (i = 0; set && i < set->count; i++) {
		struct stap_return_site *site = container_of(set->kretprobes[i], struct stap_return_site, kretprobe);
		struct kretprobe *kretprobe = &site->kretprobe;
		bool wanted = stap_probes_wanted(site->first);

		if (wanted && kprobe_disabled(&kretprobe->kp)) {
			int rc;

			WRITE_ONCE(kretprobe->handler, stap_return_handler(site->first));
			rc = enable_kretprobe(kretprobe);
			if (!kprobe_gone(&kretprobe->kp)) /* see stap_kprobes_settle() */
				stap_set_again(site->first, rc);
		} else if (!wanted && !kprobe_disabled(&kretprobe->kp)) {
			disable_kretprobe(kretprobe);
			WRITE_ONCE(kretprobe->handler, stap_return_ignored);
		}
		cond_resched();
	}
}

static void stap_returns_unset(void *returns)
{
	struct stap_returns *set = returns;
	struct stap_probe *probe;
	bool stays = false;
	unsigned int i;

	if (!set)
		return;
	if (set->count)
		unregister_kretprobes(set->kretprobes, set->count);
	for (i = 0; i < set->count; i++) {
		stays |= stap_kprobe_stays(&set->kretprobes[i]->kp);
		stap_missed += set->kretprobes[i]->nmissed;
		for (probe = set->sites[i].first; probe; probe = stap_probe_next(probe)) {
			stap_skip(probe, STAP_SKIP_ENTRY, set->kretprobes[i]->kp.nmissed);
			stap_skip(probe, STAP_SKIP_RETURN, set->kretprobes[i]->nmissed);
		}
	}
	kvfree(set->kretprobes);
	if (!stays)
		kvfree(set->sites);
	kfree(set);
}

static void *stap_returns_set(struct stap_probe **probes, unsigned int count)
{
	struct stap_returns *set = kzalloc(sizeof(*set), GFP_KERNEL);
	unsigned int i, n, lines = 0;

	if (set) {
		set->sites = kvcalloc(count, sizeof(*set->sites), GFP_KERNEL);
		set->kretprobes = kvcalloc(count, sizeof(*set->kretprobes), GFP_KERNEL);
	}
	if (!set || !set->sites || !set->kretprobes) {
		for (i = 0; i < count; i++)
			stap_arm_failed(probes[i], -ENOMEM);
		stap_returns_unset(set);
		return NULL;
	}
	stap_allocated += sizeof(*set) + count * (sizeof(*set->sites) + sizeof(*set->kretprobes));
	for (i = 0; i < count; i += n) {
		struct stap_return_site *site = &set->sites[set->count];
		struct stap_probe *probe;
		int rc;

		n = stap_returns_join(probes + i, count - i);
		rc = stap_return_register(site, probes[i]);
		if (!rc) {
			set->kretprobes[set->count++] = &site->kretprobe;
			stap_allocated += site->kretprobe.maxactive * (sizeof(struct kretprobe_instance) + site->kretprobe.data_size);
		}
		for (probe = probes[i]; probe; probe = stap_probe_next(probe))
			if (rc)
				stap_arm_failed(probe, rc);
			else
				stap_place_says(&lines, probe, "kretprobe");
	}
	stap_place_sums_up(lines, "kretprobe");
	return set;
}

static const struct stap_place_family stap_return_how = {
	.set = stap_returns_set, .settle = stap_returns_settle, .unset = stap_returns_unset,
};

const struct stap_family stap_return = {
	.name = "return", .type = "kretprobe", .is_return = 1, .arm = stap_place_arm, .how = &stap_return_how,
};
/* Its probes are run by those of the return. */
const struct stap_family stap_entry = { .name = "entry", .type = "kretprobe" };
