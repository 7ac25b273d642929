// systemcall-text.c for a program of 32 bits, without a C library: what differs for such callers.
enum {
	call_exit = 1, call_open = 5, call_close = 6, call_execve = 11, call_lseek = 19, call_umount = 22,
	call_utime = 30, call_umount2 = 52, call_setrlimit = 75, call_setitimer = 104, call_wait4 = 114,
	call__llseek = 140, call_writev = 146, call_nanosleep = 162, call_rt_sigaction = 174,
	call_rt_sigprocmask = 175, call_rt_sigtimedwait = 177, call_pread64 = 180, call_pwrite64 = 181,
	call_sigaltstack = 186, call_mmap2 = 192, call_truncate64 = 193, call_ftruncate64 = 194, call_stat64 = 195,
	call_getuid32 = 199, call_setresuid32 = 208, call_chown32 = 212, call_mincore = 218, call_fcntl64 = 221,
	call_readahead = 225, call_sendfile64 = 239, call_futex = 240, call_fadvise64 = 250, call_epoll_ctl = 255,
	call_timer_settime = 260, call_clock_settime = 264, call_clock_nanosleep = 267, call_statfs64 = 268,
	call_utimes = 271, call_fadvise64_64 = 272, call_waitid = 284, call_openat = 295, call_fstatat64 = 300,
	call_ppoll = 309, call_sync_file_range = 314, call_vmsplice = 316, call_utimensat = 320,
	call_fallocate = 324, call_preadv = 333, call_fanotify_mark = 339, call_prlimit64 = 340, call_sendmsg = 370,
	call_clock_settime64 = 404, call_clock_nanosleep_time64 = 407, call_ppoll_time64 = 414,
	call_futex_time64 = 422,
};

enum { AT_FDCWD = -100, O_RDONLY = 0, O_RDWR = 2, O_CREAT = 0100, F_RDLCK = 0, F_WRLCK = 1, WNOHANG = 1, WEXITED = 4 };

long call_number(long number, ...);
__asm__(".globl call_number\n"
	"call_number:\n"
	"push %ebp\npush %edi\npush %esi\npush %ebx\n"
	"mov 20(%esp), %eax\nmov 24(%esp), %ebx\nmov 28(%esp), %ecx\nmov 32(%esp), %edx\n"
	"mov 36(%esp), %esi\nmov 40(%esp), %edi\nmov 44(%esp), %ebp\n"
	"int $0x80\n"
	"pop %ebx\npop %esi\npop %edi\npop %ebp\nret\n"
	".globl _start\n"
	"_start:\n"
	"call main\nud2\n");

#define call(name, ...) call_number(call_##name, ##__VA_ARGS__)
#define NOWHERE "/nowhere/at all"
#define MARK -4242

struct time32 { int seconds, fraction; };
struct time64 { long long seconds; long long fraction; };
struct vector32 { const void *base; unsigned int length; };
struct limits32 { unsigned int current, most; };

static char buffer[4096];
static const struct time32 time32 = { 1, 5 }, bad32 = { -3, -1 }, two32[2] = { { 1, 2 }, { 3, 4 } };
static const struct time64 time64 = { 1LL << 33, 7 }, bad64 = { 3, -1 };
static const char text[] = "abcdefgh";
static const struct vector32 vector[2] = { { text, 3 }, { text, 5 } };
static unsigned long long set = 0x802;

static void files(void)
{
	static const struct { short type, whence; long long start, length; int pid; } __attribute__((packed, aligned(4))) lock64 = { F_WRLCK, 2, -5, 1LL << 33, 0 };
	static const struct { short type, whence; int start, length, pid; } lock = { F_RDLCK, 0, 5, 6, 0 };

	call(open, NOWHERE, O_RDWR | O_CREAT, 0600);
	call(openat, AT_FDCWD, NOWHERE, O_RDONLY);
	call(pread64, -1, buffer, 10, 5, 1);
	call(pwrite64, -1, text, 4, 5, 0);
	call(lseek, -1, -5, 2);
	call(_llseek, -1, 1, 2, buffer, 0);
	call(truncate64, NOWHERE, 5, 1);
	call(ftruncate64, -1, 5, 1);
	call(fallocate, -1, 1, 5, 0, 6, 1);
	call(readahead, -1, 5, 1, 10);
	call(fadvise64, -1, 5, 1, 10, 3);
	call(fadvise64_64, -1, 5, 0, 10, 1, 3);
	call(sync_file_range, -1, 5, 1, 10, 0, 2);
	call(writev, -1, vector, 2);
	call(preadv, -1, vector, 2, 5, 1);
	call(fcntl64, -1, 13, &lock64);
	call(fcntl64, -1, 6, &lock);
	call(stat64, NOWHERE, buffer);
	call(fstatat64, AT_FDCWD, NOWHERE, buffer, 0x100);
	call(statfs64, NOWHERE, 84, buffer);
	call(utimes, NOWHERE, two32);
	call(utimensat, AT_FDCWD, NOWHERE, two32, 0);
	call(utime, NOWHERE, two32);
	call(chown32, NOWHERE, -1, 5);
	call(sendfile64, -1, -2, 0, 10);
	call(mmap2, 0, 0, 3, 0x22, -1, 1);
	call(umount, NOWHERE);
	call(umount2, NOWHERE, 2);
}

static void others(void)
{
	static const struct { void *handler; unsigned long flags; void *restorer; unsigned int mask[2]; } action = { (void *)0x1000, 0x14000000, (void *)0x2000, { 2, 0 } };
	static const struct { const void *name; int name_length; const struct vector32 *vector; int count; void *control; int control_length, flags; } message = { 0, 0, vector, 2, 0, 0, 0 };
	static const struct limits32 limits = { -1, 8192 };
	static const struct { void *pointer; int flags; unsigned int size; } stack = { (void *)0x5000, 99, 8192 };
	static const struct { unsigned int events; unsigned long long data; } __attribute__((packed)) event = { 1, 0x100000007 };
	static const struct { struct time32 interval, value; } timer32 = { { 0, 1 }, { 2, -3 } };
	static const char *const arguments[] = { "a", "b c", 0 };
	static unsigned int futex = 1;

	call(rt_sigaction, 9, &action, 0, 8);
	call(rt_sigprocmask, 99, &set, 0, 8);
	call(rt_sigtimedwait, &set, 0, &bad32, 8);
	call(sigaltstack, &stack, 0);
	call(nanosleep, &bad32, buffer);
	call(clock_nanosleep, 1, 1, &bad32, 0);
	call(clock_nanosleep_time64, 1, 1, &bad64, 0);
	call(clock_settime, 1, &time32);
	call(clock_settime64, 1, &time64);
	call(setitimer, 1, &timer32, 0);
	call(timer_settime, 99, 1, &timer32, 0);
	call(futex, &futex, 0, 2, &time32);
	call(futex_time64, &futex, 0, 2, &time64);
	call(ppoll, 0, 0, &bad32, &set, 8);
	call(ppoll_time64, 0, 0, &bad64, &set, 8);
	call(epoll_ctl, -1, 1, 5, &event);
	call(sendmsg, -1, &message, 0x4000);
	call(vmsplice, -1, vector, 1, 8);
	call(setrlimit, 99, &limits);
	call(prlimit64, 999999, 7, &time64, 0);
	call(waitid, 1, 999999, 0, WEXITED | WNOHANG, 0);
	call(wait4, 999999, 0, WNOHANG, 0);
	call(setresuid32, -1, -1, -1);
	call(getuid32);
	call(execve, NOWHERE, arguments, arguments + 2);
	call(fanotify_mark, -1, 1, 0x20, 0, AT_FDCWD, NOWHERE);
}

// What a call reads must be in memory when it begins.
static void touch(void)
{
	extern char __executable_start[], end[];

	for (char *page = __executable_start; page < end; page += 4096)
		if (!call(mincore, (unsigned long)page & -4096UL, 4096, buffer))
			(void)*(volatile char *)page;
}

int main(void)
{
	touch();
	call(close, MARK);
	files();
	others();
	call(close, MARK);
	call(exit, 0);
	return 0;
}
