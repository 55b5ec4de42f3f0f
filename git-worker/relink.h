/* SPDX-License-Identifier: MIT */
#ifndef RDV_RELINK_H
#define RDV_RELINK_H

#include <stddef.h>

/*
 * Tells the directory `tree` which worktree it is: that of the repository in
 * the main work tree `top` which is registered at `tree`. A .git that is there
 * already stays. 0; RDV_E_NOT_FOUND: none is registered there; -errno.
 */
int relink_tree(const char *top, const char *tree);

#endif
