/* SPDX-License-Identifier: MIT */
/*
 * Whose a port is: with listeners of ours and, as root, of another account's,
 * beside each other as the kernel lets them be.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/loopback.h"
#include "cli/portowner.h"
#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/fake.h"

#define NOBODY 65534

static char why[512];

/* As `uid`, on a port of its own when `*port` is 0; -1: it cannot be. */
static int
listen_as(uid_t uid, const char *address, uint16_t *port)
{
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_port = htons(*port) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_port = htons(*port) };
	const bool is_six = strchr(address, ':') != NULL;
	struct sockaddr *sa =
	    is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four;
	socklen_t len = is_six ? sizeof(six) : sizeof(four);
	int fd, one = 1;

	assert_int_equal(inet_pton(is_six ? AF_INET6 : AF_INET, address,
			     is_six ? (void *)&six.sin6_addr
				    : (void *)&four.sin_addr),
	    1);
	assert_int_equal(seteuid(uid), 0);
	fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (is_six && fd >= 0)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one,
		    sizeof(one));
	if (fd >= 0 && (bind(fd, sa, len) != 0 || listen(fd, 1) != 0 ||
			   getsockname(fd, sa, &len) != 0)) {
		(void)close(fd);
		fd = -1;
	}
	assert_int_equal(seteuid(getuid()), 0);
	*port = ntohs(is_six ? six.sin6_port : four.sin_port);
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
	uint16_t port = 0, other = 0;
	int fd = listen_as(getuid(), "127.0.0.1", &port), any;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(judge("127.0.0.1", port), 0);
	assert_int_equal(judge("localhost", port), 0);
	/* It is not there by another address. */
	assert_int_equal(judge("[::1]", port), RDV_E_NOT_FOUND);
	(void)close(fd);
	assert_int_equal(judge("127.0.0.1", port), RDV_E_NOT_FOUND);
	assert_non_null(strstr(why, "nobody is known to listen"));
	any = listen_as(getuid(), "0.0.0.0", &other);
	assert_int_equal(judge("127.0.0.1", other), 0);
	(void)close(any);
}

/* Whoever has it would get what is sent there. */
static void
abuse_A13_a_port_of_another_account(void **state)
{
	static const char *const addresses[] = { "127.0.0.1", "0.0.0.0" };
	uint16_t port;
	size_t i;
	int fd;

	(void)state;
	if (getuid() != 0) {
		skip();
		return;
	}
	for (i = 0; i < 2; i++) {
		port = 0;
		fd = listen_as(NOBODY, addresses[i], &port);
		assert_true(fd >= 0);
		assert_int_equal(judge("127.0.0.1", port), RDV_E_DENIED);
		assert_non_null(strstr(why, "uid 65534"));
		(void)close(fd);
	}
}

/* Nor can anybody keep others from theirs by being there beside it. */
static void
the_one_that_is_reached_counts(void **state)
{
	uint16_t port = 0;
	int fd = listen_as(getuid(), "127.0.0.1", &port), beside;

	(void)state;
	if (getuid() != 0) {
		(void)close(fd);
		skip();
		return;
	}
	beside = listen_as(NOBODY, "::1", &port);
	if (beside >= 0) {
		assert_int_equal(judge("127.0.0.1", port), 0);
		assert_int_equal(judge("[::1]", port), RDV_E_DENIED);
		(void)close(beside);
	}
	beside = listen_as(NOBODY, "::", &port);
	if (beside >= 0) {
		assert_int_equal(judge("127.0.0.1", port), 0);
		assert_int_equal(judge("[::1]", port), RDV_E_DENIED);
		(void)close(beside);
	}
	(void)close(fd);
}

static uint16_t page;

static void
answer_fn(int fd, const char *request, unsigned n)
{
	char body[128];

	(void)n;
	(void)snprintf(body, sizeof(body),
	    "{\"web\":[\"http://127.0.0.1:%u\"],\"code\":\"once\"}", page);
	fake_json(fd, strstr(request, "POST") != NULL ? 201 : 200, body);
}

/* A code that would be shown to whoever is there is not even made. */
static void
abuse_A13_no_code_for_another_accounts_port(void **state)
{
	static struct fake fake;
	static struct ran ran;
	char *asked;
	int i, fd;

	(void)state;
	if (getuid() != 0) {
		skip();
		return;
	}
	for (i = 0; i < 2; i++) {
		page = 0;
		fd = listen_as(i == 0 ? NOBODY : 0, "127.0.0.1", &page);
		fake_start(&fake, answer_fn);
		RUN(&ran, "open");
		asked = fake_request(&fake);
		assert_non_null(strstr(asked, "/api/status"));
		free(asked);
		if (i == 0) {
			assert_true(fake_silent(&fake));
			assert_int_equal(ran.rc, CMD_FAILED);
			assert_non_null(strstr(ran.err, "is a port of"));
		} else {
			assert_int_equal(ran.rc, CMD_OK);
			assert_non_null(strstr(ran.out, "/#code=once"));
		}
		fake_stop(&fake);
		(void)close(fd);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours_is_ours),
		cmocka_unit_test(abuse_A13_a_port_of_another_account),
		cmocka_unit_test(the_one_that_is_reached_counts),
		cmocka_unit_test(abuse_A13_no_code_for_another_accounts_port),
	};

	return CHECK_RUN("portowner", tests);
}
