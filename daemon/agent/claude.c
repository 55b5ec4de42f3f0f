/* SPDX-License-Identifier: MIT */
/*
 * Claude Code: its command line, and its lines by their type. It is spoken to
 * in JSON both ways, so that a person can be asked before a tool runs. Its
 * program refuses to run as root without asking unless it is told that it is in
 * a sandbox; it is told so only when it is.
 */
#include "daemon/agent/agents.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/agent/claudestate.h"
#include "daemon/agent/command.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/privproto.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define QUOTE_MAX ((size_t)64 * 1024) /* the log has the rest */

#define SKIP "dangerously_skip_permissions"

static bool
skips(const struct js *config)
{
	return js_bool(config, SKIP, false);
}

/* Whoever does not say otherwise is asked. */
static bool
approves(const struct js *config)
{
	return js_bool(config, "approvals",
	    !skips(config) && !js_bool(config, "plan", false));
}

/* A person is asked before it does something. */
static bool
asks_first(const struct js *config)
{
	return js_bool(config, "plan", false) || approves(config);
}

/* As root it does as it likes in a sandbox alone. */
static bool
may_bypass(const struct agent_wish *wish)
{
	return !wish->root || wish->confined;
}

static void
mode_args(struct command *k, const struct agent_wish *wish)
{
	if (skips(wish->config) && !approves(wish->config))
		command_unasked(k, SKIP);
	if (!asks_first(wish->config)) {
		command_arg(k, "--disallowedTools=AskUserQuestion");
		if (skips(wish->config))
			command_arg(k, "--dangerously-skip-permissions");
		return;
	}
	command_arg(k, "--permission-prompt-tool=stdio");
	command_arg(k, may_bypass(wish) ? "--permission-mode=bypassPermissions"
					: "--permission-mode=default");
}

/* Its moments, and what `rdv hook claude` calls them. */
static const struct {
	const char *name, *event;
} moments[] = {
	{ "SessionStart", "session-start" },
	{ "UserPromptSubmit", "prompt-submit" },
	{ "PreToolUse", "pre-tool-use" },
	{ "PostToolUse", "post-tool-use" },
	{ "Notification", "notification" },
	{ "Stop", "stop" },
	{ "SubagentStop", "subagent-stop" },
	{ "PreCompact", "pre-compact" },
	{ "SessionEnd", "session-end" },
};

/* One that finds nothing to call succeeds: its failure would be an order. */
static struct js *
hook_groups(struct arena *a, const char *event)
{
	struct js *groups = js_array(), *group = js_object();
	struct js *list = js_array(), *hook = js_object();

	js_add_str(hook, "type", "command");
	js_add_str(hook, "command",
	    arena_printf(a,
		"test ! -x " PRIV_DOOR_RDV " || exec " PRIV_DOOR_RDV
		" hook claude %s",
		event));
	/* Seconds; it is done in one. */
	js_add_int(hook, "timeout", 5);
	js_push(list, hook);
	js_add(group, "hooks", list);
	js_push(groups, group);
	return groups;
}

/*
 * Hooks of a run that has a door, as an argument: what the agent or a program
 * of its writes into a settings file takes none of them away, and neither does
 * disableAllHooks there, which is why that is said too. Settings of the
 * variant's own come later and are taken instead. None for the router, which
 * has settings of its own for what it starts.
 */
static void
hook_arg(struct command *k, const struct agent_wish *wish)
{
	struct js *o, *hooks;
	struct buf b;

	if (!wish->confined ||
	    js_bool(wish->config, "claude_code_router", false))
		return;
	o = js_object();
	hooks = js_object();
	js_add_bool(o, "disableAllHooks", false);
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++)
		js_add(hooks, moments[i].name,
		    hook_groups(k->a, moments[i].event));
	js_add(o, "hooks", hooks);
	buf_init(&b, SIZE_MAX / 4);
	js_finish(o, &b);
	command_arg(k, arena_printf(k->a, "--settings=%s", buf_cstr(&b)));
	buf_done(&b);
}

static int
claude_command(struct arena *a, const struct agent_wish *wish,
    struct agent_command *out, const char **why)
{
	static const char *const fixed[] = { "--verbose",
		"--output-format=stream-json", "--input-format=stream-json",
		"--include-partial-messages", "--replay-user-messages" };
	const struct js *config = wish->config;
	struct command k;

	if (!may_bypass(wish) && !asks_first(config) && skips(config)) {
		*why = SKIP ": as root Claude Code asks "
			    "before it does something, unless it is confined";
		return RDV_E_INVALID;
	}
	/* A run's environment is the account's, and nothing is taken out. */
	if (js_bool(config, "disable_api_key", false)) {
		*why = "disable_api_key: rdv cannot keep a variable from an "
		       "agent; take ANTHROPIC_API_KEY out of the account's "
		       "environment";
		return RDV_E_INVALID;
	}
	command_init(&k, a, config,
	    js_bool(config, "claude_code_router", false) ? "ccr code"
							 : "claude");
	command_arg(&k, "-p");
	mode_args(&k, wish);
	command_option(&k, "--model", js_str(config, "model", NULL));
	command_option(&k, "--effort", js_str(config, "effort", NULL));
	command_option(&k, "--agent", js_str(config, "agent", NULL));
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		command_arg(&k, fixed[i]);
	hook_arg(&k, wish);
	command_extra(&k);
	command_option(&k, "--resume", wish->resume);
	if (wish->resume != NULL)
		command_option(&k, "--resume-session-at", wish->resume_at);
	command_env(&k, "NPM_CONFIG_LOGLEVEL", "error");
	if (wish->root && wish->confined)
		command_env(&k, "IS_SANDBOX", "1");
	return command_done(&k, out, why);
}

void
claude_init(struct claude *c, struct agent *g, const struct agent_wish *wish,
    const char *title)
{
	c->g = g;
	c->title = title;
	c->a = arena_new();
	jsview_init(&c->view);
	jsview_init(&c->input);
	c->prompt = xstrdup(command_prompt(c->a, wish));
	c->cwd = xstrdup(wish->cwd);
	c->usage_at = AGENT_NO_ENTRY;
	buf_init(&c->said, SIZE_MAX / 4);
	TAILQ_INIT(&c->streams);
	TAILQ_INIT(&c->calls);
	arena_reset(c->a);
}

void
claude_done(struct claude *c)
{
	struct claude_call *k;

	claude_streams_end(c);
	while ((k = TAILQ_FIRST(&c->calls)) != NULL)
		claude_call_free(c, k);
	jsview_done(&c->view);
	jsview_done(&c->input);
	arena_free(c->a);
	buf_done(&c->said);
	free(c->prompt);
	free(c->cwd);
	free(c->model);
	free(c->last_uuid);
}

static void *
claude_make(struct agent *g, const struct agent_wish *wish)
{
	struct claude *c = xcalloc(1, sizeof(*c));

	claude_init(c, g, wish, "Claude Code");
	c->plan = js_bool(wish->config, "plan", false);
	c->approvals = approves(wish->config);
	c->router = js_bool(wish->config, "claude_code_router", false);
	c->skip = skips(wish->config);
	c->checked = wish->checked;
	c->may_bypass = may_bypass(wish);
	return c;
}

static void
claude_unmake(void *own)
{
	claude_done(own);
	free(own);
}

void
claude_quote(struct claude *c, const char *text, size_t len)
{
	const char *more = "";
	char *s;

	if (len > QUOTE_MAX) {
		len = QUOTE_MAX - str_utf8_tail(text, QUOTE_MAX);
		more = " ... (the log has all of it)";
	}
	s = arena_strndup(c->a, text, len);
	agent_add(c->g,
	    entry_text(ENTRY_SYSTEM, arena_printf(c->a, "%s%s", s, more)));
}

static void
ignored(struct claude *c, struct jsval line)
{
	(void)c;
	(void)line;
}

/* The most frequent first. */
static const struct {
	const char *type;
	void (*take)(struct claude *c, struct jsval line);
	bool named; /* its session_id is that of the conversation */
} types[] = {
	{ "stream_event", claude_stream_event, false },
	{ "assistant", claude_assistant, true },
	{ "user", claude_user, true },
	{ "system", claude_system, false },
	{ "control_request", claude_control_request, false },
	{ "control_response", claude_control_response, false },
	{ "control_cancel_request", claude_control_cancel, false },
	{ "result", claude_result, true },
	{ "rate_limit_event", ignored, true },
	{ "tool_use", NULL, true },
	{ "tool_result", NULL, true },
};

void
claude_learn_id(struct claude *c, struct jsval line)
{
	const char *id = jsval_text(jsval_get(line, "session_id"), c->a);

	if (c->known || id == NULL || *id == '\0')
		return;
	c->known = true;
	agent_fact(c->g, AGENT_CONVERSATION, id);
}

static bool
take(struct claude *c, struct jsval line)
{
	struct jsval type = jsval_get(line, "type");

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!jsval_is(type, types[i].type))
			continue;
		if (types[i].named && !c->known)
			claude_learn_id(c, line);
		if (types[i].take == NULL)
			return false;
		types[i].take(c, line);
		return true;
	}
	return false;
}

/* Two sentences of the router's about itself. */
static bool
of_router(const char *text)
{
	return strstr(text, "Service not running, starting service") != NULL ||
	       strstr(text, "router service has been successfully stopped") !=
		   NULL;
}

static bool
begins(const char **at, size_t *left, const char *with)
{
	size_t n = strlen(with);

	if (*left < n || memcmp(*at, with, n) != 0)
		return false;
	*at += n;
	*left -= n;
	return true;
}

/*
 * A third of all lines say nothing that is shown: the end of a block, an input
 * piece by piece that comes whole as well, the echo of an answer. They are told
 * by how the program writes them and not looked at any further. One that is
 * written otherwise is read like any other.
 */
static bool
silent(const struct claude *c, const char *text, size_t len)
{
	if (text[len - 1] != '}' || !begins(&text, &len, "{\"type\":\""))
		return false;
	if (begins(&text, &len, "control_response\","))
		return c->ready && c->mode_taken;
	if (!begins(&text, &len, "stream_event\",\"event\":{\"type\":\""))
		return false;
	if (begins(&text, &len, "content_block_stop\"") ||
	    begins(&text, &len, "message_stop\""))
		return true;
	if (!begins(&text, &len, "content_block_delta\",\"index\":"))
		return false;
	while (len > 0 && *text >= '0' && *text <= '9') {
		text++;
		len--;
	}
	return begins(&text, &len, ",\"delta\":{\"type\":\"") &&
	       (begins(&text, &len, "input_json_delta\"") ||
		   begins(&text, &len, "signature_delta\""));
}

void
claude_line(void *own, const char *text, size_t len)
{
	struct claude *c = own;

	if (silent(c, text, len))
		return;
	if (!jsview_parse(&c->view, text, len) ||
	    !take(c, jsview_root(&c->view))) {
		if (!c->router || !of_router(arena_strndup(c->a, text, len)))
			claude_quote(c, text, len);
	}
	arena_reset(c->a);
}

/* Its result says how a turn went; an end without one is no success. */
void
claude_ended(void *own, int code)
{
	struct claude *c = own;

	if (code == 0)
		agent_over(c->g, AGENT_FAILED,
		    arena_printf(c->a, "%s ended without a result.", c->title));
}

const char *
claude_text(struct claude *c, struct js *v)
{
	const char *text;
	struct buf b;

	buf_init(&b, SIZE_MAX / 4);
	js_finish(v, &b);
	text = arena_strdup(c->a, buf_cstr(&b));
	buf_done(&b);
	return text;
}

void
claude_prompt(struct claude *c)
{
	agent_send_text(c->g, c->prompt);
	agent_finish(c->g);
}

const struct agent_ops agent_claude = {
	.name = "CLAUDE_CODE",
	.help = "Claude Code",
	.can = AGENT_CAN_FORK | AGENT_CAN_CONTEXT | AGENT_CAN_ASK,
	.brings = ".claude/settings.json\n"
		  ".claude/settings.local.json\n"
		  ".mcp.json",
	.defaults = "{}",
	.command = claude_command,
	.make = claude_make,
	.unmake = claude_unmake,
	.begin = claude_begin,
	.line = claude_line,
	.answer = claude_answer,
	.interrupt = claude_interrupt,
	.ended = claude_ended,
};
