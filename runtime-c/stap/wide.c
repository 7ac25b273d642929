/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Strings of UTF-16 and UTF-32 in memory, in the machine's byte order. */
#include <linux/kernel.h>
#include <linux/string.h>
#include "access.h"
#include "runtime.h"

static bool stap_wide_read(u32 *unit, unsigned long address, int size, stap_reader *read)
{
	u16 half;

	if (size == 4)
		return !read(unit, address, 4);
	if (read(&half, address, 2))
		return false;
	*unit = half;
	return true;
}

/* UTF-8 of a character, of which there may be none; gives how many bytes it has. */
static unsigned int stap_utf8_put(char *dst, u32 character)
{
	unsigned int length = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4, i;

	if (character > 0x10ffff || (character >= 0xd800 && character < 0xe000))
		return 0;
	for (i = length - 1; i > 0; i--, character >>= 6)
		dst[i] = 0x80 | (character & 0x3f);
	dst[0] = length == 1 ? character : (0xf00 >> length & 0xff) | character;
	return length;
}

static int stap_wide_read_string(char *dst, unsigned long address, int size, stap_reader *read)
{
	unsigned int at = 0, n;
	u32 character, second;
	char bytes[4];

	for (;; address += size) {
		if (!stap_wide_read(&character, address, size, read))
			return -1;
		if (!character)
			break;
		if (size == 2 && character >= 0xd800 && character < 0xdc00) {
			address += size;
			if (!stap_wide_read(&second, address, size, read))
				return -1;
			if (second < 0xdc00 || second > 0xdfff)
				return 0;
			character = 0x10000 + ((character & 0x3ff) << 10 | (second & 0x3ff));
		}
		n = stap_utf8_put(bytes, character);
		if (!n)
			return 0;
		if (at + n > MAXSTRINGLEN - 1) {
			stap_string_cut();
			break;
		}
		memcpy(dst + at, bytes, n);
		at += n;
	}
	dst[at] = 0;
	return 1;
}

int stap_wide_string_at(char *dst, stap_long address, int size, int user)
{
	int rc = stap_wide_read_string(dst, address, size, user ? stap_read_user : stap_read_kernel);

	if (rc <= 0)
		*dst = 0;
	return rc;
}

void stap_wide_string(struct stap_context *c, char *dst, stap_long address, int size, int user)
{
	int rc = stap_wide_string_at(dst, address, size, user);

	if (rc < 0)
		stap_error(c, "%s string copy fault at 0x%lx [man error::fault]", user ? "user" : "kernel", (unsigned long)address);
	else if (!rc)
		stap_error(c, "invalid UTF-%d string at 0x%lx", 8 * size, (unsigned long)address);
}
