/* SPDX-License-Identifier: MIT */
/*
 * Messages with their length in front. What comes is another process's word:
 * its length is judged before anything is kept for it, and what is no object is
 * refused before anybody looks for a member.
 */
#include "lib/frame.h"

#include <stdint.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/js.h"

/* What was taken makes room for what is to come. */
static void
drop_front(struct buf *b, size_t len)
{
	b->off += len;
	memmove(b->data, b->data + b->off, b->len - b->off);
	b->len -= b->off;
	b->off = 0;
}

int
frame_get(struct buf *b, size_t max, struct js **out)
{
	const uint8_t *at;
	char why[120];
	struct js *v;
	size_t len;

	if (buf_left(b) < FRAME_HEAD)
		return RDV_E_BUSY;
	at = b->data + b->off;
	len = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 |
	      at[3];
	if (len > max)
		return RDV_E_TOO_BIG;
	if (buf_left(b) < FRAME_HEAD + len)
		return RDV_E_BUSY;
	v = js_parse((const char *)at + FRAME_HEAD, len, why, sizeof(why));
	if (v == NULL || !js_is_object(v)) {
		js_free(v);
		return RDV_E_MALFORMED;
	}
	drop_front(b, FRAME_HEAD + len);
	*out = v;
	return 0;
}

void
frame_put(struct buf *b, struct js *v)
{
	const size_t start = b->len;
	uint8_t *head = buf_room(b, FRAME_HEAD);
	size_t len;

	js_dump(v, b);
	js_free(v);
	if (head == NULL || !buf_ok(b))
		return;
	len = b->len - start - FRAME_HEAD;
	/* It may lie elsewhere by now. */
	head = b->data + start;
	for (int i = 0; i < FRAME_HEAD; i++)
		head[i] = (uint8_t)(len >> (24 - 8 * i));
}
