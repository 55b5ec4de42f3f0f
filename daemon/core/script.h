/* SPDX-License-Identifier: MIT */
#ifndef RDV_SCRIPT_H
#define RDV_SCRIPT_H

#include "daemon/core/worktree.h"
#include "daemon/store/scripts.h"

struct app;
struct run;

/*
 * One run in a workspace that no chain has begun: somebody's command, a dev
 * server, what is done before the workspace is put away. It holds up no chain
 * and is held up by none.
 */
struct script_wish {
	struct worktree_who who;
	const char *workspace_id;
	const char *repo_id; /* NULL: the only one's, or of all of them */
	const char *reason;  /* a constant: "script", "devserver", "archive" */
	/* One of these two: for bash, or the words of a command. */
	const char *script;
	const char *const *argv;
	const char *profile;		  /* NULL: "script" */
	const char *network;		  /* NULL: what the policy says */
	const char *const *network_hosts; /* HOST:PORT, or NULL */
	const char *request_id;		  /* or NULL */
};

/*
 * Later, once: 0 and the id of a run that has begun, and may have ended, or an
 * error as of run_launch(); the id is NULL when there is no row of it.
 * RDV_E_NOT_FOUND: no such workspace, or repository in it; RDV_E_STATE: it is
 * being made, put away, or is; RDV_E_INVALID. Each with a sentence.
 */
typedef void script_fn(int err, const char *run_id, const char *why, void *arg);
void script_begin(struct app *app, const struct script_wish *wish,
    script_fn *cb, void *arg);

/*
 * Later, once: the run is over and that is durable; or RDV_E_UNAVAILABLE, rdvd
 * ends before. `cause` is a constant. One that has ended is answered at once.
 */
typedef void script_ended_fn(int err, void *arg);
void script_stop(struct app *app, const char *run_id, const char *cause,
    script_ended_fn *cb, void *arg);

#endif
