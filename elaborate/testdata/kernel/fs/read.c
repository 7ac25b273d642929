#include "fs.h"

static __attribute__((noinline)) int twin(long first, struct file *file)
{
	file->position += first;
	return lookup(file, 3);
}

/* The compiler makes a clone of it, without the parameter that is always 5. */
static __attribute__((noinline)) int cloned(struct file *file, int five)
{
	file->flags *= five;
	return verify(file, five);
}

int lookup(struct file *file, int mode)
{
	file->position = mode;
	return may_read(file) + cloned(file, 5);
}

int verify(struct file *file, int mode)
{
	return file->flags == mode;
}

int read_file(struct file *file)
{
	return twin(7, file) + may_read(file) + cloned(file, 5);
}

int spin_lock(int *lock)
{
	return __sync_lock_test_and_set(lock, 1);
}

void do_exit(int code)
{
	for (;;)
		verify(0, code);
}

int register_kprobe(void *probe)
{
	return probe != 0;
}
