/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREEREMOVE_H
#define RDV_WORKTREEREMOVE_H

#include "daemon/core/worktree.h"

/* What a worktree is like before it is removed, its removal and its return. */

struct worktree_states {
	const struct wt_status *status;
	unsigned reasons, notes; /* WT_* */
	bool main;		 /* it is never removed */
	const char *text;	 /* a sentence about them, or NULL */
};

/*
 * The same with all that a removal looks at, which takes git several times as
 * long: later, once.
 */
typedef void worktree_states_fn(int err, const struct worktree_states *states,
    const char *why, void *arg);
void worktree_states(struct worktrees *w, const struct worktree_who *who,
    const char *path, worktree_states_fn *cb, void *arg);

/*
 * Bits: what a worktree is like. A reason is against removing it without force;
 * the last three are notes, as nothing would be lost: its branch stays where it
 * is, and what git could not give back goes to the trash.
 */
#define WT_DIRTY     0x01u
#define WT_UNTRACKED 0x02u
#define WT_UNPUSHED  0x04u
#define WT_LOCKED    0x08u
#define WT_MIDWAY    0x10u
#define WT_BUSY	     0x20u
#define WT_UNKNOWN   0x40u  /* it could not be found out */
#define WT_STASHED   0x080u /* git stash has entries made on its branch */
#define WT_NESTED    0x100u /* not even with force: it would lose its place */
#define WT_UNMERGED  0x200u /* its base has not what its commits changed */
#define WT_DETACHED  0x400u
#define WT_PRECIOUS  0x800u /* ignored files of worktrees.precious */

struct worktree_moved {
	const char *path;
	const char *branch;   /* NULL: detached */
	const char *trash_id; /* NULL: nothing was left to keep */
	unsigned reasons;     /* on RDV_E_DIRTY alone of the errors */
	unsigned notes;	      /* the same */
};

/*
 * Later, once. RDV_E_DIRTY with moved->reasons says what stands against it;
 * `force` overrules them, but for WT_NESTED, and moves the directory into the
 * trash.
 * RDV_E_NOT_FOUND, RDV_E_INVALID (the main work tree, no worktree).
 */
typedef void worktree_moved_fn(int err, const struct worktree_moved *moved,
    const char *why, void *arg);
void worktree_remove(struct worktrees *w, const struct worktree_who *who,
    const char *path, bool force, worktree_moved_fn *cb, void *arg);
/*
 * True from when a removal by that user was judged possible until it is done:
 * no program of his may begin there. What begins before stands against the
 * removal.
 */
bool worktree_leaves(const struct worktrees *w, uid_t uid, const char *path);
/*
 * Deletes what lies in the trash for good, later, once. Its last commit keeps a
 * name if it stands nowhere else. RDV_E_NOT_FOUND; RDV_E_STATE: something is
 * mounted there, it is another directory, or not all of it can be deleted, or
 * not in ten minutes (then it can no longer be restored).
 */
typedef void worktree_emptied_fn(int err, const char *why, void *arg);
void worktree_empty(struct worktrees *w, const struct worktree_who *who,
    const char *id, worktree_emptied_fn *cb, void *arg);
/* Back to where it was. RDV_E_EXISTS when something else is there now. */
void worktree_restore(struct worktrees *w, const struct worktree_who *who,
    const char *id, worktree_moved_fn *cb, void *arg);

#endif
