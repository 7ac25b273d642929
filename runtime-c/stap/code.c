/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Probes on places in code: one unit, since whoever needs one of these needs the others. */
#include "place.c"
#include "kprobe.c"
#include "function.c"
#include "argument.c"
