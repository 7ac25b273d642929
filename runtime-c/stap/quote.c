/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Characters and strings in quotes, as the printed form of a variable has them. */
#include <linux/mm.h>
#include <linux/string.h>
#include "access.h"
#include "runtime.h"

static void stap_put_escaped(struct stap_output *out, char byte)
{
	const char text[2] = { byte, 0 };

	stap_put_text(out, (struct stap_format){ STAP_FORMAT_SHARP, -1, -1, 's' }, text);
}

void stap_put_quoted_character(struct stap_output *out, char byte)
{
	stap_put_bytes(out, "'", 1);
	if (!byte)
		stap_put_bytes(out, "\\0", 2);
	else if (byte == '"' || byte == '\\')
		stap_put_bytes(out, &byte, 1);
	else
		stap_put_escaped(out, byte);
	stap_put_bytes(out, "'", 1);
}

/* An escaped byte and what ends a string that is cut. */
#define STAP_QUOTED_ROOM (4 + 4)

/* A pointer does not say whose memory it points to, but where that is does. */
static stap_reader *stap_reader_of(unsigned long address)
{
	return address < TASK_SIZE_MAX ? stap_read_user : stap_read_kernel;
}

void stap_put_quoted(struct stap_context *c, struct stap_output *out, stap_long address, stap_long limit)
{
	stap_reader *read = stap_reader_of(address);
	stap_long done = 0;

	stap_put_bytes(out, "\"", 1);
	while (limit < 0 || done < limit) {
		unsigned long at = address + done;
		size_t size = min_t(size_t, 64, PAGE_SIZE - (at & (PAGE_SIZE - 1))), i;
		char bytes[64];

		if (limit >= 0)
			size = min_t(size_t, size, limit - done);
		if (read(bytes, at, size)) {
			stap_error(c, "read fault [man error::fault] at 0x%lx", at);
			return;
		}
		for (i = 0; i < size; i++) {
			if (!bytes[i])
				goto whole;
			if (out->end - out->at < STAP_QUOTED_ROOM) {
				stap_put_bytes(out, "\"...", 4);
				return;
			}
			stap_put_escaped(out, bytes[i]);
		}
		done += size;
	}
whole:
	stap_put_bytes(out, "\"", 1);
}
