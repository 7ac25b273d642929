/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Kprobes: on any instruction that the kernel lets be probed. It makes ftrace
 * callbacks of those at ftrace sites, and jumps of others if it can.
 */
#include <linux/kprobes.h>
#include <linux/slab.h>
#include "place.h"

struct stap_kprobe_site {
	struct kprobe kprobe;
	struct stap_probe *first;
};

struct stap_kprobes {
	struct stap_kprobe_site *sites;
	struct kprobe **kprobes;
	unsigned int count;
};

static int stap_kprobe_hit(struct kprobe *kprobe, struct pt_regs *registers)
{
	struct stap_kprobe_site *site = container_of(kprobe, struct stap_kprobe_site, kprobe);

	stap_hit(site->first, registers, NULL, 0);
	return 0;
}
NOKPROBE_SYMBOL(stap_kprobe_hit);

static int stap_kprobe_hit_many(struct kprobe *kprobe, struct pt_regs *registers)
{
	struct stap_probe *probe;

	for (probe = container_of(kprobe, struct stap_kprobe_site, kprobe)->first; probe; probe = stap_probe_next(probe))
		if (!stap_is_held(probe))
			stap_hit(probe, registers, NULL, 0);
	return 0;
}
NOKPROBE_SYMBOL(stap_kprobe_hit_many);

/* Where the CPU was sent elsewhere the kernel does not run the instruction of the place. */
static int stap_kprobe_hit_overriding(struct kprobe *kprobe, struct pt_regs *registers)
{
	unsigned long before = instruction_pointer(registers);

	stap_kprobe_hit_many(kprobe, registers);
	return instruction_pointer(registers) != before;
}
NOKPROBE_SYMBOL(stap_kprobe_hit_overriding);

/* A kprobe that has something to run behind its instruction is no jump, with which the CPU cannot be sent elsewhere. */
static void stap_kprobe_passed(struct kprobe *kprobe, struct pt_regs *registers, unsigned long flags)
{
}
NOKPROBE_SYMBOL(stap_kprobe_passed);

/* Of a place where nothing is, kernels before 5.18 say no more than that it cannot be probed. */
static int stap_kprobe_register(struct kprobe *kprobe)
{
	char text[sizeof("0x")];
	int rc = register_kprobe(kprobe);

	if (rc != -EINVAL)
		return rc;
	snprintf(text, sizeof(text), "%ps", (void *)kprobe->addr);
	return strcmp(text, "0x") ? rc : -ENOENT;
}

/* Registered one by one, which tells those that are refused; taken away together, which waits once. */
void *stap_kprobes_set(struct stap_probe **probes, unsigned int count)
{
	struct stap_kprobes *set = kzalloc(sizeof(*set), GFP_KERNEL);
	unsigned int i, n, lines = 0;

	if (set) {
		set->sites = kvcalloc(count, sizeof(*set->sites), GFP_KERNEL);
		set->kprobes = kvcalloc(count, sizeof(*set->kprobes), GFP_KERNEL);
	}
	if (!set || !set->sites || !set->kprobes) {
		for (i = 0; i < count; i++)
			stap_arm_failed(probes[i], -ENOMEM);
		stap_kprobes_unset(set);
		return NULL;
	}
	stap_allocated += sizeof(*set) + count * (sizeof(*set->sites) + sizeof(*set->kprobes));
	for (i = 0; i < count; i += n) {
		struct stap_kprobe_site *site = &set->sites[set->count];
		struct stap_probe *probe;
		int rc;

		n = stap_probes_join(probes + i, count - i);
		memset(site, 0, sizeof(*site));
		site->first = probes[i];
		site->kprobe.addr = (kprobe_opcode_t *)probes[i]->address;
		site->kprobe.pre_handler = n > 1 ? stap_kprobe_hit_many : stap_kprobe_hit;
		if (stap_probes_override(site->first)) {
			site->kprobe.pre_handler = stap_kprobe_hit_overriding;
			site->kprobe.post_handler = stap_kprobe_passed;
		}
		site->kprobe.flags = stap_probes_wanted(site->first) ? 0 : KPROBE_FLAG_DISABLED;
		rc = stap_kprobe_register(&site->kprobe);
		if (!rc)
			set->kprobes[set->count++] = &site->kprobe;
		for (probe = probes[i]; probe; probe = stap_probe_next(probe))
			if (rc)
				stap_arm_failed(probe, rc);
			else
				stap_place_says(&lines, probe, "kprobe");
	}
	stap_place_sums_up(lines, "kprobe");
	return set;
}

/* One that is disabled costs nothing where it stands; it stays registered. */
void stap_kprobes_settle(void *kprobes)
{
	struct stap_kprobes *set = kprobes;
	unsigned int i;

	for (i = 0; set && i < set->count; i++) {
		struct stap_kprobe_site *site = container_of(set->kprobes[i], struct stap_kprobe_site, kprobe);
		bool wanted = stap_probes_wanted(site->first);

		if (wanted && kprobe_disabled(&site->kprobe)) {
			int rc = enable_kprobe(&site->kprobe);

			if (!kprobe_gone(&site->kprobe)) /* with its module, on which it is set anew when that comes back */
				stap_set_again(site->first, rc);
		} else if (!wanted && !kprobe_disabled(&site->kprobe)) {
			disable_kprobe(&site->kprobe);
		}
		cond_resched();
	}
}

void stap_kprobes_unset(void *kprobes)
{
	struct stap_kprobes *set = kprobes;
	struct stap_probe *probe;
	bool stays = false;
	unsigned int i;

	if (!set)
		return;
	if (set->count)
		unregister_kprobes(set->kprobes, set->count);
	for (i = 0; i < set->count; i++) {
		stays |= stap_kprobe_stays(set->kprobes[i]);
		for (probe = set->sites[i].first; probe; probe = stap_probe_next(probe))
			stap_skip(probe, STAP_SKIP_KPROBE, set->kprobes[i]->nmissed);
	}
	kvfree(set->kprobes);
	if (!stays)
		kvfree(set->sites);
	kfree(set);
}

static const struct stap_place_family stap_kprobe_how = {
	.set = stap_kprobes_set, .settle = stap_kprobes_settle, .unset = stap_kprobes_unset,
};

const struct stap_family stap_kprobe = {
	.name = "kprobe", .type = "kprobe", .arm = stap_place_arm, .how = &stap_kprobe_how,
};
