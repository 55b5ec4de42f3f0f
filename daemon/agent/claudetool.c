/* SPDX-License-Identifier: MIT */
/*
 * What a tool does, by its name: one row each. The names and the keys of their
 * inputs are spelled in several ways by programs of several ages, so a name is
 * looked up without case and underscores, and a key under all it is known by.
 * A tool without a row is shown as one, with everything it was given.
 */
#include "daemon/agent/claudestate.h"

#include <ctype.h>
#include <string.h>

#include "daemon/agent/hunk.h"
#include "lib/arena.h"
#include "lib/js.h"

/* Of one call; the log has the rest. */
#define SHOWN_PATH  4096
#define SHOWN_EDITS 500

/* What a row is given. */
struct tool {
	struct claude *c;
	const char *name;
	struct jsval in;
	const struct claude_told *told; /* NULL while it runs */
};

bool
claude_tool_is(const char *name, const char *known)
{
	for (;; name++, known++) {
		while (*name == '_')
			name++;
		if (tolower((unsigned char)*name) !=
		    tolower((unsigned char)*known))
			return false;
		if (*name == '\0')
			return true;
	}
}

/* A text in the arena, or NULL. */
static const char *
string(const struct tool *t, struct jsval in, const char *key)
{
	return key != NULL ? jsval_text(jsval_get(in, key), t->c->a) : NULL;
}

/* The first of up to three keys that is a text, else "". */
static const char *
text_in(const struct tool *t, struct jsval in, const char *a, const char *b,
    const char *c)
{
	const char *s = string(t, in, a);

	if (s == NULL)
		s = string(t, in, b);
	if (s == NULL)
		s = string(t, in, c);
	return s != NULL ? s : "";
}

static const char *
text(const struct tool *t, const char *a, const char *b, const char *c)
{
	return text_in(t, t->in, a, b, c);
}

/* Below the working directory without it. */
static const char *
relative(const struct claude *c, const char *path)
{
	size_t n = strlen(c->cwd);

	if (n == 0 || strncmp(path, c->cwd, n) != 0)
		return path;
	if (path[n] == '\0')
		return ".";
	return path[n] == '/' && path[n + 1] != '\0' ? path + n + 1 : path;
}

/* What is longer is no path; it stands twice in each diff. */
static const char *
path_of(const struct tool *t)
{
	const char *s = text(t, "file_path", "path", "filePath");

	return relative(t->c, strlen(s) <= SHOWN_PATH
				  ? s
				  : arena_strndup(t->c->a, s, SHOWN_PATH));
}

static struct js *
result(const struct tool *t)
{
	if (t->told == NULL)
		return NULL;
	if (t->told->text != NULL)
		return entry_result(t->told->text);
	return t->told->value != NULL ? entry_value(t->told->value) : NULL;
}

static struct claude_shown
do_read(const struct tool *t)
{
	return (struct claude_shown){ entry_read(path_of(t)), path_of(t) };
}

static void
push_diff(struct js *changes, const struct tool *t, struct jsval edit)
{
	js_push(changes,
	    entry_diff(hunk_diff(t->c->a, path_of(t),
			   text_in(t, edit, "old_string", "old_str", "oldText"),
			   text_in(t, edit, "new_string", "new_str",
			       "newText")),
		false));
}

static struct claude_shown
do_edit(const struct tool *t)
{
	struct js *changes = js_array();

	push_diff(changes, t, t->in);
	return (struct claude_shown){ entry_edit(path_of(t), changes),
		path_of(t) };
}

static struct claude_shown
do_multi_edit(const struct tool *t)
{
	struct jsval edit = jsval_first(jsval_get(t->in, "edits"));
	struct js *changes = js_array();

	for (int i = 0; i < SHOWN_EDITS && jsval_type(edit) != JSVIEW_NONE;
	     i++, edit = jsval_next(edit))
		push_diff(changes, t, edit);
	return (struct claude_shown){ entry_edit(path_of(t), changes),
		path_of(t) };
}

static struct claude_shown
do_write(const struct tool *t)
{
	struct js *changes = js_array();

	js_push(changes,
	    entry_write(text(t, "content", "contents", "fileText")));
	return (struct claude_shown){ entry_edit(path_of(t), changes),
		path_of(t) };
}

static struct claude_shown
do_delete(const struct tool *t)
{
	struct js *changes = js_array();

	js_push(changes, entry_delete());
	return (struct claude_shown){ entry_edit(path_of(t), changes),
		path_of(t) };
}

/* A diff that somebody else made; its header has the path when nobody says. */
static struct claude_shown
do_patch(const struct tool *t)
{
	const char *patch = text(t, "patchContent", "input", "patch");
	const char *path = path_of(t), *head;
	struct js *changes = js_array();

	head = strstr(patch, "*** Update File: ");
	if (*path == '\0' && head != NULL) {
		head += strlen("*** Update File: ");
		path = relative(t->c,
		    arena_strndup(t->c->a, head, strcspn(head, "\r\n")));
	}
	js_push(changes, entry_diff(patch, false));
	return (struct claude_shown){ entry_edit(path, changes), path };
}

/* Some say {"output": text, "exitCode": number} of a command. */
static struct js *
ran(const struct claude_told *told)
{
	struct js *v = NULL, *out;
	const char *plain = told->text;
	char why[80];

	if (told->value == NULL && plain != NULL && *plain == '{')
		v = js_parse(plain, strlen(plain), why, sizeof(why));
	if (v != NULL && js_get(v, "exitCode") != NULL)
		out = entry_ran_code(js_int(v, "exitCode", -1),
		    js_str(v, "output", NULL));
	else
		out = entry_ran(!told->failed, plain);
	js_free(v);
	return out;
}

static struct claude_shown
do_bash(const struct tool *t)
{
	const char *s = text(t, "command", "cmd", "command_line");

	return (struct claude_shown){
		entry_command(s, t->told != NULL ? ran(t->told) : NULL), s
	};
}

static struct claude_shown
do_grep(const struct tool *t)
{
	const char *s = text(t, "pattern", "query", NULL);

	return (struct claude_shown){ entry_search(s), s };
}

static struct claude_shown
do_glob(const struct tool *t)
{
	const char *s = text(t, "pattern", "filePattern", NULL);

	return (struct claude_shown){ entry_search(s),
		arena_printf(t->c->a, "Find files: %s", s) };
}

static struct claude_shown
do_fetch(const struct tool *t)
{
	const char *s = text(t, "url", "query", NULL);

	return (struct claude_shown){ entry_fetch(s), s };
}

static struct claude_shown
do_task(const struct tool *t)
{
	const char *s = text(t, "description", "prompt", NULL);

	return (struct claude_shown){
		entry_task(s, string(t, t->in, "subagent_type"), result(t)),
		arena_printf(t->c->a, "Task: %s", s)
	};
}

static struct claude_shown
do_plan(const struct tool *t)
{
	const char *s = text(t, "plan", NULL, NULL);

	return (struct claude_shown){ entry_plan(s), s };
}

static struct js *
todos(const struct tool *t, const char *operation)
{
	struct js *list = jsval_js(jsval_get(t->in, "todos")), *o;

	o = entry_todos(list, operation);
	js_free(list);
	return o;
}

static struct claude_shown
do_todo_write(const struct tool *t)
{
	return (struct claude_shown){ todos(t, "write"), "To-do list updated" };
}

static struct claude_shown
do_todo_read(const struct tool *t)
{
	return (struct claude_shown){ todos(t, "read"), "To-do list read" };
}

static struct js *
options(const struct tool *t, struct jsval in)
{
	struct js *list = js_array();

	for (in = jsval_first(in); in.in != NULL; in = jsval_next(in))
		js_push(list, entry_option(text_in(t, in, "label", NULL, NULL),
				  text_in(t, in, "description", NULL, NULL)));
	return list;
}

/* As they are shown; what is asked of a person is read more strictly. */
static struct claude_shown
do_question(const struct tool *t)
{
	struct jsval all = jsval_get(t->in, "questions"), q;
	struct js *list = js_array();

	for (q = jsval_first(all); q.in != NULL; q = jsval_next(q))
		js_push(list,
		    entry_question(text_in(t, q, "question", NULL, NULL),
			text_in(t, q, "header", NULL, NULL),
			options(t, jsval_get(q, "options")),
			jsval_bool(jsval_get(q, "multiSelect"),
			    jsval_bool(jsval_get(q, "multiple"), false))));
	return (struct claude_shown){ entry_questions(list),
		text_in(t, jsval_first(all), "question", NULL, NULL) };
}

/* With all it was given and all it said. */
static struct js *
called(const struct tool *t, const char *name)
{
	struct js *in = jsval_js(t->in), *o = entry_call(name, in, result(t));

	js_free(in);
	return o;
}

/* A tool that is nothing but one. */
static struct claude_shown
do_tool(const struct tool *t)
{
	const char *path = string(t, t->in, "notebook_path");

	return (struct claude_shown){ called(t, t->name),
		path != NULL ? relative(t->c, path) : t->name };
}

static struct claude_shown
labelled(const struct tool *t, const char *label, const char *what)
{
	const char *s = *what != '\0'
			    ? arena_printf(t->c->a, "%s: %s", label, what)
			    : label;

	return (struct claude_shown){ entry_other(s), s };
}

static struct claude_shown
do_list(const struct tool *t)
{
	return labelled(t, "List directory", path_of(t));
}

static struct claude_shown
do_oracle(const struct tool *t)
{
	return labelled(t, "Oracle", text(t, "task", "prompt", NULL));
}

static struct claude_shown
do_mermaid(const struct tool *t)
{
	return labelled(t, "Mermaid diagram", "");
}

static struct claude_shown
do_codebase(const struct tool *t)
{
	return labelled(t, "Search", text(t, "query", "path", NULL));
}

static struct claude_shown
do_undo(const struct tool *t)
{
	return labelled(t, "Undo edit", path_of(t));
}

/* "mcp__server__tool" as "mcp:server:tool". */
static const char *
mcp_name(struct arena *a, const char *name)
{
	static const char prefix[] = "mcp__";
	size_t n = sizeof(prefix) - 1;
	const char *part;

	if (strncmp(name, prefix, n) != 0)
		return NULL;
	name += n;
	part = strstr(name, "__");
	if (part == NULL || part == name || part[2] == '\0')
		return NULL;
	return arena_printf(a, "mcp:%.*s:%s", (int)(part - name), name,
	    part + 2);
}

static struct claude_shown
do_unknown(const struct tool *t)
{
	const char *mcp = mcp_name(t->c->a, t->name);

	if (mcp != NULL)
		return (struct claude_shown){ called(t, mcp), mcp };
	if (t->told == NULL)
		return labelled(t, "Tool", t->name);
	return (struct claude_shown){ called(t, t->name),
		arena_printf(t->c->a, "Tool: %s", t->name) };
}

static const struct {
	const char *name;
	struct claude_shown (*show)(const struct tool *t);
	bool told; /* its result is a part of it */
} rows[] = {
	{ "Read", do_read, false },
	{ "Edit", do_edit, false },
	{ "MultiEdit", do_multi_edit, false },
	{ "Write", do_write, false },
	{ "Delete", do_delete, false },
	{ "ApplyPatch", do_patch, false },
	{ "Bash", do_bash, true },
	{ "Grep", do_grep, false },
	{ "Glob", do_glob, false },
	{ "WebFetch", do_fetch, false },
	{ "WebSearch", do_fetch, false },
	{ "Task", do_task, true },
	{ "Agent", do_task, true },
	{ "ExitPlanMode", do_plan, false },
	{ "TodoWrite", do_todo_write, false },
	{ "TodoRead", do_todo_read, false },
	{ "AskUserQuestion", do_question, false },
	{ "NotebookEdit", do_tool, true },
	{ "LS", do_list, false },
	{ "Oracle", do_oracle, false },
	{ "Mermaid", do_mermaid, false },
	{ "CodebaseSearchAgent", do_codebase, false },
	{ "UndoEdit", do_undo, false },
};

/* Its row, or how many there are. Most are another by their first letter. */
static size_t
row_of(const char *name)
{
	size_t i, n = sizeof(rows) / sizeof(rows[0]);

	for (i = 0; i < n; i++)
		if (((*name ^ *rows[i].name) & ~0x20) == 0 &&
		    claude_tool_is(name, rows[i].name))
			break;
	return i;
}

bool
claude_tool_tells(const char *name)
{
	size_t i = row_of(name);

	return i == sizeof(rows) / sizeof(rows[0]) || rows[i].told;
}

struct claude_shown
claude_tool(struct claude *c, const char *name, struct jsval input,
    const struct claude_told *told)
{
	const struct tool t = { c, name, input, told };
	size_t i = row_of(name);

	return i < sizeof(rows) / sizeof(rows[0]) ? rows[i].show(&t)
						  : do_unknown(&t);
}

const char *
claude_tool_command(const char *name, const struct js *input)
{
	static const char *const keys[] = { "command", "cmd", "command_line" };
	const char *s = NULL;

	if (!claude_tool_is(name, "Bash"))
		return NULL;
	for (size_t i = 0; i < 3 && s == NULL; i++)
		s = js_str(input, keys[i], NULL);
	return s != NULL ? s : "";
}
