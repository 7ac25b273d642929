/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Numbers in print and println, and STAP_PRINTF of embedded C. */
#include <linux/kernel.h>
#include <linux/string.h>
#include "print.h"
#include "runtime.h"

char *stap_digits(char *end, unsigned long long value, unsigned int base, const char *digits)
{
	do {
		*--end = digits[value % base];
		value /= base;
	} while (value);
	return end;
}

void stap_put_long(struct stap_output *out, stap_long value)
{
	char text[24], *end = text + sizeof(text), *at;

	at = stap_digits(end, value < 0 ? -(u64)value : (u64)value, 10, "0123456789");
	if (value < 0)
		*--at = '-';
	stap_put_bytes(out, at, end - at);
}

void stap_printf(struct stap_context *c, const char *format, ...)
{
	char text[256];
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vscnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	stap_put_bytes(&c->out, text, n);
}
