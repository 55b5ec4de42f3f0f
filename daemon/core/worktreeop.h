/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREEOP_H
#define RDV_WORKTREEOP_H

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "daemon/core/git.h"
#include "daemon/core/worktree.h"
#include "daemon/event/event.h"
#include "daemon/store/worktrees.h"
#include "lib/porcelain.h"

/*
 * In front of a git command that checks files out. Each file waits for the
 * disk, so more are written at a time than there are processors; git does so
 * from a hundred files on.
 */
#define WT_WORKERS "-c", "checkout.workers=8"

struct wt_op;
typedef void wt_step_fn(struct wt_op *op);
typedef void wt_git_fn(struct wt_op *op, const struct git_result *r);
typedef void wt_fail_fn(struct wt_op *op, int err, const char *why);
enum wt_claim { WT_UNCLAIMED, WT_CLAIMED, WT_CLAIM_UNKNOWN };
typedef void wt_claim_fn(struct wt_op *op, enum wt_claim claim);

/*
 * One operation on worktrees: a chain of steps, each a git command or a
 * transaction, kept alive by the list until wt_end(). Strings live in its
 * arena. A step that fails calls `fail`, which answers the caller.
 */
struct wt_op {
	TAILQ_ENTRY(wt_op) link;
	struct worktrees *w;
	struct arena *arena;
	struct worktree_who who;

	/* The repository, after wt_open(). */
	const char *at;	 /* canonical top of the tree the path lies in */
	const char *top; /* of the main work tree */
	const char
	    *trash;	 /* canonical, where removed ones go; may be missing */
	bool near_trash; /* a rename can put `at` there */
	bool borrows;	 /* it has objects of another repository */
	const char *const *configs; /* programs taken away, gitpins.h */
	struct wt_list list;
	const struct wt_entry *here; /* the entry of `at` */

	struct store_worktree row; /* of what is made or moved */
	void *own;		   /* what the operation needs beyond that */
	struct wt_asking *asking;  /* while worktree_look() asks */
	struct wt_questions *questions;	  /* for the next wt_ask() */
	struct wt_opening *opening;	  /* while wt_open() asks */
	struct wt_spare *spare;		  /* while worktreespare.c is at it */
	struct wt_moving *moving;	  /* while wt_move() is at it */
	struct wt_pinning *pinning;	  /* while worktreepin.c is */
	struct wt_merging *merging;	  /* while worktree_notes() asks */
	struct wt_destroying *destroying; /* while wt_destroy() is at it */

	wt_step_fn *next, *opened, *attached;
	const char *branch, *commit; /* while wt_attach() asks */
	wt_git_fn *git_next;
	wt_claim_fn *claimed;
	wt_fail_fn *fail;
	bool optional; /* what runs may be denied */
	bool judging;  /* a git that cannot answer is an answer */
	bool deferred; /* its next step is with the loop */
	bool writes;   /* it adds, moves or removes worktrees */
	bool keeps;    /* it may need the trash */
	bool entered;  /* it is at work on its repository */
	bool waiting;  /* for another one that is */
	bool leaves;   /* op->at is being taken away */
	bool queued;   /* for what another one makes (worktreequota.c) */
};
TAILQ_HEAD(wt_ops, wt_op);

/* What may still be deleted in one round. */
struct wt_budget {
	uint64_t files, bytes;
};

/* How far the trash of one account has been looked through. */
struct wt_round {
	SLIST_ENTRY(wt_round) link;
	uid_t uid;
	int64_t began; /* monotonic; -1: not yet */
	int64_t came;  /* the newest row it came to; -1: begin anew */
	int64_t ended; /* the same of those that are being deleted */
	struct wt_budget budget;
	bool due;
};

struct worktrees {
	struct app *app;
	struct git *git;
	struct gitwork *works;
	struct wt_watches *watches; /* worktreewatch.c */
	struct clones *clones;
	struct transfers *transfers;
	struct wt_sizes *sizes; /* worktreesize.c */
	char *trash;		/* as rdv-git is told it */
	char *real_trash; /* as it has to name it; NULL: rdvd cannot know */
	struct wt_ops ops, ended;
	TAILQ_HEAD(, wt_room) rooms;	  /* worktreequota.c */
	struct loop_timer *settle, *tidy; /* worktreefix.c */
	SLIST_HEAD(, wt_round) rounds;	  /* one in user mode */
	struct wt_budget sweep, chunk;	  /* of one round; of one call */
	int64_t destroy_ms;		  /* that one end may take at a time */
};

struct wt_op *wt_new(struct worktrees *w, const struct worktree_who *who,
    bool writes, wt_fail_fn *fail);
/* The operation is over; it may be on the stack, and is freed later. */
void wt_end(struct wt_op *op);
/* rdv is ending: those not yet begun fail. */
void wt_let_go(struct worktrees *w);
/* None is left; all are freed. */
void wt_done(struct worktrees *w);
/* `step` later from the loop, so that no caller is answered at once. */
void wt_later(struct wt_op *op, wt_step_fn *step);
void wt_fail(struct wt_op *op, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Fails with what git said. */
void wt_fail_git(struct wt_op *op, const struct git_result *r);

/* `step` when the operation's turn in its repository has come. */
void wt_enter(struct wt_op *op, wt_step_fn *step);
/* What it does next takes long and nothing of git's: others may go in. */
void wt_leave(struct wt_op *op);
/*
 * Finds the repository around `path`, its programs and its worktrees, and waits
 * for its turn there: git's own commands trip over a worktree that another one
 * is just making. Those that only look do not wait for one another.
 */
void wt_open(struct wt_op *op, const char *path, wt_step_fn *next);
/* The list once more into op->list; `here` is not touched. */
void wt_relist(struct wt_op *op, wt_step_fn *next);
/*
 * One git command in `dir`. It may read and write op->at, op->top and the
 * NULL-terminated `more`. `next` gets whatever status it ended with.
 */
void wt_git(struct wt_op *op, const char *dir, const char *const *argv,
    const char *const *more, wt_git_fn *next);
/* The same with the text `in` on its standard input. */
void wt_git_in(struct wt_op *op, const char *dir, const char *const *argv,
    const char *in, wt_git_fn *next);
/* The same with bytes, at most GIT_IN_MAX; `dir` it may write, too. */
void wt_git_bytes(struct wt_op *op, const char *dir, const char *const *argv,
    const char *in, size_t len, wt_git_fn *next);
/* The same for rdv-git, which may look everywhere and read nothing. */
void wt_worker(struct wt_op *op, const char *const *argv, wt_git_fn *next);
/* The same with directories that it may read and write, NULL-terminated. */
void wt_worker_in(struct wt_op *op, const char *const *dirs,
    const char *const *argv, wt_git_fn *next);
/* The same for a program of the host, which may read everywhere. */
void wt_host(struct wt_op *op, const char *const *argv, wt_git_fn *next);
/*
 * In the trash HEAD was detached from op->row.branch: back at op->row.path it
 * takes that again, if the branch is where HEAD is and nobody has it out. `e`
 * is the tree's entry. op->row.branch says what came of it.
 */
void wt_attach(struct wt_op *op, const struct wt_entry *e, wt_step_fn *next);
/* Whether a rebase or a bisection of any worktree is to end on `branch`. */
void wt_claims(struct wt_op *op, const char *branch, wt_claim_fn *next);
/*
 * Deletes op->row.branch if it still is at op->row.branch_start, where it was
 * to be made.
 */
void wt_unbranch(struct wt_op *op, wt_git_fn *next);
/*
 * Another one of that user's is at work on one with this path, or this id. Of
 * what is deleted its path may be another's by now.
 */
bool wt_in_flight(const struct worktrees *w, const struct wt_op *but, uid_t uid,
    const char *path, const char *id);
/* git was interrupted while it made this one; nobody has worked in it. */
bool wt_half_made(const struct wt_entry *e);
/*
 * Stores op->row (new: inserts it) with an event of it, and goes on when that
 * is durable.
 */
void
wt_store(struct wt_op *op, bool insert, enum event_kind kind, wt_step_fn *next);

#endif
