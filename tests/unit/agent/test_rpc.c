/* SPDX-License-Identifier: MIT */
/*
 * A JSON-RPC connection is judged line by line: what is a call, an answer,
 * news or neither, and what is sent for it (abuse L09).
 */
#include "daemon/agent/rpc.h"

#include <string.h>

#include "lib/buf.h"
#include "lib/js.h"
#include "tests/unit/check.h"

static char sent[4096];
static unsigned n_sent;

static void
test_send_cb(struct js *line, void *arg)
{
	struct buf b;

	(void)arg;
	buf_init(&b, sizeof(sent) - 1);
	js_finish(line, &b);
	assert_true(buf_ok(&b));
	snprintf(sent, sizeof(sent), "%s", buf_cstr(&b));
	buf_done(&b);
	n_sent++;
}

static bool
key_is(const char *key, const char *id)
{
	struct js *v = js_parse(id, strlen(id), (char[80]){ 0 }, 80);
	bool is = rpc_key_is(key, v);

	js_free(v);
	return is;
}

static struct rpc *
connection(bool versioned)
{
	sent[0] = '\0';
	n_sent = 0;
	return rpc_new(versioned, test_send_cb, NULL);
}

static enum rpc_kind
kind(struct rpc *r, const char *line)
{
	struct rpc_msg m;
	enum rpc_kind k;

	rpc_read(r, line, strlen(line), &m);
	k = m.kind;
	assert_true((k == RPC_NOISE || k == RPC_STRAY) == (m.why != NULL));
	rpc_done(&m);
	return k;
}

static void
test_says(void **state)
{
	struct rpc *r = connection(true), *plain = connection(false);
	struct js *o = js_object();

	(void)state;
	js_add_int(o, "a", 1);
	rpc_call(r, 7, "m", o);
	assert_string_equal(sent,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\","
	    "\"params\":{\"a\":1}}");
	rpc_call(r, 7, "m", NULL);
	assert_string_equal(sent,
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"m\"}");
	rpc_call(plain, 7, "m", NULL);
	assert_string_equal(sent, "{\"id\":1,\"method\":\"m\"}");
	rpc_notify(plain, "n", NULL);
	assert_string_equal(sent, "{\"method\":\"n\"}");
	rpc_free(r);
	rpc_free(plain);
}

static void
test_L09_answers(void **state)
{
	struct rpc *r = connection(false);
	const char *line = "{\"id\":1,\"result\":{\"x\":2}}";
	struct rpc_msg m;

	(void)state;
	assert_int_equal(kind(r, line), RPC_STRAY);
	rpc_call(r, 42, "m", NULL);
	rpc_call(r, 43, "m", NULL);
	rpc_read(r, line, strlen(line), &m);
	assert_int_equal(m.kind, RPC_RESULT);
	assert_int_equal(m.tag, 42);
	assert_int_equal(js_int(m.body, "x", 0), 2);
	rpc_done(&m);
	/* Once. */
	assert_int_equal(kind(r, line), RPC_STRAY);
	assert_int_equal(kind(r, "{\"id\":3,\"result\":1}"), RPC_STRAY);
	assert_int_equal(kind(r, "{\"id\":\"2\",\"result\":1}"), RPC_STRAY);
	line = "{\"id\":2,\"error\":{\"code\":-32000,\"message\":\"no\"}}";
	rpc_read(r, line, strlen(line), &m);
	assert_int_equal(m.kind, RPC_ERROR);
	assert_int_equal(m.tag, 43);
	assert_int_equal(m.code, -32000);
	assert_string_equal(m.text, "no");
	rpc_done(&m);
	rpc_call(r, 44, "m", NULL);
	line = "{\"id\":3,\"error\":{\"code\":1,\"message\":\"no\","
	       "\"data\":{\"details\":\"why\"}}}";
	rpc_read(r, line, strlen(line), &m);
	assert_string_equal(m.text, "why");
	rpc_done(&m);
	rpc_free(r);
}

static void
test_null_result(void **state)
{
	struct rpc *r = connection(false);

	(void)state;
	rpc_call(r, 1, "m", NULL);
	assert_int_equal(kind(r, "{\"id\":1,\"result\":null}"), RPC_RESULT);
	rpc_free(r);
}

static void
test_is_asked(void **state)
{
	struct rpc *r = connection(true);
	const char *line = "{\"id\":\"a\",\"method\":\"m\",\"params\":[1]}";
	struct js *o = js_object();
	struct rpc_msg m;
	char key[64];

	(void)state;
	rpc_read(r, line, strlen(line), &m);
	assert_int_equal(m.kind, RPC_CALL);
	assert_string_equal(m.method, "m");
	snprintf(key, sizeof(key), "%s", m.key);
	rpc_done(&m);
	assert_true(key_is(key, "\"a\""));
	assert_false(key_is(key, "\"b\""));
	assert_false(key_is(key, "{}"));
	js_add_bool(o, "ok", true);
	rpc_result(r, key, o);
	assert_string_equal(sent,
	    "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"result\":{\"ok\":true}}");
	/* Once; a second answer is not sent. */
	rpc_result(r, key, js_object());
	rpc_refuse(r, key, RPC_NO_METHOD, "no");
	assert_int_equal(n_sent, 1);
	rpc_free(r);
}

/* What is asked aside changes no number and is answered as often as may be. */
static void
test_aside(void **state)
{
	struct rpc *r = connection(false);
	const char *line = "{\"id\":1000000000,\"result\":{}}";

	(void)state;
	rpc_aside(r, "stop", NULL);
	assert_string_equal(sent, "{\"id\":1000000000,\"method\":\"stop\"}");
	rpc_call(r, 1, "m", NULL);
	assert_string_equal(sent, "{\"id\":1,\"method\":\"m\"}");
	assert_int_equal(kind(r, line), RPC_ASIDE);
	assert_int_equal(kind(r, line), RPC_ASIDE);
	rpc_free(r);
}

static void
test_forgets(void **state)
{
	struct rpc *r = connection(false);
	const char *line = "{\"id\":5,\"method\":\"m\"}";
	struct rpc_msg m;
	char key[64];

	(void)state;
	rpc_read(r, line, strlen(line), &m);
	snprintf(key, sizeof(key), "%s", m.key);
	rpc_done(&m);
	rpc_forget(r, key);
	rpc_forget(r, key);
	rpc_result(r, key, NULL);
	assert_int_equal(n_sent, 0);
	rpc_free(r);
}

static void
test_refuses(void **state)
{
	struct rpc *r = connection(false);
	const char *line = "{\"id\":0,\"method\":\"fs/read_text_file\"}";
	struct rpc_msg m;

	(void)state;
	rpc_read(r, line, strlen(line), &m);
	rpc_refuse(r, m.key, RPC_NO_METHOD, "method not found");
	rpc_done(&m);
	assert_string_equal(sent, "{\"id\":0,\"error\":{\"code\":-32601,"
				  "\"message\":\"method not found\"}}");
	rpc_free(r);
}

/* An id that comes again does not stand for what was decided before. */
static void
test_L09_ids_again(void **state)
{
	struct rpc *r = connection(false);
	const char *line = "{\"id\":0,\"method\":\"m\"}";
	struct rpc_msg one, two;
	char key[64];

	(void)state;
	rpc_read(r, line, strlen(line), &one);
	assert_int_equal(one.kind, RPC_CALL);
	snprintf(key, sizeof(key), "%s", one.key);
	assert_int_equal(kind(r, line), RPC_STRAY);
	rpc_result(r, key, NULL);
	assert_string_equal(sent, "{\"id\":0,\"result\":null}");
	rpc_done(&one);
	rpc_read(r, line, strlen(line), &two);
	assert_int_equal(two.kind, RPC_CALL);
	assert_string_not_equal(two.key, key);
	n_sent = 0;
	rpc_result(r, key, NULL);
	assert_int_equal(n_sent, 0);
	rpc_done(&two);
	rpc_free(r);
}

static void
test_noise(void **state)
{
	static const char *const lines[] = { "", "hello", "[]", "1", "null",
		"{}", "{\"id\":1}", "{\"jsonrpc\":\"1.0\",\"method\":\"m\"}",
		"{\"jsonrpc\":2,\"method\":\"m\"}",
		"{\"id\":1,\"result\":1,\"error\":{}}",
		"{\"id\":null,\"method\":\"m\"}",
		"{\"id\":1.5,\"method\":\"m\"}", "{\"id\":{},\"method\":\"m\"}",
		"{\"method\":\"m\"", "{\"method\":\"a\",\"method\":\"b\"}" };
	struct rpc *r = connection(false);

	(void)state;
	rpc_call(r, 1, "m", NULL);
	n_sent = 0;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(kind(r, lines[i]), RPC_NOISE);
	assert_int_equal(n_sent, 0);
	assert_int_equal(kind(r, "{\"method\":\"m\"}"), RPC_NOTICE);
	assert_int_equal(kind(r, "{\"id\":1,\"result\":1}"), RPC_RESULT);
	rpc_free(r);
}

static void
test_ids_have_bounds(void **state)
{
	struct rpc *r = connection(false);
	char line[512], id[200];

	(void)state;
	memset(id, 'x', sizeof(id));
	for (int n = 120; n <= 140; n += 20) {
		snprintf(line, sizeof(line),
		    "{\"id\":\"%.*s\",\"method\":\"m\"}", n, id);
		assert_int_equal(kind(r, line),
		    n == 120 ? RPC_CALL : RPC_NOISE);
	}
	rpc_free(r);
}

/* What is not answered is not gathered without end. */
static void
test_open_calls_have_a_bound(void **state)
{
	struct rpc *r = connection(false);
	char line[64];
	unsigned n;

	(void)state;
	for (n = 0; n < 1000; n++) {
		snprintf(line, sizeof(line), "{\"id\":%u,\"method\":\"m\"}", n);
		if (kind(r, line) != RPC_CALL)
			break;
	}
	assert_int_equal(n, 64);
	assert_int_equal(n_sent, 1);
	assert_non_null(strstr(sent, "{\"id\":64,\"error\":"));
	rpc_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_says),
		cmocka_unit_test(test_L09_answers),
		cmocka_unit_test(test_null_result),
		cmocka_unit_test(test_is_asked),
		cmocka_unit_test(test_aside),
		cmocka_unit_test(test_forgets),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_L09_ids_again),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_ids_have_bounds),
		cmocka_unit_test(test_open_calls_have_a_bound),
	};

	return CHECK_RUN("rpc", tests);
}
