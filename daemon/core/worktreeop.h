/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREEOP_H
#define RDV_WORKTREEOP_H

#include "daemon/core/worktreestate.h"

/* The steps that all operations on worktrees share. */
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
/*
 * After a wait, and before the first effect: false when whoever asked for it
 * has lost the credential meanwhile, and then it has failed (C13). What has
 * begun is not asked again: it goes on to its end.
 */
bool wt_still_may(struct wt_op *op);
bool wt_begins(struct wt_op *op);
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
/*
 * The same for rdv-git, which may look everywhere and read nothing but what is
 * in `dirs`, NULL-terminated, which it may write as well; NULL: none.
 */
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
