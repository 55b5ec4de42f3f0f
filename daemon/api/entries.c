/* SPDX-License-Identifier: MIT */
/*
 * What an agent's output means: the numbered entries of a run, a page from the
 * end on, or as a document that is told once and then by JSON Patch (RFC 6902).
 * Invariant: what a client has made of the patches is what lay on the disk at
 * some moment, and the next one comes only when it has taken those before; so
 * one that is slow costs the place where it stands, and is told of an entry
 * that has changed meanwhile once, as it is then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/session.h"
#include "daemon/app.h"
#include "daemon/core/run.h"
#include "daemon/http/stream.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/runs.h"
#include "daemon/term/talk.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define QUEUE_HIGH  (64u << 10) /* on its way to one client; then it waits */
#define PAGE_BYTES  (2u << 20)	/* of text, but for one entry that is longer */
#define BATCH_BYTES (32u << 10) /* the same, of one message */
#define PAGE	    50
#define PAGE_MAX    500
#define TURN	    256 /* records looked at before others have their turn */
#define OPS_BYTES   ((size_t)PAGE_MAX * 64)
#define MESSAGE_MAX (PAGE_BYTES + TALKFILE_ENTRY_MAX + OPS_BYTES)

struct entries_in {
	uint64_t set;
	int64_t before, limit, since;
};

#define LIMIT                                                           \
	{                                                               \
		.name = "limit", .kind = JS_INT,                        \
		.offset = offsetof(struct entries_in, limit), .min = 1, \
		.max = PAGE_MAX, .help = "how many at most; default 50" \
	}

static const struct js_field page_fields[] = {
	{ .name = "before",
	    .kind = JS_INT,
	    .offset = offsetof(struct entries_in, before),
	    .min = 0,
	    .max = UINT32_MAX,
	    .help = "entries below this number; absent: the last ones" },
	LIMIT,
	{ .name = NULL },
};
#define HAS_BEFORE(in) JS_SET(in, 0)

static const struct js_field stream_fields[] = {
	{ .name = "since",
	    .kind = JS_INT,
	    .offset = offsetof(struct entries_in, since),
	    .min = 0,
	    .max = INT64_MAX,
	    .help = "id of the last message, to go on behind it" },
	LIMIT,
	{ .name = NULL },
};
#define HAS_SINCE(in) JS_SET(in, 0)

/* One that follows. It lives until `closed`. */
struct feed {
	struct app *app;
	char run_id[UUID_TEXT];
	struct stream *stream;
	struct talk_watch *watch;
	struct auth_watch *auth;
	struct loop_timer *again;
	struct talkfile file;
	uint64_t at;	/* the record that is told next */
	uint32_t limit; /* of the document at the beginning */
	bool sse, resumes, begun, ready, closing;
};

static bool
is_over(struct app *app, const char *run_id)
{
	return !talk_is_open(app->talks, run_id) &&
	       run_find(app->runs, run_id) == NULL;
}

/* An entry, or null where what was put is lost. */
static void
put_entry(struct buf *b, const struct talkfile *f, uint32_t at)
{
	struct talkfile_record r;

	if (!talkfile_newest(f, at, &r) || talkfile_text(f, &r, b) != 0)
		buf_put_text(b, "null");
}

static void
say(struct feed *f, struct buf *b)
{
	buf_put_text(b, f->sse ? "\n\n" : "\n");
	stream_write(f->stream, b->data, b->len);
}

static void
say_text(struct feed *f, const char *text)
{
	struct buf b;

	buf_init(&b, 1024);
	buf_put_text(&b, f->sse ? "data: " : "");
	buf_put_text(&b, text);
	say(f, &b);
	buf_done(&b);
}

/* A browser sends the id back as Last-Event-ID. */
static void
message_begin(struct feed *f, struct buf *b, uint64_t id)
{
	buf_init(b, MESSAGE_MAX);
	if (f->sse)
		buf_printf(b, "id: %llu\ndata: ", (unsigned long long)id);
	buf_printf(b, "{\"id\":%llu,\"JsonPatch\":[", (unsigned long long)id);
}

static void
message_end(struct feed *f, struct buf *b)
{
	buf_put_text(b, "]}");
	say(f, b);
	buf_done(b);
}

/* The document: its last entries, as they are now. */
static void
tell_all(struct feed *f)
{
	const uint32_t from =
	    talkfile_page(&f->file, UINT32_MAX, f->limit, PAGE_BYTES);
	struct buf b;

	message_begin(f, &b, f->file.size);
	buf_printf(&b,
	    "{\"op\":\"add\",\"path\":\"/total\",\"value\":%u},"
	    "{\"op\":\"add\",\"path\":\"/first\",\"value\":%u},"
	    "{\"op\":\"add\",\"path\":\"/entries\",\"value\":{",
	    f->file.count, from);
	for (uint32_t i = from; i < f->file.count; i++) {
		buf_printf(&b, "%s\"%u\":", i > from ? "," : "", i);
		put_entry(&b, &f->file, i);
	}
	buf_put_text(&b, "}}");
	message_end(f, &b);
	f->at = f->file.size;
}

static void
put_change(struct feed *f, struct buf *b, uint32_t at)
{
	buf_printf(b,
	    "{\"op\":\"add\",\"path\":\"/entries/%u\",\"value\":", at);
	put_entry(b, &f->file, at);
	buf_put_text(b, "},");
}

/*
 * What was put since, of each entry its newest version alone: any older one is
 * followed by that. False: there is no more for now.
 */
static bool
tell_changes(struct feed *f)
{
	struct talkfile_record r, newest;
	unsigned looked = 0;
	struct buf ops, b;

	buf_init(&ops, MESSAGE_MAX);
	while (looked++ < TURN && ops.len < BATCH_BYTES &&
	       talkfile_record(&f->file, f->at, &r) == 0) {
		if (talkfile_newest(&f->file, r.at, &newest) &&
		    newest.offset == r.offset)
			put_change(f, &ops, r.at);
		f->at = r.next;
	}
	if (ops.len > 0) {
		message_begin(f, &b, f->at);
		buf_put(&b, ops.data, ops.len);
		buf_printf(&b,
		    "{\"op\":\"add\",\"path\":\"/total\",\"value\":%u}",
		    f->file.count);
		message_end(f, &b);
	}
	buf_done(&ops);
	return looked > 1;
}

static void
feed_end(struct feed *f)
{
	if (f->closing)
		return;
	f->closing = true;
	stream_close(f->stream);
}

/* False: nothing was put of it up to now, or no more can be read. */
static bool
is_readable(struct feed *f)
{
	if (f->file.fd >= 0)
		return talkfile_refresh(&f->file) == 0;
	return talk_look(f->app->talks, f->run_id, &f->file) == 0;
}

static bool
can_resume(struct feed *f)
{
	struct talkfile_record r;
	int err = talkfile_record(&f->file, f->at, &r);

	return f->resumes && (err == 0 || err == -ENODATA);
}

static void
feed_begin(struct feed *f)
{
	f->begun = true;
	if (!can_resume(f))
		tell_all(f);
}

/* All is told up to now. */
static void
feed_rest(struct feed *f)
{
	if (!f->ready)
		say_text(f, "{\"Ready\":true}");
	f->ready = true;
	if (!is_over(f->app, f->run_id))
		return;
	say_text(f, "{\"finished\":true}");
	feed_end(f);
}

static void
feed_more_cb(void *arg)
{
	struct feed *f = arg;
	bool readable;

	if (f->closing || stream_queued(f->stream) >= QUEUE_HIGH)
		return;
	readable = is_readable(f);
	if (!f->begun)
		feed_begin(f);
	/* Each share of it comes from the loop, or when there is room again. */
	if (readable && tell_changes(f))
		loop_timer_set_us(f->again, 0);
	else
		feed_rest(f);
}

static void
feed_drained_cb(struct stream *s, void *arg)
{
	(void)s;
	feed_more_cb(arg);
}

static void
feed_closed_cb(struct stream *s, void *arg)
{
	struct feed *f = arg;

	(void)s;
	talk_unwatch(f->watch);
	auth_unwatch(f->auth);
	loop_timer_free(f->again);
	talkfile_close(&f->file);
	free(f);
}

static void
feed_revoked_cb(void *arg)
{
	feed_end(arg);
}

static uint32_t
limit_of(const struct entries_in *in)
{
	return in->limit > 0 ? (uint32_t)in->limit : PAGE;
}

static void
entries_page(struct api_call *c)
{
	const struct entries_in *in = c->in;
	const uint32_t before =
	    HAS_BEFORE(in) ? (uint32_t)in->before : UINT32_MAX;
	struct talkfile f = { .fd = -1, .idx = -1 };
	uint32_t from, to;
	struct buf b;
	int err;
	struct store_run run;

	if (!run_load(c, &run))
		return;
	err = talk_look(c->app->talks, c->params[0], &f);
	if (err != 0 && err != -ENOENT) {
		api_fail(c, err, NULL);
		return;
	}
	to = before < f.count ? before : f.count;
	from = talkfile_page(&f, before, limit_of(in), PAGE_BYTES);
	buf_init(&b, MESSAGE_MAX);
	buf_printf(&b, "{\"total\":%u,\"before\":", f.count);
	buf_printf(&b, from > 0 ? "%u" : "null", from);
	buf_put_text(&b, ",\"items\":[");
	for (uint32_t i = from; i < to; i++) {
		buf_printf(&b,
		    "%s{\"index\":%u,\"entry\":", i > from ? "," : "", i);
		put_entry(&b, &f, i);
		buf_put_text(&b, "}");
	}
	buf_put_text(&b, "]}");
	talkfile_close(&f);
	api_reply_raw(c, 200, "application/json", b.data, b.len);
	buf_done(&b);
}

/* False: it is no number. */
static bool
since_of(struct api_call *c, struct feed *f)
{
	const struct entries_in *in = c->in;
	const char *last = http_header(c->req, "last-event-id");

	f->at = (uint64_t)in->since;
	f->resumes = HAS_SINCE(in);
	if (last == NULL || *last == '\0')
		return true;
	f->resumes = true;
	return str_to_u64(last, 0, INT64_MAX, &f->at);
}

static void
feed_open(struct api_call *c, struct feed *f)
{
	static const struct stream_ops ops = { feed_drained_cb,
		feed_closed_cb };
	struct auth *auth = c->app->auth;
	struct actor actor = *c->actor;

	f->sse = http_list_has(c->req, "accept", "text/event-stream");
	f->stream = stream_open(c->req,
	    f->sse ? "text/event-stream" : "application/x-ndjson", &ops, f);
	if (f->stream == NULL) {
		/* The client has left. */
		free(f);
		return;
	}
	f->auth = auth_on_revoke(auth, &actor, feed_revoked_cb, f);
	f->again = loop_timer_new(f->app->loop, feed_more_cb, f);
	f->watch = talk_watch(f->app->talks, f->run_id, feed_more_cb, f);
	feed_more_cb(f);
}

static void
entries_stream(struct api_call *c)
{
	struct feed *f;
	struct store_run run;

	if (!run_load(c, &run))
		return;
	f = xcalloc(1, sizeof(*f));
	f->app = c->app;
	f->file.fd = f->file.idx = -1;
	f->limit = limit_of(c->in);
	(void)str_copy(f->run_id, c->params[0], sizeof(f->run_id));
	if (since_of(c, f)) {
		feed_open(c, f);
		return;
	}
	free(f);
	api_fail(c, RDV_E_INVALID, "Last-Event-ID: is no id of a message");
}

#define IN .in_size = sizeof(struct entries_in)

const struct api_route api_routes_entries[] = {
	{ HTTP_M_GET, "/api/runs/{id}/entries", SCOPE_READ | SCOPE_RUN,
	    .of = API_OF_RUN, .query = page_fields, IN, .handler = entries_page,
	    .success = 200,
	    .doc = "What its agent said and did: a page of entries, the last "
		   "ones first" },
	{ HTTP_M_GET, "/api/runs/{id}/entries/stream", SCOPE_READ | SCOPE_RUN,
	    .of = API_OF_RUN, .kind = API_STREAM, .query = stream_fields, IN,
	    .handler = entries_stream, .success = 200,
	    .doc = "The last of its entries, then each change as JSON Patch: "
		   "application/x-ndjson or text/event-stream; see "
		   "docs/stream.md" },
	{ .pattern = NULL },
};
