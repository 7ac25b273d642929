/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Memory that a script points at. Nothing here can fault: an address that
 * cannot be read, or whose page is not in memory, is a run-time error.
 */
#include <linux/mm.h>
#include <linux/uaccess.h>
#include "runtime.h"

stap_long stap_kernel_read(struct stap_context *c, stap_long address, int size, int is_signed)
{
	const void *from = (const void *)(unsigned long)address;
	union { s8 b; s16 h; s32 w; s64 d; u8 ub; u16 uh; u32 uw; } value;

	if (unlikely(copy_from_kernel_nofault(&value, from, size))) {
		stap_error(c, "kernel read fault at 0x%lx", (unsigned long)address);
		return 0;
	}
	switch (size) {
	case 1: return is_signed ? value.b : value.ub;
	case 2: return is_signed ? value.h : value.uh;
	case 4: return is_signed ? value.w : value.uw;
	}
	return value.d;
}

/*
 * Copies up to the NUL, in pieces that do not cross a page: the string may
 * end just before a page that is not there.
 */
static long stap_read_string(char *dst, unsigned long address,
			     long (*read)(void *dst, unsigned long address, size_t size))
{
	size_t done = 0, piece = 64;

	while (done < MAXSTRINGLEN - 1) {
		size_t size = min3(piece, (size_t)(MAXSTRINGLEN - 1 - done),
				   (size_t)(PAGE_SIZE - ((address + done) & (PAGE_SIZE - 1))));
		long rc = read(dst + done, address + done, size);

		if (rc) {
			dst[0] = 0;
			return rc;
		}
		if (memchr(dst + done, 0, size))
			return 0;
		done += size;
		piece = 256;
	}
	dst[done] = 0;
	stap_string_cut();
	return 0;
}

static long stap_read_user(void *dst, unsigned long address, size_t size)
{
	return copy_from_user_nofault(dst, (const void __user *)address, size);
}

static long stap_read_kernel(void *dst, unsigned long address, size_t size)
{
	return copy_from_kernel_nofault(dst, (const void *)address, size);
}

void stap_user_string(struct stap_context *c, char *dst, stap_long address)
{
	long rc = stap_read_string(dst, address, stap_read_user);

	if (unlikely(rc))
		stap_error(c, "user string copy fault %ld at 0x%lx", rc, (unsigned long)address);
}

void stap_kernel_string(struct stap_context *c, char *dst, stap_long address)
{
	long rc = stap_read_string(dst, address, stap_read_kernel);

	if (unlikely(rc))
		stap_error(c, "kernel string copy fault at 0x%lx", (unsigned long)address);
}
