/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Probes on places in the kernel's and modules' code. They are set together:
 * those of the kernel when the session starts, those of a module when that is
 * there or comes, and they are taken away when it goes.
 *
 *	a group: the probes of the kernel, or of one module
 *	  each one's address is found, they are sorted by family and address
 *	  a set: those of a family, which joins the ones that have an address in common
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include "place.h"

#define STAP_FAMILIES 4	/* that are set here */
#define STAP_LINES 64	/* of a group, before they say no more than a line of all does */

struct stap_group {
	struct stap_group *next;
	const char *module;	/* NULL: the kernel */
	struct stap_probe **probes;
	unsigned int count, room;
	unsigned int found;	/* so many are first, and set */
	bool set;
	struct {
		const struct stap_place_family *family;
		void *set;
	} sets[STAP_FAMILIES];
	unsigned int set_count;
};

static struct stap_group *stap_groups;
static DEFINE_MUTEX(stap_groups_mutex);

/* A module's name has the same meaning with "-" and "_". */
static bool stap_same_module(const char *x, const char *y)
{
	for (; *x || *y; x++, y++)
		if (*x != *y && !((*x == '-' || *x == '_') && (*y == '-' || *y == '_')))
			return false;
	return true;
}

static struct stap_group *stap_group_of(const char *module)
{
	struct stap_group *group, **end = &stap_groups;

	for (; (group = *end); end = &group->next)
		if (module && group->module ? stap_same_module(module, group->module) : module == group->module)
			return group;
	group = kzalloc(sizeof(*group), GFP_KERNEL);
	if (group) {
		group->module = module;
		*end = group;
	}
	return group;
}

/* Takes the probe down; it is set with all others. */
int stap_place_arm(struct stap_probe *probe)
{
	struct stap_group *group = stap_group_of(((const struct stap_address *)probe->place)->module);

	if (!group)
		return -ENOMEM;
	if (group->count == group->room) {
		unsigned int room = group->room ? 2 * group->room : 8;
		struct stap_probe **probes = kvmalloc_array(room, sizeof(*probes), GFP_KERNEL);

		if (!probes)
			return -ENOMEM;
		if (group->count)
			memcpy(probes, group->probes, group->count * sizeof(*probes));
		kvfree(group->probes);
		group->probes = probes;
		group->room = room;
	}
	group->probes[group->count++] = probe;
	return 0;
}

/* By family, then by address, then as they stand in the script; what has no address comes last. */
static int stap_place_compare(const void *a, const void *b)
{
	const struct stap_probe *x = *(struct stap_probe *const *)a, *y = *(struct stap_probe *const *)b;

	if (!x->address != !y->address)
		return x->address ? -1 : 1;
	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void stap_group_set(struct stap_group *group, const struct module *coming)
{
	unsigned int i, end;

	group->found = 0;
	for (i = 0; i < group->count; i++) {
		struct stap_probe *probe = group->probes[i];
		unsigned long address;
		int rc = stap_address_find(probe->place, &address);

		probe->address = rc ? 0 : address;
		probe->site = NULL;
		if (!rc && coming && within_module_init(address, coming)) {
			probe->address = 0;
			stap_event("info", "%s: not set: it is code of the module's start", probe->point);
		} else if (!rc) {
			group->found++;
		} else if (!group->module || coming || rc != -ENOENT) {
			stap_arm_failed(probe, rc);
		}
	}
	sort(group->probes, group->count, sizeof(*group->probes), stap_place_compare, NULL);
	group->set_count = 0;
	group->set = true;
	for (i = 0; i < group->found; i = end) {
		const struct stap_family *family = group->probes[i]->family;
		const struct stap_place_family *how = family->how;

		for (end = i + 1; end < group->found && group->probes[end]->family == family;)
			end++;
		group->sets[group->set_count].family = how;
		group->sets[group->set_count].set = how->set(group->probes + i, end - i);
		group->set_count++;
	}
}

static void stap_group_unset(struct stap_group *group)
{
	if (!group->set)
		return;
	while (group->set_count) {
		group->set_count--;
		if (group->sets[group->set_count].set)
			group->sets[group->set_count].family->unset(group->sets[group->set_count].set);
	}
	group->set = false;
}

void stap_place_says(unsigned int *lines, const struct stap_probe *probe, const char *mechanism)
{
	if (++*lines <= STAP_LINES)
		stap_event("info", "%s: %s at %pS", probe->point, mechanism, (void *)probe->address);
}

void stap_place_sums_up(unsigned int lines, const char *mechanism)
{
	if (lines > STAP_LINES)
		stap_event("total", "%u places: %s", lines, mechanism);
}

static void stap_place_settle(void)
{
	struct stap_group *group;
	unsigned int i;

	mutex_lock(&stap_groups_mutex);
	for (group = stap_groups; group; group = group->next)
		for (i = 0; group->set && i < group->set_count; i++)
			if (group->sets[i].set)
				group->sets[i].family->settle(group->sets[i].set);
	mutex_unlock(&stap_groups_mutex);
}

/*
 * A module's symbols can be looked up and its ftrace sites are known before
 * anybody hears of its coming, and both are still there while it goes.
 */
static int stap_place_module(struct notifier_block *block, unsigned long state, void *data)
{
	const struct module *module = data;
	struct stap_group *group;

	if (state != MODULE_STATE_COMING && state != MODULE_STATE_GOING)
		return NOTIFY_DONE;
	mutex_lock(&stap_groups_mutex);
	for (group = stap_groups; group; group = group->next)
		if (group->module && stap_same_module(group->module, module->name)) {
			stap_group_unset(group);
			if (state == MODULE_STATE_COMING)
				stap_group_set(group, module);
		}
	mutex_unlock(&stap_groups_mutex);
	return NOTIFY_DONE;
}

static struct notifier_block stap_place_modules = { .notifier_call = stap_place_module };
static bool stap_place_notified;

static void stap_place_set_all(void)
{
	struct stap_group *group;

	for (group = stap_groups; group; group = group->next)
		stap_place_notified |= !!group->module;
	if (stap_place_notified && register_module_notifier(&stap_place_modules)) {
		stap_place_notified = false;
		stap_warning("modules that are loaded later have no probes: the kernel does not tell of them");
	}
	mutex_lock(&stap_groups_mutex);
	for (group = stap_groups; group; group = group->next)
		if (!group->set)
			stap_group_set(group, NULL);
	mutex_unlock(&stap_groups_mutex);
}

static void stap_place_unset_all(void)
{
	struct stap_group *group;

	if (stap_place_notified)
		unregister_module_notifier(&stap_place_modules);
	stap_place_notified = false;
	while ((group = stap_groups)) {
		stap_group_unset(group);
		stap_groups = group->next;
		kvfree(group->probes);
		kfree(group);
	}
}

const struct stap_unit STAP_UNIT(place) = {
	.arm = stap_place_set_all, .settle = stap_place_settle, .disarm = stap_place_unset_all,
};
