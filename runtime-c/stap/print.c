/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Numbers in print and println, and STAP_PRINTF of embedded C. */
#include <linux/kernel.h>
#include <linux/string.h>
#include "print.h"
#include "runtime.h"

/*
 * The eight digits of a number below 10^8, in the bytes of a word, the first in
 * the lowest: 12345678 is split into 1234 and 5678, both at once into 12 34 and
 * 56 78, those into digits. A division is a multiplication by the reciprocal,
 * rounded so that it is exact for so few digits.
 */
static u64 stap_eight_digits(u32 value)
{
	u64 word = value / 10000 | (u64)(value % 10000) << 32;
	u64 high = word * 10486 >> 20 & 0x7f0000007fULL;

	word = high | (word - high * 100) << 16;
	high = word * 103 >> 10 & 0x000f000f000f000fULL;
	return high | (word - high * 10) << 8;
}

static char *stap_write_digits(char *at, u64 digits, unsigned int omitted)
{
	digits = (digits | 0x3030303030303030ULL) >> 8 * omitted;
	if (IS_ENABLED(CONFIG_CPU_BIG_ENDIAN))
		digits = __builtin_bswap64(digits);
	__builtin_memcpy(at, &digits, sizeof(digits));
	return at + 8 - omitted;
}

/* Without the zeros in front; 0 is "0". */
static char *stap_write_first_digits(char *at, u32 value)
{
	u64 digits = stap_eight_digits(value);

	return stap_write_digits(at, digits, __builtin_ctzll(digits | 1ULL << 56) / 8);
}

char *stap_write_unsigned(char *at, u64 value)
{
	const u32 eight = 100000000;

	if (value < eight)
		return stap_write_first_digits(at, value);
	if (value / eight < eight) {
		at = stap_write_first_digits(at, value / eight);
	} else {
		at = stap_write_first_digits(at, value / eight / eight);
		at = stap_write_digits(at, stap_eight_digits(value / eight % eight), 0);
	}
	return stap_write_digits(at, stap_eight_digits(value % eight), 0);
}

char *stap_write_long(char *at, stap_long value)
{
	if (value >= 0)
		return stap_write_unsigned(at, value);
	*at = '-';
	return stap_write_unsigned(at + 1, -(u64)value);
}

void stap_put_long(struct stap_output *out, stap_long value)
{
	char text[STAP_LONG_ROOM];

	stap_put_bytes(out, text, stap_write_long(text, value) - text);
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
