/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREE_H
#define RDV_WORKTREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/secret.h"

struct app;
struct worktrees;

/*
 * Worktrees of repositories: made, listed, judged and removed over the git
 * CLI. Removal refuses every state in which work could be lost; with force the
 * worktree moves to the trash, from where it can be restored.
 */
struct worktrees *worktrees_new(struct app *app);
void worktrees_free(struct worktrees *w);
/* Settles rows left in flight by a crash, once the helper is ready. */
void worktrees_reconcile(struct worktrees *w);

struct worktree_spec {
	char user_id[UUID_TEXT];
	uid_t uid;
	const char *repo;   /* any path inside the repository */
	const char *branch; /* judged by git's own rules, not starting "-" */
	const char *base;   /* NULL: the repository's current branch */
	const char *path;   /* NULL: <worktree_dir>/<repo>-<branch> */
	bool create_branch; /* else the branch must exist; `either` wins */
	bool either;	    /* create the branch only when it is missing */
};

struct worktree_made {
	char id[UUID_TEXT];
	const char *path, *branch, *repo;
	bool created_branch;
};

/*
 * Later, once. Errors: RDV_E_INVALID (branch, path outside the roots, no
 * repository), RDV_E_EXISTS (path or branch in use), RDV_E_SPAWN,
 * RDV_E_UNAVAILABLE, each with a sentence. Strings are copied.
 */
typedef void worktree_made_fn(int err, const struct worktree_made *made,
    const char *why, void *arg);
void worktree_create(struct worktrees *w, const struct worktree_spec *spec,
    worktree_made_fn *cb, void *arg);

#endif
