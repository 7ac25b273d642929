/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Text goes where a struct stap_output points: into the relay buffer itself
 * for print and printf, into a string for sprint and sprintf.
 */

void stap_put_bytes(struct stap_output *out, const char *text, unsigned long length)
{
	while (length) {
		unsigned long room = out->end - out->at;
		unsigned long n = min(room, length);

		memcpy(out->at, text, n);
		out->at += n;
		text += n;
		length -= n;
		if (length) {
			if (!out->relay) {
				out->cut = 1;
				return;
			}
			stap_output_more(out, 1);
		}
	}
}

/* A word at a time while it neither leaves the room nor the page. */
void stap_put_string(struct stap_output *out, const char *text)
{
	const unsigned long ones = ~0UL / 0xff;
	char *at;

	if (out->relay && !out->at)
		stap_output_more(out, sizeof(long));
	for (at = out->at; !IS_ENABLED(CONFIG_CPU_BIG_ENDIAN) && out->end - at >= (long)sizeof(long) &&
	     ((unsigned long)text & (PAGE_SIZE - 1)) <= PAGE_SIZE - sizeof(long); at += sizeof(long), text += sizeof(long)) {
		unsigned long word = read_word_at_a_time(text);
		unsigned long zeros = (word - ones) & ~word & ones << 7; /* the lowest bit is right */

		__builtin_memcpy(at, &word, sizeof(word));
		if (zeros) {
			out->at = at + __builtin_ctzl(zeros) / 8;
			return;
		}
	}
	out->at = at;
	stap_put_bytes(out, text, strlen(text));
}
