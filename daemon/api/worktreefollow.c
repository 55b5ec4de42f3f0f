/* SPDX-License-Identifier: MIT */
/*
 * What differs in a worktree, as a document that is told once and then by JSON
 * Patch (RFC 6902), over a WebSocket or as a stream of the same messages; and
 * interest in a worktree for the outbox. Invariant: what a client has made of
 * the patches is what differed at some moment, and the next one comes only when
 * it has taken those before.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/app.h"
#include "daemon/core/worktreefollow.h"
#include "daemon/core/worktreewatch.h"
#include "daemon/http/stream.h"
#include "daemon/http/ws.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define QUEUE_HIGH  (64u << 10) /* on its way to one client; then it waits */
#define MESSAGE_MAX (4u << 20)	/* a worker's answer has less than half */
#define WATCH_S	    60
#define WATCH_S_MAX 600

struct follow_in {
	uint64_t set;
	const char *tree, *base;
	int64_t seconds;
};

#define TREE                                                          \
	{                                                             \
		.name = "worktree_path", .alias = "worktreePath",     \
		.kind = JS_TEXT, .required = true,                    \
		.offset = offsetof(struct follow_in, tree), .min = 1, \
		.max = 4095, .help = "a directory in the worktree"    \
	}
#define BASE                                                               \
	{                                                                  \
		.name = "base", .kind = JS_TEXT,                           \
		.offset = offsetof(struct follow_in, base), .min = 1,      \
		.max = 512,                                                \
		.help = "a branch, a tag or a commit: compared is with "   \
			"where HEAD has parted from it; absent: with HEAD" \
	}

static const struct js_field stream_fields[] = { TREE, BASE, { .name = NULL } };
static const struct js_field watch_fields[] = {
	TREE,
	BASE,
	{ .name = "seconds",
	    .kind = JS_INT,
	    .offset = offsetof(struct follow_in, seconds),
	    .min = 1,
	    .max = WATCH_S_MAX,
	    .help = "how long from now; absent: 60" },
	{ .name = NULL },
};

/* One that follows. With neither it has not been answered yet. */
struct feed {
	struct api_call *call; /* until it has been */
	struct wt_follow *follow;
	struct ws *ws;
	struct stream *stream;
	struct auth_watch *watch;
	enum api_kind kind;
	bool ndjson, waits, closing, ready;
};

static size_t
queued(const struct feed *f)
{
	return f->ws != NULL ? ws_queued(f->ws) : stream_queued(f->stream);
}

static void
say(struct feed *f, struct buf *b)
{
	struct buf out;

	if (f->ws != NULL) {
		ws_text(f->ws, buf_cstr(b), b->len);
		return;
	}
	buf_init(&out, MESSAGE_MAX + 16);
	buf_put_text(&out, f->ndjson ? "" : "data: ");
	buf_put(&out, b->data, b->len);
	buf_put_text(&out, f->ndjson ? "\n" : "\n\n");
	stream_write(f->stream, out.data, out.len);
	buf_done(&out);
}

static void
say_text(struct feed *f, const char *text)
{
	struct buf b;

	buf_init(&b, 1024);
	buf_put_text(&b, text);
	say(f, &b);
	buf_done(&b);
}

/* RFC 6901, and of that what a JSON text wants. */
static void
put_key(struct buf *b, const char *key)
{
	struct js *list = js_array();
	struct buf text, pointer;

	buf_init(&text, MESSAGE_MAX);
	buf_init(&pointer, MESSAGE_MAX);
	for (; *key != '\0'; key++) {
		if (*key == '~' || *key == '/')
			buf_put_text(&pointer, *key == '~' ? "~0" : "~1");
		else
			buf_put(&pointer, key, 1);
	}
	js_push_str(list, buf_cstr(&pointer));
	js_finish(list, &text);
	/* Without the brackets and quotes around it. */
	buf_put(b, text.data + 2, text.len - 4);
	buf_done(&text);
	buf_done(&pointer);
}

/* No name in a tree begins with a slash. */
static const char *
key_of(const struct js *file, char room[6000])
{
	const char *coded = js_str(file, "path_base64", NULL);

	if (coded == NULL)
		return js_str(file, "path", "");
	(void)str_copy(room, "//", 6000);
	(void)str_copy(room + 2, coded, 6000 - 2);
	return room;
}

static void
put_stat(struct buf *b, const struct js *r)
{
	struct js *o = js_object();

	js_add_str(o, "from", js_str(r, "from", NULL));
	js_add_int(o, "files", js_int(r, "total", 0));
	js_add_int(o, "added", js_int(r, "added", 0));
	js_add_int(o, "removed", js_int(r, "removed", 0));
	js_add_bool(o, "truncated", js_bool(r, "truncated", false));
	js_add_str(o, "operation", js_str(r, "operation", NULL));
	buf_put_text(b, "{\"op\":\"add\",\"path\":\"/stat\",\"value\":");
	js_dump(o, b);
	buf_put_text(b, "}");
	js_free(o);
}

static void
put_all(struct buf *b, const struct js *files)
{
	struct js *o = js_object();
	char room[6000];
	struct buf text;

	for (size_t i = 0; i < js_len(files); i++) {
		buf_init(&text, MESSAGE_MAX);
		js_dump(js_at(files, i), &text);
		js_add_json(o, key_of(js_at(files, i), room), buf_cstr(&text));
		buf_done(&text);
	}
	buf_put_text(b, ",{\"op\":\"add\",\"path\":\"/entries\",\"value\":");
	js_dump(o, b);
	buf_put_text(b, "}");
	js_free(o);
}

static void
put_changed(struct buf *b, const struct js *r)
{
	const struct js *files = js_get(r, "files"), *gone = js_get(r, "gone");
	char room[6000];

	for (size_t i = 0; i < js_len(files); i++) {
		buf_put_text(b, ",{\"op\":\"add\",\"path\":\"/entries/");
		put_key(b, key_of(js_at(files, i), room));
		buf_put_text(b, "\",\"value\":");
		js_dump(js_at(files, i), b);
		buf_put_text(b, "}");
	}
	for (size_t i = 0; i < js_len(gone); i++) {
		buf_put_text(b, ",{\"op\":\"remove\",\"path\":\"/entries/");
		put_key(b, js_text(js_at(gone, i)));
		buf_put_text(b, "\"}");
	}
}

static void
feed_close(struct feed *f, unsigned code, const char *why)
{
	if (f->closing)
		return;
	f->closing = true;
	if (f->ws != NULL)
		ws_close(f->ws, code, why);
	else
		stream_close(f->stream);
}

static void
feed_next(struct feed *f)
{
	if (!f->waits || f->closing || f->follow == NULL ||
	    queued(f) >= QUEUE_HIGH)
		return;
	f->waits = false;
	worktree_follow_next(f->follow);
}

static void
feed_done(struct feed *f)
{
	if (f->follow != NULL)
		worktree_follow_end(f->follow);
	auth_unwatch(f->watch);
	free(f);
}

static void
feed_drained_cb(struct stream *s, void *arg)
{
	(void)s;
	feed_next(arg);
}

static void
feed_closed_cb(struct stream *s, void *arg)
{
	(void)s;
	feed_done(arg);
}

static void
feed_ws_message_cb(struct ws *ws, bool text, const uint8_t *p, size_t len,
    void *arg)
{
	struct feed *f = arg;

	/*
	 * Nothing is to be said here. But a page cannot send the ping frame of
	 * RFC 6455; what it says instead is answered while it reads.
	 */
	if (!f->closing && ws_queued(ws) < QUEUE_HIGH)
		say_text(f, "{\"type\":\"pong\"}");
	(void)text;
	(void)p;
	(void)len;
}

static void
feed_ws_drained_cb(struct ws *ws, void *arg)
{
	(void)ws;
	feed_next(arg);
}

static void
feed_ws_closed_cb(struct ws *ws, unsigned code, void *arg)
{
	(void)ws;
	(void)code;
	feed_done(arg);
}

/* Whatever it has come to: what has not been answered is refused (C13). */
static void
feed_revoked_cb(void *arg)
{
	struct feed *f = arg;

	if (f->call == NULL) {
		feed_close(f, 4001, "the credential is not valid any more");
		return;
	}
	f->call->req->gone = NULL;
	api_fail_code(f->call, 401, "INVALID_TOKEN",
	    "the credential has ended meanwhile", NULL);
	feed_done(f);
}

static bool
open_ws(struct feed *f, struct http_req *req)
{
	static const struct ws_ops ops = { feed_ws_message_cb,
		feed_ws_drained_cb, feed_ws_closed_cb };
	const struct ws_conf conf = {
		.max = 4096,
		.low = QUEUE_HIGH,
		/* A browser that offers its page's key wants one answered. */
		.subprotocol =
		    ws_offers(req, "rdv.diff.v1") ? "rdv.diff.v1" : NULL,
	};

	f->ws = ws_accept(req, &conf, &ops, f);
	return f->ws != NULL;
}

static bool
open_stream(struct feed *f, struct http_req *req)
{
	static const struct stream_ops ops = { feed_drained_cb,
		feed_closed_cb };

	f->stream = stream_open(req,
	    f->ndjson ? "application/x-ndjson" : "text/event-stream", &ops, f);
	return f->stream != NULL;
}

/* Not before there is something to be told: until then it can be refused. */
static bool
feed_open(struct feed *f)
{
	struct http_req *req = f->call->req;

	req->gone = NULL;
	f->call = NULL;
	if (f->kind == API_WEBSOCKET ? open_ws(f, req) : open_stream(f, req))
		return true;
	/* The client has left. */
	feed_done(f);
	return false;
}

static void
feed_told_cb(const struct js *r, void *arg)
{
	struct feed *f = arg;
	struct buf b;

	if (f->call != NULL && !feed_open(f))
		return;
	if (f->closing)
		return;
	buf_init(&b, MESSAGE_MAX);
	buf_put_text(&b, "{\"JsonPatch\":[");
	put_stat(&b, r);
	if (js_bool(r, "whole", true))
		put_all(&b, js_get(r, "files"));
	else
		put_changed(&b, r);
	buf_put_text(&b, "]}");
	say(f, &b);
	buf_done(&b);
	if (!f->ready)
		say_text(f, "{\"Ready\":true}");
	f->ready = f->waits = true;
	feed_next(f);
}

static void
feed_ended_cb(int err, const char *why, void *arg)
{
	struct feed *f = arg;

	f->follow = NULL;
	if (f->call != NULL) {
		f->call->req->gone = NULL;
		api_fail(f->call, err, why);
		feed_done(f);
	} else if (!f->closing) {
		say_text(f, "{\"finished\":true}");
		feed_close(f, 1000, "it can be followed no more");
	}
}

/* It ends with an error then, which nobody hears. */
static void
feed_gone_cb(void *arg)
{
	struct feed *f = arg;

	worktree_follow_stop(f->follow);
}

static void
follow_tree(struct api_call *c)
{
	const struct follow_in *in = c->in;
	struct feed *f = xcalloc(1, sizeof(*f));
	struct wt_follow_conf conf = { .who = { .uid = c->actor->uid },
		.path = in->tree,
		.base = in->base,
		.told = feed_told_cb,
		.ended = feed_ended_cb,
		.arg = f };

	(void)str_copy(conf.who.user_id, c->actor->user_id,
	    sizeof(conf.who.user_id));
	f->call = c;
	f->kind = c->route->kind;
	f->ndjson = !http_list_has(c->req, "accept", "text/event-stream");
	f->follow = worktree_follow(c->app->worktrees, &conf);
	f->watch = auth_on_revoke(c->app->auth, c->actor, feed_revoked_cb, f);
	c->req->gone = feed_gone_cb;
	c->req->gone_arg = f;
}

static void
watched_cb(int err, const struct wt_stat *now, const char *why, void *arg)
{
	struct api_call *c = arg;
	struct js *o;

	if (err != 0) {
		api_fail(c, err, why);
		return;
	}
	o = js_object();
	js_add_str(o, "from", now->from);
	js_add_int(o, "files", now->files);
	js_add_int(o, "added", now->added);
	js_add_int(o, "removed", now->removed);
	js_add_bool(o, "truncated", now->truncated);
	js_add_str(o, "operation", now->operation);
	js_add_int(o, "seconds", (now->ms + 999) / 1000);
	api_reply(c, 200, o);
}

static void
watch_tree(struct api_call *c)
{
	const struct follow_in *in = c->in;
	struct wt_watch_conf conf = { .who = { .uid = c->actor->uid },
		.path = in->tree,
		.base = in->base,
		.ms = 1000 * (in->seconds > 0 ? in->seconds : WATCH_S) };

	(void)str_copy(conf.who.user_id, c->actor->user_id,
	    sizeof(conf.who.user_id));
	worktree_watch(c->app->worktrees, &conf, watched_cb, c);
}

#define IN .in_size = sizeof(struct follow_in)

const struct api_route api_routes_worktreefollow[] = {
	{ HTTP_M_GET, "/api/worktrees/diff/stream", SCOPE_READ,
	    .kind = API_STREAM, .query = stream_fields, IN,
	    .handler = follow_tree, .success = 200,
	    .doc = "What differs in a worktree, then each change as JSON "
		   "Patch; see docs/stream.md" },
	{ HTTP_M_GET, "/ws/worktrees/diff", SCOPE_READ, .kind = API_WEBSOCKET,
	    .query = stream_fields, IN, .handler = follow_tree, .success = 101,
	    .doc = "The same; see docs/stream.md" },
	{ HTTP_M_POST, "/api/worktrees/watch", SCOPE_READ, .body = watch_fields,
	    IN, .handler = watch_tree, .success = 200,
	    .doc = "For a while each change of what differs in a worktree is "
		   "an event (worktree.changed)" },
	{ .pattern = NULL },
};
