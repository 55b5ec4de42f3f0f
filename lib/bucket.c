/* SPDX-License-Identifier: MIT */
/*
 * Rates without a timer: a bucket is filled by looking at the clock when
 * somebody takes from it. The level counts in sixty-thousandths of a token, so
 * that a millisecond adds a whole number and nothing is lost by rounding.
 */
#include "lib/bucket.h"

#define TOKEN 60000

void
bucket_init(struct bucket *b, unsigned per_minute, unsigned burst,
    int64_t now_ms)
{
	b->per_minute = per_minute;
	b->burst = burst;
	b->level = (int64_t)burst * TOKEN;
	b->at_ms = now_ms;
}

static void
fill(struct bucket *b, int64_t now_ms)
{
	int64_t full = b->burst * TOKEN, room = full - b->level;
	int64_t ms = now_ms - b->at_ms;

	b->at_ms = now_ms;
	/* Divided, not multiplied: a long silence must not overflow. */
	if (ms >= room / b->per_minute + 1)
		b->level = full;
	else if (ms > 0)
		b->level += ms * b->per_minute;
}

bool
bucket_take(struct bucket *b, int64_t now_ms)
{
	fill(b, now_ms);
	if (b->level < TOKEN)
		return false;
	b->level -= TOKEN;
	return true;
}
