/* What the fixtures room-5 and room-relocatable-5 are made of: functions for arm64 that
 * begin with room for the call of a tracer, and such that do not. */

#define noinline __attribute__((noinline))
#define notrace __attribute__((patchable_function_entry(0)))

struct room {
	int size;
	struct room *next;
};

/* with room */
noinline int room_sum(struct room *room, long times)
{
	int sum = room->size;

	while ((room = room->next))
		sum += room->size * times;
	return sum;
}

/* without, and with a line that begins where the code of others does */
noinline notrace int room_none(volatile int *size, int add)
{
	*size = add;
	*size = *size;
	*size = 3;
	return add;
}

static __attribute__((noipa)) long room_static(struct room *room, long more)
{
	asm volatile("" : : "r"(room->next));
	return room->size + more;
}

void _start(void)
{
	struct room last = { 1 }, first = { 2, &last };
	int size = room_sum(&first, 3);

	for (;;)
		size = room_static(&last, room_none(&first.size, size));
}
