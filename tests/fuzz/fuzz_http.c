/* SPDX-License-Identifier: MIT */
/*
 * A connection's bytes through scan, gate, parser and canonicaliser, as an
 * exchange feeds them. Invariant: however the bytes are cut, the same requests
 * come out and the same refusal ends them; what passes is canonical.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "daemon/http/gate.h"
#include "daemon/http/handshake.h"
#include "daemon/http/parse.h"
#include "daemon/http/request.h"
#include "daemon/http/target.h"
#include "daemon/loop.h"
#include "lib/arena.h"
#include "lib/str.h"

#define REQUESTS_MAX 32

static const struct http_limits limits = {
	.line = 300,
	.header = 2000,
	.nheaders = 20,
	.body = 500,
};

/* One way of reading the bytes, and what came of it. */
struct reader {
	struct http_server *server;
	struct request *q;
	size_t seen;
	unsigned requests;
	uint64_t digest;
	enum gate_why why;
};

static void
mix(struct reader *x, const void *p, size_t len)
{
	const uint8_t *b = p;

	/* FNV-1a, with a separator after each piece. */
	for (size_t i = 0; i < len; i++)
		x->digest = (x->digest ^ b[i]) * 0x100000001b3;
	x->digest = (x->digest ^ 0x100) * 0x100000001b3;
}

static void
mix_text(struct reader *x, const char *s)
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
check_accessors(struct reader *x, struct http_req *r)
{
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
	v = http_cookie(r, "a");
	mix_text(x, v != NULL ? v : "-");
	(void)http_list_has(r, "connection", "close");
}

static void
finish(struct reader *x)
{
	struct http_req *r = &x->q->r;

	check_path(r->path);
	FUZZ_CHECK(target_host_valid(r->host, strlen(r->host)));
	FUZZ_CHECK(http_header_count(r, "host") == 1);
	FUZZ_CHECK(x->q->body.len <= limits.body);
	mix_text(x, r->path);
	mix_text(x, r->query);
	mix(x, x->q->body.data, x->q->body.len);
	check_accessors(x, r);
	x->why = handshake_check(r);
	if (r->websocket) {
		char key[HANDSHAKE_ACCEPT];

		handshake_accept(http_header(r, "sec-websocket-key"), key);
		mix_text(x, key);
	}
	request_free(x->q);
	x->q = NULL;
	x->requests++;
}

/* Bytes used of a head; 0: more are needed, or it is refused. */
static size_t
read_head(struct reader *x, const char *p, size_t len)
{
	struct gate_head g;
	size_t end = 0;

	x->why = gate_scan(p, len, &x->seen, &end, &limits);
	if (x->why != GATE_OK || end == 0)
		return 0;
	x->seen = 0;
	x->why = gate_head(p, end, &limits, &g);
	if (x->why == GATE_OK && g.has_length && g.length > limits.body)
		x->why = GATE_BODY_LONG;
	if (x->why != GATE_OK)
		return 0;
	x->q = request_new(x->server);
	x->why = parse_head(x->q, p, end, &g);
	if (x->why == GATE_OK && parse_done(x->q))
		finish(x);
	return end;
}

static size_t
read_body(struct reader *x, const char *p, size_t len)
{
	size_t used = 0;

	x->why = parse_body(x->q, p, len, &used);
	if (x->why == GATE_OK && parse_done(x->q))
		finish(x);
	return used;
}

/* Feeds everything, in pieces that end at multiples of `step`. */
static void
feed(struct reader *x, const char *p, size_t len, size_t step)
{
	size_t at = 0, have = 0, used;

	while (x->why == GATE_OK && x->requests < REQUESTS_MAX) {
		used = 0;
		if (have > at)
			used = x->q == NULL ? read_head(x, p + at, have - at)
					    : read_body(x, p + at, have - at);
		at += used;
		if (used == 0 && x->why == GATE_OK) {
			if (have == len)
				break;
			have = len - have < step ? len : have + step;
		}
	}
	/* Where a request is incomplete, so it is in both readings. */
	mix(x, &x->requests, sizeof x->requests);
	/* With two faults at once it may be the other one that is seen. */
	mix_text(x, x->why == GATE_OK ? "open" : "refused");
	if (x->q != NULL)
		request_free(x->q);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_server *server;
	struct reader whole = { 0 }, cut = { 0 };
	const char *p = (const char *)data;

	if (server == NULL)
		server = http_server_new(loop_new(), &limits, NULL, NULL);
	whole.server = cut.server = server;
	feed(&whole, p, size, size + 1);
	feed(&cut, p, size, 1 + size % 7);
	FUZZ_CHECK(whole.digest == cut.digest);
	return 0;
}
