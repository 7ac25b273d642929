//go:build ignore

/*
 *	calls now
 *	calls N [RATE]
 *	calls
 *
 * The first prints the guest's clock, in nanoseconds. The second calls getuid N
 * times, RATE times a second or as fast as it can, and prints how long that took.
 * The third calls getuid, then getgid, COUNT times each, after a round of getuid
 * to warm up, and prints a line for each round
 *
 *	NAME OWN LOOP REST
 *
 * in nanoseconds of the guest's clocks, which are instructions where those
 * count them: OWN in this process, LOOP from the first call to the last with
 * all that the CPU did in between, REST what the parent, which is the reader
 * of the trace, spent afterwards to catch up. The parent's clock has the number
 * that include/linux/posix-timers.h makes of a process number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define COUNT 20000

static long long nanoseconds(clockid_t clock)
{
	struct timespec now = { 0, 0 };

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void measure(const char *name, long number)
{
	const clockid_t reader = ~(clockid_t)getppid() << 3 | 2;
	const struct timespec patience = { 3, 0 };
	long long own, loop, rest;

	nanosleep(&patience, NULL);
	own = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
	loop = nanoseconds(CLOCK_MONOTONIC);
	for (int i = 0; i < COUNT; i++)
		syscall(number);
	loop = nanoseconds(CLOCK_MONOTONIC) - loop;
	own = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - own;
	rest = nanoseconds(reader);
	nanosleep(&patience, NULL);
	rest = nanoseconds(reader) - rest;
	printf("%s %lld %lld %lld\n", name, own, loop, rest);
}

/* In groups of 100, each not before it is due. */
static void keep_calling(long count, long rate)
{
	long long began = nanoseconds(CLOCK_MONOTONIC);

	for (long n = 0; n < count; n++) {
		if (rate && n % 100 == 0)
			while (nanoseconds(CLOCK_MONOTONIC) - began < n * 1000000000LL / rate)
				;
		syscall(SYS_getuid);
	}
	printf("%lld\n", nanoseconds(CLOCK_MONOTONIC) - began);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "now")) {
		printf("%lld\n", nanoseconds(CLOCK_MONOTONIC));
		return 0;
	}
	if (argc > 1) {
		keep_calling(atol(argv[1]), argc > 2 ? atol(argv[2]) : 0);
		return 0;
	}
	measure("warm", SYS_getuid);
	measure("getuid", SYS_getuid);
	measure("getgid", SYS_getgid);
	return 0;
}
