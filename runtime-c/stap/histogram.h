/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Histograms of statistics, for scripts that have some.
 *
 * A logarithmic one has a bucket for 0, in the middle, and one for each power of
 * two on both sides. A linear one has a bucket for each step from low to high,
 * and one for what is below and what is above. Printed:
 *
 *	value |-------------------------------------------------- count
 *	    0 |                                                   0
 *	    1 |@                                                  1
 *	    2 |@@                                                 2
 *	    4 |@                                                  1
 *	    8 |                                                   0
 *	   16 |                                                   0
 */
#ifndef STAP_HISTOGRAM_H
#define STAP_HISTOGRAM_H

#ifndef HIST_WIDTH
#define HIST_WIDTH 50
#endif
#ifndef HIST_ELISION
#define HIST_ELISION 2 /* empty rows that stay around others; negative: all of them */
#endif

#define STAP_LOG_BUCKETS 128
#define STAP_LOG_ZERO 64

struct stap_histogram {
	int buckets;
	int linear;
	stap_long low, high, step;	/* of a linear one */
};

static inline int stap_log_bucket(stap_long value)
{
	if (value == 0)
		return STAP_LOG_ZERO;
	if (value > 0)
		return STAP_LOG_ZERO + 64 - __builtin_clzll(value);
	return STAP_LOG_ZERO - 64 + __builtin_clzll(-(stap_ulong)value);
}

static inline int stap_linear_bucket(stap_long value, stap_long low, stap_long step, int buckets)
{
	stap_ulong steps = ((stap_ulong)value - (stap_ulong)low) / (stap_ulong)step;

	if (value < low)
		return 0;
	return steps < (stap_ulong)(buckets - 2) ? (int)steps + 1 : buckets - 1;
}

/* What stands in front of a bucket's row, but for "<" and ">". */
static inline stap_long stap_bucket_label(const struct stap_histogram *h, int i)
{
	if (h->linear && i == 0)
		return h->low;
	if (h->linear)
		return h->low + (i < h->buckets - 1 ? i - 1 : i - 2) * h->step;
	if (i > STAP_LOG_ZERO)
		return 1LL << (i - STAP_LOG_ZERO - 1);
	return i < STAP_LOG_ZERO ? -(stap_ulong)1 << (STAP_LOG_ZERO - 1 - i) : 0;
}

/* Whether a bucket and those around it are empty, so that its row is left out. */
static inline int stap_bucket_elided(const struct stap_histogram *h, const stap_long *counts, int i)
{
	int at;

	if (HIST_ELISION < 0)
		return 0;
	for (at = i - HIST_ELISION; at <= i + HIST_ELISION; at++)
		if (at >= 0 && at < h->buckets && counts[at] != 0)
			return 0;
	return 1;
}

static inline int stap_digits_of(stap_long value)
{
	stap_ulong rest = value < 0 ? -(stap_ulong)value : (stap_ulong)value;
	int n = value < 0 ? 2 : 1;

	while (rest >= 10) {
		rest /= 10;
		n++;
	}
	return n;
}

static inline void stap_put_repeated(struct stap_output *out, const char *text, stap_long n)
{
	for (; n > 0; n--)
		stap_put_bytes(out, text, 1);
}

static inline void stap_put_right(struct stap_output *out, const char *sign, stap_long value, stap_long width)
{
	stap_put_repeated(out, " ", width - stap_digits_of(value) - (*sign != 0));
	stap_put_string(out, sign);
	stap_put_long(out, value);
}

/* The rows that are shown: those with values and two around them, from first to last. */
static inline void stap_histogram_rows(const struct stap_histogram *h, const stap_long *counts, int *first, int *last)
{
	int begin = 0, end = h->buckets - 1;
	int lowest, highest;

	while (begin < end && counts[begin] == 0)
		begin++;
	while (end > begin && counts[end] == 0)
		end--;
	lowest = begin > 2 ? begin - 2 : 0;
	highest = end < h->buckets - 3 ? end + 2 : h->buckets - 1;
	if (!h->linear && begin >= STAP_LOG_ZERO && lowest < STAP_LOG_ZERO)
		lowest = STAP_LOG_ZERO;
	if (h->linear && lowest == 0 && counts[0] == 0)
		lowest = 1;
	if (h->linear && highest == h->buckets - 1 && counts[highest] == 0)
		highest--;
	*first = lowest;
	*last = highest;
}

static inline int stap_label_width(const struct stap_histogram *h, int first, int last)
{
	int width = 5, n;

	n = stap_digits_of(stap_bucket_label(h, first)) + (h->linear && first == 0);
	if (n > width)
		width = n;
	if (h->linear && last == h->buckets - 1) /* by the row's number, not its label: so has it always been */
		n = stap_digits_of(h->low + h->step * last) + 1;
	else
		n = stap_digits_of(stap_bucket_label(h, last));
	return n > width ? n : width;
}

static inline void stap_histogram_row(struct stap_output *out, const struct stap_histogram *h, int i, stap_long count,
				      int width, stap_long scale, int digits)
{
	const char *sign = "";
	stap_long bars = count / scale;

	if (h->linear && i == 0)
		sign = "<";
	else if (h->linear && i == h->buckets - 1)
		sign = ">";
	stap_put_right(out, sign, stap_bucket_label(h, i), width);
	stap_put_string(out, " |");
	stap_put_repeated(out, "@", bars);
	stap_put_right(out, "", count, HIST_WIDTH - bars + 1 + digits);
	stap_put_string(out, "\n");
}

static inline void stap_put_histogram(struct stap_output *out, const struct stap_histogram *h, const stap_long *counts)
{
	stap_long most = 0, scale = 1;
	int first, last, width, i, elided = 0;

	stap_histogram_rows(h, counts, &first, &last);
	for (i = first; i <= last; i++)
		if (counts[i] > most)
			most = counts[i];
	if (most > HIST_WIDTH)
		scale = (most - 1) / HIST_WIDTH + 1;
	width = stap_label_width(h, first, last);
	stap_put_repeated(out, " ", width - 5);
	stap_put_string(out, "value |");
	stap_put_repeated(out, "-", HIST_WIDTH);
	stap_put_string(out, " count\n");
	for (i = first; i <= last; i++) {
		if (stap_bucket_elided(h, counts, i)) {
			elided = 1;
			continue;
		}
		if (elided) {
			stap_put_repeated(out, " ", width);
			stap_put_string(out, " ~\n");
			elided = 0;
		}
		stap_histogram_row(out, h, i, counts[i], width, scale, stap_digits_of(most));
	}
	stap_put_string(out, "\n");
}

/*
 * The order in which a loop goes through the buckets: by number, or with counts
 * by those, least first; order -1 turns it around. Equal ones keep their order.
 */
static inline void stap_histogram_order(unsigned char *list, int buckets, const stap_long *counts, int order)
{
	int i, at;

	for (i = 0; i < buckets; i++) {
		for (at = i; at > 0; at--) {
			int before = list[at - 1];
			stap_long than = counts ? counts[before] : before, value = counts ? counts[i] : i;

			if (order > 0 ? than <= value : than >= value)
				break;
			list[at] = before;
		}
		list[at] = i;
	}
}

#endif
