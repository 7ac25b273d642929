/* Calls a few system calls by their numbers, as no library does any more. */
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	syscall(SYS_open, "/tmp/opened-by-number", O_CREAT | O_WRONLY, 0640);
	syscall(SYS_pread64, 77, 0, 0, 123456789);
	syscall(SYS_getppid);
	syscall(SYS_lseek, 77, -1L, SEEK_END);
	return 0;
}
