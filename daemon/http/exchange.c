/* SPDX-License-Identifier: MIT */
/*
 * Requests and answers taking turns on a connection: scan, gate, parse, body,
 * dispatch, answer. A second request is not looked at before the first is
 * answered and its answer has mostly left, so a flood of pipelined requests is
 * held back in the kernel of whoever sends it.
 *
 * Invariant: after a refusal no further byte of the connection is interpreted.
 */
#include "daemon/http/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/http/conn.h"
#include "daemon/http/handshake.h"
#include "daemon/http/parse.h"
#include "daemon/http/reply.h"
#include "daemon/http/request.h"
#include "daemon/http/server.h"
#include "daemon/loop.h"
#include "lib/clock.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define OUTPUT_HIGH ((size_t)262144) /* queued: no new request before */

/*
 * The request is gone before the answer: what the gate refuses no handler ever
 * sees, so none can hold it.
 */
static void
refuse(struct exchange *x, enum gate_why why)
{
	struct http_conn *c = x->conn;
	char id[37];
	struct buf *b;

	if (x->req != NULL) {
		request_free(x->req);
		x->req = NULL;
	}
	request_id(x->server, id);
	server_refused(x->server, c->peer->uid, why, id);
	b = reply_refusal(x->server, why, id);
	conn_write(c, b->data, b->len);
	x->state = EXCHANGE_OVER;
	conn_end(c);
}

static void
dispatch(struct exchange *x)
{
	struct http_server *s = x->server;
	struct request *q = x->req;

	x->state = EXCHANGE_WAIT;
	q->r.body = buf_cstr(&q->body);
	q->r.body_len = q->body.len;
	s->stats.requests++;
	s->dispatch(&q->r, s->arg);
}

/* Headers that steer the exchange itself. */
static enum gate_why
check_options(struct request *q)
{
	const char *expect = http_header(&q->r, "expect");

	q->close = http_list_has(&q->r, "connection", "close");
	if (expect != NULL) {
		if (strcasecmp(expect, "100-continue") != 0)
			return GATE_EXPECT;
		q->waits = true;
	}
	return handshake_check(&q->r);
}

static enum gate_why
take_head(struct exchange *x, const char *head, size_t len)
{
	struct http_server *s = x->server;
	struct gate_head g;
	struct request *q;
	enum gate_why why = gate_head(head, len, &s->lim, &g);

	if (why != GATE_OK)
		return why;
	if (g.has_length && g.length > s->lim.body)
		return GATE_BODY_LONG;
	/* Behind the gate: what is malformed is told so even now. */
	if (s->draining)
		return GATE_DRAIN;
	q = x->req = request_new(s);
	q->exchange = x;
	q->r.conn = x->conn;
	q->r.conn_id = x->conn->id;
	q->r.peer_uid = x->conn->peer->uid;
	q->r.person = x->conn->person;
	(void)str_copy(q->r.door, x->conn->peer->door, sizeof(q->r.door));
	q->r.peer_pid = x->conn->pid;
	why = parse_head(q, head, len, &g);
	if (why == GATE_OK)
		why = check_options(q);
	/* A handshake with a body would leave its end to two readers. */
	if (why == GATE_OK && q->r.websocket && !parse_done(q))
		why = GATE_UPGRADE;
	return why;
}

/*
 * Room for a body is given only to who may send one: otherwise anybody could
 * fill memory with bodies that never end. What came in one piece with its head
 * takes no room and is judged once, by dispatch().
 */
static bool
body_wanted(struct exchange *x, size_t at_hand)
{
	struct http_server *s = x->server;
	struct request *q = x->req;
	uint64_t left = parse_left(q);

	if (s->early == NULL || (left > 0 && left <= at_hand))
		return true;
	q->r.body_len = left;
	if (!s->early(&q->r, s->arg)) {
		s->stats.requests++;
		return false;
	}
	q->body.max = q->r.body_max;
	return true;
}

static void
await_body(struct exchange *x, size_t at_hand)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

	x->state = EXCHANGE_BODY;
	x->since_ms = clock_mono_ms();
	if (body_wanted(x, at_hand) && x->req->waits && at_hand == 0)
		conn_write(x->conn, go_on, sizeof go_on - 1);
}

/* Returns bytes used: the whole head, or none of an incomplete one. */
static size_t
read_head(struct exchange *x, const char *p, size_t len)
{
	size_t end = 0;
	enum gate_why why;

	/*
	 * The clock of a head starts with its first byte; before that it is the
	 * connection that is idle.
	 */
	if (x->seen == 0)
		x->since_ms = clock_mono_ms();
	why = gate_scan(p, len, &x->seen, &end, &x->server->lim);
	if (why == GATE_OK && end == 0)
		return 0;
	x->seen = 0;
	if (why == GATE_OK)
		why = take_head(x, p, end);
	if (why != GATE_OK) {
		refuse(x, why);
		return len;
	}
	if (parse_done(x->req))
		dispatch(x);
	else
		await_body(x, len - end);
	return end;
}

static size_t
read_body(struct exchange *x, const char *p, size_t len)
{
	size_t used = 0;
	enum gate_why why = parse_body(x->req, p, len, &used);

	if (why != GATE_OK) {
		refuse(x, why);
		return len;
	}
	if (parse_done(x->req))
		dispatch(x);
	return used;
}

static bool
reading(const struct exchange *x)
{
	return x->state == EXCHANGE_HEAD || x->state == EXCHANGE_BODY;
}

static size_t
exchange_input(void *user, const char *p, size_t len)
{
	struct exchange *x = user;
	size_t used = 0, n = 1;

	while (used < len && n > 0 && reading(x) &&
	       conn_queued(x->conn) <= OUTPUT_HIGH) {
		if (x->state == EXCHANGE_HEAD)
			n = read_head(x, p + used, len - used);
		else
			n = read_body(x, p + used, len - used);
		used += n;
	}
	/* A half-closed peer: all answered, or the rest never completes. */
	if (x->conn->eof && reading(x) && (n == 0 || used == len))
		conn_end(x->conn);
	return used;
}

static bool
exchange_eof(void *user)
{
	struct exchange *x = user;

	if (x->state == EXCHANGE_WAIT)
		return true;
	if (conn_queued(x->conn) == 0)
		return false;
	/* Answers are still leaving; perhaps they hold back more requests. */
	if (x->conn->in.len == 0)
		conn_end(x->conn);
	return true;
}

/* Requests behind this one may have been held back by OUTPUT_HIGH. */
static void
exchange_moved(void *user)
{
	struct exchange *x = user;

	if (x->conn->in.len > 0)
		conn_kick(x->conn);
}

/*
 * Whoever shows no token at a door takes one of its few places from a run that
 * would, and has nothing there to wait for.
 */
static int64_t
bound(const struct exchange *x, int64_t ms)
{
	const struct http_conn *c = x->conn;
	const bool stranger = c->peer->door[0] != '\0' && !c->known;

	return stranger && ms > SERVER_DOOR_MS ? SERVER_DOOR_MS : ms;
}

static void
exchange_tick(void *user, int64_t now_ms)
{
	struct exchange *x = user;
	const struct http_limits *lim = &x->server->lim;
	int64_t age = now_ms - x->since_ms;

	if (x->state == EXCHANGE_BODY && age >= bound(x, lim->body_ms))
		refuse(x, GATE_BODY_SLOW);
	else if (x->state != EXCHANGE_HEAD)
		return;
	else if (x->seen > 0 && age >= bound(x, lim->header_ms))
		refuse(x, GATE_HEAD_SLOW);
	/* No answer: between requests nobody has asked for one. */
	else if (x->seen == 0 && age >= bound(x, lim->idle_ms))
		conn_end(x->conn);
}

static void
exchange_gone(void *user)
{
	struct exchange *x = user;
	struct request *q = x->req;

	/* Its handler still has it and will answer it, to nobody. */
	if (q != NULL && x->state == EXCHANGE_WAIT) {
		q->exchange = NULL;
		q->r.conn = NULL;
		if (q->r.gone != NULL)
			q->r.gone(q->r.gone_arg);
	} else if (q != NULL) {
		request_free(q);
	}
	free(x);
}

static const struct conn_ops ops = {
	.input = exchange_input,
	.eof = exchange_eof,
	.moved = exchange_moved,
	.tick = exchange_tick,
	/* No .drain: new requests get a 503 and idle ones wait for the end. */
	.gone = exchange_gone,
};

void
exchange_start(struct http_conn *c)
{
	struct exchange *x = xcalloc(1, sizeof *x);

	x->conn = c;
	x->server = c->server;
	x->since_ms = clock_mono_ms();
	c->ops = &ops;
	c->user = x;
}

void
exchange_answered(struct exchange *x, bool close)
{
	struct http_conn *c = x->conn;

	c->known = c->known || x->req->r.actor != NULL;
	x->req = NULL;
	x->since_ms = clock_mono_ms();
	x->state = close ? EXCHANGE_OVER : EXCHANGE_HEAD;
	if (close || (c->eof && c->in.len == 0))
		conn_end(c);
}

void
exchange_leave(struct exchange *x, const struct conn_ops *to, void *user)
{
	x->req = NULL;
	x->state = EXCHANGE_LEFT;
	conn_take_over(x->conn, to, user);
	/* It may be on the stack: upgrades happen inside dispatch(). */
	loop_defer(x->server->loop, free, x);
}
