/* SPDX-License-Identifier: MIT */
/* A socket of one person: requests over it say so, and it can be taken away. */
#include "tests/unit/check.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/http/server.h"
#include "tests/unit/http/rigapp.h"

#define GET "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* Any uid but root's; the kernel says ours, so root has to run as another. */
static bool
is_person(void)
{
	if (geteuid() != 0)
		return true;
	print_message("root comes in everywhere; needs another account\n");
	return false;
}

static int
second_listener(struct rigapp *a, char path[64])
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(path, 64, "%s/own", a->g.dir);
	(void)snprintf(sa.sun_path, sizeof sa.sun_path, "%s", path);
	assert_int_equal(bind(fd, (void *)&sa, sizeof sa), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

/* As rig_connect(), to another name. */
static int
connect_to(struct rigapp *a, const char *path)
{
	char shared[sizeof a->g.path];
	int fd;

	memcpy(shared, a->g.path, sizeof shared);
	(void)snprintf(a->g.path, sizeof a->g.path, "%s", path);
	fd = rig_connect(&a->g);
	memcpy(a->g.path, shared, sizeof shared);
	return fd;
}

static void
requests_say_whose_socket_it_is(void **state)
{
	struct rig_answer r;
	struct rigapp a;
	char path[64];
	int own, fd;

	(void)state;
	if (!is_person()) {
		skip();
		return;
	}
	rigapp_start(&a, NULL);
	own = second_listener(&a, path);
	assert_int_equal(http_server_listen_for(a.g.server, own, geteuid()), 0);
	a.hold = true;
	fd = connect_to(&a, path);
	rig_text(&a.g, fd, GET);
	rig_until(&a.g, rigapp_is_held, &a);
	assert_int_equal(a.held->person, geteuid());
	rigapp_answer(&a);
	rig_get(&a.g, fd, &r);
	(void)close(fd);
	/* The other one is anybody's. */
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd, GET);
	rig_until(&a.g, rigapp_is_held, &a);
	assert_int_equal(a.held->person, HTTP_ANYBODY);
	rigapp_answer(&a);
	rig_get(&a.g, fd, &r);
	(void)close(fd);
	assert_int_equal(unlink(path), 0);
	(void)close(own);
	rig_stop(&a.g);
}

static void
taken_away_with_its_connections(void **state)
{
	struct rigapp a;
	char path[64];
	int own, gone, stays;

	(void)state;
	if (!is_person()) {
		skip();
		return;
	}
	rigapp_start(&a, NULL);
	own = second_listener(&a, path);
	assert_int_equal(http_server_listen_for(a.g.server, own, geteuid()), 0);
	gone = connect_to(&a, path);
	stays = rig_connect(&a.g);
	assert_int_equal(rig_status(&a.g, gone, GET), 200);
	assert_int_equal(rig_status(&a.g, stays, GET), 200);
	http_server_unlisten(a.g.server, geteuid());
	rig_expect_end(&a.g, gone);
	assert_int_equal(rig_status(&a.g, stays, GET), 200);
	/* Who connects now is never accepted. */
	gone = connect_to(&a, path);
	rig_text(&a.g, gone, GET);
	rig_turns(&a.g, 5);
	assert_int_equal(a.calls, 3);
	(void)close(gone);
	(void)close(stays);
	assert_int_equal(unlink(path), 0);
	(void)close(own);
	rig_stop(&a.g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_say_whose_socket_it_is),
		cmocka_unit_test(taken_away_with_its_connections),
	};

	return CHECK_RUN("person", tests);
}
