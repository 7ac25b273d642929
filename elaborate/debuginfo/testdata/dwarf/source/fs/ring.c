#include "linux/shapes.h"

struct ring {
	int used;
	struct ring *other;
};

static int shape_count_of_ring;

static __attribute__((noinline)) int twin(int a, int b)
{
	return shape_count_of_ring = a - b;
}

struct ring *ring_next(struct ring *r)
{
	return r->other;
}

int ring_use(struct ring *r, int n)
{
	if (!r)
		stop("no ring");
	return r->used + twin(n, 2) + square(n);
}

void stop(const char *why)
{
	for (;;)
		*(volatile const char **)&why = why;
}

void _start(void)
{
	stop("this program is not run");
}
