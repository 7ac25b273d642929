/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What the units that print have for each other. */
#ifndef STAP_PRINT_H
#define STAP_PRINT_H

#include <linux/types.h>
#include "stap.h"

/* Writes the digits of value to at, which has STAP_LONG_ROOM; gives where they end. */
char *stap_write_unsigned(char *at, u64 value);
/* Writes a character n times. */
void stap_put_fill(struct stap_output *out, char fill, stap_long n);
/* Brings width and precision into their bounds. */
void stap_format_normalize(struct stap_format *f);

#endif
