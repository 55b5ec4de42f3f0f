/* SPDX-License-Identifier: MIT */
/*
 * Amp, Cursor and Droid: command lines, the prompt, and what is shown of their
 * lines.
 */
#include "tests/unit/agent/agentrig.h"

#include <string.h>

#include "daemon/agent/agents.h"
#include "daemon/term/runlog.h"
#include "lib/arena.h"
#include "lib/js.h"
#include "tests/unit/check.h"

static void
starts(struct agentrig *r, const struct agent_ops *ops)
{
	struct js *v = agentrig_json("{\"append_prompt\":\" now\"}");
	const struct agent_wish wish = {
		.prompt = "do it", .cwd = "/wd", .config = v
	};

	agentrig_start(r, ops, &wish);
	js_free(v);
	agent_begin(r->g);
	assert_string_equal(buf_cstr(&r->sent), "do it now");
	assert_true(r->finished);
}

static void
runs(const struct agent_ops *ops, const char *config, const char *resume,
    const char *want)
{
	struct arena *a = arena_new();
	struct js *v = agentrig_json(config);
	const struct agent_wish wish = {
		.prompt = "", .cwd = "/wd", .resume = resume, .config = v
	};
	struct agent_command c;
	const char *why = "";
	struct buf b;

	buf_init(&b, 1000);
	assert_int_equal(ops->command(a, &wish, &c, &why), 0);
	for (size_t i = 0; c.argv[i] != NULL; i++)
		buf_printf(&b, "%s%s", i > 0 ? " " : "", c.argv[i]);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
	js_free(v);
	arena_free(a);
}

static void
test_command_lines(void **state)
{
	(void)state;
	runs(&agent_amp, agent_amp.defaults, NULL,
	    "amp --execute --stream-json");
	runs(&agent_amp, "{\"dangerously_allow_all\":true}", NULL,
	    "amp --execute --stream-json --dangerously-allow-all");
	runs(&agent_amp, "{}", "T-1",
	    "amp --execute --stream-json threads continue T-1");
	runs(&agent_cursor, agent_cursor.defaults, NULL,
	    "cursor-agent -p --output-format=stream-json --trust --model auto");
	runs(&agent_cursor, "{\"force\":true}", NULL,
	    "cursor-agent -p --output-format=stream-json --force");
	runs(&agent_cursor, "{\"model\":\"gpt-5\",\"reasoning\":\"high\"}", "s",
	    "cursor-agent -p --output-format=stream-json --trust --model "
	    "gpt-5-high --resume s");
	runs(&agent_droid, agent_droid.defaults, NULL,
	    "droid exec --output-format stream-json");
	runs(&agent_droid, "{\"autonomy\":\"skip-permissions-unsafe\"}", NULL,
	    "droid exec --output-format stream-json --skip-permissions-unsafe");
	runs(&agent_droid,
	    "{\"autonomy\":\"low\",\"model\":\"m\",\"reasoning_effort\":"
	    "\"off\",\"additional_params\":[\"--x\"]}",
	    "s",
	    "droid exec --output-format stream-json --auto low --model m "
	    "--reasoning-effort off --x --session-id s");
	runs(&agent_droid, "{\"autonomy\":\"normal\"}", NULL,
	    "droid exec --output-format stream-json");
}

/* Each entry has its part, and there are no more. */
static void
entries(const struct agentrig *r, const char *const *parts)
{
	size_t i;

	for (i = 0; parts[i] != NULL; i++) {
		if (i >= r->n)
			fail_msg("no entry %zu: %s", i, parts[i]);
		if (strstr(r->entries[i], parts[i]) == NULL)
			fail_msg("want %s\ngot %s", parts[i], r->entries[i]);
	}
	assert_int_equal(r->n, i);
}

static void
lines(struct agentrig *r, const char *const *all)
{
	for (size_t i = 0; all[i] != NULL; i++)
		agentrig_line(r, all[i]);
}

/* What it says of the past is gone where the prompt stands. */
static void
test_amp_says_the_past_again(void **state)
{
	static const char *const said[] = {
		"{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":"
		"\"T-1\"}",
		"{\"type\":\"user\",\"message\":{\"content\":[{\"type\":"
		"\"text\",\"text\":\"earlier\"}]},\"session_id\":\"T-1\"}",
		"{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":"
		"\"text\",\"text\":\"old\"},{\"type\":\"text\",\"text\":"
		"\"older\"}]}}",
		"{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":"
		"\"tool_use\",\"id\":\"old\",\"name\":\"Bash\",\"input\":{}}]}"
		"}",
		"{\"type\":\"user\",\"message\":{\"content\":[{\"type\":"
		"\"text\",\"text\":\"do it now\"}]}}",
		"{\"type\":\"user\",\"message\":{\"content\":[{\"type\":"
		"\"tool_result\",\"tool_use_id\":\"old\",\"content\":\"x\"}]}}",
		"{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":"
		"\"tool_use\",\"id\":\"t\",\"name\":\"Bash\",\"input\":{"
		"\"cmd\":\"ls\"}}]}}",
		"{\"type\":\"user\",\"message\":{\"content\":[{\"type\":"
		"\"tool_result\",\"tool_use_id\":\"t\",\"content\":"
		"\"{\\\"output\\\":\\\"a\\\",\\\"exitCode\\\":2}\"}]}}",
		"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":"
		"false,\"result\":\"fresh\"}",
		NULL
	};
	static const char *const want[] = { "\\\"tool_use_id\\\":\\\"old\\\"",
		"\"command\":\"ls\",\"result\":{\"exit_status\":{\"type\":"
		"\"exit_code\",\"code\":2},\"output\":\"a\"}",
		"\"assistant_message\"},\"content\":\"fresh\"", NULL };
	struct agentrig r;

	(void)state;
	starts(&r, &agent_amp);
	lines(&r, said);
	entries(&r, want);
	assert_non_null(strstr(buf_cstr(&r.order), "RR"));
	assert_true(r.over && r.how == AGENT_SUCCEEDED);
	assert_non_null(strstr(buf_cstr(&r.facts), "0 T-1\n"));
	agentrig_stop(&r);
}

/* L09: it cannot be answered, so it does not ask. */
static void
abuse_L09_amp_does_not_ask(void **state)
{
	struct agentrig r;

	(void)state;
	starts(&r, &agent_amp);
	agentrig_line(&r, "{\"type\":\"control_response\",\"response\":{"
			  "\"subtype\":\"success\",\"request_id\":\"rdv-1\"}}");
	agentrig_line(&r, "{\"type\":\"control_request\",\"request_id\":\"q\","
			  "\"request\":{\"subtype\":\"can_use_tool\","
			  "\"tool_name\":\"Bash\",\"input\":{}}}");
	assert_int_equal(r.nkeys, 0);
	agentrig_stop(&r);
}

#define CURSOR_CALL(sub, id, kind, rest)                                    \
	"{\"type\":\"tool_call\",\"subtype\":\"" sub "\",\"call_id\":\"" id \
	"\",\"tool_call\":{\"" kind "\":{" rest "}}}"

static const char *const cursor_said[] = {
	"{\"type\":\"system\",\"subtype\":\"init\",\"model\":\"Auto\","
	"\"session_id\":\"s1\"}",
	"{\"type\":\"system\",\"model\":\"Auto\"}",
	"{\"type\":\"user\",\"message\":{\"content\":[]}}",
	"{\"type\":\"thinking\",\"text\":\"hm\"}",
	"{\"type\":\"thinking\",\"text\":\"m\"}",
	"{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"text\","
	"\"text\":\"He\"}]}}",
	"{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"text\","
	"\"text\":\"llo\"}]}}",
	CURSOR_CALL("started", "c1", "shellToolCall",
	    "\"args\":{\"command\":\"ls\",\"x\":1}"),
	"{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"text\","
	"\"text\":\"next\"}]}}",
	CURSOR_CALL("completed", "c1", "shellToolCall",
	    "\"args\":{\"command\":\"ls\"},\"result\":{\"failure\":{"
	    "\"stdout\":\"o\",\"stderr\":\"e\",\"exitCode\":2}}"),
	CURSOR_CALL("started", "c2", "editToolCall",
	    "\"args\":{\"path\":\"/wd/f\",\"strReplace\":{\"oldText\":\"a\","
	    "\"newText\":\"b\"}}"),
	CURSOR_CALL("started", "c3", "editToolCall",
	    "\"args\":{\"path\":\"/wd/g\",\"strReplace\":{\"oldText\":\"a\","
	    "\"newText\":\"b\"}}"),
	CURSOR_CALL("completed", "c3", "editToolCall",
	    "\"args\":{\"path\":\"/wd/g\"},\"result\":{\"success\":{"
	    "\"diffString\":\"@@ x\"}}"),
	CURSOR_CALL("completed", "c4", "mcpToolCall",
	    "\"args\":{\"providerIdentifier\":\"p\",\"toolName\":\"t\","
	    "\"args\":{\"k\":1}},\"result\":{\"success\":{\"r\":2}}"),
	CURSOR_CALL("started", "c5", "globToolCall",
	    "\"args\":{\"globPattern\":\"*.c\"}"),
	CURSOR_CALL("started", "c6", "deleteToolCall",
	    "\"args\":{\"path\":\"d\"}"),
	CURSOR_CALL("started", "c7", "newToolCall", "\"args\":{\"n\":1}"),
	"{\"type\":\"tool_call\",\"call_id\":\"c8\"}", "{\"type\":\"future\"}",
	"text",
	"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,"
	"\"result\":\"Hellonext\"}",
	NULL
};
static const char *const cursor_shows[] = {
	"System initialized with model: Auto",
	"\"thinking\"},\"content\":\"hmm\"",
	"\"assistant_message\"},\"content\":\"Hello\"",
	"\"command\":\"ls\",\"result\":{\"exit_status\":{\"type\":\"exit_code\""
	",\"code\":2},\"output\":\"oe\"},\"category\":\"read\"},\"status\":{"
	"\"status\":\"failed\"",
	"\"content\":\"next\"",
	"\"path\":\"f\",\"changes\":[{\"action\":\"edit\",\"unified_diff\":"
	"\"--- a/f\\n+++ b/f\\n@@ -1,1 +1,1 @@\\n-a\\n+b\\n\"",
	"\"path\":\"g\",\"changes\":[{\"action\":\"edit\",\"unified_diff\":"
	"\"@@ x\"",
	"\"tool_name\":\"mcp:p:t\",\"arguments\":{\"k\":1},\"result\":{"
	"\"type\":{\"type\":\"json\"},\"value\":{\"r\":2}}},\"status\":{"
	"\"status\":\"success\"",
	"\"action\":\"search\",\"query\":\"*.c\"",
	"\"path\":\"d\",\"changes\":[{\"action\":\"delete\"}]",
	"Tool: newToolCall", "\\\"c8\\\"", "\\\"future\\\"",
	"\"content\":\"text\"",
	"\"assistant_message\"},\"content\":\"Hellonext\"", NULL
};

static void
test_cursor(void **state)
{
	struct agentrig r;

	(void)state;
	starts(&r, &agent_cursor);
	lines(&r, cursor_said);
	entries(&r, cursor_shows);
	assert_string_equal(buf_cstr(&r.facts), "0 s1\n2 Auto\n3 Hellonext\n");
	assert_true(r.over && r.how == AGENT_SUCCEEDED);
	agentrig_stop(&r);
}

static void
test_cursor_is_not_signed_in(void **state)
{
	static const char said[] = "Error: Authentication required. Please "
				   "run 'cursor-agent login' first\n";
	struct agentrig r;

	(void)state;
	starts(&r, &agent_cursor);
	agent_bytes(r.g, RUNLOG_ERR, 1, "harmless\n", 9);
	agent_bytes(r.g, RUNLOG_ERR, 5000, said, sizeof(said) - 1);
	agent_bytes(r.g, RUNLOG_ERR, 5001, "more\n", 5);
	agent_ended(r.g, 1);
	assert_int_equal(r.n, 2);
	assert_null(strstr(r.entries[0], "setup_required"));
	assert_non_null(strstr(r.entries[1], "setup_required"));
	assert_string_equal(buf_cstr(&r.facts),
	    "4 Cursor is not signed in. Run: cursor-agent login\n");
	assert_true(r.how == AGENT_FAILED);
	agentrig_stop(&r);
}

static const char *const droid_said[] = {
	"{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"d1\","
	"\"model\":\"m\"}",
	"{\"type\":\"message\",\"role\":\"user\",\"text\":\"do it now\"}",
	"{\"type\":\"message\",\"role\":\"user\",\"text\":\"other\"}",
	"{\"type\":\"message\",\"role\":\"assistant\",\"text\":\"hi\"}",
	"{\"type\":\"tool_call\",\"id\":\"c1\",\"toolName\":\"Execute\","
	"\"parameters\":{\"command\":\"ls\"}}",
	"{\"type\":\"tool_call\",\"id\":\"c2\",\"toolName\":\"Create\","
	"\"parameters\":{\"file_path\":\"/wd/n\",\"content\":\"x\"}}",
	"{\"type\":\"tool_call\",\"id\":\"c3\",\"toolName\":\"LS\","
	"\"parameters\":{\"directory_path\":\"/wd/src\"}}",
	"{\"type\":\"tool_call\",\"id\":\"c4\",\"toolName\":\"Glob\","
	"\"parameters\":{\"folder\":\".\",\"patterns\":[\"*.h\"]}}",
	"{\"type\":\"tool_call\",\"id\":\"c5\",\"toolName\":\"ApplyPatch\","
	"\"parameters\":{\"input\":\"*** Update File: a.c\\n-x\\n\"}}",
	"{\"type\":\"tool_result\",\"id\":\"c2\",\"isError\":false,\"value\":"
	"\"ok\"}",
	"{\"type\":\"tool_result\",\"isError\":true,\"error\":{\"type\":\"t\","
	"\"message\":\"boom\"}}",
	"{\"type\":\"tool_call\",\"id\":\"c6\",\"toolName\":\"ExitSpecMode\","
	"\"parameters\":{\"p\":1}}",
	"{\"type\":\"tool_result\",\"toolId\":\"c6\",\"value\":{\"v\":1}}",
	"{\"type\":\"error\",\"source\":\"s\",\"message\":\"bad\"}",
	"{\"type\":\"future\"}",
	"{\"type\":\"completion\",\"finalText\":\"hi\"}", NULL
};
static const char *const droid_shows[] = {
	"\"system_message\"},\"content\":\"model: m\"",
	"\"user_message\"},\"content\":\"other\"",
	"\"assistant_message\"},\"content\":\"hi\"",
	"\"output\":\"boom\"},\"category\":\"read\"},\"status\":{\"status\":"
	"\"failed\"",
	"\"path\":\"n\",\"changes\":[{\"action\":\"write\",\"content\":\"x\"}]}"
	",\"status\":{\"status\":\"success\"",
	"\"action\":\"file_read\",\"path\":\"src\"", "Find files: *.h",
	"\"path\":\"a.c\",\"changes\":[{\"action\":\"edit\"",
	"\"tool_name\":\"ExitSpecMode\",\"arguments\":{\"p\":1},\"result\":{"
	"\"type\":{\"type\":\"json\"},\"value\":{\"v\":1}}",
	"\"error_type\":{\"type\":\"other\"}},\"content\":\"bad\"",
	"\\\"future\\\"", NULL
};

static void
test_droid(void **state)
{
	struct agentrig r;

	(void)state;
	starts(&r, &agent_droid);
	lines(&r, droid_said);
	entries(&r, droid_shows);
	assert_string_equal(buf_cstr(&r.facts), "0 d1\n2 m\n3 hi\n");
	assert_true(r.over && r.how == AGENT_SUCCEEDED);
	agentrig_stop(&r);
}

static void
test_an_end_without_a_result(void **state)
{
	static const struct agent_ops *const all[] = { &agent_amp,
		&agent_cursor, &agent_droid };
	struct agentrig r;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		starts(&r, all[i]);
		agent_ended(r.g, 0);
		assert_true(r.how == AGENT_FAILED);
		assert_non_null(strstr(r.why, "ended without a result"));
		agentrig_stop(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command_lines),
		cmocka_unit_test(test_amp_says_the_past_again),
		cmocka_unit_test(abuse_L09_amp_does_not_ask),
		cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_cursor_is_not_signed_in),
		cmocka_unit_test(test_droid),
		cmocka_unit_test(test_an_end_without_a_result),
	};

	return CHECK_RUN("lineagents", tests);
}
