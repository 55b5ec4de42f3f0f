/* SPDX-License-Identifier: MIT */
#ifndef RDV_REPOS_H
#define RDV_REPOS_H

#include <stdbool.h>

#include "daemon/core/worktree.h"
#include "daemon/store/repos.h"

struct arena;
struct js;
struct tx;

#define REPOS_MAX	1000 /* per user */
#define REPO_SCRIPT_MAX 16384
#define REPO_COPIES_MAX 100

/*
 * Repositories that a user has made known: rows with a path, and what shall be
 * done in their worktrees. A path is judged by rdv-git and by that user's git
 * when it is registered; forgetting touches no file.
 */

/*
 * `fresh`: it was not known before; else `repo` is as it was. Errors:
 * RDV_E_NOT_FOUND (no such directory), RDV_E_INVALID (outside the roots, in no
 * repository, somebody else's), RDV_E_FULL, RDV_E_SPAWN, RDV_E_UNAVAILABLE,
 * each with a sentence. `repo` is valid during the callback.
 */
typedef void repo_made_fn(int err, const struct store_repo *repo, bool fresh,
    const char *why, void *arg);
/*
 * Later, once. `path`: any inside the repository. `name` NULL: that of its
 * directory. Strings are copied.
 */
void repo_register(struct worktrees *w, const struct worktree_who *who,
    const char *path, const char *name, repo_made_fn *cb, void *arg);

/* Not empty, not too long, and nothing in it that a terminal would obey. */
bool repo_name_ok(const char *name);

enum repo_text {
	REPO_NAME,
	REPO_SETUP,
	REPO_CLEANUP,
	REPO_ARCHIVE,
	REPO_DEV_SERVER,
	REPO_WORKING_DIR,
	REPO_BASE,
	REPO_TEXTS
};

/* What is wanted of it; a NULL text that is set clears it. */
struct repo_spec {
	bool set[REPO_TEXTS], set_copies, set_parallel;
	const char *text[REPO_TEXTS];
	const char *const *copies; /* patterns of paths; NULL-terminated */
	bool parallel;
};

/*
 * Writes row and event into `tx`. 0; RDV_E_INVALID with a sentence in `*why`;
 * or -errno. Not 0: `tx` is to be aborted. Results live in the arena.
 */
int repo_update(struct tx *tx, struct arena *a, struct store_repo *r,
    const struct repo_spec *spec, const char **why);
int repo_forget(struct tx *tx, const struct store_repo *r);

/* As clients and events have it; the caller's. Brief: without settings. */
struct js *repo_json(const struct store_repo *r, bool brief);

#endif
