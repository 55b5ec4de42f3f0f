/* SPDX-License-Identifier: MIT */
#ifndef RDV_RING_H
#define RDV_RING_H

#include <stddef.h>
#include <stdint.h>

struct event_item;

#define RING_ITEMS 2048 /* a power of two */
#define RING_BYTES (1 << 20)

/* The newest events, by their numbers, which have no gaps. */
struct ring {
	struct event_item *items[RING_ITEMS];
	int64_t first; /* number of the oldest one held */
	size_t n;
	size_t bytes;
};

/* Takes `item` over; the oldest ones make room. */
void ring_put(struct ring *r, struct event_item *item);
/* NULL when `seq` is not held. */
const struct event_item *ring_get(const struct ring *r, int64_t seq);
void ring_done(struct ring *r);

#endif
