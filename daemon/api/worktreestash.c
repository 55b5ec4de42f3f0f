/* SPDX-License-Identifier: MIT */
/*
 * The stash of a repository, from one of its worktrees. What an entry holds is
 * told by /api/worktrees/diffstat with its commit.
 */
#include "daemon/core/worktreestash.h"

#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/names.h"
#include "daemon/api/repo.h"
#include "daemon/app.h"

struct stash_in {
	uint64_t set;
	const char *tree, *head, *message, *stash;
	const char **paths, **coded;
	bool untracked, index;
};

#define TEXT(n, camel, field, is_required, most, text)                \
	{                                                             \
		.name = n, .alias = camel, .kind = JS_TEXT,           \
		.required = is_required,                              \
		.offset = offsetof(struct stash_in, field), .min = 1, \
		.max = most, .help = text                             \
	}
#define FLAG(n, field, text)                                             \
	{                                                                \
		.name = n, .kind = JS_BOOL,                              \
		.offset = offsetof(struct stash_in, field), .help = text \
	}
#define TREE                                                    \
	TEXT("worktree_path", "worktreePath", tree, true, 4095, \
	    "a directory in the worktree")
#define HEAD                                \
	TEXT("head", NULL, head, false, 64, \
	    "the commit that HEAD has to be; refused when it moved")
#define STASH                                \
	TEXT("stash", NULL, stash, true, 64, \
	    "the commit of the entry, also of one that was dropped")

static const struct js_field push_fields[] = {
	TREE,
	HEAD,
	NAMES_FIELDS(struct stash_in, "only these; absent: all"),
	TEXT("message", NULL, message, false, 1000, "what it is about"),
	FLAG("untracked", untracked, "files that git does not know, too"),
	{ .name = NULL },
};
static const struct js_field use_fields[] = {
	TREE,
	HEAD,
	STASH,
	FLAG("index", index, "what was staged is staged again"),
	{ .name = NULL },
};
static const struct js_field drop_fields[] = {
	TREE,
	STASH,
	{ .name = NULL },
};
static const struct js_field list_fields[] = {
	TREE,
	{ .name = NULL },
};

static void
stash_cb(int err, const struct worktree_changed *how, const char *why,
    void *arg)
{
	struct api_call *c = arg;
	struct js *o;

	if (err != 0) {
		worktreechange_refuse(c, err, how, why);
		return;
	}
	o = js_object();
	js_add_str(o, "stash", how->kept);
	js_add_bool(o, "dropped", how->dropped);
	js_add_int(o, "conflicts", how->conflicts);
	worktreechange_state(o, how);
	api_reply(c, c->route->success, o);
}

static void
begin(struct api_call *c, change_fn *change)
{
	const struct stash_in *in = c->in;
	const struct worktree_change wish = {
		.tree = in->tree,
		.head = in->head,
		.message = in->message,
		.stash = in->stash,
		.untracked = in->untracked,
		.index = in->index,
	};

	worktreechange_begin(c, change, wish, in->paths, in->coded, stash_cb);
}

static void
push(struct api_call *c)
{
	begin(c, worktree_stash);
}

static void
apply(struct api_call *c)
{
	begin(c, worktree_stash_apply);
}

static void
pop(struct api_call *c)
{
	begin(c, worktree_stash_pop);
}

static void
drop(struct api_call *c)
{
	begin(c, worktree_stash_drop);
}

static void
list_cb(int err, const struct worktree_stashes *all, const char *why, void *arg)
{
	struct api_call *c = arg;
	struct js *list, *o;

	if (err != 0) {
		api_fail(c, err, why);
		return;
	}
	list = js_array();
	for (size_t i = 0; i < all->n; i++) {
		o = js_object();
		js_add_str(o, "commit", all->items[i].commit);
		js_add_str(o, "subject", all->items[i].subject);
		js_add_ms(o, "created_at", all->items[i].ms);
		js_add_bool(o, "dropped", all->items[i].dropped);
		js_push(list, o);
	}
	answer_items(c, 0, list);
}

static void
stashes(struct api_call *c)
{
	const struct stash_in *in = c->in;
	const struct worktree_who who = repo_who(c);

	worktree_stash_list(c->app->worktrees, &who, in->tree, list_cb, c);
}

#define IN .in_size = sizeof(struct stash_in)

const struct api_route api_routes_worktreestash[] = {
	{ HTTP_M_GET, "/api/worktrees/stashes", SCOPE_READ,
	    .query = list_fields, IN, .handler = stashes, .success = 200,
	    .doc = "The stash, and what was dropped from it" },
	{ HTTP_M_POST, "/api/worktrees/stash", SCOPE_WRITE, .body = push_fields,
	    IN, .handler = push, .success = 201,
	    .doc = "Puts changes away into the stash" },
	{ HTTP_M_POST, "/api/worktrees/stash/apply", SCOPE_WRITE,
	    .body = use_fields, IN, .handler = apply, .success = 200,
	    .doc = "Brings an entry of the stash into a worktree" },
	{ HTTP_M_POST, "/api/worktrees/stash/pop", SCOPE_WRITE,
	    .body = use_fields, IN, .handler = pop, .success = 200,
	    .doc = "The same, and drops it if nothing is in conflict" },
	{ HTTP_M_POST, "/api/worktrees/stash/drop", SCOPE_WRITE,
	    .body = drop_fields, IN, .handler = drop, .success = 200,
	    .doc = "Takes an entry out of the stash; it stays pinned" },
	{ .pattern = NULL },
};
