/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_CHANGES_H
#define RDV_STORE_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/* A row of `change`. Rows are never deleted. */
struct store_change {
	const char *id, *user_id;
	const char *kind;	 /* merge, squash, rebase, pick */
	const char *repo_path;	 /* of the main work tree */
	const char *path;	 /* of the worktree */
	const char *branch;	 /* that is out there */
	const char *target;	 /* a branch; of a rebase what it is put on */
	const char *target_path; /* where that is out; NULL: nowhere */
	const char *state;	 /* running, conflict, done, failed, aborted */
	const char *cause;	 /* NULL unless something went wrong */
	/* Commits; those of after are NULL until it is known where to. */
	const char *branch_before, *target_before;
	const char *branch_after, *target_after;
	int64_t created_at, updated_at;
};

/* Strings are borrowed while it runs; false ends the walk. */
typedef bool store_change_fn(const struct store_change *c, void *arg);

/* 0 or -errno, here and below; -EEXIST: another one is open there. */
int store_change_insert(struct tx *tx, const struct store_change *c);
/* Writes state, cause, the heads after, and when. */
int store_change_change(struct tx *tx, const struct store_change *c);
/* RDV_E_NOT_FOUND when it is not that user's. Strings in the arena. */
int store_change_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_change *out);
/*
 * The one that is open in that worktree of that user's, in the arena.
 * RDV_E_NOT_FOUND.
 */
int store_change_at(struct db *db, struct arena *a, const char *user_id,
    const char *path, struct store_change *out);
/*
 * At most `limit` of that user's, newest first, behind the one with the id
 * `before` (NULL: from the newest); of one worktree unless `path` is NULL.
 */
int store_changes_list(struct db *db, const char *user_id, const char *path,
    const char *before, int64_t limit, store_change_fn *cb, void *arg);
/* Of all users, those in a state. */
int store_changes_in(struct db *db, const char *state, store_change_fn *cb,
    void *arg);
/* All of its strings, in the arena. */
struct store_change
store_change_copy(struct arena *a, const struct store_change *c);

#endif
