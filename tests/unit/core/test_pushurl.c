/* SPDX-License-Identifier: MIT */
/* Which endpoints are any, and which of those push.hosts has. */
#include "tests/unit/check.h"

#include <string.h>

#include "daemon/core/pushurl.h"

static void
what_is_an_endpoint(void **state)
{
	struct push_url u;
	char text[PUSH_URL_MAX + 2] = "https://a/";

	(void)state;
	assert_true(push_url_parse("https://Push.Example/a/b?c=d", &u));
	assert_string_equal(u.host, "push.example");
	assert_string_equal(u.port, "443");
	assert_string_equal(u.at, "push.example:443");
	assert_string_equal(u.origin, "https://push.example");
	assert_string_equal(u.path, "/a/b?c=d");
	assert_true(push_url_parse("https://[::1]:8443/", &u));
	assert_string_equal(u.at, "[::1]:8443");
	assert_string_equal(u.origin, "https://[::1]:8443");
	memset(text + 10, 'x', sizeof(text) - 11);
	assert_false(push_url_parse(text, &u));
	text[PUSH_URL_MAX] = '\0';
	assert_true(push_url_parse(text, &u));
}

static void
abuse_I11_what_is_none(void **state)
{
	static const char *const none[] = { "", "https://", "https:///a",
		"https://a", "http://a/", "HTTPS://a/", "https://a:/",
		"https://a:0/", "https://a:65536/", "https://a:b/",
		"https://u@a/", "https://u:p@a/", "https://a/#b",
		"https://a/ b", "https://a/\r\nX: y", "https://a/\x7f",
		"https://a/\xc3\xa4", "https://a\\b/", "https://a?b/",
		"https://a../", "https://2130706433/", "https://0x7f.1/",
		"https://127.1/", "https://[::1/", "https://[::1%25lo]/" };
	struct push_url u;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (push_url_parse(none[i], &u))
			fail_msg("%s", none[i]);
}

static void
abuse_I11_what_is_listed(void **state)
{
	static char *const hosts[] = { (char *)"a.example",
		(char *)"*.b.example", (char *)"c.example:444", NULL };
	static char *const nothing[] = { NULL };
	static const struct {
		const char *url;
		bool is;
	} rows[] = { { "https://a.example/", true },
		{ "https://A.Example:443/", true },
		{ "https://a.example:444/", false },
		{ "https://x.a.example/", false },
		{ "https://a.example.test/", false },
		{ "https://x.b.example/", true },
		{ "https://x.y.b.example/", true },
		{ "https://b.example/", false },
		{ "https://xyb.example/", false },
		{ "https://x.b.example:444/", false },
		{ "https://c.example:444/", true },
		{ "https://c.example/", false } };
	struct push_url u;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(push_url_parse(rows[i].url, &u));
		if (push_url_listed(hosts, &u) != rows[i].is)
			fail_msg("%s", rows[i].url);
		assert_false(push_url_listed(nothing, &u));
		assert_false(push_url_listed(NULL, &u));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_an_endpoint),
		cmocka_unit_test(abuse_I11_what_is_none),
		cmocka_unit_test(abuse_I11_what_is_listed),
	};

	return CHECK_RUN("pushurl", tests);
}
