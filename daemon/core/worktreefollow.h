/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREEFOLLOW_H
#define RDV_WORKTREEFOLLOW_H

#include <stdbool.h>

#include "daemon/core/worktree.h"

struct js;

/*
 * What differs in a worktree, and each time that becomes something else: the
 * worker that stays with it watches for all who follow, and only as long as
 * somebody does.
 */
struct wt_follow;
struct wt_follow_conf {
	struct worktree_who who;
	const char *path; /* in the worktree; copied, as is the next */
	const char *base; /* a branch, a tag or a commit; NULL: HEAD */
	bool totals;	  /* without the files */
	/*
	 * At first and after each worktree_follow_next() when there is
	 * something new; `r` (shape_follow) is valid during the call.
	 */
	void (*told)(const struct js *r, void *arg);
	/* It is over, with an outcome as of worktree_read(), and then freed. */
	void (*ended)(int err, const char *why, void *arg);
	void *arg;
};
struct wt_follow *
worktree_follow(struct worktrees *w, const struct wt_follow_conf *conf);
/* What was told has been taken; within told() or later, once. */
void worktree_follow_next(struct wt_follow *f);
/* It ends soon, as with an error. */
void worktree_follow_stop(struct wt_follow *f);
/* Nobody is told anything any more; not from within ended(). */
void worktree_follow_end(struct wt_follow *f);

#endif
