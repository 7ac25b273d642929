/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * kernel.trace("sched:sched_switch"): tracepoints of the kernel and of modules.
 *
 * A tracepoint calls what is registered with it by a prototype of its own. What
 * it passes is a word each, in registers and then on the stack, so a function of
 * so many words can stand for any that takes more: it puts those that handlers use
 * into an array. Probes of one tracepoint share its registration.
 *
 *	a tracepoint ──▶ first probe ──▶ next probe at the same one ──▶ …
 *
 * The kernel's tracepoints are found by name in one walk over all of them, those
 * of a module when it is there or comes.
 */
#include <linux/bsearch.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/tracepoint.h>
#include <linux/version.h>
#include "runtime.h"

#define STAP_TRACEPOINT_LINES 64	/* before they say no more than a line of all does */

struct stap_tracepoint_site {
	const struct stap_tracepoint_place *place;	/* of the first probe */
	struct stap_probe *first;	/* each has the next one in its site */
	struct tracepoint *tracepoint;	/* NULL where it is not there */
	void *function;			/* what is registered with it */
	bool usable;			/* it can be registered, as far as is known */
	bool registered;
};

static struct stap_tracepoint_site *stap_tracepoints;
static DEFINE_MUTEX(stap_tracepoint_mutex);	/* modules come while probes are set and taken away */
static unsigned int stap_tracepoint_count, stap_tracepoint_lines;

/* Until Linux 6.13 it is the tracepoint that switches preemption off. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define stap_tracepoint_begin() do { } while (0)
#define stap_tracepoint_end() do { } while (0)
#else
#define stap_tracepoint_begin() preempt_disable_notrace()
#define stap_tracepoint_end() preempt_enable_notrace()
#endif

static __always_inline void stap_tracepoint_run(struct stap_context *c, const unsigned long *words)
{
	c->arguments = NULL;
	c->address = 0;
	if (words)
		c->words = words;
	stap_handle(c);
	stap_give(c);
}

static noinline void notrace stap_tracepoint_after_all(const struct stap_probe *probe, const unsigned long *words)
{
	struct stap_context *c = stap_take_after_all(probe, STAP_RUNNING);

	if (c)
		stap_tracepoint_run(c, words);
}

/* Each instruction counts here. */
static __always_inline void stap_tracepoint_hit(const struct stap_probe *probe, const unsigned long *words)
{
	struct stap_cpu_data *this;

	stap_tracepoint_begin();
	this = stap_this_cpu();
	if (stap_is_free(this))
		stap_tracepoint_run(stap_take(this, probe), words);
	else
		stap_tracepoint_after_all(probe, words);
	stap_tracepoint_end();
}

static noinline void notrace stap_tracepoint_hits(const struct stap_probe *probe, const unsigned long *words)
{
	for (; probe; probe = probe->site)
		if (!stap_is_held(probe))
			stap_tracepoint_hit(probe, words);
}

#define STAP_PARAMETERS_5 unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e
#define STAP_PARAMETERS_6 STAP_PARAMETERS_5, unsigned long f
#define STAP_PARAMETERS_7 STAP_PARAMETERS_6, unsigned long g
#define STAP_PARAMETERS_8 STAP_PARAMETERS_7, unsigned long h
#define STAP_PARAMETERS_9 STAP_PARAMETERS_8, unsigned long i
#define STAP_PARAMETERS_10 STAP_PARAMETERS_9, unsigned long j
#define STAP_PARAMETERS_11 STAP_PARAMETERS_10, unsigned long k
#define STAP_PARAMETERS_12 STAP_PARAMETERS_11, unsigned long l
#define STAP_WORDS_5 a, b, c, d, e
#define STAP_WORDS_6 STAP_WORDS_5, f
#define STAP_WORDS_7 STAP_WORDS_6, g
#define STAP_WORDS_8 STAP_WORDS_7, h
#define STAP_WORDS_9 STAP_WORDS_8, i
#define STAP_WORDS_10 STAP_WORDS_9, j
#define STAP_WORDS_11 STAP_WORDS_10, k
#define STAP_WORDS_12 STAP_WORDS_11, l

/* For one probe that uses at most so many words, which are in registers. */
static void notrace stap_traced_0(void *data)
{
	stap_tracepoint_hit(data, NULL);
}

static void notrace stap_traced_2(void *data, unsigned long a, unsigned long b)
{
	const unsigned long words[] = { a, b };

	stap_tracepoint_hit(data, words);
}

static void notrace stap_traced_5(void *data, STAP_PARAMETERS_5)
{
	const unsigned long words[] = { STAP_WORDS_5 };

	stap_tracepoint_hit(data, words);
}

/*
 * For any probes. Of words on the stack exactly those are read that are used:
 * there may be nothing behind what was passed, not even memory.
 */
#define STAP_TRACED_MANY(n)							\
	static void notrace stap_traced_many_##n(void *data, STAP_PARAMETERS_##n) \
	{									\
		const unsigned long words[] = { STAP_WORDS_##n };		\
										\
		stap_tracepoint_hits(data, words);				\
	}

STAP_TRACED_MANY(5)
STAP_TRACED_MANY(6)
STAP_TRACED_MANY(7)
STAP_TRACED_MANY(8)
STAP_TRACED_MANY(9)
STAP_TRACED_MANY(10)
STAP_TRACED_MANY(11)
STAP_TRACED_MANY(12)

/* What to register for probes of one tracepoint that use so many words; NULL: these are too many. */
static void *stap_tracepoint_function(const struct stap_probe *first, int words)
{
	static void *const many[] = {
		stap_traced_many_5, stap_traced_many_6, stap_traced_many_7, stap_traced_many_8,
		stap_traced_many_9, stap_traced_many_10, stap_traced_many_11, stap_traced_many_12,
	};
	const int in_registers = 5;

	if (!first->site && words <= in_registers)
		return words > 2 ? (void *)stap_traced_5 : words ? (void *)stap_traced_2 : (void *)stap_traced_0;
	words = max(words - in_registers, 0);
	return words < ARRAY_SIZE(many) ? many[words] : NULL;
}

static int stap_tracepoint_compare_places(const struct stap_tracepoint_place *x, const struct stap_tracepoint_place *y)
{
	int order = strcmp(x->module ?: "", y->module ?: "");

	return order ?: strcmp(x->name, y->name);
}

/* By module and name, then as they stand in the script. */
static int stap_tracepoint_compare(const void *a, const void *b)
{
	const struct stap_probe *x = *(struct stap_probe *const *)a, *y = *(struct stap_probe *const *)b;
	int order = stap_tracepoint_compare_places(x->place, y->place);

	return order ?: x < y ? -1 : x > y;
}

/* Makes a site of each tracepoint that the script has probes on. */
static int stap_tracepoint_sites(void)
{
	struct stap_probe **probes;
	unsigned int count = 0, i, n;

	probes = kvmalloc_array(stap_script.probe_count, sizeof(*probes), GFP_KERNEL);
	if (!probes)
		return -ENOMEM;
	for (i = 0; i < stap_script.probe_count; i++)
		if (stap_script.probes[i].family == &stap_tracepoint)
			probes[count++] = &stap_script.probes[i];
	stap_tracepoints = kvcalloc(count, sizeof(*stap_tracepoints), GFP_KERNEL);
	if (!stap_tracepoints) {
		kvfree(probes);
		return -ENOMEM;
	}
	stap_allocated += count * sizeof(*stap_tracepoints);
	sort(probes, count, sizeof(*probes), stap_tracepoint_compare, NULL);
	for (i = 0, n = 0; i < count; n++) {
		struct stap_tracepoint_site *site = &stap_tracepoints[n];
		int words = 0;

		site->first = probes[i];
		site->place = probes[i]->place;
		do {
			words = max(words, ((const struct stap_tracepoint_place *)probes[i]->place)->words);
			probes[i]->site = NULL;
			if (probes[i] != site->first)
				probes[i - 1]->site = probes[i];
			i++;
		} while (i < count && !stap_tracepoint_compare_places(site->place, probes[i]->place));
		site->function = stap_tracepoint_function(site->first, words);
	}
	stap_tracepoint_count = n;
	kvfree(probes);
	return 0;
}

static int stap_tracepoint_find(const void *key, const void *element)
{
	return stap_tracepoint_compare_places(key, ((const struct stap_tracepoint_site *)element)->place);
}

static struct stap_tracepoint_site *stap_tracepoint_site_of(const struct tracepoint *tracepoint, const char *module)
{
	const struct stap_tracepoint_place wanted = { .name = tracepoint->name, .module = module };

	return bsearch(&wanted, stap_tracepoints, stap_tracepoint_count, sizeof(*stap_tracepoints), stap_tracepoint_find);
}

/* Registers it if a probe of it is to hit. */
static int stap_tracepoint_settle(struct stap_tracepoint_site *site)
{
	const struct stap_probe *probe = site->first;
	int rc = 0;

	while (probe && stap_is_held(probe))
		probe = probe->site;
	if (probe && !site->registered) {
		rc = tracepoint_probe_register(site->tracepoint, site->function, site->first);
		site->registered = !rc;
	} else if (!probe && site->registered) {
		tracepoint_probe_unregister(site->tracepoint, site->function, site->first);
		site->registered = false;
	}
	return rc;
}

static void stap_tracepoint_register(struct stap_tracepoint_site *site)
{
	struct stap_probe *probe;
	int rc = -ENOENT;

#if defined(CONFIG_CFI_CLANG) || defined(CONFIG_CFI)
	rc = -EPROTOTYPE; /* calls are only let through by the prototype itself */
#else
	if (!site->function)
		rc = -EINVAL;
	else if (site->tracepoint)
		rc = stap_tracepoint_settle(site);
#endif
	site->usable = !rc;
	for (probe = site->first; probe; probe = probe->site) {
		if (rc)
			stap_arm_failed(probe, rc);
		else if (++stap_tracepoint_lines <= STAP_TRACEPOINT_LINES)
			stap_event("info", "%s: tracepoint", probe->point);
	}
}

static void stap_tracepoint_unregister(struct stap_tracepoint_site *site)
{
	if (site->registered)
		tracepoint_probe_unregister(site->tracepoint, site->function, site->first);
	site->registered = site->usable = false;
	site->tracepoint = NULL;
}

static void stap_tracepoint_of_kernel(struct tracepoint *tracepoint, void *unused)
{
	struct stap_tracepoint_site *site = stap_tracepoint_site_of(tracepoint, NULL);

	if (site)
		site->tracepoint = tracepoint;
}

#ifdef CONFIG_MODULES
static bool stap_tracepoints_notified;

static int stap_tracepoint_module(struct notifier_block *block, unsigned long state, void *data)
{
	const struct module *module = ((const struct tp_module *)data)->mod;
	unsigned int i;

	if (state != MODULE_STATE_COMING && state != MODULE_STATE_GOING)
		return NOTIFY_DONE;
	mutex_lock(&stap_tracepoint_mutex);
	for (i = 0; i < module->num_tracepoints; i++) {
		struct tracepoint *tracepoint = tracepoint_ptr_deref(&module->tracepoints_ptrs[i]);
		struct stap_tracepoint_site *site = stap_tracepoint_site_of(tracepoint, module->name);

		if (!site)
			continue;
		stap_tracepoint_unregister(site);
		if (state == MODULE_STATE_COMING) {
			site->tracepoint = tracepoint;
			stap_tracepoint_register(site);
		}
	}
	mutex_unlock(&stap_tracepoint_mutex);
	return NOTIFY_DONE;
}

static struct notifier_block stap_tracepoint_modules = { .notifier_call = stap_tracepoint_module };

/* Hears of the modules that are there at once, and of those that come. */
static void stap_tracepoint_notify(void)
{
	unsigned int i;

	for (i = 0; i < stap_tracepoint_count; i++)
		stap_tracepoints_notified |= !!stap_tracepoints[i].place->module;
	if (stap_tracepoints_notified && register_tracepoint_module_notifier(&stap_tracepoint_modules)) {
		stap_tracepoints_notified = false;
		stap_warning("tracepoints of modules have no probes: the kernel does not tell of them");
	}
}

static void stap_tracepoint_ignore(void)
{
	if (stap_tracepoints_notified)
		unregister_tracepoint_module_notifier(&stap_tracepoint_modules);
	stap_tracepoints_notified = false;
}
#else
static void stap_tracepoint_notify(void)
{
}

static void stap_tracepoint_ignore(void)
{
}
#endif

static void stap_tracepoint_set_all(void)
{
	unsigned int i;

	if (stap_tracepoint_sites()) {
		for (i = 0; i < stap_script.probe_count; i++)
			if (stap_script.probes[i].family == &stap_tracepoint)
				stap_arm_failed(&stap_script.probes[i], -ENOMEM);
		return;
	}
	for_each_kernel_tracepoint(stap_tracepoint_of_kernel, NULL);
	for (i = 0; i < stap_tracepoint_count; i++)
		if (!stap_tracepoints[i].place->module)
			stap_tracepoint_register(&stap_tracepoints[i]);
	stap_tracepoint_notify();
	if (stap_tracepoint_lines > STAP_TRACEPOINT_LINES)
		stap_event("total", "%u probes: tracepoint", stap_tracepoint_lines);
}

static void stap_tracepoint_settle_all(void)
{
	unsigned int i;

	mutex_lock(&stap_tracepoint_mutex);
	for (i = 0; i < stap_tracepoint_count; i++)
		if (stap_tracepoints[i].usable)
			stap_set_again(stap_tracepoints[i].first, stap_tracepoint_settle(&stap_tracepoints[i]));
	mutex_unlock(&stap_tracepoint_mutex);
}

static void stap_tracepoint_unset_all(void)
{
	unsigned int i;

	stap_tracepoint_ignore();
	for (i = 0; i < stap_tracepoint_count; i++)
		stap_tracepoint_unregister(&stap_tracepoints[i]);
	stap_tracepoint_count = 0;
	tracepoint_synchronize_unregister();
	kvfree(stap_tracepoints);
	stap_tracepoints = NULL;
}

const struct stap_unit STAP_UNIT(tracepoint) = {
	.arm = stap_tracepoint_set_all, .settle = stap_tracepoint_settle_all, .disarm = stap_tracepoint_unset_all,
};

/* They are set all at once. */
const struct stap_family stap_tracepoint = { .name = "tracepoint", .type = "kernel_tracepoint" };
