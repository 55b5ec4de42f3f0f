/* SPDX-License-Identifier: MIT */
#ifndef RDV_LINES_H
#define RDV_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* A whole line, without its end, in the buffer. False: no more of them. */
typedef bool lines_fn(void *arg);

/*
 * Takes the next piece of a stream. `line` keeps what has no end yet and is
 * emptied behind each call of `take`. False: `take` said so, or a line that has
 * not ended is longer than the buffer may be; of one that has, `take` judges.
 */
bool lines_feed(struct buf *line, const char *p, size_t len, lines_fn *take,
    void *arg);

#endif
