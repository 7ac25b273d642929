/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * A table of the lines of an object's code, as stap writes it
 * (elaborate/debuginfo/linetable.go says how): looked up without memory of its
 * own, in any context. A table that is damaged gives wrong lines and does no harm.
 */
#ifndef STAP_LINES_H
#define STAP_LINES_H

#include "stap.h"

/* What is known of an address. */
struct stap_line {
	const char *file;	/* in the table; NULL: not known */
	unsigned int line;	/* 0: not known */
};

/* Its parts, each a run of numbers of 4 bytes, but for the last two. */
struct stap_line_table {
	unsigned int block_count, file_count, row_bytes, step;
	const unsigned char *blocks, *files, *rows, *names, *end;
};

struct stap_line_block {
	unsigned int position, file, line, rows;
};

static inline unsigned int stap_line_number(const unsigned char *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (unsigned int)at[3] << 24;
}

/* Whether the bytes can be a table. */
static inline int stap_line_table_open(struct stap_line_table *table, const unsigned char *begin, const unsigned char *end)
{
	unsigned long size = end - begin, head = 4 * 4;

	if (size < head)
		return 0;
	table->block_count = stap_line_number(begin);
	table->file_count = stap_line_number(begin + 4);
	table->row_bytes = stap_line_number(begin + 8);
	table->step = stap_line_number(begin + 12);
	if (head + 16UL * table->block_count + 4UL * table->file_count + table->row_bytes > size)
		return 0;
	table->blocks = begin + head;
	table->files = table->blocks + 16UL * table->block_count;
	table->rows = table->files + 4UL * table->file_count;
	table->names = table->rows + table->row_bytes;
	table->end = end;
	return table->block_count && (table->names == end || !end[-1]);
}

static inline struct stap_line_block stap_line_block(const struct stap_line_table *table, unsigned int n)
{
	const unsigned char *at = table->blocks + 16UL * n;

	return (struct stap_line_block){
		stap_line_number(at), stap_line_number(at + 4), stap_line_number(at + 8), stap_line_number(at + 12),
	};
}

/* LEB128 numbers of at most 32 bits. */
static inline unsigned int stap_line_leb128(const unsigned char **at, const unsigned char *end, int is_signed)
{
	unsigned int number = 0, shift = 0, byte = 0;

	while (*at < end) {
		byte = *(*at)++;
		if (shift < 32)
			number |= (byte & 0x7f) << shift;
		shift += 7;
		if (!(byte & 0x80))
			break;
	}
	if (is_signed && (byte & 0x40) && shift < 32)
		number |= -1U << shift;
	return number;
}

/* Goes on to the next row. */
static inline void stap_line_step(const struct stap_line_table *table, struct stap_line_block *row, const unsigned char **at, const unsigned char *end)
{
	unsigned int head = *(*at)++, steps = head >> 4, kind = head & 15;

	if (!steps)
		steps = stap_line_leb128(at, end, 0);
	row->position += steps * table->step;
	if (kind < 14) {
		row->line += kind - 4;
		return;
	}
	if (kind == 15)
		row->file += stap_line_leb128(at, end, 1);
	row->line += stap_line_leb128(at, end, 1);
}

/* What the row says that is in force at a position; nothing where no code is. */
static inline struct stap_line stap_line_at(const struct stap_line_table *table, unsigned int position)
{
	unsigned int low = 0, high = table->block_count, rows_end = table->row_bytes;
	const unsigned char *at, *end;
	struct stap_line_block row, next;
	struct stap_line found = { 0 };

	while (high - low > 1) {
		unsigned int middle = low + (high - low) / 2;

		if (stap_line_block(table, middle).position <= position)
			low = middle;
		else
			high = middle;
	}
	row = stap_line_block(table, low);
	if (row.position > position)
		return found;
	if (low + 1 < table->block_count)
		rows_end = stap_line_block(table, low + 1).rows;
	if (rows_end > table->row_bytes || row.rows > rows_end)
		return found;
	at = table->rows + row.rows;
	end = table->rows + rows_end;
	for (next = row; at < end; row = next) {
		stap_line_step(table, &next, &at, end);
		if (next.position > position)
			break;
	}
	found.line = row.line;
	if (row.file && row.file <= table->file_count) {
		unsigned int name = stap_line_number(table->files + 4UL * (row.file - 1));

		if (name < table->end - table->names)
			found.file = (const char *)table->names + name;
	}
	return found;
}

#endif
