/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREEWATCH_H
#define RDV_WORKTREEWATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/worktree.h"

/*
 * Interest in a worktree that outlives a request: for so long each change of
 * what differs is an event (worktree.changed), whoever reads the outbox.
 */
struct wt_watches;

struct wt_watches *wt_watches_new(struct worktrees *w);
/* Who waits for an answer has had one. */
void wt_watches_free(struct wt_watches *ws);

struct wt_watch_conf {
	struct worktree_who who;
	const char *path, *base; /* as of struct wt_follow_conf; copied */
	int64_t ms;		 /* from now on; never shorter than before */
};
/* What differs now. */
struct wt_stat {
	const char *from; /* the commit that it is compared with, or NULL */
	int64_t files, added, removed;
	bool truncated;	       /* there is more than was counted */
	const char *operation; /* open in the worktree, or NULL */
	int64_t ms;	       /* for so long it is watched */
};
/*
 * Once, and later but for RDV_E_BUSY: too many are watched already. Others as
 * of worktree_read().
 */
typedef void worktree_watch_fn(int err, const struct wt_stat *now,
    const char *why, void *arg);
void worktree_watch(struct worktrees *w, const struct wt_watch_conf *conf,
    worktree_watch_fn *cb, void *arg);

#endif
