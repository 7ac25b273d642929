/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Lines in the buffer of ftrace. The macros of the kernel would have it warn of a debugging kernel. */
#include <linux/kernel.h>
#include <linux/string.h>
#include "runtime.h"

void stap_trace_text(const char *text)
{
#ifdef CONFIG_TRACING
	if (*text)
		__trace_puts(_THIS_IP_, text, strlen(text));
#endif
}
