/* SPDX-License-Identifier: MIT */
/*
 * What could be freed, listed before anything is. What goes then goes by the
 * rounds that the clock begins, too (worktreefix.c), with their bounds and
 * their judgement: there is no second way to delete something.
 *
 * Invariant: a directory that no row knows is told of and never touched.
 */
#include "daemon/core/gc.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/clone.h"
#include "daemon/core/gclog.h"
#include "daemon/core/pins.h"
#include "daemon/core/workspaceexpire.h"
#include "daemon/core/worktreeask.h"
#include "daemon/core/worktreeclock.h"
#include "daemon/core/worktreefix.h"
#include "daemon/core/worktreeop.h"
#include "daemon/store/clones.h"
#include "daemon/store/workspaces.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/path.h"

#define ITEMS_MAX 1000
#define LOGS_MAX  100 /* that one call removes */
#define KNOWN_MAX 20000
#define PAGES_MAX 100
#define DAY_MS	  (24 * 3600 * 1000LL)

struct collecting {
	gc_fn *cb;
	void *arg;
	bool begins, believed; /* the wall clock is */
	const char *user_id;
	struct arena *arena;
	struct gc_item *items;
	struct gc_list list;
	const char **known; /* paths of ours */
	size_t nknown;
	const struct git_fact *fresh;
	const char *dir, *after; /* of those asked for */
	unsigned pages;
	int64_t before; /* what went to the trash by then is due */
};

static void
gc_fail(struct wt_op *op, int err, const char *why)
{
	struct collecting *g = op->own;

	g->cb(err, NULL, why, g->arg);
	wt_end(op);
}

static void
add(struct collecting *g, const struct gc_item *item)
{
	struct gc_item *to = &g->items[g->list.n];

	if (g->list.n == ITEMS_MAX) {
		g->list.more = true;
		return;
	}
	*to = *item;
	if (item->id != NULL)
		to->id = arena_strdup(g->arena, item->id);
	if (item->ref != NULL)
		to->ref = arena_strdup(g->arena, item->ref);
	if (item->path != NULL)
		to->path = arena_strdup(g->arena, item->path);
	g->list.n++;
	if (item->id != NULL && item->bytes > 0)
		g->list.bytes += item->bytes;
}

static bool
trash_cb(const struct store_worktree *t, void *arg)
{
	struct collecting *g = arg;
	const struct gc_item item = { "trash", t->id,
		t->trash_path != NULL ? t->trash_path : t->path, t->bytes,
		t->updated_at, NULL };

	if (strcmp(t->user_id, g->user_id) == 0 &&
	    (t->ending || (g->believed && t->updated_at < g->before)))
		add(g, &item);
	return true;
}

static bool
clone_cb(const struct store_clone *c, void *arg)
{
	struct collecting *g = arg;
	const struct gc_item item = { "clone", c->id, c->temp_path, -1,
		c->updated_at, NULL };

	if (strcmp(c->user_id, g->user_id) == 0)
		add(g, &item);
	return true;
}

static bool
log_cb(const struct store_run *r, void *arg)
{
	const struct gc_item item = { "log", r->id, NULL,
		r->log_bytes + r->talk_bytes, r->ended_at, NULL };

	add(arg, &item);
	return true;
}

static void
know(struct collecting *g, const char *path)
{
	if (path != NULL && g->nknown < KNOWN_MAX)
		g->known[g->nknown++] = arena_strdup(g->arena, path);
}

static bool
known_tree_cb(const struct store_worktree *t, void *arg)
{
	know(arg, t->path);
	know(arg, t->trash_path);
	return true;
}

static bool
known_space_cb(const struct store_workspace *ws, void *arg)
{
	know(arg, ws->directory);
	return true;
}

/* Then nothing is called an orphan: what is not known may be anything. */
static bool
is_full(const struct collecting *g)
{
	return g->nknown >= KNOWN_MAX - 1;
}

static bool
is_known(const struct collecting *g, const char *path)
{
	for (size_t i = 0; i < g->nknown; i++)
		if (path_is_under(path, g->known[i]))
			return true;
	return false;
}

static void
remove_logs(struct wt_op *op)
{
	const struct collecting *g = op->own;
	const struct gc_item *item = g->items;

	for (size_t i = 0, n = 0; i < g->list.n && n < LOGS_MAX; i++, item++) {
		if (strcmp(item->kind, "log") != 0)
			continue;
		gclog_remove(op->w->app, g->user_id, item->id);
		n++;
	}
}

static void
told(struct wt_op *op)
{
	struct collecting *g = op->own;

	if (!wt_begins(op))
		return;
	if (g->begins) {
		remove_logs(op);
		worktreefix_tidy_of(op->w, op->who.uid);
		clones_reconcile(op->w->clones);
	}
	g->cb(0, &g->list, NULL, g->arg);
	wt_end(op);
}

/* They are put away whole, so their bytes are not freed by that. */
static void
due_cb(const struct store_workspace *ws, int64_t touched, bool more, void *arg)
{
	struct wt_op *op = arg;
	struct collecting *g = op->own;

	g->list.more = g->list.more || more;
	if (ws == NULL)
		told(op);
	else
		add(g, &(struct gc_item){ "workspace", ws->id, ws->directory,
			   -1, touched, NULL });
}

static void
pins_cb(const struct pin_item *items, size_t n, bool more, void *arg)
{
	struct wt_op *op = arg;
	struct collecting *g = op->own;

	g->list.more = g->list.more || more;
	for (size_t i = 0; i < n; i++)
		add(g, &(struct gc_item){ "pin", items[i].id, items[i].repo, -1,
			   items[i].since, items[i].name });
	workspaces_due(op->w->app->workspaces, &op->who, due_cb, op);
}

static void
finish(struct wt_op *op)
{
	pins_look(op->w, &op->who, pins_cb, op);
}

static void ask_rooms(struct wt_op *op);

/* Names with a '/' between two, in their order; the last one, or NULL. */
static const char *
take_rooms(struct collecting *g, const char *at)
{
	const char *name = NULL, *path;
	size_t len;

	for (; *at != '\0'; at += len + (at[len] == '/')) {
		len = strcspn(at, "/");
		name = arena_strndup(g->arena, at, len);
		path = arena_printf(g->arena, "%s/%s", g->dir, name);
		if (path_absolute_ok(path) && !is_known(g, path))
			add(g, &(struct gc_item){
				   "orphan", NULL, path, -1, -1, NULL });
	}
	return name;
}

static void
rooms_cb(struct wt_op *op, const struct git_result *r)
{
	struct collecting *g = op->own;
	const char *why, *last = NULL;
	const struct git_fact *f = wt_fact_of(op, r, &why);

	if (f != NULL)
		last = take_rooms(g, f->text);
	if (f == NULL || (last != NULL && ++g->pages >= PAGES_MAX))
		g->list.more = true;
	if (last == NULL || g->list.more) {
		finish(op);
		return;
	}
	g->after = arena_printf(op->arena, "/%s", last);
	ask_rooms(op);
}

static void
ask_rooms(struct wt_op *op)
{
	const struct collecting *g = op->own;
	const char *const argv[] = { "rooms", g->dir, g->after, NULL };
	const char *const dirs[] = { g->dir, NULL };

	wt_worker_in(op, dirs, argv, rooms_cb);
}

/* Where that is, by a free name in it. */
static void
dir_seen(struct wt_op *op)
{
	struct collecting *g = op->own;

	if (g->fresh->found != GIT_FOUND || !path_absolute_ok(g->fresh->text)) {
		g->list.more = true;
		finish(op);
		return;
	}
	g->dir = path_parent(op->arena, g->fresh->text);
	g->after = "/";
	ask_rooms(op);
}

/* By a clock that has jumped none is old (abuse G23). */
static int
read_logs(struct wt_op *op)
{
	struct collecting *g = op->own;

	return g->believed ? gclog_each(op->w->app, g->user_id, log_cb, g) : 0;
}

static int
read_rows(struct wt_op *op)
{
	struct collecting *g = op->own;
	struct db *db = op->w->app->db;
	int err = store_worktrees_in(db, "trashed", trash_cb, g);

	if (err == 0)
		err = store_clones_in(db, "undoing", clone_cb, g);
	if (err == 0)
		err = read_logs(op);
	if (err == 0)
		err = store_worktrees_held(db, g->user_id, known_tree_cb, g);
	if (err == 0)
		err = store_workspaces_list(db, g->user_id, -1, NULL, KNOWN_MAX,
		    known_space_cb, g);
	return err;
}

static void
gc_start(struct wt_op *op)
{
	struct collecting *g = op->own;
	int err = read_rows(op);

	if (err != 0) {
		wt_fail(op, err, "the database cannot be read");
	} else if (is_full(g)) {
		g->list.more = true;
		finish(op);
	} else {
		g->fresh = wt_question(op, "fresh", "new");
		wt_ask(op, dir_seen);
	}
}

static void
start(struct worktrees *w, const struct worktree_who *who, bool begins,
    gc_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, false, gc_fail);
	struct collecting *g = arena_alloc(op->arena, sizeof(*g));
	const int64_t kept = w->app->conf->trash_retention_days * DAY_MS;

	*g = (struct collecting){ .cb = cb,
		.arg = arg,
		.begins = begins,
		.believed = worktree_believed_asked(w),
		.user_id = op->who.user_id,
		.arena = op->arena,
		.before = clock_wall_ms() - kept };
	g->items = arena_alloc(op->arena, ITEMS_MAX * sizeof(*g->items));
	g->known = arena_alloc(op->arena, KNOWN_MAX * sizeof(*g->known));
	g->list.items = g->items;
	op->own = g;
	wt_later(op, gc_start);
}

void
gc_look(struct worktrees *w, const struct worktree_who *who, gc_fn *cb,
    void *arg)
{
	start(w, who, false, cb, arg);
}

void
gc_begin(struct worktrees *w, const struct worktree_who *who, gc_fn *cb,
    void *arg)
{
	start(w, who, true, cb, arg);
}
