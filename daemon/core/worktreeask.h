/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREEASK_H
#define RDV_WORKTREEASK_H

#include "daemon/core/worktreeop.h"
#include "lib/gitproto.h"

/*
 * What only the account itself can see, asked of rdv-git. One more question for
 * the next wt_ask(); `arg` is not empty. The fact is in the arena, and says
 * that it could not be looked at until it is answered.
 */
const struct git_fact *
wt_question(struct wt_op *op, const char *question, const char *arg);
/*
 * Asks all of them at once, in their order. No answer is the operation's
 * failure; while a removal is judged it is a fact like others, and a reason
 * against it.
 */
void wt_ask(struct wt_op *op, wt_step_fn *next);
/* With `dirs` to be read, where a question is about what a file says. */
void wt_ask_in(struct wt_op *op, const char *const *dirs, wt_step_fn *next);
/*
 * What rdv-git, started for one thing, said of it: in the arena; NULL with a
 * sentence. Not for wt_ask().
 */
const struct git_fact *
wt_fact_of(struct wt_op *op, const struct git_result *r, const char **why);
/* Fails with what a fact says, which is not GIT_FOUND. */
void wt_fail_fact(struct wt_op *op, const struct git_fact *f);
/* Nothing is there, seen with the account's own eyes. */
bool wt_absent(const struct git_fact *f);

#endif
