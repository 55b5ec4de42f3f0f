/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREERESET_H
#define RDV_WORKTREERESET_H

#include "daemon/core/worktreechange.h"

/*
 * Taking the branch of one worktree, with its files, to another commit. What is
 * not committed is worktree_discard()'s before that: git is told to keep what
 * differs, and refuses where it could not.
 */
struct worktree_reset {
	const char *tree;   /* a directory in the worktree */
	const char *branch; /* that has to be out there */
	const char *from;   /* what HEAD has to be; NULL: wherever it is */
	const char *to;	    /* a commit's id */
	/* refs/rdv/rescue/<pin> is to be `from` before it is left; or NULL. */
	const char *pin;
	/* Of a look: also where a process runs, or nobody can tell. */
	bool force;
};

/* how->code when what stands against it is a process, and nothing else. */
#define WORKTREE_RESET_RUNS "PROCESS_RUNS"
/* And when git has failed after it wrote files, or as it did. */
#define WORKTREE_RESET_TORN "TORN"

/*
 * Whether it could be done, later, once. how->head is HEAD; how many files are
 * staged, modified or untracked is for the caller to judge. RDV_E_BUSY: a
 * process runs in it, or git's lock is there; RDV_E_STATE, also with the codes
 * OTHER_BRANCH and COMMIT_GONE, RDV_E_MIDWAY, RDV_E_DIRTY: not by force,
 * either; and what worktree_changed_fn says.
 */
void worktree_reset_look(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_reset *wish, worktree_changed_fn *cb, void *arg);
/*
 * Does it; `from` is named. The same refusals, and nothing has moved then; but
 * with WORKTREE_RESET_TORN files and index may be those of `to`.
 */
void worktree_reset_go(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_reset *wish, worktree_changed_fn *cb, void *arg);

#endif
