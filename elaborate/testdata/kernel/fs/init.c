#include "fs.h"

__attribute__((section(".init.text"))) int start_file(struct file *file)
{
	return verify(file, 0);
}

__attribute__((section(".noinstr.text"))) int enter_kernel(void)
{
	return 1;
}

/* Out of line, and inlined where its first parameter is left out. */
int level(int unused, struct file *file)
{
	return file->flags;
}

int levels(struct file *file)
{
	return level(file->position * 7, file) + verify(file, 2);
}
