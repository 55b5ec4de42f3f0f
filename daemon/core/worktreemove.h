/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREEMOVE_H
#define RDV_WORKTREEMOVE_H

#include "daemon/core/worktreeop.h"

/*
 * Moves a registered worktree of op->top by a rename, and tells git. `next`
 * gets the end of the command that decided: status 0 when git has it at `to`.
 * Otherwise it may have moved already; op->list is then to be read again. Both
 * paths are canonical and stay valid; nothing is at `to`.
 */
void
wt_move(struct wt_op *op, const char *from, const char *to, wt_git_fn *next);

#endif
