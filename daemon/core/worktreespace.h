/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREESPACE_H
#define RDV_WORKTREESPACE_H

#include "daemon/core/worktree.h"

/*
 * What a workspace needs of worktrees beside making and removing them. All call
 * back later, once, with a sentence on every error; strings are copied.
 */

/*
 * A name that is free where rdv makes worktrees: `name`, or that with a number.
 * Nothing is made.
 */
typedef void
worktree_fresh_fn(int err, const char *path, const char *why, void *arg);
void worktree_fresh(struct worktrees *w, const struct worktree_who *who,
    const char *name, worktree_fresh_fn *cb, void *arg);

/*
 * Later, once: whether nothing is left of the repository that had its main work
 * tree at `repo`. What cannot be looked at is not gone.
 */
typedef void worktree_gone_fn(bool gone, void *arg);
void worktree_gone(struct worktrees *w, const struct worktree_who *who,
    const char *repo, worktree_gone_fn *cb, void *arg);

struct worktree_quiet {
	const char *path; /* the worktree */
	const char *dir;  /* what it lies in, to be looked at whole, or NULL */
	int64_t since;	  /* wall clock, ms */
};
/*
 * Later, once: whether a file in the worktree or in `dir`, or of what git has
 * of it alone, was written after `since`, or a process is in `dir`. What cannot
 * be looked at is an error, as of worktree_list() and RDV_E_INVALID.
 */
typedef void
worktree_touched_fn(int err, bool touched, const char *why, void *arg);
void worktree_touched(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_quiet *q, worktree_touched_fn *cb, void *arg);

enum worktree_mended {
	WORKTREE_WHOLE,	 /* it was there */
	WORKTREE_MENDED, /* it was missing and is there again */
	WORKTREE_GONE,	 /* there is none; its row says so */
};

/*
 * Brings the worktree with that id back when its directory has gone, from what
 * git has of it: its index and its HEAD are as they were. RDV_E_BUSY: it is
 * being made or moved; RDV_E_STATE: it is locked; RDV_E_EXISTS: something else
 * is in its place.
 */
typedef void worktree_mend_fn(int err, enum worktree_mended what,
    const char *why, void *arg);
void worktree_mend(struct worktrees *w, const struct worktree_who *who,
    const char *id, worktree_mend_fn *cb, void *arg);

/*
 * Deletes a branch of `repo` that nobody has checked out, if all of its commits
 * stand under other names too, or it still is at `start` (NULL: any), where it
 * was made. RDV_E_STATE: it stays, and why.
 */
typedef void worktree_done_fn(int err, const char *why, void *arg);
struct worktree_branch {
	const char *repo, *name, *start;
};
void worktree_unbranch(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_branch *b, worktree_done_fn *cb, void *arg);

/*
 * Copies what the patterns (NULL-terminated) name in the main work tree `from`
 * to the worktree `to`; what is there already stays. RDV_E_INVALID with the
 * file that cannot be copied.
 */
struct worktree_copy {
	const char *from, *to;
	const char *const *patterns;
};
void worktree_copy(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_copy *copy, worktree_done_fn *cb, void *arg);

/*
 * Removes a directory where rdv makes worktrees, if it is empty or not there.
 * RDV_E_INVALID: it stays, and why.
 */
void worktree_vacate(struct worktrees *w, const struct worktree_who *who,
    const char *dir, worktree_done_fn *cb, void *arg);

#endif
