/* SPDX-License-Identifier: MIT */
/*
 * What a worktree holds, in detail: each route is a question to the worker that
 * stays with the tree (core/worktreeread.c), whose answer is the reply.
 */
#include "daemon/api/api.h"
#include "daemon/api/repo.h"
#include "daemon/app.h"
#include "daemon/core/gitshape.h"
#include "daemon/core/worktree.h"

#define PAGE_MAX 5000

struct read_in {
	uint64_t set;
	const char *tree;
	int64_t offset, limit, context, timeout_ms;
	bool all, first;
	const char *base, *from, *to, *commit, *view, *at;
	const char *path, *path_coded, *old_path, *old_path_coded;
};

/* Whether a path may be used is judged where it is opened. */
#define TREE                                                        \
	{                                                           \
		.name = "worktree_path", .alias = "worktreePath",   \
		.kind = JS_TEXT, .required = true,                  \
		.offset = offsetof(struct read_in, tree), .min = 1, \
		.max = 4095, .help = "a directory in the worktree"  \
	}
#define DEADLINE                                                          \
	{                                                                 \
		.name = "timeout_ms", .kind = JS_INT,                     \
		.offset = offsetof(struct read_in, timeout_ms), .min = 1, \
		.max = 600000,                                            \
		.help = "milliseconds that git may take; absent: "        \
			"worktrees.git_timeout_ms, as at most"            \
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

#define FIRST                                                                 \
	{                                                                     \
		.name = "first", .kind = JS_BOOL,                             \
		.offset = offsetof(struct read_in, first),                    \
		.help = "of very much the first page at once, if it can be "  \
			"told without all of it: then `partial` is true and " \
			"numbers are at least that"                           \
	}

static const struct js_field changes_fields[] = {
	TREE,
	PAGE,
	FIRST,
	DEADLINE,
	{ .name = "all",
	    .kind = JS_BOOL,
	    .offset = offsetof(struct read_in, all),
	    .help = "each untracked file, where else its directory is told" },
	{ .name = NULL },
};

#define NAME(n, field, is_required, text)                            \
	{                                                            \
		.name = n, .kind = JS_TEXT, .required = is_required, \
		.offset = offsetof(struct read_in, field), .min = 1, \
		.max = 5464, .help = text                            \
	}
#define SIDES                                                                \
	NAME("base", base, false,                                            \
	    "a branch, a tag or a commit: compared is with where HEAD has "  \
	    "parted from it"),                                               \
	    NAME("from", from, false, "a branch, a tag or a commit"),        \
	    NAME("to", to, false, "the same, for what it is compared with"), \
	    NAME("commit", commit, false,                                    \
		"one beside its first parent: what it has changed"),         \
	{                                                                    \
		.name = "view", .kind = JS_ONE_OF,                           \
		.offset = offsetof(struct read_in, view),                    \
		.words = "all|staged|unstaged",                              \
		.help =                                                      \
		    "without any of those: all since HEAD, or a part of it"  \
	}

static const struct js_field diffstat_fields[] = {
	TREE,
	SIDES,
	PAGE,
	FIRST,
	DEADLINE,
	{ .name = NULL },
};

/* Of a name either spelling: see docs/architecture.md. */
static const struct js_field diff_fields[] = {
	TREE,
	SIDES,
	DEADLINE,
	NAME("path", path, false, "a file, by its name in the worktree"),
	NAME("path_base64", path_coded, false,
	    "the same for a name that is no UTF-8: its bytes"),
	NAME("old_path", old_path, false, "and its name before"),
	NAME("old_path_base64", old_path_coded, false, "or the bytes of that"),
	{ .name = "context",
	    .kind = JS_INT,
	    .offset = offsetof(struct read_in, context),
	    .max = 1000,
	    .help = "lines around what differs; absent: 3" },
	{ .name = "limit",
	    .kind = JS_INT,
	    .offset = offsetof(struct read_in, limit),
	    .min = 1,
	    .max = 20000,
	    .help = "lines at most; absent: 2000" },
	{ .name = NULL },
};
static const struct js_field log_fields[] = {
	TREE,
	DEADLINE,
	NAME("to", to, false, "a branch, a tag or a commit; absent: HEAD"),
	NAME("base", base, false, "without what that has"),
	NAME("path", path, false, "only what touched this file or directory"),
	NAME("path_base64", path_coded, false,
	    "the same for a name that is no UTF-8: its bytes"),
	{ .name = "offset",
	    .kind = JS_INT,
	    .offset = offsetof(struct read_in, offset),
	    .max = 1000000000,
	    .help = "how many to pass over: `next` of an answer" },
	{ .name = "limit",
	    .kind = JS_INT,
	    .offset = offsetof(struct read_in, limit),
	    .min = 1,
	    .max = 500,
	    .help = "how many at most; absent: 50" },
	{ .name = NULL },
};
#define AT NAME("at", at, false, "a branch, a tag or a commit; absent: HEAD")

static const struct js_field tree_fields[] = {
	TREE,
	DEADLINE,
	PAGE,
	AT,
	NAME("path", path, false, "a directory; absent: the top"),
	NAME("path_base64", path_coded, false,
	    "the same for a name that is no UTF-8: its bytes"),
	{ .name = NULL },
};
static const struct js_field file_fields[] = {
	TREE,
	DEADLINE,
	AT,
	NAME("path", path, false, "a file"),
	NAME("path_base64", path_coded, false,
	    "the same for a name that is no UTF-8: its bytes"),
	{ .name = NULL },
};
static const struct js_field compare_fields[] = {
	TREE,
	DEADLINE,
	NAME("base", base, true, "a branch, a tag or a commit"),
	NAME("to", to, false, "the same, to be compared with it; absent: HEAD"),
	{ .name = NULL },
};
static const struct js_field merge_fields[] = {
	TREE,
	DEADLINE,
	PAGE,
	NAME("base", base, true, "a branch, a tag or a commit"),
	NAME("to", to, false, "the same, to be merged into it; absent: HEAD"),
	{ .name = NULL },
};
static const struct js_field blame_fields[] = {
	TREE,
	DEADLINE,
	NAME("at", at, false,
	    "a branch, a tag or a commit; absent: the worktree's file"),
	NAME("path", path, false, "a file"),
	NAME("path_base64", path_coded, false,
	    "the same for a name that is no UTF-8: its bytes"),
	{ .name = "offset",
	    .kind = JS_INT,
	    .offset = offsetof(struct read_in, offset),
	    .max = 1000000000,
	    .help = "how many lines to pass over: `next` of an answer" },
	{ .name = "limit",
	    .kind = JS_INT,
	    .offset = offsetof(struct read_in, limit),
	    .min = 1,
	    .max = 20000,
	    .help = "lines at most; absent: 1000" },
	{ .name = NULL },
};
static const struct js_field conflicts_fields[] = {
	TREE,
	DEADLINE,
	PAGE,
	{ .name = NULL },
};
static const struct js_field conflict_fields[] = {
	TREE,
	DEADLINE,
	NAME("path", path, false, "a file"),
	NAME("path_base64", path_coded, false,
	    "the same for a name that is no UTF-8: its bytes"),
	{ .name = NULL },
};
#define DIFF_CONTEXT 11 /* its row in the table */

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
read_gone_cb(void *arg)
{
	worktree_read_cancel(arg);
}

static void
ask(struct api_call *c, const char *op, const struct shape *shape,
    struct js *args)
{
	const struct read_in *in = c->in;
	const struct worktree_who who = repo_who(c);
	const struct worktree_query q = { .path = in->tree,
		.op = op,
		.shape = shape,
		.args = args,
		.ms = in->timeout_ms };

	if (in->limit > 0)
		js_add_int(args, "limit", in->limit);
	js_add_int(args, "offset", in->offset);
	if (in->first)
		js_add_bool(args, "first", true);
	/* The answer, which is an error then, comes as ever. */
	c->req->gone_arg =
	    worktree_read(c->app->worktrees, &who, &q, read_cb, c);
	c->req->gone = read_gone_cb;
}

static void
changes(struct api_call *c)
{
	const struct read_in *in = c->in;
	struct js *args = js_object();

	js_add_bool(args, "all", in->all);
	ask(c, "changes", shape_changes, args);
}

/* Absent ones are not told of at all. */
static void
put(struct js *args, const char *name, const char *value)
{
	if (value != NULL)
		js_add_str(args, name, value);
}

static struct js *
sides(const struct read_in *in)
{
	struct js *args = js_object();

	put(args, "base", in->base);
	put(args, "from", in->from);
	put(args, "to", in->to);
	put(args, "commit", in->commit);
	put(args, "view", in->view);
	return args;
}

static void
diffstat(struct api_call *c)
{
	ask(c, "diffstat", shape_diffstat, sides(c->in));
}

static void
diff(struct api_call *c)
{
	const struct read_in *in = c->in;
	struct js *args = sides(in);

	put(args, "path", in->path);
	put(args, "path_base64", in->path_coded);
	put(args, "old_path", in->old_path);
	put(args, "old_path_base64", in->old_path_coded);
	if (JS_SET(in, DIFF_CONTEXT))
		js_add_int(args, "context", in->context);
	ask(c, "diff", shape_diff, args);
}

static void
history(struct api_call *c)
{
	const struct read_in *in = c->in;
	struct js *args = sides(in);

	put(args, "path", in->path);
	put(args, "path_base64", in->path_coded);
	ask(c, "log", shape_log, args);
}

static struct js *
place(const struct read_in *in)
{
	struct js *args = js_object();

	put(args, "at", in->at);
	put(args, "path", in->path);
	put(args, "path_base64", in->path_coded);
	return args;
}

static void
tree(struct api_call *c)
{
	ask(c, "tree", shape_tree, place(c->in));
}

static void
file(struct api_call *c)
{
	ask(c, "file", shape_file, place(c->in));
}

static void
compare(struct api_call *c)
{
	ask(c, "compare", shape_compare, sides(c->in));
}

static void
merge(struct api_call *c)
{
	ask(c, "merge", shape_merge, sides(c->in));
}

static void
blame(struct api_call *c)
{
	ask(c, "blame", shape_blame, place(c->in));
}

static void
conflicts(struct api_call *c)
{
	ask(c, "conflicts", shape_conflicts, js_object());
}

static void
conflict(struct api_call *c)
{
	ask(c, "conflict", shape_conflict, place(c->in));
}

#define IN .in_size = sizeof(struct read_in)

const struct api_route api_routes_worktreeread[] = {
	{ HTTP_M_GET, "/api/worktrees/changes", SCOPE_READ,
	    .query = changes_fields, IN, .handler = changes, .success = 200,
	    .doc = "What has changed in a worktree, entry by entry" },
	{ HTTP_M_GET, "/api/worktrees/diffstat", SCOPE_READ,
	    .query = diffstat_fields, IN, .handler = diffstat, .success = 200,
	    .doc = "Which files of a worktree differ, and by how much" },
	{ HTTP_M_GET, "/api/worktrees/diff", SCOPE_READ, .query = diff_fields,
	    IN, .handler = diff, .success = 200,
	    .doc = "What differs in one file, hunk by hunk" },
	{ HTTP_M_GET, "/api/worktrees/log", SCOPE_READ, .query = log_fields, IN,
	    .handler = history, .success = 200,
	    .doc = "Commits, the newest first" },
	{ HTTP_M_GET, "/api/worktrees/tree", SCOPE_READ, .query = tree_fields,
	    IN, .handler = tree, .success = 200,
	    .doc = "What a directory of a commit holds" },
	{ HTTP_M_GET, "/api/worktrees/file", SCOPE_READ, .query = file_fields,
	    IN, .handler = file, .success = 200,
	    .doc = "The text of a file of a commit" },
	{ HTTP_M_GET, "/api/worktrees/compare", SCOPE_READ,
	    .query = compare_fields, IN, .handler = compare, .success = 200,
	    .doc = "Where two commits parted, and how far they went" },
	{ HTTP_M_GET, "/api/worktrees/merge", SCOPE_READ, .query = merge_fields,
	    IN, .handler = merge, .success = 200,
	    .doc = "What would come of a merge, which is only tried" },
	{ HTTP_M_GET, "/api/worktrees/blame", SCOPE_READ, .query = blame_fields,
	    IN, .handler = blame, .success = 200,
	    .doc = "Which commit each line of a file comes from" },
	{ HTTP_M_GET, "/api/worktrees/conflicts", SCOPE_READ,
	    .query = conflicts_fields, IN, .handler = conflicts, .success = 200,
	    .doc = "Which files of a worktree are in conflict" },
	{ HTTP_M_GET, "/api/worktrees/conflict", SCOPE_READ,
	    .query = conflict_fields, IN, .handler = conflict, .success = 200,
	    .doc = "What each side has of a file in conflict" },
	{ .pattern = NULL },
};
