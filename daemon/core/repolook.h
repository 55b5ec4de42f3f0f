/* SPDX-License-Identifier: MIT */
#ifndef RDV_REPOLOOK_H
#define RDV_REPOLOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/core/worktree.h"

struct repo_remote {
	const char *name;
	const char *url; /* without password or token */
};

/* What git has to say of a repository as a whole. */
struct repo_facts {
	const char *current;	    /* branch of the main work tree, or NULL */
	const char *default_branch; /* short; NULL: none can be told */
	struct repo_remote *remotes;
	size_t nremotes;
	const char *object_format; /* sha1, sha256 */
	bool shallow;
	bool partial;	   /* objects may be with a remote alone */
	bool sparse;	   /* not all files are checked out */
	bool case_folding; /* its file system takes A for a */
	bool submodules, lfs;
	bool unknown; /* whether it has these two could not be told */
};

/*
 * Later, once; errors as of repo_refs(). `path` is that of the row. Nothing is
 * fetched: what a remote has now, nobody asks.
 */
typedef void repo_facts_fn(int err, const struct repo_facts *facts,
    const char *why, void *arg);
void repo_look(struct worktrees *w, const struct worktree_who *who,
    const char *path, repo_facts_fn *cb, void *arg);

#endif
