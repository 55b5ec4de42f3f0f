/* SPDX-License-Identifier: MIT */
/*
 * The fields of each agent's variants and what the choices of a request are to
 * them: one row each. An agent may be configured before there is an adapter for
 * it, so that a configuration made elsewhere is not refused.
 */
#include "daemon/agent/variantrows.h"

#include <string.h>

#define EFFORTS "low|medium|high|xhigh"

const struct variant_field variant_common[] = {
	{ "append_prompt", VARIANT_TEXT, NULL },
	{ "base_command_override", VARIANT_TEXT, NULL },
	{ "additional_params", VARIANT_TEXTS, NULL },
	{ "env", VARIANT_PAIRS, NULL },
	{ NULL, VARIANT_TEXT, NULL },
};

static const struct variant_field claude[] = {
	{ "claude_code_router", VARIANT_BOOL, NULL },
	{ "plan", VARIANT_BOOL, NULL },
	{ "approvals", VARIANT_BOOL, NULL },
	{ "model", VARIANT_TEXT, NULL },
	{ "effort", VARIANT_WORD, EFFORTS "|max" },
	{ "agent", VARIANT_TEXT, NULL },
	{ "dangerously_skip_permissions", VARIANT_BOOL, NULL },
	{ "disable_api_key", VARIANT_BOOL, NULL },
	{ NULL, VARIANT_TEXT, NULL },
};

static const struct variant_field amp[] = {
	{ "dangerously_allow_all", VARIANT_BOOL, NULL },
	{ NULL, VARIANT_TEXT, NULL },
};

static const struct variant_field gemini[] = {
	{ "model", VARIANT_TEXT, NULL },
	{ "yolo", VARIANT_BOOL, NULL },
	{ NULL, VARIANT_TEXT, NULL },
};

static const struct variant_field codex[] = {
	{ "sandbox", VARIANT_WORD,
	    "auto|read-only|workspace-write|danger-full-access" },
	{ "ask_for_approval", VARIANT_WORD,
	    "unless-trusted|on-failure|on-request|never" },
	{ "oss", VARIANT_BOOL, NULL },
	{ "model", VARIANT_TEXT, NULL },
	{ "model_reasoning_effort", VARIANT_WORD, EFFORTS },
	{ "model_reasoning_summary", VARIANT_WORD,
	    "auto|concise|detailed|none" },
	{ "model_reasoning_summary_format", VARIANT_WORD, "none|experimental" },
	{ "profile", VARIANT_TEXT, NULL },
	{ "base_instructions", VARIANT_TEXT, NULL },
	{ "include_apply_patch_tool", VARIANT_BOOL, NULL },
	{ "model_provider", VARIANT_TEXT, NULL },
	{ "compact_prompt", VARIANT_TEXT, NULL },
	{ "developer_instructions", VARIANT_TEXT, NULL },
	{ "plan", VARIANT_BOOL, NULL },
	{ NULL, VARIANT_TEXT, NULL },
};

static const struct variant_field opencode[] = {
	{ "model", VARIANT_TEXT, NULL },
	{ "variant", VARIANT_TEXT, NULL },
	{ "agent", VARIANT_TEXT, NULL },
	{ "auto_approve", VARIANT_BOOL, NULL },
	{ "auto_compact", VARIANT_BOOL, NULL },
	{ NULL, VARIANT_TEXT, NULL },
};

static const struct variant_field cursor[] = {
	{ "force", VARIANT_BOOL, NULL },
	{ "model", VARIANT_TEXT, NULL },
	{ "reasoning", VARIANT_TEXT, NULL },
	{ NULL, VARIANT_TEXT, NULL },
};

static const struct variant_field qwen[] = {
	{ "model", VARIANT_TEXT, NULL },
	{ "agent", VARIANT_TEXT, NULL },
	{ "yolo", VARIANT_BOOL, NULL },
	{ NULL, VARIANT_TEXT, NULL },
};

static const struct variant_field copilot[] = {
	{ "model", VARIANT_TEXT, NULL },
	{ "allow_all_tools", VARIANT_BOOL, NULL },
	{ "allow_tool", VARIANT_TEXT, NULL },
	{ "deny_tool", VARIANT_TEXT, NULL },
	{ "add_dir", VARIANT_TEXTS, NULL },
	{ "disable_mcp_server", VARIANT_TEXTS, NULL },
	{ NULL, VARIANT_TEXT, NULL },
};

static const struct variant_field droid[] = {
	{ "autonomy", VARIANT_WORD,
	    "normal|low|medium|high|skip-permissions-unsafe" },
	{ "model", VARIANT_TEXT, NULL },
	{ "reasoning_effort", VARIANT_WORD,
	    "none|dynamic|off|low|medium|high" },
	{ NULL, VARIANT_TEXT, NULL },
};

/* Any that speaks ACP; what it is started with is a field of all. */
static const struct variant_field acp[] = {
	{ "model", VARIANT_TEXT, NULL },
	{ "agent", VARIANT_TEXT, NULL },
	{ "yolo", VARIANT_BOOL, NULL },
	{ NULL, VARIANT_TEXT, NULL },
};

/* One field that is true to go on alone, and false to be asked. */
#define FREELY(field)                               \
	.automatic = { { field, "true", NULL } },   \
	.supervised = { { field, "false", NULL } }, \
	.plan = { { field, "false", NULL } }

/*
 * Alone is what its adapter calls unasked: the word is said in full, and is the
 * owner's to allow (abuse K16).
 */
static const struct variant_row rows[] = {
	{ "CLAUDE_CODE", claude, "model", "agent", "effort",
	    { { "plan", "false", NULL }, { "approvals", "false", NULL },
		{ "dangerously_skip_permissions", "true", NULL } },
	    { { "plan", "false", NULL }, { "approvals", "true", NULL },
		{ "dangerously_skip_permissions", "false", NULL } },
	    { { "plan", "true", NULL }, { "approvals", "true", NULL },
		{ "dangerously_skip_permissions", "false", NULL } } },
	{ "AMP", amp, NULL, NULL, NULL,
	    { { "dangerously_allow_all", "true", NULL } },
	    { { NULL, NULL, NULL } }, { { NULL, NULL, NULL } } },
	{ "GEMINI", gemini, .model = "model", FREELY("yolo") },
	{ "CODEX", codex, "model", NULL, "model_reasoning_effort",
	    { { "ask_for_approval", "\"never\"", NULL } },
	    { { "ask_for_approval", "\"unless-trusted\"", "never" } },
	    { { "plan", "true", NULL } } },
	{ "OPENCODE", opencode, .model = "model", .mode = "agent",
	    .reasoning = "variant", FREELY("auto_approve") },
	{ "CURSOR_AGENT", cursor, .model = "model", .reasoning = "reasoning",
	    FREELY("force") },
	{ "QWEN_CODE", qwen, .model = "model", .mode = "agent",
	    FREELY("yolo") },
	{ "COPILOT", copilot, .model = "model", FREELY("allow_all_tools") },
	{ "DROID", droid, "model", NULL, NULL,
	    { { "autonomy", "\"skip-permissions-unsafe\"", NULL } },
	    { { "autonomy", "\"normal\"", NULL } },
	    { { "autonomy", "\"normal\"", NULL } } },
	{ "ACP", acp, .model = "model", .mode = "agent", FREELY("yolo") },
};

const struct variant_row *
variant_row(size_t i)
{
	return i < sizeof(rows) / sizeof(rows[0]) ? &rows[i] : NULL;
}

const struct variant_row *
variant_row_of(const char *agent)
{
	if (strcmp(agent, "CURSOR") == 0)
		agent = "CURSOR_AGENT";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].agent, agent) == 0)
			return &rows[i];
	return NULL;
}
