/* SPDX-License-Identifier: MIT */
/*
 * WebSockets. What the peer sends goes through libwslay, which knows every way
 * a frame can be wrong (abuse D03); what we send is framed here, because a
 * server's frames are a short header and the bytes as they are, and terminals
 * send a lot of them.
 *
 * libwslay's context is larger than all the rest of a connection, so it goes
 * when nothing has come for a second or two: an idle socket has none, and who
 * types does not wait for a new one at each key. Messages grow with what
 * arrives, never by what a header announces.
 */
#include "daemon/http/ws.h"

#include <sys/uio.h>
#include <stdlib.h>
#include <string.h>

#include <wslay/wslay.h>

#include "daemon/http/conn.h"
#include "daemon/http/exchange.h"
#include "daemon/http/handshake.h"
#include "daemon/http/reply.h"
#include "daemon/http/request.h"
#include "daemon/http/server.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define PING_MS	   20000
#define PINGS_MAX  2	/* unanswered, then the peer is taken for dead */
#define CLOSE_MS   5000 /* for the peer to answer a close frame */
#define REASON_MAX 123	/* 125 of a control frame, less the code */
#define FRAME_HEAD 10	/* of a frame of ours, at most */
/* Behind this much output a ping or its answer says nothing any more. */
#define CONTROL_MAX ((size_t)65536)
/*
 * Senders watch ws_queued() for what they send by themselves. Answers are not
 * held back so: a peer that asks on and takes nothing ends here.
 */
#define OUTPUT_MAX ((size_t)1 << 20)

struct ws {
	struct http_conn *conn;
	const struct ws_ops *ops;
	void *arg;
	size_t max, low;
	unsigned code; /* of whoever closes first */
	/* Receiving. */
	wslay_event_context_ptr ctx;
	const char *in; /* what the context has not fetched yet */
	size_t in_len;
	uint64_t fed;	 /* bytes the context fetched */
	uint64_t framed; /* bytes of the frames it has begun */
	struct buf msg;
	bool control;	 /* the present frame is a control frame */
	bool fragmented; /* more frames of this message will follow */
	bool used;	 /* the context, since the last tick */
	bool paused;
	bool mute; /* what the context sends is dropped */
	/* Sending. */
	bool above; /* drained() is due when the queue is short again */
	unsigned unanswered;
	int64_t ping_ms;
	int64_t close_ms; /* deadline, once our close frame is sent */
};

static bool
closing(const struct ws *ws)
{
	return ws->close_ms != 0 || ws->conn->ending || ws->conn->dead;
}

/* Of a frame of so many bytes; the length of what stands in `h` then. */
static size_t
frame_head(uint8_t h[FRAME_HEAD], enum wslay_opcode op, size_t len)
{
	/*
	 * FIN and opcode, then the shortest length that holds it, and no mask:
	 * RFC 6455 sections 5.1 and 5.2 for a server.
	 */
	h[0] = (uint8_t)(0x80 | op);
	if (len < 126) {
		h[1] = (uint8_t)len;
		return 2;
	}
	if (len <= UINT16_MAX) {
		h[1] = 126;
		h[2] = (uint8_t)(len >> 8);
		h[3] = (uint8_t)len;
		return 4;
	}
	h[1] = 127;
	for (int i = 0; i < 8; i++)
		h[2 + i] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
	return FRAME_HEAD;
}

static void
send_frame(struct ws *ws, enum wslay_opcode op, size_t len)
{
	uint8_t h[FRAME_HEAD];

	conn_write(ws->conn, h, frame_head(h, op, len));
}

static void
send_control(struct ws *ws, enum wslay_opcode op, const void *p, size_t len)
{
	send_frame(ws, op, len);
	conn_write(ws->conn, p, len);
}

static void
sent_data(struct ws *ws)
{
	size_t queued = conn_queued(ws->conn);

	if (queued >= ws->low / 2)
		ws->above = true;
	if (queued > OUTPUT_MAX) {
		ws->conn->server->stats.stalled++;
		conn_drop(ws->conn);
	}
}

void
ws_text(struct ws *ws, const char *s, size_t len)
{
	if (closing(ws))
		return;
	send_frame(ws, WSLAY_TEXT_FRAME, len);
	conn_write(ws->conn, s, len);
	sent_data(ws);
}

void
ws_binary(struct ws *ws, const void *head, size_t headlen, const void *payload,
    size_t len)
{
	uint8_t h[FRAME_HEAD];
	struct iovec piece[] = { { .iov_base = h },
		{ .iov_base = (void *)head, .iov_len = headlen },
		{ .iov_base = (void *)payload, .iov_len = len } };

	if (closing(ws))
		return;
	piece[0].iov_len = frame_head(h, WSLAY_BINARY_FRAME, headlen + len);
	/* Not copied on its way: terminals send a lot. */
	conn_write_pieces(ws->conn, piece, 3);
	sent_data(ws);
}

size_t
ws_queued(const struct ws *ws)
{
	return conn_queued(ws->conn);
}

int64_t
ws_stalled_ms(const struct ws *ws)
{
	return conn_stalled_ms(ws->conn, clock_mono_ms());
}

void
ws_pause(struct ws *ws, bool on)
{
	/* The answer to a close frame has to be read. */
	if (closing(ws))
		on = false;
	ws->paused = on;
	conn_hold(ws->conn, on);
}

void
ws_close(struct ws *ws, unsigned code, const char *reason)
{
	uint8_t p[2 + REASON_MAX] = { (uint8_t)(code >> 8), (uint8_t)code };
	size_t len = strlen(reason);

	if (closing(ws))
		return;
	if (len > REASON_MAX)
		/* Cut between characters: a reason has to be UTF-8. */
		len = REASON_MAX - str_utf8_tail(reason, REASON_MAX);
	memcpy(p + 2, reason, len);
	send_control(ws, WSLAY_CONNECTION_CLOSE, p, 2 + len);
	ws->code = code;
	ws->close_ms = clock_mono_ms() + CLOSE_MS;
	ws_pause(ws, false);
}

static ssize_t
recv_cb(wslay_event_context_ptr ctx, uint8_t *p, size_t len, int flags,
    void *user)
{
	struct ws *ws = user;
	size_t n = len < ws->in_len ? len : ws->in_len;

	(void)flags;
	/*
	 * A message may have paused us in the middle of the input; ws_input()
	 * then leaves the rest with the connection.
	 */
	if (n == 0 || ws->paused) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	memcpy(p, ws->in, n);
	ws->in += n;
	ws->in_len -= n;
	ws->fed += n;
	return (ssize_t)n;
}

/* Says that all was taken, even when muted: libwslay would keep the rest. */
static ssize_t
send_cb(wslay_event_context_ptr ctx, const uint8_t *p, size_t len, int flags,
    void *user)
{
	struct ws *ws = user;

	(void)ctx;
	(void)flags;
	if (!ws->mute)
		conn_write(ws->conn, p, len);
	return (ssize_t)len;
}

static void
frame_cb(wslay_event_context_ptr ctx,
    const struct wslay_event_on_frame_recv_start_arg *f, void *user)
{
	struct ws *ws = user;
	uint64_t len = f->payload_length;

	(void)ctx;
	/* Two bytes, a longer length where needed, and the mask. */
	ws->framed +=
	    6 + (len > 125 ? 2 : 0) + (len > UINT16_MAX ? 6 : 0) + len;
	ws->control = wslay_is_ctrl_frame(f->opcode);
	if (!ws->control)
		ws->fragmented = !f->fin;
}

static void
chunk_cb(wslay_event_context_ptr ctx,
    const struct wslay_event_on_frame_recv_chunk_arg *c, void *user)
{
	struct ws *ws = user;

	if (ws->control || ws->msg.failed)
		return;
	buf_put(&ws->msg, c->data, c->data_length);
	if (!ws->msg.failed)
		return;
	/* The frames are small enough, all together are not. */
	(void)wslay_event_queue_close(ctx, WSLAY_CODE_MESSAGE_TOO_BIG, NULL, 0);
	wslay_event_shutdown_read(ctx);
}

/*
 * What libwslay lets through: half a status code, and a reason that is no UTF-8
 * when it arrived in pieces. Answered before the library answers.
 */
static void
check_close(struct ws *ws, const uint8_t *p, size_t len)
{
	if (len == 1)
		ws_close(ws, WSLAY_CODE_PROTOCOL_ERROR, "");
	else if (len > 2 && !str_utf8_valid((const char *)p + 2, len - 2))
		ws_close(ws, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA, "");
}

static void
message_cb(wslay_event_context_ptr ctx,
    const struct wslay_event_on_msg_recv_arg *m, void *user)
{
	struct ws *ws = user;

	(void)ctx;
	if (m->opcode == WSLAY_CONNECTION_CLOSE)
		check_close(ws, m->msg, m->msg_length);
	if (wslay_is_ctrl_frame(m->opcode) || ws->msg.failed)
		return;
	if (!closing(ws))
		ws->ops->message(ws, m->opcode == WSLAY_TEXT_FRAME,
		    (const uint8_t *)buf_cstr(&ws->msg), ws->msg.len, ws->arg);
	buf_reset(&ws->msg);
}

static void
context_open(struct ws *ws)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = recv_cb,
		.send_callback = send_cb,
		.on_frame_recv_start_callback = frame_cb,
		.on_frame_recv_chunk_callback = chunk_cb,
		.on_msg_recv_callback = message_cb,
	};

	if (wslay_event_context_server_init(&ws->ctx, &callbacks, ws) != 0)
		fatalx("ws", "no memory");
	/* Buffering would allocate what a frame header announces. */
	wslay_event_config_set_no_buffering(ws->ctx, 1);
	wslay_event_config_set_max_recv_msg_length(ws->ctx, ws->max);
	ws->fed = ws->framed = 0;
}

static void
forget_message(struct ws *ws)
{
	buf_done(&ws->msg);
	buf_init_secret(&ws->msg, ws->max);
}

static void
context_close(struct ws *ws)
{
	wslay_event_context_free(ws->ctx);
	ws->ctx = NULL;
	forget_message(ws);
}

/* Nothing of a message has come that is not complete. */
static bool
between_messages(const struct ws *ws)
{
	return ws->fed == ws->framed && !ws->fragmented;
}

/* Lets out what libwslay answers by itself: pongs, and the last close. */
static void
send_answers(struct ws *ws, bool more)
{
	ws->mute =
	    ws->close_ms != 0 || (more && conn_queued(ws->conn) > CONTROL_MAX);
	(void)wslay_event_send(ws->ctx);
}

/* The peer closed, or broke the rules and was told by libwslay. */
static void
receiving_ended(struct ws *ws)
{
	if (ws->close_ms == 0)
		ws->code = wslay_event_get_close_received(ws->ctx)
			       ? wslay_event_get_status_code_received(ws->ctx)
			       : wslay_event_get_status_code_sent(ws->ctx);
	context_close(ws);
	conn_end(ws->conn);
}

/* A length that is none: libwslay gives up without a word of its own. */
static void
framing_lost(struct ws *ws)
{
	ws_close(ws, WSLAY_CODE_PROTOCOL_ERROR, "");
	context_close(ws);
	conn_end(ws->conn);
}

static size_t
ws_input(void *user, const char *p, size_t len)
{
	struct ws *ws = user;
	bool more;

	if (ws->ctx == NULL)
		context_open(ws);
	ws->in = p;
	ws->in_len = len;
	ws->used = true;
	/* Whatever comes proves the peer as well as a pong does. */
	ws->unanswered = 0;
	if (wslay_event_recv(ws->ctx) != 0) {
		framing_lost(ws);
		return len;
	}
	more = wslay_event_get_read_enabled(ws->ctx);
	send_answers(ws, more);
	if (!more)
		receiving_ended(ws);
	else if (between_messages(ws))
		forget_message(ws);
	return len - ws->in_len;
}

static void
ws_moved(void *user)
{
	struct ws *ws = user;

	if (!ws->above || closing(ws) || conn_queued(ws->conn) >= ws->low / 2)
		return;
	ws->above = false;
	ws->ops->drained(ws, ws->arg);
}

static void
ws_tick(void *user, int64_t now_ms)
{
	struct ws *ws = user;

	if (ws->ctx != NULL && !ws->used && between_messages(ws))
		context_close(ws);
	ws->used = false;
	if (ws->close_ms != 0 && now_ms >= ws->close_ms)
		conn_drop(ws->conn);
	if (ws->close_ms != 0 || now_ms < ws->ping_ms)
		return;
	ws->ping_ms = now_ms + PING_MS;
	/* While we do not read, or send no ping, silence proves nothing. */
	if (ws->paused || conn_queued(ws->conn) > CONTROL_MAX)
		return;
	if (ws->unanswered++ == PINGS_MAX)
		conn_drop(ws->conn);
	else
		send_control(ws, WSLAY_PING, "", 0);
}

static void
ws_drain(void *user)
{
	ws_close(user, WSLAY_CODE_GOING_AWAY, "the server is shutting down");
}

static void
ws_gone(void *user)
{
	struct ws *ws = user;

	ws->conn->server->stats.websockets--;
	if (ws->ctx != NULL)
		wslay_event_context_free(ws->ctx);
	buf_done(&ws->msg);
	ws->ops->closed(ws, ws->code, ws->arg);
	free(ws);
}

static const struct conn_ops ops = {
	.input = ws_input,
	.moved = ws_moved,
	.tick = ws_tick,
	.drain = ws_drain,
	.gone = ws_gone,
};

bool
ws_offers(const struct http_req *r, const char *name)
{
	const char *p = http_header(r, "sec-websocket-protocol"), *s;
	size_t len;

	/* Compared exactly: the client checks our choice byte by byte. */
	while (p != NULL && (s = http_list_next(&p, &len)) != NULL)
		if (len == strlen(name) && memcmp(s, name, len) == 0)
			return true;
	return false;
}

static void
send_switch(struct request *q, const char *subprotocol)
{
	struct buf *b = reply_start(q->server, 101, q->r.id);
	char accept[HANDSHAKE_ACCEPT];

	handshake_accept(http_header(&q->r, "sec-websocket-key"), accept);
	reply_field(b, "Upgrade", "websocket");
	reply_field(b, "Connection", "Upgrade");
	reply_field(b, "Sec-WebSocket-Accept", accept);
	if (subprotocol != NULL)
		reply_field(b, "Sec-WebSocket-Protocol", subprotocol);
	reply_send(b, q->exchange->conn);
}

struct ws *
ws_accept(struct http_req *r, const struct ws_conf *conf,
    const struct ws_ops *user_ops, void *arg)
{
	struct request *q = (struct request *)r;
	struct ws *ws = NULL;

	if (q->exchange != NULL) {
		ws = xcalloc(1, sizeof *ws);
		ws->conn = q->exchange->conn;
		ws->ops = user_ops;
		ws->arg = arg;
		ws->max = conf->max;
		ws->low = conf->low < 2 ? 2 : conf->low;
		/*
		 * What stays if the connection ends without a close frame
		 * (1006, RFC 6455 section 7.1.5).
		 */
		ws->code = WSLAY_CODE_ABNORMAL_CLOSURE;
		ws->ping_ms = clock_mono_ms() + PING_MS;
		buf_init_secret(&ws->msg, ws->max);
		q->server->stats.websockets++;
		send_switch(q, conf->subprotocol);
		exchange_leave(q->exchange, &ops, ws);
	}
	request_free(q);
	return ws;
}
