/* A program of 32 bits without a library, for kernels of 64: it calls by int $0x80. */
typedef unsigned int word;

static long call(word number, word a, word b, word c, word d, word e)
{
	long result;

	asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
	return result;
}

void _start(void)
{
	static const char path[] = "/tmp/narrow-file", missing[] = "/no-such-file";
	static volatile word socket[] = { 1, 1, 0 }, connect[] = { 77, 0x5000, 16 };
	char there = *(const volatile char *)path; /* now these are in memory */
	long fd = call(5, (word)path, 0x42, 0600, 0, 0);	/* open */

	there = connect[0];
	(void)there;
	call(4, fd, (word)"0123456789", 10, 0, 0);		/* write */
	call(180, fd, (word)path, 4, 0x10, 0x3);		/* pread64, at 0x300000010 */
	call(19, 77, -5, 1, 0, 0);				/* lseek */
	call(295, -100, (word)missing, 0, 0, 0);		/* openat */
	call(102, 1, (word)socket, 0, 0, 0);			/* socketcall: socket */
	call(102, 3, (word)connect, 0, 0, 0);			/* socketcall: connect */
	call(20, 0, 0, 0, 0, 0);				/* getpid */
	call(60, 027, 0, 0, 0, 0);				/* umask */
	call(1, 3, 0, 0, 0, 0);					/* exit */
}
