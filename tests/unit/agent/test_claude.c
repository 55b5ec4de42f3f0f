/* SPDX-License-Identifier: MIT */
/*
 * Claude Code where it is not as recorded: command lines, and L09: answers
 * before questions, after the end, unknown ids, initialize skipped.
 */
#include "tests/unit/agent/clauderig.h"

#include <string.h>

#include "daemon/agent/agents.h"
#include "lib/arena.h"
#include "lib/js.h"
#include "lib/xalloc.h"
#include "tests/unit/check.h"

/* Words of the command line, its environment, and what is taken out of it. */
static const char *
command(const char *config, struct agent_wish wish)
{
	static char text[4000];
	struct arena *a = arena_new();
	struct js *v = agentrig_json(config);
	struct agent_command c;
	const char *why;
	struct buf b;

	wish.config = v;
	wish.cwd = "/wd";
	wish.prompt = "";
	buf_init(&b, sizeof(text) - 1);
	if (agent_claude.command(a, &wish, &c, &why) != 0)
		buf_put_text(&b, why);
	else {
		for (size_t i = 0; c.argv[i] != NULL; i++)
			buf_printf(&b, "%s|", c.argv[i]);
		for (size_t i = 0; c.env != NULL && c.env[i] != NULL; i++)
			buf_printf(&b, " %s", c.env[i]);
	}
	(void)snprintf(text, sizeof(text), "%s", buf_cstr(&b));
	buf_done(&b);
	js_free(v);
	arena_free(a);
	return text;
}

#define STREAM                                                  \
	"--verbose|--output-format=stream-json|--input-format=" \
	"stream-json|--include-partial-messages|--replay-user-messages|"
#define GROUP(name, event)                                                 \
	"\"" name "\":[{\"hooks\":[{\"type\":\"command\",\"command\":"     \
	"\"test ! -x /run/rdv/rdv || exec /run/rdv/rdv hook claude " event \
	"\",\"timeout\":5}]}]"
#define BEGINNING                              \
	GROUP("SessionStart", "session-start") \
	"," GROUP("UserPromptSubmit", "prompt-submit")
#define TOOLS                               \
	GROUP("PreToolUse", "pre-tool-use") \
	"," GROUP("PostToolUse", "post-tool-use")
#define WORDS                                 \
	GROUP("Notification", "notification") \
	"," GROUP("Stop", "stop")
#define PARTS                                  \
	GROUP("SubagentStop", "subagent-stop") \
	"," GROUP("PreCompact", "pre-compact")
#define ENDING GROUP("SessionEnd", "session-end")
#define SETTINGS                                                      \
	"--settings={\"disableAllHooks\":false,\"hooks\":{" BEGINNING \
	"," TOOLS "," WORDS "," PARTS "," ENDING "}}|"
#define ENV " NPM_CONFIG_LOGLEVEL=error"

static void
test_command_lines(void **state)
{
	const struct agent_wish none = { 0 };
	const struct agent_wish back = { .resume = "s", .resume_at = "u" };
	const struct agent_wish root = { .root = true };
	const struct agent_wish boxed = { .root = true, .confined = true };
	const char *const skip = "{\"dangerously_skip_permissions\":true}";

	(void)state;
	assert_string_equal(command(skip, none),
	    "claude|-p|--disallowedTools=AskUserQuestion|"
	    "--dangerously-skip-permissions|" STREAM ENV);
	assert_string_equal(command("{\"approvals\":true,"
				    "\"dangerously_skip_permissions\":true,"
				    "\"model\":\"opus\",\"effort\":\"high\","
				    "\"agent\":\"a b\"}",
				none),
	    "claude|-p|--permission-prompt-tool=stdio|--permission-mode="
	    "bypassPermissions|--model|opus|--effort|high|--agent|a b|" STREAM
		ENV);
	assert_string_equal(
	    command("{\"base_command_override\":\"npx -y 'a b' "
		    "\\\"c\\\\\\\"d\\\"\","
		    "\"additional_params\":[\"--x 1\",\"'y z'\"],"
		    "\"env\":{\"A\":\"1=2\"},\"disable_api_key\":false}",
		back),
	    "npx|-y|a b|c\"d|-p|--permission-prompt-tool=stdio|"
	    "--permission-mode=bypassPermissions|" STREAM
	    "--x|1|y z|--resume|s|--resume-session-at|u|" ENV " A=1=2");
	assert_string_equal(command(skip, boxed),
	    "claude|-p|--disallowedTools=AskUserQuestion|"
	    "--dangerously-skip-permissions|" STREAM SETTINGS ENV
	    " IS_SANDBOX=1");
	assert_non_null(strstr(command(skip, root),
	    "dangerously_skip_permissions: as root"));
	assert_string_equal(command("{\"plan\":true}", root),
	    "claude|-p|--permission-prompt-tool=stdio|--permission-mode="
	    "default|" STREAM ENV);
}

/* They are a confined run's alone, and its variant's word is the last one. */
static void
test_hooks_of_a_confined_one(void **state)
{
	const struct agent_wish boxed = { .confined = true, .resume = "s" };

	(void)state;
	assert_string_equal(
	    command("{\"additional_params\":[\"--settings x\"]}", boxed),
	    "claude|-p|--permission-prompt-tool=stdio|--permission-mode="
	    "bypassPermissions|" STREAM SETTINGS
	    "--settings|x|--resume|s|" ENV);
	assert_string_equal(command("{\"claude_code_router\":true}", boxed),
	    "ccr|code|-p|--permission-prompt-tool=stdio|--permission-mode="
	    "bypassPermissions|" STREAM "--resume|s|" ENV);
}

static void
test_command_lines_that_are_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "{\"base_command_override\":\"'x\"}",
		    "base_command_override: a quote is not closed" },
		{ "{\"base_command_override\":\" \"}",
		    "base_command_override: names no program" },
		{ "{\"base_command_override\":\"./node_modules/.bin/x\"}",
		    "base_command_override: has to begin with a name or an "
		    "absolute path" },
		{ "{\"additional_params\":[\"\\\"x\"]}",
		    "additional_params: a quote is not closed" },
		{ "{\"additional_params\":[1]}",
		    "additional_params: has to be texts" },
		{ "{\"env\":{\"A=\":\"1\"}}",
		    "env.A=: has to be a name with a text" },
		{ "{\"env\":{\"A\":1}}",
		    "env.A: has to be a name with a text" },
		{ "{\"disable_api_key\":true}",
		    "disable_api_key: rdv cannot keep a variable from an "
		    "agent; take ANTHROPIC_API_KEY out of the account's "
		    "environment" },
	};
	const struct agent_wish none = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(command(rows[i][0], none), rows[i][1]);
	/* The positive control of the third. */
	assert_non_null(strstr(command("{\"base_command_override\":\"/opt/x\"}",
				   none),
	    "/opt/x|-p|"));
}

#define PLAN(id) CAN_USE(id, "ExitPlanMode", "t9", "{\"plan\":\"p\"}")
#define HOOK(id, tool)                                                   \
	"{\"type\":\"control_request\",\"request_id\":\"" id             \
	"\",\"request\":{\"subtype\":\"hook_callback\",\"callback_id\":" \
	"\"AUTO_APPROVE_CALLBACK_ID\",\"input\":{\"tool_name\":\"" tool  \
	"\"}}}\n"

static bool
hook_allows(struct agentrig *r, const char *line)
{
	buf_reset(&r->sent);
	agentrig_out(r, line);
	return strstr(clauderig_sent(r), "\"permissionDecision\":\"allow\"") !=
	       NULL;
}

/* K16: that a plan is approved is no leave for all that is done for it. */
static void
abuse_K16_a_plan_is_approved(void **state)
{
	static const struct {
		const char *config, *mode;
		bool free;
	} rows[] = {
		{ "{\"plan\":true}", "\"mode\":\"default\"", false },
		{ "{\"plan\":true,\"approvals\":true,"
		  "\"dangerously_skip_permissions\":true}",
		    "\"mode\":\"default\"", false },
		{ "{\"plan\":true,\"dangerously_skip_permissions\":true}",
		    "\"mode\":\"bypassPermissions\"", true },
	};
	const struct agent_answer yes = { .verdict = AGENT_APPROVED };
	struct agentrig r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		clauderig_start(&r, rows[i].config);
		agentrig_out(&r, INIT);
		assert_true(hook_allows(&r, HOOK("h1", "Bash")));
		agentrig_out(&r, PLAN("q1"));
		buf_reset(&r.sent);
		agent_answer(r.g, "q1", &yes);
		assert_non_null(strstr(clauderig_sent(&r), rows[i].mode));
		assert_int_equal(hook_allows(&r, HOOK("h2", "Bash")),
		    rows[i].free);
		assert_true(hook_allows(&r, HOOK("h3", "Read")));
		agentrig_stop(&r);
	}
}

/* L09: it may not ask before it has taken our hooks. */
static void
abuse_L09_initialize_skipped(void **state)
{
	struct agentrig r;

	(void)state;
	clauderig_start(&r, "{\"approvals\":true}");
	agentrig_out(&r, CAN_USE("q1", "Bash", "t1", "{\"command\":\"ls\"}"));
	assert_int_equal(r.nkeys, 0);
	assert_non_null(strstr(clauderig_sent(&r),
	    "\"subtype\":\"error\",\"request_id\":"
	    "\"q1\""));
	agentrig_out(&r, INIT);
	agentrig_out(&r, CAN_USE("q2", "Bash", "t1", "{\"command\":\"ls\"}"));
	assert_int_equal(r.nkeys, 1);
	assert_non_null(strstr(buf_cstr(&r.asks), "0 q2 Bash t1 ls 0 "));
	agentrig_stop(&r);
}

/* A program that does not take how it is to be used must not be used. */
static void
test_initialize_refused(void **state)
{
	struct agentrig r;

	(void)state;
	clauderig_start(&r, "{\"approvals\":true}");
	agentrig_line(&r, "{\"type\":\"control_response\",\"response\":{"
			  "\"subtype\":\"error\",\"request_id\":\"other\","
			  "\"error\":\"no\"}}");
	assert_false(r.over);
	agentrig_line(&r, "{\"type\":\"control_response\",\"response\":{"
			  "\"subtype\":\"error\",\"request_id\":\"rdv-2\","
			  "\"error\":\"no mode\"}}");
	assert_true(r.over && r.how == AGENT_FAILED && r.finished);
	assert_non_null(strstr(r.why, "no mode"));
	agentrig_stop(&r);
}

/* L09: known and unknown ids, twice, and after the end. */
static void
abuse_L09_answers_out_of_order(void **state)
{
	const struct agent_answer yes = { .verdict = AGENT_APPROVED };
	struct agentrig r;

	(void)state;
	clauderig_asks(&r);
	agent_answer(r.g, "q1", &yes);
	agentrig_out(&r, CAN_USE("q1", "Bash", "t1", "{\"command\":\"ls\"}"));
	agent_answer(r.g, "t1", &yes);
	agent_answer(r.g, "q2", &yes);
	assert_string_equal(clauderig_sent(&r), "");
	agent_answer(r.g, "q1", &yes);
	assert_string_equal(clauderig_sent(&r),
	    "{\"type\":\"control_response\",\"response\":{\"subtype\":"
	    "\"success\",\"request_id\":\"q1\",\"response\":{\"behavior\":"
	    "\"allow\",\"updatedInput\":{\"command\":\"ls\"}}}}\n");
	buf_reset(&r.sent);
	/* The same id, for something else. */
	agentrig_out(&r, CAN_USE("q1", "Bash", "t2", "{\"command\":\"rm\"}"));
	assert_int_equal(r.nkeys, 1);
	assert_non_null(strstr(clauderig_sent(&r), "\"behavior\":\"deny\""));
	assert_true(clauderig_shows(&r, 1, "\"denied\""));
	agentrig_line(&r, "{\"type\":\"result\",\"subtype\":\"success\","
			  "\"is_error\":false,\"result\":\"\"}");
	assert_true(r.over && r.how == AGENT_SUCCEEDED);
	/* rig_send() fails when something is sent now. */
	agentrig_out(&r, CAN_USE("q3", "Bash", "t3", "{\"command\":\"ls\"}"));
	agent_answer(r.g, "q3", &yes);
	assert_int_equal(r.nkeys, 1);
	agentrig_stop(&r);
}

static void
abuse_L09_requests_of_a_wrong_shape(void **state)
{
	static const char *const lines[] = {
		CAN_USE("q1", "", "t", "{}"),
		CAN_USE("q1", "Bash", "", "{}"),
		CAN_USE("q1", "Bash", "t", "[]"),
		CAN_USE("q1", "Bash", "t", "\"ls\""),
		"{\"type\":\"control_request\",\"request_id\":\"q1\"}\n",
		"{\"type\":\"control_request\",\"request_id\":\"q1\","
		"\"request\":{\"subtype\":\"become_root\"}}\n",
		"{\"type\":\"control_request\",\"request_id\":\"q1\","
		"\"request\":{\"subtype\":\"hook_callback\",\"callback_id\":"
		"\"unknown\"}}\n",
	};
	struct agentrig r;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		clauderig_asks(&r);
		agentrig_out(&r, lines[i]);
		assert_int_equal(r.nkeys, 0);
		if (strstr(clauderig_sent(&r), "\"subtype\":\"error\"") ==
			NULL &&
		    strstr(clauderig_sent(&r), "\"behavior\":\"deny\"") == NULL)
			fail_msg("%s: %s", lines[i], clauderig_sent(&r));
		agentrig_stop(&r);
	}
	/* Twice the same key: which is shown, and which is done? */
	clauderig_asks(&r);
	agentrig_out(&r, CAN_USE("q1", "Bash", "t",
			     "{\"command\":\"ls\",\"command\":\"rm\"}"));
	assert_int_equal(r.nkeys, 0);
	assert_non_null(strstr(clauderig_sent(&r), "\"behavior\":\"deny\""));
	agentrig_stop(&r);
}

/* `n` bytes of content to be written. */
static size_t
asked_to_write(size_t n)
{
	char *content = xcalloc(1, n + 1);
	struct agentrig r;
	size_t asked;

	memset(content, 'x', n);
	clauderig_asks(&r);
	agentrig_out(&r, "{\"type\":\"control_request\",\"request_id\":\"q\","
			 "\"request\":{\"subtype\":\"can_use_tool\","
			 "\"tool_name\":\"Write\",\"input\":{\"content\":\"");
	agentrig_out(&r, content);
	agentrig_out(&r, "\"}}}\n");
	asked = r.nkeys;
	assert_int_equal(strstr(clauderig_sent(&r), "deny") != NULL, !asked);
	agentrig_stop(&r);
	free(content);
	return asked;
}

static void
test_an_input_with_too_much_in_it(void **state)
{
	struct agentrig r;
	struct buf b;

	(void)state;
	assert_int_equal(asked_to_write(((size_t)4 << 20) - 14), 1);
	assert_int_equal(asked_to_write(((size_t)4 << 20) - 13), 0);
	for (int n = 64; n <= 65; n++) {
		buf_init(&b, 100000);
		buf_put_text(&b, "{\"type\":\"control_request\",\"request_id\":"
				 "\"q\",\"request\":{\"subtype\":"
				 "\"can_use_tool\",\"tool_name\":\"Bash\","
				 "\"input\":{");
		for (int i = 0; i < n; i++)
			buf_printf(&b, "%s\"k%d\":1", i > 0 ? "," : "", i);
		buf_put_text(&b, "}}}\n");
		clauderig_asks(&r);
		agentrig_out(&r, buf_cstr(&b));
		assert_int_equal(r.nkeys, n == 64);
		agentrig_stop(&r);
		buf_done(&b);
	}
}

/* What is approved automatically where no plan is made is asked. */
static void
test_hooks(void **state)
{
	static const char hook[] =
	    "{\"type\":\"control_request\",\"request_id\":\"h\",\"request\":{"
	    "\"subtype\":\"hook_callback\",\"callback_id\":"
	    "\"AUTO_APPROVE_CALLBACK_ID\",\"input\":{}}}\n";
	struct agentrig r;

	(void)state;
	clauderig_asks(&r);
	agentrig_out(&r, hook);
	assert_non_null(strstr(clauderig_sent(&r),
	    "\"permissionDecision\":\"ask\""));
	agentrig_stop(&r);
	clauderig_start(&r, "{\"plan\":true}");
	agentrig_out(&r, INIT);
	agentrig_out(&r, hook);
	assert_non_null(strstr(clauderig_sent(&r),
	    "\"permissionDecision\":\"allow\""));
	agentrig_stop(&r);
}

#define STOP(active)                                                     \
	"{\"type\":\"control_request\",\"request_id\":\"s" active        \
	"\",\"request\":{\"subtype\":\"hook_callback\",\"callback_id\":" \
	"\"STOP_GIT_CHECK_CALLBACK_ID\",\"input\":{\"stop_hook_"         \
	"active\":" active "}}}\n"

static void
test_it_is_told_once_that_it_may_not_end(void **state)
{
	const struct agent_answer no = { .verdict = AGENT_DENIED,
		.reason = "commit first" };
	struct agentrig r;

	(void)state;
	clauderig_asks(&r);
	agentrig_out(&r, STOP("false"));
	assert_string_equal(buf_cstr(&r.asks), "3 sfalse  - - -1 \n");
	agent_answer(r.g, "sfalse", &no);
	assert_non_null(strstr(clauderig_sent(&r),
	    "{\"decision\":\"block\",\"reason\":\"commit first\"}"));
	buf_reset(&r.sent);
	agentrig_out(&r, STOP("true"));
	assert_int_equal(r.nkeys, 1);
	assert_non_null(strstr(clauderig_sent(&r),
	    "{\"decision\":\"approve\"}"));
	agentrig_stop(&r);
}

/* K02: what a person sees is what the request says, not the announcement. */
static void
abuse_K02_the_request_is_what_is_shown(void **state)
{
	const struct agent_answer yes = { .verdict = AGENT_APPROVED };
	struct agentrig r;

	(void)state;
	clauderig_asks(&r);
	agentrig_out(&r, CALL("t1", "Bash", "{\"command\":\"ls\"}"));
	assert_true(clauderig_shows(&r, 0, "\"command\":\"ls\""));
	agentrig_out(&r, CAN_USE("q1", "Bash", "t1", "{\"command\":\"rm x\"}"));
	assert_true(clauderig_shows(&r, 0, "\"command\":\"rm x\""));
	assert_true(clauderig_shows(&r, 0, "\"pending_approval\""));
	assert_string_equal(buf_cstr(&r.asks),
	    "0 q1 Bash t1 rm x 0 {\"command\":\"rm x\"}\n");
	agent_answer(r.g, "q1", &yes);
	assert_true(clauderig_shows(&r, 0, "\"created\""));
	assert_non_null(strstr(clauderig_sent(&r), "{\"command\":\"rm x\"}"));
	agentrig_stop(&r);
}

static void
test_a_request_is_taken_back(void **state)
{
	const struct agent_answer yes = { .verdict = AGENT_APPROVED };
	struct agentrig r;

	(void)state;
	clauderig_asks(&r);
	agentrig_out(&r, CAN_USE("q1", "Bash", "t1", "{\"command\":\"ls\"}"));
	agentrig_line(&r, "{\"type\":\"control_cancel_request\","
			  "\"request_id\":\"q1\"}");
	assert_string_equal(buf_cstr(&r.unasked), "q1\n");
	assert_true(clauderig_shows(&r, 0, "\"created\""));
	agent_answer(r.g, "q1", &yes);
	assert_string_equal(clauderig_sent(&r), "");
	agentrig_stop(&r);
}

static void
test_a_tool_is_not_answered(void **state)
{
	struct js *answers =
	    agentrig_json("[{\"question\":\"Q\",\"answer\":[\"a\",\"b\"]},"
			  "{\"question\":\"Q\",\"answer\":[\"c\"]}]");
	const struct agent_answer a = { .verdict = AGENT_ANSWERED,
		.answers = answers };
	struct agentrig r;

	(void)state;
	clauderig_asks(&r);
	agentrig_out(&r, CAN_USE("q1", "Bash", "t1", "{\"command\":\"ls\"}"));
	agent_answer(r.g, "q1", &a);
	assert_non_null(strstr(clauderig_sent(&r), "\"behavior\":\"deny\""));
	buf_reset(&r.sent);
	/* A question is, and each question once. */
	agentrig_out(&r, CAN_USE("q2", "AskUserQuestion", "t2",
			     "{\"questions\":[{\"question\":\"Q\"}],"
			     "\"answers\":{\"Q\":\"forged\"}}"));
	agent_answer(r.g, "q2", &a);
	assert_non_null(strstr(clauderig_sent(&r),
	    "\"updatedInput\":{\"questions\":[{\"question\":\"Q\"}],"
	    "\"answers\":{\"Q\":\"a, b\"}}"));
	js_free(answers);
	agentrig_stop(&r);
}

static void
test_withdrawn_is_not_answered(void **state)
{
	struct agentrig r;

	(void)state;
	clauderig_asks(&r);
	agentrig_out(&r, CAN_USE("q1", "Bash", "t1", "{\"command\":\"ls\"}"));
	agent_interrupt(r.g);
	assert_string_equal(clauderig_sent(&r),
	    "{\"type\":\"control_request\",\"request_id\":\"rdv-3\","
	    "\"request\":{\"subtype\":\"interrupt\"}}\n");
	assert_true(clauderig_shows(&r, 0, "\"denied\""));
	agentrig_stop(&r);
}

/* The second time somebody decides about a call, that counts. */
static void
test_a_call_is_asked_about_twice(void **state)
{
	const struct agent_answer no = { .verdict = AGENT_DENIED,
		.reason = "first" };
	const struct agent_answer yes = { .verdict = AGENT_APPROVED };
	struct agentrig r;

	(void)state;
	clauderig_asks(&r);
	agentrig_out(&r, CAN_USE("q1", "Bash", "t1", "{\"command\":\"ls\"}"));
	agent_answer(r.g, "q1", &no);
	assert_true(clauderig_shows(&r, 0, "\"reason\":\"first\""));
	agentrig_out(&r, CAN_USE("q2", "Bash", "t1", "{\"command\":\"ls\"}"));
	agent_answer(r.g, "q2", &no);
	agentrig_out(&r, CAN_USE("q3", "Bash", "t1", "{\"command\":\"ls\"}"));
	agent_answer(r.g, "q3", &yes);
	agentrig_out(&r, RESULT("t1", "\"out\""));
	assert_int_equal(r.n, 1);
	assert_true(clauderig_shows(&r, 0, "\"success\""));
	agentrig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command_lines),
		cmocka_unit_test(test_hooks_of_a_confined_one),
		cmocka_unit_test(test_command_lines_that_are_refused),
		cmocka_unit_test(abuse_K16_a_plan_is_approved),
		cmocka_unit_test(abuse_L09_initialize_skipped),
		cmocka_unit_test(test_initialize_refused),
		cmocka_unit_test(abuse_L09_answers_out_of_order),
		cmocka_unit_test(abuse_L09_requests_of_a_wrong_shape),
		cmocka_unit_test(test_an_input_with_too_much_in_it),
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_it_is_told_once_that_it_may_not_end),
		cmocka_unit_test(abuse_K02_the_request_is_what_is_shown),
		cmocka_unit_test(test_a_request_is_taken_back),
		cmocka_unit_test(test_a_tool_is_not_answered),
		cmocka_unit_test(test_a_call_is_asked_about_twice),
		cmocka_unit_test(test_withdrawn_is_not_answered),
	};

	return CHECK_RUN("claude", tests);
}
