/* SPDX-License-Identifier: MIT */
/*
 * What comes after a WebSocket handshake, over a real connection. Invariant:
 * the messages and the close code do not depend on how the bytes were cut, text
 * is UTF-8, no message passes the bound, and nothing comes after the end.
 */
#include "tests/fuzz/fuzz.h"

#include <sys/socket.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "daemon/http/conn.h"
#include "daemon/http/exchange.h"
#include "daemon/http/server.h"
#include "daemon/http/ws.h"
#include "daemon/loop.h"
#include "lib/str.h"

#define MAX 1000u

#define OPEN                                                   \
	"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n" \
	"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"  \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

struct reading {
	uint64_t digest;
	unsigned messages, code;
	bool closed;
};

static struct loop *loop;
static struct http_server *server;
static struct reading *now;

static void
on_message(struct ws *ws, bool text, const uint8_t *p, size_t len, void *arg)
{
	struct reading *x = arg;

	(void)ws;
	FUZZ_CHECK(!x->closed && len <= MAX);
	FUZZ_CHECK(!text || str_utf8_valid((const char *)p, len));
	for (size_t i = 0; i < len; i++)
		x->digest = (x->digest ^ p[i]) * 0x100000001b3;
	x->digest = (x->digest ^ (0x100u | text)) * 0x100000001b3;
	x->messages++;
}

static void
on_drained(struct ws *ws, void *arg)
{
	(void)ws;
	(void)arg;
}

static void
on_closed(struct ws *ws, unsigned code, void *arg)
{
	struct reading *x = arg;

	(void)ws;
	FUZZ_CHECK(!x->closed);
	x->closed = true;
	x->code = code;
}

static void
dispatch(struct http_req *r, void *arg)
{
	static const struct ws_ops ops = { on_message, on_drained, on_closed };
	const struct ws_conf conf = { .max = MAX, .low = 1000 };

	(void)arg;
	FUZZ_CHECK(r->websocket);
	FUZZ_CHECK(ws_accept(r, &conf, &ops, now) != NULL);
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

static void
turn(void)
{
	loop_defer(loop, stop, loop);
	loop_run(loop);
}

static void
start(void)
{
	static const struct http_limits limits = {
		.line = 300,
		.header = 2000,
		.nheaders = 20,
		.body = 500,
		.conns = 10,
		.conns_per_peer = 10,
	};

	loop = loop_new();
	server = http_server_new(loop, &limits, dispatch, NULL);
}

/* Input goes straight to the connection's user; output to a socket. */
static void
feed(struct reading *x, const char *p, size_t len, size_t step)
{
	static struct peer peer;
	struct http_conn *c;
	int fd[2];

	now = x;
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) ==
		   0);
	peer.conns = 2; /* never the last one: the peer is not freed */
	c = conn_new(server, fd[0], &peer, 1);
	exchange_start(c);
	FUZZ_CHECK(c->ops->input(c->user, OPEN, sizeof OPEN - 1) ==
		   sizeof OPEN - 1);
	while (len > 0 && !c->ending && !c->dead) {
		size_t n = len < step ? len : step;

		FUZZ_CHECK(c->ops->input(c->user, p, n) == n);
		p += n;
		len -= n;
	}
	conn_free(c);
	(void)close(fd[1]);
	turn();
	FUZZ_CHECK(x->closed && server->stats.websockets == 0);
}

/*
 * libwslay looks for UTF-8 in the reason of a close frame piece by piece and
 * takes the first two bytes of each piece for a code, so its 1007 may come
 * early or in vain. The connection ends either way, and no message depends on
 * it.
 */
static bool
same_end(unsigned whole, unsigned cut)
{
	return whole == cut || whole == 1007 || cut == 1007;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading whole = { 0 }, cut = { 0 };

	if (loop == NULL)
		start();
	feed(&whole, (const char *)data, size, size + 1);
	feed(&cut, (const char *)data, size, 1 + size % 5);
	FUZZ_CHECK(same_end(whole.code, cut.code));
	FUZZ_CHECK(whole.digest == cut.digest);
	FUZZ_CHECK(whole.messages == cut.messages);
	return 0;
}
