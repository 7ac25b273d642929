// SPDX-License-Identifier: MIT OR GPL-2.0
/* Functions that call each other, none of them by a jump: a stack that is known. */
#include <linux/compiler.h>
#include "odd.h"

static volatile int nested_sink;

static __attribute__((noipa)) int nested_inner(int n)
{
	volatile int local[4] = { n, n, n, n };

	nested_sink = local[n & 3];
	return local[0] + 1;
}

static __attribute__((noipa)) int nested_middle(int n)
{
	int result = nested_inner(n + 1);

	barrier();
	return result + nested_sink;
}

int nested_outer(int n)
{
	int result = nested_middle(n * 2);

	barrier();
	return result - nested_sink;
}
