/* SPDX-License-Identifier: MIT */
/*
 * Changes of one worktree's index and history: shapes and codes. The rules are
 * core/worktreechange's. Names come as text, or as bytes where they are none.
 */
#include "daemon/core/worktreechange.h"

#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/names.h"
#include "daemon/api/repo.h"
#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/store/discards.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

#define NAME_MAX_IN 4095
#define CODED_MAX   5464

struct change_in {
	uint64_t set;
	const char *tree, *head;
	const char **paths, **coded;
	bool all, amend, empty;
	const char *message, *author_name, *author_email;
};

struct back_in {
	uint64_t set;
	const char *id;
};

#define TEXT(n, camel, field, is_required, most, text)                 \
	{                                                              \
		.name = n, .alias = camel, .kind = JS_TEXT,            \
		.required = is_required,                               \
		.offset = offsetof(struct change_in, field), .min = 1, \
		.max = most, .help = text                              \
	}
#define FLAG(n, field, text)                                              \
	{                                                                 \
		.name = n, .kind = JS_BOOL,                               \
		.offset = offsetof(struct change_in, field), .help = text \
	}
#define TREE                                                    \
	TEXT("worktree_path", "worktreePath", tree, true, 4095, \
	    "a directory in the worktree"),                     \
	    TEXT("head", NULL, head, false, 64,                 \
		"the commit that HEAD has to be; refused when it moved")
static const struct js_field stage_fields[] = {
	TREE,
	NAMES_FIELDS(struct change_in,
	    "files or directories, by their names in the worktree"),
	FLAG("all", all, "all that has changed; instead of paths"),
	{ .name = NULL },
};
static const struct js_field commit_fields[] = {
	TREE,
	NAMES_FIELDS(struct change_in,
	    "only these, whatever else is staged; absent: what is staged"),
	FLAG("all", all, "all that has changed, new files too"),
	TEXT("message", NULL, message, false, 256 << 10,
	    "as it is to be, byte for byte; absent with amend: as it was"),
	FLAG("amend", amend, "in place of the last commit"),
	FLAG("allow_empty", empty, "also when nothing would change by it"),
	TEXT("author_name", "authorName", author_name, false, 200,
	    "who wrote it; absent: as git is configured"),
	TEXT("author_email", "authorEmail", author_email, false, 200,
	    "with author_name"),
	{ .name = NULL },
};

static const struct js_field back_fields[] = {
	{ .name = "id",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct back_in, id),
	    .required = true,
	    .min = 1,
	    .max = 36,
	    .help = "of what was discarded" },
	{ .name = NULL },
};

static size_t
count(const char **list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

/* NULL: it is no base64, or a NUL is in it. */
static const char *
decoded(struct arena *a, const char *coded)
{
	char *name = arena_alloc(a, NAME_MAX_IN + 1);
	size_t len;

	if (!str_unbase64(name, NAME_MAX_IN, &len, coded) ||
	    memchr(name, '\0', len) != NULL)
		return NULL;
	name[len] = '\0';
	return name;
}

/* Both lists in one, NULL when they are empty; false when it has failed. */
static bool
names_of(struct api_call *c, const char **paths, const char **coded,
    const char *const **out)
{
	const size_t n = count(paths), more = count(coded);
	const char **list =
	    arena_alloc(c->req->arena, (n + more + 1) * sizeof(*list));

	for (size_t i = 0; i < n; i++)
		list[i] = paths[i];
	for (size_t i = 0; i < more; i++) {
		list[n + i] = decoded(c->req->arena, coded[i]);
		if (list[n + i] == NULL) {
			api_fail(c, RDV_E_INVALID,
			    "paths_base64: one of them is no base64 of a name");
			return false;
		}
	}
	*out = n + more > 0 ? list : NULL;
	return true;
}

void
worktreechange_begin(struct api_call *c, change_fn *change,
    struct worktree_change wish, const char **paths, const char **coded,
    worktree_changed_fn *cb)
{
	const struct worktree_who who = repo_who(c);

	if (names_of(c, paths, coded, &wish.names))
		change(c->app->worktrees, &who, &wish, cb, c);
}

void
worktreechange_state(struct js *o, const struct worktree_changed *how)
{
	js_add_str(o, "head", how->head);
	js_add_str(o, "branch", how->branch);
	js_add_int(o, "staged", how->staged);
	js_add_int(o, "modified", how->modified);
	js_add_int(o, "untracked", how->untracked);
}

void
worktreechange_refuse(struct api_call *c, int err,
    const struct worktree_changed *how, const char *why)
{
	struct js *details;

	if (how == NULL || how->code == NULL) {
		api_fail(c, err, why);
		return;
	}
	details = js_object();
	js_add_str(details, "head", how->head);
	api_fail_code(c, 409, how->code, why, details);
}

static void
staged_cb(int err, const struct worktree_changed *how, const char *why,
    void *arg)
{
	struct api_call *c = arg;
	struct js *o;

	if (err != 0) {
		worktreechange_refuse(c, err, how, why);
		return;
	}
	o = js_object();
	worktreechange_state(o, how);
	api_reply(c, 200, o);
}

static struct js *
words(const char *text)
{
	struct js *list = js_array();
	char word[72];
	size_t len;

	for (; text != NULL && *text != '\0';
	     text += len + (text[len] == ' ')) {
		len = strcspn(text, " ");
		(void)str_copy(word, "", sizeof(word));
		if (len < sizeof(word)) {
			memcpy(word, text, len);
			word[len] = '\0';
		}
		js_push_str(list, word);
	}
	return list;
}

static struct js *
texts(const char *const *list)
{
	struct js *a = js_array();

	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		js_push_str(a, list[i]);
	return a;
}

static void
committed_cb(int err, const struct worktree_changed *how, const char *why,
    void *arg)
{
	struct api_call *c = arg;
	struct js *o;

	if (err != 0) {
		worktreechange_refuse(c, err, how, why);
		return;
	}
	o = js_object();
	js_add_str(o, "commit", how->head);
	js_add(o, "parents", words(how->parents));
	js_add_str(o, "subject", how->subject);
	js_add_int(o, "files", how->files);
	js_add_int(o, "added", how->added);
	js_add_int(o, "removed", how->removed);
	worktreechange_state(o, how);
	/* They are programs that the repository names. */
	js_add(o, "hooks_not_run", texts(how->hooks));
	js_add_bool(o, "filters_not_run", how->filters);
	api_reply(c, 201, o);
}

static void
begin(struct api_call *c, change_fn *change, worktree_changed_fn *cb)
{
	const struct change_in *in = c->in;
	const struct worktree_change wish = {
		.tree = in->tree,
		.head = in->head,
		.all = in->all,
		.amend = in->amend,
		.empty = in->empty,
		.message = in->message,
		.author_name = in->author_name,
		.author_email = in->author_email,
	};

	worktreechange_begin(c, change, wish, in->paths, in->coded, cb);
}

static void
discarded_cb(int err, const struct worktree_changed *how, const char *why,
    void *arg)
{
	struct api_call *c = arg;
	struct js *o;

	if (err != 0) {
		worktreechange_refuse(c, err, how, why);
		return;
	}
	o = js_object();
	js_add_str(o, "id", how->id);
	js_add_str(o, "commit", how->kept);
	js_add_int(o, "files", how->files);
	worktreechange_state(o, how);
	api_reply(c, 200, o);
}

static void
discard(struct api_call *c)
{
	begin(c, worktree_discard, discarded_cb);
}

static void
restore(struct api_call *c)
{
	const struct back_in *in = c->in;
	const struct worktree_who who = repo_who(c);

	worktree_discard_restore(c->app->worktrees, &who, in->id, discarded_cb,
	    c);
}

struct discard_items {
	struct js *list;
	int64_t kept_ms; /* how long one stays */
};

static bool
discards_item_cb(const struct store_discard *d, void *arg)
{
	const struct discard_items *items = arg;
	struct js *o = js_object();

	js_add_str(o, "id", d->id);
	js_add_str(o, "path", d->path);
	js_add_str(o, "repo_path", d->repo_path);
	js_add_str(o, "commit", d->commit_id);
	js_add_int(o, "files", d->files);
	js_add_str(o, "cause", d->cause);
	js_add_ms(o, "discarded_at", d->created_at);
	js_add_ms(o, "expires_at", d->updated_at + items->kept_ms);
	js_push(items->list, o);
	return true;
}

static void
discards(struct api_call *c)
{
	struct discard_items items = { js_array(),
		c->app->conf->trash_retention_days * 24 * 3600 * 1000 };
	int err = store_discards_kept(c->app->db, c->actor->user_id,
	    discards_item_cb, &items);

	answer_items(c, err, items.list);
}

static void
stage(struct api_call *c)
{
	begin(c, worktree_stage, staged_cb);
}

static void
unstage(struct api_call *c)
{
	begin(c, worktree_unstage, staged_cb);
}

static void
commit(struct api_call *c)
{
	begin(c, worktree_commit, committed_cb);
}

#define IN .in_size = sizeof(struct change_in)

const struct api_route api_routes_worktreechange[] = {
	{ HTTP_M_POST, "/api/worktrees/stage", SCOPE_WRITE,
	    .body = stage_fields, IN, .handler = stage, .success = 200,
	    .doc = "Changes of a worktree for the next commit" },
	{ HTTP_M_POST, "/api/worktrees/unstage", SCOPE_WRITE,
	    .body = stage_fields, IN, .handler = unstage, .success = 200,
	    .doc = "The same taken back; no file is touched" },
	{ HTTP_M_POST, "/api/worktrees/commit", SCOPE_WRITE,
	    .body = commit_fields, IN, .handler = commit, .success = 201,
	    .doc = "A commit in a worktree; no hook, filter or signature "
		   "program of the repository is run" },
	{ HTTP_M_POST, "/api/worktrees/discard", SCOPE_WRITE,
	    .body = stage_fields, IN, .handler = discard, .success = 200,
	    .doc = "Changes and new files go; they are kept and come back" },
	{ HTTP_M_GET, "/api/worktrees/discards", SCOPE_READ,
	    .handler = discards, .success = 200,
	    .doc = "What was discarded and can be restored" },
	{ HTTP_M_POST, "/api/worktrees/discards/restore", SCOPE_WRITE,
	    .body = back_fields, .in_size = sizeof(struct back_in),
	    .handler = restore, .success = 200,
	    .doc = "Brings back what was discarded" },
	{ .pattern = NULL },
};
