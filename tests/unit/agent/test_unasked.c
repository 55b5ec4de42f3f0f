/* SPDX-License-Identifier: MIT */
/*
 * Abuse K16: by which field of a configuration an agent asks nobody. Whatever
 * is not in that many words in a configuration has somebody asked.
 */
#include "tests/unit/agent/agentrig.h"

#include <string.h>

#include "daemon/agent/agents.h"
#include "lib/arena.h"
#include "lib/js.h"
#include "tests/unit/check.h"

#define FULL	    "\"sandbox\":\"danger-full-access\""
#define BASE(line)  "{\"base_command_override\":\"" line "\"}"
#define EXTRA(line) "{\"additional_params\":[\"" line "\"]}"
#define ENV(name)   "{\"env\":{\"" name "\":\"1\"}}"
#define MODE(name)  "{\"agent\":\"" name "\"}"
#define RUN	    "\"base_command_override\":\"goose acp\""

static const struct {
	const struct agent_ops *ops;
	const char *config, *field;
} rows[] = {
	{ &agent_claude, "{}", NULL },
	{ &agent_claude, "{\"plan\":true}", NULL },
	{ &agent_claude, "{\"approvals\":false}", NULL },
	{ &agent_claude, "{\"dangerously_skip_permissions\":false}", NULL },
	{ &agent_claude, "{\"dangerously_skip_permissions\":true}",
	    "dangerously_skip_permissions" },
	{ &agent_claude,
	    "{\"dangerously_skip_permissions\":true,\"plan\":true}",
	    "dangerously_skip_permissions" },
	{ &agent_claude,
	    "{\"dangerously_skip_permissions\":true,\"approvals\":true}",
	    NULL },
	{ &agent_claude, "{\"additional_params\":[\"--verbose\"]}", NULL },
	{ &agent_claude,
	    "{\"additional_params\":[\"--dangerously-skip-perm'iss'ions\"]}",
	    "additional_params" },
	{ &agent_claude,
	    "{\"additional_params\":[\"--x\",\"--permission-mode=plan\"]}",
	    "additional_params" },
	{ &agent_claude,
	    "{\"base_command_override\":\"claude "
	    "--dangerously-skip-permissions\"}",
	    "base_command_override" },
	{ &agent_claude, "{\"base_command_override\":\"npx -y claude\"}",
	    NULL },
	/* As their programs take them as well. */
	{ &agent_gemini, BASE("gemini -y"), "base_command_override" },
	{ &agent_qwen, BASE("/opt/qwen -dy"), "base_command_override" },
	{ &agent_cursor, BASE("cursor-agent -f"), "base_command_override" },
	{ &agent_gemini, BASE("npx -y gemini"), NULL },
	{ &agent_gemini, BASE("/usr/bin/npx -y gemini -y"),
	    "base_command_override" },
	{ &agent_gemini, BASE("pnpm dlx gemini -y"), "base_command_override" },
	{ &agent_gemini, BASE("bunx --x gemini --x"), NULL },
	{ &agent_gemini, BASE("npx -c 'gemini -y'"), "base_command_override" },
	{ &agent_gemini, BASE("npx --call='gemini -y'"),
	    "base_command_override" },
	{ &agent_gemini, BASE("sh -lc 'gemini -y'"), "base_command_override" },
	{ &agent_gemini, BASE("ynpx -y gemini"), "base_command_override" },
	{ &agent_codex, EXTRA("-cKEY=never"), "additional_params" },
	{ &agent_codex, EXTRA("--config KEY=never"), "additional_params" },
	{ &agent_codex, EXTRA("--sandbox=danger-full-access"),
	    "additional_params" },
	{ &agent_codex, EXTRA("--ask-for-approval never"),
	    "additional_params" },
	{ &agent_gemini, EXTRA("-dy"), "additional_params" },
	{ &agent_gemini, EXTRA("--y"), "additional_params" },
	{ &agent_gemini, EXTRA("--yolo.x"), "additional_params" },
	{ &agent_gemini, EXTRA("--approvalMode=yolo"), "additional_params" },
	{ &agent_gemini, EXTRA("--approval_mode yolo"), "additional_params" },
	{ &agent_copilot, EXTRA("--allow-all-urls"), "additional_params" },
	{ &agent_claude, EXTRA("--dangerously-so"), "additional_params" },
	{ &agent_gemini, EXTRA("-m=flash -d -- - --debug yolo --auto-x"),
	    NULL },
	/* Whom to ask may be said in a variable, or in what one points to. */
	{ &agent_claude, ENV("ANTHROPIC_API_KEY"), NULL },
	{ &agent_claude, ENV("ANTHROPIC_AUTH_TOKEN"), NULL },
	{ &agent_claude, ENV("ANTHROPIC_BASE_URL"), NULL },
	{ &agent_claude, ENV("ANTHROPIC_MODEL"), NULL },
	{ &agent_claude, ENV("HTTPS_PROXY"), NULL },
	{ &agent_claude, "{\"env\":{}}", NULL },
	{ &agent_claude, ENV("CLAUDE_CONFIG_DIR"), "env" },
	{ &agent_claude, ENV("HOME"), "env" },
	{ &agent_claude, ENV("_KEY"), "env" },
	{ &agent_claude, ENV("A_KEY\":\"\",\"PATH"), "env" },
	{ &agent_codex, ENV("CODEX_HOME"), "env" },
	{ &agent_copilot, ENV("COPILOT_ALLOW_ALL"), "env" },
	{ &agent_gemini, ENV("GEMINI_CLI_SYSTEM_SETTINGS_PATH"), "env" },
	{ &agent_opencode, ENV("OPENCODE_PERMISSION"), "env" },
	{ &agent_acp, BASE("env A_KEY=x goose acp"), NULL },
	{ &agent_acp, BASE("/usr/bin/env HOME=/x goose acp"),
	    "base_command_override" },
	{ &agent_amp, "{}", NULL },
	{ &agent_amp, "{\"dangerously_allow_all\":true}",
	    "dangerously_allow_all" },
	{ &agent_cursor, "{}", NULL },
	{ &agent_cursor, "{\"force\":true}", "force" },
	{ &agent_cursor, "{\"additional_params\":[\"-f\"]}",
	    "additional_params" },
	{ &agent_droid, "{}", NULL },
	{ &agent_droid, "{\"autonomy\":\"normal\"}", NULL },
	{ &agent_droid, "{\"autonomy\":\"low\"}", "autonomy" },
	{ &agent_codex, "{}", NULL },
	{ &agent_codex, "{\"sandbox\":\"auto\"}", NULL },
	{ &agent_codex, "{\"ask_for_approval\":\"on-failure\"}", NULL },
	{ &agent_codex, "{" FULL "}", "sandbox" },
	{ &agent_codex, "{" FULL ",\"ask_for_approval\":\"on-request\"}",
	    "sandbox" },
	{ &agent_codex, "{" FULL ",\"ask_for_approval\":\"unless-trusted\"}",
	    NULL },
	{ &agent_codex, "{\"ask_for_approval\":\"never\"}",
	    "ask_for_approval" },
	{ &agent_gemini, "{}", NULL },
	{ &agent_gemini, "{\"yolo\":true}", "yolo" },
	{ &agent_qwen, "{}", NULL },
	{ &agent_qwen, "{\"yolo\":true}", "yolo" },
	{ &agent_copilot, "{}", NULL },
	{ &agent_copilot, "{\"allow_all_tools\":true}", "allow_all_tools" },
	{ &agent_copilot, "{\"allow_tool\":\"shell\"}", "allow_tool" },
	{ &agent_opencode, "{}", NULL },
	{ &agent_opencode, "{\"auto_approve\":true}", "auto_approve" },
	{ &agent_acp, "{" RUN "}", NULL },
	{ &agent_acp, "{" RUN ",\"yolo\":true}", "yolo" },
	{ &agent_qwen, MODE("default"), NULL },
	{ &agent_qwen, MODE("plan"), NULL },
	{ &agent_qwen, MODE("yolo"), "agent" },
	{ &agent_qwen, MODE("auto-edit"), "agent" },
	{ &agent_qwen, MODE("Plan"), "agent" },
	{ &agent_opencode, MODE("ask"), NULL },
	{ &agent_opencode, MODE("mine"), "agent" },
	{ &agent_acp, "{" RUN ",\"agent\":\"\"}", NULL },
	{ &agent_acp, "{" RUN ",\"agent\":\"bypassPermissions\"}", "agent" },
	/* These are never told a mode. */
	{ &agent_gemini, MODE("yolo"), NULL },
	{ &agent_copilot, MODE("yolo"), NULL },
};

static void
look(const struct agent_ops *ops, const char *config, const char *field)
{
	struct arena *a = arena_new();
	struct js *v = agentrig_json(config);
	const struct agent_wish w = { .prompt = "p", .config = v };
	struct agent_command c;
	const char *why = "";

	if (ops->command(a, &w, &c, &why) != 0)
		fail_msg("%s %s: %s", ops->name, config, why);
	if (field == NULL ? c.unasked != NULL
			  : c.unasked == NULL || strcmp(c.unasked, field) != 0)
		fail_msg("%s %s: %s", ops->name, config,
		    c.unasked != NULL ? c.unasked : "somebody is asked");
	js_free(v);
	arena_free(a);
}

static void
abuse_K16_by_which_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		look(rows[i].ops, rows[i].config, rows[i].field);
}

/* The last of them needs to be told what it runs. */
static void
abuse_K16_not_by_default(void **state)
{
	static const struct agent_ops *const all[] = { &agent_claude,
		&agent_amp, &agent_cursor, &agent_droid, &agent_codex,
		&agent_gemini, &agent_qwen, &agent_copilot, &agent_opencode };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		look(all[i], all[i]->defaults, NULL);
	assert_string_equal(agent_acp.defaults, "{}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_K16_by_which_field),
		cmocka_unit_test(abuse_K16_not_by_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
