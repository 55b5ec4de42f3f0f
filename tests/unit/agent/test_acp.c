/* SPDX-License-Identifier: MIT */
/*
 * Agents by ACP beside their recordings: how failures come out, how a
 * conversation goes on, and what they must not get by saying it out of turn
 * (abuse L09).
 */
#include "tests/unit/agent/acprig.h"

#include <string.h>

#include "daemon/agent/agents.h"
#include "lib/xalloc.h"
#include "tests/unit/check.h"

#define RUNS(what) "\"kind\":\"execute\",\"rawInput\":{\"command\":" what "}"

/* Failures. */

static void
test_L03_needs_login(void **state)
{
	static const int codes[] = { -32000, -32603 };
	struct agentrig r;
	char line[120];

	(void)state;
	for (int i = 0; i < 2; i++) {
		acprig_begin(&r, &agent_gemini, "{}");
		acprig_greet(&r, false);
		snprintf(line, sizeof(line),
		    "{\"id\":2,\"error\":{\"code\":%d,\"message\":"
		    "\"Authentication required\"}}",
		    codes[i]);
		agentrig_line(&r, line);
		assert_int_equal(r.how, AGENT_FAILED);
		assert_non_null(strstr(r.why, "Authentication required"));
		assert_int_equal(rpcrig_shown(&r, "setup_required"), i == 0);
		assert_int_equal(rpcrig_has(&r.facts, "run \"gemini\""),
		    i == 0);
		agentrig_stop(&r);
	}
}

static void
test_prompts_end(void **state)
{
	static const struct {
		const char *line;
		enum agent_outcome how;
	} ends[] = {
		{ STOPPED(3, "end_turn"), AGENT_SUCCEEDED },
		{ STOPPED(3, "max_tokens"), AGENT_FAILED },
		{ STOPPED(3, "max_turn_requests"), AGENT_FAILED },
		{ STOPPED(3, "refusal"), AGENT_FAILED },
		{ STOPPED(3, "whatever"), AGENT_FAILED },
		{ STOPPED(3, "cancelled"), AGENT_INTERRUPTED },
		{ "{\"id\":3,\"result\":null}", AGENT_FAILED },
		{ "{\"id\":3,\"error\":{\"code\":1}}", AGENT_FAILED },
	};
	struct agentrig r;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		acprig_start(&r, "{}");
		agentrig_line(&r,
		    UPDATE("\"sessionUpdate\":\"tool_call\"," TOOL));
		agentrig_line(&r, ends[i].line);
		assert_true(r.over);
		assert_int_equal(r.how, ends[i].how);
		assert_true(r.finished);
		assert_int_equal(*r.why != '\0', r.how != AGENT_SUCCEEDED);
		assert_false(rpcrig_shown(&r, "\"created\""));
		agentrig_stop(&r);
	}
}

static void
test_other_version(void **state)
{
	struct agentrig r;

	(void)state;
	acprig_begin(&r, &agent_gemini, "{}");
	agentrig_line(&r, "{\"id\":1,\"result\":{\"protocolVersion\":2}}");
	assert_int_equal(r.how, AGENT_FAILED);
	assert_non_null(strstr(r.why, "version 2"));
	agentrig_stop(&r);
}

static void
test_ends_too_early(void **state)
{
	struct agentrig r;

	(void)state;
	acprig_start(&r, "{}");
	agentrig_line(&r, MAY(0, "S", ONCE));
	agent_ended(r.g, 0);
	assert_int_equal(r.how, AGENT_FAILED);
	assert_int_equal(rpcrig_lines(&r.unasked), 1);
	assert_false(rpcrig_shown(&r, "pending_approval"));
	agentrig_stop(&r);
}

/* How a conversation goes on. */

static void
test_loads(void **state)
{
	struct agentrig r;

	(void)state;
	acprig_wish.resume = "S";
	acprig_wish.history = "it was long";
	acprig_begin(&r, &agent_gemini, "{}");
	acprig_greet(&r, true);
	assert_true(rpcrig_has(&r.sent,
	    "\"method\":\"session/load\",\"params\":{\"sessionId\":\"S\","
	    "\"cwd\":\"/wd\",\"mcpServers\":[]}"));
	agentrig_line(&r, SAYS("of the past"));
	assert_int_equal(r.n, 0);
	agentrig_line(&r, "{\"id\":2,\"result\":null}");
	assert_true(rpcrig_has(&r.facts, "0 S\n"));
	assert_true(rpcrig_has(&r.sent,
	    "[{\"type\":\"text\",\"text\":\"do it\"}]"));
	agentrig_line(&r, SAYS("of now"));
	assert_int_equal(r.n, 1);
	agentrig_line(&r, STOPPED(3, "end_turn"));
	assert_true(rpcrig_has(&r.facts, " of now\n"));
	agentrig_stop(&r);
}

static void
test_is_told_the_history(void **state)
{
	struct agentrig r;

	(void)state;
	/* It cannot load, or it can and does not know that one. */
	for (int forgot = 0; forgot < 2; forgot++) {
		acprig_wish.resume = "S";
		acprig_wish.history = "it was long";
		acprig_begin(&r, &agent_gemini, "{}");
		acprig_greet(&r, forgot);
		if (forgot)
			agentrig_line(&r, "{\"id\":2,\"error\":{\"code\":5}}");
		assert_true(rpcrig_has(&r.sent, "session/new"));
		agentrig_line(&r,
		    forgot ? "{\"id\":3,\"result\":{\"sessionId\":\"N\"}}"
			   : "{\"id\":2,\"result\":{\"sessionId\":\"N\"}}");
		assert_true(rpcrig_has(&r.facts, "0 N\n"));
		assert_true(rpcrig_has(&r.sent, "it was long"));
		assert_true(rpcrig_has(&r.sent, "do it"));
		agentrig_stop(&r);
	}
}

/* It is not begun anew as if nothing had been. */
static void
test_cannot_go_on(void **state)
{
	struct agentrig r;

	(void)state;
	for (int loads = 0; loads < 2; loads++) {
		acprig_wish.resume = "S";
		acprig_begin(&r, &agent_gemini, "{}");
		acprig_greet(&r, loads);
		if (loads)
			agentrig_line(&r, "{\"id\":2,\"error\":{\"code\":5}}");
		assert_int_equal(r.how, AGENT_FAILED);
		assert_false(rpcrig_has(&r.sent, "session/new"));
		agentrig_stop(&r);
	}
}

static void
test_model_and_mode(void **state)
{
	struct agentrig r;

	(void)state;
	acprig_begin(&r, &agent_qwen, "{\"model\":\"big\",\"agent\":\"plan\"}");
	acprig_greet(&r, false);
	agentrig_line(&r, OPENED);
	assert_true(rpcrig_has(&r.sent,
	    "\"method\":\"session/set_model\",\"params\":"
	    "{\"sessionId\":\"S\",\"modelId\":\"big\"}"));
	assert_false(rpcrig_has(&r.sent, "session/set_mode\""));
	agentrig_line(&r, "{\"id\":3,\"result\":{}}");
	assert_true(rpcrig_has(&r.sent, "\"modeId\":\"plan\""));
	assert_false(rpcrig_has(&r.sent, "session/prompt"));
	agentrig_line(&r, "{\"id\":4,\"result\":{}}");
	assert_true(rpcrig_has(&r.sent, "session/prompt"));
	agentrig_stop(&r);

	acprig_begin(&r, &agent_gemini, "{\"model\":\"big\"}");
	acprig_greet(&r, false);
	agentrig_line(&r, OPENED);
	assert_false(rpcrig_has(&r.sent, "set_model"));
	assert_true(rpcrig_has(&r.sent, "session/prompt"));
	agentrig_stop(&r);
}

/* Out of turn. */

static void
test_L09_leave_out_of_turn(void **state)
{
	struct agentrig r;

	(void)state;
	for (int trusted = 0; trusted < 2; trusted++) {
		acprig_begin(&r, &agent_gemini,
		    trusted ? "{\"yolo\":true}" : "{\"yolo\":false}");
		agentrig_line(&r, MAY(0, "S", ONCE));
		acprig_greet(&r, false);
		agentrig_line(&r, MAY(1, "S", ONCE));
		agentrig_line(&r, OPENED);
		agentrig_line(&r, MAY(2, "X", ONCE));
		assert_int_equal(r.nkeys, 0);
		assert_true(rpcrig_has(&r.sent,
		    "\"id\":0,\"result\":" NO_CHOICE));
		assert_true(rpcrig_has(&r.sent,
		    "\"id\":1,\"result\":" NO_CHOICE));
		assert_true(rpcrig_has(&r.sent,
		    "\"id\":2,\"result\":" NO_CHOICE));
		assert_false(rpcrig_has(&r.sent, "selected"));
		agentrig_line(&r, MAY(3, "S", ONCE));
		assert_int_equal(r.nkeys, !trusted);
		assert_int_equal(rpcrig_has(&r.sent, "selected"), trusted);
		agentrig_stop(&r);
	}
}

/* The prompt is over, and whether the turn is as well is being asked. */
static void
test_L09_leave_between_prompts(void **state)
{
	struct agentrig r;

	(void)state;
	acprig_wish.checked = true;
	acprig_start(&r, "{\"yolo\":true}");
	agentrig_line(&r, STOPPED(3, "end_turn"));
	assert_int_equal(r.nkeys, 1);
	agentrig_line(&r, MAY(0, "S", ONCE));
	assert_true(rpcrig_has(&r.sent, "\"id\":0,\"result\":" NO_CHOICE));
	agentrig_line(&r, STOPPED(3, "end_turn"));
	assert_false(r.over);
	agentrig_stop(&r);
}

static void
test_other_sessions(void **state)
{
	struct agentrig r;

	(void)state;
	acprig_start(&r, "{}");
	agentrig_line(&r,
	    "{\"method\":\"session/update\",\"params\":{\"sessionId\":\"X\","
	    "\"update\":{\"sessionUpdate\":\"agent_message_chunk\",\"content\":"
	    "{\"type\":\"text\",\"text\":\"hi\"}}}}");
	assert_false(rpcrig_shown(&r, "assistant_message"));
	assert_true(rpcrig_shown(&r, "not this one"));
	agentrig_line(&r, SAYS("hi"));
	assert_true(rpcrig_shown(&r, "assistant_message"));
	agentrig_stop(&r);
}

static void
test_L09_options(void **state)
{
	static const struct {
		const char *line;
		bool asked;
		const char *yes, *no, *trusted;
	} rows[] = {
		{ MAY(0, "S", GOOD "," ONCE "," NONE), true, CHOICE("y"),
		    CHOICE("n"), CHOICE("Y") },
		{ MAY(0, "S", ONCE), true, CHOICE("y"), NO_CHOICE,
		    CHOICE("y") },
		/* Leave for good is nothing a person was asked about. */
		{ MAY(0, "S", GOOD "," NONE), false, NO_CHOICE, NO_CHOICE,
		    CHOICE("Y") },
		{ MAY(0, "S", NONE), false, NO_CHOICE, NO_CHOICE, NO_CHOICE },
		{ MAY(0, "S", ""), false, NO_CHOICE, NO_CHOICE, NO_CHOICE },
		{ MAY(0, "S", "{\"optionId\":\"y\",\"kind\":\"allow\"}"), false,
		    NO_CHOICE, NO_CHOICE, NO_CHOICE },
		{ MAY(0, "S", "{\"kind\":\"allow_once\"}"), false, NO_CHOICE,
		    NO_CHOICE, NO_CHOICE },
	};
	struct agentrig r;

	(void)state;
	for (size_t i = 0; i < 3 * sizeof(rows) / sizeof(rows[0]); i++) {
		bool yes = i % 3 == 0, trusted = i % 3 == 2;
		const char *want = yes	     ? rows[i / 3].yes
				   : trusted ? rows[i / 3].trusted
					     : rows[i / 3].no;

		acprig_start(&r, trusted ? "{\"yolo\":true}" : "{}");
		buf_reset(&r.sent);
		agentrig_line(&r, rows[i / 3].line);
		assert_int_equal(r.nkeys, rows[i / 3].asked && !trusted);
		if (r.nkeys > 0)
			rpcrig_answer(&r, 0,
			    yes ? AGENT_APPROVED : AGENT_DENIED, NULL);
		assert_true(rpcrig_has(&r.sent, want));
		assert_int_equal(rpcrig_lines(&r.sent), 1);
		agentrig_stop(&r);
	}
}

static void
test_L09_answered_once(void **state)
{
	struct agentrig r;

	(void)state;
	acprig_start(&r, "{}");
	agentrig_line(&r, MAY(0, "S", ONCE));
	assert_true(rpcrig_has(&r.asks, "\"title\":\"ls -l\""));
	buf_reset(&r.sent);
	rpcrig_answer(&r, 0, AGENT_APPROVED, NULL);
	rpcrig_answer(&r, 0, AGENT_APPROVED, NULL);
	assert_int_equal(rpcrig_lines(&r.sent), 1);
	agentrig_line(&r, MAY(0, "S", ONCE));
	assert_int_equal(r.nkeys, 2);
	rpcrig_answer(&r, 0, AGENT_APPROVED, NULL);
	assert_int_equal(rpcrig_lines(&r.sent), 1);
	agentrig_line(&r, STOPPED(3, "end_turn"));
	assert_int_equal(rpcrig_lines(&r.unasked), 1);
	rpcrig_answer(&r, 1, AGENT_APPROVED, NULL);
	assert_int_equal(rpcrig_lines(&r.sent), 1);
	assert_true(rpcrig_shown(&r, "\"denied\""));
	agentrig_stop(&r);
}

/* What an ask says is run: "" is something that no rule matches. */
static void
test_L09_title_is_no_command(void **state)
{
	static const struct {
		const char *call, *want;
	} rows[] = {
		{ "\"kind\":\"execute\"", " execute c  " },
		{ RUNS("\"git status\""), " execute c git status " },
		{ RUNS("[\"git\",\"status\"]"), " execute c git status " },
		{ RUNS("[\"sh\",\"-c\",\"rm -rf .\"]"),
		    " execute c sh -c 'rm -rf .' " },
		{ RUNS("[\"a'b\",\"\",\"x=1\",\"~\"]"),
		    " execute c 'a'\\''b' '' 'x=1' '~' " },
		{ RUNS("[\"git\",7]"), " execute c  " },
		{ RUNS("[]"), " execute c  " },
		{ RUNS("{\"git\":1}"), " execute c  " },
		{ RUNS("null"), " execute c  " },
		{ "\"kind\":\"edit\"", " edit c - " },
	};
	struct agentrig r;
	char line[600];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		acprig_start(&r, "{}");
		snprintf(line, sizeof(line),
		    "{\"id\":0,\"method\":\"session/request_permission\","
		    "\"params\":{\"sessionId\":\"S\",\"options\":[" ONCE
		    "],\"toolCall\":{\"toolCallId\":\"c\",\"title\":"
		    "\"git log\",%s}}}",
		    rows[i].call);
		agentrig_line(&r, line);
		assert_int_equal(r.nkeys, 1);
		if (!rpcrig_has(&r.asks, rows[i].want))
			fail_msg("%s\nnot in %s", rows[i].want,
			    buf_cstr(&r.asks));
		assert_true(rpcrig_shown(&r, "git log"));
		agentrig_stop(&r);
	}
}

/* Neither files nor terminals are offered. */
static void
test_L09_foreign_requests(void **state)
{
	static const char *const methods[] = { "fs/read_text_file",
		"fs/write_text_file", "terminal/create", "whatever" };
	struct agentrig r;
	char line[100], want[60];

	(void)state;
	acprig_start(&r, "{\"yolo\":true}");
	for (int i = 0; i < 4; i++) {
		snprintf(line, sizeof(line),
		    "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"%s\"}", i,
		    methods[i]);
		agentrig_line(&r, line);
		snprintf(want, sizeof(want),
		    "\"id\":%d,\"error\":{\"code\":-32601", i);
		assert_true(rpcrig_has(&r.sent, want));
		assert_true(rpcrig_shown(&r, methods[i]));
	}
	agentrig_stop(&r);
}

static void
test_L09_steps_skipped(void **state)
{
	struct agentrig r;

	(void)state;
	acprig_begin(&r, &agent_gemini, "{}");
	agentrig_line(&r, OPENED);
	agentrig_line(&r, STOPPED(3, "end_turn"));
	agentrig_line(&r, SAYS("hello"));
	assert_false(r.over);
	assert_int_equal(rpcrig_lines(&r.sent), 1);
	assert_false(rpcrig_has(&r.facts, "S"));
	assert_false(rpcrig_shown(&r, "assistant_message"));
	acprig_greet(&r, false);
	agentrig_line(&r, OPENED);
	agentrig_line(&r, SAYS("hello"));
	assert_true(rpcrig_shown(&r, "assistant_message"));
	agentrig_line(&r, STOPPED(3, "end_turn"));
	assert_int_equal(r.how, AGENT_SUCCEEDED);
	agentrig_stop(&r);
}

static void
test_L09_noise(void **state)
{
	static const char *const said[] = { "hello there", "{\"a\":", "[1]",
		"{\"jsonrpc\":\"1.0\",\"method\":\"session/update\"}",
		"{\"method\":\"new/thing\"}", "{\"id\":77,\"result\":{}}",
		"{\"method\":\"session/update\"}",
		UPDATE("\"sessionUpdate\":\"new_thing\""),
		UPDATE("\"sessionUpdate\":\"tool_call\",\"title\":\"x\"") };
	struct agentrig r;
	size_t n;

	(void)state;
	acprig_start(&r, "{}");
	buf_reset(&r.sent);
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		n = r.n;
		agentrig_line(&r, said[i]);
		assert_int_equal(r.n, n + 1);
		assert_non_null(strstr(r.entries[n], "system_message"));
	}
	assert_int_equal(r.sent.len, 0);
	agentrig_line(&r, STOPPED(3, "end_turn"));
	assert_int_equal(r.how, AGENT_SUCCEEDED);
	agentrig_stop(&r);
}

static void
test_many_tools(void **state)
{
	struct agentrig r;
	char line[300];

	(void)state;
	acprig_start(&r, "{}");
	for (int i = 0; i < 2000; i++) {
		snprintf(line, sizeof(line),
		    UPDATE("\"sessionUpdate\":\"tool_call\",\"toolCallId\":"
			   "\"%d\",\"kind\":\"think\""),
		    i);
		agentrig_line(&r, line);
	}
	assert_int_equal(r.n, 2000);
	/* The last is known, the first is a new one. */
	agentrig_line(&r,
	    UPDATE("\"sessionUpdate\":\"tool_call_update\",\"toolCallId\":"
		   "\"1999\""));
	assert_int_equal(r.n, 2000);
	agentrig_line(&r,
	    UPDATE("\"sessionUpdate\":\"tool_call_update\",\"toolCallId\":"
		   "\"0\""));
	assert_int_equal(r.n, 2001);
	agentrig_line(&r, STOPPED(3, "end_turn"));
	assert_false(rpcrig_shown(&r, "\"created\""));
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
	acprig_begin(&r, &agent_gemini, "{}");
	acprig_greet(&r, false);
	agentrig_line(&r, line);
	assert_int_equal(r.how, AGENT_FAILED);
	assert_non_null(strstr(r.why, "too long"));
	agentrig_stop(&r);
	acprig_start(&r, "{}");
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
		cmocka_unit_test(test_prompts_end),
		cmocka_unit_test(test_other_version),
		cmocka_unit_test(test_ends_too_early),
		cmocka_unit_test(test_too_long_an_answer),
		cmocka_unit_test(test_loads),
		cmocka_unit_test(test_is_told_the_history),
		cmocka_unit_test(test_cannot_go_on),
		cmocka_unit_test(test_model_and_mode),
		cmocka_unit_test(test_L09_leave_out_of_turn),
		cmocka_unit_test(test_L09_leave_between_prompts),
		cmocka_unit_test(test_other_sessions),
		cmocka_unit_test(test_L09_options),
		cmocka_unit_test(test_L09_answered_once),
		cmocka_unit_test(test_L09_title_is_no_command),
		cmocka_unit_test(test_L09_foreign_requests),
		cmocka_unit_test(test_L09_steps_skipped),
		cmocka_unit_test(test_L09_noise),
		cmocka_unit_test(test_many_tools),
	};

	return CHECK_RUN("acp", tests);
}
