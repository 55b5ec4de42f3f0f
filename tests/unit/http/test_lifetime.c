/* SPDX-License-Identifier: MIT */
/* Many connections: how many there may be, what they leave, how they end. */
#include "tests/unit/check.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/http/server.h"
#include "daemon/loop.h"
#include "tests/unit/http/rigapp.h"

#define HOST "Host: localhost\r\n"
#define GET  "GET /a HTTP/1.1\r\n" HOST "\r\n"
#define POST "POST /a HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n"

static void
too_many_connections(void **state)
{
	struct http_limits few = rig_limits;
	struct rig_answer r;
	struct rigapp a;
	int fd[2], more;

	(void)state;
	for (int peer = 0; peer < 2; peer++) {
		few.conns = peer ? 100 : 2;
		few.conns_per_peer = peer ? 2 : 100;
		rigapp_start(&a, &few);
		for (int i = 0; i < 2; i++) {
			fd[i] = rig_connect(&a.g);
			assert_int_equal(rig_status(&a.g, fd[i], GET), 200);
		}
		more = rig_connect(&a.g);
		rig_text(&a.g, more, GET);
		rig_get(&a.g, more, &r);
		assert_int_equal(r.status, 503);
		assert_non_null(strstr(r.body, "TOO_MANY_CONNECTIONS"));
		assert_string_equal(rig_field(&r, "Retry-After"), "1");
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

/* As if the modes of the socket had been opened to everybody. */
static void
abuse_C01_another_account_is_turned_away(void **state)
{
	struct rig_answer r;
	struct rigapp a;
	int fd;

	(void)state;
	if (geteuid() == 0)
		skip();
	rigapp_start(&a, NULL);
	LIST_FIRST(&a.g.server->listeners)->owner = geteuid() + 1;
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd, GET);
	rig_get(&a.g, fd, &r);
	assert_int_equal(r.status, 403);
	assert_non_null(strstr(r.body, "OTHER_ACCOUNT"));
	rig_expect_end(&a.g, fd);
	assert_int_equal(a.calls, 0);
	LIST_FIRST(&a.g.server->listeners)->owner = geteuid();
	fd = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, fd, GET), 200);
	(void)close(fd);
	rig_stop(&a.g);
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
	struct rigapp a;
	int fd, wait;

	(void)state;
	rigapp_start(&a, NULL);
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
	struct rigapp a;
	uint64_t turns;
	int wait;

	(void)state;
	rigapp_start(&a, NULL);
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

/* One that is shut is ready for ever, as an rdvd before this one left it. */
static void
abuse_D02_a_listener_that_is_shut(void **state)
{
	const struct sockaddr_un any = { .sun_family = AF_UNIX };
	int fd, door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct loop_timer *timer;
	bool over = false;
	struct rigapp a;
	uint64_t turns;

	(void)state;
	rigapp_start(&a, NULL);
	timer = loop_timer_new(a.g.loop, set_flag, &over);
	/* The kernel gives it a name. */
	assert_int_equal(bind(door, (const void *)&any, sizeof(sa_family_t)),
	    0);
	assert_int_equal(listen(door, 1), 0);
	assert_int_equal(shutdown(door, SHUT_RD), 0);
	assert_int_equal(http_server_listen_door(a.g.server, door, geteuid(),
			     "run"),
	    0);
	loop_timer_set(timer, 30);
	turns = a.g.turns;
	rig_until(&a.g, is_set, &over);
	assert_in_range(a.g.turns - turns, 1, 5);
	/* Nobody else waits for it. */
	assert_false(a.g.server->held);
	fd = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, fd, GET), 200);
	(void)close(fd);
	http_server_close_door(a.g.server, "run");
	(void)close(door);
	loop_timer_free(timer);
	rig_stop(&a.g);
}

static int
door_new(struct sockaddr_un *at, socklen_t *len)
{
	int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*at = (struct sockaddr_un){ .sun_family = AF_UNIX };
	*len = sizeof(*at);
	assert_int_equal(bind(door, (const void *)at, sizeof(sa_family_t)), 0);
	assert_int_equal(getsockname(door, (void *)at, len), 0);
	assert_int_equal(listen(door, 8), 0);
	return door;
}

/* Who shows no token at a door is not waited for as others are. */
static void
abuse_D02_strangers_at_a_door(void **state)
{
	int door, silent, stranger, known, elsewhere;
	struct sockaddr_un at;
	struct rigapp a;
	socklen_t len;

	(void)state;
	rigapp_start(&a, NULL);
	door = door_new(&at, &len);
	assert_int_equal(http_server_listen_door(a.g.server, door, geteuid(),
			     "run"),
	    0);
	elsewhere = rig_connect(&a.g);
	silent = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	stranger =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	known = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(silent, (void *)&at, len), 0);
	assert_int_equal(connect(stranger, (void *)&at, len), 0);
	assert_int_equal(connect(known, (void *)&at, len), 0);
	assert_int_equal(rig_status(&a.g, elsewhere, GET), 200);
	assert_int_equal(rig_status(&a.g, stranger, GET), 200);
	a.actor = true;
	assert_int_equal(rig_status(&a.g, known, GET), 200);
	a.actor = false;
	rig_pass(&a.g, SERVER_DOOR_MS);
	rig_expect_end(&a.g, silent);
	rig_expect_end(&a.g, stranger);
	assert_int_equal(rig_status(&a.g, elsewhere, GET), 200);
	assert_int_equal(rig_status(&a.g, known, GET), 200);
	http_server_close_door(a.g.server, "run");
	(void)close(door);
	(void)close(known);
	(void)close(elsewhere);
	rig_stop(&a.g);
}

/* How many of `n` who come by a door are let in; they stay. */
static unsigned
come_in(struct rigapp *a, const struct sockaddr_un *at, socklen_t len, int *fd,
    unsigned n)
{
	unsigned in = 0;

	for (unsigned i = 0; i < n; i++) {
		fd[i] = socket(AF_UNIX,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(fd[i], (const void *)at, len), 0);
		in += rig_status(&a->g, fd[i], GET) == 200;
	}
	return in;
}

/* One account's runs leave as much at the doors as they have. */
static void
abuse_D02_doors_of_an_account(void **state)
{
	struct http_limits few = rig_limits;
	struct sockaddr_un at[2];
	int door[2], fd[24];
	struct rigapp a;
	socklen_t len[2];
	struct peer *p;

	(void)state;
	few.conns = 16 * SERVER_DOORS;
	rigapp_start(&a, &few);
	for (int i = 0; i < 2; i++) {
		door[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		at[i] = (struct sockaddr_un){ .sun_family = AF_UNIX };
		len[i] = sizeof(at[i]);
		assert_int_equal(bind(door[i], (const void *)&at[i],
				     sizeof(sa_family_t)),
		    0);
		assert_int_equal(getsockname(door[i], (void *)&at[i], &len[i]),
		    0);
		assert_int_equal(listen(door[i], 24), 0);
		assert_int_equal(http_server_listen_door(a.g.server, door[i],
				     geteuid(), i == 0 ? "one" : "two"),
		    0);
	}
	assert_int_equal(come_in(&a, &at[0], len[0], fd, 8), 8);
	assert_int_equal(come_in(&a, &at[1], len[1], fd + 8, 8), 0);
	/* As if they had been another account's. */
	LIST_FOREACH (p, &a.g.server->peers, entry)
		p->uid = geteuid() + 1;
	assert_int_equal(come_in(&a, &at[1], len[1], fd + 16, 8), 4);
	for (int i = 0; i < 24; i++)
		(void)close(fd[i]);
	rig_turns(&a.g, 3);
	http_server_close_door(a.g.server, "one");
	http_server_close_door(a.g.server, "two");
	(void)close(door[0]);
	(void)close(door[1]);
	rig_stop(&a.g);
}

/* Nor for one that fails in another way. */
static void
abuse_D02_a_listener_that_fails(void **state)
{
	int fd, pair[2];
	struct rigapp a;

	(void)state;
	rigapp_start(&a, NULL);
	/* EINVAL, as it does not listen. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[1], "x", 1), 1);
	assert_int_equal(http_server_listen_door(a.g.server, pair[0], geteuid(),
			     "run"),
	    0);
	rig_turns(&a.g, 2);
	assert_false(a.g.server->held);
	fd = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, fd, GET), 200);
	(void)close(fd);
	http_server_close_door(a.g.server, "run");
	(void)close(pair[0]);
	(void)close(pair[1]);
	rig_stop(&a.g);
}

static void
connect_and_drop(struct rigapp *a, unsigned stage)
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
	struct rigapp a;
	unsigned fds;
	size_t memory;

	(void)state;
	rigapp_start(&a, NULL);
	for (unsigned i = 0; i < 500; i++)
		connect_and_drop(&a, i);
	rig_until(&a.g, rigapp_no_conns, &a);
	fds = rig_fds();
	memory = rig_memory();
	for (unsigned i = 0; i < 10000; i++)
		connect_and_drop(&a, i);
	rig_until(&a.g, rigapp_no_conns, &a);
	assert_int_equal(rig_fds(), fds);
	assert_int_equal(a.g.server->stats.requests_pending, 0);
	assert_true(LIST_EMPTY(&a.g.server->requests));
	assert_true(LIST_EMPTY(&a.g.server->peers));
	assert_true(rig_memory() <= memory + 65536);
	rig_stop(&a.g);
}

static void
drain_answers_what_is_pending(void **state)
{
	struct rig_answer r;
	bool drained = false;
	struct rigapp a;
	int busy, idle, late;

	(void)state;
	rigapp_start(&a, NULL);
	a.hold = true;
	busy = rig_connect(&a.g);
	idle = rig_connect(&a.g);
	late = rig_connect(&a.g);
	rig_text(&a.g, busy, GET);
	rig_until(&a.g, rigapp_is_held, &a);
	http_server_drain(a.g.server, 60000, set_flag, &drained);
	rig_text(&a.g, late, GET);
	rig_get(&a.g, late, &r);
	assert_int_equal(r.status, 503);
	assert_non_null(strstr(r.body, "SHUTTING_DOWN"));
	assert_string_equal(rig_field(&r, "Retry-After"), "1");
	rig_turns(&a.g, 3);
	assert_false(drained);
	http_reply(a.held, &a.reply);
	rig_get(&a.g, busy, &r);
	assert_int_equal(r.status, 200);
	assert_string_equal(rig_field(&r, "Connection"), "close");
	/* The idle one does not keep the server up. */
	rig_until(&a.g, is_set, &drained);
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
	bool drained = false;
	struct rigapp a;
	int fd;

	(void)state;
	assert_non_null(body);
	memset(body, 'x', 1000000);
	rigapp_start(&a, NULL);
	a.reply.body = body;
	a.reply.len = 1000000;
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd, GET);
	rig_turns(&a.g, 5);
	http_server_drain(a.g.server, 60000, set_flag, &drained);
	rig_turns(&a.g, 5);
	assert_false(drained);
	for (int i = 0; i < 1000; i++)
		assert_true(rig_read(&a.g, fd, part, sizeof part));
	rig_until(&a.g, is_set, &drained);
	(void)close(fd);
	free(body);
	rig_stop(&a.g);
}

static void
drain_gives_up_after_its_time(void **state)
{
	bool drained = false;
	struct rigapp a;
	int fd;

	(void)state;
	rigapp_start(&a, NULL);
	a.hold = true;
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd, GET);
	rig_until(&a.g, rigapp_is_held, &a);
	http_server_drain(a.g.server, 1, set_flag, &drained);
	rig_until(&a.g, is_set, &drained);
	rig_stop(&a.g);
	http_reply(a.held, &a.reply);
	(void)close(fd);
}

/* Nobody is turned away: who comes waits, at a socket that comes later too. */
static void
held_until_it_is_let_go(void **state)
{
	struct rigapp a;
	int fd, again;

	(void)state;
	rigapp_start(&a, NULL);
	http_server_hold(a.g.server, 600000);
	again = dup(a.g.listener);
	assert_int_equal(http_server_listen(a.g.server, again, geteuid()), 0);
	fd = rig_connect(&a.g);
	rig_turns(&a.g, 20);
	assert_int_equal(rigapp_stats(&a).conns, 0);
	http_server_release(a.g.server);
	assert_int_equal(rig_status(&a.g, fd, GET), 200);
	(void)close(fd);
	/* Or until the time is over. */
	http_server_hold(a.g.server, 1);
	fd = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, fd, GET), 200);
	(void)close(fd);
	rig_stop(&a.g);
	(void)close(again);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(held_until_it_is_let_go),
		cmocka_unit_test(too_many_connections),
		cmocka_unit_test(abuse_C01_another_account_is_turned_away),
		cmocka_unit_test(abuse_D10_out_of_descriptors),
		cmocka_unit_test(abuse_D10_accepting_does_not_spin),
		cmocka_unit_test(abuse_D02_a_listener_that_is_shut),
		cmocka_unit_test(abuse_D02_a_listener_that_fails),
		cmocka_unit_test(abuse_D02_strangers_at_a_door),
		cmocka_unit_test(abuse_D02_doors_of_an_account),
		cmocka_unit_test(abuse_D06_connect_and_drop),
		cmocka_unit_test(drain_answers_what_is_pending),
		cmocka_unit_test(drain_waits_for_output),
		cmocka_unit_test(drain_gives_up_after_its_time),
	};

	return CHECK_RUN("lifetime", tests);
}
