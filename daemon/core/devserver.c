/* SPDX-License-Identifier: MIT */
/*
 * Dev servers, started and ended for a whole workspace. Invariant: of one
 * workspace no two starts are under way at a time, and none begins before the
 * servers that ran there are over, so that a repository has one, and its port
 * is free.
 */
#include "daemon/core/devserver.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/core/devport.h"
#include "daemon/core/script.h"
#include "daemon/core/workspace.h"
#include "daemon/store/db.h"
#include "daemon/store/repos.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/list.h"
#include "lib/xalloc.h"

static const char again[] = "the dev servers were started again";

/* One of the repositories that have a script. */
struct server {
	const char *repo_id, *script;
};

struct start {
	TAILQ_ENTRY(start) link;
	struct devservers *s;
	struct arena *arena;
	struct devserver_wish wish;
	struct server *servers;
	const char **ids; /* of runs that were begun */
	size_t n, at, begun;
	int err; /* of the first that could not even be recorded */
	const char *why;
	devserver_fn *cb;
	void *arg;
};

struct devservers {
	struct app *app;
	TAILQ_HEAD(, start) starts;
};

/* Servers that are being ended; it lives until the last of them is over. */
struct stopping {
	struct devservers *s;
	struct arena *arena;
	const char *workspace_id;
	const char **ids;
	size_t n, cap, left;
	int err;
	devserver_stopped_fn *cb;
	void *arg;
};

struct devservers *
devservers_new(struct app *app)
{
	struct devservers *s = xcalloc(1, sizeof(*s));

	s->app = app;
	TAILQ_INIT(&s->starts);
	return s;
}

static void
start_free(struct start *st)
{
	TAILQ_REMOVE(&st->s->starts, st, link);
	arena_free(st->arena);
	free(st);
}

void
devservers_free(struct devservers *s)
{
	struct start *st;

	if (s == NULL)
		return;
	while ((st = TAILQ_FIRST(&s->starts)) != NULL)
		start_free(st);
	free(s);
}

static bool
devserver_live_cb(const struct store_script *row, const struct store_run *r,
    void *arg)
{
	struct stopping *st = arg;

	if (strcmp(r->reason, DEVSERVER) != 0 ||
	    strcmp(row->workspace_id, st->workspace_id) != 0)
		return true;
	if (st->n == st->cap) {
		st->cap = st->cap == 0 ? 8 : 2 * st->cap;
		st->ids = xreallocarray(st->ids, st->cap, sizeof(*st->ids));
	}
	st->ids[st->n++] = arena_strdup(st->arena, r->id);
	return true;
}

static void
devserver_over_cb(int err, void *arg)
{
	struct stopping *st = arg;

	if (st->err == 0)
		st->err = err;
	if (--st->left > 0)
		return;
	st->cb(st->err, st->arg);
	free(st->ids);
	arena_free(st->arena);
	free(st);
}

void
devserver_stop(struct devservers *s, const char *workspace_id,
    const char *cause, devserver_stopped_fn *cb, void *arg)
{
	struct stopping *st = xcalloc(1, sizeof(*st));
	int err;

	st->s = s;
	st->arena = arena_new();
	st->workspace_id = arena_strdup(st->arena, workspace_id);
	st->cb = cb;
	st->arg = arg;
	/* Without the list nobody can say that there is none. */
	err = store_scripts_in_flight(s->app->db, devserver_live_cb, st);
	st->err = err != 0 ? RDV_E_UNAVAILABLE : 0;
	st->left = st->n + 1;
	for (size_t i = 0; i < st->n; i++)
		script_stop(s->app, st->ids[i], cause, devserver_over_cb, st);
	/* The last of them, when there is none: who asks may hear at once. */
	devserver_over_cb(0, st);
}

static void
answer(struct start *st, int err, const char *why)
{
	st->cb(err, st->ids, st->begun, why, st->arg);
	start_free(st);
}

static void begin_next(struct start *st);

/* One that cannot be started keeps none of the others away. */
static void
devserver_begun_cb(int err, const char *id, const char *why, void *arg)
{
	struct start *st = arg;

	if (id != NULL) {
		st->ids[st->begun++] = arena_strdup(st->arena, id);
		devport_watch(st->s->app->devports, id);
	} else if (st->err == 0) {
		st->err = err;
		st->why = arena_strdup(st->arena, why);
	}
	st->at++;
	begin_next(st);
}

static void
begin_next(struct start *st)
{
	struct script_wish wish = {
		.who = st->wish.who,
		.workspace_id = st->wish.workspace_id,
		.reason = DEVSERVER,
		.profile = st->wish.profile,
		.network = st->wish.network,
		.request_id = st->wish.request_id,
	};

	if (st->at == st->n) {
		answer(st, st->begun > 0 ? 0 : st->err, st->why);
		return;
	}
	wish.repo_id = st->servers[st->at].repo_id;
	wish.script = st->servers[st->at].script;
	script_begin(st->s->app, &wish, devserver_begun_cb, st);
}

static void
devserver_stopped_cb(int err, void *arg)
{
	struct start *st = arg;

	if (err != 0)
		answer(st, RDV_E_UNAVAILABLE,
		    "those that run could not be ended");
	else
		begin_next(st);
}

/* The scripts as they are now. */
static int
find_scripts(struct start *st, const struct workspace *ws)
{
	struct store_repo repo;
	int err;

	st->servers =
	    arena_alloc(st->arena, (ws->n + 1) * sizeof(struct server));
	st->ids = arena_alloc(st->arena, (ws->n + 1) * sizeof(*st->ids));
	for (size_t i = 0; i < ws->n; i++) {
		const char *id = ws->parts[i].repo.repo_id;

		err = store_repo_get(st->s->app->db, st->arena,
		    st->wish.who.user_id, id, &repo);
		/* One that was forgotten has no script any more. */
		if (err != 0 && err != RDV_E_NOT_FOUND)
			return err;
		if (err != 0 || repo.dev_server_script == NULL ||
		    repo.dev_server_script[0] == '\0')
			continue;
		st->servers[st->n++] =
		    (struct server){ arena_strdup(st->arena, id),
			    repo.dev_server_script };
	}
	return st->n > 0 ? 0 : RDV_E_STATE;
}

static void
devserver_ensured_cb(int err, const struct workspace *ws, const char *why,
    void *arg)
{
	struct start *st = arg;

	if (err == 0 && !auth_holds(st->s->app->auth, st->wish.who.user_id,
			    st->wish.who.token_id)) {
		err = RDV_E_REVOKED;
		why = "the credential has ended meanwhile";
	} else if (err == 0) {
		err = find_scripts(st, ws);
		why = "none of its repositories has a dev server script";
	}
	if (err != 0)
		answer(st, err, why);
	else
		devserver_stop(st->s, st->wish.workspace_id, again,
		    devserver_stopped_cb, st);
}

static bool
is_starting(const struct devservers *s, const char *workspace_id)
{
	const struct start *st;

	TAILQ_FOREACH (st, &s->starts, link)
		if (strcmp(st->wish.workspace_id, workspace_id) == 0)
			return true;
	return false;
}

void
devserver_start(struct devservers *s, const struct devserver_wish *wish,
    devserver_fn *cb, void *arg)
{
	struct start *st;

	if (is_starting(s, wish->workspace_id)) {
		cb(RDV_E_BUSY, NULL, 0, "they are just being started", arg);
		return;
	}
	st = xcalloc(1, sizeof(*st));
	*st = (struct start){ .s = s,
		.arena = arena_new(),
		.wish = *wish,
		.cb = cb,
		.arg = arg };
	st->wish.workspace_id = arena_text(st->arena, wish->workspace_id);
	/* Constants of a table, or of the request, which may end before. */
	st->wish.profile = arena_text(st->arena, wish->profile);
	st->wish.network = arena_text(st->arena, wish->network);
	st->wish.request_id = arena_text(st->arena, wish->request_id);
	TAILQ_INSERT_TAIL(&s->starts, st, link);
	workspace_ensure(s->app->workspaces, &st->wish.who,
	    st->wish.workspace_id, devserver_ensured_cb, st);
}
