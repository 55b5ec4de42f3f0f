/* SPDX-License-Identifier: MIT */
/*
 * Answers without end. Each piece is a chunk of chunked coding; the connection
 * belongs to the stream until both end together, which is what an EventSource
 * and a proxy expect. Heartbeats make a dead peer show itself: to us, because
 * the bytes pile up, and to everything in between, because they do not.
 */
#include "daemon/http/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/http/conn.h"
#include "daemon/http/exchange.h"
#include "daemon/http/reply.h"
#include "daemon/http/request.h"
#include "daemon/http/server.h"
#include "lib/clock.h"
#include "lib/xalloc.h"

#define BEAT_MS 15000
/* Writers watch stream_queued(); one that does not ends here. */
#define OUTPUT_MAX ((size_t)16 << 20)

#define CHUNK_HEAD 20	/* the length of a chunk, in hexadecimal */
#define PIECE_MAX  2048 /* most events are shorter, and leave in one piece */

struct stream {
	struct http_conn *conn;
	const struct stream_ops *ops;
	void *arg;
	const char *beat; /* NULL: bytes in which nothing may stand */
	int64_t wrote_ms;
};

void
stream_write(struct stream *s, const void *p, size_t len)
{
	struct http_conn *c = s->conn;
	char whole[CHUNK_HEAD + PIECE_MAX + 2];
	size_t n;

	/* A chunk of no bytes would be the end. */
	if (len == 0 || c->ending)
		return;
	s->wrote_ms = clock_mono_ms();
	n = (size_t)snprintf(whole, CHUNK_HEAD, "%zx\r\n", len);
	if (len <= PIECE_MAX) {
		memcpy(whole + n, p, len);
		memcpy(whole + n + len, "\r\n", 2);
		conn_send(c, whole, n + len + 2);
	} else {
		conn_write(c, whole, n);
		conn_write(c, p, len);
		conn_write(c, "\r\n", 2);
	}
	if (conn_queued(c) > OUTPUT_MAX) {
		c->server->stats.stalled++;
		conn_drop(c);
	}
}

size_t
stream_queued(const struct stream *s)
{
	return conn_queued(s->conn);
}

void
stream_close(struct stream *s)
{
	if (s->conn->ending)
		return;
	conn_write(s->conn, "0\r\n\r\n", 5);
	conn_end(s->conn);
}

void
stream_break(struct stream *s)
{
	conn_drop(s->conn);
}

/* The answer said "Connection: close"; nothing sent after it counts. */
static size_t
stream_input(void *user, const char *p, size_t len)
{
	(void)user;
	(void)p;
	return len;
}

static void
stream_moved(void *user)
{
	struct stream *s = user;

	if (conn_queued(s->conn) == 0)
		s->ops->drained(s, s->arg);
}

static void
stream_tick(void *user, int64_t now_ms)
{
	struct stream *s = user;

	if (s->beat != NULL && now_ms - s->wrote_ms >= BEAT_MS)
		stream_write(s, s->beat, strlen(s->beat));
}

/*
 * A clean end, without a word of why: an EventSource comes back by itself.
 * Bytes would be taken for all there are.
 */
static void
stream_drain(void *user)
{
	struct stream *s = user;

	if (s->beat != NULL)
		stream_close(s);
	else
		stream_break(s);
}

static void
stream_gone(void *user)
{
	struct stream *s = user;

	s->conn->server->stats.streams--;
	s->ops->closed(s, s->arg);
	free(s);
}

static const struct conn_ops ops = {
	.input = stream_input,
	.moved = stream_moved,
	.tick = stream_tick,
	.drain = stream_drain,
	.gone = stream_gone,
};

static const char *
beat_of(const char *type)
{
	/*
	 * A comment, to which no listener is called; NDJSON readers skip empty
	 * lines.
	 */
	if (strcmp(type, "text/event-stream") == 0)
		return ": \n\n";
	return strcmp(type, "application/x-ndjson") == 0 ? "\n" : NULL;
}

static void
send_head(struct request *q, const char *type)
{
	struct buf *b = reply_start(q->server, 200, q->r.id);

	reply_field(b, "Content-Type", type);
	reply_field(b, "Transfer-Encoding", "chunked");
	reply_field(b, "Connection", "close");
	/* nginx would collect events until a buffer is full (abuse B12). */
	reply_field(b, "X-Accel-Buffering", "no");
	reply_send(b, q->exchange->conn);
}

struct stream *
stream_open(struct http_req *r, const char *type,
    const struct stream_ops *user_ops, void *arg)
{
	struct request *q = (struct request *)r;
	struct stream *s = NULL;

	if (q->exchange != NULL) {
		s = xcalloc(1, sizeof *s);
		s->conn = q->exchange->conn;
		s->ops = user_ops;
		s->arg = arg;
		s->beat = beat_of(type);
		s->wrote_ms = clock_mono_ms();
		q->server->stats.streams++;
		send_head(q, type);
		exchange_leave(q->exchange, &ops, s);
	}
	request_free(q);
	return s;
}
