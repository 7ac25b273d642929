/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Data that each CPU has a copy of. */
#include <linux/percpu.h>
#include "runtime.h"

stap_long stap_cpu_offset(void)
{
	return (unsigned long)raw_cpu_ptr((void __percpu *)0);
}
