/* SPDX-License-Identifier: MIT */
/*
 * What worktrees take of the disk: the shapes. The rules are
 * core/worktreesize's.
 */
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/repo.h"
#include "daemon/app.h"
#include "daemon/core/workspace.h"
#include "daemon/core/worktreesize.h"
#include "lib/err.h"

/* Older than that it is counted again. */
#define FRESH_MS 60000

struct space_in {
	uint64_t set;
	const char *path;
	bool fresh;
};

#define FRESH                                                      \
	{                                                          \
		.name = "fresh", .kind = JS_BOOL,                  \
		.offset = offsetof(struct space_in, fresh),        \
		.help = "count anew what was counted a moment ago" \
	}

static const struct js_field fresh_fields[] = {
	FRESH,
	{ .name = NULL },
};
static const struct js_field space_fields[] = {
	{ .name = "worktree_path",
	    .alias = "worktreePath",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct space_in, path),
	    .required = true,
	    .min = 1,
	    .max = 4095,
	    .help = "a directory in the worktree" },
	FRESH,
	{ .name = NULL },
};

static void
add(struct js *o, const char *key, int64_t n)
{
	if (n >= 0)
		js_add_int(o, key, n);
	else
		js_add_str(o, key, NULL);
}

/* null: not known. */
static void
add_size(struct js *o, const struct wt_size *size)
{
	const struct wt_size none = { -1, -1, -1, -1, true, -1 };
	const struct wt_size *z = size != NULL ? size : &none;

	add(o, "own_bytes", z->own);
	add(o, "shared_bytes", z->shared);
	add(o, "objects_bytes", z->objects);
	add(o, "files", z->files);
	js_add_bool(o, "partial", z->partial);
	js_add_ms(o, "seen_at", z->seen_at);
}

static struct js *
part_json(const struct workspace_part *p)
{
	struct js *o = js_object();

	js_add_str(o, "name", p->repo.name);
	js_add_str(o, "path", p->path);
	js_add_str(o, "state", p->tree.state);
	add_size(o, p->size);
	js_add_str(o, "why", p->text);
	return o;
}

/* A repository is there once in a workspace: its objects can be added up. */
static struct js *
space_json(const struct workspace *ws)
{
	struct wt_size sum = { .seen_at = -1 };
	struct js *o = js_object(), *list = js_array();
	const struct wt_size *z;

	for (size_t i = 0; i < ws->n; i++) {
		js_push(list, part_json(&ws->parts[i]));
		z = ws->parts[i].size;
		if (z == NULL) {
			sum.partial = sum.partial || ws->parts[i].text != NULL;
			continue;
		}
		sum.own += z->own;
		sum.shared += z->shared;
		sum.objects += z->objects;
		sum.files += z->files;
		sum.partial = sum.partial || z->partial;
		if (sum.seen_at < 0 || z->seen_at < sum.seen_at)
			sum.seen_at = z->seen_at;
	}
	js_add_str(o, "id", ws->row.id);
	add_size(o, &sum);
	js_add(o, "repos", list);
	return o;
}

static void
space_workspace_cb(int err, const struct workspace *ws, const char *why,
    void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		api_fail(c, err, why);
	else
		api_reply(c, 200, space_json(ws));
}

static void
space_workspace(struct api_call *c)
{
	const struct space_in *in = c->in;
	const struct worktree_who who = repo_who(c);

	workspace_space(c->app->workspaces, &who, c->params[0],
	    in->fresh ? 0 : FRESH_MS, space_workspace_cb, c);
}

static void
space_worktree_cb(int err, const struct wt_size *size, const char *why,
    void *arg)
{
	struct api_call *c = arg;
	struct js *o;

	if (err != 0) {
		api_fail(c, err, why);
		return;
	}
	o = js_object();
	add_size(o, size);
	api_reply(c, 200, o);
}

static void
space_worktree(struct api_call *c)
{
	const struct space_in *in = c->in;
	const struct worktree_who who = repo_who(c);
	const struct wt_size_ask ask = { NULL, in->path,
		in->fresh ? 0 : FRESH_MS };

	worktree_size(c->app->worktrees, &who, &ask, space_worktree_cb, c);
}

#define IN(st) .in_size = sizeof(struct st)

const struct api_route api_routes_space[] = {
	{ HTTP_M_GET, "/api/workspaces/{id}/space", SCOPE_READ,
	    .query = fresh_fields, IN(space_in), .handler = space_workspace,
	    .success = 200, .doc = "What a workspace takes of the disk" },
	{ HTTP_M_GET, "/api/worktrees/space", SCOPE_READ, .query = space_fields,
	    IN(space_in), .handler = space_worktree, .success = 200,
	    .doc = "What a worktree takes of the disk" },
	{ .pattern = NULL },
};
