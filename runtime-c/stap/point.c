/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What the text of a probe point says. */
#include <linux/minmax.h>
#include <linux/string.h>
#include "runtime.h"

/*
 * The string in component("...") of a probe point, up to an "@" in functions
 * and statements: of kernel.function("f@g.c:5").call, "f" for "function". ""
 * when it has no such component.
 */
void stap_point_argument(char *dst, const char *point, const char *component)
{
	size_t length = strlen(component);
	const char *at = point;

	dst[0] = 0;
	while (*at) {
		size_t name = strcspn(at, ".(");
		int wanted = name == length && !memcmp(at, component, length);

		at += name;
		if (at[0] == '(' && at[1] == '"') {
			const char *text = at + 2;

			for (at = text; *at && *at != '"'; at++)
				at += at[0] == '\\' && at[1];
			if (wanted) {
				size_t used = min_t(size_t, at - text, MAXSTRINGLEN - 1);

				memcpy(dst, text, used);
				dst[used] = 0;
				if (!strcmp(component, "function") || !strcmp(component, "statement"))
					dst[strcspn(dst, "@")] = 0;
				return;
			}
		}
		at += strcspn(at, ".");
		at += *at == '.';
	}
}
