/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Text of lists of buffers (iovec). */
#include "stap.h"

static void stap_text_vector_element(struct stap_text *t, stap_long address)
{
	unsigned int word = stap_text_word();
	stap_ulong base, length;

	if (!stap_text_read_number(&base, address, word) || !stap_text_read_number(&length, address + word, word)) {
		stap_text_hex(t, address);
		return;
	}
	stap_text_open(t, "{");
	stap_text_name(t, "iov_base");
	if (t->contents)
		stap_text_buffer(t, base, length);
	else
		stap_text_pointer(t, base);
	stap_text_name(t, "iov_len");
	stap_text_unsigned(t, length);
	stap_text_close(t, "}");
}

/* With what the buffers hold, and without that, where a call fills them in or they are another process's. */
void stap_text_vector(struct stap_text *t, stap_long address, stap_long count)
{
	t->contents = 1;
	stap_text_array(t, address, count, 2 * stap_text_word(), stap_text_vector_element);
}

void stap_text_empty_vector(struct stap_text *t, stap_long address, stap_long count)
{
	t->contents = 0;
	stap_text_array(t, address, count, 2 * stap_text_word(), stap_text_vector_element);
}
