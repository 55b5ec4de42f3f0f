/* SPDX-License-Identifier: MIT */
/*
 * WebSocket client over libwslay. What arrived behind the upgrade's answer in
 * the same read is the first of the frames and is given to wslay before the
 * socket is asked again.
 */
#include "cli/ws.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wslay/wslay.h>

#include "cli/http.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/secret.h"
#include "lib/xalloc.h"

/* Then the keyboard gets its turn; a flood must not lock it. */
#define TURN_MAX    ((size_t)256 << 10)
#define MESSAGE_MAX ((size_t)4 << 20)
#define REQUEST_MAX 16384
#define REFUSAL_MAX 65536
#define CODE_BROKEN 1006

/*
 * The nonce defends against caches between client and server (RFC 6455, 1.3);
 * a Unix socket has nothing between, and nginx of this host no cache. So it is
 * the one of the RFC's example, whose answer is known: the server still proves
 * that it speaks the protocol.
 */
#define NONCE  "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

struct ws {
	int fd;
	const struct ws_ops *ops;
	void *arg;
	const char *subprotocol;
	struct http *http; /* while the upgrade is not answered */
	struct buf refusal;
	wslay_event_context_ptr ctx;
	uint8_t early[16384]; /* read with the answer, not yet taken */
	size_t early_at, early_len;
	size_t budget; /* bytes this turn may still take */
	int status;
	bool open, dead;
};

/* The budget makes wslay stop although the socket has more. */
static ssize_t
recv_cb(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags,
    void *arg)
{
	struct ws *ws = arg;
	ssize_t n;

	(void)flags;
	if (ws->early_at < ws->early_len) {
		if (len > ws->early_len - ws->early_at)
			len = ws->early_len - ws->early_at;
		memcpy(buf, ws->early + ws->early_at, len);
		ws->early_at += len;
		return (ssize_t)len;
	}
	if (len > ws->budget)
		len = ws->budget;
	n = -1;
	errno = EAGAIN;
	if (len > 0)
		n = recv(ws->fd, buf, len, 0);
	if (n > 0) {
		ws->budget -= (size_t)n;
		return n;
	}
	if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	ws->dead = true;
	wslay_event_set_error(ctx, WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

/* MSG_NOSIGNAL: a peer that is gone is an answer and not a signal. */
static ssize_t
send_cb(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags,
    void *arg)
{
	struct ws *ws = arg;
	ssize_t n;

	(void)flags;
	n = send(ws->fd, data, len, MSG_NOSIGNAL);
	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EINTR) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
	} else {
		ws->dead = true;
		wslay_event_set_error(ctx, WSLAY_ERR_CALLBACK_FAILURE);
	}
	return -1;
}

static int
genmask_cb(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, void *arg)
{
	(void)ctx;
	(void)arg;
	secret_random(buf, len);
	return 0;
}

static void
message_cb(wslay_event_context_ptr ctx,
    const struct wslay_event_on_msg_recv_arg *m, void *arg)
{
	struct ws *ws = arg;

	(void)ctx;
	if (m->opcode == WSLAY_TEXT_FRAME)
		ws->ops->text((const char *)m->msg, m->msg_length, ws->arg);
	else if (m->opcode == WSLAY_BINARY_FRAME)
		ws->ops->binary(m->msg, m->msg_length, ws->arg);
}

static const struct wslay_event_callbacks callbacks = {
	.recv_callback = recv_cb,
	.send_callback = send_cb,
	.genmask_callback = genmask_cb,
	.on_msg_recv_callback = message_cb,
};

static bool
refusal_cb(const char *p, size_t len, void *arg)
{
	struct ws *ws = arg;

	buf_put(&ws->refusal, p, len);
	return buf_ok(&ws->refusal);
}

/* A fresh socket's buffer takes the whole request, or something is wrong. */
static bool
send_request(const struct ws_conf *conf)
{
	struct buf b;
	bool sent;

	buf_init_secret(&b, REQUEST_MAX);
	buf_printf(&b,
	    "GET %s HTTP/1.1\r\nHost: %s\r\n"
	    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: " NONCE "\r\n"
	    "Sec-WebSocket-Protocol: %s\r\n",
	    conf->target, conf->page != NULL ? conf->page : "rdv",
	    conf->subprotocol);
	if (conf->page != NULL)
		buf_printf(&b, "Origin: http://%s\r\n", conf->page);
	if (conf->token != NULL)
		buf_printf(&b, "Authorization: Bearer %s\r\n", conf->token);
	buf_put_text(&b, "\r\n");
	sent = buf_ok(&b) &&
	       send(conf->fd, b.data, b.len, MSG_NOSIGNAL) == (ssize_t)b.len;
	buf_done(&b);
	return sent;
}

struct ws *
ws_new(const struct ws_conf *conf)
{
	struct ws *ws;

	if (!send_request(conf)) {
		(void)close(conf->fd);
		return NULL;
	}
	ws = xcalloc(1, sizeof(*ws));
	ws->fd = conf->fd;
	ws->ops = conf->ops;
	ws->arg = conf->arg;
	ws->subprotocol = conf->subprotocol;
	buf_init(&ws->refusal, REFUSAL_MAX);
	ws->http = http_new(refusal_cb, ws);
	return ws;
}

void
ws_free(struct ws *ws)
{
	if (ws == NULL)
		return;
	if (ws->ctx != NULL)
		wslay_event_context_free(ws->ctx);
	http_free(ws->http);
	buf_done(&ws->refusal);
	(void)close(ws->fd);
	free(ws);
}

int
ws_fd(const struct ws *ws)
{
	return ws->fd;
}

bool
ws_is_open(const struct ws *ws)
{
	return ws->open && !ws->dead;
}

short
ws_events(const struct ws *ws, bool reading)
{
	short events = 0;

	/*
	 * Before it is open the answer has to be read, whatever the caller
	 * wants.
	 */
	if (reading || !ws->open)
		events |= POLLIN;
	if (ws->open && wslay_event_want_write(ws->ctx))
		events |= POLLOUT;
	return events;
}

/* All that RFC 6455 section 4.1 tells a client to check. */
static int
become_open(struct ws *ws)
{
	if (ws->status != 101 ||
	    strcmp(http_header(ws->http, "sec-websocket-accept"), ACCEPT) !=
		0 ||
	    strcmp(http_header(ws->http, "sec-websocket-protocol"),
		ws->subprotocol) != 0) {
		ws->dead = true;
		return RDV_E_UNAVAILABLE;
	}
	if (wslay_event_context_client_init(&ws->ctx, &callbacks, ws) != 0)
		return RDV_E_UNAVAILABLE;
	wslay_event_config_set_max_recv_msg_length(ws->ctx, MESSAGE_MAX);
	ws->open = true;
	if (ws->ops->open != NULL)
		ws->ops->open(ws->arg);
	return 0;
}

/* One read may hold the answer, frames behind it, or part of either. */
static int
shake_hands(struct ws *ws)
{
	size_t used = 0;
	ssize_t n;
	int rc;

	n = recv(ws->fd, ws->early, sizeof(ws->early), 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	rc = http_feed(ws->http, (const char *)ws->early, n > 0 ? (size_t)n : 0,
	    &used);
	ws->status = http_status(ws->http);
	if (rc == 0)
		return 0;
	if (rc != RDV_E_EXISTS) {
		ws->dead = true;
		return RDV_E_UNAVAILABLE;
	}
	ws->early_at = used;
	ws->early_len = n > 0 ? (size_t)n : 0;
	return become_open(ws);
}

int
ws_turn(struct ws *ws, short revents)
{
	int rc = 0;

	ws->budget = TURN_MAX;
	if (!ws->open && !ws->dead && revents != 0) {
		rc = shake_hands(ws);
		/* Frames that came along are not announced by poll again. */
		if (rc == 0 && ws->open)
			revents |= POLLIN;
	}
	if (rc != 0 || ws->dead)
		return RDV_E_UNAVAILABLE;
	if (!ws->open)
		return 0;
	if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
	    wslay_event_recv(ws->ctx) != 0)
		return RDV_E_UNAVAILABLE;
	if (wslay_event_want_write(ws->ctx) && wslay_event_send(ws->ctx) != 0)
		return RDV_E_UNAVAILABLE;
	if (ws->dead || (!wslay_event_want_read(ws->ctx) &&
			    !wslay_event_want_write(ws->ctx)))
		return RDV_E_UNAVAILABLE;
	return 0;
}

static void
queue(struct ws *ws, uint8_t opcode, const void *p, size_t len)
{
	struct wslay_event_msg m = {
		.opcode = opcode, .msg = p, .msg_length = len
	};

	/* Fails only when closing already: then nobody listens any more. */
	if (ws->open)
		(void)wslay_event_queue_msg(ws->ctx, &m);
}

void
ws_send_text(struct ws *ws, const char *p, size_t len)
{
	queue(ws, WSLAY_TEXT_FRAME, p, len);
}

void
ws_send_binary(struct ws *ws, const void *p, size_t len)
{
	queue(ws, WSLAY_BINARY_FRAME, p, len);
}

size_t
ws_queued(const struct ws *ws)
{
	return ws->open ? wslay_event_get_queued_msg_length(ws->ctx) : 0;
}

void
ws_close(struct ws *ws, unsigned code)
{
	if (ws->open)
		(void)wslay_event_queue_close(ws->ctx, (uint16_t)code, NULL, 0);
}

/* 1006 never travels: it is how one says that none came. */
unsigned
ws_code(const struct ws *ws)
{
	unsigned code;

	if (!ws->open || !wslay_event_get_close_received(ws->ctx))
		return CODE_BROKEN;
	code = wslay_event_get_status_code_received(ws->ctx);
	return code != 0 ? code : CODE_BROKEN;
}

int
ws_refusal(struct ws *ws, const char **body, size_t *len)
{
	*body = (const char *)ws->refusal.data;
	*len = ws->refusal.len;
	return ws->open ? 0 : ws->status;
}
