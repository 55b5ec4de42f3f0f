/* SPDX-License-Identifier: MIT */
/*
 * /api/gc: what could be freed, and the beginning of that. The rules are
 * core/gc's.
 */
#include "daemon/core/gc.h"

#include "daemon/api/api.h"
#include "daemon/api/repo.h"
#include "daemon/app.h"

static struct js *
list_json(const struct gc_list *list)
{
	struct js *o = js_object(), *items = js_array(), *item;

	for (size_t i = 0; i < list->n; i++) {
		const struct gc_item *g = &list->items[i];

		item = js_object();
		js_add_str(item, "kind", g->kind);
		js_add_str(item, "id", g->id);
		js_add_str(item, "path", g->path);
		/* null: not known. */
		if (g->bytes >= 0)
			js_add_int(item, "bytes", g->bytes);
		else
			js_add_str(item, "bytes", NULL);
		js_add_ms(item, "since", g->since);
		js_add_str(item, "ref", g->ref);
		js_push(items, item);
	}
	js_add_int(o, "bytes", list->bytes);
	js_add_bool(o, "more", list->more);
	js_add(o, "items", items);
	return o;
}

static void
gc_look_cb(int err, const struct gc_list *list, const char *why, void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		api_fail(c, err, why);
	else
		api_reply(c, 200, list_json(list));
}

static void
gc_get(struct api_call *c)
{
	const struct worktree_who who = repo_who(c);

	gc_look(c->app->worktrees, &who, gc_look_cb, c);
}

static void
gc_begin_cb(int err, const struct gc_list *list, const char *why, void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		api_fail(c, err, why);
	else
		api_reply(c, 202, list_json(list));
}

static void
gc_post(struct api_call *c)
{
	const struct worktree_who who = repo_who(c);

	gc_begin(c->app->worktrees, &who, gc_begin_cb, c);
}

const struct api_route api_routes_gc[] = {
	{ HTTP_M_GET, "/api/gc", SCOPE_READ, .handler = gc_get, .success = 200,
	    .doc = "What could be freed; nothing is touched" },
	{ HTTP_M_POST, "/api/gc", SCOPE_WRITE, .handler = gc_post,
	    .success = 202,
	    .doc =
		"Begins to free it, as much as one round may; what rdv knows "
		"nothing of stays" },
	{ .pattern = NULL },
};
