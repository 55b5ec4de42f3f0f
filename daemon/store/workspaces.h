/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_WORKSPACES_H
#define RDV_STORE_WORKSPACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/* A row of `workspace`. Rows are never deleted. */
struct store_workspace {
	const char *id, *user_id;
	const char *name;      /* for people; need not be unique */
	const char *branch;    /* in all of its worktrees, when made */
	const char *directory; /* canonical; of the worktrees' directories */
	/* creating, ready, archiving, deleting, deleted, failed */
	const char *state;
	const char *cause; /* NULL unless something went wrong */
	int64_t wish;	   /* WORKSPACE_*: of archiving and deleting */
	bool pinned;
	int64_t archived_at; /* -1: it is not */
	int64_t created_at, updated_at;
};

/* A row of `workspace_repo`: one repository of a workspace. */
struct store_workspace_repo {
	const char *workspace_id;
	int64_t place;	       /* its number, from 0 */
	const char *repo_id;   /* of a row that may have been forgotten */
	const char *repo_path; /* as that said it */
	const char *name;      /* of its directory in the workspace's */
	const char *base;      /* NULL: where the repository was */
	const char *worktree_id;
	bool made_branch; /* with an earlier worktree its branch began */
	/* The last of its archive script in this archiving, or NULL. */
	const char *archive_run;
};

/* Strings are borrowed while it runs; false ends the walk. */
typedef bool store_workspace_fn(const struct store_workspace *w, void *arg);

/* 0 or -errno, here and below, and what is said beside it. */
int store_workspace_insert(struct tx *tx, const struct store_workspace *w);
/* Writes state, cause, wish and archived_at. */
int store_workspace_change(struct tx *tx, const struct store_workspace *w);
/* Writes name and pinned, which no work under way has a say in. */
int store_workspace_label(struct tx *tx, const struct store_workspace *w);
int store_workspace_repo_insert(struct tx *tx,
    const struct store_workspace_repo *r);
/* Writes worktree_id and made_branch. */
int store_workspace_repo_change(struct tx *tx,
    const struct store_workspace_repo *r);
/* That run is of its archive script; and: an archiving begins, none counts. */
int store_workspace_repo_archive(struct tx *tx, const char *workspace_id,
    const char *repo_id, const char *run_id);
int store_workspace_archive_anew(struct tx *tx, const char *workspace_id);
/* RDV_E_NOT_FOUND when it is not that user's, or deleted. In the arena. */
int store_workspace_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_workspace *out);
/* Its repositories in their order, in the arena. */
int store_workspace_repos(struct db *db, struct arena *a, const char *id,
    struct store_workspace_repo **out, size_t *n);
/*
 * At most `limit`, newest first, behind the one with the id `before` (NULL:
 * from the newest). `archived` 0 or 1: only those; -1: all.
 */
int store_workspaces_list(struct db *db, const char *user_id, int archived,
    const char *before, int64_t limit, store_workspace_fn *cb, void *arg);
/*
 * When something that rdv knows of was last done with it: its own row and its
 * worktrees', changes, discards and transfers there, and closed sessions. With
 * a session or a change that is still open it is INT64_MAX.
 */
int store_workspace_touched(struct db *db, const struct store_workspace *w,
    int64_t *ms);
/* Worktrees of that user that something was done with then (wall clock, ms). */
int store_worktrees_active(struct db *db, const char *user_id, int64_t from,
    int64_t to, int64_t *count);
/* Of that user's, without deleted ones. */
int store_workspaces_count(struct db *db, const char *user_id, int64_t *count);
/* Of all users: those in a state. */
int store_workspaces_in(struct db *db, const char *state,
    store_workspace_fn *cb, void *arg);
/* Of all users: those with a worktree that is being filled again. */
int store_workspaces_mending(struct db *db, store_workspace_fn *cb, void *arg);

#endif
