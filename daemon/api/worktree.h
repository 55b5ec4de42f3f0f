/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_WORKTREE_H
#define RDV_API_WORKTREE_H

struct js;

/* WT_* (core/worktree.h) as clients have them: all, heaviest first; ours. */
struct js *worktree_codes(unsigned bits);
/* The heaviest, or NULL. */
const char *worktree_code(unsigned bits);

#endif
