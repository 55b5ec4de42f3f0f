/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREECHANGEOP_H
#define RDV_WORKTREECHANGEOP_H

#include "daemon/core/worktreechange.h"
#include "daemon/core/worktreeop.h"

#define WT_HOOKS_MAX 8
/* Of one command line, where names stand beside a message on its input. */
#define WT_NAMES_MAX 100

/* One change under way; op->own. */
struct wt_change {
	struct worktree_change wish; /* copies in the arena */
	struct worktree_changed how;
	worktree_changed_fn *cb;
	void *arg;
	const char *act;   /* in the event: "commit" */
	wt_step_fn *begin; /* when nothing that is known is against it */
	const char *names; /* each ends with a NUL, for git's input */
	size_t names_len;

	const char *gitdir; /* git's own directory of the tree */
	const struct git_fact *lock, *midway, *hooks[WT_HOOKS_MAX];
	const char *under_way; /* the operation that is open, or NULL */
	struct wt_status status;
	int64_t conflicts;
	void *more; /* what the change needs beyond that */
};

/* A new one, which begins with wt_change_start() if op->next is not set. */
struct wt_op *wt_change_new(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg);
void wt_change_start(struct wt_op *op);
/* Fails with RDV_E_STATE and this code. */
void wt_change_refuse(struct wt_op *op, const char *code, const char *why);
/* Fails with the operation that is open. */
void wt_change_midway(struct wt_op *op);
/* git, with names taken as they are and on its input. */
void
wt_change_names(struct wt_op *op, const char *const *argv, wt_git_fn *next);
/* How the tree is now, an event, and the answer. */
void wt_change_done(struct wt_op *op);
/* All that has changed, or the names, into the index. */
void wt_change_stage(struct wt_op *op, wt_git_fn *next);
/*
 * worktreegone.c: wish.names, at most WT_NAMES_MAX, but for those that are
 * staged to be gone.
 */
void wt_change_stage_named(struct wt_op *op, wt_git_fn *next);

#endif
