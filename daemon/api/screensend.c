/* SPDX-License-Identifier: MIT */
/*
 * A large screen on its way. 4 MiB of it as JSON took one turn of the loop for
 * 10 ms and more, in which every key of everybody waited. Invariant: a piece is
 * made in a turn, and none while the one before is not on its way; what was cut
 * off ends in the middle, so that nobody takes it for all.
 */
#include "daemon/api/screensend.h"

#include <stdlib.h>

#include "daemon/api/api.h"
#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/http/stream.h"
#include "daemon/loop.h"
#include "daemon/term/utf8.h"
#include "lib/buf.h"
#include "lib/xalloc.h"

#define PIECE_MAX (6 * SCREENSEND_PIECE) /* a byte may be six in JSON */
#define REST_MAX  65536			 /* a title is the longest of it */

struct sent {
	struct stream *stream;
	struct auth_watch *watch;
	struct loop_timer *next;
	struct buf content; /* what of it is still to come, from `off` */
	struct buf rest;    /* behind it; empty when it is on its way */
};

static void
sent_free(struct sent *s)
{
	loop_timer_free(s->next);
	auth_unwatch(s->watch);
	buf_done(&s->content);
	buf_done(&s->rest);
	free(s);
}

/* The object without its first brace: it goes on where `content` ends. */
static void
put_rest(struct sent *s)
{
	stream_write(s->stream, "\",", 2);
	stream_write(s->stream, s->rest.data + 1, s->rest.len - 1);
	buf_done(&s->rest);
	buf_init(&s->rest, 0);
	stream_close(s->stream);
}

static void
sent_next_cb(void *arg)
{
	struct sent *s = arg;
	const uint8_t *p = s->content.data + s->content.off;
	size_t len = s->content.len - s->content.off;
	struct buf b;

	/* All of it is on its way, or it is drained later. */
	if (s->rest.len == 0 || stream_queued(s->stream) > 0)
		return;
	if (len > SCREENSEND_PIECE)
		len = utf8_whole(p, SCREENSEND_PIECE, false);
	s->content.off += len;
	buf_init(&b, PIECE_MAX);
	utf8_put_json(&b, p, len);
	stream_write(s->stream, b.data, b.len);
	buf_done(&b);
	if (s->content.off < s->content.len)
		loop_timer_set_us(s->next, 0);
	else
		put_rest(s);
}

/* Not at once: that would be in the same turn. */
static void
sent_drained_cb(struct stream *stream, void *arg)
{
	struct sent *s = arg;

	(void)stream;
	loop_timer_set_us(s->next, 0);
}

static void
sent_closed_cb(struct stream *stream, void *arg)
{
	(void)stream;
	sent_free(arg);
}

static void
sent_revoked_cb(void *arg)
{
	struct sent *s = arg;

	stream_break(s->stream);
}

void
screensend(struct api_call *c, struct buf *content, struct js *rest)
{
	static const struct stream_ops ops = { sent_drained_cb,
		sent_closed_cb };
	struct sent *s = xcalloc(1, sizeof(*s));
	/* The request is gone when the stream is open. */
	struct auth *auth = c->app->auth;
	struct actor actor = *c->actor;

	s->next = loop_timer_new(c->app->loop, sent_next_cb, s);
	s->content = *content;
	buf_init(content, 0);
	buf_init(&s->rest, REST_MAX);
	js_finish(rest, &s->rest);
	s->stream = stream_open(c->req, "application/json", &ops, s);
	if (s->stream == NULL) {
		sent_free(s);
		return;
	}
	s->watch = auth_on_revoke(auth, &actor, sent_revoked_cb, s);
	stream_write(s->stream, "{\"content\":\"", 12);
	loop_timer_set_us(s->next, 0);
}
