/* SPDX-License-Identifier: MIT */
/*
 * Resets of conversations: shapes and codes. What is done for one, and in which
 * order, is core/reset's.
 */
#include "daemon/core/reset.h"

#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/conversation.h"
#include "daemon/api/repo.h"
#include "daemon/app.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/secret.h"

struct reset_in {
	uint64_t set;
	const char *turn_id;
	bool force;
};

static const struct js_field reset_fields[] = {
	{ .name = "turn_id",
	    .alias = "turnId",
	    .kind = JS_TEXT,
	    .required = true,
	    .offset = offsetof(struct reset_in, turn_id),
	    .min = UUID_TEXT - 1,
	    .max = UUID_TEXT - 1,
	    .help = "the first turn that is to be dropped" },
	{ .name = "force",
	    .kind = JS_BOOL,
	    .offset = offsetof(struct reset_in, force),
	    .help = "what is not committed is discarded, and can be restored; "
		    "processes in a worktree do not stand against it" },
	{ .name = NULL },
};

/* What stands against it, repository by repository. */
static struct js *
details(const struct reset_told *told)
{
	struct js *o = js_object();

	if (told->row != NULL)
		js_add(o, "reset", reset_json(told->row, told->parts, told->n));
	return o;
}

static void
resets_begin_cb(int err, const struct reset_told *told, const char *why,
    void *arg)
{
	struct api_call *c = arg;

	if (err == 0)
		api_reply(c, 200, reset_json(told->row, told->parts, told->n));
	else if (err == RDV_E_STATE && told->code != NULL)
		api_fail_code(c, 409, told->code, why, details(told));
	else if (err == RDV_E_DIRTY)
		api_fail_code(c, 409, "HAS_UNCOMMITTED_CHANGES", why,
		    details(told));
	else if (err == RDV_E_BUSY)
		api_fail_code(c, 409, "WORKSPACE_BUSY", why, details(told));
	else
		api_fail(c, err, why);
}

/* The audit line comes first: without it nothing is begun. */
static void
resets_begin(struct api_call *c)
{
	const struct reset_in *in = c->in;
	const struct worktree_who who = repo_who(c);
	struct store_conversation row;
	const struct reset_wish wish = {
		.conversation = &row, .turn_id = in->turn_id, .force = in->force
	};

	if (!conversation_load(c, &row))
		return;
	if (!auth_audit(c->app->auth, c->req, "conversation.reset", c->actor,
		row.id))
		answer_unrecorded(c);
	else
		reset_begin(c->app->resets, &who, &wish, resets_begin_cb, c);
}

static void
resets_undo(struct api_call *c)
{
	const struct worktree_who who = repo_who(c);
	struct store_conversation row;

	if (!conversation_load(c, &row))
		return;
	if (!auth_audit(c->app->auth, c->req, "conversation.reset.undo",
		c->actor, row.id))
		answer_unrecorded(c);
	else
		reset_undo(c->app->resets, &who, &row, resets_begin_cb, c);
}

struct listing {
	struct api_call *call;
	struct js *items;
	int err;
};

static bool
resets_item_cb(const struct store_reset *r, void *arg)
{
	struct listing *l = arg;
	struct arena *a = l->call->req->arena;
	struct store_reset_repo *rows;
	struct reset_part *parts;
	size_t n;

	l->err = store_reset_repos(l->call->app->db, a, r->id, &rows, &n);
	if (l->err != 0)
		return false;
	parts = arena_alloc(a, (n + 1) * sizeof(*parts));
	for (size_t i = 0; i < n; i++)
		parts[i].row = rows[i];
	js_push(l->items, reset_json(r, parts, n));
	return true;
}

static void
resets_list(struct api_call *c)
{
	const struct page_in *in = c->in;
	struct listing l = { .call = c };
	struct store_conversation row;
	int err;

	if (!conversation_load(c, &row))
		return;
	l.items = js_array();
	err = store_resets_list(c->app->db, row.id, in->cursor,
	    in->limit > 0 ? in->limit : CONVERSATION_PAGE, resets_item_cb, &l);
	conversation_reply_page(c, err != 0 ? err : l.err,
	    &(struct conversation_page){ .items = l.items });
}

const struct api_route api_routes_resets[] = {
	{ HTTP_M_GET, "/api/conversations/{id}/resets", SCOPE_READ,
	    .query = conversation_page_fields,
	    .in_size = sizeof(struct page_in), .handler = resets_list,
	    .success = 200,
	    .doc = "What it was taken back to, newest first, and how far" },
	{ HTTP_M_POST, "/api/conversations/{id}/reset", SCOPE_WRITE,
	    .body = reset_fields, .in_size = sizeof(struct reset_in),
	    .handler = resets_begin, .success = 200,
	    .doc = "Stops it and takes it and its repositories back to before "
		   "a turn" },
	{ HTTP_M_POST, "/api/conversations/{id}/reset/undo", SCOPE_WRITE,
	    .handler = resets_undo, .success = 200,
	    .doc = "Takes its last reset back, if nothing has come since" },
	{ .pattern = NULL },
};
