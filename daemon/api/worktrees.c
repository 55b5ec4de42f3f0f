/* SPDX-License-Identifier: MIT */
/*
 * /api/worktrees: the shapes of contract 2.5 and the trash. The rules are
 * core/worktree's; here they get names, statuses and codes.
 */
#include "daemon/api/worktree.h"

#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/repo.h"
#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/worktreeremove.h"
#include "daemon/store/worktrees.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/porcelain.h"
#include "lib/str.h"

#define DAY_MS (24 * 3600 * 1000LL)

struct path_in {
	uint64_t set;
	const char *path, *project_path;
	bool force, states;
};

/*
 * create_too is createBranch, the third spelling of contract 2.5: a row of the
 * table has room for one alias.
 */
struct create_in {
	uint64_t set;
	const char *branch, *project_path, *repo_path, *path, *base;
	bool create, create_too;
};

struct restore_in {
	uint64_t set;
	const char *id;
};

/*
 * Sent in either spelling (contract 2.5). Whether a path may be used is judged
 * where it is opened, so here it only has a length.
 */
#define PATH(st, n, camel, field, req, text)                           \
	{                                                              \
		.name = n, .alias = camel, .kind = JS_TEXT,            \
		.offset = offsetof(struct st, field), .required = req, \
		.min = 1, .max = 4095, .help = text                    \
	}
#define FLAG(st, n, camel, field, text)                            \
	{                                                          \
		.name = n, .alias = camel, .kind = JS_BOOL,        \
		.offset = offsetof(struct st, field), .help = text \
	}

static const struct js_field list_fields[] = {
	PATH(path_in, "repo_path", "repoPath", path, true,
	    "any directory inside the repository"),
	{ .name = NULL },
};
static const struct js_field path_fields[] = {
	PATH(path_in, "worktree_path", "worktreePath", path, true,
	    "a directory in the worktree"),
	{ .name = NULL },
};
static const struct js_field status_fields[] = {
	PATH(path_in, "worktree_path", "worktreePath", path, true,
	    "a directory in the worktree"),
	FLAG(path_in, "states", NULL, states,
	    "also all that a removal looks at, which takes longer"),
	{ .name = NULL },
};
static const struct js_field drop_fields[] = {
	PATH(path_in, "worktree_path", "worktreePath", path, true,
	    "a directory in the worktree"),
	FLAG(path_in, "force", NULL, force,
	    "move it to the trash whatever it holds"),
	{ .name = NULL },
};
/*
 * Two routes for one removal: contract 2.5 has a body on DELETE, where content
 * means nothing by itself (RFC 9110 section 9.3.5), so that some clients and
 * proxies drop it.
 */
static const struct js_field remove_fields[] = {
	PATH(path_in, "worktree_path", "worktreePath", path, true,
	    "a directory in the worktree"),
	FLAG(path_in, "force", NULL, force,
	    "move it to the trash whatever it holds"),
	PATH(path_in, "project_path", "projectPath", project_path, false,
	    "not needed: git knows the repository"),
	{ .name = NULL },
};
static const struct js_field create_fields[] = {
	{ .name = "branch",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct create_in, branch),
	    .required = true,
	    .min = 1,
	    .max = 200,
	    .help = "branch to check out" },
	PATH(create_in, "project_path", "projectPath", project_path, false,
	    "any directory inside the repository; wins over repo_path"),
	PATH(create_in, "repo_path", "repoPath", repo_path, false,
	    "any directory inside the repository"),
	PATH(create_in, "worktree_path", "worktreePath", path, false,
	    "where it shall be; absent: below worktrees.dir"),
	FLAG(create_in, "create_new_branch", "createNewBranch", create,
	    "the branch is new"),
	FLAG(create_in, "create_branch", "createBranch", create_too,
	    "the same"),
	{ .name = "base_branch",
	    .alias = "baseBranch",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct create_in, base),
	    .nullable = true,
	    .min = 1,
	    .max = 200,
	    .help = "what a new branch starts from; absent: where the "
		    "repository is" },
	{ .name = NULL },
};
static const struct js_field restore_fields[] = {
	{ .name = "id",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct restore_in, id),
	    .required = true,
	    .min = 1,
	    .max = 36,
	    .help = "of the item in the trash" },
	{ .name = NULL },
};

/*
 * In the order of their weight: the first that applies is the code. The last
 * ones are no reasons, and only told.
 */
static const struct {
	unsigned bit;
	const char *code;
} states[] = {
	{ WT_DIRTY, "HAS_UNCOMMITTED_CHANGES" },
	{ WT_UNTRACKED, "HAS_UNTRACKED_FILES" },
	{ WT_UNPUSHED, "HAS_UNPUSHED_COMMITS" },
	{ WT_STASHED, "HAS_STASHED_CHANGES" },
	{ WT_MIDWAY, "OPERATION_IN_PROGRESS" },
	{ WT_LOCKED, "WORKTREE_LOCKED" },
	{ WT_BUSY, "WORKTREE_BUSY" },
	{ WT_NESTED, "HAS_NESTED_WORKTREE" },
	{ WT_UNKNOWN, "STATE_UNKNOWN" },
	{ WT_UNMERGED, "HAS_UNMERGED_COMMITS" },
	{ WT_DETACHED, "HEAD_DETACHED" },
	{ WT_PRECIOUS, "HAS_PRECIOUS_FILES" },
};

struct js *
worktree_codes(unsigned bits)
{
	struct js *list = js_array();

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if ((bits & states[i].bit) != 0)
			js_push_str(list, states[i].code);
	return list;
}

const char *
worktree_code(unsigned bits)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if ((bits & states[i].bit) != 0)
			return states[i].code;
	return NULL;
}

static void
worktrees_list_cb(int err, const struct wt_list *list, const char *why,
    void *arg)
{
	struct api_call *c = arg;
	struct js *all, *o;

	if (err != 0) {
		api_fail(c, err, why);
		return;
	}
	all = js_array();
	for (size_t i = 0; i < list->n; i++) {
		const struct wt_entry *e = &list->entries[i];

		o = js_object();
		js_add_str(o, "path", e->path);
		/* Git allows branches so called: is_bare decides, no word. */
		js_add_str(o, "branch",
		    e->branch != NULL ? e->branch
		    : e->bare	      ? "(bare)"
				      : "(detached)");
		js_add_str(o, "commit", e->commit);
		js_add_bool(o, "is_bare", e->bare);
		js_push(all, o);
	}
	api_reply(c, 200, all);
}

static void
worktrees_list(struct api_call *c)
{
	const struct path_in *in = c->in;
	struct worktree_who w = repo_who(c);

	worktree_list(c->app->worktrees, &w, in->path, worktrees_list_cb, c);
}

static bool
is_clean(const struct wt_status *s)
{
	return s->untracked == 0 && s->modified == 0 && s->staged == 0;
}

/*
 * A directory that is not there is an answer, not an error: exists is false and
 * the rest is zero (contract 2.5).
 */
static struct js *
status_json(const struct wt_status *s)
{
	static const struct wt_status none = { .commit = NULL };
	const bool exists = s != NULL;
	struct js *o = js_object();

	if (!exists)
		s = &none;
	js_add_bool(o, "exists", exists);
	js_add_bool(o, "is_clean", exists && is_clean(s));
	js_add_str(o, "branch", s->branch);
	js_add_int(o, "ahead", s->ahead);
	js_add_int(o, "behind", s->behind);
	js_add_int(o, "untracked", s->untracked);
	js_add_int(o, "modified", s->modified);
	js_add_int(o, "staged", s->staged);
	js_add_bool(o, "partial", s->partial);
	return o;
}

static void
worktrees_status_cb(int err, const struct wt_status *s, const char *why,
    void *arg)
{
	struct api_call *c = arg;

	if (err != 0 && err != RDV_E_NOT_FOUND)
		api_fail(c, err, why);
	else
		api_reply(c, 200, status_json(err == 0 ? s : NULL));
}

static void
worktrees_states_cb(int err, const struct worktree_states *st, const char *why,
    void *arg)
{
	struct api_call *c = arg;
	struct js *o;

	if (err != 0 && err != RDV_E_NOT_FOUND) {
		api_fail(c, err, why);
		return;
	}
	o = status_json(err == 0 ? st->status : NULL);
	js_add(o, "states",
	    worktree_codes(err == 0 ? st->reasons | st->notes : 0));
	js_add_bool(o, "removable", err == 0 && st->reasons == 0 && !st->main);
	js_add_str(o, "why", err == 0 ? st->text : NULL);
	api_reply(c, 200, o);
}

static void
worktrees_status(struct api_call *c)
{
	const struct path_in *in = c->in;
	struct worktree_who w = repo_who(c);

	if (in->states)
		worktree_states(c->app->worktrees, &w, in->path,
		    worktrees_states_cb, c);
	else
		worktree_status(c->app->worktrees, &w, in->path,
		    worktrees_status_cb, c);
}

/* camelCase in the answer: so it is on this route (contract 2.5). */
static void
worktrees_check_cb(int err, const struct wt_status *s, const char *why,
    void *arg)
{
	struct api_call *c = arg;
	struct js *o;

	if (err != 0) {
		api_fail(c, err, why);
		return;
	}
	o = js_object();
	js_add_bool(o, "hasUncommittedChanges", !is_clean(s));
	js_add_str(o, "branch", s->branch);
	api_reply(c, 200, o);
}

static void
worktrees_check(struct api_call *c)
{
	const struct path_in *in = c->in;
	struct worktree_who w = repo_who(c);

	worktree_status(c->app->worktrees, &w, in->path, worktrees_check_cb, c);
}

/*
 * The general codes would all be 409 without saying which of the three to
 * change: the path, the branch, or the wish for a new one.
 */
static void
worktrees_create_cb(int err, const struct worktree_made *made, const char *why,
    void *arg)
{
	struct api_call *c = arg;
	struct js *o;

	switch (err) {
	case 0:
		o = js_object();
		js_add_str(o, "path", made->path);
		js_add_str(o, "branch", made->branch);
		js_add_bool(o, "created_branch", made->created_branch);
		api_reply(c, 201, o);
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
	case RDV_E_TOO_BIG:
		api_fail_code(c, 429, "OVER_QUOTA", why, NULL);
		break;
	default:
		api_fail(c, err, why);
	}
}

static void
worktrees_create(struct api_call *c)
{
	const struct create_in *in = c->in;
	struct worktree_spec spec = {
		.who = repo_who(c),
		.repo =
		    in->project_path != NULL ? in->project_path : in->repo_path,
		.branch = in->branch,
		.base = in->base,
		.path = in->path,
		.create_branch = in->create || in->create_too,
	};

	/* One of two is nothing that the table could say. */
	if (spec.repo == NULL) {
		api_fail(c, RDV_E_INVALID,
		    "project_path or repo_path: one of them is needed");
		return;
	}
	worktree_create(c->app->worktrees, &spec, worktrees_create_cb, c);
}

/*
 * All reasons; the first one is the code. The sentence begins with it, because
 * that is where clients of the older API look (contract 2.5).
 */
static void
refuse(struct api_call *c, const struct worktree_moved *moved, const char *why)
{
	struct js *details = js_object();
	const char *code = worktree_code(moved->reasons);

	js_add(details, "reasons", worktree_codes(moved->reasons));
	js_add(details, "notes", worktree_codes(moved->notes));
	api_fail_code(c, 409, code,
	    arena_printf(c->req->arena, "%s: %s", code, why), details);
}

static void
worktrees_remove_cb(int err, const struct worktree_moved *moved,
    const char *why, void *arg)
{
	struct api_call *c = arg;
	struct js *o;

	if (err == RDV_E_DIRTY) {
		refuse(c, moved, why);
	} else if (err != 0) {
		api_fail(c, err, why);
	} else if (c->route->success == 204) {
		api_empty(c, 204);
	} else {
		o = js_object();
		js_add_bool(o, "success", true);
		js_add_str(o, "deletedPath", moved->path);
		/* Never: its commits may stand nowhere else. */
		js_add_bool(o, "branchDeleted", false);
		/* null: git can give back all of it. */
		js_add_str(o, "trash_id", moved->trash_id);
		api_reply(c, 200, o);
	}
}

static void
worktrees_remove(struct api_call *c)
{
	const struct path_in *in = c->in;
	struct worktree_who w = repo_who(c);

	worktree_remove(c->app->worktrees, &w, in->path, in->force,
	    worktrees_remove_cb, c);
}

struct items {
	struct js *list;
	int64_t kept_ms; /* how long one stays */
};

/* null: there is too much of it, or it could not be looked at. */
static void
add_amount(struct js *o, const char *key, int64_t n)
{
	if (n < 0)
		js_add_str(o, key, NULL);
	else
		js_add_int(o, key, n);
}

static bool
worktrees_item_cb(const struct store_worktree *w, void *arg)
{
	const struct items *items = arg;
	struct js *o = js_object();

	js_add_str(o, "id", w->id);
	js_add_str(o, "path", w->path);
	js_add_str(o, "branch", w->branch);
	js_add_str(o, "repo_path", w->repo_path);
	js_add_ms(o, "trashed_at", w->updated_at);
	js_add_ms(o, "expires_at", w->updated_at + items->kept_ms);
	js_add(o, "holds", worktree_codes((unsigned)w->holds));
	add_amount(o, "files", w->files);
	add_amount(o, "bytes", w->bytes);
	js_push(items->list, o);
	return true;
}

static void
worktrees_trash(struct api_call *c)
{
	struct items items = { js_array(),
		c->app->conf->trash_retention_days * DAY_MS };
	int err = store_worktrees_trash(c->app->db, c->actor->user_id,
	    worktrees_item_cb, &items);

	answer_items(c, err, items.list);
}

static void
worktrees_empty_cb(int err, const char *why, void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		api_fail(c, err, why);
	else
		api_empty(c, 204);
}

static void
worktrees_empty(struct api_call *c)
{
	struct worktree_who w = repo_who(c);

	worktree_empty(c->app->worktrees, &w, c->params[0], worktrees_empty_cb,
	    c);
}

static void
worktrees_restore_cb(int err, const struct worktree_moved *moved,
    const char *why, void *arg)
{
	struct api_call *c = arg;
	struct js *o;

	if (err == RDV_E_EXISTS) {
		api_fail_code(c, 409, "PATH_EXISTS", why, NULL);
	} else if (err != 0) {
		api_fail(c, err, why);
	} else {
		o = js_object();
		js_add_str(o, "path", moved->path);
		js_add_str(o, "branch", moved->branch);
		api_reply(c, 200, o);
	}
}

static void
worktrees_restore(struct api_call *c)
{
	const struct restore_in *in = c->in;
	struct worktree_who w = repo_who(c);

	worktree_restore(c->app->worktrees, &w, in->id, worktrees_restore_cb,
	    c);
}

#define IN(st) .in_size = sizeof(struct st)

const struct api_route api_routes_worktrees[] = {
	{ HTTP_M_GET, "/api/worktrees", SCOPE_READ, .query = list_fields,
	    IN(path_in), .handler = worktrees_list, .success = 200,
	    .doc = "The worktrees of a repository" },
	{ HTTP_M_POST, "/api/worktrees", SCOPE_WRITE, .body = create_fields,
	    IN(create_in), .handler = worktrees_create, .success = 201,
	    .doc = "A new worktree" },
	{ HTTP_M_DELETE, "/api/worktrees", SCOPE_WRITE, .body = remove_fields,
	    IN(path_in), .handler = worktrees_remove, .success = 200,
	    .doc = "Removes a worktree that holds no unsaved work" },
	{ HTTP_M_GET, "/api/worktrees/status", SCOPE_READ,
	    .query = status_fields, IN(path_in), .handler = worktrees_status,
	    .success = 200,
	    .doc = "What a worktree holds; of very much a part, and then "
		   "`partial` is true" },
	{ HTTP_M_DELETE, "/api/worktrees/remove", SCOPE_WRITE,
	    .query = drop_fields, IN(path_in), .handler = worktrees_remove,
	    .success = 204, .doc = "The same without a body" },
	{ HTTP_M_POST, "/api/worktrees/check", SCOPE_READ, .body = path_fields,
	    IN(path_in), .handler = worktrees_check, .atomic = true,
	    .success = 200, .doc = "Whether there are uncommitted changes" },
	{ HTTP_M_GET, "/api/worktrees/trash", SCOPE_READ,
	    .handler = worktrees_trash, .success = 200,
	    .doc = "Removed worktrees that can be restored" },
	{ HTTP_M_DELETE, "/api/worktrees/trash/{id}", SCOPE_WRITE,
	    .handler = worktrees_empty, .success = 204,
	    .doc = "Deletes a removed worktree for good" },
	{ HTTP_M_POST, "/api/worktrees/restore", SCOPE_WRITE,
	    .body = restore_fields, IN(restore_in),
	    .handler = worktrees_restore, .success = 200,
	    .doc = "Brings a worktree back from the trash" },
	{ .pattern = NULL },
};
