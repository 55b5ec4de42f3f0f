/* SPDX-License-Identifier: MIT */
/*
 * /api/repos/discover: repositories that could be made known. It changes
 * nothing, and what it finds is judged when it is made known.
 */
#include "daemon/core/repofind.h"

#include "daemon/api/api.h"
#include "daemon/api/repo.h"
#include "daemon/app.h"

#define DEPTH 3

struct find_in {
	uint64_t set;
	const char *path;
	int64_t depth;
};

static const struct js_field find_fields[] = {
	{ .name = "path",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct find_in, path),
	    .min = 1,
	    .max = 4095,
	    .help = "where to look; absent: the home directory" },
	{ .name = "depth",
	    .kind = JS_INT,
	    .offset = offsetof(struct find_in, depth),
	    .min = 1,
	    .max = REPO_FIND_DEPTH,
	    .help = "levels below it; 3" },
	{ .name = NULL },
};

static struct js *
found_json(const struct repo_found *r)
{
	struct js *o = js_object();

	js_add_str(o, "path", r->path);
	js_add_bool(o, "linked", r->linked);
	js_add_ms(o, "modified_at", r->when * 1000);
	js_add_str(o, "id", r->id);
	return o;
}

static void
repos_found_cb(int err, const struct repo_finds *f, const char *why, void *arg)
{
	struct js *o, *items, *left, *l;
	struct api_call *c = arg;

	if (err != 0) {
		api_fail(c, err, why);
		return;
	}
	items = js_array();
	for (size_t i = 0; i < f->nfound; i++)
		js_push(items, found_json(&f->found[i]));
	left = js_array();
	for (size_t i = 0; i < f->nleft; i++) {
		l = js_object();
		js_add_str(l, "path", f->left[i].path);
		js_add_str(l, "reason", f->left[i].reason);
		js_push(left, l);
	}
	o = js_object();
	js_add_str(o, "root", f->root);
	js_add(o, "items", items);
	js_add(o, "left_out", left);
	js_add_int(o, "left_out_total", (int64_t)f->left_total);
	js_add_bool(o, "complete", f->complete);
	api_reply(c, 200, o);
}

static void
repos_discover(struct api_call *c)
{
	const struct find_in *in = c->in;
	struct worktree_who w = repo_who(c);

	repo_find(c->app->worktrees, &w, in->path,
	    (unsigned)(in->depth > 0 ? in->depth : DEPTH), repos_found_cb, c);
}

const struct api_route api_routes_repofind[] = {
	{ HTTP_M_GET, "/api/repos/discover", SCOPE_READ, .query = find_fields,
	    .in_size = sizeof(struct find_in), .handler = repos_discover,
	    .success = 200, .doc = "Repositories below a directory" },
	{ .pattern = NULL },
};
