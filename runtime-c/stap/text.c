/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What the library's string functions do: parts of strings, search, numbers. */
#include <linux/kernel.h>
#include <linux/string.h>
#include "runtime.h"

void stap_substring(char *dst, const char *text, stap_long start, stap_long length)
{
	stap_long have = strnlen(text, MAXSTRINGLEN - 1);

	if (start < 0 || start >= have || length <= 0) {
		*dst = 0;
		return;
	}
	length = min(length, have - start);
	memmove(dst, text + start, length);
	dst[length] = 0;
}

/* The kernel's strstr() measures both, and calls memcmp() for each byte. */
static const char *stap_find(const char *text, const char *part)
{
	size_t i;

	if (!*part)
		return text;
	for (; *text; text++) {
		if (*text != *part)
			continue;
		for (i = 1; part[i] && text[i] == part[i]; i++)
			;
		if (!part[i])
			return text;
	}
	return NULL;
}

stap_long stap_string_position(const char *text, const char *part)
{
	const char *at = stap_find(text, part);

	return at ? at - text : -1;
}

void stap_string_replace(char *dst, const char *text, const char *from, const char *to)
{
	size_t length = strlen(from);
	struct stap_output out;
	const char *at;

	stap_output_string(&out, dst);
	while (length && (at = stap_find(text, from))) {
		stap_put_bytes(&out, text, at - text);
		stap_put_string(&out, to);
		text = at + length;
	}
	stap_put_string(&out, text);
	stap_output_finish(&out);
}

static unsigned int stap_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'z' ? byte - 'a' + 10 : 99;
}

/* More than 64 bits wrap: addresses of the kernel are read as numbers, too. */
stap_long stap_string_number(const char *text, stap_long base)
{
	bool negative;
	u64 value = 0;

	while (*text == ' ' || (*text >= '\t' && *text <= '\r'))
		text++;
	negative = *text == '-';
	if (*text == '-' || *text == '+')
		text++;
	if ((base == 0 || base == 16) && text[0] == '0' && (text[1] | 0x20) == 'x' && stap_digit(text[2]) < 16) {
		text += 2;
		base = 16;
	} else if (base == 0) {
		base = *text == '0' ? 8 : 10;
	}
	for (; base >= 2 && base <= 36 && stap_digit(*text) < base; text++)
		value = value * base + stap_digit(*text);
	return negative ? -value : value;
}
