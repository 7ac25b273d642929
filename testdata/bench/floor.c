//go:build ignore

// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * The least that a probe can cost: a handler that only counts, set on an address
 * by each of the kernel's mechanisms.
 *
 *	insmod floor.ko mechanism=ftrace|kprobe|kretprobe|fprobe|tracepoint address=N
 */
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/tracepoint.h>
#include <linux/version.h>
#ifdef CONFIG_FPROBE
#include <linux/fprobe.h>
#endif

static char *mechanism = "";
module_param(mechanism, charp, 0);
static unsigned long address;
module_param(address, ulong, 0);

static unsigned long n;

static void notrace traced(unsigned long ip, unsigned long parent, struct ftrace_ops *ops, struct ftrace_regs *registers)
{
	n++;
}

static struct ftrace_ops ops = { .func = traced };

static int hit(struct kprobe *p, struct pt_regs *registers)
{
	n++;
	return 0;
}

static struct kprobe kprobe = { .pre_handler = hit };

static int returned(struct kretprobe_instance *instance, struct pt_regs *registers)
{
	n++;
	return 0;
}

static struct kretprobe kretprobe = { .handler = returned, .maxactive = 20 };

#ifdef CONFIG_FPROBE
static void left(struct fprobe *f, unsigned long entry, unsigned long to,
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
		 struct ftrace_regs *registers,
#else
		 struct pt_regs *registers,
#endif
		 void *data)
{
	n++;
}

static struct fprobe fprobe = { .exit_handler = left };
#endif

static struct tracepoint *sys_enter;

static void entered(void *data, struct pt_regs *registers, long id)
{
	n++;
}

static void find(struct tracepoint *t, void *data)
{
	if (!strcmp(t->name, "sys_enter"))
		sys_enter = t;
}

static int __init load(void)
{
	int rc;

	if (!strcmp(mechanism, "ftrace")) {
		rc = ftrace_set_filter_ip(&ops, address, 0, 0);
		return rc ?: register_ftrace_function(&ops);
	}
	if (!strcmp(mechanism, "kprobe")) {
		kprobe.addr = (kprobe_opcode_t *)address;
		return register_kprobe(&kprobe);
	}
	if (!strcmp(mechanism, "kretprobe")) {
		kretprobe.kp.addr = (kprobe_opcode_t *)address;
		return register_kretprobe(&kretprobe);
	}
#ifdef CONFIG_FPROBE
	if (!strcmp(mechanism, "fprobe"))
		return register_fprobe_ips(&fprobe, &address, 1);
#endif
	if (!strcmp(mechanism, "tracepoint")) {
		for_each_kernel_tracepoint(find, NULL);
		return sys_enter ? tracepoint_probe_register(sys_enter, entered, NULL) : -ENOENT;
	}
	return -EINVAL;
}

static void __exit unload(void)
{
	if (!strcmp(mechanism, "ftrace"))
		unregister_ftrace_function(&ops);
	if (!strcmp(mechanism, "kprobe"))
		unregister_kprobe(&kprobe);
	if (!strcmp(mechanism, "kretprobe"))
		unregister_kretprobe(&kretprobe);
#ifdef CONFIG_FPROBE
	if (!strcmp(mechanism, "fprobe"))
		unregister_fprobe(&fprobe);
#endif
	if (sys_enter) {
		tracepoint_probe_unregister(sys_enter, entered, NULL);
		tracepoint_synchronize_unregister();
	}
}

module_init(load);
module_exit(unload);
MODULE_LICENSE("Dual MIT/GPL");
