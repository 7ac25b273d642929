/*
 * Goes through the steps of a session, and has one memory allocation of one step
 * fail: the first, in the next session the second, and so on until a step has no
 * more. The kernel's fault injection does it (/proc/thread-self/fail-nth).
 *
 *	faults MODULE.ko NAME
 *
 * A line for each step says how many allocations failed, and what the step said:
 *
 *	load: 123 failed: 120 ENOMEM, 3 done
 *
 * Anything else ends it with a line that begins with a "!": a step that fails
 * in another way, or one after it that does not work.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *name;
static void *image;
static size_t size;
static int control = -1, trace = -1, nth = -1;
static char text[1 << 16];

static int load(void) { return syscall(SYS_init_module, image, size, "buffer_kb=64"); }
static int unload(void) { return syscall(SYS_delete_module, name, O_NONBLOCK); }

static int open_file(const char *file, int flags)
{
	char path[256];

	snprintf(path, sizeof(path), "/proc/systemtap/%s/%s", name, file);
	return open(path, flags);
}

static int open_control(void) { return control = open_file("control", O_RDWR | O_NONBLOCK); }
static int open_trace(void) { return trace = open_file("trace0", O_RDONLY); }
static int start(void) { return write(control, "start 1", 7) == 7 ? 0 : -1; }
static int stop(void) { return write(control, "stop", 4) == 4 ? 0 : -1; }

static int read_lines(void)
{
	int n = read(control, text, sizeof(text) - 1);

	if (n < 0 && errno == EAGAIN)
		return 0;
	return n < 0 ? -1 : 0;
}

static int wait_for_output(void)
{
	struct pollfd files[2] = { { control, POLLIN, 0 }, { trace, POLLIN, 0 } };

	return poll(files, 2, 10) < 0 ? -1 : 0;
}

static int read_output(void) { return read(trace, text, sizeof(text)) < 0 ? -1 : 0; }
static int close_trace(void) { return close(trace); }
static int close_control(void) { return close(control); }

static const struct step {
	const char *name;
	int (*take)(void);
	int vital;	/* the steps after it cannot be without it */
} steps[] = {
	{ "load", load, 1 },
	{ "open control", open_control, 1 },
	{ "open trace", open_trace, 1 },
	{ "start", start, 0 },
	{ "read lines", read_lines, 0 },
	{ "wait", wait_for_output, 0 },
	{ "read output", read_output, 0 },
	{ "stop", stop, 0 },
	{ "read summary", read_lines, 0 },
	{ "close trace", close_trace, 0 },
	{ "close control", close_control, 0 },
	{ "unload", unload, 0 },
};

#define STEPS (int)(sizeof(steps) / sizeof(steps[0]))
#define UNLOAD (STEPS - 1)

/* Has the n-th allocation from now on fail; 0: none. */
static void fail(int n)
{
	char digits[16];
	int length = snprintf(digits, sizeof(digits), "%d", n);

	if (pwrite(nth, digits, length, 0) != length) {
		printf("! fail-nth: %s\n", strerror(errno));
		exit(1);
	}
}

/* Whether that has happened: nothing is left to count down. */
static int failed(void)
{
	char digits[16] = "";

	return pread(nth, digits, sizeof(digits) - 1, 0) > 0 && atoi(digits) == 0;
}

static int loaded(void)
{
	char path[256];
	struct stat status;

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return stat(path, &status) == 0;
}

static void clear_away(void)
{
	int tries;

	close(trace);
	close(control);
	trace = control = -1;
	for (tries = 0; loaded() && unload() && tries < 500; tries++)
		usleep(10000);
	if (loaded()) {
		printf("! the module stays: %s\n", strerror(errno));
		exit(1);
	}
}

static int refused, done;

/* One session, in which step has its n-th allocation fail; 0 when it has no such. */
static int session(int step, int n)
{
	int i, rc, error, injected = 0;

	for (i = 0; i < STEPS; i++) {
		errno = 0;
		if (i == step) {
			fail(n);
			rc = steps[i].take();
			error = errno;
			injected = failed();
			fail(0);
			if (injected && rc < 0)
				refused++;
			else if (injected)
				done++;
			if (rc < 0 && (error != ENOMEM || !injected) && !(i == UNLOAD && error == EAGAIN)) {
				printf("! %s, allocation %d%s: %s\n", steps[i].name, n, injected ? "" : " (none)", strerror(error));
				exit(1);
			}
			if (rc < 0 && steps[i].vital)
				break;
		} else if (steps[i].take() < 0 && i != UNLOAD) {
			printf("! %s, after allocation %d of %s failed: %s\n", steps[i].name, n, steps[step].name, strerror(errno));
			exit(1);
		}
	}
	clear_away();
	return injected;
}

int main(int argc, char **argv)
{
	struct stat status;
	int file, step, n, total = 0;

	if (argc != 3)
		return 2;
	name = argv[2];
	file = open(argv[1], O_RDONLY);
	nth = open("/proc/thread-self/fail-nth", O_RDWR);
	if (file < 0 || nth < 0 || fstat(file, &status)) {
		printf("! %s\n", strerror(errno));
		return 1;
	}
	size = status.st_size;
	image = malloc(size);
	if (!image || read(file, image, size) != (ssize_t)size)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (step = 0; step < STEPS; step++) {
		refused = done = 0;
		for (n = 1; session(step, n); n++)
			;
		printf("%s: %d failed: %d ENOMEM, %d done\n", steps[step].name, n - 1, refused, done);
		total += n - 1;
	}
	printf("%d\n", total);
	return 0;
}
