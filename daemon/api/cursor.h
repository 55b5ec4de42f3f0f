/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_CURSOR_H
#define RDV_API_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/js.h"
#include "lib/secret.h"

struct arena;

/*
 * Where a page ended: what its last item is sorted by, and its id. Opaque to
 * clients, and no secret. The text lives in the arena.
 */
const char *cursor_text(struct arena *a, const char *key, const char *id);
/* NULL is the beginning: two empty texts. False: no cursor of ours. */
bool cursor_read(struct arena *a, const char *text, const char **key,
    const char **id);

/* Query fields of a list by id, whose cursor is the last one's. */
#define CURSOR_FIELDS(st, cursor_member, limit_member)                 \
	{ .name = "cursor",                                            \
		.kind = JS_TEXT,                                       \
		.offset = offsetof(struct st, cursor_member),          \
		.min = UUID_TEXT - 1,                                  \
		.max = UUID_TEXT - 1,                                  \
		.help = "next_cursor of the page before" },            \
	{                                                              \
		.name = "limit", .kind = JS_INT,                       \
		.offset = offsetof(struct st, limit_member), .min = 1, \
		.max = 1000, .help = "items at most; 100"              \
	}
#define CURSOR_LIMIT 100

#endif
