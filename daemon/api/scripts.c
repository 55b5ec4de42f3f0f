/* SPDX-License-Identifier: MIT */
/*
 * Runs of all kinds in one list, the end of any of them, and those that
 * somebody begins in a workspace. The rules are core/script's and core/run's.
 */
#include "daemon/core/script.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/conversation.h"
#include "daemon/api/repo.h"
#include "daemon/api/script.h"
#include "daemon/api/session.h"
#include "daemon/app.h"
#include "daemon/core/devport.h"
#include "daemon/core/run.h"
#include "daemon/core/runpolicy.h"
#include "daemon/core/workspace.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define SCRIPT_BYTES 65536
#define ARGV_MAX     256

/* Begins as struct page_in. */
struct list_in {
	uint64_t set;
	const char *cursor;
	int64_t limit;
	bool live;
};

struct begin_in {
	uint64_t set;
	const char *script, *repo_id, *profile, *network;
	const char **command, **network_hosts;
};

#define FIELD(st, n, k, member, ...)                                         \
	{                                                                    \
		.name = n, .kind = k, .offset = offsetof(struct st, member), \
		__VA_ARGS__                                                  \
	}
#define ID .min = UUID_TEXT - 1, .max = UUID_TEXT - 1

static const struct js_field list_fields[] = {
	CURSOR_FIELDS(list_in, cursor, limit),
	FIELD(list_in, "live", JS_BOOL, live,
	    .help = "all that have not ended, in one page"),
	{ .name = NULL },
};

static const struct js_field begin_fields[] = {
	FIELD(begin_in, "script", JS_TEXT, script, .min = 1,
	    .max = SCRIPT_BYTES, .help = "for bash; this or a command"),
	FIELD(begin_in, "command", JS_TEXTS, command, .max = ARGV_MAX,
	    .help = "a program and its arguments, as they are"),
	FIELD(begin_in, "repo_id", JS_TEXT, repo_id, ID,
	    .help = "in whose worktree; absent: of several, around all"),
	FIELD(begin_in, "profile", JS_ONE_OF, profile, .words = "script|login",
	    .help = "how it is held; absent: script"),
	FIELD(begin_in, "network", JS_ONE_OF, network,
	    .words = "none|list|full", .help = "absent: what the policy says"),
	FIELD(begin_in, "network_hosts", JS_TEXTS, network_hosts, .max = 64,
	    .help = "HOST:PORT, with the network list"),
	{ .name = NULL },
};

struct listing {
	struct api_call *c;
	struct js *items;
};

/* Where a run is that somebody began there, beside what it is. */
static void
add_script(struct app *app, struct js *o, const struct store_script *s)
{
	js_add_str(o, "workspace_id", s->workspace_id);
	js_add_str(o, "repo_id", s->repo_id);
	js_add_str(o, "repo", s->name);
	js_add(o, "ports", devport_json(app, s->run_id));
}

struct js *
script_json(struct app *app, const struct store_script *s,
    const struct store_run *r)
{
	struct js *o = run_list_item(app, r);

	add_script(app, o, s);
	return o;
}

static bool
scripts_run_cb(const struct store_run *r, void *arg)
{
	struct listing *l = arg;

	if (strcmp(r->user_id, l->c->actor->user_id) == 0)
		js_push(l->items, run_list_item(l->c->app, r));
	return true;
}

static void
scripts_runs(struct api_call *c)
{
	const struct list_in *in = c->in;
	struct listing l = { c, js_array() };
	int err;

	if (!in->live) {
		conversation_reply_page(c,
		    store_runs_list(c->app->db, c->actor->user_id, in->cursor,
			in->limit > 0 ? in->limit : CONVERSATION_PAGE,
			scripts_run_cb, &l),
		    &(struct conversation_page){ .items = l.items });
		return;
	}
	err = store_runs_in_flight(c->app->db, scripts_run_cb, &l);
	answer_page(c, err, l.items, NULL);
}

void
script_reply(struct api_call *c, const char *run_id, int status)
{
	struct store_script s;
	struct store_run r;
	struct js *o;
	int err = store_run_get(c->app->db, c->req->arena, c->actor->user_id,
	    run_id, &r);

	if (err != 0) {
		answer_missing(c, err, "there is no such run");
		return;
	}
	o = run_json(c->app, &r);
	devport_wanted(c->app->devports, r.id);
	if (store_script_get(c->app->db, c->req->arena, r.id, &s) == 0)
		add_script(c->app, o, &s);
	api_reply(c, status, o);
}

static void
scripts_stopped_cb(int err, void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		api_fail(c, err, "rdv is ending");
	else
		script_reply(c, c->params[0], 200);
}

/* Answered when its last process is gone, and that it is over is durable. */
static void
scripts_stop(struct api_call *c)
{
	struct store_run r;

	if (run_load(c, &r))
		script_stop(c->app, r.id, "it was stopped", scripts_stopped_cb,
		    c);
}

static bool
scripts_of_cb(const struct store_script *s, const struct store_run *r,
    void *arg)
{
	struct listing *l = arg;

	js_push(l->items, script_json(l->c->app, s, r));
	return true;
}

bool
script_workspace(struct api_call *c)
{
	struct workspace ws;
	int err = workspace_load(c->app->db, c->req->arena, c->actor->user_id,
	    c->params[0], &ws);

	if (err != 0)
		answer_missing(c, err, "there is no such workspace");
	return err == 0;
}

static void
scripts_of(struct api_call *c)
{
	const struct page_in *in = c->in;
	struct listing l = { c, NULL };

	if (!script_workspace(c))
		return;
	l.items = js_array();
	conversation_reply_page(c,
	    store_scripts_list(c->app->db, c->actor->user_id, c->params[0],
		in->cursor, in->limit > 0 ? in->limit : CONVERSATION_PAGE,
		scripts_of_cb, &l),
	    &(struct conversation_page){ .items = l.items });
}

static void
scripts_begun_cb(int err, const char *id, const char *why, void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		api_fail(c, err, why);
	else
		script_reply(c, id, 201);
}

static void
scripts_begin(struct api_call *c)
{
	const struct begin_in *in = c->in;
	const char *const *hosts = (const char *const *)in->network_hosts;
	const struct script_wish wish = {
		.who = repo_who(c),
		.workspace_id = c->params[0],
		.repo_id = in->repo_id,
		.reason = "script",
		.script = in->script,
		.argv = (const char *const *)in->command,
		.profile = in->profile,
		.network = in->network,
		.network_hosts = hosts,
		.request_id = c->req->id,
	};
	const char *why = run_policy_judge_hosts(in->network, hosts);

	if ((in->script != NULL) == (in->command != NULL))
		why = "script: this or a command, and one of them";
	else if (in->command != NULL && in->command[0] == NULL)
		why = "command: has no program";
	if (why != NULL)
		api_fail(c, RDV_E_INVALID, why);
	else
		script_begin(c->app, &wish, scripts_begun_cb, c);
}

const struct api_route api_routes_scripts[] = {
	{ HTTP_M_GET, "/api/runs", SCOPE_READ, .query = list_fields,
	    .in_size = sizeof(struct list_in), .handler = scripts_runs,
	    .success = 200, .doc = "Runs of all kinds, newest first" },
	{ HTTP_M_POST, "/api/runs/{id}/stop", SCOPE_WRITE,
	    .handler = scripts_stop, .success = 200,
	    .doc = "Ends a run with all it started; answered when it is over" },
	{ HTTP_M_GET, "/api/workspaces/{id}/runs", SCOPE_READ,
	    .query = conversation_page_fields,
	    .in_size = sizeof(struct page_in), .handler = scripts_of,
	    .success = 200,
	    .doc = "What ran in a workspace beside its turns, newest first" },
	{ HTTP_M_POST, "/api/workspaces/{id}/runs", SCOPE_WRITE,
	    .body = begin_fields, .in_size = sizeof(struct begin_in),
	    .handler = scripts_begin, .success = 201,
	    .doc = "Runs a script or a command there" },
	{ .pattern = NULL },
};
