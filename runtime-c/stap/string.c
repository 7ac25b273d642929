/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Strings of a script: at most MAXSTRINGLEN-1 bytes; what does not fit is cut and counted. */
#include <linux/string.h>
#include "runtime.h"

void stap_string_copy(char *dst, const char *src)
{
	size_t n = strnlen(src, MAXSTRINGLEN);

	if (unlikely(n == MAXSTRINGLEN)) {
		stap_string_cut();
		n--;
	}
	memmove(dst, src, n);
	dst[n] = 0;
}

void stap_string_append(char *dst, const char *src)
{
	size_t have = strnlen(dst, MAXSTRINGLEN - 1);
	size_t room = MAXSTRINGLEN - 1 - have;
	size_t n = strnlen(src, room + 1);

	if (unlikely(n > room)) {
		stap_string_cut();
		n = room;
	}
	memmove(dst + have, src, n);
	dst[have + n] = 0;
}

int stap_string_compare(const char *x, const char *y)
{
	/* what is longer is a constant, and compared as it would be stored */
	return strncmp(x, y, MAXSTRINGLEN - 1);
}
