/* SPDX-License-Identifier: MIT */
/*
 * From code to cookie and page key and back: single use, rotation at login
 * (A15), logout, and what counts as a failed attempt.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/auth/auth.h"
#include "lib/clock.h"
#include "lib/js.h"
#include "lib/str.h"
#include "tests/unit/api/rig.h"
#include "tests/unit/check.h"

#define PAGE "Origin: http://127.0.0.1:8443\r\n"

static void
new_code(struct fx *fx, char *out, size_t size)
{
	struct answer a;

	rig_do(fx, &a, "POST", "/api/auth/code", NULL, 201);
	assert_true(str_copy(out, js_str(a.json, "code", ""), size));
	assert_int_equal(strlen(out), 43);
	answer_done(&a);
}

static void
try_login(struct fx *fx, struct answer *a, const char *headers,
    const char *code)
{
	char body[200];

	(void)snprintf(body, sizeof(body), "{\"code\":\"%s\"}", code);
	rig_ask(fx, a, "POST", "/api/auth/login", headers, body);
}

/* Cookie and page key as request header lines. */
static void
login(struct fx *fx, const char *headers, char *line, size_t size)
{
	char code[64], *p;
	struct answer a;
	const char *key;

	new_code(fx, code, sizeof(code));
	try_login(fx, &a, headers, code);
	assert_int_equal(a.status, 200);
	assert_string_equal(js_str(js_get(a.json, "user"), "id", ""),
	    auth_owner(fx->app.auth));
	p = strstr(a.head, "set-cookie: rdv_session=");
	assert_non_null(p);
	assert_non_null(strstr(p, "; httponly; samesite=strict; path=/"));
	p = strstr(a.raw, "rdv_session=");
	assert_non_null(p);
	key = js_str(a.json, "page_key", "");
	assert_int_equal(strlen(key), 43);
	/* In no header; those are in small letters, cookies random. */
	(void)snprintf(line, size, "%s", key);
	for (char *c = line; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	assert_null(strstr(a.head, line));
	(void)snprintf(line, size, "Cookie: %.*s\r\nX-RDV-Page-Key: %s\r\n",
	    (int)strcspn(p, ";\r"), p, key);
	answer_done(&a);
}

static int
me(struct fx *fx, const char *cookie)
{
	char head[400];
	struct answer a;
	int status;

	(void)snprintf(head, sizeof(head), "%s" PAGE, cookie);
	rig_ask(fx, &a, "GET", "/api/auth/me", head, NULL);
	status = a.status;
	if (status == 200)
		assert_string_equal(js_str(a.json, "via", ""), "cookie");
	answer_done(&a);
	return status;
}

static void
test_code_becomes_cookie_once(void **state)
{
	char line[200], code[64];
	struct fx *fx = *state;
	struct answer a;

	login(fx, PAGE, line, sizeof(line));
	assert_int_equal(me(fx, line), 200);
	new_code(fx, code, sizeof(code));
	try_login(fx, &a, PAGE, code);
	assert_int_equal(a.status, 200);
	answer_done(&a);
	try_login(fx, &a, PAGE, code);
	assert_int_equal(a.status, 401);
	assert_string_equal(answer_code(&a), "INVALID_TOKEN");
	answer_done(&a);
}

static void
test_code_expires(void **state)
{
	struct fx *fx = *state;
	struct answer a;
	char code[64];

	new_code(fx, code, sizeof(code));
	clock_shift(0, 5 * 60 * 1000 + 1);
	try_login(fx, &a, PAGE, code);
	clock_shift(0, 0);
	assert_int_equal(a.status, 401);
	answer_done(&a);
}

static void
abuse_D13_a_clock_set_back_keeps_no_code(void **state)
{
	static const struct {
		int64_t minutes;
		int status;
	} cases[] = { { -1, 200 }, { -4, 200 }, { -6, 401 }, { -600, 401 } };
	struct fx *fx = *state;
	struct answer a;
	char code[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		new_code(fx, code, sizeof(code));
		clock_shift(0, cases[i].minutes * 60 * 1000);
		try_login(fx, &a, PAGE, code);
		clock_shift(0, 0);
		assert_int_equal(a.status, cases[i].status);
		answer_done(&a);
	}
}

static void
test_login_needs_the_page(void **state)
{
	struct fx *fx = *state;
	struct answer a;
	char code[64];

	new_code(fx, code, sizeof(code));
	try_login(fx, &a, "", code);
	assert_int_equal(a.status, 403);
	answer_done(&a);
	try_login(fx, &a, "Origin: https://evil.example\r\n", code);
	assert_int_equal(a.status, 403);
	answer_done(&a);
	/* It was not spent by that. */
	try_login(fx, &a, PAGE, code);
	assert_int_equal(a.status, 200);
	answer_done(&a);
}

static void
test_A15_old_cookie_dies_at_login(void **state)
{
	char old[200], fresh[200], head[400];
	struct fx *fx = *state;

	login(fx, PAGE, old, sizeof(old));
	(void)snprintf(head, sizeof(head), "%s" PAGE, old);
	login(fx, head, fresh, sizeof(fresh));
	assert_string_not_equal(old, fresh);
	assert_int_equal(me(fx, old), 401);
	assert_int_equal(me(fx, fresh), 200);
}

/* All that this browser had, and the key alone of none of them. */
static void
test_A15_every_cookie_dies_at_login(void **state)
{
	char one[200], two[200], fresh[200], head[600];
	struct fx *fx = *state;

	login(fx, PAGE, one, sizeof(one));
	login(fx, PAGE, two, sizeof(two));
	(void)snprintf(head, sizeof(head),
	    "%.*s; rdv_session=x; %.*s; %.*s\r\n" PAGE, (int)strcspn(one, "\r"),
	    one, (int)strcspn(two, "\r") - 8, two + 8,
	    (int)strcspn(one, "\r") - 8, one + 8);
	login(fx, head, fresh, sizeof(fresh));
	assert_int_equal(me(fx, one), 401);
	assert_int_equal(me(fx, two), 401);
	assert_int_equal(me(fx, fresh), 200);
	/* Neither half goes with another's. */
	(void)snprintf(head, sizeof(head), "%.*s\r\n%s",
	    (int)strcspn(fresh, "\r"), fresh, strstr(two, "X-RDV"));
	assert_int_equal(me(fx, head), 401);
	(void)snprintf(head, sizeof(head), "%.*s\r\n%s",
	    (int)strcspn(two, "\r"), two, strstr(fresh, "X-RDV"));
	assert_int_equal(me(fx, head), 401);
}

static void
test_planted_cookie_is_not_adopted(void **state)
{
	char fresh[200];
	struct fx *fx = *state;

	login(fx, "Cookie: rdv_session=chosen\r\n" PAGE, fresh, sizeof(fresh));
	assert_null(strstr(fresh, "chosen"));
	assert_int_equal(me(fx, "Cookie: rdv_session=chosen\r\n"), 401);
}

static void
test_logout(void **state)
{
	char line[200], head[400];
	struct fx *fx = *state;
	struct answer a;

	login(fx, PAGE, line, sizeof(line));
	/* The cookie's line alone. */
	(void)snprintf(head, sizeof(head), "%.*s\r\n" PAGE,
	    (int)strcspn(line, "\r"), line);
	rig_ask(fx, &a, "POST", "/api/auth/logout", head, NULL);
	assert_string_equal(answer_code(&a), "PAGE_KEY_REQUIRED");
	answer_done(&a);
	assert_int_equal(me(fx, line), 200);
	(void)snprintf(head, sizeof(head), "%s" PAGE, line);
	rig_ask(fx, &a, "POST", "/api/auth/logout", head, NULL);
	assert_int_equal(a.status, 204);
	assert_non_null(strstr(a.head, "max-age=0"));
	answer_done(&a);
	assert_int_equal(me(fx, line), 401);
	/* A token has no session to end. */
	rig_do(fx, &a, "POST", "/api/auth/logout", NULL, 409);
	answer_done(&a);
}

static void
test_guessing_is_slowed(void **state)
{
	struct fx *fx = *state;
	struct answer a;
	char code[64];
	int last = 0;

	for (int i = 0; i < 31; i++) {
		(void)snprintf(code, sizeof(code), "%d-guess", i);
		try_login(fx, &a, PAGE, code);
		last = a.status;
		if (i < 30)
			assert_int_equal(last, 401);
		else
			assert_non_null(strstr(a.head, "retry-after: "));
		answer_done(&a);
	}
	assert_int_equal(last, 429);
	/* The right code is heard all the same. */
	new_code(fx, code, sizeof(code));
	try_login(fx, &a, PAGE, code);
	assert_int_equal(a.status, 200);
	answer_done(&a);
}

static void
test_cookies_are_bounded(void **state)
{
	char first[200], last[200];
	struct fx *fx = *state;

	login(fx, PAGE, first, sizeof(first));
	for (int i = 0; i < 64; i++)
		login(fx, PAGE, last, sizeof(last));
	assert_int_equal(me(fx, first), 401);
	assert_int_equal(me(fx, last), 200);
}

static void
test_records(void **state)
{
	char line[200], *log;
	struct fx *fx = *state;

	login(fx, PAGE, line, sizeof(line));
	log = fx_read(fx, "server/audit.log");
	assert_non_null(log);
	assert_non_null(strstr(log, "event=code.new"));
	assert_non_null(strstr(log, "event=login"));
	assert_null(strstr(log, strstr(line, "Key: ") + 5));
	line[strcspn(line, "\r")] = '\0';
	assert_null(strstr(log, strchr(line, '=') + 1));
	free(log);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_code_becomes_cookie_once),
		T(test_code_expires),
		T(abuse_D13_a_clock_set_back_keeps_no_code),
		T(test_login_needs_the_page),
		T(test_A15_old_cookie_dies_at_login),
		T(test_A15_every_cookie_dies_at_login),
		T(test_planted_cookie_is_not_adopted),
		T(test_logout),
		T(test_guessing_is_slowed),
		T(test_cookies_are_bounded),
		T(test_records),
	};

	return CHECK_RUN("signin", tests);
}
