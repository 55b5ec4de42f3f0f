/* SPDX-License-Identifier: MIT */
/*
 * What a handler finds in a request: headers, query, cookies, and the
 * WebSocket handshake. Requests go through gate and parser, as real ones do.
 */
#include "tests/unit/check.h"

#include <string.h>

#include "daemon/http/gate.h"
#include "daemon/http/handshake.h"
#include "daemon/http/parse.h"
#include "daemon/http/request.h"
#include "daemon/loop.h"
#include "tests/unit/http/rig.h"

struct fixture {
	struct loop *loop;
	struct http_server *server;
};

static int
setup(void **state)
{
	static struct fixture f;

	f.loop = loop_new();
	f.server = http_server_new(f.loop, &rig_limits, NULL, NULL);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	http_server_free(f->server);
	loop_free(f->loop);
	return 0;
}

static enum gate_why
parse(struct fixture *f, const char *text, struct request **out)
{
	struct gate_head g;
	enum gate_why why = gate_head(text, strlen(text), &rig_limits, &g);

	*out = request_new(f->server);
	return why != GATE_OK ? why : parse_head(*out, text, strlen(text), &g);
}

static struct request *
good(struct fixture *f, const char *text)
{
	struct request *q;

	assert_int_equal(parse(f, text, &q), GATE_OK);
	return q;
}

#define HOST "Host: LocalHost:8080\r\n"

static void
fields(void **state)
{
	struct request *q = good(*state,
	    "PUT /a%20b/c?x=1 HTTP/1.1\r\n" HOST "X-One:a\r\nEMPTY:\r\n"
	    "x-two: \t b c \t\r\nX-Two: d\r\n\r\n");
	struct http_req *r = &q->r;

	assert_int_equal(r->method, HTTP_M_PUT);
	assert_string_equal(r->target, "/a%20b/c?x=1");
	assert_string_equal(r->path, "/a b/c");
	assert_string_equal(r->query, "x=1");
	assert_string_equal(r->host, "localhost:8080");
	assert_int_equal(r->nheaders, 5);
	assert_string_equal(http_header(r, "host"), "LocalHost:8080");
	assert_string_equal(http_header(r, "x-one"), "a");
	assert_string_equal(http_header(r, "empty"), "");
	assert_string_equal(http_header(r, "x-two"), "b c");
	assert_int_equal(http_header_count(r, "x-two"), 2);
	assert_int_equal(http_header_count(r, "x-three"), 0);
	assert_null(http_header(r, "x-three"));
	assert_null(http_header(r, "X-One"));
	assert_true(parse_done(q));
	request_free(q);
}

static void
lists(void **state)
{
	struct request *q = good(*state,
	    "GET / HTTP/1.1\r\n" HOST "Connection: keep-alive , Upgrade\r\n"
	    "Connection: ,,close\r\nAccept: text/html;q=1,a/b\r\n\r\n");

	assert_true(http_list_has(&q->r, "connection", "upgrade"));
	assert_true(http_list_has(&q->r, "connection", "keep-alive"));
	assert_true(http_list_has(&q->r, "connection", "close"));
	assert_false(http_list_has(&q->r, "connection", "up"));
	assert_false(http_list_has(&q->r, "connection", ""));
	assert_true(http_list_has(&q->r, "accept", "a/b"));
	assert_false(http_list_has(&q->r, "accept", "text/html"));
	assert_false(http_list_has(&q->r, "te", "x"));
	request_free(q);
}

static void
query_parameters(void **state)
{
	struct request *q =
	    good(*state, "GET /?a=1&b=x%20y+z&a=2&c&=v&d=%26%3d&%65=5&f=a=b "
			 "HTTP/1.1\r\n" HOST "\r\n");
	struct http_req *r = &q->r;
	bool dup;

	assert_string_equal(http_query(r, "a", &dup), "1");
	assert_true(dup);
	assert_string_equal(http_query(r, "b", &dup), "x y z");
	assert_false(dup);
	assert_string_equal(http_query(r, "c", &dup), "");
	assert_string_equal(http_query(r, "d", &dup), "&=");
	assert_string_equal(http_query(r, "e", &dup), "5");
	assert_string_equal(http_query(r, "f", &dup), "a=b");
	assert_string_equal(http_query(r, "", &dup), "v");
	assert_null(http_query(r, "g", &dup));
	assert_false(dup);
	request_free(q);
	q = good(*state, "GET / HTTP/1.1\r\n" HOST "\r\n");
	assert_string_equal(q->r.query, "");
	assert_null(http_query(&q->r, "a", &dup));
	request_free(q);
}

static void
cookies(void **state)
{
	struct request *q = good(*state,
	    "GET / HTTP/1.1\r\n" HOST "Cookie: a=1; rdv=x=y;b=;;two=1\r\n"
	    "Cookie: c=3;two=2; ab=4\r\n\r\n");
	static const char *const one[][2] = { { "a", "1" }, { "rdv", "x=y" },
		{ "b", "" }, { "c", "3" }, { "ab", "4" } };
	struct http_req *r = &q->r;
	const char *v[3];

	for (size_t i = 0; i < sizeof(one) / sizeof(*one); i++) {
		assert_int_equal(http_cookies(r, one[i][0], v, 3), 1);
		assert_string_equal(v[0], one[i][1]);
	}
	assert_int_equal(http_cookies(r, "r", v, 3), 0);
	assert_int_equal(http_cookies(r, "A", v, 3), 0);
	/* All of one name, and no more than there is room for. */
	assert_int_equal(http_cookies(r, "two", v, 3), 2);
	assert_string_equal(v[0], "1");
	assert_string_equal(v[1], "2");
	v[1] = NULL;
	assert_int_equal(http_cookies(r, "two", v, 1), 1);
	assert_null(v[1]);
	request_free(q);
}

/* What the gate cannot know by itself is refused by the parser's side. */
static void
abuse_B07_refused_targets(void **state)
{
	static const char *const bad[] = {
		"GET /a/../b HTTP/1.1\r\n" HOST "\r\n",
		"GET /%2e%2e/b HTTP/1.1\r\n" HOST "\r\n",
		"GET //a HTTP/1.1\r\n" HOST "\r\n",
		"GET /a?%00 HTTP/1.1\r\n" HOST "\r\n",
		"GET /a?% HTTP/1.1\r\n" HOST "\r\n",
		"GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n",
		"GET http://localhost:8080//a HTTP/1.1\r\n" HOST "\r\n",
	};
	struct request *q;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(parse(*state, bad[i], &q), GATE_TARGET);
		request_free(q);
	}
	q = good(*state,
	    "GET http://localhost:8080/a?b HTTP/1.1\r\n" HOST "\r\n");
	assert_string_equal(q->r.path, "/a");
	assert_string_equal(q->r.query, "b");
	request_free(q);
	q = good(*state,
	    "GET http://localhost:8080?b HTTP/1.1\r\n" HOST "\r\n");
	assert_string_equal(q->r.path, "/");
	request_free(q);
}

#define WS(method, connection, upgrade, key, version) \
	method " / HTTP/1.1\r\n" HOST connection upgrade key version "\r\n"
#define CONNECTION "Connection: keep-alive, Upgrade\r\n"
#define UPGRADE	   "Upgrade: websocket\r\n"
#define KEY	   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION	   "Sec-WebSocket-Version: 13\r\n"

struct handshake {
	const char *text;
	enum gate_why why;
	bool websocket;
};

static void
abuse_B11_handshakes(void **state)
{
	static const struct handshake rows[] = {
		{ WS("GET", CONNECTION, UPGRADE, KEY, VERSION), GATE_OK, true },
		{ WS("GET", CONNECTION, "Upgrade: WebSocket\r\n", KEY, VERSION),
		    GATE_OK, true },
		/* No upgrade asked for: an ordinary request. */
		{ WS("GET", CONNECTION, "", KEY, VERSION), GATE_OK, false },
		{ WS("GET", "", "", "", ""), GATE_OK, false },
		{ WS("GET", "", UPGRADE, KEY, VERSION), GATE_UPGRADE, false },
		{ WS("POST", CONNECTION, UPGRADE, KEY, VERSION), GATE_UPGRADE,
		    false },
		{ WS("GET", CONNECTION, "Upgrade: h2c\r\n", KEY, VERSION),
		    GATE_UPGRADE, false },
		{ WS("GET", CONNECTION, "Upgrade: websocket, h2c\r\n", KEY,
		      VERSION),
		    GATE_UPGRADE, false },
		{ WS("GET", CONNECTION, "Upgrade:\r\n", KEY, VERSION),
		    GATE_UPGRADE, false },
		{ WS("GET", CONNECTION, UPGRADE UPGRADE, KEY, VERSION),
		    GATE_UPGRADE, false },
		{ WS("GET", CONNECTION, UPGRADE, "", VERSION), GATE_UPGRADE,
		    false },
		{ WS("GET", CONNECTION, UPGRADE, KEY KEY, VERSION),
		    GATE_UPGRADE, false },
		{ WS("GET", CONNECTION, UPGRADE, "Sec-WebSocket-Key: eA==\r\n",
		      VERSION),
		    GATE_UPGRADE, false },
		{ WS("GET", CONNECTION, UPGRADE,
		      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ!!\r\n",
		      VERSION),
		    GATE_UPGRADE, false },
		{ WS("GET", CONNECTION, UPGRADE, KEY, ""), GATE_WS_VERSION,
		    false },
		{ WS("GET", CONNECTION, UPGRADE, KEY,
		      "Sec-WebSocket-Version: 8\r\n"),
		    GATE_WS_VERSION, false },
		{ WS("GET", CONNECTION, UPGRADE, KEY, VERSION VERSION),
		    GATE_WS_VERSION, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct request *q = good(*state, rows[i].text);
		enum gate_why why = handshake_check(&q->r);

		if (why != rows[i].why || q->r.websocket != rows[i].websocket)
			fail_msg("row %zu: %d", i, why);
		request_free(q);
	}
}

static void
accept_key_of_the_rfc(void **state)
{
	char out[HANDSHAKE_ACCEPT];

	(void)state;
	handshake_accept("dGhlIHNhbXBsZSBub25jZQ==", out);
	assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void
ids_are_unique(void **state)
{
	struct fixture *f = *state;
	char a[37], b[37];

	request_id(f->server, a);
	for (int i = 0; i < 1000; i++) {
		request_id(f->server, b);
		assert_string_not_equal(a, b);
		assert_in_range(strlen(b), 18, 36);
		memcpy(a, b, sizeof a);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(lists),
		cmocka_unit_test(query_parameters),
		cmocka_unit_test(cookies),
		cmocka_unit_test(abuse_B07_refused_targets),
		cmocka_unit_test(abuse_B11_handshakes),
		cmocka_unit_test(accept_key_of_the_rfc),
		cmocka_unit_test(ids_are_unique),
	};

	return cmocka_run_group_tests_name("http", tests, setup, teardown);
}
