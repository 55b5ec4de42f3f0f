/* SPDX-License-Identifier: MIT */
/*
 * A connection's bytes through everything an exchange does with them: scan,
 * gate, parser, body, dispatch, answer. They arrive by a real socket.
 * Invariant: however the bytes are cut, the same requests come out and the same
 * refusal ends them; what passes is canonical.
 */
#include "tests/fuzz/fuzz.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "daemon/http/conn.h"
#include "daemon/http/exchange.h"
#include "daemon/http/handshake.h"
#include "daemon/http/server.h"
#include "daemon/http/target.h"
#include "daemon/loop.h"
#include "lib/log.h"
#include "lib/str.h"

#define REQUESTS_MAX 32u
#define PIECES_MAX   64u

static const struct http_limits limits = {
	.line = 300,
	.header = 2000,
	.nheaders = 20,
	.body = 500,
};

/* One way of reading the bytes, and what came of it. */
struct reading {
	unsigned requests;
	uint64_t digest;
	bool refused;
};

static struct loop *loop;
static struct http_server *server;
static struct reading *now;

static void
mix(struct reading *x, const void *p, size_t len)
{
	const uint8_t *b = p;

	/* FNV-1a, with a separator after each piece. */
	for (size_t i = 0; i < len; i++)
		x->digest = (x->digest ^ b[i]) * 0x100000001b3;
	x->digest = (x->digest ^ 0x100) * 0x100000001b3;
}

static void
mix_text(struct reading *x, const char *s)
{
	mix(x, s, strlen(s));
}

static void
check_path(const char *path)
{
	size_t len = strlen(path);

	FUZZ_CHECK(path[0] == '/' && str_utf8_valid(path, len));
	FUZZ_CHECK(strstr(path, "//") == NULL);
	FUZZ_CHECK(strstr(path, "/./") == NULL && !str_ends(path, "/."));
	FUZZ_CHECK(strstr(path, "/../") == NULL && !str_ends(path, "/.."));
	FUZZ_CHECK(strchr(path, '\\') == NULL);
	for (size_t i = 0; i < len; i++)
		FUZZ_CHECK((uint8_t)path[i] >= 0x20 && path[i] != 0x7f);
}

static void
check_accessors(struct reading *x, struct http_req *r)
{
	const char *cookies[2] = { NULL, NULL };
	bool dup = false;
	const char *v;

	for (unsigned i = 0; i < r->nheaders; i++) {
		FUZZ_CHECK(http_header(r, r->headers[i].name) != NULL);
		FUZZ_CHECK(http_header_count(r, r->headers[i].name) > 0);
		mix_text(x, r->headers[i].name);
		mix_text(x, r->headers[i].value);
	}
	v = http_query(r, "a", &dup);
	mix_text(x, v != NULL ? v : "-");
	FUZZ_CHECK(v == NULL || str_utf8_valid(v, strlen(v)));
	FUZZ_CHECK(http_cookies(r, "a", cookies, 2) <= 2);
	mix_text(x, cookies[0] != NULL ? cookies[0] : "-");
	(void)http_list_has(r, "connection", "close");
}

static void
dispatch(struct http_req *r, void *arg)
{
	struct http_reply reply = { .status = 204 };
	struct reading *x = now;

	(void)arg;
	check_path(r->path);
	FUZZ_CHECK(target_host_valid(r->host, strlen(r->host)));
	FUZZ_CHECK(http_header_count(r, "host") == 1);
	FUZZ_CHECK(r->body_len <= limits.body);
	FUZZ_CHECK(handshake_check(r) == GATE_OK);
	mix_text(x, r->path);
	mix_text(x, r->query);
	mix(x, r->body, r->body_len);
	check_accessors(x, r);
	if (r->websocket) {
		char key[HANDSHAKE_ACCEPT];

		handshake_accept(http_header(r, "sec-websocket-key"), key);
		mix_text(x, key);
	}
	reply.close = ++x->requests == REQUESTS_MAX;
	http_reply(r, &reply);
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

/* Until all of it has been taken, or nobody wants it any more. */
static void
deliver(int to, int from, const char *p, size_t len)
{
	int waiting = 0;

	FUZZ_CHECK(send(to, p, len, MSG_NOSIGNAL) == (ssize_t)len);
	do {
		turn();
	} while (server->stats.conns > 0 &&
		 ioctl(from, FIONREAD, &waiting) == 0 && waiting > 0);
}

/* Pseudo-random, so that an input means the same each time. */
static size_t
piece(uint32_t *seed, size_t left)
{
	size_t n;

	*seed = *seed * 1664525u + 1013904223u;
	n = 1 + ((*seed >> 24) & 1 ? *seed >> 30 : (*seed >> 16) % 97);
	return n < left ? n : left;
}

/* It is freed a while after its end. */
static bool
over(const struct http_conn *c)
{
	return server->stats.conns == 0 || c->ending;
}

static void
feed(struct reading *x, const char *p, size_t len, uint32_t seed)
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
	for (unsigned i = 0; len > 0 && !over(c); i++) {
		size_t n =
		    seed == 0 || i == PIECES_MAX ? len : piece(&seed, len);

		deliver(fd[1], fd[0], p, n);
		p += n;
		len -= n;
	}
	/* With two faults at once it may be the other one that is seen. */
	x->refused = over(c);
	(void)close(fd[1]);
	while (server->stats.conns > 0)
		turn();
}

static void
start(void)
{
	log_set_level(LOG_ERROR);
	loop = loop_new();
	server = http_server_new(loop, &limits, dispatch, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading whole = { 0 }, cut = { 0 };
	const char *p = (const char *)data;
	uint32_t seed = 1;

	if (size > 8192)
		return 0;
	if (loop == NULL)
		start();
	for (size_t i = 0; i < size; i++)
		seed = (seed ^ data[i]) * 0x01000193u;
	feed(&whole, p, size, 0);
	feed(&cut, p, size, seed | 1);
	FUZZ_CHECK(whole.digest == cut.digest);
	FUZZ_CHECK(whole.requests == cut.requests);
	FUZZ_CHECK(whole.refused == cut.refused);
	return 0;
}
