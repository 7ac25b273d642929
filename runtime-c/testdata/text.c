/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The text of system calls' arguments as an ordinary program, which has the memory of the caller: from
 * text_page on, TEXT_PAGE bytes. Each line it prints is a case's name and text, and * where the text was cut.
 */
#include <stdio.h>
#include <string.h>

#include "stap.h"
#include "textwrite.c"
#include "text_file.c"
#include "text_ipc.c"
#include "text_map.c"
#include "text_mount.c"
#include "text_open.c"
#include "text_poll.c"
#include "text_prctl.c"
#include "text_process.c"
#include "text_signal.c"
#include "text_socket.c"
#include "text_sockopt.c"
#include "text_system.c"
#include "text_time.c"
#include "text_vector.c"

#define TEXT_PAGE 4096UL

static unsigned char page[TEXT_PAGE];
static const stap_ulong at = 0x10000; /* where the caller has it */
static int narrow, cut;

int stap_text_read(void *dst, stap_ulong address, unsigned long size)
{
	if (address < at || address - at > TEXT_PAGE || size > TEXT_PAGE - (address - at))
		return 0;
	memcpy(dst, page + (address - at), size);
	return 1;
}

int stap_text_compat(void)
{
	return narrow;
}

void stap_text_was_cut(void)
{
	cut = 1;
}

static void words(unsigned int offset, int count, const unsigned int *values)
{
	memcpy(page + offset, values, count * sizeof(*values));
}

#define WORDS(offset, ...) words(offset, sizeof((unsigned int[]){ __VA_ARGS__ }) / 4, (unsigned int[]){ __VA_ARGS__ })

#define CASE(name, ...) do { \
	char string[MAXSTRINGLEN]; \
	struct stap_text text = stap_text_begin(string), *t = &text; \
	cut = 0; \
	__VA_ARGS__; \
	printf("%s: %s%s\n", name, string, cut ? "*" : ""); \
} while (0)

static void numbers(void)
{
	CASE("decimal", stap_text_decimal(t, -0x7fffffffffffffffLL - 1));
	CASE("unsigned", stap_text_unsigned(t, -1));
	CASE("hex", stap_text_hex(t, 0));
	CASE("octal", stap_text_octal(t, 022); stap_text_next(t); stap_text_octal(t, 0); stap_text_next(t); stap_text_octal(t, 04755));
	CASE("nothing between commas", stap_text_next(t); stap_text_mode(t, 0644, 0); stap_text_next(t); stap_text_decimal(t, 1);
	     stap_text_next(t); stap_text_mode(t, 0644, 0); stap_text_next(t); stap_text_mode(t, 0644, 0100));
	CASE("open flags", stap_text_flags(t, 0, &stap_open_names); stap_text_next(t); stap_text_flags(t, 02 | 0100, &stap_open_names);
	     stap_text_next(t); stap_text_flags(t, 0x40000001, &stap_open_names));
	CASE("protection", stap_text_flags(t, 0, &stap_protection_names); stap_text_next(t); stap_text_flags(t, 7, &stap_protection_names));
	CASE("one of several", stap_text_flags(t, 0, &stap_whence_names); stap_text_next(t); stap_text_flags(t, 99, &stap_whence_names));
	CASE("map", stap_text_mmap(t, 0x22); stap_text_next(t); stap_text_mmap(t, 0x10); stap_text_next(t);
	     stap_text_mmap(t, 0x40022 | 21 << 26));
	CASE("device", stap_text_device(t, 0x1234500801ULL));
	CASE("node", stap_text_filemode(t, 0100644); stap_text_next(t); stap_text_node(t, 0x103, 0100644); stap_text_next(t);
	     stap_text_node(t, 0x103, 0020644));
	CASE("folder", stap_text_dirfd(t, 0xffffff9c); stap_text_next(t); stap_text_dirfd(t, 3));
	CASE("clock", stap_text_clock(t, 1); stap_text_next(t); stap_text_clock(t, -10 & 0xffffffff); stap_text_next(t);
	     stap_text_clock(t, -48 | 3));
	CASE("signal", stap_text_signal(t, 9); stap_text_next(t); stap_text_signal(t, 32); stap_text_next(t); stap_text_signal(t, 64);
	     stap_text_next(t); stap_text_signal(t, 65); stap_text_next(t); stap_text_signal(t, 16));
	CASE("clone", stap_text_clone(t, 0x100 | 17); stap_text_next(t); stap_text_clone(t, 17); stap_text_next(t); stap_text_clone(t, 0));
	CASE("futex", stap_text_futex(t, 129); stap_text_next(t); stap_text_futex(t, 9 | 256));
	CASE("key", stap_text_key(t, 0xfffffffd); stap_text_next(t); stap_text_key(t, 12));
}

static void strings(void)
{
	int i;

	strcpy((char *)page, "plain\t\"\\\n\001\377");
	CASE("string", stap_text_string(t, at));
	CASE("unreadable string", stap_text_next(t); stap_text_string(t, 0); stap_text_next(t); stap_text_string(t, at - 1));
	memset(page, 'x', TEXT_PAGE);
	CASE("string without an end", stap_text_string(t, at + TEXT_PAGE - 3));
	CASE("buffer to the last byte", stap_text_buffer(t, at + TEXT_PAGE - 3, 3));
	CASE("buffer beyond that", stap_text_buffer(t, at + TEXT_PAGE - 3, 4));
	CASE("buffer", stap_text_buffer(t, at, 50); stap_text_next(t); stap_text_buffer(t, at, 51); stap_text_next(t);
	     stap_text_buffer(t, at, 0); stap_text_next(t); stap_text_buffer(t, at, -1));
	CASE("preview", t->preview = 2; stap_text_buffer(t, at, 3));
	page[400] = 0;
	CASE("no room", stap_text_string(t, at); stap_text_next(t); stap_text_string(t, at));
	CASE("cut", for (i = 0; i < 50; i++) { stap_text_next(t); stap_text_unsigned(t, 1000000000000LL); });
	strcpy((char *)page, "ls");
	strcpy((char *)page + 8, "-l");
	WORDS(16, at, 0, at + 8, 0, 0, 0);
	CASE("argv", stap_text_strings(t, at + 16); stap_text_next(t); stap_text_strings(t, at + 32); stap_text_next(t);
	     stap_text_strings(t, 0));
	CASE("argv without an end", memset(page + TEXT_PAGE - 8, 0, 8); WORDS(TEXT_PAGE - 8, at); stap_text_strings(t, at + TEXT_PAGE - 8));
	WORDS(64, at, at + 8, 0);
	narrow = 1;
	CASE("narrow argv", stap_text_strings(t, at + 64));
	narrow = 0;
	WORDS(64, at, 0, 2, 0, 77, 0, 3, 0);
	CASE("vector", stap_text_vector(t, at + 64, 2); stap_text_next(t); stap_text_empty_vector(t, at + 64, 1); stap_text_next(t);
	     stap_text_vector(t, 0, 2));
}

static void structures(void)
{
	WORDS(0, 1, 0, 5, 0);
	CASE("time", stap_text_timespec(t, at); stap_text_next(t); stap_text_timeval(t, at); stap_text_next(t);
	     stap_text_timespec(t, 0); stap_text_next(t); stap_text_timespec(t, 8));
	WORDS(0, -1, -1, 1000000000, 0);
	CASE("no time", stap_text_timespec(t, at));
	WORDS(0, 1, 0, 0x3fffffff, 0, 2, 0, 0x3ffffffe, 0);
	CASE("file times", stap_text_file_times(t, at));
	narrow = 1;
	WORDS(0, -1, 5, 7, 8);
	CASE("narrow time", stap_text_timespec(t, at); stap_text_next(t); stap_text_timespec64(t, at + 8); stap_text_next(t);
	     stap_text_itimerval(t, at));
	WORDS(0, 0x1000, 0x14000000, 0x2000, 2, 0);
	CASE("narrow action", stap_text_sigaction(t, at));
	WORDS(0, 0xffffffff, 1024);
	CASE("narrow limits", stap_text_limits(t, at));
	WORDS(0, 0x00020001, 5, 0, 6, 0);
	CASE("narrow lock", stap_text_fcntl(t, at, 13); stap_text_next(t); stap_text_fcntl(t, at, 6));
	narrow = 0;
	WORDS(0, -1, -1, 8192 * 1024, 0);
	CASE("limits", stap_text_limits(t, at); stap_text_next(t); stap_text_limits64(t, at));
	WORDS(0, 0x402, 0);
	CASE("sets", stap_text_sigset(t, at, 8); stap_text_next(t); stap_text_sigset(t, at, 4); stap_text_next(t);
	     stap_text_sigset(t, 0, 8));
	WORDS(0, ~3U, ~0U);
	CASE("nearly all", stap_text_sigset(t, at, 8));
	WORDS(0, 0xffff0001, 0x00021800, 0x00000001);
	CASE("semaphores", stap_text_semaphores(t, at, 2));
	CASE("many", memset(page, 0, TEXT_PAGE); stap_text_groups(t, at, 40));
	CASE("unreadable", stap_text_groups(t, at + TEXT_PAGE - 4, 2); stap_text_next(t); stap_text_groups(t, 8, 2));
	page[0] = 3;
	page[1] = 0x80;
	CASE("bits", stap_text_cpus(t, at, 8); stap_text_next(t); stap_text_descriptors(t, at, 10));
	CASE("keyctl", stap_text_keyctl2(t, -3, 0); stap_text_next(t); stap_text_keyctl3(t, 1, 0); stap_text_next(t);
	     stap_text_keyctl4(t, 1, 0); stap_text_next(t); stap_text_keyctl2(t, 5, 999));
	CASE("prctl", stap_text_prctl2(t, 9, 1); stap_text_next(t); stap_text_prctl3(t, 9, 1); stap_text_next(t);
	     stap_text_prctl2(t, 21, 23); stap_text_next(t); stap_text_prctl5(t, 1, 9999));
}

static void addresses(void)
{
	static const unsigned char mapped[] = { 10, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4, 0, 0, 0, 0 };
	static const unsigned char runs[] = { 10, 0, 1, 187, 0, 0, 0, 5, 0x20, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 7, 0, 0, 0 };

	memcpy(page, mapped, sizeof(mapped));
	CASE("mapped", stap_text_sockaddr(t, at, 28));
	memset(page + 8, 0, 16);
	CASE("any", stap_text_sockaddr(t, at, 28); stap_text_next(t); stap_text_socket_host(t, at));
	memcpy(page, runs, sizeof(runs));
	CASE("runs", stap_text_sockaddr(t, at, 28));
	CASE("parts", stap_text_socket_family(t, at); stap_text_next(t); stap_text_socket_host(t, at); stap_text_next(t);
	     stap_text_socket_port(t, at); stap_text_next(t); stap_text_socket_flow(t, at); stap_text_next(t); stap_text_socket_scope(t, at));
	CASE("short", stap_text_sockaddr(t, at, 2); stap_text_next(t); stap_text_sockaddr(t, at, 1); stap_text_next(t);
	     stap_text_sockaddr(t, at, 129); stap_text_next(t); stap_text_sockaddr(t, 0, 16));
	memcpy(page, "\1\0\0abc", 6);
	CASE("local", stap_text_sockaddr(t, at, 6); stap_text_next(t); stap_text_sockaddr(t, at, 3));
	memcpy(page, "\143\0ab", 4);
	CASE("unknown", stap_text_sockaddr(t, at, 4));
}

int main(void)
{
	numbers();
	strings();
	structures();
	addresses();
	return 0;
}
