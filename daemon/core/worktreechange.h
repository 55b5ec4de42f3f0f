/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREECHANGE_H
#define RDV_WORKTREECHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/worktree.h"

/*
 * What changes the index and the history of one worktree: staging and
 * committing. git does it, with no program of the repository's; nothing of the
 * work tree's files is touched.
 */

/* What is wished; which members count is said with each function. */
struct worktree_change {
	const char *tree; /* a directory in the worktree */
	const char *head; /* what HEAD has to be, or NULL */
	/* Of a commit: which is out, and no merge is open; or NULL. */
	const char *branch;
	/* Names in the worktree, bytes; NULL-terminated, or NULL. */
	const char *const *names;
	bool all;
	const char *message; /* UTF-8; NULL: an amended one's own */
	const char *author_name, *author_email; /* both, or neither */
	bool amend, empty;
	const char *stash; /* a commit's id */
	bool untracked, index;
};

/* How it is then. Strings live during the callback. */
struct worktree_changed {
	const char *code;	   /* of a refusal with RDV_E_STATE, or NULL */
	const char *head, *branch; /* NULL: no commit yet; detached */
	int64_t staged, modified, untracked, conflicts;
	bool dropped;	  /* of a stash */
	const char *id;	  /* of what was discarded */
	const char *kept; /* the commit that it is now */
	/* Of a commit. */
	const char *parents; /* ids with a blank between them */
	const char *subject;
	int64_t files, added, removed;
	const char *const *hooks; /* that are there and were not run */
	bool filters;		  /* and so of files with a filter */
};

/*
 * Later, once. RDV_E_INVALID: git says no, or a name is none; RDV_E_MALFORMED:
 * an argument breaks its rule; RDV_E_STATE: `head` is another one
 * (HEAD_MOVED), nothing would be committed (NOTHING_TO_COMMIT), nobody is to
 * be named as who committed it (NO_IDENTITY); RDV_E_BUSY: git's lock is there;
 * RDV_E_MIDWAY: an operation is under way. Nothing has changed then, but that
 * what was to be committed may be staged.
 */
typedef void worktree_changed_fn(int err, const struct worktree_changed *how,
    const char *why, void *arg);

/* tree, head, names or all. */
void worktree_stage(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg);
/* The same; files stay as they are. */
void worktree_unstage(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg);
/*
 * All of it: what is staged, or only the files of `names`, or all that has
 * changed. Those that git does not know yet are among them.
 */
void worktree_commit(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg);
/*
 * Names or all go back to what HEAD has, staged or not, and files that git does
 * not know go; all of it is kept. RDV_E_STATE: nothing has changed
 * (NOTHING_TO_DISCARD), or a file changes just now.
 */
void worktree_discard(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg);
/*
 * Back as it was, files and index. RDV_E_NOT_FOUND; RDV_E_STATE: one of the
 * files is there again or differs, and none is touched then.
 */
void
worktree_discard_restore(struct worktrees *w, const struct worktree_who *who,
    const char *id, worktree_changed_fn *cb, void *arg);

#endif
