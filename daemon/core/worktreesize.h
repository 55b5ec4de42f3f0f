/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREESIZE_H
#define RDV_WORKTREESIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/worktree.h"

/* What worktrees take of the disk, as it was when it was last looked at. */
struct wt_sizes;
struct wt_sizes *wt_sizes_new(void);
/* NULL is fine. */
void wt_sizes_free(struct wt_sizes *s);

/* Allocated bytes (git-worker/space.h). */
struct wt_size {
	int64_t files;
	int64_t own;	 /* go with the worktree */
	int64_t shared;	 /* stay when it goes */
	int64_t objects; /* of the repository, which all its worktrees share */
	bool partial;	 /* there is more than was seen */
	int64_t seen_at; /* wall clock, ms */
};

/*
 * Later, once: of the worktree `path` of the repository at `top` (NULL: the one
 * around `path`, found out by git), from memory when it was looked at within
 * `fresh_ms`. RDV_E_NOT_FOUND: it is not there;
 * RDV_E_INVALID; others as of worktree_list(); each with a sentence. Strings
 * are copied.
 */
typedef void worktree_size_fn(int err, const struct wt_size *size,
    const char *why, void *arg);
struct wt_size_ask {
	const char *top, *path;
	int64_t fresh_ms;
};
void worktree_size(struct worktrees *w, const struct worktree_who *who,
    const struct wt_size_ask *ask, worktree_size_fn *cb, void *arg);
/* As it was when it was last looked at, if ever so; borrowed, or NULL. */
const struct wt_size *
worktree_size_known(const struct worktrees *w, uid_t uid, const char *path);

#endif
