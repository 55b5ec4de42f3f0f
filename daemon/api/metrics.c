/* SPDX-License-Identifier: MIT */
/*
 * /metrics in the Prometheus text format. Every bound of rdv that has a
 * consequence has a counter, and every counter is here.
 */
#include "daemon/api/api.h"
#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/core/integrity.h"
#include "daemon/core/probe.h"
#include "daemon/core/run.h"
#include "daemon/core/stuck.h"
#include "daemon/event/event.h"
#include "daemon/rss.h"
#include "daemon/store/counts.h"
#include "daemon/store/db.h"
#include "daemon/term/term.h"
#include "lib/buf.h"
#include "lib/clock.h"

#define TEXT_MAX (256u << 10)

/* Names carry their unit, counters end in _total, as Prometheus wants them. */
static void
put(struct buf *b, const char *type, const char *name, const char *help,
    int64_t v)
{
	buf_printf(b, "# HELP rdv_%s %s\n# TYPE rdv_%s %s\nrdv_%s %lld\n", name,
	    help, name, type, name, (long long)v);
}

static void
gauge(struct buf *b, const char *name, const char *help, int64_t v)
{
	put(b, "gauge", name, help, v);
}

static void
count(struct buf *b, const char *name, const char *help, uint64_t v)
{
	put(b, "counter", name, help, (int64_t)v);
}

/*
 * The sum of times and their number give the mean over any interval, which is
 * what a histogram without buckets would say, for two integers.
 */
static void
metrics_http(struct app *app, struct buf *b)
{
	const struct api_stats *api = api_stats(app->api);
	struct http_stats s;

	http_server_stats(app->server, &s);
	gauge(b, "http_connections", "open connections", s.conns);
	gauge(b, "http_requests_pending", "requests not yet answered",
	    s.requests_pending);
	gauge(b, "websockets", "open WebSockets", s.websockets);
	gauge(b, "streams", "open event and log streams", s.streams);
	count(b, "http_requests_total", "requests heard", s.requests);
	count(b, "http_refused_total", "connections and requests cut short",
	    s.refused);
	count(b, "http_stalled_total", "clients dropped for taking nothing",
	    s.stalled);
	buf_put_text(b,
	    "# HELP rdv_http_answers_total answers by class of status\n"
	    "# TYPE rdv_http_answers_total counter\n");
	for (unsigned i = 1; i < 6; i++)
		buf_printf(b, "rdv_http_answers_total{class=\"%uxx\"} %llu\n",
		    i, (unsigned long long)api->answers[i]);
	count(b, "http_answer_us_total", "time from request to answer",
	    api->us);
	count(b, "http_replayed_total", "answers repeated by key",
	    api->replayed);
}

/* A rise of the refused ones without a rise of failures is a page at work. */
static void
metrics_auth(struct app *app, struct buf *b)
{
	struct auth_stats s;

	auth_stats(app->auth, &s);
	gauge(b, "auth_credentials", "tokens, cookies and codes", s.tokens);
	gauge(b, "auth_watches", "streams that live by a credential",
	    s.watches);
	count(b, "auth_failures_total", "wrong credentials", s.failures);
	count(b, "auth_limited_total", "attempts answered 429", s.limited);
	count(b, "auth_refused_hosts_total", "requests for a foreign Host",
	    s.refused_hosts);
	count(b, "auth_refused_origins_total", "requests of other sites",
	    s.refused_origins);
	count(b, "audit_errors_total", "audit lines that were not written",
	    s.audit_errors);
	count(b, "audit_left_out_total", "attempts told of as a number",
	    s.audit_left_out);
}

/* Changes per commit is how well the group commit does. */
static void
metrics_store(struct app *app, struct buf *b)
{
	struct db_stats s;

	db_stats(app->db, &s);
	gauge(b, "database_healthy", "1 when reads and writes work",
	    db_healthy(app->db));
	gauge(b, "database_bytes", "size of the database", s.bytes);
	gauge(b, "database_log_bytes", "size of its write-ahead log",
	    s.log_bytes);
	gauge(b, "database_turns_waiting", "commits not yet durable",
	    s.waiting);
	count(b, "database_statements_total", "statements asked of it",
	    s.statements);
	count(b, "database_changes_total", "changes", s.changes);
	count(b, "database_commits_total", "commits, each of many changes",
	    s.turns);
	count(b, "database_failed_commits_total", "commits that failed",
	    s.failed_turns);
	count(b, "database_fsyncs_total", "syncs of the log", s.syncs);
	count(b, "database_fsync_us_total", "time spent in them", s.sync_us);
	count(b, "database_checkpoints_total", "checkpoints", s.checkpoints);
}

static void
metrics_events(struct app *app, struct buf *b)
{
	gauge(b, "event_newest", "sequence of the newest event",
	    event_newest(app->bus));
	gauge(b, "event_oldest", "sequence of the oldest kept",
	    event_oldest(app->bus));
	gauge(b, "event_subscribers", "readers of the outbox",
	    event_subscribers(app->bus));
}

static void
metrics_runs(struct app *app, struct buf *b)
{
	struct store_counts n = { 0, 0 };
	struct probe_report h;

	(void)store_counts_get(app->db, &n);
	probe_report(app->probe, &h);
	gauge(b, "sessions_active", "active sessions", n.active);
	gauge(b, "sessions_suspended", "suspended sessions", n.suspended);
	gauge(b, "runs_live", "processes under way", runs_live(app->runs));
	gauge(b, "helper_ready", "1 when the helper is connected", h.ready);
	gauge(b, "helper_waiting", "requests it has not answered", h.waiting);
	count(b, "helper_starts_total", "helpers met since start", h.starts);
	count(b, "helper_requests_total", "requests to the helper", h.requests);
	count(b, "helper_failed_total", "requests that died with a helper",
	    h.failed);
}

/* docs/integrity.md says what each of these counts. */
static void
metrics_stuck(struct app *app, struct buf *b)
{
	const struct integrity_report *r = integrity_report(app->integrity);
	const int64_t now = clock_wall_ms();
	struct store_queue_counts queue = { 0, -1 };
	struct stuck s;

	stuck_count(app, &s);
	(void)store_queue_counts_get(app->db, &queue);
	gauge(b, "runs_stuck", "runs that do not start or end in a minute",
	    s.runs);
	gauge(b, "retries_waiting", "steps that failed and will be tried again",
	    s.retries);
	gauge(b, "queue_waiting", "messages that wait to become turns",
	    queue.waiting);
	gauge(b, "queue_age_seconds", "how long the oldest of them has",
	    queue.since < 0 || queue.since > now ? 0
						 : (now - queue.since) / 1000);
	gauge(b, "integrity_findings", "rows found wrong by the last look",
	    (int64_t)r->n);
	gauge(b, "integrity_age_seconds", "since that look; -1: none yet",
	    r->at == 0 ? -1 : (now - r->at) / 1000);
}

/* Blocked, slow and refused: each a bound that had its consequence. */
static void
metrics_terminals(struct app *app, struct buf *b)
{
	struct terms_stats t;

	terms_stats(app->terms, &t);
	gauge(b, "viewers", "viewers of terminals", t.viewers);
	gauge(b, "waits", "requests that wait for output", t.awaits);
	gauge(b, "terminals_blocked", "terminals whose log has no room",
	    t.blocked);
	count(b, "output_bytes_total", "bytes of output logged", t.bytes);
	count(b, "output_blocked_total", "times a log had no room", t.blocks);
	count(b, "viewers_slow_total", "viewers dropped for being slow",
	    t.slow);
	count(b, "input_refused_total", "inputs over their bound",
	    t.input_refused);
	gauge(b, "screens_working", "screens under way or waiting", t.working);
	count(b, "screens_unwanted_total", "screens whose askers left first",
	    t.unwanted);
	count(b, "screens_total", "screens worked out from logs", t.screens);
	count(b, "screens_emulated_bytes_total", "bytes emulated for them",
	    t.emulated);
	count(b, "screens_looked_bytes_total",
	    "bytes only looked through for them", t.looked);
	count(b, "answers_total", "answers to programs that asked", t.answers);
	count(b, "answers_rests_total", "times these waited their turn out",
	    t.rests);
}

static void
metrics_get(struct api_call *c)
{
	struct app *app = c->app;
	struct buf b;

	buf_init(&b, TEXT_MAX);
	gauge(&b, "uptime_seconds", "since start",
	    (clock_mono_ms() - app->started_mono_ms) / 1000);
	gauge(&b, "resident_bytes", "memory of rdvd", rss_bytes());
	metrics_http(app, &b);
	metrics_auth(app, &b);
	metrics_store(app, &b);
	metrics_events(app, &b);
	metrics_runs(app, &b);
	metrics_stuck(app, &b);
	metrics_terminals(app, &b);
	api_reply_raw(c, 200, "text/plain; version=0.0.4", b.data, b.len);
	buf_done(&b);
}

const struct api_route api_routes_metrics[] = {
	{ HTTP_M_GET, "/metrics", SCOPE_READ, .handler = metrics_get,
	    .success = 200, .doc = "Counters in Prometheus text format" },
	{ .pattern = NULL },
};
