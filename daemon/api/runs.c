/* SPDX-License-Identifier: MIT */
/*
 * /api/runs: one execution and its log. The log is given as bytes, as NDJSON or
 * as server-sent events, or as a recording to be played; to its present end, or
 * on until the run's end. In each form a viewer pulls from the log, so a slow
 * client costs an offset.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/casthead.h"
#include "daemon/api/script.h"
#include "daemon/api/session.h"
#include "daemon/app.h"
#include "daemon/core/kept.h"
#include "daemon/core/run.h"
#include "daemon/http/stream.h"
#include "daemon/store/db.h"
#include "daemon/store/runs.h"
#include "daemon/store/sessions.h"
#include "daemon/term/cast.h"
#include "daemon/term/runlog.h"
#include "daemon/term/term.h"
#include "daemon/term/viewer.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* Base64 makes four bytes of three (RFC 4648), hence twice the room. */
#define CHUNK	   32768 /* of the log in one line or event */
#define LINE_BYTES (2 * CHUNK)
#define TAIL_BYTES 4096	      /* of a line or event beside its data */
#define HEAD_BYTES (2u << 20) /* a command can be long, and JSON longer */

/* `since` counts bytes of the log, like every offset (docs/stream.md). */
struct log_in {
	uint64_t set;
	int64_t since;
	bool follow;
};

static const struct js_field log_fields[] = {
	{ .name = "since",
	    .kind = JS_INT,
	    .offset = offsetof(struct log_in, since),
	    .min = 0,
	    .max = INT64_MAX,
	    .help = "first byte; default 0" },
	{ .name = "follow",
	    .kind = JS_BOOL,
	    .offset = offsetof(struct log_in, follow),
	    .help = "go on until the run has ended" },
	{ .name = NULL },
};

struct cast_in {
	uint64_t set;
	int64_t idle_limit;
};

static const struct js_field cast_fields[] = {
	{ .name = "idle_limit",
	    .kind = JS_INT,
	    .offset = offsetof(struct cast_in, idle_limit),
	    .min = 1,
	    .max = 86400,
	    .help = "s; players shorten what is longer to it" },
	{ .name = NULL },
};

enum form { FORM_RAW, FORM_CAST, FORM_NDJSON, FORM_SSE };

static const char *const types[] = {
	[FORM_RAW] = "application/octet-stream",
	[FORM_CAST] = "application/x-asciicast",
	[FORM_NDJSON] = "application/x-ndjson",
	[FORM_SSE] = "text/event-stream",
};

/* One open log. It lives until `closed`. */
struct feed {
	struct stream *stream;
	struct viewer *viewer;
	struct term *term;
	struct auth_watch *watch;
	enum form form;
	struct cast cast; /* of FORM_CAST */
	bool follow;
	uint64_t until; /* without follow: the end when it was asked for */
	bool closing;
};

static void
feed_end(struct feed *f)
{
	if (f->closing)
		return;
	f->closing = true;
	stream_close(f->stream);
}

/*
 * It ends before its end, which must not look like the whole of it. The other
 * forms have a last word for that, which is missing then.
 */
static void
feed_cut(struct feed *f)
{
	if (f->form >= FORM_NDJSON) {
		feed_end(f);
		return;
	}
	f->closing = true;
	stream_break(f->stream);
}

static void
put_base64(struct buf *b, const uint8_t *p, size_t len)
{
	char text[4 * ((CHUNK + 2) / 3) + 1];

	str_base64(text, p, len);
	buf_put_text(b, text);
}

/*
 * The id is the offset after the data: what a browser sends back as
 * Last-Event-ID is the next byte it wants.
 */
static void
feed_sse(struct feed *f, uint64_t off, const uint8_t *p, size_t len)
{
	struct buf b;

	buf_init(&b, LINE_BYTES + TAIL_BYTES);
	buf_printf(&b,
	    "id: %llu\nevent: output\ndata: ", (unsigned long long)off + len);
	put_base64(&b, p, len);
	buf_put_text(&b, "\n\n");
	stream_write(f->stream, b.data, b.len);
	buf_done(&b);
}

/*
 * One line per stretch of the index. Bytes written, at least one. `data` is
 * base64 because a terminal's bytes need not be UTF-8, and a stretch may end
 * inside of a character.
 */
static size_t
feed_line(struct feed *f, uint64_t off, const uint8_t *p, size_t len)
{
	static const char *const streams[] = { "stdout", "stdout", "stderr",
		"rdv" };
	struct runlog_span span = { .to = off + len, .stream = RUNLOG_OUT };
	struct buf b;

	/*
	 * Without a record, as for bytes of a log that lost its index, the
	 * whole piece counts as output of unknown time.
	 */
	(void)term_span(f->term, off, &span);
	if (len > span.to - off)
		len = (size_t)(span.to - off);
	buf_init(&b, LINE_BYTES + TAIL_BYTES);
	buf_printf(&b,
	    "{\"offset\":%llu,\"time\":%lld,\"stream\":\"%s\",\"data\":\"",
	    (unsigned long long)off, (long long)span.time_ms,
	    streams[span.stream <= RUNLOG_RDV ? span.stream : 0]);
	put_base64(&b, p, len);
	buf_put_text(&b, "\"}\n");
	stream_write(f->stream, b.data, b.len);
	buf_done(&b);
	return len;
}

static size_t
feed_cast(struct feed *f, uint64_t off, const uint8_t *p, size_t len)
{
	struct buf b;

	buf_init(&b, (size_t)CAST_ROOM * CHUNK);
	len = cast_put(&f->cast, off, p, len, off + len == f->until, &b);
	stream_write(f->stream, b.data, b.len);
	buf_done(&b);
	return len;
}

static size_t
feed_output_cb(uint64_t off, const uint8_t *p, size_t len, bool last, void *arg)
{
	struct feed *f = arg;
	size_t done = 0;

	(void)last;
	/* A run that goes on writing must not keep a snapshot open. */
	if (!f->follow && len > f->until - off)
		len = (size_t)(f->until - off);
	if (f->form == FORM_RAW)
		stream_write(f->stream, p, len);
	else if (f->form == FORM_SSE)
		feed_sse(f, off, p, len);
	else if (f->form == FORM_CAST)
		len = feed_cast(f, off, p, len);
	while (f->form == FORM_NDJSON && done < len)
		done += feed_line(f, off + done, p + done, len - done);
	/* A run that has ended says so itself. */
	if (!f->follow && off + len == f->until && !last)
		feed_end(f);
	return len;
}

static size_t
feed_queued_cb(void *arg)
{
	const struct feed *f = arg;

	/* Nothing is given to one that closes. */
	return f->closing ? VIEWER_LOW : stream_queued(f->stream);
}

/*
 * Bytes and events have no room for a last word: there the end of the body says
 * it.
 */
static void
feed_ended_cb(const struct term_end *end, void *arg)
{
	struct feed *f = arg;
	struct js *o = js_object();
	struct buf b;

	js_add_bool(o, "end", true);
	js_add_int(o, "offset", (int64_t)viewer_offset(f->viewer));
	js_add_str(o, "state", end->state);
	js_add_ms(o, "exit_code", end->exit_code);
	js_add_ms(o, "signal", end->signal);
	js_add_str(o, "cause", end->cause);
	buf_init(&b, TAIL_BYTES);
	if (f->form == FORM_SSE)
		buf_put_text(&b, "event: end\ndata: ");
	js_dump(o, &b);
	buf_put_text(&b, f->form == FORM_SSE ? "\n\n" : "\n");
	js_free(o);
	if (f->form >= FORM_NDJSON)
		stream_write(f->stream, b.data, b.len);
	buf_done(&b);
	feed_end(f);
}

/* It may come back: what it has received tells it where to go on. */
static void
feed_slow_cb(void *arg)
{
	feed_cut(arg);
}

static const struct viewer_ops viewer_ops = {
	.output = feed_output_cb,
	.queued = feed_queued_cb,
	.ended = feed_ended_cb,
	.slow = feed_slow_cb,
};

static void
feed_drained_cb(struct stream *s, void *arg)
{
	struct feed *f = arg;

	(void)s;
	viewer_more(f->viewer);
}

static void
feed_revoked_cb(void *arg)
{
	feed_cut(arg);
}

static void
feed_closed_cb(struct stream *s, void *arg)
{
	struct feed *f = arg;

	(void)s;
	viewer_free(f->viewer);
	auth_unwatch(f->watch);
	term_unref(f->term);
	free(f);
}

static bool
feed_open(struct api_call *c, struct feed *f)
{
	static const struct stream_ops ops = { feed_drained_cb,
		feed_closed_cb };
	/*
	 * Copied before: the request and its arena are gone once the stream is
	 * open.
	 */
	struct auth *auth = c->app->auth;
	struct actor actor = *c->actor;

	f->stream = stream_open(c->req, types[f->form], &ops, f);
	if (f->stream == NULL)
		return false;
	f->watch = auth_on_revoke(auth, &actor, feed_revoked_cb, f);
	return true;
}

/* Takes over the reference to `t`. */
static struct feed *
feed_new(struct term *t, enum form form)
{
	struct feed *f = xcalloc(1, sizeof(*f));

	f->term = t;
	f->form = form;
	f->until = term_bytes(t);
	return f;
}

/* `head`: what goes before all output, or NULL. */
static void
feed_start(struct api_call *c, struct feed *f, uint64_t since, bool live,
    const struct buf *head)
{
	struct viewer_conf conf = { .offset = since, .chunk = CHUNK };

	if (!feed_open(c, f)) {
		term_unref(f->term);
		free(f);
		return;
	}
	if (head != NULL)
		stream_write(f->stream, head->data, head->len);
	/*
	 * Nothing can be typed here, so it must never inherit the terminal's
	 * size.
	 */
	conf.read_only = true;
	f->viewer = viewer_new(f->term, &conf, &viewer_ops, f);
	/* Nothing will come that could be the last byte. */
	if (!f->follow && live && since == f->until)
		feed_end(f);
}

struct found {
	struct api_call *c;
	struct js *v;
};

static bool
runs_push_cb(const struct store_run *r, void *arg)
{
	struct found *f = arg;

	js_push(f->v, run_json(f->c->app, r));
	return true;
}

/* Whether there is one is all that is asked. */
static bool
runs_session_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	(void)s;
	(void)r;
	(void)arg;
	return false;
}

/* A session without runs is not the same as none. */
static void
runs_list(struct api_call *c)
{
	struct found f = { c, NULL };
	int err = store_session_get(c->app->db, c->actor->user_id, c->params[0],
	    runs_session_cb, NULL);

	if (err != 0) {
		api_fail(c, err, "there is no such session");
		return;
	}
	f.v = js_array();
	err = store_runs_of(c->app->db, c->actor->user_id, c->params[0],
	    runs_push_cb, &f);
	if (err == 0) {
		api_reply(c, 200, f.v);
		return;
	}
	js_free(f.v);
	api_fail(c, err, NULL);
}

bool
run_load(struct api_call *c, struct store_run *r)
{
	int err = store_run_get(c->app->db, c->req->arena, c->actor->user_id,
	    c->params[0], r);

	if (err != 0)
		answer_missing(c, err, "there is no such run");
	return err == 0;
}

static void
runs_get(struct api_call *c)
{
	script_reply(c, c->params[0], 200);
}

/* Last-Event-ID is what a browser sends on its own; it knows better. */
static bool
since_of(struct api_call *c, uint64_t *since)
{
	const struct log_in *in = c->in;
	const char *last = http_header(c->req, "last-event-id");

	*since = (uint64_t)in->since;
	return last == NULL || *last == '\0' ||
	       str_to_u64(last, 0, INT64_MAX, since);
}

/*
 * The output of the run that the path names; false when the call is over. A run
 * that never got a terminal has no log file, which is a state and no fault of
 * the disk.
 */
static bool
run_output(struct api_call *c, struct store_run *r, struct term **t)
{
	int err;

	if (!run_load(c, r))
		return false;
	err = run_open_term(c->app->runs, r, t);
	if (err != 0)
		api_fail(c, err == -ENOENT ? RDV_E_STATE : err,
		    "it has no output, or none any more");
	return err == 0;
}

static enum form
form_wanted(const struct api_call *c)
{
	if (http_list_has(c->req, "accept", types[FORM_SSE]))
		return FORM_SSE;
	if (http_list_has(c->req, "accept", types[FORM_NDJSON]))
		return FORM_NDJSON;
	return FORM_RAW;
}

static bool
is_live(const struct api_call *c, const struct store_run *r)
{
	return run_find(c->app->runs, r->id) != NULL;
}

static void
runs_log(struct api_call *c)
{
	const struct log_in *in = c->in;
	struct term *t = NULL;
	struct store_run r;
	uint64_t since;
	struct feed *f;

	if (!since_of(c, &since)) {
		api_fail(c, RDV_E_INVALID, "Last-Event-ID: is no offset");
		return;
	}
	if (!run_output(c, &r, &t))
		return;
	if (since > term_bytes(t)) {
		term_unref(t);
		api_fail(c, RDV_E_INVALID, "since: is beyond the log");
		return;
	}
	f = feed_new(t, form_wanted(c));
	f->follow = in->follow;
	feed_start(c, f, since, is_live(c, &r), NULL);
}

static void
runs_cast(struct api_call *c)
{
	const struct cast_in *in = c->in;
	struct cast_head head = { .idle_limit = in->idle_limit };
	struct term *t = NULL;
	struct store_run r;
	struct feed *f;
	struct buf b;

	if (!run_output(c, &r, &t))
		return;
	f = feed_new(t, FORM_CAST);
	if (!cast_begin(&f->cast, t)) {
		term_unref(t);
		free(f);
		api_fail(c, RDV_E_STATE, "it has no terminal");
		return;
	}
	casthead_fill(c, &r, &head);
	buf_init(&b, HEAD_BYTES);
	cast_put_head(&f->cast, &head, &b);
	feed_start(c, f, 0, is_live(c, &r), &b);
	buf_done(&b);
}

struct forgetting {
	struct runs *runs;
	char user_id[UUID_TEXT];
	uint64_t bytes;
};

static void
runs_forgotten_cb(int err, void *arg)
{
	struct forgetting *f = arg;

	if (err == 0)
		kept_forget(f->runs, f->user_id, f->bytes);
	free(f);
}

static void
runs_forget(struct api_call *c)
{
	struct api_answer answer = { .status = 204,
		.durable = runs_forgotten_cb };
	struct forgetting *f;
	struct store_run r;
	struct tx *tx;
	int err;

	if (!run_load(c, &r))
		return;
	f = xcalloc(1, sizeof(*f));
	f->runs = c->app->runs;
	(void)str_copy(f->user_id, r.user_id, sizeof(f->user_id));
	answer.arg = f;
	tx = tx_begin(c->app->db);
	err = kept_remove(c->app->runs, tx, &r, &f->bytes);
	if (err == 0) {
		api_commit_answer(c, tx, &answer);
		return;
	}
	tx_abort(tx);
	free(f);
	api_fail(c, err,
	    err == RDV_E_DENIED
		? "it stays: recording_required of the policy, as it "
		  "was when the run started"
		: "it goes on; only of a run that has ended the output "
		  "can be removed");
}

const struct api_route api_routes_runs[] = {
	{ HTTP_M_GET, "/api/sessions/{id}/runs", SCOPE_READ | SCOPE_RUN,
	    .of = API_OF_SESSION, .handler = runs_list, .success = 200,
	    .doc = "Every run of a session, oldest first" },
	{ HTTP_M_GET, "/api/runs/{id}", SCOPE_READ | SCOPE_RUN,
	    .of = API_OF_RUN, .handler = runs_get, .success = 200,
	    .doc = "One execution of a program, and how it is held" },
	{ HTTP_M_GET, "/api/runs/{id}/log", SCOPE_READ | SCOPE_RUN,
	    .of = API_OF_RUN, .kind = API_STREAM, .query = log_fields,
	    .in_size = sizeof(struct log_in), .handler = runs_log,
	    .success = 200,
	    .doc = "Its output: application/octet-stream, "
		   "application/x-ndjson or text/event-stream" },
	{ HTTP_M_GET, "/api/runs/{id}/cast", SCOPE_READ | SCOPE_RUN,
	    .of = API_OF_RUN, .kind = API_STREAM, .query = cast_fields,
	    .in_size = sizeof(struct cast_in), .handler = runs_cast,
	    .success = 200,
	    .doc = "What its terminal has shown so far, as asciicast v2" },
	{ HTTP_M_DELETE, "/api/runs/{id}/log", SCOPE_WRITE,
	    .handler = runs_forget, .success = 204,
	    .doc = "Removes the output of a run that has ended, for good" },
	{ .pattern = NULL },
};
