/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The limits of a session. They begin with what -D says; "NAME VALUE" written to
 * /proc/systemtap/MODULE/limits changes one, before the start and while the session
 * runs; reading that gives all of them.
 */

#ifndef STP_OVERLOAD_INTERVAL
#define STP_OVERLOAD_INTERVAL 1000000000UL
#endif
#ifndef STP_OVERLOAD_THRESHOLD
#define STP_OVERLOAD_THRESHOLD 500000000UL
#endif
#if defined(STP_NO_OVERLOAD) || defined(STAP_SUPPRESS_TIME_LIMITS)
#undef STP_OVERLOAD_THRESHOLD
#define STP_OVERLOAD_THRESHOLD 0
#endif
#ifdef STAP_STRICT_LIMITS
#define STAP_STRICT 1
#else
#define STAP_STRICT 0
#endif

struct stap_limits stap_limits = {
	.maxerrors = MAXERRORS, .maxskipped = MAXSKIPPED, .maxaction = MAXACTION_INTERRUPTIBLE, .maxtrylock = MAXTRYLOCK,
	.overload_interval = STP_OVERLOAD_INTERVAL, .overload_threshold = STP_OVERLOAD_THRESHOLD, .strict = STAP_STRICT,
};

static const struct stap_limit {
	const char *name;
	unsigned long *value;
	unsigned long least, most;
} stap_limit_names[] = {
	{ "maxerrors", &stap_limits.maxerrors, 0, INT_MAX },
	{ "maxskipped", &stap_limits.maxskipped, 0, INT_MAX },
	{ "maxaction", &stap_limits.maxaction, 0, LONG_MAX },
	{ "maxtrylock", &stap_limits.maxtrylock, 0, INT_MAX },
	{ "overload_interval", &stap_limits.overload_interval, 1, LONG_MAX },
	{ "overload_threshold", &stap_limits.overload_threshold, 0, LONG_MAX },
	{ "strict", &stap_limits.strict, 0, 1 },
};

/* Takes "NAME VALUE"; changes text. */
static int stap_limit_set(char *text)
{
	const struct stap_limit *limit;
	unsigned long value;
	char *name;

	text = strim(text);
	name = strsep(&text, " ");
	if (!text || kstrtoul(strim(text), 10, &value))
		return -EINVAL;
	for (limit = stap_limit_names; limit < stap_limit_names + ARRAY_SIZE(stap_limit_names); limit++) {
		if (strcmp(limit->name, name))
			continue;
		if (value < limit->least || value > limit->most)
			return -EINVAL;
		WRITE_ONCE(*limit->value, value);
		return 0;
	}
	return -EINVAL;
}

static int stap_limits_show(struct seq_file *file, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stap_limit_names); i++)
		seq_printf(file, "%s %lu\n", stap_limit_names[i].name, READ_ONCE(*stap_limit_names[i].value));
	return 0;
}

static int stap_limits_open(struct inode *inode, struct file *file)
{
	return stap_proc_open_shown(file, stap_limits_show);
}

static ssize_t stap_limits_write(struct file *file, const char __user *from, size_t size, loff_t *position)
{
	char text[64];
	int rc = stap_proc_text(text, sizeof(text), from, size) ?: stap_limit_set(text);

	return rc ?: size;
}

static const struct proc_ops stap_limits_ops = {
	.proc_open = stap_limits_open,
	.proc_release = stap_proc_release_shown,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_write = stap_limits_write,
};
