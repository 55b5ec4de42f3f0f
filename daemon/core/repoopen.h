/* SPDX-License-Identifier: MIT */
#ifndef RDV_REPOOPEN_H
#define RDV_REPOOPEN_H

#include "daemon/core/worktreeop.h"
#include "daemon/store/repos.h"

/* The first member of op->own of what asks a known repository something. */
struct repo_opening {
	const char *path; /* of the row */
	wt_step_fn *next;
};

/*
 * Opens the repository of a row, which may be gone by now, or be another
 * account's or no repository any more: then the operation fails with
 * RDV_E_STATE and a sentence. It only looks.
 */
void repo_open(struct wt_op *op, const char *path, wt_step_fn *next);

#endif
