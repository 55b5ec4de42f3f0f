/* SPDX-License-Identifier: MIT */
#ifndef RDV_WRK_KEEP_H
#define RDV_WRK_KEEP_H

#include <stddef.h>

/*
 * What lies in the work tree `dir` of all that git tracks there, conflicts
 * among it, and what is staged there, as trees in the repository: both names
 * in `out`, with a space between them. In the second what is in conflict is as
 * in HEAD. Neither the index
 * nor a file is changed. `configs` go before each git (git-worker/gitrun.h). 0;
 * or -errno, with git's complaint in `why` where it has one.
 */
int keep_tree(const char *dir, const char *const *configs, char *out,
    size_t outsize, char *why, size_t whysize);

#endif
