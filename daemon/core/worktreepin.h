/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREEPIN_H
#define RDV_WORKTREEPIN_H

#include "daemon/core/worktreeop.h"

/*
 * Names for the commits that a worktree in the trash stands on: its HEAD, and
 * what an operation that is open there would go back to. git forgets a worktree
 * whose directory it misses, and its garbage collection then what only that
 * worktree had. The names are refs/rdv/trash/<op->row.id>/<number>, HEAD's
 * first.
 */

/*
 * Pins the tree at op->at, of which git's directory is `gitdir`. Fails when git
 * does not take the names.
 */
void wt_pin(struct wt_op *op, const char *gitdir, wt_step_fn *next);
/* They go again. What cannot be taken away stays, and costs only space. */
void wt_unpin(struct wt_op *op, wt_step_fn *next);
/*
 * The tree is to be no more: what stands under no other name is called
 * refs/rdv/rescue/<op->row.id> from now on, `head` (or NULL) first. The pins
 * stay. Fails when git cannot tell, or does not take the names.
 */
void wt_rescue(struct wt_op *op, const char *head, wt_step_fn *next);

#endif
