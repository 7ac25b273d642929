/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Memory that a script points at. Nothing here can fault: an address that
 * cannot be reached, or whose page is not in memory, is a run-time error.
 */
#include <linux/mm.h>
#include "access.h"
#include "runtime.h"

union stap_word {
	s8 b; s16 h; s32 w; s64 d; u8 ub; u16 uh; u32 uw;
};

static __always_inline stap_long stap_word_value(const union stap_word *word, int size, int is_signed)
{
	switch (size) {
	case 1: return is_signed ? word->b : word->ub;
	case 2: return is_signed ? word->h : word->uh;
	case 4: return is_signed ? (stap_long)word->w : (stap_long)word->uw;
	}
	return word->d;
}

static __always_inline stap_long stap_read(struct stap_context *c, stap_reader *read, stap_long address,
					   int size, int is_signed)
{
	union stap_word value;

	if (unlikely(read(&value, address, size))) {
		stap_error(c, "read fault [man error::fault] at 0x%lx", (unsigned long)address);
		return 0;
	}
	return stap_word_value(&value, size, is_signed);
}

stap_long stap_kernel_read(struct stap_context *c, stap_long address, int size, int is_signed)
{
	return stap_read(c, stap_read_kernel, address, size, is_signed);
}

stap_long stap_user_read(struct stap_context *c, stap_long address, int size, int is_signed)
{
	return stap_read(c, stap_read_user, address, size, is_signed);
}

static void stap_write_word(union stap_word *word, int size, stap_long value)
{
	switch (size) {
	case 1: word->b = value; break;
	case 2: word->h = value; break;
	case 4: word->w = value; break;
	default: word->d = value;
	}
}

/* The kernel's own writer is not for modules; reading first finds addresses that are not the kernel's. */
static long stap_write_kernel(unsigned long address, const union stap_word *word, int size)
{
	union stap_word there;

	if (stap_read_kernel(&there, address, size))
		return -EFAULT;
	pagefault_disable();
	switch (size) {
	case 1: __put_kernel_nofault((u8 *)address, &word->ub, u8, fault); break;
	case 2: __put_kernel_nofault((u16 *)address, &word->uh, u16, fault); break;
	case 4: __put_kernel_nofault((u32 *)address, &word->uw, u32, fault); break;
	default: __put_kernel_nofault((s64 *)address, &word->d, s64, fault);
	}
	pagefault_enable();
	return 0;
fault:
	pagefault_enable();
	return -EFAULT;
}

void stap_kernel_write(struct stap_context *c, stap_long address, int size, stap_long value)
{
	union stap_word word;

	stap_write_word(&word, size, value);
	if (unlikely(stap_write_kernel(address, &word, size)))
		stap_error(c, "write fault [man error::fault] at 0x%lx", (unsigned long)address);
}

void stap_user_write(struct stap_context *c, stap_long address, int size, stap_long value)
{
	union stap_word word;

	stap_write_word(&word, size, value);
	if (unlikely(copy_to_user_nofault((void __user *)(unsigned long)address, &word, size)))
		stap_error(c, "write fault [man error::fault] at 0x%lx", (unsigned long)address);
}

/* By bytes, so that what is beside the bit-field is written as little as can be. */
static __always_inline void stap_write_bits(struct stap_context *c, stap_long address, int shift, int bits, stap_long value,
					    stap_long (*read)(struct stap_context *, stap_long, int, int),
					    void (*write)(struct stap_context *, stap_long, int, stap_long))
{
	for (; bits > 0; address++) {
		int n = min(8 - shift, bits);
		stap_long mask = ((1 << n) - 1) << shift;
		stap_long byte = read(c, address, 1, 0);

		if (c->error)
			return;
		write(c, address, 1, (byte & ~mask) | ((stap_long)((stap_ulong)value << shift) & mask));
		if (c->error)
			return;
		value >>= n;
		bits -= n;
		shift = 0;
	}
}

void stap_kernel_write_bits(struct stap_context *c, stap_long address, int shift, int bits, stap_long value)
{
	stap_write_bits(c, address, shift, bits, value, stap_kernel_read, stap_kernel_write);
}

void stap_user_write_bits(struct stap_context *c, stap_long address, int shift, int bits, stap_long value)
{
	stap_write_bits(c, address, shift, bits, value, stap_user_read, stap_user_write);
}

static __always_inline void stap_write_string(struct stap_context *c, stap_long address, const char *text, stap_long most,
					      void (*write)(struct stap_context *, stap_long, int, stap_long))
{
	size_t length = strnlen(text, most < 0 ? 0 : most), i;

	for (i = 0; i < length && !c->error; i++)
		write(c, address + i, 1, text[i]);
	if (!c->error)
		write(c, address + length, 1, 0);
}

void stap_kernel_write_string(struct stap_context *c, stap_long address, const char *text, stap_long most)
{
	stap_write_string(c, address, text, most, stap_kernel_write);
}

void stap_user_write_string(struct stap_context *c, stap_long address, const char *text, stap_long most)
{
	stap_write_string(c, address, text, most, stap_user_write);
}

/*
 * Copies up to the NUL, in pieces that do not cross a page: the string may
 * end just before a page that is not there.
 */
static long stap_read_string(char *dst, unsigned long address, size_t most, stap_reader *read)
{
	const size_t room = min_t(size_t, most, MAXSTRINGLEN - 1);
	size_t done = 0, piece = 64;

	while (done < room) {
		size_t size = min3(piece, (size_t)(room - done), (size_t)(PAGE_SIZE - ((address + done) & (PAGE_SIZE - 1))));
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
	if (most > room)
		stap_string_cut();
	return 0;
}

int stap_string_at(char *dst, stap_long address, stap_long most, int user)
{
	return !stap_read_string(dst, address, most < 0 ? 0 : most, user ? stap_read_user : stap_read_kernel);
}

void stap_user_string_n(struct stap_context *c, char *dst, stap_long address, stap_long most)
{
	long rc = stap_read_string(dst, address, most < 0 ? 0 : most, stap_read_user);

	if (unlikely(rc))
		stap_error(c, "user string copy fault %ld at 0x%lx [man error::fault]", rc, (unsigned long)address);
}

void stap_kernel_string_n(struct stap_context *c, char *dst, stap_long address, stap_long most)
{
	if (unlikely(stap_read_string(dst, address, most < 0 ? 0 : most, stap_read_kernel)))
		stap_error(c, "kernel string copy fault at 0x%lx", (unsigned long)address);
}

void stap_user_string(struct stap_context *c, char *dst, stap_long address)
{
	stap_user_string_n(c, dst, address, MAXSTRINGLEN);
}

void stap_kernel_string(struct stap_context *c, char *dst, stap_long address)
{
	stap_kernel_string_n(c, dst, address, MAXSTRINGLEN);
}

int stap_number_at(stap_long *value, stap_long address, int size, int is_signed)
{
	union stap_word word;

	if (stap_read_user(&word, address, size))
		return 0;
	*value = stap_word_value(&word, size, is_signed);
	return 1;
}
