/* SPDX-License-Identifier: MIT */
#ifndef RDV_BUCKET_H
#define RDV_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A token bucket: `burst` at once, `per_minute` in the long run. Times are
 * monotonic milliseconds.
 */
struct bucket {
	int64_t per_minute;
	int64_t burst;
	int64_t level; /* tokens times 60000 */
	int64_t at_ms;
};

void bucket_init(struct bucket *b, unsigned per_minute, unsigned burst,
    int64_t now_ms);
/* Takes one token; false when there is none. */
bool bucket_take(struct bucket *b, int64_t now_ms);

#endif
