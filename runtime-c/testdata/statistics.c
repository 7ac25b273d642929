/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * statistics.h and histogram.h as an ordinary program. Its arguments are a shift
 * and the values, "/" between those of one CPU and the next; it prints variance
 * and, for each value, its bucket with that bucket's label, in a logarithmic
 * histogram and in a linear one from -10 to 20 by 5.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stap.h"
#include "statistics.h"
#include "histogram.h"

void stap_error(struct stap_context *c, const char *format, ...)
{
	(void)c;
	puts(format);
}

void stap_put_bytes(struct stap_output *out, const char *text, unsigned long length)
{
	(void)out;
	fwrite(text, 1, length, stdout);
}

void stap_put_string(struct stap_output *out, const char *text)
{
	stap_put_bytes(out, text, strlen(text));
}

void stap_put_long(struct stap_output *out, stap_long value)
{
	(void)out;
	printf("%lld", value);
}

struct own {
	stap_long count, sum, mean, squares;
};

int main(int count, char **arguments)
{
	static const struct stap_histogram log = { .buckets = STAP_LOG_BUCKETS };
	static const struct stap_histogram linear = { .buckets = 9, .linear = 1, .low = -10, .high = 20, .step = 5 };
	struct stap_statistics all = STAP_NO_STATISTICS;
	stap_long counts[STAP_LOG_BUCKETS] = { 0 };
	unsigned char order[STAP_LOG_BUCKETS];
	struct stap_context context;
	struct own cpus[8] = { { 0, 0, 0, 0 } }, *own = cpus;
	int shift = atoi(arguments[1]), i;

	for (i = 2; i < count; i++) {
		stap_long value = strtoll(arguments[i], NULL, 10);
		int bucket = stap_log_bucket(value), step = stap_linear_bucket(value, linear.low, linear.step, linear.buckets);

		if (arguments[i][0] == '/') {
			own++;
			continue;
		}
		own->count++;
		own->sum = (stap_long)((stap_ulong)own->sum + (stap_ulong)value);
		stap_variance_add(own->count, &own->mean, &own->squares, (stap_long)((stap_ulong)value << shift));
		counts[bucket]++;
		printf("%lld: %d %lld, %d %lld\n", value, bucket, stap_bucket_label(&log, bucket), step,
		       stap_bucket_label(&linear, step));
	}
	for (i = 0; i < 8; i++) {
		all.count += cpus[i].count;
		all.sum += cpus[i].sum;
	}
	for (i = 0; i < 8; i++)
		if (cpus[i].count)
			all.squares += stap_variance_squares(cpus[i].count, cpus[i].mean, cpus[i].squares,
							     stap_variance_mean(all.sum, all.count, shift));
	printf("variance %lld\n", stap_extract_variance(&context, &all, shift));
	stap_histogram_order(order, STAP_LOG_BUCKETS, counts, -1);
	printf("most in %d %d %d\n", order[0], order[1], order[2]);
	stap_put_histogram(NULL, &log, counts);
	return 0;
}
