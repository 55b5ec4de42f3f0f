/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREESPARE_H
#define RDV_WORKTREESPARE_H

#include "daemon/core/worktreeop.h"

/*
 * Is told the first name that is in the way, in the arena, or NULL. A name that
 * could not be looked at is in the way.
 */
typedef void wt_spare_fn(struct wt_op *op, const char *name);

/*
 * Of `names`, from the top of op->at and each with a NUL at its end, those that
 * git ignores and that are there, or below a file that is: git writes over them
 * without a word. `names` are copied.
 */
void wt_spare_ignored(struct wt_op *op, const char *names, size_t len,
    wt_spare_fn *next);
/* All that are there, ignored or not. */
void wt_spare_all(struct wt_op *op, const char *names, size_t len,
    wt_spare_fn *next);

#endif
