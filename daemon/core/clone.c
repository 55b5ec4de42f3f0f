/* SPDX-License-Identifier: MIT */
/*
 * What a clone begins with: its wish is judged, its place found free and its
 * row written; only then the caller hears of it and anything is made. And what
 * can be asked of one later.
 */
#include "daemon/core/clone.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/branch.h"
#include "daemon/core/cloneproc.h"
#include "daemon/core/clonestate.h"
#include "daemon/core/gitnet.h"
#include "daemon/core/repos.h"
#include "daemon/core/worktreeask.h"
#include "daemon/event/event.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/repos.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* At once, of one account: each is a process and somebody's network. */
#define LIVE_MAX 4
/* A git of an earlier daemon is being ended, and gets 2 s for that. */
#define SETTLE_MS 3000

struct clones *
clones_new(struct app *app)
{
	struct clones *cs = xcalloc(1, sizeof(*cs));

	cs->app = app;
	TAILQ_INIT(&cs->live);
	cs->settle = loop_timer_new(app->loop, clonefix_settle_cb, cs);
	return cs;
}

void
clones_free(struct clones *cs)
{
	loop_timer_free(cs->settle);
	free(cs);
}

void
clones_reconcile(struct clones *cs)
{
	loop_timer_set(cs->settle, SETTLE_MS);
}

struct clone *
clone_find(const struct clones *cs, const char *user_id, const char *id)
{
	struct clone *c;

	TAILQ_FOREACH (c, &cs->live, link)
		if (c->noted && strcmp(c->row.id, id) == 0 &&
		    strcmp(c->row.user_id, user_id) == 0)
			return c;
	return NULL;
}

void
clone_over(struct clone *c)
{
	if (c->over)
		return;
	c->over = true;
	cloneproc_free(c->proc);
	c->proc = NULL;
	TAILQ_REMOVE(&c->cs->live, c, link);
	wt_end(c->op);
}

/*
 * Before the row the caller hears of it. With the row the first failure begins
 * the undoing, and one during that is told beside it. Without the helper
 * nothing can be undone: the row stays as it is and is settled when there is
 * one.
 */
static void
clone_fail(struct wt_op *op, int err, const char *why)
{
	struct clone *c = op->own;

	if (c->over)
		return;
	if (c->cb != NULL) {
		c->cb(err, NULL, why, c->arg);
		clone_over(c);
	} else if (err == RDV_E_UNAVAILABLE || c->settling) {
		if (!c->cs->app->draining && err == RDV_E_UNAVAILABLE)
			clones_reconcile(c->cs);
		clone_over(c);
	} else if (c->undoing) {
		clone_stays(c, why);
	} else {
		/* The helper has started nothing, so nothing was made. */
		c->settling =
		    err == RDV_E_DENIED && strcmp(c->row.state, "making") == 0;
		clone_undo(c, why);
	}
}

struct clone *
clone_new(struct clones *cs, const struct worktree_who *who)
{
	struct wt_op *op = wt_new(cs->app->worktrees, who, false, clone_fail);
	struct clone *c = arena_alloc(op->arena, sizeof(*c));

	*c = (struct clone){ .cs = cs, .op = op };
	op->own = c;
	TAILQ_INSERT_TAIL(&cs->live, c, link);
	return c;
}

static void
clone_stored_cb(int err, void *arg)
{
	struct clone *c = arg;

	if (c->over)
		return;
	if (err != 0)
		wt_fail(c->op, err, "the database cannot be written: %s",
		    strerror(-err));
	else
		c->next(c->op);
}

static bool
has_ended(const struct store_clone *row)
{
	return strcmp(row->state, "ready") == 0 ||
	       strcmp(row->state, "failed") == 0 ||
	       strcmp(row->state, "cancelled") == 0;
}

void
clone_store(struct clone *c, bool insert, wt_step_fn *next)
{
	struct tx *tx;

	if (!wt_begins(c->op))
		return;
	tx = tx_begin(c->cs->app->db);
	c->next = next;
	c->row.updated_at = clock_wall_ms();
	/* Errors stay in the transaction and are told by its end. */
	if (insert) {
		(void)store_clone_insert(tx, &c->row);
		(void)store_clones_trim(tx, c->row.user_id, CLONES_SHOWN);
	} else {
		(void)store_clone_change(tx, &c->row);
	}
	event_emit(tx,
	    insert		 ? EV_CLONE_STARTED
	    : has_ended(&c->row) ? EV_CLONE_ENDED
				 : EV_CLONE_PROGRESS,
	    c->row.user_id, c->row.id, clone_json(c->op->w, &c->row));
	tx_commit(tx, clone_stored_cb, c);
}

/* From now on the clone goes on by itself, whatever becomes of its request. */
static void
clone_noted(struct wt_op *op)
{
	struct clone *c = op->own;
	clone_made_fn *cb = c->cb;

	c->cb = NULL;
	c->noted = true;
	cb(0, &c->row, NULL, c->arg);
	clone_go(op);
}

static void
note(struct clone *c)
{
	struct arena *a = c->op->arena;
	char id[UUID_TEXT];

	uuid_v7(id);
	c->row.id = arena_strdup(a, id);
	c->row.user_id = c->op->who.user_id;
	c->row.path = c->placed->text;
	c->row.temp_path = arena_printf(a, "%s/.rdv-clone-%s",
	    path_parent(a, c->row.path), id);
	if (c->source != NULL)
		c->row.url = c->source->text;
	c->row.state = "making";
	c->row.created_at = clock_wall_ms();
	clone_store(c, true, clone_noted);
}

/* A fact that is none is the fault of the field it was asked for. */
static bool
is_found(struct clone *c, const char *field, const struct git_fact *f)
{
	static const int errors[GIT_FOUND_MAX] = {
		[GIT_FOUND] = RDV_E_INVALID,
		[GIT_NO_SUCH] = RDV_E_NOT_FOUND,
		[GIT_REFUSED] = RDV_E_INVALID,
		[GIT_TAKEN] = RDV_E_EXISTS,
	};

	if (f->found == GIT_FOUND && path_absolute_ok(f->text))
		return true;
	wt_fail(c->op, errors[f->found], "%s: %s", field, f->text);
	return false;
}

/* Another one on its way to that place has it, though it is not there yet. */
static bool
is_taken(const struct clone *c)
{
	const struct clone *o;

	TAILQ_FOREACH (o, &c->cs->live, link)
		if (o != c && o->row.path != NULL &&
		    o->op->who.uid == c->op->who.uid &&
		    strcmp(o->row.path, c->placed->text) == 0)
			return true;
	return false;
}

static void
clone_placed(struct wt_op *op)
{
	struct clone *c = op->own;
	int64_t count = 0;
	int err = store_repos_count(op->w->app->db, op->who.user_id, &count);

	if (!is_found(c, "dir", c->placed) ||
	    (c->source != NULL && !is_found(c, "url", c->source)))
		return;
	if (is_taken(c))
		wt_fail(op, RDV_E_EXISTS,
		    "dir: another clone is on its way to %s", c->placed->text);
	else if (err != 0)
		wt_fail(op, err, "the database cannot be read");
	else if (count >= REPOS_MAX)
		wt_fail(op, RDV_E_FULL, "there are too many repositories");
	else
		note(c);
}

static unsigned
count_live(const struct clones *cs, uid_t uid)
{
	const struct clone *c;
	unsigned n = 0;

	TAILQ_FOREACH (c, &cs->live, link)
		n += c->op->who.uid == uid;
	return n;
}

/* NULL, or what is wrong with it: what git is told is judged here alone. */
static const char *
judge(struct clone *c)
{
	const struct app *app = c->cs->app;
	const char *why = NULL;

	if (!clone_url_ok(c->row.url, strcmp(app->conf->clone_http, "all") == 0,
		&c->way, &why))
		return why;
	if (!path_absolute_ok(c->dir))
		return "dir: is no plain absolute path";
	if (c->row.name != NULL && !repo_name_ok(c->row.name))
		return "name: must be printable and not empty";
	if (c->row.branch != NULL && !branch_ok(c->row.branch))
		return "branch: is no name of a branch";
	if (c->row.filter != NULL && !clone_filter_ok(c->row.filter))
		return "filter: is none of blob:none, blob:limit=N and tree:N";
	/* What they are called and where they are the repository says. */
	if (c->row.submodules && c->way == CLONE_SSH)
		return "submodules: are not fetched over ssh, where git has "
		       "the account's keys; make the clone without them";
	return NULL;
}

static void
clone_begin(struct wt_op *op)
{
	struct clone *c = op->own;
	const char *why = judge(c);

	if (why != NULL) {
		wt_fail(op, RDV_E_INVALID, "%s", why);
		return;
	}
	if (count_live(c->cs, op->who.uid) > LIVE_MAX) {
		wt_fail(op, RDV_E_BUSY,
		    "%d clones are under way; wait for one, or cancel it",
		    LIVE_MAX);
		return;
	}
	c->placed = wt_question(op, "new", c->dir);
	if (c->way == CLONE_LOCAL)
		c->source = wt_question(op, "source", c->row.url);
	wt_ask(op, clone_placed);
}

static const char *
keep(struct arena *a, const char *s)
{
	return s != NULL ? arena_strdup(a, s) : NULL;
}

void
clone_start(struct worktrees *w, const struct worktree_who *who,
    const struct clone_spec *spec, clone_made_fn *cb, void *arg)
{
	struct clone *c = clone_new(w->clones, who);
	struct arena *a = c->op->arena;

	c->cb = cb;
	c->arg = arg;
	c->dir = arena_strdup(a, spec->dir);
	c->row.url = arena_strdup(a, spec->url);
	c->row.name = keep(a, spec->name);
	c->row.branch = keep(a, spec->branch);
	c->row.filter = keep(a, spec->filter);
	c->row.depth = spec->depth > 0 ? spec->depth : -1;
	c->row.sparse = spec->sparse;
	c->row.submodules = spec->submodules;
	wt_later(c->op, clone_begin);
}

/* What it is by now, though that may not be durable yet. */
static int
read_row(struct clones *cs, struct arena *a, const struct worktree_who *who,
    const char *id, struct store_clone *row)
{
	const struct clone *c = clone_find(cs, who->user_id, id);

	if (c == NULL)
		return store_clone_get(cs->app->db, a, who->user_id, id, row);
	*row = c->row;
	return 0;
}

int
clone_cancel(struct worktrees *w, struct tx *tx, struct arena *a,
    const struct worktree_who *who, const char *id, struct store_clone *row,
    const char **why)
{
	struct clone *c = clone_find(w->clones, who->user_id, id);
	int err = read_row(w->clones, a, who, id, row);

	if (err == RDV_E_NOT_FOUND)
		*why = "there is no such clone";
	if (err != 0)
		return err;
	if (has_ended(row) || strcmp(row->state, "landing") == 0) {
		*why = "it has ended";
		return RDV_E_STATE;
	}
	/* A crash before git has ended leaves a row that says so. */
	row->cancelled = true;
	err = store_clone_change(tx, row);
	if (err == 0 && c != NULL) {
		c->row.cancelled = true;
		if (c->proc != NULL)
			cloneproc_stop(c->proc);
	}
	return err;
}

static void
add_count(struct js *o, const char *key, int64_t n)
{
	if (n < 0)
		js_add_str(o, key, NULL);
	else
		js_add_int(o, key, n);
}

struct js *
clone_json(const struct worktrees *w, const struct store_clone *row)
{
	const struct clone *c = clone_find(w->clones, row->user_id, row->id);
	struct js *o = js_object();

	js_add_str(o, "id", row->id);
	js_add_str(o, "url", row->url);
	js_add_str(o, "path", row->path);
	js_add_str(o, "name", row->name);
	js_add_str(o, "branch", row->branch);
	add_count(o, "depth", row->depth);
	js_add_str(o, "filter", row->filter);
	js_add_bool(o, "sparse", row->sparse);
	js_add_bool(o, "submodules", row->submodules);
	js_add_str(o, "state", row->state);
	js_add_bool(o, "cancelled", row->cancelled);
	js_add_str(o, "cause", row->cause);
	js_add_json(o, "said", row->said_json);
	js_add_str(o, "repo_id", row->repo_id);
	if (c != NULL && c->proc != NULL)
		js_add(o, "progress",
		    gitnet_progress(&cloneproc_talk(c->proc)->now));
	else
		js_add_str(o, "progress", NULL);
	js_add_ms(o, "created_at", row->created_at);
	js_add_ms(o, "updated_at", row->updated_at);
	return o;
}
