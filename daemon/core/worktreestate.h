/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREESTATE_H
#define RDV_WORKTREESTATE_H

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "daemon/core/git.h"
#include "daemon/core/workspaceclock.h"
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
	struct wt_ident *ident;		  /* once wt_ident() has asked */
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
	bool looks;    /* nothing is changed yet: one that was killed is none */
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
	char *pinned;  /* the last repository that pins.c saw; NULL: begin */
	struct wt_budget budget;
	bool due;
	bool believed; /* the wall clock is, in this one */
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
	struct ws_clock clock;		  /* by which names end; pins.c */
};

#endif
