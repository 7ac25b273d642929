/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Text of system calls' arguments: numbers, names, strings, structures (text.h). */
#include "stap.h"

/* Of an array, so many elements are shown. */
#define STAP_TEXT_ELEMENTS 32

void stap_text_put(struct stap_text *t, const char *text, unsigned long length)
{
	unsigned long room;

	if (t->next) {
		t->next = 0;
		stap_text_put(t, ", ", 2);
	}
	room = t->end - t->at;
	if (stap_unlikely(length > room)) {
		length = room;
		if (!t->cut)
			stap_text_was_cut();
		t->cut = 1;
	}
	__builtin_memcpy(t->at, text, length);
	t->at += length;
	*t->at = 0;
	t->some = 1;
}

void stap_text_plain(struct stap_text *t, const char *text)
{
	stap_text_put(t, text, __builtin_strlen(text));
}

void stap_text_open(struct stap_text *t, const char *bracket)
{
	stap_text_plain(t, bracket);
	t->some = 0;
}

void stap_text_close(struct stap_text *t, const char *bracket)
{
	t->next = 0;
	stap_text_plain(t, bracket);
}

void stap_text_name(struct stap_text *t, const char *name)
{
	stap_text_next(t);
	stap_text_plain(t, name);
	stap_text_put(t, "=", 1);
}

static void stap_text_number(struct stap_text *t, stap_ulong value, unsigned int base, int digits, const char *prefix)
{
	char text[32], *at = text + sizeof(text);

	do {
		*--at = "0123456789abcdef"[value % base];
		value /= base;
	} while (value || text + sizeof(text) - at < digits);
	stap_text_plain(t, prefix);
	stap_text_put(t, at, text + sizeof(text) - at);
}

void stap_text_decimal(struct stap_text *t, stap_long value)
{
	stap_text_number(t, value < 0 ? -(stap_ulong)value : (stap_ulong)value, 10, 1, value < 0 ? "-" : "");
}

void stap_text_unsigned(struct stap_text *t, stap_long value)
{
	stap_text_number(t, value, 10, 1, "");
}

void stap_text_hex(struct stap_text *t, stap_long value)
{
	stap_text_number(t, value, 16, 1, "0x");
}

void stap_text_bits(struct stap_text *t, stap_long value)
{
	stap_text_number(t, value, 16, 1, value ? "0x" : "");
}

void stap_text_octal(struct stap_text *t, stap_long value)
{
	stap_text_number(t, value, 8, 2, "0");
}

void stap_text_hex_digits(struct stap_text *t, stap_long value, int digits)
{
	stap_text_number(t, value, 16, digits, "");
}

void stap_text_pointer(struct stap_text *t, stap_long address)
{
	if (address)
		stap_text_hex(t, address);
	else
		stap_text_put(t, "NULL", 4);
}

static const char *stap_name_after(const char *name)
{
	return name + __builtin_strlen(name) + 1;
}

const char *stap_name_of(stap_ulong value, const struct stap_names *names)
{
	const char *name = names->texts;
	unsigned int i;

	for (i = 0; i < names->count; i++, name = stap_name_after(name))
		if (names->values[i] == value)
			return name;
	return 0;
}

void stap_text_flags(struct stap_text *t, stap_long value, const struct stap_names *names)
{
	stap_ulong one = value & names->mask, rest = value & ~names->mask;
	const char *name = names->texts, *separator = "";
	int named = !names->mask && value;	/* the part that is one of several */
	unsigned int i;

	for (i = 0; i < names->count && !(named && !rest); i++, name = stap_name_after(name)) {
		stap_ulong bits = names->values[i];

		if (bits & ~names->mask) {
			if ((rest & bits) != bits)
				continue;
			rest &= ~bits;
		} else {
			if (named || bits != one)
				continue;
			named = 1;
			one = 0;
		}
		stap_text_plain(t, separator);
		stap_text_plain(t, name);
		separator = "|";
	}
	rest |= one;
	if (rest) {
		stap_text_plain(t, separator);
		stap_text_hex(t, rest);
	} else if (!*separator) {
		stap_text_put(t, "0", 1);
	}
}

int stap_text_read_number(stap_ulong *value, stap_ulong address, unsigned int size)
{
	union { unsigned char b; unsigned short h; unsigned int w; stap_ulong d; } word;

	if (!stap_text_read(&word, address, size))
		return 0;
	switch (size) {
	case 1: *value = word.b; break;
	case 2: *value = word.h; break;
	case 4: *value = word.w; break;
	default: *value = word.d;
	}
	return 1;
}

unsigned int stap_text_word(void)
{
	return stap_text_compat() ? 4 : 8;
}

/* A byte as C has it between quotes. */
static unsigned int stap_text_escape(char *dst, unsigned char byte)
{
	static const char letters[] = "t\tn\nv\vf\fr\r";
	unsigned int i;

	if (byte >= ' ' && byte < 0x7f) {
		dst[0] = '\\';
		if (byte == '"' || byte == '\\') {
			dst[1] = byte;
			return 2;
		}
		dst[0] = byte;
		return 1;
	}
	dst[0] = '\\';
	for (i = 0; i < sizeof(letters) - 1; i += 2)
		if (letters[i + 1] == (char)byte) {
			dst[1] = letters[i];
			return 2;
		}
	dst[1] = '0' + (byte >> 6);
	dst[2] = '0' + (byte >> 3 & 7);
	dst[3] = '0' + (byte & 7);
	return 4;
}

/* What is left for a string's bytes, with room for the end of one that is cut. */
static int stap_text_has_room(const struct stap_text *t)
{
	return t->end - t->at >= 4 + 4;
}

/* Gives 0 where there is no room for more. */
static int stap_text_put_escaped(struct stap_text *t, const char *bytes, unsigned long length)
{
	unsigned long i;

	for (i = 0; i < length && stap_text_has_room(t); i++)
		t->at += stap_text_escape(t->at, bytes[i]);
	*t->at = 0;
	return i == length;
}

void stap_text_bytes(struct stap_text *t, const char *bytes, unsigned long length)
{
	stap_text_put(t, "\"", 1);
	if (stap_text_put_escaped(t, bytes, length))
		stap_text_put(t, "\"", 1);
	else
		stap_text_put(t, "\"...", 4);
}

/* So many bytes at an address are in one page. */
static unsigned long stap_text_piece(stap_ulong address, unsigned long most)
{
	unsigned long here = 4096 - (address & 4095);

	return here < most ? here : most;
}

static unsigned long stap_text_length(const char *bytes, unsigned long most)
{
	unsigned long n = 0;

	while (n < most && bytes[n])
		n++;
	return n;
}

void stap_text_string(struct stap_text *t, stap_long address)
{
	struct stap_text before = *t;
	char bytes[64];
	stap_ulong at = address;
	unsigned long size, length;

	stap_text_put(t, "\"", 1);
	do {
		size = stap_text_piece(at, sizeof(bytes));
		if (!stap_text_read(bytes, at, size)) {
			*t = before;
			*t->at = 0;
			stap_text_hex(t, address);
			return;
		}
		length = stap_text_length(bytes, size);
		if (!stap_text_put_escaped(t, bytes, length)) {
			stap_text_put(t, "\"...", 4);
			return;
		}
		at += size;
	} while (length == size);
	stap_text_put(t, "\"", 1);
}

void stap_text_buffer(struct stap_text *t, stap_long address, stap_long length)
{
	unsigned long size = (stap_ulong)length > (stap_ulong)t->preview ? t->preview : length, done, piece;
	struct stap_text before = *t;
	char bytes[64];

	if (!address || length < 0) {
		stap_text_hex(t, address);
		return;
	}
	stap_text_put(t, "\"", 1);
	for (done = 0; done < size; done += piece) {
		piece = stap_text_piece(address + done, size - done < sizeof(bytes) ? size - done : sizeof(bytes));
		if (!stap_text_read(bytes, address + done, piece)) {
			*t = before;
			*t->at = 0;
			stap_text_hex(t, address);
			return;
		}
		if (!stap_text_put_escaped(t, bytes, piece)) {
			stap_text_put(t, "\"...", 4);
			return;
		}
	}
	if ((stap_ulong)length > size)
		stap_text_put(t, "\"...", 4);
	else
		stap_text_put(t, "\"", 1);
}

void stap_text_strings(struct stap_text *t, stap_long address)
{
	unsigned int size = stap_text_word(), n;
	stap_ulong string;

	if (!address || !stap_text_read_number(&string, address, size)) {
		stap_text_hex(t, address);
		return;
	}
	stap_text_open(t, "[");
	for (n = 0; string && !t->cut; n++) {
		stap_text_next(t);
		if (n == STAP_TEXT_ELEMENTS * 4 || !stap_text_has_room(t)) {
			stap_text_put(t, "...", 3);
			break;
		}
		stap_text_string(t, string);
		if (!stap_text_read_number(&string, address + (n + 1) * size, size)) {
			stap_text_next(t);
			stap_text_hex(t, address + (n + 1) * size);
			break;
		}
	}
	stap_text_close(t, "]");
}

static unsigned int stap_field_bytes(enum stap_field_type type)
{
	switch (type) {
	case STAP_S8: case STAP_U8: return 1;
	case STAP_S16: case STAP_U16: return 2;
	case STAP_S32: case STAP_U32: return 4;
	case STAP_WORD: case STAP_SWORD: return stap_text_word();
	default: return 8;
	}
}

static unsigned int stap_field_align(enum stap_field_type type)
{
#ifdef __x86_64__
	if ((type == STAP_S64 || type == STAP_U64) && stap_text_compat())
		return 4;
#endif
	return stap_field_bytes(type);
}

static int stap_field_is_signed(enum stap_field_type type)
{
	return type == STAP_S8 || type == STAP_S16 || type == STAP_S32 || type == STAP_S64 || type == STAP_SWORD;
}

static unsigned long stap_field_aligned(unsigned long offset, unsigned int to)
{
	return (offset + to - 1) / to * to;
}

unsigned long stap_field_offset(const struct stap_field *fields, int n)
{
	unsigned long offset = 0;
	int i;

	for (i = 0; fields[i].type != STAP_END; i++) {
		offset = stap_field_aligned(offset, stap_field_align(fields[i].type));
		if (i == n)
			break;
		offset += stap_field_bytes(fields[i].type);
	}
	return offset;
}

unsigned long stap_field_size(const struct stap_field *fields)
{
	unsigned int most = 1;
	int i;

	for (i = 0; fields[i].type != STAP_END; i++)
		if (stap_field_align(fields[i].type) > most)
			most = stap_field_align(fields[i].type);
	return stap_field_aligned(stap_field_offset(fields, -1), most);
}

/* Gives 0 where the number cannot be read. */
static int stap_text_read_field(stap_long *value, stap_ulong address, enum stap_field_type type)
{
	unsigned int shift = 64 - 8 * stap_field_bytes(type);
	stap_ulong bits;

	if (!stap_text_read_number(&bits, address, stap_field_bytes(type)))
		return 0;
	*value = bits;
	if (stap_field_is_signed(type))
		*value = (stap_long)(bits << shift) >> shift;
	return 1;
}

int stap_text_fields(struct stap_text *t, stap_ulong address, const struct stap_field *fields)
{
	unsigned long offset = 0;
	stap_long value;

	for (; fields->type != STAP_END; fields++) {
		offset = stap_field_aligned(offset, stap_field_align(fields->type));
		if (fields->name) {
			if (!stap_text_read_field(&value, address + offset, fields->type))
				return 0;
			stap_text_name(t, fields->name);
			if (fields->names)
				stap_text_flags(t, value, fields->names);
			else if (fields->write)
				fields->write(t, value);
			else if (stap_field_is_signed(fields->type))
				stap_text_decimal(t, value);
			else
				stap_text_unsigned(t, value);
		}
		offset += stap_field_bytes(fields->type);
	}
	return 1;
}

void stap_text_struct(struct stap_text *t, stap_long address, const struct stap_field *fields)
{
	struct stap_text before = *t;

	if (address) {
		stap_text_open(t, "{");
		if (stap_text_fields(t, address, fields)) {
			stap_text_close(t, "}");
			return;
		}
		*t = before;
		*t->at = 0;
	}
	stap_text_pointer(t, address);
}

/* Whether there is room for another element of a list; else its end is written. */
static int stap_text_element(struct stap_text *t, stap_long i)
{
	stap_text_next(t);
	if (i < STAP_TEXT_ELEMENTS && !t->cut)
		return 1;
	stap_text_put(t, "...", 3);
	return 0;
}

void stap_text_structs(struct stap_text *t, stap_long address, stap_long count, const struct stap_field *fields)
{
	unsigned long size = stap_field_size(fields);
	stap_long i;
	char byte;

	if (!address || (count > 0 && !stap_text_read(&byte, address, 1))) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "[");
	for (i = 0; i < count && stap_text_element(t, i); i++)
		stap_text_struct(t, address + i * size, fields);
	stap_text_close(t, "]");
}

void stap_text_array(struct stap_text *t, stap_long address, stap_long count, unsigned int size,
		     void (*write)(struct stap_text *t, stap_long address))
{
	stap_long i;
	char byte;

	if (!address || (count > 0 && !stap_text_read(&byte, address, 1))) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "[");
	for (i = 0; i < count && stap_text_element(t, i); i++)
		write(t, address + i * size);
	stap_text_close(t, "]");
}

void stap_text_numbers(struct stap_text *t, stap_long address, stap_long count, enum stap_field_type type,
		       void (*write)(struct stap_text *t, stap_long value))
{
	stap_long i, value;

	if (!address || (count > 0 && !stap_text_read_field(&value, address, type))) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "[");
	for (i = 0; i < count && stap_text_element(t, i); i++) {
		if (!stap_text_read_field(&value, address + i * stap_field_bytes(type), type)) {
			stap_text_hex(t, address + i * stap_field_bytes(type));
			break;
		}
		write(t, value);
	}
	stap_text_close(t, "]");
}
