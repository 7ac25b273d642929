#include "linux/shapes.h"

int shape_count;
const char *shape_names[4];
extern int shape_limit; /* the linker gives it a place */
static const int shape_version = 7;

/* There is one of this name in ring.c, too. */
static __attribute__((noinline)) int twin(int a, int b)
{
	shape_count += a;
	return squares(a, b);
}

/* Its second parameter is not used: a clone without it is made. */
static __attribute__((noinline)) long clone_me(struct shape *s, int unused)
{
	static int calls;

	calls++;
	return s->at.x + s->bits.middle;
}

static __attribute__((noinline)) int jump(int n, struct shape *s)
{
	int i = 0;

again:
	if (!s)
		goto out;
	s = s->next;
	if (++i < n)
		goto again;
out:
	shape_count = i;
	return i;
}

long shape_read(struct shape *s, char *buffer, unsigned long count, long long *position)
{
	long total = 0;
	int i;

	if (!s)
		stop("no shape");
	for (i = 0; i < 4; i++) {
		long inner = twin(i, s->bits.low);

		total += inner;
		if (inner > shape_limit) {
			const char *name = s->name;

			shape_names[i] = name;
		}
	}
	total += clone_me(s, 3) + jump(s->at.y, s) + shape_version;
	*position += total;
	buffer[count] = s->tail[0];
	if (s->compare)
		total += s->compare(buffer, s);
	return total;
}

float shape_area(double width, float height, _Bool round, enum colour c)
{
	return round ? (float)width : height + c;
}

int shape_use(struct shape *s)
{
	return ring_use(s->ring, square(s->at.x));
}

extern int shape_use_alias(struct shape *s) __attribute__((alias("shape_use")));
