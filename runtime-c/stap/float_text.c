/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Floating-point numbers as decimal text, and back. */
#include <linux/kernel.h>
#include <linux/string.h>
#include "runtime.h"

/* Digits behind the point, at most. */
#define STAP_FP_DIGITS 100
#define STAP_FP_WORDS 35	/* of 32 bits: 1024 bits before the point, or 1074 behind it, and some */

/* Takes the number * 10^-9 out of whole words, highest first; gives the 9 digits that are left. */
static u32 stap_words_divide(u32 *words)
{
	u64 rest = 0;
	int i;

	for (i = 0; i < STAP_FP_WORDS; i++) {
		rest = rest << 32 | words[i];
		words[i] = rest / 1000000000;
		rest %= 1000000000;
	}
	return rest;
}

/* Multiplies by 10 what is behind the point; gives the digit that comes before it. */
static u32 stap_words_multiply(u32 *words)
{
	u64 carry = 0;
	int i;

	for (i = STAP_FP_WORDS - 1; i >= 0; i--) {
		carry += words[i] * 10ULL;
		words[i] = carry;
		carry >>= 32;
	}
	return carry;
}

/* -1, 0 or 1: what is behind the point is less than a half, a half, or more. */
static int stap_words_half(const u32 *words)
{
	int i;

	if (words[0] != 0x80000000)
		return words[0] < 0x80000000 ? -1 : 1;
	for (i = 1; i < STAP_FP_WORDS; i++)
		if (words[i])
			return 1;
	return 0;
}

/* Sets 53 bits from one on, which is counted from the highest bit of all. */
static void stap_words_set(u32 *words, int first, u64 bits)
{
	int i;

	for (i = 0; i < 53; i++)
		if (bits >> (52 - i) & 1 && first + i >= 0 && first + i < 32 * STAP_FP_WORDS)
			words[(first + i) / 32] |= 1U << (31 - (first + i) % 32);
}

/* The digits before the point, so that they end before end; gives where they begin. */
static char *stap_whole_digits(char *end, u32 *words)
{
	char *at = end;
	bool left;
	int i;

	do {
		u32 nine = stap_words_divide(words);

		for (i = 0, left = false; i < STAP_FP_WORDS; i++)
			left |= words[i] != 0;
		for (i = 0; i < 9 && (left || nine || at == end); i++, nine /= 10)
			*--at = '0' + nine % 10;
	} while (left);
	return at;
}

/* Adds 1 to digits with a point in them; gives where they begin now. */
static char *stap_digits_increment(char *begin, char *end)
{
	char *at = end;

	while (at > begin) {
		if (*--at == '.')
			continue;
		if (*at != '9') {
			++*at;
			return begin;
		}
		*at = '0';
	}
	*--begin = '1';
	return begin;
}

void stap_fp_string(char *dst, stap_long x, stap_long precision)
{
	char text[1 + 309 + 1 + STAP_FP_DIGITS + 2], *begin, *end, *point = text + 311;
	int biased = (u64)x >> 52 & 0x7ff, exponent, half, i;
	u64 bits = x & 0xfffffffffffffULL;
	u32 words[STAP_FP_WORDS] = {};

	if (biased == 0x7ff) {
		stap_string_copy(dst, bits ? "NaN" : x < 0 ? "-inf" : "inf");
		return;
	}
	precision = clamp_t(stap_long, precision, 0, STAP_FP_DIGITS);
	bits |= biased ? 1ULL << 52 : 0;
	exponent = (biased ?: 1) - 1023; /* of the highest of 53 bits */
	stap_words_set(words, 32 * STAP_FP_WORDS - 1 - exponent, bits);
	begin = stap_whole_digits(point, words);
	memset(words, 0, sizeof(words));
	/* those in front of the point are not set */
	stap_words_set(words, -1 - exponent, bits);
	end = point;
	if (precision)
		*end++ = '.';
	for (i = 0; i < precision; i++)
		*end++ = '0' + stap_words_multiply(words);
	half = stap_words_half(words);
	if (half > 0 || (!half && end[-1] & 1))
		begin = stap_digits_increment(begin, end);
	if (x < 0)
		*--begin = '-';
	*end = 0;
	stap_string_copy(dst, begin);
}

/* A number of 128 bits, normalized, times 2^exponent; and whether it was cut. */
struct stap_long_number {
	u64 high, low;
	int exponent;
	bool more;
};

static void stap_long_normalize(struct stap_long_number *n)
{
	while (!(n->high >> 63)) {
		n->high = n->high << 1 | n->low >> 63;
		n->low <<= 1;
		n->exponent--;
	}
}

static void stap_long_multiply(struct stap_long_number *n)
{
	unsigned __int128 low = (unsigned __int128)n->low * 10, high = (unsigned __int128)n->high * 10 + (u64)(low >> 64);
	u64 top = high >> 64;

	/* 4 bits more at most */
	n->more |= (low & 15) != 0;
	n->low = (u64)low >> 4 | (u64)high << 60;
	n->high = (u64)high >> 4 | top << 60;
	n->exponent += 4;
	stap_long_normalize(n);
}

static void stap_long_divide(struct stap_long_number *n)
{
	u32 words[5] = { n->high >> 32, n->high, n->low >> 32, n->low, 0 };
	u64 rest = 0;
	int i;

	for (i = 0; i < 5; i++) {
		rest = rest << 32 | words[i];
		words[i] = rest / 10;
		rest %= 10;
	}
	n->more |= rest != 0;
	n->high = (u64)words[0] << 32 | words[1];
	n->low = (u64)words[2] << 32 | words[3];
	while (!(n->high >> 63)) {
		n->high = n->high << 1 | n->low >> 63;
		n->low = n->low << 1 | words[4] >> 31;
		words[4] <<= 1;
		n->exponent--;
	}
	n->more |= words[4] != 0;
}

/* Digits with a point among them: the first 19 that count, and a power of 10. */
static const char *stap_decimal(const char *text, u64 *digits, int *power, bool *more)
{
	bool point = false;
	int n = 0;

	for (; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		if (n < 19) {
			*digits = *digits * 10 + (*text - '0');
			n += *digits != 0;
			*power -= point;
		} else {
			*more |= *text != '0';
			*power += !point;
		}
	}
	return text;
}

stap_long stap_fp_from_string(const char *text)
{
	struct stap_long_number n = {};
	bool negative = *text == '-';
	u64 digits = 0;
	int power = 0;

	text += *text == '-' || *text == '+';
	text = stap_decimal(text, &digits, &power, &n.more);
	if ((*text | 0x20) == 'e')
		power += clamp_t(stap_long, stap_string_number(text + 1, 10), -9999, 9999);
	if (!digits || power < -400)
		return negative ? (stap_long)(1ULL << 63) : 0;
	for (; digits % 10 == 0; digits /= 10)
		power++;
	n.high = digits;
	n.exponent = 63;
	stap_long_normalize(&n);
	for (; power > 0 && n.exponent < 1100; power--)
		stap_long_multiply(&n);
	for (; power < 0; power++)
		stap_long_divide(&n);
	return stap_fp_make(negative, n.exponent, n.high, n.low || n.more);
}
