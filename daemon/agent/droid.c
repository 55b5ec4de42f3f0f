/* SPDX-License-Identifier: MIT */
/*
 * Droid: it takes its prompt as text and asks nothing. Its results name their
 * call in one of several ways, or not at all; then they are the oldest one's
 * that waits for its result.
 */
#include "daemon/agent/agents.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/agent/claudestate.h"
#include "daemon/agent/command.h"
#include "daemon/agent/lines.h"
#include "lib/arena.h"
#include "lib/js.h"
#include "lib/xalloc.h"

static int
droid_command(struct arena *a, const struct agent_wish *wish,
    struct agent_command *out, const char **why)
{
	const char *autonomy = js_str(wish->config, "autonomy", "normal");
	struct command k;

	command_init(&k, a, wish->config, "droid exec");
	command_option(&k, "--output-format", "stream-json");
	/* It cannot ask: what it may do it does, beyond reading. */
	if (strcmp(autonomy, "normal") != 0)
		command_unasked(&k, "autonomy");
	if (strcmp(autonomy, "skip-permissions-unsafe") == 0)
		command_arg(&k, "--skip-permissions-unsafe");
	else if (strcmp(autonomy, "normal") != 0)
		command_option(&k, "--auto", autonomy);
	command_option(&k, "--model", js_str(wish->config, "model", NULL));
	command_option(&k, "--reasoning-effort",
	    js_str(wish->config, "reasoning_effort", NULL));
	command_extra(&k);
	command_option(&k, "--session-id", wish->resume);
	return command_done(&k, out, why);
}

static void *
droid_make(struct agent *g, const struct agent_wish *wish)
{
	struct claude *c = xcalloc(1, sizeof(*c));

	claude_init(c, g, wish, "Droid");
	return c;
}

static void
droid_unmake(void *own)
{
	claude_done(own);
	free(own);
}

static void
droid_begin(void *own)
{
	claude_prompt(own);
}

/* The prompt itself is not told: whoever shows the turn has it. */
static void
message(struct claude *c, struct jsval line)
{
	struct jsval role = jsval_get(line, "role");
	const char *text = jsval_text(jsval_get(line, "text"), c->a);

	if (text == NULL) {
		lines_quote(c, line);
	} else if (jsval_is(role, "user")) {
		if (strcmp(text, c->prompt) != 0)
			agent_add(c->g, entry_text(ENTRY_USER, text));
	} else if (jsval_is(role, "assistant")) {
		agent_add(c->g, entry_text(ENTRY_ASSISTANT, text));
		claude_said(c, text);
	} else
		agent_add(c->g, entry_text(ENTRY_SYSTEM, text));
}

/* Its names for Claude's tools. */
static const char *
name_of(const char *name)
{
	static const char *const names[][2] = { { "Execute", "Bash" },
		{ "Create", "Write" }, { "FetchUrl", "WebFetch" },
		{ "LS", "Read" }, { "Grep", "Read" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i][0]) == 0)
			return names[i][1];
	return name;
}

/* Parameters under the keys that the tools' rows look for. */
static const char *
input_of(struct claude *c, struct jsval parameters)
{
	const char *path =
	    jsval_text(jsval_get(parameters, "directory_path"), c->a);
	struct jsval first = jsval_first(jsval_get(parameters, "patterns"));
	const char *pattern = jsval_text(first, c->a);
	struct js *o;

	if (pattern == NULL)
		pattern = jsval_text(jsval_get(parameters, "patterns"), c->a);
	if (path == NULL && pattern == NULL)
		return jsval_raw(parameters, c->a);
	o = js_object();
	if (path != NULL)
		js_add_str(o, "path", path);
	if (pattern != NULL)
		js_add_str(o, "pattern", pattern);
	return claude_text(c, o);
}

static void
tool_call(struct claude *c, struct jsval line)
{
	const char *id = jsval_text(jsval_get(line, "id"), c->a);
	const char *name = jsval_text(jsval_get(line, "toolName"), c->a);
	const char *input;

	if (name == NULL) {
		lines_quote(c, line);
		return;
	}
	input = input_of(c, jsval_get(line, "parameters"));
	claude_call_new(c, id != NULL ? id : "", name_of(name),
	    input != NULL ? input : "null");
}

static struct claude_call *
call_of(struct claude *c, struct jsval line)
{
	static const char *const keys[] = { "id", "toolId" };
	struct claude_call *k;
	const char *id;

	for (size_t i = 0; i < 2; i++) {
		id = jsval_text(jsval_get(line, keys[i]), c->a);
		k = id != NULL ? claude_call_find(c, id) : NULL;
		if (k != NULL)
			return k;
	}
	return TAILQ_FIRST(&c->calls);
}

static void
tool_result(struct claude *c, struct jsval line)
{
	struct jsval value = jsval_get(line, "value");
	struct claude_call *k = call_of(c, line);
	struct claude_told told = {
		.failed = jsval_bool(jsval_get(line, "isError"), false),
		.text = jsval_text(value, c->a),
	};
	struct js *other = NULL;

	if (k == NULL) {
		lines_quote(c, line);
		return;
	}
	if (jsval_type(value) == JSVIEW_NONE)
		told.text =
		    jsval_text(jsval_get(jsval_get(line, "error"), "message"),
			c->a);
	else if (told.text == NULL)
		told.value = other = jsval_js(value);
	k->state = told.failed ? ENTRY_FAILED : ENTRY_SUCCESS;
	claude_call_show(c, k, &told);
	claude_call_free(c, k);
	js_free(other);
}

static void
completion(struct claude *c, struct jsval line)
{
	lines_result(c, false, jsval_text(jsval_get(line, "finalText"), c->a));
}

static void
about_itself(struct claude *c, struct jsval line)
{
	lines_model(c, line, "model: ");
}

static void
complaint(struct claude *c, struct jsval line)
{
	const char *text = jsval_text(jsval_get(line, "message"), c->a);

	if (text != NULL)
		agent_add(c->g, entry_error(text, false));
	else
		lines_quote(c, line);
}

static const struct {
	const char *type;
	void (*take)(struct claude *c, struct jsval line);
} types[] = {
	{ "message", message },
	{ "tool_call", tool_call },
	{ "tool_result", tool_result },
	{ "system", about_itself },
	{ "error", complaint },
	{ "completion", completion },
};

static void
droid_line(void *own, const char *text, size_t len)
{
	struct claude *c = own;
	struct jsval line;
	size_t i, n = sizeof(types) / sizeof(types[0]);

	if (jsview_parse(&c->view, text, len)) {
		line = jsview_root(&c->view);
		claude_learn_id(c, line);
		for (i = 0; i < n; i++)
			if (jsval_is(jsval_get(line, "type"), types[i].type))
				break;
		if (i < n)
			types[i].take(c, line);
		else
			claude_quote(c, text, len);
	} else
		claude_quote(c, text, len);
	arena_reset(c->a);
}

const struct agent_ops agent_droid = {
	.name = "DROID",
	.help = "Droid",
	.brings = ".factory/hooks.json\n"
		  ".factory/hooks/hooks.json\n"
		  ".factory/mcp.json\n"
		  ".factory/settings.json\n"
		  ".factory/settings.local.json",
	.defaults = "{}",
	.command = droid_command,
	.make = droid_make,
	.unmake = droid_unmake,
	.begin = droid_begin,
	.line = droid_line,
	.ended = claude_ended,
};
