/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_TURNS_H
#define RDV_STORE_TURNS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/* A row of `turn`. NULL texts and -1 are SQL NULL. Rows are never deleted. */
struct store_turn {
	const char *id, *session_id, *user_id, *workspace_id;
	const char *prompt;
	const char *config_json; /* over that of the conversation, or NULL */
	const char *state;	 /* core/lifecycle.h */
	const char *cause;
	const char *run_id;	   /* of the agent, once there is one */
	const char *agent_session; /* the agent's own id of all this */
	const char *agent_message; /* where a retry can go back to */
	const char *summary;	   /* its last message */
	const char *unasked;	   /* by which field nobody is asked, or NULL */
	const char *unasked_by;	   /* whose token allowed it */
	bool dropped;
	int64_t created_at, ended_at;
};

/* Strings are borrowed while it runs; false ends the walk. */
typedef bool store_turn_fn(const struct store_turn *t, void *arg);

/* 0 or -errno, and what is said beside it. */
int store_turn_insert(struct tx *tx, const struct store_turn *t);
/*
 * From state `from` alone, with cause, run_id and ended_at. RDV_E_STATE: it is
 * in another one, and nothing was written.
 */
int
store_turn_move(struct tx *tx, const struct store_turn *t, const char *from);
/* Writes agent_session, agent_message and summary, of each what is not NULL. */
int store_turn_said(struct tx *tx, const struct store_turn *t);
/* RDV_E_NOT_FOUND when it is not that user's. In the arena. */
int store_turn_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_turn *out);
/*
 * At most `limit` of a conversation, newest first, behind the one with the id
 * `before` (NULL: from the newest); with `dropped` those as well.
 */
int store_turns_list(struct db *db, const char *user_id, const char *session_id,
    bool dropped, const char *before, int64_t limit, store_turn_fn *cb,
    void *arg);
/*
 * The newest turn of a conversation before the one with the id `before` that is
 * not dropped and of which the agent has said its own id. RDV_E_NOT_FOUND. In
 * the arena.
 */
int store_turn_resumed(struct db *db, struct arena *a, const char *session_id,
    const char *before, struct store_turn *out);
/*
 * Whether a later turn that is dropped has gone on in the same conversation of
 * the agent's.
 */
int store_turn_dropped_after(struct db *db, const struct store_turn *t,
    bool *dropped);

#endif
