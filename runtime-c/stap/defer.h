/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Calls that a thread of the kernel makes, once it can (defer.c). */
#ifndef STAP_DEFER_H
#define STAP_DEFER_H

#include "runtime.h"

#define STAP_DEFERRED_ARGUMENTS 6

typedef unsigned long stap_deferred_call(unsigned long, unsigned long, unsigned long, unsigned long, unsigned long, unsigned long);

/* Has one made so many milliseconds later; false: it cannot be, which is an error of the handler. */
bool stap_defer_function(struct stap_context *c, stap_long milliseconds, stap_deferred_call *function, const unsigned long *arguments);

#endif
