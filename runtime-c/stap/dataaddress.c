/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Where the variables are that a script names: those of the kernel and of the
 * modules that are loaded are found when the session starts, those of others when
 * they come.
 */
#include <linux/module.h>
#include <linux/notifier.h>
#include "runtime.h"

/* A script that names none has no table. */
extern struct stap_data_address stap_data_addresses[] __weak;
extern const unsigned int stap_data_address_count __weak;

static unsigned int stap_data_count(void)
{
	const unsigned int *count = stap_weak(&stap_data_address_count);

	return count ? *count : 0;
}

static struct stap_data_address *stap_data(unsigned int i)
{
	return stap_weak(stap_data_addresses) + i;
}

static void stap_data_find(struct stap_data_address *data)
{
	WRITE_ONCE(data->address, stap_resolve(&data->at));
}

static bool stap_data_belongs(const struct stap_data_address *data, const char *module)
{
	return data->at.module && !strcmp(data->at.module, module);
}

static int stap_data_module(struct notifier_block *block, unsigned long state, void *data)
{
	const struct module *module = data;
	unsigned int i;

	for (i = 0; i < stap_data_count(); i++) {
		if (!stap_data_belongs(stap_data(i), module->name))
			continue;
		if (state == MODULE_STATE_COMING)
			stap_data_find(stap_data(i));
		else if (state == MODULE_STATE_GOING)
			WRITE_ONCE(stap_data(i)->address, 0);
	}
	return NOTIFY_OK;
}

static struct notifier_block stap_data_modules = { .notifier_call = stap_data_module, .priority = 1 };
static bool stap_data_notified;

static void stap_data_address_start(void)
{
	unsigned int i;

	for (i = 0; i < stap_data_count(); i++) {
		if (stap_data(i)->at.module && !stap_data_notified)
			stap_data_notified = !register_module_notifier(&stap_data_modules);
		stap_data_find(stap_data(i));
	}
}

static void stap_data_address_unload(void)
{
	if (stap_data_notified)
		unregister_module_notifier(&stap_data_modules);
	stap_data_notified = false;
}

#ifdef CONFIG_KALLSYMS_ALL
#define STAP_DATA_UNKNOWN "is not loaded"
#else
#define STAP_DATA_UNKNOWN "is not loaded, or not known: this kernel keeps the symbols of modules' functions only (CONFIG_KALLSYMS_ALL)"
#endif

stap_long stap_data_address(struct stap_context *c, unsigned int n)
{
	const struct stap_data_address *data = stap_data(n);
	unsigned long address = READ_ONCE(data->address);

	if (unlikely(!address))
		stap_error(c, "%s of module %s " STAP_DATA_UNKNOWN, data->at.symbol ? data->at.symbol : "data",
			   data->at.module ? data->at.module : "kernel");
	return address;
}

const struct stap_unit STAP_UNIT(dataaddress) = { .start = stap_data_address_start, .unload = stap_data_address_unload };
