/* SPDX-License-Identifier: MIT */
/*
 * /api/worktrees/push, fetch and pull, and /api/transfers, which they become. A
 * transfer is answered as soon as it is written down; how it goes is asked for,
 * or told by events.
 */
#include "daemon/core/transfer.h"

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/jobs.h"
#include "daemon/api/repo.h"
#include "daemon/app.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/js.h"

struct wish_in {
	uint64_t set;
	const char *path, *remote, *lease;
	bool force, dirty, upstream, prune;
};

#define COMMON                                                        \
	{ .name = "worktree_path",                                    \
		.alias = "worktreePath",                              \
		.kind = JS_TEXT,                                      \
		.offset = offsetof(struct wish_in, path),             \
		.required = true,                                     \
		.min = 1,                                             \
		.max = 4095,                                          \
		.help = "a directory in the worktree" },              \
	{                                                             \
		.name = "remote", .kind = JS_TEXT,                    \
		.offset = offsetof(struct wish_in, remote), .min = 1, \
		.max = 200,                                           \
		.help = "its name; absent: the branch's, or origin"   \
	}
#define FLAG(n, text)                                               \
	{                                                           \
		.name = #n, .kind = JS_BOOL,                        \
		.offset = offsetof(struct wish_in, n), .help = text \
	}

static const struct js_field push_fields[] = {
	COMMON,
	FLAG(force, "over what is there, as long as that is the lease"),
	{ .name = "lease",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct wish_in, lease),
	    .min = 1,
	    .max = 64,
	    .help = "with force: the commit that is there; absent: what was "
		    "fetched last" },
	FLAG(dirty, "though the tree has uncommitted changes"),
	FLAG(upstream, "make it the upstream of the branch"),
	{ .name = NULL },
};
static const struct js_field fetch_fields[] = {
	COMMON,
	FLAG(prune, "forget what the remote has no more"),
	{ .name = NULL },
};
static const struct js_field pull_fields[] = {
	COMMON,
	{ .name = NULL },
};
static const struct js_field list_fields[] = { JOBS_FIELDS(TRANSFERS_SHOWN) };

static void
transfers_made_cb(int err, const struct store_transfer *row, const char *why,
    void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		api_fail(c, err, why);
	else
		api_reply(c, 202, transfer_json(c->app->worktrees, row));
}

static void
start(struct api_call *c, const char *kind)
{
	const struct wish_in *in = c->in;
	struct worktree_who who = repo_who(c);
	const struct transfer_spec spec = {
		.kind = kind,
		.path = in->path,
		.remote = in->remote,
		.lease = in->lease,
		.force = in->force,
		.dirty = in->dirty,
		.upstream = in->upstream,
		.prune = in->prune,
	};

	if (in->lease != NULL && !in->force)
		api_fail(c, RDV_E_INVALID, "lease: is for a push with force");
	else
		transfer_start(c->app->worktrees, &who, &spec,
		    transfers_made_cb, c);
}

static void
transfers_push(struct api_call *c)
{
	start(c, "push");
}

static void
transfers_fetch(struct api_call *c)
{
	start(c, "fetch");
}

static void
transfers_pull(struct api_call *c)
{
	start(c, "pull");
}

static bool
transfers_page_cb(const struct store_transfer *row, void *arg)
{
	struct jobs_page *p = arg;

	js_push(p->items, transfer_json(p->worktrees, row));
	return true;
}

static void
transfers_list(struct api_call *c)
{
	struct jobs_page p = jobs_page(c);

	answer_items(c,
	    store_transfers_list(c->app->db, c->actor->user_id, p.limit,
		transfers_page_cb, &p),
	    p.items);
}

static void
transfers_get(struct api_call *c)
{
	struct store_transfer row;
	int err = store_transfer_get(c->app->db, c->req->arena,
	    c->actor->user_id, c->params[0], &row);

	jobs_reply(c, err, "there is no such transfer",
	    err == 0 ? transfer_json(c->app->worktrees, &row) : NULL);
}

static void
transfers_cancel(struct api_call *c)
{
	struct worktree_who who = repo_who(c);
	struct tx *tx = tx_begin(c->app->db);
	const char *why = NULL;
	struct store_transfer row;
	int err = transfer_cancel(c->app->worktrees, tx, c->req->arena, &who,
	    c->params[0], &row, &why);

	jobs_cancel_reply(c, tx, err, why,
	    err == 0 ? transfer_json(c->app->worktrees, &row) : NULL);
}

#define IN(st) .in_size = sizeof(struct st)

const struct api_route api_routes_transfers[] = {
	{ HTTP_M_POST, "/api/worktrees/push", SCOPE_WRITE, .body = push_fields,
	    IN(wish_in), .handler = transfers_push, .success = 202,
	    .doc = "Pushes a worktree's branch to a remote" },
	{ HTTP_M_POST, "/api/worktrees/fetch", SCOPE_WRITE,
	    .body = fetch_fields, IN(wish_in), .handler = transfers_fetch,
	    .success = 202, .doc = "Fetches what a remote has" },
	{ HTTP_M_POST, "/api/worktrees/pull", SCOPE_WRITE, .body = pull_fields,
	    IN(wish_in), .handler = transfers_pull, .success = 202,
	    .doc = "Fetches, and goes forward to the branch's upstream" },
	{ HTTP_M_GET, "/api/transfers", SCOPE_READ, .query = list_fields,
	    IN(jobs_in), .handler = transfers_list, .success = 200,
	    .doc = "Pushes, fetches and pulls, newest first" },
	{ HTTP_M_GET, "/api/transfers/{id}", SCOPE_READ,
	    .handler = transfers_get, .success = 200,
	    .doc = "One of them, with its progress while it is at work" },
	{ HTTP_M_DELETE, "/api/transfers/{id}", SCOPE_WRITE,
	    .handler = transfers_cancel, .success = 202,
	    .doc = "Cancels it; a push that has arrived stays" },
	{ .pattern = NULL },
};
