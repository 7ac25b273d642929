/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* The conversions of printf: flags, width, precision. */
#include <linux/kernel.h>
#include <linux/string.h>
#include "print.h"
#include "runtime.h"

void stap_put_fill(struct stap_output *out, char fill, stap_long n)
{
	u64 text[2] = { 0x0101010101010101ULL * (unsigned char)fill, 0x0101010101010101ULL * (unsigned char)fill };

	if (n <= 0)
		return;
	for (; n > (stap_long)sizeof(text); n -= sizeof(text))
		stap_put_bytes(out, (const char *)text, sizeof(text));
	stap_put_bytes(out, (const char *)text, n);
}

void stap_output_string(struct stap_output *out, char *dst)
{
	out->at = dst;
	out->end = dst + MAXSTRINGLEN - 1;
	out->relay = out->cut = 0;
}

void stap_output_finish(struct stap_output *out)
{
	*out->at = 0;
	if (stap_unlikely(out->cut))
		stap_string_cut();
}

/* A width from "*" that is negative means its opposite, left-justified, as in C. */
void stap_format_normalize(struct stap_format *f)
{
	if (f->width < -1) {
		f->flags |= STAP_FORMAT_MINUS;
		f->width = -f->width;
	}
	f->width = min_t(stap_long, f->width, STAP_MESSAGE_MAX / 2);
	f->precision = min_t(stap_long, f->precision, STAP_MESSAGE_MAX / 2);
}

/* Prefix, zeros, body, in the width of the format. */
static void stap_put_padded(struct stap_output *out, const struct stap_format *f,
			    const char *prefix, stap_long zeros, const char *body, stap_long length)
{
	stap_long prefixed = *prefix ? strlen(prefix) : 0;
	stap_long fill = f->width - prefixed - zeros - length;

	if (fill > 0 && !(f->flags & STAP_FORMAT_MINUS))
		stap_put_fill(out, ' ', fill);
	if (prefixed)
		stap_put_bytes(out, prefix, prefixed);
	if (zeros > 0)
		stap_put_fill(out, '0', zeros);
	stap_put_bytes(out, body, length);
	if (fill > 0 && f->flags & STAP_FORMAT_MINUS)
		stap_put_fill(out, ' ', fill);
}

/* A character as C would have it in quotes; 0 if it stands for itself. */
static int stap_escape(char text[5], unsigned char byte)
{
	static const char controls[] = "abtnvfr"; /* from 7 on */

	if (byte >= 7 && byte <= 13) {
		text[0] = '\\';
		text[1] = controls[byte - 7];
		return 2;
	}
	if (byte >= ' ' && byte < 0x7f)
		return 0;
	text[0] = '\\';
	text[1] = '0' + (byte >> 6);
	text[2] = '0' + (byte >> 3 & 7);
	text[3] = '0' + (byte & 7);
	return 4;
}

static void stap_put_character(struct stap_output *out, const struct stap_format *f, char byte)
{
	char text[5];
	int n = f->flags & STAP_FORMAT_SHARP ? stap_escape(text, byte) : 0;

	if (!n)
		text[n++] = byte;
	stap_put_padded(out, f, "", 0, text, n);
}

/* As many bytes of the value as the width or precision says, in the machine's order; more are NULs. */
static void stap_put_binary(struct stap_output *out, const struct stap_format *f, stap_long value)
{
	stap_long size = f->precision >= 0 ? f->precision : f->width >= 0 ? f->width : 8;
	stap_long fill;
	char bytes[8];
	int i;

	size = min_t(stap_long, size, 8);
	fill = max_t(stap_long, f->width - size, 0);
	for (i = 0; i < size; i++)
		bytes[i] = (u64)value >> 8 * (IS_ENABLED(CONFIG_CPU_BIG_ENDIAN) ? size - 1 - i : i);
	if (!(f->flags & STAP_FORMAT_MINUS))
		stap_put_fill(out, 0, fill);
	stap_put_bytes(out, bytes, size);
	if (f->flags & STAP_FORMAT_MINUS)
		stap_put_fill(out, 0, fill);
}

/* The digits of value in a base of 1 << shift, so that they end before end; gives where they begin. */
static char *stap_digits(char *end, u64 value, unsigned int shift, const char *digits)
{
	do {
		*--end = digits[value & ((1 << shift) - 1)];
		value >>= shift;
	} while (value);
	return end;
}

void stap_put_number(struct stap_output *out, struct stap_format f, stap_long value)
{
	char text[STAP_LONG_ROOM], *end = text + sizeof(text), *at;
	const char *prefix = "";
	u64 magnitude = value;
	stap_long zeros;

	stap_format_normalize(&f);
	switch (f.conversion) {
	case 'c':
		stap_put_character(out, &f, value);
		return;
	case 'b':
		stap_put_binary(out, &f, value);
		return;
	case 'd':
		if (value < 0) {
			magnitude = -magnitude;
			prefix = "-";
		} else if (f.flags & STAP_FORMAT_PLUS) {
			prefix = "+";
		} else if (f.flags & STAP_FORMAT_SPACE) {
			prefix = " ";
		}
		fallthrough;
	case 'u':
		at = text;
		end = stap_write_unsigned(text, magnitude);
		break;
	case 'o':
		at = stap_digits(end, magnitude, 3, "01234567");
		if (f.flags & STAP_FORMAT_SHARP && *at != '0')
			*--at = '0';
		break;
	default: /* x X p */
		at = stap_digits(end, magnitude, 4, f.conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef");
		if (f.conversion == 'p' || f.flags & STAP_FORMAT_SHARP)
			prefix = f.conversion == 'X' ? "0X" : "0x";
	}
	zeros = f.precision - (end - at);
	if (f.precision < 0 && f.flags & STAP_FORMAT_ZERO && !(f.flags & STAP_FORMAT_MINUS))
		zeros = f.width - (stap_long)strlen(prefix) - (end - at);
	stap_put_padded(out, &f, prefix, max_t(stap_long, zeros, 0), at, end - at);
}

/* What is printed for one byte of a text; gives how many bytes that is. */
static int stap_escaped(char piece[5], const char *text, int sharp)
{
	int n = sharp ? stap_escape(piece, *text) : 0;

	if (n)
		return n;
	if (sharp && (*text == '"' || *text == '\\'))
		piece[n++] = '\\';
	piece[n++] = *text;
	return n;
}

/* "#": as in a script's quotes; "0": with the NUL at the end. */
void stap_put_text(struct stap_output *out, struct stap_format f, const char *text)
{
	stap_long length, shown = 0, i;
	int sharp = f.flags & STAP_FORMAT_SHARP;
	char piece[5];

	stap_format_normalize(&f);
	length = strnlen(text, f.precision >= 0 ? f.precision : MAXSTRINGLEN);
	if (sharp)
		for (i = 0; i < length; i++)
			shown += stap_escaped(piece, text + i, sharp);
	else
		shown = length;
	if (!(f.flags & STAP_FORMAT_MINUS))
		stap_put_fill(out, ' ', f.width - shown);
	if (sharp)
		for (i = 0; i < length; i++)
			stap_put_bytes(out, piece, stap_escaped(piece, text + i, sharp));
	else
		stap_put_bytes(out, text, length);
	if (f.flags & STAP_FORMAT_MINUS)
		stap_put_fill(out, ' ', f.width - shown);
	if (f.flags & STAP_FORMAT_ZERO)
		stap_put_fill(out, 0, 1);
}
