/* SPDX-License-Identifier: MIT */
/*
 * What a person says to an agent by ACP, how what it does looks, and what it is
 * started with.
 */
#include "tests/unit/agent/acprig.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/agent/agents.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/js.h"
#include "tests/unit/check.h"

static void
test_feedback(void **state)
{
	struct agentrig r;

	(void)state;
	acprig_start(&r, "{}");
	agentrig_line(&r, MAY(0, "S", ONCE "," NONE));
	buf_reset(&r.sent);
	rpcrig_answer(&r, 0, AGENT_DENIED, "use tabs");
	assert_true(rpcrig_has(&r.sent, CHOICE("n")));
	assert_true(rpcrig_has(&r.sent, "session/cancel"));
	assert_int_equal(rpcrig_lines(&r.sent), 2);
	agentrig_line(&r, STOPPED(3, "cancelled"));
	assert_false(r.over);
	assert_true(rpcrig_has(&r.sent, "User feedback: use tabs"));
	assert_true(rpcrig_shown(&r, "user_feedback"));
	assert_true(rpcrig_shown(&r, "\"reason\":\"use tabs\""));
	agentrig_line(&r, STOPPED(4, "end_turn"));
	assert_int_equal(r.how, AGENT_SUCCEEDED);
	agentrig_stop(&r);
}

static void
test_timed_out(void **state)
{
	struct agentrig r;

	(void)state;
	acprig_start(&r, "{}");
	agentrig_line(&r, MAY(0, "S", ONCE "," NONE));
	buf_reset(&r.sent);
	rpcrig_answer(&r, 0, AGENT_TIMED_OUT, NULL);
	assert_true(rpcrig_has(&r.sent, NO_CHOICE));
	assert_false(rpcrig_has(&r.sent, "session/cancel"));
	assert_true(rpcrig_shown(&r, "\"timed_out\""));
	agentrig_stop(&r);
}

static void
test_interrupts(void **state)
{
	struct agentrig r;

	(void)state;
	acprig_begin(&r, &agent_gemini, "{}");
	agent_interrupt(r.g);
	assert_int_equal(r.how, AGENT_INTERRUPTED);
	agentrig_stop(&r);

	acprig_start(&r, "{}");
	agentrig_line(&r, MAY(0, "S", ONCE "," NONE));
	rpcrig_answer(&r, 0, AGENT_DENIED, "no");
	buf_reset(&r.sent);
	agent_interrupt(r.g);
	assert_int_equal(r.sent.len, 0); /* it was said already */
	agentrig_line(&r, STOPPED(3, "cancelled"));
	assert_int_equal(r.how, AGENT_INTERRUPTED);
	assert_false(rpcrig_has(&r.sent, "User feedback"));
	agentrig_stop(&r);
}

static void
test_ending_is_asked(void **state)
{
	struct agentrig r;

	(void)state;
	acprig_wish.checked = true;
	acprig_start(&r, "{}");
	agentrig_line(&r, STOPPED(3, "end_turn"));
	assert_false(r.over);
	buf_reset(&r.sent);
	rpcrig_answer(&r, 0, AGENT_DENIED, "commit first");
	assert_true(rpcrig_has(&r.sent, "\"text\":\"commit first\""));
	agentrig_line(&r, STOPPED(4, "end_turn"));
	rpcrig_answer(&r, 1, AGENT_APPROVED, NULL);
	assert_int_equal(r.how, AGENT_SUCCEEDED);
	agentrig_stop(&r);
}

/* Looks. */

static void
test_looks(void **state)
{
	static const struct {
		const char *call, *want;
	} rows[] = {
		{ "\"kind\":\"read\",\"locations\":[{\"path\":\"/wd/a/b\"}]",
		    "\"action\":\"file_read\",\"path\":\"a/b\"" },
		{ "\"kind\":\"read\",\"locations\":[{\"path\":\"/x\"},"
		  "{\"path\":\"/y\"}]",
		    "\"action\":\"tool\"" },
		{ "\"kind\":\"edit\",\"content\":[{\"type\":\"diff\",\"path\":"
		  "\"/wd/a\",\"oldText\":\"one\\n\",\"newText\":\"two\\n\"}]",
		    "-one\\n+two\\n" },
		{ "\"kind\":\"edit\",\"content\":[{\"type\":\"diff\",\"path\":"
		  "\"/wd/a\",\"oldText\":null,\"newText\":\"two\\n\"}]",
		    "\"action\":\"write\",\"content\":\"two\\n\"" },
		{ "\"kind\":\"delete\",\"locations\":[{\"path\":\"/wd/a\"}]",
		    "\"changes\":[{\"action\":\"delete\"}]" },
		{ "\"kind\":\"execute\",\"title\":\"List\",\"rawInput\":{"
		  "\"command\":\"ls\"}",
		    "\"action\":\"command_run\",\"command\":\"ls\"" },
		{ "\"kind\":\"execute\",\"title\":\"ls\",\"status\":\"failed\","
		  "\"content\":[{\"type\":\"content\",\"content\":{\"type\":"
		  "\"text\",\"text\":\"no\"}}]",
		    "{\"type\":\"success\",\"success\":false},\"output\":"
		    "\"no\"" },
		{ "\"kind\":\"search\",\"title\":\"x*\"",
		    "\"action\":\"search\",\"query\":\"x*\"" },
		{ "\"kind\":\"fetch\",\"rawInput\":{\"url\":\"http://u\"}",
		    "\"action\":\"web_fetch\",\"url\":\"http://u\"" },
		{ "\"kind\":\"switch_mode\",\"title\":\"T\",\"rawInput\":{"
		  "\"a\":1},\"rawOutput\":{\"b\":2}",
		    "\"arguments\":{\"a\":1},\"result\":{\"type\":{\"type\":"
		    "\"json\"},\"value\":{\"b\":2}}" },
		{ "\"kind\":7,\"title\":[],\"content\":{},\"locations\":1",
		    "\"tool_name\":\"other\"" },
	};
	struct agentrig r;
	char line[600];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		acprig_start(&r, "{}");
		snprintf(line, sizeof(line),
		    "{\"method\":\"session/update\",\"params\":{\"sessionId\":"
		    "\"S\",\"update\":{\"sessionUpdate\":\"tool_call\","
		    "\"toolCallId\":\"c\",%s}}}",
		    rows[i].call);
		agentrig_line(&r, line);
		assert_int_equal(r.n, 1);
		if (strstr(r.entries[0], rows[i].want) == NULL)
			fail_msg("%s\nnot in %s", rows[i].want, r.entries[0]);
		agentrig_stop(&r);
	}
}

static void
test_updates(void **state)
{
	struct agentrig r;

	(void)state;
	acprig_start(&r, "{}");
	agentrig_line(&r, SAYS("one "));
	agentrig_line(&r, SAYS("two"));
	agentrig_line(&r,
	    UPDATE("\"sessionUpdate\":\"plan\",\"entries\":[{\"content\":"
		   "\"a\",\"priority\":\"high\",\"status\":\"pending\"}]"));
	agentrig_line(&r,
	    UPDATE("\"sessionUpdate\":\"plan\",\"entries\":[{\"content\":"
		   "\"a\",\"priority\":\"high\",\"status\":\"completed\"}]"));
	agentrig_line(&r, UPDATE("\"sessionUpdate\":\"current_mode_update\","
				 "\"currentModeId\":\"yolo\""));
	agentrig_line(&r, SAYS("three"));
	agentrig_line(&r, STOPPED(3, "end_turn"));
	assert_int_equal(r.n, 4);
	assert_non_null(strstr(r.entries[0], "\"one two\""));
	assert_non_null(strstr(r.entries[1], "\"status\":\"completed\""));
	assert_non_null(strstr(r.entries[2], "mode: yolo"));
	assert_true(rpcrig_has(&r.facts, " three\n"));
	agentrig_stop(&r);
}

/* Command lines. */

static void
test_commands(void **state)
{
	static const struct {
		const struct agent_ops *ops;
		const char *config, *want;
	} rows[] = {
		{ &agent_gemini, "{}", "gemini --experimental-acp" },
		{ &agent_gemini, "{\"yolo\":true,\"model\":\"m\"}",
		    "gemini --model m --yolo --allowed-tools "
		    "run_shell_command --experimental-acp" },
		{ &agent_qwen, "{\"yolo\":true}", "qwen --yolo --acp" },
		{ &agent_qwen, "{\"additional_params\":[\"-x 'a b'\"]}",
		    "qwen --acp -x a b" },
		{ &agent_copilot,
		    "{\"allow_all_tools\":true,\"allow_tool\":\"t\","
		    "\"deny_tool\":\"u\",\"add_dir\":[\"/a\",\"/b\"],"
		    "\"disable_mcp_server\":[\"s\"]}",
		    "copilot --allow-all-tools --allow-tool t --deny-tool u "
		    "--add-dir /a --add-dir /b --disable-mcp-server s --acp" },
		{ &agent_opencode, "{}", "opencode acp" },
		{ &agent_opencode, "{\"variant\":\"high\"}", NULL },
		{ &agent_acp, "{\"base_command_override\":\"goose acp\"}",
		    "goose acp" },
		{ &agent_acp, "{}", NULL },
		{ &agent_codex, "{}", "codex app-server" },
		{ &agent_codex, "{\"oss\":true}", "codex app-server --oss" },
		{ &agent_codex, "{\"sandbox\":\"none\"}", NULL },
		{ &agent_codex, "{\"sandbox\":true}", NULL },
		{ &agent_codex, "{\"sandbox\":\"read\"}", NULL },
		{ &agent_codex, "{\"ask_for_approval\":\"\"}", NULL },
		{ &agent_codex, "{\"sandbox\":null}", "codex app-server" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *a = arena_new();
		struct js *config = agentrig_json(rows[i].config);
		const struct agent_wish w = { .prompt = "p", .config = config };
		struct agent_command c;
		const char *why = NULL, *all = "";
		int err = rows[i].ops->command(a, &w, &c, &why);

		assert_int_equal(err, rows[i].want != NULL ? 0 : RDV_E_INVALID);
		assert_int_equal(why == NULL, rows[i].want != NULL);
		for (size_t n = 0; err == 0 && c.argv[n] != NULL; n++)
			all = arena_printf(a, "%s%s%s", all, n > 0 ? " " : "",
			    c.argv[n]);
		if (err == 0)
			assert_string_equal(all, rows[i].want);
		js_free(config);
		arena_free(a);
	}
}

/* OpenCode asks only when its environment tells it to. */
static void
test_opencode_asks(void **state)
{
	(void)state;
	for (int trusts = 0; trusts < 2; trusts++) {
		struct arena *a = arena_new();
		struct js *config =
		    agentrig_json(trusts ? "{\"auto_approve\":true}" : "{}");
		const struct agent_wish w = { .prompt = "p", .config = config };
		struct agent_command c;
		const char *why;
		bool told = false;

		assert_int_equal(agent_opencode.command(a, &w, &c, &why), 0);
		for (size_t n = 0; c.env[n] != NULL; n++)
			told |=
			    strncmp(c.env[n], "OPENCODE_PERMISSION=", 20) == 0;
		assert_int_equal(told, !trusts);
		js_free(config);
		arena_free(a);
	}
}

/* Whenever it is interrupted, the output makes the same entries. */
static void
test_interrupt_makes_no_entry(void **state)
{
	static const char *const said[] = {
		"{\"id\":1,\"result\":{\"protocolVersion\":1}}",
		OPENED,
		SAYS("hello"),
		UPDATE("\"sessionUpdate\":\"tool_call\"," TOOL),
		STOPPED(3, "cancelled"),
		SAYS("late"),
	};
	const size_t n = sizeof(said) / sizeof(said[0]);
	char *want = NULL, *got;
	struct agentrig r;

	(void)state;
	for (size_t when = n + 1; when-- > 0;) {
		acprig_begin(&r, &agent_gemini, "{}");
		for (size_t i = 0; i < n; i++) {
			if (i == when)
				agent_interrupt(r.g);
			agentrig_line(&r, said[i]);
		}
		assert_true(r.over);
		assert_int_equal(r.how, AGENT_INTERRUPTED);
		got = agentrig_entries(&r);
		if (want == NULL)
			want = got;
		else {
			assert_string_equal(got, want);
			free(got);
		}
		agentrig_stop(&r);
	}
	free(want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_feedback),
		cmocka_unit_test(test_timed_out),
		cmocka_unit_test(test_interrupts),
		cmocka_unit_test(test_interrupt_makes_no_entry),
		cmocka_unit_test(test_ending_is_asked),
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_updates),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_opencode_asks),
	};

	return CHECK_RUN("acpanswer", tests);
}
