/* SPDX-License-Identifier: MIT */
#ifndef RDV_REPO_H
#define RDV_REPO_H

struct arena;

/* "/a/b/.git/worktrees/c" is of "/a/b"; NULL when it has another form. */
const char *repo_of_gitdir(struct arena *a, const char *at, const char *gitdir);

#endif
