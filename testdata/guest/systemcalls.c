/* Calls a few system calls by their numbers, as no library does any more. */
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	static char path[] = "/tmp/opened-by-number";

#ifdef SYS_open
	syscall(SYS_open, path, O_CREAT | O_WRONLY, 0640);
#else
	syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY, 0640);
#endif
	syscall(SYS_pread64, 77, 0, 0, 123456789);
	syscall(SYS_getppid);
	syscall(SYS_lseek, 77, -1L, SEEK_END);
	return 0;
}
