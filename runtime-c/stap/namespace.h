/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* The number of a task in the namespaces of the session (namespace.c), or -1. RCU must be held. */
#ifndef STAP_NAMESPACE_H
#define STAP_NAMESPACE_H

#include "runtime.h"

stap_long stap_namespace_number(struct task_struct *task, enum stap_id id);

#endif
