/* SPDX-License-Identifier: MIT */
/*
 * Whose a port is, with listeners of ours. Those of another account are in
 * tests/system/port.mjs, since it takes two.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/loopback.h"
#include "cli/portowner.h"
#include "lib/err.h"
#include "tests/unit/check.h"

static char why[512];

/* On a port of its own. */
static int
listen_at(const char *address, uint16_t *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(inet_pton(AF_INET, address, &sin.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*port = ntohs(sin.sin_port);
	return fd;
}

static int
judge(const char *host, uint16_t port)
{
	const char *rest;
	struct loopback at;
	char url[64];

	(void)snprintf(url, sizeof(url), "http://%s:%u/", host, port);
	assert_int_equal(loopback_parse(&at, url, &rest, why, sizeof(why)), 0);
	return portowner_judge(&at, why, sizeof(why));
}

static void
ours_is_ours(void **state)
{
	uint16_t port, other;
	int fd = listen_at("127.0.0.1", &port), any;

	(void)state;
	assert_int_equal(judge("127.0.0.1", port), 0);
	assert_int_equal(judge("localhost", port), 0);
	/* It is not there by another address. */
	assert_int_equal(judge("[::1]", port), RDV_E_NOT_FOUND);
	(void)close(fd);
	assert_int_equal(judge("127.0.0.1", port), RDV_E_NOT_FOUND);
	assert_non_null(strstr(why, "nobody is known to listen"));
	any = listen_at("0.0.0.0", &other);
	assert_int_equal(judge("127.0.0.1", other), 0);
	(void)close(any);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours_is_ours),
	};

	return CHECK_RUN("portowner", tests);
}
