/* SPDX-License-Identifier: MIT */
/*
 * The agents that speak ACP: what each is called and started with. One more is
 * a row here and one in daemon/agent/agents.c; one that nobody knows yet is ACP
 * with a base_command_override. Invariant: nobody is left unasked but by the
 * field that says so.
 */
#include "daemon/agent/acpstate.h"

#include <string.h>

#include "daemon/agent/agents.h"
#include "daemon/agent/command.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/js.h"

/*
 * Modes in which somebody is asked, with those that mean what they are called
 * by. Agents have more, and bring their own: of any other nobody knows.
 */
static const char *const asking[] = { "", "default", "plan", "ask" };

static bool
mode_asks(const char *mode)
{
	for (size_t i = 0; i < sizeof(asking) / sizeof(asking[0]); i++)
		if (strcmp(mode, asking[i]) == 0)
			return true;
	return false;
}

static int
command_of(const struct acp_row *row, struct arena *a,
    const struct agent_wish *wish, struct agent_command *out, const char **why)
{
	struct command c;

	command_init(&c, a, wish->config, row->base);
	if (js_bool(wish->config, row->trust, false))
		command_unasked(&c, row->trust);
	if (row->chooses && !mode_asks(js_str(wish->config, "agent", "")))
		command_unasked(&c, "agent");
	if (row->args != NULL)
		row->args(&c, wish->config);
	if (row->last != NULL)
		command_arg(&c, row->last);
	command_extra(&c);
	command_env(&c, "NODE_NO_WARNINGS", "1");
	return command_done(&c, out, why);
}

static void
flag(struct command *c, const struct js *config, const char *key,
    bool otherwise, const char *arg)
{
	if (js_bool(config, key, otherwise))
		command_arg(c, arg);
}

static void
option(struct command *c, const struct js *config, const char *key,
    const char *arg)
{
	command_option(c, arg, js_str(config, key, NULL));
}

static void
options(struct command *c, const struct js *config, const char *key,
    const char *arg)
{
	const struct js *list = js_get(config, key);

	for (size_t i = 0; i < js_len(list); i++)
		command_option(c, arg, js_text(js_at(list, i)));
}

/* Gemini. */

static void
gemini_args(struct command *c, const struct js *config)
{
	option(c, config, "model", "--model");
	if (!js_bool(config, "yolo", false))
		return;
	command_arg(c, "--yolo");
	command_option(c, "--allowed-tools", "run_shell_command");
}

/* The older name of --acp: every release has it. */
static const struct acp_row gemini = { "Gemini", "gemini",
	"run \"gemini\" and choose how to sign in.", "yolo", false, gemini_args,
	"--experimental-acp" };

static int
gemini_command(struct arena *a, const struct agent_wish *wish,
    struct agent_command *out, const char **why)
{
	return command_of(&gemini, a, wish, out, why);
}

static void *
gemini_make(struct agent *g, const struct agent_wish *wish)
{
	return acp_make(g, wish, &gemini);
}

/* Qwen Code. */

static void
qwen_args(struct command *c, const struct js *config)
{
	option(c, config, "model", "--model");
	flag(c, config, "yolo", false, "--yolo");
}

static const struct acp_row qwen = { "Qwen Code", "qwen",
	"run \"qwen\" and choose how to sign in.", "yolo", true, qwen_args,
	"--acp" };

static int
qwen_command(struct arena *a, const struct agent_wish *wish,
    struct agent_command *out, const char **why)
{
	return command_of(&qwen, a, wish, out, why);
}

static void *
qwen_make(struct agent *g, const struct agent_wish *wish)
{
	return acp_make(g, wish, &qwen);
}

/* Copilot. */

static void
copilot_args(struct command *c, const struct js *config)
{
	flag(c, config, "allow_all_tools", false, "--allow-all-tools");
	option(c, config, "model", "--model");
	if (js_str(config, "allow_tool", NULL) != NULL)
		command_unasked(c, "allow_tool");
	option(c, config, "allow_tool", "--allow-tool");
	option(c, config, "deny_tool", "--deny-tool");
	options(c, config, "add_dir", "--add-dir");
	options(c, config, "disable_mcp_server", "--disable-mcp-server");
}

static const struct acp_row copilot = { "Copilot", "copilot",
	"run \"copilot\" and say \"/login\".", "allow_all_tools", false,
	copilot_args, "--acp" };

static int
copilot_command(struct arena *a, const struct agent_wish *wish,
    struct agent_command *out, const char **why)
{
	return command_of(&copilot, a, wish, out, why);
}

static void *
copilot_make(struct agent *g, const struct agent_wish *wish)
{
	return acp_make(g, wish, &copilot);
}

/* OpenCode, which is asked to ask by its environment. */

#define OPENCODE_ASKS                                              \
	"{\"edit\":\"ask\",\"bash\":\"ask\",\"webfetch\":\"ask\"," \
	"\"doom_loop\":\"ask\",\"external_directory\":\"ask\","    \
	"\"question\":\"allow\"}"

static void
opencode_args(struct command *c, const struct js *config)
{
	command_env(c, "NO_COLOR", "1");
	if (!js_bool(config, "auto_approve", false))
		command_env(c, "OPENCODE_PERMISSION", OPENCODE_ASKS);
	if (js_bool(config, "auto_compact", true))
		command_env(c, "OPENCODE_CONFIG_CONTENT",
		    "{\"compaction\":{\"auto\":true}}");
}

static const struct acp_row opencode = { "OpenCode", "opencode acp",
	"run \"opencode auth login\".", "auto_approve", true, opencode_args,
	NULL };

static int
opencode_command(struct arena *a, const struct agent_wish *wish,
    struct agent_command *out, const char **why)
{
	if (js_str(wish->config, "variant", NULL) != NULL) {
		*why = "variant: cannot be chosen when OpenCode speaks ACP";
		return RDV_E_INVALID;
	}
	return command_of(&opencode, a, wish, out, why);
}

static void *
opencode_make(struct agent *g, const struct agent_wish *wish)
{
	return acp_make(g, wish, &opencode);
}

/* Any other. */

static const struct acp_row other = { "The agent", "",
	"start it in a terminal and sign in.", "yolo", true, NULL, NULL };

static int
other_command(struct arena *a, const struct agent_wish *wish,
    struct agent_command *out, const char **why)
{
	if (*js_str(wish->config, "base_command_override", "") == '\0') {
		*why = "base_command_override: has to say what is run";
		return RDV_E_INVALID;
	}
	return command_of(&other, a, wish, out, why);
}

static void *
other_make(struct agent *g, const struct agent_wish *wish)
{
	return acp_make(g, wish, &other);
}

#define ACP_COMMON                                                      \
	.can = AGENT_CAN_ASK, .unmake = acp_unmake, .begin = acp_begin, \
	.line = acp_line, .lost = acp_lost, .answer = acp_answer,       \
	.interrupt = acp_interrupt, .ended = acp_ended

const struct agent_ops agent_gemini = { .name = "GEMINI",
	.help = "Gemini CLI by ACP",
	.brings = ".gemini/settings.json\n.gemini/extensions/\n"
		  ".gemini/.env\n.env",
	.defaults = "{}",
	.command = gemini_command,
	.make = gemini_make,
	ACP_COMMON };

const struct agent_ops agent_qwen = { .name = "QWEN_CODE",
	.help = "Qwen Code by ACP",
	.brings = ".qwen/settings.json\n.qwen/extensions/\n"
		  ".qwen/.env\n.env",
	.defaults = "{}",
	.command = qwen_command,
	.make = qwen_make,
	ACP_COMMON };

const struct agent_ops agent_copilot = { .name = "COPILOT",
	.help = "GitHub Copilot CLI by ACP",
	.brings = ".mcp.json\n.github/hooks/",
	.defaults = "{}",
	.command = copilot_command,
	.make = copilot_make,
	ACP_COMMON };

const struct agent_ops agent_opencode = { .name = "OPENCODE",
	.help = "OpenCode by ACP",
	.brings = "opencode.json\nopencode.jsonc\n"
		  ".opencode/opencode.json\n.opencode/opencode.jsonc\n"
		  ".opencode/plugin/\n.opencode/plugins/\n"
		  ".opencode/tool/\n.opencode/tools/",
	.defaults = "{}",
	.command = opencode_command,
	.make = opencode_make,
	ACP_COMMON };

const struct agent_ops agent_acp = { .name = "ACP",
	.help = "any other agent that speaks ACP",
	.defaults = "{}",
	.command = other_command,
	.make = other_make,
	ACP_COMMON };
