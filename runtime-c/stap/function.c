/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * kernel.function("name"): the entry of a function.
 *
 * Where that is an ftrace site, as nearly every function's is, it has an ftrace
 * callback: 35 instructions a hit of the kernel's own, where a kprobe has more
 * than 100. A few functions have a registration each, whose callback knows its
 * probe. Many share one, or one for some hundreds, which finds the probes by the address:
 *
 *	hash ──▶ | address | first probe |──▶ next probe at the same place ──▶ …
 *
 * Elsewhere there is a kprobe. Not where a pattern stands for thousands of functions: those
 * that the kernel's tracer keeps away from, as from the start of a processor that cannot take
 * a breakpoint yet, are then left out.
 */
#include <linux/bitmap.h>
#include <linux/hash.h>
#include <linux/kprobes.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "machine.h"
#include "place.h"
#include "trace.h"

#ifdef STAP_TRACES

/* So many functions have a callback of their own. */
#define STAP_OWN_CALLBACKS 4
/* Of more functions than this a pattern's have no kprobes. */
#define STAP_SWEEP 1000

struct stap_traced {
	unsigned long address;
	struct stap_probe *first;	/* NULL: it is no ftrace site */
	bool set;
};

struct stap_trace {
	struct ftrace_ops ops;
	bool usable;			/* the kernel lets all of it be traced */
	bool registered;
	unsigned int count;		/* of addresses in the table */
	unsigned int bits;
	struct stap_traced *table;	/* 1 << bits; NULL where ops.private is the probe */
};

static __always_inline void stap_trace_run(struct stap_context *c, stap_trace_registers *registers)
{
	c->arguments = registers;
#ifdef STAP_TRACES_WITH_ALL_REGISTERS
	c->registers = stap_trace_all_registers(registers);
	stap_handle(c);
	c->registers = NULL;
#else
	stap_handle(c);
#endif
	stap_give(c);
	preempt_enable_notrace();
}

static noinline void notrace stap_trace_after_all(const struct stap_probe *probe, stap_trace_registers *registers)
{
	struct stap_context *c = stap_take_after_all(probe, STAP_RUNNING);

	if (c)
		stap_trace_run(c, registers);
	else
		preempt_enable_notrace();
}

/* Each instruction counts here. */
static __always_inline void stap_trace_hit(const struct stap_probe *probe, stap_trace_registers *registers)
{
	struct stap_cpu_data *this;

	preempt_disable_notrace();
	this = stap_this_cpu();
	if (stap_is_free(this) && likely(stap_rcu_is_watching()))
		stap_trace_run(stap_take(this, probe), registers);
	else
		stap_trace_after_all(probe, registers);
}

static void notrace stap_traced(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				stap_trace_registers *registers)
{
	stap_trace_hit(ops->private, registers);
}

static __always_inline struct stap_traced *stap_trace_slot(const struct stap_trace *trace, unsigned long address)
{
	unsigned long i = hash_long(address, trace->bits);

	while (trace->table[i].address && trace->table[i].address != address)
		i = (i + 1) & ((1UL << trace->bits) - 1);
	return &trace->table[i];
}

static void notrace stap_traced_many(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				     stap_trace_registers *registers)
{
	const struct stap_trace *trace = container_of(ops, struct stap_trace, ops);
	const struct stap_probe *probe = NULL;
	unsigned long back;

	for (back = 0; back <= STAP_MACHINE_SITE && !probe; back += 4)
		probe = stap_trace_slot(trace, ip - back)->first;
	for (; probe; probe = stap_probe_next(probe))
		if (!stap_is_held(probe))
			stap_trace_hit(probe, registers);
}

/*
 * Marks which of the addresses are no ftrace sites. One such spoils its batch, so a
 * batch that fails is halved; trial is an ops that is never registered.
 */
static void stap_trace_try(struct ftrace_ops *trial, unsigned long *addresses, unsigned int count, unsigned long *none,
			   unsigned int at)
{
	unsigned int half = count / 2;

	if (!stap_trace_filter(trial, addresses + at, count))
		return;
	if (count == 1) {
		__set_bit(at, none);
		return;
	}
	stap_trace_try(trial, addresses, half, none, at);
	stap_trace_try(trial, addresses, count - half, none, at + half);
}

/* Makes the filter that of the functions which have a probe that is not held; gives how many these are, or an error. */
static int stap_trace_choose(struct stap_trace *trace)
{
	unsigned long *addresses = kvmalloc_array(trace->count, sizeof(*addresses), GFP_KERNEL);
	unsigned int i, wanted = 0;
	bool changed = false;
	int rc = 0;

	if (!addresses)
		return -ENOMEM;
	for (i = 0; i < 1U << trace->bits; i++) {
		struct stap_traced *slot = &trace->table[i];
		bool set = slot->first && stap_probes_wanted(slot->first);

		if (set)
			addresses[wanted++] = slot->address;
		changed |= set != slot->set;
		slot->set = set;
	}
	/* without a filter all functions would be traced */
	if (changed && wanted)
		rc = stap_trace_filter(&trace->ops, addresses, wanted);
	kvfree(addresses);
	return rc ?: wanted;
}

static int stap_trace_settle(struct stap_trace *trace)
{
	int wanted = trace->table ? stap_trace_choose(trace) : stap_probes_wanted(trace->ops.private), rc = 0;

	if (wanted < 0)
		return wanted;
	if (wanted && !trace->registered) {
		rc = register_ftrace_function(&trace->ops);
		trace->registered = !rc;
	} else if (!wanted && trace->registered) {
		rc = unregister_ftrace_function(&trace->ops);
		trace->registered = !!rc;
	}
	return rc;
}

/* Sets what it can of probes that are joined by place, firsts their first ones; marks the others. */
static bool stap_trace_set(struct stap_trace *trace, struct stap_probe **firsts, unsigned long *addresses,
			   unsigned int count, unsigned long *none)
{
	struct ftrace_ops trial = { .func = stap_traced };
	unsigned int i, good = 0;

	trace->ops.flags = STAP_TRACE_FLAGS;
	/* where registers cannot be saved this is refused, and kprobes have them */
	if (stap_weak(&STAP_UNIT(registers)))
		trace->ops.flags |= FTRACE_OPS_FL_SAVE_REGS;
	/* the kernel is told that the CPU may be sent elsewhere: of two that do so at one function it refuses the second */
	for (i = 0; i < count; i++)
		if (stap_probes_override(firsts[i]))
			trace->ops.flags |= FTRACE_OPS_FL_IPMODIFY;
	if (count == 1 && !stap_probe_next(firsts[0])) {
		trace->ops.func = stap_traced;
		trace->ops.private = firsts[0];
	} else {
		trace->ops.func = stap_traced_many;
		trace->bits = ilog2(count) + 2;
		trace->table = kvcalloc(1UL << trace->bits, sizeof(*trace->table), GFP_KERNEL);
		if (!trace->table)
			return false;
		stap_allocated += sizeof(*trace->table) << trace->bits;
		for (i = 0; i < count; i++) {
			struct stap_traced *slot = stap_trace_slot(trace, addresses[i]);

			slot->address = addresses[i];
			slot->first = firsts[i];
		}
	}
	stap_trace_try(&trial, addresses, count, none, 0);
	stap_trace_unfilter(&trial);
	for (i = 0; i < count; i++)
		if (!test_bit(i, none))
			addresses[good++] = addresses[i];
		else if (trace->table)
			stap_trace_slot(trace, addresses[i])->first = NULL;
	trace->count = good;
	/* of a table this is done when it is settled */
	trace->usable = good && (trace->table || !stap_trace_filter(&trace->ops, addresses, good));
	if (trace->usable && stap_trace_settle(trace))
		trace->usable = false;
	if (!trace->usable)
		stap_trace_unfilter(&trace->ops);
	return trace->usable;
}

static void stap_trace_unset(struct stap_trace *trace)
{
	if (trace->registered)
		unregister_ftrace_function(&trace->ops);
	if (trace->usable)
		stap_trace_unfilter(&trace->ops);
	kvfree(trace->table);
}

struct stap_functions {
	void *kprobes;
	unsigned int count;
	struct stap_trace traces[];
};

/* What the kernel is told of the function at an address. */
static unsigned long stap_trace_site(unsigned long address)
{
	u32 code[2];

	return copy_from_kernel_nofault(code, (void *)address, sizeof(code)) ? address : address + stap_machine_site(code);
}

/* Traces what it can; gives how many of the probes are left over, moved to the front. */
static unsigned int stap_functions_trace(struct stap_functions *set, struct stap_probe **probes, unsigned int count,
					 struct stap_probe **firsts, unsigned long *addresses, unsigned long *none)
{
	unsigned int places = 0, left = 0, lines = 0, i, n, each, these;
	struct stap_probe *probe, *next;

	for (i = 0; i < count; i += n) {
		n = stap_probes_join(probes + i, count - i);
		firsts[places] = probes[i];
		addresses[places++] = stap_trace_site(probes[i]->address);
	}
	each = places <= STAP_OWN_CALLBACKS ? 1 : min(places, STAP_TRACE_ADDRESSES);
	for (i = 0; i < places; i += each) {
		these = min(each, places - i);
		bitmap_zero(none, these);
		if (!stap_trace_set(&set->traces[i / each], firsts + i, addresses + i, these, none))
			bitmap_fill(none, these);
		for (n = 0; n < these; n++)
			for (probe = firsts[i + n]; probe; probe = next) {
				next = stap_probe_next(probe);
				if (test_bit(n, none) && probe->dispensable && places > STAP_SWEEP)
					stap_arm_failed(probe, -EPERM);
				else if (test_bit(n, none))
					probes[left++] = probe;
				else
					stap_place_says(&lines, probe, "ftrace");
			}
	}
	stap_place_sums_up(lines, "ftrace");
	return left;
}

static void *stap_functions_set(struct stap_probe **probes, unsigned int count)
{
	unsigned int traces = max_t(unsigned int, STAP_OWN_CALLBACKS, (count - 1) / STAP_TRACE_ADDRESSES + 1);
	struct stap_functions *set = kvzalloc(struct_size(set, traces, traces), GFP_KERNEL);
	unsigned long *addresses = kvmalloc_array(count, sizeof(*addresses), GFP_KERNEL);
	unsigned long *none = kvcalloc(BITS_TO_LONGS(count), sizeof(*none), GFP_KERNEL);
	struct stap_probe **firsts = kvmalloc_array(count, sizeof(*firsts), GFP_KERNEL);
	struct stap_probe **left = kvmalloc_array(count, sizeof(*left), GFP_KERNEL);
	unsigned int i;

	if (set && addresses && none && firsts && left) {
		stap_allocated += struct_size(set, traces, traces);
		set->count = traces;
		memcpy(left, probes, count * sizeof(*left));
		count = stap_functions_trace(set, left, count, firsts, addresses, none);
		if (count)
			set->kprobes = stap_kprobes_set(left, count);
	} else {
		for (i = 0; i < count; i++)
			stap_arm_failed(probes[i], -ENOMEM);
		kvfree(set);
		set = NULL;
	}
	kvfree(left);
	kvfree(firsts);
	kvfree(none);
	kvfree(addresses);
	return set;
}

static void stap_functions_settle(void *functions)
{
	struct stap_functions *set = functions;
	unsigned int i;
	int rc;

	for (i = 0; i < set->count; i++) {
		rc = set->traces[i].usable ? stap_trace_settle(&set->traces[i]) : 0;
		if (rc)
			stap_warning("functions cannot be traced as they should be from now on (rc %d)", rc);
	}
	stap_kprobes_settle(set->kprobes);
}

static void stap_functions_unset(void *functions)
{
	struct stap_functions *set = functions;
	unsigned int i;

	for (i = 0; i < set->count; i++)
		stap_trace_unset(&set->traces[i]);
	stap_kprobes_unset(set->kprobes);
	kvfree(set);
}

static const struct stap_place_family stap_function_how = {
	.set = stap_functions_set, .settle = stap_functions_settle, .unset = stap_functions_unset,
};
#else
static const struct stap_place_family stap_function_how = {
	.set = stap_kprobes_set, .settle = stap_kprobes_settle, .unset = stap_kprobes_unset,
};
#endif

const struct stap_family stap_function = {
	.name = "function", .type = "kprobe", .arm = stap_place_arm, .how = &stap_function_how,
};
