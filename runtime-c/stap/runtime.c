/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The runtime, apart from any script: built once per kernel and configuration
 * and linked with each script's object. One translation unit of several
 * topics, since reading the kernel's headers costs more than all of them.
 */
#include "kernel.h"
#include "stap.h"

/* The longest text that one conversion may pad to. */
#define STAP_MESSAGE_MAX 8192

static int stap_session_state;
static void stap_event(const char *kind, const char *format, ...) __printf(2, 3);
static void stap_skipped(void);
static void stap_string_cut(void);
static void stap_handler_failed(struct stap_context *c);
static void stap_message_commit(struct stap_context *c);
static void *stap_proc_data(const struct inode *inode);

#include "string.c"
#include "data.c"
#include "context.c"
#include "memory.c"
#include "print.c"
#include "task.c"
#include "transport.c"
#include "session.c"
#include "timer.c"
#include "function.c"
#include "control.c"

static void *stap_proc_data(const struct inode *inode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 17, 0)
	return pde_data(inode);
#else
	return PDE_DATA(inode);
#endif
}

static void stap_unload(void)
{
	stap_session_stop();
	stap_control_exit();
	stap_relay_exit();
	stap_contexts_exit();
	stap_data_exit();
}

static int __init stap_load(void)
{
	int rc;

	if (stap_script.interface != STAP_INTERFACE) {
		pr_err("%s: script and runtime were built by different versions\n", THIS_MODULE->name);
		return -EINVAL;
	}
	rc = stap_data_init();
	if (!rc)
		rc = stap_contexts_init();
	if (!rc)
		rc = stap_relay_init();
	if (!rc)
		rc = stap_control_init();
	if (rc)
		stap_unload();
	return rc;
}

module_init(stap_load);
module_exit(stap_unload);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("a gostap script");
