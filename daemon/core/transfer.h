/* SPDX-License-Identifier: MIT */
#ifndef RDV_TRANSFER_H
#define RDV_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/worktree.h"
#include "daemon/store/transfers.h"

struct app;
struct arena;
struct js;
struct transfers;
struct tx;

/*
 * What goes to a remote of a repository and comes from it. As a clone it is a
 * row before it is anything else. git is at the remote in a directory of rdv's
 * own, a picture of the repository without its configuration, so that nothing
 * of what may have been written there takes part; what came of it is written
 * into the repository by the git that has no network.
 */
struct transfers *transfers_new(struct app *app);
/* Their operations have gone with those of worktrees by then. */
void transfers_free(struct transfers *ts);
/* Settles rows left in flight by a crash, a little later. */
void transfers_reconcile(struct transfers *ts);

/* Shown at most, and kept of each user when another one begins. */
#define TRANSFERS_SHOWN 200

struct transfer_spec {
	const char *kind;   /* push, fetch, pull */
	const char *path;   /* a directory in the worktree */
	const char *remote; /* NULL: the branch's, or the usual one */
	const char *lease;  /* push: see below */
	bool force;	    /* push over what is there, if it is the lease */
	bool dirty;	    /* push with uncommitted changes in the tree */
	bool upstream;	    /* push: becomes the branch's upstream */
	bool prune;	    /* fetch: what the remote has no more goes here */
};

/*
 * Later, once: 0 and the row as soon as that is durable, and it goes on.
 * RDV_E_INVALID (remote, its URL, no branch), RDV_E_NOT_FOUND (no such remote),
 * RDV_E_DIRTY, RDV_E_BUSY (too many), and what wt_open() gives; each with a
 * sentence, never with a URL. Without a lease that is what was last fetched of
 * that branch, or that there is none. Strings are copied.
 */
typedef void transfer_made_fn(int err, const struct store_transfer *row,
    const char *why, void *arg);
void transfer_start(struct worktrees *w, const struct worktree_who *who,
    const struct transfer_spec *spec, transfer_made_fn *cb, void *arg);
/*
 * Ends git, after this has returned: what is written into `tx` says so. A push
 * that has arrived by then is done all the same. 0 and the row, in the arena.
 * RDV_E_NOT_FOUND; RDV_E_STATE: it has ended, or is being written; -errno.
 */
int transfer_cancel(struct worktrees *w, struct tx *tx, struct arena *a,
    const struct worktree_who *who, const char *id, struct store_transfer *row,
    const char **why);

/* As it is shown; with how far it is, if it is at work. */
struct js *
transfer_json(const struct worktrees *w, const struct store_transfer *row);

#endif
