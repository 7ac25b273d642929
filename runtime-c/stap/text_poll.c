/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Text of system calls that wait for files. */
#include "stap.h"

#define POLL_NAMES(N) \
	N(POLLIN, 0x1) N(POLLPRI, 0x2) N(POLLOUT, 0x4) N(POLLERR, 0x8) N(POLLHUP, 0x10) N(POLLNVAL, 0x20) \
	N(POLLRDNORM, 0x40) N(POLLRDBAND, 0x80) N(POLLWRNORM, 0x100) N(POLLWRBAND, 0x200) N(POLLMSG, 0x400) \
	N(POLLREMOVE, 0x1000) N(POLLRDHUP, 0x2000)
const struct stap_names stap_poll_names = STAP_NAMES(POLL_NAMES, 0);

#define EPOLL_NAMES(N) \
	N(EPOLLIN, 0x1) N(EPOLLPRI, 0x2) N(EPOLLOUT, 0x4) N(EPOLLRDNORM, 0x40) N(EPOLLRDBAND, 0x80) N(EPOLLWRNORM, 0x100) \
	N(EPOLLWRBAND, 0x200) N(EPOLLMSG, 0x400) N(EPOLLERR, 0x8) N(EPOLLHUP, 0x10) N(EPOLLRDHUP, 0x2000) \
	N(EPOLLEXCLUSIVE, 0x10000000) N(EPOLLWAKEUP, 0x20000000) N(EPOLLONESHOT, 0x40000000) N(EPOLLET, 0x80000000)
const struct stap_names stap_epoll_names = STAP_NAMES(EPOLL_NAMES, 0);

#define EPOLL_OPERATION_NAMES(N) \
	N(EPOLL_CTL_ADD, 1) N(EPOLL_CTL_DEL, 2) N(EPOLL_CTL_MOD, 3)
const struct stap_names stap_epoll_operation_names = STAP_NAMES(EPOLL_OPERATION_NAMES, STAP_ONE_OF);

#define EPOLL_CREATE_NAMES(N) \
	N(EPOLL_CLOEXEC, 0x80000) N(EPOLL_NONBLOCK, 0x800)
const struct stap_names stap_epoll_create_names = STAP_NAMES(EPOLL_CREATE_NAMES, 0);

/* What is waited for; a negative descriptor is not. */
static void stap_text_poll_entry(struct stap_text *t, stap_long address)
{
	stap_ulong fd, events;

	if (!stap_text_read_number(&fd, address, 4) || !stap_text_read_number(&events, address + 4, 2)) {
		stap_text_hex(t, address);
		return;
	}
	stap_text_open(t, "{");
	stap_text_name(t, "fd");
	stap_text_decimal(t, (int)fd);
	if ((int)fd >= 0) {
		stap_text_name(t, "events");
		stap_text_flags(t, events, &stap_poll_names);
	}
	stap_text_close(t, "}");
}

void stap_text_polls(struct stap_text *t, stap_long address, stap_long count)
{
	stap_text_array(t, address, (unsigned int)count, 8, stap_text_poll_entry);
}

/* Descriptors of a set, of the first so many. */
void stap_text_descriptors(struct stap_text *t, stap_long address, stap_long count)
{
	const char *separator = "";
	unsigned char byte = 0;
	int fd;

	if (!address) {
		stap_text_pointer(t, address);
		return;
	}
	count = (int)count > 1024 ? 1024 : (int)count;
	if (count > 0 && !stap_text_read(&byte, address, 1)) {
		stap_text_hex(t, address);
		return;
	}
	stap_text_open(t, "[");
	for (fd = 0; fd < count && !t->cut; fd++) {
		if (!(fd & 7) && !stap_text_read(&byte, address + fd / 8, 1))
			break;
		if (byte >> (fd & 7) & 1) {
			stap_text_plain(t, separator);
			stap_text_decimal(t, fd);
			separator = " ";
		}
	}
	stap_text_close(t, "]");
}

void stap_text_epoll_event(struct stap_text *t, stap_long address, stap_long operation)
{
	/* only x86 packs it */
#ifdef __x86_64__
	const unsigned int data = 4;
#else
	const unsigned int data = 8;
#endif
	stap_ulong events, value;

	if ((int)operation == 2 || !address || !stap_text_read_number(&events, address, 4) ||
	    !stap_text_read_number(&value, address + data, 8)) { /* EPOLL_CTL_DEL does not look at it */
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "{");
	stap_text_name(t, "events");
	stap_text_flags(t, events, &stap_epoll_names);
	stap_text_name(t, "data");
	stap_text_open(t, "{");
	stap_text_name(t, "u32");
	stap_text_unsigned(t, (unsigned int)value);
	stap_text_name(t, "u64");
	stap_text_unsigned(t, value);
	stap_text_close(t, "}");
	stap_text_close(t, "}");
}

/* The last argument of pselect6(2): a pointer to a mask, and its size. */
void stap_text_select_mask(struct stap_text *t, stap_long address)
{
	unsigned int word = stap_text_word();
	stap_ulong mask, size;

	if (!address || !stap_text_read_number(&mask, address, word) || !stap_text_read_number(&size, address + word, word)) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "{");
	stap_text_name(t, "sigmask");
	stap_text_sigset(t, mask, size);
	stap_text_name(t, "sigsetsize");
	stap_text_unsigned(t, size);
	stap_text_close(t, "}");
}
