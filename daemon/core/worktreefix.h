/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREEFIX_H
#define RDV_WORKTREEFIX_H

#include <stdbool.h>
#include <sys/types.h>

struct app;
struct worktree_who;
struct worktrees;

/* Timers for what a crash left and for the trash. */
void worktreefix_init(struct worktrees *w);
void worktreefix_done(struct worktrees *w);
/* What the timers do: look at rows in flight, and at the trash. */
void worktreefix_settle(struct worktrees *w);
void worktreefix_tidy(struct worktrees *w);
/* A round of that account's that somebody has asked for. */
void worktreefix_tidy_of(struct worktrees *w, uid_t uid);
/* Fills in whose who->uid is; false: nobody's that is known. */
bool worktreefix_who(const struct app *app, struct worktree_who *who);

#endif
