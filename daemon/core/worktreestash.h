/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREESTASH_H
#define RDV_WORKTREESTASH_H

#include <stddef.h>

#include "daemon/core/worktreechange.h"

/*
 * The repository's stash, from one of its worktrees. Of a change count tree,
 * head and what is said here; errors are as of other changes.
 */

/* names or none, message, untracked. RDV_E_STATE: NOTHING_TO_STASH. */
void worktree_stash(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg);
/*
 * stash, index: applied, and with pop dropped then if nothing is in conflict.
 * RDV_E_NOT_FOUND; RDV_E_STATE: files differ that it would write, and none was.
 */
void worktree_stash_apply(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg);
void worktree_stash_pop(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg);
/* stash: it leaves the list, and can still be applied. */
void worktree_stash_drop(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg);

struct worktree_stash_item {
	const char *commit, *subject;
	int64_t ms; /* when it was made */
	bool dropped;
};
struct worktree_stashes {
	struct worktree_stash_item *items; /* newest first, then the dropped */
	size_t n;
};
/* Later, once. */
typedef void worktree_stashes_fn(int err, const struct worktree_stashes *list,
    const char *why, void *arg);
void worktree_stash_list(struct worktrees *w, const struct worktree_who *who,
    const char *path, worktree_stashes_fn *cb, void *arg);

#endif
