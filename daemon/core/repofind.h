/* SPDX-License-Identifier: MIT */
#ifndef RDV_REPOFIND_H
#define RDV_REPOFIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/worktree.h"

#define REPO_FIND_DEPTH 6
#define REPO_FIND_MAX	500

struct repo_found {
	const char *path;
	bool linked;	/* .git is a file: a worktree, or a submodule */
	int64_t when;	/* seconds; when something in .git changed last */
	const char *id; /* of its row; NULL: not known yet */
};

struct repo_left {
	const char *path, *reason;
};

struct repo_finds {
	const char *root; /* canonical */
	struct repo_found *found;
	size_t nfound;
	struct repo_left *left; /* the first hundred */
	size_t nleft, left_total;
	bool complete; /* neither time nor count put an end to it */
};

/*
 * Repositories of the account's in and below `path` (NULL: its home), `depth`
 * levels at most, later, once. It looks as the account, in the `login` profile,
 * for three seconds at most; no link is followed, no other file system entered
 * and no repository looked into. RDV_E_INVALID (no such directory, outside of
 * the roots), RDV_E_DENIED (the policy grants no `login`), and what git_run()
 * gives; each with a sentence.
 */
typedef void repo_find_fn(int err, const struct repo_finds *finds,
    const char *why, void *arg);
void repo_find(struct worktrees *w, const struct worktree_who *who,
    const char *path, unsigned depth, repo_find_fn *cb, void *arg);

#endif
