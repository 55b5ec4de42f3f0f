/* SPDX-License-Identifier: MIT */
/* Requests and answers over a real connection. */
#include "tests/unit/check.h"

#include <sys/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/http/server.h"
#include "tests/unit/http/rigapp.h"

#define HOST "Host: localhost\r\n"
#define GET  "GET /a HTTP/1.1\r\n" HOST "\r\n"
#define OVER "GET /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"

static void
keep_alive(void **state)
{
	struct rig_answer r;
	struct rigapp a;
	char id[37];
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd, GET);
	rig_get(&a.g, fd, &r);
	assert_int_equal(r.status, 200);
	assert_string_equal(r.body, "hello");
	assert_string_equal(a.last, "GET /a ");
	assert_string_equal(rig_field(&r, "Content-Type"), "text/plain");
	assert_string_equal(rig_field(&r, "Content-Length"), "5");
	assert_string_equal(rig_field(&r, "Cache-Control"), "no-store");
	assert_string_equal(rig_field(&r, "X-Content-Type-Options"), "nosniff");
	assert_string_equal(rig_field(&r, "X-Request-Id"), a.id);
	assert_int_equal(strlen(rig_field(&r, "Date")), 29);
	assert_null(rig_field(&r, "Connection"));
	(void)snprintf(id, sizeof id, "%s", a.id);
	assert_int_equal(rig_status(&a.g, fd, OVER), 200);
	assert_string_not_equal(id, a.id);
	rig_expect_end(&a.g, fd);
	assert_int_equal(rigapp_stats(&a).requests, 2);
	rig_stop(&a.g);
}

/* The second waits for the answer to the first, which comes later. */
static void
pipelined_in_order(void **state)
{
	struct rig_answer r;
	struct rigapp a;
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	a.hold = true;
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd,
	    "POST /1 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\none"
	    "POST /2 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	    "3\r\ntwo\r\n0\r\n\r\nGET /3 HTTP/1.1\r\n" HOST "\r\n");
	rig_until(&a.g, rigapp_is_held, &a);
	rig_turns(&a.g, 3);
	assert_int_equal(a.calls, 1);
	assert_string_equal(a.last, "POST /1 one");
	a.reply.body = "first";
	rigapp_answer(&a);
	rig_get(&a.g, fd, &r);
	assert_string_equal(r.body, "first");
	rig_until(&a.g, rigapp_is_held, &a);
	assert_string_equal(a.last, "POST /2 two");
	a.reply.body = "secnd";
	rigapp_answer(&a);
	rig_get(&a.g, fd, &r);
	assert_string_equal(r.body, "secnd");
	rig_until(&a.g, rigapp_is_held, &a);
	assert_string_equal(a.last, "GET /3 ");
	assert_int_equal(rigapp_stats(&a).requests_pending, 1);
	rigapp_answer(&a);
	rig_get(&a.g, fd, &r);
	assert_int_equal(a.calls, 3);
	assert_int_equal(rigapp_stats(&a).requests_pending, 0);
	(void)close(fd);
	rig_stop(&a.g);
}

static void
answers_without_body(void **state)
{
	struct rig_answer r;
	struct rigapp a;
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	fd = rig_connect(&a.g);
	a.reply = (struct http_reply){ .status = 204 };
	rig_text(&a.g, fd, GET);
	rig_get(&a.g, fd, &r);
	assert_int_equal(r.status, 204);
	assert_null(rig_field(&r, "Content-Length"));
	a.reply.status = 202;
	rig_text(&a.g, fd, GET);
	rig_get(&a.g, fd, &r);
	assert_string_equal(rig_field(&r, "Content-Length"), "0");
	(void)close(fd);
	rig_stop(&a.g);
}

static void
head_has_length_and_no_body(void **state)
{
	char head[512] = "", body[5];
	struct rigapp a;
	size_t n = 0;
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd,
	    "HEAD /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	while (n < sizeof head - 1 && rig_read(&a.g, fd, head + n, 1))
		n++;
	assert_non_null(strstr(head, "Content-Length: 5\r\n"));
	assert_true(n > 4 && strcmp(head + n - 4, "\r\n\r\n") == 0);
	(void)close(fd);
	/* Control: GET has the same head and the body. */
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd, OVER);
	assert_true(rig_read(&a.g, fd, head, n));
	assert_non_null(strstr(head, "Content-Length: 5\r\n"));
	assert_true(rig_read(&a.g, fd, body, sizeof body));
	assert_memory_equal(body, "hello", 5);
	rig_expect_end(&a.g, fd);
	rig_stop(&a.g);
}

static void
bodies_in_pieces(void **state)
{
	static const char *const posts[] = {
		"POST /p HTTP/1.1\r\n" HOST "Content-Length: 7\r\n\r\nab=cd e",
		"POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
		"3\r\nab=\r\n04\r\ncd e\r\n0\r\n\r\n",
	};
	struct rig_answer r;
	struct rigapp a;
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	fd = rig_connect(&a.g);
	for (size_t i = 0; i < sizeof posts / sizeof posts[0]; i++) {
		for (const char *p = posts[i]; *p != '\0'; p++) {
			rig_send(&a.g, fd, p, 1);
			rig_turns(&a.g, 1);
		}
		rig_get(&a.g, fd, &r);
		assert_int_equal(r.status, 200);
		assert_string_equal(a.last, "POST /p ab=cd e");
	}
	assert_int_equal(a.calls, 2);
	(void)close(fd);
	rig_stop(&a.g);
}

static void
expect_continue(void **state)
{
	static const char head[] =
	    "POST /p HTTP/1.1\r\n" HOST "Content-Length: 2\r\n"
	    "Expect: 100-continue\r\n\r\n";
	struct rig_answer r;
	struct rigapp a;
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	fd = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, fd, head), 100);
	assert_int_equal(rig_status(&a.g, fd, "ab"), 200);
	/* The body is there already: nobody waits. */
	rig_text(&a.g, fd, head);
	rig_text(&a.g, fd, "cd");
	rig_get(&a.g, fd, &r);
	assert_int_equal(r.status, 200);
	assert_string_equal(a.last, "POST /p cd");
	assert_int_equal(rig_status(&a.g, fd,
			     "POST /p HTTP/1.1\r\n" HOST
			     "Content-Length: 2\r\nExpect: 200-ok\r\n\r\nab"),
	    417);
	rig_expect_end(&a.g, fd);
	/* Told before it sends what is too much. */
	fd = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, fd,
			     "POST /p HTTP/1.1\r\n" HOST
			     "Content-Length: 100001\r\n"
			     "Expect: 100-continue\r\n\r\n"),
	    413);
	rig_expect_end(&a.g, fd);
	rig_stop(&a.g);
}

static bool
early(struct http_req *r, void *arg)
{
	struct rigapp *a = arg;

	(void)snprintf(a->last, sizeof a->last, "early %zu", r->body_len);
	if (strcmp(r->path, "/small") == 0)
		r->body_max = 4;
	if (strcmp(r->path, "/no") != 0)
		return true;
	http_reply(r, &(struct http_reply){ .status = 401 });
	return false;
}

/* A body is taken in only where somebody wants it. */
static void
abuse_D02_bodies_nobody_asked_for(void **state)
{
	static const char next[] = "GET /next HTTP/1.1\r\n" HOST "\r\n";
	static const char *const vain[] = {
		"Content-Length: 99999\r\n\r\n",
		"Content-Length: 99999\r\nExpect: 100-continue\r\n\r\n",
		"Transfer-Encoding: chunked\r\n\r\n",
		"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
	};
	char text[256];
	struct rigapp a;
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	http_server_early(a.g.server, early);
	for (size_t i = 0; i < sizeof vain / sizeof *vain; i++) {
		fd = rig_connect(&a.g);
		(void)snprintf(text, sizeof text,
		    "POST /no HTTP/1.1\r\n" HOST "%s%s", vain[i], next);
		assert_int_equal(rig_status(&a.g, fd, text), 401);
		rig_expect_end(&a.g, fd);
		(void)close(fd);
	}
	assert_int_equal(a.calls, 0);
	assert_int_equal(rigapp_stats(&a).requests, 4);
	/* The bound of who wants less holds whether announced or not. */
	fd = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, fd,
			     "POST /small HTTP/1.1\r\n" HOST
			     "Transfer-Encoding: chunked\r\n\r\n"
			     "5\r\nabcde\r\n"),
	    413);
	(void)close(fd);
	fd = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, fd,
			     "POST /small HTTP/1.1\r\n" HOST
			     "Transfer-Encoding: chunked\r\n\r\n"
			     "4\r\nabcd\r\n0\r\n\r\n"),
	    200);
	assert_int_equal(rig_status(&a.g, fd,
			     "POST /yes HTTP/1.1\r\n" HOST
			     "Content-Length: 5\r\n"
			     "Expect: 100-continue\r\n\r\n"),
	    100);
	assert_string_equal(a.last, "early 5");
	assert_int_equal(rig_status(&a.g, fd, "abcde"), 200);
	assert_string_equal(a.last, "POST /yes abcde");
	(void)close(fd);
	rig_stop(&a.g);
}

static void
body_bounds(void **state)
{
	char *big = malloc(100001), head[200];
	struct rig_answer r;
	struct rigapp a;
	int fd;

	(void)state;
	assert_non_null(big);
	memset(big, 'x', 100001);
	rigapp_start(&a, NULL);
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd,
	    "POST /p HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n");
	rig_send(&a.g, fd, big, 100000);
	rig_get(&a.g, fd, &r);
	assert_int_equal(r.status, 200);
	(void)snprintf(head, sizeof head,
	    "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	    "%x\r\n",
	    100001);
	rig_text(&a.g, fd, head);
	rig_send(&a.g, fd, big, 100001);
	rig_get(&a.g, fd, &r);
	assert_int_equal(r.status, 413);
	rig_expect_end(&a.g, fd);
	assert_int_equal(a.calls, 1);
	free(big);
	rig_stop(&a.g);
}

/* What is refused, with the connection, and what must not come of it. */
static void
abuse_B06_no_leftover_becomes_a_request(void **state)
{
	static const char *const bad[] = {
		"POST /p HTTP/1.1\r\n" HOST "Content-Length: 0\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST /p HTTP/1.1\r\n" HOST "Content-Length: 0\r\n"
		"Content-Length: 30\r\n\r\n",
		"POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n"
		"\r\n",
		"POST /p HTTP/1.1\r\n" HOST "Content-Length : 30\r\n\r\n",
		"POST /p HTTP/1.1\r\n" HOST "A: b\r\n Content-Length: 30\r\n"
		"\r\n",
		"POST /p HTTP/1.1\n" HOST "\r\n",
		"POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
		"0\r\nTrailer: x\r\n\r\n",
		"POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
		"3\r\nabcd\r\n0\r\n\r\n",
	};
	struct rigapp a;

	(void)state;
	rigapp_start(&a, NULL);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		int fd = rig_connect(&a.g);

		rig_text(&a.g, fd, bad[i]);
		assert_int_equal(rig_status(&a.g, fd,
				     "GET /smuggled HTTP/1.1\r\n" HOST "\r\n"),
		    400);
		rig_expect_end(&a.g, fd);
	}
	assert_int_equal(a.calls, 0);
	assert_int_equal(rigapp_stats(&a).refused, sizeof bad / sizeof bad[0]);
	/* Control: the same text as a body stays one. */
	int fd = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, fd,
			     "POST /p HTTP/1.1\r\n" HOST
			     "Content-Length: 12\r\n\r\n"
			     "GET /smuggle"),
	    200);
	assert_string_equal(a.last, "POST /p GET /smuggle");
	assert_int_equal(a.calls, 1);
	(void)close(fd);
	rig_stop(&a.g);
}

static void
refusal_looks_like_every_error(void **state)
{
	struct rig_answer r;
	struct rigapp a;
	char want[200];
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd, "GET /a/../b HTTP/1.1\r\n" HOST "\r\n");
	rig_get(&a.g, fd, &r);
	assert_int_equal(r.status, 400);
	(void)snprintf(want, sizeof want,
	    "{\"error\":\"malformed or ambiguous request target\","
	    "\"code\":\"INVALID_PATH\",\"request_id\":\"%s\"}",
	    rig_field(&r, "X-Request-Id"));
	assert_string_equal(r.body, want);
	assert_string_equal(rig_field(&r, "Content-Type"), "application/json");
	assert_string_equal(rig_field(&r, "Connection"), "close");
	rig_expect_end(&a.g, fd);
	rig_stop(&a.g);
}

static void
abuse_B11_upgrades(void **state)
{
#define UP(upgrade, version)                                             \
	"GET /a HTTP/1.1\r\n" HOST "Connection: Upgrade\r\n"             \
	"Upgrade: " upgrade "\r\nSec-WebSocket-Version: " version "\r\n" \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	struct rig_answer r;
	struct rigapp a;
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	fd = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, fd, UP("h2c", "13")), 400);
	rig_expect_end(&a.g, fd);
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd, UP("websocket", "8"));
	rig_get(&a.g, fd, &r);
	assert_int_equal(r.status, 426);
	assert_string_equal(rig_field(&r, "Sec-WebSocket-Version"), "13");
	rig_expect_end(&a.g, fd);
	/* With a body nobody could say where the tunnel begins. */
	fd = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, fd,
			     UP("websocket", "13\r\nContent-Length: 3")),
	    400);
	rig_expect_end(&a.g, fd);
	assert_int_equal(a.calls, 0);
	/* A good one on a route that answers plainly is no tunnel either. */
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd, UP("WebSocket", "13") GET);
	rig_get(&a.g, fd, &r);
	assert_int_equal(r.status, 200);
	assert_string_equal(rig_field(&r, "Connection"), "close");
	rig_expect_end(&a.g, fd);
	assert_int_equal(a.calls, 1);
	rig_stop(&a.g);
}

/* A handler that passes on what a client sent must not split the answer. */
static void
header_injection(void **state)
{
	static const char *const bad[][3] = {
		{ "Location", "/x\r\nSet-Cookie: a=b", NULL },
		{ "X-A", "b\n", NULL },
		{ "X-A\r\nB", "c", NULL },
		{ "X-A: b", "c", NULL },
	};
	static const char *const good[] = { "Location", "/x?\xc3\xa4", NULL };
	struct rig_answer r;
	struct rigapp a;
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		fd = rig_connect(&a.g);
		a.reply.headers = bad[i];
		rig_text(&a.g, fd, GET);
		rig_get(&a.g, fd, &r);
		assert_int_equal(r.status, 500);
		assert_null(rig_field(&r, "Set-Cookie"));
		rig_expect_end(&a.g, fd);
	}
	fd = rig_connect(&a.g);
	a.reply.headers = good;
	rig_text(&a.g, fd, GET);
	rig_get(&a.g, fd, &r);
	assert_int_equal(r.status, 200);
	assert_string_equal(rig_field(&r, "Location"), good[1]);
	(void)close(fd);
	rig_stop(&a.g);
}

static void
half_closed_client_gets_its_answers(void **state)
{
	struct rig_answer r;
	struct rigapp a;
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	a.hold = true;
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd, GET GET "GET /unfinished");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	for (int i = 0; i < 2; i++) {
		rig_until(&a.g, rigapp_is_held, &a);
		rig_turns(&a.g, 2);
		rigapp_answer(&a);
		rig_get(&a.g, fd, &r);
		assert_int_equal(r.status, 200);
	}
	rig_expect_end(&a.g, fd);
	rig_until(&a.g, rigapp_no_conns, &a);
	assert_int_equal(a.calls, 2);
	rig_stop(&a.g);
}

static void
client_gone_before_the_answer(void **state)
{
	struct rigapp a;
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	a.hold = true;
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd, GET);
	rig_until(&a.g, rigapp_is_held, &a);
	assert_non_null(a.held->conn);
	(void)close(fd);
	rig_until(&a.g, rigapp_no_conns, &a);
	assert_null(a.held->conn);
	assert_string_equal(a.held->path, "/a");
	assert_int_equal(rigapp_stats(&a).requests_pending, 1);
	rigapp_answer(&a);
	assert_int_equal(rigapp_stats(&a).requests_pending, 0);
	rig_stop(&a.g);
}

/* Of what passed through nothing stays where the next one reads to. */
static void
input_is_wiped(void **state)
{
	static const char canary[] = "rdv_canary0123456789";
	struct rigapp a;
	char text[200];
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	fd = rig_connect(&a.g);
	(void)snprintf(text, sizeof text,
	    "GET /a HTTP/1.1\r\n" HOST "Authorization: Bearer %s\r\n\r\n",
	    canary);
	a.hold = true;
	rig_text(&a.g, fd, text);
	rig_until(&a.g, rigapp_is_held, &a);
	assert_string_equal(http_header(a.held, "authorization") + 7, canary);
	assert_null(memmem(a.g.server->input, sizeof a.g.server->input, canary,
	    sizeof canary - 1));
	rigapp_answer(&a);
	(void)close(fd);
	rig_stop(&a.g);
}

static void
answer_after_the_server(void **state)
{
	struct rigapp a;
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	a.hold = true;
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd, GET);
	rig_until(&a.g, rigapp_is_held, &a);
	rig_stop(&a.g);
	assert_null(a.held->conn);
	rigapp_answer(&a);
	(void)close(fd);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keep_alive),
		cmocka_unit_test(pipelined_in_order),
		cmocka_unit_test(answers_without_body),
		cmocka_unit_test(head_has_length_and_no_body),
		cmocka_unit_test(bodies_in_pieces),
		cmocka_unit_test(expect_continue),
		cmocka_unit_test(abuse_D02_bodies_nobody_asked_for),
		cmocka_unit_test(body_bounds),
		cmocka_unit_test(abuse_B06_no_leftover_becomes_a_request),
		cmocka_unit_test(refusal_looks_like_every_error),
		cmocka_unit_test(abuse_B11_upgrades),
		cmocka_unit_test(header_injection),
		cmocka_unit_test(half_closed_client_gets_its_answers),
		cmocka_unit_test(client_gone_before_the_answer),
		cmocka_unit_test(input_is_wiped),
		cmocka_unit_test(answer_after_the_server),
	};

	return CHECK_RUN("server", tests);
}
