/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Where the hit is: the function and module of its address, and whose code it is. */
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include "runtime.h"

/* The symbol that an address of the kernel is in, or the address in hexadecimal. */
void stap_symbol(char *dst, stap_long address)
{
	snprintf(dst, MAXSTRINGLEN, "%ps", (void *)(unsigned long)address);
	dst[strcspn(dst, " ")] = 0; /* "symbol [module]" */
}

void stap_symbol_module(struct stap_context *c, char *dst, stap_long address)
{
	char text[KSYM_NAME_LEN + MODULE_NAME_LEN], *module;

	snprintf(text, sizeof(text), "%ps", (void *)(unsigned long)address);
	module = strstr(text, " [");
	if (module) {
		module += 2;
		module[strcspn(module, "]")] = 0;
		stap_string_copy(dst, module);
	} else if (strncmp(text, "0x", 2)) {
		stap_string_copy(dst, "kernel");
	} else {
		stap_error(c, "no module contains the address 0x%lx", (unsigned long)address);
	}
}

stap_long stap_user_mode(struct stap_context *c)
{
	return c->registers && user_mode((struct pt_regs *)c->registers);
}

/* Where the current process was in its own code when it came into the kernel. */
stap_long stap_user_address(void)
{
	if (!current->mm || current->flags & PF_KTHREAD)
		return 0;
	return instruction_pointer(task_pt_regs(current));
}
