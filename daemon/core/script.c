/* SPDX-License-Identifier: MIT */
/*
 * Runs in a workspace beside its chains. Invariant: such a run is known by its
 * row of `script` from the same transaction on as by its row of `run`, so that
 * whoever ends a workspace finds all that was begun in it.
 */
#include "daemon/core/script.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/run.h"
#include "daemon/core/runpolicy.h"
#include "daemon/core/workspace.h"
#include "daemon/core/worktreeremove.h"
#include "daemon/store/db.h"
#include "daemon/store/resets.h"
#include "daemon/term/term.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/xalloc.h"

#define ENV_OWN 8

/* One start; it lives until `cb` was called. */
struct beginning {
	struct app *app;
	struct arena *arena;
	struct workspace ws;
	const struct workspace_part *part; /* NULL: of all of them */
	struct run *run;
	char id[UUID_TEXT];
	script_fn *cb;
	void *arg;
};

static void
answer(struct beginning *b, int err, const char *why)
{
	b->cb(err, b->run != NULL ? b->id : NULL, why, b->arg);
	arena_free(b->arena);
	free(b);
}

/* NULL, or why nothing can run there now. */
static const char *
closed(struct beginning *b, const struct script_wish *wish)
{
	const struct workspace *ws = &b->ws;
	struct store_reset reset;

	if (strcmp(wish->reason, "archive") == 0)
		return NULL;
	if (ws->row.archived_at >= 0)
		return "it is archived; restore it first";
	if (strcmp(ws->row.state, "ready") != 0)
		return "it is being made, moved or taken back";
	if (store_reset_open(b->app->db, b->arena, ws->row.id, &reset) !=
	    RDV_E_NOT_FOUND)
		return "a conversation in it is being reset";
	return NULL;
}

static bool
find_part(struct beginning *b, const struct script_wish *wish)
{
	if (wish->repo_id == NULL) {
		b->part = b->ws.n == 1 ? &b->ws.parts[0] : NULL;
		return true;
	}
	for (size_t i = 0; i < b->ws.n; i++)
		if (strcmp(b->ws.parts[i].repo.repo_id, wish->repo_id) == 0)
			b->part = &b->ws.parts[i];
	return b->part != NULL;
}

/* What tells a program where it is: contract 1.6, of what there is here. */
static const char *const *
env_of(struct beginning *b, const char *cwd)
{
	const struct store_workspace *w = &b->ws.row;
	const char *const pairs[][2] = {
		{ "RDV_PROJECT_PATH", w->directory },
		{ "RDV_WORKTREE_BRANCH", w->branch },
		{ "RDV_WORKING_DIR", cwd },
		{ "RDV_API_SOCKET", b->app->conf->api_socket },
		{ "VK_WORKSPACE_ID", w->id },
		{ "VK_WORKSPACE_BRANCH", w->branch },
	};
	const size_t n = sizeof(pairs) / sizeof(pairs[0]);
	const char **list = arena_alloc(b->arena, (n + 1) * sizeof(*list));
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (pairs[i][1] != NULL)
			list[k++] = arena_printf(b->arena, "%s=%s", pairs[i][0],
			    pairs[i][1]);
	return list;
}

/* One path that is missing would let nothing begin there. */
static bool
is_ready(const struct workspace_part *p)
{
	return p->tree.state != NULL && strcmp(p->tree.state, "ready") == 0;
}

/* A confined one may write the workspace and its worktrees, nothing else. */
static const char *const *
paths_of(struct beginning *b, const char *profile)
{
	const char **list;
	size_t n = 0;

	if (strcmp(profile, "login") == 0)
		return NULL;
	list = arena_alloc(b->arena, (b->ws.n + 2) * sizeof(*list));
	list[n++] = b->ws.row.directory;
	for (size_t i = 0; i < b->ws.n; i++)
		if (is_ready(&b->ws.parts[i]))
			list[n++] = b->ws.parts[i].path;
	return list;
}

static void
script_started_cb(int err, const char *why, void *arg)
{
	struct beginning *b = arg;
	struct run *run = run_find(b->app->runs, b->id);

	/* Nobody will type anything. */
	if (err == 0 && run != NULL && run_term(run) != NULL)
		(void)term_input_end(run_term(run));
	answer(b, err, why);
}

static void
script_written_cb(int err, void *arg)
{
	struct beginning *b = arg;

	if (err == 0) {
		run_launch(b->run, script_started_cb, b);
		return;
	}
	run_discard(b->run);
	b->run = NULL;
	answer(b, err, "the run could not be recorded");
}

static void
begin(struct beginning *b, const struct script_wish *wish, const char *cwd)
{
	const char *const bash[] = { "/bin/bash", "-c", wish->script, NULL };
	const char *profile = wish->profile != NULL ? wish->profile : "script";
	const struct store_script row = {
		.run_id = b->id,
		.user_id = wish->who.user_id,
		.workspace_id = b->ws.row.id,
		.repo_id = b->part != NULL ? b->part->repo.repo_id : NULL,
		.name = b->part != NULL ? b->part->repo.name : NULL,
	};
	const struct run_spec spec = {
		.id = b->id,
		.user_id = wish->who.user_id,
		.uid = wish->who.uid,
		.request_id = wish->request_id,
		.reason = wish->reason,
		.profile = profile,
		.net = run_policy_net(wish->network),
		.hosts = wish->network_hosts,
		.io = PRIV_IO_PIPES,
		.cwd = cwd,
		.argv = wish->script != NULL ? bash : wish->argv,
		.env = env_of(b, cwd),
		.paths = paths_of(b, profile),
	};
	struct tx *tx = tx_begin(b->app->db);

	b->run = run_create(b->app->runs, tx, &spec);
	(void)store_script_insert(tx, &row);
	/* Begun and counted are one, or a crash would have it run twice. */
	if (strcmp(wish->reason, "archive") == 0 && row.repo_id != NULL)
		(void)store_workspace_repo_archive(tx, row.workspace_id,
		    row.repo_id, row.run_id);
	tx_commit(tx, script_written_cb, b);
}

void
script_begin(struct app *app, const struct script_wish *wish, script_fn *cb,
    void *arg)
{
	struct beginning *b = xcalloc(1, sizeof(*b));
	const char *why, *cwd;
	int err;

	*b = (struct beginning){
		.app = app, .arena = arena_new(), .cb = cb, .arg = arg
	};
	uuid_v7(b->id);
	err = workspace_load(app->db, b->arena, wish->who.user_id,
	    wish->workspace_id, &b->ws);
	if (err != 0) {
		answer(b, err, "there is no such workspace");
		return;
	}
	if (!find_part(b, wish)) {
		answer(b, RDV_E_NOT_FOUND,
		    "there is no such repository in the workspace");
		return;
	}
	cwd = b->part != NULL ? b->part->path : b->ws.row.directory;
	why = closed(b, wish);
	if (why == NULL && worktree_leaves(app->worktrees, wish->who.uid, cwd))
		why = "its worktree is being removed";
	if (why != NULL)
		answer(b, RDV_E_STATE, why);
	else
		begin(b, wish, cwd);
}

void
script_stop(struct app *app, const char *run_id, const char *cause,
    script_ended_fn *cb, void *arg)
{
	struct run *run = run_find(app->runs, run_id);

	if (run == NULL) {
		cb(0, arg);
		return;
	}
	run_on_end(run, cb, arg);
	run_stop(run, cause);
}
