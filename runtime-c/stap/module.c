/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* The module of the script, as it is in memory. */
#include <linux/module.h>
#include <linux/relay.h>
#include <linux/version.h>
#include "runtime.h"

void stap_module_name(char *dst)
{
	stap_string_copy(dst, THIS_MODULE->name);
}

/* Bytes of code, and of everything else that was loaded. */
static void stap_module_layout(unsigned long *text, unsigned long *data)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	*text = THIS_MODULE->mem[MOD_TEXT].size;
	*data = THIS_MODULE->mem[MOD_DATA].size + THIS_MODULE->mem[MOD_RODATA].size +
		THIS_MODULE->mem[MOD_RO_AFTER_INIT].size;
#else
	*text = THIS_MODULE->core_layout.text_size;
	*data = THIS_MODULE->core_layout.size - *text;
#endif
}

/* Kilobytes: of the module itself, the handlers' contexts, the output's buffers, variables and the rest. */
void stap_module_size(char *dst)
{
	unsigned long text, data, contexts, output, variables;

	stap_module_layout(&text, &data);
	contexts = num_possible_cpus() * (sizeof(struct stap_cpu_data) + stap_script.strings);
	output = num_online_cpus() * stap_relay->subbuf_size * stap_relay->n_subbufs;
	variables = stap_script.data_size + num_possible_cpus() * stap_script.cpu_data_size;
	snprintf(dst, MAXSTRINGLEN, "%lludata/%llutext/%lluctx/%llunet/%llualloc kb",
		 DIV_ROUND_UP_ULL(data, 1024), DIV_ROUND_UP_ULL(text, 1024), DIV_ROUND_UP_ULL(contexts, 1024),
		 DIV_ROUND_UP_ULL(output, 1024), DIV_ROUND_UP_ULL(variables + stap_allocated, 1024));
}
