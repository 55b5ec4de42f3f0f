/* SPDX-License-Identifier: MIT */
#ifndef RDV_CHANGEOP_H
#define RDV_CHANGEOP_H

#include "daemon/core/change.h"
#include "daemon/core/worktreeop.h"

/* Its own part of an operation, op->own. All in the operation's arena. */
struct change {
	struct store_change row;
	struct store_change past; /* the row it takes the place of, or no id */
	change_fn *cb; /* NULL: nobody waits, it is settled after a crash */
	void *arg;
	const char *path; /* as it was named */
	struct change_merge merge;
	struct change_replay replay;
	enum change_verb verb;
	const char *file, *as; /* of change_resolve() */
	const char *begin;     /* of a rebase: behind what its commits are */
	bool aborts;	       /* where nothing has moved, that was meant */
	bool refused;	       /* git said no before it wrote anything */
	bool written;	       /* and of a replay: when it had written */

	bool noted;    /* its row is stored */
	bool settling; /* a failure is being looked into */
	int err;       /* what it ends with, when `noted` */
	const char *code, *why;
	const char *const *conflicts;

	const char *branch_now, *target_now; /* change_heads(); or NULL */
	const struct wt_entry *out;	     /* the tree the target is out in */
	const char *torn_now; /* changetorn.c: a tree of what is there */
	const char *files;    /* of an abort: the tree of what lies there */
	/* changerescue.c: the name; what is to have it, and what had it */
	const char *rescue, *rescue_made, *rescued;
	wt_git_fn *named;
	int64_t behind, ahead; /* of the target: what only that has */

	/* Of a part that is at work; each has one at a time. */
	const char *dir;
	const struct git_fact *midway;
	bool whole;
	wt_step_fn *then, *judged, *known, *stored;
};

struct change *change_of(const struct wt_op *op);
struct wt_op *change_new(struct worktrees *w, const struct worktree_who *who,
    change_fn *cb, void *arg);
/* Ends it. Without a row: nothing was begun. */
void change_answer(struct wt_op *op, int err, const char *why);
/* Fails with a code that says more than `err`, or NULL. */
void change_refuse(struct wt_op *op, int err, const char *code, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
/* Stores the row for the first time, as running, and goes on when durable. */
void change_note(struct wt_op *op, wt_step_fn *next);
/*
 * changepast.c: another row is open there. One that waits, though git has
 * nothing open any more, was ended by hand: c->past is that, as it ended. Else
 * it is refused.
 */
void change_past(struct wt_op *op, wt_step_fn *next);
/* Refuses as another one is open in the worktree. */
void change_open(struct wt_op *op);
/* Stores what has become of it. */
void change_save(struct wt_op *op, enum event_kind kind, wt_step_fn *next);
/* Stores what it has ended as, and answers. */
void change_end(struct wt_op *op, const char *state, const char *cause);
/* Where row.branch and row.target are now. */
void change_heads(struct wt_op *op, wt_step_fn *next);

/*
 * changejudge.c: refuses when an operation is open in the tree at `dir`; with
 * `whole` also when it is not clean, since git is to touch its files.
 */
void
change_judge(struct wt_op *op, const char *dir, bool whole, wt_step_fn *next);
/* Refuses when a rebase or a bisection anywhere is to end on row.target. */
void change_unclaimed(struct wt_op *op, wt_step_fn *next);
/* changewho.c: whose commits they are to be; refuses when nobody knows. */
void change_identity(struct wt_op *op, wt_step_fn *next);

/* Files in conflict in the tree at `dir`, into c->conflicts; NULL: none. */
void change_unmerged(struct wt_op *op, const char *dir, wt_step_fn *next);
/* What is open at `dir`, into c->midway. */
void change_midway(struct wt_op *op, const char *dir, wt_step_fn *next);

/* changefix.c: asks git what became of it, stores that, and answers. */
void change_settle(struct wt_op *op);
/* The same when it was told by git, in its own words; NULL: it went well. */
void change_settle_said(struct wt_op *op, const struct git_result *r);
/*
 * Why git merged nothing, as a sentence: it has met a file whose merge driver,
 * a program that the repository names, was taken away. NULL: another reason.
 */
const char *change_undriven(struct wt_op *op, const struct git_result *r);
/* True for what runs in the worktree itself. */
bool change_is_replay(const struct change *c);
/* The cause of a row whose tree was left in the middle of being written. */
extern const char change_torn[];
/*
 * Calls the commit refs/rdv/rescue/<id>-<as>; of what had that name before it
 * is made a child. `next` has the result of the git that it ended with.
 */
void change_rescue(struct wt_op *op, const char *as, const char *commit,
    wt_git_fn *next);
/* changetorn.c: puts such a tree back as it was, and ends it; or refuses. */
void change_untear(struct wt_op *op);

/*
 * changereplay.c: git in the worktree, which asks nobody anything. `words` end
 * with NULL.
 */
void change_run(struct wt_op *op, const char *const *words, wt_git_fn *next);

/* "refs/heads/<name>", in the arena. */
const char *change_ref(struct wt_op *op, const char *name);
bool change_same(const char *a, const char *b);
/* The first line of what git said, in the arena. */
const char *change_line(struct wt_op *op, const struct git_result *r);

#endif
