/* SPDX-License-Identifier: MIT */
#ifndef RDV_BRANCHES_H
#define RDV_BRANCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/worktree.h"

/* Deleted ones that are listed, the newest first. */
#define BRANCHES_DELETED_MAX 200

/* What is wished; which of it an operation takes stands there. */
struct branch_wish {
	const char *path; /* any inside the repository */
	const char *name; /* of the branch */
	const char *base; /* a branch, a tag or a commit; NULL: HEAD of path */
	const char *to;	  /* its new name */
	const char *pin;  /* a deleted one, as its list has it */
	bool force;
};

struct branch_done {
	const char *name, *commit;
	const char *pin; /* of a deleted one */
};

/*
 * Branches made, renamed, deleted and brought back: later, once, each with a
 * sentence when it fails. RDV_E_INVALID (no name for a branch, no such base),
 * RDV_E_NOT_FOUND, RDV_E_EXISTS (the new name), RDV_E_BUSY (it is checked out),
 * and what wt_open() gives. Strings are copied.
 */
typedef void branch_done_fn(int err, const struct branch_done *done,
    const char *why, void *arg);
/* path, name and base. */
void branch_create(struct worktrees *w, const struct worktree_who *who,
    const struct branch_wish *wish, branch_done_fn *cb, void *arg);
/* path, name and to. Of a workspace or another worktree only with force. */
void branch_rename(struct worktrees *w, const struct worktree_who *who,
    const struct branch_wish *wish, branch_done_fn *cb, void *arg);
/*
 * path and name. Without force RDV_E_UNPUSHED: it has commits that stand
 * nowhere else, and RDV_E_STATE: neither its upstream nor the main work tree
 * has all of them. In any case its tip keeps another name.
 */
void branch_delete(struct worktrees *w, const struct worktree_who *who,
    const struct branch_wish *wish, branch_done_fn *cb, void *arg);
/* path and pin; `name`, or NULL for the one it had. */
void branch_restore(struct worktrees *w, const struct worktree_who *who,
    const struct branch_wish *wish, branch_done_fn *cb, void *arg);

/* What was deleted and can be brought back. */
typedef void branch_deleted_fn(int err, const struct branch_done *list,
    size_t n, const char *why, void *arg);
void branch_deleted(struct worktrees *w, const struct worktree_who *who,
    const char *path, branch_deleted_fn *cb, void *arg);

#endif
