/* SPDX-License-Identifier: MIT */
/*
 * Dev servers of a workspace: begun, listed, ended. The rules are
 * core/devserver's.
 */
#include "daemon/core/devserver.h"

#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/repo.h"
#include "daemon/api/script.h"
#include "daemon/app.h"
#include "daemon/core/devport.h"
#include "daemon/store/scripts.h"
#include "lib/arena.h"
#include "lib/err.h"

struct start_in {
	uint64_t set;
	const char *profile, *network;
};

static const struct js_field start_fields[] = {
	{ .name = "profile",
	    .kind = JS_ONE_OF,
	    .offset = offsetof(struct start_in, profile),
	    .words = "script|login",
	    .help = "how they are held; absent: script" },
	{ .name = "network",
	    .kind = JS_ONE_OF,
	    .offset = offsetof(struct start_in, network),
	    .words = "none|full",
	    .help = "absent: what the policy says" },
	{ .name = NULL },
};

/* Those that live of a workspace, or those that were just begun. */
struct listing {
	struct api_call *c;
	const char *const *ids; /* NULL: those that live */
	size_t n;
	struct js *items;
};

static bool
is_wanted(const struct listing *l, const char *id)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->ids[i], id) == 0)
			return true;
	return l->ids == NULL;
}

static bool
devservers_item_cb(const struct store_script *s, const struct store_run *r,
    void *arg)
{
	struct listing *l = arg;

	if (strcmp(r->reason, DEVSERVER) == 0 &&
	    strcmp(s->workspace_id, l->c->params[0]) == 0 &&
	    is_wanted(l, r->id)) {
		devport_wanted(l->c->app->devports, r->id);
		js_push(l->items, script_json(l->c->app, s, r));
	}
	return true;
}

static void
reply(struct listing *l, int status, int err)
{
	struct js *o;

	if (err != 0) {
		js_free(l->items);
		api_fail(l->c, err, NULL);
		return;
	}
	o = js_object();
	js_add(o, "items", l->items);
	api_reply(l->c, status, o);
}

static void
devservers_list(struct api_call *c)
{
	struct listing l = { .c = c };

	if (!script_workspace(c))
		return;
	l.items = js_array();
	reply(&l, 200,
	    store_scripts_in_flight(c->app->db, devservers_item_cb, &l));
}

/* Also one that has ended since, or has not begun, is among them. */
static void
devservers_started_cb(int err, const char *const *ids, size_t n,
    const char *why, void *arg)
{
	struct api_call *c = arg;
	struct listing l = { .c = c, .ids = ids, .n = n };

	if (err != 0) {
		api_fail(c, err, why);
		return;
	}
	l.items = js_array();
	reply(&l, 201,
	    store_scripts_list(c->app->db, c->actor->user_id, c->params[0],
		NULL, 1000, devservers_item_cb, &l));
}

static void
devservers_start(struct api_call *c)
{
	const struct start_in *in = c->in;
	const struct devserver_wish wish = {
		.who = repo_who(c),
		.workspace_id = c->params[0],
		.profile = in->profile,
		.network = in->network,
		.request_id = c->req->id,
	};

	if (script_workspace(c))
		devserver_start(c->app->devservers, &wish,
		    devservers_started_cb, c);
}

static void
devservers_stopped_cb(int err, void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		api_fail(c, RDV_E_UNAVAILABLE, "rdv is ending");
	else
		api_empty(c, 204);
}

static void
devservers_stop(struct api_call *c)
{
	if (script_workspace(c))
		devserver_stop(c->app->devservers, c->params[0],
		    "it was stopped", devservers_stopped_cb, c);
}

const struct api_route api_routes_devservers[] = {
	{ HTTP_M_GET, "/api/workspaces/{id}/dev-servers", SCOPE_READ,
	    .handler = devservers_list, .success = 200,
	    .doc = "Its dev servers that run, and where they listen" },
	{ HTTP_M_POST, "/api/workspaces/{id}/dev-servers", SCOPE_WRITE,
	    .body = start_fields, .in_size = sizeof(struct start_in),
	    .handler = devservers_start, .success = 201,
	    .doc = "Starts them anew, one for each repository with a script" },
	{ HTTP_M_POST, "/api/workspaces/{id}/dev-servers/stop", SCOPE_WRITE,
	    .handler = devservers_stop, .success = 204,
	    .doc = "Ends them; answered when they are over" },
	{ .pattern = NULL },
};
