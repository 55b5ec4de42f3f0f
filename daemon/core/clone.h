/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLONE_H
#define RDV_CLONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/worktree.h"
#include "daemon/store/clones.h"

struct app;
struct arena;
struct clones;
struct js;
struct tx;

/*
 * Repositories on their way here. A clone is a row before it is anything else;
 * git makes it in a directory beside the wished one, which it becomes when it
 * is whole, and then it is made known. Killed anywhere it is finished or taken
 * back by the next start.
 */
struct clones *clones_new(struct app *app);
/* Their operations have gone with those of worktrees by then. */
void clones_free(struct clones *cs);
/* Settles rows left in flight by a crash, a little later. */
void clones_reconcile(struct clones *cs);

/* Shown at most, and kept of each user when another one begins. */
#define CLONES_SHOWN 200

struct clone_spec {
	const char *url, *dir;
	const char *name, *branch, *filter; /* or NULL */
	int64_t depth;			    /* commits; 0: all */
	bool sparse;			    /* the files at the top alone */
	bool submodules;		    /* those, too */
};

/*
 * Later, once: 0 and the row as soon as that is durable, and the clone goes on;
 * RDV_E_INVALID, RDV_E_NOT_FOUND, RDV_E_EXISTS (something has the path),
 * RDV_E_BUSY and RDV_E_FULL (too many clones, or repositories), each with a
 * sentence that names the field. Strings are copied.
 */
typedef void clone_made_fn(int err, const struct store_clone *row,
    const char *why, void *arg);
void clone_start(struct worktrees *w, const struct worktree_who *who,
    const struct clone_spec *spec, clone_made_fn *cb, void *arg);
/*
 * Ends git and takes back what it has made, both after this has returned: what
 * is written into `tx` says so. 0 and the row, in the arena. RDV_E_NOT_FOUND;
 * RDV_E_STATE: it has ended, or is whole already; -errno.
 */
int clone_cancel(struct worktrees *w, struct tx *tx, struct arena *a,
    const struct worktree_who *who, const char *id, struct store_clone *row,
    const char **why);

/* As it is shown; with how far it is, if it is at work. */
struct js *clone_json(const struct worktrees *w, const struct store_clone *row);

#endif
