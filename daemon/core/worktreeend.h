/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREEEND_H
#define RDV_WORKTREEEND_H

#include "daemon/core/worktreeop.h"

/*
 * Which directory `path` is and how much lies in it, into op->row. What cannot
 * be found out is not known there, and nothing fails.
 */
void wt_weigh(struct wt_op *op, const char *path, wt_step_fn *next);
/*
 * Ends op->row, which is in the trash: deleted for good, with `budget` (NULL:
 * however much it is) as far as that goes. Goes on when it is removed, or
 * stored as ending and without a budget. Fails when it takes too long.
 */
void wt_destroy(struct wt_op *op, struct wt_budget *budget, wt_step_fn *next);

#endif
