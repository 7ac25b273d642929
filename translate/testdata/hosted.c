/* The runtime's interface in a program, so that scripts can be tested without a kernel. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "stap.h"

static char strings[1 << 20], line[1 << 16];
static int ending;

const struct stap_family stap_begin, stap_end, stap_error_family, stap_timer, stap_function;

void stap_error(struct stap_context *c, const char *format, ...)
{
	va_list arguments;

	if (c->error)
		return;
	va_start(arguments, format);
	vsnprintf(c->message, sizeof(c->message), format, arguments);
	va_end(arguments);
	c->error = c->message;
}

void stap_string_copy(char *dst, const char *src)
{
	size_t n = strnlen(src, MAXSTRINGLEN - 1);

	memmove(dst, src, n);
	dst[n] = 0;
}

void stap_string_append(char *dst, const char *src)
{
	size_t have = strlen(dst), n = strnlen(src, MAXSTRINGLEN - 1 - have);

	memmove(dst + have, src, n);
	dst[have + n] = 0;
}

int stap_string_compare(const char *x, const char *y) { return strcmp(x, y); }

void stap_put_bytes(struct stap_output *out, const char *text, unsigned long length)
{
	unsigned long room = out->end - out->at;

	memcpy(out->at, text, length < room ? length : room);
	out->at += length < room ? length : room;
}

void stap_put_string(struct stap_output *out, const char *text) { stap_put_bytes(out, text, strlen(text)); }

void stap_put_long(struct stap_output *out, stap_long value)
{
	char text[24];

	stap_put_bytes(out, text, sprintf(text, "%lld", value));
}

void stap_output_string(struct stap_output *out, char *dst)
{
	out->at = dst;
	out->end = dst + MAXSTRINGLEN - 1;
}

void stap_output_finish(struct stap_output *out) { *out->at = 0; }

void stap_put_number(struct stap_output *out, struct stap_format f, stap_long value)
{
	char text[24];

	stap_put_bytes(out, text, sprintf(text, f.conversion == 'x' ? "%llx" : "%lld", value));
}

void stap_put_text(struct stap_output *out, struct stap_format f, const char *text) { stap_put_string(out, text); }

int stap_lock_read(struct stap_context *c, struct stap_lock *lock) { return 1; }
int stap_lock_write(struct stap_context *c, struct stap_lock *lock) { return 1; }
void stap_unlock_read(struct stap_lock *lock) { }
void stap_unlock_write(struct stap_lock *lock) { }
void stap_exit(void) { ending = 1; }
stap_long stap_pid(void) { return 42; }
void stap_execname(char *dst) { strcpy(dst, "hosted"); }
void stap_warning(const char *format, ...) { }

int main(void)
{
	static struct stap_context c;
	unsigned int i;

	for (i = 0; i < stap_script.probe_count; i++) {
		memset(strings, 'x', sizeof(strings));
		c = (struct stap_context){ .out = { line, line + sizeof(line), 0 }, .actions = MAXACTION_INTERRUPTIBLE };
		c.strings = strings;
		c.strings_end = strings + stap_script.strings;
		stap_script.probes[i].handler(&c);
		fwrite(line, 1, c.out.at - line, stdout);
		if (c.error)
			printf("ERROR: %s near %s\n", c.error, c.near);
	}
	return 0;
}
