#include "fs.h"

__attribute__((section(".init.text"))) int start_file(struct file *file)
{
	return verify(file, 0);
}

__attribute__((section(".noinstr.text"))) int enter_kernel(void)
{
	return 1;
}
