/* SPDX-License-Identifier: MIT */
/*
 * /api/repos/clones: repositories on their way here. A clone is answered as
 * soon as it is written down; how it goes is asked for, or told by events.
 */
#include "daemon/core/clone.h"

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/jobs.h"
#include "daemon/api/repo.h"
#include "daemon/app.h"
#include "daemon/store/clones.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/js.h"

#define DEPTH_MAX 1000000

struct clone_in {
	uint64_t set;
	const char *url, *dir, *name, *branch, *filter;
	int64_t depth;
	bool sparse, submodules;
};

#define OFF(f) offsetof(struct clone_in, f)

static const struct js_field clone_fields[] = {
	{ .name = "url",
	    .kind = JS_TEXT,
	    .offset = OFF(url),
	    .required = true,
	    .min = 1,
	    .max = 4095,
	    .help = "https, ssh or user@host:path, http of this host, or the "
		    "path of a repository of one's own; no credential in it" },
	{ .name = "dir",
	    .kind = JS_TEXT,
	    .offset = OFF(dir),
	    .required = true,
	    .min = 1,
	    .max = 4000,
	    .help = "where it shall be; what that lies in is there already" },
	{ .name = "name",
	    .kind = JS_TEXT,
	    .offset = OFF(name),
	    .min = 1,
	    .max = 200,
	    .help = "for people; absent: that of its directory" },
	{ .name = "branch",
	    .kind = JS_TEXT,
	    .offset = OFF(branch),
	    .min = 1,
	    .max = 200,
	    .help = "branch or tag to check out; absent: the server's" },
	{ .name = "depth",
	    .kind = JS_INT,
	    .offset = OFF(depth),
	    .min = 1,
	    .max = DEPTH_MAX,
	    .help = "of its history so many commits; absent: all" },
	{ .name = "filter",
	    .kind = JS_TEXT,
	    .offset = OFF(filter),
	    .min = 1,
	    .max = 40,
	    .help = "what is left for later: blob:none, blob:limit=N, tree:N" },
	{ .name = "sparse",
	    .kind = JS_BOOL,
	    .offset = OFF(sparse),
	    .help = "check out the files of its top directory alone" },
	{ .name = "submodules",
	    .kind = JS_BOOL,
	    .offset = OFF(submodules),
	    .help = "those, too, over the same transport; not over ssh" },
	{ .name = NULL },
};
static const struct js_field list_fields[] = { JOBS_FIELDS(CLONES_SHOWN) };

static void
clones_made_cb(int err, const struct store_clone *row, const char *why,
    void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		answer_bounded(c, err, why);
	else
		api_reply(c, 202, clone_json(c->app->worktrees, row));
}

static void
clones_create(struct api_call *c)
{
	const struct clone_in *in = c->in;
	struct worktree_who who = repo_who(c);
	const struct clone_spec spec = {
		.url = in->url,
		.dir = in->dir,
		.name = in->name,
		.branch = in->branch,
		.filter = in->filter,
		.depth = in->depth,
		.sparse = in->sparse,
		.submodules = in->submodules,
	};

	clone_start(c->app->worktrees, &who, &spec, clones_made_cb, c);
}

static bool
clones_page_cb(const struct store_clone *row, void *arg)
{
	struct jobs_page *p = arg;

	js_push(p->items, clone_json(p->worktrees, row));
	return true;
}

static void
clones_list(struct api_call *c)
{
	struct jobs_page p = jobs_page(c);

	answer_items(c,
	    store_clones_list(c->app->db, c->actor->user_id, p.limit,
		clones_page_cb, &p),
	    p.items);
}

static void
clones_get(struct api_call *c)
{
	struct store_clone row;
	int err = store_clone_get(c->app->db, c->req->arena, c->actor->user_id,
	    c->params[0], &row);

	jobs_reply(c, err, "there is no such clone",
	    err == 0 ? clone_json(c->app->worktrees, &row) : NULL);
}

static void
clones_cancel(struct api_call *c)
{
	struct worktree_who who = repo_who(c);
	struct tx *tx = tx_begin(c->app->db);
	const char *why = NULL;
	struct store_clone row;
	int err = clone_cancel(c->app->worktrees, tx, c->req->arena, &who,
	    c->params[0], &row, &why);

	jobs_cancel_reply(c, tx, err, why,
	    err == 0 ? clone_json(c->app->worktrees, &row) : NULL);
}

#define IN(st) .in_size = sizeof(struct st)

const struct api_route api_routes_clones[] = {
	{ HTTP_M_GET, "/api/repos/clones", SCOPE_READ, .query = list_fields,
	    IN(jobs_in), .handler = clones_list, .success = 200,
	    .doc = "Clones, newest first, and how far they are" },
	{ HTTP_M_POST, "/api/repos/clones", SCOPE_WRITE, .body = clone_fields,
	    IN(clone_in), .handler = clones_create, .success = 202,
	    .doc = "Clones a repository and makes it known" },
	{ HTTP_M_GET, "/api/repos/clones/{id}", SCOPE_READ,
	    .handler = clones_get, .success = 200,
	    .doc = "One clone, with its progress while it is at work" },
	{ HTTP_M_DELETE, "/api/repos/clones/{id}", SCOPE_WRITE,
	    .handler = clones_cancel, .success = 202,
	    .doc = "Cancels it: git is ended, and what it made goes" },
	{ .pattern = NULL },
};
