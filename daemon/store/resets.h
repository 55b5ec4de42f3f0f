/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_RESETS_H
#define RDV_STORE_RESETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/*
 * A row of `reset`. States: stopping (what is at work is being ended), moving
 * (the repositories), returning (they go back to where they were); done,
 * refused (nothing was changed), failed (the cause says what is where), undone.
 * Rows are never deleted.
 */
struct store_reset {
	const char *id, *session_id, *user_id, *workspace_id;
	const char *turn_id; /* the first that is dropped */
	const char *state, *cause;
	bool force;
	int64_t created_at, ended_at; /* ended_at -1: it is under way */
};

/* A row of `reset_repo`. */
struct store_reset_repo {
	const char *reset_id;
	int64_t place; /* as in the workspace */
	const char *repo_id, *name, *path;
	const char *from_head, *to_head;
	const char *discard_id; /* of what was thrown away, or NULL */
	bool moved;		/* it is at to_head */
	bool begun; /* git may have written in it, and not have ended */
};

/* Strings are borrowed while it runs; false ends the walk. */
typedef bool store_reset_fn(const struct store_reset *r, void *arg);

/* 0 or -errno, here and below; -EEXIST: one is open in that workspace. */
int store_reset_insert(struct tx *tx, const struct store_reset *r);
/* From state `from` alone, with cause and ended_at; RDV_E_STATE. */
int
store_reset_move(struct tx *tx, const struct store_reset *r, const char *from);
int store_reset_repo_insert(struct tx *tx, const struct store_reset_repo *p);
/* Writes moved and begun, and discard_id unless that is NULL. */
int store_reset_repo_change(struct tx *tx, const struct store_reset_repo *p);
/* RDV_E_NOT_FOUND when it is not that user's. In the arena. */
int store_reset_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_reset *out);
/* RDV_E_NOT_FOUND when none is open there. In the arena. */
int store_reset_open(struct db *db, struct arena *a, const char *workspace_id,
    struct store_reset *out);
/* Of all users: those that are under way. */
int store_resets_open(struct db *db, store_reset_fn *cb, void *arg);
/*
 * The newest of a conversation that is done. RDV_E_NOT_FOUND; RDV_E_STATE: a
 * turn has begun since. In the arena.
 */
int store_reset_last(struct db *db, struct arena *a, const char *session_id,
    struct store_reset *out);
/* At most `limit` of a conversation, newest first, behind `before` or NULL. */
int store_resets_list(struct db *db, const char *session_id, const char *before,
    int64_t limit, store_reset_fn *cb, void *arg);
/* Its repositories in their order, in the arena. */
int store_reset_repos(struct db *db, struct arena *a, const char *id,
    struct store_reset_repo **out, size_t *n);

/*
 * What is at work in a workspace: the run of each link that runs, or NULL, with
 * the conversation it is of. `run_id` and `session_id` are borrowed.
 */
typedef bool
store_at_work_fn(const char *run_id, const char *session_id, void *arg);
int store_at_work(struct db *db, const char *workspace_id, store_at_work_fn *cb,
    void *arg);
/*
 * The first run of that turn, or of one after it, that is not dropped; in the
 * arena. RDV_E_NOT_FOUND: none of them has had one.
 */
int store_run_since(struct db *db, struct arena *a, const char *session_id,
    const char *turn_id, const char **run_id);
/* That turn and all after it are dropped by a reset; how many, or -errno. */
long store_turns_drop(struct tx *tx, const struct store_reset *r);
/* And are not, after all. */
long store_turns_undrop(struct tx *tx, const char *reset_id);

#endif
