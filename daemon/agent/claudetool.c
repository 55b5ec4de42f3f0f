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

/* What a row is given. */
struct tool {
	struct claude *c;
	const char *name;
	const struct js *in;
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

/* The first of up to three keys that is a text, else "". */
static const char *
text(const struct js *in, const char *a, const char *b, const char *c)
{
	const char *s = js_str(in, a, NULL);

	if (s == NULL && b != NULL)
		s = js_str(in, b, NULL);
	if (s == NULL && c != NULL)
		s = js_str(in, c, NULL);
	return s != NULL ? s : "";
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

static const char *
path_of(const struct tool *t)
{
	return relative(t->c, text(t->in, "file_path", "path", "filePath"));
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
push_diff(struct js *changes, const struct tool *t, const struct js *edit)
{
	js_push(changes,
	    entry_diff(hunk_diff(t->c->a, path_of(t),
			   text(edit, "old_string", "old_str", "oldText"),
			   text(edit, "new_string", "new_str", "newText")),
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
	const struct js *edits = js_get(t->in, "edits");
	struct js *changes = js_array();

	for (size_t i = 0; i < js_len(edits); i++)
		push_diff(changes, t, js_at(edits, i));
	return (struct claude_shown){ entry_edit(path_of(t), changes),
		path_of(t) };
}

static struct claude_shown
do_write(const struct tool *t)
{
	struct js *changes = js_array();

	js_push(changes,
	    entry_write(text(t->in, "content", "contents", "fileText")));
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
	const char *patch = text(t->in, "patchContent", "input", "patch");
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
	const char *s = text(t->in, "command", "cmd", "command_line");

	return (struct claude_shown){
		entry_command(s, t->told != NULL ? ran(t->told) : NULL), s
	};
}

static struct claude_shown
do_grep(const struct tool *t)
{
	const char *s = text(t->in, "pattern", "query", NULL);

	return (struct claude_shown){ entry_search(s), s };
}

static struct claude_shown
do_glob(const struct tool *t)
{
	const char *s = text(t->in, "pattern", "filePattern", NULL);

	return (struct claude_shown){ entry_search(s),
		arena_printf(t->c->a, "Find files: %s", s) };
}

static struct claude_shown
do_fetch(const struct tool *t)
{
	const char *s = text(t->in, "url", "query", NULL);

	return (struct claude_shown){ entry_fetch(s), s };
}

static struct claude_shown
do_task(const struct tool *t)
{
	const char *s = text(t->in, "description", "prompt", NULL);

	return (struct claude_shown){
		entry_task(s, js_str(t->in, "subagent_type", NULL), result(t)),
		arena_printf(t->c->a, "Task: %s", s)
	};
}

static struct claude_shown
do_plan(const struct tool *t)
{
	const char *s = text(t->in, "plan", NULL, NULL);

	return (struct claude_shown){ entry_plan(s), s };
}

static struct claude_shown
do_todo_write(const struct tool *t)
{
	return (struct claude_shown){ entry_todos(js_get(t->in, "todos"),
					  "write"),
		"To-do list updated" };
}

static struct claude_shown
do_todo_read(const struct tool *t)
{
	return (struct claude_shown){
		entry_todos(js_get(t->in, "todos"), "read"), "To-do list read"
	};
}

static struct claude_shown
do_question(const struct tool *t)
{
	const struct js *all = js_get(t->in, "questions");

	return (struct claude_shown){ entry_questions(all),
		js_str(js_at(all, 0), "question", "") };
}

/* A tool that is nothing but one, with all it was given and all it said. */
static struct claude_shown
do_tool(const struct tool *t)
{
	return (struct claude_shown){ entry_call(t->name, t->in, result(t)),
		relative(t->c, js_str(t->in, "notebook_path", t->name)) };
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
	return labelled(t, "Oracle", text(t->in, "task", "prompt", NULL));
}

static struct claude_shown
do_mermaid(const struct tool *t)
{
	return labelled(t, "Mermaid diagram", "");
}

static struct claude_shown
do_codebase(const struct tool *t)
{
	return labelled(t, "Search", text(t->in, "query", "path", NULL));
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
		return (struct claude_shown){ entry_call(mcp, t->in, result(t)),
			mcp };
	if (t->told == NULL)
		return labelled(t, "Tool", t->name);
	return (struct claude_shown){ entry_call(t->name, t->in, result(t)),
		arena_printf(t->c->a, "Tool: %s", t->name) };
}

static const struct {
	const char *name;
	struct claude_shown (*show)(const struct tool *t);
} rows[] = {
	{ "Read", do_read },
	{ "Edit", do_edit },
	{ "MultiEdit", do_multi_edit },
	{ "Write", do_write },
	{ "Delete", do_delete },
	{ "ApplyPatch", do_patch },
	{ "Bash", do_bash },
	{ "Grep", do_grep },
	{ "Glob", do_glob },
	{ "WebFetch", do_fetch },
	{ "WebSearch", do_fetch },
	{ "Task", do_task },
	{ "Agent", do_task },
	{ "ExitPlanMode", do_plan },
	{ "TodoWrite", do_todo_write },
	{ "TodoRead", do_todo_read },
	{ "AskUserQuestion", do_question },
	{ "NotebookEdit", do_tool },
	{ "LS", do_list },
	{ "Oracle", do_oracle },
	{ "Mermaid", do_mermaid },
	{ "CodebaseSearchAgent", do_codebase },
	{ "UndoEdit", do_undo },
};

struct claude_shown
claude_tool(struct claude *c, const char *name, const struct js *input,
    const struct claude_told *told)
{
	const struct tool t = { c, name, input, told };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		/* Most are another by their first letter. */
		if (((*name ^ *rows[i].name) & ~0x20) == 0 &&
		    claude_tool_is(name, rows[i].name))
			return rows[i].show(&t);
	return do_unknown(&t);
}

const char *
claude_tool_command(const char *name, const struct js *input)
{
	return claude_tool_is(name, "Bash")
		   ? text(input, "command", "cmd", "command_line")
		   : NULL;
}
