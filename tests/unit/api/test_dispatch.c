/* SPDX-License-Identifier: MIT */
/*
 * Whole requests through the dispatcher: what is refused on the way to a
 * handler, and idempotency keys.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/js.h"
#include "tests/unit/api/rig.h"
#include "tests/unit/check.h"

static void
refused(struct fx *fx, const char *method, const char *path,
    const char *headers, const char *body, int status, const char *code)
{
	struct answer a;

	rig_ask(fx, &a, method, path, headers, body);
	if (a.status != status || strcmp(answer_code(&a), code) != 0)
		fail_msg("%s %s: %d %s", method, path, a.status, a.body);
	/* Every refusal is the same object. */
	assert_true(*js_str(a.json, "error", "") != '\0');
	assert_true(strlen(js_str(a.json, "request_id", "")) > 8);
	assert_non_null(strstr(a.head, "cache-control: no-store"));
	answer_done(&a);
}

static void
test_order_of_refusals(void **state)
{
	struct fx *fx = *state;
	struct answer a;

	/* Host before path, path before credential. */
	refused(fx, "GET", "/nowhere", "Host: evil.example\r\n", NULL, 421,
	    "MISDIRECTED_REQUEST");
	refused(fx, "GET", "/nowhere", "", NULL, 404, "NOT_FOUND");
	refused(fx, "PUT", "/api/tokens", "", NULL, 405, "METHOD_NOT_ALLOWED");
	refused(fx, "GET", "/api/tokens", "", NULL, 401, "MISSING_TOKEN");
	refused(fx, "OPTIONS", "/api/tokens", "Origin: https://evil\r\n", NULL,
	    403, "ORIGIN_REFUSED");
	rig_ask(fx, &a, "PUT", "/api/tokens", "", NULL);
	assert_non_null(strstr(a.head, "allow: get, head, post"));
	answer_done(&a);
	rig_ask(fx, &a, "GET", "/api/tokens", "", NULL);
	assert_non_null(strstr(a.head, "www-authenticate: bearer"));
	assert_null(strstr(a.head, "access-control"));
	answer_done(&a);
}

static void
test_A08_exact_type(void **state)
{
	static const char *const bad[] = { "text/plain", "",
		"application/x-www-form-urlencoded", "multipart/form-data",
		"application/jsonx", "text/plain; application/json",
		"application/json; charset=latin1" };
	static const char *const good[] = { "application/json",
		"application/json; charset=utf-8",
		"Application/JSON;charset=UTF-8" };
	char head[160];
	struct fx *fx = *state;
	struct answer a;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		(void)snprintf(head, sizeof(head), "Content-Type: %s\r\n",
		    bad[i]);
		rig_as(fx, &a, "POST", "/api/tokens", head, "{\"name\":\"x\"}");
		assert_int_equal(a.status, 415);
		answer_done(&a);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		(void)snprintf(head, sizeof(head), "Content-Type: %s\r\n",
		    good[i]);
		rig_as(fx, &a, "POST", "/api/tokens", head, "{\"name\":\"x\"}");
		assert_int_equal(a.status, 201);
		answer_done(&a);
	}
}

static void
test_bodies(void **state)
{
	static const struct {
		const char *body;
		int status;
		const char *code, *field;
	} rows[] = {
		{ "{", 400, "INVALID_JSON", "" },
		{ "[]", 422, "WRONG_TYPE", "" },
		{ "{}", 422, "MISSING_FIELD", "name" },
		{ "", 422, "MISSING_FIELD", "name" },
		{ "{\"name\":1}", 422, "WRONG_TYPE", "name" },
		{ "{\"name\":\"x\",\"y\":1}", 422, "UNKNOWN_FIELD", "y" },
		{ "{\"name\":\"\"}", 422, "OUT_OF_RANGE", "name" },
		{ "{\"name\":\"x\",\"expires_at\":-1}", 422, "OUT_OF_RANGE",
		    "expires_at" },
	};
	struct fx *fx = *state;
	struct answer a;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		rig_do(fx, &a, "POST", "/api/tokens", rows[i].body,
		    rows[i].status);
		assert_string_equal(answer_code(&a), rows[i].code);
		assert_string_equal(js_str(js_get(a.json, "details"), "field",
					"?"),
		    rows[i].field);
		answer_done(&a);
	}
	/* A route without a body takes none, or an empty object. */
	rig_do(fx, &a, "POST", "/api/auth/code", NULL, 201);
	answer_done(&a);
	rig_do(fx, &a, "POST", "/api/auth/code", "{}", 201);
	answer_done(&a);
	rig_do(fx, &a, "POST", "/api/auth/code", "{\"a\":1}", 422);
	answer_done(&a);
}

static void
test_queries(void **state)
{
	static const struct {
		const char *path;
		int status;
		const char *code;
	} rows[] = {
		{ "/api/events?since=0&limit=5", 200, "" },
		{ "/api/events?since=x", 422, "OUT_OF_RANGE" },
		{ "/api/events?limit=0", 422, "OUT_OF_RANGE" },
		{ "/api/events?since=0&since=0", 422, "DUPLICATE_FIELD" },
		{ "/api/events?sinc=0", 422, "UNKNOWN_FIELD" },
		{ "/api/events?since=99999999", 400, "INVALID_ARGUMENT" },
		{ "/api/tokens?a=b", 422, "UNKNOWN_FIELD" },
	};
	struct fx *fx = *state;
	struct answer a;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		rig_do(fx, &a, "GET", rows[i].path, NULL, rows[i].status);
		assert_string_equal(answer_code(&a), rows[i].code);
		answer_done(&a);
	}
}

static void
test_body_over_the_bound_of_its_row(void **state)
{
	char *body = malloc(2001);
	struct fx *fx = *state;
	struct answer a;

	memset(body, ' ', 2000);
	body[2000] = '\0';
	rig_ask(fx, &a, "POST", "/api/auth/login",
	    "Origin: http://127.0.0.1:8443\r\n", body);
	assert_int_equal(a.status, 413);
	answer_done(&a);
	free(body);
}

static void
test_B11_upgrade_where_there_is_none(void **state)
{
	static const char up[] = "Connection: close, Upgrade\r\n"
				 "Upgrade: websocket\r\n"
				 "Sec-WebSocket-Version: 13\r\n"
				 "Sec-WebSocket-Key: "
				 "dGhlIHNhbXBsZSBub25jZQ==\r\n";
	struct fx *fx = *state;
	struct answer a;

	rig_as(fx, &a, "GET", "/api/user", up, NULL);
	assert_int_equal(a.status, 400);
	assert_string_equal(answer_code(&a), "INVALID_ARGUMENT");
	answer_done(&a);
}

static void
test_replay(void **state)
{
	static const char key[] = "Idempotency-Key: k1\r\n";
	struct fx *fx = *state;
	struct answer a, b;

	rig_as(fx, &a, "POST", "/api/auth/code", key, NULL);
	assert_int_equal(a.status, 201);
	assert_null(strstr(a.head, "idempotency-replayed"));
	rig_as(fx, &b, "POST", "/api/auth/code", key, NULL);
	assert_int_equal(b.status, 201);
	assert_non_null(strstr(b.head, "idempotency-replayed: true"));
	assert_true(js_int(a.json, "expires_at", 1) ==
		    js_int(b.json, "expires_at", 2));
	/* N01: what was shown once is stored nowhere. */
	assert_true(strlen(js_str(a.json, "code", "")) == 43);
	assert_true(js_is_null(js_get(b.json, "code")));
	answer_done(&a);
	answer_done(&b);
}

static void
test_key_of_another_request(void **state)
{
	static const char key[] = "Idempotency-Key: k1\r\n";
	struct fx *fx = *state;
	struct answer a;

	rig_as(fx, &a, "POST", "/api/tokens", key, "{\"name\":\"one\"}");
	assert_int_equal(a.status, 201);
	answer_done(&a);
	rig_as(fx, &a, "POST", "/api/tokens", key, "{\"name\":\"two\"}");
	assert_int_equal(a.status, 422);
	assert_string_equal(answer_code(&a), "IDEMPOTENCY_MISMATCH");
	answer_done(&a);
	rig_as(fx, &a, "POST", "/api/auth/code", key, NULL);
	assert_string_equal(answer_code(&a), "IDEMPOTENCY_MISMATCH");
	answer_done(&a);
	rig_as(fx, &a, "POST", "/api/tokens", "Idempotency-Key: a b\r\n",
	    "{\"name\":\"two\"}");
	assert_int_equal(a.status, 400);
	answer_done(&a);
	/* One token was made by all of that. */
	rig_do(fx, &a, "GET", "/api/tokens", NULL, 200);
	assert_int_equal(js_len(a.json), 2);
	answer_done(&a);
}

static void
test_refusals_are_not_kept(void **state)
{
	static const char key[] = "Idempotency-Key: k2\r\n";
	struct fx *fx = *state;
	struct answer a;

	rig_as(fx, &a, "POST", "/api/tokens", key, "{}");
	assert_int_equal(a.status, 422);
	answer_done(&a);
	rig_as(fx, &a, "POST", "/api/tokens", key, "{\"name\":\"x\"}");
	assert_int_equal(a.status, 201);
	answer_done(&a);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_order_of_refusals),
		T(test_A08_exact_type),
		T(test_bodies),
		T(test_queries),
		T(test_body_over_the_bound_of_its_row),
		T(test_B11_upgrade_where_there_is_none),
		T(test_replay),
		T(test_key_of_another_request),
		T(test_refusals_are_not_kept),
	};

	return CHECK_RUN("dispatch", tests);
}
