#include "fs.h"

/* A function of this name is in read.c, too. */
static __attribute__((noinline)) int twin(struct file *file, int first)
{
	file->flags += first;
	return verify(file, first);
}

int open_file(struct file *file, int mode)
{
	int result = may_read(file);

	if (result < 0)
		goto out;
	result = twin(file, mode);
	result += lookup(file, mode);
out:
	file->position = result;
	return result;
}

long __x64_sys_open(const struct pt_regs *regs)
{
	return regs->di + regs->si;
}

long __do_sys_getuid(void)
{
	return 1000;
}

long __x64_sys_getuid(const struct pt_regs *unused) __attribute__((alias("__do_sys_getuid")));

long __x64_sys_read(const struct pt_regs *regs)
{
	return regs->dx;
}
