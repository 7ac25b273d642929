/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The runtime's core: what every script's module has in it. One translation
 * unit of several topics, since reading the kernel's headers costs more than
 * all of them. The other units are linked with the scripts that call them.
 */
#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/relay.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include "proc.h"
#include "runtime.h"

static void stap_event_list(const char *kind, const char *format, va_list arguments) __printf(2, 0);
static void stap_exit_wake(void);
static void stap_settle(void);

/* -D STAP_SUPPRESS_HANDLER_ERRORS: errors are only counted, and end nothing but their handler. */
#ifdef STAP_SUPPRESS_HANDLER_ERRORS
#define STAP_ERRORS_SUPPRESSED 1
#else
#define STAP_ERRORS_SUPPRESSED 0
#endif

static void stap_skip_matters(void);
static void stap_window_add(struct stap_cpu_data *this, struct stap_probe *probe, struct stap_account *account, u64 spent, u64 now);

#include "context.c"
#include "limits.c"
#include "account.c"
#include "overload.c"
#include "transport.c"
#include "output.c"
#include "session.c"
#include "hold.c"
#include "control.c"
#include "global.c"

static int stap_units_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stap_units); i++) {
		const struct stap_unit *unit = stap_units[i];

		if (!unit || !unit->cpu_size)
			continue;
		*unit->cpu_area = __alloc_percpu(unit->cpu_size, sizeof(u64));
		if (!*unit->cpu_area)
			return -ENOMEM;
		stap_allocated += unit->cpu_size * num_possible_cpus();
	}
	return 0;
}

static int stap_units_load(void)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < ARRAY_SIZE(stap_units); i++)
		if (stap_units[i] && stap_units[i]->load)
			rc = stap_units[i]->load();
	return rc;
}

static void stap_units_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stap_units); i++)
		if (stap_units[i] && stap_units[i]->cpu_size)
			free_percpu(*stap_units[i]->cpu_area);
}

static void stap_unload(void)
{
	stap_session_stop();
	stap_hold_exit();
	stap_control_exit();
	stap_units_do(unload);
	stap_units_exit();
	stap_relay_exit();
	stap_overload_exit();
	stap_accounts_exit();
	if (stap_script.release)
		stap_script.release();
	stap_contexts_exit();
}

static int __init stap_load(void)
{
	int rc;

	if (stap_script.interface != STAP_INTERFACE) {
		pr_err("%s: script and runtime were built by different versions\n", THIS_MODULE->name);
		return -EINVAL;
	}
	rc = stap_contexts_init();
	if (!rc)
		rc = stap_units_init();
	if (!rc && stap_script.allocate)
		rc = stap_script.allocate();
	if (!rc)
		rc = stap_accounts_init();
	if (!rc)
		rc = stap_overload_init();
	if (!rc)
		rc = stap_relay_init();
	if (!rc)
		rc = stap_control_init();
	if (!rc)
		rc = stap_units_load();
	if (rc)
		stap_unload();
	else if (stap_script.guru)
		pr_notice("%s: a script in guru mode: it may change what the kernel does\n", THIS_MODULE->name);
	return rc;
}

module_init(stap_load);
module_exit(stap_unload);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("a gostap script");
