//go:build ignore

/*
 * With a number: calls getuid that often.
 *
 * Without: calls getuid, then getgid, COUNT times each, after a round of getuid
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

int main(int argc, char **argv)
{
	if (argc > 1) {
		for (long n = atol(argv[1]); n > 0; n--)
			syscall(SYS_getuid);
		return 0;
	}
	measure("warm", SYS_getuid);
	measure("getuid", SYS_getuid);
	measure("getgid", SYS_getgid);
	return 0;
}
