/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREE_H
#define RDV_WORKTREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/secret.h"

struct app;
struct wt_op;
struct js;
struct worktrees;

/*
 * Worktrees of repositories: made, listed, judged and removed over the git
 * CLI. Removal refuses every state in which work could be lost; with force the
 * worktree moves to the trash, from where it can be restored.
 */
struct worktrees *worktrees_new(struct app *app);
void worktrees_free(struct worktrees *w);
/* rdvd ends and the helper is gone: nobody waits for git any more. */
void worktrees_let_go(struct worktrees *w);
/* Settles rows left in flight by a crash, once the helper is ready. */
void worktrees_reconcile(struct worktrees *w);

/* Who asks; the rest is one path (any inside the repository) or one id. */
struct worktree_who {
	char user_id[UUID_TEXT];
	uid_t uid;
	/*
	 * The credential by which it was asked, until it has begun; "": it
	 * has, or rdv does it by itself.
	 */
	char token_id[UUID_TEXT];
};

struct worktree_spec {
	struct worktree_who who;
	const char *repo;   /* any path inside the repository */
	const char *branch; /* judged by git's own rules, not starting "-" */
	const char *base;   /* NULL: the repository's current branch */
	const char *path;   /* NULL: <worktree_dir>/<repo>-<branch> */
	bool create_branch; /* else the branch must exist; `either` wins */
	bool either;	    /* create the branch only when it is missing */
	const char *id;	    /* of the row; NULL: a new one */
};

struct worktree_made {
	char id[UUID_TEXT];
	const char *path, *branch, *repo;
	bool created_branch;
};

/*
 * Later, once. Errors: RDV_E_INVALID (branch, path outside the roots, no
 * repository), RDV_E_EXISTS (the path is taken), RDV_E_BUSY (the branch is
 * checked out elsewhere), RDV_E_STATE (the branch exists and was to be new),
 * RDV_E_TOO_BIG (the account has too much, unless `id` says whose it is),
 * RDV_E_SPAWN, RDV_E_UNAVAILABLE, each with a sentence. Strings are copied.
 */
typedef void worktree_made_fn(int err, const struct worktree_made *made,
    const char *why, void *arg);
void worktree_create(struct worktrees *w, const struct worktree_spec *spec,
    worktree_made_fn *cb, void *arg);

struct wt_list;
struct wt_status;

/* Later, once; without those in the trash. */
typedef void worktree_list_fn(int err, const struct wt_list *list,
    const char *why, void *arg);
void worktree_list(struct worktrees *w, const struct worktree_who *who,
    const char *path, worktree_list_fn *cb, void *arg);
/* Later, once; RDV_E_NOT_FOUND when there is no such directory. */
typedef void worktree_status_fn(int err, const struct wt_status *status,
    const char *why, void *arg);
void worktree_status(struct worktrees *w, const struct worktree_who *who,
    const char *path, worktree_status_fn *cb, void *arg);

/* What a worker is asked (lib/gitproto.h), and what its answer looks like. */
struct shape;
struct worktree_query {
	const char *path; /* in the worktree */
	const char *op;
	const struct shape *shape; /* daemon/core/gitshape.h */
	struct js *args;	   /* taken over */
	int64_t ms; /* that git may take; 0: conf.git_timeout_ms */
	bool waits; /* for something to happen, and must hold up nobody */
};
/*
 * Later, once; `result` is taken over by the callee. RDV_E_INVALID, also what
 * git says; RDV_E_MALFORMED: an argument breaks a rule; RDV_E_NOT_FOUND;
 * RDV_E_UNAVAILABLE when there is no worker now.
 */
typedef void
worktree_read_fn(int err, struct js *result, const char *why, void *arg);
struct wt_op *worktree_read(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_query *q, worktree_read_fn *cb, void *arg);
/* Before it has called back: it does so soon, and git is not gone on with. */
void worktree_read_cancel(struct wt_op *op);

#endif
