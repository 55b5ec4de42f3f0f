/* SPDX-License-Identifier: MIT */
/* The shapes of entries, literally, and the categories of commands. */
#include "tests/unit/agent/agentrig.h"

#include <string.h>

#include "daemon/agent/category.h"
#include "lib/js.h"
#include "tests/unit/check.h"

static void
is(struct js *v, const char *want)
{
	struct buf b;

	buf_init(&b, 10000);
	js_finish(v, &b);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void
test_texts(void **state)
{
	struct js *answers =
	    agentrig_json("[{\"question\":\"Q\",\"answer\":[\"a\"]}]");

	(void)state;
	is(entry_text(ENTRY_THINKING, "a\n"),
	    "{\"entry_type\":{\"type\":\"thinking\"},\"content\":\"a\\n\"}");
	is(entry_error("no", true),
	    "{\"entry_type\":{\"type\":\"error_message\",\"error_type\":"
	    "{\"type\":\"setup_required\"}},\"content\":\"no\"}");
	is(entry_feedback("Bash", "why"),
	    "{\"entry_type\":{\"type\":\"user_feedback\",\"denied_tool\":"
	    "\"Bash\"},\"content\":\"why\"}");
	is(entry_answers(answers),
	    "{\"entry_type\":{\"type\":\"user_answered_questions\",\"answers\":"
	    "[{\"question\":\"Q\",\"answer\":[\"a\"]}]},\"content\":\"\"}");
	is(entry_usage(154, 200000),
	    "{\"entry_type\":{\"type\":\"token_usage_info\",\"total_tokens\":"
	    "154,\"model_context_window\":200000},\"content\":\"\"}");
	js_free(answers);
}

static void
test_tools(void **state)
{
	const struct entry_status created = { ENTRY_CREATED, NULL };
	const struct entry_status denied = { ENTRY_DENIED, NULL };
	const struct entry_status pending = { ENTRY_PENDING, "id" };
	struct js *changes = js_array();

	(void)state;
	is(entry_tool("Bash", entry_command("ls", NULL), &created, "ls"),
	    "{\"entry_type\":{\"type\":\"tool_use\",\"tool_name\":\"Bash\","
	    "\"action_type\":{\"action\":\"command_run\",\"command\":\"ls\","
	    "\"result\":null,\"category\":\"read\"},\"status\":{\"status\":"
	    "\"created\"}},\"content\":\"ls\"}");
	js_push(changes, entry_diff("--- a", false));
	is(entry_tool("Edit", entry_edit("f", changes), &denied, "f"),
	    "{\"entry_type\":{\"type\":\"tool_use\",\"tool_name\":\"Edit\","
	    "\"action_type\":{\"action\":\"file_edit\",\"path\":\"f\","
	    "\"changes\":[{\"action\":\"edit\",\"unified_diff\":\"--- a\","
	    "\"has_line_numbers\":false}]},\"status\":{\"status\":\"denied\","
	    "\"reason\":null}},\"content\":\"f\"}");
	is(entry_tool("T", entry_call("mcp:s:t", NULL, entry_result("[1]")),
	       &pending, "T"),
	    "{\"entry_type\":{\"type\":\"tool_use\",\"tool_name\":\"T\","
	    "\"action_type\":{\"action\":\"tool\",\"tool_name\":\"mcp:s:t\","
	    "\"arguments\":null,\"result\":{\"type\":{\"type\":\"json\"},"
	    "\"value\":[1]}},\"status\":{\"status\":\"pending_approval\","
	    "\"approval_id\":\"id\"}},\"content\":\"T\"}");
}

static void
test_actions(void **state)
{
	struct js *todos =
	    agentrig_json("[{\"content\":\"a\",\"status\":"
			  "\"in-progress\"},7,{\"step\":\"b\","
			  "\"status\":\"?\",\"priority\":\"h\"}]");
	struct js *questions = js_array(), *options = js_array();

	(void)state;
	is(entry_todos(todos, "write"),
	    "{\"action\":\"todo_management\",\"todos\":[{\"content\":\"a\","
	    "\"status\":\"in_progress\",\"priority\":null},{\"content\":\"b\","
	    "\"status\":\"pending\",\"priority\":\"h\"}],\"operation\":"
	    "\"write\"}");
	js_push(options, entry_option("R", ""));
	js_push(questions, entry_question("Q", "", options, false));
	is(entry_questions(questions),
	    "{\"action\":\"ask_user_question\",\"questions\":[{\"question\":"
	    "\"Q\",\"header\":\"\",\"options\":[{\"label\":\"R\","
	    "\"description\":\"\"}],\"multiSelect\":false}]}");
	is(entry_command("x", entry_ran_code(3, NULL)),
	    "{\"action\":\"command_run\",\"command\":\"x\",\"result\":"
	    "{\"exit_status\":{\"type\":\"exit_code\",\"code\":3},\"output\":"
	    "null},\"category\":\"other\"}");
	is(entry_task("d", NULL, entry_markdown("done")),
	    "{\"action\":\"task_create\",\"description\":\"d\","
	    "\"subagent_type\":null,\"result\":{\"type\":{\"type\":"
	    "\"markdown\"},\"value\":\"done\"}}");
	js_free(todos);
}

static void
test_categories(void **state)
{
	static const struct {
		const char *command, *category;
	} rows[] = {
		{ "", "other" },
		{ "  ", "other" },
		{ "cat x", "read" },
		{ "/bin/LS -l", "read" },
		{ "rg x", "search" },
		{ "sed -n 1p x", "read" },
		{ "sed -i s/a/b/ x", "edit" },
		{ "rm -rf x", "edit" },
		{ "curl x", "fetch" },
		{ "make", "other" },
		{ "catalogue", "other" },
		{ "echo a > b", "edit" },
		{ "echo a >> b", "edit" },
		{ "cat a 2>/dev/null", "read" },
		{ "cat a > /dev/nullify", "edit" },
		{ "cat a 2>&1", "read" },
		{ "cat a 2>&1 >b", "edit" },
		{ "grep '>' x", "search" },
		{ "grep \">\" x", "search" },
		{ "grep \\> x", "search" },
		{ "bash -lc 'cat x'", "read" },
		{ "/bin/bash -c \"sh -c 'wget x'\"", "fetch" },
		{ "bash -c ls", "read" },
		{ "bash x.sh", "other" },
		{ "sh -c", "other" },
		{ "sh -c 'unfinished", "other" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(category_of(rows[i].command), rows[i].category) != 0)
			fail_msg("%s: %s", rows[i].command,
			    category_of(rows[i].command));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_tools),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_categories),
	};

	return CHECK_RUN("entry", tests);
}
