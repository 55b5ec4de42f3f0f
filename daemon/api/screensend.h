/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_SCREENSEND_H
#define RDV_API_SCREENSEND_H

#include <stddef.h>

struct api_call;
struct buf;
struct js;

/* More than this is not to be written down in one turn of the loop. */
#define SCREENSEND_PIECE 32768

/*
 * Answers 200 with the object `rest`, which has a member, and `content` before
 * it, a piece in each turn. Both are taken over; the call is over.
 */
void screensend(struct api_call *c, struct buf *content, struct js *rest);

#endif
