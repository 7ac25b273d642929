/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* %m and %M: memory as it is. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include "access.h"
#include "print.h"
#include "runtime.h"

/* Goes through memory in pieces; prints them, or only sees that they can be read. */
static long stap_walk_memory(struct stap_output *out, stap_reader *read, unsigned long address, stap_long size, char verb)
{
	while (size > 0) {
		char bytes[32], digits[2 * sizeof(bytes)];
		size_t n = min_t(stap_long, size, sizeof(bytes)), i;

		if (read(bytes, address, n))
			return -EFAULT;
		for (i = 0; i < n; i++) {
			digits[2 * i] = "0123456789abcdef"[(u8)bytes[i] >> 4];
			digits[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
		}
		if (out && verb == 'M')
			stap_put_bytes(out, digits, 2 * n);
		else if (out)
			stap_put_bytes(out, bytes, n);
		address += n;
		size -= n;
	}
	return 0;
}

void stap_put_memory(struct stap_context *c, struct stap_output *out, struct stap_format f, stap_long address)
{
	stap_reader *read = f.flags & STAP_FORMAT_SHARP ? stap_read_user : stap_read_kernel;
	stap_long size = f.precision < 0 ? 1 : f.precision;
	stap_long fill;

	if (size > PAGE_SIZE) {
		stap_error(c, "%lld is too many bytes for a memory dump", size);
		return;
	}
	stap_format_normalize(&f);
	fill = f.width - (f.conversion == 'M' ? 2 * size : size);
	if (stap_walk_memory(NULL, read, address, size, f.conversion)) {
		stap_error(c, "read fault [man error::fault] at 0x%lx", (unsigned long)address);
		return;
	}
	if (!(f.flags & STAP_FORMAT_MINUS))
		stap_put_fill(out, ' ', fill);
	stap_walk_memory(out, read, address, size, f.conversion);
	if (f.flags & STAP_FORMAT_MINUS)
		stap_put_fill(out, ' ', fill);
	if (f.flags & STAP_FORMAT_ZERO)
		stap_put_fill(out, 0, 1);
}
