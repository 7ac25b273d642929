/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * lines.h as an ordinary program. Its argument is a file with a table; it reads
 * positions, one a line, and answers each with FILE:LINE, where - is no file.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lines.h"

int main(int count, char **arguments)
{
	struct stap_line_table table;
	unsigned char *data;
	unsigned int position;
	FILE *file;
	long size;

	if (count != 2 || !(file = fopen(arguments[1], "r")))
		return 2;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	data = malloc(size + 1);
	if (fread(data, 1, size, file) != (size_t)size)
		return 2;
	fclose(file);
	/* to the byte, so that what reads past the end is caught */
	data = realloc(data, size ? size : 1);
	if (!stap_line_table_open(&table, data, data + size)) {
		puts("no table");
		free(data);
		return 0;
	}
	while (scanf("%u", &position) == 1) {
		struct stap_line line = stap_line_at(&table, position);

		printf("%s:%u\n", line.file ? line.file : "-", line.line);
	}
	free(data);
	return 0;
}
