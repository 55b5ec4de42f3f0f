/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_QUEUED_H
#define RDV_STORE_QUEUED_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/* A row of `queued`: a follow-up. Rows are never deleted. */
struct store_queued {
	const char *id, *session_id, *user_id;
	int64_t place; /* in the order of its conversation */
	const char *prompt;
	const char *config_json; /* over that of the conversation, or NULL */
	const char *state;	 /* core/lifecycle.h */
	const char *turn_id;	 /* what was made of it, or NULL */
	const char *blocked;	 /* why it was not taken in its turn, or NULL */
	int64_t created_at, updated_at;
};

/* Strings are borrowed while it runs; false ends the walk. */
typedef bool store_queued_fn(const struct store_queued *q, void *arg);

/* 0 or -errno, and what is said beside it. */
/* `place` is given here: behind all others of its conversation. */
int store_queued_insert(struct tx *tx, const struct store_queued *q);
/* From state `from` alone, with turn_id and updated_at; RDV_E_STATE. */
int store_queued_move(struct tx *tx, const struct store_queued *q,
    const char *from);
/* Writes prompt and config_json of one that waits; else RDV_E_STATE. */
int store_queued_edit(struct tx *tx, const struct store_queued *q);
/* Writes `blocked` of one that waits; a move and an edit clear it. */
int store_queued_block(struct tx *tx, const char *id, const char *why);
/* The same of all that wait in a conversation. */
int
store_queued_block_all(struct tx *tx, const char *session_id, const char *why);
/* Clears it of all in a workspace. */
int store_queued_unblock(struct tx *tx, const char *workspace_id);
/* RDV_E_NOT_FOUND when it is not that user's. In the arena. */
int store_queued_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_queued *out);
/* The first of a conversation that waits; RDV_E_NOT_FOUND. In the arena. */
int store_queued_first(struct db *db, struct arena *a, const char *session_id,
    struct store_queued *out);
/*
 * The conversation of a workspace, closed ones left out, whose first message
 * has waited the longest, of those that came after the message `after` ("" for
 * any); RDV_E_NOT_FOUND. In the arena.
 */
int store_queued_next(struct db *db, struct arena *a, const char *workspace_id,
    const char *after, const char **session_id);
/* All of a conversation that wait are cancelled. */
int store_queued_cancel(struct tx *tx, const char *session_id, int64_t now);
/* At most `limit` of those that wait, in their order. */
int store_queued_list(struct db *db, const char *session_id, const char *after,
    int64_t limit, store_queued_fn *cb, void *arg);
int store_queued_count(struct db *db, const char *session_id, int64_t *count);

#endif
