/* SPDX-License-Identifier: MIT */
/*
 * /api/worktrees/merge and what has become of changes like it: shapes and
 * codes. The rules are core/change's.
 */
#include "daemon/core/change.h"

#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/cursor.h"
#include "daemon/api/repo.h"
#include "daemon/app.h"
#include "daemon/store/changes.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/secret.h"
#include "lib/str.h"

struct merge_in {
	uint64_t set;
	const char *tree, *into, *message, *branch_at, *target_at;
	bool squash;
};

struct replay_in {
	uint64_t set;
	const char *tree, *onto, *from, *branch_at;
	const char **commits;
};

struct resolve_in {
	uint64_t set;
	const char *tree, *path, *path_coded, *as;
};

struct list_in {
	uint64_t set;
	const char *tree, *cursor;
	int64_t limit;
};

#define TEXT(st, n, camel, field, req, least, most, text)                    \
	{                                                                    \
		.name = n, .alias = camel, .kind = JS_TEXT, .required = req, \
		.offset = offsetof(struct st, field), .min = least,          \
		.max = most, .help = text                                    \
	}

static const struct js_field merge_fields[] = {
	TEXT(merge_in, "worktree_path", "worktreePath", tree, true, 1, 4095,
	    "a directory in the worktree whose branch is merged"),
	TEXT(merge_in, "into", NULL, into, true, 1, 200, "a local branch"),
	{ .name = "squash",
	    .kind = JS_BOOL,
	    .offset = offsetof(struct merge_in, squash),
	    .help = "all of it as one commit, where the branch is then too" },
	TEXT(merge_in, "message", NULL, message, false, 1, 4000,
	    "of the commit that is made; absent: one that names the branches"),
	TEXT(merge_in, "branch_at", "branchAt", branch_at, false, 40, 64,
	    "the commit the branch is thought to be at; absent: any"),
	TEXT(merge_in, "target_at", "targetAt", target_at, false, 40, 64,
	    "the same of the branch that is merged into"),
	{ .name = NULL },
};
#define TREE                                                                  \
	TEXT(replay_in, "worktree_path", "worktreePath", tree, true, 1, 4095, \
	    "a directory in the worktree")

static const struct js_field rebase_fields[] = {
	TREE,
	TEXT(replay_in, "onto", NULL, onto, true, 1, 200,
	    "a branch, a tag or a commit: the new base"),
	TEXT(replay_in, "from", NULL, from, false, 1, 200,
	    "the old base: commits behind it are made anew; absent: onto"),
	TEXT(replay_in, "branch_at", "branchAt", branch_at, false, 40, 64,
	    "the commit the branch is thought to be at; absent: any"),
	{ .name = NULL },
};
static const struct js_field pick_fields[] = {
	TREE,
	{ .name = "commits",
	    .kind = JS_TEXTS,
	    .offset = offsetof(struct replay_in, commits),
	    .required = true,
	    .max = CHANGE_COMMITS_MAX,
	    .help = "what is made anew on the branch, in this order" },
	TEXT(replay_in, "branch_at", "branchAt", branch_at, false, 40, 64,
	    "the commit the branch is thought to be at; absent: any"),
	{ .name = NULL },
};
static const struct js_field go_fields[] = {
	TREE,
	{ .name = NULL },
};
static const struct js_field resolve_fields[] = {
	TEXT(resolve_in, "worktree_path", "worktreePath", tree, true, 1, 4095,
	    "a directory in the worktree"),
	TEXT(resolve_in, "path", NULL, path, false, 1, 4095,
	    "a file in conflict, by its name in the worktree"),
	TEXT(resolve_in, "path_base64", NULL, path_coded, false, 1, 5464,
	    "the same for a name that is no UTF-8: its bytes"),
	{ .name = "as",
	    .kind = JS_ONE_OF,
	    .required = true,
	    .offset = offsetof(struct resolve_in, as),
	    .words = "ours|theirs|working",
	    .help = "which version it is to be; in a rebase ours is the "
		    "base's" },
	{ .name = NULL },
};
static const struct js_field list_fields[] = {
	TEXT(list_in, "worktree_path", "worktreePath", tree, false, 1, 4095,
	    "only those of this worktree, by its exact path"),
	CURSOR_FIELDS(list_in, cursor, limit),
	{ .name = NULL },
};

static struct js *
heads_json(const char *branch, const char *target)
{
	struct js *o = js_object();

	js_add_str(o, "branch", branch);
	js_add_str(o, "target", target);
	return o;
}

static struct js *
change_json(const struct store_change *r)
{
	struct js *o = js_object();

	js_add_str(o, "id", r->id);
	js_add_str(o, "kind", r->kind);
	js_add_str(o, "worktree_path", r->path);
	js_add_str(o, "repo_path", r->repo_path);
	js_add_str(o, "branch", r->branch);
	js_add_str(o, "target", r->target);
	js_add_str(o, "target_path", r->target_path);
	js_add_str(o, "state", r->state);
	js_add_str(o, "cause", r->cause);
	js_add(o, "before", heads_json(r->branch_before, r->target_before));
	js_add(o, "after", heads_json(r->branch_after, r->target_after));
	js_add_ms(o, "created_at", r->created_at);
	js_add_ms(o, "updated_at", r->updated_at);
	return o;
}

static struct js *
conflicts_json(const struct change_told *told)
{
	struct js *list = js_array();

	for (size_t i = 0;
	     told->conflicts != NULL && told->conflicts[i] != NULL; i++)
		js_push_str(list, told->conflicts[i]);
	return list;
}

/* What stands in the way, and where it is written down, if it is. */
static struct js *
details_json(const struct change_told *told)
{
	struct js *o = js_object();

	js_add_str(o, "change_id", told->row != NULL ? told->row->id : NULL);
	js_add(o, "conflicts", conflicts_json(told));
	return o;
}

static void
worktreemerge_cb(int err, const struct change_told *told, const char *why,
    void *arg)
{
	struct api_call *c = arg;
	struct js *o;

	if (err != 0 && told->code != NULL) {
		api_fail_code(c, 409, told->code, why, details_json(told));
	} else if (err != 0) {
		api_fail(c, err, why);
	} else {
		o = js_object();
		js_add_bool(o, "changed", told->row != NULL);
		if (told->row != NULL)
			js_add(o, "change", change_json(told->row));
		else
			js_add_str(o, "change", NULL);
		js_add(o, "conflicts", conflicts_json(told));
		api_reply(c, 200, o);
	}
}

static void
worktreemerge_merge(struct api_call *c)
{
	const struct merge_in *in = c->in;
	struct worktree_who w = repo_who(c);
	const struct change_merge wish = {
		.path = in->tree,
		.into = in->into,
		.message = in->message,
		.squash = in->squash,
		.branch_at = in->branch_at,
		.target_at = in->target_at,
	};

	change_merge(c->app->worktrees, &w, &wish, worktreemerge_cb, c);
}

static void
worktreemerge_replay(struct api_call *c)
{
	const struct replay_in *in = c->in;
	struct worktree_who w = repo_who(c);
	const struct change_replay wish = {
		.path = in->tree,
		.onto = in->onto,
		.from = in->from,
		.commits = in->commits,
		.branch_at = in->branch_at,
	};

	if (in->onto == NULL && in->commits[0] == NULL)
		api_fail(c, RDV_E_INVALID, "commits: at least one");
	else
		change_replay(c->app->worktrees, &w, &wish, worktreemerge_cb,
		    c);
}

static void
go(struct api_call *c, enum change_verb verb)
{
	const struct replay_in *in = c->in;
	struct worktree_who w = repo_who(c);

	change_go(c->app->worktrees, &w, in->tree, verb, worktreemerge_cb, c);
}

static void
worktreemerge_continue(struct api_call *c)
{
	go(c, CHANGE_CONTINUE);
}

static void
worktreemerge_skip(struct api_call *c)
{
	go(c, CHANGE_SKIP);
}

static void
worktreemerge_abort(struct api_call *c)
{
	go(c, CHANGE_ABORT);
}

static void
worktreemerge_resolved_cb(int err, const struct change_told *told,
    const char *why, void *arg)
{
	struct api_call *c = arg;
	struct js *o;

	if (err != 0) {
		api_fail(c, err, why);
		return;
	}
	o = js_object();
	js_add(o, "conflicts", conflicts_json(told));
	api_reply(c, 200, o);
}

/* NULL: neither was sent, or it is not what it says. */
static const char *
file_of(struct api_call *c, const struct resolve_in *in)
{
	char *out;
	size_t len, max;

	if (in->path_coded == NULL)
		return in->path;
	max = strlen(in->path_coded);
	out = arena_alloc(c->req->arena, max + 1);
	return str_unbase64(out, max, &len, in->path_coded) &&
		       strlen(out) == len
		   ? out
		   : NULL;
}

static void
worktreemerge_resolve(struct api_call *c)
{
	const struct resolve_in *in = c->in;
	const char *file = file_of(c, in);
	struct worktree_who w = repo_who(c);

	if (file == NULL)
		api_fail(c, RDV_E_INVALID, "path: is missing, or no name");
	else
		change_resolve(c->app->worktrees, &w, in->tree, file, in->as,
		    worktreemerge_resolved_cb, c);
}

struct page {
	struct arena *arena;
	struct js *list;
	const char *last;
	int64_t n;
};

static bool
worktreemerge_item_cb(const struct store_change *r, void *arg)
{
	struct page *p = arg;

	js_push(p->list, change_json(r));
	p->last = arena_strdup(p->arena, r->id);
	p->n++;
	return true;
}

static void
worktreemerge_list(struct api_call *c)
{
	const struct list_in *in = c->in;
	const int64_t limit = in->limit > 0 ? in->limit : CURSOR_LIMIT;
	struct page p = { .arena = c->req->arena, .list = js_array() };
	int err = store_changes_list(c->app->db, c->actor->user_id, in->tree,
	    in->cursor, limit, worktreemerge_item_cb, &p);

	answer_page(c, err, p.list, p.n == limit ? p.last : NULL);
}

#define IN(st) .in_size = sizeof(struct st)

const struct api_route api_routes_worktreemerge[] = {
	{ HTTP_M_POST, "/api/worktrees/merge", SCOPE_WRITE,
	    .body = merge_fields, IN(merge_in), .handler = worktreemerge_merge,
	    .success = 200,
	    .doc = "Merges a worktree's branch into another one" },
	{ HTTP_M_POST, "/api/worktrees/rebase", SCOPE_WRITE,
	    .body = rebase_fields, IN(replay_in),
	    .handler = worktreemerge_replay, .success = 200,
	    .doc = "Makes the commits of a worktree's branch anew on a base" },
	{ HTTP_M_POST, "/api/worktrees/pick", SCOPE_WRITE, .body = pick_fields,
	    IN(replay_in), .handler = worktreemerge_replay, .success = 200,
	    .doc = "Makes other commits anew on a worktree's branch" },
	{ HTTP_M_POST, "/api/worktrees/continue", SCOPE_WRITE,
	    .body = go_fields, IN(replay_in), .handler = worktreemerge_continue,
	    .success = 200, .doc = "Goes on with what stopped at a conflict" },
	{ HTTP_M_POST, "/api/worktrees/skip", SCOPE_WRITE, .body = go_fields,
	    IN(replay_in), .handler = worktreemerge_skip, .success = 200,
	    .doc = "The same without the commit it stopped at" },
	{ HTTP_M_POST, "/api/worktrees/abort", SCOPE_WRITE, .body = go_fields,
	    IN(replay_in), .handler = worktreemerge_abort, .success = 200,
	    .doc = "Gives it up: all is as it was before" },
	{ HTTP_M_POST, "/api/worktrees/resolve", SCOPE_WRITE,
	    .body = resolve_fields, IN(resolve_in),
	    .handler = worktreemerge_resolve, .success = 200,
	    .doc = "Settles one file in conflict" },
	{ HTTP_M_GET, "/api/worktrees/operations", SCOPE_READ,
	    .query = list_fields, IN(list_in), .handler = worktreemerge_list,
	    .success = 200, .doc = "Merges and rebases, the newest first" },
	{ .pattern = NULL },
};
