/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * kernel.function("name"): the entry of a function, by name.
 *
 * A kprobe that is registered disabled resolves the name and checks that the
 * kernel lets the place be probed. Where that place is an ftrace site (nearly
 * every function), the kprobe goes away again and an ftrace callback is set on
 * the address: 35 instructions a hit instead of more than 100. Elsewhere the
 * kprobe stays and is enabled.
 */
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/slab.h>
#include <linux/version.h>
#include "runtime.h"

struct stap_function_site {
	struct stap_probe *probe;
	struct kprobe kprobe;
	struct ftrace_ops ops;
	bool ftrace;
};

#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
static __always_inline void stap_function_run(struct stap_context *c, unsigned long ip, struct ftrace_regs *registers)
{
	c->address = ip;
	c->arguments = registers;
	stap_run(c);
	stap_leave(c);
}

static noinline void notrace stap_function_traced_after_all(unsigned long ip, struct stap_probe *probe,
							    struct ftrace_regs *registers)
{
	struct stap_context *c = stap_take_after_all(probe, STAP_RUNNING);

	if (c)
		stap_function_run(c, ip, registers);
	else
		preempt_enable_notrace();
}

/* Each instruction counts here. */
static void notrace stap_function_traced(unsigned long ip, unsigned long parent_ip,
					 struct ftrace_ops *ops, struct ftrace_regs *registers)
{
	struct stap_cpu_data *this;

	preempt_disable_notrace();
	this = this_cpu_ptr(&stap_cpus);
	if (stap_is_free(this) && likely(stap_rcu_is_watching()))
		stap_function_run(stap_take(this, ops->private), ip, registers);
	else
		stap_function_traced_after_all(ip, ops->private, registers);
}

static int stap_function_trace(struct stap_function_site *site, unsigned long address)
{
	int rc;

	site->ops.func = stap_function_traced;
	site->ops.private = site->probe;
	/* where they cannot be saved this is refused, and the kprobe has them */
	if (&STAP_UNIT(registers))
		site->ops.flags = FTRACE_OPS_FL_SAVE_REGS;
	rc = ftrace_set_filter_ip(&site->ops, address, 0, 0);
	if (rc)
		return rc;
	rc = register_ftrace_function(&site->ops);
	if (rc)
		ftrace_free_filter(&site->ops);
	return rc;
}

static void stap_function_untrace(struct stap_function_site *site)
{
	unregister_ftrace_function(&site->ops);
	ftrace_free_filter(&site->ops);
}
#else
static int stap_function_trace(struct stap_function_site *site, unsigned long address)
{
	return -EINVAL;
}

static void stap_function_untrace(struct stap_function_site *site)
{
}
#endif

static int stap_function_hit(struct kprobe *kprobe, struct pt_regs *registers)
{
	struct stap_function_site *site = container_of(kprobe, struct stap_function_site, kprobe);
	struct stap_context *c = stap_enter(site->probe, STAP_RUNNING);

	if (c) {
		stap_run_with(c, (unsigned long)kprobe->addr, registers);
		stap_leave(c);
	}
	return 0;
}
NOKPROBE_SYMBOL(stap_function_hit);

stap_long stap_argument(struct stap_context *c, int n)
{
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
	if (c->arguments)
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
		return ftrace_regs_get_argument((struct ftrace_regs *)c->arguments, n);
#else
		return regs_get_kernel_argument(&((struct ftrace_regs *)c->arguments)->regs, n);
#endif
#endif
	return regs_get_kernel_argument(c->registers, n);
}

static int stap_function_arm(struct stap_probe *probe)
{
	struct stap_function_site *site = kzalloc(sizeof(*site), GFP_KERNEL);
	unsigned long address;
	int rc;

	if (!site)
		return -ENOMEM;
	stap_allocated += sizeof(*site);
	site->probe = probe;
	stap_kprobe_at(&site->kprobe, &((const struct stap_function_place *)probe->place)->at);
	site->kprobe.pre_handler = stap_function_hit;
	site->kprobe.flags = KPROBE_FLAG_DISABLED;
	rc = register_kprobe(&site->kprobe);
	if (rc) {
		kfree(site);
		return rc;
	}
	address = (unsigned long)site->kprobe.addr;
	if (stap_function_trace(site, address) == 0) {
		site->ftrace = true;
		unregister_kprobe(&site->kprobe);
	} else {
		rc = enable_kprobe(&site->kprobe);
		if (rc) {
			unregister_kprobe(&site->kprobe);
			kfree(site);
			return rc;
		}
	}
	probe->site = site;
	stap_event("info", "%s: %s at %pS", probe->point, site->ftrace ? "ftrace" : "kprobe", (void *)address);
	return 0;
}

static void stap_function_disarm(struct stap_probe *probe)
{
	struct stap_function_site *site = probe->site;

	if (!site)
		return;
	if (site->ftrace)
		stap_function_untrace(site);
	else
		unregister_kprobe(&site->kprobe);
	probe->site = NULL;
	kfree(site);
}

const struct stap_family stap_function = {
	.name = "function", .type = "kprobe", .arm = stap_function_arm, .disarm = stap_function_disarm,
};
