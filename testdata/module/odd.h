/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What both files of the module know; see odd.c. */
#include <linux/types.h>

enum color { RED, GREEN = 5, BLUE = -1 };

struct inside { short q; };

struct odd {
	int a;
	const char *name;
	struct inside in;
	unsigned int low:3, middle:11, high:18;
	int negative:5;
	bool truth:1;
	union {
		long word;
		char bytes[8];
	};
	enum color color;
	u64 wide_bits;		/* of a double; the kernel's code has no floating-point numbers */
	double wide;
	float narrow;
	int (*call)(int);
	int list[4];
	struct odd *next;
	short tail[];
};

struct pair { int a; char b, c; short d; };
struct large { long a[5]; };

int twin_caller(int x);
int nested_outer(int n);
