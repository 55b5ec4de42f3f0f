/* SPDX-License-Identifier: MIT */
/*
 * The ring of recent events: what nearly every subscriber reads from. Bounded
 * in number and in bytes; who is behind it reads pages of the table instead.
 */
#include "daemon/event/ring.h"

#include <stdlib.h>

#include "daemon/event/item.h"

static struct event_item **
slot(struct ring *r, int64_t seq)
{
	return &r->items[(uint64_t)seq % RING_ITEMS];
}

static void
drop_oldest(struct ring *r)
{
	struct event_item **at = slot(r, r->first);

	r->bytes -= (*at)->size;
	free(*at);
	*at = NULL;
	r->first++;
	r->n--;
}

void
ring_put(struct ring *r, struct event_item *item)
{
	/* The table stays complete if ever a number was not the next one. */
	while (r->n > 0 && item->ev.seq != r->first + (int64_t)r->n)
		drop_oldest(r);
	while (r->n == RING_ITEMS ||
	       (r->n > 0 && r->bytes + item->size > RING_BYTES))
		drop_oldest(r);
	if (r->n == 0)
		r->first = item->ev.seq;
	*slot(r, item->ev.seq) = item;
	r->bytes += item->size;
	r->n++;
}

const struct event_item *
ring_get(const struct ring *r, int64_t seq)
{
	if (seq < r->first || seq >= r->first + (int64_t)r->n)
		return NULL;
	return r->items[(uint64_t)seq % RING_ITEMS];
}

void
ring_done(struct ring *r)
{
	while (r->n > 0)
		drop_oldest(r);
}
