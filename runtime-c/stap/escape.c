/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Text as C would have it in a source: a string of the script, or memory. A
 * result that has no room for all of it ends with "...", behind the quote.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>
#include "access.h"
#include "runtime.h"

/* Bytes of memory, one after the other: read in pieces that do not cross a page. */
struct stap_bytes {
	stap_reader *read;
	unsigned long address;	/* of what is not read yet */
	size_t left;		/* so many bytes of it at most */
	bool failed;
	unsigned int next, have;
	unsigned char piece[64];
};

/* Makes sure of n more bytes, 4 at most, as far as there are any; gives how many are at hand. */
static unsigned int stap_bytes_ahead(struct stap_bytes *bytes, unsigned int n)
{
	while (bytes->have - bytes->next < n && bytes->left && !bytes->failed) {
		size_t size;

		memmove(bytes->piece, bytes->piece + bytes->next, bytes->have - bytes->next);
		bytes->have -= bytes->next;
		bytes->next = 0;
		size = min3(sizeof(bytes->piece) - bytes->have, bytes->left,
			    (size_t)(PAGE_SIZE - (bytes->address & (PAGE_SIZE - 1))));
		if (bytes->read(bytes->piece + bytes->have, bytes->address, size)) {
			bytes->failed = true;
			break;
		}
		bytes->have += size;
		bytes->address += size;
		bytes->left -= size;
	}
	return bytes->have - bytes->next;
}

/* How many bytes a character of UTF-8 has that begins with that one; 0: none does. */
static unsigned int stap_utf8_length(unsigned char first)
{
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* The character that begins here, and its length; 0: the bytes are no character of several. */
static unsigned int stap_utf8(struct stap_bytes *bytes, u32 *character)
{
	static const u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int length = stap_utf8_length(bytes->piece[bytes->next]), i;
	const unsigned char *at;

	if (!length || stap_bytes_ahead(bytes, length) < length)
		return 0;
	at = bytes->piece + bytes->next;
	*character = at[0] & (0x7f >> length);
	for (i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		*character = *character << 6 | (at[i] & 0x3f);
	}
	if (*character < least[length] || *character > 0x10ffff || (*character >= 0xd800 && *character < 0xe000))
		return 0;
	return length;
}

static unsigned int stap_escape_wide(char *text, u32 character)
{
	unsigned int digits = character > 0xffff ? 8 : 4, i;

	text[0] = '\\';
	text[1] = digits == 8 ? 'U' : 'u';
	for (i = 0; i < digits; i++)
		text[2 + i] = "0123456789abcdef"[character >> 4 * (digits - 1 - i) & 15];
	return 2 + digits;
}

static unsigned int stap_escape_byte(char *text, unsigned char byte)
{
	static const char controls[] = "abtnvfr"; /* from 7 on */

	text[0] = byte;
	if (byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\')
		return 1;
	text[0] = '\\';
	text[1] = byte >= 7 && byte <= 13 ? controls[byte - 7] : byte;
	if (byte == '"' || byte == '\\' || (byte >= 7 && byte <= 13))
		return 2;
	text[1] = '0' + (byte >> 6);
	text[2] = '0' + (byte >> 3 & 7);
	text[3] = '0' + (byte & 7);
	return 4;
}

/* As JSON has it: no other escapes than its own. */
static unsigned int stap_escape_json(char *text, unsigned char byte)
{
	static const char controls[] = "btn?fr"; /* from 8 on */

	text[0] = byte;
	if (byte >= ' ' && byte != '"' && byte != '\\')
		return 1;
	if (byte < 8 || byte > 13 || byte == 11) {
		if (byte < ' ')
			return stap_escape_wide(text, byte);
		text[1] = byte;
	} else {
		text[1] = controls[byte - 8];
	}
	text[0] = '\\';
	return 2;
}

/* The next character as it is shown; 0 at the end. */
static unsigned int stap_escape_next(struct stap_bytes *bytes, char *text, unsigned int flags)
{
	unsigned int length;
	unsigned char byte;
	u32 character;

	if (!stap_bytes_ahead(bytes, 1))
		return 0;
	byte = bytes->piece[bytes->next];
	if (!byte && !(flags & STAP_ESCAPE_WHOLE))
		return 0;
	if (flags & STAP_ESCAPE_JSON) {
		bytes->next++;
		return stap_escape_json(text, byte);
	}
	length = byte < 0x80 ? 0 : stap_utf8(bytes, &character);
	bytes->next += length ? length : 1;
	return length ? stap_escape_wide(text, character) : stap_escape_byte(text, byte);
}

/* Gives whether all could be read. */
static bool stap_escape_bytes(char *dst, struct stap_bytes *bytes, stap_long most, unsigned int flags)
{
	const bool quoted = flags & STAP_ESCAPE_QUOTED;
	/* what ends a text that is whole, and one that is cut */
	const unsigned int end = quoted ? 1 : 0, dots = 3 + end;
	unsigned int at = 0, safe, limit, n;
	char text[12];

	limit = most <= 0 || most > MAXSTRINGLEN - 1 ? MAXSTRINGLEN - 1 : max_t(stap_long, most, 2 * end + 3);
	if (quoted)
		dst[at++] = '"';
	safe = at;
	while ((n = stap_escape_next(bytes, text, flags))) {
		if (at + n + end > limit) {
			memcpy(dst + safe, "\"..." + 1 - end, dots);
			dst[safe + dots] = 0;
			return true;
		}
		memcpy(dst + at, text, n);
		at += n;
		if (at + dots <= limit)
			safe = at;
	}
	if (quoted)
		dst[at++] = '"';
	dst[at] = 0;
	return !bytes->failed;
}

static long stap_read_own(void *dst, unsigned long address, size_t size)
{
	memcpy(dst, (const void *)address, size);
	return 0;
}

void stap_escape_text(char *dst, const char *text, stap_long most, unsigned int flags)
{
	struct stap_bytes bytes = { .read = stap_read_own, .address = (unsigned long)text, .left = strlen(text) };

	stap_escape_bytes(dst, &bytes, most, flags);
}

int stap_escape_memory(char *dst, stap_long address, stap_long length, stap_long most, unsigned int flags)
{
	struct stap_bytes bytes = { .read = flags & STAP_ESCAPE_USER ? stap_read_user : stap_read_kernel, .address = address };

	if (length < 0)
		length = flags & STAP_ESCAPE_WHOLE ? 0 : MAXSTRINGLEN;
	/* no more than that can be shown */
	bytes.left = min_t(stap_long, length, MAXSTRINGLEN);
	if (stap_escape_bytes(dst, &bytes, most, flags))
		return 1;
	*dst = 0;
	return 0;
}

void stap_address_string(char *dst, stap_long address)
{
	struct stap_output out;

	stap_output_string(&out, dst);
	stap_put_number(&out, (struct stap_format){ STAP_FORMAT_SHARP, -1, -1, 'x' }, address);
	stap_output_finish(&out);
}

void stap_quote_memory(char *dst, stap_long address, stap_long length, stap_long most, unsigned int flags)
{
	if (!stap_escape_memory(dst, address, length, most, flags | STAP_ESCAPE_QUOTED))
		stap_address_string(dst, address);
}
