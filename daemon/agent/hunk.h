/* SPDX-License-Identifier: MIT */
#ifndef RDV_HUNK_H
#define RDV_HUNK_H

struct arena;

/*
 * A unified diff with its two header lines of one text that takes the place of
 * another, wherever in the file it stands: its line numbers begin with 1. What
 * both begin and end with is context. In the arena.
 */
char *hunk_diff(struct arena *a, const char *path, const char *before,
    const char *after);

#endif
