/* SPDX-License-Identifier: MIT */
/*
 * Who may: every kind of credential against every route row (C12), what counts
 * as one (C10, C11), and what a foreign page gets for it (A16).
 */
#include "daemon/auth/auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/match.h"
#include "lib/clock.h"
#include "lib/str.h"
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

static char *
bearer(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "Bearer %s", text);
	return out;
}

/* A kind of caller: its headers and what it may. */
struct caller {
	const char *name;
	uint32_t scopes; /* 0: none of the routes that need any */
	const char *headers[9];
};

static void
walk_rows(struct fx *fx, const struct caller *who)
{
	unsigned rows = 0;

	for (const struct api_route *const *t = api_tables; *t != NULL; t++) {
		for (const struct api_route *row = *t; row->pattern != NULL;
		     row++, rows++) {
			struct auth_need need = {
				.scope = row->scope,
				.changes = row->method != HTTP_M_GET,
				.stream = row->kind == API_STREAM,
				.websocket = row->kind == API_WEBSOCKET,
			};
			bool may = row->scope == SCOPE_NONE ||
				   (row->scope & who->scopes) != 0;
			int status = fx_judge(fx, need, who->headers, NULL);

			if ((status == 0) != may ||
			    (!may && status != 401 && status != 403))
				fail_msg("%s: %s %s: %d", who->name,
				    http_method_name(row->method), row->pattern,
				    status);
		}
	}
	assert_true(rows > 20);
}

static void
test_C12_every_caller_on_every_route(void **state)
{
	static const uint32_t scopes[] = { SCOPE_FULL, SCOPE_READ,
		SCOPE_READ | SCOPE_APPROVE, SCOPE_RUN };
	char id[UUID_TEXT], text[TOKEN_TEXT], head[80];
	struct fx *fx = *state;
	struct caller who;

	for (size_t i = 0; i < sizeof(scopes) / sizeof(*scopes); i++) {
		fx_issue(fx, TOKEN_CLI, scopes[i], -1, id, text);
		who = (struct caller){ "token", scopes[i],
			{ "authorization", bearer(head, sizeof(head), text),
			    NULL } };
		walk_rows(fx, &who);
	}
	fx_issue(fx, TOKEN_COOKIE, SCOPE_FULL, -1, id, text);
	(void)snprintf(head, sizeof(head), "rdv_session=%s", text);
	who = (struct caller){ "cookie", SCOPE_FULL,
		{ "cookie", head, "origin", PAGE, "x-rdv-page-key",
		    fx->page_key, NULL } };
	walk_rows(fx, &who);
	who = (struct caller){ "service for a user", SCOPE_ACT_AS,
		{ "x-rdv-service-token", fx->service, "x-rdv-user-id",
		    auth_owner(fx->app.auth), NULL } };
	walk_rows(fx, &who);
	who = (struct caller){ "service alone", 0,
		{ "x-rdv-service-token", fx->service, NULL } };
	walk_rows(fx, &who);
	who = (struct caller){ "nobody", 0, { NULL } };
	walk_rows(fx, &who);
}

/* A09: whatever a browser can be made to GET changes nothing. */
static void
test_A09_gets_only_read(void **state)
{
	(void)state;
	for (const struct api_route *const *t = api_tables; *t != NULL; t++) {
		for (const struct api_route *row = *t; row->pattern != NULL;
		     row++) {
			if (row->method != HTTP_M_GET ||
			    row->kind == API_WEBSOCKET)
				continue;
			if ((row->scope & ~(SCOPE_READ | SCOPE_RUN)) != 0 &&
			    row->scope != SCOPE_TOKENS &&
			    row->scope != SCOPE_ANY)
				fail_msg("GET %s", row->pattern);
			assert_null(row->body);
		}
	}
}

static void
test_decisions_are_not_the_proxys(void **state)
{
	(void)state;
	assert_int_equal(SCOPE_ACT_AS & SCOPE_APPROVE, 0);
	assert_int_equal(SCOPE_ACT_AS & SCOPE_TOKENS, 0);
	assert_int_equal(SCOPE_FULL & SCOPE_SERVICE, 0);
}

static void
fill(char *out, size_t size, const char *form, const char *text)
{
	size_t n = 0;

	for (; *form != '\0' && n + TOKEN_TEXT < size; form++) {
		if (*form != '%') {
			out[n++] = *form;
			continue;
		}
		form++;
		memcpy(out + n, text, strlen(text));
		n += strlen(text) - (*form == 'C');
	}
	out[n] = '\0';
}

static void
test_C10_what_is_no_token(void **state)
{
	/* %T stands for the token, %C for one cut short. */
	static const char *const wrong[] = { "Bearer ", "Bearer", "",
		"Bearer  %T", "Bearer Bearer %T", "Basic %T", "%T",
		"Bearer %T ", "Bearer\t%T", "Bearer rdv_", "Bearer %C",
		"Bearer %TA", "Bearer %T,%T" };
	char id[UUID_TEXT], text[TOKEN_TEXT], head[160];
	struct fx *fx = *state;

	fx_issue(fx, TOKEN_CLI, SCOPE_READ, -1, id, text);
	expect(fx,
	    (const char *[]){
		"authorization", bearer(head, sizeof(head), text), NULL },
	    0, NULL);
	expect(fx, (const char *[]){ "x-rdv-service-token", text, NULL }, 0,
	    NULL);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		fill(head, sizeof(head), wrong[i], text);
		expect(fx, (const char *[]){ "authorization", head, NULL }, 401,
		    "INVALID_TOKEN");
	}
}

static void
test_C11_a_hash_is_no_credential(void **state)
{
	char id[UUID_TEXT], text[TOKEN_TEXT], head[160];
	char hex[DIGEST_TEXT], b64[64];
	uint8_t digest[DIGEST_LEN];
	struct fx *fx = *state;

	fx_issue(fx, TOKEN_CLI, SCOPE_READ, -1, id, text);
	digest_of(text, strlen(text), digest);
	str_hex(hex, digest, sizeof(digest));
	str_base64(b64, digest, sizeof(digest));
	expect(fx,
	    (const char *[]){
		"authorization", bearer(head, sizeof(head), hex), NULL },
	    401, "INVALID_TOKEN");
	expect(fx,
	    (const char *[]){
		"authorization", bearer(head, sizeof(head), b64), NULL },
	    401, "INVALID_TOKEN");
	expect(fx,
	    (const char *[]){
		"authorization", bearer(head, sizeof(head), id), NULL },
	    401, "INVALID_TOKEN");
}

static void
test_kinds_are_not_exchanged(void **state)
{
	char id[UUID_TEXT], cli[TOKEN_TEXT], cookie[TOKEN_TEXT],
	    code[TOKEN_TEXT], head[160];
	struct fx *fx = *state;

	fx_issue(fx, TOKEN_CLI, SCOPE_READ, -1, id, cli);
	fx_issue(fx, TOKEN_COOKIE, SCOPE_FULL, -1, id, cookie);
	fx_issue(fx, TOKEN_CODE, SCOPE_FULL, -1, id, code);
	expect(fx,
	    (const char *[]){
		"authorization", bearer(head, sizeof(head), cookie), NULL },
	    401, "INVALID_TOKEN");
	expect(fx,
	    (const char *[]){
		"authorization", bearer(head, sizeof(head), code), NULL },
	    401, "INVALID_TOKEN");
	(void)snprintf(head, sizeof(head), "rdv_session=%s", cli);
	expect(fx, (const char *[]){ "cookie", head, "origin", PAGE, NULL },
	    401, "PAGE_KEY_REQUIRED");
	expect(fx,
	    (const char *[]){ "authorization",
		bearer(head, sizeof(head), fx->page_key), NULL },
	    401, "INVALID_TOKEN");
}

static void
test_headers_stand_once(void **state)
{
	char id[UUID_TEXT], text[TOKEN_TEXT], head[80], twice[200];
	struct fx *fx = *state;

	fx_issue(fx, TOKEN_CLI, SCOPE_READ, -1, id, text);
	(void)bearer(head, sizeof(head), text);
	expect(fx,
	    (const char *[]){
		"authorization", head, "authorization", head, NULL },
	    400, "INVALID_ARGUMENT");
	expect(fx,
	    (const char *[]){
		"authorization", head, "origin", PAGE, "origin", PAGE, NULL },
	    400, "INVALID_ARGUMENT");
	expect(fx,
	    (const char *[]){ "authorization", head, "x-rdv-user-id", "a",
		"x-rdv-user-id", "b", NULL },
	    400, "INVALID_ARGUMENT");
	expect(fx,
	    (const char *[]){ "cookie", "rdv_session=a", "x-rdv-page-key", "a",
		"x-rdv-page-key", "b", NULL },
	    400, "INVALID_ARGUMENT");
	expect(fx,
	    (const char *[]){ "cookie", "rdv_session=a", "x-rdv-page-key", "a",
		"sec-websocket-protocol", "rdv.v1, rdv.page.b", NULL },
	    400, "INVALID_ARGUMENT");
	expect(fx,
	    (const char *[]){ "cookie", "rdv_session=a",
		"sec-websocket-protocol", "rdv.page.a, rdv.page.b", NULL },
	    400, "INVALID_ARGUMENT");
	expect(fx,
	    (const char *[]){
		"cookie", "rdv_session=a", "cookie", "rdv_session=b", NULL },
	    400, "INVALID_ARGUMENT");
	/* A cookie of another name that ends alike is another's affair. */
	(void)snprintf(twice, sizeof(twice), "my_rdv_session=x; a=b");
	expect(fx,
	    (const char *[]){ "authorization", head, "cookie", twice, NULL }, 0,
	    NULL);
}

static void
test_service_token(void **state)
{
	struct fx *fx = *state;
	const char *me = auth_owner(fx->app.auth);

	expect(fx,
	    (const char *[]){
		"x-rdv-service-token", fx->service, "x-rdv-user-id", me, NULL },
	    0, NULL);
	expect(fx, (const char *[]){ "x-rdv-service-token", fx->service, NULL },
	    401, "MISSING_USER_ID");
	/* An empty one is what a proxy makes of a header it takes out. */
	expect(fx,
	    (const char *[]){
		"x-rdv-service-token", fx->service, "x-rdv-user-id", "", NULL },
	    401, "MISSING_USER_ID");
	expect(fx,
	    (const char *[]){ "x-rdv-service-token", fx->service,
		"x-rdv-user-id", "root", NULL },
	    401, "MISSING_USER_ID");
	expect(fx,
	    (const char *[]){ "x-rdv-service-token", fx->service,
		"x-rdv-user-id", "01890000-0000-7000-8000-000000000000", NULL },
	    403, "UNKNOWN_USER");
	expect(fx,
	    (const char *[]){
		"x-rdv-service-token", "wrong", "x-rdv-user-id", me, NULL },
	    401, "INVALID_TOKEN");
	/* B01: a user's name without the token is worth nothing. */
	expect(fx, (const char *[]){ "x-rdv-user-id", me, NULL }, 401,
	    "MISSING_TOKEN");
}

/* Whoever reaches the proxy has the service token added to his request. */
static void
test_proxy_adds_nothing(void **state)
{
	struct auth_need code = {
		.scope = SCOPE_TOKENS | SCOPE_SERVICE,
		.changes = true,
	};
	char id[UUID_TEXT], text[TOKEN_TEXT], head[80];
	struct fx *fx = *state;

	assert_int_equal(fx_judge(fx, code,
			     (const char *[]){ "x-rdv-service-token",
				 fx->service, "origin", PAGE, "x-rdv-page-key",
				 "1", NULL },
			     NULL),
	    401);
	expect(fx,
	    (const char *[]){ "x-rdv-service-token", fx->service, "cookie",
		"rdv_session=wrong", "origin", PAGE, NULL },
	    401, "PAGE_KEY_REQUIRED");
	fx_issue(fx, TOKEN_COOKIE, SCOPE_FULL, -1, id, text);
	(void)snprintf(head, sizeof(head), "rdv_session=%s", text);
	expect(fx,
	    (const char *[]){ "x-rdv-service-token", fx->service, "cookie",
		head, "origin", PAGE, "x-rdv-page-key", fx->page_key, NULL },
	    0, NULL);
	/* and the cookie's rules hold behind it */
	expect(fx,
	    (const char *[]){ "x-rdv-service-token", fx->service, "cookie",
		head, "x-rdv-page-key", fx->page_key, NULL },
	    403, "ORIGIN_REQUIRED");
	expect(fx,
	    (const char *[]){ "x-rdv-service-token", fx->service, "cookie",
		head, "origin", PAGE, NULL },
	    401, "PAGE_KEY_REQUIRED");
}

/* A02's other half: without ambient credentials no Origin is needed. */
static void
test_bearer_needs_no_page(void **state)
{
	struct auth_need ws = { .scope = SCOPE_RUN, .websocket = true };
	char id[UUID_TEXT], text[TOKEN_TEXT], head[80];
	struct fx *fx = *state;

	fx_issue(fx, TOKEN_CLI, SCOPE_RUN, -1, id, text);
	(void)bearer(head, sizeof(head), text);
	assert_int_equal(fx_judge(fx, ws,
			     (const char *[]){ "authorization", head, NULL },
			     NULL),
	    0);
	/* A16: and a foreign page is refused even with one. */
	assert_int_equal(fx_judge(fx, ws,
			     (const char *[]){ "authorization", head,
				 "sec-fetch-site", "cross-site", NULL },
			     NULL),
	    403);
	assert_int_equal(fx_judge(fx, ws,
			     (const char *[]){ "authorization", head, "origin",
				 "https://evil.example", NULL },
			     NULL),
	    403);
}

static void
test_A04_host_before_credentials(void **state)
{
	struct http_req *r = fx_req(HTTP_M_GET, "/health", NULL);
	struct fx *fx = *state;
	struct auth_refusal no;

	assert_true(auth_gate(fx->app.auth, r, &no));
	r->host = "evil.example:8443";
	assert_false(auth_gate(fx->app.auth, r, &no));
	assert_int_equal(no.status, 421);
	fx_req_free(r);
}

static void
test_expiry_and_revocation(void **state)
{
	char id[UUID_TEXT], text[TOKEN_TEXT], head[80];
	const char *h[] = { "authorization", head, NULL };
	struct fx *fx = *state;

	fx_issue(fx, TOKEN_CLI, SCOPE_READ, clock_wall_ms() + 60000, id, text);
	(void)bearer(head, sizeof(head), text);
	expect(fx, h, 0, NULL);
	clock_shift(0, 60001);
	expect(fx, h, 401, "EXPIRED_TOKEN");
	clock_shift(0, 0);
	expect(fx, h, 0, NULL);
	fx_revoke(fx, id);
	expect(fx, h, 401, "INVALID_TOKEN");
}

static void
test_C10_lockout_locks_out_nobody_else(void **state)
{
	char id[UUID_TEXT], text[TOKEN_TEXT], head[80];
	char near[80];
	const char *good[] = { "authorization", head, NULL };
	const char *guess[] = { "authorization", near, NULL };
	const char *bad[] = { "authorization",
		"Bearer rdv_0000000000000000000000000000000000000000000",
		NULL };
	struct fx *fx = *state;
	struct auth_stats stats;

	fx_issue(fx, TOKEN_CLI, SCOPE_READ, -1, id, text);
	(void)bearer(head, sizeof(head), text);
	for (int i = 0; i < 30; i++)
		expect(fx, bad, 401, "INVALID_TOKEN");
	expect(fx, bad, 429, "RATE_LIMITED");
	expect(fx, bad, 429, "RATE_LIMITED");
	expect(fx, good, 0, NULL);
	auth_stats(fx->app.auth, &stats);
	assert_int_equal(stats.failures, 32);
	assert_int_equal(stats.limited, 2);
	/* Nor by somebody who has seen how it begins, as lists show it. */
	(void)snprintf(near, sizeof(near), "Bearer %.12sAAAAAAAA", text);
	for (int i = 0; i < 40; i++)
		expect(fx, guess, 429, "RATE_LIMITED");
	expect(fx, good, 0, NULL);
}

/* N01, C10: every attempt is on record, by id, and no secret is. */
static void
test_audit_tells_ids_only(void **state)
{
	char id[UUID_TEXT], text[TOKEN_TEXT], head[80], *log;
	struct fx *fx = *state;

	fx_issue(fx, TOKEN_CLI, SCOPE_READ, -1, id, text);
	expect(fx,
	    (const char *[]){
		"authorization", bearer(head, sizeof(head), text), NULL },
	    0, NULL);
	expect(fx,
	    (const char *[]){ "authorization", "Bearer rdv_canary", NULL }, 401,
	    NULL);
	expect(fx, (const char *[]){ "cookie", "rdv_session=canary2", NULL },
	    401, NULL);
	log = fx_read(fx, "server/audit.log");
	assert_non_null(log);
	assert_non_null(strstr(log, "event=auth result=ok via=token token="));
	assert_non_null(strstr(log, id));
	assert_non_null(strstr(log, "result=INVALID_TOKEN"));
	assert_null(strstr(log, text));
	assert_null(strstr(log, text + 4));
	assert_null(strstr(log, "canary"));
	assert_null(strstr(log, fx->service));
	free(log);
}

/* One accepted request on connection `conn` of process `pid`. */
static void
use(struct fx *fx, const char *text, uint64_t conn, pid_t pid)
{
	char head[80];
	struct http_req *r = fx_req(HTTP_M_GET, "/",
	    (const char *[]){
		"authorization", bearer(head, sizeof(head), text), NULL });
	struct auth_refusal no;
	struct actor *actor;

	r->conn_id = conn;
	r->peer_pid = pid;
	assert_true(auth_identify(fx->app.auth, r, &reading, &actor, &no));
	fx_req_free(r);
}

static unsigned
lines_of(struct fx *fx, const char *id)
{
	char *log = fx_read(fx, "server/audit.log");
	unsigned n = 0;

	assert_non_null(log);
	for (const char *p = log; (p = strstr(p, id)) != NULL; p++)
		n++;
	free(log);
	return n;
}

static void
test_audit_notes_first_uses(void **state)
{
	char id[UUID_TEXT], text[TOKEN_TEXT];
	struct fx *fx = *state;

	fx_issue(fx, TOKEN_CLI, SCOPE_READ, -1, id, text);
	for (int i = 0; i < 3; i++)
		use(fx, text, 1, 100);
	assert_int_equal(lines_of(fx, id), 1);
	/* Another process is another line, on each of its connections. */
	use(fx, text, 2, 200);
	use(fx, text, 1, 100);
	assert_int_equal(lines_of(fx, id), 2);
	/* One client with a connection per request does not flood it. */
	for (uint64_t i = 10; i < 60; i++)
		use(fx, text, i, 200);
	assert_int_equal(lines_of(fx, id), 2);
	clock_shift(61000, 0);
	use(fx, text, 61, 200);
	clock_shift(0, 0);
	assert_int_equal(lines_of(fx, id), 3);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(test_C12_every_caller_on_every_route),
		T(test_A09_gets_only_read),
		T(test_decisions_are_not_the_proxys),
		T(test_C10_what_is_no_token),
		T(test_C11_a_hash_is_no_credential),
		T(test_kinds_are_not_exchanged),
		T(test_headers_stand_once),
		T(test_service_token),
		T(test_proxy_adds_nothing),
		T(test_bearer_needs_no_page),
		T(test_A04_host_before_credentials),
		T(test_expiry_and_revocation),
		T(test_C10_lockout_locks_out_nobody_else),
		T(test_audit_tells_ids_only),
		T(test_audit_notes_first_uses),
	};

	return CHECK_RUN("auth", tests);
}
