/* SPDX-License-Identifier: MIT */
/*
 * Cursor's agent: it takes its prompt as text and asks nothing. Its tools are
 * Claude's under other names, so a call of one is told as Claude's is; what it
 * names that nobody knows is shown with all it was given.
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

struct cursor {
	struct claude c; /* first: claude_ended() is given it */
	struct lines_text now;
};

static int
cursor_command(struct arena *a, const struct agent_wish *wish,
    struct agent_command *out, const char **why)
{
	const struct js *config = wish->config;
	const char *model = js_str(config, "model", "");
	const char *reasoning = js_str(config, "reasoning", "");
	struct command k;

	command_init(&k, a, config, "cursor-agent");
	command_arg(&k, "-p");
	command_arg(&k, "--output-format=stream-json");
	if (js_bool(config, "force", false)) {
		command_unasked(&k, "force");
		command_arg(&k, "--force");
	} else
		command_arg(&k, "--trust");
	/* How much it thinks is a part of the name. */
	if (*model != '\0' && *reasoning != '\0')
		model = arena_printf(a, "%s-%s", model, reasoning);
	command_option(&k, "--model", model);
	command_extra(&k);
	command_option(&k, "--resume", wish->resume);
	return command_done(&k, out, why);
}

static void *
cursor_make(struct agent *g, const struct agent_wish *wish)
{
	struct cursor *u = xcalloc(1, sizeof(*u));

	claude_init(&u->c, g, wish, "Cursor");
	return u;
}

static void
cursor_unmake(void *own)
{
	struct cursor *u = own;

	lines_text_end(&u->now);
	claude_done(&u->c);
	free(u);
}

static void
cursor_begin(void *own)
{
	struct cursor *u = own;

	claude_prompt(&u->c);
}

static void
add_copy(struct js *o, const char *key, const struct js *v)
{
	struct buf b;

	if (v == NULL)
		return;
	buf_init(&b, SIZE_MAX / 4);
	js_dump(v, &b);
	js_add_json(o, key, buf_cstr(&b));
	buf_done(&b);
}

/* The members of `args` that are named, under the names Claude has. */
static struct js *
renamed(const struct js *args, const char *const (*names)[2])
{
	struct js *o = js_object();

	for (; (*names)[0] != NULL; names++)
		add_copy(o, (*names)[1], js_get(args, (*names)[0]));
	return o;
}

static const char *const keys_bash[][2] = { { "command", "command" },
	{ NULL, NULL } };
static const char *const keys_path[][2] = { { "path", "path" },
	{ NULL, NULL } };
static const char *const keys_glob[][2] = { { "globPattern", "pattern" },
	{ "targetDirectory", "path" }, { NULL, NULL } };
static const char *const keys_grep[][2] = { { "pattern", "pattern" },
	{ "path", "path" }, { "glob", "glob" }, { NULL, NULL } };
static const char *const keys_search[][2] = { { "query", "query" },
	{ NULL, NULL } };
static const char *const keys_write[][2] = { { "path", "path" },
	{ "contents", "contents" }, { "fileText", "fileText" },
	{ "content", "content" }, { NULL, NULL } };
static const char *const keys_todos[][2] = { { "todos", "todos" },
	{ NULL, NULL } };

static const struct {
	const char *kind, *name;
	const char *const (*keys)[2];
} kinds[] = {
	{ "shellToolCall", "Bash", keys_bash },
	{ "lsToolCall", "LS", keys_path },
	{ "globToolCall", "Glob", keys_glob },
	{ "grepToolCall", "Grep", keys_grep },
	{ "semSearchToolCall", "Grep", keys_search },
	{ "writeToolCall", "Write", keys_write },
	{ "readToolCall", "Read", keys_path },
	{ "deleteToolCall", "Delete", keys_path },
	{ "updateTodosToolCall", "TodoWrite", keys_todos },
};

/* A call in Claude's words. */
struct said {
	const char *name;
	struct js *input;
};

/* An edit is one of three kinds, and in the end the diff it made. */
static struct said
edit(const struct js *args, const struct js *success)
{
	static const char *const one[][2] = { { "oldText", "old_string" },
		{ "newText", "new_string" }, { NULL, NULL } };
	const char *diff = js_str(success, "diffString", NULL);
	const struct js *replace = js_get(args, "strReplace");
	const struct js *many = js_get(args, "multiStrReplace");
	const char *patch =
	    js_str(js_get(args, "applyPatch"), "patchContent", "");
	struct said s = { "ApplyPatch", NULL };

	s.input = js_object();
	if (diff == NULL && replace != NULL) {
		s.name = "Edit";
		js_free(s.input);
		s.input = renamed(replace, one);
	} else if (diff == NULL && many != NULL) {
		s.name = "MultiEdit";
		add_copy(s.input, "edits", js_get(many, "edits"));
	} else
		js_add_str(s.input, "patchContent",
		    diff != NULL ? diff : patch);
	js_add_str(s.input, "path", js_str(args, "path", ""));
	return s;
}

static struct said
said_of(struct claude *c, const char *kind, const struct js *call)
{
	const struct js *args = js_get(call, "args");
	struct said s = { kind, NULL };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			return (struct said){ kinds[i].name,
				renamed(args, kinds[i].keys) };
	if (strcmp(kind, "editToolCall") == 0)
		return edit(args, js_get(js_get(call, "result"), "success"));
	if (strcmp(kind, "mcpToolCall") == 0) {
		s.name = arena_printf(c->a, "mcp__%s__%s",
		    js_str(args, "providerIdentifier", "mcp"),
		    js_str(args, "toolName", js_str(args, "name", "?")));
		args = js_get(args, "args");
	}
	s.input = js_object();
	if (args != NULL) {
		js_free(s.input);
		s.input = lines_copy(args);
	}
	return s;
}

/* What a command printed and how it ended, as the tools' row takes it. */
static const char *
shell_result(struct claude *c, const struct js *end)
{
	struct js *o = js_object();
	const char *text;
	struct buf b;

	js_add_str(o, "output",
	    arena_printf(c->a, "%s%s", js_str(end, "stdout", ""),
		js_str(end, "stderr", "")));
	js_add_int(o, "exitCode", js_int(end, "exitCode", 0));
	buf_init(&b, SIZE_MAX / 4);
	js_finish(o, &b);
	text = arena_strdup(c->a, buf_cstr(&b));
	buf_done(&b);
	return text;
}

static void
completed(struct claude *c, struct claude_call *k, const struct js *call)
{
	const struct js *result = js_get(call, "result");
	const struct js *end = js_get(result, "success");
	struct claude_told told = { .failed = end == NULL && result != NULL };

	if (told.failed && js_get(result, "failure") != NULL)
		end = js_get(result, "failure");
	if (claude_tool_is(k->name, "Bash") && end != NULL)
		told.text = shell_result(c, end);
	else
		told.value = end != NULL ? end : result;
	k->state = told.failed ? ENTRY_FAILED : ENTRY_SUCCESS;
	claude_call_show(c, k, &told);
	claude_call_free(c, k);
}

/* {"call_id", "subtype", "tool_call": {KIND: {"args", "result"}}} */
static void
tool_call(struct cursor *u, struct jsval line)
{
	const char *id = jsval_text(jsval_get(line, "call_id"), u->c.a);
	struct js *all = jsval_js(jsval_get(line, "tool_call")), *call;
	struct claude_call *k;
	const char *kind, *input;
	struct said s;

	if (id == NULL || !js_is_object(all) ||
	    !js_member(all, 0, &kind, &call)) {
		lines_quote(&u->c, line);
		js_free(all);
		return;
	}
	s = said_of(&u->c, kind, call);
	input = claude_text(&u->c, s.input);
	k = claude_call_find(&u->c, id);
	if (k == NULL)
		k = claude_call_new(&u->c, id, s.name, input);
	else
		claude_call_input(&u->c, k, s.name, input);
	if (jsval_is(jsval_get(line, "subtype"), "completed"))
		completed(&u->c, k, call);
	js_free(all);
}

static void
assistant(struct cursor *u, struct jsval line)
{
	struct jsval content = jsval_get(jsval_get(line, "message"), "content");
	struct jsval block;
	const char *text;

	for (block = jsval_first(content); jsval_type(block) != JSVIEW_NONE;
	     block = jsval_next(block)) {
		text = jsval_text(jsval_get(block, "text"), u->c.a);
		if (text == NULL) {
			lines_quote(&u->c, block);
			continue;
		}
		lines_text_add(&u->now, &u->c, ENTRY_ASSISTANT, text);
		buf_put_text(&u->c.said, text);
	}
}

static void
thinking(struct cursor *u, struct jsval line)
{
	const char *text = jsval_text(jsval_get(line, "text"), u->c.a);

	if (text != NULL)
		lines_text_add(&u->now, &u->c, ENTRY_THINKING, text);
}

static void
about_itself(struct cursor *u, struct jsval line)
{
	lines_model(&u->c, line, "System initialized with model: ");
}

static void
prompt_again(struct cursor *u, struct jsval line)
{
	(void)u;
	(void)line;
}

static void
result(struct cursor *u, struct jsval line)
{
	lines_result(&u->c, jsval_bool(jsval_get(line, "is_error"), true),
	    jsval_text(jsval_get(line, "result"), u->c.a));
}

static const struct {
	const char *type;
	void (*take)(struct cursor *u, struct jsval line);
	bool grows; /* it goes on with a text */
} types[] = {
	{ "assistant", assistant, true },
	{ "thinking", thinking, true },
	{ "tool_call", tool_call, false },
	{ "user", prompt_again, false },
	{ "system", about_itself, false },
	{ "result", result, false },
};

static void
cursor_line(void *own, const char *text, size_t len)
{
	struct cursor *u = own;
	struct claude *c = &u->c;
	struct jsval line;
	size_t i, n = sizeof(types) / sizeof(types[0]);

	if (!jsview_parse(&c->view, text, len)) {
		lines_text_end(&u->now);
		claude_quote(c, text, len);
	} else {
		line = jsview_root(&c->view);
		claude_learn_id(c, line);
		for (i = 0; i < n; i++)
			if (jsval_is(jsval_get(line, "type"), types[i].type))
				break;
		if (i == n || !types[i].grows)
			lines_text_end(&u->now);
		if (i < n && jsval_is(jsval_get(line, "type"), "tool_call"))
			buf_reset(&c->said);
		if (i == n)
			claude_quote(c, text, len);
		else
			types[i].take(u, line);
	}
	arena_reset(c->a);
}

static const char *
cursor_needs(const char *said)
{
	return strstr(said, "cursor-agent login") != NULL ||
		       strstr(said, "Authentication required") != NULL
		   ? "Cursor is not signed in. Run: cursor-agent login"
		   : NULL;
}

const struct agent_ops agent_cursor = {
	.name = "CURSOR_AGENT",
	.help = "Cursor",
	.can = AGENT_CAN_SETUP,
	.brings = ".cursor/cli.json\n.cursor/hooks.json\n.cursor/mcp.json",
	.defaults = "{\"model\":\"auto\"}",
	.command = cursor_command,
	.make = cursor_make,
	.unmake = cursor_unmake,
	.begin = cursor_begin,
	.line = cursor_line,
	.needs = cursor_needs,
	.ended = claude_ended,
};
