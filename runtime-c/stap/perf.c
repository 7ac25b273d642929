/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * perf.type(t).config(c): an event of the kernel's performance counters on each
 * CPU. A hit is an overflow, in an interrupt that may be an NMI: where it finds
 * the CPU's context taken it is skipped, as any other hit.
 *
 * The events of a CPU that goes down are dead. Whether it comes up again is told
 * by a call in which events can neither be made nor released, since both may
 * wait for the end of that very change: work does it a moment later.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "perf.h"

struct stap_perf_site {
	struct list_head list;
	struct stap_probe *probe;
	struct perf_event_attr attr;	/* disabled while the probe is held */
	struct perf_event *__percpu *events;
};

static DEFINE_MUTEX(stap_perf_mutex);
static LIST_HEAD(stap_perf_sites);
static int stap_perf_state;
static struct cpumask stap_perf_down;	/* CPUs without events, or with dead ones */

static void stap_perf_hit(struct perf_event *event, struct perf_sample_data *data, struct pt_regs *registers)
{
	struct stap_probe *probe = event->overflow_handler_context;

	stap_hit(probe, registers, NULL, registers ? instruction_pointer(registers) : 0);
}

/* Makes a CPU's event; of one that has gone down meanwhile, none. */
static int stap_perf_make(struct stap_perf_site *site, unsigned int cpu)
{
	struct perf_event *event = perf_event_create_kernel_counter(&site->attr, cpu, NULL, stap_perf_hit, site->probe);

	if (IS_ERR(event)) {
		if (cpu_online(cpu))
			return PTR_ERR(event);
		cpumask_set_cpu(cpu, &stap_perf_down);
		return 0;
	}
	WRITE_ONCE(*per_cpu_ptr(site->events, cpu), event);
	return 0;
}

static void stap_perf_release(struct stap_perf_site *site, unsigned int cpu)
{
	struct perf_event *event = *per_cpu_ptr(site->events, cpu);

	WRITE_ONCE(*per_cpu_ptr(site->events, cpu), NULL);
	if (event)
		perf_event_release_kernel(event);
}

/* Gives CPUs that have come up events. */
static void stap_perf_renew(struct work_struct *work)
{
	struct stap_perf_site *site;
	unsigned int cpu;

	mutex_lock(&stap_perf_mutex);
	for_each_online_cpu(cpu) {
		if (!cpumask_test_and_clear_cpu(cpu, &stap_perf_down))
			continue;
		list_for_each_entry(site, &stap_perf_sites, list) {
			int rc;

			stap_perf_release(site, cpu);
			rc = stap_perf_make(site, cpu);
			if (rc)
				stap_warning("perf probe '%s' is not set on CPU %u, which came up (%d)", site->probe->point, cpu, rc);
		}
	}
	mutex_unlock(&stap_perf_mutex);
}

static DECLARE_WORK(stap_perf_work, stap_perf_renew);

static int stap_perf_online(unsigned int cpu)
{
	schedule_work(&stap_perf_work);
	return 0;
}

static int stap_perf_offline(unsigned int cpu)
{
	cpumask_set_cpu(cpu, &stap_perf_down);
	return 0;
}

static int stap_perf_watch_cpus(void)
{
	int state;

	if (stap_perf_state)
		return 0;
	cpumask_andnot(&stap_perf_down, cpu_possible_mask, cpu_online_mask);
	state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "stap:perf", stap_perf_online, stap_perf_offline);
	if (state < 0)
		return state;
	stap_perf_state = state;
	return 0;
}

int stap_perf_open(struct stap_probe *probe, const struct perf_event_attr *attr)
{
	struct stap_perf_site *site;
	unsigned int cpu;
	int rc = stap_perf_watch_cpus();

	if (rc)
		return rc;
	site = kzalloc(sizeof(*site), GFP_KERNEL);
	if (!site)
		return -ENOMEM;
	site->events = alloc_percpu(struct perf_event *);
	if (!site->events) {
		kfree(site);
		return -ENOMEM;
	}
	stap_allocated += sizeof(*site) + num_possible_cpus() * sizeof(struct perf_event *);
	site->probe = probe;
	site->attr = *attr;
	site->attr.disabled = stap_is_held(probe);
	probe->site = site;
	mutex_lock(&stap_perf_mutex);
	list_add_tail(&site->list, &stap_perf_sites);
	for_each_online_cpu(cpu) {
		rc = stap_perf_make(site, cpu);
		if (rc)
			break;
	}
	mutex_unlock(&stap_perf_mutex);
	if (rc)
		stap_perf_close(probe);
	return rc;
}

static void stap_perf_settle(void)
{
	struct stap_perf_site *site;
	unsigned int cpu;

	mutex_lock(&stap_perf_mutex);
	list_for_each_entry(site, &stap_perf_sites, list) {
		bool held = stap_is_held(site->probe);

		if (site->probe->family == &stap_counter || held == site->attr.disabled)
			continue;
		site->attr.disabled = held;
		for_each_possible_cpu(cpu) {
			struct perf_event *event = *per_cpu_ptr(site->events, cpu);

			if (event && held)
				perf_event_disable(event);
			else if (event)
				perf_event_enable(event);
		}
	}
	mutex_unlock(&stap_perf_mutex);
}

const struct stap_unit STAP_UNIT(perf) = { .settle = stap_perf_settle };

void stap_perf_close(struct stap_probe *probe)
{
	struct stap_perf_site *site = probe->site;
	unsigned int cpu;
	bool last;

	if (!site)
		return;
	mutex_lock(&stap_perf_mutex);
	list_del(&site->list);
	last = list_empty(&stap_perf_sites);
	mutex_unlock(&stap_perf_mutex);
	if (last) {
		cpuhp_remove_state_nocalls(stap_perf_state);
		stap_perf_state = 0;
		cancel_work_sync(&stap_perf_work);
	}
	WRITE_ONCE(probe->site, NULL);
	synchronize_rcu(); /* handlers that read the counter */
	for_each_possible_cpu(cpu)
		stap_perf_release(site, cpu);
	free_percpu(site->events);
	kfree(site);
}

/* What the kernel cannot count is said, and the session goes on. */
static int stap_perf_arm(struct stap_probe *probe)
{
	const struct stap_perf_place *place = probe->place;
	struct perf_event_attr attr = {
		.type = place->type, .size = sizeof(attr), .config = place->config,
	};
	int rc;

	if (place->frequency) {
		attr.freq = 1;
		attr.sample_freq = place->frequency;
	} else {
		attr.sample_period = place->period;
	}
	rc = stap_perf_open(probe, &attr);
	if (rc)
		stap_warning("perf probe '%s' is not supported by this kernel (%d)", probe->point, rc);
	return 0;
}

/* What this CPU has counted since the session began; 0 where that cannot be counted. */
stap_long stap_perf_count(struct stap_context *c, const struct stap_probe *probe)
{
	struct stap_perf_site *site = READ_ONCE(probe->site);
	struct perf_event *event = site ? READ_ONCE(*this_cpu_ptr(site->events)) : NULL;
	unsigned long flags;
	stap_long count;

	if (!event)
		return 0;
	local_irq_save(flags);
	if (READ_ONCE(event->oncpu) == smp_processor_id())
		event->pmu->read(event);
	count = local64_read(&event->count);
	local_irq_restore(flags);
	return count;
}

const struct stap_family stap_perf = {
	.name = "perf", .type = "perf_event", .arm = stap_perf_arm, .disarm = stap_perf_close,
};
const struct stap_family stap_counter = {
	.name = "counter", .type = "perf_event", .arm = stap_perf_arm, .disarm = stap_perf_close,
};
