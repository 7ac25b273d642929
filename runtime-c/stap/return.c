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
#include "runtime.h"

struct stap_return_site {
	struct stap_probe *probe;
	struct kretprobe kretprobe;
};

static struct stap_probe *stap_return_probe(struct kretprobe_instance *instance)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
	struct kretprobe *kretprobe = get_kretprobe(instance);
#else
	struct kretprobe *kretprobe = instance->rp;
#endif

	return container_of(kretprobe, struct stap_return_site, kretprobe)->probe;
}
NOKPROBE_SYMBOL(stap_return_probe);

static unsigned long stap_return_to(struct kretprobe_instance *instance)
{
#ifdef CONFIG_KRETPROBE_ON_RETHOOK
	return instance->node.ret_addr;
#else
	return (unsigned long)instance->ret_addr;
#endif
}
NOKPROBE_SYMBOL(stap_return_to);

/* The first word of what is kept is set last: all of it is there. */
static int stap_return_entered(struct kretprobe_instance *instance, struct pt_regs *registers)
{
	const struct stap_function_place *place = stap_return_probe(instance)->place;
	const struct stap_probe *probe = place->entry;
	struct stap_context *c = stap_enter(probe, STAP_RUNNING);
	stap_long *complete = (stap_long *)instance->data;

	if (!c)
		return 1;
	*complete = 0;
	c->kept = instance->data;
	stap_run_with(c, instruction_pointer(registers), registers);
	stap_leave(c);
	return !*complete;
}
NOKPROBE_SYMBOL(stap_return_entered);

static int stap_return_hit(struct kretprobe_instance *instance, struct pt_regs *registers)
{
	struct stap_probe *probe = stap_return_probe(instance);
	struct stap_context *c = stap_enter(probe, STAP_RUNNING);

	if (c) {
		c->kept = instance->data;
		stap_run_with(c, stap_return_to(instance), registers);
		stap_leave(c);
	}
	return 0;
}
NOKPROBE_SYMBOL(stap_return_hit);

stap_long stap_return_value(struct stap_context *c)
{
	return regs_return_value(c->registers);
}

static int stap_return_arm(struct stap_probe *probe)
{
	const struct stap_function_place *place = probe->place;
	struct stap_return_site *site = kzalloc(sizeof(*site), GFP_KERNEL);
	int rc;

	if (!site)
		return -ENOMEM;
	site->probe = probe;
	stap_kprobe_at(&site->kretprobe.kp, &place->at);
	site->kretprobe.handler = stap_return_hit;
	site->kretprobe.maxactive = place->active ?: max_t(int, 15, 6 * num_possible_cpus());
	if (place->entry) {
		site->kretprobe.entry_handler = stap_return_entered;
		site->kretprobe.data_size = place->kept;
	}
	rc = register_kretprobe(&site->kretprobe);
	if (rc) {
		kfree(site);
		return rc;
	}
	stap_allocated += sizeof(*site) + site->kretprobe.maxactive * (sizeof(struct kretprobe_instance) + place->kept);
	probe->site = site;
	stap_event("info", "%s: kretprobe at %pS", probe->point, site->kretprobe.kp.addr);
	return 0;
}

static void stap_return_disarm(struct stap_probe *probe)
{
	struct stap_return_site *site = probe->site;

	if (!site)
		return;
	unregister_kretprobe(&site->kretprobe);
	stap_missed += site->kretprobe.nmissed;
	probe->site = NULL;
	kfree(site);
}

const struct stap_family stap_return = {
	.name = "return", .type = "kretprobe", .is_return = 1, .arm = stap_return_arm, .disarm = stap_return_disarm,
};
/* Its probes are run by those of the return. */
const struct stap_family stap_entry = { .name = "entry", .type = "kretprobe" };
