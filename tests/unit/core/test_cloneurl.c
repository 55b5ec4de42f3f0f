/* SPDX-License-Identifier: MIT */
/*
 * What may be cloned from, and what git says meanwhile: tables of what is let
 * through and what is not, and bytes that nobody chose.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/clonetalk.h"
#include "daemon/core/cloneurl.h"

static const struct {
	const char *url;
	enum clone_way way;
} good[] = {
	{ "https://example.org/a/b.git", CLONE_HTTPS },
	{ "https://example.org:8443/a", CLONE_HTTPS },
	{ "https://example.org/@scope/a~1", CLONE_HTTPS },
	{ "https://[2001:db8::1]/a", CLONE_HTTPS },
	{ "https://example.org/a%20b", CLONE_HTTPS },
	{ "http://localhost/a", CLONE_HTTP },
	{ "http://127.0.0.1:80/a", CLONE_HTTP },
	{ "http://[::1]:8080/a", CLONE_HTTP },
	{ "ssh://example.org/a", CLONE_SSH },
	{ "ssh://git@example.org:2222/~/a", CLONE_SSH },
	{ "git@example.org:a/b.git", CLONE_SSH },
	{ "example.org:a", CLONE_SSH },
	{ "git@[2001:db8::1]:a", CLONE_SSH },
	{ "/srv/a b\xc3\xa9.git", CLONE_LOCAL },
};

/* One word of the reason each. */
static const struct {
	const char *url, *word;
} bad[] = {
	{ "", "neither" },
	{ "a/b", "neither" },
	{ "../a", "neither" },
	{ "./a:b", "neither" },
	{ "/a/../b", "absolute" },
	{ "/a//b", "absolute" },
	{ "-u/bin/sh", "option" },
	{ "--upload-pack=x", "option" },
	{ "ext::sh -c x", "program" },
	{ "fd::17", "program" },
	{ "https::https://a/b", "program" },
	{ "git-x::a", "program" },
	{ "git://example.org/a", "git://" },
	{ "file:///a", "path" },
	{ "ftp://example.org/a", "none of" },
	{ "HTTPS://example.org/a", "none of" },
	{ "http://example.org/a", "clone_http" },
	{ "http://localhost.example.org/a", "clone_http" },
	{ "http://127.0.0.1.example.org/a", "clone_http" },
	{ "http://127.0.0.1@example.org/a", "password" },
	{ "https://user:secret@example.org/a", "password" },
	{ "https://secret@example.org/a", "password" },
	{ "https://a@b@example.org/a", "password" },
	{ "https://@example.org/a", "password" },
	{ "ssh://user:secret@example.org/a", "password" },
	{ "user:secret@example.org:a", "password" },
	{ "https://example.org/a?token=secret", "query" },
	{ "https://example.org/a#secret", "query" },
	{ "https://example.org?secret", "repository" },
	{ "https://example.org", "repository" },
	{ "https://example.org/", "repository" },
	{ "https:///a", "host" },
	{ "https://-x/a", "host" },
	{ "https://example.org:0/a", "host" },
	{ "https://example.org:70000/a", "host" },
	{ "https://example.org:/a", "host" },
	{ "https://ex_ample/a", "host" },
	{ "https://[::1/a", "host" },
	{ "https://[::1]x/a", "host" },
	{ "ssh://-oProxyCommand=x/a", "host" },
	{ "ssh://-x@example.org/a", "plain name" },
	{ "-oProxyCommand=x:a", "option" },
	{ "git@-oProxyCommand=x:a", "host" },
	{ "example.org:-x", "repository" },
	{ "example.org:", "repository" },
	{ "https://example.org/a\nb", "bytes" },
	{ "https://example.org/a%0ab", "bytes" },
	{ "https://example.org/a%0D", "bytes" },
	{ "https://example.org/a%00", "bytes" },
	{ "https://example.org/a%7F", "bytes" },
	{ "https://example.org/a b", "bytes" },
	{ "https://example.org/a\\b", "bytes" },
	{ "https://ex\xc3\xa4mple.org/a", "bytes" },
	{ "https://example.org/\x1b[2J", "bytes" },
};

static void
urls_that_are(void **state)
{
	enum clone_way way;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		why = "";
		way = CLONE_WAYS;
		if (!clone_url_ok(good[i].url, false, &way, &why))
			fail_msg("%s: %s", good[i].url, why);
		if (way != good[i].way)
			fail_msg("%s: way %d", good[i].url, (int)way);
	}
	/* Asked for by a setting, any host is one for http. */
	assert_true(clone_url_ok("http://example.org/a", true, &way, &why));
	assert_int_equal(way, CLONE_HTTP);
}

static void
abuse_G14_urls_that_are_not(void **state)
{
	enum clone_way way;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why = "";
		if (clone_url_ok(bad[i].url, false, &way, &why))
			fail_msg("%s is let through", bad[i].url);
		if (strncmp(why, "url: ", 5) != 0 ||
		    strstr(why, bad[i].word) == NULL)
			fail_msg("%s: %s", bad[i].url, why);
		if (strstr(why, "secret") != NULL)
			fail_msg("%s is told", bad[i].url);
	}
}

static void
a_url_has_an_end(void **state)
{
	char url[4096] = "https://example.org/";
	enum clone_way way;
	const char *why;

	(void)state;
	memset(url + 20, 'a', sizeof(url) - 21);
	url[2048] = '\0';
	assert_true(clone_url_ok(url, false, &way, &why));
	url[2048] = 'a';
	assert_false(clone_url_ok(url, false, &way, &why));
}

static void
filters(void **state)
{
	static const char *const yes[] = { "blob:none", "blob:limit=0",
		"blob:limit=10m", "tree:0", "tree:2" };
	static const char *const wrong[] = { "", "blob",
		"blob:", "blob:limit=", "blob:limit=x", "blob:limit=1x",
		"blob:limit=1mm", "tree:", "tree:1k", "tree:-1",
		"sparse:oid=HEAD:x", "combine:blob:none+tree:0", "blob:none ",
		"--upload-pack=x", "blob:limit=9999999999" };

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(clone_filter_ok(yes[i]));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (clone_filter_ok(wrong[i]))
			fail_msg("%s", wrong[i]);
}

static struct clone_talk
heard(const char *text)
{
	struct clone_talk t;

	clone_talk_init(&t);
	(void)clone_hear(&t, text, strlen(text));
	return t;
}

static const struct {
	const char *line, *phase;
	int64_t done, total, percent, bytes, rate;
} lines[] = {
	{ "remote: Enumerating objects: 12, done.", "enumerating", 12, -1, -1,
	    -1, -1 },
	{ "remote: Counting objects:  50% (5/10)", "counting", 5, 10, 50, -1,
	    -1 },
	{ "remote: Compressing objects: 100% (7/7), done.        ",
	    "compressing", 7, 7, 100, -1, -1 },
	{ "Receiving objects:  45% (450/1000), 1.20 MiB | 300.00 KiB/s",
	    "receiving", 450, 1000, 45, 1258291, 307200 },
	{ "Receiving objects: 100% (3/3), 512 bytes | 512.00 KiB/s, done.",
	    "receiving", 3, 3, 100, 512, 524288 },
	{ "Resolving deltas:   0% (0/9)", "resolving", 0, 9, 0, -1, -1 },
	{ "Updating files:  10% (1/10)", "writing", 1, 10, 10, -1, -1 },
	{ "Receiving objects: 1% (1/9), 9.9.9 x", "receiving", 1, 9, 1, -1,
	    -1 },
	/* Too much to be a size. */
	{ "Receiving objects: 1% (1/9), 999999999.00 TiB", "receiving", 1, 9, 1,
	    -1, -1 },
};

static void
progress_is_read(void **state)
{
	char line[256];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct clone_talk t;

		(void)snprintf(line, sizeof(line), "%s\r", lines[i].line);
		t = heard(line);
		if (t.now.phase == NULL ||
		    strcmp(t.now.phase, lines[i].phase) != 0)
			fail_msg("%s", lines[i].line);
		assert_int_equal(t.now.done, lines[i].done);
		assert_int_equal(t.now.total, lines[i].total);
		assert_int_equal(t.now.percent, lines[i].percent);
		assert_int_equal(t.now.bytes, lines[i].bytes);
		assert_int_equal(t.now.rate, lines[i].rate);
		assert_int_equal(t.nsaid, 0);
	}
}

static void
no_progress_is_a_line(void **state)
{
	static const char *const said[] = { "Receiving objects: x",
		"Receiving objects: 101% (1/1)", "Receiving objects: 5% 1/2",
		"Receiving objects: 5% (1/2", "Receiving", "fatal: x",
		"Receiving objects: 1234567890123456789% (1/2)" };

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		struct clone_talk t = heard(said[i]);

		assert_false(clone_hear_end(&t));
		assert_null(t.now.phase);
		assert_string_equal(clone_said(&t, 0), said[i]);
	}
}

static void
pieces_make_the_same(void **state)
{
	static const char text[] = "Cloning into 'repo'...\n"
				   "remote: Counting objects: 50% (1/2)\r"
				   "Receiving objects:  33% (1/3), 5 bytes\n";
	struct clone_talk t;

	(void)state;
	clone_talk_init(&t);
	for (size_t i = 0; i + 1 < sizeof(text); i++)
		(void)clone_hear(&t, text + i, 1);
	assert_string_equal(t.now.phase, "receiving");
	assert_int_equal(t.now.bytes, 5);
	assert_string_equal(clone_said(&t, 0), "Cloning into 'repo'...");
	/* What came stays known in a phase that says nothing of it. */
	(void)clone_hear(&t, "Resolving deltas: 1% (1/100)\r", 29);
	assert_int_equal(t.now.bytes, 5);
}

static void
abuse_G18_what_a_server_says_is_printable(void **state)
{
	struct clone_talk t = heard("remote: \x1b]0;x\a\x1b[2J\n");

	(void)state;
	for (const char *p = clone_said(&t, 0); *p != '\0'; p++)
		assert_in_range(*p, 0x20, 0x7e);
	assert_non_null(strstr(clone_said(&t, 0), "\\e[2J"));
}

static void
abuse_N_no_credential_is_kept(void **state)
{
	static const struct {
		const char *line, *told;
	} rows[] = {
		{ "fatal: unable to access 'https://u:secret@h/a/': x",
		    "fatal: unable to access 'https://***@h/a/': x" },
		{ "see https://secret@h and ssh://b:secret@c:1/d",
		    "see https://***@h and ssh://***@c:1/d" },
		{ "https://a:sec@ret@h/x", "https://***@h/x" },
		{ "git@h:a is none, nor https://h/a@b",
		    "git@h:a is none, nor https://h/a@b" },
		{ "://", "://" },
		{ "://@", "://***@" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct clone_talk t = heard(rows[i].line);

		(void)clone_hear_end(&t);
		assert_string_equal(clone_said(&t, 0), rows[i].told);
	}
}

static void
the_first_error_is_the_reason(void **state)
{
	struct clone_talk t = heard("Cloning into 'repo'...\n"
				    "remote: not found\n"
				    "fatal: repository 'x' not found\n");

	(void)state;
	assert_string_equal(clone_complaint(&t),
	    "fatal: repository 'x' not found");
	t = heard("Permission denied (publickey).\n");
	assert_string_equal(clone_complaint(&t),
	    "Permission denied (publickey).");
	clone_talk_init(&t);
	assert_string_equal(clone_complaint(&t), "");
}

/* Fixed seeds: what fails, fails again. */
static void
any_bytes_are_taken(void **state)
{
	static const char *const bits[] = { "Receiving objects: ", "remote: ",
		"://", "@", "%", " (", "/", "), ", " | ", " MiB", "1", "99999",
		"\r", "\n", "\x1b", "", "\xff", "." };
	const size_t n = sizeof(bits) / sizeof(bits[0]);
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct clone_talk t;

		clone_talk_init(&t);
		for (int i = 0; i < 60; i++) {
			seed = seed * 1103515245u + 12345u;
			const char *b = bits[(seed >> 16) % n];

			/* A NUL as well. */
			(void)clone_hear(&t, b, strlen(b) + (seed >> 30 == 0));
		}
		(void)clone_hear_end(&t);
		assert_true(t.now.percent >= -1 && t.now.percent <= 100);
		assert_true(t.now.bytes >= -1 && t.now.rate >= -1);
		for (size_t i = 0; clone_said(&t, i) != NULL; i++)
			assert_true(strlen(clone_said(&t, i)) < CLONE_TEXT_MAX);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_that_are),
		cmocka_unit_test(abuse_G14_urls_that_are_not),
		cmocka_unit_test(a_url_has_an_end),
		cmocka_unit_test(filters),
		cmocka_unit_test(progress_is_read),
		cmocka_unit_test(no_progress_is_a_line),
		cmocka_unit_test(pieces_make_the_same),
		cmocka_unit_test(abuse_G18_what_a_server_says_is_printable),
		cmocka_unit_test(abuse_N_no_credential_is_kept),
		cmocka_unit_test(the_first_error_is_the_reason),
		cmocka_unit_test(any_bytes_are_taken),
	};

	return CHECK_RUN("cloneurl", tests);
}
