/* SPDX-License-Identifier: MIT */
/*
 * GET /api/events: the outbox as server-sent events, as NDJSON, or as a page
 * of JSON. Catching up and living on are one thing here: a cursor is pulled
 * until there is no more, or until the client has enough on its way to it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/eventtext.h"
#include "daemon/app.h"
#include "daemon/event/event.h"
#include "daemon/http/stream.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define QUEUE_HIGH (64u << 10) /* on its way to one client; then it waits */
#define LIMIT_MAX  1000
#define PAGE_BYTES (4u << 20) /* a page ends early above this */

struct events_in {
	uint64_t set;
	int64_t since, limit;
};

static const struct js_field query_fields[] = {
	{ .name = "since",
	    .kind = JS_INT,
	    .offset = offsetof(struct events_in, since),
	    .min = 0,
	    .max = INT64_MAX,
	    .help =
		"sequence after which to begin; streams begin now without" },
	{ .name = "limit",
	    .kind = JS_INT,
	    .offset = offsetof(struct events_in, limit),
	    .min = 1,
	    .max = LIMIT_MAX,
	    .help = "of a JSON page; default 100" },
	{ .name = NULL },
};

/* One open stream. It lives until `closed`. */
struct feed {
	struct stream *stream;
	struct event_sub *sub;
	struct auth_watch *watch;
	struct event_texts *texts;
	bool ndjson;
	bool closing;
};

static void
feed_event(struct feed *f, const struct event *ev)
{
	const struct buf *b = event_text_frame(f->texts, ev, f->ndjson);

	stream_write(f->stream, b->data, b->len);
}

/*
 * Events before `oldest` are gone: the client has to look for itself. The line
 * carries no id, so that a browser that is cut off here comes back with the
 * number it had and is told again.
 */
static void
feed_reset(struct feed *f, int64_t oldest)
{
	char text[96];

	(void)snprintf(text, sizeof(text),
	    f->ndjson ? "{\"kind\":\"reset\",\"oldest\":%lld}\n"
		      : "event: reset\ndata: {\"oldest\":%lld}\n\n",
	    (long long)oldest);
	stream_write(f->stream, text, strlen(text));
}

/* A second call would close what is closing; revocation and errors may meet. */
static void
feed_end(struct feed *f)
{
	if (f->closing)
		return;
	f->closing = true;
	stream_close(f->stream);
}

/*
 * Pulls until the bus has no more or enough is on its way. Both who wakes it,
 * the bus and the drained connection, may come at any time and in any order:
 * the cursor alone knows what is next. A failed read ends the stream: the
 * client comes back with its last number and has lost nothing.
 */
static void
feed_pull(struct feed *f)
{
	struct event ev;

	while (!f->closing && stream_queued(f->stream) < QUEUE_HIGH) {
		int r = event_next(f->sub, &ev);

		if (r == 0)
			return;
		if (r == 1)
			feed_event(f, &ev);
		else if (r == RDV_E_NOT_FOUND)
			feed_reset(f, ev.seq);
		else
			feed_end(f);
	}
}

static void
feed_wake_cb(void *arg)
{
	feed_pull(arg);
}

static void
feed_drained_cb(struct stream *s, void *arg)
{
	(void)s;
	feed_pull(arg);
}

static void
feed_revoked_cb(void *arg)
{
	feed_end(arg);
}

static void
feed_closed_cb(struct stream *s, void *arg)
{
	struct feed *f = arg;

	(void)s;
	event_unsubscribe(f->sub);
	auth_unwatch(f->watch);
	free(f);
}

/*
 * The actor is copied because the request, in whose arena it lives, is gone
 * once the stream is open. A client that left meanwhile costs nothing. The
 * subscription comes first, since a refusal can be answered only while there is
 * a request.
 */
static void
feed_start(struct api_call *c, int64_t since, bool ndjson)
{
	static const struct stream_ops ops = { feed_drained_cb,
		feed_closed_cb };
	const char *type =
	    ndjson ? "application/x-ndjson" : "text/event-stream";
	struct auth *auth = c->app->auth;
	struct actor actor = *c->actor;
	struct feed *f = xcalloc(1, sizeof(*f));

	f->texts = api_kept(c->app->api)->events;
	f->ndjson = ndjson;
	f->sub =
	    event_subscribe(c->app->bus, actor.user_id, since, feed_wake_cb, f);
	if (f->sub == NULL) {
		free(f);
		api_fail(c, RDV_E_INVALID,
		    "since: is newer than the newest event");
		return;
	}
	f->stream = stream_open(c->req, type, &ops, f);
	/* The client has left; its call has ended with that. */
	if (f->stream == NULL) {
		event_unsubscribe(f->sub);
		free(f);
		return;
	}
	f->watch = auth_on_revoke(auth, &actor, feed_revoked_cb, f);
	/* How soon a browser comes back after a restart. */
	if (!ndjson)
		stream_write(f->stream, "retry: 1000\n\n", 13);
	feed_pull(f);
}

static void
page_wake_cb(void *arg)
{
	(void)arg; /* a page does not wait */
}

/* What is over the bytes of a page waits for the next one. */
static void
page_items(struct event_sub *sub, int64_t limit, struct buf *b, int64_t *last,
    bool *reset)
{
	struct event ev;

	for (int64_t n = 0; n < limit && b->len < PAGE_BYTES;) {
		int r = event_next(sub, &ev);

		if (r == RDV_E_NOT_FOUND) {
			*reset = true;
			continue;
		}
		if (r != 1)
			return;
		buf_put_text(b, n++ > 0 ? "," : "");
		event_text_put(b, &ev);
		*last = ev.seq;
	}
}

/*
 * A page is a subscription that ends at once, so that it says the same as a
 * stream would. `reset` is true when events before the first were dropped.
 */
static void
page(struct api_call *c, int64_t since, int64_t limit)
{
	struct event_sub *sub;
	bool reset = false;
	struct buf b;

	sub = event_subscribe(c->app->bus, c->actor->user_id, since,
	    page_wake_cb, NULL);
	if (sub == NULL) {
		api_fail(c, RDV_E_INVALID,
		    "since: is newer than the newest event");
		return;
	}
	buf_init(&b, PAGE_BYTES + 2 * EVENT_TEXT_MAX);
	buf_put_text(&b, "{\"items\":[");
	page_items(sub, limit, &b, &since, &reset);
	buf_printf(&b, "],\"next_cursor\":\"%lld\",\"reset\":%s}",
	    (long long)since, reset ? "true" : "false");
	event_unsubscribe(sub);
	api_reply_raw(c, 200, "application/json", b.data, b.len);
	buf_done(&b);
}

/* Last-Event-ID is what a browser sends on its own; it knows better. */
static bool
since_of(struct api_call *c, int64_t *since)
{
	const struct events_in *in = c->in;
	const char *last = http_header(c->req, "last-event-id");

	if (last != NULL && *last != '\0') {
		if (str_to_i64(last, 0, INT64_MAX, since))
			return true;
		api_fail(c, RDV_E_INVALID, "Last-Event-ID: is no sequence");
		return false;
	}
	*since = JS_SET(in, 0) ? in->since : -1;
	return true;
}

static void
events_get(struct api_call *c)
{
	const struct events_in *in = c->in;
	bool ndjson = http_list_has(c->req, "accept", "application/x-ndjson");
	bool sse = http_list_has(c->req, "accept", "text/event-stream");
	int64_t since;

	if (!since_of(c, &since))
		return;
	/*
	 * Only for a type that is named: who takes anything gets a page, which
	 * has an end.
	 */
	if (ndjson || sse)
		feed_start(c, since, !sse);
	else
		page(c, since < 0 ? 0 : since, JS_SET(in, 1) ? in->limit : 100);
}

const struct api_route api_routes_events[] = {
	{ HTTP_M_GET, "/api/events", SCOPE_READ, .kind = API_STREAM,
	    .query = query_fields, .in_size = sizeof(struct events_in),
	    .handler = events_get, .success = 200,
	    .doc = "Events: text/event-stream, application/x-ndjson, or a "
		   "JSON page" },
	{ .pattern = NULL },
};
