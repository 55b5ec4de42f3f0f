/* SPDX-License-Identifier: MIT */
/*
 * Which names are served and which pages are believed: abuse A01-A10, A16 as
 * tables over the pure functions. Each table holds what passes as well.
 */
#include "daemon/auth/origin.h"
#include "tests/unit/check.h"

static char *const web[] = { (char *)"127.0.0.1:8443", NULL };
static char *const allowed[] = { (char *)"OK.example", NULL };

struct row {
	const char *value;
	bool ok;
};

static void
test_hosts(void **state)
{
	static const struct row rows[] = {
		{ "localhost", true },
		{ "rdv", true },
		{ "127.0.0.1:8443", true },
		{ "localhost:8443", true },
		{ "ok.example", true },
		/* A04, A05: rebinding */
		{ "evil.example:8443", false },
		{ "ok.example.evil.test", false },
		{ "evilok.example", false },
		{ "ok.example:8443", false },
		/* A06, A07: other spellings of the same machine */
		{ "", false },
		{ "localhost.", false },
		{ "localhost:80", false },
		{ "127.0.0.1", false },
		{ "127.1:8443", false },
		{ "2130706433:8443", false },
		{ "0.0.0.0:8443", false },
		{ "[::]:8443", false },
		{ "[::1]:8443", false },
		{ "[::ffff:127.0.0.1]:8443", false },
		{ "user@localhost", false },
		{ "localhost ", false },
		{ "localhost,evil", false },
	};
	struct origin_rules rules;

	(void)state;
	origin_init(&rules, web, allowed);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (origin_host_ok(&rules, rows[i].value) != rows[i].ok)
			fail_msg("Host: %s", rows[i].value);
	}
	assert_false(origin_host_ok(&rules, NULL));
	origin_done(&rules);
}

static void
test_origins(void **state)
{
	static const struct row rows[] = {
		{ "http://127.0.0.1:8443", true },
		{ "https://127.0.0.1:8443", true },
		{ "http://localhost:8443", true },
		{ "https://ok.example", true },
		/* A01, A03 */
		{ "https://evil.example", false },
		{ "null", false },
		{ "", false },
		/* no page is loaded from the names of the Unix socket */
		{ "http://localhost", false },
		{ "http://rdv", false },
		/* A10 */
		{ "https://ok.example.evil.test", false },
		{ "https://evilok.example", false },
		{ "https://ok.example:444", false },
		{ "https://ok.example/", false },
		{ "https://user@ok.example", false },
		{ "ftp://ok.example", false },
		{ "ok.example", false },
		{ "http://http://ok.example", false },
		{ "HTTP://ok.example", false },
		{ " http://ok.example", false },
	};
	struct origin_rules rules;

	(void)state;
	origin_init(&rules, web, allowed);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (origin_ok(&rules, rows[i].value) != rows[i].ok)
			fail_msg("Origin: %s", rows[i].value);
	}
	origin_done(&rules);
}

static void
test_sites(void **state)
{
	static const struct row rows[] = {
		{ "same-origin", true },
		{ "none", true },
		{ NULL, true },
		{ "same-site", false },
		{ "cross-site", false },
		{ "Same-Origin", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(origin_site_ok(rows[i].value), rows[i].ok);
}

static void
test_nothing_configured(void **state)
{
	struct origin_rules rules;

	(void)state;
	origin_init(&rules, NULL, NULL);
	assert_true(origin_host_ok(&rules, "localhost"));
	assert_false(origin_host_ok(&rules, "localhost:8443"));
	assert_false(origin_ok(&rules, "http://localhost"));
	origin_done(&rules);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_origins),
		cmocka_unit_test(test_sites),
		cmocka_unit_test(test_nothing_configured),
	};

	return CHECK_RUN("origin", tests);
}
