/* SPDX-License-Identifier: MIT */
#ifndef RDV_CHANGE_H
#define RDV_CHANGE_H

#include <stdbool.h>

#include "daemon/core/worktree.h"
#include "daemon/store/changes.h"

/*
 * What is done to branches in more than one step. It stands in the table
 * `change` before git is told, and what a crash leaves behind is settled by
 * asking git where the branches are: done, not done, or a state that can be
 * aborted. No commit that a branch leaves behind is forgotten: it is named
 * refs/rdv/rescue/<id>.
 */
struct change_told {
	const struct store_change *row; /* NULL: nothing was begun */
	const char *code;		/* of a refusal, or NULL */
	const char *const *conflicts;	/* files, NULL-terminated, or NULL */
};

/*
 * Later, once. RDV_E_INVALID (no branch), RDV_E_DIRTY, RDV_E_LOCKED and
 * RDV_E_MIDWAY (the tree that would be touched, its files are as they were),
 * RDV_E_STATE with told->code, RDV_E_UNAVAILABLE (it is settled later), each
 * with a sentence.
 */
typedef void
change_fn(int err, const struct change_told *told, const char *why, void *arg);

/* Codes of refusals that RDV_E_STATE alone would not tell apart. */
#define CHANGE_DIVERGED "BRANCH_DIVERGED"
#define CHANGE_CONFLICT "MERGE_CONFLICT"
#define CHANGE_NOBODY	"NO_IDENTITY"
#define CHANGE_MOVED	"HEAD_MOVED"
#define CHANGE_DRIVER	"MERGE_DRIVER"

struct change_merge {
	const char *path;    /* in the worktree whose branch is merged */
	const char *into;    /* a local branch */
	const char *message; /* NULL: one is made */
	bool squash;	     /* all of it as one commit */
	/* Where the two are thought to be; NULL: wherever they are. */
	const char *branch_at, *target_at;
};

/*
 * Merges the branch of a worktree into another one, whose tree is brought along
 * where that is checked out and clean. told->row is NULL when there is nothing
 * to merge. With `squash` the target may have nothing that the branch has not;
 * both are at the new commit then. Strings are copied.
 */
void change_merge(struct worktrees *w, const struct worktree_who *who,
    const struct change_merge *wish, change_fn *cb, void *arg);

#define CHANGE_COMMITS_MAX 200

struct change_replay {
	const char *path;
	const char *onto; /* a branch, a tag or a commit; NULL: it is a pick */
	const char *from; /* where the commits begin; NULL: `onto` */
	const char *const *commits; /* of a pick, NULL-terminated */
	const char *branch_at;	    /* as above */
};

/*
 * Makes the commits of a worktree's branch anew on another one, or those of
 * others anew on it. Success is also a row in the state conflict, with
 * told->conflicts: then the worktree waits to be gone on with. The tree has to
 * be clean before. Strings are copied.
 */
void change_replay(struct worktrees *w, const struct worktree_who *who,
    const struct change_replay *wish, change_fn *cb, void *arg);

enum change_verb { CHANGE_CONTINUE, CHANGE_SKIP, CHANGE_ABORT };

/*
 * What is open in the worktree at `path` is gone on with, or given up.
 * RDV_E_STATE: nothing is, or rdv did not begin it; CHANGE_CONFLICT: a file is
 * still in conflict. What an abort takes back of what git tracks in the tree,
 * conflicts and all, is refs/rdv/rescue/<id>-aborted, on top of what was made;
 * what a skip does, <id>-skipped-<commit>.
 */
void change_go(struct worktrees *w, const struct worktree_who *who,
    const char *path, enum change_verb verb, change_fn *cb, void *arg);

/*
 * `file`, a name in the worktree that is in conflict, is to be as `as` has it:
 * "ours", "theirs" (which may be to be gone) or "working", as it lies there. In
 * a rebase ours is what the commits are put on. told->conflicts are those that
 * are left. RDV_E_STATE: it is not in conflict.
 */
void change_resolve(struct worktrees *w, const struct worktree_who *who,
    const char *path, const char *file, const char *as, change_fn *cb,
    void *arg);

/* After a start, once git of before has ended: what was left in between. */
void changes_settle(struct worktrees *w);

#endif
