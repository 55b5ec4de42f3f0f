/* SPDX-License-Identifier: MIT */
#ifndef RDV_DEVSERVER_H
#define RDV_DEVSERVER_H

#include <stddef.h>

#include "daemon/core/worktree.h"

struct app;
struct devservers;

/*
 * Dev servers of workspaces: of each repository that has a script for one, a
 * run beside whatever else is at work there. They are no part of a chain.
 */
struct devservers *devservers_new(struct app *app);
/* NULL is fine. */
void devservers_free(struct devservers *s);

/* The reason of such a run; of one with a row of `script`. */
#define DEVSERVER "devserver"

struct devserver_wish {
	struct worktree_who who;
	const char *workspace_id;
	const char *profile, *network; /* as of script_begin(), or NULL */
	const char *request_id;	       /* or NULL */
};

/*
 * Later, once: 0 and the ids of the runs that were begun, also of those whose
 * program could not be; or an error with a sentence: as of workspace_ensure()
 * and script_begin(), RDV_E_STATE when no repository has a script, RDV_E_BUSY
 * while others are just being started there. Those that run are ended first.
 */
typedef void devserver_fn(int err, const char *const *ids, size_t n,
    const char *why, void *arg);
void devserver_start(struct devservers *s, const struct devserver_wish *wish,
    devserver_fn *cb, void *arg);

/*
 * Ends all of a workspace because of `cause`, a constant. Once, at once when
 * there is none: 0 when they are over, or RDV_E_UNAVAILABLE.
 */
typedef void devserver_stopped_fn(int err, void *arg);
void devserver_stop(struct devservers *s, const char *workspace_id,
    const char *cause, devserver_stopped_fn *cb, void *arg);

#endif
