/* SPDX-License-Identifier: MIT */
/*
 * /api/repos/{id}/git, /branches and /tags: what git has to say of a known
 * repository.
 */
#include "daemon/core/reporefs.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/cursor.h"
#include "daemon/api/repo.h"
#include "daemon/app.h"
#include "daemon/core/repolook.h"
#include "daemon/store/repos.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

#define PAGE 50

struct refs_in {
	uint64_t set;
	const char *search, *sort, *kind, *cursor;
	int64_t limit;
};

#define OFF(f) offsetof(struct refs_in, f)
#define COMMON                                                            \
	{ .name = "search",                                               \
		.kind = JS_TEXT,                                          \
		.offset = OFF(search),                                    \
		.min = 1,                                                 \
		.max = 200,                                               \
		.help = "part of the name, case aside" },                 \
	    { .name = "sort",                                             \
		    .kind = JS_ONE_OF,                                    \
		    .offset = OFF(sort),                                  \
		    .words = "name|recent",                               \
		    .help = "name; recent: the newest commit first" },    \
	    { .name = "limit",                                            \
		    .kind = JS_INT,                                       \
		    .offset = OFF(limit),                                 \
		    .min = 1,                                             \
		    .max = REPO_REFS_MAX,                                 \
		    .help = "items at most; 50" },                        \
	{                                                                 \
		.name = "cursor", .kind = JS_TEXT, .offset = OFF(cursor), \
		.min = 1, .max = 10000,                                   \
		.help = "next_cursor of the page before"                  \
	}

static const struct js_field branch_fields[] = {
	COMMON,
	{ .name = "kind",
	    .kind = JS_ONE_OF,
	    .offset = OFF(kind),
	    .words = "local|remote|all",
	    .help = "all; remote: as they were fetched last" },
	{ .name = NULL },
};
static const struct js_field tag_fields[] = {
	COMMON,
	{ .name = NULL },
};

/* One of a branch and of a tag is left out: each says what it has. */
static struct js *
ref_json(const struct repo_ref *r, bool tag)
{
	struct js *o = js_object();

	js_add_str(o, "name", r->name);
	js_add_str(o, "commit", r->commit);
	js_add_ms(o, "time", r->when < 0 ? -1 : r->when * 1000);
	if (tag) {
		js_add_bool(o, "annotated", r->annotated);
		return o;
	}
	js_add_bool(o, "is_remote", r->remote);
	js_add_bool(o, "is_current", r->current);
	js_add_str(o, "upstream", r->upstream);
	js_add_str(o, "worktree", r->worktree);
	return o;
}

static void
answer(struct api_call *c, const struct repo_refs *refs, bool tags)
{
	struct arena *a = c->req->arena;
	struct js *o = js_object(), *items = js_array();

	for (size_t i = 0; i < refs->n; i++)
		js_push(items, ref_json(&refs->refs[i], tags));
	js_add(o, "items", items);
	js_add_int(o, "total", (int64_t)refs->total);
	if (!tags)
		js_add_str(o, "current", refs->current);
	js_add_str(o, "next_cursor",
	    refs->more
		? cursor_text(a, arena_printf(a, "%" PRId64, refs->last.when),
		      refs->last.ref)
		: NULL);
	api_reply(c, 200, o);
}

static void
repos_branches_cb(int err, const struct repo_refs *refs, const char *why,
    void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		api_fail(c, err, why);
	else
		answer(c, refs, false);
}

static void
repos_tags_cb(int err, const struct repo_refs *refs, const char *why, void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		api_fail(c, err, why);
	else
		answer(c, refs, true);
}

static bool
read_mark(struct api_call *c, const char *text, struct repo_mark *mark)
{
	const char *when;

	*mark = (struct repo_mark){ .ref = "" };
	if (text == NULL)
		return true;
	return cursor_read(c->req->arena, text, &when, &mark->ref) &&
	       str_starts(mark->ref, "refs/") &&
	       str_to_i64(when, INT64_MIN, INT64_MAX, &mark->when);
}

static void
refs(struct api_call *c, enum repo_ref_kind kind, repo_refs_fn *cb)
{
	const struct refs_in *in = c->in;
	struct worktree_who w = repo_who(c);
	struct repo_refs_spec spec = {
		.kind = kind,
		.search = in->search,
		.recent = in->sort != NULL && strcmp(in->sort, "recent") == 0,
		.limit = (size_t)(in->limit > 0 ? in->limit : PAGE),
	};
	struct store_repo r;

	if (!repo_get(c, &r))
		return;
	if (!read_mark(c, in->cursor, &spec.after)) {
		api_fail(c, RDV_E_INVALID, "cursor: is none of this list");
		return;
	}
	spec.path = r.path;
	repo_refs(c->app->worktrees, &w, &spec, cb, c);
}

static void
repos_branches(struct api_call *c)
{
	static const struct {
		const char *word;
		enum repo_ref_kind kind;
	} words[] = {
		{ "local", REPO_LOCAL },
		{ "remote", REPO_REMOTE },
	};
	const struct refs_in *in = c->in;
	enum repo_ref_kind kind = REPO_BRANCHES;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (in->kind != NULL && strcmp(in->kind, words[i].word) == 0)
			kind = words[i].kind;
	refs(c, kind, repos_branches_cb);
}

static void
repos_tags(struct api_call *c)
{
	refs(c, REPO_TAGS, repos_tags_cb);
}

/* Null: it could not be told. */
static void
add_known(struct js *o, const char *key, bool value, bool unknown)
{
	if (unknown)
		js_add_str(o, key, NULL);
	else
		js_add_bool(o, key, value);
}

static void
repos_look_cb(int err, const struct repo_facts *f, const char *why, void *arg)
{
	struct api_call *c = arg;
	struct js *o, *list, *r;

	if (err != 0) {
		api_fail(c, err, why);
		return;
	}
	list = js_array();
	for (size_t i = 0; i < f->nremotes; i++) {
		r = js_object();
		js_add_str(r, "name", f->remotes[i].name);
		js_add_str(r, "url", f->remotes[i].url);
		js_push(list, r);
	}
	o = js_object();
	js_add_str(o, "current", f->current);
	js_add_str(o, "default_branch", f->default_branch);
	js_add(o, "remotes", list);
	js_add_str(o, "object_format", f->object_format);
	js_add_bool(o, "shallow", f->shallow);
	js_add_bool(o, "partial", f->partial);
	js_add_bool(o, "sparse", f->sparse);
	js_add_bool(o, "case_folding", f->case_folding);
	add_known(o, "submodules", f->submodules, f->unknown);
	add_known(o, "lfs", f->lfs, f->unknown);
	api_reply(c, 200, o);
}

static void
repos_look(struct api_call *c)
{
	struct worktree_who w = repo_who(c);
	struct store_repo r;

	if (repo_get(c, &r))
		repo_look(c->app->worktrees, &w, r.path, repos_look_cb, c);
}

#define IN .in_size = sizeof(struct refs_in)

const struct api_route api_routes_reporefs[] = {
	{ HTTP_M_GET, "/api/repos/{id}/git", SCOPE_READ, .handler = repos_look,
	    .success = 200,
	    .doc = "Its remotes, default branch and what makes it special" },
	{ HTTP_M_GET, "/api/repos/{id}/branches", SCOPE_READ,
	    .query = branch_fields, IN, .handler = repos_branches,
	    .success = 200, .doc = "Its branches, a page at a time" },
	{ HTTP_M_GET, "/api/repos/{id}/tags", SCOPE_READ, .query = tag_fields,
	    IN, .handler = repos_tags, .success = 200,
	    .doc = "Its tags, a page at a time" },
	{ .pattern = NULL },
};
