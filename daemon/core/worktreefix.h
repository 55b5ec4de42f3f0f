/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREEFIX_H
#define RDV_WORKTREEFIX_H

struct worktrees;

/* Timers for what a crash left and for the trash. */
void worktreefix_init(struct worktrees *w);
void worktreefix_done(struct worktrees *w);

#endif
