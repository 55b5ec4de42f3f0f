/* SPDX-License-Identifier: MIT */
/*
 * How the things that Codex does look in a conversation: one row for each type
 * of item. Nothing here knows when they are shown or what was decided about
 * them. Invariant: an item of any type and any contents has a look.
 */
#include "daemon/agent/codexstate.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/js.h"
#include "lib/str.h"

/* Paths are absolute; those of the workspace are shown without it. */
static const char *
below(const char *cwd, const char *path)
{
	size_t n = strlen(cwd);

	if (strncmp(path, cwd, n) == 0 && path[n] == '/' && path[n + 1] != '\0')
		return path + n + 1;
	return path;
}

static const char *
text_of(const struct js *item, const char *key)
{
	return js_str(item, key, "");
}

/* Texts of an array, a blank line between them. */
static const char *
joined(struct arena *a, const struct js *texts)
{
	const char *out = "", *one;

	for (size_t i = 0; i < js_len(texts); i++) {
		one = js_text(js_at(texts, i));
		if (one == NULL || *one == '\0')
			continue;
		out =
		    *out == '\0' ? one : arena_printf(a, "%s\n\n%s", out, one);
	}
	return out;
}

const char *
codex_item_text(const struct js *item, struct arena *a)
{
	const char *text = js_str(item, "text", NULL);

	if (text != NULL)
		return text;
	text = joined(a, js_get(item, "summary"));
	return *text != '\0' ? text : joined(a, js_get(item, "content"));
}

/* What is behind a shell of the system and its -c, at a quote; or NULL. */
static const char *
behind_shell(const char *line)
{
	static const char *const dirs[] = { "/usr/bin/", "/bin/", "" };
	static const char *const shells[] = { "bash", "sh", "zsh" };
	const char *at;

	for (size_t i = 0; i < 9; i++) {
		at = line;
		if (!str_starts(at, dirs[i / 3]))
			continue;
		at += strlen(dirs[i / 3]);
		if (!str_starts(at, shells[i % 3]))
			continue;
		at += strlen(shells[i % 3]);
		if (str_starts(at, " -lc '"))
			return at + strlen(" -lc ");
		if (str_starts(at, " -c '"))
			return at + strlen(" -c ");
	}
	return NULL;
}

/*
 * Commands come as SHELL -lc 'COMMAND'. Only quoting that can mean one thing is
 * undone, and only for shells that no repository brings; any other line stays
 * what it is.
 */
const char *
codex_plain_command(struct arena *a, const char *line)
{
	const char *quoted = behind_shell(line);
	size_t len = quoted != NULL ? strlen(quoted) : 0;
	char *out;

	if (len < 2 || quoted[len - 1] != '\'')
		return line;
	out = arena_strndup(a, quoted + 1, len - 2);
	/* A quote inside would end it: then there is more around it. */
	return strchr(out, '\'') == NULL ? out : line;
}

static struct js *
command_run(struct codex_view *v)
{
	const char *command =
	    codex_plain_command(v->a, text_of(v->item, "command"));
	const char *out = js_str(v->item, "aggregatedOutput", v->out);
	int64_t code = js_int(v->item, "exitCode", INT64_MIN);
	struct js *ran = NULL;

	v->tool = "bash";
	v->label = command;
	if (code != INT64_MIN)
		ran = entry_ran_code(code, out);
	else if (strcmp(text_of(v->item, "status"), "failed") == 0)
		ran = entry_ran(false, out);
	else if (out != NULL)
		ran = entry_running(out);
	return entry_command(command, ran);
}

static size_t
files(const struct js *item)
{
	size_t n = js_len(js_get(item, "changes"));

	return n > 0 ? n : 1;
}

/* Hunks get the header that makes a diff of them. */
static struct js *
updated(struct codex_view *v, const char *path, const struct js *change)
{
	const char *to = js_str(js_get(change, "kind"), "move_path", NULL);
	const char *diff = text_of(change, "diff");
	struct js *changes = js_array();

	if (to != NULL)
		js_push(changes, entry_rename(below(v->cwd, to)));
	if (to == NULL || *diff != '\0')
		js_push(changes,
		    entry_diff(arena_printf(v->a, "--- a/%s\n+++ b/%s\n%s",
				   path, to != NULL ? below(v->cwd, to) : path,
				   diff),
			true));
	return changes;
}

static struct js *
file_edit(struct codex_view *v)
{
	const struct js *change = js_at(js_get(v->item, "changes"), v->i);
	const char *path = below(v->cwd, text_of(change, "path"));
	const char *kind = text_of(js_get(change, "kind"), "type");
	struct js *changes;

	v->tool = "edit";
	v->label = path;
	if (strcmp(kind, "add") != 0 && strcmp(kind, "delete") != 0)
		return entry_edit(path, updated(v, path, change));
	changes = js_array();
	js_push(changes, *kind == 'a' ? entry_write(text_of(change, "diff"))
				      : entry_delete());
	return entry_edit(path, changes);
}

/* All its texts, or NULL when it has something else too. */
static const char *
only_text(struct arena *a, const struct js *content, const char *type)
{
	const char *out = NULL, *one;
	const struct js *block;

	for (size_t i = 0; i < js_len(content); i++) {
		block = js_at(content, i);
		one = js_str(block, "text", NULL);
		if (one == NULL || strcmp(text_of(block, "type"), type) != 0)
			return NULL;
		out = out == NULL ? one : arena_printf(a, "%s\n\n%s", out, one);
	}
	return out;
}

static struct js *
mcp_result(struct codex_view *v)
{
	const struct js *result = js_get(v->item, "result");
	const struct js *error = js_get(v->item, "error");
	const struct js *data = js_get(result, "structuredContent");
	const char *text;

	if (js_is_object(error))
		return entry_markdown(text_of(error, "message"));
	if (!js_is_object(result))
		return NULL;
	text = only_text(v->a, js_get(result, "content"), "text");
	if (text != NULL)
		return entry_markdown(text);
	return entry_value(data != NULL && !js_is_null(data)
			       ? data
			       : js_get(result, "content"));
}

static struct js *
mcp_call(struct codex_view *v)
{
	v->tool = arena_printf(v->a, "mcp:%s:%s", text_of(v->item, "server"),
	    text_of(v->item, "tool"));
	v->label = text_of(v->item, "tool");
	return entry_call(v->tool, js_get(v->item, "arguments"), mcp_result(v));
}

static struct js *
dynamic_call(struct codex_view *v)
{
	const struct js *content = js_get(v->item, "contentItems");
	const char *text = only_text(v->a, content, "inputText");
	struct js *result = NULL;

	v->tool = js_str(v->item, "tool", "tool");
	v->label = v->tool;
	if (text != NULL)
		result = entry_markdown(text);
	else if (js_is_array(content))
		result = entry_value(content);
	return entry_call(v->tool, js_get(v->item, "arguments"), result);
}

static struct js *
web_search(struct codex_view *v)
{
	v->tool = "web_search";
	v->label = text_of(v->item, "query");
	return entry_fetch(v->label);
}

static struct js *
view_image(struct codex_view *v)
{
	v->tool = "view_image";
	v->label = below(v->cwd, text_of(v->item, "path"));
	return entry_read(v->label);
}

static struct js *
plan(struct codex_view *v)
{
	v->tool = "plan";
	v->label = js_str(v->item, "text", "");
	if (*v->label == '\0' && v->out != NULL)
		v->label = v->out;
	return entry_plan(v->label);
}

static struct js *
review(struct codex_view *v)
{
	v->tool = "Review";
	v->label = text_of(v->item, "review");
	return entry_task(v->label, "review", NULL);
}

static struct js *
unknown(struct codex_view *v)
{
	v->tool = js_str(v->item, "type", "tool");
	v->label = v->tool;
	return entry_call(v->tool, v->item, NULL);
}

/* The last one is for what none of the others is. */
static const struct codex_kind kinds[] = {
	{ "userMessage", CODEX_HIDDEN, ENTRY_USER, NULL, NULL },
	{ "agentMessage", CODEX_TEXT, ENTRY_ASSISTANT, NULL, NULL },
	{ "reasoning", CODEX_TEXT, ENTRY_THINKING, NULL, NULL },
	{ "plan", CODEX_TOOL, 0, NULL, plan },
	{ "commandExecution", CODEX_TOOL, 0, NULL, command_run },
	{ "fileChange", CODEX_TOOL, 0, files, file_edit },
	{ "mcpToolCall", CODEX_TOOL, 0, NULL, mcp_call },
	{ "dynamicToolCall", CODEX_TOOL, 0, NULL, dynamic_call },
	{ "webSearch", CODEX_TOOL, 0, NULL, web_search },
	{ "imageView", CODEX_TOOL, 0, NULL, view_image },
	{ "enteredReviewMode", CODEX_TOOL, 0, NULL, review },
	{ "exitedReviewMode", CODEX_TOOL, 0, NULL, review },
	{ "contextCompaction", CODEX_NOTE, 0, NULL, NULL },
	{ "", CODEX_TOOL, 0, NULL, unknown },
};

const struct codex_kind *
codex_kind(const char *type)
{
	size_t i = 0, last = sizeof(kinds) / sizeof(kinds[0]) - 1;

	while (i < last && strcmp(kinds[i].type, type) != 0)
		i++;
	return &kinds[i];
}
