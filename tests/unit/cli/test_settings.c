/* SPDX-License-Identifier: MIT */
/*
 * Asking rdvd for its settings, with a script in its place: what is asked, and
 * that every answer but a good one becomes a sentence.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/settings.h"
#include "lib/err.h"
#include "lib/js.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/fake.h"

static struct fake fake;
static struct cli cli;
static char why[512], nowhere[] = "/nonexistent";

static int
setup(void **state)
{
	(void)state;
	fake_dir(&fake);
	cli = (struct cli){ .base = fake.dir, .bin_dir = fake.dir };
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fake_stop(&fake);
	return 0;
}

/* Asks an rdvd that is this script. */
static int
ask(const char *script, struct js **out)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/rdvd", fake.dir);
	f = fopen(path, "we");
	assert_non_null(f);
	(void)fprintf(f, "#!/bin/sh\n%s\n", script);
	(void)fclose(f);
	assert_int_equal(chmod(path, 0700), 0);
	why[0] = '\0';
	return settings_ask(&cli, out, why, sizeof(why));
}

static void
is_path(const struct js *s, const char *key, const char *wanted)
{
	char *path = settings_path(s, key);

	assert_string_equal(path, wanted);
	free(path);
}

static void
an_answer_is_read(void **state)
{
	const char *first = NULL;
	struct js *s;

	(void)state;
	assert_int_equal(ask("echo '{\"a.text\":{\"value\":\"t\"},"
			     "\"a.bytes\":{\"value\":\"/?\",\"hex\":\"2fff\"},"
			     "\"a.wrong\":{\"value\":\"v\",\"hex\":\"2f?f\"},"
			     "\"a.list\":{\"value\":[\"x\"]},"
			     "\"b.idle\":{\"value\":1,\"source\":\"f:7\","
			     "\"effect\":false},"
			     "\"b.used\":{\"value\":1,\"source\":\"f:8\","
			     "\"effect\":true},"
			     "\"b.default\":{\"value\":1,\"source\":null,"
			     "\"effect\":false},"
			     "\"c.idle\":{\"value\":1,\"source\":\"f:9\","
			     "\"effect\":false}}'",
			     &s),
	    0);
	is_path(s, "a.text", "t");
	is_path(s, "a.none", "");
	is_path(s, "a.bytes", "/\xff");
	is_path(s, "a.wrong", "v");
	assert_string_equal(js_text(js_at(settings_value(s, "a.list"), 0)),
	    "x");
	assert_null(settings_value(s, "a.none"));
	assert_int_equal(settings_idle(s, &first), 2);
	assert_string_equal(first, "f:7");
	js_free(s);
}

/* The environment of whoever asks must not change what "~" means. */
static void
as_it_is_served(void **state)
{
	char wanted[512];
	struct js *s;

	(void)state;
	(void)snprintf(wanted, sizeof(wanted), "-T --json --base %s, %s, none",
	    fake.dir, getpwuid(geteuid())->pw_dir);
	assert_int_equal(setenv("HOME", "/elsewhere", 1), 0);
	assert_non_null(getenv("RDV_HOME"));
	assert_int_equal(ask("echo \"{\\\"a\\\":{\\\"value\\\":\\\"$*, "
			     "$HOME, ${RDV_HOME:-none}\\\"}}\"",
			     &s),
	    0);
	is_path(s, "a", wanted);
	js_free(s);
}

static void
what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *script, *why;
	} rows[] = {
		{ "echo 'rdvd: /c.toml:2: x.y: no such setting' >&2; exit 78",
		    "/c.toml:2: x.y: no such setting" },
		{ "exit 1", "rdvd does not tell its settings" },
		{ "kill -9 $$", "rdvd does not tell its settings" },
		{ "printf 'rdvd: a\\033b\\nc\\n'; exit 1", "a\\eb" },
	};
	struct js *s;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ask(rows[i].script, &s), RDV_E_INVALID);
		assert_null(s);
		assert_string_equal(why, rows[i].why);
	}
	assert_int_equal(ask("echo '{'", &s), RDV_E_INVALID);
	assert_non_null(strstr(why, "rdvd's settings: "));
	assert_int_equal(ask("exec head -c 3000000 /dev/zero", &s),
	    RDV_E_INVALID);
	cli.bin_dir = nowhere;
	assert_int_equal(settings_ask(&cli, &s, why, sizeof(why)), RDV_E_SPAWN);
	assert_non_null(strstr(why, "/nonexistent/rdvd: "));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(an_answer_is_read),
		T(as_it_is_served),
		T(what_is_wrong_is_said),
	};

	return CHECK_RUN("settings", tests);
}
