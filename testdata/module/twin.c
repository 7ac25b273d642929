// SPDX-License-Identifier: MIT OR GPL-2.0
/* A function and a variable of names that are in odd.c, too. */
#include <linux/compiler.h>
#include "odd.h"

static volatile int odd_numbers[2] = { 7, 8 };

static __attribute__((noipa)) int odd_plain(long n)
{
	static long calls = 500;

	barrier();
	return calls++ + n + odd_numbers[1];
}

int twin_caller(int x)
{
	return odd_plain(x);
}
