/* SPDX-License-Identifier: MIT */
/*
 * The rules for cookie callers, and the page key (A01-A03, A08, A14).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/auth/auth.h"
#include "daemon/store/db.h"
#include "lib/clock.h"
#include "tests/unit/api/fx.h"
#include "tests/unit/check.h"

#define PAGE "http://127.0.0.1:8443"

static const struct auth_need reading = { .scope = SCOPE_READ };

static void
expect(struct fx *fx, const char *const *headers, int status, const char *code)
{
	const char *got = NULL;

	assert_int_equal(fx_judge(fx, reading, headers, &got), status);
	if (code != NULL)
		assert_string_equal(got, code);
}

/* Our page, with these cookies and this key. */
static void
paired(struct fx *fx, const char *cookies, const char *key, int status,
    const char *code)
{
	expect(fx,
	    (const char *[]){ "cookie", cookies, "origin", PAGE,
		"x-rdv-page-key", key, NULL },
	    status, code);
}

/* The cookie of a key that another server on this host cannot have. */
static void
test_cookie_needs_its_page_key(void **state)
{
	char id[UUID_TEXT], text[TOKEN_TEXT], head[80], other[TOKEN_TEXT],
	    proto[120], *log;
	const char *ws[] = { "cookie", head, "origin", PAGE,
		"sec-websocket-protocol", proto, NULL };
	struct fx *fx = *state;
	struct auth_stats stats;

	fx_issue(fx, TOKEN_COOKIE, SCOPE_FULL, -1, id, text);
	memcpy(other, fx->page_key, sizeof(other));
	fx_issue(fx, TOKEN_COOKIE, SCOPE_FULL, -1, id, text);
	(void)snprintf(head, sizeof(head), "rdv_session=%s", text);
	paired(fx, head, fx->page_key, 0, NULL);
	assert_string_not_equal(fx->page_key, text);
	paired(fx, head, other, 401, "PAGE_KEY_REQUIRED");
	paired(fx, head, text, 401, "PAGE_KEY_REQUIRED");
	paired(fx, head, "", 401, "PAGE_KEY_REQUIRED");
	expect(fx, (const char *[]){ "cookie", head, "origin", PAGE, NULL },
	    401, "PAGE_KEY_REQUIRED");
	auth_stats(fx->app.auth, &stats);
	assert_int_equal(stats.failures, 4);
	/* A key is no credential without its cookie. */
	expect(fx,
	    (const char *[]){
		"origin", PAGE, "x-rdv-page-key", fx->page_key, NULL },
	    401, "MISSING_TOKEN");
	(void)snprintf(proto, sizeof(proto), "rdv.v1, rdv.page.%s",
	    fx->page_key);
	expect(fx, ws, 0, NULL);
	(void)snprintf(proto, sizeof(proto), "rdv.v1, rdv.page.%s", other);
	expect(fx, ws, 401, "PAGE_KEY_REQUIRED");
	(void)snprintf(proto, sizeof(proto), "rdv.v1, rdv.page.%s.x",
	    fx->page_key);
	expect(fx, ws, 401, "PAGE_KEY_REQUIRED");
	/* On record: whose cookie came without its key. */
	log = fx_read(fx, "server/audit.log");
	assert_non_null(log);
	(void)snprintf(proto, sizeof(proto),
	    "result=PAGE_KEY_REQUIRED via=- token=%s", id);
	assert_non_null(strstr(log, proto));
	assert_null(strstr(log, fx->page_key));
	assert_null(strstr(log, other));
	free(log);
}

static void
test_only_cookies_are_cookies(void **state)
{
	char id[UUID_TEXT], cli[TOKEN_TEXT], code[TOKEN_TEXT],
	    cookie[TOKEN_TEXT], head[80];
	struct fx *fx = *state;

	fx_issue(fx, TOKEN_CLI, SCOPE_FULL, -1, id, cli);
	fx_issue(fx, TOKEN_CODE, SCOPE_FULL, -1, id, code);
	fx_issue(fx, TOKEN_COOKIE, SCOPE_FULL, -1, id, cookie);
	(void)snprintf(head, sizeof(head), "rdv_session=%s", cookie);
	paired(fx, head, fx->page_key, 0, NULL);
	(void)snprintf(head, sizeof(head), "rdv_session=%s", cli);
	paired(fx, head, fx->page_key, 401, "PAGE_KEY_REQUIRED");
	(void)snprintf(head, sizeof(head), "rdv_session=%s", code);
	paired(fx, head, fx->page_key, 401, "PAGE_KEY_REQUIRED");
	/* Nor are the two halves exchanged. */
	(void)snprintf(head, sizeof(head), "rdv_session=%s", fx->page_key);
	paired(fx, head, cookie, 401, "PAGE_KEY_REQUIRED");
	paired(fx, head, fx->page_key, 401, "PAGE_KEY_REQUIRED");
}

/* Another server on this host can set cookies of our name as well. */
static void
test_foreign_cookies_lock_nobody_out(void **state)
{
	char id[UUID_TEXT], text[TOKEN_TEXT], mine[TOKEN_TEXT],
	    other[TOKEN_TEXT], head[2048];
	struct fx *fx = *state;
	size_t n = 0;

	fx_issue(fx, TOKEN_COOKIE, SCOPE_FULL, -1, id, text);
	(void)snprintf(head, sizeof(head),
	    "rdv_session=x; a=b; rdv_session=%s; rdv_session=", text);
	paired(fx, head, fx->page_key, 0, NULL);
	paired(fx, head, "x", 401, "PAGE_KEY_REQUIRED");
	/* A live one of somebody else is only as good as its own key. */
	memcpy(mine, fx->page_key, sizeof(mine));
	memcpy(other, text, sizeof(other));
	fx_issue(fx, TOKEN_COOKIE, SCOPE_FULL, -1, id, text);
	(void)snprintf(head, sizeof(head), "rdv_session=%s; rdv_session=%s",
	    other, text);
	paired(fx, head, mine, 0, NULL);
	paired(fx, head, fx->page_key, 0, NULL);
	/* As many as paths allow, and no more. */
	for (unsigned i = 1; i < AUTH_COOKIES_MAX; i++)
		n += (size_t)snprintf(head + n, sizeof(head) - n,
		    "rdv_session=x; ");
	(void)snprintf(head + n, sizeof(head) - n, "rdv_session=%s", text);
	paired(fx, head, fx->page_key, 0, NULL);
	(void)snprintf(head + n, sizeof(head) - n,
	    "rdv_session=x; rdv_session=%s", text);
	paired(fx, head, fx->page_key, 401, "PAGE_KEY_REQUIRED");
}

/* The row's column is all that a restart knows of it. */
static void
test_page_keys_are_loaded(void **state)
{
	char id[UUID_TEXT], text[TOKEN_TEXT], head[80];
	struct fx *fx = *state;
	struct auth_stats stats;
	struct tx *tx;

	fx_issue(fx, TOKEN_COOKIE, SCOPE_FULL, clock_wall_ms() + 60000, id,
	    text);
	(void)snprintf(head, sizeof(head), "rdv_session=%s", text);
	fx_close(fx);
	fx_open(fx);
	paired(fx, head, fx->page_key, 0, NULL);
	paired(fx, head, "x", 401, "PAGE_KEY_REQUIRED");
	clock_shift(0, 60001);
	paired(fx, head, fx->page_key, 401, "EXPIRED_TOKEN");
	clock_shift(0, 0);
	/* One from before there were keys. */
	tx = tx_begin(fx->app.db);
	assert_int_equal(tx_exec(tx, "UPDATE token SET page_hash = NULL", ""),
	    1);
	tx_commit(tx, NULL, NULL);
	fx_close(fx);
	fx_open(fx);
	paired(fx, head, fx->page_key, 401, "PAGE_KEY_REQUIRED");
	paired(fx, head, "", 401, "PAGE_KEY_REQUIRED");
	auth_stats(fx->app.auth, &stats);
	assert_int_equal(stats.tokens, 0);
}

struct page_row {
	struct auth_need need;
	const char *origin, *site;
	int status;
};

static void
test_A01_A02_A08_A14_cookie_callers(void **state)
{
	static const struct auth_need get = { .scope = SCOPE_READ },
				      post = { .scope = SCOPE_WRITE,
					      .changes = true },
				      sse = { .scope = SCOPE_READ,
					      .stream = true },
				      ws = { .scope = SCOPE_RUN,
					      .websocket = true };
	const struct page_row rows[] = {
		{ get, PAGE, NULL, 0 },
		{ get, NULL, "same-origin", 0 },
		{ get, NULL, NULL, 403 },
		{ get, NULL, "none", 403 },
		{ get, "https://evil.example", NULL, 403 },
		{ post, PAGE, NULL, 0 },
		{ post, PAGE, "same-origin", 0 },
		{ post, NULL, "same-origin", 403 },
		{ post, "null", NULL, 403 },
		{ post, PAGE, "cross-site", 403 },
		{ sse, PAGE, NULL, 0 },
		{ sse, NULL, "same-origin", 0 },
		{ sse, NULL, NULL, 403 },
		{ sse, "https://evil.example", "cross-site", 403 },
		{ ws, PAGE, NULL, 0 },
		{ ws, NULL, NULL, 403 },
		{ ws, NULL, "same-origin", 403 },
		{ ws, "https://evil.example", NULL, 403 },
		{ ws, "null", NULL, 403 },
	};
	char id[UUID_TEXT], text[TOKEN_TEXT], head[80];
	struct fx *fx = *state;

	fx_issue(fx, TOKEN_COOKIE, SCOPE_FULL, -1, id, text);
	(void)snprintf(head, sizeof(head), "rdv_session=%s", text);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *h[9] = { "cookie", head, "x-rdv-page-key",
			fx->page_key };
		unsigned n = 4;

		if (rows[i].origin != NULL)
			h[n++] = "origin", h[n++] = rows[i].origin;
		if (rows[i].site != NULL)
			h[n++] = "sec-fetch-site", h[n++] = rows[i].site;
		if (fx_judge(fx, rows[i].need, h, NULL) != rows[i].status)
			fail_msg("row %zu", i);
		/* Never without the key, whatever else is right. */
		h[3] = "x";
		if (fx_judge(fx, rows[i].need, h, NULL) < 401)
			fail_msg("row %zu with another key", i);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(test_cookie_needs_its_page_key),
		T(test_only_cookies_are_cookies),
		T(test_foreign_cookies_lock_nobody_out),
		T(test_page_keys_are_loaded),
		T(test_A01_A02_A08_A14_cookie_callers),
	};

	return CHECK_RUN("cookie", tests);
}
