/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREECLOCK_H
#define RDV_WORKTREECLOCK_H

#include "daemon/core/worktreeop.h"

/*
 * A round of that account's begins: whether anything may end by the wall clock
 * in it. Not right after a jump of the clock, nor after a start whose clock no
 * row confirms: nobody has seen what it was before.
 */
bool worktree_believed(struct worktrees *w, const struct wt_round *r);
/*
 * The same where somebody asks for what he can see listed: then only a jump
 * that this rdvd has seen is a reason to wait.
 */
bool worktree_believed_asked(struct worktrees *w);

#endif
