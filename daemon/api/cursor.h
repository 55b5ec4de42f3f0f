/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_CURSOR_H
#define RDV_API_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

struct arena;

/*
 * Where a page ended: what its last item is sorted by, and its id. Opaque to
 * clients, and no secret. The text lives in the arena.
 */
const char *cursor_text(struct arena *a, const char *key, const char *id);
/* NULL is the beginning: two empty texts. False: no cursor of ours. */
bool cursor_read(struct arena *a, const char *text, const char **key,
    const char **id);

#endif
