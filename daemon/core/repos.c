/* SPDX-License-Identifier: MIT */
/*
 * Repositories as rows. Which one a path is in is found out as for worktrees,
 * so what is registered is the main work tree that git itself names, whatever
 * the path was; the row is that user's and says nothing about the files.
 */
#include "daemon/core/repos.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/core/branch.h"
#include "daemon/core/worktreeop.h"
#include "daemon/event/event.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/path.h"

#define NAME_MAX_BYTES 200
#define COPIES_BYTES   16384

struct registering {
	repo_made_fn *cb;
	void *arg;
	const char *path, *name;
	struct store_repo row;
	bool fresh;
};

static void
register_fail(struct wt_op *op, int err, const char *why)
{
	struct registering *g = op->own;

	g->cb(err, NULL, false, why, g->arg);
	wt_end(op);
}

static void
repos_stored_cb(int err, void *arg)
{
	struct wt_op *op = arg;
	struct registering *g = op->own;

	if (err != 0) {
		wt_fail(op, err, "the database cannot be written: %s",
		    strerror(-err));
		return;
	}
	g->cb(0, &g->row, g->fresh, NULL, g->arg);
	wt_end(op);
}

static void
emit(struct tx *tx, enum event_kind kind, const struct store_repo *r)
{
	event_emit(tx, kind, r->user_id, r->id, repo_json(r, true));
}

static void
insert(struct wt_op *op)
{
	struct registering *g = op->own;
	struct tx *tx = tx_begin(op->w->app->db);
	char id[UUID_TEXT];

	uuid_v7(id);
	g->row = (struct store_repo){
		.id = arena_strdup(op->arena, id),
		.user_id = op->who.user_id,
		.path = op->top,
		.name = g->name != NULL ? g->name : strrchr(op->top, '/') + 1,
		.created_at = clock_wall_ms(),
		.used_at = -1,
	};
	g->row.updated_at = g->row.created_at;
	/* Errors stay in the transaction and are told by its end. */
	(void)store_repo_insert(tx, &g->row);
	emit(tx, EV_REPO_CREATED, &g->row);
	tx_commit(tx, repos_stored_cb, op);
}

/*
 * From here to the insertion nothing waits, so nobody else can come between.
 */
static void
register_opened(struct wt_op *op)
{
	struct registering *g = op->own;
	struct db *db = op->w->app->db;
	int64_t count = 0;
	int err =
	    store_repo_at(db, op->arena, op->who.user_id, op->top, &g->row);

	if (err == 0) {
		repos_stored_cb(0, op);
		return;
	}
	g->fresh = true;
	if (err == RDV_E_NOT_FOUND)
		err = store_repos_count(db, op->who.user_id, &count);
	if (err != 0)
		wt_fail(op, err, "the database cannot be read");
	else if (count >= REPOS_MAX)
		wt_fail(op, RDV_E_FULL, "there are too many repositories");
	else
		insert(op);
}

static int
refuse(const char **why, const char *sentence)
{
	*why = sentence;
	return RDV_E_INVALID;
}

/* No control bytes: names end up in terminals and logs. */
bool
repo_name_ok(const char *s)
{
	size_t n = 0;

	for (; s[n] != '\0'; n++)
		if ((unsigned char)s[n] < 0x20 || s[n] == 0x7f)
			return false;
	return n > 0 && n <= NAME_MAX_BYTES;
}

static void
register_start(struct wt_op *op)
{
	struct registering *g = op->own;

	if (g->name != NULL && !repo_name_ok(g->name))
		wt_fail(op, RDV_E_INVALID,
		    "name: must be printable and not empty");
	else
		wt_open(op, g->path, register_opened);
}

void
repo_register(struct worktrees *w, const struct worktree_who *who,
    const char *path, const char *name, repo_made_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, false, register_fail);
	struct registering *g = arena_alloc(op->arena, sizeof(*g));

	g->cb = cb;
	g->arg = arg;
	g->path = arena_strdup(op->arena, path);
	g->name = arena_text(op->arena, name);
	op->own = g;
	wt_later(op, register_start);
}

/* Inside of whatever it will be joined to: no "..", nothing empty. */
static bool
relative_ok(struct arena *a, const char *path)
{
	char *part = arena_strdup(a, path), *next;

	for (; part != NULL; part = next) {
		next = strchr(part, '/');
		if (next != NULL)
			*next++ = '\0';
		if (!path_component_ok(part))
			return false;
	}
	return true;
}

static int
check(struct arena *a, const struct repo_spec *spec, const char **why)
{
	const char *dir = spec->text[REPO_WORKING_DIR];
	const char *base = spec->text[REPO_BASE];
	const char *name = spec->text[REPO_NAME];
	size_t bytes = 0;

	if (spec->set[REPO_NAME] && (name == NULL || !repo_name_ok(name)))
		return refuse(why, "name: must be printable and not empty");
	if (dir != NULL && !relative_ok(a, dir))
		return refuse(why,
		    "working_dir: must be relative, without . and ..");
	if (base != NULL && !branch_ok(base))
		return refuse(why, "default_base: is no name of a branch");
	for (const char *const *p = spec->copies; p != NULL && *p != NULL;
	     p++) {
		bytes += strlen(*p);
		if (bytes > COPIES_BYTES || !relative_ok(a, *p))
			return refuse(why,
			    "copy_files: must be relative, without . and .., "
			    "and at most 16384 bytes together");
	}
	return 0;
}

static const char *
copies_json(struct arena *a, const char *const *copies)
{
	struct js *list = js_array();
	const char *text;
	struct buf b;

	for (; *copies != NULL; copies++)
		js_push_str(list, *copies);
	/* Six bytes for each at most, and three around each of them. */
	buf_init(&b, 6 * COPIES_BYTES + 3 * REPO_COPIES_MAX + 2);
	js_finish(list, &b);
	text = arena_strdup(a, buf_cstr(&b));
	buf_done(&b);
	return text;
}

/* What is not mentioned stays as it is. */
static void
take(struct arena *a, struct store_repo *r, const struct repo_spec *spec)
{
	const char **const texts[REPO_TEXTS] = {
		[REPO_NAME] = &r->name,
		[REPO_SETUP] = &r->setup_script,
		[REPO_CLEANUP] = &r->cleanup_script,
		[REPO_ARCHIVE] = &r->archive_script,
		[REPO_DEV_SERVER] = &r->dev_server_script,
		[REPO_WORKING_DIR] = &r->working_dir,
		[REPO_BASE] = &r->default_base,
	};

	for (int i = 0; i < REPO_TEXTS; i++)
		if (spec->set[i])
			*texts[i] = spec->text[i];
	if (spec->set_copies)
		r->copy_files_json =
		    spec->copies != NULL ? copies_json(a, spec->copies) : NULL;
	if (spec->set_parallel)
		r->parallel_setup = spec->parallel;
}

int
repo_update(struct tx *tx, struct arena *a, struct store_repo *r,
    const struct repo_spec *spec, const char **why)
{
	int err = check(a, spec, why);

	if (err != 0)
		return err;
	take(a, r, spec);
	r->updated_at = clock_wall_ms();
	err = store_repo_update(tx, r);
	if (err == 0)
		emit(tx, EV_REPO_UPDATED, r);
	return err;
}

int
repo_forget(struct tx *tx, const struct store_repo *r)
{
	struct js *body;
	int err = store_repo_delete(tx, r->id);

	if (err != 0)
		return err;
	body = js_object();
	js_add_str(body, "id", r->id);
	js_add_str(body, "path", r->path);
	event_emit(tx, EV_REPO_FORGOTTEN, r->user_id, r->id, body);
	return 0;
}

struct js *
repo_json(const struct store_repo *r, bool brief)
{
	struct js *o = js_object();

	js_add_str(o, "id", r->id);
	js_add_str(o, "path", r->path);
	js_add_str(o, "name", r->name);
	if (!brief) {
		js_add_str(o, "setup_script", r->setup_script);
		js_add_str(o, "cleanup_script", r->cleanup_script);
		js_add_str(o, "archive_script", r->archive_script);
		js_add_str(o, "dev_server_script", r->dev_server_script);
		js_add_json(o, "copy_files", r->copy_files_json);
		js_add_bool(o, "parallel_setup", r->parallel_setup);
		js_add_str(o, "working_dir", r->working_dir);
	}
	js_add_str(o, "default_base", r->default_base);
	js_add_ms(o, "created_at", r->created_at);
	js_add_ms(o, "updated_at", r->updated_at);
	js_add_ms(o, "used_at", r->used_at);
	return o;
}
