/* SPDX-License-Identifier: MIT */
/*
 * /api/workspaces: their shapes and codes. The rules are core/workspace's.
 */
#include "daemon/core/workspace.h"

#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/cursor.h"
#include "daemon/api/repo.h"
#include "daemon/api/worktree.h"
#include "daemon/app.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/secret.h"

struct list_in {
	uint64_t set;
	bool archived;
	const char *cursor;
	int64_t limit;
};

struct create_in {
	uint64_t set;
	const char *name, *prefix, *branch;
	bool existing;
	const char **repos, **bases;
};

struct set_in {
	uint64_t set;
	const char *name;
	bool pinned;
};

struct end_in {
	uint64_t set;
	bool remove, force, branches;
};

#define TEXT(st, n, camel, field, least, most, text)                \
	{                                                           \
		.name = n, .alias = camel, .kind = JS_TEXT,         \
		.offset = offsetof(struct st, field), .min = least, \
		.max = most, .help = text                           \
	}
#define FLAG(st, n, camel, field, text)                            \
	{                                                          \
		.name = n, .alias = camel, .kind = JS_BOOL,        \
		.offset = offsetof(struct st, field), .help = text \
	}
#define FORCE \
	FLAG(end_in, "force", NULL, force, "to the trash whatever they hold")

static const struct js_field list_fields[] = {
	FLAG(list_in, "archived", NULL, archived,
	    "only those that are, or are not; absent: all"),
	CURSOR_FIELDS(list_in, cursor, limit),
	{ .name = NULL },
};
static const struct js_field create_fields[] = {
	TEXT(create_in, "name", NULL, name, 1, 200,
	    "for people; absent: that of the first repository"),
	TEXT(create_in, "branch_prefix", "branchPrefix", prefix, 0, 100,
	    "the branch is <prefix>/<short id>-<name>; absent: rdv"),
	TEXT(create_in, "branch", NULL, branch, 1, 200,
	    "exactly this branch, in all repositories"),
	FLAG(create_in, "existing_branch", "existingBranch", existing,
	    "the branch may be there already"),
	{ .name = "repos",
	    .kind = JS_TEXTS,
	    .offset = offsetof(struct create_in, repos),
	    .required = true,
	    .max = WORKSPACE_REPOS_MAX,
	    .help = "ids of repositories" },
	{ .name = "bases",
	    .kind = JS_PAIRS,
	    .offset = offsetof(struct create_in, bases),
	    .max = WORKSPACE_REPOS_MAX,
	    .help = "id of a repository: the branch that work starts from; "
		    "absent: its default_base, or where it is" },
	{ .name = NULL },
};
static const struct js_field set_fields[] = {
	TEXT(set_in, "name", NULL, name, 1, 200,
	    "for people; branch and directory stay"),
	FLAG(set_in, "pinned", NULL, pinned, "it stays at hand"),
	{ .name = NULL },
};
static const struct js_field archive_fields[] = {
	FLAG(end_in, "remove", NULL, remove,
	    "remove its worktrees too, as /api/worktrees does"),
	FORCE,
	{ .name = NULL },
};
static const struct js_field delete_fields[] = {
	FORCE,
	FLAG(end_in, "branches", NULL, branches,
	    "also branches that began with it, if no commit goes with them"),
	{ .name = NULL },
};

static struct js *
part_json(const struct workspace_part *p)
{
	struct js *o = js_object();

	js_add_str(o, "repo_id", p->repo.repo_id);
	js_add_str(o, "repo_path", p->repo.repo_path);
	js_add_str(o, "name", p->repo.name);
	js_add_str(o, "path", p->path);
	js_add_str(o, "base", p->repo.base);
	js_add_str(o, "branch", p->tree.branch);
	js_add_bool(o, "made_branch", p->repo.made_branch);
	/* null: there is no worktree of it. */
	js_add_str(o, "state", p->tree.state);
	return o;
}

/* Whole; `more` adds to each of its parts. */
static struct js *
whole_json(const struct workspace *ws,
    void (*more)(struct js *o, const struct workspace_part *p))
{
	struct js *o = workspace_json(&ws->row), *list = js_array(), *part;

	for (size_t i = 0; i < ws->n; i++) {
		part = part_json(&ws->parts[i]);
		if (more != NULL)
			more(part, &ws->parts[i]);
		js_push(list, part);
	}
	js_add(o, "repos", list);
	return o;
}

/* The first part that stands in the way gives the code. */
static void
refuse(struct api_call *c, const struct workspace *ws, const char *why)
{
	struct js *details = js_object(), *list = js_array(), *o;
	const char *code = NULL;

	for (size_t i = 0; i < ws->n; i++) {
		o = js_object();
		js_add_str(o, "name", ws->parts[i].repo.name);
		js_add_str(o, "path", ws->parts[i].path);
		js_add(o, "reasons", worktree_codes(ws->parts[i].reasons));
		js_add(o, "notes", worktree_codes(ws->parts[i].notes));
		js_add_str(o, "why", ws->parts[i].text);
		js_push(list, o);
		if (code == NULL)
			code = worktree_code(ws->parts[i].reasons);
	}
	js_add(details, "repos", list);
	api_fail_code(c, 409, code, why, details);
}

static void
fail(struct api_call *c, int err, const struct workspace *ws, const char *why)
{
	if (err == RDV_E_DIRTY && ws != NULL)
		refuse(c, ws, why);
	else if (err == RDV_E_TOO_BIG)
		api_fail_code(c, 429, "OVER_QUOTA", why, NULL);
	else
		answer_bounded(c, err, why);
}

static bool
workspaces_item_cb(const struct store_workspace *w, void *arg)
{
	js_push(arg, workspace_json(w));
	return true;
}

static void
workspaces_list(struct api_call *c)
{
	const struct list_in *in = c->in;
	const int64_t limit = in->limit > 0 ? in->limit : CURSOR_LIMIT;
	struct js *items = js_array();
	const char *last = NULL;
	int err;

	if (in->cursor != NULL && !uuid_valid(in->cursor)) {
		js_free(items);
		api_fail(c, RDV_E_INVALID, "cursor: is none of this list");
		return;
	}
	err = store_workspaces_list(c->app->db, c->actor->user_id,
	    JS_SET(in, 0) ? in->archived : -1, in->cursor, limit,
	    workspaces_item_cb, items);
	if (js_len(items) == (size_t)limit)
		last = js_str(js_at(items, (size_t)limit - 1), "id", NULL);
	answer_page(c, err, items, last);
}

static void
workspaces_create_cb(int err, const struct workspace *ws, const char *why,
    void *arg)
{
	struct api_call *c = arg;

	switch (err) {
	case 0:
		api_reply(c, 201, whole_json(ws, NULL));
		break;
	case RDV_E_EXISTS:
		api_fail_code(c, 409, "PATH_EXISTS", why, NULL);
		break;
	case RDV_E_BUSY:
		api_fail_code(c, 409, "BRANCH_IN_USE", why, NULL);
		break;
	case RDV_E_STATE:
		api_fail_code(c, 409, "BRANCH_EXISTS", why, NULL);
		break;
	default:
		fail(c, err, ws, why);
	}
}

static void
workspaces_create(struct api_call *c)
{
	const struct create_in *in = c->in;
	const struct worktree_who who = repo_who(c);
	const struct workspace_spec spec = {
		.name = in->name,
		.prefix = in->prefix,
		.branch = in->branch,
		.existing = in->existing,
		.repos = (const char *const *)in->repos,
		.bases = (const char *const *)in->bases,
	};

	workspace_create(c->app->workspaces, &who, &spec, workspaces_create_cb,
	    c);
}

static bool
load(struct api_call *c, struct workspace *ws)
{
	int err = workspace_load(c->app->db, c->req->arena, c->actor->user_id,
	    c->params[0], ws);

	if (err != 0)
		answer_missing(c, err, "there is no such workspace");
	return err == 0;
}

static void
workspaces_get(struct api_call *c)
{
	struct workspace ws;

	if (load(c, &ws))
		api_reply(c, 200, whole_json(&ws, NULL));
}

static void
workspaces_update(struct api_call *c)
{
	const struct set_in *in = c->in;
	const char *why = NULL;
	struct workspace ws;
	struct tx *tx;
	int err;

	if (!load(c, &ws))
		return;
	if (JS_SET(in, 0))
		ws.row.name = in->name;
	if (JS_SET(in, 1))
		ws.row.pinned = in->pinned;
	tx = tx_begin(c->app->db);
	err = workspace_relabel(tx, &ws.row, &why);
	answer_settle(c, tx,
	    &(struct answer_end){ .err = err,
		.why = why,
		.status = 200,
		.body = err == 0 ? whole_json(&ws, NULL) : NULL });
}

/* Of a directory that is not there nothing can be said. */
static void
add_look(struct js *o, const struct workspace_part *p)
{
	const bool missing = p->done != NULL;

	js_add_bool(o, "missing", missing);
	js_add(o, "states", worktree_codes(p->reasons | p->notes));
	js_add_bool(o, "removable", !missing && p->reasons == 0);
	js_add_str(o, "why", p->text);
}

static void
workspaces_status_cb(int err, const struct workspace *ws, const char *why,
    void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		fail(c, err, ws, why);
	else
		api_reply(c, 200, whole_json(ws, add_look));
}

static void
workspaces_status(struct api_call *c)
{
	const struct worktree_who who = repo_who(c);

	workspace_states(c->app->workspaces, &who, c->params[0],
	    workspaces_status_cb, c);
}

static void
add_done(struct js *o, const struct workspace_part *p)
{
	js_add_str(o, "done", p->done);
}

static void
workspaces_ensure_cb(int err, const struct workspace *ws, const char *why,
    void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		fail(c, err, ws, why);
	else
		api_reply(c, 200, whole_json(ws, add_done));
}

static void
workspaces_ensure(struct api_call *c)
{
	const struct worktree_who who = repo_who(c);

	workspace_ensure(c->app->workspaces, &who, c->params[0],
	    workspaces_ensure_cb, c);
}

static void
workspaces_restore(struct api_call *c)
{
	const struct worktree_who who = repo_who(c);

	workspace_restore(c->app->workspaces, &who, c->params[0],
	    workspaces_ensure_cb, c);
}

static void
add_end(struct js *o, const struct workspace_part *p)
{
	/* null: git can give back all of it, or it is still there. */
	js_add_str(o, "trash_id", p->trash_id);
	js_add_bool(o, "branch_deleted", p->branch_deleted);
	/* Why it is still there, or null. */
	js_add_str(o, "left", p->left ? p->text : NULL);
}

static void
workspaces_end_cb(int err, const struct workspace *ws, const char *why,
    void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		fail(c, err, ws, why);
	else
		api_reply(c, 200, whole_json(ws, add_end));
}

static unsigned
wish_of(const struct end_in *in)
{
	return (in->force ? WORKSPACE_FORCE : 0u) |
	       (in->branches ? WORKSPACE_BRANCHES : 0u) |
	       (in->remove ? WORKSPACE_REMOVE : 0u);
}

static void
workspaces_archive(struct api_call *c)
{
	const struct worktree_who who = repo_who(c);

	workspace_archive(c->app->workspaces, &who, c->params[0],
	    wish_of(c->in), workspaces_end_cb, c);
}

static void
workspaces_delete(struct api_call *c)
{
	const struct worktree_who who = repo_who(c);

	workspace_delete(c->app->workspaces, &who, c->params[0], wish_of(c->in),
	    workspaces_end_cb, c);
}

#define IN(st) .in_size = sizeof(struct st)

const struct api_route api_routes_workspaces[] = {
	{ HTTP_M_GET, "/api/workspaces", SCOPE_READ, .query = list_fields,
	    IN(list_in), .handler = workspaces_list, .success = 200,
	    .doc = "Workspaces, newest first" },
	{ HTTP_M_POST, "/api/workspaces", SCOPE_WRITE, .body = create_fields,
	    IN(create_in), .handler = workspaces_create, .success = 201,
	    .doc = "A new workspace: a worktree of each repository" },
	{ HTTP_M_GET, "/api/workspaces/{id}", SCOPE_READ,
	    .handler = workspaces_get, .success = 200,
	    .doc = "One workspace and its worktrees" },
	{ HTTP_M_PATCH, "/api/workspaces/{id}", SCOPE_WRITE, .body = set_fields,
	    IN(set_in), .handler = workspaces_update, .success = 200,
	    .doc = "Renames or pins it" },
	{ HTTP_M_DELETE, "/api/workspaces/{id}", SCOPE_WRITE,
	    .query = delete_fields, IN(end_in), .handler = workspaces_delete,
	    .success = 200,
	    .doc = "Deletes a workspace that holds no unsaved work" },
	{ HTTP_M_GET, "/api/workspaces/{id}/status", SCOPE_READ,
	    .handler = workspaces_status, .success = 200,
	    .doc = "What each of its worktrees holds, as a removal sees it" },
	{ HTTP_M_POST, "/api/workspaces/{id}/ensure", SCOPE_WRITE,
	    .handler = workspaces_ensure, .success = 200,
	    .doc = "Brings back what is missing of it" },
	{ HTTP_M_POST, "/api/workspaces/{id}/archive", SCOPE_WRITE,
	    .body = archive_fields, IN(end_in), .handler = workspaces_archive,
	    .success = 200, .doc = "Puts a workspace away" },
	{ HTTP_M_POST, "/api/workspaces/{id}/restore", SCOPE_WRITE,
	    .handler = workspaces_restore, .success = 200,
	    .doc = "Brings an archived workspace back" },
	{ .pattern = NULL },
};
