/* SPDX-License-Identifier: MIT */
/*
 * Codex beside its recordings: how its failures come out, and what it must not
 * get by saying it out of turn (abuse L09).
 */
#include "tests/unit/agent/codexrig.h"

#include <stdio.h>
#include <string.h>

#include "lib/xalloc.h"
#include "tests/unit/check.h"

/* Failures. */

static void
test_L03_needs_login(void **state)
{
	struct agentrig r;

	(void)state;
	for (int signed_in = 0; signed_in < 2; signed_in++) {
		codexrig_start_checked(&r, FREE, false);
		agentrig_line(&r, "{\"id\":1,\"result\":{}}");
		agentrig_line(&r,
		    signed_in ? "{\"id\":2,\"result\":{\"account\":{\"type\":"
				"\"apiKey\"},\"requiresOpenaiAuth\":true}}"
			      : "{\"id\":2,\"result\":{\"account\":null,"
				"\"requiresOpenaiAuth\":true}}");
		assert_int_equal(r.over, !signed_in);
		assert_int_equal(rpcrig_has(&r.sent, "thread/start"),
		    signed_in);
		assert_int_equal(rpcrig_shown(&r, "setup_required"),
		    !signed_in);
		assert_int_equal(rpcrig_has(&r.facts, "codex login"),
		    !signed_in);
		if (!signed_in)
			assert_int_equal(r.how, AGENT_FAILED);
		agentrig_stop(&r);
	}
}

static void
test_turns_end(void **state)
{
	static const struct {
		const char *line;
		enum agent_outcome how;
	} ends[] = {
		{ OVER("completed"), AGENT_SUCCEEDED },
		{ OVER("failed"), AGENT_FAILED },
		{ OVER("interrupted"), AGENT_INTERRUPTED },
		{ OVER("something"), AGENT_FAILED },
	};
	struct agentrig r;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		codexrig_start(&r, FREE);
		agentrig_line(&r, ends[i].line);
		assert_true(r.over);
		assert_int_equal(r.how, ends[i].how);
		assert_true(r.finished);
		assert_int_equal(strstr(r.why, "too much") != NULL,
		    ends[i].how == AGENT_FAILED);
		agentrig_stop(&r);
	}
}

static void
test_steps_fail(void **state)
{
	struct agentrig r;
	char line[100];

	(void)state;
	for (int step = 1; step <= 4; step++) {
		codexrig_start_checked(&r, FREE, false);
		if (step > 3)
			codexrig_thread(&r);
		else if (step == 3)
			codexrig_hello(&r);
		else if (step == 2)
			agentrig_line(&r, "{\"id\":1,\"result\":{}}");
		assert_false(r.over);
		snprintf(line, sizeof(line),
		    "{\"id\":%d,\"error\":{\"code\":1,\"message\":\"bad\"}}",
		    step);
		agentrig_line(&r, line);
		assert_true(r.over);
		assert_int_equal(r.how, AGENT_FAILED);
		assert_non_null(strstr(r.why, "bad"));
		agentrig_stop(&r);
	}
}

static void
test_ends_too_early(void **state)
{
	static const int codes[] = { 0, 3, -1 };
	struct agentrig r;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		codexrig_start(&r, ASKS);
		agentrig_line(&r, BEGAN(LS));
		agentrig_line(&r, MAY(0, OF_TURN));
		agent_ended(r.g, codes[i]);
		assert_int_equal(r.how, AGENT_FAILED);
		assert_int_equal(rpcrig_lines(&r.unasked), 1);
		assert_false(rpcrig_shown(&r, "pending_approval"));
		agentrig_stop(&r);
	}
}

/* Out of turn. */

static void
test_L09_leave_out_of_turn(void **state)
{
	static const char *const wrong[] = { "\"threadId\":\"T\"",
		"\"threadId\":\"T\",\"turnId\":\"V\"",
		"\"threadId\":\"X\",\"turnId\":\"U\"", "\"turnId\":\"U\"" };
	struct agentrig r;
	char line[300];

	(void)state;
	codexrig_start(&r, ASKS);
	agentrig_line(&r, BEGAN(LS));
	for (size_t i = 0; i < 4; i++) {
		buf_reset(&r.sent);
		snprintf(line, sizeof(line),
		    "{\"id\":%zu,\"method\":\"item/commandExecution/"
		    "requestApproval\",\"params\":{%s,\"itemId\":\"c\"}}",
		    i, wrong[i]);
		agentrig_line(&r, line);
		assert_int_equal(r.nkeys, 0);
		assert_true(rpcrig_has(&r.sent, "\"decline\""));
	}
	agentrig_line(&r, MAY(9, OF_TURN));
	assert_int_equal(r.nkeys, 1);
	agentrig_stop(&r);
}

/* Trust in the sandbox is no reason to say yes to what has no turn. */
static void
test_L09_leave_before_turn(void **state)
{
	struct agentrig r;

	(void)state;
	codexrig_start_checked(&r, FREE, false);
	agentrig_line(&r, MAY(0, OF_TURN));
	assert_true(rpcrig_has(&r.sent, "\"decline\""));
	codexrig_thread(&r);
	agentrig_line(&r, MAY(1, OF_TURN));
	assert_false(rpcrig_has(&r.sent, "acceptForSession"));
	agentrig_line(&r, "{\"id\":4,\"result\":{\"turn\":{\"id\":\"U\"}}}");
	agentrig_line(&r, MAY(2, OF_TURN));
	assert_true(rpcrig_has(&r.sent, "{\"id\":2,\"result\":{\"decision\":"
					"\"acceptForSession\"}}"));
	assert_int_equal(r.nkeys, 0);
	agentrig_stop(&r);
}

static void
test_L09_leave_for_what_is_not_shown(void **state)
{
	struct agentrig r;

	(void)state;
	codexrig_start(&r, ASKS);
	agentrig_line(&r, MAY(0, OF_TURN ",\"command\":\"ls\""));
	agentrig_line(&r,
	    BEGAN("\"type\":\"fileChange\",\"id\":\"f\",\"changes\":[]"));
	agentrig_line(&r,
	    "{\"id\":1,\"method\":\"item/fileChange/requestApproval\","
	    "\"params\":{" OF_TURN ",\"itemId\":\"f\"}}");
	assert_int_equal(r.nkeys, 0);
	assert_true(rpcrig_has(&r.sent, "{\"id\":0,\"result\":{\"decision\":"
					"\"decline\"}}"));
	assert_true(rpcrig_has(&r.sent, "{\"id\":1,\"result\":{\"decision\":"
					"\"decline\"}}"));
	agentrig_stop(&r);
}

static void
test_asks_exactly(void **state)
{
	struct agentrig r;

	(void)state;
	codexrig_start(&r, ASKS);
	agentrig_line(&r, BEGAN(LS));
	agentrig_line(&r, MAY(0, OF_TURN));
	assert_true(rpcrig_has(&r.asks, "bash c ls -l "));
	assert_true(rpcrig_has(&r.asks,
	    "{\"command\":\"/bin/bash -lc 'ls -l'\",\"cwd\":\"/wd\"}"));
	assert_true(rpcrig_shown(&r, "pending_approval"));
	agentrig_stop(&r);
}

static void
test_L09_answered_once(void **state)
{
	struct agentrig r;

	(void)state;
	codexrig_start(&r, ASKS);
	agentrig_line(&r, BEGAN(LS));
	agentrig_line(&r, MAY(0, OF_TURN));
	buf_reset(&r.sent);
	rpcrig_answer(&r, 0, AGENT_APPROVED, NULL);
	assert_true(rpcrig_has(&r.sent, "\"accept\""));
	rpcrig_answer(&r, 0, AGENT_APPROVED, NULL);
	rpcrig_answer(&r, 0, AGENT_DENIED, NULL);
	assert_int_equal(rpcrig_lines(&r.sent), 1);
	/* The same number again is another question. */
	agentrig_line(&r, MAY(0, OF_TURN));
	assert_int_equal(r.nkeys, 2);
	assert_string_not_equal(r.keys[0], r.keys[1]);
	rpcrig_answer(&r, 0, AGENT_APPROVED, NULL);
	assert_int_equal(rpcrig_lines(&r.sent), 1);
	agentrig_stop(&r);
}

static void
test_L09_answered_too_late(void **state)
{
	struct agentrig r;

	(void)state;
	codexrig_start(&r, ASKS);
	agentrig_line(&r, BEGAN(LS));
	agentrig_line(&r, MAY(0, OF_TURN));
	agentrig_line(&r, "{\"method\":\"serverRequest/resolved\",\"params\":"
			  "{\"threadId\":\"T\",\"requestId\":0}}");
	assert_int_equal(rpcrig_lines(&r.unasked), 1);
	buf_reset(&r.sent);
	rpcrig_answer(&r, 0, AGENT_APPROVED, NULL);
	assert_int_equal(r.sent.len, 0);
	agentrig_stop(&r);
}

static void
test_turn_over_closes(void **state)
{
	struct agentrig r;

	(void)state;
	codexrig_start(&r, ASKS);
	agentrig_line(&r, BEGAN(LS));
	agentrig_line(&r, MAY(0, OF_TURN));
	agentrig_line(&r, OVER("completed"));
	assert_int_equal(rpcrig_lines(&r.unasked), 1);
	assert_false(rpcrig_shown(&r, "pending_approval"));
	assert_false(rpcrig_shown(&r, "\"created\""));
	agentrig_stop(&r);
}

static void
test_L09_foreign_requests(void **state)
{
	struct agentrig r;

	(void)state;
	codexrig_start(&r, FREE);
	agentrig_line(&r, "{\"id\":0,\"method\":\"execCommandApproval\"}");
	assert_true(rpcrig_has(&r.sent,
	    "{\"id\":0,\"error\":{\"code\":-32601"));
	assert_true(rpcrig_shown(&r, "execCommandApproval"));
	agentrig_line(&r, "{\"id\":1,\"method\":\"item/tool/call\"}");
	assert_true(rpcrig_has(&r.sent, "\"success\":false"));
	agentrig_line(&r, "{\"id\":2,\"method\":\"item/tool/requestUserInput\","
			  "\"params\":{" OF_TURN ",\"questions\":[]}}");
	assert_true(rpcrig_has(&r.sent,
	    "{\"id\":2,\"result\":{\"answers\":{}}}"));
	assert_int_equal(r.nkeys, 0);
	agentrig_stop(&r);
}

static void
test_L09_steps_skipped(void **state)
{
	struct agentrig r;

	(void)state;
	codexrig_start_checked(&r, FREE, false);
	agentrig_line(&r, "{\"id\":3,\"result\":{\"thread\":{\"id\":\"X\"}}}");
	agentrig_line(&r, OVER("completed"));
	assert_false(r.over);
	assert_int_equal(rpcrig_lines(&r.sent), 1);
	assert_false(rpcrig_has(&r.facts, "X"));
	codexrig_thread(&r);
	agentrig_line(&r, "{\"id\":4,\"result\":{\"turn\":{\"id\":\"V\"}}}");
	agentrig_line(&r, OVER("completed")); /* of U, not V */
	assert_false(r.over);
	agentrig_line(&r,
	    "{\"method\":\"turn/completed\",\"params\":{\"threadId\":"
	    "\"T\",\"turn\":{\"id\":\"V\",\"status\":\"completed\"}}}");
	assert_true(r.over);
	agentrig_stop(&r);
}

/* What newer releases tell beside the turn. */
static void
test_beside(void **state)
{
	static const char *const silent[] = { "thread/readState/changed",
		"thread/settings/updated", "remoteControl/status/changed",
		"deprecationNotice" };
	struct agentrig r;
	char line[160];
	size_t n;

	(void)state;
	codexrig_start(&r, FREE);
	n = r.n;
	for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
		snprintf(line, sizeof(line),
		    "{\"method\":\"%s\",\"params\":{\"threadId\":\"T\"}}",
		    silent[i]);
		agentrig_line(&r, line);
	}
	assert_int_equal(r.n, n);
	agentrig_line(&r,
	    "{\"method\":\"warning\",\"params\":{\"threadId\":\"T\","
	    "\"message\":\"the model is not known\"}}");
	assert_int_equal(r.n, n + 1);
	assert_non_null(strstr(r.entries[n], "error_message"));
	assert_non_null(strstr(r.entries[n], "the model is not known"));
	agentrig_stop(&r);
}

/* Kept and shown, and nothing else. */
static void
test_L09_noise(void **state)
{
	static const char *const said[] = { "hello there", "{\"a\":", "[1]",
		"{\"method\":\"new/thing\",\"params\":{}}",
		"{\"id\":77,\"result\":{}}", "{\"method\":\"item/started\"}",
		"{\"method\":\"item/completed\",\"params\":{\"item\":1}}",
		"{\"method\":\"error\",\"params\":{\"threadId\":\"X\"}}" };
	struct agentrig r;
	size_t n;

	(void)state;
	codexrig_start(&r, FREE);
	buf_reset(&r.sent);
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		n = r.n;
		agentrig_line(&r, said[i]);
		assert_int_equal(r.n, n + 1);
		assert_non_null(strstr(r.entries[n], "system_message"));
	}
	assert_int_equal(r.sent.len, 0);
	agentrig_line(&r, OVER("completed"));
	assert_int_equal(r.how, AGENT_SUCCEEDED);
	agentrig_stop(&r);
}

static void
test_odd_types(void **state)
{
	static const char *const said[] = {
		NOTE("item/agentMessage/delta", "\"itemId\":5,\"delta\":[]"),
		NOTE("thread/tokenUsage/updated", "\"tokenUsage\":\"x\""),
		NOTE("turn/plan/updated", "\"plan\":{\"a\":1}"),
		NOTE("serverRequest/resolved", "\"requestId\":{}"),
		NOTE("error", "\"error\":7"),
		NOTE("item/started", "\"item\":{\"type\":8,\"id\":9}"),
		ENDED("\"type\":\"fileChange\",\"id\":\"f\",\"changes\":7"),
		ENDED("\"type\":\"mcpToolCall\",\"id\":\"f\",\"result\":"
		      "{\"content\":\"x\"}"),
		ENDED("\"type\":\"reasoning\",\"id\":\"f\",\"summary\":[1]"),
	};
	struct agentrig r;

	(void)state;
	codexrig_start(&r, FREE);
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		agentrig_line(&r, said[i]);
	agentrig_line(&r, OVER("completed"));
	assert_int_equal(r.how, AGENT_SUCCEEDED);
	agentrig_stop(&r);
}

static char *
nested(unsigned depth)
{
	char *s = xcalloc(1, 2 * depth + 1);

	memset(s, '[', depth);
	memset(s + depth, ']', depth);
	return s;
}

static void
test_L09_deep_and_long(void **state)
{
	struct agentrig r;
	char *deep, *line;
	size_t n;

	(void)state;
	codexrig_start(&r, FREE);
	for (unsigned depth = 20; depth < 80; depth += 7) {
		deep = nested(depth);
		line = xasprintf("%s%s}}}",
		    "{\"method\":\"item/completed\",\"params\":{\"threadId\":"
		    "\"T\",\"item\":{\"type\":\"mcpToolCall\",\"id\":\"d\","
		    "\"server\":\"s\",\"tool\":\"t\",\"arguments\":",
		    deep);
		n = r.n;
		agentrig_line(&r, line);
		assert_int_equal(r.n, n + 1);
		free(line);
		free(deep);
	}
	line = xcalloc(1, 18u << 20);
	memset(line, 'x', 17u << 20);
	agentrig_line(&r, line);
	assert_true(rpcrig_shown(&r, "stands in the log alone"));
	free(line);
	agentrig_line(&r, OVER("completed"));
	assert_int_equal(r.how, AGENT_SUCCEEDED);
	agentrig_stop(&r);
}

/* What is begun and never ends is not held without end. */
static void
test_many_items(void **state)
{
	struct agentrig r;
	char line[300];

	(void)state;
	codexrig_start(&r, FREE);
	for (int i = 0; i < 2000; i++) {
		snprintf(line, sizeof(line),
		    "{\"method\":\"item/started\",\"params\":{\"threadId\":"
		    "\"T\",\"item\":{\"type\":\"webSearch\",\"id\":\"%d\","
		    "\"query\":\"q\"}}}",
		    i);
		agentrig_line(&r, line);
	}
	assert_int_equal(r.n, 2001);
	/* The last is known, the first is a new one. */
	agentrig_line(&r, ENDED("\"type\":\"webSearch\",\"id\":\"1999\""));
	assert_int_equal(r.n, 2001);
	agentrig_line(&r, ENDED("\"type\":\"webSearch\",\"id\":\"0\""));
	assert_int_equal(r.n, 2002);
	agentrig_line(&r, OVER("completed"));
	assert_int_equal(r.how, AGENT_SUCCEEDED);
	assert_false(rpcrig_shown(&r, "\"created\""));
	agentrig_stop(&r);
}

/* A message without an end is shown as far as it goes, and held no further. */
static void
test_endless_text(void **state)
{
	struct agentrig r;
	char *line, *text;
	size_t len;

	(void)state;
	codexrig_start(&r, FREE);
	agentrig_line(&r, BEGAN("\"type\":\"agentMessage\",\"id\":\"m\""));
	text = xcalloc(1, (8u << 20) + 1);
	memset(text, 'x', 8u << 20);
	line = xasprintf("{\"method\":\"item/agentMessage/delta\",\"params\":{"
			 "\"threadId\":\"T\",\"itemId\":\"m\",\"delta\":"
			 "\"%s\"}}",
	    text);
	for (int i = 0; i < 12; i++)
		agentrig_line(&r, line);
	len = strlen(r.entries[1]);
	assert_in_range(len, AGENT_TEXT_MAX, AGENT_TEXT_MAX + 200);
	agentrig_line(&r,
	    ENDED("\"type\":\"agentMessage\",\"id\":\"m\",\"text\":\"all\""));
	assert_non_null(strstr(r.entries[1], "\"all\""));
	free(line);
	free(text);
	agentrig_stop(&r);
}

/* An answer that cannot be looked at is not waited for. */
static void
test_too_long_an_answer(void **state)
{
	struct agentrig r;
	char *line = xcalloc(1, (17u << 20) + 1);

	(void)state;
	memset(line, 'x', 17u << 20);
	codexrig_start_checked(&r, FREE, false);
	codexrig_hello(&r);
	agentrig_line(&r, line);
	assert_int_equal(r.how, AGENT_FAILED);
	assert_non_null(strstr(r.why, "too long"));
	agentrig_stop(&r);
	codexrig_start(&r, FREE);
	agentrig_line(&r, line);
	assert_false(r.over);
	agentrig_stop(&r);
	free(line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_L03_needs_login),
		cmocka_unit_test(test_turns_end),
		cmocka_unit_test(test_steps_fail),
		cmocka_unit_test(test_ends_too_early),
		cmocka_unit_test(test_too_long_an_answer),
		cmocka_unit_test(test_L09_leave_out_of_turn),
		cmocka_unit_test(test_L09_leave_before_turn),
		cmocka_unit_test(test_L09_leave_for_what_is_not_shown),
		cmocka_unit_test(test_asks_exactly),
		cmocka_unit_test(test_L09_answered_once),
		cmocka_unit_test(test_L09_answered_too_late),
		cmocka_unit_test(test_turn_over_closes),
		cmocka_unit_test(test_L09_foreign_requests),
		cmocka_unit_test(test_L09_steps_skipped),
		cmocka_unit_test(test_beside),
		cmocka_unit_test(test_L09_noise),
		cmocka_unit_test(test_odd_types),
		cmocka_unit_test(test_L09_deep_and_long),
		cmocka_unit_test(test_many_items),
		cmocka_unit_test(test_endless_text),
	};

	return CHECK_RUN("codex", tests);
}
