/* SPDX-License-Identifier: MIT */
/*
 * How the use of a tool by an ACP agent looks: its kind decides, and where a
 * kind lacks what it needs it is a tool like any other. Invariant: whatever is
 * known of one, and whatever type its parts have, it has a look.
 */
#include "daemon/agent/acpstate.h"

#include <string.h>

#include "daemon/agent/hunk.h"
#include "lib/arena.h"
#include "lib/js.h"

/* What a look is made of. */
struct view {
	struct js *const *f;
	const char *cwd, *title;
	const struct entry_status *status;
	struct arena *a;
};

static const char *
below(const struct view *v, const char *path)
{
	size_t n = strlen(v->cwd);

	if (strncmp(path, v->cwd, n) == 0 && path[n] == '/' &&
	    path[n + 1] != '\0')
		return path + n + 1;
	return path;
}

const char *
acp_block_text(const struct js *block)
{
	const char *type = js_str(block, "type", "");

	if (strcmp(type, "text") == 0)
		return js_str(block, "text", "");
	if (strcmp(type, "resource_link") == 0)
		return js_str(block, "uri", "");
	if (strcmp(type, "resource") == 0)
		return js_str(js_get(block, "resource"), "text",
		    js_str(js_get(block, "resource"), "uri", ""));
	return *type != '\0' ? "(something that is no text)" : "";
}

/* The texts of its contents, a line each; NULL when there is none. */
static const char *
content_text(const struct view *v)
{
	const struct js *list = v->f[ACP_CONTENT], *c;
	const char *out = NULL, *one;

	for (size_t i = 0; i < js_len(list); i++) {
		c = js_at(list, i);
		if (strcmp(js_str(c, "type", ""), "content") != 0)
			continue;
		one = acp_block_text(js_get(c, "content"));
		out =
		    out == NULL ? one : arena_printf(v->a, "%s\n%s", out, one);
	}
	return out;
}

static struct js *
result(const struct view *v)
{
	const struct js *raw = v->f[ACP_RAW_OUTPUT];
	const char *text = content_text(v);

	if (text != NULL)
		return entry_markdown(text);
	if (js_text(raw) != NULL)
		return entry_markdown(js_text(raw));
	return raw != NULL && !js_is_null(raw) ? entry_value(raw) : NULL;
}

static struct js *
call(const struct view *v)
{
	return entry_call(v->title, v->f[ACP_RAW_INPUT], result(v));
}

static const char *
path(const struct view *v)
{
	const char *p = js_str(js_at(v->f[ACP_LOCATIONS], 0), "path", NULL);

	return p != NULL ? below(v, p) : NULL;
}

/* Several files at once are no file. */
static struct js *
read_file(const struct view *v)
{
	if (js_len(v->f[ACP_LOCATIONS]) != 1 || path(v) == NULL)
		return call(v);
	return entry_read(path(v));
}

static struct js *
change(const struct view *v, const struct js *diff, const char *name)
{
	const char *before = js_str(diff, "oldText", "");
	const char *after = js_str(diff, "newText", "");

	if (*before == '\0')
		return entry_write(after);
	return entry_diff(hunk_diff(v->a, name, before, after), false);
}

static struct js *
edit(const struct view *v)
{
	const struct js *list = v->f[ACP_CONTENT], *c;
	const char *name = path(v), *of;
	struct js *changes = js_array();

	for (size_t i = 0; i < js_len(list); i++) {
		c = js_at(list, i);
		if (strcmp(js_str(c, "type", ""), "diff") != 0)
			continue;
		of = below(v, js_str(c, "path", ""));
		name = name != NULL ? name : of;
		/* An entry is about one file. */
		if (strcmp(name, of) == 0)
			js_push(changes, change(v, c, of));
	}
	return entry_edit(name != NULL ? name : v->title, changes);
}

static struct js *delete (const struct view *v)
{
	struct js *changes = js_array();

	js_push(changes, entry_delete());
	return entry_edit(path(v) != NULL ? path(v) : v->title, changes);
}

/* Before it has ended its contents are what it is about to do. */
static struct js *
execute(const struct view *v)
{
	const char *line = js_str(v->f[ACP_RAW_INPUT], "command", v->title);
	const char *out = content_text(v);
	bool good = v->status->state == ENTRY_SUCCESS;

	if (!good && v->status->state != ENTRY_FAILED)
		return entry_command(line, NULL);
	if (out == NULL)
		out = js_text(v->f[ACP_RAW_OUTPUT]);
	return entry_command(line, entry_ran(good, out));
}

static struct js *
search(const struct view *v)
{
	return entry_search(v->title);
}

static struct js *
fetch(const struct view *v)
{
	return entry_fetch(js_str(v->f[ACP_RAW_INPUT], "url", v->title));
}

static const struct {
	const char *kind;
	struct js *(*action)(const struct view *v);
} kinds[] = {
	{ "read", read_file },
	{ "edit", edit },
	{ "delete", delete },
	{ "execute", execute },
	{ "search", search },
	{ "fetch", fetch },
};

struct js *
acp_look(struct js *const f[ACP_FIELDS], const char *cwd,
    const struct entry_status *status)
{
	const char *kind = js_text(f[ACP_KIND]);
	struct view v = { f, cwd, js_text(f[ACP_TITLE]), status, NULL };
	struct js *action = NULL, *entry;

	kind = kind != NULL ? kind : "other";
	v.title = v.title != NULL ? v.title : kind;
	v.a = arena_new();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			action = kinds[i].action(&v);
	if (action == NULL)
		action = call(&v);
	entry = entry_tool(kind, action, status, v.title);
	arena_free(v.a);
	return entry;
}
