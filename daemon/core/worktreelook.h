/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREELOOK_H
#define RDV_WORKTREELOOK_H

#include <stdbool.h>

#include "daemon/core/worktreeop.h"
#include "daemon/core/worktreeremove.h"

/* What is known of the tree at op->at. */
struct wt_look {
	struct wt_status status;
	unsigned reasons;     /* WT_*: against removing it */
	unsigned notes;	      /* WT_*: to be told, and nothing against it */
	const char *gitdir;   /* git's own directory of it, or NULL */
	const char *nested;   /* another worktree that lies in it, or NULL */
	const char *stash;    /* how many entries were made on its branch */
	const char *base;     /* what its commits are to be merged into */
	const char *precious; /* some of the ignored files that matter */
	const char *midway;   /* the operation that is open, or NULL */
	const char *unknown;  /* what could not be found out, or NULL */
	bool hidden;	      /* its index may hide changes; with `judge` */
	bool modules;	      /* it has or names submodules; with `judge` */
};

/*
 * Fills `look` and goes on with `next`. With `judge` also what only removal
 * asks: commits that stand nowhere else, open operations, running processes;
 * and a question git cannot answer becomes WT_UNKNOWN instead of a failure.
 */
void worktree_look(struct wt_op *op, struct wt_look *look, bool judge,
    wt_step_fn *next);
/*
 * The part of that which compares commits, for worktreelook.c: stash entries,
 * commits that the base has not, ignored files that matter. Fills op->asking's
 * `look` and goes on with `next`.
 */
void worktree_notes(struct wt_op *op, struct wt_look *look, wt_step_fn *next);
/* Something about it could not be found out. */
void worktree_unknown(struct wt_look *look, const char *what);
/* By its name alone: in rdv's trash, or beside where it was. */
bool worktree_in_trash(const struct wt_op *op, const char *path);
/* One sentence about the reasons, in the arena. */
const char *worktree_reasons(struct arena *a, const struct wt_look *look);

#endif
