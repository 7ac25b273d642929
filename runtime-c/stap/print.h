/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What the units that print have for each other. */
#ifndef STAP_PRINT_H
#define STAP_PRINT_H

#include "stap.h"

/* Writes the digits of value so that they end before end; gives where they begin. */
char *stap_digits(char *end, unsigned long long value, unsigned int base, const char *digits);
/* Writes a character n times. */
void stap_put_fill(struct stap_output *out, char fill, stap_long n);
/* Brings width and precision into their bounds. */
void stap_format_normalize(struct stap_format *f);

#endif
