/* SPDX-License-Identifier: MIT */
#ifndef RDV_PRIV_REPO_H
#define RDV_PRIV_REPO_H

#include "priv-helper/roots.h"

/* Both O_PATH. */
struct repo {
	int common; /* git directory that all worktrees share */
	int admin;  /* of this worktree: <common>/worktrees/<name> */
};

/*
 * The repository that `root`, an open directory, is a linked worktree of. It
 * is believed only when both point to each other. 0; RDV_E_NOT_FOUND when it
 * is the worktree of none; RDV_E_DENIED with the reason in `why`. The
 * descriptors are the caller's.
 */
int repo_open(const struct roots *rs, int root, struct repo *out, char *why,
    size_t whysize);

#endif
