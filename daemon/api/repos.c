/* SPDX-License-Identifier: MIT */
/*
 * /api/repos: repositories as rows, and what is wished of them. The rules are
 * core/repos's.
 */
#include "daemon/core/repos.h"

#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/cursor.h"
#include "daemon/api/repo.h"
#include "daemon/app.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

#define PAGE 100

struct list_in {
	uint64_t set;
	const char *cursor;
	int64_t limit;
};

struct add_in {
	uint64_t set;
	const char *path, *name;
};

struct set_in {
	uint64_t set;
	const char *text[REPO_TEXTS];
	const char **copies;
	bool parallel;
};

#define LIMIT                                                        \
	{                                                            \
		.name = "limit", .kind = JS_INT,                     \
		.offset = offsetof(struct list_in, limit), .min = 1, \
		.max = REPOS_MAX, .help = "items at most; 100"       \
	}

static const struct js_field list_fields[] = {
	LIMIT,
	{ .name = "cursor",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct list_in, cursor),
	    .min = 1,
	    .max = 1000,
	    .help = "next_cursor of the page before" },
	{ .name = NULL },
};
static const struct js_field recent_fields[] = {
	LIMIT,
	{ .name = NULL },
};
static const struct js_field add_fields[] = {
	{ .name = "path",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct add_in, path),
	    .required = true,
	    .min = 1,
	    .max = 4095,
	    .help = "any directory inside the repository" },
	{ .name = "name",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct add_in, name),
	    .min = 1,
	    .max = 200,
	    .help = "for people; absent: that of its directory" },
	{ .name = NULL },
};

/* The first REPO_TEXTS rows are those of enum repo_text: bits are places. */
#define TEXT(n, camel, field, null, bound, text_)                       \
	{                                                               \
		.name = n, .alias = camel, .kind = JS_TEXT,             \
		.offset = offsetof(struct set_in, text) +               \
			  (field) * sizeof(const char *),               \
		.nullable = null, .min = 1, .max = bound, .help = text_ \
	}
static const struct js_field set_fields[] = {
	[REPO_NAME] = TEXT("name", NULL, REPO_NAME, false, 200, "for people"),
	[REPO_SETUP] = TEXT("setup_script", "setupScript", REPO_SETUP, true,
	    REPO_SCRIPT_MAX, "makes a new worktree ready"),
	[REPO_CLEANUP] = TEXT("cleanup_script", "cleanupScript", REPO_CLEANUP,
	    true, REPO_SCRIPT_MAX, "runs when an agent has ended"),
	[REPO_ARCHIVE] = TEXT("archive_script", "archiveScript", REPO_ARCHIVE,
	    true, REPO_SCRIPT_MAX, "runs when work is put away"),
	[REPO_DEV_SERVER] = TEXT("dev_server_script", "devServerScript",
	    REPO_DEV_SERVER, true, REPO_SCRIPT_MAX, "serves a preview"),
	[REPO_WORKING_DIR] = TEXT("working_dir", "workingDir", REPO_WORKING_DIR,
	    true, 4095, "where in a worktree work begins; relative"),
	[REPO_BASE] = TEXT("default_base", "defaultBase", REPO_BASE, true, 200,
	    "branch that new work starts from"),
	{ .name = "copy_files",
	    .alias = "copyFiles",
	    .kind = JS_TEXTS,
	    .offset = offsetof(struct set_in, copies),
	    .nullable = true,
	    .max = REPO_COPIES_MAX,
	    .help = "patterns of files that a new worktree gets copies of" },
	{ .name = "parallel_setup",
	    .alias = "parallelSetup",
	    .kind = JS_BOOL,
	    .offset = offsetof(struct set_in, parallel),
	    .help = "work does not wait for the setup script" },
	{ .name = NULL },
};

struct worktree_who
repo_who(const struct api_call *c)
{
	struct worktree_who w = { .uid = c->actor->uid };

	(void)str_copy(w.user_id, c->actor->user_id, sizeof(w.user_id));
	(void)str_copy(w.token_id, c->actor->token_id, sizeof(w.token_id));
	return w;
}

bool
repo_get(struct api_call *c, struct store_repo *r)
{
	int err = store_repo_get(c->app->db, c->req->arena, c->actor->user_id,
	    c->params[0], r);

	if (err != 0)
		answer_missing(c, err, "there is no such repository");
	return err == 0;
}

/* One more than is shown is read: it tells whether there is a next page. */
struct page {
	struct arena *arena;
	struct js *items;
	size_t max;
	const char *name, *id; /* of the last that is in it */
	bool more;
};

static bool
repos_page_cb(const struct store_repo *r, void *arg)
{
	struct page *p = arg;

	if (js_len(p->items) == p->max) {
		p->more = true;
		return false;
	}
	js_push(p->items, repo_json(r, true));
	p->name = arena_strdup(p->arena, r->name);
	p->id = arena_strdup(p->arena, r->id);
	return true;
}

static void
page_reply(struct api_call *c, struct page *p, int err)
{
	answer_page(c, err, p->items,
	    p->more ? cursor_text(p->arena, p->name, p->id) : NULL);
}

static void
repos_list(struct api_call *c)
{
	const struct list_in *in = c->in;
	struct page p = { .arena = c->req->arena,
		.max = (size_t)(in->limit > 0 ? in->limit : PAGE) };
	const char *name, *id;

	if (!cursor_read(p.arena, in->cursor, &name, &id)) {
		api_fail(c, RDV_E_INVALID, "cursor: is none of this list");
		return;
	}
	p.items = js_array();
	page_reply(c, &p,
	    store_repos_list(c->app->db, c->actor->user_id, name, id,
		(int64_t)p.max + 1, repos_page_cb, &p));
}

static void
repos_recent(struct api_call *c)
{
	const struct list_in *in = c->in;
	struct page p = { .arena = c->req->arena,
		.items = js_array(),
		.max = (size_t)(in->limit > 0 ? in->limit : PAGE) };

	/* No page after it: what was used long ago is found by its name. */
	page_reply(c, &p,
	    store_repos_recent(c->app->db, c->actor->user_id, (int64_t)p.max,
		repos_page_cb, &p));
}

static void
repos_add_cb(int err, const struct store_repo *r, bool fresh, const char *why,
    void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		answer_bounded(c, err, why);
	else
		api_reply(c, fresh ? 201 : 200, repo_json(r, false));
}

static void
repos_add(struct api_call *c)
{
	const struct add_in *in = c->in;
	struct worktree_who w = repo_who(c);

	repo_register(c->app->worktrees, &w, in->path, in->name, repos_add_cb,
	    c);
}

static void
repos_get(struct api_call *c)
{
	struct store_repo r;

	if (repo_get(c, &r))
		api_reply(c, 200, repo_json(&r, false));
}

static struct repo_spec
spec_of(const struct set_in *in)
{
	struct repo_spec spec = {
		.set_copies = JS_SET(in, REPO_TEXTS),
		.copies = (const char *const *)in->copies,
		.set_parallel = JS_SET(in, REPO_TEXTS + 1),
		.parallel = in->parallel,
	};

	for (unsigned i = 0; i < REPO_TEXTS; i++) {
		spec.set[i] = JS_SET(in, i);
		spec.text[i] = in->text[i];
	}
	return spec;
}

static void
repos_update(struct api_call *c)
{
	struct repo_spec spec = spec_of(c->in);
	const char *why = NULL;
	struct store_repo r;
	struct tx *tx;
	int err;

	if (!repo_get(c, &r))
		return;
	tx = tx_begin(c->app->db);
	err = repo_update(tx, c->req->arena, &r, &spec, &why);
	answer_settle(c, tx,
	    &(struct answer_end){ .err = err,
		.why = why,
		.status = 200,
		.body = err == 0 ? repo_json(&r, false) : NULL });
}

static void
repos_forget(struct api_call *c)
{
	struct store_repo r;
	struct tx *tx;

	if (!repo_get(c, &r))
		return;
	tx = tx_begin(c->app->db);
	answer_settle(c, tx,
	    &(struct answer_end){ .err = repo_forget(tx, &r), .status = 204 });
}

#define IN(st) .in_size = sizeof(struct st)

const struct api_route api_routes_repos[] = {
	{ HTTP_M_GET, "/api/repos", SCOPE_READ, .query = list_fields,
	    IN(list_in), .handler = repos_list, .success = 200,
	    .doc = "Known repositories by name, without their scripts" },
	{ HTTP_M_POST, "/api/repos", SCOPE_WRITE, .body = add_fields,
	    IN(add_in), .handler = repos_add, .success = 201,
	    .doc = "Makes a repository known; 200 when it was already" },
	{ HTTP_M_GET, "/api/repos/recent", SCOPE_READ, .query = recent_fields,
	    IN(list_in), .handler = repos_recent, .success = 200,
	    .doc = "Those that got a worktree last, first" },
	{ HTTP_M_GET, "/api/repos/{id}", SCOPE_READ, .handler = repos_get,
	    .success = 200, .doc = "One repository" },
	{ HTTP_M_PATCH, "/api/repos/{id}", SCOPE_WRITE, .body = set_fields,
	    IN(set_in), .handler = repos_update, .success = 200,
	    .doc = "Changes what is wished of it; null clears a field" },
	{ HTTP_M_DELETE, "/api/repos/{id}", SCOPE_WRITE,
	    .handler = repos_forget, .success = 204,
	    .doc = "Forgets a repository; its files stay as they are" },
	{ .pattern = NULL },
};
