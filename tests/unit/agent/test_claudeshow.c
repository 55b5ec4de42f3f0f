/* SPDX-License-Identifier: MIT */
/*
 * What is shown of Claude Code's output where it is not as recorded: lines that
 * nobody knows, failures, and the tools one by one.
 */
#include "tests/unit/agent/clauderig.h"

#include <string.h>

#include "lib/js.h"
#include "tests/unit/check.h"

static void
test_unknown_lines_are_shown(void **state)
{
	static const char *const lines[] = { "not JSON",
		"{\"type\":\"new_thing\",\"x\":1}", "[1]", "{}", "7",
		"{\"type\":\"tool_use\",\"tool_name\":\"x\"}",
		"{\"type\":\"stream_event\",\"event\":{\"type\":\"new\"}}",
		"{\"type\":5}" };
	struct agentrig r;
	struct js *v;

	(void)state;
	clauderig_asks(&r);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		agentrig_line(&r, lines[i]);
		assert_int_equal(r.n, i + 1);
		v = agentrig_json(r.entries[i]);
		assert_string_equal(js_str(v, "content", ""), lines[i]);
		js_free(v);
	}
	agentrig_line(&r, "{\"type\":\"system\",\"subtype\":\"new\"}");
	assert_true(clauderig_shows(&r, r.n - 1, "System: new"));
	agentrig_line(&r, "{\"type\":\"assistant\",\"message\":{\"content\":[{"
			  "\"type\":\"hologram\",\"x\":1}]}}");
	assert_true(clauderig_shows(&r, r.n - 1, "hologram"));
	agentrig_out(&r, RESULT("never called", "\"out\""));
	assert_true(clauderig_shows(&r, r.n - 1, "never called"));
	agentrig_stop(&r);
}

#define HOOK(subtype, more) \
	"{\"type\":\"system\",\"subtype\":\"" subtype "\"," more "}"

/* Lines that are not looked at are those that say nothing, and whole. */
static void
test_silent_lines(void **state)
{
	static const char *const lines[] = {
		"{\"type\":\"stream_event\",\"event\":{\"type\":"
		"\"message_stop\"}}",
		"{\"type\":\"stream_event\",\"event\":{\"type\":"
		"\"content_block_delta\",\"index\":12,\"delta\":{\"type\":"
		"\"input_json_delta\",\"partial_json\":\"{\"}}}",
		"{\"type\": \"stream_event\", \"event\": {\"type\": "
		"\"content_block_stop\"}}",
		HOOK("hook_started", "\"hook_event\":\"SessionStart\""),
		HOOK("hook_response", "\"outcome\":\"success\""),
	};
	struct agentrig r;

	(void)state;
	clauderig_asks(&r);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		agentrig_line(&r, lines[i]);
	assert_int_equal(r.n, 0);
	/* One that was cut off is shown. */
	agentrig_line(&r, "{\"type\":\"stream_event\",\"event\":{\"type\":"
			  "\"message_stop\"");
	assert_int_equal(r.n, 1);
	/* So is a hook that failed, or of which nobody says how it went. */
	agentrig_line(&r, HOOK("hook_response", "\"outcome\":\"error\""));
	assert_true(clauderig_shows(&r, 1, "System: hook_response"));
	agentrig_line(&r, HOOK("hook_response", "\"exit_code\":0"));
	assert_true(clauderig_shows(&r, 2, "System: hook_response"));
	agentrig_stop(&r);
}

static void
test_unknown_fields_change_nothing(void **state)
{
	struct agentrig r;

	(void)state;
	clauderig_asks(&r);
	agentrig_line(&r, "{\"new\":[{\"type\":\"x\"}],\"type\":\"assistant\","
			  "\"message\":{\"future\":{},\"id\":\"m\",\"content\":"
			  "[{\"extra\":null,\"type\":\"text\",\"text\":\"hi\","
			  "\"citations\":[]}]}}");
	assert_int_equal(r.n, 1);
	assert_string_equal(r.entries[0],
	    "{\"entry_type\":{\"type\":\"assistant_message\"},\"content\":"
	    "\"hi\"}");
	agentrig_stop(&r);
}

/* The streamed text and the whole one are one entry, in its first place. */
static void
test_streams_of_subagents_run_beside(void **state)
{
#define EVENT(parent, event)                                        \
	"{\"type\":\"stream_event\",\"parent_tool_use_id\":" parent \
	",\"event\":" event "}\n"
#define DELTA(i, key, text)                                                   \
	"{\"type\":\"content_block_delta\",\"index\":" i ",\"delta\":{\"" key \
	"\":\"" text "\"}}"
#define START(id) "{\"type\":\"message_start\",\"message\":{\"id\":\"" id "\"}}"
	struct agentrig r;

	(void)state;
	clauderig_asks(&r);
	agentrig_out(&r, EVENT("null", START("m1")));
	agentrig_out(&r, EVENT("null", DELTA("0", "thinking", "th")));
	agentrig_out(&r, EVENT("\"t\"", START("m2")));
	agentrig_out(&r, EVENT("\"t\"", DELTA("0", "text", "sub")));
	agentrig_out(&r, EVENT("null", DELTA("1", "text", "ma")));
	agentrig_out(&r, EVENT("\"t\"", DELTA("0", "text", "agent")));
	agentrig_out(&r, EVENT("null", DELTA("1", "text", "in")));
	agentrig_out(&r, EVENT("null", DELTA("-1", "text", "odd")));
	agentrig_out(&r, EVENT("null", DELTA("64", "text", "odd")));
	assert_int_equal(r.n, 3);
	assert_true(clauderig_shows(&r, 0, "\"thinking\"},\"content\":\"th\""));
	assert_true(clauderig_shows(&r, 1, "\"content\":\"subagent\""));
	assert_true(clauderig_shows(&r, 2, "\"content\":\"main\""));
	agentrig_line(&r, "{\"type\":\"assistant\",\"message\":{\"id\":\"m1\","
			  "\"content\":[{\"type\":\"thinking\",\"thinking\":"
			  "\"thought\"},{\"type\":\"text\",\"text\":\"main!\"}]"
			  "}}");
	assert_int_equal(r.n, 3);
	assert_true(clauderig_shows(&r, 0, "\"content\":\"thought\""));
	assert_true(clauderig_shows(&r, 2, "\"content\":\"main!\""));
	agentrig_stop(&r);
}

/* Text without an end is told once more when it is full, and then no more. */
static void
test_text_without_end(void **state)
{
	struct agentrig r;
	char piece[1001] = "", line[1200];
	size_t told;

	(void)state;
	memset(piece, 'x', 1000);
	(void)snprintf(line, sizeof(line),
	    EVENT("null", DELTA("0", "text", "%s")), piece);
	clauderig_asks(&r);
	agentrig_out(&r, EVENT("null", START("m1")));
	for (size_t n = 0; n <= AGENT_TEXT_MAX; n += 1000)
		agentrig_out(&r, line);
	told = r.told;
	for (int i = 0; i < 3000; i++)
		agentrig_out(&r, line);
	assert_int_equal(r.told, told);
	agentrig_out(&r, EVENT("null", START("m2")));
	assert_int_equal(r.n, 1);
	assert_true(strlen(r.entries[0]) > AGENT_TEXT_MAX);
	assert_true(strlen(r.entries[0]) < AGENT_TEXT_MAX + 200);
	assert_true(clauderig_shows(&r, 0, "x ... (the log has all of it)"));
	/* The next one begins anew. */
	agentrig_out(&r, EVENT("null", DELTA("0", "text", "two")));
	agentrig_out(&r, EVENT("null", START("m3")));
	assert_int_equal(r.n, 2);
	assert_true(clauderig_shows(&r, 1, "\"two\""));
	agentrig_stop(&r);
}

static void
test_how_a_turn_ends(void **state)
{
	static const struct {
		const char *line;
		enum agent_outcome how;
		const char *why;
	} rows[] = {
		{ "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":"
		  "false,\"result\":\"done\"}",
		    AGENT_SUCCEEDED, "" },
		{ "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":"
		  "true,\"result\":\"API error\"}",
		    AGENT_FAILED, "API error" },
		{ "{\"type\":\"result\",\"subtype\":\"error_max_turns\","
		  "\"is_error\":true}",
		    AGENT_FAILED, "Claude Code ended with error_max_turns." },
		/* What does not say that it went well did not. */
		{ "{\"type\":\"result\",\"subtype\":\"success\"}", AGENT_FAILED,
		    "Claude Code ended with success." },
	};
	struct agentrig r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		clauderig_asks(&r);
		agentrig_line(&r, rows[i].line);
		assert_true(r.over && r.finished);
		assert_int_equal(r.how, rows[i].how);
		assert_string_equal(r.why, rows[i].why);
		agentrig_stop(&r);
	}
	clauderig_asks(&r);
	agent_ended(r.g, 0);
	assert_true(r.over && r.how == AGENT_FAILED);
	assert_string_equal(r.why, "Claude Code ended without a result.");
	agentrig_stop(&r);
}

static void
abuse_L03_not_signed_in(void **state)
{
	struct agentrig r;

	(void)state;
	clauderig_asks(&r);
	agentrig_line(&r, "{\"type\":\"assistant\",\"message\":{\"id\":\"m\","
			  "\"model\":\"<synthetic>\",\"content\":[{\"type\":"
			  "\"text\",\"text\":\"Not logged in\"}]},"
			  "\"session_id\":\"s\",\"uuid\":\"u\",\"error\":"
			  "\"authentication_failed\"}");
	agentrig_line(&r, "{\"type\":\"result\",\"subtype\":\"success\","
			  "\"is_error\":true,\"result\":\"Not logged in\"}");
	assert_int_equal(r.n, 1);
	assert_true(clauderig_shows(&r, 0, "setup_required"));
	assert_string_equal(buf_cstr(&r.facts),
	    "0 s\n"
	    "4 Claude Code is not signed in. Run: claude /login\n"
	    "1 u\n"
	    "3 Not logged in\n");
	assert_true(r.how == AGENT_FAILED);
	assert_string_equal(r.why, "Claude Code is not signed in.");
	agentrig_stop(&r);
}

/* The id of the conversation is not that of a line about the program. */
static void
test_the_conversation_has_its_first_id(void **state)
{
	struct agentrig r;

	(void)state;
	clauderig_asks(&r);
	agentrig_line(&r, "{\"type\":\"system\",\"subtype\":\"status\","
			  "\"session_id\":\"no\"}");
	agentrig_line(&r, "{\"type\":\"rate_limit_event\",\"session_id\":"
			  "\"yes\"}");
	agentrig_line(&r, "{\"type\":\"user\",\"session_id\":\"later\"}");
	assert_string_equal(buf_cstr(&r.facts), "0 yes\n");
	assert_int_equal(r.n, 0);
	agentrig_stop(&r);
}

static void
test_the_window_is_corrected(void **state)
{
	struct agentrig r;

	(void)state;
	clauderig_asks(&r);
	agentrig_line(&r, "{\"type\":\"system\",\"subtype\":\"init\",\"model\":"
			  "\"opus[1m]\",\"apiKeySource\":\"none\"}");
	agentrig_line(&r, "{\"type\":\"stream_event\",\"event\":{\"type\":"
			  "\"message_delta\",\"usage\":{\"input_tokens\":1,"
			  "\"output_tokens\":2,\"cache_read_input_tokens\":4,"
			  "\"cache_creation_input_tokens\":8}}}");
	assert_int_equal(r.n, 1);
	assert_true(clauderig_shows(&r, 0,
	    "\"total_tokens\":15,\"model_context_window\":1000000"));
	agentrig_line(&r, "{\"type\":\"stream_event\",\"parent_tool_use_id\":"
			  "\"t\",\"event\":{\"type\":\"message_delta\","
			  "\"usage\":{\"input_tokens\":99}}}");
	agentrig_line(&r, "{\"type\":\"result\",\"subtype\":\"success\","
			  "\"is_error\":false,\"modelUsage\":{\"opus[1m]\":{"
			  "\"contextWindow\":5000}}}");
	assert_int_equal(r.n, 1);
	assert_true(clauderig_shows(&r, 0,
	    "\"total_tokens\":15,\"model_context_window\":5000"));
	agentrig_stop(&r);
}

static const struct {
	const char *call, *action, *content;
} tools[] = {
	{ CALL("t", "Read", "{\"file_path\":\"/wd/a\"}"),
	    "{\"action\":\"file_read\",\"path\":\"a\"}", "a" },
	{ CALL("t", "read", "{\"path\":\"/etc/a\"}"),
	    "{\"action\":\"file_read\",\"path\":\"/etc/a\"}", "/etc/a" },
	{ CALL("t", "Read", "{\"file_path\":\"/wdx/a\"}"),
	    "{\"action\":\"file_read\",\"path\":\"/wdx/a\"}", "/wdx/a" },
	{ CALL("t", "Edit",
	      "{\"file_path\":\"a\",\"old_string\":\"x\\ny\\nz\","
	      "\"new_string\":\"x\\nw\\nz\"}"),
	    "{\"action\":\"file_edit\",\"path\":\"a\",\"changes\":[{"
	    "\"action\":\"edit\",\"unified_diff\":\"--- a/a\\n+++ b/a"
	    "\\n@@ -1,3 +1,3 @@\\n x\\n-y\\n+w\\n z\\n\","
	    "\"has_line_numbers\":false}]}",
	    "a" },
	{ CALL("t", "multi_edit",
	      "{\"file_path\":\"a\",\"edits\":[{\"old_str\":\"\","
	      "\"new_str\":\"n\"}]}"),
	    "{\"action\":\"file_edit\",\"path\":\"a\",\"changes\":[{"
	    "\"action\":\"edit\",\"unified_diff\":\"--- a/a\\n+++ b/a"
	    "\\n@@ -0,0 +1,1 "
	    "@@\\n+n\\n\",\"has_line_numbers\":false}]}",
	    "a" },
	{ CALL("t", "Glob", "{\"pattern\":\"*.c\"}"),
	    "{\"action\":\"search\",\"query\":\"*.c\"}", "Find files: *.c" },
	{ CALL("t", "Grep", "{\"pattern\":\"p\"}"),
	    "{\"action\":\"search\",\"query\":\"p\"}", "p" },
	{ CALL("t", "WebFetch", "{\"url\":\"u\"}"),
	    "{\"action\":\"web_fetch\",\"url\":\"u\"}", "u" },
	{ CALL("t", "WebSearch", "{\"query\":\"q\"}"),
	    "{\"action\":\"web_fetch\",\"url\":\"q\"}", "q" },
	{ CALL("t", "Task", "{\"description\":\"d\",\"subagent_type\":\"s\"}"),
	    "{\"action\":\"task_create\",\"description\":\"d\","
	    "\"subagent_type\":\"s\",\"result\":null}",
	    "Task: d" },
	{ CALL("t", "NotebookEdit", "{\"notebook_path\":\"/wd/n\"}"),
	    "{\"action\":\"tool\",\"tool_name\":\"NotebookEdit\","
	    "\"arguments\":{\"notebook_path\":\"/wd/n\"},\"result\":"
	    "null}",
	    "n" },
	{ CALL("t", "LS", "{\"path\":\"/wd\"}"),
	    "{\"action\":\"other\",\"description\":\"List directory: "
	    ".\"}",
	    "List directory: ." },
	{ CALL("t", "mcp__srv__do_it", "{\"a\":1}"),
	    "{\"action\":\"tool\",\"tool_name\":\"mcp:srv:do_it\","
	    "\"arguments\":{\"a\":1},\"result\":null}",
	    "mcp:srv:do_it" },
	{ CALL("t", "mcp__srv", "{}"),
	    "{\"action\":\"other\",\"description\":\"Tool: mcp__srv\"}",
	    "Tool: mcp__srv" },
	{ CALL("t", "TodoRead", "{}"),
	    "{\"action\":\"todo_management\",\"todos\":[],"
	    "\"operation\":\"read\"}",
	    "To-do list read" },
	/* An input that is none is shown as that. */
	{ CALL("t", "Bash", "7"),
	    "{\"action\":\"command_run\",\"command\":\"\",\"result\":"
	    "null,\"category\":\"other\"}",
	    "" },
};

static void
test_tools(void **state)
{
	struct agentrig r;
	struct js *v;

	(void)state;
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		clauderig_asks(&r);
		agentrig_out(&r, tools[i].call);
		assert_int_equal(r.n, 1);
		assert_true(clauderig_shows(&r, 0, tools[i].action));
		v = agentrig_json(r.entries[0]);
		assert_string_equal(js_str(v, "content", ""), tools[i].content);
		js_free(v);
		agentrig_stop(&r);
	}
}

static void
test_results(void **state)
{
	struct agentrig r;

	(void)state;
	clauderig_asks(&r);
	agentrig_out(&r, CALL("t", "New", "{}"));
	assert_true(clauderig_shows(&r, 0, "\"action\":\"other\""));
	agentrig_out(&r, RESULT("t", "\"{\\\"a\\\":1}\""));
	assert_true(clauderig_shows(&r, 0,
	    "\"result\":{\"type\":{\"type\":\"json\"},"
	    "\"value\":{\"a\":1}}"));
	agentrig_out(&r, CALL("t", "New", "{}"));
	agentrig_out(&r, RESULT("t", "[{\"type\":\"text\",\"text\":\"a\"},{"
				     "\"type\":\"text\",\"text\":\"b\"}]"));
	assert_true(clauderig_shows(&r, 1, "\"value\":\"a\\n\\nb\""));
	agentrig_out(&r, CALL("t", "New", "{}"));
	agentrig_out(&r, RESULT("t", "[{\"type\":\"image\",\"x\":1}]"));
	assert_true(clauderig_shows(&r, 2,
	    "\"value\":[{\"type\":\"image\",\"x\":1}]"));
	agentrig_out(&r, CALL("t", "Bash", "{\"command\":\"x\"}"));
	agentrig_out(&r, RESULT("t", "\"{\\\"output\\\":\\\"o\\\","
				     "\\\"exitCode\\\":3}\""));
	assert_true(clauderig_shows(&r, 3,
	    "{\"exit_status\":{\"type\":\"exit_code\","
	    "\"code\":3},\"output\":\"o\"}"));
	assert_int_equal(r.n, 4);
	agentrig_stop(&r);
}

/* What nests deeper than an entry may is a text there, and not asked. */
static void
test_deep_input(void **state)
{
	char deep[200], line[1000];
	struct agentrig r;

	(void)state;
	memset(deep, '[', 45);
	memset(deep + 45, ']', 45);
	deep[90] = '\0';
	(void)snprintf(line, sizeof(line),
	    CAN_USE("q", "New", "t", "{\"a\":%s}"), deep);
	clauderig_asks(&r);
	agentrig_out(&r, line);
	assert_int_equal(r.nkeys, 0);
	assert_non_null(strstr(clauderig_sent(&r), "\"behavior\":\"deny\""));
	(void)snprintf(line, sizeof(line),
	    CALL("t2", "mcp__a__b", "{\"a\":%s}"), deep);
	agentrig_out(&r, line);
	assert_true(clauderig_shows(&r, 1, "\"arguments\":\"{\\\"a\\\":[["));
	agentrig_stop(&r);
}

/* More announcements than are kept. */
static void
test_calls_without_end(void **state)
{
	char line[400];
	struct agentrig r;

	(void)state;
	clauderig_asks(&r);
	for (int i = 0; i < 600; i++) {
		(void)snprintf(line, sizeof(line),
		    CALL("t%d", "Bash", "{\"command\":\"x\"}"), i);
		agentrig_out(&r, line);
	}
	agentrig_out(&r, RESULT("t599", "\"last\""));
	assert_true(clauderig_shows(&r, 599, "\"last\""));
	agentrig_out(&r, RESULT("t0", "\"first\""));
	assert_int_equal(r.n, 601);
	assert_true(clauderig_shows(&r, 600, "system_message"));
	agentrig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_lines_are_shown),
		cmocka_unit_test(test_silent_lines),
		cmocka_unit_test(test_unknown_fields_change_nothing),
		cmocka_unit_test(test_streams_of_subagents_run_beside),
		cmocka_unit_test(test_text_without_end),
		cmocka_unit_test(test_how_a_turn_ends),
		cmocka_unit_test(abuse_L03_not_signed_in),
		cmocka_unit_test(test_the_conversation_has_its_first_id),
		cmocka_unit_test(test_the_window_is_corrected),
		cmocka_unit_test(test_tools),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_deep_input),
		cmocka_unit_test(test_calls_without_end),
	};

	return CHECK_RUN("claudeshow", tests);
}
