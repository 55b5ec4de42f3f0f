/* SPDX-License-Identifier: MIT */
/*
 * Which addresses are links, and of which host: what is behind # is sent in the
 * clear, so to this one alone.
 */
#include <string.h>

#include "cli/link.h"
#include "lib/err.h"
#include "tests/unit/check.h"

#define SECRET "Abc-_9"

static const struct {
	const char *text, *host;
	unsigned port;
	bool six;
} good[] = {
	{ "http://127.0.0.1:7474/s/#" SECRET, "127.0.0.1:7474", 7474, false },
	{ "http://127.0.0.1/s/#" SECRET, "127.0.0.1", 80, false },
	{ "http://localhost:1/s/#" SECRET, "localhost:1", 1, false },
	{ "http://[::1]:65535/s/#" SECRET, "[::1]:65535", 65535, true },
};

static const struct {
	const char *text, *why;
} bad[] = {
	{ "http://192.0.2.1:7474/s/#" SECRET, "this host's own" },
	{ "http://rdv.example/s/#" SECRET, "this host's own" },
	{ "http://127.0.0.1.rdv.example/s/#" SECRET, "this host's own" },
	{ "http://localhost.rdv.example:80/s/#" SECRET, "this host's own" },
	{ "http://localhost@rdv.example/s/#" SECRET, "this host's own" },
	{ "http://127.0.0.1:80@rdv.example/s/#" SECRET, "this host's own" },
	{ "http://0.0.0.0:7474/s/#" SECRET, "this host's own" },
	{ "http://127.0.0.1:0/s/#" SECRET, "this host's own" },
	{ "http://127.0.0.1:65536/s/#" SECRET, "this host's own" },
	{ "http://127.0.0.1:/s/#" SECRET, "this host's own" },
	{ "http:///s/#" SECRET, "this host's own" },
	{ "http://127.0.0.1\r\nX:/s/#" SECRET, "this host's own" },
	{ "https://127.0.0.1:7474/s/#" SECRET, "no TLS" },
	{ "127.0.0.1:7474/s/#" SECRET, "begin with http://" },
	{ "http://127.0.0.1:7474/#" SECRET, "no address of a link" },
	{ "http://127.0.0.1:7474", "no address of a link" },
	{ "http://127.0.0.1:7474/s/#", "not whole" },
	{ "http://127.0.0.1:7474/s/#" SECRET "\"", "not whole" },
	{ "http://127.0.0.1:7474/s/#" SECRET "&x=1", "not whole" },
};

static void
test_links_of_this_host(void **state)
{
	struct link l;
	char why[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(link_parse(&l, good[i].text, why, sizeof(why)),
		    0);
		assert_string_equal(l.at.host, good[i].host);
		assert_int_equal(l.at.port, good[i].port);
		assert_int_equal(l.at.six, good[i].six);
		assert_string_equal(l.secret, SECRET);
		assert_true(link_like(good[i].text));
		link_done(&l);
	}
}

static void
abuse_A13_no_link_of_another_host(void **state)
{
	struct link l;
	char why[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		print_message("%s\n", bad[i].text);
		assert_int_equal(link_parse(&l, bad[i].text, why, sizeof(why)),
		    RDV_E_INVALID);
		assert_non_null(strstr(why, bad[i].why));
		/* It is told to a terminal, and may be logged. */
		assert_null(strstr(why, SECRET));
	}
	assert_false(link_like("work"));
	assert_false(link_like("http"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links_of_this_host),
		cmocka_unit_test(abuse_A13_no_link_of_another_host),
	};

	return CHECK_RUN("link", tests);
}
