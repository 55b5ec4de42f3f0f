/* SPDX-License-Identifier: MIT */
/* Bounds, deadlines and the end: what happens at each of them, and after. */
#include "tests/unit/check.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/http/conn.h"
#include "daemon/http/server.h"
#include "daemon/loop.h"
#include "tests/unit/http/rig.h"

#define HOST "Host: localhost\r\n"
#define GET  "GET /a HTTP/1.1\r\n" HOST "\r\n"
#define POST "POST /a HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n"

struct app {
	struct rig g;
	bool hold;
	struct http_req *held;
	struct http_reply reply;
	bool drained;
};

static void
dispatch(struct http_req *r, void *arg)
{
	struct app *a = arg;

	if (a->hold)
		a->held = r;
	else
		http_reply(r, &a->reply);
}

static void
start(struct app *a, const struct http_limits *limits)
{
	memset(a, 0, sizeof *a);
	a->reply = (struct http_reply){
		.status = 200,
		.type = "text/plain",
		.body = "hello",
		.len = 5,
	};
	rig_start(&a->g, limits, dispatch, a);
}

static bool
no_conns(void *arg)
{
	struct app *a = arg;

	return a->g.server->stats.conns == 0;
}

static bool
is_held(void *arg)
{
	struct app *a = arg;

	return a->held != NULL;
}

static void
abuse_D02_slow_head_and_body(void **state)
{
	struct rig_answer r;
	struct app a;
	int good, head, body, idle;

	(void)state;
	start(&a, NULL);
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
	struct app a;
	int fd;

	(void)state;
	start(&a, NULL);
	a.hold = true;
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd, GET);
	rig_until(&a.g, is_held, &a);
	rig_pass(&a.g, 10 * rig_limits.idle_ms);
	http_reply(a.held, &a.reply);
	rig_get(&a.g, fd, &r);
	assert_int_equal(r.status, 200);
	(void)close(fd);
	rig_stop(&a.g);
}

/* Sends requests as long as the socket takes any; the bytes sent. */
static size_t
flood(struct app *a, int fd)
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
	struct app a;
	int fd, other;

	(void)state;
	assert_non_null(body);
	memset(body, 'x', 50000);
	start(&a, NULL);
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
	struct app a;
	int fd;

	(void)state;
	assert_non_null(body);
	memset(body, 'x', 50000);
	start(&a, NULL);
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
	struct app a;

	(void)state;
	assert_non_null(body);
	memset(body, 'x', 50000);
	start(&a, NULL);
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
	struct app a;
	int fd;

	(void)state;
	start(&a, NULL);
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
	struct app a;
	int fd;

	(void)state;
	assert_non_null(head);
	wide.header = wide.line = 1 << 20;
	start(&a, &wide);
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

static void
too_many_connections(void **state)
{
	struct http_limits few = rig_limits;
	struct rig_answer r;
	struct app a;
	int fd[2], more;

	(void)state;
	for (int peer = 0; peer < 2; peer++) {
		few.conns = peer ? 100 : 2;
		few.conns_per_peer = peer ? 2 : 100;
		start(&a, &few);
		for (int i = 0; i < 2; i++) {
			fd[i] = rig_connect(&a.g);
			assert_int_equal(rig_status(&a.g, fd[i], GET), 200);
		}
		more = rig_connect(&a.g);
		rig_text(&a.g, more, GET);
		rig_get(&a.g, more, &r);
		assert_int_equal(r.status, 503);
		assert_non_null(strstr(r.body, "TOO_MANY_CONNECTIONS"));
		rig_expect_end(&a.g, more);
		/* Room again as soon as one leaves. */
		(void)close(fd[0]);
		rig_turns(&a.g, 3);
		more = rig_connect(&a.g);
		assert_int_equal(rig_status(&a.g, more, GET), 200);
		assert_int_equal(rig_status(&a.g, fd[1], GET), 200);
		(void)close(more);
		(void)close(fd[1]);
		rig_stop(&a.g);
	}
}

/* No descriptor may be opened from here on; the old bound is returned. */
static struct rlimit
forbid_descriptors(int highest)
{
	struct rlimit old, low;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = (rlim_t)highest + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	return old;
}

static void
abuse_D10_out_of_descriptors(void **state)
{
	struct rlimit old;
	struct rig_answer r;
	struct app a;
	int fd, wait;

	(void)state;
	start(&a, NULL);
	fd = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, fd, GET), 200);
	wait = rig_connect(&a.g);
	old = forbid_descriptors(wait);
	/* Told, not left in the queue; and the others are served. */
	for (int i = 0; i < 3; i++) {
		rig_get(&a.g, wait, &r);
		assert_int_equal(r.status, 503);
		assert_int_equal(rig_status(&a.g, fd, GET), 200);
		(void)close(wait);
		wait = rig_connect(&a.g);
	}
	rig_get(&a.g, wait, &r);
	assert_int_equal(r.status, 503);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	(void)close(wait);
	wait = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, wait, GET), 200);
	(void)close(wait);
	(void)close(fd);
	rig_stop(&a.g);
}

static bool
has_answer(void *arg)
{
	int *fd = arg;
	char byte;

	return recv(*fd, &byte, 1, MSG_PEEK) == 1;
}

static void
set_flag(void *arg)
{
	bool *flag = arg;

	*flag = true;
}

static bool
is_set(void *arg)
{
	bool *flag = arg;

	return *flag;
}

/* Not even a reserve is left: the connection waits, and the loop rests. */
static void
abuse_D10_accepting_does_not_spin(void **state)
{
	struct loop_timer *timer;
	bool over = false;
	struct rlimit old;
	struct app a;
	uint64_t turns;
	int wait;

	(void)state;
	start(&a, NULL);
	timer = loop_timer_new(a.g.loop, set_flag, &over);
	(void)close(a.g.server->reserve);
	a.g.server->reserve = -1;
	wait = rig_connect(&a.g);
	old = forbid_descriptors(wait);
	rig_text(&a.g, wait, GET);
	loop_timer_set(timer, 30);
	turns = a.g.turns;
	rig_until(&a.g, is_set, &over);
	assert_in_range(a.g.turns - turns, 1, 5);
	assert_int_equal(a.g.server->stats.conns, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	rig_until(&a.g, has_answer, &wait);
	(void)close(wait);
	loop_timer_free(timer);
	rig_stop(&a.g);
}

static void
connect_and_drop(struct app *a, unsigned stage)
{
	static const char *const texts[] = { "", "G", "GET / HTTP/1.1\r\nHos",
		POST, POST "abc", GET, GET "GET /" };
	int fd = rig_connect(&a->g);

	rig_text(&a->g, fd, texts[stage % (sizeof texts / sizeof texts[0])]);
	/* Half of them leave before the server has seen them at all. */
	rig_turns(&a->g, stage % 2);
	(void)close(fd);
	rig_turns(&a->g, 1);
}

static void
abuse_D06_connect_and_drop(void **state)
{
	struct app a;
	unsigned fds;
	size_t memory;

	(void)state;
	start(&a, NULL);
	for (unsigned i = 0; i < 500; i++)
		connect_and_drop(&a, i);
	rig_until(&a.g, no_conns, &a);
	fds = rig_fds();
	memory = rig_memory();
	for (unsigned i = 0; i < 10000; i++)
		connect_and_drop(&a, i);
	rig_until(&a.g, no_conns, &a);
	assert_int_equal(rig_fds(), fds);
	assert_int_equal(a.g.server->stats.requests_pending, 0);
	assert_true(LIST_EMPTY(&a.g.server->requests));
	assert_true(LIST_EMPTY(&a.g.server->peers));
	assert_true(rig_memory() <= memory + 65536);
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
	struct app a;
	size_t sent;
	int fd;

	(void)state;
	start(&a, NULL);
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd,
	    "POST /a HTTP/1.1\r\n" HOST "Content-Length: 200000\r\n\r\n");
	rig_turns(&a.g, 5);
	for (int i = 0; i < 3; i++)
		rig_send(&a.g, fd, body, sizeof body);
	rig_get(&a.g, fd, &r);
	assert_int_equal(r.status, 413);
	rig_expect_end(&a.g, fd);
	rig_until(&a.g, no_conns, &a);
	/* Two seconds. */
	fd = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, fd, "bad\r\n\r\n"), 400);
	rig_pass(&a.g, 1900);
	assert_int_equal(a.g.server->stats.conns, 1);
	rig_pass(&a.g, 100);
	assert_int_equal(a.g.server->stats.conns, 0);
	(void)close(fd);
	/* A megabyte. */
	fd = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, fd, "bad\r\n\r\n"), 400);
	for (sent = 0; sent < 2000000 && !no_conns(&a); sent += sizeof body) {
		rig_send(&a.g, fd, body, sizeof body);
		rig_turns(&a.g, 2);
	}
	assert_in_range(sent, 1048576, 1048576 + 2 * sizeof body);
	(void)close(fd);
	rig_stop(&a.g);
}

static void
drained_cb(void *arg)
{
	struct app *a = arg;

	a->drained = true;
}

static bool
is_drained(void *arg)
{
	struct app *a = arg;

	return a->drained;
}

static void
drain_answers_what_is_pending(void **state)
{
	struct rig_answer r;
	struct app a;
	int busy, idle, late;

	(void)state;
	start(&a, NULL);
	a.hold = true;
	busy = rig_connect(&a.g);
	idle = rig_connect(&a.g);
	late = rig_connect(&a.g);
	rig_text(&a.g, busy, GET);
	rig_until(&a.g, is_held, &a);
	http_server_drain(a.g.server, 60000, drained_cb, &a);
	rig_text(&a.g, late, GET);
	rig_get(&a.g, late, &r);
	assert_int_equal(r.status, 503);
	assert_non_null(strstr(r.body, "SHUTTING_DOWN"));
	rig_turns(&a.g, 3);
	assert_false(a.drained);
	http_reply(a.held, &a.reply);
	rig_get(&a.g, busy, &r);
	assert_int_equal(r.status, 200);
	assert_string_equal(rig_field(&r, "Connection"), "close");
	/* The idle one does not keep the server up. */
	rig_until(&a.g, is_drained, &a);
	(void)close(busy);
	(void)close(idle);
	(void)close(late);
	rig_stop(&a.g);
}

/* Answered is not enough, the answer has to have left. */
static void
drain_waits_for_output(void **state)
{
	char *body = malloc(1000000), part[1000];
	struct app a;
	int fd;

	(void)state;
	assert_non_null(body);
	memset(body, 'x', 1000000);
	start(&a, NULL);
	a.reply.body = body;
	a.reply.len = 1000000;
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd, GET);
	rig_turns(&a.g, 5);
	http_server_drain(a.g.server, 60000, drained_cb, &a);
	rig_turns(&a.g, 5);
	assert_false(a.drained);
	for (int i = 0; i < 1000; i++)
		assert_true(rig_read(&a.g, fd, part, sizeof part));
	rig_until(&a.g, is_drained, &a);
	(void)close(fd);
	free(body);
	rig_stop(&a.g);
}

static void
drain_gives_up_after_its_time(void **state)
{
	struct app a;
	int fd;

	(void)state;
	start(&a, NULL);
	a.hold = true;
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd, GET);
	rig_until(&a.g, is_held, &a);
	http_server_drain(a.g.server, 1, drained_cb, &a);
	rig_until(&a.g, is_drained, &a);
	rig_stop(&a.g);
	http_reply(a.held, &a.reply);
	(void)close(fd);
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
		cmocka_unit_test(too_many_connections),
		cmocka_unit_test(abuse_D10_out_of_descriptors),
		cmocka_unit_test(abuse_D10_accepting_does_not_spin),
		cmocka_unit_test(refused_client_may_finish_sending),
		cmocka_unit_test(abuse_D06_connect_and_drop),
		cmocka_unit_test(drain_answers_what_is_pending),
		cmocka_unit_test(drain_waits_for_output),
		cmocka_unit_test(drain_gives_up_after_its_time),
	};

	return CHECK_RUN("limits", tests);
}
