/* SPDX-License-Identifier: MIT */
/*
 * /health and /api/status. Health is what a round trip through each part found
 * just now, never what a flag remembers: it is asked when something is wrong.
 */
#include <stdio.h>
#include <unistd.h>

#include "build.h"
#include "daemon/api/api.h"
#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/conf.h"
#include "daemon/core/guard.h"
#include "daemon/core/health.h"
#include "daemon/core/probe.h"
#include "daemon/core/run.h"
#include "daemon/event/event.h"
#include "daemon/rss.h"
#include "daemon/store/approvals.h"
#include "daemon/store/counts.h"
#include "daemon/store/db.h"
#include "lib/clock.h"

/* By the clock that nobody sets. */
static int64_t
uptime(const struct app *app)
{
	int64_t ms = clock_mono_ms() - app->started_mono_ms;

	return ms / 1000;
}

static const char *
health_word(const struct health *h)
{
	return health_good(h) ? "healthy" : "degraded";
}

/*
 * tmux is reported because clients of the older API ask for it; nothing here
 * rests on it, so it is no part of the verdict.
 */
static struct js *
health_components(struct app *app, const struct health *h)
{
	struct js *o = js_object();

	js_add_bool(o, "database", h->database);
	js_add_bool(o, "helper", h->helper);
	js_add_bool(o, "git_workers", h->git_workers);
	js_add_bool(o, "egress", h->egress);
	js_add_bool(o, "integrity", h->integrity);
	js_add_bool(o, "tmux", app->tmux);
	return o;
}

static struct js *
health_metrics(struct app *app, const struct store_counts *n)
{
	struct js *o = js_object();
	struct http_stats http;

	http_server_stats(app->server, &http);
	js_add_int(o, "active_sessions", n->active);
	js_add_int(o, "websocket_connections", http.websockets);
	js_add_int(o, "pending_requests", http.requests_pending);
	return o;
}

/* The helper has answered, or has not in time. */
static void
health_probed_cb(bool helper, void *arg)
{
	struct api_call *c = arg;
	struct app *app = c->app;
	struct store_counts n = { 0, 0 };
	struct js *o = js_object();
	struct health h;

	health_of(app, helper, &h);
	h.database = store_counts_get(app->db, &n) == 0 && h.database;
	/*
	 * Degraded is 200 as well: a proxy takes anything else for "not there"
	 * (contract 2.1).
	 */
	js_add_str(o, "status", health_word(&h));
	js_add_str(o, "version", RDV_VERSION);
	js_add_int(o, "uptime_seconds", uptime(app));
	js_add(o, "components", health_components(app, &h));
	js_add(o, "metrics", health_metrics(app, &n));
	api_reply(c, 200, o);
}

/*
 * Open to everybody who reaches the socket, hence no names, no paths and no
 * per-user numbers, and one question to the helper for all who ask at once.
 */
static void
system_health(struct api_call *c)
{
	probe_ask(c->app->probe, health_probed_cb, c);
}

static struct js *
features_json(uint32_t features)
{
	struct js *list = js_array();
	const char *name;

	for (unsigned i = 0; (name = guard_feature(features, i)) != NULL; i++)
		js_push_str(list, name);
	return list;
}

static struct js *
status_helper(struct app *app)
{
	struct probe_report r;
	struct js *o = js_object();
	char generation[17];

	probe_report(app->probe, &r);
	/* Text: a JSON number of 64 bits loses its last digits in a browser. */
	(void)snprintf(generation, sizeof(generation), "%016llx",
	    (unsigned long long)r.generation);
	js_add_bool(o, "ready", r.ready);
	js_add_int(o, "pid", r.pid);
	js_add_str(o, "generation", generation);
	js_add_int(o, "starts", (int64_t)r.starts);
	js_add_int(o, "waiting", r.waiting);
	js_add_str(o, "refused", r.refused);
	js_add(o, "features", features_json(r.features));
	return o;
}

static struct js *
status_database(struct app *app)
{
	struct db_stats s;
	struct js *o = js_object();

	db_stats(app->db, &s);
	js_add_str(o, "path", app->conf->database_path);
	js_add_int(o, "bytes", s.bytes);
	js_add_int(o, "log_bytes", s.log_bytes);
	return o;
}

/*
 * Numbers that cannot be read are zero here; /health says that the database
 * does not answer.
 */
static struct js *
status_sessions(struct app *app)
{
	struct store_counts n = { 0, 0 };
	struct js *o = js_object();

	(void)store_counts_get(app->db, &n);
	js_add_int(o, "active", n.active);
	js_add_int(o, "suspended", n.suspended);
	js_add_int(o, "runs_running", runs_live(app->runs));
	js_add_int(o, "runs_stopped", runs_count_halted(app->runs));
	return o;
}

/* Of the one who asks alone. */
static int64_t
status_asked(struct app *app, const struct actor *who)
{
	struct store_approval_counts n = { 0, 0, 0 };

	(void)store_approvals_count(app->db, who->user_id, "", &n);
	return n.user_pending;
}

/* Where the page is: what nginx was told to listen on. */
static struct js *
status_web(struct app *app)
{
	struct js *list = js_array();
	char url[300];

	for (char **w = app->web; w != NULL && *w != NULL; w++) {
		(void)snprintf(url, sizeof(url), "http://%s", *w);
		js_push_str(list, url);
	}
	return list;
}

static struct js *
status_counters(struct app *app)
{
	struct js *o = js_object();
	struct http_stats http;
	struct auth_stats auth;

	http_server_stats(app->server, &http);
	auth_stats(app->auth, &auth);
	js_add_int(o, "connections", http.conns);
	js_add_int(o, "requests", (int64_t)http.requests);
	js_add_int(o, "websockets", http.websockets);
	js_add_int(o, "streams", http.streams);
	js_add_int(o, "auth_failures", (int64_t)auth.failures);
	js_add_int(o, "newest_event", event_newest(app->bus));
	js_add_int(o, "rss_bytes", rss_bytes());
	return o;
}

static struct js *
status_parts(unsigned running, const char *name, unsigned bad)
{
	struct js *o = js_object();

	js_add_int(o, "running", running);
	js_add_int(o, name, bad);
	return o;
}

static void
status_probed_cb(bool helper, void *arg)
{
	struct api_call *c = arg;
	struct app *app = c->app;
	struct js *o = js_object();
	struct health h;

	health_of(app, helper, &h);

	js_add_str(o, "health", health_word(&h));
	js_add(o, "components", health_components(app, &h));
	js_add_str(o, "version", RDV_VERSION);
	js_add_str(o, "build", RDV_BUILD);
	js_add_int(o, "pid", getpid());
	js_add_int(o, "uptime_seconds", uptime(app));
	js_add_str(o, "mode", app->conf->system ? "system" : "user");
	js_add_str(o, "settings", app->conf->file);
	js_add_str(o, "base", app->conf->base);
	js_add(o, "helper", status_helper(app));
	js_add(o, "database", status_database(app));
	js_add(o, "sessions", status_sessions(app));
	js_add(o, "git_workers",
	    status_parts(h.workers, "failing", h.workers_failing));
	js_add(o, "egress",
	    status_parts(h.egresses, "silent", h.egresses_silent));
	js_add_int(o, "approvals_pending", status_asked(app, c->actor));
	js_add(o, "web", status_web(app));
	js_add(o, "counters", status_counters(app));
	api_reply(c, 200, o);
}

static void
system_status(struct api_call *c)
{
	probe_ask(c->app->probe, status_probed_cb, c);
}

const struct api_route api_routes_system[] = {
	{ HTTP_M_GET, "/health", SCOPE_NONE, .handler = system_health,
	    .success = 200,
	    .doc = "Whether every part answers; degraded is 200 too" },
	{ HTTP_M_GET, "/api/status", SCOPE_READ, .handler = system_status,
	    .success = 200, .doc = "What runs, since when, and how much" },
	{ .pattern = NULL },
};
