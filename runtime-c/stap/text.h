/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The arguments of a system call as text, as its manual page names them: flags,
 * structures, strings. Part of stap.h.
 *
 *	struct stap_text text = stap_text_begin(dst);
 *
 *	stap_text_next(&text);
 *	stap_text_string(&text, path);
 *	stap_text_next(&text);
 *	stap_text_flags(&text, mode, &stap_access_names);
 *
 * Each function appends what it writes, so nothing is copied twice, and what a
 * string has no room for is left out. Those of one subject are in a unit
 * text_SUBJECT.c, which sees no header of the kernel: the numbers are the
 * kernel's interface to programs, and the same in every release.
 */
#ifndef STAP_TEXT_H
#define STAP_TEXT_H

struct stap_text {
	char *at;	/* where the next byte goes; a NUL until then */
	char *end;	/* the last byte, always a NUL */
	stap_long preview;	/* of a buffer, at most so many bytes are shown */
	signed char some;	/* something stands between the brackets, or in the string */
	signed char next;	/* and a comma goes in front of what comes */
	signed char cut;
};

/* dst has MAXSTRINGLEN bytes. */
static inline struct stap_text stap_text_begin(char *dst)
{
	*dst = 0;
	dst[MAXSTRINGLEN - 1] = 0;
	return (struct stap_text){ .at = dst, .end = dst + MAXSTRINGLEN - 1, .preview = 50 };
}

/* What comes is the next of a list. */
static inline void stap_text_next(struct stap_text *t)
{
	t->next = t->some;
}

void stap_text_put(struct stap_text *t, const char *text, unsigned long length);
void stap_text_plain(struct stap_text *t, const char *text);
/* A list in brackets, with a comma between its elements. */
void stap_text_open(struct stap_text *t, const char *bracket);
void stap_text_close(struct stap_text *t, const char *bracket);
/* "NAME=" of what comes, which is the next of the list. */
void stap_text_name(struct stap_text *t, const char *name);

/* Numbers: of 64 bits; the caller narrows an argument to its type. */
void stap_text_decimal(struct stap_text *t, stap_long value);
void stap_text_unsigned(struct stap_text *t, stap_long value);
void stap_text_hex(struct stap_text *t, stap_long value);
void stap_text_octal(struct stap_text *t, stap_long value);

/*
 * Names of numbers. A value has a part that is one of several (the bits of
 * mask), and flags.
 *
 *	#define LOCK_NAMES(N) N(LOCK_SH, 1) N(LOCK_EX, 2)
 *	const struct stap_names stap_lock_names = STAP_NAMES(LOCK_NAMES, 0);
 */
struct stap_names {
	unsigned int count;
	stap_ulong mask;
	const stap_ulong *values;
	const char *texts;	/* one after the other, each with a NUL */
};

#define STAP_NAME_VALUE(name, value) value,
#define STAP_NAME_TEXT(name, value) #name "\0"
#define STAP_NAMES(list, bits) { \
	sizeof((const stap_ulong[]){ list(STAP_NAME_VALUE) }) / sizeof(stap_ulong), bits, \
	(const stap_ulong[]){ list(STAP_NAME_VALUE) }, list(STAP_NAME_TEXT) }
#define STAP_ONE_OF (~0ULL)

void stap_text_flags(struct stap_text *t, stap_long value, const struct stap_names *names);
/* The name of a value, or NULL. */
const char *stap_name_of(stap_ulong value, const struct stap_names *names);

/* The calling process's memory (textmemory.c). A read gives whether all of it was there. */
int stap_text_read(void *dst, stap_ulong address, unsigned long size);
/* The text has no room for all of it. */
void stap_text_was_cut(void);
/* Whether the caller is a 32-bit program. */
int stap_text_compat(void);
/* A number of so many bytes, without a sign. */
int stap_text_read_number(stap_ulong *value, stap_ulong address, unsigned int size);
/* Bytes of a long of the caller's. */
unsigned int stap_text_word(void);

/* Strings and bytes, in quotes; where they cannot be read, the address. */
void stap_text_string(struct stap_text *t, stap_long address);
void stap_text_buffer(struct stap_text *t, stap_long address, stap_long length);
void stap_text_bytes(struct stap_text *t, const char *bytes, unsigned long length);
/* The strings that pointers point to, up to a NULL: argv. */
void stap_text_strings(struct stap_text *t, stap_long address);

/* A field of a structure. */
enum stap_field_type {
	STAP_END,
	STAP_S8, STAP_U8, STAP_S16, STAP_U16, STAP_S32, STAP_U32, STAP_S64, STAP_U64,
	STAP_WORD,	/* long, without a sign; a pointer, too */
	STAP_SWORD,
	STAP_FIXED,	/* 64 bits and aligned to that in every program */
};

struct stap_field {
	const char *name;	/* NULL: is not shown */
	enum stap_field_type type;
	const struct stap_names *names;
	void (*write)(struct stap_text *t, stap_long value);	/* NULL, and no names: decimal */
};

/* Structures as {name=value, ...}; NULL, and the address of what cannot be read. */
void stap_text_struct(struct stap_text *t, stap_long address, const struct stap_field *fields);
/* The fields alone, between brackets that are open; gives whether they could be read. */
int stap_text_fields(struct stap_text *t, stap_ulong address, const struct stap_field *fields);
/* What a structure takes, and where its nth field is. */
unsigned long stap_field_size(const struct stap_field *fields);
unsigned long stap_field_offset(const struct stap_field *fields, int n);
void stap_text_structs(struct stap_text *t, stap_long address, stap_long count, const struct stap_field *fields);
/* An array as [value, ...]; each element is of so many bytes. */
void stap_text_array(struct stap_text *t, stap_long address, stap_long count, unsigned int size,
		     void (*write)(struct stap_text *t, stap_long address));
void stap_text_numbers(struct stap_text *t, stap_long address, stap_long count, enum stap_field_type type,
		       void (*write)(struct stap_text *t, stap_long value));
/* NULL, or the address of what cannot be read. */
void stap_text_pointer(struct stap_text *t, stap_long address);

#endif
