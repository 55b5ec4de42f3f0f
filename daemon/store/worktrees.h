/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_WORKTREES_H
#define RDV_STORE_WORKTREES_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/*
 * A row of `worktree`. States: creating, ready, removing (on its way into the
 * trash or back), trashed, removed, failed. Rows are never deleted.
 */
struct store_worktree {
	const char *id, *user_id;
	const char *repo_path; /* of the main work tree */
	const char *path;
	const char *branch, *base; /* NULL: detached; unknown */
	bool created_branch;
	const char *branch_start; /* commit of one created; NULL: unknown */
	const char *state;
	const char *cause;	/* NULL unless something went wrong */
	const char *trash_path; /* NULL: never moved */
	const char *identity;	/* of that, as rdv-git says it; NULL: unknown */
	int64_t holds;		/* WT_* when it went */
	int64_t files, bytes;	/* -1: not known */
	bool ending;		/* trashed, and in part deleted */
	bool mending;		/* ready, and in part there again */
	int64_t created_at, updated_at;
};

/* 0 or -errno, and what is said beside it. */
int store_worktree_insert(struct tx *tx, const struct store_worktree *w);
/*
 * Writes branch, state, cause, trash_path and what follows that of the row with
 * that id.
 * RDV_E_NOT_FOUND.
 */
int store_worktree_change(struct tx *tx, const struct store_worktree *w);
/* RDV_E_NOT_FOUND when it is not that user's. Strings in the arena. */
int store_worktree_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_worktree *out);
/*
 * The one of that user's that has this path now: creating, ready or removing.
 * RDV_E_NOT_FOUND.
 */
int store_worktree_at(struct db *db, struct arena *a, const char *user_id,
    const char *path, struct store_worktree *out);
typedef bool store_worktree_fn(const struct store_worktree *w, void *arg);
/* All in one state, those that end first, then the one longest unchanged. */
int store_worktrees_in(struct db *db, const char *state, store_worktree_fn *cb,
    void *arg);
/* All of that user's that have a place: neither failed nor removed. */
int store_worktrees_held(struct db *db, const char *user_id,
    store_worktree_fn *cb, void *arg);
/* A user's trash, newest first, without what is being deleted. */
int store_worktrees_trash(struct db *db, const char *user_id,
    store_worktree_fn *cb, void *arg);

#endif
