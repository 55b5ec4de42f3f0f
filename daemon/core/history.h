/* SPDX-License-Identifier: MIT */
#ifndef RDV_HISTORY_H
#define RDV_HISTORY_H

struct arena;
struct db;
struct store_turn;

/*
 * What was asked and answered before that turn, for an agent that cannot go on
 * by itself: the newest turns that fit, oldest first, without dropped ones. The
 * rows are the source, so the same turn has the same history whoever asks. In
 * the arena, or NULL when there is none or it cannot be read.
 */
const char *
history_before(struct db *db, struct arena *a, const struct store_turn *turn);

#endif
