/* SPDX-License-Identifier: MIT */
#ifndef RDV_FRAME_H
#define RDV_FRAME_H

#include <stddef.h>

struct buf;
struct js;

/*
 * Messages of a process that stays, over its pipes, each way: four bytes of
 * length, the highest first, and so many bytes of JSON, one object.
 */
#define FRAME_HEAD 4

/*
 * Takes the first message off the front of `b`. 0 and `*out`, which the caller
 * frees with js_free(); RDV_E_BUSY: not all of it is there yet; RDV_E_TOO_BIG:
 * it is longer than `max`, known from its head alone; RDV_E_MALFORMED: it is no
 * JSON object. After the last two the stream means nothing any more.
 */
int frame_get(struct buf *b, size_t max, struct js **out);
/* Appends one; frees `v`, an object. b->failed when over its maximum. */
void frame_put(struct buf *b, struct js *v);

#endif
