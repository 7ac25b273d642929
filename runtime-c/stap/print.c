/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Formatting of numbers and strings. */
#include <linux/kernel.h>
#include <linux/string.h>
#include "runtime.h"

/* Writes the digits of value so that they end before end; gives where they begin. */
static char *stap_digits(char *end, u64 value, unsigned int base, const char *digits)
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

static void stap_put_fill(struct stap_output *out, char fill, stap_long n)
{
	for (; n > 0; n--)
		stap_put_bytes(out, &fill, 1);
}

void stap_output_string(struct stap_output *out, char *dst)
{
	out->at = dst;
	out->end = dst + MAXSTRINGLEN - 1;
	out->relay = 0;
}

void stap_output_finish(struct stap_output *out)
{
	*out->at = 0;
}

/* A width from "*" that is negative means its opposite, left-justified, as in C. */
static void stap_format_normalize(struct stap_format *f)
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
	stap_long fill = f->width - (stap_long)strlen(prefix) - zeros - length;

	if (!(f->flags & STAP_FORMAT_MINUS))
		stap_put_fill(out, ' ', fill);
	stap_put_string(out, prefix);
	stap_put_fill(out, '0', zeros);
	stap_put_bytes(out, body, length);
	if (f->flags & STAP_FORMAT_MINUS)
		stap_put_fill(out, ' ', fill);
}

void stap_put_number(struct stap_output *out, struct stap_format f, stap_long value)
{
	char text[24], *end = text + sizeof(text), *at;
	const char *prefix = "";
	u64 magnitude = value;
	stap_long zeros;

	stap_format_normalize(&f);
	switch (f.conversion) {
	case 'c':
		text[0] = value;
		stap_put_padded(out, &f, "", 0, text, 1);
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
		at = stap_digits(end, magnitude, 10, "0123456789");
		break;
	case 'o':
		at = stap_digits(end, magnitude, 8, "01234567");
		if (f.flags & STAP_FORMAT_SHARP && *at != '0')
			*--at = '0';
		break;
	default: /* x X p */
		at = stap_digits(end, magnitude, 16, f.conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef");
		if (f.conversion == 'p' || f.flags & STAP_FORMAT_SHARP)
			prefix = f.conversion == 'X' ? "0X" : "0x";
	}
	zeros = f.precision - (end - at);
	if (f.precision < 0 && f.flags & STAP_FORMAT_ZERO && !(f.flags & STAP_FORMAT_MINUS))
		zeros = f.width - (stap_long)strlen(prefix) - (end - at);
	stap_put_padded(out, &f, prefix, max_t(stap_long, zeros, 0), at, end - at);
}

void stap_put_text(struct stap_output *out, struct stap_format f, const char *text)
{
	stap_long length;

	stap_format_normalize(&f);
	length = strnlen(text, f.precision >= 0 ? f.precision : MAXSTRINGLEN);
	stap_put_padded(out, &f, "", 0, text, length);
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
