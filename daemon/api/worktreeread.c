/* SPDX-License-Identifier: MIT */
/*
 * What a worktree holds, in detail: each route is a question to the worker that
 * stays with the tree (core/worktreeread.c), whose answer is the reply.
 */
#include "daemon/api/api.h"
#include "daemon/app.h"
#include "daemon/core/gitshape.h"
#include "daemon/core/worktree.h"
#include "lib/err.h"
#include "lib/str.h"

#define PAGE_MAX 5000

struct read_in {
	uint64_t set;
	const char *tree;
	int64_t offset, limit;
	bool all;
};

/* Whether a path may be used is judged where it is opened. */
#define TREE                                                        \
	{                                                           \
		.name = "worktree_path", .alias = "worktreePath",   \
		.kind = JS_TEXT, .required = true,                  \
		.offset = offsetof(struct read_in, tree), .min = 1, \
		.max = 4095, .help = "a directory in the worktree"  \
	}
#define PAGE                                                               \
	{ .name = "offset",                                                \
		.kind = JS_INT,                                            \
		.offset = offsetof(struct read_in, offset),                \
		.max = 1000000000,                                         \
		.help = "how many of the list to pass over: `next` of an " \
			"answer" },                                        \
	{                                                                  \
		.name = "limit", .kind = JS_INT,                           \
		.offset = offsetof(struct read_in, limit), .min = 1,       \
		.max = PAGE_MAX, .help = "how many at most; absent: 500"   \
	}

static const struct js_field changes_fields[] = {
	TREE,
	PAGE,
	{ .name = "all",
	    .kind = JS_BOOL,
	    .offset = offsetof(struct read_in, all),
	    .help = "each untracked file, where else its directory is told" },
	{ .name = NULL },
};

static void
read_cb(int err, struct js *result, const char *why, void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		api_fail(c, err, why);
	else
		api_reply(c, 200, result);
}

static void
ask(struct api_call *c, const char *op, const struct shape *shape,
    struct js *args)
{
	const struct read_in *in = c->in;
	struct worktree_who who = { .uid = c->actor->uid };
	const struct worktree_query q = { in->tree, op, shape, args };

	if (in->limit > 0)
		js_add_int(args, "limit", in->limit);
	js_add_int(args, "offset", in->offset);
	(void)str_copy(who.user_id, c->actor->user_id, sizeof(who.user_id));
	worktree_read(c->app->worktrees, &who, &q, read_cb, c);
}

static void
changes(struct api_call *c)
{
	const struct read_in *in = c->in;
	struct js *args = js_object();

	js_add_bool(args, "all", in->all);
	ask(c, "changes", shape_changes, args);
}

#define IN .in_size = sizeof(struct read_in)

const struct api_route api_routes_worktreeread[] = {
	{ HTTP_M_GET, "/api/worktrees/changes", SCOPE_READ,
	    .query = changes_fields, IN, .handler = changes, .success = 200,
	    .doc = "What has changed in a worktree, entry by entry" },
	{ .pattern = NULL },
};
