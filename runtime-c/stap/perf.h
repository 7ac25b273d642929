/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Events of the kernel's performance counters, one for each CPU (perf.c). */
#ifndef STAP_PERF_H
#define STAP_PERF_H

#include <linux/perf_event.h>
#include "runtime.h"

/*
 * Opens an event on each CPU that is up, and on those that come up later; each
 * overflow is a hit. Keeps them in the probe's site until stap_perf_close().
 */
int stap_perf_open(struct stap_probe *probe, const struct perf_event_attr *attr);
void stap_perf_close(struct stap_probe *probe);

#endif
