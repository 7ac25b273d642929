/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Whether the current process is of 32 bits on a kernel of 64. */
#include <linux/compat.h>
#include <linux/sched.h>
#include <linux/thread_info.h>
#include "runtime.h"

stap_long stap_is_32_bit_process(void)
{
#ifdef TIF_ADDR32
	return test_thread_flag(TIF_ADDR32);
#elif defined(TIF_32BIT)
	return test_thread_flag(TIF_32BIT);
#else
	return 0;
#endif
}
