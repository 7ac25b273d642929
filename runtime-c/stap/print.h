/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What print.c has for other units. */
#ifndef STAP_PRINT_H
#define STAP_PRINT_H

#include "stap.h"

/* Writes a character n times. */
void stap_put_fill(struct stap_output *out, char fill, stap_long n);
/* Brings width and precision into their bounds. */
void stap_format_normalize(struct stap_format *f);

#endif
