/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Requests of the block layer that fail before any driver sees them: what is submitted goes nowhere, and
 * a thread of the kernel ends it as a driver would.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include "defer.h"

static unsigned long stap_bio_end(unsigned long bio, unsigned long error, unsigned long c2, unsigned long c3, unsigned long c4, unsigned long c5)
{
	((struct bio *)bio)->bi_status = errno_to_blk_status((int)error);
	bio_endio((struct bio *)bio);
	return 0;
}

void stap_bio_fail(struct stap_context *c, stap_long bio, stap_long error)
{
	const unsigned long arguments[STAP_DEFERRED_ARGUMENTS] = { bio, error };

	if (error >= 0 || error < -MAX_ERRNO)
		stap_error(c, "a request fails with an error, a number from -1 to -%d, and not with %lld", MAX_ERRNO, error);
	else if (stap_defer_function(c, 0, stap_bio_end, arguments))
		stap_skip_call(c);
}
