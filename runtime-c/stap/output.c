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
				stap_string_cut();
				return;
			}
			stap_output_more(out);
		}
	}
}

void stap_put_string(struct stap_output *out, const char *text)
{
	stap_put_bytes(out, text, strlen(text));
}
