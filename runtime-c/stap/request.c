/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* What a script asks of staprun. */
#include <linux/kernel.h>
#include <linux/string.h>
#include "runtime.h"

void stap_switch_file(void)
{
	stap_event("switch_file", NULL);
}

/* A line of staprun's is one line; those of the command are parted by a character that none has. */
void stap_system(struct stap_context *c, const char *command)
{
	strscpy(c->message, command, STAP_MESSAGE_ROOM);
	strreplace(c->message, '\n', '\x1e');
	stap_event("system", "%s", c->message);
}
