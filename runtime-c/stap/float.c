/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Floating-point numbers (IEEE 754, 64 bits) by whole ones: a handler must not touch the registers that processes compute
 * with. Results are rounded to the nearest number, ties to the even one.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "runtime.h"

#define STAP_FP_INFINITE 0x7ff0000000000000ULL
#define STAP_FP_NONE 0x7ff8000000000000ULL	/* not a number */
#define STAP_FP_SIGN (1ULL << 63)

/* A number apart: significand * 2^(exponent - 63), the significand's highest bit set; or 0. */
struct stap_fp {
	bool negative;
	int exponent;
	u64 significand;
};

static bool stap_fp_is_none(u64 x)
{
	return (x & ~STAP_FP_SIGN) > STAP_FP_INFINITE;
}

static bool stap_fp_is_infinite(u64 x)
{
	return (x & ~STAP_FP_SIGN) == STAP_FP_INFINITE;
}

static struct stap_fp stap_fp_apart(u64 x)
{
	struct stap_fp f = { .negative = x >> 63, .exponent = (int)(x >> 52 & 0x7ff) - 1023, .significand = x << 11 };
	int zeros;

	if (f.exponent > -1023) {
		f.significand |= STAP_FP_SIGN;
		return f;
	}
	f.exponent = -1022;
	if (f.significand) {
		zeros = __builtin_clzll(f.significand);
		f.significand <<= zeros;
		f.exponent -= zeros;
	}
	return f;
}

/* More: the exact number is a little larger than this. */
static u64 stap_fp_together(struct stap_fp f, bool more)
{
	u64 sign = f.negative ? STAP_FP_SIGN : 0, fraction, low;
	int shift;

	if (!f.significand)
		return sign;
	if (f.exponent > 1023)
		return sign | STAP_FP_INFINITE;
	if (f.exponent < -1022) {
		shift = min(-1022 - f.exponent, 63);
		more |= (f.significand & ((1ULL << shift) - 1)) != 0;
		f.significand >>= shift;
		if (-1022 - f.exponent > 63)
			f.significand = 0;
		f.exponent = -1022;
	}
	low = f.significand & 0x7ff;
	fraction = f.significand >> 11;
	if (low > 0x400 || (low == 0x400 && (more || fraction & 1)))
		fraction++;
	/* the fraction's highest bit is not stored, and adds 1 to the exponent */
	return sign | (((u64)(f.exponent + 1022) << 52) + fraction);
}

stap_long stap_fp_make(int negative, int exponent, stap_ulong significand, int more)
{
	return stap_fp_together((struct stap_fp){ negative, exponent, significand }, more);
}

stap_long stap_fp_add(stap_long x, stap_long y)
{
	struct stap_fp a, b, large;
	bool more = false;
	u64 other;
	int shift;

	if (stap_fp_is_none(x) || stap_fp_is_none(y))
		return STAP_FP_NONE;
	if (stap_fp_is_infinite(x))
		return stap_fp_is_infinite(y) && x != y ? (stap_long)STAP_FP_NONE : x;
	if (stap_fp_is_infinite(y))
		return y;
	a = stap_fp_apart(x);
	b = stap_fp_apart(y);
	if (!a.significand || !b.significand)
		return a.significand ? x : b.significand ? y : x & y;
	large = a;
	if (b.exponent > a.exponent || (b.exponent == a.exponent && b.significand > a.significand)) {
		large = b;
		b = a;
	}
	shift = large.exponent - b.exponent;
	/* the lowest 11 bits are 0: two of them make room for the sum, the others for what is shifted out */
	large.significand >>= 2;
	other = b.significand >> 2;
	more = shift > 63 || (other & ((1ULL << shift) - 1));
	other = shift > 63 ? 0 : other >> shift;
	if (large.negative == b.negative)
		large.significand += other;
	else
		large.significand -= other + more;
	if (!large.significand)
		return 0;
	shift = __builtin_clzll(large.significand);
	large.significand <<= shift;
	large.exponent += 2 - shift;
	return stap_fp_together(large, more);
}

stap_long stap_fp_multiply(stap_long x, stap_long y)
{
	u64 sign = (x ^ y) & STAP_FP_SIGN;
	struct stap_fp a, b;
	unsigned __int128 product;

	if (stap_fp_is_none(x) || stap_fp_is_none(y))
		return STAP_FP_NONE;
	a = stap_fp_apart(x);
	b = stap_fp_apart(y);
	if (stap_fp_is_infinite(x) || stap_fp_is_infinite(y))
		return a.significand && b.significand ? sign | STAP_FP_INFINITE : STAP_FP_NONE;
	if (!a.significand || !b.significand)
		return sign;
	product = (unsigned __int128)a.significand * b.significand;
	a.negative = sign;
	a.exponent += b.exponent + 1;
	a.significand = product >> 64;
	if (!(a.significand >> 63)) {
		a.significand = a.significand << 1 | (u64)product >> 63;
		a.exponent--;
		product <<= 1;
	}
	return stap_fp_together(a, (u64)product != 0);
}

stap_long stap_fp_divide(stap_long x, stap_long y)
{
	u64 sign = (x ^ y) & STAP_FP_SIGN, quotient = 0, rest;
	struct stap_fp a, b;
	bool carry = false;
	int i;

	if (stap_fp_is_none(x) || stap_fp_is_none(y) || (stap_fp_is_infinite(x) && stap_fp_is_infinite(y)))
		return STAP_FP_NONE;
	if (stap_fp_is_infinite(x))
		return sign | STAP_FP_INFINITE;
	if (stap_fp_is_infinite(y))
		return sign;
	a = stap_fp_apart(x);
	b = stap_fp_apart(y);
	if (!b.significand)
		return a.significand ? sign | STAP_FP_INFINITE : STAP_FP_NONE;
	if (!a.significand)
		return sign;
	for (i = 0, rest = a.significand; i < 64; i++) {
		bool fits = carry || rest >= b.significand;

		rest -= fits ? b.significand : 0;
		quotient = quotient << 1 | fits;
		carry = rest >> 63;
		rest <<= 1;
	}
	a.negative = sign;
	a.exponent -= b.exponent;
	a.significand = quotient;
	if (!(quotient >> 63)) {
		a.significand <<= 1;
		a.exponent--;
	}
	return stap_fp_together(a, carry || rest);
}

/* Of the quotient that is nearest, the even one of two. */
stap_long stap_fp_remainder(stap_long x, stap_long y)
{
	struct stap_fp a, b;
	bool odd = false;
	u64 rest;
	int steps, zeros;

	if (stap_fp_is_none(x) || stap_fp_is_none(y) || stap_fp_is_infinite(x))
		return STAP_FP_NONE;
	a = stap_fp_apart(x);
	b = stap_fp_apart(y);
	if (!b.significand)
		return STAP_FP_NONE;
	/* less than half of it: nothing to take away */
	if (stap_fp_is_infinite(y) || !a.significand || a.exponent < b.exponent - 1)
		return x;
	rest = a.significand >> 2;
	b.significand >>= 2;
	if (a.exponent < b.exponent) {
		rest >>= 1; /* nothing is lost: the lowest 11 bits were 0 */
	} else {
		for (steps = a.exponent - b.exponent; steps >= 0; steps--) {
			odd = rest >= b.significand;
			rest -= odd ? b.significand : 0;
			if (steps)
				rest <<= 1;
		}
	}
	if (rest > b.significand - rest || (rest == b.significand - rest && odd)) {
		rest = b.significand - rest;
		a.negative = !a.negative;
	}
	if (!rest)
		return x & STAP_FP_SIGN;
	zeros = __builtin_clzll(rest);
	a.significand = rest << zeros;
	a.exponent = b.exponent + 2 - zeros;
	return stap_fp_together(a, false);
}

stap_long stap_fp_root(stap_long x)
{
	struct stap_fp a = stap_fp_apart(x);
	u64 root = 0, rest = 0, radicand;
	int i;

	if (stap_fp_is_none(x) || (a.negative && a.significand))
		return STAP_FP_NONE;
	if (!a.significand || stap_fp_is_infinite(x))
		return x;
	/* a number from 1 to 4, 62 bits of it behind the point */
	radicand = a.exponent & 1 ? a.significand : a.significand >> 1;
	a.exponent = (a.exponent - (a.exponent & 1)) / 2;
	for (i = 0; i < 60; i++) {
		u64 next = root << 2 | 1;

		rest = rest << 2 | radicand >> 62;
		radicand <<= 2;
		root <<= 1;
		if (rest >= next) {
			rest -= next;
			root |= 1;
		}
	}
	a.significand = root << 4;
	return stap_fp_together(a, rest != 0);
}

stap_long stap_fp_equal(stap_long x, stap_long y)
{
	return !stap_fp_is_none(x) && !stap_fp_is_none(y) && (x == y || !((x | y) & ~STAP_FP_SIGN));
}

stap_long stap_fp_less(stap_long x, stap_long y)
{
	if (stap_fp_is_none(x) || stap_fp_is_none(y) || stap_fp_equal(x, y))
		return 0;
	if ((x ^ y) & STAP_FP_SIGN)
		return x < 0;
	return x < 0 ? (u64)x > (u64)y : x < y;
}

stap_long stap_fp_from_long(stap_long value)
{
	struct stap_fp f = { .negative = value < 0, .exponent = 63, .significand = value < 0 ? -(u64)value : (u64)value };
	int zeros;

	if (!value)
		return 0;
	zeros = __builtin_clzll(f.significand);
	f.significand <<= zeros;
	f.exponent -= zeros;
	return stap_fp_together(f, false);
}

/* Whether a number between two whole ones is the upper one of them, without its sign. */
static bool stap_fp_goes_up(stap_long mode, bool negative, bool odd, u64 low)
{
	const u64 half = STAP_FP_SIGN;

	switch (mode) {
	case 1: return false;			/* towards 0 */
	case 2: return negative && low;		/* down */
	case 3: return !negative && low;	/* up */
	case 4: return low >= half;		/* to the nearest, ties away from 0 */
	case 5:
	case 6: return low && !odd;		/* to the odd one */
	}
	return low > half || (low == half && odd);
}

stap_long stap_fp_to_long(stap_long x, stap_long mode)
{
	const stap_long unknown = (stap_long)STAP_FP_SIGN;
	struct stap_fp f = stap_fp_apart(x);
	u64 whole = 0, low = 0;

	if (!f.significand)
		return 0;
	if (f.exponent > 63)
		return unknown;
	if (f.exponent == 63) {
		whole = f.significand;
	} else if (f.exponent >= 0) {
		whole = f.significand >> (63 - f.exponent);
		low = f.significand << (f.exponent + 1);
	} else {
		/* what is behind the point, as 64 bits; the last one tells of more */
		low = f.exponent < -63 ? 1 : f.significand >> (-1 - f.exponent) | !!(f.significand & ((1ULL << (-1 - f.exponent)) - 1));
	}
	whole += stap_fp_goes_up(mode, f.negative, whole & 1, low);
	if (whole > STAP_FP_SIGN - !f.negative)
		return unknown;
	return f.negative ? -whole : whole;
}
