/* SPDX-License-Identifier: MIT */
/*
 * /api/worktrees/branches: branches made, renamed, deleted and brought back, in
 * the repository that a path lies in. The rules are core/branches.c's.
 */
#include "daemon/core/branches.h"

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/repo.h"
#include "daemon/app.h"
#include "lib/err.h"

struct branch_in {
	uint64_t set;
	const char *path, *name, *base, *to, *pin;
	bool force;
};

#define TEXT(n, camel, field, req, top, text)                                 \
	{                                                                     \
		.name = n, .alias = camel, .kind = JS_TEXT,                   \
		.offset = offsetof(struct branch_in, field), .required = req, \
		.min = 1, .max = top, .help = text                            \
	}
#define TREE                                                    \
	TEXT("worktree_path", "worktreePath", path, true, 4095, \
	    "a directory in a worktree of the repository")
#define FORCE(text)                                                       \
	{                                                                 \
		.name = "force", .kind = JS_BOOL,                         \
		.offset = offsetof(struct branch_in, force), .help = text \
	}

static const struct js_field create_fields[] = {
	TREE,
	TEXT("name", NULL, name, true, 200, "of the new branch"),
	TEXT("base", NULL, base, false, 200,
	    "a branch, a tag or a commit; absent: the worktree's HEAD"),
	{ .name = NULL },
};
static const struct js_field rename_fields[] = {
	TREE,
	TEXT("name", NULL, name, true, 200, "of the branch"),
	TEXT("new_name", "newName", to, true, 200, "what to call it"),
	FORCE("though another worktree or a workspace is on it"),
	{ .name = NULL },
};
static const struct js_field delete_fields[] = {
	TREE,
	TEXT("name", NULL, name, true, 200, "of the branch"),
	FORCE("though it is not merged, or has commits nowhere else"),
	{ .name = NULL },
};
static const struct js_field deleted_fields[] = {
	TREE,
	{ .name = NULL },
};
static const struct js_field restore_fields[] = {
	TREE,
	TEXT("pin", NULL, pin, true, 36, "a deleted branch, of the list"),
	TEXT("name", NULL, name, false, 200,
	    "what to call it; absent: as before"),
	{ .name = NULL },
};

static struct js *
branch_json(const struct branch_done *b)
{
	struct js *o = js_object();

	js_add_str(o, "name", b->name);
	js_add_str(o, "commit", b->commit);
	return o;
}

/* The general codes would not say which of two things to change. */
static const struct {
	int err;
	const char *code;
} codes[] = {
	{ RDV_E_EXISTS, "BRANCH_EXISTS" },
	{ RDV_E_BUSY, "BRANCH_IN_USE" },
	{ RDV_E_STATE, "HAS_UNMERGED_COMMITS" },
};

static void
refuse(struct api_call *c, int err, const char *why)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].err == err) {
			api_fail_code(c, 409, codes[i].code, why, NULL);
			return;
		}
	api_fail(c, err, why);
}

static void
branches_done_cb(int err, const struct branch_done *done, const char *why,
    void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		refuse(c, err, why);
	else
		api_reply(c, c->route->success, branch_json(done));
}

static void
branches_gone_cb(int err, const struct branch_done *done, const char *why,
    void *arg)
{
	struct api_call *c = arg;
	struct js *o;

	if (err != 0) {
		refuse(c, err, why);
		return;
	}
	o = branch_json(done);
	js_add_str(o, "pin", done->pin);
	api_reply(c, 200, o);
}

typedef void act_fn(struct worktrees *w, const struct worktree_who *who,
    const struct branch_wish *wish, branch_done_fn *cb, void *arg);

static void
act(struct api_call *c, act_fn *fn, branch_done_fn *cb)
{
	const struct branch_in *in = c->in;
	struct worktree_who who = repo_who(c);
	const struct branch_wish wish = {
		.path = in->path,
		.name = in->name,
		.base = in->base,
		.to = in->to,
		.pin = in->pin,
		.force = in->force,
	};

	fn(c->app->worktrees, &who, &wish, cb, c);
}

static void
branches_create(struct api_call *c)
{
	act(c, branch_create, branches_done_cb);
}

static void
branches_rename(struct api_call *c)
{
	act(c, branch_rename, branches_done_cb);
}

static void
branches_delete(struct api_call *c)
{
	act(c, branch_delete, branches_gone_cb);
}

static void
branches_restore(struct api_call *c)
{
	act(c, branch_restore, branches_done_cb);
}

static void
branches_deleted_cb(int err, const struct branch_done *list, size_t n,
    const char *why, void *arg)
{
	struct api_call *c = arg;
	struct js *items, *b;

	if (err != 0) {
		api_fail(c, err, why);
		return;
	}
	items = js_array();
	for (size_t i = 0; i < n; i++) {
		b = branch_json(&list[i]);
		js_add_str(b, "pin", list[i].pin);
		js_push(items, b);
	}
	answer_items(c, 0, items);
}

static void
branches_deleted(struct api_call *c)
{
	const struct branch_in *in = c->in;
	struct worktree_who who = repo_who(c);

	branch_deleted(c->app->worktrees, &who, in->path, branches_deleted_cb,
	    c);
}

#define BRANCHES "/api/worktrees/branches"
#define IN	 .in_size = sizeof(struct branch_in)

const struct api_route api_routes_branches[] = {
	{ HTTP_M_POST, BRANCHES, SCOPE_WRITE, .body = create_fields, IN,
	    .handler = branches_create, .success = 201,
	    .doc = "A new branch, which nothing is checked out on" },
	{ HTTP_M_PATCH, BRANCHES, SCOPE_WRITE, .body = rename_fields, IN,
	    .handler = branches_rename, .success = 200,
	    .doc = "Renames a branch" },
	{ HTTP_M_DELETE, BRANCHES, SCOPE_WRITE, .query = delete_fields, IN,
	    .handler = branches_delete, .success = 200,
	    .doc = "Deletes a branch; its tip is kept" },
	{ HTTP_M_GET, BRANCHES "/deleted", SCOPE_READ, .query = deleted_fields,
	    IN, .handler = branches_deleted, .success = 200,
	    .doc = "Deleted branches that can be restored" },
	{ HTTP_M_POST, BRANCHES "/restore", SCOPE_WRITE, .body = restore_fields,
	    IN, .handler = branches_restore, .success = 200,
	    .doc = "Brings a deleted branch back" },
	{ .pattern = NULL },
};
