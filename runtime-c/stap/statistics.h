/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Statistics, for scripts that have some.
 *
 * Each CPU adds up for itself, in a struct of the translator's that has only
 * what the script asks for. Whoever reads has no other handler beside it and
 * merges them into one struct stap_statistics.
 *
 * The variance of one CPU's values is kept by Welford's way, in integers: the
 * mean so far and the sum of squares of the distances from it, of values
 * shifted to the left by the bits that the script gives for precision. CPUs are
 * merged as groups of which number, mean and variance are known: the squares
 * within the groups and those of their means' distances from the common mean.
 */
#ifndef STAP_STATISTICS_H
#define STAP_STATISTICS_H

#define STAP_LONG_MAX 0x7fffffffffffffffLL
#define STAP_LONG_MIN (-STAP_LONG_MAX - 1)

struct stap_statistics {
	stap_long count;
	stap_long sum;
	stap_long minimum;
	stap_long maximum;
	stap_long squares;	/* of the distances from the mean, shifted twice */
};

#define STAP_NO_STATISTICS { 0, 0, STAP_LONG_MAX, STAP_LONG_MIN, 0 }

/* Adds value, which is shifted, to the mean and the squares of what are now count values. */
static inline void stap_variance_add(stap_long count, stap_long *mean, stap_long *squares, stap_long value)
{
	stap_long distance;

	if (count == 1) {
		*mean = value;
		*squares = 0;
		return;
	}
	distance = (int)((stap_ulong)value - (stap_ulong)*mean);
	*mean += distance / count;
	*squares += distance * (stap_long)((stap_ulong)value - (stap_ulong)*mean);
}

/* The squares of one CPU's values about a common mean. */
static inline stap_long stap_variance_squares(stap_long count, stap_long mean, stap_long squares, stap_long common)
{
	stap_ulong distance = (stap_ulong)mean - (stap_ulong)common;
	stap_ulong own = count > 1 ? (stap_ulong)(count - 1) * (stap_ulong)(squares / (count - 1)) : 0;

	return (stap_long)((stap_ulong)count * distance * distance + own);
}

/* The mean of sum in count values, shifted. */
static inline stap_long stap_variance_mean(stap_long sum, stap_long count, int shift)
{
	return (stap_long)((stap_ulong)sum << shift) / count;
}

/* What is made of them. Without a value only the count and the sum are there. */
static inline int stap_is_empty(struct stap_context *c, const struct stap_statistics *s)
{
	if (stap_unlikely(s->count == 0)) {
		stap_error(c, "empty aggregate");
		return 1;
	}
	return 0;
}

static inline stap_long stap_extract_count(const struct stap_statistics *s)
{
	return s->count;
}

static inline stap_long stap_extract_sum(const struct stap_statistics *s)
{
	return s->sum;
}

static inline stap_long stap_extract_min(struct stap_context *c, const struct stap_statistics *s)
{
	return stap_is_empty(c, s) ? 0 : s->minimum;
}

static inline stap_long stap_extract_max(struct stap_context *c, const struct stap_statistics *s)
{
	return stap_is_empty(c, s) ? 0 : s->maximum;
}

static inline stap_long stap_extract_avg(struct stap_context *c, const struct stap_statistics *s)
{
	return stap_is_empty(c, s) ? 0 : s->sum / s->count;
}

static inline stap_long stap_extract_variance(struct stap_context *c, const struct stap_statistics *s, int shift)
{
	if (stap_is_empty(c, s) || s->count == 1)
		return 0;
	return s->squares / (s->count - 1) >> (shift < 32 ? 2 * shift : 63);
}

#endif
