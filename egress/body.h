/* SPDX-License-Identifier: MIT */
#ifndef RDV_EGRESS_BODY_H
#define RDV_EGRESS_BODY_H

#include <stddef.h>

#include "egress/head.h"

/* What comes next; LAST is behind the chunk that is empty. */
enum body_at {
	BODY_DATA,
	BODY_DATA_CR,
	BODY_DATA_LF,
	BODY_SIZE,
	BODY_SIZE_LF,
	BODY_LAST_CR,
	BODY_LAST_LF,
	BODY_END,
	BODY_BAD
};

/* Where in the body of a request it is. */
struct body {
	enum body_at at;
	bool chunked;
	uint64_t left;	 /* of the data, or of the chunk */
	unsigned digits; /* of a chunk's size, so far */
};

void body_begin(struct body *b, enum body_kind kind, uint64_t length);
/*
 * How many of these bytes belong to it; pure. Then it is at BODY_END, or at
 * BODY_BAD when it is none, or all did.
 */
size_t body_take(struct body *b, const char *p, size_t n);

#endif
