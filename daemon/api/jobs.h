/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_JOBS_H
#define RDV_API_JOBS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/js.h"

struct api_call;
struct tx;
struct worktrees;

/*
 * What goes on without its request, clones and transfers: their lists, one of
 * them and its cancel are answered alike.
 */
struct jobs_in {
	uint64_t set;
	int64_t limit;
};
#define JOBS_FIELDS(most)                                  \
	{ .name = "limit",                                 \
		.kind = JS_INT,                            \
		.offset = offsetof(struct jobs_in, limit), \
		.min = 1,                                  \
		.max = (most),                             \
		.help = "items at most; 50" },             \
	{                                                  \
		.name = NULL                               \
	}

/* The rows of a list, as they come from the store. */
struct jobs_page {
	const struct worktrees *worktrees;
	int64_t limit;
	struct js *items;
};
struct jobs_page jobs_page(const struct api_call *c);
/* `row` is taken over, and NULL with an error; `none` is the 404's sentence. */
void jobs_reply(struct api_call *c, int err, const char *none, struct js *row);
/* Commits and answers; with an error nothing was written. */
void jobs_cancel_reply(struct api_call *c, struct tx *tx, int err,
    const char *why, struct js *row);

#endif
