/* SPDX-License-Identifier: MIT */
/* Bounds and deadlines of one connection: what happens there, and after. */
#include "tests/unit/check.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/http/conn.h"
#include "daemon/http/server.h"
#include "tests/unit/http/rigapp.h"

#define HOST "Host: localhost\r\n"
#define GET  "GET /a HTTP/1.1\r\n" HOST "\r\n"
#define POST "POST /a HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n"

static void
abuse_D02_slow_head_and_body(void **state)
{
	struct rig_answer r;
	struct rigapp a;
	int good, head, body, idle;

	(void)state;
	rigapp_start(&a, NULL);
	good = rig_connect(&a.g);
	head = rig_connect(&a.g);
	body = rig_connect(&a.g);
	idle = rig_connect(&a.g);
	rig_text(&a.g, head, "GET /a HT");
	rig_text(&a.g, body, POST "abc");
	assert_int_equal(rig_status(&a.g, good, GET), 200);
	rig_pass(&a.g, rig_limits.header_ms - 100);
	rig_text(&a.g, head, "TP/1.1\r\n");
	rig_text(&a.g, body, "d");
	rig_turns(&a.g, 2);
	/* A byte now and then buys no time. */
	rig_pass(&a.g, 200);
	rig_get(&a.g, head, &r);
	assert_int_equal(r.status, 408);
	rig_expect_end(&a.g, head);
	assert_int_equal(rig_status(&a.g, good, GET), 200);
	rig_pass(&a.g, rig_limits.body_ms - rig_limits.header_ms);
	rig_get(&a.g, body, &r);
	assert_int_equal(r.status, 408);
	rig_expect_end(&a.g, body);
	assert_int_equal(rig_status(&a.g, good, GET), 200);
	/* Idle is no fault: no answer, just the end. */
	rig_pass(&a.g, rig_limits.idle_ms - rig_limits.body_ms);
	rig_expect_end(&a.g, idle);
	assert_int_equal(rig_status(&a.g, good, GET), 200);
	(void)close(good);
	rig_stop(&a.g);
}

/* A handler may take its time, whatever the deadlines of the peer are. */
static void
waiting_for_the_handler_is_not_idle(void **state)
{
	struct rig_answer r;
	struct rigapp a;
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	a.hold = true;
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd, GET);
	rig_until(&a.g, rigapp_is_held, &a);
	rig_pass(&a.g, 10 * rig_limits.idle_ms);
	http_reply(a.held, &a.reply);
	rig_get(&a.g, fd, &r);
	assert_int_equal(r.status, 200);
	(void)close(fd);
	rig_stop(&a.g);
}

/* Sends requests as long as the socket takes any; the bytes sent. */
static size_t
flood(struct rigapp *a, int fd)
{
	size_t sent = 0;

	for (int idle = 0; idle < 5;) {
		ssize_t n = send(fd, GET, sizeof GET - 1, MSG_NOSIGNAL);

		if (n > 0) {
			assert_int_equal(n, sizeof GET - 1);
			sent += (size_t)n;
			idle = 0;
		} else {
			assert_int_equal(errno, EAGAIN);
			rig_turns(&a->g, 1);
			idle++;
		}
	}
	return sent;
}

static void
abuse_D02_pipelined_flood(void **state)
{
	char *body = malloc(50000);
	struct http_conn *c;
	struct rigapp a;
	int fd, other;

	(void)state;
	assert_non_null(body);
	memset(body, 'x', 50000);
	rigapp_start(&a, NULL);
	a.reply.body = body;
	a.reply.len = 50000;
	fd = rig_connect(&a.g);
	/* Nobody reads the answers: both directions come to a halt. */
	assert_true(flood(&a, fd) < 4000000);
	c = TAILQ_FIRST(&a.g.server->conns);
	assert_in_range(conn_queued(c), 1, 262144 + 51000);
	assert_true(c->in.len <= SERVER_INPUT);
	other = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, other, GET), 200);
	rig_pass(&a.g, 30000);
	assert_int_equal(a.g.server->stats.stalled, 1);
	assert_int_equal(a.g.server->stats.conns, 1);
	(void)close(fd);
	(void)close(other);
	free(body);
	rig_stop(&a.g);
}

/* Control: one that reads gets every answer, in its own time. */
static void
slow_reader_gets_everything(void **state)
{
	char *body = malloc(50000);
	struct rig_answer r;
	struct rigapp a;
	int fd;

	(void)state;
	assert_non_null(body);
	memset(body, 'x', 50000);
	rigapp_start(&a, NULL);
	a.reply.body = body;
	a.reply.len = 50000;
	fd = rig_connect(&a.g);
	for (int i = 0; i < 200; i++)
		rig_text(&a.g, fd, GET);
	for (int i = 0; i < 200; i++) {
		if (i % 20 == 0)
			rig_pass(&a.g, 20000);
		rig_get(&a.g, fd, &r);
		assert_int_equal(r.status, 200);
		assert_int_equal(r.len, 50000);
	}
	assert_int_equal(a.g.server->stats.stalled, 0);
	(void)close(fd);
	free(body);
	rig_stop(&a.g);
}

/* The queue may empty at one stroke; the requests held back must follow. */
static void
held_back_requests_follow(void **state)
{
	char *body = malloc(50000);
	int fd, size = 1 << 20;
	struct rig_answer r;
	struct rigapp a;

	(void)state;
	assert_non_null(body);
	memset(body, 'x', 50000);
	rigapp_start(&a, NULL);
	a.reply.body = body;
	a.reply.len = 50000;
	fd = rig_connect(&a.g);
	rig_turns(&a.g, 2);
	assert_int_equal(setsockopt(TAILQ_FIRST(&a.g.server->conns)->fd,
			     SOL_SOCKET, SO_SNDBUF, &size, sizeof size),
	    0);
	for (int i = 0; i < 8; i++)
		rig_text(&a.g, fd, GET);
	for (int i = 0; i < 8; i++) {
		rig_get(&a.g, fd, &r);
		assert_int_equal(r.status, 200);
	}
	(void)close(fd);
	free(body);
	rig_stop(&a.g);
}

/* While one is being answered, the others wait within a bound. */
static void
requests_wait_within_a_bound(void **state)
{
	struct http_conn *c;
	struct rig_answer r;
	size_t sent = 0;
	struct rigapp a;
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	a.hold = true;
	fd = rig_connect(&a.g);
	sent = flood(&a, fd) / (sizeof GET - 1);
	c = TAILQ_FIRST(&a.g.server->conns);
	assert_non_null(c);
	assert_int_equal(c->in.len, SERVER_INPUT);
	a.hold = false;
	http_reply(a.held, &a.reply);
	for (size_t i = 0; i < sent; i++) {
		rig_get(&a.g, fd, &r);
		assert_int_equal(r.status, 200);
	}
	assert_int_equal(a.g.server->stats.requests, sent);
	(void)close(fd);
	rig_stop(&a.g);
}

/* Limits from a configuration cannot ask for more than is kept of input. */
static void
head_beyond_what_is_kept(void **state)
{
	struct http_limits wide = rig_limits;
	struct rig_answer r;
	char *head = malloc(100000);
	struct rigapp a;
	int fd;

	(void)state;
	assert_non_null(head);
	wide.header = wide.line = 1 << 20;
	rigapp_start(&a, &wide);
	fd = rig_connect(&a.g);
	(void)snprintf(head, 100000, "GET /%060000d HTTP/1.1\r\n" HOST "\r\n",
	    0);
	assert_int_equal(rig_status(&a.g, fd, head), 200);
	(void)snprintf(head, 100000, "GET /%090000d HTTP/1.1\r\n" HOST "\r\n",
	    0);
	rig_text(&a.g, fd, head);
	rig_get(&a.g, fd, &r);
	assert_int_equal(r.status, 431);
	rig_expect_end(&a.g, fd);
	free(head);
	rig_stop(&a.g);
}

/*
 * A socket closed with unread input resets its peer, who might then lose the
 * answer: so a refused client may go on for a while, and only for a while.
 */
static void
refused_client_may_finish_sending(void **state)
{
	static char body[60000];
	struct rig_answer r;
	struct rigapp a;
	size_t sent;
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd,
	    "POST /a HTTP/1.1\r\n" HOST "Content-Length: 200000\r\n\r\n");
	rig_turns(&a.g, 5);
	for (int i = 0; i < 3; i++)
		rig_send(&a.g, fd, body, sizeof body);
	rig_get(&a.g, fd, &r);
	assert_int_equal(r.status, 413);
	rig_expect_end(&a.g, fd);
	rig_until(&a.g, rigapp_no_conns, &a);
	/* Two seconds. */
	fd = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, fd, "bad\r\n\r\n"), 400);
	rig_pass(&a.g, 1900);
	assert_int_equal(a.g.server->stats.conns, 1);
	rig_pass(&a.g, 100);
	assert_int_equal(a.g.server->stats.conns, 0);
	(void)close(fd);
	/* As much as the proxy lets through. */
	fd = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, fd, "bad\r\n\r\n"), 400);
	for (sent = 0; sent < 20000000 && !rigapp_no_conns(&a);
	     sent += sizeof body) {
		rig_send(&a.g, fd, body, sizeof body);
		rig_turns(&a.g, 2);
	}
	assert_in_range(sent, 16777216, 16777216 + 2 * sizeof body);
	(void)close(fd);
	rig_stop(&a.g);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_D02_slow_head_and_body),
		cmocka_unit_test(waiting_for_the_handler_is_not_idle),
		cmocka_unit_test(abuse_D02_pipelined_flood),
		cmocka_unit_test(slow_reader_gets_everything),
		cmocka_unit_test(held_back_requests_follow),
		cmocka_unit_test(requests_wait_within_a_bound),
		cmocka_unit_test(head_beyond_what_is_kept),
		cmocka_unit_test(refused_client_may_finish_sending),
	};

	return CHECK_RUN("limits", tests);
}
